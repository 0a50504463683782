"""The first frame on a link: protocol version, chain, genesis and sender. A link counts only after it."""

from typing import NamedTuple

from chain.codec import decode, encode, fields, sized
from chain.errors import DecodeError
from node.wire.framing import FrameError

PROTOCOL = "mithqal"
VERSION = 2
REFUSAL = "key_in_use"
"""What the dialled one says instead of its hello if another process with the dialler's keys has a live link (LK1)."""
LIFE_BYTES = 16
MAX_HELLO_BYTES = 256
"""Above what any version needs; more is no hello."""


class Hello(NamedTuple):
    """Who is there, and on which chain."""

    version: int
    """Of this protocol between validators."""
    chain_id: int
    genesis_hash: bytes
    """32 bytes."""
    author: int
    """The sender's validator index."""
    network_key: bytes
    """The sender's Ed25519 network key (32 bytes), the one that it proved to hold in the TLS handshake."""
    life: bytes = bytes(LIFE_BYTES)
    """Drawn when the sender's process started: two with the same keys differ in it."""

    def to_bytes(self) -> bytes:
        """Canonical bytes: (protocol name, *fields)."""
        return encode((PROTOCOL, *self))


def refusal_bytes() -> bytes:
    """What is said instead of a hello to a second process with the same keys."""
    return encode((PROTOCOL, VERSION, REFUSAL))


def read_hello(data: bytes, expected: Hello) -> Hello:
    """Hold a peer's hello against what it must say: same version, chain and genesis, its own index and key. Gives it.

    Checked in this order, each a FrameError: `bad_hello` (no hello at all), `protocol_version`, `key_in_use` (the
    refusal of a second process with our keys), `wrong_network`, `wrong_identity`. Name and version stand first and are
    judged alone, so that a later version may change the rest.
    """
    try:
        value = decode(data, MAX_HELLO_BYTES)
        protocol, version = fields(value[:2] if type(value) is tuple else value, "hello", str, int)
        if protocol != PROTOCOL or version != expected.version:
            raise FrameError(
                f"the peer speaks {protocol[:16]} {version}, we speak {PROTOCOL} {expected.version}",
                name="protocol_version", theirs=version, ours=expected.version,
            )  # fmt: skip
        if value == (PROTOCOL, VERSION, REFUSAL):
            raise FrameError(
                f"validator {expected.author} has a link to another process with our keys: end one of the two; until"
                " then this one hears and says nothing there",
                name="key_in_use", peer=expected.author,
            )  # fmt: skip
        hello = Hello(*fields(value, "hello", str, int, int, bytes, int, bytes, bytes)[1:])
        sized(hello.genesis_hash, 32, "genesis hash")
        sized(hello.life, LIFE_BYTES, "life")
    except DecodeError as error:
        raise FrameError(f"the first frame is no hello: {error.message}", name="bad_hello") from error
    if (hello.chain_id, hello.genesis_hash) != (expected.chain_id, expected.genesis_hash):
        raise FrameError(
            f"the peer is on chain {hello.chain_id}, genesis {hello.genesis_hash.hex()}; we are on chain"
            f" {expected.chain_id}, genesis {expected.genesis_hash.hex()}",
            name="wrong_network", theirs=hello.genesis_hash.hex(), ours=expected.genesis_hash.hex(),
        )  # fmt: skip
    if (hello.author, hello.network_key) != (expected.author, expected.network_key):
        raise FrameError(
            f"the holder of validator {expected.author}'s key says it is validator {hello.author}",
            name="wrong_identity", theirs=hello.author, expected=expected.author,
        )  # fmt: skip
    return hello
