"""`mithqal corridor`: the group; its commands are in `cli/economics/`."""

import click

from cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "show": ("cli.economics.corridor_show", "One corridor: cost and time step by step, today and over the network."),
    "compare": ("cli.economics.corridor_compare", "Some corridors side by side: compare US IN US BR."),
    "table": ("cli.economics.corridor_table", "All corridors of the World Bank file beside the network."),
}
"""Name, module and one line, in the order of the help. Each module has a click command of the same name,
with `_` for `-`."""


@click.group(cls=LazyGroup, table=COMMANDS)
def corridor() -> None:
    """Compare what a transfer between two countries costs and how long it takes."""
