"""What is judged when a run is over: every honest disk once more, and what should have been caught up by then."""

from collections.abc import Sequence

from chain.crypto.signing import Signatures
from chain.kept import read_base
from chain.primitives import SECOND_US
from node.sim.checkers import Violation, check_acknowledged, check_money
from node.sim.parties import START_US, Parties
from node.sim.proofs import check_proofs
from node.sim.pulse import SETTLE_BLOCKS, SETTLE_US, Pulse
from node.sim.replay import check_replay
from node.sim.scenario import Scenario
from node.sim.validator import Validator
from node.sim.watch import Watch
from node.sim.workload import Workload


class Verdict:
    """The checks at the end of a run."""

    def __init__(
        self, scenario: Scenario, parties: Parties, signatures: Signatures, watch: Watch, workload: Workload,
        pulse: Pulse,
    ) -> None:  # fmt: skip
        """What the checks read, beside the disks."""
        self._scenario, self._parties, self._signatures = scenario, parties, signatures
        self._watch, self._workload, self._pulse = watch, workload, pulse

    def violations(self, honest: Sequence[Validator], *, is_whole: bool) -> list[Violation]:
        """All that is broken, on the disks of the honest validators; L2 and L3 only if the run took its whole time."""
        found: list[Violation] = []
        for validator in honest:
            found += self._inspect(validator)
        best = max(honest, key=lambda item: self._watch.ledgers.announced.get(item.index, 0), default=None)
        for validator in honest:
            found += check_replay(
                validator.index, validator.disk.store, self._parties.chain, self._signatures, is_full=validator is best
            )  # fmt: skip
        return found + ([] if best is None or not is_whole else self._late(honest, best))

    def _inspect(self, validator: Validator) -> list[Violation]:
        """S3, S8 and S9 on what a validator has on disk, up to what it announced."""
        index, store = validator.index, validator.disk.store
        ledgers = self._watch.ledgers
        height = ledgers.announced.get(index, 0)
        keys = [validator.consensus_key for validator in self._parties.document.validators]
        found = check_proofs(index, store, keys, self._parties.chain[1], self._signatures, height)
        found += check_money(index, store)
        at, base = ledgers.committed_at, read_base(store).height
        # In a fork some are at no height that all agree on: everybody owes those.
        known = {tx: where for tx, where in self._workload.acknowledged.items() if base < at.get(tx, height) <= height}
        return found + check_acknowledged(index, store, known)

    def _late(self, honest: Sequence[Validator], best: Validator) -> list[Violation]:
        """L2 and L3, if the run went on for long enough after the faults."""
        scenario, announced = self._scenario, self._watch.ledgers.announced
        alive = [validator.index for validator in honest if validator.is_up]
        blocks = max(announced.values(), default=0) - self._watch.calm_height
        if scenario.duration_us - scenario.calm_us < SETTLE_US or blocks < SETTLE_BLOCKS or not alive:
            return []
        calm_us, ledger_secs = START_US + scenario.calm_us, best.announced_timestamp_us // SECOND_US
        return self._pulse.check_caught_up(announced, alive) + self._workload.check_accepted(calm_us, ledger_secs)
