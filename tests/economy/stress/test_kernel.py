"""A reserve's year: the identity, the two directions of each parameter, and cases small enough to do by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from economy.errors import ParameterError
from economy.stress.crowd import RUNS, Crowd, _upper
from economy.stress.draws import BLOCK, Draws
from economy.stress.factors import MODELS, Factors
from economy.stress.kernel import CAUSES, Year
from economy.stress.outcome import Outcome
from economy.stress.parameters import BOUNDS, MEANINGS, Parameters, change
from economy.stress.plan import run_block
from tests.economy.stress.plans import MARKET, plan

CALM = Parameters(flow_vol=0.0, rate_vol=0.0, fx_sensitivity=0.0, sunspot=0.0)


def block(parameters: Parameters, *, model: str = "jump", run: str = "threshold", days: int = 120) -> Outcome:
    """A few hundred paths."""
    return run_block(plan(parameters, model=model, run=run, days=days), 0, 400)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("run", RUNS)
def test_the_books_balance_at_every_step(model: str, run: str) -> None:
    """Assets - liabilities - capital = 0 within 1e-9 of the reserve at every step of every run."""
    wild = Parameters(unhedged=0.5, flow_vol=0.05, dark_rate=5, jump_rate=20, stress_rate=10, fee=0.001, volatility=3)
    assert block(wild, model=model, run=run).worst_residual < 1e-12


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(BOUNDS)), st.floats(0, 1), max_size=8),
    st.sampled_from(MODELS),
    st.sampled_from(RUNS),
)
def test_whatever_is_assumed_the_books_balance(wishes: dict[str, float], model: str, run: str) -> None:
    """Any parameters within their bounds give finite numbers and balanced books."""
    parameters = Parameters()
    for name, part in wishes.items():
        low, high = BOUNDS[name][0], min(BOUNDS[name][1], 50.0)
        value = low + part * (high - low)
        parameters = change(parameters, name, round(value) if isinstance(getattr(parameters, name), int) else value)
    found = run_block(plan(parameters, model=model, run=run, days=15), 0, 20)
    assert found.worst_residual < 1e-9 * (1 + parameters.capital + found.coins.max())
    assert np.isfinite(found.loss).all()
    assert (found.least_price >= 0).all()


def test_nothing_happens() -> None:
    """Without chance there is no shortfall, no stay, and the week's income over the target is paid out."""
    found = block(replace(CALM, jump_rate=0.0), model="jump", days=50)
    assert found.loss.max() == 0
    assert found.stay_days.max() == found.off_peg_days.max() == found.late_days.max() == 0
    assert (found.coins == 1).all()
    earned, _, sold, dark, charged, paid = found.causes[0] / found.paths
    assert earned == pytest.approx(1.01 * 0.04 * 70 / 365, rel=0.005)
    assert (sold, dark, charged) == (0, 0, 0)
    assert paid == pytest.approx(-earned, rel=1e-9)


def year(parameters: Parameters, **flows: float) -> Year:
    """A reserve of four paths in a market without chance; `flow` is redeemed each day."""

    class Still(Factors):
        def step(self) -> None:
            self.flow[:] = flows.get("flow", 0.0)
            self.mood = np.zeros(self.width, dtype=np.float32)

    factors = Still(parameters, MARKET, "gbm", Draws(1, 0, rows=6, width=4))
    return Year(parameters, factors, Crowd(parameters, factors, "threshold"))


def test_dealers_take_what_they_have_room_for_in_turn() -> None:
    """The first dealer's room is filled first; what nobody takes weighs on the price."""
    parameters = replace(CALM, stay_days=0, whales=0.0, run_speed=0.0)
    found = year(parameters, flow=0.08)
    found.step()
    assert found.inventories[:, 0] == pytest.approx([0.06, 0.02, 0.0])
    assert found.price[0] == pytest.approx(1 - 0.0005 - 0.2 * 1.4 / 365)
    assert found.coins[0] == pytest.approx(0.92)
    found = year(parameters, flow=0.2)
    found.step()
    assert found.inventories[:, 0] == pytest.approx([0.06, 0.04, 0.02])
    left_over = 0.08 / 0.88
    assert found.price[0] == pytest.approx(1 - 0.0005 - 0.2 * 1.4 / 365 - 0.25 * left_over)


def test_a_stay_begins_above_the_trigger_only() -> None:
    """More than 10 % of the coins asked for on one day, not 10 % itself."""
    room = replace(CALM, dealer_room=(1.0, 0.0, 0.0), impatient=0.0)
    for flow, days in ((0.0999999, 0), (0.1000001, 5)):
        found = year(room, flow=flow)
        found.step()
        assert found.stay[0] == days


def test_in_a_stay_only_the_impatient_are_paid_and_at_a_haircut() -> None:
    """The early-redemption haircut stays with the reserve; nobody else is paid before the stay is over."""
    parameters = replace(CALM, dealer_room=(1.0, 0.0, 0.0), impatient=0.5, haircut=0.02, settle_days=0)
    found = year(parameters, flow=0.12)
    found.step()
    assert found.left_early[0] == pytest.approx(0.06)
    assert found.queue[0] == pytest.approx(0.06)
    assert found.causes[CAUSES.index("haircuts and fees"), 0] == pytest.approx(0.06 * 0.02)
    waiting = year(replace(parameters, passes_cost=False), flow=0.12)
    waiting.step()
    assert waiting.queue[0] == pytest.approx(0.12)
    assert waiting.late_days[0] == 0, "a stay is not late payment"


def test_the_gate_bounds_a_day() -> None:
    """Never more than the gate is paid on one day."""
    found = year(replace(CALM, gate=0.05, stay_days=0, settle_days=0, dealer_room=(1.0, 0.0, 0.0)), flow=0.1)
    found.step()
    assert found.queue[0] == pytest.approx(0.1 - 0.05 * 0.9)


def test_dark_money_is_lost_in_part_and_comes_back() -> None:
    """`dark_share` of cash and bills is out of reach, `dark_loss` of it gone, the rest back after `dark_days`."""

    class Once(Factors):
        def step(self) -> None:
            self.darkened = np.array([1]) if self._day == 0 else np.empty(0, dtype=np.intp)
            self._day += 1

    parameters = replace(
        CALM, dark_share=0.1, dark_loss=0.25, dark_days=3, rate=0.0, payout=0.0, whales=0.0, run_speed=0.0
    )
    factors = Once(parameters, MARKET, "gbm", Draws(1, 0, rows=6, width=2))
    found = Year(parameters, factors, Crowd(parameters, factors, "threshold"))
    found.step()
    assert found.dark[1] == pytest.approx(0.101 * 0.75)
    assert found.capital[1] == pytest.approx(0.01 - 0.101 * 0.25)
    assert found.dark[0] == 0
    found.step()
    found.step()
    assert found.dark[1] > 0
    found.step()
    assert found.dark[1] == 0
    assert found.capital[1] == pytest.approx(0.01 - 0.101 * 0.25)


@pytest.mark.parametrize(
    ("name", "low", "high", "model"),
    [("capital", 0.005, 0.05, "dark"), ("dark_loss", 0.5, 0.05, "dark"), ("dark_rate", 2.0, 0.2, "dark")],
)
def test_what_makes_shortfalls_rarer(name: str, low: float, high: float, model: str) -> None:
    """More capital, smaller and rarer losses: no more paths with a shortfall, with the same chance."""
    worse, better = (block(change(Parameters(dark_rate=2), name, value), model=model) for value in (low, high))
    assert (worse.shortfall > 0).sum() > (better.shortfall > 0).sum()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("haircut", 1.01, "haircut is 1.01, but must be from 0 to 1"),
        ("haircut", -0.01, "haircut is -0.01"),
        ("volatility", -1.0, "volatility is -1"),
        ("flow_vol", float("nan"), "flow_vol is nan"),
        ("capital", float("inf"), "capital is inf"),
        ("rungs", 0, "rungs is 0, but must be from 1 to 52"),
        ("rungs", 1.5, "rungs is a whole number"),
        ("haircutt", 0.1, "there is no parameter 'haircutt'; there are capital, cash"),
    ],
)
def test_absurd_parameters(name: str, value: float, words: str) -> None:
    """A haircut above 1, negative volatilities: one clear error that names what is available."""
    with pytest.raises(ParameterError) as caught:
        change(Parameters(), name, value)
    assert caught.value.name == "bad_parameter"
    assert words in caught.value.message


def test_the_bounds_themselves_are_allowed() -> None:
    """Both ends of each range."""
    for name, bounds in BOUNDS.items():
        for value in bounds:
            assert getattr(change(Parameters(), name, value), name) == value
    assert set(MEANINGS) == set(BOUNDS)


def test_the_draws_are_normal() -> None:
    """Mean 0, variance 1, kurtosis 3, no correlation between rows; uniforms from 0 to below 1."""
    draws = Draws(5, 0, rows=6)
    rows = np.concatenate([np.array(draws.normals(6), dtype=np.float64) for _ in range(20)], axis=1)
    count = rows.shape[1]
    assert count == 20 * BLOCK
    assert abs(rows.mean(axis=1)).max() < 4 / np.sqrt(count)
    assert abs((rows**2).mean(axis=1) - 1).max() < 4 * np.sqrt(2 / count)
    assert abs((rows**4).mean(axis=1) - 3).max() < 4 * np.sqrt(96 / count)
    assert abs(np.corrcoef(rows) - np.eye(6)).max() < 4 / np.sqrt(count)
    uniforms = draws.uniforms()
    assert 0 <= uniforms.min() < uniforms.max() < 1


def test_returns_have_the_markets_volatilities_and_correlations() -> None:
    """gbm: the four returns by vols and correlations of the market."""
    factors = Factors(Parameters(), MARKET, "gbm", Draws(5, 0, rows=6))
    moves = []
    for _ in range(20):
        factors.step()
        moves.append(np.array(factors.fx, dtype=np.float64))
    logs = np.log1p(np.concatenate(moves, axis=1))
    assert logs.std(axis=1) * np.sqrt(252) == pytest.approx(MARKET.vols, rel=0.01)
    assert np.corrcoef(logs) == pytest.approx(np.array(MARKET.correlations), abs=0.01)


def test_the_bootstrap_is_history() -> None:
    """Ten consecutive days of the history, all currencies of the same day."""
    factors = Factors(Parameters(), MARKET, "bootstrap", Draws(5, 0, rows=6, width=50))
    days = []
    for _ in range(20):
        factors.step()
        days.append(np.array(factors.fx)[:, 7].copy())
    known = {
        column.tobytes(): place for place, column in enumerate(np.ascontiguousarray(MARKET.returns.T, dtype=np.float32))
    }
    places = [known[day.astype(np.float32).tobytes()] for day in days]
    assert places[:10] == list(range(places[0], places[0] + 10))
    assert places[10:] == list(range(places[10], places[10] + 10))


@pytest.mark.parametrize(
    ("chance", "value"),
    [(0.0, np.inf), (1.0, -np.inf), (0.5, 0.0), (0.0005, 3.290527), (0.9995, -3.290527), (5e-324, 38.467406)],
)
def test_what_a_normal_exceeds_with_a_chance(chance: float, value: float) -> None:
    """`sunspot`, from never to every day, and the smallest chance that there is."""
    assert _upper(chance) == pytest.approx(value, abs=1e-6)
