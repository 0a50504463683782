"""`mithqal lab`: the group; its commands are in `cli/laboratory/`."""

import click

from cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("cli.laboratory.run", "Run one scenario: a file, or what a seed draws."),
    "campaign": ("cli.laboratory.campaign", "Run many scenarios; exit 8 if an invariant breaks."),
    "scale": ("cli.laboratory.scale", "Run many validators for many rounds on one core."),
    "latency": ("cli.laboratory.latency", "Measure how long a commit takes, after faults and losses too."),
    "sensitivity": ("cli.laboratory.sensitivity", "Score how much each kind of fault slows payments down."),
    "mutants": ("cli.laboratory.mutants", "Run seeded bugs through the suite; exit 8 if one is not found."),
}
"""Name, module and one line, in the order of the help. Each module has a click command of the same name,
with `_` for `-`."""


@click.group(cls=LazyGroup, table=COMMANDS)
def lab() -> None:
    """Run the network in the deterministic simulator."""
