"""Account identifiers and intents: Diem's vectors, BIP-173's promises, every refusal by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.identifiers import (
    Identifier,
    IdentifierError,
    Intent,
    decode_identifier,
    decode_intent,
    encode_identifier,
    encode_intent,
    prefix_of,
)
from chain.primitives import U64_MAX, Address

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
PLAIN = bytes.fromhex("e46ac921246500c18476dd1b96f1cb3a")
OTHER = bytes.fromhex("f72589b71ff4f8d139674a3f7369c69b")
SUB = bytes.fromhex("cf64428bdeb62af2")
VECTORS = [
    ("dm", PLAIN, None, "dm1pu34vjgfyv5qvrprkm5deduwt8gqqqqqqqqqqqqq6q7hfg"),
    ("tdm", PLAIN, None, "tdm1pu34vjgfyv5qvrprkm5deduwt8gqqqqqqqqqqqqqmqcqyc"),
    ("dm", OTHER, SUB, "dm1p7ujcndcl7nudzwt8fglhx6wxn08kgs5tm6mz4us2vfufk"),
    ("tdm", OTHER, SUB, "tdm1p7ujcndcl7nudzwt8fglhx6wxn08kgs5tm6mz4ustv0tyx"),
    ("pdm", OTHER, SUB, "pdm1p7ujcndcl7nudzwt8fglhx6wxn08kgs5tm6mz4use3z425"),
]
GOOD = VECTORS[3][3]
INTENT = "diem://tdm1pu34vjgfyv5qvrprkm5deduwt8gqqzqsrqszsvpcqvhqka?c=XUS&am=1000000"

addresses = st.binary(min_size=16, max_size=16)
subaddresses = st.none() | st.binary(min_size=8, max_size=8).filter(any)
prefixes = st.sampled_from(["dm", "tdm", "pdm", "ddm", "xdm"])
identifiers = st.builds(encode_identifier, addresses, subaddresses, prefixes)


def refusal(text: str, prefix: str | None = None) -> IdentifierError:
    with pytest.raises(IdentifierError) as caught:
        decode_identifier(text, prefix)
    return caught.value


def with_checksum(prefix: str, values: list[int]) -> str:
    """BIP-173's checksum, written apart from the code that it tests."""
    state = 1
    for value in [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + values + [0] * 6:
        top, state = state >> 25, ((state & 0x1FFFFFF) << 5) ^ value
        for bit, constant in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if (top >> bit) & 1:
                state ^= constant
    state ^= 1
    return prefix + "1" + "".join(ALPHABET[v] for v in values + [(state >> 5 * (5 - i)) & 31 for i in range(6)])


def values_of(text: str) -> list[int]:
    return [ALPHABET.index(char) for char in text.rpartition("1")[2][:-6]]


@pytest.mark.parametrize(("prefix", "address", "subaddress", "text"), VECTORS)
def test_vectors(prefix: str, address: bytes, subaddress: bytes | None, text: str) -> None:
    """I1; reference 1.6: Diem's vectors, among them DIP-5's own."""
    assert encode_identifier(address, subaddress, prefix) == text
    assert (
        decode_identifier(text) == decode_identifier(text, prefix) == Identifier(prefix, Address(address), subaddress)
    )
    assert len(text) == (49 if prefix == "dm" else 50)


def test_a_zero_subaddress_is_none() -> None:
    """I2: 'eight zero bytes means "none"'."""
    assert encode_identifier(PLAIN, bytes(8)) == encode_identifier(PLAIN)
    assert decode_identifier(encode_identifier(PLAIN, bytes(8))).subaddress is None
    assert decode_identifier(encode_identifier(PLAIN, bytes(7) + b"\x01")).subaddress == bytes(7) + b"\x01"


@given(addresses, subaddresses, prefixes)
def test_what_is_written_is_read(address: bytes, subaddress: bytes | None, prefix: str) -> None:
    """I1: one address and subaddress, one text; capitals are the same text."""
    text = encode_identifier(address, subaddress, prefix)
    expected = Identifier(prefix, Address(address), subaddress)
    assert decode_identifier(text) == decode_identifier(text.upper()) == expected
    assert len(text) == len(prefix) + 47


@given(identifiers, st.data())
def test_any_single_changed_character_is_refused(text: str, data: st.DataObject) -> None:
    """I3; BIP-173: the checksum finds every error of one character, wherever it is."""
    place = data.draw(st.integers(0, len(text) - 1))
    char = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789-_ é").filter(lambda c: c != text[place]))
    assert refusal(text[:place] + char + text[place + 1 :]).name == "bad_identifier"


@given(identifiers, st.data())
def test_up_to_four_changed_characters_are_refused(text: str, data: st.DataObject) -> None:
    """I3; BIP-173: 'guarantees detection of any error affecting at most 4 characters' of the data part."""
    start = text.index("1") + 1
    places = data.draw(st.lists(st.integers(start, len(text) - 1), min_size=1, max_size=4, unique=True))
    chars = list(text)
    for place in places:
        chars[place] = data.draw(st.sampled_from(ALPHABET.replace(text[place], "")))
    assert refusal("".join(chars)).name == "bad_identifier"


@given(identifiers, st.data())
def test_two_neighbours_in_the_wrong_order_are_refused(text: str, data: st.DataObject) -> None:
    """I3: swapping two different neighbours is an error of two characters."""
    place = data.draw(st.integers(0, len(text) - 2).filter(lambda i: text[i] != text[i + 1]))
    assert refusal(text[:place] + text[place + 1] + text[place] + text[place + 2 :]).name == "bad_identifier"


@pytest.mark.parametrize("text", [GOOD.replace("p", "P", 1), GOOD[:-1] + GOOD[-1].upper(), "T" + GOOD[1:]])
def test_mixed_case_is_refused(text: str) -> None:
    """I4: 'No mixed case.'"""
    assert "small and capital" in refusal(text).message


@pytest.mark.parametrize(
    "text",
    ["", "1", GOOD[:-1], GOOD + "q", "x" + GOOD, GOOD[1:3] + GOOD[4:], GOOD[3:], "t1" + GOOD[4:], "t2m" + GOOD[3:]],
)
def test_other_lengths_are_refused(text: str) -> None:
    """I4: '49 (`dm`) or 50 (three-letter hrp); nothing else is accepted'; a prefix is two or three letters."""
    assert "49 or 50" in refusal(text).message


@pytest.mark.parametrize("prefix", ["", "d", "tdmx", "TDM", "t2m", "té"])
def test_a_prefix_is_two_or_three_small_letters(prefix: str) -> None:
    """I1: a custom three-letter prefix works (`xdm` above), nothing else."""
    with pytest.raises(IdentifierError, match="prefix"):
        encode_identifier(PLAIN, None, prefix)
    longer = with_checksum(prefix.lower(), values_of(GOOD)) if prefix != "TDM" else "TDM" + GOOD[3:]
    assert refusal(longer).name == "bad_identifier"


@pytest.mark.parametrize("version", [0, 2, 31])
def test_another_version_is_refused(version: int) -> None:
    """I4: one version character, `p` (value 1)."""
    text = with_checksum("tdm", [version, *values_of(GOOD)[1:]])
    assert f"version {version}," in refusal(text).message


@pytest.mark.parametrize("bits", [1, 2, 4, 7])
def test_padding_must_be_zero(bits: int) -> None:
    """I4: 24 bytes are 38 groups and two bits; the three bits that fill the last group are 0."""
    values = values_of(GOOD)
    assert with_checksum("tdm", values) == GOOD
    assert "zero bits" in refusal(with_checksum("tdm", [*values[:-1], values[-1] | bits])).message


@pytest.mark.parametrize(
    ("address", "subaddress"), [(bytes(15), None), (bytes(17), None), (PLAIN, bytes(7)), (bytes(15), bytes(9))]
)
def test_sizes_are_checked(address: bytes, subaddress: bytes | None) -> None:
    """I1: 16 and 8 bytes."""
    with pytest.raises(IdentifierError):
        encode_identifier(address, subaddress)


def test_an_identifier_of_another_network_is_told_apart_from_a_mistyped_one() -> None:
    """I5: a good identifier with another prefix is `wrong_prefix`, one that was mistyped is not."""
    error = refusal(VECTORS[2][3], "tdm")
    assert (error.name, error.details) == ("wrong_prefix", {"prefix": "dm", "expected": "tdm"})
    assert "tdm1" in error.message
    assert refusal("pdm" + GOOD[3:], "tdm").name == "bad_identifier"


def test_prefixes_of_chains() -> None:
    """I5: `dm` mainnet, `tdm` test networks (ids 2, 3 and 4, and any other), `pdm` pre-mainnet."""
    assert [prefix_of(chain) for chain in (1, 2, 3, 4, 5, 6, 255)] == ["dm", "tdm", "tdm", "tdm", "pdm", "tdm", "tdm"]


def test_the_intent_vector() -> None:
    """I6; reference 1.6: address e46a..., subaddress 0001020304050607, 1 XUS."""
    payee = Identifier("tdm", Address(PLAIN), bytes(range(8)))
    assert encode_intent(encode_identifier(PLAIN, bytes(range(8))), "XUS", 1_000_000) == INTENT
    assert decode_intent(INTENT) == decode_intent(INTENT, "tdm") == Intent(payee, "XUS", 1_000_000)


def test_currency_and_amount_may_be_left_out() -> None:
    """I6: 'c and am at most once each'."""
    base = INTENT.partition("?")[0]
    payee = decode_identifier(base.removeprefix("diem://"))
    assert encode_intent(base.removeprefix("diem://")) == base
    assert decode_intent(base) == Intent(payee, None, None)
    assert decode_intent(f"{base}?am=5") == Intent(payee, None, 5)
    assert decode_intent(f"{base}?am=5&c=XEU") == Intent(payee, "XEU", 5)
    assert decode_intent(f"{base}?am={U64_MAX}").amount == U64_MAX


@pytest.mark.parametrize(
    "query",
    [
        "?", "?c=XUS&", "?c=XUS&c=XUS", "?am=1&am=1", "?x=1", "?c=", "?c=xus", "?c=1US", "?c=X%55S", "?am=", "?am=0",
        "?am=-1", "?am=+1", "?am=01", "?am=1.5", "?am=1_0", "?am=\N{FULLWIDTH DIGIT ONE}", f"?am={U64_MAX + 1}",
        "#am=1",
    ],
)  # fmt: skip
def test_other_intents_are_refused(query: str) -> None:
    """I6: each once, nothing else, whole micro-units up to 2^64-1."""
    with pytest.raises(IdentifierError):
        decode_intent(INTENT.partition("?")[0] + query)


def test_an_intent_needs_its_scheme_and_a_good_identifier() -> None:
    """I6: `diem://`, and the identifier's own rules."""
    for text in (INTENT.replace("diem", "DIEM"), INTENT.removeprefix("diem://"), INTENT.replace("tdm1pu", "tdm1pq")):
        with pytest.raises(IdentifierError):
            decode_intent(text)
    with pytest.raises(IdentifierError) as caught:
        decode_intent(INTENT, "dm")
    assert caught.value.name == "wrong_prefix"


@pytest.mark.parametrize(
    ("currency", "amount"), [("xus", None), ("", None), (None, 0), (None, -1), (None, U64_MAX + 1)]
)
def test_no_intent_is_written_that_cannot_be_read(currency: str | None, amount: int | None) -> None:
    """I6."""
    with pytest.raises(IdentifierError):
        encode_intent(GOOD, currency, amount)
