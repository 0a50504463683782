"""Who leads a round: a pure function of the round, fixed for an epoch."""

from typing import Protocol


class LeaderElection(Protocol):
    """A port, so that a researcher can swap it."""

    def leader(self, round_: int) -> int:
        """Index of the validator that may propose in the round."""


class RoundRobin:
    """Each validator leads one round after the other."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        """`count` validators."""
        self.count = count

    def leader(self, round_: int) -> int:
        """round modulo n."""
        return round_ % self.count
