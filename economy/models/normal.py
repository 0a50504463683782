"""The normal distribution, and Student's with three degrees of freedom, for the closed forms of this package."""

import math
from statistics import NormalDist

_STANDARD = NormalDist()


def cdf(x: float) -> float:
    """Probability that a standard normal is at most `x`; exact to a double also far out on the left."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def quantile(p: float) -> float:
    """The `x` with cdf(x) = p, for 0 < p < 1."""
    return _STANDARD.inv_cdf(p)


def fat_cdf(x: float) -> float:
    """As `cdf`, for Student's t with three degrees of freedom scaled to a standard deviation of one."""
    t = x * math.sqrt(3)  # its variance is 3
    return 0.5 + (math.atan(t / math.sqrt(3)) + (t / math.sqrt(3)) / (1 + t * t / 3)) / math.pi
