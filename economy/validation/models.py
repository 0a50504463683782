"""Gates 6 and 7: published models to their digits, the ECB's sizes, and what flows do to the yields of bills."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from economy.models import arbitrage, fire_sale, global_game, liquidity, runs, shortfall, sizes
from economy.models.global_game import Game
from economy.validation.gate import Gate

DIAMOND = "Diamond (2007), Richmond Fed Economic Quarterly 93(2): R = 2, t = 1/4, u(c) = 1 - 1/c"
GAMES = "Morris and Shin (1998), Goldstein and Pauzner (2005): theta* = (1 - kappa)/(1 + r)"
ECB = "ECB Macroprudential Bulletin 9 (May 2020), Adachi, Cominetta, Kaufmann and van der Kraaij"
BILLS = "BIS Working Paper 1270 (2025), Ahmed and Aldasoro: 3.5 bn in five days, effect within ten"
BAND = "Lyons and Viswanath-Natraj (2023): 1 - f_b - rho d/365"
PEG = "Catalini and de Gortari (2021): Phi(-k/(sigma sqrt T)), sigma 2.90 % of the back-test"
ALGEBRA = "algebra of a reserve of 80 % bills: k = b h/(1 - b h); exp(-dy 91/365) - 1"

AGENTS_NOISE, AGENTS, GUESSES, AGENTS_SEED = 0.001, 1_000, 1_000, 1
NEAR = 0.01


def gates() -> Iterator[Gate]:
    """A line for each number."""
    yield from _runs()
    yield from _games()
    yield from _formulas()
    yield from _sizes()
    yield from _bills()


def _number(name: str, published: str, ours: float, source: str, *, number: int = 6, unit: float = 1.0) -> Gate:
    """A published decimal, met when ours rounds to the same digits."""
    digits = Decimal(published)
    text = str(Decimal(repr(ours * unit)).quantize(digits, ROUND_HALF_UP))
    return Gate(number, name, published, text, "printed digit", Decimal(text) == digits, source)


def _runs() -> Iterator[Gate]:
    """Diamond-Dybvig. The paper's c2 of 1.813 is what its rounded promise of 1.28 leaves, so that this is compared."""
    contract = runs.best_contract(early_share=0.25, late_return=2.0)
    yield _number("Diamond-Dybvig: c1", "1.28", contract.early, DIAMOND)
    yield Gate(
        6, "Diamond-Dybvig: c1 and c2, more digits", "1.28155 1.81238", f"{contract.early:.5f} {contract.late:.5f}",
        "0.0001: t c1 + (1 - t) c2/R = 1 gives the second pair", abs(contract.early - 1.28155) < 1e-4
        and abs(contract.late - 1.81238) < 1e-4, DIAMOND,
    )  # fmt: skip
    for withdrawn, published in ((0.25, "1.8133"), (0.5, "1.44"), (0.75, "0.32"), (1.0, "0")):
        payoff = runs.late_payoff(promise=1.28, withdrawn=withdrawn, late_return=2.0)
        yield _number(f"Diamond-Dybvig: late payoff after {withdrawn:g} left with 1.28", published, payoff, DIAMOND)
    yield _number("Diamond-Dybvig: tipping share", "0.5625", runs.tipping_share(promise=1.28, late_return=2.0), DIAMOND)
    can = [runs.is_run_possible(promise=1.28, late_return=2.0, limit=limit) for limit in (1.0, 0.25)]
    text = " ".join("run" if possible else "no run" for possible in can)
    yield Gate(6, "Diamond-Dybvig: without, with suspension at t", "run no run", text, "exact", text == "run no run",
               DIAMOND)  # fmt: skip


def _games() -> Iterator[Gate]:
    """Thresholds to 1e-9 by the integral, and by agents within one percent."""
    for stay_yield, exit_cost, published in ((0.05, 0.0, "0.952381"), (0.05, 0.01, "0.942857"), (0.0, 0.02, "0.98")):
        game = Game(stay_yield, exit_cost)
        exact = (1 - exit_cost) / (1 + stay_yield)

        def mean_stay(theta: float, game: Game = game) -> float:
            return global_game.mean_stay(game, theta)

        solved = global_game.solve(mean_stay, 1 - exit_cost)
        what = f"theta*, yield {stay_yield:g}, fee {exit_cost:g}"
        passed = abs(solved - exact) <= 1e-9 and round(exact, 6) == float(published)
        yield Gate(6, f"global game: {what}", published, f"{solved:.9f}", "1e-9", passed, GAMES)
        found = global_game.agents(game, noise=AGENTS_NOISE, crowd=AGENTS, guesses=GUESSES, seed=AGENTS_SEED)
        yield Gate(
            6, f"global game: {what}, by {AGENTS:,} agents, noise {AGENTS_NOISE:g}", published, f"{found:.6f}", "1 %",
            abs(found / exact - 1) <= NEAR, GAMES,
        )  # fmt: skip


def _formulas() -> Iterator[Gate]:
    """Band, shortfall, full run, rate shock."""
    for rate, fee, published in ((0.05, 0.0, "0.999589"), (0.20, 0.001, "0.997356")):
        floor = arbitrage.floor_price(fee=fee, waiting_rate=rate, days=3)
        yield _number(f"band: floor at {rate:.0%}, fee {fee:g}, 3 days", published, floor, BAND)
    for buffer, years, what, published in (
        (0.01, 10 / 252, "1 %, 10 days", "4.17"), (0.01, 1.0, "1 %, a year", "36.5"), (0.04, 1.0, "4 %, a year", "8.39")
    ):  # fmt: skip
        chance = shortfall.shortfall_probability(buffer=buffer, volatility=0.029, years=years)
        yield _number(f"shortfall of an unhedged reserve, %: {what}", published, chance, PEG, unit=100)
    for haircut, published in ((0.0025, "0.2004"), (0.01, "0.8065")):
        needed = liquidity.full_run_capital(bills=0.8, haircut=haircut)
        yield _number(f"capital for a full run, %: haircut {haircut:g}", published, needed, ALGEBRA, unit=100)
    for bills, published in ((1.0, "-24.9"), (0.8, "-19.9")):
        moved = liquidity.rate_shock(move=0.01, days=91, bills=bills)
        yield _number(f"+100 bp on 91 days, bp of {bills:.0%} bills", published, moved, ALGEBRA, unit=10_000)


def _sizes() -> Iterator[Gate]:
    """The ECB's scenarios: what is printed with one decimal within 0.1 bn, whole billions rounded."""
    tenth = Decimal("0.1")
    for scenario in sizes.SCENARIOS:
        each = sizes.holding(scenario.size_bn)
        printed = each.quantize(scenario.holding, ROUND_HALF_UP)
        yield Gate(7, f"ECB, {scenario.name}: euro for each of 2.4 bn users", str(scenario.holding), str(printed),
                   "printed digit", printed == scenario.holding, ECB)  # fmt: skip
        size = sizes.size_bn(each)
        yield Gate(7, f"ECB, {scenario.name}: reserve, bn", str(scenario.size_bn), f"{size:.1f}", "0.1 bn",
                   abs(size - scenario.size_bn) <= tenth, ECB)  # fmt: skip
        inflow = sizes.euro_inflow_bn(scenario.size_bn)
        yield Gate(7, f"ECB, {scenario.name}: money into the euro area, bn", str(scenario.inflow_bn), f"{inflow:.1f}",
                   "0.1 bn", abs(inflow - scenario.inflow_bn) <= tenth, ECB)  # fmt: skip
        paper = sizes.paper_bn(scenario.size_bn).quantize(Decimal(1), ROUND_HALF_UP)
        yield Gate(7, f"ECB, {scenario.name}: government paper, bn", str(scenario.paper_bn), str(paper),
                   "printed digit", paper == scenario.paper_bn, ECB)  # fmt: skip


def _bills() -> Iterator[Gate]:
    """The yield of bills ten days after 3.5 bn came in, or left, over five."""
    daily = fire_sale.FLOW_BN / 5
    for name, flow, low, high in (("in", daily, -2.5, -2.0), ("out", -daily, 4.0, 7.5)):
        moved = fire_sale.yield_moves([flow] * 5, 10)[-1]
        yield Gate(
            7, f"bills after 3.5 bn {name}, bp of yield", f"{low:g} to {high:g}", f"{moved:.3f}", "inside",
            low <= moved <= high, BILLS,
        )  # fmt: skip
