"""Small plans that several files share."""

import numpy as np

from economy.stress.factors import Market
from economy.stress.parameters import Parameters
from economy.stress.plan import Plan

MARKET = Market(
    base="USD",
    codes=("EUR", "JPY", "GBP", "SGD"),
    returns=np.random.Generator(np.random.Philox(1)).normal(0, 0.005, (4, 400)),
    vols=(0.08, 0.09, 0.09, 0.05),
    correlations=((1.0, 0.3, 0.6, 0.6), (0.3, 1.0, 0.2, 0.4), (0.6, 0.2, 1.0, 0.5), (0.6, 0.4, 0.5, 1.0)),
    exposures=(0.25, 0.25, 0.25, 0.25),
    capital_exposures=(0.0, 0.0, 0.0, 0.0),
    holders=(0.25, 0.25, 0.25, 0.25),
    provenance={"source": "made up"},
)


def plan(
    parameters: Parameters | None = None, *, model: str = "jump", run: str = "threshold", paths: int = 300,
    days: int = 60, seed: int = 7,
) -> Plan:  # fmt: skip
    """A plan of the made-up market."""
    return Plan(parameters or Parameters(), MARKET, model, run, paths, days, seed)
