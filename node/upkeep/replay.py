"""A ledger's blocks executed again by the real ledger code, from where it begins; every row that comes out is compared.

Each block's links, leader, signatures and certificates are judged as consensus does, and each transaction's signatures
as admission does. Memory holds the state and one certificate's blocks, whatever the length of the ledger.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import count

from chain.block import Block
from chain.certificates import QuorumCertificate
from chain.consensus.catch_up import check_result
from chain.consensus.fetcher import check_links
from chain.consensus.leader import elect
from chain.consensus.verifier import Verifier
from chain.crypto.signing import RealSignatures
from chain.errors import BlockError, CertificateError, MithqalError
from chain.executed import ExecutedBlock
from chain.genesis import GenesisDocument
from chain.ledger import Ledger, read_block
from chain.state.accumulator import STORED_LEVEL
from chain.state.view import Overlay
from chain.storage import Column, Index, WriteBatch
from chain.transaction import SignedTransaction, decode_transaction
from node.storage.reading import LedgerFile
from node.upkeep.begin import Beginning, read_beginning
from node.upkeep.differences import MISSING, Difference, Found, entry_difference, row_difference, shown
from node.upkeep.indexes import Posting, postings_of_block, postings_of_version

Say = Callable[[int, int], None]
"""Hears the version that was reached, and the last one."""
WHOLE_HISTORY = 1 << 62
"""The window of a ledger that writes every row of replaced records and drops none."""
SAY_EVERY = 200
"""Blocks between two words of progress."""


class ReplayStore:
    """A `chain.storage.Store` that keeps only what the ledger reads while it runs: its tip and the ends of epochs."""

    def __init__(self, beginning: Beginning | None) -> None:
        """Empty for a ledger that begins at genesis."""
        self._rows = {} if beginning is None else dict(beginning.rows)
        self._state = {} if beginning is None else beginning.state
        self.batch = WriteBatch()
        """The last batch."""

    def row(self, column: Column, key: int) -> bytes | None:
        """A row, or None."""
        return self._rows.get((column, key))

    def rows(self, column: Column, start: int, limit: int) -> list[tuple[int, bytes]]:
        """Rows from a key on."""
        found = sorted((key, data) for (place, key), data in self._rows.items() if place is column and key >= start)
        return found[:limit]

    def last_row(self, column: Column) -> tuple[int, bytes] | None:
        """The row with the highest key."""
        found = self.rows(column, 0, len(self._rows))
        return found[-1] if found else None

    def state(self, key: bytes) -> bytes | None:
        """What stood there at the beginning: what was written since is in the ledger's memory."""
        return self._state.get(key)

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        """The state at the beginning."""
        yield from self._state.items()

    def staged(self) -> Iterator[tuple[bytes, bytes]]:
        """Nothing."""
        yield from ()

    def postings(
        self, index: Index, key: bytes, start: int, limit: int, *, descending: bool = False
    ) -> list[tuple[int, int]]:
        """Nothing: a ledger does not read its indexes."""
        del index, key, start, limit, descending
        return []

    def write(self, batch: WriteBatch) -> None:
        """Keep what is read again."""
        for column, key, data in batch.rows:
            if column in (Column.META, Column.EPOCH):
                if data is None:
                    self._rows.pop((column, key), None)
                else:
                    self._rows[column, key] = data
        self.batch = batch


class Replay:
    """One pass over a ledger's file. `ledger` is what its blocks give; `is_whole` says whether all were executed."""

    def __init__(self, file: LedgerFile, document: GenesisDocument, found: Found, say: Say) -> None:
        """Genesis is executed and compared, or the state of a snapshot put in its place.

        ProofError or GenesisError if what it begins from is not what the certificates say.
        """
        self._file, self._found, self._say = file, found, say
        self._signatures = RealSignatures()
        self.beginning = read_beginning(file, document)
        self._store = ReplayStore(self.beginning)
        self.ledger = Ledger(document, self._store, WHOLE_HISTORY)
        self._first_undo = next((key for key, _ in file.rows(Column.UNDO)), None)
        self.is_whole = False
        self.blocks = self.transactions = self.signatures = self.certificates = 0
        self.postings = self.inner_nodes = 0
        """What the indexes and the accumulator must hold."""
        self.written: dict[bytes, int] = {}
        """State key -> last version of the block that wrote it last."""
        self._path: list[tuple[Block, ExecutedBlock]] = []
        """Blocks that no certificate has committed yet."""
        self._verifier = self._judge()
        if self.beginning is None:
            self.written = dict.fromkeys(self.ledger.state.cache, 0)
            self._compare(self._store.batch)
        else:
            self.written = dict.fromkeys(self.beginning.state, self.beginning.version)
            genesis = ReplayStore(None)
            Ledger(document, genesis, 0)
            self._compare(genesis.batch)
            self._compare_before(self.beginning)

    def run(self) -> None:
        """Take every block, as far as the file goes."""
        tip = self._file.row(Column.META, 0)
        last = self._file.last_key(Column.TRANSACTION) or 0
        start = self.ledger.tip_height + 1
        rows = self._file.rows(Column.BLOCK, start)
        for height in count(start):
            key, stored = next(rows, (None, None))
            if stored is None:
                break
            if key != height:
                self._differ("block", f"block {height}", MISSING, "a block")
                return
            if not stored.is_whole:
                self._differ("block", f"block {height}", "a value that fails its checksum", "a block")
                return
            if not self._take(height, stored.value):
                return
            if height % SAY_EVERY == 0:
                self._say(self.ledger.tip_version, last)
        if self._path:
            what = f"what commits blocks {self._path[0][0].height} to {self._path[-1][0].height}"
            self._differ("certificate", what, MISSING, "a certificate")
            return
        self.is_whole = True
        expected = self._store.row(Column.META, 0)
        assert expected is not None
        self._note(row_difference(self.ledger.tip_version, "tip", "the ledger's tip", tip, expected))

    @property
    def _next(self) -> int:
        """The first version that is not executed yet."""
        return (self._path[-1][1] if self._path else self.ledger.tip).version + 1

    def _take(self, height: int, row: bytes) -> bool:
        """Judge and execute a block, and commit what its certificate commits; False if it cannot go on from here."""
        try:
            block, _, certificate = read_block(row)
            if block is None:
                raise BlockError("it is genesis", name="broken_chain")
            transactions = [decode_transaction(envelope) for envelope in block.payload]
        except MithqalError as error:
            self._differ("block", f"block {height}", f"no block ({error.message})", "a block")
            return False
        parent = self._path[-1][1] if self._path else self.ledger.root()
        if not self._links(parent, block):
            return False
        try:
            result = self.ledger.execute(parent, block, transactions)
        except MithqalError as error:
            self._differ(error.name, f"block {height}", error.message, "a block that can be executed")
            return False
        self._check_signatures(transactions, result)
        self.blocks += 1
        self._path.append((block, result))
        return certificate is None or self._commit(certificate)

    def _links(self, parent: ExecutedBlock, block: Block) -> bool:
        """Whether the block follows its parent; what else is wrong with it is noted."""
        if (block.parent_id, block.height) != (parent.block_id, parent.height + 1):
            self._differ("block", f"the parent of block {block.height}", shown(block.parent_id), shown(parent.block_id))
            return False
        if not 0 <= block.header.author < len(self.ledger.validators):
            self._differ("block", f"the author of block {block.height}", str(block.header.author), "a member's place")
            return False
        try:
            self._verifier.block(block)
        except CertificateError as error:
            what = f"a certificate of block {block.height}"
            self._differ("certificate", what, error.message, "a quorum's signatures")
        except MithqalError as error:
            self._differ("block", f"block {block.height}", error.message, "a block of its leader")
        said = block.parent_qc.data
        if block.parent_qc.round and (said.root, said.version) != (parent.root, parent.version):
            what = f"the root that block {block.height} certifies of its parent"
            self._differ("certificate", what, shown(said.root), shown(parent.root), version=parent.version)
        self.certificates += 1
        return True

    def _check_signatures(self, transactions: list[SignedTransaction], result: ExecutedBlock) -> None:
        """Every signature of every transaction in a block, of those too that execution discarded."""
        versions = {entry.hash: version for version, entry in enumerate(result.entries, result.first_version)}
        self.transactions += len(result.entries) - 1 if result.entries else 0
        for tx in transactions:
            for check in tx.checks(self.ledger.genesis_hash):
                self.signatures += 1
                if not self._signatures.verify(check):
                    what = f"a signature of transaction {tx.hash.hex()}"
                    version = versions.get(tx.hash, result.version)
                    self._differ("signature", what, shown(check.signature), "a signature by its key", version=version)

    def _commit(self, certificate: QuorumCertificate) -> bool:
        """Judge what commits the path, and compare all rows that it gives."""
        path, ledger = self._path, self.ledger
        result = path[-1][1]
        what = f"what commits block {result.height}"
        try:
            certificate.verify(ledger.validators, ledger.genesis_hash, self._signatures)
            if certificate.commit is None:
                raise CertificateError("it commits nothing")
            root = ledger.root()
            check_links(root, [block for block, _ in path], certificate.commit)
            check_result(result, certificate.commit)
        except MithqalError as error:
            self._differ("certificate", what, f"no proof ({error.message})", shown(result.root), version=result.version)
        self.certificates += 1
        commit = certificate.commit
        ends = None if commit is None else commit.next_epoch
        if ends != result.next_epoch:
            return False
        for _, one in path:
            self.written.update(dict.fromkeys(one.writes, one.version))
        batch = WriteBatch()
        epoch = ledger.epoch
        ledger.commit(path, certificate, batch)
        self._store.write(batch)
        self._path = []
        self._compare(batch)
        if ledger.epoch != epoch:
            self._verifier = self._judge()
        return True

    def _judge(self) -> Verifier:
        """Who judges blocks and certificates of the ledger's epoch."""
        ledger = self.ledger
        config = Overlay(ledger.state).onchain().consensus
        leaders = elect(config.leader_election, len(ledger.validators))
        return Verifier(ledger.validators, leaders, ledger.genesis_qc, ledger.genesis_hash, self._signatures)

    # --- comparing ---

    def _compare(self, batch: WriteBatch) -> None:
        """Rows and index entries that the ledger's code wrote, with those of the file."""
        for column, key, expected in batch.rows:
            if expected is None or column is Column.META:
                continue
            stored = self._file.row(column, key)
            match column:
                case Column.TRANSACTION:
                    self._note(entry_difference(key, stored, expected))
                case Column.BLOCK:
                    version = read_block(expected)[1][1]
                    self._note(row_difference(version, "block", f"block {key}", stored, expected))
                case Column.ACCUMULATOR:
                    self.inner_nodes += 1
                    place = f"the accumulator's node {key}"
                    self._note(row_difference(last_leaf(key), "accumulator", place, stored, expected))
                case Column.UNDO:
                    if self._first_undo is not None and key >= self._first_undo:
                        what = f"the row of records that version {key} replaced"
                        self._note(row_difference(key, "undo", what, stored, expected))
                case _:
                    what = f"{column.name.lower()} {key}"
                    self._note(row_difference(self.ledger.tip_version, column.name.lower(), what, stored, expected))
        self._compare_postings(batch.postings)

    def _compare_before(self, beginning: Beginning) -> None:
        """What leads to the versions and blocks of a snapshot, up to where execution begins."""
        self.inner_nodes += len(beginning.inner)
        for version in range(beginning.base.version, beginning.version + 1):
            self._compare_postings(postings_of_version(self._file, version))
        for height in range(beginning.base.height, beginning.height + 1):
            self._compare_postings(postings_of_block(self._file, height))

    def _compare_postings(self, postings: Iterable[Posting]) -> None:
        """Index entries with those of the file."""
        for index, name, place, value in postings:
            self.postings += 1
            found = self._file.posting(index, name, place)
            if found != value:
                version = self._version_of(index, value)
                what = f"{index.name.lower()} {name.hex()} {place} in the index"
                self._note(Difference(version, "index", what, shown(found), shown(value)))

    def _version_of(self, index: Index, value: int) -> int:
        """The version that an index entry leads to."""
        if index is not Index.BLOCK_BY_ID:
            return value
        stored = self._file.row(Column.BLOCK, value)
        try:
            return self.ledger.tip_version if stored is None else read_block(stored.value)[1][1]
        except MithqalError:
            return self.ledger.tip_version

    def _differ(self, kind: str, what: str, stored: str, recomputed: str, version: int | None = None) -> None:
        """Note a difference at the next version, or at the one given."""
        self._found.add(Difference(self._next if version is None else version, kind, what, stored, recomputed))

    def _note(self, difference: Difference | None) -> None:
        """Note it if it is one."""
        if difference is not None:
            self._found.add(difference)


def last_leaf(position: int) -> int:
    """The version that made an inner node of the accumulator full; -1 for a position that no stored node has."""
    level = 0
    while position >> level & 1:
        level += 1
    return -1 if level < STORED_LEVEL else ((position >> level + 1) + 1 << level) - 1
