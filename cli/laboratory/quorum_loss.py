"""`mithqal lab quorum-loss`: every validator killed at once, again and again."""

import click

from cli import options, output
from cli.exits import INVARIANT, OK
from cli.progress import ProgressLine


@click.command(name="quorum-loss")
@click.option("--times", type=click.IntRange(1, 1_000), default=20, show_default=True, help="How often.")
@click.option("--rate", type=click.IntRange(1, 2_000), default=100, show_default=True, help="Payments/s.")
@click.option("--seed", type=click.IntRange(0), help="Fixes the moments (default: drawn, and printed).")
@click.option("--validators", type=click.IntRange(1, 16), default=4, show_default=True)
@click.option("--plant", type=click.Choice(["fsync_lie", "synchronous_off"]), help="A defect that the judge must find.")
@options.as_json
@output.reported
def quorum_loss(times: int, rate: int, seed: int | None, validators: int, plant: str | None, as_json: bool) -> int:
    """Kill all validators of a network of its own at once, start them again, and compare ledgers with the journal.

    Exits 8 if an acknowledged payment is lost, one is doubled, anything is wrong, or the network does not come back.
    """
    from node.lab.chaos.quorum_loss import QuorumPlan, run_quorum_loss
    from node.lab.chaos.schedule import draw_seed

    seed = draw_seed() if seed is None else seed
    output.talk(f"seed {seed}")
    with ProgressLine() as line:
        document = run_quorum_loss(QuorumPlan(times, rate, seed, validators, plant), line.say)
    output.result(document, [f"{key:18} {value}" for key, value in document.items()], as_json=as_json)
    return OK if document["ok"] else INVARIANT
