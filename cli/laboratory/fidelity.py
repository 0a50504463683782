"""`mithqal lab fidelity`: the simulator's prediction against real processes."""

import click

from cli import options, output
from cli.exits import INVARIANT, OK
from cli.progress import ProgressLine


@click.command()
@click.option("--one-way-ms", type=click.IntRange(1, 500), default=25, show_default=True, help="Of each link.")
@click.option("--rate", type=click.IntRange(1, 20), default=20, show_default=True, help="Payments/s.")
@click.option("--seconds", type=click.IntRange(5, 600), default=30, show_default=True, help="Timed, on both.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@options.as_json
@output.reported
def fidelity(one_way_ms: int, rate: int, seconds: int, seed: int, as_json: bool) -> int:
    """Time to finality as the simulator predicts it, and of four processes behind a proxy that is as slow.

    The goal is a difference within 15 %; `goal_met` says whether it is. Exits 8 only if a payment is lost or wrong.
    """
    from node.lab.chaos.fidelity import FidelityPlan, run_fidelity

    with ProgressLine() as line:
        document = run_fidelity(FidelityPlan(one_way_ms * 1000, rate, seconds, seed), line.say)
    output.result(document, [f"{key:22} {value}" for key, value in document.items()], as_json=as_json)
    return OK if document["ok"] else INVARIANT
