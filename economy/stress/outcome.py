"""What is kept of a block of simulated years, and how blocks become one result.

Per path: the numbers that a quantile or a standard error needs. Per week: counts in fixed bins, so that the fans of a
million paths need no more memory than those of a thousand. Everything is joined in the order of the blocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from economy.stress.draws import BLOCK, Floats
from economy.stress.kernel import CAUSES, Year
from economy.stress.ladder import WEEK

FANS: dict[str, tuple[float, float, int]] = {
    "backing": (0.0, 1.5, 15_000),
    "price": (0.0, 1.1, 11_000),
    "coins": (0.0, 4.0, 4_000),
}
"""What is drawn as a fan over the year: lowest and highest value (beyond counts there), and bins between."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A block's years, or those of many blocks.

    All in shares of the coins at the start. `loss`: by how much the capital was below its target at worst, the target
    being its first share of the coins that are left; `shortfall`: the largest lack of backing; `last_shortfall`: at the
    end. `causes`: sums over the paths of what changed the capital, a row for all paths and one for those with a
    shortfall. `counts`: of each fan, a row a week.
    """

    loss: Floats
    shortfall: Floats
    last_shortfall: Floats
    least_price: Floats
    redeemed: Floats
    left_early: Floats
    coins: Floats
    stay_days: NDArray[np.uint16]
    off_peg_days: NDArray[np.uint16]
    late_days: NDArray[np.uint16]
    causes: Floats
    counts: dict[str, NDArray[np.int64]]
    worst_residual: float

    @property
    def paths(self) -> int:
        """How many."""
        return len(self.loss)


PER_PATH = (
    "loss", "shortfall", "last_shortfall", "least_price", "redeemed", "left_early", "coins", "stay_days",
    "off_peg_days", "late_days",
)  # fmt: skip


class Recorder:
    """Counts the fans of a running block."""

    def __init__(self, days: int) -> None:
        """Nothing is counted yet."""
        self.counts = {name: np.zeros((1 + days // WEEK, bins), dtype=np.int64) for name, (_, _, bins) in FANS.items()}

    def week(self, year: Year) -> None:
        """Count the state at the end of a week."""
        row = year.day // WEEK
        backing = 1 + year.capital / np.maximum(year.debts, 1e-12)
        for name, values in (("backing", backing), ("price", year.price), ("coins", year.coins)):
            low, high, bins = FANS[name]
            places = ((np.clip(values, low, high) - low) * (bins / (high - low))).astype(np.int32)
            self.counts[name][row] += np.bincount(np.minimum(places, bins - 1), minlength=bins)


def outcome_of(year: Year, recorder: Recorder) -> Outcome:
    """The outcome of a finished block."""
    shortfall = np.maximum(-year.least_capital, 0.0)
    is_short = shortfall > 0
    causes = year.causes
    return Outcome(
        loss=year.most_lost,
        shortfall=shortfall,
        last_shortfall=np.maximum(-year.capital, 0.0),
        least_price=year.least_price,
        redeemed=year.redeemed,
        left_early=year.left_early,
        coins=year.coins,
        stay_days=year.stay_days,
        off_peg_days=year.off_peg_days,
        late_days=year.late_days,
        causes=np.array([causes.sum(axis=1), causes[:, is_short].sum(axis=1)]),
        counts=recorder.counts,
        worst_residual=year.worst_residual,
    )


class Collected:
    """Blocks as they come; `joined` puts them in order."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._parts: dict[int, Outcome] = {}
        self._counts: dict[str, NDArray[np.int64]] = {}

    def add(self, block: int, outcome: Outcome) -> None:
        """Keep a block; its counts are added up at once, since whole numbers have no order."""
        for name, counts in outcome.counts.items():
            self._counts[name] = self._counts[name] + counts if name in self._counts else counts
        self._parts[block] = replace(outcome, counts={})

    def joined(self) -> Outcome | None:
        """One outcome of all blocks so far, or None."""
        if not self._parts:
            return None
        parts = [self._parts[block] for block in sorted(self._parts)]
        causes = np.zeros((2, len(CAUSES)))
        for part in parts:
            causes += part.causes
        return Outcome(
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in PER_PATH},
            causes=causes,
            counts=self._counts,
            worst_residual=max(part.worst_residual for part in parts),
        )


def fan(counts: NDArray[np.int64], name: str, ranks: Sequence[int]) -> dict[int, list[float]]:
    """Percentiles by week from the counts of a fan: the middle of the bin that holds them."""
    low, high, bins = FANS[name]
    width = (high - low) / bins
    totals = counts.cumsum(axis=1)
    found: dict[int, list[float]] = {}
    for rank in ranks:
        wanted = np.maximum(np.ceil(totals[:, -1] * rank / 100), 1)
        found[rank] = [float(low + width * (np.searchsorted(row, want) + 0.5)) for row, want in zip(totals, wanted)]
    return found


def blocks_of(paths: int) -> list[tuple[int, int]]:
    """Number and size of each block of so many paths; the last may be smaller."""
    return [(block, min(BLOCK, paths - block * BLOCK)) for block in range(-(-paths // BLOCK))]
