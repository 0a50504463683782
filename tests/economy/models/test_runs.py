"""Diamond-Dybvig, global games and the algebra of reserves, to the digits that others printed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy.models import arbitrage, fire_sale, global_game, liquidity, normal, runs, shortfall
from economy.models.global_game import Game


def test_the_best_contract() -> None:
    """c1 = 1/(t + (1 - t)/sqrt R), c2 = c1 sqrt R; R = 2, t = 1/4 (Diamond 2007 prints 1.28)."""
    contract = runs.best_contract(early_share=0.25, late_return=2.0)
    assert contract.early == pytest.approx(1.281508964, abs=1e-9)
    assert contract.late == pytest.approx(1.812327357, abs=1e-9)


@given(st.floats(0.01, 0.99), st.floats(1.01, 10))
def test_the_contract_spends_what_there_is(early_share: float, late_return: float) -> None:
    """t c1 + (1 - t) c2/R = 1 and 1 < c1 < c2 < R."""
    early, late = runs.best_contract(early_share=early_share, late_return=late_return)
    assert early_share * early + (1 - early_share) * late / late_return == pytest.approx(1)
    assert 1 < early < late < late_return


@pytest.mark.parametrize(("withdrawn", "payoff"), [(0.25, 1.813333333), (0.5, 1.44), (0.75, 0.32), (1.0, 0.0)])
def test_late_payoffs(withdrawn: float, payoff: float) -> None:
    """(1 - f r1) R/(1 - f) with r1 = 1.28, and nothing once all is gone."""
    assert runs.late_payoff(promise=1.28, withdrawn=withdrawn, late_return=2.0) == pytest.approx(payoff, abs=1e-9)


def test_the_tipping_share() -> None:
    """f* = (R - r1)/(r1 (R - 1)) = 0.5625; waiting pays more below it, leaving above."""
    tipping = runs.tipping_share(promise=1.28, late_return=2.0)
    assert tipping == 0.5625
    assert runs.late_payoff(promise=1.28, withdrawn=tipping, late_return=2.0) == pytest.approx(1.28)
    assert runs.late_payoff(promise=1.28, withdrawn=tipping - 0.001, late_return=2.0) > 1.28
    assert runs.late_payoff(promise=1.28, withdrawn=tipping + 0.001, late_return=2.0) < 1.28


def test_suspension_removes_the_run() -> None:
    """Suspension at f = t: whatever is believed, waiting pays more; just above f* it is possible again."""
    assert runs.is_run_possible(promise=1.28, late_return=2.0)
    assert not runs.is_run_possible(promise=1.28, late_return=2.0, limit=0.25)
    assert not runs.is_run_possible(promise=1.28, late_return=2.0, limit=0.5625)
    assert runs.is_run_possible(promise=1.28, late_return=2.0, limit=0.564)


@pytest.mark.parametrize(
    ("stay_yield", "exit_cost", "threshold"), [(0.05, 0.0, 0.952381), (0.05, 0.01, 0.942857), (0.0, 0.02, 0.98)]
)
def test_global_game(stay_yield: float, exit_cost: float, threshold: float) -> None:
    """theta* = (1 - kappa)/(1 + r); the integral gives it to 1e-9, agents with noise 1e-3 within one percent."""
    game = Game(stay_yield, exit_cost)
    assert round(game.threshold, 6) == threshold
    solved = global_game.solve(lambda theta: global_game.mean_stay(game, theta), 1 - exit_cost)
    assert solved == pytest.approx(game.threshold, abs=1e-9)
    found = global_game.agents(game, noise=1e-3, crowd=400, guesses=400, seed=3)
    assert found == pytest.approx(game.threshold, rel=0.01)
    assert not global_game.plays(game, theta=game.threshold - 0.002, noise=1e-3, crowd=2_000, seed=3)
    assert global_game.plays(game, theta=game.threshold + 0.002, noise=1e-3, crowd=2_000, seed=3)


def test_a_fee_and_a_yield_lower_the_threshold() -> None:
    """A redemption fee lowers run risk, yield lowers it too."""
    base = Game(0.02, 0.01).threshold
    assert Game(0.02, 0.02).threshold < base
    assert Game(0.03, 0.01).threshold < base


def test_the_band() -> None:
    """1 - f_b - rho d/365: 0.999589 and 0.997356; 1 + f_m above."""
    assert round(arbitrage.floor_price(fee=0.0, waiting_rate=0.05, days=3), 6) == 0.999589
    assert round(arbitrage.floor_price(fee=0.001, waiting_rate=0.2, days=3), 6) == 0.997356
    assert arbitrage.ceiling_price(mint_fee=0.001) == 1.001


@pytest.mark.parametrize(("buffer", "years", "percent"), [(0.01, 10 / 252, 4.17), (0.01, 1, 36.51), (0.04, 1, 8.39)])
def test_the_shortfall_of_an_unhedged_reserve(buffer: float, years: float, percent: float) -> None:
    """Phi(-k/(sigma sqrt T)) with sigma 2.90 %; a matched reserve has none by construction."""
    found = shortfall.shortfall_probability(buffer=buffer, volatility=0.029, years=years)
    assert round(100 * found, 2) == percent
    assert shortfall.shortfall_probability(buffer=buffer, volatility=0.0, years=years) == 0


def test_liquidity() -> None:
    """k = b h/(1 - b h); +100 bp on 91 days; par capacity; those who stay after a run (Reserve Primary)."""
    assert round(100 * liquidity.full_run_capital(bills=0.8, haircut=0.0025), 4) == 0.2004
    assert round(100 * liquidity.full_run_capital(bills=0.8, haircut=0.01), 4) == 0.8065
    assert round(10_000 * liquidity.rate_shock(move=0.01, days=91), 1) == -24.9
    assert round(10_000 * liquidity.rate_shock(move=0.01, days=91, bills=0.8), 1) == -19.9
    assert liquidity.par_capacity(cash=0.2, haircut=0.01) == pytest.approx(0.992)
    assert round(liquidity.run_value(reserve=62.5, lost=0.785, paid_first=40), 5) == 0.96511
    assert round(liquidity.run_value(reserve=62.5, lost=0.785), 5) == 0.98744


@given(st.floats(0, 1), st.floats(0, 0.9))
def test_the_buffer_survives_a_full_run_exactly(bills: float, haircut: float) -> None:
    """(1 + k)(1 - b h) = 1."""
    needed = liquidity.full_run_capital(bills=bills, haircut=haircut)
    assert (1 + needed) * (1 - bills * haircut) == pytest.approx(1)


def test_the_kernel_of_bills() -> None:
    """3.5 bn over five days: -2 to -2.5 bp within ten days, outflows 2 to 3 times as much; 0.5 to 0.6 bp of price."""
    bought = fire_sale.yield_moves([0.7] * 5, 12)
    sold = fire_sale.yield_moves([-0.7] * 5, 12)
    assert bought[9] == pytest.approx(-2.25)
    assert sold[9] == pytest.approx(5.625)
    assert bought[9] == bought[11], "nothing moves after ten days"
    assert bought[0] == pytest.approx(-0.7 * 2.25 / 3.5 / 6)
    assert fire_sale.price_move(-2.25) == pytest.approx(0.5610, abs=1e-4)


def test_distributions() -> None:
    """Phi against known values; Student's t with three degrees, scaled, against its known quantiles."""
    assert normal.cdf(1.959963984540054) == pytest.approx(0.975, abs=1e-12)
    assert normal.cdf(-30) == pytest.approx(4.906714e-198, rel=1e-6)
    assert normal.fat_cdf(3.182446305284263 / math.sqrt(3)) == pytest.approx(0.975, abs=1e-9)
    assert normal.fat_cdf(0) == 0.5
