"""`mithqal lab`: the network in the simulator, where a run is its seed."""

import click

from cli import options, output
from cli.exits import INVARIANT, OK
from node.lab.campaign import run_seed, run_seeds, summarize

MICROSECONDS = 1_000_000


@click.group()
def lab() -> None:
    """Run the network in the deterministic simulator."""


@lab.command()
@click.option("--seed", type=click.IntRange(0), required=True, help="Everything about the run follows from it.")
@click.option("--seconds", type=click.IntRange(1, 3600), default=20, show_default=True, help="Virtual time.")
@click.option(
    "--signatures",
    type=click.Choice(["keyed-hash", "libsodium"]),
    help="Which port judges signatures (default: the seed's).",
)
@options.as_json
def run(seed: int, seconds: int, signatures: str | None, as_json: bool) -> int:
    """Run one seed: four validators, clients, and the faults that the seed draws. Exits 8 if an invariant breaks."""
    result = run_seed(seed, seconds * MICROSECONDS, signatures)
    violations = [{"invariant": item.rule, "node": item.node, "detail": item.text} for item in result.violations]
    document = {
        "seed": seed,
        "signatures": result.signatures,
        "commits": list(result.commits),
        "rounds": list(result.rounds),
        "virtual_s": result.virtual_us // MICROSECONDS,
        "events": result.events,
        "payments_committed": result.payments_committed,
        "faults": result.faults,
        "violations": violations,
        "trace_hash": result.trace_hash,
    }
    faults = ", ".join(f"{name} {count}" for name, count in sorted(result.faults.items())) or "none"
    lines = [
        f"seed {seed}: {seconds} virtual seconds, {result.events} events, signatures by {result.signatures}",
        f"  committed  {result.payments_committed} payments; heights {', '.join(map(str, result.commits))}",
        f"  faults     {faults}",
        f"  trace      {result.trace_hash}",
        *[f"  BROKEN     {item['invariant']} at validator {item['node']}: {item['detail']}" for item in violations],
    ]
    if not violations:
        lines.append("  every invariant held")
    output.result(document, lines, as_json=as_json)
    return INVARIANT if violations else OK


@lab.command()
@click.option("--first", type=click.IntRange(0), default=0, show_default=True, help="First seed.")
@click.option("--count", type=click.IntRange(1), default=200, show_default=True, help="How many seeds.")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--seconds", type=click.IntRange(1, 3600), default=20, show_default=True, help="Virtual time a seed.")
@options.as_json
def campaign(first: int, count: int, processes: int, seconds: int, as_json: bool) -> int:
    """Run many seeds. Exits 8 unless all invariants hold, nine in ten seeds commit payments and every fault fired."""
    summary = summarize(run_seeds(first, count, processes, seconds * MICROSECONDS))
    lines = [f"{key:20} {value}" for key, value in summary.items()]
    output.result(summary, lines, as_json=as_json)
    return OK if summary["ok"] else INVARIANT
