"""Dealers between issuer and market: the band around par, and what more of them do.

The band (Lyons and Viswanath-Natraj 2023): a dealer buys below par and redeems, so that the price stays above
1 - f_b - rho d / 365 with a redemption fee f_b, d days of waiting and a cost rho of waiting a year; and below 1 + f_m.

Dealers and runs (after Ma, Zeng and Zhang 2023, made small): n dealers each buy with a price impact K, so that a share
lambda of holders who sell get p = 1 - K lambda / n. The issuer pays the dealers par and loses a part phi of the long
asset that it sells to do so. The asset pays theta for each unit kept; who stays gets at most par of what is left, and a
dividend eta if the asset was not used up. A holder who takes all lambda for equally likely sells below theta*, where

    E[ min(1, theta* (1 - lambda / (1 - phi)) / (1 - lambda)) + eta ] = E[p]      (means over lambda, uniform)

More dealers: smaller deviations (K lambda / n), but selling pays more and everybody wants to be first: theta* rises.
"""

from typing import NamedTuple

NODES = 1_000
"""Shares of sellers over which means are taken: midpoints."""
STRONGEST = 2.0
"""The most that a unit of the asset may pay."""


def floor_price(*, fee: float, waiting_rate: float, days: float) -> float:
    """The lowest price at which dealers still do not gain by redeeming."""
    return 1 - fee - waiting_rate * days / 365


def ceiling_price(*, mint_fee: float) -> float:
    """The highest price at which dealers still do not gain by minting."""
    return 1 + mint_fee


class Coin(NamedTuple):
    """A coin in the model: dealers, their price impact, what a sale of the asset costs, and the dividend (what the coin
    is good for included)."""

    dealers: int
    impact: float = 0.4
    sale_cost: float = 0.1
    dividend: float = 0.15


def deviation(coin: Coin, sold: float) -> float:
    """|price - 1| when a share `sold` of the coins is sold on an ordinary day."""
    return coin.impact * sold / coin.dealers


def run_threshold(coin: Coin) -> float:
    """theta*: the weakest asset with which holders still stay, between 0 and `STRONGEST`."""
    shares = [(node + 0.5) / NODES for node in range(NODES)]
    lasting = [(share, 1 - share / (1 - coin.sale_cost)) for share in shares if share < 1 - coin.sale_cost]
    broken = [share for share in shares if share >= 1 - coin.sale_cost]  # all who sell share what everything brought
    sell = sum(1 - coin.impact * share / coin.dealers for share, _ in lasting)
    sell += sum(max(0.0, (1 - coin.sale_cost) / share - coin.impact * share / coin.dealers) for share in broken)
    low, high = 0.0, STRONGEST
    for _ in range(60):
        theta = (low + high) / 2
        stay = sum(min(1.0, theta * left / (1 - share)) + coin.dividend for share, left in lasting)
        low, high = (theta, high) if stay < sell else (low, theta)
    return (low + high) / 2


def run_probability(coin: Coin) -> float:
    """Probability of theta below theta*, with theta uniform from 0 to `STRONGEST`."""
    return run_threshold(coin) / STRONGEST
