"""A payment file as one batch: every row is paid, or none (docs/protocol.md, F7)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chain.limits import MAX_BATCH_PAYMENTS
from node.client.amounts import parse_amount
from node.client.payfile.orders import Names, checked, content_hash
from node.client.payfile.payments_csv import BadFile, PaymentsCsv
from node.client.payments.batches import BatchOrder, Item, pay_batch
from node.client.wallets.wallet import AT_ONCE, Conditions, Entry, Wallet


def pay_batch_file(
    wallet: Wallet, path: Path, *, key: str | None = None, attest: bool = False, fee_currency: str | None = None,
    conditions: Conditions = AT_ONCE, timeout_s: float = 30.0,
) -> dict[str, Any]:  # fmt: skip
    """Pay a file's rows together: what `payments.batches.pay_batch` gives, with `file` and `id`.

    Without a key the file is known by its content, so that the same command again pays nothing twice. Raises BadFile
    before anything is signed, and what `pay_batch` raises.
    """
    content = content_hash(path)
    payer, items = read_batch(wallet, path)
    key = key or f"pay-batch {content.hex()}"
    order = BatchOrder(payer, items, attest, fee_currency, conditions)
    return {"file": str(path), "id": key, **pay_batch(wallet, order, key=key, timeout_s=timeout_s)}


def read_batch(wallet: Wallet, path: Path) -> tuple[Entry, tuple[Item, ...]]:
    """A file's payer and payments; BadFile unless every row is good, all are of one payer, and there are 1 to 500."""
    rows = []
    try:
        with path.open("rb") as file:
            for row in _rows(wallet, PaymentsCsv(file)):
                rows.append(row)
                if len(rows) > MAX_BATCH_PAYMENTS:
                    raise BadFile(
                        f"a batch has at most {MAX_BATCH_PAYMENTS} payments: split the file, or pay its rows one by one"
                        " with mithqal pay-file",
                        limit=MAX_BATCH_PAYMENTS,
                    )
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}") from error
    except BadFile as error:
        words = error.message.replace(", or pay the others with --skip-bad", "")  # a batch is paid whole
        error.message = f"{path.name}: {words}"
        raise
    if not rows:
        raise BadFile(f"{path.name}: it has no payment")
    payer = rows[0][0]
    for other, item in rows:
        if other.address != payer.address:
            raise BadFile(
                f"{path.name}: {item.place} is paid by {other.name}, the rows before it by {payer.name}: a batch has"
                " one payer; mithqal pay-file pays the rows one by one",
                place=item.place,
            )
    return payer, tuple(item for _, item in rows)


def _rows(wallet: Wallet, table: PaymentsCsv) -> Iterator[tuple[Entry, Item]]:
    """Each row's payer and payment; BadFile at the end if rows are bad."""
    names = Names(wallet)
    currencies = frozenset(currency.code for currency in wallet.network.genesis.currencies)
    for draft in checked(table, names, currencies, skip_bad=False):
        if draft.problem is not None:
            continue
        values = dict(zip(table.columns, draft.fields, strict=True))
        payer, from_subaddress = names.resolve(values["from"].strip())
        payee, to_subaddress = names.resolve(values["to"].strip())
        yield payer, Item(
            f"line {draft.line}", payee, (to_subaddress, from_subaddress), parse_amount(values["amount"].strip()),
            values["currency"].strip(), values["memo"] or None,
        )  # fmt: skip
