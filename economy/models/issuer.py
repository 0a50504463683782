"""What rules make an issuer do: a small model for the signs of BIS Working Paper 1355 (Goel, Lewrick and Agarwal, 2026).

An issuer of one unit of coins chooses capital k and the part c of its assets 1 + k that is cash; the rest is bonds that
yield s more but can be sold in a hurry only at 1 - m x after x were sold. A week of stress has two halves. In each a
part of the coins is redeemed at par, flow 2 following flow 1: u1 = max(0, e1), u2 = max(0, rho u1 + e2). Cash pays
first, then bonds are sold. After the first half a rule may be broken:

    liquidity:  cash < l coins        a part a (l - cash/coins) of the coins leaves besides in the second half
    capital:    capital < K coins     a part b (K - capital/coins) does

As a usable buffer a threshold does nothing else: holders discipline the issuer. As a hard minimum of liquidity it may
never be broken: in both halves bonds are sold until cash is back at l of the coins that are left, whatever that costs.
The issuer fails if assets are worth less than coins. It keeps what it owns at the end, at least nothing, and, if it
lives, the value v of its future business for each coin left; capital costs q:

    choose k, c to maximise  E[ max(0, capital_2) + v coins_2 if alive ] + s bonds - (1 + q) k

The signs below come out of that maximisation over a grid; no sign is written anywhere. Figures are chosen so that the
issuer without rules is near the paper's (12 % cash, 0.1 % capital, failure above 15 basis points, price impact 4).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from economy.models.normal import quantile

Floats = NDArray[np.float64]

LIQUIDITY, CAPITAL, HARD_LIQUIDITY = "liquidity", "capital", "hard liquidity"
DRAWS = 41
"""Values of each of the two shocks: quantiles of a normal, in equal steps of probability, the tails finer."""


@dataclass(frozen=True, slots=True)
class World:
    """The model's figures; see above. `deviation` is that of a half week's shock, `persistence` is rho."""

    deviation: float = 0.07
    persistence: float = 0.5
    impact: float = 0.01
    spread: float = 0.0002
    capital_cost: float = 0.002
    franchise: float = 0.03
    liquidity_run: float = 0.5
    capital_run: float = 20.0
    liquidity: float = 0.0
    capital: float = 0.0
    is_hard: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What the issuer does, and what comes of it.

    `cash` and `capital` are parts of the coins, `default` the probability of failure in the week, `impact` the mean
    fall of the bonds' price by its sales.
    """

    cash: float
    capital: float
    default: float
    impact: float
    value: float


@dataclass(frozen=True, slots=True)
class Shocks:
    """Pairs of shocks and their probabilities."""

    first: Floats
    second: Floats
    weights: Floats


def shocks(world: World) -> Shocks:
    """A grid of normal shocks that is finer in the tail of outflows, where issuers fail."""
    edges = np.concatenate([[0.0], 1 - np.geomspace(0.5, 1e-6, DRAWS), [1.0]])
    middles = (edges[1:] + edges[:-1]) / 2
    values = np.array([quantile(float(p)) for p in middles]) * world.deviation
    chances = np.diff(edges)
    first, second = np.meshgrid(values, values, indexing="ij")
    return Shocks(first.ravel(), second.ravel(), np.outer(chances, chances).ravel())
