"""A whole certified ledger without a network: real blocks, real signatures, committed one round after they are made."""

from collections.abc import Mapping, Sequence
from typing import Any

from chain.block import Block, Header, header_id, payload_root, proposal_message
from chain.certificates import CommitInfo, QuorumCertificate, VoteData, vote_message
from chain.crypto.signing import PrivateKey, RealSignatures
from chain.entries import KIND_USER
from chain.executed import ExecutedBlock
from chain.facts import LedgerProof, RecordProof, TransactionProof
from chain.kept import KEPT_VERSIONS
from chain.ledger import Ledger, read_entry
from chain.light_client import BelievedLedger, verify_ledger
from chain.primitives import SECOND_US, Hash
from chain.prover import Prover, certificate_of
from chain.storage import Column, WriteBatch
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from chain.validators import Validator, ValidatorSet
from node.storage.memory import MemoryStore
from tests.builders import CHAIN_ID, CUSTODIAN, DEALER, NOW_SECS, TC, US, Party, document, key, new_world

VALIDATORS = {index: key(10 + index) for index in range(4)}
"""Consensus keys of `document()`'s validators."""
QUORUM = (0, 1, 3)


def certify(
    data: VoteData, commit: CommitInfo | None, keys: Mapping[int, PrivateKey], genesis_hash: bytes
) -> QuorumCertificate:
    """The certificate that these validators' keys make, by ascending author."""
    message = vote_message(data, commit, genesis_hash)
    return QuorumCertificate(data, commit, tuple((author, keys[author].sign(message)) for author in sorted(keys)))


class Chain:
    """A ledger that grows by certified blocks; block h has round h, and commits when h + 1 is certified."""

    def __init__(
        self, signers: tuple[int, ...] = QUORUM, kept_versions: int = KEPT_VERSIONS, **changes: object
    ) -> None:
        """Genesis only. `signers` make the certificates; `changes` go to the genesis document."""
        self.store = MemoryStore()
        self.ledger = Ledger(document(**changes), self.store, kept_versions)
        self.signers = {index: VALIDATORS[index] for index in signers}
        self.authors: Mapping[int, PrivateKey] = VALIDATORS
        self.epoch = 1
        self.qc = self.ledger.genesis_qc
        self.pending: list[tuple[Block, ExecutedBlock]] = []
        self.numbers: dict[bytes, int] = {}

    @property
    def genesis_hash(self) -> Hash:
        """The network's identity."""
        return self.ledger.genesis_hash

    def sign(self, who: Party, function: str, *arguments: Any) -> SignedTransaction:
        """Sign under the sender's next number, free of gas."""
        number = self.numbers.get(who.address, 0)
        self.numbers[who.address] = number + 1
        raw = RawTransaction(
            who.address, number, Payload(function, arguments), 1_000_000, 0, "XUS", NOW_SECS + 600, CHAIN_ID
        )
        return sign_transaction(raw, who.key, int(who.key.scheme), self.genesis_hash)

    def add(self, *transactions: SignedTransaction, commit: bool = True) -> Block:
        """Make a block and certify it, which commits the one before (unless `commit` is false: then later)."""
        block, result = self._make(transactions)
        self._certify(block, result, None, commit=commit)
        self.pending.append((block, result))
        return block

    def end_epoch(self, following: Mapping[int, PrivateKey]) -> str:
        """Commit what is pending as the last block of its epoch; the next one's validators have these keys.

        All of them sign from now on. Gives the waypoint.
        """
        members = tuple(
            Validator(f"e{self.epoch + 1}-{at}", following[at].public_key, b"n" * 32, at) for at in following
        )
        next_set = ValidatorSet(self.epoch + 1, members)
        self._certify(*self._make(()), next_set, commit=True)
        info = self.qc.commit
        assert info is not None
        self.epoch += 1
        self.signers = dict(following)
        self.authors = self.signers
        self.qc = self.ledger.genesis_qc
        return info.waypoint()

    def _make(self, transactions: Sequence[SignedTransaction]) -> tuple[Block, ExecutedBlock]:
        """A block on what is pending, executed."""
        parent = self.pending[-1][1] if self.pending else self.ledger.tip
        envelopes = tuple(tx.envelope for tx in transactions)
        round_ = self.qc.round + 1
        header = Header(
            self.epoch, round_, parent.height + 1, round_ % len(self.ledger.validators),
            parent.timestamp_us + SECOND_US, self.qc.digest(), None, payload_root(envelopes),
        )  # fmt: skip
        signature = self.authors[header.author].sign(proposal_message(header, self.genesis_hash))
        block = Block(header, self.qc, None, envelopes, signature, header_id(header))
        result = self.ledger.execute(parent, block, list(transactions))
        assert result.refused == ()
        return block, result

    def _certify(
        self, block: Block, result: ExecutedBlock, next_set: ValidatorSet | None, *, commit: bool
    ) -> None:  # fmt: skip
        """The block's certificate, which commits what is pending."""
        info = None
        if self.pending:
            last = self.pending[-1][1]
            info = CommitInfo(
                self.epoch, last.round, last.block_id, last.root, last.version, last.timestamp_us, next_set
            )
        data = VoteData(
            self.epoch, block.round, block.id, self.qc.round, self.qc.block_id, result.root, result.version,
            result.timestamp_us, None,
        )  # fmt: skip
        self.qc = certify(data, info, self.signers, self.genesis_hash)
        if self.pending and commit:
            batch = WriteBatch()
            self.ledger.commit(self.pending, self.qc, batch)
            self.write(batch)
            self.pending = []

    def write(self, batch: WriteBatch) -> None:
        """Make a commit durable."""
        self.store.write(batch)

    @property
    def waypoint(self) -> str:
        """Where trust starts."""
        return self.ledger.waypoint()

    @property
    def prover(self) -> Prover:
        """Proofs against the tip."""
        return Prover(self.ledger, self.ledger.tip_version)

    def proof(self, known_version: int = 0) -> LedgerProof:
        """From genesis, or the end of a later epoch, to the tip's certificate."""
        certificate = certificate_of(self.store, self.ledger.tip_height)
        assert certificate is not None
        found = self.prover.ledger(certificate, known_version)
        assert found is not None
        return found

    def believed(self) -> BelievedLedger:
        """What the light client makes of it."""
        return verify_ledger(self.waypoint, self.proof(), RealSignatures())

    def transaction(self, version: int) -> TransactionProof:
        """One entry proved."""
        return self.prover.transaction(version)

    def account(self, address: bytes) -> RecordProof:
        """An account at the tip."""
        state = self.ledger.history.at(self.ledger.tip_version)
        assert state is not None
        return self.prover.account(address, state)

    def versions(self, kind: int = KIND_USER) -> list[int]:
        """Versions of the entries of a kind."""
        rows = self.store.rows(Column.TRANSACTION, 0, 10**6)
        return [version for version, row in rows if read_entry(row)[0] == kind]


def small_chain(signers: tuple[int, ...] = QUORUM, kept_versions: int = KEPT_VERSIONS) -> Chain:
    """A dealer with 3,500 micro-XUS, a provider with 1,500; a failed payment; several blocks."""
    chain = Chain(signers, kept_versions)
    made = [(DEALER, "create_designated_dealer", "us-dealer"), (US, "create_parent_vasp_account", "us-wallet")]
    chain.add(*(
        chain.sign(TC, function, "XUS", 0, who.address, who.key.authentication_key()[:16], name, False)
        for who, function, name in made
    ))  # fmt: skip
    world = new_world()
    world.context = world.context._replace(genesis_hash=chain.genesis_hash)
    assert set(CUSTODIAN) >= {"XUS"}
    chain.add(chain.sign(TC, "tiered_mint", *world.mint_arguments(5_000)))
    pay = "peer_to_peer_with_metadata"
    chain.add(
        chain.sign(DEALER, pay, "XUS", US.address, 1_500, b"rent", b""),
        chain.sign(DEALER, pay, "XUS", US.address, 9_999, b"", b""),
    )
    for _ in range(4):
        chain.add()
    return chain
