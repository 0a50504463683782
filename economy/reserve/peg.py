"""The price of the coin in the secondary market, from what a dealer can earn by redeeming: floats, in units of par.

Band. A dealer who buys a coin and is paid in d days at par, at a fee f and a funding rate r, breaks even at
1 - f - r d / 365; one who mints at a fee m sells at 1 + m. So the price lies in

    [1 - f - r d / 365, 1 + m]

Beyond the dealers. Let x in [0, 1] be the part of the coins on offer that dealers have no credit for, v what a coin is
believed to be worth and w the worst that it can be worth. Then

    price = (1 - x) v + x w - ((1 - x) r + x s) d / 365 - f - x q (1 - w)     the last term while redemption is shut

where s is what patient money asks for waiting, and q is the price of queueing: how much more than the possible loss
the market takes off while nobody can redeem. q is fitted to one low, that of USDC on 2023-03-11; r, s are assumed.

So a coin that is certainly fully reserved (w = 1) cannot trade below 1 - f - s d / 365, however many are sold: with
redemption within days that is some cents at the worst. A path to a few cents, as TerraUSD's, is impossible for it.
"""

from typing import NamedTuple

YEAR_DAYS = 365


class Peg(NamedTuple):
    """Rates a year: `rate` of a dealer's funding, `distress_rate` of patient money; `queue` is q above. All assumed."""

    rate: float = 0.05
    distress_rate: float = 1.0
    queue: float = 0.49


def band(*, days: float, rate: float, burn_fee: float = 0.0, mint_fee: float = 0.0) -> tuple[float, float]:
    """The lowest and highest price at which no dealer earns anything."""
    return 1 - burn_fee - rate * days / YEAR_DAYS, 1 + mint_fee


def secondary_price(
    peg: Peg,
    *,
    worth: float,
    worst: float,
    days: float,
    is_open: bool,
    exhausted: float = 0.0,
    fee: float = 0.0,
) -> float:
    """The price of a coin that is believed to be `worth`, at least `worst`, and redeemed within `days`; at least 0."""
    value = (1 - exhausted) * worth + exhausted * worst
    rate = (1 - exhausted) * peg.rate + exhausted * peg.distress_rate
    queueing = 0.0 if is_open else exhausted * peg.queue * (1 - worst)
    return max(0.0, value - rate * days / YEAR_DAYS - fee - queueing)


def lowest_price(peg: Peg, *, worst: float, days: float, is_open: bool, fee: float = 0.0) -> float:
    """The price when dealers are out of credit and everybody expects the worst."""
    return secondary_price(peg, worth=worst, worst=worst, days=days, is_open=is_open, exhausted=1.0, fee=fee)


def fitted_queue(peg: Peg, *, low: float, worst: float, days: float) -> float:
    """The q that makes `lowest_price` equal to an observed low while redemption was shut."""
    return (worst - peg.distress_rate * days / YEAR_DAYS - low) / (1 - worst)
