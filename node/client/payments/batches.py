"""Payments that are made together or not at all: one transaction, one signature (docs/protocol.md, T15).

Before anything is signed each payment is tried against the accounts as the ledger has them. What a batch then meets on
the chain is told with the payment that failed: the gas that it used says which.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from chain.errors import MithqalError
from chain.execution.gas import BATCH, payload_gas
from chain.functions import BatchPayment, max_bytes_of
from chain.limits import DEFAULT_GAS_PRICE
from chain.transaction import Payload, SignedTransaction
from node.client.amounts import format_amount
from node.client.payments.memos import Memo, keep_memos, memo_of, new_memo
from node.client.payments.pay import (
    Order,
    check_key,
    check_network,
    first_outcome,
    hold_key,
    is_scheduled,
    metadata_of,
    schedule,
)
from node.client.payments.payment_call import payments_in
from node.client.payments.receipts import write_batch_receipts
from node.client.rpc import RpcFailed
from node.client.sending.outbox import FINAL, OutboxEntry
from node.client.wallets.attestation import attest, provider_of
from node.client.wallets.book import Entry, WalletError
from node.client.wallets.wallet import Conditions, Wallet

Json = dict[str, Any]
CALLS = 20
"""Accounts of one request: the API's limit."""
SHOWN = 5
"""Payments that an error's sentence names; its details name all."""
VASPS = ("parent_vasp", "child_vasp")
ENVELOPE_BYTES = 400
"""Room for what a batch's transaction holds beside its payments."""


class Item(NamedTuple):
    """One payment that somebody asks for; micro-units."""

    place: str
    """Where it comes from, for people: "line 3"."""
    payee: Entry
    subaddresses: tuple[bytes | None, bytes | None]
    """To and from."""
    amount: int
    currency: str
    memo: str | None


class BatchOrder(NamedTuple):
    """What somebody asks to be paid together."""

    payer: Entry
    items: tuple[Item, ...]
    attest: bool = False
    """Sign for each receiving provider whose signature is needed and whose key is kept here."""
    fee_currency: str | None = None
    """None: the currency of the first payment."""
    conditions: Conditions = Conditions()


def pay_batch(wallet: Wallet, order: BatchOrder, *, key: str | None, timeout_s: float = 30.0) -> Json:
    """Pay all or nothing and wait until it is final: what `Wallet.execute` gives, with payer, payments, totals,
    `receipts` (the folder) and `repeated`.

    `key` makes a repeat harmless, as that of `payments.pay`. Raises WalletError: `batch_would_fail` (or
    `account_frozen`) before anything is signed, with `details["payments"]`; `failed_on_chain` with
    `details["payment"]`, the place of the one that failed; and what `payments.pay` raises.
    """
    check_key(key)
    first = wallet.outbox.by_key(key) if key is not None else None
    if first is not None:
        return _answer(wallet, order, first, timeout_s)
    payments, memos = _prepare(wallet, order)
    keep_memos(wallet.network.keys, memos)
    fee_currency = payments[0].currency if order.fee_currency is None else order.fee_currency
    rows = tuple([payment.to_value() for payment in payments])
    tx = wallet.sign(
        order.payer.name, BATCH, rows, fee_currency=fee_currency, key=key, conditions=order.conditions
    )  # fmt: skip
    if is_scheduled(wallet, tx):
        return _document(wallet, order, {**schedule(wallet, tx, key), "repeated": False})
    try:
        done = wallet.execute(tx, timeout_s=timeout_s, key=key)
    except MithqalError as error:
        hold_key(wallet, tx, key)
        raise _explained(wallet, order, error) from error
    return _document(wallet, order, _with_receipts(wallet, tx, done, repeated=False))


def _answer(wallet: Wallet, order: BatchOrder, first: OutboxEntry, timeout_s: float) -> Json:
    """What became of the batch that has the key already; WalletError (`id_used`) if it is another one."""
    tx = first.transaction
    if _asked(wallet, tx) != [(item.payee.address, item.amount, item.currency, item.memo) for item in order.items] or (
        tx.raw.sender != order.payer.address
    ):
        raise WalletError(
            f"the id {first.key!r} is that of another payment, {first.hash.hex()}: choose another id", name="id_used",
            hash=first.hash.hex(),
        )  # fmt: skip
    if first.status not in FINAL and is_scheduled(wallet, tx):
        return _document(wallet, order, {**schedule(wallet, tx, first.key), "repeated": True})
    try:
        done = first_outcome(wallet, first, timeout_s)
    except MithqalError as error:
        raise _explained(wallet, order, error) from error
    return _document(wallet, order, _with_receipts(wallet, tx, done, repeated=True))


def _asked(wallet: Wallet, tx: SignedTransaction) -> list[tuple[bytes, int, str, str | None]]:
    """Payee, amount, currency and memo of each payment of a transaction that was signed here."""
    found = []
    for call in payments_in(tx):
        memo = memo_of(wallet.network.keys, call.metadata)
        found.append((call.payee, call.amount, call.currency, None if memo is None else memo.text))
    return found


def _with_receipts(wallet: Wallet, tx: SignedTransaction, done: Json, *, repeated: bool) -> Json:
    """Write each payment's receipt; what cannot be written is said."""
    problems, folder = [], None
    try:
        folder = str(write_batch_receipts(wallet, tx, done))
    except OSError as error:
        problems.append(f"the receipts cannot be written: {error.strerror}")
    return {**done, "receipts": folder, "repeated": repeated, "problems": problems}


def _document(wallet: Wallet, order: BatchOrder, done: Json) -> Json:
    """The result, for programs and people."""
    totals: dict[str, int] = {}
    for item in order.items:
        totals[item.currency] = totals.get(item.currency, 0) + item.amount
    payments = [
        {
            "payment": place, "place": item.place, "payee": item.payee.name, "address": item.payee.address.hex(),
            "amount": item.amount, "currency": item.currency, "memo": item.memo,
        }
        for place, item in enumerate(order.items)
    ]  # fmt: skip
    payer = {"name": order.payer.name, "address": order.payer.address.hex()}
    return {**done, "payer": payer, "payments": payments, "totals": totals}


def _explained(wallet: Wallet, order: BatchOrder, error: MithqalError) -> MithqalError:
    """The same failure, of which payment, where it failed on the chain."""
    version = error.details.get("version")
    if error.details.get("reason") is None or not isinstance(version, int):
        return error
    try:
        row = wallet.client.call("get_transactions", version, 1, False)[0]
    except (MithqalError, IndexError):
        return error
    place = row["vm_status"].get("payment")
    if place is None:
        return error
    item = order.items[place]
    words = f"payment {place} ({item.place}: {_words(item)}) failed, so none was made: {error.message}"
    return WalletError(words, name=error.name, **{**error.details, "payment": place, "place": item.place})


def _words(item: Item) -> str:
    return f"{format_amount(item.amount)} {item.currency} to {item.payee.name}"


# --- before anything is signed ---


def _prepare(wallet: Wallet, order: BatchOrder) -> tuple[list[BatchPayment], list[Memo]]:
    """Each payment with its metadata and, if it needs one, its attestation; WalletError if any would fail."""
    asked_fee = [] if order.fee_currency is None else [order.fee_currency]
    rates, limit = check_network(wallet, [item.currency for item in order.items] + asked_fee)
    trial = _Trial(wallet, order, rates, limit)
    payments, memos = [], []
    for place, item in enumerate(order.items):
        needed = trial.try_payment(place, item)
        memo = new_memo(item.memo) if item.memo else None
        if memo is not None:
            memos.append(memo)
        signs = needed and order.attest and place not in trial.problems
        asked = Order(order.payer.name, item.payee.name, item.amount, item.currency, item.memo, attest=signs)
        metadata = metadata_of(asked, memo, *item.subaddresses)
        signature = b""
        if signs:
            payee = trial.accounts[item.payee.address]
            assert payee is not None
            signature = attest(
                wallet, payee, payer=order.payer.address, amount=item.amount, metadata=metadata
            )  # fmt: skip
        payments.append(BatchPayment(item.currency, item.payee.address, item.amount, metadata, signature))
    _check_size(payments)
    trial.try_fee(payments)
    trial.judge()
    return payments, memos


def _check_size(payments: Sequence[BatchPayment]) -> None:
    """WalletError (`exceeded_max_transaction_size`) for a batch that no validator would take."""
    size = sum(len(str(p.currency)) + len(p.metadata) + len(p.metadata_signature) + 36 for p in payments)
    limit = max_bytes_of(BATCH) - ENVELOPE_BYTES
    if size > limit:
        raise WalletError(
            f"{len(payments)} payments with their memos and attestations may need {size} bytes, a batch has {limit}:"
            " split it",
            name="exceeded_max_transaction_size", size=size, limit=limit,
        )  # fmt: skip


class _Trial:
    """The rules of payments (reference 3.7), tried on accounts as a validator has them."""

    def __init__(self, wallet: Wallet, order: BatchOrder, rates: dict[str, int], limit: int) -> None:
        """Read the accounts of everybody in the batch."""
        self._wallet, self._order, self._rates, self._limit = wallet, order, rates, limit
        sponsor = order.conditions.sponsor
        addresses = {order.payer.address, *(item.payee.address for item in order.items)}
        self.accounts = _accounts(wallet, sorted(addresses | ({sponsor.address} if sponsor else set())))
        self.problems: dict[int, tuple[str, str]] = {}
        """Reason and sentence by place; the fee's is at the end of the list."""
        payer = self.accounts[order.payer.address]
        if payer is None:
            raise WalletError(f"{order.payer.name} has no account on the ledger yet", name="unknown_account")
        self._payer = payer
        self._left = _balances(payer)

    def try_payment(self, place: int, item: Item) -> bool:
        """Note why a payment would fail, if it would; whether it needs an attestation."""
        payee, left = self.accounts[item.payee.address], self._left.get(item.currency)
        needed = payee is not None and self._needs_attestation(payee, item)
        if left is None:
            self._note(place, "EPAYER_DOESNT_HOLD_CURRENCY", f"{self._order.payer.name} holds no {item.currency}")
        elif self._payer["is_frozen"]:
            self._note(place, "EACCOUNT_FROZEN", f"the treasury froze {self._order.payer.name}")
        elif left < item.amount:
            rest = f"{format_amount(left)} {item.currency} are left for it"
            self._note(place, "EINSUFFICIENT_BALANCE", rest)
        elif payee is not None and payee["is_frozen"]:
            self._note(place, "EACCOUNT_FROZEN", f"the treasury froze {item.payee.name}")
        elif payee is None:
            self._note(place, "EPAYEE_DOES_NOT_EXIST", f"{item.payee.name} has no account on the ledger yet")
        elif item.currency not in _balances(payee):
            self._note(place, "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE", f"{item.payee.name} holds no {item.currency}")
        elif needed and not self._order.attest:
            words = "it needs the signature of the receiving provider: add --attest"
            self._note(place, "EMALFORMED_METADATA_SIGNATURE", words)
        else:
            self._left[item.currency] = left - item.amount
        return needed

    def try_fee(self, payments: Sequence[BatchPayment]) -> None:
        """Note it if the fee could not be paid."""
        rows = tuple([payment.to_value() for payment in payments])
        conditions = self._order.conditions
        gas = self._wallet.gas_limit(self._order.payer) + self._wallet.gas_of_others(conditions)
        most = (gas + payload_gas(Payload(BATCH, (rows,)))) * DEFAULT_GAS_PRICE
        currency = payments[0].currency if self._order.fee_currency is None else self._order.fee_currency
        sponsor = conditions.sponsor
        account = None if sponsor is None else self.accounts[sponsor.address]
        have = self._left.get(currency, 0) if sponsor is None else _balances(account).get(currency, 0)
        if have < most and not self.problems:
            who = sponsor or self._order.payer
            words = f"{who.name} has {format_amount(have)} {currency} left for a fee of up to {format_amount(most)}"
            self._note(len(payments), "EINSUFFICIENT_BALANCE", words)

    def judge(self) -> None:
        """WalletError if anything was noted: nothing is signed then."""
        if not self.problems:
            return
        items = self._order.items
        told = [
            {
                "payment": place if place < len(items) else None, "reason": reason, "message": words,
                "place": items[place].place if place < len(items) else "the fee",
            }
            for place, (reason, words) in sorted(self.problems.items())
        ]  # fmt: skip
        shown = "; ".join(f"{row['place']}: {row['message']}" for row in told[:SHOWN])
        more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
        frozen = any(reason == "EACCOUNT_FROZEN" for reason, _ in self.problems.values())
        raise WalletError(
            f"the batch would fail, so nothing was signed: {shown}{more}",
            name="account_frozen" if frozen else "batch_would_fail", payments=told,
        )  # fmt: skip

    def _needs_attestation(self, payee: Json, item: Item) -> bool:
        """floor(amount x rate) >= limit, between two different providers (reference 1.7)."""
        if self._payer["role"]["type"] not in VASPS or payee["role"]["type"] not in VASPS:
            return False
        if item.amount * self._rates[item.currency] >> 32 < self._limit:
            return False
        return provider_of(self._payer) != provider_of(payee)

    def _note(self, place: int, reason: str, words: str) -> None:
        self.problems[place] = (reason, words)


def _accounts(wallet: Wallet, addresses: Sequence[bytes]) -> dict[bytes, Json | None]:
    """Accounts as one validator has them, by address."""
    found: dict[bytes, Json | None] = {}
    for start in range(0, len(addresses), CALLS):
        part = addresses[start : start + CALLS]
        for address, result in zip(part, wallet.client.batch([("get_account", [a.hex()]) for a in part]), strict=True):
            if isinstance(result, RpcFailed):
                raise result
            found[address] = result
    return found


def _balances(account: Json | None) -> dict[str, int]:
    return {} if account is None else {item["currency"]: item["amount"] for item in account["balances"]}
