"""The result of a study as numbers (one JSON object), as sentences and tables for people, and as rows of a CSV file."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from chain.errors import MithqalError
from economy.reserve.presets import DISCLAIMER, Preset
from economy.stress.draws import Floats
from economy.stress.kernel import CAUSES
from economy.stress.ladder import WEEK
from economy.stress.outcome import FANS, Outcome, fan
from economy.stress.plan import Plan
from economy.stress.runner import Finished
from economy.stress.study import Variant

RANKS = (1, 5, 25, 50, 75, 95, 99)
RESIDUAL = 1e-9
"""Assets - debts - capital, as a part of the reserve, at every step of every path."""
Z95 = 1.959963984540054
UNCHANGED = "unchanged"
"""The first line of the table of sensitivities: the study itself, as many paths."""

Json = dict[str, Any]


def document_of(
    preset: Preset, plan: Plan, finished: Finished, others: Sequence[tuple[Variant, Finished]] = ()
) -> Json:
    """Everything; MithqalError `books_do_not_balance` if the accounting identity broke anywhere."""
    outcome = finished.outcome
    document: Json = {
        "preset": preset.name, "model": plan.model, "run": plan.run, "seed": plan.seed, "days": plan.days,
        "paths_asked": plan.paths, "paths": 0 if outcome is None else outcome.paths, "partial": finished.is_partial,
    }  # fmt: skip
    if outcome is not None:
        check_books(outcome)
        document |= _chances(outcome)
        document["loss"] = {"mean": float(outcome.loss.mean()), **_quantiles(outcome.loss)}
        document["waterfall"] = _waterfall(plan, outcome)
        document["fans"] = {name: _fan(outcome, name) for name in FANS}
        document["accounting"] = {"worst_residual": outcome.worst_residual, "tolerance": RESIDUAL}
    done = [(variant, part.outcome) for variant, part in others if part.outcome is not None and not part.is_partial]
    document["sensitivity"] = [_sensitive(variant.parameter, variant.value, part, part.paths) for variant, part in done]
    if outcome is not None and done:
        few = min(done[0][1].paths, outcome.paths)
        document["sensitivity"].insert(0, _sensitive(UNCHANGED, None, outcome, few))
    document["parameters"] = {**asdict(plan.parameters), "dealer_room": list(plan.parameters.dealer_room)}
    document["market"] = {
        "base": plan.market.base, "factors": list(plan.market.codes), "vols": list(plan.market.vols),
        "correlations": [list(row) for row in plan.market.correlations],
    }  # fmt: skip
    document["data"] = plan.market.provenance
    document["source"] = preset.source
    document["disclaimer"] = DISCLAIMER
    return document


def check_books(outcome: Outcome) -> None:
    """MithqalError `books_do_not_balance` unless the identity held at every step of every path."""
    if not outcome.worst_residual <= RESIDUAL:
        raise MithqalError(
            f"assets - debts - capital was {outcome.worst_residual:.3g} of the reserve, more than {RESIDUAL:g}",
            name="books_do_not_balance",
            residual=outcome.worst_residual,
        )


def probability(hits: int, paths: int) -> Json:
    """A share of paths with its standard error and the 95 % interval by Wilson's score, which is right at zero too."""
    share = hits / paths
    centre = (share + Z95**2 / (2 * paths)) / (1 + Z95**2 / paths)
    half = Z95 / (1 + Z95**2 / paths) * math.sqrt(share * (1 - share) / paths + Z95**2 / (4 * paths**2))
    return {
        "probability": share, "standard_error": math.sqrt(share * (1 - share) / paths), "hits": hits,
        "low95": centre - half if hits else 0.0, "high95": centre + half if hits < paths else 1.0,
    }  # fmt: skip


def _chances(outcome: Outcome) -> Json:
    """How likely and how bad: a shortfall, a stay, payment late without one, a broken peg."""
    short = outcome.shortfall > 0
    found: Json = {
        "shortfall": {
            **probability(int(short.sum()), outcome.paths),
            "mean_when": _mean(outcome.shortfall[short]), "largest": float(outcome.shortfall.max()),
            "mean_at_end_when": _mean(outcome.last_shortfall[short]), **_quantiles(outcome.shortfall),
        },
    }  # fmt: skip
    for name, days in (
        ("stay", outcome.stay_days), ("broken_peg", outcome.off_peg_days), ("late_payment", outcome.late_days)
    ):  # fmt: skip
        hit = days > 0
        found[name] = {
            **probability(int(hit.sum()), outcome.paths),
            "mean_days_when": _mean(days[hit].astype(np.float64)), "most_days": int(days.max()),
        }  # fmt: skip
    found["broken_peg"] |= {"lowest_price": float(outcome.least_price.min()), **_low_quantiles(outcome.least_price)}
    found["redeemed"] = {"mean": float(outcome.redeemed.mean()), **_quantiles(outcome.redeemed)}
    found["left_at_a_haircut"] = {"mean": float(outcome.left_early.mean())}
    return found


def _mean(values: Floats) -> float | None:
    """The mean, or None of nothing."""
    return float(values.mean()) if len(values) else None


def _quantiles(values: Floats) -> dict[str, float]:
    """The upper end of a distribution."""
    wanted = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}
    return dict(zip(wanted, map(float, np.quantile(values, list(wanted.values())))))


def _low_quantiles(values: Floats) -> dict[str, float]:
    """The lower end of a distribution."""
    wanted = {"price_p50": 0.5, "price_p05": 0.05, "price_p01": 0.01, "price_p001": 0.001}
    return dict(zip(wanted, map(float, np.quantile(values, list(wanted.values())))))


def _waterfall(plan: Plan, outcome: Outcome) -> Json:
    """Where the capital went on average: over all years, and over those with a shortfall; in shares of the coins."""
    short = outcome.shortfall > 0
    found: Json = {}
    for place, (name, count) in enumerate((("all", outcome.paths), ("with_shortfall", int(short.sum())))):
        if not count:
            found[name] = None
            continue
        means = outcome.causes[place] / count
        last = float(outcome.last_shortfall.sum() / count)
        capital = plan.parameters.capital
        found[name] = {
            "capital_at_start": capital,
            **{cause.replace(" ", "_"): float(mean) for cause, mean in zip(CAUSES, means)},
            "capital_at_end": capital + float(means.sum()),
            "holders_lack_at_end": last,
        }
    return found


def _fan(outcome: Outcome, name: str) -> Json:
    """Percentiles by week."""
    counts = outcome.counts[name]
    return {"days": [WEEK * row for row in range(len(counts))],
            "percentiles": {str(rank): values for rank, values in fan(counts, name, RANKS).items()}}  # fmt: skip


def _sensitive(parameter: str, value: float | None, outcome: Outcome, paths: int) -> Json:
    """A line of the table: the first `paths` of an outcome."""
    check_books(outcome)
    return {
        "parameter": parameter, "value": value, "paths": paths,
        "shortfall": float((outcome.shortfall[:paths] > 0).mean()),
        "stay": float((outcome.stay_days[:paths] > 0).mean()),
        "broken_peg": float((outcome.off_peg_days[:paths] > 0).mean()),
        "loss_p99": float(np.quantile(outcome.loss[:paths], 0.99)),
    }  # fmt: skip
