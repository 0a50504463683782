"""`mithqal lab exhaustive`: all interleavings of a few rounds."""

import click

from cli import options, output
from cli.exits import INVARIANT, OK
from cli.progress import ProgressLine


@click.command()
@click.option("--rounds", type=click.IntRange(1, 6), default=4, show_default=True, help="The last round.")
@click.option(
    "--validators", type=click.IntRange(1, 7), default=4, show_default=True, help="A third less one is faulty."
)
@click.option(
    "--variants",
    type=click.IntRange(1, 3),
    default=2,
    show_default=True,
    help="Blocks that a leader proposes on the same certificates; 1 is five times as fast.",
)
@options.as_json
@output.reported
def exhaustive(rounds: int, validators: int, variants: int, as_json: bool) -> int:
    """Search all that the real safety module can be brought to sign in a few rounds, with a faulty validator about.

    Exits 8 if two branches are committed, a round has two certificates, or an honest validator breaks its lock.
    """
    from node.lab.exhaustive.search import document, search

    progress = ProgressLine()
    found = document(search(rounds, validators, variants=variants, progress=progress.say))
    progress.close()
    lines = [
        f"{validators} validators, {found['faulty']} faulty, {rounds} rounds: every interleaving modulo symmetry",
        f"  states       {found['states']} (by round: {', '.join(map(str, found['states_by_round']))})",
        f"  transitions  {found['transitions']}",
        f"  module       called {found['module_calls']} times, {found['certificates']} certificates",
        f"  processor    {found['cpu_s']:.1f} s",
    ]
    for broken in found["violations"]:
        lines += [f"  BROKEN       {broken['check']}: {broken['text']}", *[f"    {step}" for step in broken["path"]]]
    if not found["violations"]:
        lines.append("  agreement, one certificate a round and the locks held in all of them")
    output.result(found, lines, as_json=as_json)
    return INVARIANT if found["violations"] else OK
