"""Who sat in which epoch of a run, and how far its rounds went over all of them."""

from collections.abc import Sequence

from chain.certificates import QuorumCertificate
from chain.codec import decode
from chain.storage import Column
from chain.validators import ValidatorSet
from node.sim.validator import Machine, Validator


class Epochs:
    """The sets of a run, as they come about."""

    def __init__(self, first: ValidatorSet, validators: Sequence[Validator]) -> None:
        """`validators` are all processes; the world fills the list later."""
        self._validators = validators
        self.sets = {1: first}
        """The members of each epoch in which somebody signed."""
        self._rounds_before: dict[int, int] = {1: 0}
        """Rounds of all epochs before one, as far as anybody was seen to go."""
        self._furthest = 0

    def members(self, epoch: int, default: ValidatorSet | None) -> ValidatorSet | None:
        """The members of an epoch, if anybody has signed in it."""
        return self.sets.get(epoch, default)

    def seat(self, node: int, epoch: int) -> int | None:
        """The author number of a validator in an epoch; None for one that is no member."""
        if epoch not in self.sets:
            row = self._validators[node].disk.store.row(Column.EPOCH, epoch - 1)
            assert row is not None, "the end of an epoch is durable before anything of the next one leaves"
            commit = QuorumCertificate.from_value(decode(row)).commit
            assert commit is not None
            assert commit.next_epoch is not None
            self.sets[epoch] = commit.next_epoch
        return self.sets[epoch].index_of(node)

    def progress(self, machine: Machine | None) -> int:
        """Rounds that a validator has gone through, over all epochs."""
        if machine is None:
            return 0
        progress = self._rounds_before.setdefault(machine.ledger.validators.epoch, self._furthest)
        progress += machine.current_round
        self._furthest = max(self._furthest, progress)
        return progress
