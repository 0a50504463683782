"""A block's shape, each error by name (B1 to B6)."""

import pytest

from chain.block import Block, Header, header_id, payload_root
from chain.certificates import CommitInfo, genesis_certificate
from chain.errors import BlockError
from chain.messages import (
    BlockRequest,
    BlockResponse,
    CommittedRequest,
    CommittedResponse,
    Proposal,
    SyncInfo,
    Transactions,
    decode_message,
    encode_message,
    message_name,
)
from chain.primitives import Hash

QC = genesis_certificate(CommitInfo(0, 0, Hash(b"\x07" * 32), Hash(b"\x01" * 32), 0, 1_000, None), 1)


def block(payload=(), **changes) -> Block:
    header = Header(1, 1, 1, 1, 1_001, QC.digest(), None, payload_root(payload))._replace(**changes)
    return Block(header, QC, None, payload, b"s", header_id(header))


def name_of(candidate) -> str:
    try:
        assert Block.from_value(candidate.to_value()) == candidate
    except BlockError as error:
        return error.name
    return "good"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "good"),
        ({"parent_qc_digest": Hash(bytes(32))}, "wrong_digest"),
        ({"tc_digest": Hash(bytes(32))}, "wrong_digest"),
        ({"payload_root": Hash(bytes(32))}, "wrong_digest"),
        ({"epoch": 2}, "wrong_epoch"),
        ({"round": 0}, "round_order"),
        ({"timestamp_us": 1_000}, "time_order"),
    ],
)
def test_header_and_certificates_agree(changes, name) -> None:
    assert name_of(block(**changes)) == name


def test_at_most_500_transactions_and_one_mebibyte() -> None:
    """B4."""
    assert name_of(block((b"x",) * 500)) == "good"
    assert name_of(block((b"x",) * 501)) == "too_large"
    assert name_of(block((bytes(1 << 20),))) == "good"
    assert name_of(block((bytes(1 << 20), b"x"))) == "too_large"


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (Proposal(block(), QC), "proposal"),
        (SyncInfo(QC, QC, None), "sync_info"),
        (BlockRequest(Hash(bytes(32)), 7), "block_request"),
        (BlockResponse(Hash(bytes(32)), (block(),)), "block_response"),
        (CommittedRequest(9), "committed_request"),
        (CommittedResponse(1, (block(),), QC), "committed_response"),
        (CommittedResponse(1, (), None), "committed_response"),
        (Transactions((b"a", b"")), "transactions"),
    ],
)
def test_messages_round_trip(message, name) -> None:
    data = encode_message(message)
    assert decode_message(data) == message
    assert message_name(data) == name
