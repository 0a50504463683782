"""Live: validators that lost their ledger, or all they had, or are new, beside three that have 13,000 transactions."""

from collections.abc import Iterator
from typing import Any

import pytest

from node.client.network import Member, NetworkError
from node.client.rpc import RpcClient
from node.client.wallets.wallet import Wallet
from node.lab.bench.sync import make_ledger, oldest_kept
from node.localnet.build import build_network
from node.localnet.membership import Change
from node.localnet.supervisor import Supervisor
from node.upkeep.verify import verify_directory
from tests.node.runtime.processes import wait_until

pytestmark = pytest.mark.network

NAME, LOSER = "validator-2", "validator-3"
"""Who loses its ledger, and who loses everything."""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """Four processes with a long ledger; each test leaves them running."""
    directory = tmp_path_factory.mktemp("wiped")
    built = build_network(directory, 4, seed=9)
    make_ledger(built, directory, 100, 13_000, lambda _: None)
    supervisor = Supervisor(directory)
    try:
        supervisor.up()
        yield supervisor
    finally:
        supervisor.down()


def member(network: Supervisor, name: str = NAME) -> Member:
    """A process by its name."""
    return next(item for item in network.network.members if item.name == name)


def ask(of: Member, method: str, *params: Any) -> Any:
    """One call to one validator."""
    client = RpcClient([of.rpc])
    try:
        return client.call(method, *params)
    finally:
        client.close()


def base(of: Member) -> int:
    """The version that its ledger begins with."""
    client = RpcClient([of.rpc])
    try:
        return oldest_kept(client)
    finally:
        client.close()


def wipe(network: Supervisor, pattern: str, name: str = NAME) -> None:
    """Kill it, and remove files of its data."""
    network.kill(name)
    for path in (member(network, name).directory / "data").glob(pattern):
        path.unlink()


def is_level(network: Supervisor, name: str = NAME) -> bool:
    """Whether it has the first validator's ledger."""
    target, own = ask(member(network, "validator-0"), "get_metadata"), ask(member(network, name), "get_metadata")
    return bool(own["version"] > 13_000 and own["height"] >= target["height"] - 1)


def signs(network: Supervisor, index: int) -> bool:
    """Whether one of the next blocks has its signature."""
    other = member(network, "validator-0")
    start = ask(other, "get_metadata")["height"]
    wait_until(lambda: ask(other, "get_metadata")["height"] >= start + 6)
    return any(index in block["signers"] for block in ask(other, "get_blocks", start + 2, 4))


def same_root(network: Supervisor, name: str = NAME) -> bool:
    """Whether both have one accumulator at its tip."""
    tip = ask(member(network, name), "get_metadata")
    wait_until(lambda: ask(member(network, "validator-0"), "get_metadata")["version"] >= tip["version"])
    other = ask(member(network, "validator-0"), "get_metadata", tip["version"])
    return bool(other["accumulator_root_hash"] == tip["accumulator_root_hash"])


def root_of(network: Supervisor, version: int) -> str:
    """What the first validator has at a version."""
    wait_until(lambda: ask(member(network, "validator-0"), "get_metadata")["version"] >= version)
    found: str = ask(member(network, "validator-0"), "get_metadata", version)["accumulator_root_hash"]
    return found


def log_of(of: Member) -> str:
    return (of.directory / "node.log").read_text()


def test_a_wiped_validator_votes_again_by_a_snapshot(network: Supervisor) -> None:
    """Issue 3, point 7: it catches up by a verified snapshot and the tail, and votes; the record stayed."""
    wipe(network, "ledger.sqlite*")
    network.restart(NAME)
    wait_until(lambda: is_level(network))
    assert base(member(network)) > 13_000
    assert same_root(network)
    assert signs(network, 2)
    assert "signing_record_new" not in log_of(member(network))
    found = verify_directory(member(network).directory)
    assert (found["begins"], found["from_version"]) == ("snapshot", base(member(network)))
    assert found["root"] == root_of(network, found["version"])


def test_replay_of_a_ledger_that_began_with_a_snapshot_is_refused(network: Supervisor) -> None:
    """`--replay` recomputes from genesis: what is not there cannot be, and nothing is thrown away."""
    if not base(member(network)):
        wipe(network, "ledger.sqlite*")
        network.restart(NAME)
        wait_until(lambda: is_level(network))
    with pytest.raises(NetworkError) as caught:
        network.restart(NAME, replay=True)
    assert "begins_at_snapshot" in caught.value.message
    network.restart(NAME)
    assert base(member(network)) > 13_000


def test_a_wiped_validator_replays_on_demand(network: Supervisor) -> None:
    """`--replay`: every block from genesis on is executed, and gives the same root."""
    wipe(network, "ledger.sqlite*")
    network.restart(NAME, replay=True)
    wait_until(lambda: is_level(network))
    assert base(member(network)) == 0
    assert same_root(network)
    found = verify_directory(member(network).directory)
    assert (found["begins"], found["root"]) == ("genesis", root_of(network, found["version"]))
    row = ask(member(network), "get_transactions", 5_000, 1, False)
    assert row == ask(member(network, "validator-0"), "get_transactions", 5_000, 1, False)
    assert signs(network, 2)


def test_a_new_validator_joins_from_the_waypoint_by_a_snapshot(network: Supervisor) -> None:
    """A fifth process with nothing but genesis catches up by a snapshot, then becomes a member and votes."""
    wallet = Wallet(network.network)
    try:
        Change(network, wallet, lambda _: None).add("validator-4")
        assert base(member(network, "validator-4")) > 13_000
        wait_until(lambda: signs(network, 4))
        assert same_root(network, "validator-4")
        Change(network, wallet, lambda _: None).remove("validator-4")
    finally:
        wallet.close()


def test_who_lost_the_signing_record_too_only_follows_until_it_has_another_key(network: Supervisor) -> None:
    """SY10: what it has signed is not known any more: it follows, also after a restart; a new key signs again."""
    wipe(network, "*.sqlite*", LOSER)
    (member(network, LOSER).directory / "data" / "safety.bin").unlink()
    network.restart(LOSER)
    wait_until(lambda: is_level(network, LOSER))
    assert base(member(network, LOSER)) > 13_000
    assert '"signing_record_new"' in log_of(member(network, LOSER))
    assert not signs(network, 3)
    network.restart(LOSER)
    assert not signs(network, 3)
    wallet = Wallet(network.network)
    try:
        Change(network, wallet, lambda _: None).rotate(LOSER)
    finally:
        wallet.close()
    wait_until(lambda: signs(network, 3))
    network.restart(LOSER)  # the old key has no record beside a ledger that the new one runs
    wait_until(lambda: signs(network, 3))
    wipe(network, "*.sqlite*", LOSER)
    for _ in range(2):
        network.restart(LOSER)
        wait_until(lambda: is_level(network, LOSER))
    wait_until(lambda: signs(network, 3))
