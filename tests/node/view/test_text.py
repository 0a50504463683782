"""What may stand on a screen; times, amounts and rates as text."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chain.primitives import U64_MAX
from node.client.amounts import parse_amount
from node.view.notice import PLAY_MONEY
from node.view.text import clean, coins, command, count, money, quoted, rate, signed, utc
from tests.house.rules import ROOT


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("us-wallet", "us-wallet"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("a\r\nb\tc\x00d\x7fe\x9bf", "abcdef"),
        ("\u202eevil\u202c\u2066x\u2069\u200f\u061c", "evilx"),
        ("zero\u200b\u200d\ufeffwidth", "zerowidth"),
        ("line\u2028para\u2029graph", "lineparagraph"),
        ("lone\ud800surrogate", "lonesurrogate"),
        ("مثقال ¥ é 🪙", "مثقال ¥ é 🪙"),
    ],
)
def test_what_acts_instead_of_being_seen_is_dropped(text: str, shown: str) -> None:
    """Hostile text is stripped of control and bidi characters; what is only foreign stays."""
    assert clean(text) == shown


@given(st.text())
@example("\x1b]0;title\x07")
def test_clean_text_holds_no_character_that_acts(text: str) -> None:
    """Cleaning twice is cleaning once; every kept character is one of the text's, in order."""
    shown = clean(text)
    assert clean(shown) == shown
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in shown)
    rest = iter(text)
    assert all(char in rest for char in shown)
    shown.encode()


def test_words_of_strangers_stand_in_quotes_that_they_cannot_close() -> None:
    """A name on chain such as `x” is the treasury` stays one name."""
    assert quoted("us-wallet") == "“us-wallet”"
    assert quoted("a” or “b\n") == "“a' or 'b”"


@pytest.mark.parametrize(
    ("time_us", "text"),
    [
        (0, "1970-01-01 00:00:00.000 UTC"),
        (1_700_000_000_000_000, "2023-11-14 22:13:20.000 UTC"),
        (1_700_000_000_123_999, "2023-11-14 22:13:20.123 UTC"),
        (253_402_300_799_999_999, "9999-12-31 23:59:59.999 UTC"),
        (253_402_300_800_000_000, "after the year 9999"),
        (U64_MAX * 1_000_000, "after the year 9999"),
    ],
)
def test_times_are_utc(time_us: int, text: str) -> None:
    """Times in UTC, cut to milliseconds; an expiration may be any 64-bit number of seconds."""
    assert utc(time_us) == text


@pytest.mark.parametrize(
    ("micro", "whole", "change"),
    [
        (0, "0", "0.000000"),
        (1, "0.000001", "+0.000001"),
        (600, "0.0006", "+0.000600"),
        (25_000_000, "25", "+25.000000"),
        (1_500_000, "1.5", "+1.500000"),
        (100_000_000, "100", "+100.000000"),
        (-25_000_600, "-25.0006", "-25.000600"),
        (U64_MAX, "18446744073709.551615", "+18446744073709.551615"),
    ],
)
def test_amounts(micro: int, whole: str, change: str) -> None:
    """Whole coins as short as possible in a sentence; sign and six decimals in a table."""
    assert coins(micro) == whole
    assert signed(micro) == change
    assert money(micro, "X\x1bUS") == f"{whole} XUS"


@given(st.integers(1, U64_MAX))
def test_an_amount_of_a_sentence_can_be_typed(micro: int) -> None:
    """What `coins` writes, `parse_amount` reads."""
    assert parse_amount(coins(micro)) == micro


@pytest.mark.parametrize(
    ("fixed", "text"),
    [(0, "0"), (1 << 32, "1"), (3 << 31, "1.5"), (1, "0"), (2, "0"), (3, "0.000000001"), (1 << 26, "0.015625"),
     ((1 << 32) - 1, "1"), (0x119999999, "1.1"), (U64_MAX, "4294967296")],
)  # fmt: skip
def test_rates_are_rounded_to_nine_places(fixed: int, text: str) -> None:
    """A 32-bit fixed point number, in integers only."""
    assert rate(fixed) == text


def test_commands_can_be_pasted() -> None:
    """What a hint says to type is quoted where a shell needs it, and holds nothing that acts."""
    assert command("tx", "list", "--account", "alice@us-wallet") == "mithqal tx list --account alice@us-wallet"
    assert command("explorer", "my name; rm\x1b *") == "mithqal explorer 'my name; rm *'"


def test_counts() -> None:
    """One block, no blocks, two blocks."""
    assert [count(n, "block") for n in (0, 1, 2)] == ["0 blocks", "1 block", "2 blocks"]
    assert count(2, "child", "children") == "2 children"


def test_the_readme_says_what_the_explorer_says() -> None:
    """README, demo and explorer say the play-money sentence, word for word."""
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"*{PLAY_MONEY}*" in readme
    assert PLAY_MONEY == (
        "A simulator for teaching and research. Its coins have no value, are not redeemable, and are not legal tender, "
        "e-money or a payment stablecoin. Not affiliated with Meta, WhatsApp, Novi or the former Libra and Diem "
        "associations; names are used only to tell history. All people, firms and lists are invented."
    )
