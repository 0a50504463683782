"""One threshold instead of two equilibria: Morris and Shin (1998), Goldstein and Pauzner (2005).

Each holder sees the strength theta of the reserve with a small error, and leaves below a threshold. At the threshold a
holder takes every share n of leavers for equally likely, so that theta* solves

    integral over n from 0 to 1 of [ payoff of staying - payoff of leaving ] dn = 0

The smallest game: staying pays 1 + r if n <= theta, else 0; leaving pays 1 - kappa. Then theta* = (1 - kappa)/(1 + r):
a redemption fee makes runs rarer, and so does a yield.

`agents` finds the threshold with a finite crowd that has errors of +-noise and knows no formula; `plays` plays it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Game(NamedTuple):
    """The smallest game: yield of staying, cost of leaving."""

    stay_yield: float
    exit_cost: float

    def stay(self, theta: float, leavers: float) -> float:
        """What staying pays."""
        return 1 + self.stay_yield if leavers <= theta else 0.0

    @property
    def threshold(self) -> float:
        """theta* in closed form."""
        return (1 - self.exit_cost) / (1 + self.stay_yield)


def solve(stay_value: Callable[[float], float], leave_value: float, *, low: float = 0.0, high: float = 1.0) -> float:
    """theta* by bisection: `stay_value(theta)` is the mean over n of what staying pays, rising in theta."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if stay_value(middle) < leave_value else (low, middle)
    return (low + high) / 2


def mean_stay(game: Game, theta: float) -> float:
    """The mean over n, uniform on [0, 1], of what staying pays in the smallest game: (1 + r) theta."""
    return (1 + game.stay_yield) * min(max(theta, 0.0), 1.0)


def agents(game: Game, *, noise: float, crowd: int, guesses: int, seed: int) -> float:
    """theta* as a crowd of agents with errors finds it.

    A holder who sees x thinks of `guesses` strengths x + noise * u, u uniform on [-1, 1], looks for each at what a
    `crowd` of others sees of it, counts those who are below the threshold, and compares the mean payoff of staying with
    leaving. The answer is the threshold at which a holder is indifferent while everybody uses the same one: below it
    the holder on the threshold would leave, above it stay.
    """
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, 0], dtype=np.uint64)))
    spread = (np.arange(guesses) + generator.random(guesses)) / guesses  # one guess in each equal part
    strengths = noise * (2 * spread - 1)  # less what the holder sees
    others = strengths[:, None] + noise * (2 * generator.random((guesses, crowd)) - 1)  # less that, too
    leavers = (others < 0).mean(axis=1)  # all use the threshold that the holder stands on
    low, high = 0.0, 1.0
    for _ in range(60):
        seen = (low + high) / 2
        staying = float(np.mean([game.stay(seen + less, share) for less, share in zip(strengths, leavers)]))
        low, high = (seen, high) if staying < 1 - game.exit_cost else (low, seen)
    return (low + high) / 2


def plays(game: Game, *, theta: float, noise: float, crowd: int, seed: int) -> bool:
    """Whether a reserve of strength `theta` survives a crowd with errors that uses the threshold of the closed form."""
    generator = np.random.Generator(np.random.Philox(key=np.array([seed, 1], dtype=np.uint64)))
    seen = theta + noise * (2 * generator.random(crowd) - 1)
    return float(np.mean(seen < game.threshold)) <= theta
