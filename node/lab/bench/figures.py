"""The arithmetic of the bench: what counts, over which window, against which bound. No clock and no socket here."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chain.errors import MithqalError
from chain.primitives import SECOND_US


class BenchError(MithqalError):
    """The bench cannot run, or must not believe what it measured."""

    name = "bench"


class Report(NamedTuple):
    """A batch of payments: handed to one validator, reported committed by another. Client's monotonic time."""

    submitted_us: int
    committed_us: int
    payments: int


class Window(NamedTuple):
    """From `start_us` to before `end_us`: after the ramp-up, before the drain."""

    start_us: int
    end_us: int

    def holds(self, at_us: int) -> bool:
        """Whether a moment lies within."""
        return self.start_us <= at_us < self.end_us

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end_us - self.start_us) / SECOND_US


def committed_within(reports: Iterable[Report], window: Window) -> int:
    """Payments that were reported committed within the window, whenever they were submitted."""
    return sum(report.payments for report in reports if window.holds(report.committed_us))


def latencies_us(reports: Iterable[Report], window: Window) -> list[int]:
    """Time to finality of each batch that was submitted within the window, however late its report came; ascending.

    A batch's time is that of the last of its payments, so that no payment is told to be faster than it was.
    """
    return sorted(report.committed_us - report.submitted_us for report in reports if window.holds(report.submitted_us))


def percentile(ascending: Sequence[int], per_cent: int) -> int:
    """The smallest value that at least so many per cent of the values do not exceed (nearest rank).

    BenchError (`no_measurements`) without any value.
    """
    if not ascending:
        raise BenchError("nothing was measured within the window: run longer", name="no_measurements")
    rank = -(-len(ascending) * per_cent // 100)
    return ascending[max(rank, 1) - 1]


def signature_bound(checks_per_s: Sequence[float], validators: int) -> float:
    """Payments a second that signature checks alone allow on this machine, where each validator checks each payment.

    `checks_per_s` is what each core can check while all are busy.
    """
    return sum(checks_per_s) / validators


def ratio_by_cpu(*, check_us: float, validator_us: float, load_us: float, validators: int) -> float:
    """The bound's processor time a payment over all that was used: the ratio that an undisturbed machine would show.

    Where other programs take a part of the processors, the bound and the run lose different parts of their time; what
    they use of the processors stays comparable.
    """
    return validators * check_us / (validators * validator_us + load_us)
