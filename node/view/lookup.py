"""Whatever an id names: exact matches in a fixed order, names that resemble it after them.

The order (docs/explorer.md): a plain number is a version, then a height; 64 hex digits a transaction, a block id, one
that waits; 48 an event stream; 32 an address; then a local name, an
account identifier, a validator, a currency, `v12` and `b12`. The kind in
front (`block:12`, `block 12`, `account:alice`) leaves one kind only.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple

from chain.identifiers import decode_identifier, prefix_of
from node.view.names import Names
from node.view.source import NotFoundError, Source
from node.view.text import clean

Json = Any

KINDS = ("transaction", "block", "pending", "events", "account", "validator", "currency")
"""Kinds of what can be found, in the order in which they count."""
PREFIXES = {
    "tx": "transaction", "version": "transaction", "transaction": "transaction", "block": "block", "pending": "pending",
    "event": "events", "events": "events", "account": "account", "address": "account", "name": "account",
    "validator": "validator", "currency": "currency",
}  # fmt: skip
"""What may stand in front, before a colon or a space."""
LETTERS = {"v": "transaction", "b": "block"}
_PREFIXED = re.compile(r"(\w+)(?:\s*:\s*|\s+)(.+)", re.DOTALL)
_SHORT = re.compile(r"([vVbB])([0-9]{1,20})", re.ASCII)
_HEX = re.compile(r"(?:0x)?([0-9a-fA-F]+)", re.ASCII)
_IDENTIFIER = re.compile(r"[A-Za-z]{2,4}1[Pp][0-9A-Za-z]{40,}", re.ASCII)
"""What is meant as an account identifier (DIP-5), mistyped or not."""
EVENT_KEY_DIGITS, ADDRESS_DIGITS = 48, 32
SUGGESTIONS = 3


class Match(NamedTuple):
    """One thing that a text names."""

    kind: str
    id: str
    """By which `mithqal explorer` finds exactly this: `v12`, `b12`, a hash, a key, an address, a name, a code."""
    title: str
    is_exact: bool

    def to_json(self) -> dict[str, Json]:
        """An entry of `matches`."""
        return {"kind": self.kind, "id": self.id, "title": self.title, "exact": self.is_exact}


def find(source: Source, names: Names, text: str) -> list[Match]:
    """Everything that a text names, what counts first; names that merely contain it come last."""
    text = text.strip()
    only, wanted = _split(names, text)
    found = _exact(source, names, wanted) + ([] if only else _short(source, text))
    found += _resembling(names, wanted, {match.id for match in found})
    return [match for match in found if only in (None, match.kind)]


def _split(names: Names, text: str) -> tuple[str | None, str]:
    """The one kind that is wanted, if the text names it (`block:12`, `block 12`), and what is looked for."""
    found = _PREFIXED.fullmatch(text)
    kind = PREFIXES.get(found[1].lower()) if found else None
    if found is None or kind is None or names.address(text) is not None:
        return None, text
    return kind, found[2]


def address_named(source: Source, names: Names, text: str) -> str | None:
    """The address (hex) that a local name, an address in hex or an account identifier means, with an account or not.

    IdentifierError for what looks like an identifier and is mistyped (`bad_identifier`) or of another network
    (`wrong_prefix`).
    """
    named = names.address(text)
    if named is not None:
        return named
    digits = _HEX.fullmatch(text)
    if digits and len(digits[1]) == ADDRESS_DIGITS:
        return digits[1].lower()
    if _IDENTIFIER.fullmatch(text):
        return decode_identifier(text, prefix_of(source.call("get_metadata")["chain_id"])).address.hex()
    return None


def _exact(source: Source, names: Names, text: str) -> list[Match]:
    """What this is, to the letter (but for upper and lower case of hex digits, validators and currencies)."""
    found = [_from_search(item, names) for item in source.call("search", text)]
    digits = _HEX.fullmatch(text)
    if digits and len(digits[1]) == EVENT_KEY_DIGITS and source.call("get_events", digits[1].lower(), 0, 1):
        found.append(Match("events", digits[1].lower(), f"event stream {digits[1].lower()}", True))
    address = address_named(source, names, text)
    if address is not None and source.call("get_account", address) is not None:
        title = clean(text) if names.address(text) else names.of(address)
        found = [match for match in found if match.id != address]
        found.append(Match("account", address, f"account {title}", True))
    return sorted(found, key=lambda match: KINDS.index(match.kind))


def _from_search(item: Json, names: Names) -> Match:
    """An item of the method `search`."""
    match item["kind"]:
        case "transaction":
            return Match("transaction", f"v{item['version']}", f"transaction {item['version']}", True)
        case "block":
            return Match("block", f"b{item['height']}", f"block {item['height']}", True)
        case "pending":
            return Match("pending", item["hash"], f"transaction {item['hash']}, which waits", True)
        case "account":
            return Match("account", item["address"], f"account {names.of(item['address'])}", True)
        case "validator":
            return Match("validator", names.validator(item["index"]), f"validator {clean(item['name'])}", True)
        case _:
            return Match("currency", item["code"], f"currency {clean(item['code'])}", True)


def _short(source: Source, text: str) -> list[Match]:
    """`v12` and `b12`."""
    found = _SHORT.fullmatch(text)
    if not found:
        return []
    kind = LETTERS[found[1].lower()]
    return [match for match in _exact(source, Names(), found[2]) if match.kind == kind]


def _resembling(names: Names, text: str, known: Iterable[str]) -> list[Match]:
    """Local names and validators that contain the text, in any case."""
    if not text:
        return []
    accounts = [Match("account", address, f"account {clean(name)}", False) for name, address in names.all()
                if text.casefold() in name.casefold() and address not in known]  # fmt: skip
    validators = [Match("validator", clean(name), f"validator {clean(name)}", False) for name in names.validators
                  if text.casefold() in name.casefold() and clean(name) not in known]  # fmt: skip
    return accounts + validators


def find_one(source: Source, names: Names, text: str) -> tuple[Match, list[Match]]:
    """What a text names exactly, and what else it names; NotFoundError (`unknown_id`) says what was tried."""
    exact = [match for match in find(source, names, text) if match.is_exact]
    if not exact:
        raise not_found(names, text)
    return exact[0], exact[1:]


def not_found(names: Names, text: str) -> NotFoundError:
    """The error for a text that names nothing."""
    shown = clean(text)[:80]
    tried = [
        "version",
        "height",
        "hash",
        "block id",
        "event stream",
        "address",
        "local name",
        "identifier",
        "validator",
        "currency",
    ]
    candidates = [*[name for name, _ in names.all()], *names.validators]
    near = [clean(name) for name in get_close_matches(text, candidates, SUGGESTIONS)]
    hint = f"; did you mean {' or '.join(near)}?" if near else "; `mithqal search` finds parts of names"
    return NotFoundError(
        f"nothing here is called {shown!r}: no {', '.join(tried[:-1])} or {tried[-1]}{hint}", tried=tried, near=near
    )
