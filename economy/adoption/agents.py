"""The same spread by single people: who joins is drawn, month by month, and reach is counted among drawn pairs.

Each agent stands for the same number of people. An agent who may join does so between two days with the probability
that the curve, started from what the agents have reached, gives for that time: so the crowd's own luck drives it, and
no step size does. Random numbers come from a counter-based generator, keyed by the seed and a country's place: the same
agents whatever is run beside them. As their number grows the users come to the closed form: with 100,000 agents they
keep within `STATED_BAND` of the potential.
"""

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from economy.adoption.model import ONE, Spread, audience
from economy.adoption.rollout import Place, Rollout
from economy.adoption.spread import DAYS, share, years_to
from economy.errors import ParameterError

MIN_AGENTS = 100
MAX_AGENTS = 2_000_000
PAIRS = 200_000
"""Pairs drawn to count the reach."""
STATED_BAND = 0.03
"""Of the potential: how far the users of a country with 100,000 agents may be from the closed form."""


def with_agents(count: int, seed: int) -> Callable[[Rollout, Place, Sequence[date], str], Spread]:
    """The spread by so many agents in each country; ParameterError `bad_parameter` for a count out of range."""
    if not MIN_AGENTS <= count <= MAX_AGENTS:
        raise ParameterError(f"agents are {MIN_AGENTS:,} to {MAX_AGENTS:,}, not {count:,}", agents=count)
    if not 0 <= seed < 2**63:
        raise ParameterError(f"a seed is 0 to 2^63 - 1, not {seed}", seed=seed)

    def spread(rollout: Rollout, place: Place, days: Sequence[date], identity: str) -> Spread:
        return _spread(rollout, place, days, identity, count=count, seed=seed)

    return spread


def _spread(rollout: Rollout, place: Place, days: Sequence[date], identity: str, *, count: int, seed: int) -> Spread:
    """One country."""
    values = rollout.values()
    number = int.from_bytes(place.code.encode(), "big")
    chance = np.random.Generator(np.random.Philox(key=[seed, number]))
    shares = np.array(audience(place, rollout))
    inside = chance.random((count, len(shares))) < shares
    may = inside.any(axis=1) & (chance.random(count) < values["ceiling"])
    app = np.argmax(inside * chance.random(inside.shape), axis=1) * (identity != ONE)
    weight = place.people / count
    joined = np.zeros(may.shape, dtype=bool)
    pace = values["p"], values["q"]
    users, reach, capped = [], [], []
    turns = _turns(place, days)
    for day, following in zip(turns, [*turns[1:], turns[-1]], strict=True):
        cap = place.terms.cap(day)
        if day in days:
            users.append(float(joined.sum()) * weight)
            reach.append(_reach(joined, app, chance))
            capped.append(cap is not None and bool(joined.sum() >= int(cap / weight)))
        if place.terms.is_open(day) and following > day:
            limit = count if cap is None else int(cap / weight)
            _step(joined, may, chance, limit=limit, years=(following - day).days / DAYS, pace=pace)
    return Spread(tuple(users), tuple(reach), float(may.sum()) * weight, tuple(capped))


def _step(
    joined: NDArray[np.bool_], may: NDArray[np.bool_], chance: np.random.Generator, *, limit: int, years: float,
    pace: tuple[float, float],
) -> None:  # fmt: skip
    """Let people join for so long, at most until `limit` have."""
    potential = int(may.sum())
    reached = int(joined.sum()) / potential if potential else 1.0
    if reached >= 1:
        return
    later = share(years_to(reached, *pace) + years, *pace)
    draws = chance.random(joined.shape)
    new = may & ~joined & (draws < (later - reached) / (1 - reached))
    room = max(0, limit - int(joined.sum()))
    if int(new.sum()) > room:
        places = np.flatnonzero(new)
        keep = places[np.argsort(draws[places], kind="stable")[:room]]
        new = np.zeros_like(new)
        new[keep] = True
    joined |= new


def _reach(joined: NDArray[np.bool_], app: NDArray[np.int64], chance: np.random.Generator) -> float:
    """Of the pairs of a user and anybody the share that can pay each other: both joined, in the same app."""
    users = np.flatnonzero(joined)
    if not len(users):
        return 0.0
    payer = users[chance.integers(0, len(users), PAIRS)]
    other = chance.integers(0, len(joined), PAIRS)
    return float((joined[other] & (app[payer] == app[other])).mean())


def _turns(place: Place, days: Sequence[date]) -> list[date]:
    """The days, and those on which the terms change."""
    terms = place.terms
    ends = [halt.until for halt in terms.halts if halt.until is not None]
    wanted = {terms.launch, *(cap.since for cap in terms.caps), *(halt.since for halt in terms.halts), *ends, *days}
    return sorted(wanted)
