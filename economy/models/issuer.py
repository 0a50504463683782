"""What rules make an issuer do: a small model for the signs of BIS Working Paper 1355 (Goel, Lewrick, Agarwal, 2026).

An issuer of one unit of coins chooses capital k and the part c of its assets 1 + k that is cash; the rest is bonds that
yield s more until the stress is over, but fetch 1 - m x when x of them have been sold in a hurry. The stress has two
halves. In each a part of the coins is redeemed at par: e1, then rho e1 + e2 (below zero: coins are bought). Cash pays
first, then bonds are sold. After each half the regulator's threshold may be broken:

    liquidity:  cash below l of the coins      a part a (l - cash/coins) of the coins leaves besides
    capital:    capital below K of the coins   a part b (K - capital/coins) does

after the first half within the second, after the second from what the issuer's future is worth. As a usable buffer a
threshold does nothing else: holders discipline the issuer. A hard minimum of liquidity brings no one to leave, for it
is never broken: in both halves bonds are sold until cash is l of the coins again, whatever that costs.
The issuer fails when its capital is gone. It keeps what it then owns, at least nothing, and, if it lives, its future: v
for each coin that stays. Raising capital costs q of it:

    choose k, c to maximise  E[ max(0, capital) + v coins (1 - part that leaves) if alive ] + s bonds - (1 + q) k

Both halves' shocks are normal; the mean is taken over a grid of quantiles, the maximum over a grid of k and c that is
refined once. The signs come out of that; none is written anywhere. They are not general: with a capital threshold far
above what losses can be (0.4 % here) the issuer answers by capital alone and holds less cash, which is shown as well.
The figures are chosen so that the issuer without rules is near the paper's.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from economy.models.normal import quantile

Floats = NDArray[np.float64]

DRAWS = 32
"""Values of each shock: midpoints of parts that get finer towards large outflows, where issuers fail."""
RAREST = 1e-6
LEAST_LEFT = 0.05
"""At most all but this part of the coins is redeemed in half of the time."""
CASH_STEP, CAPITAL_STEP = 0.02, 0.0002
MOST_CASH, MOST_CAPITAL = 0.6, 0.006
FINER = 10
CHUNK = 100


@dataclass(frozen=True, slots=True)
class World:
    """The figures, by the letters above: deviation of e1 and e2, rho, m, s, q, v, a, b; l, K; whether l is hard."""

    deviation: float = 0.10
    persistence: float = 0.5
    impact: float = 0.02
    spread: float = 0.0015
    capital_cost: float = 0.1
    franchise: float = 0.06
    liquidity_run: float = 0.2
    capital_run: float = 1_000.0
    liquidity: float = 0.0
    capital: float = 0.0
    is_hard: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What the issuer does, and what comes of it.

    `cash` is a part of the assets, `capital` of the coins; `default` the probability of failure, `impact` the mean fall
    of the bonds' price by its sales, `value` what it maximised.
    """

    cash: float
    capital: float
    default: float
    impact: float
    value: float


@dataclass(slots=True)
class _Books:
    """An issuer in each row, a pair of shocks in each column; `sold` are bonds so far."""

    cash: Floats
    bonds: Floats
    coins: Floats
    capital: Floats
    sold: Floats


def best_choice(world: World) -> Choice:
    """What an issuer does in this world."""
    cash = np.arange(0, MOST_CASH + CASH_STEP / 2, CASH_STEP)
    capital = np.arange(0, MOST_CAPITAL + CAPITAL_STEP / 2, CAPITAL_STEP)
    rough = _best_of(world, cash, capital)
    finer = np.arange(-FINER, FINER + 1) / FINER
    cash = np.clip(rough.cash + CASH_STEP * finer, 0, 1)
    capital = np.maximum(rough.capital + CAPITAL_STEP * finer, 0)
    return _best_of(world, cash, capital)


def _best_of(world: World, cash: Floats, capital: Floats) -> Choice:
    """The best pair of a grid."""
    pairs = [array.ravel() for array in np.meshgrid(cash, capital, indexing="ij")]
    parts = [
        outcomes(world, pairs[0][start : start + CHUNK], pairs[1][start : start + CHUNK])
        for start in range(0, len(pairs[0]), CHUNK)
    ]
    value, default, impact = (np.concatenate(column) for column in zip(*parts, strict=True))
    best = int(value.argmax())
    return Choice(
        float(pairs[0][best]), float(pairs[1][best]), float(default[best]), float(impact[best]), float(value[best])
    )  # fmt: skip


def outcomes(world: World, cash: Floats, capital: Floats) -> tuple[Floats, Floats, Floats]:
    """Value, probability of failure and mean fall of the price for each pair of cash and capital."""
    first, second, weights = _shocks(world)
    c, k = cash[:, None], np.broadcast_to(capital[:, None], (len(cash), len(weights)))
    assets = 1 + k
    books = _Books(c * assets, assets * (1 - c), np.ones_like(k), k.copy(), np.zeros_like(k))
    _half(world, books, np.broadcast_to(first, k.shape))
    _half(world, books, world.persistence * first + second + _discipline(world, books))
    is_alive = books.capital >= 0
    future = world.franchise * books.coins * is_alive * (1 - np.minimum(_discipline(world, books), 1))
    kept = (np.maximum(books.capital, 0) + future) @ weights
    value = kept + world.spread * (1 + capital) * (1 - cash) - (1 + world.capital_cost) * capital
    return value, (~is_alive) @ weights, (world.impact * books.sold) @ weights


def _half(world: World, books: _Books, redeemed: Floats) -> None:
    """Half of the stress: a part of the coins is paid, bonds are sold for what cash cannot meet."""
    paid = np.minimum(redeemed, 1 - LEAST_LEFT) * books.coins
    books.coins -= paid
    books.cash -= paid
    floor = world.liquidity * books.coins if world.is_hard else 0.0
    need = np.maximum(floor - books.cash, 0)
    price = 1 - world.impact * books.sold
    bonds = 2 * need / (price + np.sqrt(np.maximum(price * price - 4 * world.impact * need, 0)))
    bonds = np.minimum(bonds, np.maximum(books.bonds, 0))
    money = bonds * (price - world.impact * bonds)
    books.cash += money
    books.bonds -= bonds
    books.sold += bonds
    books.capital -= bonds - money


def _discipline(world: World, books: _Books) -> Floats:
    """The part of the coins that leaves because a threshold is broken."""
    leaving = np.zeros_like(books.coins)
    if world.liquidity and not world.is_hard:
        leaving += world.liquidity_run * np.maximum(world.liquidity - books.cash / books.coins, 0)
    if world.capital:
        leaving += world.capital_run * np.maximum(world.capital - books.capital / books.coins, 0)
    return leaving


def _shocks(world: World) -> tuple[Floats, Floats, Floats]:
    """Pairs of shocks and their probabilities."""
    edges = np.concatenate([[0.0, 0.25], 1 - np.geomspace(0.5, RAREST, DRAWS - 2), [1.0]])
    values = np.array([quantile(float(p)) for p in (edges[1:] + edges[:-1]) / 2]) * world.deviation
    chances = np.diff(edges)
    first, second = np.meshgrid(values, values, indexing="ij")
    return first.ravel(), second.ravel(), np.outer(chances, chances).ravel()


def usable(liquidity: float = 0.0, capital: float = 0.0, world: World | None = None) -> World:
    """A world with thresholds as usable buffers."""
    return replace(world or World(), liquidity=liquidity, capital=capital, is_hard=False)


def hard(liquidity: float, world: World | None = None) -> World:
    """A world with a hard minimum of liquidity."""
    return replace(world or World(), liquidity=liquidity, is_hard=True)
