"""`mithqal reserve`: the group; its commands are in `cli/economics/`."""

import click

from cli.lazy import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "show": ("cli.economics.show", "What stands behind each coin of a network, supply proved."),
    "statement": ("cli.economics.statement", "Make a signed reserve statement, or verify one offline."),
    "monitor": ("cli.economics.monitor", "Watch a network: an alarm at the first block that is not covered."),
    "run": ("cli.economics.run", "Drive a live network through a shock: rates, mints, a run under a stay."),
    "write-off": ("cli.economics.write_off", "Plant a loss in custodians' books, which the monitor must find."),
    "sdr": ("cli.economics.sdr", "Value the IMF's SDR to the last digit of its sheet."),
    "backtest": ("cli.economics.backtest", "What a basket did to a holder, on real exchange rates."),
    "validate": ("cli.economics.validate", "Compare our figures with published ones, gate by gate."),
    "replay": ("cli.economics.replay", "A crisis of history: facts with sources, and each regime's answer."),
    "presets": ("cli.economics.presets", "The rules of eight regimes as data, each with its source and doubts."),
    "project": ("cli.economics.project", "A reserve day by day while holders leave: your own books or a regime's."),
    "stress": ("cli.economics.stress", "Simulate a year many times: shortfalls, stays, broken pegs."),
    "buffer": ("cli.economics.buffer", "The smallest capital with which a shortfall is rare enough."),
    "adoption": ("cli.economics.adoption", "How payments spread through messaging apps, and the reserve with them."),
}
"""Name, module and one line, in the order of the help. Each module has a click command of the same name,
with `_` for `-`."""


@click.group(cls=LazyGroup, table=COMMANDS)
def reserve() -> None:
    """Examine the reserve: exact baskets, back-tests, crises replayed, stress, the rules of the regimes."""
