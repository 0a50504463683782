"""Double-entry books of a whole ledger, kept from its versions alone; nothing of the executor is asked.

Each version posts what its events say and the fee that its gas says. After each, in every currency that it touched:
what accounts, burn queues, baskets and the fee pot have more is what was issued more, what was issued more is what
custodians got more, and nobody has less than nothing (docs/protocol.md, L6, AU1 to AU5).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, NoReturn, cast

from chain.accounts import TREASURY, Account, Currency, Record
from chain.codec import encode
from chain.crypto.hashing import signing_message
from chain.crypto.signing import Scheme, verify
from chain.entries import KIND_GENESIS, KIND_USER, Event, TransactionInfo
from chain.errors import MithqalError
from chain.genesis import GenesisDocument
from chain.records.coins import Basket
from chain.transaction import SignedTransaction, decode_transaction

ACCOUNT, QUEUE, BASKET, FEES = "account", "queue", "basket", "fees"
Place = tuple[str, bytes, str]
"""Part, owner (empty for what is nobody's), currency."""


class BooksError(MithqalError):
    """The ledger breaks a sum; `details["version"]` is the first version that does, `name` the rule."""

    name = "books_do_not_balance"


class Entry(NamedTuple):
    """One version of the ledger."""

    version: int
    kind: int
    data: bytes
    info: TransactionInfo
    events: tuple[Event, ...]


class Sums(NamedTuple):
    """One currency in micro-units."""

    currency: str
    supply: int
    balances: int
    preburn: int
    fees: int
    basket: int
    receipts_deposited: int
    receipts_released: int


class Books:
    """What everybody has after the versions that were applied, in order, from 0 on."""

    def __init__(self) -> None:
        """Empty."""
        self.version = -1
        self.transactions = 0
        """User transactions among the versions."""
        self.held: dict[Place, int] = {}
        """Micro-units by part, owner and currency."""
        self.supply: dict[str, int] = {}
        self.deposited: dict[str, int] = {}
        self.released: dict[str, int] = {}
        self._custodians: dict[str, bytes] = {}
        self._synthetic: set[str] = set()
        self._ratios: dict[str, tuple[tuple[str, int], ...]] = {}
        """What one micro-unit of a basket stands on, as 32-bit fixed point."""
        self._receipts: set[bytes] = set()
        self._genesis_hash = b""
        self._balance: dict[str, int] = {}
        """Of this version: what was posted, less what was issued, by currency."""
        self._cover: dict[str, int] = {}
        """Of this version: what custodians got, less what was issued, by currency."""
        self._touched: set[Place] = set()
        """Of this version: whose amounts changed."""

    def apply(self, entry: Entry) -> None:
        """Post one version; BooksError if it breaks a sum. The books are then of no further use."""
        if entry.version != self.version + 1:
            self._fail(entry.version, "version_missing", f"version {self.version + 1} is missing")
        self.version = entry.version
        self._balance, self._cover, self._touched = {}, {}, set()
        tx = None
        if entry.kind == KIND_GENESIS:
            self._begin(entry)
        elif entry.kind == KIND_USER:
            self.transactions += 1
            tx = decode_transaction(entry.data)
            self._fee(entry, tx)
            if entry.info.status.kind == "executed" and tx.raw.payload.function == "register_scs_currency":
                code = cast(str, tx.raw.payload.argument("currency"))
                self.supply.setdefault(code, 0)
                self._custodians[code] = cast(bytes, tx.raw.payload.argument("custodian_key"))
        if entry.info.status.kind != "executed" and entry.events:
            self._fail(entry.version, "failed_with_events", "it failed and has events all the same")
        for event in entry.events:
            self._post(entry.version, event, tx)
        self._judge(entry.version)

    def sums(self) -> list[Sums]:
        """Each currency's sums, by code."""
        parts: dict[tuple[str, str], int] = {}
        for (part, _, code), amount in self.held.items():
            parts[part, code] = parts.get((part, code), 0) + amount
        return [
            Sums(
                code, self.supply[code], parts.get((ACCOUNT, code), 0), parts.get((QUEUE, code), 0),
                parts.get((FEES, code), 0), parts.get((BASKET, code), 0), self.deposited.get(code, 0),
                self.released.get(code, 0),
            )
            for code in sorted(self.supply)
        ]  # fmt: skip

    def check_state(self, records: Iterable[Record]) -> None:
        """BooksError (`state_differs`) unless a state holds exactly what the books say."""
        stored: dict[Place, int] = {}
        found: list[Currency] = []
        for record in records:
            for place, amount in _holdings(record):
                stored[place] = stored.get(place, 0) + amount
            if isinstance(record, Currency):
                found.append(record)
        for place in sorted({*stored, *self.held}):
            there, here = stored.get(place, 0), self.held.get(place, 0)
            if there != here:
                words = f"{_named(place)} is {there} micro-{place[2]} in the state, {here} by the books"
                self._fail(self.version, "state_differs", words)
        for currency in found:
            code = currency.code
            there3 = (currency.total_value, currency.receipts_deposited, currency.receipts_released)
            here3 = tuple([sums.get(code, 0) for sums in (self.supply, self.deposited, self.released)])
            if there3 != here3:
                words = f"{code}: supply, deposited and released are {there3}, by the books {here3}"
                self._fail(self.version, "state_differs", words)

    # --- posting ---

    def _begin(self, entry: Entry) -> None:
        """Genesis: its currencies, with nothing issued."""
        document = GenesisDocument.from_bytes(entry.data)
        self._genesis_hash = entry.info.transaction_hash
        for currency in document.currencies:
            self.supply[currency.code] = 0
            self._custodians[currency.code] = currency.custodian_key
            if currency.is_synthetic:
                self._synthetic.add(currency.code)
                self._ratios[currency.code] = currency.basket

    def _fee(self, entry: Entry, tx: SignedTransaction) -> None:
        """From whoever pays it into the pot of its currency."""
        raw, fee = tx.raw, entry.info.gas_used * tx.raw.gas_unit_price
        if fee:
            self._move(ACCOUNT, raw.fee_payer or raw.sender, raw.gas_currency, -fee)
            self._move(FEES, b"", raw.gas_currency, fee)

    def _post(self, version: int, event: Event, tx: SignedTransaction | None) -> None:
        """What one event says of money."""
        data = cast("tuple[Any, ...]", event.data)
        match event.type:
            case "sentpayment":
                amount, code, sender, _, _ = data
                self._move(ACCOUNT, sender, code, -amount)
            case "receivedpayment":
                amount, code, _, receiver, _ = data
                self._move(ACCOUNT, receiver, code, amount)
            case "mint":
                self._mint(version, data, tx)
            case "preburn":
                amount, code, owner = data
                if owner == TREASURY:  # collected fees on their way to be burned
                    self._move(FEES, b"", code, -amount)
                self._move(QUEUE, owner, code, amount)
            case "cancelburn":
                amount, code, owner = data
                self._move(QUEUE, owner, code, -amount)
            case "burn":
                amount, code, owner = data
                self._move(QUEUE, owner, code, -amount)
                self._issue(code, -amount)
            case "receiptreleased":
                amount, code, _ = data
                self.released[code] = self.released.get(code, 0) + amount
                self._cover[code] = self._cover.get(code, 0) - amount
            case "compose" | "decompose":
                self._exchange(version, data, 1 if event.type == "compose" else -1, tx)
            case _:
                pass

    def _mint(self, version: int, data: tuple[Any, ...], tx: SignedTransaction | None) -> None:
        """New coins: by the treasury's own call, against a receipt that the custodian signed and that counts once."""
        amount, code, receipt_id = data
        call = None if tx is None else tx.raw.payload
        if tx is None or call is None or call.function != "tiered_mint" or tx.raw.sender != TREASURY:
            self._fail(version, "mint_without_treasury", f"{amount} micro-{code} are minted by no call of the treasury")
        said = (call.argument("mint_amount"), call.argument("currency"), call.argument("receipt_id"))
        if said != (amount, code, receipt_id):
            self._fail(
                version, "mint_differs", f"the treasury's call mints {said[0]!r} micro-{said[1]!r}, the event {amount}"
            )
        if receipt_id in self._receipts:
            self._fail(version, "receipt_used_twice", f"receipt {receipt_id.hex()} was used before")
        self._receipts.add(receipt_id)
        message = signing_message("CustodianReceipt", self._genesis_hash, encode((receipt_id, code, amount)))
        key = self._custodians.get(code, b"")
        if not verify(Scheme.ED25519, key, message, cast(bytes, call.argument("receipt_signature"))):
            self._fail(
                version, "receipt_not_signed", f"the custodian of {code} did not sign receipt {receipt_id.hex()}"
            )
        self._issue(code, amount)
        self.deposited[code] = self.deposited.get(code, 0) + amount
        self._cover[code] = self._cover.get(code, 0) + amount

    def _exchange(self, version: int, data: tuple[Any, ...], sign: int, tx: SignedTransaction | None) -> None:
        """A basket is composed (1) of a dealer's coins, or taken apart (-1); of collected fees by the treasury. What
        lies behind it afterwards covers it: of each coin at least supply x ratio."""
        amount, code, owner, parts = data
        asked = None if tx is None or owner == TREASURY else tx.raw.payload.argument("amount")
        if asked not in (None, amount):
            self._fail(
                version, "call_differs", f"the dealer's call is of {asked!r} micro-{code}, the event of {amount}"
            )
        part, owner = (FEES, b"") if owner == TREASURY else (ACCOUNT, owner)
        self._move(part, owner, code, sign * amount)
        self._issue(code, sign * amount)
        for coin, moved in parts:
            self._move(part, owner, coin, -sign * moved)
            self._move(BASKET, code.encode(), coin, sign * moved)
        for coin, ratio in self._ratios.get(code, ()):
            held = self.held.get((BASKET, code.encode(), coin), 0)
            if held << 32 < self.supply[code] * ratio:
                words = f"the basket of {code} holds {held} micro-{coin} for {self.supply[code]} micro-{code}"
                self._fail(version, "basket_not_covered", words)

    def _move(self, part: str, owner: bytes, code: str, amount: int) -> None:
        place = part, owner, code
        self.held[place] = self.held.get(place, 0) + amount
        self._balance[code] = self._balance.get(code, 0) + amount
        self._touched.add(place)

    def _issue(self, code: str, amount: int) -> None:
        self.supply[code] = self.supply.get(code, 0) + amount
        self._balance[code] = self._balance.get(code, 0) - amount
        self._cover[code] = self._cover.get(code, 0) - amount

    def _judge(self, version: int) -> None:
        """BooksError unless this version's postings add up and left nobody below nothing."""
        for code, difference in sorted(self._balance.items()):
            if difference:
                words = f"in {code} it posts {difference} micro-units more than it issues"
                self._fail(version, "sum_not_zero", words)
        for code, difference in sorted(self._cover.items()):
            if difference and code not in self._synthetic:
                words = f"custodians got {difference} micro-{code} more than it issues"
                self._fail(version, "receipts_differ", words)
        for place in sorted(self._touched):
            if self.held[place] < 0:
                self._fail(version, "below_zero", f"{_named(place)} is {self.held[place]} micro-{place[2]}")

    def _fail(self, version: int, rule: str, words: str) -> NoReturn:
        raise BooksError(f"version {version}: {words}", rule=rule, version=version)


def _named(place: Place) -> str:
    """A part in words, with its owner if it has one."""
    part, owner, _ = place
    return f"the {part} of {owner.hex()}" if owner else f"the {part}"


def _holdings(record: Record) -> Iterable[tuple[Place, int]]:
    """What a record of the state says that somebody holds."""
    if isinstance(record, Account):
        yield from (((ACCOUNT, record.address, code), amount) for code, amount in record.balances)
        yield from (((QUEUE, record.address, code), amount) for code, amount in record.preburns)
    elif isinstance(record, Currency):
        yield (FEES, b"", record.code), record.fees
    elif isinstance(record, Basket):
        yield from (((BASKET, record.currency.encode(), code), amount) for code, amount in record.held)
