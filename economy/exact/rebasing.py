"""From weights to fixed amounts, as the IMF re-bases the SDR, and back.

Rule: amount_i = k w_i / m_i, where m_i is the mean value of one unit in US dollars over the three months that end on
the transition day, and k makes the new basket worth as much as the old one on that day. Since 2016 the amounts are
rounded to five significant digits, and the dollar's is then moved by single last digits as long as the two values
come closer.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from economy.errors import ParameterError
from economy.exact.rounding import round_significant

AMOUNT_DIGITS = 5
_MOST_NUDGES = 1_000

Numbers = Mapping[str, Fraction]


def amounts_from_weights(weights: Numbers, means: Numbers, last: Numbers, value: Fraction) -> dict[str, Fraction]:
    """Exact amounts whose value by the rates `last` is `value`, and whose shares by the rates `means` are `weights`.

    Rates are values of one unit in one common money. ParameterError unless the three name the same currencies with
    positive numbers; the weights may have any sum.
    """
    for numbers in (weights, means, last):
        if set(numbers) != set(weights) or any(number <= 0 for number in numbers.values()):
            raise ParameterError("weights and rates name the same currencies, each with a positive number")
    raw = {code: weights[code] / means[code] for code in weights}
    factor = value / sum(raw[code] * last[code] for code in raw)
    return {code: factor * amount for code, amount in raw.items()}


def rounded_amounts(amounts: Numbers, last: Numbers, value: Fraction, *, nudged: str = "USD") -> dict[str, Decimal]:
    """The amounts with five significant digits, and that of `nudged` moved to bring their value nearest to `value`."""
    found = {code: round_significant(amount, AMOUNT_DIGITS) for code, amount in amounts.items()}
    exponent = found[nudged].as_tuple().exponent
    assert isinstance(exponent, int)
    step = Decimal(1).scaleb(exponent)
    for _ in range(_MOST_NUDGES):
        gap = value - sum(Fraction(found[code]) * last[code] for code in found)
        sign = 1 if gap > 0 else -1
        if abs(gap - sign * Fraction(step) * last[nudged]) >= abs(gap):
            break
        found[nudged] += sign * step
    return found


def weights_from_amounts(amounts: Numbers, rates: Numbers) -> dict[str, Fraction]:
    """The share of each currency in the basket's value by these rates: exact, they sum to 1."""
    values = {code: amounts[code] * rates[code] for code in amounts}
    total = sum(values.values())
    return {code: Fraction(value) / total for code, value in values.items()}
