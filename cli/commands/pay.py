"""`mithqal pay`: one payment, followed until it is final."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from node.client.amounts import format_amount, parse_amount
from node.client.network import load_network
from node.client.wallet import Wallet


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("payer")
@click.argument("payee")
@click.argument("amount")
@click.argument("currency")
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=30.0, show_default=True, help="Seconds.")
@click.option("--id", "key", help="Your own name of the payment: a repeat with the same one is harmless.")
@options.network
@options.as_json
@output.reported
def pay(  # noqa: PLR0913 - click options
    payer: str, payee: str, amount: str, currency: str, timeout: float, key: str | None, directory: Path,
    as_json: bool,
) -> int:  # fmt: skip
    """Pay AMOUNT whole coins of CURRENCY from PAYER to PAYEE."""
    micro = parse_amount(amount)
    wallet = Wallet(load_network(directory))
    known = wallet.outbox.by_key(key) if key else None
    if known is not None:
        document = wallet.resume(known.hash, timeout_s=timeout)
    else:
        wallet.find(payer)
        payee_address = wallet.find(payee).address
        tx = wallet.sign(
            payer, "peer_to_peer_with_metadata", currency, payee_address, micro, b"", b"", fee_currency=currency,
            key=key,
        )  # fmt: skip
        document = wallet.execute(tx, timeout_s=timeout)
    fee = f"{format_amount(document['fee'])} {document['fee_currency']}"
    words = f"{payer} paid {payee} {amount} {currency}, fee {fee}, final in {document['final_s']} s"
    output.result(document, [words, f"  version {document['version']}  {document['hash']}"], as_json=as_json)
    return OK
