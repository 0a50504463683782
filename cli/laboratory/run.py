"""`mithqal lab run`: one scenario and one seed."""

from dataclasses import replace
from pathlib import Path

import click

from cli import options, output
from cli.exits import INVARIANT, OK

MICROSECONDS = 1_000_000


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--seed", type=click.IntRange(0), required=True, help="With the scenario it fixes every event.")
@click.option("--seconds", type=click.IntRange(1, 3600), help="Virtual time, without FILE.  [default: 20]")
@click.option(
    "--signatures",
    type=click.Choice(["keyed-hash", "libsodium"]),
    help="Which port judges signatures (default: the scenario's).",
)
@click.option("--trace", type=click.Path(path_type=Path, dir_okay=False), help="Write each event as a line of JSON.")
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), help="Write the scenario as a file.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Draw it: a page that needs nothing else."
)
@click.option("--chrome", type=click.Path(path_type=Path, dir_okay=False), help="Draw it as a trace for Perfetto.")
@options.as_json
@output.reported
def run(  # noqa: PLR0913 - an option each
    file: Path | None, seed: int, seconds: int | None, signatures: str | None, trace: Path | None, save: Path | None,
    html: Path | None, chrome: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Run the scenario in FILE (docs/simulation.md), or the one that the seed draws. Exits 8 if an invariant breaks."""
    from node.lab import run as lab_run
    from node.lab.mutants.changed import play_changed
    from node.lab.timeline import files as timeline_files
    from node.sim.scenario import scenario_for_seed

    if file is not None and seconds is not None:
        raise click.UsageError("--seconds goes without FILE: a scenario file says its duration_ms.")
    scenario = lab_run.load(file) if file else scenario_for_seed(seed, (seconds or 20) * MICROSECONDS)
    if signatures is not None:
        scenario = replace(scenario, signatures=signatures)
    if save is not None:
        lab_run.save(scenario, save)
    play = timeline_files.play_with_pictures if scenario.mutant is None else play_changed
    document = play(scenario, seed, trace, html, chrome)
    found, port = document["violations"], document["signatures"]
    faults = ", ".join(f"{name} {count}" for name, count in sorted(document["faults"].items())) or "none"
    lines = [
        f"seed {seed}: {document['virtual_s']:g} virtual seconds, {document['events']} events, signatures by {port}",
        f"  committed  {document['payments_committed']} payments; heights {', '.join(map(str, document['commits']))}",
        f"  faults     {faults}",
        f"  trace      {document['trace_hash']}",
        *[
            f"  BROKEN     {item['invariant']} at {item['at_ms']} ms, validators {item['nodes']}: {item['detail']}"
            for item in found
        ],
    ]
    lines += timeline_files.as_lines(document["picture"]) if "picture" in document else []
    if not found:
        lines.append("  every invariant held")
    output.result(document, lines, as_json=as_json)
    return INVARIANT if found else OK
