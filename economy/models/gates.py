"""A gate that everybody can see coming brings the run forward.

After Cipriani, Martin, McCabe and Parigi (2014), and what prime funds showed in March 2020 (BIS Quarterly Review of
March 2021): holders who may need money tomorrow leave today if a gate may shut before. Here: a fund with liquid assets
l, each day an outflow u ~ N(m, s) of those who need money. The gate shuts when less than g of the fund is liquid; then
whoever needs money (a part q of the holders a day) waits, which costs c. A holder i leaves early if

    q c P(l - a - u < g) > b_i,    b_i uniform on [0, B]: what staying is worth to i for a day

and a is the share of those who do, so that a is the least fixed point. Without a gate only an empty fund (g = 0) turns
holders away. Everything that is left is compared over the days until liquid assets fall below g.
"""

from typing import NamedTuple

from economy.models.normal import cdf


class Fund(NamedTuple):
    """A fund on its first day; shares of the fund."""

    liquid: float = 0.4
    outflow: float = 0.02
    deviation: float = 0.02
    need: float = 0.2
    waiting_cost: float = 0.05
    patience: float = 0.02


def early_redemptions(fund: Fund, *, gate: float) -> float:
    """The share of holders who leave today only because a gate at `gate` (0: none) may shut."""
    leaving = 0.0
    for _ in range(10_000):
        chance = cdf((gate - (fund.liquid - leaving - fund.outflow)) / fund.deviation)
        following = min(1.0, fund.need * fund.waiting_cost * chance / fund.patience)
        if following - leaving < 1e-12:
            return following
        leaving = following
    return leaving


def days_until_shut(fund: Fund, *, gate: float, most: int = 250) -> int:
    """Days until the liquid assets are below the gate, with the mean outflow and what it brings forward."""
    liquid = fund.liquid
    for day in range(most):
        if liquid < gate or liquid <= 0:
            return day
        liquid -= fund.outflow + early_redemptions(fund._replace(liquid=liquid), gate=gate)
    return most
