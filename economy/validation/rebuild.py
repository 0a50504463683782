"""Gate 2: the SDR rebuilt from the ECB's rates: published values, changes of the basket, amounts from weights.

The IMF takes rates at noon in London, the ECB sets its own about two hours later: on 106 days from 2007 to 2025 the
median distance was 3.3 bp, the largest 26.5 bp. The nine published values that are here are held against 27 bp.
"""

import datetime
import statistics
from collections.abc import Iterator
from fractions import Fraction

from economy.exact.rebasing import amounts_from_weights, rounded_amounts, weights_from_amounts
from economy.exact.sdr import rebuilt_rates, value_sdr
from economy.exact.tables import SdrBasket, Weights, basket_on, published_values, sdr_baskets, sdr_weights, source_of
from economy.market.rates import load_day
from economy.market.reading import load_history
from economy.validation.gate import Gate

GATE = 2
MOST_BP = Fraction(27)
MOST_BP_AT_CHANGE = Fraction(7, 10)
MOST_PERCENT = {2016: Fraction(2, 100), 2022: Fraction(5, 100)}
"""How far amounts from weights may be from the published ones; the yuan's distance is reported."""


def gates() -> Iterator[Gate]:
    """The nine values and their median, the five changes, the amounts of 2016 and 2022."""
    yield from _values()
    for before, after in zip(sdr_baskets(), sdr_baskets()[1:], strict=False):
        yield _change(before, after)
    for weights in sdr_weights():
        yield from _amounts(weights)


def _values() -> Iterator[Gate]:
    """Published values against the rebuild."""
    source = source_of("sdr_published.csv")
    distances = []
    for date, published in published_values():
        ours = value_sdr(date, rebuilt_rates(date, load_day(date))).sdr_per_usd
        distance = abs(Fraction(ours) / Fraction(published) - 1) * 10_000
        distances.append(distance)
        shown = f"{ours} ({float(distance):.1f} bp)"
        yield Gate(GATE, f"SDR for a dollar, {date}", str(published), shown, "27 bp", distance <= MOST_BP, source)
    median = f"{float(statistics.median(distances)):.1f} bp over {len(distances)} days"
    words = "reported: the 106 days of the published median are not all here"
    yield Gate(GATE, "median distance", "3.3 bp over 106 days", median, words, True, source, is_gated=False)


def _change(before: SdrBasket, after: SdrBasket) -> Gate:
    """The old and the new basket on the last fixing before the change at which both are known."""
    day = _last_day(after)
    old, new = (_value(basket, day) for basket in (before, after))
    distance = abs(new / old - 1) * 10_000
    ours = f"{float(distance):.2f} bp ({float(old):.6f}, {float(new):.6f} on {day})"
    name = f"change of the SDR basket, {after.effective}"
    source = source_of("sdr_amounts.csv")
    return Gate(GATE, name, "equal value", ours, "0.7 bp", distance <= MOST_BP_AT_CHANGE, source)


def _last_day(after: SdrBasket) -> datetime.date:
    """The transition day: the last fixing before the change; in 2010 the IMF took the 30th, not the 31st."""
    last = load_day(after.effective - datetime.timedelta(1)).date
    return datetime.date(2010, 12, 30) if after.effective == datetime.date(2011, 1, 1) else last


def _value(basket: SdrBasket, day: datetime.date) -> Fraction:
    """US dollars for a basket at the ECB's rates, exact."""
    rates = load_day(day)
    return sum((Fraction(amount) * rates.cross(code, "USD") for code, amount in basket.amounts.items()), Fraction(0))


def _amounts(weights: Weights) -> Iterator[Gate]:
    """Amounts by the IMF's rule from weights and mean rates, against the published ones."""
    after = basket_on(weights.effective)
    before = basket_on(weights.effective - datetime.timedelta(1))
    window = load_history().window([*weights.percent, "USD"], weights.mean_from, weights.mean_to)
    means = {code: Fraction(float(window.value(code, "USD").mean())) for code in weights.percent}
    rates = load_day(weights.mean_to)
    last = {code: rates.cross(code, "USD") for code in weights.percent}
    shares = {code: Fraction(percent) for code, percent in weights.percent.items()}
    found = amounts_from_weights(shares, means, last, _value(before, weights.mean_to))
    source = f"{source_of('sdr_weights.csv')}; {source_of('sdr_amounts.csv')}"
    most = MOST_PERCENT[weights.effective.year]
    for code, ours in found.items():
        published = after.amounts[code]
        distance = (ours / Fraction(published) - 1) * 100
        shown = f"{float(ours):.6g} ({float(distance):+.3f} %)"
        is_gated = code != "CNY"
        tolerance = f"{float(most)} %" if is_gated else "reported"
        is_near = not is_gated or abs(distance) <= most
        name = f"amount of {code} from weights, {weights.effective}"
        yield Gate(GATE, name, str(published), shown, tolerance, is_near, source, is_gated)
    back = weights_from_amounts(found, means)
    is_back = all(back[code] == share / sum(shares.values()) for code, share in shares.items())
    name = f"weights back from amounts, {weights.effective}"
    yield Gate(GATE, name, "the same weights", "the same" if is_back else "others", "exact", is_back, source)
    old = _value(before, weights.mean_to)
    new = sum(
        (Fraction(amount) * last[code] for code, amount in rounded_amounts(found, last, old).items()), Fraction(0)
    )
    values = [f"{float(value):.6f} USD" for value in (old, new)]
    name, tolerance = f"value of the rounded and nudged amounts, {weights.effective}", "half a last digit of the dollar"
    yield Gate(GATE, name, values[0], values[1], tolerance, abs(new - old) <= Fraction(5, 10**6), source)
