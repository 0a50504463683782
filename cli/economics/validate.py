"""`mithqal reserve validate`: published numbers beside ours."""

import click

from cli import options, output
from cli.exits import OK


@click.command()
@click.option("--rounding", default="half-up", show_default=True, help="Any other mode must fail: that is the proof.")
@options.as_json
@output.reported
def validate(rounding: str, as_json: bool) -> int:
    """Compute what others published, and compare: published, ours, tolerance, pass or fail, source.

    Exits with 8 if a gate fails. Other roundings: half-even, half-down, down, up, float.
    """
    from economy.validation.gate import Gate
    from economy.validation.table import SUBJECTS, check_gates, run_subject, table_document, table_lines

    gates: list[Gate] = []
    for subject in SUBJECTS:
        output.talk(f"checking {subject}")
        gates += run_subject(subject, rounding)
    if not as_json:
        output.result({}, table_lines(gates), as_json=False)
    check_gates(gates)
    if as_json:
        output.result(table_document(gates, rounding), [], as_json=True)
    return OK
