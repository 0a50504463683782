"""`mithqal refund`: send back a payment, or a part of it."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from node.client.amounts import format_amount, parse_amount
from node.client.network import load_network
from node.client.payments.refund import REASONS
from node.client.payments.refund import refund as make_refund
from node.client.wallets.wallet import Wallet


@click.command()
@click.argument("version", type=click.IntRange(0))
@click.option("--amount", help="Whole coins; without it all that is left.")
@click.option("--reason", type=click.Choice(list(REASONS)), help="Else user-full or user-partial, by the amount.")
@click.option("--attest", is_flag=True, help="With the signature of the receiving provider, if its key is kept here.")
@click.option("--id", "key", help="Your own name of the refund: a repeat with the same one is harmless.")
@click.option("--timeout", type=options.Seconds(0.1, 600), default=30.0, show_default=True, help="Seconds.")
@click.option("--receipt", type=click.Path(path_type=Path), help="Write the receipt there as well.")
@options.network
@options.as_json
@output.reported
def refund(  # noqa: PLR0913 - click options
    version: int, amount: str | None, reason: str | None, attest: bool, key: str | None, timeout: float,
    receipt: Path | None, directory: Path, as_json: bool,
) -> int:  # fmt: skip
    """Pay back the payment at VERSION, from its payee to its payer, with a reference to it."""
    micro = None if amount is None else parse_amount(amount)
    wallet = Wallet(load_network(directory))
    document = make_refund(
        wallet, version, amount=micro, reason=None if reason is None else REASONS[reason], attest=attest, key=key,
        timeout_s=timeout, receipt_file=receipt,
    )  # fmt: skip
    paid = f"{format_amount(document['amount'])} {document['currency']}"
    when = "before: nothing was paid again" if document["repeated"] else f"final in {document['final_s']} s"
    for problem in document["problems"]:
        output.talk(f"mithqal: refunded, but {problem}")
    lines = [
        f"{document['payer']['name']} refunded {document['payee']['name']} {paid} of version {version}, {when}",
        f"  version {document['version']}  {document['hash']}",
        f"  receipt {document['receipt_file']}",
    ]
    output.result(document, lines, as_json=as_json)
    return OK
