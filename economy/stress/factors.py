"""The market of a simulated year: four exchange rates against the reserve's currency, the yield, the holders' mood.

Five models, one step a business day, h = 1/252 of a year; rho_i is the day's return of foreign currency i:

    gbm        rho = exp(-v^2 h / 2 + v sqrt(h) (L z)_i) - 1, L the Cholesky factor of the history's correlations
    bootstrap  rho = the history's own returns, in blocks of ten consecutive days, all currencies of the same day
    jump       gbm, and `jump_rate` shocks a year: all currencies move by (3 + Exp(1)) daily deviations, up or down,
               a part of the coins with mean `jump_flow` is redeemed, the yield rises by `jump_rate_move` on average
    regime     gbm, and two states: `stress_rate` times a year a time of `stress_days` on average in which all
               volatilities are multiplied by `stress_factor` and `stress_outflow` is redeemed on an average day
    dark       gbm, and `dark_rate` times a year a part of the reserve cannot be reached for `dark_days`

In every model the yield moves by `rate_vol` and the net redemption by `flow_vol`, each by its own normal: the ECB's
data have neither. Draws are in single precision (`draws`), what is booked from them in double.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from economy.errors import ParameterError
from economy.stress.draws import Draws, Floats, Singles
from economy.stress.parameters import FACTORS, Parameters

MODELS = ("gbm", "bootstrap", "jump", "regime", "dark")
STEPS_A_YEAR = 252
BLOCK_DAYS = 10
"""Consecutive days of the history that the bootstrap keeps together."""

_H = 1 / STEPS_A_YEAR
_NOBODY = np.empty(0, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Market:
    """What is known of the exchange rates: a return a row and day of `codes` against `base`, and what they weigh.

    `vols` are yearly, `correlations` of log returns; `exposures` say by how much the reserve, a part of itself, gains
    on the coin's promise when a currency rises by one (for no capital and no mismatch), `capital_exposures` what
    capital kept in `base` adds to that; `holders` are the weights of the holders' own currencies.
    """

    base: str
    codes: tuple[str, ...]
    returns: Floats
    vols: tuple[float, ...]
    correlations: tuple[tuple[float, ...], ...]
    exposures: tuple[float, ...]
    capital_exposures: tuple[float, ...]
    holders: tuple[float, ...]
    provenance: dict[str, Any] = field(default_factory=dict)


def check_model(model: str) -> None:
    """ParameterError `unknown_model` unless it is one of `MODELS`."""
    if model not in MODELS:
        raise ParameterError(
            f"there is no model {model[:40]!r}; there are {', '.join(MODELS)}",
            name="unknown_model",
            available=list(MODELS),
        )


class Factors:
    """The market of a block of paths; `step` moves it by a day.

    `width` is the number of paths, `is_exposed` says whether exchange rates move the reserve at all. After a step:
    `exposed` is the day's gain of the reserve from them as a part of itself, `felt` what the holders' currencies rose
    by, `flow` the net redemption as a part of the coins (double precision), `mood` the normal behind it, `rate_move`
    the yield's move, `darkened` the paths in which a part of the reserve goes dark today.
    """

    def __init__(self, parameters: Parameters, market: Market, model: str, draws: Draws) -> None:
        """A market before its first day."""
        width = self.width = draws.width
        self._p, self._market, self._model, self._draws = parameters, market, model, draws
        kept = parameters.capital / (1 + parameters.capital)
        self._exposures = [
            np.float32(parameters.unhedged * mismatch + kept * own)
            for mismatch, own in zip(market.exposures, market.capital_exposures, strict=True)
        ]
        self.is_exposed = any(self._exposures)
        self._holders = [np.float32(weight) for weight in market.holders]
        vols = np.asarray(market.vols) * parameters.volatility
        root = np.linalg.cholesky(np.asarray(market.correlations)) * vols[:, None] * np.sqrt(_H)
        self._mix = [[np.float32(cell) for cell in row[: place + 1]] for place, row in enumerate(root)]
        self._drift = [np.float32(-(vol**2) * _H / 2) for vol in vols]
        self._daily = [np.float32(vol * np.sqrt(_H)) for vol in vols]
        self._history = np.ascontiguousarray(market.returns * parameters.volatility, dtype=np.float32)
        self._place = np.zeros(width, dtype=np.int64)
        self._is_stressed = np.zeros(width, dtype=np.bool_)
        self._day = 0
        self.fx: list[Singles] = [np.zeros(width, dtype=np.float32) for _ in range(FACTORS)]
        self._work = np.zeros(width, dtype=np.float32)
        self._scale = np.ones(width, dtype=np.float32)
        self._single = np.zeros(width, dtype=np.float32)
        self.exposed, self.felt, self.flow, self.rate_move = (np.zeros(width) for _ in range(4))
        self.mood: Singles = self._single
        self.darkened: NDArray[np.intp] = _NOBODY

    def step(self) -> None:
        """The next day."""
        if self._model == "bootstrap":
            rows = self._draws.normals(2)
            self._resample()
        else:
            rows = self._draws.normals(FACTORS + 2)
            if self._model == "regime":
                self._switch()
            self._diffuse(rows)
        self.rate_move[:] = rows[-2]
        self.mood = rows[-1]
        self.flow[:] = self.mood
        np.multiply(self.rate_move, self._p.rate_vol * np.sqrt(_H), out=self.rate_move)
        np.multiply(self.flow, self._p.flow_vol, out=self.flow)
        if self._model == "regime":
            np.multiply(self.flow, self._scale, out=self.flow)
            np.multiply(self.rate_move, self._scale, out=self.rate_move)
            np.add(self.flow, self._p.stress_outflow, out=self.flow, where=self._is_stressed)
        np.add(self.flow, self._p.flow_mean, out=self.flow)
        if self._model == "jump":
            self._jump()
        if self._model == "dark":
            self.darkened = np.flatnonzero(self._draws.uniforms() < self._p.dark_rate * _H)
        self._weigh()
        self._day += 1

    def _diffuse(self, rows: list[Singles]) -> None:
        """Correlated returns of a geometric Brownian motion."""
        for place, cells in enumerate(self._mix):
            moved = self.fx[place]
            np.multiply(rows[0], cells[0], out=moved)
            for row, cell in zip(rows[1:], cells[1:], strict=False):
                np.multiply(row, cell, out=self._work)
                np.add(moved, self._work, out=moved)
            if self._model == "regime":
                np.multiply(moved, self._scale, out=moved)
            np.add(moved, self._drift[place], out=moved)
            np.exp(moved, out=moved)
            np.subtract(moved, np.float32(1), out=moved)

    def _resample(self) -> None:
        """The next day of each path's piece of history; a new piece every `BLOCK_DAYS`."""
        days = self._history.shape[1]
        if self._day % BLOCK_DAYS == 0:
            self._place[:] = self._draws.places(days - BLOCK_DAYS + 1)
        else:
            np.add(self._place, 1, out=self._place)
        for place in range(FACTORS):
            np.take(self._history[place], self._place, out=self.fx[place], mode="clip")

    def _switch(self) -> None:
        """Who is in a stressed time today."""
        chance = self._draws.uniforms()
        begins = chance < np.float32(self._p.stress_rate * _H)
        ends = chance < np.float32(1 / self._p.stress_days)
        np.logical_not(ends, out=ends, where=self._is_stressed)  # stressed: stays so unless it ends
        np.copyto(ends, begins, where=~self._is_stressed)
        self._is_stressed = ends
        self._scale.fill(1)
        np.copyto(self._scale, np.float32(self._p.stress_factor), where=self._is_stressed)

    def _jump(self) -> None:
        """A shock to a few paths: what is left of the uniform that chose them says how large it is."""
        limit = self._p.jump_rate * _H
        chance = self._draws.uniforms()
        hit = np.flatnonzero(chance < limit)
        if not len(hit):
            return
        rest = 2 * (chance[hit].astype(np.float64) / limit)  # in [0, 2): which half is the direction
        is_up = rest >= 1
        size = -np.log1p(-np.minimum(np.where(is_up, rest - 1, rest), 1 - 1e-7))  # exponential, mean 1
        for place in range(FACTORS):
            deviations = np.where(is_up, 3 + size, -3 - size)
            self.fx[place][hit] += (deviations * self._daily[place]).astype(np.float32)
        self.flow[hit] += self._p.jump_flow * size
        self.rate_move[hit] += self._p.jump_rate_move * size

    def _weigh(self) -> None:
        """What the day's returns mean for the reserve and for the holders."""
        for target, weights in ((self.exposed, self._exposures), (self.felt, self._holders)):
            used = [(weight, moved) for weight, moved in zip(weights, self.fx, strict=True) if weight]
            self._single.fill(0)
            for weight, moved in used:
                np.multiply(moved, weight, out=self._work)
                np.add(self._single, self._work, out=self._single)
            target[:] = self._single
