"""The client dies at every step of a run; validators die, answers are lost: no row is paid twice, none is lost."""

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.client.sending.gateway import Seen
from tests.builders import small_world
from tests.node.client.fake_chain import FakeChain
from tests.node.client.payfile.rigs import Payment, Rig

PAYMENTS = [
    Payment("alice", "bob", 1_000_001),
    Payment("alice", "anna", 1_000_002),
    Payment("bob", "alice", 1_000_003, "XEU"),
    Payment("alice", "bob", 1_000_004),
    Payment("anna", "bob", 1_000_005),
    Payment("bob", "anna", 1_000_006),
    Payment("alice", "bob", 1_000_007, "XEU"),
    Payment("alice", "bob", 1_000_008),
    Payment("anna", "alice", 1_000_009),
]


def check(rig: Rig) -> None:
    """Each row ran once, the journal says so with its version, and nobody's number has a gap."""
    assert sorted(rig.paid_rows()) == list(range(len(rig.payments)))
    by_row = {row: entry.seen.version for row, entry in zip(rig.paid_rows(), rig.chain.ledger, strict=True)}
    results = rig.results()
    assert [(item.status, item.version, item.fee) for item in results] == [
        ("executed", by_row[row], 600) for row in range(len(rig.payments))
    ]
    assert all(item.seconds is not None for item in results)


def signed_again(rig: Rig) -> int:
    """How many rows were signed more than once."""
    return len({tx.hash for tx in rig.chain.offered}) - len(rig.payments)


def count_steps(directory: Path) -> int:
    """Steps of an undisturbed run."""
    steps = 0

    def step(_: str) -> None:
        nonlocal steps
        steps += 1

    rig = Rig(directory, PAYMENTS)
    rig.step = step
    rig.run()
    check(rig)
    return steps


@pytest.mark.parametrize("what", ["client", "client and validators", "client, validators, and the bytes expire"])
def test_a_crash_at_every_step(tmp_path: Path, what: str) -> None:
    """The rule: "no row twice", for a crash at each step; without a long absence no row is signed twice either."""
    count = count_steps(tmp_path / "whole")
    assert count > 30
    for place in range(1, count + 1):
        rig = Rig(tmp_path / f"{place}", PAYMENTS)
        assert rig.crash_at(place)
        if what != "client":
            rig.chain.kill_all()
            rig.chain.advance(400 if "expire" in what else 5)
            rig.chain.restart_all()
        rig.run()
        check(rig)
        if "expire" not in what:
            assert signed_again(rig) == 0, place
        rig.run()
        check(rig)


def test_expired_rows_are_signed_again_under_the_same_numbers(tmp_path: Path) -> None:
    """The rule: "signs a row again only when the chain shows that its number expired unused"."""
    rig = Rig(tmp_path, PAYMENTS[:1])
    rig.chain.kill_all()
    rig.chain.restart_all()
    rig.chain.is_halted = True
    reasons = rig.run(timeout_s=5)
    assert reasons == {0: ""}
    first = rig.chain.offered[0]
    rig.chain.kill_all()
    rig.chain.restart_all()
    rig.chain.advance(290)
    rig.run(timeout_s=5)
    assert {tx.hash for tx in rig.chain.offered} == {first.hash}, "its time has not passed"
    rig.chain.kill_all()
    rig.chain.restart_all()
    rig.chain.advance(20)
    rig.run(timeout_s=5)
    assert {tx.hash for tx in rig.chain.offered} == {first.hash}, "the chain has not shown it: no block has this time"
    rig.chain.is_halted = False
    rig.run()
    check(rig)
    again = rig.chain.ledger[0].tx
    assert again.hash != first.hash
    assert again.raw.sequence_number == first.raw.sequence_number == 0


def check_truth(rig: Rig) -> None:
    """Every row is final, and the journal says of each what the ledger says: once, or (refused) never."""
    entries: dict[int, list[Seen]] = {}
    for entry in rig.chain.ledger:
        metadata = entry.tx.raw.payload.argument("metadata")
        assert isinstance(metadata, bytes)
        entries.setdefault(int(metadata.removeprefix(b"row ")), []).append(entry.seen)
    for item in rig.results():
        seen = entries.pop(item.number, [])
        if item.status == "refused":
            assert seen == []
            continue
        (only,) = seen
        status = "executed" if only.failure is None else "failed"
        assert (item.status, item.version, item.reason, item.fee) == (status, only.version, only.failure, 600)
    assert entries == {}


@settings(max_examples=60)
@given(data=st.data())
def test_any_sequence_of_faults(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Crashes, lost answers, dead validators, halts and long absences in any order; then a healthy run to the end."""
    pairs = st.sampled_from(list(permutations(["alice", "anna", "bob"], 2)))
    payments = [
        Payment(
            *data.draw(pairs), data.draw(st.sampled_from([1, 2_000_000, 600_000_000])),
            data.draw(st.sampled_from(["XUS", "XEU", "XDX"])),
        )
        for _ in range(data.draw(st.integers(1, 12)))
    ]  # fmt: skip
    chain = FakeChain(small_world(), validators=data.draw(st.sampled_from([1, 4])))
    chain.per_block = data.draw(st.sampled_from([1, 3, 500]))
    rig = Rig(tmp_path_factory.mktemp("net"), payments, chain)
    for _ in range(data.draw(st.integers(1, 5))):
        first = len(chain.offered)
        lost = {first + place for place in data.draw(st.lists(st.integers(0, 11), max_size=4))}
        chain.lost_answers = lost
        chain.is_halted = data.draw(st.booleans())
        rig.crash_at(data.draw(st.integers(1, 60)))
        match data.draw(st.sampled_from(["nothing", "one down", "all restart", "absence", "blocks"])):
            case "one down":
                chain.live[data.draw(st.integers(0, len(chain.live) - 1))] = False
            case "all restart":
                chain.kill_all()
                chain.restart_all()
            case "absence":
                chain.kill_all()
                chain.advance(data.draw(st.sampled_from([10.0, 299.0, 301.0, 4_000.0])))
                chain.restart_all()
            case "blocks":
                chain.is_halted = False
                chain.commit()
            case _:
                pass
        rows = rig.paid_rows()
        assert len(rows) == len(set(rows)), "paid twice"
    chain.lost_answers, chain.is_halted = set(), False
    chain.restart_all()
    assert rig.run(timeout_s=1_000) == {}
    check_truth(rig)
