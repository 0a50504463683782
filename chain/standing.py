"""Whether this validator may sign at all: one whose signing record is new must not have lost an older one (SY10, R18).

A key without a vote in its record may be new, or its record may be lost. It is found out by any signature of its own in
the blocks that are caught up with (R18); and where a snapshot skips those, the key does not sign unless it came to the
set so lately that there was hardly anything to sign. Such a validator follows the ledger, also after a restart, until
it has another key: with this one it could sign differently what it has signed already.
"""

from chain.block import Block
from chain.codec import decode, encode, fields
from chain.consensus.catch_up import Path
from chain.consensus.epochs import Epochs
from chain.consensus.memory import check_blocks, is_new
from chain.errors import SafetyError
from chain.executed import divergence_bytes
from chain.interface import Output
from chain.ledger import Ledger
from chain.storage import BARRED_ROW, DIVERGENCE_ROW, VOTED_ROW, Column, WriteBatch
from chain.sync.snapshot import Snapshot
from chain.validators import ValidatorSet

_FOUND = (
    "this validator's key has signed what its signing record does not know, as was found before: it follows the ledger"
    " and signs nothing until it has another key: mithqal validator rotate-key NAME (docs/operations.md)"
)
_WHY = (
    "this validator began its ledger anew with a new signing record, and its key may have signed before: it follows the"
    " ledger and signs nothing until it has another key: mithqal validator rotate-key NAME (docs/operations.md)"
)


class Standing:
    """What one replica's keys may do."""

    def __init__(self, number: int, ledger: Ledger, consensus: Epochs, *, grace: int) -> None:
        """Read what an earlier life of validator `number` found out.

        So many versions after its key came to the set a new validator may join by a snapshot and vote.
        """
        self._number, self._ledger, self._consensus, self._grace = number, ledger, consensus, grace
        row = ledger.store.row(Column.META, BARRED_ROW)
        keys = () if row is None else decode(row)
        assert isinstance(keys, tuple), "written below"
        self._barred: list[bytes] = list(fields(keys, "barred keys", *[bytes] * len(keys)))
        for key in self._barred:
            consensus.bar(key, _FOUND)
        consensus.on_barred = lambda key, why, out: self._bar(key, why, out.persist)
        consensus.on_diverged = keep_divergence

    def judge(self, error: SafetyError) -> None:
        """What is wrong with the record at the start: a new one beside a ledger that never voted only follows, and so
        does one whose key was barred before.

        Raises it as `safety_record_old` otherwise.
        """
        if self._consensus.machine.safety.public_key in self._barred:
            return
        if error.name != "signing_record_new":
            raise error
        key, store = self._consensus.machine.safety.public_key, self._ledger.store
        if store.row(Column.META, VOTED_ROW) is not None:
            raise SafetyError(
                "this validator voted with this ledger, and its signing record ends at round 0: put the newest record"
                " back; it must not sign with it again (docs/operations.md)",
                name="safety_record_old", key=key.hex(),
            ) from error  # fmt: skip
        batch = WriteBatch()
        self._bar(key, error.message, batch)
        store.write(batch)

    def on_commit(self, blocks: list[Block], out: Output) -> None:
        """R18: look for signatures of our key in final blocks while its record is new."""
        machine = self._consensus.machine
        if machine.own < 0 or not is_new(machine.safety.record):
            return
        try:
            check_blocks(machine.safety.record, machine.own, blocks)
        except SafetyError as error:
            if machine.safety.silenced is None:
                out.alarm(error.name, error.message)
            self._bar(machine.safety.public_key, error.message, out.persist)

    def on_snapshot(self, snapshot: Snapshot, out: Output) -> None:
        """SY10: the blocks before the snapshot, which is about to be adopted, will not be here to be looked through.

        What is found goes into the batch that adopts it: no crash parts the new ledger from what it says of the key.
        """
        sets = self._sets(snapshot)
        validators, _ = sets[-1]
        index = validators.index_of(self._number)
        key = b"" if index is None else validators.members[index].consensus_key
        has_voted = self._ledger.store.row(Column.META, VOTED_ROW) is not None  # then a lost record is missed (D4)
        if index is None or has_voted or not self._consensus.is_record_lost(key):
            return
        if snapshot.version - self._member_since(sets, key) > self._grace:
            out.alarm("signing_record_new", _WHY)
            self._bar(key, _WHY, out.persist)

    def _sets(self, snapshot: Snapshot) -> list[tuple[ValidatorSet, int]]:
        """The members of each epoch up to the snapshot's, and the version from which on they were it."""
        commits = [self._ledger.genesis_info, *(end.commit for end in (*snapshot.offer.epochs, snapshot.certificate))]
        return [
            (commit.next_epoch, commit.version)
            for commit in commits
            if commit is not None and commit.next_epoch is not None
        ]

    def _member_since(self, sets: list[tuple[ValidatorSet, int]], key: bytes) -> int:
        """The version from which on a key that is in the last set has been in all of them without a break."""
        since = sets[-1][1]
        for validators, version in reversed(sets):
            index = validators.index_of(self._number)
            if index is None or validators.members[index].consensus_key != key:
                break
            since = version
        return since

    def _bar(self, key: bytes, why: str, batch: WriteBatch) -> None:
        """Sign nothing more with this key, and remember it."""
        self._consensus.bar(key, why)
        if key not in self._barred:
            self._barred.append(key)
            batch.rows.append((Column.META, BARRED_ROW, encode(tuple(self._barred))))


def keep_divergence(path: Path, certified: bytes, out: Output) -> None:
    """DV2: keep blocks that gave another result here than a quorum certified, for who looks into it afterwards."""
    out.persist.rows.append((Column.META, DIVERGENCE_ROW, divergence_bytes(path, certified)))
