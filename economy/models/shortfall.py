"""Catalini and de Gortari (2021): a peg is as safe as its buffer against the reserve's volatility in the peg's money.

With a reserve whose worth in the promised money moves by sigma a year, a buffer of k of the coins falls short at the
end of T years with probability Phi(-k / (sigma sqrt(T))). A reserve that matches the promise has sigma 0.
"""

import math

from economy.models.normal import cdf


def shortfall_probability(*, buffer: float, volatility: float, years: float) -> float:
    """Probability that the reserve is worth less than the promise at the end; zero for a matched reserve."""
    deviation = volatility * math.sqrt(years)
    if deviation == 0:
        return 0.0 if buffer >= 0 else 1.0
    return cdf(-buffer / deviation)
