"""A ledger in memory for tests of the explorer: real blocks, a certificate over each, and JSON-RPC without a socket.

`Story` signs and commits; `Local` answers like a validator's client. Keys and times are fixed, so is every byte.
"""

from collections.abc import Sequence
from typing import Any, cast

from chain.accounts import TREASURY, Account, account_key
from chain.block import Block, Header, header_id, payload_root
from chain.certificates import CommitInfo, QuorumCertificate, VoteData, vote_message
from chain.codec import Value
from chain.crypto.signing import Scheme
from chain.errors import MithqalError
from chain.executed import ExecutedBlock
from chain.execution.attestation import attestation_message
from chain.execution.treasury import receipt_message
from chain.ledger import Ledger
from chain.mempool import Mempool
from chain.primitives import SECOND_US, Hash
from chain.storage import WriteBatch
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from node.api.handlers import answer
from node.api.reads import Context, read_tip
from node.api.schema import Request
from node.storage.memory import MemoryStore
from node.view.explorer import View
from node.view.layout import Page
from node.view.names import Names, names_of
from node.view.sentences import sentence
from tests.builders import CHAIN_ID, CUSTODIAN, NOW_SECS, ONE, PAYMENT, TC, Party, document, key, party

DEALER, US_WALLET, BR_WALLET = party(30), party(40), party(41)
ALICE, BRUNO = party(50), party(60)
CARLA, DAVI = party(51, Scheme.SECP256K1), party(61, Scheme.P256)
COMPLIANCE = key(71)
"""The key by which br-wallet attests."""
BOOK = {
    TREASURY.hex(): "treasury",
    DEALER.address.hex(): "dealer-one",
    US_WALLET.address.hex(): "us-wallet",
    BR_WALLET.address.hex(): "br-wallet",
    ALICE.address.hex(): "alice@us-wallet",
    BRUNO.address.hex(): "bruno@br-wallet",
    CARLA.address.hex(): "carla@us-wallet",
    DAVI.address.hex(): "davi@br-wallet",
}
"""The address book of the stories: name by address in hex."""


class DiscardedError(Exception):
    """A transaction that never runs; nothing was committed."""


class Links:
    """What the validator that answers tells of its links."""

    def connected(self) -> list[int]:
        """Validator 3 is down."""
        return [1, 2]


class Local:
    """A `node.view.source.Source` that answers from a store, as a validator would; counts the round trips."""

    def __init__(self, context: Context) -> None:
        """`context` as a validator has it."""
        self.context = context
        self.round_trips = 0

    def call(self, method: str, *params: Any) -> Any:
        """One call."""
        self.round_trips += 1
        return answer(self.context, read_tip(self.context), Request(1, method, list(params)))

    def batch(self, calls: Sequence[tuple[str, Any]]) -> list[Any]:
        """Up to 20 calls; an error stands where one failed."""
        assert 0 < len(calls) <= 20
        self.round_trips += 1
        results: list[Any] = []
        for method, params in calls:
            try:
                results.append(answer(self.context, read_tip(self.context), Request(1, method, list(params))))
            except MithqalError as error:
                results.append(error)
        return results


class Story:
    """A ledger that grows by one block a call, a second apart; validator `height % 4` proposes, the others sign."""

    def __init__(self) -> None:
        """Genesis only."""
        self.document = document()
        self.store = MemoryStore()
        self.ledger = Ledger(self.document, self.store)
        self.qc = self.ledger.genesis_qc
        self.mempool = Mempool()
        self.source = Local(Context(self.ledger, 0, self.mempool, Links()))
        self.names: Names = names_of(BOOK, self.source.call("get_validators"))
        self.view = View(self.source, self.names, self.ledger.waypoint())

    def number(self, who: Party) -> int:
        """The next sequence number."""
        data = self.store.state(account_key(who.address))
        assert data is not None
        return Account.from_bytes(data).sequence_number

    def sign(
        self,
        who: Party,
        function: str,
        *arguments: Value,
        number: int | None = None,
        price: int = 1,
        max_gas: int = 6_000,
    ) -> SignedTransaction:
        """Sign under the sender's next number; the treasury pays nothing."""
        raw = RawTransaction(
            who.address, self.number(who) if number is None else number, Payload(function, arguments), max_gas,
            0 if who is TC else price, "XUS", NOW_SECS + 3_600, CHAIN_ID,
        )  # fmt: skip
        return sign_transaction(raw, who.key, int(who.key.scheme), self.ledger.genesis_hash)

    def block(self, *transactions: SignedTransaction) -> int:
        """Commit a block with these transactions; gives the version of its metadata."""
        parent = self.ledger.tip
        height = parent.height + 1
        envelopes = tuple(tx.envelope for tx in transactions)
        header = Header(
            1, height, height, height % 4, (NOW_SECS + height) * SECOND_US, self.qc.digest(), None,
            payload_root(envelopes),
        )  # fmt: skip
        block = Block(header, self.qc, None, envelopes, b"", header_id(header))
        result = self.ledger.execute(parent, block, list(transactions))
        if result.refused:
            raise DiscardedError
        data = VoteData(
            1, height, block.id, self.qc.round, self.qc.block_id, result.root, result.version, result.timestamp_us, None
        )
        info = CommitInfo(1, height, block.id, result.root, result.version, result.timestamp_us, None)
        message = vote_message(data, info, self.ledger.genesis_hash)
        signers = [index for index in range(4) if index != (height + 1) % 4]
        self.qc = QuorumCertificate(data, info, tuple((i, key(10 + i).sign(message)) for i in signers))
        batch = WriteBatch()
        self.ledger.commit([(block, result)], self._commit_of(result, info, signers), batch)
        self.store.write(batch)
        return self.ledger.tip_version - len(transactions)

    def _commit_of(self, result: ExecutedBlock, info: CommitInfo, signers: list[int]) -> QuorumCertificate:
        """What commits a block: votes for an empty one a round above."""
        child = Hash(result.block_id[::-1])
        data = VoteData(
            1, result.round + 1, child, result.round, result.block_id, result.root, result.version,
            result.timestamp_us + 1, None,
        )  # fmt: skip
        message = vote_message(data, info, self.ledger.genesis_hash)
        return QuorumCertificate(data, info, tuple((i, key(10 + i).sign(message)) for i in signers))

    def do(self, who: Party, function: str, *arguments: Value, **signing: int) -> Any:
        """One transaction in a block of its own, as JSON-RPC gives it, with events."""
        version = self.block(self.sign(who, function, *arguments, **signing)) + 1
        return self.source.call("get_transactions", version, 1, True)[0]

    def said(self, who: Party, function: str, *arguments: Value, **signing: int) -> str:
        """The sentence of one transaction."""
        return sentence(self.do(who, function, *arguments, **signing), self.names)

    def pay(self, payer: Party, payee: Party, amount: int, metadata: bytes = b"", signature: bytes = b"") -> Any:
        """A payment in XUS."""
        return self.do(payer, PAYMENT, "XUS", payee.address, amount, metadata, signature)

    def mint_arguments(self, amount: int, receipt: int = 1, currency: str = "XUS") -> tuple[Value, ...]:
        """Arguments of tiered_mint with a good receipt."""
        receipt_id = receipt.to_bytes(32, "big")
        message = receipt_message(self.ledger.genesis_hash, receipt_id, currency, amount)
        return currency, 0, DEALER.address, amount, 0, receipt_id, CUSTODIAN[currency].sign(message)

    def attest(self, payer: Party, amount: int, metadata: bytes) -> bytes:
        """br-wallet's signature of a payment that it is to receive."""
        return COMPLIANCE.sign(attestation_message(metadata, payer.address, amount))

    def create(self, function: str, who: Party, name: str, *, everything: bool = True) -> Any:
        """The treasury makes a provider or dealer."""
        auth_key = who.key.authentication_key()
        return self.do(TC, function, "XUS", 0, auth_key[16:], auth_key[:16], name, everything)

    def child(self, parent: Party, who: Party, balance: int = 0, *, everything: bool = True) -> Any:
        """A provider opens a child account."""
        auth_key = who.key.authentication_key()
        return self.do(parent, "create_child_vasp_account", "XUS", auth_key[16:], auth_key[:16], everything, balance)


def peopled() -> Story:
    """A dealer with a million XUS, two wallet providers with money and children of theirs, alice with 100 XUS."""
    story = Story()
    story.create("create_designated_dealer", DEALER, "dealer-one")
    story.create("create_parent_vasp_account", US_WALLET, "us-wallet")
    story.create("create_parent_vasp_account", BR_WALLET, "br-wallet")
    story.do(TC, "tiered_mint", *story.mint_arguments(1_000_000 * ONE))
    for provider in (US_WALLET, BR_WALLET):
        story.do(DEALER, PAYMENT, "XUS", provider.address, 10_000 * ONE, b"", b"", price=0)
    story.child(US_WALLET, ALICE, 100 * ONE)
    story.child(BR_WALLET, BRUNO, everything=False)
    story.child(US_WALLET, CARLA, 5_000 * ONE)
    story.child(BR_WALLET, DAVI, 5 * ONE)
    return story


def text(page: Page) -> str:
    """A page's plain text."""
    return "\n".join(page.lines()) + "\n"


def account_of(story: Story, who: Party) -> Account:
    """An account as it is stored."""
    return Account.from_bytes(cast(bytes, story.store.state(account_key(who.address))))
