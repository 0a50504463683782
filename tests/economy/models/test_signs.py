"""Models whose levels are ours and whose signs are others': both directions, and the edges."""

import numpy as np
import pytest

from economy.models import arbitrage, gates, issuer, transparency
from economy.models.arbitrage import Coin
from economy.models.gates import Fund
from economy.models.issuer import World, best_choice, hard, usable
from economy.models.normal import quantile
from economy.models.transparency import Public


def test_more_dealers() -> None:
    """More dealers: smaller |price - 1|, higher probability of a run."""
    few, many = Coin(2), Coin(20)
    assert arbitrage.deviation(many, 0.05) == arbitrage.deviation(few, 0.05) / 10
    assert arbitrage.run_probability(few) < arbitrage.run_probability(many) < 1


def test_dividends_reduce_runs() -> None:
    """Dividends to holders reduce runs."""
    assert arbitrage.run_threshold(Coin(6, dividend=0.17)) < arbitrage.run_threshold(Coin(6, dividend=0.15))


def test_at_the_threshold_staying_pays_what_selling_does() -> None:
    """E[stay] = E[p] at theta*: checked by a sum of its own."""
    coin = Coin(6)
    theta = arbitrage.run_threshold(coin)
    stay = sell = 0.0
    for node in range(1_000):
        share = (node + 0.5) / 1_000
        if share < 0.9:
            stay += min(1, theta * (1 - share / 0.9) / (1 - share)) + 0.15
            sell += 1 - 0.4 * share / 6
        else:
            sell += 0.9 / share - 0.4 * share / 6
    assert stay == pytest.approx(sell, rel=1e-9)


def test_a_visible_gate_brings_the_run_forward() -> None:
    """Adding a visible gate threshold raises early redemptions; without doubt about it, nobody leaves early."""
    fund = Fund(liquid=0.38)
    without, low, high = (gates.early_redemptions(fund, gate=gate) for gate in (0.0, 0.3, 0.33))
    assert without < 1e-60
    assert low == pytest.approx(0.00076470, abs=1e-7)
    assert high == pytest.approx(0.5)
    assert gates.early_redemptions(fund._replace(liquid=0.9), gate=0.3) < 1e-60
    assert gates.days_until_shut(Fund(), gate=0.3) < gates.days_until_shut(Fund(), gate=0.0)


@pytest.mark.parametrize(
    ("known", "cost", "rises"), [(0.2, 0.5, True), (0.8, 0.5, False), (0.8, 0.01, True), (1.2, 0.5, False)]
)
def test_transparency(known: float, cost: float, rises: bool) -> None:
    """It raises run risk when what is known is poor or conversion is cheap, and lowers it otherwise."""
    vague, precise = (transparency.run_probability(Public(known, alpha, exit_cost=cost)) for alpha in (5.0, 20.0))
    assert (precise > vague) is rises


def test_the_threshold_solves_its_equation() -> None:
    """alpha (theta* - y) - sqrt(beta) Phi^-1(theta*) = sqrt(alpha + beta) Phi^-1(1 - q)."""
    public = Public(0.7, 9.0, private=400.0, exit_cost=0.3)
    theta = transparency.threshold(public)
    left = 9 * (theta - 0.7) - 20 * quantile(theta)
    assert left == pytest.approx(409**0.5 * quantile(0.3), abs=1e-6)


def test_without_public_information_it_is_the_smallest_game() -> None:
    """alpha to 0: theta* = (1 - kappa)/(1 + r)."""
    public = Public(0.5, 1e-12, exit_cost=0.02, stay_yield=0.01)
    assert transparency.threshold(public) == pytest.approx(0.98 / 1.01, abs=1e-6)


def test_fat_tails() -> None:
    """Fat-tailed reserves resist small shocks and fail on large ones, at the same deviation."""
    for buffer, is_worse in ((1.0, False), (3.0, True)):
        thin, fat = (
            transparency.failure_probability(buffer=buffer, deviation=1.0, has_fat_tails=tails)
            for tails in (False, True)
        )
        assert (fat > thin) is is_worse


def test_what_rules_make_an_issuer_do() -> None:
    """Liquidity thresholds raise cash only; capital thresholds raise both; both lower failure and price impact; a hard
    minimum is worse than a usable buffer."""
    free = best_choice(World())
    liquid, capital, strict = best_choice(usable(0.15)), best_choice(usable(capital=0.002)), best_choice(hard(0.15))
    assert liquid.cash > free.cash
    assert liquid.capital <= free.capital
    assert capital.cash > free.cash
    assert capital.capital > free.capital
    for rule in (liquid, capital):
        assert rule.default < free.default
        assert rule.impact < free.impact
        assert rule.value < free.value, "a rule that costs nothing is none"
    assert strict.default > liquid.default
    assert strict.impact > liquid.impact


def test_the_choice_is_the_best_nearby() -> None:
    """No neighbour of what the issuer chooses has a higher value."""
    free = best_choice(World())
    for cash, capital in ((0.004, 0), (-0.004, 0), (0, 0.00004), (0, -0.00004)):
        value, _, _ = issuer.outcomes(World(), np.array([free.cash + cash]), np.array([free.capital + capital]))
        assert value[0] < free.value


def test_one_path_by_hand() -> None:
    """No shock at all: the issuer earns the spread on its bonds, pays for capital and keeps its future."""
    still = World(deviation=1e-12)
    value, default, impact = issuer.outcomes(still, np.array([0.25]), np.array([0.01]))
    assert value[0] == pytest.approx(0.01 + 0.06 + 0.0015 * 1.01 * 0.75 - 1.1 * 0.01)
    assert default[0] == 0
    assert impact[0] == 0
