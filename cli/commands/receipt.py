"""`mithqal receipt`: check the receipt of a payment."""

from pathlib import Path
from typing import Any

import click

from cli import options, output
from cli.exits import OK
from node.client.amounts import format_amount
from node.client.network import load_network
from node.client.payments.receipts import check_on_ledger, has_hidden_memo, read_receipt
from node.client.verifying import VerifyingClient, verified_words
from node.client.wallets.wallet import Wallet
from node.view.text import clean


@click.group()
def receipt() -> None:
    """Check the receipt of a payment."""


@receipt.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--offline", is_flag=True, help="Check the file alone, without asking a network.")
@options.trust_node
@options.network
@options.as_json
@output.reported
def verify(file: Path, offline: bool, trust_node: bool, directory: Path, as_json: bool) -> int:
    """Check that a receipt agrees with itself (the memo is the one that was committed to), and with the ledger."""
    found = read_receipt(file)
    evidence: dict[str, Any] = {}
    if not offline:
        network = load_network(directory)
        client = Wallet(network).client
        reader = VerifyingClient(client, network.waypoint)
        check_on_ledger(client if trust_node else reader, found)
        evidence = {"trusted": True} if trust_node else {"verified_against": reader.verified()}
    paid = f"{format_amount(found['amount'])} {found['currency']}"
    payer, payee = clean(found["payer"]["name"]), clean(found["payee"]["name"])
    what = f"{payer} paid {payee} {paid} at version {found['version']}"
    lines = [what, "  agrees with itself, not compared with a ledger" if offline else "  agrees with the ledger"]
    if "verified_against" in evidence:
        lines.append(f"  {verified_words(evidence['verified_against'])}")
    if found["memo"] is not None:
        lines.append(f"  memo: {found['memo']['text']!r}")
    elif has_hidden_memo(found):
        lines.append("  commits to a memo that this receipt does not hold")
    output.result({"verified": True, "on_ledger": not offline, **evidence, **found}, lines, as_json=as_json)
    return OK
