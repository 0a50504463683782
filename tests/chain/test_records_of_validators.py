"""Records of validators and of the basket, at their limits and in their bytes."""

import pytest

from chain.codec import decode, encode
from chain.errors import DecodeError
from chain.limits import MAX_ADDRESS_BYTES
from chain.records.coins import Basket
from chain.records.validators import (
    OperatorConfig,
    ValidatorConfig,
    is_address,
    read_network_address,
    read_validator_record,
)

CONFIG = ValidatorConfig(b"a" * 16, 3, "v", b"o" * 16, b"c" * 32, b"n" * 32, "h:1", "h:2")
OPERATOR = OperatorConfig(b"a" * 16, "o")


def test_bytes_say_which_of_the_two_it_is() -> None:
    """A validator's record begins with 0, an operator's with 1; each is read as what it is."""
    assert decode(CONFIG.to_bytes()) == (0, *CONFIG)
    assert decode(OPERATOR.to_bytes()) == (1, *OPERATOR)
    assert read_validator_record(CONFIG.to_bytes()) == CONFIG
    assert read_validator_record(OPERATOR.to_bytes()) == OPERATOR


@pytest.mark.parametrize("value", [(), 0, 5, True, b"x", None, (2, b"a", "o"), ("0",)])
def test_what_is_neither_is_refused(value) -> None:
    with pytest.raises(DecodeError) as caught:
        read_validator_record(encode(value))
    assert caught.value.name == "wrong_shape"


@pytest.mark.parametrize(
    ("consensus", "network", "valid"),
    [(b"", b"", False), (b"c" * 32, b"", False), (b"", b"n" * 32, False), (b"c" * 32, b"n" * 32, True)],
)
def test_both_keys_make_a_configuration_valid(consensus: bytes, network: bytes, valid: bool) -> None:
    """E2: a validator without both keys cannot become a member."""
    assert CONFIG._replace(consensus_key=consensus, network_key=network).is_valid is valid


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("", True),
        ("h:1", True),
        ("h:0", False),
        ("h:65535", True),
        ("h:65536", False),
        ("h", False),
        ("[::1]:5", True),
        ("a" * (MAX_ADDRESS_BYTES - 2) + ":1", True),
        ("a" * (MAX_ADDRESS_BYTES - 1) + ":1", False),
    ],
)
def test_addresses(text: str, good: bool) -> None:
    """`host:port`, a port of 1 to 65535, at most MAX_ADDRESS_BYTES; nothing: not known."""
    assert is_address(text) is good
    key = "0a" * 32
    if good:
        assert read_network_address(f"{key}@{text}") == (bytes.fromhex(key), text)
    else:
        with pytest.raises(DecodeError) as caught:
            read_network_address(f"{key}@{text}")
        assert caught.value.name == "bad_address"


@pytest.mark.parametrize(
    ("held", "amount"), [({}, 0), ({"XUS": 0}, 0), ({"XUS": 1}, 0), ({"XUS": 2}, 2), ({"XUS": 3}, 4)]
)
def test_what_a_holding_composes(held: dict[str, int], amount: int) -> None:
    """Z: "the least trunc((v - 1) / ratio); with 1 or less of a coin, 0", here at half a coin for one of the basket."""
    assert Basket("XDX", (("XUS", 1 << 31),), ()).most_composable(held) == amount
