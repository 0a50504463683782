"""Bounds of what a command may ask of the economy, in one light module, so that `--help` needs no numbers library."""

FEWEST_PEOPLE, MAX_PEOPLE = 20, 50_000
"""Of a simulated world: below, a country has nobody; above, a provider has no room for its children (65,536)."""
MAX_DAYS = 3_660
"""Ten years, at most, in one run."""
MAX_WORKERS = 64
"""Processes beside the main one."""
