"""`mithqal lab chaos`: kills and other faults on real validators under load."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import INVARIANT, OK
from cli.progress import ProgressLine


@click.command()
@click.option("--minutes", type=click.FloatRange(0.1, 600), default=5.0, show_default=True, help="Under load.")
@click.option("--kill-every", type=click.FloatRange(0.2, 600), default=2.0, show_default=True, help="Seconds.")
@click.option("--mode", type=click.Choice(["paced", "overlap"]), default="paced", show_default=True)
@click.option("--rate", type=click.IntRange(1, 2_000), default=200, show_default=True, help="Payments/s.")
@click.option("--faults", default="kill", show_default=True, help="Some of the kinds below with commas, or `all`.")
@click.option("--seed", type=click.IntRange(0), help="Fixes faults, victims and lengths (default: drawn, and printed).")
@click.option("--validators", type=click.IntRange(1, 16), default=4, show_default=True, help="Of a network of its own.")
@click.option("--plant", type=click.Choice(["fsync_lie", "synchronous_off"]), help="A defect that the judge must find.")
@click.option("--network", "directory", type=click.Path(path_type=Path), help="A stopped network, not one of its own.")
@options.as_json
@output.reported
def chaos(  # noqa: PLR0913 - one parameter an option
    minutes: float, kill_every: float, mode: str, rate: int, faults: str, seed: int | None, validators: int,
    plant: str | None, directory: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Fault validators under load; then compare every ledger, read with proofs, with the client's journal.

    Kinds: kill, pause, partition (one way), delay, loss, disk_full, clock. Exits 8 if an acknowledged payment is lost,
    one is doubled, anything is wrong, or (paced) the network stalls. See docs/reliability.md.
    """
    from node.lab.chaos.run import Plan, run_chaos
    from node.lab.chaos.schedule import draw_seed, parse_kinds

    seed = draw_seed() if seed is None else seed
    output.talk(f"seed {seed}")
    plan = Plan(
        minutes * 60, kill_every, mode == "paced", rate, parse_kinds(faults), seed, validators, directory, plant
    )  # fmt: skip
    with ProgressLine() as line:
        document = run_chaos(plan, line.say)
    output.result(document, [f"{key:18} {value}" for key, value in document.items()], as_json=as_json)
    return OK if document["ok"] else INVARIANT
