"""Who leads a round: in turn, or by who took part lately (docs/protocol.md, R22; decisions/0007)."""

from collections.abc import Callable, Sequence
from typing import Protocol

from chain.block import Block
from chain.crypto.hashing import sha3
from chain.records.onchain import REPUTATION, ROUND_ROBIN

ACTIVE_WEIGHT = 99
"""Of a member that proposed or voted in the window; any other one has weight 1, so that it may come back."""
WINDOW_AGE = 4
"""A round's window has blocks that are so many rounds older, and thus are final everywhere before it begins."""


class LeaderElection(Protocol):
    """A port, so that a researcher can swap it. What is not defined is that of an election without history."""

    by_history: bool = False
    """Whether it depends on what is committed: then honest validators may differ about a leader for a moment."""

    def leader(self, round_: int) -> int:
        """Index of the validator that may propose in the round, as far as is known here."""

    def is_known(self, round_: int) -> bool:
        """Whether all is here that the round's leader depends on."""
        return True

    def begin(self, blocks: Sequence[Block], *, is_whole: bool) -> None:
        """The last committed blocks of the epoch, oldest first; `is_whole`: it has no others before them."""
        return

    def note(self, block: Block) -> None:
        """The next block is committed."""
        return


Elect = Callable[[str, int], LeaderElection]
"""(name in the configuration, number of members) -> the election of an epoch."""


def elect(name: str, count: int) -> LeaderElection:
    """The election that governance has chosen, for `count` members."""
    return ELECTIONS[name](count)


class RoundRobin(LeaderElection):
    """Each validator leads one round after the other."""

    __slots__ = ("count",)

    def __init__(self, count: int) -> None:
        """`count` validators."""
        self.count = count

    def leader(self, round_: int) -> int:
        """round modulo n."""
        return round_ % self.count


class Reputation(LeaderElection):
    """R22: Diem's LeaderReputation, with seats in the place of sorted addresses: their order is the set's own (V1)."""

    by_history = True

    def __init__(self, count: int) -> None:
        """`count` validators, in an epoch in which nothing is committed."""
        self.count = count
        self._is_whole = True
        self._blocks: list[tuple[int, frozenset[int]]] = []
        """Round, and who proposed the block or signed its parent's certificate."""
        self._picks: dict[int, int] = {}

    def leader(self, round_: int) -> int:
        """The seat at the round's hash on the line of all weights."""
        if round_ not in self._picks:
            self._picks[round_] = pick(round_, self.weights(round_))
        return self._picks[round_]

    def weights(self, round_: int) -> list[int]:
        """Of each seat; all alike before the window is full.

        A full one has a certificate, so that f + 1 honest members took part. The epoch's first block alone would name
        its author alone, who then leads nearly every round: a liar could keep it so (decisions/0007).
        """
        window = self._window(round_)
        active = frozenset[int]().union(*window) if len(window) == self.count else ()
        return [ACTIVE_WEIGHT if seat in active else 1 for seat in range(self.count)]

    def is_known(self, round_: int) -> bool:
        """Whether the window is full, or nothing of the epoch is missing."""
        return self._is_whole or len(self._window(round_)) == self.count

    def begin(self, blocks: Sequence[Block], *, is_whole: bool) -> None:
        """Another history; what was noted before is forgotten."""
        self._blocks, self._is_whole = [], is_whole
        for block in blocks:
            self.note(block)

    def note(self, block: Block) -> None:
        """Its author and those who voted for its parent took part.

        The current round is above all that is committed, so that no more than `WINDOW_AGE` - 1 blocks are too young for
        its window.
        """
        voters = (author for author, _ in block.parent_qc.signatures)
        self._blocks.append((block.round, frozenset((block.header.author, *voters))))
        self._picks = {}
        if len(self._blocks) > window_blocks(self.count):
            del self._blocks[0]
            self._is_whole = False

    def _window(self, round_: int) -> list[frozenset[int]]:
        """Who took part in each of the last n blocks that are old enough."""
        return [who for at, who in self._blocks if at + WINDOW_AGE <= round_][-self.count :]


def window_blocks(count: int) -> int:
    """How many of the last committed blocks hold the window of every round that may come, for `count` members."""
    return count + WINDOW_AGE - 1


def pick(round_: int, weights: Sequence[int]) -> int:
    """The first 8 bytes of SHA3-256(round) modulo the sum, both little-endian: in whose stretch of the line it lies."""
    point = int.from_bytes(sha3(round_.to_bytes(8, "little"))[:8], "little") % sum(weights)
    seat = 0
    while point >= weights[seat]:
        point -= weights[seat]
        seat += 1
    return seat


ELECTIONS: dict[str, Callable[[int], LeaderElection]] = {ROUND_ROBIN: RoundRobin, REPUTATION: Reputation}
"""By the name that the consensus configuration gives."""
