"""A whole certified ledger without a network: real blocks, real signatures, committed one round after they are made."""

from collections.abc import Mapping
from typing import Any

from chain.block import Block, Header, header_id, payload_root
from chain.certificates import CommitInfo, QuorumCertificate, VoteData, vote_message
from chain.crypto.signing import PrivateKey, RealSignatures
from chain.entries import KIND_USER
from chain.kept import KEPT_VERSIONS
from chain.ledger import ExecutedBlock, Ledger, read_entry
from chain.light_client import AccountProof, BelievedLedger, LedgerProof, TransactionProof, verify_ledger
from chain.primitives import SECOND_US, Hash
from chain.prover import Prover, certificate_of
from chain.storage import Column, WriteBatch
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
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
        parent = self.pending[-1][1] if self.pending else self.ledger.tip
        envelopes = tuple(tx.envelope for tx in transactions)
        round_ = parent.round + 1
        header = Header(
            1, round_, parent.height + 1, round_ % 4, parent.timestamp_us + SECOND_US, self.qc.digest(), None,
            payload_root(envelopes),
        )  # fmt: skip
        block = Block(header, self.qc, None, envelopes, b"", header_id(header))
        result = self.ledger.execute(parent, block, list(transactions))
        assert result.refused == ()
        info = None
        if self.pending:
            last = self.pending[-1][1]
            info = CommitInfo(1, last.round, last.block_id, last.root, last.version, last.timestamp_us, None)
        data = VoteData(
            1, round_, block.id, parent.round, parent.block_id, result.root, result.version, result.timestamp_us, None
        )
        self.qc = certify(data, info, self.signers, self.genesis_hash)
        if self.pending and commit:
            batch = WriteBatch()
            self.ledger.commit(self.pending, self.qc, batch)
            self.write(batch)
            self.pending = []
        self.pending.append((block, result))
        return block

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

    def proof(self) -> LedgerProof:
        """From genesis to the tip's certificate."""
        certificate = certificate_of(self.store, self.ledger.tip_height)
        assert certificate is not None
        return self.prover.ledger(certificate)

    def believed(self) -> BelievedLedger:
        """What the light client makes of it."""
        return verify_ledger(self.waypoint, self.proof(), RealSignatures())

    def transaction(self, version: int) -> TransactionProof:
        """One entry proved."""
        return self.prover.transaction(version)

    def account(self, address: bytes) -> AccountProof:
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
