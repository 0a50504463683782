"""`mithqal explain`: the chain's status and abort codes in words."""

import click

from chain.errors import MithqalError
from chain.execution.outcome import REASONS, explain_abort
from chain.validation import DiscardStatus
from cli import options, output
from cli.exits import OK


@click.command()
@click.argument("code", type=int)
@click.option("--module", type=click.Choice(sorted(REASONS)), help="The module that aborted; without it, all that fit.")
@options.as_json
@output.reported
def explain(code: int, module: str | None, as_json: bool) -> int:
    """Say what CODE means: a validation status (1 to 28), or an abort code (category + 256 x reason)."""
    meanings = []
    if module is None and code in set(DiscardStatus):
        name = DiscardStatus(code).name
        meanings.append({"kind": "discarded", "module": None, "category": None, "name": name})
    for candidate in [module] if module else sorted(REASONS):
        category, reason = explain_abort(candidate, code)
        if "unknown" not in (category, reason):
            meanings.append({"kind": "move_abort", "module": candidate, "category": category, "name": reason})
    if not meanings:
        raise MithqalError(f"no status or abort has the code {code}", name="unknown_code", code=code)
    lines = [
        f"{code}: {item['name']}, discarded before it runs: no fee, nothing on the ledger"
        if item["kind"] == "discarded"
        else f"{code}: {item['module']}::{item['name']} ({item['category']}): on the ledger, fee charged, no effect"
        for item in meanings
    ]
    output.result({"code": code, "meanings": meanings}, lines, as_json=as_json)
    return OK
