"""Times as people type them."""

import re
from datetime import UTC, datetime

from chain.errors import MithqalError

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_FROM_NOW = re.compile(r"\+([0-9]{1,9})([smhd])")
_SECONDS = re.compile(r"@([0-9]{1,12})")
HOW = "a time is like 2027-01-31T09:00 (UTC), 2027-01-31T09:00+02:00, +90s, +15m, +2h, +3d, or @ and seconds since 1970"


class BadTime(MithqalError):
    """A text that is no time, or one that has passed."""

    name = "bad_time"


def parse_time(text: str, now_secs: int) -> int:
    """Seconds since 1970 of a time that is still to come; BadTime otherwise."""
    found = _read(text.strip(), now_secs)
    if found is None:
        raise BadTime(f"{text[:64]!r} is no time: {HOW}")
    if found <= now_secs:
        raise BadTime(f"{text[:64]} has passed: it is {show_time(now_secs)} now", time=found, now=now_secs)
    return found


def show_time(seconds: int) -> str:
    """`2027-01-31 09:00:00 UTC`."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"{seconds} s"


def _read(text: str, now_secs: int) -> int | None:
    """What a text says, in seconds since 1970."""
    if match := _FROM_NOW.fullmatch(text):
        return now_secs + int(match[1]) * _UNITS[match[2]]
    if match := _SECONDS.fullmatch(text):
        return int(match[1])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) < len("2027-01-31T09:00"):  # a day alone is not a time
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
