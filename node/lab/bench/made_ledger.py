"""A whole network's ledger made without a network: real transactions in real blocks, signed by the validators' keys.

One ledger executes every block; each validator's signing rules vote for it and keep their record. The data of every
validator is what it would have after committing those blocks: a copy of the ledger, and its own signing record.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from chain.accounts import TREASURY
from chain.block import Block, Header, header_id, payload_root
from chain.certificates import CommitInfo, QuorumCertificate
from chain.codec import Value, encode
from chain.consensus.leader import elect
from chain.consensus.safety import SafetyRules
from chain.crypto.signing import PrivateKey, RealSignatures, Scheme
from chain.executed import ExecutedBlock
from chain.execution.treasury import receipt_message
from chain.genesis import GenesisDocument, genesis_hash
from chain.ledger import Ledger
from chain.limits import MAX_BLOCK_TRANSACTIONS
from chain.primitives import SECOND_US, Address
from chain.records.onchain import ROUND_ROBIN
from chain.storage import VOTED_ROW, Column, WriteBatch
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from node.client.network import Network
from node.keystore import forget_unused, load_key
from node.lab.bench.crypto import CURRENCY, payment
from node.storage.safety_file import SafetyFile, owner_of
from node.storage.signing_record import SAFETY_FILE
from node.storage.sqlite import SqliteStore

LEDGER_FILE = "ledger.sqlite"
LIFETIME_S = 80_000
MINTED = 10**15
GAS_UNITS = 1_000_000
CREATED_AT_ONCE = 100
"""Accounts that one block creates."""


class MadeLedger:
    """The blocks of one network, made one after the other in a file of their own."""

    def __init__(self, network: Network, document: GenesisDocument, path: Path) -> None:
        """Genesis only; `path` is a new file."""
        self._network, self._document = network, document
        self._chain = genesis_hash(document)
        self._store = SqliteStore(path, self._chain)
        self.ledger = Ledger(document, self._store)
        """What is committed."""
        self._leaders = elect(ROUND_ROBIN, len(document.validators))
        keys = [load_key(member.directory / "keys" / "consensus.json") for member in network.members]
        self._safety = [
            SafetyRules(
                key, self.ledger.validators, self._leaders, self.ledger.genesis_qc, self._chain, RealSignatures(), None
            )
            for key in keys
        ]  # fmt: skip
        self._owners = [owner_of(self._chain, key.public_key) for key in keys]
        self._expires = document.timestamp_us // SECOND_US + LIFETIME_S
        self._qc = self.ledger.genesis_qc
        self._pending: tuple[Block, ExecutedBlock] | None = None
        self.transactions = 0
        """User transactions in the blocks that are committed, set-up included."""

    def grow(self, accounts: int, transactions: int, say: Callable[[int], object]) -> None:
        """Create so many paying accounts, then commit payments until there are so many user transactions in all."""
        payers = [PrivateKey(at.to_bytes(32, "big")) for at in range(1, accounts + 1)]
        for block in self._set_up(payers):
            self.add(block)
        addresses = [Address(key.authentication_key()[16:]) for key in payers]
        made, turn = self.transactions + self._waiting(), 0
        while made < transactions:
            count = min(MAX_BLOCK_TRANSACTIONS, transactions - made)
            self.add([self._payment(payers, addresses, at) for at in range(turn, turn + count)])
            made, turn = made + count, turn + count
            say(made)
        self.add([])
        self.add([])  # what stands below a certified child is committed

    def add(self, transactions: Sequence[SignedTransaction]) -> None:
        """One block: proposed, executed, voted for by everybody, certified; that commits the block before."""
        parent = self.ledger.tip if self._pending is None else self._pending[1]
        qc, envelopes = self._qc, tuple(tx.envelope for tx in transactions)
        round_ = qc.round + 1
        author = self._leaders.leader(round_)
        header = Header(
            self.ledger.epoch, round_, parent.height + 1, author, parent.timestamp_us + 1, qc.digest(), None,
            payload_root(envelopes),
        )  # fmt: skip
        id_ = header_id(header)
        block = Block(header, qc, None, envelopes, self._safety[author].propose(header, id_), id_)
        result = self.ledger.execute(parent, block, list(transactions))
        assert len(result.entries) == 1 + len(transactions), "every transaction runs"
        info = CommitInfo(
            header.epoch, parent.round, parent.block_id, parent.root, parent.version, parent.timestamp_us, None
        )
        votes = [rules.vote(block, result.root, result.version, info) for rules in self._safety]
        signed = tuple((author, vote.signature) for author, vote in enumerate(votes))
        self._qc = QuorumCertificate(votes[0].data, votes[0].commit, signed)
        batch = WriteBatch()
        if self._pending is not None:
            self.transactions += self._waiting()
            self.ledger.commit([self._pending], self._qc, batch)
        batch.rows.append((Column.PENDING, 0, encode(block.to_value())))
        batch.rows.append((Column.META, VOTED_ROW, encode((header.epoch, round_))))
        self._store.write(batch)
        self._pending = block, result

    def hand_out(self) -> None:
        """Close the file, and give each validator its copy with its signing record."""
        path = self._store.path
        self._store.close()
        for member, rules, owner in zip(self._network.members, self._safety, self._owners, strict=True):
            data = member.directory / "data"
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(path, data / LEDGER_FILE)
            self._give_record(data, rules, owner)
            forget_unused(member.directory / "keys" / "consensus.json")

    def _give_record(self, data: Path, rules: SafetyRules, owner: bytes) -> None:
        """The record that the validator would have after its last vote."""
        with closing(SafetyFile(data / SAFETY_FILE, owner)) as file:
            file.store(rules.record_bytes())

    def _waiting(self) -> int:
        """Transactions of the block that is not committed yet."""
        return 0 if self._pending is None else len(self._pending[0].payload)

    def _set_up(self, payers: Sequence[PrivateKey]) -> Iterator[list[SignedTransaction]]:
        """A dealer, a provider with coins, and its children."""
        treasury = load_key(self._network.keys / "treasury.json")
        custodian = load_key(self._network.keys / f"custodian-{CURRENCY}.json")
        dealer, provider = (PrivateKey(b"made" + bytes([at]) * 28) for at in (1, 2))
        receipt = bytes(32)
        signature = custodian.sign(receipt_message(self._chain, receipt, CURRENCY, MINTED))
        to_dealer, to_provider = _identity(dealer), _identity(provider)
        calls = [
            ("create_designated_dealer", (CURRENCY, 0, *to_dealer, "dealer", False)),
            ("create_parent_vasp_account", (CURRENCY, 0, *to_provider, "provider", False)),
            ("tiered_mint", (CURRENCY, 0, to_dealer[0], MINTED, 0, receipt, signature)),
        ]
        yield [self._sign(treasury, TREASURY, at, *call) for at, call in enumerate(calls)]
        move = ("peer_to_peer_with_metadata", (CURRENCY, to_provider[0], MINTED, b"", b""))
        yield [self._sign(dealer, to_dealer[0], 0, *move)]
        share = MINTED // len(payers) // 2
        for first in range(0, len(payers), CREATED_AT_ONCE):
            chosen = payers[first : first + CREATED_AT_ONCE]
            yield [
                self._sign(
                    provider, to_provider[0], at, "create_child_vasp_account",
                    (CURRENCY, *_identity(key), False, share),
                )
                for at, key in enumerate(chosen, first)
            ]  # fmt: skip

    def _sign(
        self, key: PrivateKey, sender: Address, number: int, function: str, arguments: tuple[Value, ...]
    ) -> SignedTransaction:
        """A transaction of the set-up, free of gas."""
        call = Payload(function, arguments)
        raw = RawTransaction(sender, number, call, GAS_UNITS, 0, CURRENCY, self._expires, self._document.chain_id)
        return sign_transaction(raw, key, Scheme.ED25519, self._chain)

    def _payment(self, payers: Sequence[PrivateKey], addresses: Sequence[Address], turn: int) -> SignedTransaction:
        """Everybody pays in turn, each time somebody else."""
        place, number = turn % len(payers), turn // len(payers)
        payee = addresses[(place + 1 + number % (len(payers) - 1)) % len(payers)]
        return payment(
            payers[place], addresses[place], payee, number, self._chain, self._document.chain_id, self._expires
        )


def _identity(key: PrivateKey) -> tuple[Address, bytes]:
    """Address, and the first half of the authentication key."""
    auth_key = key.authentication_key()
    return Address(auth_key[16:]), auth_key[:16]
