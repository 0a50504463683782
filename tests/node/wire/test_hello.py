"""The first frame on a link: who, which version, which chain."""

import pytest

from chain.codec import encode
from node.wire.framing import FrameError
from node.wire.hello import MAX_HELLO_BYTES, PROTOCOL, VERSION, Hello, read_hello, refusal_bytes

GENESIS, KEY = bytes(range(32)), b"k" * 32
LIFE = b"l" * 16
OURS = Hello(VERSION, 7, GENESIS, 2, KEY, LIFE)


def refusal(data: bytes) -> FrameError:
    with pytest.raises(FrameError) as caught:
        read_hello(data, OURS)
    return caught.value


def test_bytes_of_a_hello():
    """Canonical MessagePack of (protocol, version, chain id, genesis hash, index, network key, life)."""
    start = b"\x97\xa7mithqal\x02\x07\xc4\x20" + GENESIS
    assert OURS.to_bytes() == start + b"\x02\xc4\x20" + KEY + b"\xc4\x10" + LIFE
    assert (PROTOCOL, VERSION) == ("mithqal", 2)


def test_the_expected_hello_is_accepted():
    """Same version, chain and genesis, its own index and key."""
    assert read_hello(OURS.to_bytes(), OURS._replace(life=bytes(16))) == OURS


def test_a_refusal_says_that_the_key_is_in_use():
    """LK1: "another process with our keys" is told from every other end of a link."""
    error = refusal(refusal_bytes())
    assert (error.name, error.details) == ("key_in_use", {"peer": 2})
    assert refusal(encode(("mithqal", 2, "something_else"))).name == "bad_hello"


def test_a_version_mismatch_says_both():
    """A version mismatch is a typed error saying both values."""
    error = refusal(OURS._replace(version=3).to_bytes())
    assert error.name == "protocol_version"
    assert error.details == {"theirs": 3, "ours": 2}
    assert error.message == "the peer speaks mithqal 3, we speak mithqal 2"


def test_another_protocol_of_the_same_version():
    """The protocol's name counts as much as its version."""
    assert refusal(encode(("other", *OURS))).name == "protocol_version"


def test_a_later_version_may_change_the_rest():
    """Name and version are judged alone, before the shape of the rest."""
    assert refusal(encode(("mithqal", 3, "all", "is", "new"))).name == "protocol_version"
    assert refusal(encode(("mithqal", 2, "all", "is", "new"))).name == "bad_hello"


def test_another_genesis_says_both():
    """Another genesis is a typed error saying both values."""
    other = bytes([255]) + GENESIS[1:]
    error = refusal(OURS._replace(genesis_hash=other).to_bytes())
    assert error.name == "wrong_network"
    assert other.hex() in error.message
    assert GENESIS.hex() in error.message
    assert error.details == {"theirs": other.hex(), "ours": GENESIS.hex()}


def test_another_chain_id():
    """Another chain of the same genesis is another network too."""
    error = refusal(OURS._replace(chain_id=8).to_bytes())
    assert error.name == "wrong_network"
    assert "chain 8," in error.message
    assert "chain 7," in error.message


@pytest.mark.parametrize("wrong", [{"author": 1}, {"network_key": b"x" * 32}, {"network_key": b""}])
def test_another_identity(wrong):
    """Index and key are those that the TLS handshake proved."""
    assert refusal(OURS._replace(**wrong).to_bytes()).name == "wrong_identity"


def test_order_of_checks():
    """Version before network before identity."""
    all_wrong = OURS._replace(version=9, chain_id=9, author=9)
    assert refusal(all_wrong.to_bytes()).name == "protocol_version"
    assert refusal(all_wrong._replace(version=2).to_bytes()).name == "wrong_network"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc0",
        encode(7),
        encode(()),
        encode(("mithqal",)),
        encode((1, "mithqal")),
        encode(("mithqal", True, 7, GENESIS, 2, KEY, LIFE)),
        encode(("mithqal", 2, 7, GENESIS, 2, KEY)),
        encode(("mithqal", 2, 7, GENESIS, 2, KEY, LIFE, 0)),
        encode(("mithqal", 2, 7, GENESIS, 2, KEY, LIFE[:15])),
        encode(("mithqal", 2, 7, GENESIS[:31], 2, KEY, LIFE)),
        encode(("mithqal", 2, 7, GENESIS.hex(), 2, KEY, LIFE)),
        OURS.to_bytes() + b"\x00",
        OURS.to_bytes()[:-1],
        OURS.to_bytes().replace(b"\x02\x07", b"\xcc\x02\x07", 1),
        b"\x00" * (MAX_HELLO_BYTES + 1),
    ],
)
def test_everything_else_is_no_hello(data):
    """Strict decoding: shape, types, sizes and the canonical form."""
    assert refusal(data).name == "bad_hello"


def test_size_bound_of_a_hello():
    """A hello has at most 256 bytes: at the bound its content is judged, above it nothing is."""
    filler = 256 - len(encode(("mithqal", 9, b"x" * 200))) + 200
    assert len(encode(("mithqal", 9, b"x" * filler))) == 256
    assert refusal(encode(("mithqal", 9, b"x" * filler))).name == "protocol_version"
    assert refusal(encode(("mithqal", 9, b"x" * (filler + 1)))).name == "bad_hello"
