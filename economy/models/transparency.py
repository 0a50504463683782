"""When does telling holders more bring a run? After Ahmed, Aldasoro and Duley (BIS Working Paper 1164).

The global game with public information: the strength of the reserve is theta ~ N(y, 1/alpha) for everybody (y what is
publicly known, alpha how precisely: transparency), each holder also sees it with precision beta. Staying pays 1 + r if
the share of leavers is at most theta, leaving pays 1 - kappa. With q = (1 - kappa)/(1 + r), theta* solves

    alpha (theta* - y) - sqrt(beta) Phi^-1(theta*) = sqrt(alpha + beta) Phi^-1(1 - q)

(one solution if alpha <= sqrt(2 pi beta)), and a run has probability Phi(sqrt(alpha)(theta* - y)). Transparency raises
it when y is poor or leaving is cheap, and lowers it otherwise. Fat tails: a reserve with rare large losses stands small
shocks better than one with the same deviation and thin tails, and large ones worse.
"""

import math
from typing import NamedTuple

from economy.models.normal import cdf, fat_cdf, quantile


class Public(NamedTuple):
    """What is known: mean and precision for all, precision for each, what leaving costs and staying yields."""

    known: float
    transparency: float
    private: float = 400.0
    exit_cost: float = 0.5
    stay_yield: float = 0.0


def threshold(public: Public) -> float:
    """theta*: the weakest reserve that does not fail."""
    assert public.transparency <= math.sqrt(2 * math.pi * public.private), "more than one threshold"
    leaving = (1 - public.exit_cost) / (1 + public.stay_yield)
    right = math.sqrt(public.transparency + public.private) * quantile(1 - leaving)
    low, high = 1e-12, 1 - 1e-12
    for _ in range(200):
        middle = (low + high) / 2
        left = public.transparency * (middle - public.known) - math.sqrt(public.private) * quantile(middle)
        low, high = (middle, high) if left > right else (low, middle)  # the left side falls in theta
    return (low + high) / 2


def run_probability(public: Public) -> float:
    """Probability of a run, by what everybody knows beforehand."""
    return cdf(math.sqrt(public.transparency) * (threshold(public) - public.known))


def failure_probability(*, buffer: float, deviation: float, has_fat_tails: bool) -> float:
    """Probability of a loss above `buffer`, for losses of mean 0 and the same standard deviation."""
    tail = fat_cdf if has_fat_tails else cdf
    return tail(-buffer / deviation)
