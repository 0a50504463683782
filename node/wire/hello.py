"""The first frame on a link: protocol version, chain and genesis. A link counts only after it."""

from typing import NamedTuple

from chain.codec import decode, encode, fields, sized
from chain.errors import DecodeError
from node.wire.framing import FrameError

PROTOCOL = "mithqal"
VERSION = 1
MAX_HELLO_BYTES = 128


class Hello(NamedTuple):
    """Who is there, and on which chain."""

    version: int
    chain_id: int
    genesis_hash: bytes
    author: int

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode((PROTOCOL, *self))


def read_hello(data: bytes, expected: Hello) -> Hello:
    """Parse a peer's hello and hold it against ours (its author aside).

    Raises FrameError: `bad_hello`, `protocol_version`, `wrong_network`.
    """
    try:
        protocol, version, chain_id, genesis_hash, author = fields(
            decode(data, MAX_HELLO_BYTES), "hello", str, int, int, bytes, int
        )
        sized(genesis_hash, 32, "genesis hash")
    except DecodeError as error:
        raise FrameError(f"the first frame is no hello: {error.message}", name="bad_hello") from error
    if protocol != PROTOCOL or version != expected.version:
        raise FrameError(
            f"the peer speaks {protocol[:16]} {version}, we speak {PROTOCOL} {expected.version}",
            name="protocol_version",
        )
    if (chain_id, genesis_hash) != (expected.chain_id, expected.genesis_hash):
        raise FrameError(
            f"the peer is on chain {chain_id}, genesis {genesis_hash.hex()[:16]}; we are on {expected.chain_id},"
            f" {expected.genesis_hash.hex()[:16]}",
            name="wrong_network",
        )
    return Hello(version, chain_id, genesis_hash, author)
