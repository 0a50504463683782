"""`mithqal reserve write-off`: plant a loss, or capital, in custodians' books."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from node.client.amounts import format_amount, parse_amount
from node.client.network import load_network


@click.command(name="write-off", context_settings={"ignore_unknown_options": True})
@click.argument("amount")
@click.argument("coin")
@click.option("--add", is_flag=True, help="Add capital instead of writing a loss off.")
@click.option("--note", default="", help="Why.")
@options.network
@options.as_json
@output.reported
def write_off(amount: str, coin: str, add: bool, note: str, directory: Path, as_json: bool) -> int:
    """Write off AMOUNT of what the custodian of COIN holds: its bank has failed, say. Simulated, as custodians are.

    The ledger knows nothing of it: supply stays, and `reserve monitor` raises its alarm.
    """
    from economy.statement.books import BookEntry, add_entry, sums_of

    load_network(directory)
    micro = parse_amount(amount)
    entries = add_entry(directory, BookEntry(coin, micro if add else -micro, note))
    beside = sums_of(entries)[coin]
    document = {"coin": coin, "amount": micro if add else -micro, "beside_receipts": beside, "note": note}
    sign = "-" if beside < 0 else "+"
    words = f"the custodian of {coin} holds {sign}{format_amount(abs(beside))} {coin} beside what its receipts say"
    output.result(document, [words], as_json=as_json)
    return OK
