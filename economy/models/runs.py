"""Bank runs after Diamond and Dybvig (1983), in the numbers of Diamond (2007), Richmond Fed Economic Quarterly 93(2).

A part t of the depositors needs money early, the others can wait; the long asset pays R late and 1 early; utility is
u(c) = 1 - 1/c. The best contract solves u'(c1) = R u'(c2) and t c1 + (1 - t) c2 / R = 1:

    c1 = 1 / (t + (1 - t) / sqrt(R)),    c2 = c1 sqrt(R)

If the bank promises r1 early and a part f withdraws, those who wait get (1 - f r1) R / (1 - f), or nothing. Waiting is
worse than leaving from f* = (R - r1) / (r1 (R - 1)) on: believing in f >= f* makes it true.
"""

import math
from typing import NamedTuple


class Contract(NamedTuple):
    """What a depositor gets early and late."""

    early: float
    late: float


def best_contract(*, early_share: float, late_return: float) -> Contract:
    """The optimal contract: c1 and c2."""
    early = 1 / (early_share + (1 - early_share) / math.sqrt(late_return))
    return Contract(early, early * math.sqrt(late_return))


def late_payoff(*, promise: float, withdrawn: float, late_return: float) -> float:
    """What each of those who wait gets when a part `withdrawn` has left with `promise`, as far as it went."""
    if withdrawn >= 1 or withdrawn * promise >= 1:
        return 0.0
    return (1 - withdrawn * promise) * late_return / (1 - withdrawn)


def tipping_share(*, promise: float, late_return: float) -> float:
    """f*: the part of withdrawals at which waiting pays exactly what leaving does."""
    return (late_return - promise) / (promise * (late_return - 1))


def late_payoff_suspended(*, promise: float, withdrawn: float, late_return: float, limit: float) -> float:
    """The same when the bank pays nobody beyond the part `limit`: whoever does not get money early waits."""
    return late_payoff(promise=promise, withdrawn=min(withdrawn, limit), late_return=late_return)


def is_run_possible(*, promise: float, late_return: float, limit: float = 1.0) -> bool:
    """Whether some belief about the others makes leaving better than waiting, with payments up to `limit`."""
    beliefs = [step / 1000 for step in range(1001)]
    return any(
        late_payoff_suspended(promise=promise, withdrawn=belief, late_return=late_return, limit=limit) < promise
        for belief in beliefs
    )
