"""A small world for tests of the ledger: keys from small integers, a genesis, people with money, one call a step.

`World` holds the records of a state and runs blocks on it. After every block it checks that no coin appeared or
vanished, so that each test of any rule is a test of conservation as well.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from chain.accounts import (
    ASSOCIATION,
    TREASURY,
    Account,
    Config,
    Credential,
    Currency,
    Record,
    Role,
    account_key,
    currency_key,
    event_key,
)
from chain.accounts import CONFIG_KEY as CONFIG
from chain.codec import Value
from chain.crypto.signing import PrivateKey, Scheme, address_of
from chain.entries import Event, Status
from chain.execution.conservation import check
from chain.execution.context import ACCOUNT_HANDLES, BlockContext, Run
from chain.execution.executor import HANDLERS, execute_block
from chain.execution.outcome import Outcome
from chain.execution.treasury import receipt_message
from chain.genesis import GenesisCurrency, GenesisDocument, GenesisValidator, genesis_hash, initial_records
from chain.primitives import SECOND_US, Address
from chain.state.view import Overlay
from chain.transaction import (
    Authenticator,
    Payload,
    RawTransaction,
    Secondary,
    SignedTransaction,
    assemble,
    message_to_sign,
    sign_transaction,
)
from chain.validation import Discard

CHAIN_ID = 4
NOW_SECS = 1_700_000_000
PAYMENT = "peer_to_peer_with_metadata"
ONE = 1_000_000
"""Micro-units in a coin."""


def key(number: int, scheme: Scheme = Scheme.ED25519) -> PrivateKey:
    """The private key whose 32 secret bytes are the number, big-endian."""
    return PrivateKey(number.to_bytes(32, "big"), scheme)


class Party(NamedTuple):
    """Someone with a key and an address."""

    key: PrivateKey
    address: Address


def party(number: int, scheme: Scheme = Scheme.ED25519) -> Party:
    """A party at the address that its first key gives."""
    secret = key(number, scheme)
    return Party(secret, address_of(secret.authentication_key()))


ROOT = Party(key(1), ASSOCIATION)
TC = Party(key(2), TREASURY)
CUSTODIAN = {"XUS": key(3), "XEU": key(4), "XDX": key(5)}
DEALER = party(30)
US, BR = party(40), party(41)
"""Two wallet providers."""
ALICE, ANNA = party(50), party(51)
"""Children of US."""
BOB = party(60)
"""Child of BR."""
NOBODY = party(99)
"""No account."""
XDX_PARTS = (("XUS", 1 << 31), ("XEU", 1_431_655_765))
"""One XDX of this small world is half a XUS and, cut off, a third of a XEU."""
COMPLIANCE = {US: key(70), BR: key(71)}
"""Keys by which the providers attest."""


def _public_keys(*numbers: int) -> tuple[Any, ...]:
    """Of these private keys."""
    return tuple(key(number).public_key for number in numbers)


def document(**changes: object) -> GenesisDocument:
    """Four validators, XUS at 1 XDX, XEU at 1.5, the synthetic XDX, and the rupee without a coin."""
    validators = tuple(
        GenesisValidator(f"validator-{i}", *_public_keys(10 + i, 20 + i, 200 + i, 300 + i)) for i in range(4)
    )
    currencies = (
        GenesisCurrency("XUS", ONE, 100, 1 << 32, False, True, CUSTODIAN["XUS"].public_key),
        GenesisCurrency("XEU", ONE, 100, 3 << 31, False, True, CUSTODIAN["XEU"].public_key),
        GenesisCurrency("XDX", ONE, 1000, 1 << 32, True, False, CUSTODIAN["XDX"].public_key, XDX_PARTS),
    )
    whole = GenesisDocument(
        CHAIN_ID, NOW_SECS * SECOND_US, validators, ROOT.key.public_key, TC.key.public_key, currencies,
        (("INR", 1 << 26),),
    )  # fmt: skip
    return whole._replace(**changes)  # type: ignore[arg-type]


def signed_together(
    raw: RawTransaction, who: Party, others: Sequence[Party], chain_hash: bytes
) -> SignedTransaction:  # fmt: skip
    """A multi-agent transaction that its sender and all secondary signers sign."""
    message = message_to_sign(raw.to_bytes(), [other.address for other in others], chain_hash)
    return assemble(
        raw,
        Authenticator(int(who.key.scheme), who.key.public_key, who.key.sign(message)),
        [Secondary(at, int(by.scheme), by.public_key, by.sign(message)) for by, at in others],
    )


class World:
    """A state, and blocks of one or more transactions on top of it."""

    def __init__(self, records: dict[bytes, Record], chain_hash: bytes) -> None:
        """Start from records; the ledger's time is NOW_SECS."""
        self.records = records
        self.context = BlockContext(CHAIN_ID, chain_hash, 1, 7, 5, 2, NOW_SECS * SECOND_US)

    def get(self, record_key: bytes) -> Record | None:
        """The state that a block reads."""
        return self.records.get(record_key)

    def account(self, who: Party) -> Account:
        """A party's account."""
        return cast(Account, self.records[account_key(who.address)])

    def balance(self, who: Party, currency: str = "XUS") -> int | None:
        """A party's balance."""
        return self.account(who).balance(currency)

    def currency(self, code: str = "XUS") -> Currency:
        """A registered currency."""
        return cast(Currency, self.records[currency_key(code)])

    def config(self) -> Config:
        """The configuration."""
        return cast(Config, self.records[CONFIG])

    def change(self, who: Party, **fields: object) -> None:
        """Overwrite fields of an account."""
        self.records[account_key(who.address)] = self.account(who)._replace(**fields)  # type: ignore[arg-type]

    def change_currency(self, code: str, **fields: object) -> None:
        """Overwrite fields of a currency."""
        self.records[currency_key(code)] = self.currency(code)._replace(**fields)  # type: ignore[arg-type]

    def change_config(self, **fields: object) -> None:
        """Overwrite fields of the configuration."""
        self.records[CONFIG] = self.config()._replace(**fields)  # type: ignore[arg-type]

    def endow(self, who: Party, amount: int, currency: str = "XUS") -> None:
        """Give coins out of nothing, with the supply and the receipts to match."""
        account, coin = self.account(who), self.currency(currency)
        account = account.with_balance(currency, (account.balance(currency) or 0) + amount)
        self.records[account_key(who.address)] = account
        self.change_currency(
            currency,
            total_value=coin.total_value + amount,
            receipts_deposited=coin.receipts_deposited + (0 if coin.is_synthetic else amount),
        )

    def add(self, who: Party, role: Role, *currencies: str, parent: Party | None = None) -> None:
        """An account of a role with empty balances."""
        auth_key = who.key.authentication_key()
        name = None if role == Role.CHILD_VASP else Credential(f"name-{who.address.hex()[:4]}", b"", b"")
        balances = tuple((code, 0) for code in sorted(currencies))
        self.records[account_key(who.address)] = Account(
            who.address, int(role), auth_key, 0, False, balances, (0,) * len(ACCOUNT_HANDLES[role]),
            parent.address if parent else b"", 0, name, (),
        )  # fmt: skip
        if parent:
            self.change(parent, num_children=self.account(parent).num_children + 1)

    def sign(
        self,
        who: Party,
        function: str,
        *arguments: Value,
        number: int | None = None,
        max_gas: int = 4_000_000,
        price: int = 0,
        gas_currency: str = "XUS",
        expires: int | None = None,
        chain_id: int = CHAIN_ID,
    ) -> SignedTransaction:
        """A signed transaction under the sender's next number."""
        number = self.account(who).sequence_number if number is None else number
        expires = self.context.timestamp_us // SECOND_US + 60 if expires is None else expires
        raw = RawTransaction(
            who.address, number, Payload(function, arguments), max_gas, price, gas_currency, expires, chain_id
        )
        return sign_transaction(raw, who.key, int(who.key.scheme), self.context.genesis_hash)

    def sign_together(
        self, who: Party, others: Sequence[Party], function: str, *arguments: Value, **options: int | str
    ) -> SignedTransaction:
        """A multi-agent transaction, signed by all; options as of `sign`."""
        raw = self.sign(who, function, *arguments, **options).raw  # type: ignore[arg-type]
        return signed_together(raw, who, others, self.context.genesis_hash)

    def block(self, *transactions: SignedTransaction) -> list[Outcome | Discard]:
        """Run a block, keep its writes, check conservation."""
        overlay, _, outcomes = execute_block(self, self.context, transactions)
        self.records = {**self.records, **overlay.writes}
        check(self.records.values())
        return outcomes

    def run(self, transaction: SignedTransaction) -> Outcome:
        """Run one transaction that is kept."""
        (outcome,) = self.block(transaction)
        assert isinstance(outcome, Outcome), outcome
        return outcome

    def do(self, who: Party, function: str, *arguments: Value) -> tuple[Event, ...]:
        """Run a call that succeeds, at price 0; gives its events."""
        outcome = self.run(self.sign(who, function, *arguments))
        assert outcome.status == Status("executed", "", 0), outcome
        return outcome.events

    def fails(self, who: Party, function: str, *arguments: Value) -> tuple[str, int]:
        """Run a call that aborts, at price 0, and hold T7: only the sequence number moves. Gives module and code."""
        before = self.records
        outcome = self.run(self.sign(who, function, *arguments))
        assert outcome.status.kind == "move_abort", outcome
        assert outcome.events == ()
        sender = account_key(who.address)
        number = cast(Account, before[sender]).sequence_number + 1
        expected = {**before, sender: cast(Account, before[sender])._replace(sequence_number=number)}
        assert {**self.records, CONFIG: before[CONFIG]} == expected
        return outcome.status.module, outcome.status.code

    def at(self, time_us: int) -> "World":
        """The same world, whose blocks from now on have this time in microseconds."""
        self.context = self.context._replace(timestamp_us=time_us)
        return self

    def together(self, who: Party, other: Party, function: str, *arguments: Value) -> tuple[Event, ...]:
        """What a call does that `other` signs too; raises its Abort."""
        run = Run(self.context, who.address, self.overlay(), (other.address,))
        HANDLERS[function](run, *arguments)
        self.records = {**self.records, **run.state.writes}
        check(self.records.values())
        return tuple(run.events)

    def pay(self, payer: Party, payee: Party, amount: int, currency: str = "XUS") -> tuple[Event, ...]:
        """A payment without metadata."""
        return self.do(payer, PAYMENT, currency, payee.address, amount, b"", b"")

    def cannot_pay(self, payer: Party, payee: Party, amount: int, *, currency: str = "XUS") -> tuple[str, int]:
        """A payment that aborts."""
        return self.fails(payer, PAYMENT, currency, payee.address, amount, b"", b"")

    def mint_arguments(
        self, amount: int, *, currency: str = "XUS", dealer: Party = DEALER, receipt: int = 1
    ) -> tuple[Value, ...]:
        """Arguments of tiered_mint with a good receipt of the currency's custodian."""
        receipt_id = receipt.to_bytes(32, "big")
        message = receipt_message(self.context.genesis_hash, receipt_id, currency, amount)
        return currency, 0, dealer.address, amount, 0, receipt_id, CUSTODIAN[currency].sign(message)

    def overlay(self) -> Overlay:
        """A writable view of the state."""
        return Overlay(self)


def new_world() -> World:
    """Genesis only."""
    whole = document()
    return World(initial_records(whole), genesis_hash(whole))


def small_world() -> World:
    """A dealer, two providers with compliance keys, three children; 1,000 XUS and 100 XEU for each of the children."""
    world = new_world()
    world.add(DEALER, Role.DESIGNATED_DEALER, "XUS", "XEU")
    for provider, compliance in COMPLIANCE.items():
        world.add(provider, Role.PARENT_VASP, "XUS", "XEU")
        credential = Credential("wallet", b"https://wallet", compliance.public_key)
        world.change(provider, credential=credential)
    for child, parent in ((ALICE, US), (ANNA, US), (BOB, BR)):
        world.add(child, Role.CHILD_VASP, "XUS", "XEU", parent=parent)
        world.endow(child, 1_000 * ONE)
        world.endow(child, 100 * ONE, "XEU")
    return world


def event(handle: int, creator: bytes, number: int, type_: str, *data: Value) -> Event:
    """An event as it should be."""
    return Event(event_key(handle, creator), number, type_, data)
