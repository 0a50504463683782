"""Chaos on real processes, short: what is honest loses nothing, and what lies to its disk is found out."""

import pytest

from node.lab.chaos.quorum_loss import QuorumPlan, run_quorum_loss
from node.lab.chaos.run import Plan, run_chaos
from node.lab.chaos.unsynced import build_library

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(300)]


def quiet(_text: str) -> None:
    """Progress that nobody reads."""


@pytest.fixture(scope="module")
def unsynced(tmp_path_factory: pytest.TempPathFactory) -> str | None:
    """Why kills lose nothing on this machine; None where they do."""
    built = build_library(tmp_path_factory.mktemp("library"))
    return None if built.path else built.reason


def test_paced_kills_lose_nothing(unsynced: str | None) -> None:
    """The issue: "SIGKILL a random validator", "nothing lost or doubled"; paced, so each victim votes again."""
    document = run_chaos(Plan(seconds=8, every_s=2, rate=30, seed=4), quiet)
    assert document["ok"], document
    assert (document["lost"], document["doubled"], document["wrong"]) == (0, 0, 0)
    assert document["kills"] >= 1
    assert document["revote_ms"]["count"] == document["kills"]
    assert document["sent"] == document["acknowledged"] == document["on_ledger"] > 0
    assert document["unsynced_dropped"]["active"] is (unsynced is None)
    assert document["unsynced_dropped"]["skipped_because"] == unsynced


@pytest.mark.parametrize("plant", [None, "fsync_lie"])
def test_a_disk_that_lies_loses_what_was_acknowledged(plant: str | None, unsynced: str | None) -> None:
    """The judge's teeth: the same kill of all; only where syncs were a lie acknowledged payments are `lost`."""
    if unsynced is not None:
        pytest.skip(unsynced)
    document = run_quorum_loss(QuorumPlan(times=1, rate=20, seed=2, validators=1, plant=plant), quiet)
    assert document["acknowledged"] > 0
    assert document["ok"] is (plant is None), document
    assert document["lost"] == (0 if plant is None else document["acknowledged"])
    first_ms = document["first_commit_ms"]["max"]
    is_soon = not document["broken"] and first_ms is not None and first_ms <= document["goal_ms"]
    assert document["goal_met"] is is_soon, (
        "a lie may leave a record that cannot be read, or nothing: then it begins anew"
    )
    assert plant is not None or document["goal_met"] or first_ms > document["goal_ms"]
