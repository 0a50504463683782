"""`mithqal pay-file`: a CSV of payments, each made once whatever is interrupted."""

from pathlib import Path
from typing import Any

import click

from cli import options, output
from cli.exits import OK
from cli.progress import ProgressLine
from node.client.amounts import format_amount
from node.client.network import load_network
from node.client.payfile.engine import Progress
from node.client.payfile.run import pay_file as pay
from node.client.payments.memos import seal_memo
from node.client.wallets.wallet import Wallet


@click.command(name="pay-file")
@click.argument("payments", metavar="PAYMENTS.CSV", type=click.Path(path_type=Path))
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), help="Result; default: beside the input.")
@click.option("--skip-bad", is_flag=True, help="Pay the good rows of a file that has bad ones.")
@click.option(
    "--timeout", type=options.Seconds(0.1, 3600), default=60.0, show_default=True,
    help="Give up after so many seconds in which no row became final.",
)  # fmt: skip
@options.network
@options.as_json
@output.reported
def pay_file(
    payments: Path, target: Path | None, skip_bad: bool, timeout: float, directory: Path, as_json: bool
) -> int:  # fmt: skip
    """Pay every row of PAYMENTS.CSV (columns from,to,amount,currency,memo).

    Nothing is paid until every row is clean. Writes payments.result.csv: the rows with version, status, reason and
    seconds to finality. After an interruption the same command goes on where it was and pays no row twice; the file is
    known by its content.
    """
    wallet = Wallet(load_network(directory))
    with ProgressLine() as line:

        def say(progress: Progress) -> None:
            failed = f", {progress.failed} failed" if progress.failed else ""
            line.say(f"{progress.final} of {progress.rows} rows final{failed}, {progress.in_flight} in flight")

        document = pay(
            wallet, payments, target, skip_bad=skip_bad, timeout_s=timeout, memo=seal_memo, say=say, tell=line.tell
        )
    output.result(document, _words(document), as_json=as_json)
    return OK


def _words(document: dict[str, Any]) -> list[str]:
    """The summary for people."""
    skipped = f", {document['skipped']} skipped" if document["skipped"] else ""
    lines = [f"paid {document['paid']} of {document['rows']} rows{skipped}, in {document['seconds']} s"]
    lines += [
        f"  {format_amount(sums['paid'])} {code}, fees {format_amount(sums['fees'])} {code}"
        for code, sums in sorted(document["totals"].items())
    ]
    return [*lines, f"result: {document['result_file']}"]
