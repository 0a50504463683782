"""`mithqal audit`: the money of a whole ledger, recomputed from its transactions."""

from pathlib import Path
from typing import Any

import click

from cli import options, output
from cli.exits import OK
from cli.progress import ProgressLine
from node.client.amounts import format_amount
from node.client.audit.audit import audit_directory, audit_network
from node.client.network import load_network
from node.client.rpc import RpcClient

TIMEOUT_S = 30.0


@click.command()
@click.option(
    "--dir", "data", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Audit the ledger of this validator directory, which no process uses; without it, the running network.",
)  # fmt: skip
@options.network
@options.as_json
@output.reported
def audit(data: Path | None, directory: Path, as_json: bool) -> int:
    """Recompute supply and custodian receipts of each currency from all transactions, and prove that those are all.

    Every version is hashed into the root that a quorum signed. Exit 8 names the first version that breaks a sum.
    """
    with ProgressLine() as line:

        def say(version: int, last: int) -> None:
            line.say(f"version {version} of {last}")

        if data is not None:
            document = audit_directory(data, say)
        else:
            network = load_network(directory)
            client = RpcClient([member.rpc for member in network.members], TIMEOUT_S, network.chain_id)
            document = audit_network(network, client, say)
    output.result(document, _words(document), as_json=as_json)
    return OK


def _words(document: dict[str, Any]) -> list[str]:
    """The result for people."""
    words = f"{document['transactions']} transactions in versions 0 to {document['version']}"
    lines = [f"{words}: every sum holds, and all of it is what a quorum signed"]
    for row in document["currencies"]:
        code = row["currency"]
        parts = {"in accounts": "balances", "to be burned": "preburn", "fees": "fees", "in baskets": "basket"}
        where = ", ".join(f"{words} {format_amount(row[name])}" for words, name in parts.items())
        receipts = row["receipts_deposited"] - row["receipts_released"]
        lines.append(f"  {code}  supply {format_amount(row['supply'])} = {where}; receipts {format_amount(receipts)}")
    state = "the state was compared record by record" if document["state_compared"] else (
        "the state was not compared: audit a validator's directory with --dir for that"
    )  # fmt: skip
    return [*lines, f"  {state}"]
