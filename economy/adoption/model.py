"""Users, reach, volume, reserve and income by month: closed form from the curve, or from the agents' users.

Whoever is in any of the apps can join: potential = people x ceiling x (1 - product of (1 - share of each app)), and
users = potential x F. With one identity over all apps everybody who joined can pay everybody who did, in whichever app:
reach = users / people. With an identity for each app whoever joins does so in one of their apps, all alike, and pays
people and shops there only: reach = users / people x the chance that two users have the same app (`same_app`).
Contacts join together: of a user's contacts the share c + (1 - c) x reach can be paid (c: `clustering`).
A year's sums at a month's end: between people users x payments x value x contacts reached; in shops users x checkouts x
accepting shops x paid share x basket, shops accepting in proportion to users; sent home inflow x the senders' share of
users x the receivers' reach; reserve users x holding; income of the float reserve x yield; advertising
extra sales x what shops pay for them. While a country is halted nothing is paid there and its users keep their coins.
"""

import calendar
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from economy.adoption.rollout import Place, Rollout
from economy.adoption.sizes import reserve_size
from economy.adoption.spread import clock, share

ONE = "one"
EACH = "each"
IDENTITIES = (ONE, EACH)
MAX_MONTHS = 600


class Point(NamedTuple):
    """A country on a day: `users` and `accounts` people, `share` of the people online, `reach` 0 to 1.

    Sums are dollars in a year at the day's pace, `reserve_eur` euros.
    """

    users: float
    share: float
    reach: float
    cap: float | None
    is_open: bool
    people_usd: float
    shops_usd: float
    home_usd: float
    extra_sales_usd: float
    advertising_usd: float
    reserve_eur: float
    float_income_eur: float


class Spread(NamedTuple):
    """A country's users and reach on each day, however they were found; `potential` is all who will ever join."""

    users: tuple[float, ...]
    reach: tuple[float, ...]
    potential: float
    capped_days: tuple[bool, ...]


class Result(NamedTuple):
    """Every country on every day."""

    days: tuple[date, ...]
    places: Mapping[str, tuple[Point, ...]]
    spreads: Mapping[str, Spread]

    def total(self, field: str, place: int) -> float:
        """A sum over the countries on a day."""
        return sum(float(getattr(points[place], field)) for points in self.places.values())


def month_days(first: date, last: date) -> tuple[date, ...]:
    """The first day, the last day of each month after it, and the last day."""
    found, year, month = [first], first.year, first.month
    while True:
        end = date(year, month, calendar.monthrange(year, month)[1])
        if end >= last:
            return (*found, last) if last > first else (first,)
        if end > first:
            found.append(end)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def audience(place: Place, rollout: Rollout) -> tuple[float, ...]:
    """Of the people online the share in each app."""
    return tuple(place.messenger_share if app.share is None else app.share for app in rollout.apps)


def closed_form(rollout: Rollout, place: Place, days: Sequence[date], identity: str) -> Spread:
    """Users and reach of a country by the curve."""
    values = rollout.values()
    p, q, ceiling, people = values["p"], values["q"], values["ceiling"], place.people
    shares = audience(place, rollout)
    potential = people * ceiling * (1 - math.prod(1 - part for part in shares))
    fit = 1.0 if identity == ONE else same_app(shares)
    times = clock(place.terms, days, potential, p, q)
    users = [potential * share(time, p, q) for time in times]
    caps = [place.terms.cap(day) for day in days]
    capped = [cap is not None and count >= cap * (1 - 1e-9) for cap, count in zip(caps, users, strict=True)]
    return Spread(tuple(users), tuple(count / people * fit for count in users), potential, tuple(capped))


def same_app(shares: Sequence[float]) -> float:
    """The chance that two who joined, each in one of the apps that they are in, joined in the same one."""
    weights = [0.0] * len(shares)
    for chosen in itertools.product((False, True), repeat=len(shares)):
        chance = math.prod(part if inside else 1 - part for part, inside in zip(shares, chosen, strict=True))
        for number, inside in enumerate(chosen):
            weights[number] += chance / sum(chosen) if inside else 0.0
    return sum((weight / sum(weights)) ** 2 for weight in weights)


def run(
    rollout: Rollout, days: Sequence[date], *, holding_eur: Decimal, identity: str = ONE,
    spread: Callable[[Rollout, Place, Sequence[date], str], Spread] = closed_form,
) -> Result:  # fmt: skip
    """Every country on every day."""
    spreads = {place.code: spread(rollout, place, days, identity) for place in rollout.places}
    shares = {place.code: [users / place.people for users in spreads[place.code].users] for place in rollout.places}
    places = {
        place.code: tuple(
            _point(rollout, place, spreads[place.code], number, day, holding_eur, shares)
            for number, day in enumerate(days)
        )
        for place in rollout.places
    }
    return Result(tuple(days), places, spreads)


def _point(
    rollout: Rollout, place: Place, spread: Spread, number: int, day: date, holding_eur: Decimal,
    shares: Mapping[str, Sequence[float]],
) -> Point:  # fmt: skip
    """A country on a day."""
    values = rollout.values()
    users, reach = spread.users[number], spread.reach[number]
    paid = 1.0 if place.terms.is_open(day) else 0.0
    contacts = values["clustering"] + (1 - values["clustering"]) * reach if users else 0.0
    begun = 0.0
    if day >= place.shops_from and spread.potential:
        fit = reach * place.people / users if users else 1.0  # 1 with one identity
        accepting = values["shop_ceiling"] * min(1.0, users / spread.potential) * fit
        begun = users * values["checkouts"] * accepting * values["basket_usd"] * paid
    extra = begun * max(0.0, values["conversion_chat"] - values["conversion_away"])
    senders = sum(part * shares[code][number] for code, part in place.senders.items() if code in shares)
    size = float(reserve_size(Decimal(users), holding_eur))
    return Point(
        users=users,
        share=users / place.people,
        reach=reach,
        cap=place.terms.cap(day),
        is_open=bool(paid),
        people_usd=users * values["payments"] * values["payment_usd"] * contacts * paid,
        shops_usd=begun * values["conversion_chat"],
        home_usd=place.inflow_usd * senders * reach * paid,
        extra_sales_usd=extra,
        advertising_usd=extra * values["ad_share"],
        reserve_eur=size,
        float_income_eur=size * values["yield_pct"] / 100,
    )
