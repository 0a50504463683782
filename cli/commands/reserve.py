"""`mithqal reserve`: the group; its commands are in `cli/economics/`."""

import click

from cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "presets": ("cli.economics.presets", "The rules of eight regimes as data, each with its source and doubts."),
    "stress": ("cli.economics.stress", "Simulate a year many times: shortfalls, stays, broken pegs."),
    "buffer": ("cli.economics.buffer", "The smallest capital with which a shortfall is rare enough."),
}
"""Name, module and one line, in the order of the help. Each module has a click command of the same name,
with `_` for `-`."""


@click.group(cls=LazyGroup, table=COMMANDS)
def reserve() -> None:
    """Examine the reserve: exact baskets, back-tests, crises replayed, stress, the rules of the regimes."""
