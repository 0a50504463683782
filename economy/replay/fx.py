"""Crises that reference rates alone replay: each published figure beside ours, and what a coin would have done.

The basket LBR is 50 % USD, 18 % EUR, 14 % JPY, 11 % GBP, 7 % SGD by value on the first day of a move, as fixed amounts
of one dollar's worth with four decimals from then on. (With unrounded amounts two of the eight published moves of LBR
differ by one in the last digit: -4.14495 for -4.15 against the yen in 2016, 1.83496 for 1.84 in 2025.) A reserve that
holds its coins' own currencies is not moved by any rate: its coverage is 1 on every day, by construction. What moves
is what a holder's coin buys at home, and a reserve that holds something else.
"""

import datetime
import itertools
from typing import NamedTuple

import numpy as np

from economy.market.history import History
from economy.replay.tables import FxCrisis, Move
from economy.reserve.presets import DISCLAIMER, PPM, PRESETS, Preset

LBR = "LBR"
LBR_WEIGHTS = {code: share / PPM for code, share in PRESETS["libra-v1"].weights.items()}
AMOUNT_DIGITS = 4
AROUND = datetime.timedelta(10)
"""Calendar days that a picture shows before and after."""


class Figure(NamedTuple):
    """A published figure and ours, in percent with two digits."""

    move: Move
    ours: str

    @property
    def matches(self) -> bool:
        """Whether ours is the published one to the printed digit."""
        return self.ours == self.move.published


class Effect(NamedTuple):
    """Model output for one regime: the change of its coin in the holder's money, and of its coverage, in percent."""

    preset: str
    holder: str
    coin_pct: float
    matched_coverage_pct: float
    all_dollar_coverage_pct: float


def values(
    history: History, code: str, unit: str, start: datetime.date, end: datetime.date
) -> tuple[tuple[datetime.date, ...], list[float]]:
    """The fixings of a period and the value of a currency or of LBR in `unit` on each."""
    if code != LBR:
        window = history.window([code, unit], start, end)
        return window.dates, [float(value) for value in window.value(code, unit)]
    window = history.window([*LBR_WEIGHTS, "USD", unit], start, end)
    total = np.zeros(len(window.dates))
    for part, share in LBR_WEIGHTS.items():
        total += round(share * float(window.value("USD", part)[0]), AMOUNT_DIGITS) * window.value(part, unit)
    return window.dates, [float(value) for value in total]


def coin_of(preset: Preset) -> str:
    """The code whose value a regime's coin has."""
    return LBR if len(preset.weights) > 1 else next(iter(preset.weights))


def figures(history: History, crisis: FxCrisis) -> tuple[Figure, ...]:
    """Every published figure of a crisis, computed again."""
    return tuple(Figure(move, f"{_percent(history, move):.2f}") for move in crisis.moves)


def _percent(history: History, move: Move) -> float:
    """The move in percent, or the worst day between."""
    _, path = values(history, move.of, move.unit, move.start, move.end)
    if move.measure == "move":
        return (path[-1] / path[0] - 1) * 100
    return min(later / earlier - 1 for earlier, later in itertools.pairwise(path)) * 100


def path_around(history: History, crisis: FxCrisis) -> tuple[tuple[datetime.date, ...], list[float]]:
    """The first move's value with some days around, as far as it was quoted; 1 on the first day shown."""
    move = crisis.moves[0]
    start = max(history.first, move.start - AROUND)
    end = min(history.last, max(other.end for other in crisis.moves) + AROUND)
    if crisis.dark:
        end = min(end, last_quoted(history, crisis))
    return values(history, move.of, move.unit, start, end)


def last_quoted(history: History, crisis: FxCrisis) -> datetime.date:
    """The last day with a rate before the currency went dark."""
    spells = history.spells(crisis.dark)
    return next(end for start, end in spells if start <= crisis.moves[0].start <= end)


def dark_until(history: History, crisis: FxCrisis) -> datetime.date | None:
    """The first day with a rate after that; None where there is none in the data."""
    last = last_quoted(history, crisis)
    return next((start for start, _ in history.spells(crisis.dark) if start > last), None)


def effect(history: History, crisis: FxCrisis, preset: Preset) -> Effect:
    """What one regime's coin did in the crisis, for a holder at home in the currency that moved."""
    move = crisis.moves[0]
    holder = move.unit if move.of == LBR else move.of
    _, coin = values(history, coin_of(preset), holder, move.start, move.end)
    _, dollars = values(history, coin_of(preset), "USD", move.start, move.end)
    return Effect(
        preset.name, holder, (coin[-1] / coin[0] - 1) * 100, 0.0, (dollars[0] / dollars[-1] - 1) * 100
    )  # fmt: skip


def document(history: History, crisis: FxCrisis, presets: tuple[Preset, ...]) -> dict[str, object]:
    """A replay as one JSON object."""
    move = crisis.moves[0]
    dark: dict[str, object] | None = None
    if crisis.dark:
        until = dark_until(history, crisis)
        dark = {
            "currency": crisis.dark, "last_quoted": last_quoted(history, crisis).isoformat(),
            "quoted_again": None if until is None else until.isoformat(),
        }  # fmt: skip
    parts = {LBR: tuple(LBR_WEIGHTS)}
    codes = {code for other in crisis.moves for code in (*parts.get(other.of, (other.of,)), other.unit)}
    end = max(other.end for other in crisis.moves)
    return {
        "crisis": crisis.name, "title": crisis.title, "kind": "rates",
        "facts": [
            {
                "of": figure.move.of, "in": figure.move.unit, "from": figure.move.start.isoformat(),
                "to": figure.move.end.isoformat(), "measure": figure.move.measure,
                "published_pct": figure.move.published, "ours_pct": figure.ours, "matches": figure.matches,
            }
            for figure in figures(history, crisis)
        ],
        "dark": dark,
        "model_output": [effect(history, crisis, preset)._asdict() for preset in presets],
        "model_note": (
            "model output, not history: coins of these regimes did not exist. Changes in percent: coin_pct of the"
            " coin in the holder's money, matched_coverage_pct of the coverage of a reserve in the coin's own"
            " currencies, all_dollar_coverage_pct of one that holds dollars only"
        ),
        "source": crisis.source, "disclaimer": DISCLAIMER,
        "data": history.window(sorted(codes), min(other.start for other in crisis.moves), end).provenance(),
        "first_day": move.start.isoformat(),
    }  # fmt: skip
