"""What a reserve of cash and bills can pay at once, and what a rise of rates takes from it. Elementary algebra.

With a part c in cash, the rest b in bills that lose h when sold at once: coins can be paid up to c + (1 - c)(1 - h); a
capital k survives a full run if (1 + k)(1 - b h) >= 1, so k = b h / (1 - b h). A bill of n days that yields dy more
is worth exp(-dy n / 365) of what it was.
"""

import math


def par_capacity(*, cash: float, haircut: float) -> float:
    """The part of the coins that can be paid at par when everything is sold at once."""
    return cash + (1 - cash) * (1 - haircut)


def full_run_capital(*, bills: float, haircut: float) -> float:
    """Capital, as a part of the coins, with which a full run is paid at par."""
    return bills * haircut / (1 - bills * haircut)


def rate_shock(*, move: float, days: int, bills: float = 1.0) -> float:
    """Change of the reserve's value, as a part of it, when yields rise by `move` (0.01: one percentage point)."""
    return bills * math.expm1(-move * days / 365)


def run_value(*, reserve: float, lost: float, paid_first: float = 0.0) -> float:
    """What a coin of those who stay is worth: `lost` is gone, `paid_first` left at par before anybody knew."""
    return (reserve - lost - paid_first) / (reserve - paid_first)
