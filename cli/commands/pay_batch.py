"""`mithqal pay-batch`: a CSV of payments that are made together, or none of them."""

import time
from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.scheduled import scheduled_words
from node.client.amounts import format_amount
from node.client.network import load_network
from node.client.payfile.batch_file import pay_batch_file
from node.client.times import parse_time
from node.client.wallets.wallet import Conditions, Wallet


@click.command(name="pay-batch")
@click.argument("payments", metavar="PAYMENTS.CSV", type=click.Path(path_type=Path))
@click.option("--attest", is_flag=True, help="With the signature of each receiving provider that must give one.")
@click.option("--at", "at", metavar="TIME", help="Not before TIME: 2027-01-31T09:00 (UTC), +15m, +2h, +3d.")
@click.option("--sponsor", metavar="NAME", help="Who signs too and pays the fee; both keys are kept here.")
@click.option("--fee-currency", metavar="CODE", help="What the fee is paid in; without it, that of the first payment.")
@click.option("--id", "key", help="Your own name of the batch; without it the file's content is its name.")
@click.option("--timeout", type=options.Seconds(0.1, 600), default=30.0, show_default=True, help="Seconds.")
@options.network
@options.as_json
@output.reported
def pay_batch(  # noqa: PLR0913 - click options
    payments: Path, attest: bool, at: str | None, sponsor: str | None, fee_currency: str | None, key: str | None,
    timeout: float, directory: Path, as_json: bool,
) -> int:  # fmt: skip
    """Pay every row of PAYMENTS.CSV (columns from,to,amount,currency,memo) in one transaction: all rows or none.

    At most 500 rows, all of one payer, who signs once. The file is known by its content: the same command again pays
    nothing twice.
    """
    wallet = Wallet(load_network(directory))
    valid_from = 0 if at is None else parse_time(at, int(time.time()))
    conditions = Conditions(valid_from, None if sponsor is None else wallet.find(sponsor))
    document = pay_batch_file(
        wallet, payments, key=key, attest=attest, fee_currency=fee_currency, conditions=conditions, timeout_s=timeout
    )
    sums = " and ".join(f"{format_amount(sum_)} {code}" for code, sum_ in sorted(document["totals"].items()))
    what = f"{len(document['payments'])} payments of {sums} by {document['payer']['name']}"
    if document["status"] == "scheduled":
        output.result(document, scheduled_words(what, document), as_json=as_json)
        return OK
    for problem in document["problems"]:
        output.talk(f"mithqal: paid, but {problem}")
    when = "before: nothing was paid again" if document["repeated"] else f"final in {document['final_s']} s"
    fee = f"{format_amount(document['fee'])} {document['fee_currency']}"
    lines = [
        f"{what}, fee {fee}, {when}", f"  version {document['version']}  {document['hash']}",
        f"  receipts {document['receipts']}",
    ]  # fmt: skip
    output.result(document, lines, as_json=as_json)
    return OK
