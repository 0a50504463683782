"""Scenarios as files: a world in numbers. JSON, checked whole; docs/economy.md has every field.

A misspelled field is an error that names it, and so is a number out of its bounds: nothing is taken from a silent
default. Amounts are whole coins as text ("200"), shares of one are numbers from 0 to 1, days are dates.
"""

import datetime
from typing import Any, NamedTuple

from economy.errors import ScenarioError
from economy.policies import PRESETS as POLICIES
from economy.world.fields import (
    COIN,
    COUNTRY,
    Json,
    amount,
    choice,
    date,
    find_text,
    list_of,
    number,
    parse,
    read_object,
    text,
    whole,
)
from node.client.wallets.names import BadName, check_name
from node.localnet.bootstrap import DEALERS

VERSION = 1
"""Of the format; a file names it."""
PRESETS = ("year-2021", "calm-2021")
DEFAULT = PRESETS[0]


class Place(NamedTuple):
    """One country of the world."""

    code: str
    coin: str
    """What people there are paid in and pay with."""
    share: float
    """Of all people."""
    providers: tuple[str, ...]
    wage: int
    """Micro-units that an employer pays a month, in the middle."""
    purchase: int
    """Micro-units of a purchase, on average."""
    migrants: float
    """Share of its people who send money home."""
    remittance: int
    """Micro-units that one of them sends a month, in the middle."""
    sends_to: tuple[tuple[str, float], ...]
    """Where they send it, by share."""


class Halt(NamedTuple):
    """A regulator closes a corridor, and opens it again."""

    from_countries: tuple[str, ...]
    to_country: str
    announced: datetime.date
    first: datetime.date
    returns: datetime.date
    """The first day on which payments pass again."""


class Limit(NamedTuple):
    """An account limit on one provider: what it may send to others in 24 hours, for each of its people."""

    provider: str
    coin: str
    outflow_each: int


class Wave(NamedTuple):
    """A wave of redemptions, with a stay in force while it lasts."""

    first: datetime.date
    days: int
    countries: tuple[str, ...]
    share: float
    """Of their people who leave, spread over its days."""
    stay: float
    """What the treasury burns of a coin on a business day at most, as a share of its supply, until the wave is over."""
    calm_days: int
    """After which those who left begin to use the coin again."""


class Scenario(NamedTuple):
    """A whole world."""

    name: str
    title: str
    source: str
    start: datetime.date
    blocks_a_day: int
    places: tuple[Place, ...]
    purchases: float
    """Of a person, a day."""
    gifts: float
    """Payments to friends, of a person, a day."""
    refunds: float
    """Share of purchases."""
    people_a_shop: int
    people_an_employer: int
    adopted_at_first: float
    """Share of people who are there on the first day."""
    adopted_by_day: int
    """On which the last of them has come."""
    policies: tuple[str, ...]
    """Jurisdiction presets in force from the beginning."""
    halt: Halt | None
    limit: Limit | None
    wave: Wave | None
    text: str
    """The file, as it was read."""

    @property
    def providers(self) -> tuple[str, ...]:
        """Every wallet provider, by country."""
        return tuple(name for place in self.places for name in place.providers)


def find_scenario(name: str) -> Scenario:
    """The preset of this name, else the file; UnknownNameError `unknown_scenario`, ScenarioError `bad_scenario`."""
    return read_scenario(find_text(name, "scenarios", PRESETS))


def read_scenario(data: str) -> Scenario:
    """A scenario from a file's text; ScenarioError names the field and what is wrong with it."""
    value = parse(data)
    if isinstance(value, dict) and value.get("version") != VERSION:
        raise ScenarioError(f'the scenario has "version" {value.get("version")!r}, this program reads {VERSION}')
    found = read_object(value, "the scenario", {
        "version": whole(VERSION, VERSION), "name": text, "title": text, "source": text, "start": date,
        "blocks_a_day": whole(4, 96), "countries": list_of(_place, 2, 16), "purchases_a_day": number(0, 50),
        "gifts_a_day": number(0, 50), "refund_share": number(0, 1), "people_a_shop": whole(1, 10_000),
        "people_an_employer": whole(1, 400), "adopted_at_first": number(0, 1), "adopted_by_day": whole(1, 36_500),
        "policies": list_of(choice(POLICIES), 0, len(POLICIES)),
    }, {"halt": _halt, "limit": _limit, "wave": _wave})  # fmt: skip
    scenario = Scenario(
        found["name"], found["title"], found["source"], found["start"], found["blocks_a_day"],
        tuple(found["countries"]), found["purchases_a_day"], found["gifts_a_day"], found["refund_share"],
        found["people_a_shop"], found["people_an_employer"], found["adopted_at_first"], found["adopted_by_day"],
        tuple(found["policies"]), found.get("halt"), found.get("limit"), found.get("wave"), data,
    )  # fmt: skip
    _check_whole(scenario)
    return scenario


def _check_whole(scenario: Scenario) -> None:
    """What no field alone can say: shares sum to 1, names are used once, and countries exist."""
    codes = [place.code for place in scenario.places]
    if len(set(codes)) != len(codes):
        raise ScenarioError('"countries": a country stands there twice')
    if len(set(scenario.providers) | set(DEALERS)) != len(scenario.providers) + len(DEALERS):
        raise ScenarioError('"providers": a name stands there twice, or is a dealer\'s')
    total = sum(place.share for place in scenario.places)
    if abs(total - 1) > 1e-9:
        raise ScenarioError(f'"countries": the shares of people sum to {total:g}, not to 1')
    for place in scenario.places:
        total = sum(share for _, share in place.sends_to)
        if place.migrants and abs(total - 1) > 1e-9:
            raise ScenarioError(f'{place.code}: the shares of "sends_to" sum to {total:g}, not to 1')
        for code, _ in place.sends_to:
            if code not in codes or code == place.code:
                raise ScenarioError(f'{place.code}: "sends_to" names {code}, which is none of the other countries')
    wave, halt, limit = scenario.wave, scenario.halt, scenario.limit
    if wave is not None and not set(wave.countries) <= set(codes):
        raise ScenarioError(f'"wave": {min(set(wave.countries) - set(codes))} is none of the countries')
    if halt is not None and not {*halt.from_countries, halt.to_country} <= set(codes):
        strange = min({*halt.from_countries, halt.to_country} - set(codes))
        raise ScenarioError(f'"halt": {strange} is none of the countries')
    if halt is not None and not halt.announced <= halt.first < halt.returns:
        raise ScenarioError('"halt": it is announced, then begins, then ends: the dates are in another order')
    if limit is not None and limit.provider not in scenario.providers:
        raise ScenarioError(f'"limit": no provider is called {limit.provider!r}')


def _name(value: Json, what: str) -> str:
    """A provider's: it stands behind the @ of its people's names."""
    try:
        name = check_name(text(value, what))
    except BadName as error:
        raise ScenarioError(f"{what}: {error.message}") from error
    if "@" in name or len(name) > 32:
        raise ScenarioError(f"{what}: a provider's name has at most 32 characters and no @")
    return name


def _shares(value: Json, what: str) -> list[tuple[str, float]]:
    if not isinstance(value, dict):
        raise ScenarioError(f'{what} is an object such as {{"IN": 0.5, "BR": 0.5}}')
    return [(COUNTRY(code, what), number(0, 1)(share, f"{what}, {code}")) for code, share in sorted(value.items())]


def _place(value: Json, what: str) -> Place:
    found = read_object(value, what, {
        "code": COUNTRY, "coin": COIN, "share": number(0, 1), "providers": list_of(_name, 1, 4), "wage": amount,
        "purchase": amount,
    }, {"migrants": number(0, 1), "remittance": amount, "sends_to": _shares})  # fmt: skip
    migrants = found.get("migrants", 0.0)
    if migrants and not ("remittance" in found and found.get("sends_to")):
        raise ScenarioError(f'{what}: who has "migrants" names "remittance" and "sends_to"')
    return Place(
        found["code"], found["coin"], found["share"], tuple(found["providers"]), found["wage"], found["purchase"],
        migrants, found.get("remittance", 0), tuple(found.get("sends_to", [])),
    )  # fmt: skip


def _halt(value: Json, what: str) -> Halt:
    fields = {
        "from": list_of(COUNTRY, 1, 15), "to": COUNTRY, "announced": date, "first": date, "returns": date,
    }  # fmt: skip
    origins, *rest = _in_order(read_object(value, what, fields), *fields)
    return Halt(tuple(origins), *rest)


def _limit(value: Json, what: str) -> Limit:
    fields = {"provider": _name, "coin": COIN, "daily_outflow_a_person": amount}
    return Limit(*_in_order(read_object(value, what, fields), *fields))


def _wave(value: Json, what: str) -> Wave:
    found = read_object(value, what, {
        "first": date, "days": whole(1, 365), "countries": list_of(COUNTRY, 1, 16), "share": number(0, 1),
        "stay": number(0.0001, 1), "calm_days": whole(0, 3_650),
    })  # fmt: skip
    found["countries"] = tuple(found["countries"])
    return Wave(*_in_order(found, "first", "days", "countries", "share", "stay", "calm_days"))


def _in_order(found: dict[str, Any], *names: str) -> list[Any]:
    return [found[name] for name in names]
