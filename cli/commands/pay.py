"""`mithqal pay`: one payment, followed until it is final."""

import time
from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.scheduled import scheduled_words
from node.client.amounts import format_amount, parse_amount
from node.client.network import load_network
from node.client.payments.answers import proved_answer
from node.client.payments.pay import Order
from node.client.payments.pay import pay as make_payment
from node.client.times import parse_time
from node.client.wallets.wallet import Wallet


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("payer")
@click.argument("payee")
@click.argument("amount")
@click.argument("currency")
@click.option("--memo", help="A text for the payee: on the ledger only as a salted commitment, in the receipt in full.")
@click.option("--attest", is_flag=True, help="With the signature of the receiving provider, if its key is kept here.")
@click.option("--at", "at", metavar="TIME", help="Not before TIME: 2027-01-31T09:00 (UTC), +15m, +2h, +3d.")
@click.option("--sponsor", metavar="NAME", help="Who signs too and pays the fee; both keys are kept here.")
@click.option("--fee-currency", metavar="CODE", help="What the fee is paid in; without it, CURRENCY.")
@click.option("--id", "key", help="Your own name of the payment: a repeat with the same one is harmless.")
@click.option("--timeout", type=options.Seconds(0.1, 600), default=30.0, show_default=True, help="Seconds.")
@click.option("--receipt", type=click.Path(path_type=Path), help="Write the receipt there as well.")
@options.trust_node
@options.network
@options.as_json
@output.reported
def pay(  # noqa: PLR0913 - click options
    payer: str, payee: str, amount: str, currency: str, memo: str | None, attest: bool, at: str | None,
    sponsor: str | None, fee_currency: str | None, key: str | None, timeout: float, receipt: Path | None,
    trust_node: bool, directory: Path, as_json: bool,
) -> int:  # fmt: skip
    """Pay AMOUNT whole coins of CURRENCY from PAYER to PAYEE: names, addresses or account identifiers.

    With --at it is signed and handed in now, and paid at that time of the ledger: `mithqal tx wait HASH` follows it.
    """
    valid_from = 0 if at is None else parse_time(at, int(time.time()))
    order = Order(payer, payee, parse_amount(amount), currency, memo, attest, valid_from, sponsor, fee_currency)
    wallet = Wallet(load_network(directory))
    document = make_payment(wallet, order, key=key, timeout_s=timeout, receipt_file=receipt)
    if document["status"] == "scheduled":
        output.result(document, scheduled_words(f"{payer} pays {payee} {amount} {currency}", document), as_json=as_json)
        return OK
    fee = f"{format_amount(document['fee'])} {document['fee_currency']}"
    when = "before: nothing was paid again" if document["repeated"] else f"final in {document['final_s']} s"
    words = f"{payer} paid {payee} {amount} {currency}, fee {fee}, {when}"
    document, words_of_proof = proved_answer(wallet, document, trust_node=trust_node)
    for problem in document["problems"]:
        output.talk(f"mithqal: paid, but {problem}")
    lines = [words, f"  version {document['version']}  {document['hash']}", f"  receipt {document['receipt_file']}"]
    lines.append(f"  {words_of_proof}")
    output.result(document, lines, as_json=as_json)
    return OK
