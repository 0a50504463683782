"""Gate 8: in which direction things move, by papers whose levels depend on what only their authors have."""

import itertools
from collections.abc import Iterator

from economy.models import arbitrage, transparency
from economy.models import gates as visible_gates
from economy.models.arbitrage import Coin
from economy.models.gates import Fund
from economy.models.transparency import Public
from economy.validation.gate import Gate

DEALERS = "Ma, Zeng and Zhang (2023): signs; the model is ours, made small"
GATES = "Cipriani and others (2014); BIS Quarterly Review, March 2021: signs; the model is ours, made small"
TELLING = "BIS Working Paper 1164, Ahmed, Aldasoro and Duley: signs, in the global game with public information"


def gates() -> Iterator[Gate]:
    """A line for each sign."""
    yield from _dealers()
    yield _gate()
    yield from _transparency()


def _sign(name: str, published: str, values: list[float], source: str, number: int = 8) -> Gate:
    """A series that must rise, or fall, at each step."""
    steps = [second - first for first, second in itertools.pairwise(values)]
    passed = all(step > 0 for step in steps) if published == "rises" else all(step < 0 for step in steps)
    return Gate(number, name, published, " ".join(f"{value:.4g}" for value in values), "sign", passed, source)


def _dealers() -> Iterator[Gate]:
    """More of them: a price nearer to par, and a coin that is run more easily. Dividends: runs are rarer."""
    crowd = (1, 2, 6, 20, 521)
    yield _sign("dealers 1, 2, 6, 20, 521: |price - 1|", "falls",
                [arbitrage.deviation(Coin(dealers), 0.05) for dealers in crowd], DEALERS)  # fmt: skip
    yield _sign("dealers 1, 2, 6, 20, 521: probability of a run", "rises",
                [arbitrage.run_probability(Coin(dealers)) for dealers in crowd], DEALERS)  # fmt: skip
    paid = [Coin(6)._replace(dividend=Coin(6).dividend + more) for more in (0.0, 0.01, 0.02, 0.04)]
    yield _sign("dividends +0, 1, 2, 4 %: probability of a run", "falls",
                [arbitrage.run_probability(coin) for coin in paid], DEALERS)  # fmt: skip


def _gate() -> Gate:
    """Early redemptions of a fund without a gate, and with one that can be seen coming."""
    fund = Fund(liquid=0.38)
    values = [visible_gates.early_redemptions(fund, gate=gate) for gate in (0.0, 0.3, 0.33)]
    return _sign("visible gate at 0, 30, 33 % liquid: early redemptions", "rises", values, GATES)


def _transparency() -> Iterator[Gate]:
    """More precise public information, when what is known is poor, good, or leaving is cheap; fat tails."""
    precision = (2.0, 5.0, 10.0, 20.0, 40.0)
    for what, known, cost, sign in (
        ("poor reserve, leaving costs 50 %", 0.2, 0.5, "rises"),
        ("good reserve, leaving costs 50 %", 0.8, 0.5, "falls"),
        ("good reserve, leaving costs 1 %", 0.8, 0.01, "rises"),
    ):
        values = [transparency.run_probability(Public(known, alpha, exit_cost=cost)) for alpha in precision]
        yield _sign(f"transparency 2 to 40, {what}: probability of a run", sign, values, TELLING)
    for buffer, sign in ((1.0, "falls"), (3.0, "rises")):
        values = [
            transparency.failure_probability(buffer=buffer, deviation=1.0, has_fat_tails=fat) for fat in (False, True)
        ]
        what = f"fat tails, buffer of {buffer:g} standard deviations: probability of failure"
        yield _sign(what, sign, values, TELLING)
