"""Jurisdiction policies as files: the shipped presets, each with its sources, and a user's own in the same form.

A file is JSON: `name`, `title`, `source`, optionally `note`, and `rules`. A rule has an `id`, the sender's country
`from` and the receiver's `to` (ISO 3166-1 alpha-2, or "any"), optionally `effective` and `until` (dates, or times that
end in Z; the first is included, the second is not), and either `"halted": true` or a `currency` with any of the caps
`per_payment`, `daily`, `monthly` (whole units as text: "1000") and `daily_count`.
"""

import json
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from chain.errors import DecodeError, MithqalError
from chain.records.policy import ANY, MAX_RULES, Policy, Rule
from economy.countries import is_country
from economy.errors import PolicyFileError, UnknownNameError
from node.client.amounts import parse_amount

PRESETS = ("br-2021", "in-upi")
ANYWHERE = "any"
MAX_FILE_BYTES = 64 << 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILE_FIELDS = {"name", "title", "source", "note", "rules"}
_RULE_FIELDS = {
    "id", "from", "to", "effective", "until", "halted", "currency", "per_payment", "daily", "monthly", "daily_count",
    "source",
}  # fmt: skip

Json = Any


class PolicyFile(NamedTuple):
    """A policy that can be set: its rules, and where they come from."""

    name: str
    title: str
    source: str
    rules: tuple[Rule, ...]


def find_policy(text: str) -> PolicyFile:
    """The preset of this name, else the file; UnknownNameError `unknown_policy`, PolicyFileError `bad_policy_file`."""
    if text in PRESETS:
        file = resources.files("economy").joinpath("data", "policies", f"{text}.json")
        return read_policy(file.read_text(encoding="utf-8"))
    path = Path(text)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnknownNameError(
            f"{text!r} is neither a preset ({', '.join(PRESETS)}) nor a file that can be read: {error.strerror}",
            name="unknown_policy", presets=list(PRESETS),
        ) from error  # fmt: skip
    if len(data) > MAX_FILE_BYTES:
        raise PolicyFileError(f"{path} is above {MAX_FILE_BYTES} bytes")
    try:
        return read_policy(data.decode())
    except UnicodeDecodeError as error:
        raise PolicyFileError(f"{path} is no text in UTF-8") from error


def read_policy(text: str) -> PolicyFile:
    """A policy from a file's text; PolicyFileError names the rule and what is wrong with it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PolicyFileError(f"a policy file is JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("rules"), list):
        raise PolicyFileError('a policy file is an object with "name" and "rules"')
    _check_fields(value, _FILE_FIELDS, "the policy")
    name, title, source = (_text(value, field, "the policy") for field in ("name", "title", "source"))
    if len(value["rules"]) > MAX_RULES:
        raise PolicyFileError(f"{len(value['rules'])} rules, at most {MAX_RULES}")
    rules = tuple(_rule(row, place) for place, row in enumerate(value["rules"], start=1))
    try:
        Policy(1, name, rules).check()
    except DecodeError as error:
        raise PolicyFileError(error.message, rule=error.name) from error
    return PolicyFile(name, title, source, rules)


def _rule(row: Json, place: int) -> Rule:
    """One rule of a file."""
    if not isinstance(row, dict):
        raise PolicyFileError(f"rule {place} is no object")
    what = f"rule {row.get('id', place)!r}"
    _check_fields(row, _RULE_FIELDS, what)
    halted = row.get("halted", False)
    if not isinstance(halted, bool):
        raise PolicyFileError(f'{what}: "halted" is true or false')
    count = row.get("daily_count", 0)
    if type(count) is not int or not 0 <= count < 1 << 64:
        raise PolicyFileError(f'{what}: "daily_count" is a whole number')
    return Rule(
        _text(row, "id", what), _country(row, "from", what), _country(row, "to", what),
        _time(row, "effective", what), _time(row, "until", what), not halted, _text(row, "currency", what, ""),
        _amount(row, "per_payment", what), _amount(row, "daily", what), _amount(row, "monthly", what), count,
    )  # fmt: skip


def _check_fields(row: dict[str, Json], known: set[str], what: str) -> None:
    """A misspelled field must not pass as an absent cap."""
    strange = sorted(set(row) - known)
    if strange:
        raise PolicyFileError(f"{what} has no field {strange[0]!r}; it has {', '.join(sorted(known))}")


def _text(row: dict[str, Json], field: str, what: str, default: str | None = None) -> str:
    """A field with text."""
    value = row.get(field, default)
    if not isinstance(value, str):
        raise PolicyFileError(f'{what}: "{field}" is missing or no text')
    return value


def _country(row: dict[str, Json], field: str, what: str) -> str:
    """A country's code, or "any"."""
    value = _text(row, field, what)
    if value == ANYWHERE:
        return ANY
    if not is_country(value):
        raise PolicyFileError(
            f'{what}: "{field}" is an ISO 3166-1 code such as BR, or "{ANYWHERE}", not {value[:20]!r}'
        )
    return value


def _time(row: dict[str, Json], field: str, what: str) -> int:
    """A date (from its midnight UTC) or a time in UTC, as microseconds since 1970; 0 where it is left out."""
    value = row.get(field)
    if value is None:
        return 0
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise PolicyFileError(f'{what}: "{field}" is a date such as 2021-05-04, not {value!r}') from error
    if moment.tzinfo is None:
        if "T" in value or " " in value:
            raise PolicyFileError(f'{what}: "{field}" is a time without a zone: end it with Z')
        moment = moment.replace(tzinfo=UTC)
    micro = (moment - _EPOCH) // (datetime.resolution)
    if micro < 0:
        raise PolicyFileError(f'{what}: "{field}" is before 1970')
    return micro


def _amount(row: dict[str, Json], field: str, what: str) -> int:
    """A cap in micro-units; 0 where it is left out."""
    value = row.get(field)
    if value is None:
        return 0
    if not isinstance(value, str):
        raise PolicyFileError(f'{what}: "{field}" is an amount as text, such as "1000"')
    try:
        return parse_amount(value)
    except MithqalError as error:
        raise PolicyFileError(f'{what}: "{field}": {error.message}') from error
