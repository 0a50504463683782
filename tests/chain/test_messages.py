"""Messages between validators: wire numbers, every kind there and back, and every wrong shape by name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.certificates import CommitInfo
from chain.codec import decode, encode
from chain.errors import DecodeError, MithqalError
from chain.evidence import Evidence, EvidenceId, EvidenceKind, Statement
from chain.messages import (
    MESSAGE_TYPES,
    Accusation,
    BlockRequest,
    BlockResponse,
    CommittedRequest,
    CommittedResponse,
    EpochChange,
    EpochRequest,
    EvidenceKnown,
    Message,
    Proposal,
    Recall,
    RecallRequest,
    SignedHeader,
    SignedTimeout,
    SyncInfo,
    Timeout,
    Transactions,
    Vote,
    decode_message,
    encode_message,
    message_name,
)
from chain.primitives import Hash
from chain.snapshot_messages import Chunk, ChunkRequest, SnapshotOffer, SnapshotRequest, SnapshotWritten
from tests.chain.consensus.conftest import Committee

FOUR = Committee(4)
B1 = FOUR.block(1, FOUR.genesis_qc)
Q1 = FOUR.qc(B1)
B2 = FOUR.block(2, Q1, payload=(b"tx",))
Q2 = FOUR.qc(B2, B1)
TC = FOUR.tc(3, [Q1, Q2, Q2])
B4 = FOUR.block(4, Q2, tc=TC)
SYNC = SyncInfo(Q2, Q2, TC)
LIE = Evidence(
    EvidenceKind.LOCK_LIE, 1, 2, Statement((tuple(Q2.data), None), b"\x06" * 64), Statement((1, 3, 0), b"\x07" * 64)
)
MESSAGES: tuple[Message, ...] = (
    Proposal(B2, Q2),
    Vote(Q2.data, Q2.commit, 3, b"\x01" * 64),
    Timeout(1, 3, 2, b"\x02" * 64, SYNC),
    SYNC,
    BlockRequest(B2.id, 7),
    BlockResponse(B2.id, (B1, B2)),
    CommittedRequest(9),
    CommittedResponse(1, (B1,), Q2),
    Transactions((b"one", b"two")),
    EpochRequest(3),
    EpochChange((Q1, Q2)),
    SnapshotRequest(7),
    SnapshotOffer((Q2,), Q2, B2, (2, b"data", b"info", (b"event",)), (b"\x01" * 32,), (b"\x02" * 32, b"\x03" * 32)),
    ChunkRequest(8, b"\x04" * 32),
    Chunk(8, b"\x04" * 32, (b"key", b"record"), 3, (b"\x05" * 32,)),
    SnapshotWritten(8),
    Accusation(LIE),
    EvidenceKnown((LIE.id, EvidenceId(1, 0, EvidenceKind.DOUBLE_VOTE, 9))),
    RecallRequest(5),
    Recall(
        5,
        SYNC,
        Vote(Q2.data, Q2.commit, 3, b"\x01" * 64),
        SignedTimeout(1, 3, 2, b"\x02" * 64),
        SignedHeader(B2.header, B2.signature),
    ),
)
NAMES = (
    "proposal", "vote", "timeout", "sync_info", "block_request", "block_response", "committed_request",
    "committed_response", "transactions", "epoch_request", "epoch_change", "snapshot_request", "snapshot_offer",
    "chunk_request", "chunk", "snapshot_written", "accusation", "evidence_known", "recall_request", "recall",
)  # fmt: skip


def test_wire_numbers_are_fixed() -> None:
    """Another number would be another protocol: docs/formats.md, "Messages"."""
    assert [name for name, _ in MESSAGE_TYPES] == list(NAMES)
    for number, (name, message) in enumerate(zip(NAMES, MESSAGES, strict=True)):
        data = encode_message(message)
        assert data[:2] == bytes([0x92, number])
        assert message_name(data) == name
        assert type(message) is MESSAGE_TYPES[number][1]


@pytest.mark.parametrize("message", MESSAGES, ids=NAMES)
def test_bytes_are_those_of_number_and_value(message: Message) -> None:
    """Some messages are put together from certificates that were encoded before: it makes no difference."""
    number = [type_ for _, type_ in MESSAGE_TYPES].index(type(message))
    assert encode_message(message) == encode((number, message.to_value()))


@pytest.mark.parametrize("part", [FOUR.genesis_qc, Q1, Q2, TC, B1, B2, B4])
def test_parts_are_encoded_once(part: Any) -> None:
    """Certificates and blocks: `to_bytes` is the encoding of `to_value`, and again."""
    assert part.to_bytes() == part.to_bytes() == encode(part.to_value())


@pytest.mark.parametrize("message", MESSAGES, ids=NAMES)
def test_there_and_back(message: Message) -> None:
    """Every field, in its place; nothing is dropped or swapped."""
    assert decode_message(encode_message(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        Vote(Q1.data, None, 0, b""),
        SyncInfo(FOUR.genesis_qc, FOUR.genesis_qc, None),
        Proposal(B1, FOUR.genesis_qc),
        BlockResponse(B2.id, ()),
        CommittedResponse(5, (), None),
        Transactions(()),
        EpochChange(()),
    ],
)
def test_what_may_be_absent(message: Message) -> None:
    """No commit info, no time-out certificate, no blocks, no proof."""
    assert decode_message(encode_message(message)) == message


def test_a_vote_that_ends_an_epoch() -> None:
    """The next validator set travels in the commit info."""
    assert Q2.commit is not None
    commit = CommitInfo(*Q2.commit[:6], FOUR.set)
    found = decode_message(encode_message(Vote(Q2.data, commit, 1, b"s")))
    assert isinstance(found, Vote)
    assert found.commit is not None
    assert found.commit.next_epoch is not None
    assert found.commit.next_epoch.to_value() == FOUR.set.to_value()


@pytest.mark.parametrize("data", [b"", b"\x92", b"\x92\x14", b"\x92\xff", b"\x92\xcd\x00\x01"])
def test_names_of_what_is_no_message(data: bytes) -> None:
    """For filters and metrics: by the second byte alone, and never an error."""
    assert message_name(data) == "malformed"


@pytest.mark.parametrize("number", [20, 21, 255, 2**64 - 1])
def test_numbers_beyond_the_table(number: int) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_message(encode((number, ())))
    assert (caught.value.name, caught.value.details) == ("unknown_message", {"number": number})


def wrong(value: Any) -> Any:
    """Something of another type in place of a value."""
    return b"x" if not isinstance(value, bytes) else 5


@pytest.mark.parametrize("message", MESSAGES, ids=NAMES)
def test_each_field_has_its_type_and_none_may_be_missing(message: Message) -> None:
    """C5: a record is a list with a fixed number of fields of fixed types."""
    number, content = decode(encode_message(message))  # type: ignore[misc, str-unpack]
    assert isinstance(content, tuple)
    broken: list[Any] = [(*content[:at], wrong(content[at]), *content[at + 1 :]) for at in range(len(content))]
    if not isinstance(message, Transactions | EpochChange | EvidenceKnown):
        broken += [content[:-1], (*content, None)]
    for value in [*broken, b"", None, 7]:
        with pytest.raises(MithqalError) as caught:
            decode_message(encode((number, value)))
        assert caught.value.name in ("wrong_shape", "wrong_size"), value


def test_sizes_of_a_request() -> None:
    """A block id has 32 bytes."""
    for size in (0, 31, 33):
        with pytest.raises(DecodeError) as caught:
            decode_message(encode((4, (bytes(size), 0))))
        assert caught.value.name == "wrong_size"
    with pytest.raises(DecodeError):
        decode_message(encode((5, (bytes(31), ()))))
    assert decode_message(encode((4, (bytes(32), 0)))) == BlockRequest(Hash(bytes(32)), 0)


@pytest.mark.parametrize("message", MESSAGES, ids=NAMES)
def test_a_flipped_bit_is_another_message_or_none(message: Message) -> None:
    """A byte flipped anywhere in a frame's payload: refused by name, or a message that says something else."""
    data = encode_message(message)
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        try:
            found = decode_message(bytes(flipped))
        except MithqalError:
            continue
        assert (type(found), found) != (type(message), message)
        assert encode_message(found) == bytes(flipped), "one value, one byte string"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_named_error(data: bytes) -> None:
    """Never another exception, whatever a peer sends."""
    for payload in (data, bytes([0x92, data[0] % 12 if data else 0]) + data[1:]):
        try:
            message = decode_message(payload)
        except MithqalError:
            continue
        assert encode_message(message) == payload
