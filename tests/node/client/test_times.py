"""Times as people type them: exact seconds, UTC where nothing else is said, and nothing that has passed."""

import pytest

from node.client.times import BadTime, parse_time, show_time

NOW = 1_800_000_000
"""2027-01-15 08:00:00 UTC."""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2027-01-15T08:00:01", NOW + 1), ("2027-01-15T09:00", NOW + 3_600), ("2027-01-15 09:00", NOW + 3_600),
        ("2027-01-15T10:00+02:00", None), ("2027-01-15T10:00:05+02:00", NOW + 5), ("2027-01-15T08:00:07Z", NOW + 7),
        ("+90s", NOW + 90), ("+15m", NOW + 900), ("+2h", NOW + 7_200), ("+3d", NOW + 3 * 86_400),
        ("@1800000001", NOW + 1), (" +1s ", NOW + 1), ("@1800000000", None), ("+0s", None), ("2026-12-31T00:00", None),
    ],
)  # fmt: skip
def test_times(text: str, seconds: int | None) -> None:
    """A time to come is its seconds; the present second has passed."""
    if seconds is not None:
        assert parse_time(text, NOW) == seconds
        return
    with pytest.raises(BadTime) as caught:
        parse_time(text, NOW)
    assert "2027-01-15 08:00:00 UTC now" in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["", "soon", "2027-01-31", "+1w", "+-1s", "+1.5h", "90s", "@", "@x", "2027-13-01T00:00", "+1s+1s", "@" + "9" * 13],
)
def test_what_is_no_time(text: str) -> None:
    """A day alone, a month 13, a sign, a unit or digits too many."""
    with pytest.raises(BadTime) as caught:
        parse_time(text, NOW)
    assert "a time is like" in caught.value.message


def test_shown() -> None:
    """For people, also where no calendar reaches."""
    assert show_time(NOW) == "2027-01-15 08:00:00 UTC"
    assert show_time(10**12) == "1000000000000 s"
