"""What may stand on a screen: text without tricks, times in UTC, amounts in whole coins, rates without floats."""

import shlex
import unicodedata
from datetime import UTC, datetime, timedelta

from node.client.amounts import format_amount

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls (terminal sequences begin with one), formats (bidi and zero-width), lone surrogates, line separators."""
RATE_DECIMALS = 9


def clean(text: str) -> str:
    """The text without characters that are not seen but act: controls, bidi marks, zero-width, line separators."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char for char in text if unicodedata.category(char) not in _HIDDEN)


def quoted(text: str) -> str:
    """Words of strangers, such as a name on chain: cleaned, and in quotation marks that they cannot close."""
    inner = clean(text).replace("“", "'").replace("”", "'")
    return f"“{inner}”"


def utc(timestamp_us: int) -> str:
    """Microseconds since 1970 as `2023-11-14 22:13:20.000 UTC`; any number gives a text."""
    try:
        moment = _EPOCH + timedelta(microseconds=timestamp_us)
    except OverflowError:
        return "after the year 9999"
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"


def coins(micro: int) -> str:
    """Micro-units as whole coins, as short as they can be typed: 25, 0.5, 0.0006."""
    sign = "-" if micro < 0 else ""
    return sign + format_amount(abs(micro)).rstrip("0").rstrip(".")


def command(*words: str) -> str:
    """A command of ours to type, with its words quoted where a shell needs it."""
    return shlex.join(["mithqal", *map(clean, words)])


def money(micro: int, currency: str) -> str:
    """`25 XUS`. The currency may come from a transaction that failed, so it may be any text."""
    return f"{coins(micro)} {clean(currency)}"


def signed(micro: int) -> str:
    """A change of a balance with its sign and six decimals: +25.000000, -0.000600, 0.000000."""
    sign = "-" if micro < 0 else "+" if micro > 0 else ""
    return sign + format_amount(abs(micro))


def rate(fixed32: int) -> str:
    """A 32-bit fixed point number as a decimal, rounded to nine places (2^-32 is finer than the ninth)."""
    scale: int = 10**RATE_DECIMALS
    nano = (fixed32 * scale + (1 << 31)) >> 32
    text = f"{nano // scale}.{nano % scale:0{RATE_DECIMALS}d}"
    return text.rstrip("0").rstrip(".")


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 block`, `2 blocks`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
