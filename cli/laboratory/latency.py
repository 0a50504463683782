"""`mithqal lab latency`: hops to a commit, rounds after faults, what loss and a partition cost."""

from typing import Any

import click

from cli import options, output
from cli.exits import INVARIANT, OK


@click.command()
@click.option(
    "--seeds", type=click.IntRange(1, 1_000_000), default=200, show_default=True,
    help="Seeds of four validators after faults; larger sets get fewer.",
)  # fmt: skip
@click.option("--seconds", type=click.IntRange(25, 3_600), default=60, show_default=True, help="Of each paying run.")
@options.as_json
@output.reported
def latency(seeds: int, seconds: int, as_json: bool) -> int:
    """Measure commits in virtual time: every figure repeats exactly. Exits 8 if an invariant breaks."""
    from node.lab.figures.latency import measure

    found = measure(seeds, seconds * 1_000)
    output.result(found, lines_of(found), as_json=as_json)
    return OK if found["ok"] else INVARIANT


def lines_of(found: dict[str, Any]) -> list[str]:
    """For people."""
    lines = [
        f"{row['validators']} validators, every link {row['delay_ms']} ms: final after {row['proposer']['median']:g}"
        f" hops at the proposer, {row['others']['median']:g} at the others (p99 {row['others']['p99']:g})"
        for row in found["hops"]
    ]
    lines += [
        f"{row['validators']} validators after faults, {row['silent']} of them silent for good, {row['seeds']} seeds:"
        f" {row['recovered']} of {row['asked']} have a new block within {row['max']} rounds"
        f" (median {row['median']}, p99 {row['p99']}, bound {row['bound']})"
        for row in found["liveness"]
    ]
    lines += [
        f"messages lost: {name.replace('_', ' ')}: {row['per_s']:g} payments/s final, p50 {row['p50_ms']:g} ms,"
        f" p99 {row['p99_ms']:g} ms"
        for name, row in found["loss"].items()
    ]
    split = found["partition"]
    lines.append(
        f"after a partition of {split['seconds']} s: {split['backlog']} payments waited, drained after"
        f" {split['drained_ms']} ms, p99 normal after {split['normal_ms']} ms"
    )
    lines += [f"BROKEN seed {item['seed']}: {item['invariant']}: {item['detail']}" for item in found["violations"]]
    return lines
