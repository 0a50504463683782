"""Values of a JSON document, read with their paths: what is wrong is said with the place where it stands."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from chain.errors import MithqalError
from node.sim.directives import PPM

MAX_US = 24 * 3_600 * 1_000_000


class ScenarioError(MithqalError):
    """A scenario that is none; `path` says where."""

    name = "bad_scenario"


def parse(text: str) -> Any:
    """JSON with exact decimals and no key twice; ScenarioError otherwise."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_no_repeats)
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"the scenario is not JSON: {error}", path="") from error


Kind = Callable[[Any, str], Any]
"""(value, path) -> what it stands for."""


class Node:
    """A JSON object whose keys are known."""

    def __init__(self, value: Any, path: str, keys: Sequence[str]) -> None:
        """ScenarioError if it is no object; `unknown_key` for a key that is not among `keys`."""
        where = path or "the scenario"
        if not isinstance(value, dict):
            raise ScenarioError(f"{where} must be an object, not {_kind_of(value)}", path=path)
        for key in value:
            if key not in keys:
                full = f"{path}.{key}" if path else key
                raise ScenarioError(
                    f"{full} is no key of a scenario: {where} may have {', '.join(keys)}",
                    name="unknown_key", key=key, path=full,
                )  # fmt: skip
        self.value: Mapping[str, Any] = value
        self.path = path

    def get(self, key: str, kind: Kind, default: Any) -> Any:
        """The key's value, or a default."""
        return kind(self.value[key], self._under(key)) if key in self.value else default

    def need(self, key: str, kind: Kind) -> Any:
        """The key's value, which must be said."""
        if key not in self.value:
            raise ScenarioError(f"{self._under(key)} is missing", path=self._under(key))
        return kind(self.value[key], self._under(key))

    def node(self, key: str, keys: Sequence[str]) -> "Node":
        """An object inside; an empty one if it is not said."""
        return Node(self.value.get(key, {}), self._under(key), keys)

    def items(self, key: str) -> list[tuple[str, Any]]:
        """(path, value) of a list's items; none if it is not said."""
        found = self.value.get(key, [])
        if not isinstance(found, list):
            raise ScenarioError(f"{self._under(key)} must be a list, not {_kind_of(found)}", path=self._under(key))
        return [(f"{self._under(key)}[{place}]", item) for place, item in enumerate(found)]

    def nodes(self, key: str, keys: Sequence[str]) -> list["Node"]:
        """The objects of a list."""
        return [Node(item, path, keys) for path, item in self.items(key)]

    def _under(self, key: str) -> str:
        """The path of a key."""
        return f"{self.path}.{key}" if self.path else key


def integer(low: int, high: int) -> Kind:
    """A whole number in low .. high."""

    def read(value: Any, path: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ScenarioError(f"{path}: a whole number from {low} to {high}, not {shown(value)}", path=path)
        return value

    return read


def _scaled(value: Any, path: str, decimals: int, what: str) -> int:
    """A number with so many decimals at most, times 10^decimals."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        raise ScenarioError(f"{path}: {what}, not {shown(value)}", path=path)
    exact = (value if isinstance(value, Decimal) else Decimal(str(value))).scaleb(decimals)
    if exact != exact.to_integral_value():
        raise ScenarioError(f"{path}: at most {decimals} decimals, not {shown(value)}", path=path)
    return int(exact)


def signed_time(value: Any, path: str) -> int:
    """Milliseconds, maybe negative, as microseconds."""
    found = _scaled(value, path, 3, "milliseconds")
    if not -MAX_US <= found <= MAX_US:
        raise ScenarioError(f"{path}: at most a day, not {shown(value)} ms", path=path)
    return found


def time(value: Any, path: str) -> int:
    """Milliseconds as microseconds."""
    found = signed_time(value, path)
    if found < 0:
        raise ScenarioError(f"{path}: milliseconds from 0 on, not {shown(value)}", path=path)
    return found


def share(value: Any, path: str) -> int:
    """A share from 0 to 1 as parts per million."""
    found = _scaled(value, path, 6, "a share from 0 to 1")
    if not 0 <= found <= PPM:
        raise ScenarioError(f"{path}: a share from 0 to 1, not {shown(value)}", path=path)
    return found


def text(value: Any, path: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise ScenarioError(f"{path} must be a text, not {_kind_of(value)}", path=path)
    return value


def boolean(value: Any, path: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ScenarioError(f"{path} must be true or false, not {_kind_of(value)}", path=path)
    return value


def one_of(*words: str) -> Kind:
    """One of these texts."""

    def read(value: Any, path: str) -> str:
        if value not in words:
            raise ScenarioError(f"{path}: one of {', '.join(words)}, not {shown(value)}", path=path)
        return str(value)

    return read


def listed(kind: Kind) -> Kind:
    """A list of such values."""

    def read(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise ScenarioError(f"{path} must be a list, not {_kind_of(value)}", path=path)
        return [kind(item, f"{path}[{place}]") for place, item in enumerate(value)]

    return read


def optional(kind: Kind) -> Kind:
    """Such a value, or null."""
    return lambda value, path: None if value is None else kind(value, path)


def _no_constant(word: str) -> Any:
    """NaN and infinities are not JSON."""
    raise ValueError(f"{word} is no number")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A key that stands twice would hide one of its values."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ScenarioError(f"the key {key!r} stands twice in one object", path=key)
        found[key] = value
    return found


def _kind_of(value: Any) -> str:
    """For errors."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def shown(value: Any) -> str:
    """For errors."""
    return str(value) if isinstance(value, Decimal) else repr(value)[:60]
