"""`mithqal explain`: the chain's status and abort codes, reasons and rules in words."""

import click

from chain.execution.outcome import REASONS
from cli import options, output
from cli.exits import BY_NAME, MEANINGS, OK
from node.view.pages.meaning import meaning_page


@click.command()
@click.argument("code")
@click.option("--module", type=click.Choice(sorted(REASONS)), help="The module that aborted; without it, all that fit.")
@options.as_json
@output.reported
def explain(code: str, module: str | None, as_json: bool) -> int:
    """Say what CODE means: what happened, which rule, what to do.

    CODE is a validation status (1 to 28), a status on the ledger (out_of_gas), an abort code (category + 256 x reason,
    such as 1288), a reason's name (EINSUFFICIENT_BALANCE) or a rule's (sequence_number_too_old). The name of a role
    (parent_vasp) or of a function (freeze_account) says who may do what.
    """
    output.page(meaning_page(code, module, BY_NAME, MEANINGS), as_json=as_json)
    return OK
