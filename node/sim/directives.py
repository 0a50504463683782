"""What a scenario orders by hand, as data: rules for messages, faults at a time, round or point, steps of a liar.

Times are microseconds from the start of the run; None is "not said". A process is named by its number: the first set
from 0, then the spares, then the twins (docs/simulation.md).
"""

from typing import Any, NamedTuple

PPM = 1_000_000


class Rule(NamedTuple):
    """What happens to messages that match all that is said."""

    do: str
    """`drop`, `delay`, `duplicate` (a second copy `us` later) or `hold` (until the release)."""
    from_us: int = 0
    to_us: int | None = None
    """From here on it no longer applies; None: when the faults stop."""
    from_round: int | None = None
    to_round: int | None = None
    """Last round that it applies to; rounds are the message's own, or the one that its sender is in."""
    src: tuple[int, ...] | None = None
    dst: tuple[int, ...] | None = None
    types: tuple[str, ...] | None = None
    us: int = 0
    release_at_us: int | None = None
    release_at_round: int | None = None
    ppm: int = PPM
    """Chance that it applies to a message that matches."""
    name: str = ""
    """What it counts as; empty: rule.<do>."""
    for_us: int | None = None
    """It ends so long after an honest validator entered `from_round`, if that is before its other end."""


class Act(NamedTuple):
    """One fault, at a time, when a round is reached first, or at a point of a node's own work."""

    do: str
    node: int = -1
    at_us: int | None = None
    at_round: int | None = None
    at_point: str | None = None
    nth: int = 1
    """Which visit of the point."""
    disk: str = "lose_unsynced"
    """What the disk keeps of a crash."""
    for_us: int | None = None
    """How long; None: until the faults stop."""
    us: int = 0
    """Length of a jump, a delay or a skew."""
    of_us: int = 1_000_000
    """When the copy was taken that an old disk is put back from."""
    groups: tuple[tuple[int, ...], ...] = ()
    src: tuple[int, ...] | None = None
    dst: tuple[int, ...] | None = None
    types: tuple[str, ...] | None = None
    ppm: int = PPM
    part: str = "record"
    """What of the disk rots: `record` or `ledger`."""
    times: int = 1


class Step(NamedTuple):
    """One habit of a liar: `do` something whenever a message of the kind `on` leaves it, or reaches it."""

    on: str
    """A kind of message that it is about to send, `heard.<kind>` for one that it received, or `round`."""
    do: str
    """`hide`, `hold`, `lie` (send another one in its place) or `send` (another one beside it)."""
    to: tuple[int, ...] | None = None
    """Whom it concerns; None: everybody."""
    from_round: int | None = None
    to_round: int | None = None
    rounds: tuple[int, ...] | None = None
    change: tuple[tuple[str, Any], ...] = ()
    """What is changed before it is signed and sent: (name, value) of node.sim.bending.CHANGES."""
    us: int = 0
    after_rounds: int = 0
    release_at_round: int | None = None
    release_at_us: int | None = None
    times: int = 1


class Liar(NamedTuple):
    """A Byzantine validator and what it does."""

    node: int
    strategy: str
    """Name of the composition, or `composed`."""
    steps: tuple[Step, ...]
