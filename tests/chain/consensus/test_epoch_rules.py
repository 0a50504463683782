"""Rules of one epoch's end that each module holds by itself: P10, B5, R3, E8."""

from types import SimpleNamespace
from typing import Any

import pytest

from chain.certificates import QuorumCertificate, vote_message
from chain.consensus.held_blocks import HeldBlocks
from chain.consensus.safety import SafetyRules
from chain.errors import BlockError, SafetyError
from chain.interface import Output
from chain.primitives import Hash
from chain.validators import Validator, ValidatorSet
from tests.chain.consensus.conftest import GENESIS_HASH, Committee

NEXT = Hash(b"\x09" * 32)


def ending(four: Committee, next_validators: Hash | None = NEXT) -> QuorumCertificate:
    """A certificate of a block of round 1 that ends the epoch."""
    block = four.block(1, four.genesis_qc)
    data = four.qc(block).data._replace(next_validators=next_validators)
    message = vote_message(data, None, GENESIS_HASH)
    return QuorumCertificate(data, None, tuple((author, four.keys[author].sign(message)) for author in range(3)))


def error(call: Any, *arguments: Any) -> str:
    with pytest.raises((SafetyError, BlockError)) as caught:
        call(*arguments)
    return caught.value.name


def test_a_vote_above_the_end_repeats_it(four) -> None:
    """P10: 'empty payload, same exec_root and timestamp as B': anything else gets no vote."""
    qc = ending(four)
    info = four.genesis_info._replace(epoch=1, round=1, block_id=qc.block_id)
    empty = four.block(2, qc, time_us=qc.data.timestamp_us)
    good = (qc.data.root, qc.data.version, info, NEXT)
    for wrong in (
        (Hash(bytes(32)), *good[1:]), (good[0], good[1] + 1, *good[2:]), (*good[:3], None), (*good[:3], Hash(bytes(32)))
    ):  # fmt: skip
        safety = four.safety()
        assert error(safety.vote, empty, *wrong) == "epoch_is_over"
        assert safety.record.voted_round == 0
    full = four.block(2, qc, payload=(b"tx",), time_us=qc.data.timestamp_us)
    assert error(four.safety().vote, full, *good) == "epoch_is_over"
    later = four.block(2, qc, time_us=qc.data.timestamp_us + 1)
    assert error(four.safety().vote, later, *good) == "epoch_is_over"
    vote = four.safety().vote(empty, *good)
    assert (vote.data.next_validators, vote.data.root, vote.commit) == (NEXT, qc.data.root, info)


def test_the_end_itself_is_voted_with_the_next_set(four) -> None:
    """E5: the block that ends the epoch certifies the hash of the set that follows."""
    vote = four.safety().vote(four.block(1, four.genesis_qc), Hash(b"\1" * 32), 1, four.genesis_info, NEXT)
    assert vote.data.next_validators == NEXT
    assert four.safety().vote(
        four.block(1, four.genesis_qc), Hash(b"\1" * 32), 1, four.genesis_info
    ).data.next_validators is None  # fmt: skip


def test_the_shape_of_a_block_above_the_end(four) -> None:
    """B5: empty, with the time of the end; below the end time rises."""
    qc = ending(four)
    four.block(2, qc, time_us=qc.data.timestamp_us).check_shape()
    for bad in (
        four.block(2, qc, time_us=qc.data.timestamp_us + 1), four.block(2, qc, time_us=qc.data.timestamp_us - 1),
        four.block(2, qc, payload=(b"tx",), time_us=qc.data.timestamp_us),
    ):  # fmt: skip
        assert error(bad.check_shape) == "epoch_is_over"
    plain = ending(four, None)
    four.block(2, plain, time_us=plain.data.timestamp_us + 1).check_shape()
    assert error(four.block(2, plain, time_us=plain.data.timestamp_us).check_shape) == "time_order"


@pytest.mark.parametrize(
    ("delta", "payload", "good"), [(0, (), True), (1, (), False), (-1, (), False), (0, (b"t",), False)]
)
def test_a_held_block_above_the_end(four, delta, payload, good) -> None:
    """R3: height follows, time and contents stand still; it waits for no clock."""
    qc = ending(four)
    block = four.block(2, qc, height=2, payload=payload, time_us=qc.data.timestamp_us + delta)
    parent = SimpleNamespace(height=1, timestamp_us=qc.data.timestamp_us, next_epoch=four.set)
    held = HeldBlocks(SimpleNamespace(signature_checks=lambda _block: ()))
    held.add(block)
    out = Output()
    if good:
        assert (held.is_ready(block, parent, 0, out), out.alarms) == (True, [])
    else:
        assert held.is_ready(block, parent, 0, out) is False
        assert [alarm.name for alarm in out.alarms] == ["bad_header"]


def rules(four: Committee, epoch: int, record: bytes | None, index: int = 0) -> SafetyRules:
    members = ValidatorSet(epoch, four.set.members)
    return SafetyRules(four.keys[index], members, four.leaders, four.genesis_qc, GENESIS_HASH, four.signatures, record)


def test_records_and_epochs(four) -> None:
    """E8: a later epoch begins a new record, an earlier one is refused, this one's is kept; another key's is not."""
    safety = four.safety()
    safety.vote(four.block(1, four.genesis_qc), Hash(b"\1" * 32), 1, four.genesis_info)
    record = safety.record_bytes()
    assert rules(four, 1, record).record == safety.record
    fresh = rules(four, 2, record).record
    assert (fresh.epoch, fresh.voted_round, fresh.last_vote, fresh.key) == (2, 0, None, four.keys[0].public_key)
    assert error(rules, four, 0, record) == "wrong_epoch"
    assert error(rules, four, 1, record, 1) == "foreign_record"
    assert rules(four, 2, record, 1).record.key == four.keys[1].public_key, "a new key in a new epoch"


def test_without_a_signer_nothing_is_signed(four) -> None:
    """E10: an observer refuses vote, time-out and proposal alike."""
    safety = SafetyRules(None, four.set, four.leaders, four.genesis_qc, GENESIS_HASH, four.signatures, None)
    block = four.block(1, four.genesis_qc)
    assert error(safety.vote, block, Hash(b"\1" * 32), 1, four.genesis_info) == "silenced"
    assert error(safety.timeout, 1, four.genesis_qc, None, b"") == "silenced"
    assert error(safety.propose, block.header, block.id) == "silenced"


def test_sets_are_values(four) -> None:
    """Equal by epoch and members, in dictionaries too; numbers ascend, and are found."""
    same = ValidatorSet.from_value(four.set.to_value())
    assert same == four.set
    assert hash(same) == hash(four.set)
    assert len({same, four.set}) == 1
    assert ValidatorSet(2, four.set.members) != four.set
    assert ValidatorSet(1, four.set.members[:3]) != four.set
    assert four.set != "set"
    gap = ValidatorSet(1, (Validator("a", b"a" * 32, b"n" * 32, 2), Validator("b", b"b" * 32, b"m" * 32, 7)))
    assert [gap.index_of(number) for number in (2, 7, 0, 1)] == [0, 1, None, None]
    for numbers in ((2, 2), (7, 2)):
        rows = tuple((name, key * 32, key * 32, number) for name, key, number in zip("ab", (b"a", b"b"), numbers))
        assert error_of_set((1, rows)) == "wrong_order"


def error_of_set(value: Any) -> str:
    with pytest.raises(Exception, match="stands after") as caught:
        ValidatorSet.from_value(value)
    return str(caught.value.name)  # type: ignore[attr-defined]
