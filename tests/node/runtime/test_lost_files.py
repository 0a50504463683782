"""A network of four of which one loses a file: its ledger is fetched again, its signing record is not made anew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.client.network import Member, NetworkError
from node.client.rpc import RpcClient
from node.localnet.build import build_network
from node.localnet.supervisor import Supervisor
from tests.node.runtime.processes import wait_until

pytestmark = pytest.mark.network


@pytest.fixture
def four(tmp_path: Path) -> Iterator[Supervisor]:
    """Four validators that have committed some blocks."""
    build_network(tmp_path / "network", 4, seed=5)
    supervisor = Supervisor(tmp_path / "network")
    try:
        supervisor.up()
        yield supervisor
    finally:
        supervisor.down()


def metadata(member: Member, *version: int) -> dict[str, Any]:
    """What a validator says of its ledger."""
    client = RpcClient([member.rpc])
    try:
        found: dict[str, Any] = client.call("get_metadata", *version)
        return found
    finally:
        client.close()


def log_of(member: Member) -> str:
    return (member.directory / "node.log").read_text()


def harm_log(data: Path) -> None:
    """One bit in the middle of the write-ahead log."""
    path = data / "ledger.sqlite-wal"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def remove(data: Path, pattern: str) -> None:
    for path in data.glob(pattern):
        path.unlink()


def test_a_ledger_that_is_lost_or_damaged_is_fetched_again(four: Supervisor) -> None:
    """docs/operations.md: keep the signing record, move the ledger away, start; it is level, and votes again."""
    name = "validator-1"
    others, member = four.network.members[0], four.network.members[1]
    wait_until(lambda: metadata(others)["height"] >= 5)
    four.kill(name)
    harm_log(member.directory / "data")
    with pytest.raises(NetworkError) as caught:
        four.restart(name)
    assert caught.value.name == "validator_died"
    assert "ledger_behind" in caught.value.message
    remove(member.directory / "data", "ledger.sqlite*")
    four.restart(name)
    target = metadata(others)["height"]
    wait_until(lambda: metadata(member)["height"] >= target + 4)
    assert '"ledger_lost"' in log_of(member)
    assert "safety_record_old" not in log_of(member)
    version = min(metadata(one)["version"] for one in four.network.members)
    roots = {metadata(one, version)["accumulator_root_hash"] for one in four.network.members}
    assert len(roots) == 1
    wait_until(lambda: signs_again(others, 1, target))


def signs_again(witness: Member, validator: int, above: int) -> bool:
    """Whether a block above a height has a validator's signature, as another one tells."""
    client = RpcClient([witness.rpc])
    try:
        return any(validator in block["signers"] for block in client.call("get_blocks", above + 1, 100))
    finally:
        client.close()


def test_a_signing_record_that_is_lost_keeps_its_validator_down(four: Supervisor) -> None:
    """The three others go on; putting the file back is all that helps."""
    name = "validator-2"
    others, member = four.network.members[0], four.network.members[2]
    wait_until(lambda: metadata(others)["height"] >= 3)
    four.kill(name)
    path = member.directory / "data" / "safety.bin"
    kept = path.read_bytes()
    path.unlink()
    for _ in range(2):
        with pytest.raises(NetworkError) as caught:
            four.restart(name)
        assert caught.value.name == "validator_died"
        assert "safety_record_lost" in caught.value.message
    height = metadata(others)["height"]
    wait_until(lambda: metadata(others)["height"] >= height + 3)
    path.write_bytes(kept)
    four.restart(name)
    wait_until(lambda: metadata(member)["height"] >= height + 3)
