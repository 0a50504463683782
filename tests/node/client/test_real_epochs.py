"""Proofs across epochs that a real validator has ended: from genesis' waypoint and from each later one."""

from collections.abc import Generator
from typing import Any

import pytest

from chain.accounts import ASSOCIATION
from node.client.proof_file import verify_file
from node.client.proofs import (
    fetch_account,
    fetch_consistency,
    fetch_epochs,
    fetch_range,
    fetch_stream,
    fetch_transaction,
)
from node.client.verifying import VerifyingClient
from node.client.wallets.wallet import Wallet
from tests.in_process import running

CHANGES = 3


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Wallet, list[int]]]:
    """A network whose association has changed the version of the system three times, and where each epoch ended."""
    with running(tmp_path_factory.mktemp("epochs") / "net") as (wallet, _):
        wallet.add_name("association", ASSOCIATION)
        ends = []
        for version in range(5, 5 + CHANGES):
            tx = wallet.sign("association", "update_diem_version", 0, version, fee_currency=None)
            ends.append(wallet.execute(tx)["version"])
        yield wallet, ends


def test_each_end_of_an_epoch_is_a_waypoint(grown: tuple[Wallet, list[int]]) -> None:
    """X2 to X4: every waypoint leads to the same epoch, by as many certificates as have ended one since."""
    wallet, ends = grown
    genesis = wallet.network.waypoint
    verified, text = fetch_epochs(wallet.client, genesis)
    rows = verified.claim["epochs"]
    assert [row["epoch"] for row in rows] == list(range(1, CHANGES + 2))
    assert [row["after_version"] for row in rows] == [0, *ends]
    assert verify_file(text.encode(), genesis) == verified
    for place, row in enumerate(rows):
        later, _ = fetch_epochs(wallet.client, row["waypoint"])
        assert later.claim["epochs"] == rows[place:]


def test_old_entries_and_states_from_every_waypoint(grown: tuple[Wallet, list[int]]) -> None:
    """A client that trusts a later waypoint proves what was before it too."""
    wallet, ends = grown
    client, treasury = wallet.client, wallet.find("treasury").address
    waypoints = [row["waypoint"] for row in fetch_epochs(client, wallet.network.waypoint)[0].claim["epochs"]]
    for waypoint in waypoints:
        found: list[Any] = [
            fetch_transaction(client, str(ends[0]), waypoint), fetch_range(client, 3, ends[1], waypoint),
            fetch_account(client, treasury, waypoint), fetch_account(client, treasury, waypoint, ends[0]),
            fetch_consistency(client, 2, ends[2], waypoint),
            fetch_stream(client, (4).to_bytes(8, "little") + ASSOCIATION, waypoint),
        ]  # fmt: skip
        for verified, text in found:
            assert verify_file(text.encode(), waypoint) == verified
            assert verified.claim["ledger"]["signers"] in (["validator-0"], [])
        assert found[-1][0].claim["count"] == CHANGES
        reader = VerifyingClient(client, waypoint)
        shown = reader.call("get_account", treasury.hex())
        assert shown["sequence_number"] == found[2][0].claim["account"]["sequence_number"]
