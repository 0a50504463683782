"""`mithqal tx`: transactions by hash or version, in words."""

import json
import time
from pathlib import Path

import click

from chain.primitives import U64_MAX
from cli import options, output
from cli.exits import OK
from cli.viewing import open_verified, open_view, with_evidence
from node.client.network import load_network
from node.client.operations import signing, txfile
from node.client.payments.cancel import cancel as cancel_scheduled
from node.client.payments.pay import keep_receipt
from node.client.times import parse_time
from node.client.wallets.submission import parse_hash, send, wait_for
from node.client.wallets.wallet import Wallet
from node.view.explorer import account_by, transaction_by
from node.view.pages.transaction import transaction_page, transactions_page
from node.view.source import account_listing, is_user, newest_transactions
from node.view.text import command


@click.group()
def tx() -> None:
    """Show transactions, and wait for those that were sent from here."""


@tx.command()
@click.argument("which", metavar="VERSION|HASH")
@options.trust_node
@options.network
@options.as_json
@output.reported
def show(which: str, trust_node: bool, directory: Path, as_json: bool) -> int:
    """One transaction in full, proved from the network's waypoint.

    Sentence, status, balance changes that sum to zero, events, signature.
    """
    view = open_verified(directory, trust_node)
    page = transaction_page(view.source, view.names, transaction_by(view.source, which))
    output.page(with_evidence(view, page), as_json=as_json)
    return OK


@tx.command(name="list")
@click.option("--account", "name", help="Only what this account (a local name or an address) signed or was paid.")
@options.limit(20)
@click.option("--before", type=click.IntRange(0), help="Only versions below this.")
@click.option("--all", "everything", is_flag=True, help="Genesis and block metadata too.")
@options.network
@options.as_json
@output.reported
def list_(name: str | None, limit: int, before: int | None, everything: bool, directory: Path, as_json: bool) -> int:
    """Transactions in words, newest first."""
    view = open_view(directory)
    if name is None:
        wanted = (lambda _: True) if everything else is_user
        listing = newest_transactions(view.source, limit, before=before, wanted=wanted)
        more = "mithqal tx list --all" if everything else "mithqal tx list"
    else:
        listing = account_listing(view.source, account_by(view.source, view.names, name), limit, before)
        more = command("tx", "list", "--account", name)
    output.page(transactions_page(view.source, view.names, listing, "Transactions", more), as_json=as_json)
    return OK


@tx.command()
@click.argument("tx_hash", metavar="HASH")
@click.option("--timeout", type=options.Seconds(0.1, 600), default=30.0, show_default=True, help="Seconds.")
@options.network
@options.as_json
@output.reported
def wait(tx_hash: str, timeout: float, directory: Path, as_json: bool) -> int:
    """Wait until a transaction is final; one that was signed here is sent again, which is harmless."""
    wallet, wanted = Wallet(load_network(directory)), parse_hash(tx_hash)
    document = wait_for(wallet, wanted, timeout_s=timeout)
    receipt = keep_receipt(wallet, wanted, document)
    lines = [f"final: version {document['version']}", *([f"  receipt {receipt}"] if receipt else [])]
    output.result({**document, "receipt_file": receipt and str(receipt)}, lines, as_json=as_json)
    return OK


@tx.command()
@click.argument("tx_hash", metavar="HASH")
@click.option("--timeout", type=options.Seconds(0.1, 600), default=30.0, show_default=True, help="Seconds.")
@options.network
@options.as_json
@output.reported
def cancel(tx_hash: str, timeout: float, directory: Path, as_json: bool) -> int:
    """Take back a transaction of here that is scheduled for later: a payment to oneself uses up its number.

    It costs the fee of a payment.
    """
    wallet = Wallet(load_network(directory))
    document = cancel_scheduled(wallet, parse_hash(tx_hash), timeout_s=timeout)
    lines = [f"cancelled: version {document['version']} used its number", f"  {document['hash']}"]
    output.result(document, lines, as_json=as_json)
    return OK


_FILE = click.Path(path_type=Path, dir_okay=False)
_INPUT = click.Path(path_type=Path, dir_okay=False, exists=True)
_NUMBER = click.IntRange(0, U64_MAX)


@tx.command(context_settings={"ignore_unknown_options": True})
@click.argument("function")
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--sender", required=True, help="A name or an address.")
@click.option("-o", "--output", "file", type=_FILE, help="Where to write it; without it the document is printed.")
@click.option("--sequence-number", type=_NUMBER, help="Without it the network is asked for the next one.")
@click.option("--max-gas", type=_NUMBER, help="Gas units at most.")
@click.option("--gas-price", type=_NUMBER, help="Micro-units a gas unit.")
@click.option("--gas-currency", help="What the fee is paid in.")
@click.option("--expires-in", type=click.IntRange(1, 1 << 32), help="Seconds; a validator takes up to a day.")
@click.option("--at", "at", metavar="TIME", help="Not before TIME: 2027-01-31T09:00 (UTC), +15m, +2h, +3d.")
@click.option("--fee-payer", metavar="NAME", help="Who signs too and pays the fee.")
@click.option("--secondary", "others", multiple=True, metavar="NAME", help="Who signs too; several in their order.")
@options.network
@options.as_json
@output.reported
def build(  # noqa: PLR0913 - click options
    function: str, arguments: tuple[str, ...], sender: str, file: Path | None, sequence_number: int | None,
    max_gas: int | None, gas_price: int | None, gas_currency: str | None, expires_in: int | None, at: str | None,
    fee_payer: str | None, others: tuple[str, ...], directory: Path, as_json: bool,
) -> int:  # fmt: skip
    """Build a call of FUNCTION that nobody signed yet. Amounts are micro-units here; names stand for addresses.

    It never signs and never submits: `mithqal tx sign` and `mithqal tx submit` are the next steps.
    """
    valid_from = 0 if at is None else parse_time(at, int(time.time()))
    terms = txfile.Terms(sequence_number, max_gas, gas_price, gas_currency, expires_in, valid_from, fee_payer)
    wallet = Wallet(load_network(directory))
    document = txfile.build_file(wallet, function, sender, arguments, terms)
    document = signing.opened(wallet, document, others, is_gas_given=max_gas is not None)
    lines = json.dumps(document, indent=1).splitlines()
    if file is not None:
        txfile.write_file(file, document)
        number = document["transaction"]["sequence_number"]
        lines = [f"{file}: {function} by {sender}, number {number}, unsigned; next: mithqal tx sign {file} -o FILE"]
    output.result(document, lines, as_json=as_json)
    return OK


@tx.command()
@click.argument("raw", type=_INPUT)
@click.option("-o", "--output", "file", type=_FILE, help="Where to write it; without it the document is printed.")
@click.option(
    "--key", "key_files", type=_INPUT, multiple=True,
    help="A key file, several for several keys; no network directory is needed then.",
)  # fmt: skip
@click.option("--for", "account", metavar="ACCOUNT", help="Whose key it is, where the file does not know it.")
@options.network
@options.as_json
@output.reported
def sign(
    raw: Path, file: Path | None, key_files: tuple[Path, ...], account: str | None, directory: Path, as_json: bool
) -> int:  # fmt: skip
    """Sign the transaction of a file, with the sender's key. It never submits.

    A file that several must sign (secondary signers, K-of-N keys) goes from one to the next: each signs what the last
    one wrote. A file whose readable part is not what its bytes say is refused.
    """
    document = signing.sign_any(raw, key_files, lambda: Wallet(load_network(directory)), account)
    lines = json.dumps(document, indent=1).splitlines()
    if file is not None:
        txfile.write_file(file, document)
        if document["kind"] == txfile.SIGNED:
            lines = [f"{file}: signed, hash {document['hash']}; next: mithqal tx submit {file}"]
        else:
            lines = [f"{file}: signed in part; next: mithqal tx sign {file} -o FILE, by"]
            lines += [f"  {one['address']}: {one['missing']} more" for one in document["signers"] if one["missing"]]
    output.result(document, lines, as_json=as_json)
    return OK


@tx.command()
@click.argument("signed", type=_INPUT)
@click.option("--wait", "is_waiting", is_flag=True, help="Until it is final.")
@click.option("--timeout", type=options.Seconds(0.1, 600), default=30.0, show_default=True, help="Seconds.")
@options.network
@options.as_json
@output.reported
def submit(signed: Path, is_waiting: bool, timeout: float, directory: Path, as_json: bool) -> int:
    """Submit the signed transaction of a file; it is stored in the outbox first, and a repeat is harmless."""
    transaction, genesis_hash = txfile.read_signed(signed)
    wallet = Wallet(load_network(directory))
    txfile.check_network(wallet, genesis_hash)
    document = send(wallet, transaction)
    if is_waiting:
        document = wallet.resume(transaction.hash, timeout_s=timeout)
        lines = [f"final: version {document['version']}  {document['hash']}"]
    else:
        lines = [f"{document['status']}: {document['hash']}", f"  next: mithqal tx wait {document['hash']}"]
        if document["waiting_for"] is not None:
            lines.insert(1, f"  waits for number {document['waiting_for']}")
    output.result(document, lines, as_json=as_json)
    return OK
