"""The one place that rounds published figures. The rule is `half-up`; the others exist to show that they fail.

An exact value is a `Fraction`; a rounded one a `Decimal` with exactly the digits that are printed. `float` computes
as a spreadsheet with binary numbers would: it is here as a mutation, no figure of ours comes from it.
"""

from decimal import Decimal
from fractions import Fraction

from economy.errors import ParameterError

HALF_UP = "half-up"
FLOAT = "float"
MODES = (HALF_UP, "half-even", "half-down", "down", "up", FLOAT)
"""Every rounding mode by name, the rule first."""


def check_mode(mode: str) -> None:
    """ParameterError unless it is one of `MODES`."""
    if mode not in MODES:
        raise ParameterError(f"unknown rounding {mode[:20]!r}; there are {', '.join(MODES)}", rounding=mode[:20])


def round_places(value: Fraction, places: int, mode: str = HALF_UP) -> Decimal:
    """A value with exactly `places` decimal places; ParameterError for an unknown mode."""
    if mode == FLOAT:
        return Decimal(f"{round(float(value), places):.{max(places, 0)}f}")
    scaled = value * Fraction(10) ** places
    return Decimal(_to_integer(scaled, mode)).scaleb(-places)


def round_significant(value: Fraction, digits: int, mode: str = HALF_UP) -> Decimal:
    """A positive value with exactly `digits` significant digits: 1.57861, 0.633469, 0.100000."""
    if mode == FLOAT:
        value = Fraction(float(f"{float(value):.{digits}g}"))
    places = digits - 1 - _magnitude(value)
    rounded = round_places(value, places, mode)
    if _magnitude(Fraction(rounded)) > _magnitude(value):  # 9.999996 became 10.00000: one digit too many
        rounded = round_places(Fraction(rounded), places - 1, mode)
    return rounded


def _to_integer(value: Fraction, mode: str) -> int:
    """The integer that a mode makes of a fraction, without a detour over limited decimals."""
    check_mode(mode)
    sign, value = (-1, -value) if value < 0 else (1, value)
    whole, rest = divmod(value.numerator, value.denominator)
    twice = 2 * rest - value.denominator
    is_up = {
        HALF_UP: twice >= 0,
        "half-even": twice > 0 or (twice == 0 and whole % 2 == 1),
        "half-down": twice > 0,
        "down": False,
        "up": rest > 0,
    }[mode]
    return sign * (whole + is_up)


def _magnitude(value: Fraction) -> int:
    """The power of ten of a positive value's first digit."""
    assert value > 0
    power = len(str(value.numerator)) - len(str(value.denominator))
    return power if value >= Fraction(10) ** power else power - 1
