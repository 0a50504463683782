"""What is told of a study: probabilities with errors, waterfall, fans, sensitivities, and the smallest buffer."""

import csv
import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chain.errors import MithqalError
from economy.errors import ParameterError
from economy.market.reading import load_history
from economy.report.files import csv_text
from economy.report.stress_page import page_of
from economy.reserve.presets import PRESETS, find_preset
from economy.stress import words
from economy.stress.buffer import document_of_buffer, is_enough, smallest_buffer
from economy.stress.document import RESIDUAL, document_of, probability
from economy.stress.draws import BLOCK
from economy.stress.market import market_of, parameters_of
from economy.stress.outcome import FANS, fan
from economy.stress.parameters import Parameters
from economy.stress.plan import Plan, run_block
from economy.stress.runner import Finished, simulate
from economy.stress.study import Draft, plan_of, variants
from tests.economy.stress.plans import plan

LIBRA = find_preset("libra-v2")


def studied(a_plan: Plan) -> dict[str, Any]:
    """The document of a small study with its sensitivities."""
    others = variants(a_plan)
    finished, *parts = simulate([a_plan, *(other.plan for other in others)])
    return document_of(LIBRA, a_plan, finished, list(zip(others, parts, strict=True)))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """A study in which something goes wrong."""
    draft = Draft("dark", "threshold", 300, 60, 7)
    return studied(plan_of(LIBRA, load_history(), draft, ["dark_rate=2"]))


def test_a_probability_has_an_error_and_an_interval() -> None:
    """Standard error sqrt(p(1 - p)/n), and Wilson's interval, which is right for none and for all."""
    found = probability(25, 100)
    assert found["probability"] == 0.25
    assert found["standard_error"] == pytest.approx(0.0433013, abs=1e-7)
    assert (found["low95"], found["high95"]) == (pytest.approx(0.17545, abs=1e-5), pytest.approx(0.34304, abs=1e-5))
    none = probability(0, 1_000)
    assert (none["low95"], none["standard_error"]) == (0.0, 0.0)
    assert none["high95"] == pytest.approx(0.0038268, abs=1e-7)
    assert probability(10, 10)["high95"] == 1.0


def test_the_document_counts_what_happened(document: dict[str, Any]) -> None:
    """Probability and size of a shortfall, of a stay, of a broken peg, from the paths themselves."""
    draft = Draft("dark", "threshold", 300, 60, 7)
    outcome = run_block(plan_of(LIBRA, load_history(), draft, ["dark_rate=2"]), 0, 300)
    short = outcome.shortfall > 0
    assert 0 < short.sum() < 300
    assert document["shortfall"]["probability"] == short.mean()
    assert document["shortfall"]["mean_when"] == outcome.shortfall[short].mean()
    assert document["shortfall"]["largest"] == outcome.shortfall.max()
    assert document["stay"]["hits"] == (outcome.stay_days > 0).sum()
    assert document["broken_peg"]["most_days"] == outcome.off_peg_days.max()
    assert document["broken_peg"]["lowest_price"] == outcome.least_price.min()
    assert document["loss"]["p99"] == np.quantile(outcome.loss, 0.99)
    assert (outcome.loss >= outcome.shortfall).all(), "whoever lacks backing has lost the capital too"
    assert (outcome.loss[~short] <= 0.01 * 1.5).all()


def test_the_waterfall_adds_up(document: dict[str, Any]) -> None:
    """The capital at the start, and what changed it by cause, is the capital at the end."""
    for group in ("all", "with_shortfall"):
        steps = dict(document["waterfall"][group])
        last, lack = steps.pop("capital_at_end"), steps.pop("holders_lack_at_end")
        assert sum(steps.values()) == pytest.approx(last, abs=1e-12)
        assert lack >= 0
        assert steps["capital_at_start"] == 0.01


def test_fans() -> None:
    """Percentiles by week: those of the paths to the width of a bin, rising with the rank."""
    outcome = run_block(plan(days=60), 0, 300)
    found = fan(outcome.counts["coins"], "coins", (1, 50, 99))
    low, high, bins = FANS["coins"]
    assert [len(found[rank]) for rank in found] == [13, 13, 13]
    assert found[50][0] == pytest.approx(1, abs=(high - low) / bins)
    for rank in (1, 50, 99):
        exact = np.sort(outcome.coins)[int(np.ceil(300 * rank / 100)) - 1]
        assert found[rank][-1] == pytest.approx(exact, abs=(high - low) / bins)
    assert all(a <= b <= c for a, b, c in zip(found[1], found[50], found[99]))


def test_sensitivities_have_the_same_chance(document: dict[str, Any]) -> None:
    """One parameter at a time is halved and doubled, as far as it goes; the rest, the seed too, stays."""
    a_plan = plan(Parameters(capital=0.0), model="dark", run="global-game", paths=10_000)
    found = {(variant.parameter, variant.value): variant.plan for variant in variants(a_plan)}
    assert ("capital", 0.0) not in found, "half of nothing is no other value"
    assert found["dark_loss", 1.0] == replace(a_plan, paths=4_096, parameters=Parameters(capital=0.0, dark_loss=1.0))
    assert ("exit_cost", 0.005) in found
    assert ("sunspot", 0.001) not in found
    lines = {(line["parameter"], line["value"]): line for line in document["sensitivity"]}
    same = document["sensitivity"][0]
    assert (same["parameter"], same["value"], same["paths"]) == ("unchanged", None, 300)
    assert same["shortfall"] == document["shortfall"]["probability"]
    assert (
        lines["dark_rate", 1.0]["shortfall"]
        < document["shortfall"]["probability"]
        < lines["dark_rate", 4.0]["shortfall"]
    )


def test_a_partial_result_says_so() -> None:
    """Interrupted before the first block, and after it."""
    nothing = document_of(LIBRA, plan(), Finished(None, is_partial=True))
    assert (nothing["paths"], nothing["partial"]) == (0, True)
    assert words.lines(nothing) == ["interrupted before the first block was finished: no result"]
    assert "no result" in page_of(nothing)
    asked = plan_of(LIBRA, load_history(), Draft("gbm", "threshold", BLOCK + 5, 5, 1))
    some = document_of(LIBRA, asked, Finished(run_block(asked, 0, BLOCK), is_partial=True))
    assert (some["paths"], some["paths_asked"]) == (BLOCK, BLOCK + 5)
    assert "PARTIAL: it was interrupted before 16,389 paths." in words.lead(some)


def test_broken_books_are_refused() -> None:
    """Assets - debts - capital within 1e-9: both sides of the limit."""
    outcome = run_block(plan(days=5), 0, 3)
    document_of(LIBRA, studied_plan(), Finished(replace(outcome, worst_residual=RESIDUAL), is_partial=False))
    for residual in (RESIDUAL * 1.001, float("nan")):
        with pytest.raises(MithqalError) as caught:
            document_of(LIBRA, studied_plan(), Finished(replace(outcome, worst_residual=residual), is_partial=False))
        assert caught.value.name == "books_do_not_balance"


def studied_plan() -> Plan:
    """A plan with real rates."""
    return plan_of(LIBRA, load_history(), Draft("gbm", "threshold", 3, 5, 1))


def test_lines_csv_and_page(document: dict[str, Any]) -> None:
    """The same numbers for people, as CSV and as a page; the data's hash in each; the document is JSON."""
    text = "\n".join(words.lines(document))
    share = document["shortfall"]["probability"]
    assert f"{100 * share:.4f} %" in text
    assert "73db21584dd46ceb" in text
    rows = list(csv.reader(io.StringIO(csv_text(words.CSV_HEADER, words.csv_rows(document)))))
    assert ["shortfall", "probability", str(share)] in rows
    assert ["parameters", "capital", "0.01"] in rows
    page = page_of(document)
    assert page.count("<svg") == 4
    assert "73db21584dd46cebf5cd6df75ebb6de7afcdeebff52f54d5046ca8e459c0fbb3" in page
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize("name", PRESETS)
def test_every_regime_can_be_stressed(name: str) -> None:
    """The rules of each regime as parameters: shares of its own text."""
    preset = PRESETS[name]
    found, market = parameters_of(preset), market_of(preset, load_history())
    assert (found.capital, found.cash) == (preset.capital_ppm / 1e6, preset.cash_ppm / 1e6)
    assert (found.settle_days, found.stay_days, found.rungs) == (
        preset.terms.settle_days, preset.terms.stay_days, len(preset.ladder_days)
    )  # fmt: skip
    assert market.base == max(preset.weights, key=lambda code: preset.weights[code])
    assert market.base not in market.codes
    assert run_block(Plan(found, market, "jump", "threshold", 50, 30, 1), 0, 50).worst_residual < 1e-12


def test_the_volatilities_are_the_back_tests() -> None:
    """EUR/JPY/GBP/SGD 8.31/9.35/8.82/5.17 % against the dollar, 2010 to 2025."""
    market = market_of(find_preset("libra-v1"), load_history())
    assert market.codes == ("EUR", "JPY", "GBP", "SGD")
    assert [round(100 * vol, 2) for vol in market.vols] == [8.31, 9.35, 8.82, 5.17]
    assert [round(market.correlations[a][b], 3) for a, b in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))] == [
        0.339, 0.631, 0.698, 0.216, 0.371, 0.598
    ]  # fmt: skip


@pytest.mark.parametrize("setting", ["capital", "capital=", "capital=x", "capital=nan", "=1", "capital=1%"])
def test_bad_settings(setting: str) -> None:
    """NAME=NUMBER, and a name that exists."""
    with pytest.raises(ParameterError) as caught:
        plan_of(LIBRA, load_history(), Draft("gbm", "threshold", 3, 5, 1), [setting])
    assert caught.value.name == "bad_parameter"


def test_settings_win_over_the_regime_and_later_over_earlier() -> None:
    """The last word counts."""
    found = plan_of(
        LIBRA, load_history(), Draft("gbm", "threshold", 3, 5, 1), ["capital=0.5", "stay-days=3", "capital=0.2"]
    )
    assert (found.parameters.capital, found.parameters.stay_days) == (0.2, 3)


def test_the_smallest_buffer() -> None:
    """The smallest capital with P(loss) < p: it suffices, and a basis point less does not."""
    a_plan = plan(Parameters(dark_rate=1.0, dark_loss=0.3), model="dark", paths=1_000, days=60)
    found = smallest_buffer(a_plan, 0.05, lambda a: simulate([a])[0])
    assert found.steps is not None
    hits = {
        steps: int((run_block(replace(a_plan, parameters=replace(a_plan.parameters, capital=steps / 10_000)), 0, 1_000)
                    .shortfall > 0).sum())
        for steps in (found.steps - 1, found.steps)
    }  # fmt: skip
    assert hits[found.steps] < 50 <= hits[found.steps - 1]
    assert (found.above, found.below) == (found.steps, found.steps - 1)
    assert found.standard_error is not None
    assert 0 <= found.standard_error < 0.05
    document = document_of_buffer(a_plan, "libra-v2", found)
    assert document["buffer"] == found.steps / 10_000
    assert "smallest capital" in words.buffer_lines(document)[0]


def test_a_buffer_of_nothing() -> None:
    """Where nothing can be lost, no capital is needed."""
    a_plan = plan(Parameters(flow_vol=0.0, jump_rate=0.0, rate_vol=0.0), model="jump", paths=100, days=20)
    assert smallest_buffer(a_plan, 0.1, lambda a: simulate([a])[0]).steps == 0


def test_no_buffer_is_enough() -> None:
    """Half of the coins is the most that is tried."""
    a_plan = plan(Parameters(dark_rate=250, dark_share=1.0, dark_loss=1.0), model="dark", paths=100, days=20)
    found = smallest_buffer(a_plan, 0.1, lambda a: simulate([a])[0])
    assert (found.steps, found.is_partial, found.below) == (None, False, 5_000)
    assert "not even 50 %" in words.buffer_lines(document_of_buffer(a_plan, "libra-v2", found))[0]


def test_an_interrupted_search_keeps_its_bounds() -> None:
    """Partial results are kept on interruption."""
    a_plan = plan(Parameters(dark_rate=1.0, dark_loss=0.3), model="dark", paths=1_000, days=60)
    left = iter(range(3))
    found = smallest_buffer(
        a_plan, 0.05, lambda a: simulate([a])[0] if next(left, None) is not None else Finished(None, is_partial=True)
    )
    assert found.is_partial
    assert len(found.trials) == 3
    assert words.buffer_lines(document_of_buffer(a_plan, "libra-v2", found))[0].startswith("PARTIAL")


def test_what_is_enough() -> None:
    """Strictly rarer than the target."""
    a_plan = plan(paths=1_000, days=5)
    trial = smallest_buffer(a_plan, 0.01, lambda a: simulate([a])[0]).trials[0]._replace
    assert is_enough(trial(hits=9, paths=1_000), 0.01)
    assert not is_enough(trial(hits=10, paths=1_000), 0.01)


@pytest.mark.parametrize("target", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_bad_targets(target: float) -> None:
    """A probability between 0 and 1."""
    with pytest.raises(ParameterError, match="between 0 and 1"):
        smallest_buffer(plan(), target, lambda a: simulate([a])[0])


def test_too_few_paths_for_a_target() -> None:
    """Fewer than ten expected shortfalls show nothing; the error says how many paths do."""
    with pytest.raises(ParameterError) as caught:
        smallest_buffer(plan(paths=9_999), 0.001, lambda a: simulate([a])[0])
    assert caught.value.details["needed"] == 10_000
