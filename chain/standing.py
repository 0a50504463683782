"""Whether this validator may sign at all: one whose signing record is new must not have lost an older one (Y10, R18).

A validator that never voted with this ledger and began it with a new record may be new, or may have lost its disk. It
is found out by any signature of its key in the blocks that it catches up with; and one that skips those by a snapshot
does not sign, unless its key came to the set so lately that there was hardly anything to sign. It follows the ledger
from then on, until it has another key: with this one it could sign differently what it has signed already.
"""

from chain.block import Block
from chain.consensus.epochs import Epochs
from chain.errors import SafetyError
from chain.interface import Output
from chain.ledger import Ledger
from chain.storage import NEW_RECORD_ROW, VOTED_ROW, Column, WriteBatch
from chain.sync.snapshot import Snapshot


class Standing:
    """What one replica's key may do."""

    def __init__(self, number: int, ledger: Ledger, consensus: Epochs, *, grace: int, is_record_new: bool) -> None:
        """Read what an earlier life of validator `number` found out.

        So many versions after its key came to the set a new validator may join by a snapshot and vote.
        """
        self._grace = grace
        self._number, self._ledger, self._consensus, store = number, ledger, consensus, ledger.store
        has_voted = store.row(Column.META, VOTED_ROW) is not None
        barred = store.row(Column.META, NEW_RECORD_ROW)
        if is_record_new and barred is None and not has_voted:
            barred = b""
            store.write(WriteBatch(rows=[(Column.META, NEW_RECORD_ROW, b"")]))
        self.is_unproven = barred == b"" and not has_voted
        """Whether nothing shows yet that the record is not the second one of its key."""
        self._has_voted = has_voted
        if barred:
            consensus.bar(barred, _WHY)

    def judge(self, error: SafetyError) -> None:
        """What is wrong with the record at the start: a new one beside a ledger that never voted only follows.

        Raises it as `safety_record_old` otherwise.
        """
        if error.name != "signing_record_new":
            raise error
        if self._has_voted:
            raise SafetyError(
                "this validator voted with this ledger, and its signing record ends at round 0: put the newest record"
                " back; it must not sign with it again (docs/operations.md)",
                name="safety_record_old",
            ) from error
        self._consensus.bar(self._consensus.machine.safety.public_key, error.message)

    def note(self, batch: WriteBatch) -> None:
        """A vote is proof enough: it takes blocks, and those were looked through."""
        if self.is_unproven and any(row[:2] == (Column.META, VOTED_ROW) for row in batch.rows):
            self.is_unproven = False

    def on_commit(self, blocks: list[Block], out: Output) -> None:
        """R18: look for signatures of our key in blocks that were final before we ever voted."""
        own = self._consensus.machine.own
        if self.is_unproven and any(
            block.header.author == own or any(author == own for author, _ in block.parent_qc.signatures)
            for block in blocks
        ):
            self._bar(out)

    def on_snapshot(self, snapshot: Snapshot, out: Output) -> None:
        """Y10: the blocks before the snapshot are not here to be looked through."""
        since = self._member_since(snapshot)
        if self.is_unproven and since is not None and snapshot.version - since > self._grace:
            self._bar(out)

    def _member_since(self, snapshot: Snapshot) -> int | None:
        """The version from which on our present key has been in the set; None if it is not."""
        number, ledger = self._number, self._ledger
        sets = [(ledger.genesis_info.next_epoch, 0)]
        sets += [(end.commit.next_epoch, end.commit.version) for end in snapshot.offer.epochs if end.commit is not None]
        found: tuple[bytes, int] | None = None
        for validators, version in sets:
            assert validators is not None, "an end names the set that follows"
            index = validators.index_of(number)
            key = None if index is None else validators.members[index].consensus_key
            if key is None:
                found = None
            elif found is None or found[0] != key:
                found = key, version
        return None if found is None else found[1]

    def _bar(self, out: Output) -> None:
        """Sign nothing more with this key, and remember it."""
        validators = self._ledger.validators
        index = validators.index_of(self._number)
        key = b"" if index is None else validators.members[index].consensus_key
        out.persist.rows.append((Column.META, NEW_RECORD_ROW, key))
        out.alarm("signing_record_new", _WHY)
        self.is_unproven = False
        self._consensus.bar(key, _WHY)


_WHY = (
    "this validator began its ledger with a new signing record, and its key may have signed before: it follows the"
    " ledger and signs nothing until it has another key (docs/operations.md)"
)
