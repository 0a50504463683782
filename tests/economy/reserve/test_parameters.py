"""What people type: both sides of each limit, and one clear error for each mistake."""

import pytest

from economy.errors import ParameterError
from economy.reserve.parameters import check_shares_sum, coins_micro, day_share, share_ppm, yield_ppb


@pytest.mark.parametrize(
    ("text", "ppm"), [("0", 0), ("1", 1_000_000), ("0.05", 50_000), ("5%", 50_000), ("0.0001%", 1), ("100%", 1_000_000)]
)
def test_shares(text: str, ppm: int) -> None:
    """A share is 0.05 or 5 %."""
    assert share_ppm(text, "--redeem") == ppm


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1.000001", "--haircut is 1.000001: a share is at most 1"),
        ("101%", "at most 1"),
        ("-0.1", "never negative"),
        ("", "a share is written"),
        ("5e-2", "a share is written"),
        ("nan", "a share is written"),
        ("0.0000001", "six decimals"),
    ],
)
def test_wrong_shares(text: str, told: str) -> None:
    """'Absurd parameters (a haircut above 1): one clear error.'"""
    with pytest.raises(ParameterError, match=told) as caught:
        share_ppm(text, "--haircut")
    assert caught.value.name == "bad_parameter"


def test_a_day_and_a_share() -> None:
    """Days count from 1 for people and from 0 inside."""
    assert day_share("1:10%", "--whale", days=3) == (0, 100_000)
    assert day_share("3:0.5", "--whale", days=3) == (2, 500_000)
    for text, told in (("0:0.1", "days 1 to 3"), ("4:0.1", "days 1 to 3"), ("3", "DAY:SHARE"), ("a:0.1", "DAY:SHARE")):
        with pytest.raises(ParameterError, match=told):
            day_share(text, "--whale", days=3)


def test_yields() -> None:
    """Up to half a year's worth."""
    assert yield_ppb("4%", "--yield") == 40_000_000
    assert yield_ppb("0.5", "--yield") == 500_000_000
    with pytest.raises(ParameterError, match="up to 50%"):
        yield_ppb("0.500001", "--yield")


def test_coins() -> None:
    """Above 0, micro-units exact."""
    assert coins_micro("0.000001") == 1
    assert coins_micro("1000000000000000") == 10**21
    for text in ("0", "-5", "1000000000000001", "1.0000001", "1e9", ""):
        with pytest.raises(ParameterError, match="an amount above 0"):
            coins_micro(text)


def test_shares_that_are_more_than_all() -> None:
    """'Shares not summing to 1': whales and dealers cannot hold more coins than there are."""
    check_shares_sum({"a": 400_000, "b": 600_000})
    with pytest.raises(ParameterError, match=r"sum to more than 1: a 0\.4, b 0\.600001"):
        check_shares_sum({"a": 400_000, "b": 600_001})
