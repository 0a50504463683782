"""Countries, their dates, and the parameters: from the shipped file, or from a file of the same form."""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from economy.adoption.spread import Cap, Halt, Terms
from economy.countries import is_country
from economy.errors import ParameterError, UnknownNameError

MAX_FILE_BYTES = 256 << 10
MAX_APPS = 8
MILLION = 10**6
_COUNTRY_FIELDS = {
    "code", "messenger_mn", "messenger_share", "confidence", "source", "launch", "launch_source", "caps", "halts",
    "shops_from", "shops_source", "inflow_bn", "inflow_source", "senders",
}  # fmt: skip

RANGES: Mapping[str, tuple[float, float]] = MappingProxyType({
    "p": (0.0001, 1),
    "q": (0, 10),
    "ceiling": (0.001, 1),
    "clustering": (0, 1),
    "payments": (0, 10000),
    "payment_usd": (0, 100000),
    "checkouts": (0, 10000),
    "basket_usd": (0, 100000),
    "shop_ceiling": (0, 1),
    "conversion_away": (0, 1),
    "conversion_chat": (0, 1),
    "ad_share": (0, 1),
    "yield_pct": (-5, 100),
})  # fmt: skip
"""Every parameter of the model, with the least and the largest number that makes sense."""

Json = Any


class Parameter(NamedTuple):
    """A number of the model, and where it is from."""

    name: str
    value: float
    confidence: str
    source: str


class App(NamedTuple):
    """An app: the share of the people online who are in it; None is the country's own share."""

    name: str
    share: float | None
    confidence: str
    source: str


class Place(NamedTuple):
    """A country: people in the messenger, their share of the people online, terms, shops, money sent home.

    `senders` is the share of the yearly inflow (dollars) from each other country.
    """

    code: str
    messenger: float
    messenger_share: float
    terms: Terms
    shops_from: date
    inflow_usd: float
    senders: Mapping[str, float]
    sources: tuple[str, ...]

    @property
    def people(self) -> float:
        """People online: those in the messenger over its share."""
        return self.messenger / self.messenger_share


class Rollout(NamedTuple):
    """A whole file."""

    title: str
    note: str
    parameters: Mapping[str, Parameter]
    apps: tuple[App, ...]
    places: tuple[Place, ...]
    observed: tuple[Mapping[str, str], ...]

    def values(self) -> dict[str, float]:
        """The parameters as numbers."""
        return {name: found.value for name, found in self.parameters.items()}

    def only(self, codes: tuple[str, ...]) -> "Rollout":
        """Some countries; UnknownNameError `unknown_country` names those of the file."""
        known = [place.code for place in self.places]
        for code in codes:
            if code not in known:
                message = f"no country {code[:20]!r} in this rollout; it has {', '.join(known)}"
                raise UnknownNameError(message, country=code[:20], known=known)
        places = tuple(place for place in self.places if place.code in codes)
        return self if not codes else self._replace(places=places)

    def changed(self, values: Mapping[str, float]) -> "Rollout":
        """Other numbers; ParameterError `bad_parameter` names the parameters, or the range of one."""
        parameters = dict(self.parameters)
        for name, value in values.items():
            old = parameters.get(name)
            if old is None:
                known = list(parameters)
                raise ParameterError(f"no parameter {name[:40]!r}; they are {', '.join(known)}", known=known)
            low, high = RANGES[name]
            if not low <= value <= high:
                raise ParameterError(f"{name} is {low:g} to {high:g}, not {value:g}", parameter=name)
            parameters[name] = old._replace(value=value, confidence="yours", source="yours")
        return self._replace(parameters=parameters)

    def freed(self) -> "Rollout":
        """The same without caps and halts: what they cost is the difference."""
        return self._replace(places=tuple(place._replace(terms=Terms(place.terms.launch)) for place in self.places))


@cache
def shipped() -> Rollout:
    """The file of the distribution."""
    return parse_rollout(resources.files("economy").joinpath("data", "adoption.json").read_text(encoding="utf-8"))


def read_rollout(path: Path) -> Rollout:
    """A file of one's own; ParameterError `bad_rollout`."""
    try:
        data = path.read_bytes()[: MAX_FILE_BYTES + 1]
        if len(data) > MAX_FILE_BYTES:
            raise _bad(f"{path} is above {MAX_FILE_BYTES} bytes")
        return parse_rollout(data.decode())
    except OSError as error:
        raise _bad(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _bad(f"{path} is no text in UTF-8") from error


def parse_rollout(text: str) -> Rollout:
    """A file from its text; ParameterError `bad_rollout` says where it is wrong."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(f"a rollout is JSON: {error}") from error
    try:
        parameters = {name: _parameter(name, row) for name, row in value["parameters"].items()}
        apps = tuple(App(row["name"], _share(row), row["confidence"], row["source"]) for row in value["apps"])
        places = tuple(_place(row) for row in value["countries"])
        rollout = Rollout(value["title"], value["note"], parameters, apps, places, tuple(value.get("observed", ())))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad(f"a rollout's form: {type(error).__name__} {error}") from error
    _check(rollout)
    return rollout


def _parameter(name: str, row: Json) -> Parameter:
    return Parameter(name, float(row["value"]), row["confidence"], row["source"])


def _share(row: Json) -> float | None:
    return None if row["share"] is None else float(row["share"])


def _place(row: Json) -> Place:
    """A country."""
    strange = sorted(set(row) - _COUNTRY_FIELDS)
    if strange:
        raise _bad(f"{row.get('code')}: no field {strange[0]!r}; a country has {', '.join(sorted(_COUNTRY_FIELDS))}")
    caps = tuple(
        Cap(date.fromisoformat(cap["from"]), None if cap["users_mn"] is None else float(cap["users_mn"]) * MILLION,
            cap["source"])
        for cap in row.get("caps", ())
    )  # fmt: skip
    halts = tuple(
        Halt(date.fromisoformat(halt["from"]), date.fromisoformat(halt["until"]) if halt.get("until") else None,
             halt["source"])
        for halt in row.get("halts", ())
    )  # fmt: skip
    terms = Terms(date.fromisoformat(row["launch"]), caps, halts)
    sources = (row["source"], f"launch: {row['launch_source']}", *(cap.source for cap in caps),
               *(halt.source for halt in halts), f"shops: {row['shops_source']}")  # fmt: skip
    if "inflow_bn" in row:
        sources = (*sources, f"money sent home: {row['inflow_source']}; shares of the senders assumed")
    return Place(
        row["code"], float(row["messenger_mn"]) * MILLION, float(row["messenger_share"]), terms,
        date.fromisoformat(row["shops_from"]), float(row.get("inflow_bn", 0)) * 1e9,
        {code: float(part) for code, part in row.get("senders", {}).items()}, sources,
    )  # fmt: skip


def _check(rollout: Rollout) -> None:
    """Numbers in their ranges, days in order, countries that exist."""
    if set(rollout.parameters) != set(RANGES):
        raise _bad(f"the parameters are {', '.join(RANGES)}")
    for row in rollout.parameters.values():
        low, high = RANGES[row.name]
        if not low <= row.value <= high:
            raise _bad(f"{row.name} is {low:g} to {high:g}, not {row.value:g}")
    if not rollout.places or not 1 <= len(rollout.apps) <= MAX_APPS or rollout.apps[0].share is not None:
        raise _bad(
            f"a rollout has a country or more, and 1 to {MAX_APPS} apps of which the first is the country's messenger"
        )
    if any(app.share is None or not 0 < app.share <= 1 for app in rollout.apps[1:]):
        raise _bad("the share of an app is above 0 and at most 1")
    codes = [place.code for place in rollout.places]
    for place in rollout.places:
        if not is_country(place.code) or codes.count(place.code) > 1:
            raise _bad(f"{place.code!r} is no ISO 3166-1 code or stands twice")
        if not (0 < place.messenger < 1e10 and 0 < place.messenger_share <= 1 and 0 <= place.inflow_usd < 1e13):
            raise _bad(f"{place.code}: people, share or inflow out of range")
        starts = [cap.since for cap in place.terms.caps]
        if starts != sorted(set(starts)) or any(cap.users is not None and cap.users < 0 for cap in place.terms.caps):
            raise _bad(f"{place.code}: caps are in the order of their days, and none is below zero")
        if any(halt.until is not None and halt.until <= halt.since for halt in place.terms.halts):
            raise _bad(f"{place.code}: a halt ends after it begins")
        if any(part < 0 for part in place.senders.values()) or sum(place.senders.values()) > 1.000001:
            raise _bad(f"{place.code}: the senders' shares are 0 or more and at most 1 together")


def _bad(what: str) -> ParameterError:
    return ParameterError(what, name="bad_rollout")
