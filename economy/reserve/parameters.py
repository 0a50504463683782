"""What people type: shares, days with shares, amounts; each mistake is one sentence, ParameterError `bad_parameter`."""

import re
from decimal import Decimal

from economy.errors import ParameterError
from economy.reserve.book import ONE
from economy.reserve.presets import PPM

MOST_COINS = 10**15
_SHARE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,8})?)(%?)")
_COINS = re.compile(r"[0-9]{1,16}(\.[0-9]{1,6})?")


def share_ppm(text: str, what: str) -> int:
    """A share as "0.05" or "5%", in parts per million, between 0 and 1; finer than a millionth is refused."""
    found = _SHARE.fullmatch(text.strip())
    if not found:
        raise ParameterError(f"{what} is {text[:30]!r}: a share is written 0.05 or 5%, never negative", value=text[:30])
    value = Decimal(found[1]) / (100 if found[2] else 1)
    if value > 1:
        raise ParameterError(f"{what} is {text}: a share is at most 1, or 100%", value=text)
    ppm = value * PPM
    if ppm != int(ppm):
        raise ParameterError(f"{what} is {text}: a share has at most six decimals", value=text)
    return int(ppm)


def day_share(text: str, what: str, *, days: int) -> tuple[int, int]:
    """A day of the run, the first being 1, and a share: "3:0.1" or "3:10%". Gives the day from 0, and ppm."""
    day, colon, share = text.partition(":")
    if not colon or not re.fullmatch("[0-9]{1,5}", day):
        raise ParameterError(f"{what} is {text[:30]!r}: write DAY:SHARE, such as 3:10%", value=text[:30])
    if not 1 <= int(day) <= days:
        raise ParameterError(f"{what} is on day {day}: the run has days 1 to {days}", value=text, days=days)
    return int(day) - 1, share_ppm(share, what)


def yield_ppb(text: str, what: str) -> int:
    """A yield a year as "0.04" or "4%", at most 50 %, in parts per billion."""
    ppm = share_ppm(text, what)
    if ppm > PPM // 2:
        raise ParameterError(f"{what} is {text}: yields up to 50% a year are understood", value=text)
    return ppm * 1000


def coins_micro(text: str) -> int:
    """An amount of coins above 0, in micro-coins."""
    if not _COINS.fullmatch(text) or not 0 < Decimal(text) <= MOST_COINS:
        raise ParameterError(
            f"coins are {text[:30]!r}: an amount above 0, up to {MOST_COINS:,}, with at most six decimals",
            value=text[:30],
        )
    return int(Decimal(text) * ONE)


def check_shares_sum(shares: dict[str, int]) -> None:
    """Shares that together are more than all of it are a mistake."""
    if sum(shares.values()) > PPM:
        told = ", ".join(f"{name} {share / PPM:g}" for name, share in shares.items())
        raise ParameterError(f"these shares of the coins sum to more than 1: {told}", shares=dict(shares))
