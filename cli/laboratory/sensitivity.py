"""`mithqal lab sensitivity`: the sensitivity score of the network to each kind of fault."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import INVARIANT, OK


@click.command()
@click.option("--validators", type=click.IntRange(4, 31), multiple=True, default=(4, 7), show_default=True,
              help="Of a network; again for another size.")  # fmt: skip
@click.option("--seconds", type=click.IntRange(20, 3_600), default=60, show_default=True, help="Virtual time of a run.")
@click.option("--rate", type=click.IntRange(1, 1_000), default=50, show_default=True, help="Payments a virtual second.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the curves as one HTML file.")
@options.as_json
@output.reported
def sensitivity(
    validators: tuple[int, ...], seconds: int, rate: int, seed: int, html: Path | None, as_json: bool
) -> int:
    """Compare latencies with and without faults, as Stabl does. Exits 8 if an invariant breaks."""
    from node.lab.figures.sensitivity import measure, save_page

    found = measure(validators, seconds * 1_000, rate, seed)
    if html is not None:
        save_page(found, html)
    lines = [f"{'n':>2}  {'fault':26} {'score s':>8} {'area s':>8} {'p50 ms':>9} {'p99 ms':>9} {'unfinished':>11}"]
    lines += [
        f"{row['validators']:2}  {row['fault']:26} {row['score_s']:8.3f} {row['area_s']:8.3f}"
        f" {row['p50_ms']:9.1f} {row['p99_ms']:9.1f} {row['unfinished']:11}"
        for row in found["faults"]
    ]
    lines += [
        f"BROKEN: {item['validators']} validators, {item['fault']}: {item['invariant']}: {item['detail']}"
        for item in found["violations"]
    ]
    output.result(found, lines, as_json=as_json)
    return OK if found["ok"] else INVARIANT
