"""Blocks: a signed header over its payload and its justification (docs/protocol.md, B1 to B6)."""

from functools import lru_cache
from typing import NamedTuple

from chain.certificates import QuorumCertificate, TimeoutCertificate
from chain.codec import NIL, Value, encode, fields, joined, sized
from chain.crypto.hashing import Hasher, signing_message
from chain.errors import BlockError
from chain.limits import MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS
from chain.primitives import Hash

_hash_block = Hasher("Block")
_hash_payload = Hasher("Payload")
BLOCKS_KEPT = 8
"""Blocks whose bytes are kept: each is stored twice, when it is voted for and when it is final."""
HEADERS_KEPT = 64
"""Headers whose id and signed bytes are kept: those of the few rounds that blocks come from at one time."""
NO_PAYLOAD = _hash_payload(encode(()))
"""Of a block without transactions."""


class Header(NamedTuple):
    """What the block's id hashes and its author signs."""

    epoch: int
    round: int
    height: int
    author: int
    timestamp_us: int
    parent_qc_digest: Hash
    tc_digest: Hash | None
    payload_root: Hash


class Block(NamedTuple):
    """A proposed block. `payload` holds envelopes as they arrived."""

    header: Header
    parent_qc: QuorumCertificate
    tc: TimeoutCertificate | None
    payload: tuple[bytes, ...]
    signature: bytes
    id: Hash

    @property
    def round(self) -> int:
        """Its round."""
        return self.header.round

    @property
    def height(self) -> int:
        """Blocks below it."""
        return self.header.height

    @property
    def parent_id(self) -> Hash:
        """The block that its certificate certifies."""
        return self.parent_qc.block_id

    def to_value(self) -> Value:
        """(header, parent certificate, timeout certificate or None, payload, signature)."""
        tc = None if self.tc is None else self.tc.to_value()
        return (tuple(self.header), self.parent_qc.to_value(), tc, self.payload, self.signature)

    def to_bytes(self) -> bytes:
        """The encoding of `to_value`."""
        return _block_bytes(self)

    @staticmethod
    def from_value(value: Value) -> "Block":
        """Read `to_value`; DecodeError on a wrong shape, BlockError where B1 to B5 are broken."""
        header_value, qc, tc, payload, signature = fields(value, "block", tuple, tuple, None, tuple, bytes)
        header = read_header(header_value)
        for envelope in payload:
            fields((envelope,), "payload", bytes)
        timeout = None if tc is None else TimeoutCertificate.from_value(tc)
        block = Block(
            header,
            QuorumCertificate.from_value(qc),
            timeout,
            payload,
            signature,
            header_id(header),
        )
        block.check_shape()
        return block

    def check_shape(self) -> None:
        """Raise BlockError unless digests, rounds and sizes agree (B1 to B5)."""
        header, qc, tc = self.header, self.parent_qc, self.tc
        if header.parent_qc_digest != qc.digest():
            raise BlockError("the header names another parent certificate", name="wrong_digest")
        if header.tc_digest != (None if tc is None else tc.digest()):
            raise BlockError("the header names another timeout certificate", name="wrong_digest")
        if header.payload_root != payload_root(self.payload):
            raise BlockError("the header names another payload", name="wrong_digest")
        if header.epoch != qc.data.epoch or (tc is not None and tc.epoch != header.epoch):
            raise BlockError("block and certificates are of different epochs", name="wrong_epoch")
        if header.round <= qc.round:
            raise BlockError(f"round {header.round} is not above its parent's {qc.round}", name="round_order")
        if len(self.payload) > MAX_BLOCK_TRANSACTIONS:
            raise BlockError(f"{len(self.payload)} transactions, at most {MAX_BLOCK_TRANSACTIONS}", name="too_large")
        if sum(map(len, self.payload)) > MAX_BLOCK_BYTES:
            raise BlockError(f"the payload is above {MAX_BLOCK_BYTES} bytes", name="too_large")
        if qc.data.next_validators is not None:
            if self.payload or header.timestamp_us != qc.data.timestamp_us:
                raise BlockError("above the end of an epoch a block is empty and keeps the time", name="epoch_is_over")
        elif header.timestamp_us <= qc.data.timestamp_us:
            raise BlockError("the block's time is not after its parent's", name="time_order")


@lru_cache(maxsize=BLOCKS_KEPT)
def _block_bytes(block: Block) -> bytes:
    """Kept for a while."""
    tc = NIL if block.tc is None else block.tc.to_bytes()
    return joined(
        (tuple(block.header),), block.parent_qc.to_bytes(), tc, encode(block.payload), encode(block.signature)
    )


def read_header(value: Value) -> Header:
    """Read a header; DecodeError on a wrong shape."""
    items = fields(value, "block header", int, int, int, int, int, bytes, None, bytes)
    sized(items[5], 32, "certificate digest")
    sized(items[7], 32, "payload root")
    if items[6] is not None:
        sized(items[6], 32, "timeout digest")
    return Header(*items)


def payload_root(payload: tuple[bytes, ...]) -> Hash:
    """Hash over the envelopes in order."""
    return _hash_payload(encode(payload)) if payload else NO_PAYLOAD


@lru_cache(maxsize=HEADERS_KEPT)
def header_id(header: Header) -> Hash:
    """A block's id: the hash of its header; kept for a while, since a block comes by several messages."""
    return _hash_block(encode(tuple(header)))


@lru_cache(maxsize=HEADERS_KEPT)
def proposal_message(header: Header, genesis_hash: bytes) -> bytes:
    """The bytes that a proposer signs; kept for a while, since more than one rule asks for them."""
    return signing_message("Proposal", genesis_hash, encode(tuple(header)))
