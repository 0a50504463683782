"""`mithqal lab scale`: how long a hundred validators take for a hundred rounds."""

import click

from cli import options, output
from cli.exits import INVARIANT, OK


@click.command()
@click.option("--validators", type=click.IntRange(1, 256), default=100, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 100_000), default=100, show_default=True)
@click.option(
    "--rate", type=click.IntRange(0, 10_000), default=20, show_default=True, help="Payments a virtual second."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@options.as_json
@output.reported
def scale(validators: int, rounds: int, rate: int, seed: int, as_json: bool) -> int:
    """Run many validators for many rounds on one core, checkers on. Exits 8 if an invariant breaks."""
    from node.lab.figures.scale import measure

    found = measure(validators, rounds, rate, seed)
    lines = [
        f"{validators} validators, {found['rounds_passed']} rounds, {found['virtual_s']:g} s of virtual time",
        f"  time       {found['cpu_s']} s of the processor, {found['wall_s']} s by the clock",
        f"  committed  {found['blocks']} blocks, {found['payments_committed']} payments",
        f"  events     {found['events']}, {found['events_per_cpu_s']} a second of processor time",
        f"  votes {found['votes']}; signatures by {found['signatures']}; trace {found['trace_hash']}",
        *[
            f"  BROKEN {item['invariant']}, validators {item['nodes']}: {item['detail']}"
            for item in found["violations"]
        ],
    ]
    output.result(found, lines, as_json=as_json)
    return OK if found["ok"] else INVARIANT
