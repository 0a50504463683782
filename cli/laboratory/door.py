"""`mithqal lab door`: what strangers can do to a network through its open ports."""

import click

from cli import options, output
from cli.exits import INVARIANT, OK


@click.command()
@click.option("--seconds", type=click.IntRange(10, 3600), default=80, show_default=True, help="All phases together.")
@click.option("--rate", type=click.IntRange(1, 500), default=40, show_default=True, help="Honest payments/s.")
@click.option("--validators", type=click.IntRange(1, 16), default=4, show_default=True)
@click.option("--phase", "phases", multiple=True, help="Only this attack (may be given again).  [default: all]")
@options.as_json
@output.reported
def door(seconds: int, rate: int, validators: int, phases: tuple[str, ...], as_json: bool) -> int:
    """Attack a local network of its own through its open ports, while honest payers pay; exit 8 if a goal is missed.

    It makes the network itself and attacks nothing else. Goals: honest rounds at most twice as long as without an
    attack, at most 100 MB more memory, no unhandled exception.
    """
    from node.lab.door.attacker import PHASES
    from node.lab.door.run import DoorPlan, as_lines, run_door

    unknown = sorted(set(phases) - set(PHASES))
    if unknown:
        raise click.UsageError(f"no attack is called {unknown[0]!r}; there are {', '.join(PHASES)}")
    document = run_door(DoorPlan(validators, seconds, rate, phases or PHASES), output.talk)
    output.result(document, as_lines(document), as_json=as_json)
    return OK if document["ok"] else INVARIANT
