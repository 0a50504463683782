"""What a transfer costs and how long it takes over the network, step by step, and beside what it costs today.

All in percent of the amount sent, as the World Bank counts: total = fee / amount x 100 + margin on the exchange rate.
The margin is the dealers' spread and the risk of the time that the transfer takes: whoever promises a rate at its
start expects to lose s x sqrt(t) x 0.39894 by its end (the mean loss of a normal move), s the currency's volatility.
"""

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, NamedTuple

from economy.corridors.prices import load_corridors
from economy.corridors.tables import ANY, SENDER_STEPS, STEPS, Step, Target, load_steps, load_targets, load_volatilities
from economy.countries import find_country
from economy.errors import ParameterError, UnknownNameError

DELAY_RISK = "delay_risk"
FX_STEPS = ("fx_spread", DELAY_RISK)
"""The parts that are a margin on the exchange rate; all others are fees."""
MAX_AMOUNT = Decimal(1_000_000)
DEFAULT_AMOUNT = Decimal(200)
FIELDS = ("fee_pct", "fee_usd", "minutes", "slow_share_pct", "slow_hours")
"""What of a step may be set."""

_EXACT = Context(prec=50, rounding=ROUND_HALF_UP)
_MEAN_LOSS = 1 / math.sqrt(2 * math.pi)
_DAYS = 365
_LIMITS = {"fee_pct": 100, "slow_share_pct": 100, "fee_usd": 1_000_000, "minutes": 525_600, "slow_hours": 8_760}

Overrides = Mapping[tuple[str, str], Decimal]
"""By (step, one of `FIELDS`): what somebody wants instead of the default."""


class Part(NamedTuple):
    """One part of the cost: in dollars and in percent of the amount, with its time and its source."""

    step: str
    usd: Decimal
    pct: Decimal
    minutes: Decimal
    confidence: str
    source: str


class NetworkCost(NamedTuple):
    """A transfer over the network: `total_pct` = `fee_usd` / amount x 100 + `fx_margin_pct`, exactly.

    `minutes` is the usual time, `within_hour_pct` the share of transfers that are there within an hour, and
    `slowest_hours` how long the slow ones take.
    """

    from_country: str
    to_country: str
    amount: Decimal
    parts: tuple[Part, ...]
    fee_usd: Decimal
    fx_margin_pct: Decimal
    total_pct: Decimal
    minutes: Decimal
    within_hour_pct: Decimal
    slowest_hours: Decimal


class Published(NamedTuple):
    """What the corridor costs by the World Bank: by quarter, oldest first."""

    history: tuple[tuple[str, Decimal], ...]
    source: str

    @property
    def latest(self) -> tuple[str, Decimal]:
        """The newest quarter and its percentage."""
        return self.history[-1]


class Verdict(NamedTuple):
    """A promise beside what is: `value` None where nobody publishes it."""

    target: Target
    value: Decimal | None

    @property
    def is_met(self) -> bool | None:
        """Whether it is kept; None where nobody knows."""
        return None if self.value is None else self.target.is_met(self.value)


def published_cost(from_country: str, to_country: str) -> Published:
    """The World Bank's figures of a corridor.

    UnknownNameError: `unknown_country` for a code that is none of ours, `unknown_corridor` names those that exist.
    """
    for code in (from_country, to_country):
        find_country(code)
    table = load_corridors()
    history = table.costs.get((from_country, to_country))
    if not history:
        known = [f"{sender}-{receiver}" for sender, receiver in table.costs]
        raise UnknownNameError(
            f"no corridor {from_country}-{to_country} in the World Bank file; known are {', '.join(known)}",
            name="unknown_corridor", corridor=f"{from_country}-{to_country}", known=known,
        )  # fmt: skip
    return Published(history, table.source)


def network_cost(
    from_country: str, to_country: str, amount: Decimal = DEFAULT_AMOUNT, overrides: Overrides | None = None
) -> NetworkCost:
    """The cost of `amount` dollars over the network, by the defaults of the data files or by `overrides`.

    UnknownNameError `unknown_country`; ParameterError `bad_amount`, or `bad_parameter` for a step or number that
    makes no sense and for costs of the whole amount or more.
    """
    find_country(from_country)
    receiver = find_country(to_country)
    check_amount(amount)
    wanted = check_overrides(overrides or {})
    steps = [_step(name, from_country, to_country, wanted) for name in STEPS]
    parts = [_part(step, amount) for step in steps]
    parts.append(_delay_risk(steps, receiver.currency, amount, wanted))
    fee = sum((part.usd for part in parts if part.step not in FX_STEPS), Decimal(0))
    margin = sum((part.pct for part in parts if part.step in FX_STEPS), Decimal(0))
    total = total_pct(fee, amount, margin)
    if total >= 100:
        raise ParameterError(f"the steps cost {total:f} % of the amount: nothing would arrive", total_pct=str(total))
    minutes = sum((step.minutes for step in steps), Decimal(0))
    in_time = Decimal(100)
    for step in steps:
        in_time = _EXACT.multiply(in_time, 1 - step.slow_share_pct / 100)
    slowest = max((step.slow_hours for step in steps if step.slow_share_pct), default=Decimal(0))
    return NetworkCost(
        from_country, to_country, amount, tuple(parts), fee, margin, total, minutes,
        in_time if minutes <= 60 else Decimal(0), max(slowest, _EXACT.divide(minutes, Decimal(60))),
    )  # fmt: skip


def total_pct(fee: Decimal, amount: Decimal, fx_margin_pct: Decimal) -> Decimal:
    """The World Bank's total: fee / amount x 100 + margin on the exchange rate, in percent of the amount."""
    return _EXACT.add(_EXACT.multiply(_EXACT.divide(fee, amount), Decimal(100)), fx_margin_pct)


def judge(cost_pct: Decimal, within_hour_pct: Decimal | None, slowest_hours: Decimal | None) -> tuple[Verdict, ...]:
    """Each promise beside a corridor's cost and time."""
    values = {"cost_pct": cost_pct, "within_hour_pct": within_hour_pct, "slowest_hours": slowest_hours}
    return tuple(Verdict(target, values[target.measure]) for target in load_targets())


def check_amount(amount: Decimal) -> None:
    """ParameterError `bad_amount` unless it is more than nothing and at most `MAX_AMOUNT` dollars."""
    if not amount.is_finite() or not 0 < amount <= MAX_AMOUNT:
        raise ParameterError(
            f"an amount is more than 0 and at most {MAX_AMOUNT:,} dollars, not {amount}", name="bad_amount",
            amount=str(amount),
        )  # fmt: skip


def check_overrides(overrides: Overrides) -> Overrides:
    """ParameterError `bad_parameter` for a step that does not exist or a number outside of its range."""
    known = (*STEPS, DELAY_RISK)
    for (step, field), value in overrides.items():
        if step not in known:
            raise ParameterError(f"no step {step!r}; the steps are {', '.join(known)}", step=step, known=list(known))
        if step == DELAY_RISK and field != "fee_pct":
            raise ParameterError(f"{DELAY_RISK} has a price in percent only, no {field}", step=step)
        if not value.is_finite() or not 0 <= value <= _LIMITS[field]:
            raise ParameterError(f"{step}: {field} is 0 to {_LIMITS[field]}, not {value}", step=step, value=str(value))
    return overrides


def _step(name: str, sender: str, receiver: str, overrides: Overrides) -> Step:
    """A step with what the country on its side has of its own, and what is wanted instead."""
    table = load_steps()
    step = table.get((name, sender if name in SENDER_STEPS else receiver)) or table[name, ANY]
    changed: dict[str, Any] = {field: overrides[name, field] for field in FIELDS if (name, field) in overrides}
    if changed:
        return step._replace(**changed, confidence="yours", source=f"yours: {', '.join(changed)}")
    return step


def _part(step: Step, amount: Decimal) -> Part:
    """The cost of a step: a flat part and a share of the amount."""
    usd = step.fee_usd + _EXACT.multiply(amount, step.fee_pct / 100)
    pct = _EXACT.multiply(_EXACT.divide(usd, amount), Decimal(100))
    return Part(step.name, usd, pct, step.minutes, step.confidence, step.source)


def _delay_risk(steps: list[Step], currency: str, amount: Decimal, overrides: Overrides) -> Part:
    """What the time costs: the mean loss of a currency's move over the mean time of all steps."""
    if (DELAY_RISK, "fee_pct") in overrides:
        pct, confidence, source = overrides[DELAY_RISK, "fee_pct"], "yours", "yours: fee_pct"
    else:
        moves = load_volatilities()[currency]
        minutes = sum(
            step.minutes * (1 - step.slow_share_pct / 100) + step.slow_hours * 60 * step.slow_share_pct / 100
            for step in steps
        )
        loss = float(moves.pct) * _MEAN_LOSS * math.sqrt(float(minutes) / (60 * 24 * _DAYS))
        pct = Decimal(f"{loss:.6f}")
        confidence, source = moves.confidence, f"{currency} moves by {moves.pct} % a year: {moves.source}"
    return Part(DELAY_RISK, _EXACT.multiply(amount, pct / 100), pct, Decimal(0), confidence, source)
