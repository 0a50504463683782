"""A payment file against a network directory: names to addresses, what is wrong with a row, and who signs it."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from chain.errors import MithqalError
from chain.limits import DEFAULT_GAS_PRICE
from chain.metadata import General, encode_metadata
from chain.transaction import SignedTransaction
from node.client.amounts import parse_amount
from node.client.payfile.payments_csv import BadFile, PaymentsCsv, Record
from node.client.payments.memos import new_memo
from node.client.payments.payment_call import PAYMENT
from node.client.sending.journal import Draft, FileRecord, Journal, Row
from node.client.wallets.holders import AccountKey
from node.client.wallets.wallet import Entry, Wallet

SHOWN = 5
"""Bad rows in the sentence of an error."""
TOLD = 100
"""Bad rows in its details."""
MAX_KNOWN = 100_000
"""Names and addresses that are kept in memory."""
_CHUNK = 1 << 20
Party = tuple[Entry, bytes | None]
T = TypeVar("T")

Memo = Callable[[str], tuple[bytes, str | None]]
"""A memo's text to the metadata that goes on chain, and what its owner must keep to open it."""


def no_memo(_: str) -> tuple[bytes, str | None]:
    """Nothing of a memo goes on chain."""
    return b"", None


class _RowError(MithqalError):
    """What is wrong with one row."""

    name = "bad_row"


class Names:
    """The names of a wallet's book, their addresses and keys, each read once."""

    def __init__(self, wallet: Wallet) -> None:
        """Read the book."""
        self._wallet = wallet
        self._known: dict[str, Party] = {entry.name: (entry, None) for entry in wallet.entries()}
        self._keys: dict[str, AccountKey] = {}

    def resolve(self, text: str) -> Party:
        """As `AddressBook.resolve`: whom a name, an address or an identifier means, and the identifier's subaddress."""
        found = self._known.get(text)
        if found is None:
            found = self._wallet.book.resolve(text, self._wallet.prefix)
            if len(self._known) < MAX_KNOWN:
                self._known[text] = found
        return found

    def key(self, text: str) -> AccountKey:
        """The key of whom a text means, as `Wallet.key_of`."""
        name = self.resolve(text)[0].name
        if name not in self._keys:
            self._keys[name] = self._wallet.key_of(name)
        return self._keys[name]


class WalletSigner:
    """Signs rows with the keys of a wallet."""

    def __init__(self, wallet: Wallet, names: Names, memo: Memo = no_memo) -> None:
        """`memo` makes a payment's metadata of its text."""
        self._wallet, self._names, self._memo = wallet, names, memo

    def sign(self, row: Row, number: int, expiration_secs: int) -> tuple[SignedTransaction, str | None]:
        """A row's payment under this number, and what must be kept to open its memo."""
        metadata, extra = self._memo(row.memo) if row.memo else (self._subaddresses(row), None)
        key = self._names.key(row.payer)
        tx = self._wallet.sign_numbered(
            self._payer(row), number, PAYMENT, row.currency, row.payee, row.amount, metadata,
            b"", fee_currency=row.currency, expiration_secs=expiration_secs, key=key,
        )  # fmt: skip
        return tx, extra

    def most_fee(self, row: Row) -> int:
        """What the fee may reach; more where the signatures of a K-of-N key make it cost more."""
        return self._wallet.gas_limit(self._payer(row)) * DEFAULT_GAS_PRICE

    def _payer(self, row: Row) -> Entry:
        """The payer by its name here, whatever the row calls it: by that its key is found."""
        name = self._names.resolve(row.payer)[0].name
        return Entry(name, row.sender, self._names.key(row.payer).scheme)

    def _subaddresses(self, row: Row) -> bytes:
        """The metadata of a payment from or to an identifier with a subaddress."""
        to, from_ = self._names.resolve(row.to)[1], self._names.resolve(row.payer)[1]
        return encode_metadata(General(to, from_)) if to or from_ else b""


def content_hash(path: Path) -> bytes:
    """SHA-256 of a file; BadFile if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while data := file.read(_CHUNK):
                digest.update(data)
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}") from error
    return digest.digest()


def take_file(
    path: Path, content: bytes, journal: Journal, names: Names, currencies: frozenset[str], *, skip_bad: bool
) -> FileRecord:  # fmt: skip
    """Check every row of a new file and take it over; BadFile names the lines of the bad ones, unless `skip_bad`."""
    try:
        with path.open("rb") as file, journal.writing():
            table = PaymentsCsv(file)
            drafts = checked(table, names, currencies, skip_bad=skip_bad)
            found = journal.take(content, str(path.resolve()), table.columns, drafts)
            if content_hash(path) != content:
                raise BadFile("it changed while it was read")
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}") from error
    except BadFile as error:
        error.message = f"{path.name}: {error.message}"
        raise
    return found


def checked(
    table: PaymentsCsv, names: Names, currencies: frozenset[str], *, skip_bad: bool
) -> Iterator[Draft]:  # fmt: skip
    """Every row with its addresses or its problem; at the end BadFile if there are problems, unless `skip_bad`."""
    count = bad = 0
    told: list[dict[str, object]] = []
    for record in table:
        draft = _check(table.columns, record, names, currencies)
        count += 1
        if draft.problem is not None:
            bad += 1
            if len(told) < TOLD:
                told.append({"line": draft.line, "reason": draft.problem})
        yield draft
    if bad and not skip_bad:
        lines = "; ".join(f"line {item['line']}: {item['reason']}" for item in told[:SHOWN])
        more = f"; and {bad - SHOWN} more" if bad > SHOWN else ""
        raise BadFile(
            f"{bad} of {count} rows cannot be paid, so nothing is: {lines}{more}; correct them, or pay the others with"
            " --skip-bad",
            bad=bad, rows=told,
        )  # fmt: skip


def _check(columns: tuple[str, ...], record: Record, names: Names, currencies: frozenset[str]) -> Draft:
    """One row."""
    if record.problem is not None:
        return Draft(record.line, record.fields, None, None, record.problem)
    values = {name: field if name == "memo" else field.strip() for name, field in zip(columns, record.fields)}
    try:
        sender, from_subaddress = _resolve("from", values["from"], names)
        _told("from", lambda: names.key(values["from"]))
        payee, to_subaddress = _resolve("to", values["to"], names)
        if sender.address == payee.address:
            raise _RowError("to: it is the payer's own account: nothing would move")
        _told("amount", lambda: parse_amount(values["amount"]))
        if values["currency"] not in currencies:
            known = ", ".join(sorted(currencies))
            raise _RowError(f"currency: no currency is called {values['currency'][:40]!r}, there are {known}")
        if values["memo"]:
            _told("memo", lambda: new_memo(values["memo"]))
            if from_subaddress or to_subaddress:
                raise _RowError("memo: a payment carries one thing beside its amount, here a subaddress")
    except _RowError as error:
        return Draft(record.line, record.fields, None, None, error.message)
    return Draft(record.line, record.fields, sender.address, payee.address, None)


def _resolve(column: str, text: str, names: Names) -> Party:
    """Whom a text means."""
    if not text:
        raise _RowError(f"{column}: it is empty")
    return _told(column, lambda: names.resolve(text))


def _told(column: str, ask: Callable[[], T]) -> T:
    """What `ask` gives; its error names the column."""
    try:
        return ask()
    except MithqalError as error:
        raise _RowError(f"{column}: {error.message}") from error
