"""What buying and selling bills does to their yield: the kernel of BIS Working Paper 1270 (Ahmed and Aldasoro, 2025).

Inflows into dollar stablecoins of 3.5 bn over five days (two standard deviations) lower the yield of three-month bills
by 2 to 2.5 basis points within ten days; outflows raise it by two to three times as much. Here: a billion moves the
yield by `INFLOW_BP` or, out, by `OUTFLOW_BP`, in equal parts over `SPREAD_DAYS`.
"""

from collections.abc import Sequence

FLOW_BN = 3.5
INFLOW_BP = -2.25 / FLOW_BN
"""Middle of 2 to 2.5, for each billion."""
OUTFLOW_BP = 2.5 * 2.25 / FLOW_BN
"""Middle of twice and three times that."""
SPREAD_DAYS = 6
"""Trading days over which a day's flow works: the last of five days' flows has done so within ten."""
BILL_DAYS = 91


def yield_moves(flows_bn: Sequence[float], days: int) -> list[float]:
    """The yield's move from before the first flow to the end of each day, in basis points; flows in above zero."""
    moves, level = [], 0.0
    for day in range(days):
        working = flows_bn[max(0, day - SPREAD_DAYS + 1) : day + 1]
        level += sum(flow * INFLOW_BP if flow > 0 else -flow * OUTFLOW_BP for flow in working) / SPREAD_DAYS
        moves.append(level)
    return moves


def price_move(yield_bp: float, days: int = BILL_DAYS) -> float:
    """What that is of the price of a bill of so many days, in basis points."""
    return -yield_bp * days / 365
