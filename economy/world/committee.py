"""The validators of genesis in virtual time: a proposer signs each block, a quorum certifies what it came to.

Every block is executed by the ledger exactly as a validator executes it. The two-chain rule holds: the certificate of a
block commits the one below it. The newest block is therefore certified and not yet committed; it is stored as a
validator stores a block that it has voted for, and live validators that start from here go on above it.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from chain.block import Block, Header, header_id, payload_root, proposal_message
from chain.certificates import CommitInfo, QuorumCertificate, VoteData, vote_message
from chain.codec import decode, encode
from chain.consensus.leader import RoundRobin
from chain.consensus.safety import SafetyRules
from chain.crypto.signing import PrivateKey, RealSignatures
from chain.errors import MithqalError
from chain.executed import ExecutedBlock
from chain.genesis import GenesisDocument, genesis_hash
from chain.ledger import Ledger
from chain.storage import VOTED_ROW, Column, WriteBatch
from chain.transaction import SignedTransaction
from node.storage.sqlite import SqliteStore

PENDING_ROW = 0
"""Where the newest block lies."""


class WorldError(MithqalError):
    """The world asked for what its ledger does not do: a mistake of this program."""

    name = "world_broken"


class Ran(NamedTuple):
    """What one transaction came to."""

    version: int
    info: bytes
    """Its leaf's bytes."""
    has_events: bool
    """Whatever was executed leaves an event, and nothing else does."""


class Committee:
    """Four (or so) validators that agree at once, and one ledger that they share."""

    def __init__(self, document: GenesisDocument, keys: Sequence[PrivateKey], path: Path) -> None:
        """`keys` are the consensus keys, in the order of the validator set; `path` is the ledger's file.

        Goes on above the newest stored block.
        """
        self._genesis_hash = genesis_hash(document)
        self._store = SqliteStore(path, self._genesis_hash, check_below_bytes=0)
        self.ledger = ledger = Ledger(document, self._store)
        self._keys = keys
        self._leaders = RoundRobin(len(keys))
        self._batch = WriteBatch()
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None
        self._newest: tuple[Block, ExecutedBlock] | None = None
        self._high_qc = ledger.genesis_qc if ledger.tip_height == 0 else ledger.high_commit
        self._proposals: dict[int, Block] = {}
        """The last block of each author."""
        self._resume()

    def _resume(self) -> None:
        """Take up the stored newest block: the ledger's last certificate is its own."""
        row = self._store.row(Column.PENDING, PENDING_ROW)
        if row is None:
            return
        block = Block.from_value(decode(row))
        assert block.id == self._high_qc.block_id, "the newest block is the one that was certified last"
        result = self.ledger.execute(self.ledger.root(), block, [])
        self._newest = block, result

    @property
    def height(self) -> int:
        """Of the newest block."""
        return self.ledger.tip_height if self._newest is None else self._newest[1].height

    def run(self, transactions: list[SignedTransaction], timestamp_us: int) -> list[Ran]:
        """Execute, certify and store one block; what it was built on becomes final. What each came to, in order.

        WorldError if a transaction is discarded: a plan never makes one that cannot be kept.
        """
        parent = self.ledger.root() if self._newest is None else self._newest[1]
        block = self._propose(parent, transactions, max(timestamp_us, parent.timestamp_us + 1))
        result = self.ledger.execute(parent, block, transactions)
        if len(result.entries) != len(transactions) + 1:
            kept = {entry.hash for entry in result.entries}
            lost = next(tx for tx in transactions if tx.hash not in kept)
            raise WorldError(
                f"block {result.height} discards {lost.raw.payload.function} {lost.raw.sequence_number} of"
                f" {lost.raw.sender.hex()}"
            )
        self._certify(parent, block, result)
        self._newest = block, result
        first = result.first_version + 1
        return [Ran(first + place, item.info, bool(item.events)) for place, item in enumerate(result.entries[1:])]

    def _propose(self, parent: ExecutedBlock, transactions: list[SignedTransaction], timestamp_us: int) -> Block:
        """The next round's leader makes a block of the transactions."""
        round_ = self._high_qc.round + 1
        author = self._leaders.leader(round_)
        payload = tuple([tx.envelope for tx in transactions])
        header = Header(
            self.ledger.epoch, round_, parent.height + 1, author, timestamp_us, self._high_qc.digest(), None,
            payload_root(payload),
        )  # fmt: skip
        signature = self._keys[author].sign(proposal_message(header, self._genesis_hash))
        block = Block(header, self._high_qc, None, payload, signature, header_id(header))
        self._proposals[author] = block
        return block

    def _certify(self, parent: ExecutedBlock, block: Block, result: ExecutedBlock) -> None:
        """A quorum's votes for the block; they commit its parent."""
        commit = None
        if self._high_qc.round > 0:
            commit = CommitInfo(
                self.ledger.epoch, parent.round, parent.block_id, parent.root, parent.version, parent.timestamp_us, None
            )
        data = VoteData(
            self.ledger.epoch, block.round, block.id, self._high_qc.round, self._high_qc.block_id, result.root,
            result.version, result.timestamp_us, None,
        )  # fmt: skip
        message = vote_message(data, commit, self._genesis_hash)
        count, quorum = len(self._keys), self.ledger.validators.quorum
        voters = sorted((block.round + step) % count for step in range(quorum))
        self._high_qc = QuorumCertificate(data, commit, tuple((who, self._keys[who].sign(message)) for who in voters))
        if commit is not None:
            assert self._newest is not None
            self.ledger.commit([self._newest], self._high_qc, self._batch)

    def flush(self) -> None:
        """Hand what was committed to the disk, with the newest block, in one durable change; one may be under way."""
        if self._newest is not None:
            block = self._newest[0]
            self._batch.rows.append((Column.PENDING, PENDING_ROW, encode(block.to_value())))
            self._batch.rows.append((Column.META, VOTED_ROW, encode((block.header.epoch, block.round))))
        self.wait()
        self._writing = self._writer.submit(self._store.write, self._batch)
        self._batch = WriteBatch()

    def wait(self) -> None:
        """Until the disk has it. Raises what the write raised."""
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def close(self) -> None:
        """End the writer and close the file; what was not flushed is lost."""
        self._writer.shutdown()
        self._store.close()

    def records(self, old: Sequence[bytes | None]) -> list[bytes]:
        """The signing record of each validator: it has voted for the newest block and proposed what it proposed.

        The trusted core makes them, and judges the newest block and its certificates once more; `old` are the records
        that there were.
        """
        assert self._newest is not None
        block, result = self._newest
        parent = self.ledger.tip
        info = CommitInfo(
            self.ledger.epoch, parent.round, parent.block_id, parent.root, parent.version, parent.timestamp_us, None
        )
        found = []
        for number, key in enumerate(self._keys):
            rules = SafetyRules(
                key, self.ledger.validators, self._leaders, self.ledger.genesis_qc, self._genesis_hash,
                RealSignatures(), old[number],
            )  # fmt: skip
            own = self._proposals.get(number)
            if own is not None:
                rules.propose(own.header, own.id)
            rules.vote(block, result.root, result.version, info)
            found.append(rules.record_bytes())
        return found
