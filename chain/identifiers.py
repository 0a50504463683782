"""Account identifiers (DIP-5): an address and a subaddress as checksummed text, and the intents that wallets exchange.

An identifier is bech32 (BIP-173): a prefix that names the kind of network, the separator `1`, one character of version,
24 bytes in groups of 5 bits, 6 characters of checksum (docs/protocol.md, I1 to I6).
"""

import re
from typing import NamedTuple, NoReturn

from chain.errors import MithqalError
from chain.primitives import U64_MAX, Address

SUBADDRESS_BYTES = 8
NO_SUBADDRESS = bytes(SUBADDRESS_BYTES)
"""Eight zero bytes stand for the account itself."""
TEST_PREFIX = "tdm"
PREFIXES = {1: "dm", 2: TEST_PREFIX, 3: TEST_PREFIX, 4: TEST_PREFIX, 5: "pdm"}
"""Prefix by chain id (Diem's numbers); every other chain is a test chain."""
INTENT_SCHEME = "diem://"

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {char: value for value, char in enumerate(_ALPHABET)}
_VERSION = 1
_CHECKSUM = 6
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_PREFIX_SIZES = (2, 3)
_BODY = 1 + -(-8 * (16 + SUBADDRESS_BYTES) // 5) + _CHECKSUM
"""Characters after the separator: version, 24 bytes in groups of 5 bits, checksum."""
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]*", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)


class IdentifierError(MithqalError):
    """A text that is no identifier or intent, or one of another kind of network (`wrong_prefix`)."""

    name = "bad_identifier"


class Identifier(NamedTuple):
    """Whom an identifier names. `subaddress` is None for the account itself."""

    prefix: str
    address: Address
    subaddress: bytes | None


class Intent(NamedTuple):
    """Whom to pay, and if it says so in which currency and how many micro-units."""

    payee: Identifier
    currency: str | None
    amount: int | None


def prefix_of(chain_id: int) -> str:
    """The prefix of a chain's identifiers."""
    return PREFIXES.get(chain_id, TEST_PREFIX)


def encode_identifier(address: bytes, subaddress: bytes | None = None, prefix: str = TEST_PREFIX) -> str:
    """The identifier of an address (16 bytes) and a subaddress (8 bytes, or none): 49 or 50 characters."""
    data = address + (NO_SUBADDRESS if subaddress is None else subaddress)
    if len(address) != 16 or len(data) != 16 + SUBADDRESS_BYTES:
        _refuse(f"an address has 16 bytes and a subaddress {SUBADDRESS_BYTES}, got {len(data)} in all")
    if not _is_prefix(prefix):
        _refuse(f"a prefix has two or three small letters, got {prefix[:40]!r}")
    values = [_VERSION, *_to_groups(data)]
    return f"{prefix}1" + "".join(_ALPHABET[value] for value in values + _checksum(prefix, values))


def decode_identifier(text: str, prefix: str | None = None) -> Identifier:
    """Read an identifier, of the given prefix if there is one.

    Raises IdentifierError: `bad_identifier` for what is none, `wrong_prefix` for a good one of another network.
    """
    if text not in (text.lower(), text.upper()):
        _refuse(f"{text[:60]!r} mixes small and capital letters")
    text = text.lower()
    found, separator, body = text.rpartition("1")
    if len(body) != _BODY or not separator or not _is_prefix(found):
        sizes = " or ".join(str(size + 1 + _BODY) for size in _PREFIX_SIZES)
        _refuse(
            f"{text[:60]!r} is no identifier: a prefix, 1, then {_BODY} characters, {sizes} in all, not {len(text)}"
        )
    strange = next((char for char in body if char not in _VALUES), None)
    if strange is not None:
        _refuse(f"{text!r} holds {strange!r}, which no identifier does")
    values = [_VALUES[char] for char in body]
    if values[-_CHECKSUM:] != _checksum(found, values[:-_CHECKSUM]):
        _refuse(f"{text!r} is mistyped: its checksum does not fit")
    if values[0] != _VERSION:
        _refuse(f"{text!r} has version {values[0]}, this chain knows version {_VERSION}")
    data = _from_groups(text, values[1:-_CHECKSUM])
    if prefix is not None and found != prefix:
        raise IdentifierError(
            f"{text!r} is of another network: identifiers of this one start with {prefix}1", name="wrong_prefix",
            prefix=found, expected=prefix,
        )  # fmt: skip
    subaddress = data[16:]
    return Identifier(found, Address(data[:16]), None if subaddress == NO_SUBADDRESS else subaddress)


def encode_intent(identifier: str, currency: str | None = None, amount: int | None = None) -> str:
    """`diem://IDENTIFIER?c=CURRENCY&am=AMOUNT`; the amount is in micro-units."""
    if currency is not None and not _CURRENCY.fullmatch(currency):
        _refuse(f"{currency[:40]!r} is no currency code")
    if amount is not None and not 0 < amount <= U64_MAX:
        _refuse(f"an intent asks for 1 to 2^64-1 micro-units, got {amount}")
    pairs = [("c", currency), ("am", amount)]
    query = "&".join(f"{name}={value}" for name, value in pairs if value is not None)
    return f"{INTENT_SCHEME}{identifier}" + (f"?{query}" if query else "")


def decode_intent(text: str, prefix: str | None = None) -> Intent:
    """Read an intent: `c` and `am` at most once each and nothing else. Raises IdentifierError."""
    if not text.startswith(INTENT_SCHEME):
        _refuse(f"an intent starts with {INTENT_SCHEME}, got {text[:60]!r}")
    identifier, question, query = text.removeprefix(INTENT_SCHEME).partition("?")
    found: dict[str, str] = {}
    for pair in query.split("&") if question else []:
        name, _, value = pair.partition("=")
        if name not in ("c", "am") or name in found:
            _refuse(f"an intent says c and am at most once each and nothing else, got {pair[:60]!r}")
        found[name] = value
    currency, amount = found.get("c"), found.get("am")
    if currency is not None and not _CURRENCY.fullmatch(currency):
        _refuse(f"{currency[:40]!r} is no currency code")
    if amount is not None and (not _NUMBER.fullmatch(amount) or int(amount) > U64_MAX):
        _refuse(f"an intent asks for 1 to 2^64-1 micro-units, got {amount[:40]!r}")
    return Intent(decode_identifier(identifier, prefix), currency, None if amount is None else int(amount))


def _refuse(message: str) -> NoReturn:
    """Raise `bad_identifier`."""
    raise IdentifierError(message)


def _is_prefix(text: str) -> bool:
    """Two or three small ASCII letters."""
    return len(text) in _PREFIX_SIZES and text.isascii() and text.isalpha() and text.islower()


def _to_groups(data: bytes) -> list[int]:
    """Bytes as groups of 5 bits, the first bit first; the last group is filled with zero bits."""
    count = -(-8 * len(data) // 5)
    number = int.from_bytes(data, "big") << (5 * count - 8 * len(data))
    return [number >> 5 * (count - 1 - place) & 31 for place in range(count)]


def _from_groups(text: str, groups: list[int]) -> bytes:
    """The bytes of groups of 5 bits; the bits that fill the last group must be 0."""
    number = 0
    for group in groups:
        number = number << 5 | group
    size, spare = divmod(5 * len(groups), 8)
    if number & (1 << spare) - 1:
        _refuse(f"{text!r} does not end in zero bits")
    return (number >> spare).to_bytes(size, "big")


def _checksum(prefix: str, values: list[int]) -> list[int]:
    """The six values after `values` (BIP-173: a BCH code over the prefix, constant 1)."""
    spread = [ord(char) >> 5 for char in prefix] + [0] + [ord(char) & 31 for char in prefix]
    state = 1
    for value in [*spread, *values, *[0] * _CHECKSUM]:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATORS):
            state ^= generator if top >> place & 1 else 0
    return [(state ^ 1) >> 5 * (_CHECKSUM - 1 - place) & 31 for place in range(_CHECKSUM)]
