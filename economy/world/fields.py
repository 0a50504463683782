"""Fields of a scenario's file: each takes a value and what it belongs to; it gives what it means, or what is wrong."""

import datetime
import json
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from chain.errors import MithqalError
from economy.basket import COIN_CURRENCY
from economy.countries import COUNTRIES
from economy.errors import ScenarioError, UnknownNameError
from node.client.amounts import parse_amount

MAX_FILE_BYTES = 64 << 10
EARLIEST, LATEST = datetime.date(1999, 1, 5), datetime.date(2100, 1, 1)
"""A world begins when there are rates, and before this program is forgotten."""
Json = Any
Field = Callable[[Json, str], Any]


def read_object(
    value: Json, what: str, required: Mapping[str, Field], optional: Mapping[str, Field] | None = None
) -> Json:
    """An object with exactly these fields."""
    optional = optional or {}
    if not isinstance(value, dict):
        raise ScenarioError(f"{what} is no object")
    for name in value:
        if name not in required and name not in optional:
            known = ", ".join(sorted({*required, *optional}))
            raise ScenarioError(f"{what} has no field {name!r}; it has {known}", key=name)
    for name in required:
        if name not in value:
            raise ScenarioError(f'{what}: "{name}" is missing', key=name)
    fields = {**required, **optional}
    return {name: fields[name](item, f'{what}: "{name}"') for name, item in value.items()}


def text(value: Json, what: str) -> str:
    """Some text."""
    if not isinstance(value, str) or not 1 <= len(value) <= 1_000:
        raise ScenarioError(f"{what} is a text of 1 to 1000 characters")
    return value


def date(value: Json, what: str) -> datetime.date:
    """A day, by which there are rates."""
    try:
        found = datetime.date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ScenarioError(f"{what} is a date such as 2021-05-04, not {value!r}") from error
    if not EARLIEST <= found <= LATEST:
        raise ScenarioError(f"{what} is {EARLIEST} to {LATEST}, not {found}")
    return found


def number(low: float, high: float) -> Field:
    """A number within bounds."""

    def read(value: Json, what: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ScenarioError(f"{what} is a number from {low:g} to {high:g}, not {value!r:.40}")
        return float(value)

    return read


def whole(low: int, high: int) -> Field:
    """A whole number within bounds."""

    def read(value: Json, what: str) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ScenarioError(f"{what} is a whole number from {low} to {high}, not {value!r:.40}")
        return value

    return read


def list_of(item: Field, low: int, high: int) -> Field:
    """A list of so many."""

    def read(value: Json, what: str) -> list[Any]:
        if not isinstance(value, list) or not low <= len(value) <= high:
            raise ScenarioError(f"{what} is a list of {low} to {high}")
        return [item(row, f"{what}, {place}") for place, row in enumerate(value, start=1)]

    return read


def choice(names: tuple[str, ...]) -> Field:
    """One of some names."""

    def read(value: Json, what: str) -> str:
        if value not in names:
            raise ScenarioError(f"{what} is one of {', '.join(names)}, not {value!r:.40}")
        return str(value)

    return read


COIN = choice(tuple(COIN_CURRENCY))
COUNTRY = choice(tuple(COUNTRIES))


def amount(value: Json, what: str) -> int:
    """Micro-units, above 0 and such that no sum of a year overflows."""
    if not isinstance(value, str):
        raise ScenarioError(f'{what} is an amount as text, such as "200"')
    try:
        micro = parse_amount(value)
    except MithqalError as error:
        raise ScenarioError(f"{what}: {error.message}") from error
    if not 0 < micro <= 10**14:
        raise ScenarioError(f"{what} is above 0 and at most 100000000, not {value}")
    return micro


def find_text(name: str, folder: str, presets: tuple[str, ...]) -> str:
    """The text of the preset of this name in `economy/data/FOLDER`, else of the file; UnknownNameError

    `unknown_scenario`, ScenarioError `bad_scenario`."""
    if name in presets:
        return resources.files("economy").joinpath("data", folder, f"{name}.json").read_text(encoding="utf-8")
    path = Path(name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnknownNameError(
            f"{name!r} is neither a scenario ({', '.join(presets)}) nor a file that can be read: {error.strerror}",
            name="unknown_scenario", scenarios=list(presets),
        ) from error  # fmt: skip
    if len(data) > MAX_FILE_BYTES:
        raise ScenarioError(f"{path} is above {MAX_FILE_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path} is no text in UTF-8") from error


def parse(text: str) -> Json:
    """A file's JSON; ScenarioError."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"a scenario is a JSON file: {error}") from error
