"""DV1, DV2 on real processes: one whose results are not the others' halts, says so, and nothing wrong is kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chain.errors import MithqalError
from node.client.rpc import RpcClient
from node.client.wallets.calls import execute_calls
from node.client.wallets.wallet import Wallet
from node.localnet.bootstrap import bootstrap, founding_calls
from node.localnet.build import build_network
from node.localnet.supervisor import Supervisor
from node.upkeep.verify import LedgerDiffers, verify_directory
from tests.node.runtime.processes import LIMIT_S, Running, running, wait_until
from tests.node.runtime.test_lost_files import metadata, signs_again

pytestmark = [pytest.mark.network, pytest.mark.timeout(180)]

WRONG = str(Path(__file__).parent / "wrong_fee.py")
NAME = "validator-3"


@pytest.fixture
def four(tmp_path: Path) -> Iterator[Supervisor]:
    """Four validators that have committed some blocks."""
    build_network(tmp_path / "network", 4, seed=6)
    supervisor = Supervisor(tmp_path / "network")
    try:
        supervisor.up()
        yield supervisor
    finally:
        supervisor.down()


def status_of(four: Supervisor, name: str) -> dict[str, Any]:
    return next(row for row in four.status() if row["name"] == name)


def diverged(four: Supervisor, process: Running) -> int:
    """The wrong program is level, then transactions come: it ends with 8 and one sentence. The first one's version."""
    others = four.network.members[0]
    process.wait_for(lambda: process.height() >= metadata(others)["height"])
    before = metadata(others)["version"]
    bootstrap(four.network).close()
    assert process.process.wait(LIMIT_S) == 8
    said = process.output()
    assert said.startswith("mithqal node: execution_divergence: height "), said
    assert "a quorum certified version" in said
    client = RpcClient([others.rpc])
    try:
        rows = client.call("get_transactions", before, 100, False)
    finally:
        client.close()
    return int(next(row["version"] for row in rows if row["transaction"]["type"] == "user"))


def test_one_of_four_halts_and_the_others_go_on(four: Supervisor) -> None:
    """'a node whose state root differs halts with an alarm; the network goes on'; `localnet status` says why it is
    down, `verify-ledger` names the version, and the right program goes on from what is on the disk."""
    others, member = four.network.members[0], four.network.members[3]
    wait_until(lambda: metadata(others)["height"] >= 3)
    four.kill(NAME)
    with running(member, WRONG) as process:
        first = diverged(four, process)
        assert process.has_logged("execution_divergence")
    row = status_of(four, NAME)
    assert (row["state"], row["ended"]["rule"]) == ("down", "execution_divergence")
    tip = metadata(others)
    wait_until(lambda: metadata(others)["height"] >= tip["height"] + 3)
    with pytest.raises(LedgerDiffers) as caught:
        verify_directory(member.directory)
    found = caught.value.details
    assert (found["version"], found["kind"]) == (first, "gas")
    assert "before this validator halted" in str(found["what"])
    four.restart(NAME)
    wait_until(lambda: metadata(member)["height"] >= tip["height"] + 3)
    wait_until(lambda: signs_again(others, 3, metadata(member)["height"] - 3))
    assert verify_directory(member.directory)["version"] >= first
    assert status_of(four, NAME)["ended"] is None


def test_two_of_four_stall_and_never_fork(four: Supervisor) -> None:
    """'or stalls, never forks': two results for one block make no certificate. Nobody can know which is right, so
    nobody halts; everybody says it. With the right program everywhere the network goes on."""
    members = four.network.members
    wait_until(lambda: metadata(members[0])["height"] >= 3)
    for name in ("validator-2", "validator-3"):
        four.kill(name)
    with running(members[2], WRONG) as one, running(members[3], WRONG) as two:
        two.wait_for(lambda: two.height() >= metadata(members[0])["height"])
        one.wait_for(lambda: one.height() >= metadata(members[0])["height"])
        wallet = Wallet(four.network)
        with pytest.raises(MithqalError):
            execute_calls(wallet, founding_calls(wallet, None), timeout_s=4)
        wallet.close()
        two.wait_for(lambda: two.has_logged("execution_divergence") or one.has_logged("execution_divergence"))
        tips = [metadata(member) for member in members]
        common = min(tip["version"] for tip in tips)
        assert len({metadata(member, common)["accumulator_root_hash"] for member in members}) == 1
        assert max(tip["version"] for tip in tips) == common, "nothing was committed since"
        assert one.process.poll() is None
        assert two.process.poll() is None
    for name in ("validator-2", "validator-3"):
        four.restart(name)
    wait_until(lambda: all(metadata(member)["version"] > common for member in members))
