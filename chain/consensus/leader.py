"""Who leads a round: a pure function of the round, fixed for an epoch."""

from collections.abc import Callable
from typing import Protocol

from chain.records.onchain import ROUND_ROBIN


class LeaderElection(Protocol):
    """A port, so that a researcher can swap it."""

    def leader(self, round_: int) -> int:
        """Index of the validator that may propose in the round."""


Elect = Callable[[str, int], LeaderElection]
"""(name in the configuration, number of members) -> the election of an epoch."""


def elect(name: str, count: int) -> LeaderElection:
    """The election that governance has chosen, for `count` members."""
    return ELECTIONS[name](count)


class RoundRobin:
    """Each validator leads one round after the other."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        """`count` validators."""
        self.count = count

    def leader(self, round_: int) -> int:
        """round modulo n."""
        return round_ % self.count


ELECTIONS: dict[str, Callable[[int], LeaderElection]] = {ROUND_ROBIN: RoundRobin}
"""By the name that the consensus configuration gives."""
