"""Gate 3, second half: the basket's volatility by formula, and by a million draws of the stress model's own chance."""

import math
from collections.abc import Iterator

import numpy as np

from economy.market.reading import load_history
from economy.reserve.presets import PPM, find_preset
from economy.stress.draws import BLOCK, Draws
from economy.stress.factors import Market
from economy.stress.market import FIRST_DAY, LAST_DAY, market_of
from economy.stress.parameters import FACTORS
from economy.validation.gate import Gate

GATE = 3
PUBLISHED = "3.20224"
BLOCKS = 62
"""Of 16,384 draws: a little more than a million."""
SEED = 7
DEVIATIONS = 3
SOURCE = (
    f"sqrt(w'Cw) of the basket 50/18/14/11/7 by ECB rates, {FIRST_DAY} to {LAST_DAY}; draws by economy.stress.draws"
)


def gates() -> Iterator[Gate]:
    """The formula to the printed digit, the draws within three standard errors of it."""
    preset = find_preset("libra-v1")
    market = market_of(preset, load_history())
    weights = np.array([preset.weights[code] / PPM for code in market.codes])
    formula = by_formula(market, weights)
    text = f"{100 * formula:.5f}"
    yield Gate(GATE, "basket's volatility by formula, %", PUBLISHED, text, "printed digit", text == PUBLISHED, SOURCE)
    drawn = by_draws(market, weights, SEED)
    error = formula / math.sqrt(2 * BLOCKS * BLOCK)
    yield Gate(
        GATE, f"basket's volatility by {BLOCKS * BLOCK:,} draws, %", PUBLISHED, f"{100 * drawn:.5f}",
        f"{DEVIATIONS} standard errors of {100 * error:.5f}", is_within(drawn, formula, error), SOURCE,
    )  # fmt: skip


def is_within(drawn: float, formula: float, error: float) -> bool:
    """Whether a figure is as near as chance allows."""
    return abs(drawn - formula) <= DEVIATIONS * error


def by_formula(market: Market, weights: np.ndarray) -> float:
    """sqrt(w'Cw), a year."""
    scaled = weights * np.array(market.vols)
    return float(np.sqrt(scaled @ np.array(market.correlations) @ scaled))


def by_draws(market: Market, weights: np.ndarray, seed: int) -> float:
    """The standard deviation of as many drawn moves of the basket."""
    row = (weights * np.array(market.vols)) @ np.linalg.cholesky(np.array(market.correlations))
    total = squares = 0.0
    for block in range(BLOCKS):
        rows = Draws(seed, block, rows=FACTORS).normals(FACTORS)
        moves = sum(cell * normals.astype(np.float64) for cell, normals in zip(row, rows, strict=True))
        total += float(np.sum(moves))
        squares += float(np.sum(np.square(moves)))
    count = BLOCKS * BLOCK
    return math.sqrt((squares - total * total / count) / (count - 1))
