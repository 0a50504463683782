"""The explorer: the overview, or the page of whatever an id names; and everything that a text may name."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from chain.primitives import U64_MAX
from node.view.layout import Note, Page, Table
from node.view.lookup import Match, address_named, find, find_one, not_found
from node.view.names import Names
from node.view.pages.account import account_page
from node.view.pages.block import block_page
from node.view.pages.currency import currency_page
from node.view.pages.event import events_page
from node.view.pages.network import mempool_page, overview_page, validator_page
from node.view.pages.transaction import transaction_page
from node.view.source import NotFoundError, Source
from node.view.text import clean, command

Json = Any
HASH_DIGITS, MAX_DIGITS = 64, 20


@dataclass(frozen=True, slots=True)
class View:
    """One network as a reader sees it: who answers, what the reader calls things, and the waypoint that he trusts."""

    source: Source
    names: Names
    waypoint: str
    signing_of: Callable[[str], Json] = lambda _name: None
    """What the validator of a name says itself of its signing; None where it cannot be asked."""


def explore(view: View, text: str | None, limit: int) -> Page:
    """The overview without a text, else the page of what it names; NotFoundError (`unknown_id`)."""
    if text is None:
        return overview_page(view.source, view.names, view.waypoint, limit)
    match, others = find_one(view.source, view.names, text)
    page = PAGES[match.kind](view, match, limit)
    document = {"kind": match.kind, **page.document, "also": [other.to_json() for other in others]}
    also = [Note(f"also: {other.title}: {command('explorer', other.id)}") for other in others]
    return replace(page, document=document, parts=[*page.parts, *also])


def search_page(view: View, text: str) -> Page:
    """Every match with its kind, exact ones first; NotFoundError (`unknown_id`) if there is none."""
    matches = find(view.source, view.names, text)
    if not matches:
        raise not_found(view.names, text)
    rows = [
        (match.kind, match.title, "exact" if match.is_exact else "similar", command("explorer", match.id))
        for match in matches
    ]
    table = Table(f"What {clean(text)!r} names", ("kind", "what", "match", "page"), rows)
    return Page({"query": text, "matches": [match.to_json() for match in matches]}, [table])


def transaction_by(source: Source, which: str) -> Json:
    """A transaction by version or hash, with its events; NotFoundError (`unknown_transaction`)."""
    found, version = None, _number(which)
    if version is not None:
        rows = source.call("get_transactions", version, 1, True)
        found = rows[0] if rows else None
    elif _is_hash(which):
        found = source.call("get_transaction_by_hash", which.lower(), True)
    if found is None:
        raise NotFoundError(f"no transaction {which[:80]!r} is on the ledger", name="unknown_transaction")
    return found


def block_by(source: Source, which: str) -> Json:
    """A block by height (12 or b12), id or the word `latest`; NotFoundError (`unknown_block`)."""
    found, height = None, _number(which[1:] if which[:1] in ("b", "B") else which)
    if which == "latest":
        found = source.call("get_block")
    elif height is not None:
        found = source.call("get_block", height)
    elif _is_hash(which):
        found = source.call("get_block", None, which.lower())
    if found is None:
        raise NotFoundError(f"no block {which[:80]!r} is on the ledger", name="unknown_block")
    return found


def account_by(source: Source, names: Names, which: str) -> Json:
    """An account by local name, address or identifier; NotFoundError (`unknown_account`), IdentifierError."""
    address = address_named(source, names, which)
    if address is None:
        raise NotFoundError(
            f"no account is called {which[:80]!r}: `mithqal account list` names all", name="unknown_account"
        )
    account = source.call("get_account", address)
    if account is None:
        raise NotFoundError(f"{clean(which)[:80]} has no account on the ledger", name="unknown_account")
    return account


def currency_by(source: Source, code: str) -> Json:
    """A currency by its code, in any case; NotFoundError (`unknown_currency`)."""
    currencies = source.call("get_currencies")
    for currency in currencies:
        if currency["code"] == code.upper():
            return currency
    codes = ", ".join(currency["code"] for currency in currencies)
    raise NotFoundError(f"no currency is called {code[:32]!r}; there are {codes}", name="unknown_currency")


def _number(text: str) -> int | None:
    """A version or height, from 0 to 2^64-1."""
    is_number = text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS and int(text) <= U64_MAX
    return int(text) if is_number else None


def _is_hash(text: str) -> bool:
    """Whether a text is 64 hex digits, in any case."""
    return len(text) == HASH_DIGITS and all(char in "0123456789abcdefABCDEF" for char in text)


def _transaction(view: View, match: Match, _: int) -> Page:
    return transaction_page(view.source, view.names, transaction_by(view.source, match.id[1:]))


def _block(view: View, match: Match, limit: int) -> Page:
    return block_page(view.source, view.names, block_by(view.source, match.id), limit)


def _pending(view: View, match: Match, _: int) -> Page:
    page = mempool_page(view.source, view.names, 1_000)
    rows = [row for row in page.document["transactions"] if row["hash"] == match.id]
    note = Note(f"{match.id} waits in the pool of a validator: mithqal tx wait {match.id}")
    return Page({"transactions": rows}, [note])


def _events(view: View, match: Match, limit: int) -> Page:
    return events_page(view.source, view.names, [match.id], limit)


def _account(view: View, match: Match, limit: int) -> Page:
    return account_page(view.source, view.names, account_by(view.source, view.names, match.id), limit)


def _validator(view: View, match: Match, _: int) -> Page:
    names = [view.names.validator(index) for index in range(len(view.names.validators))]
    return validator_page(view.source, view.names, names.index(match.id), view.signing_of(match.id))


def _currency(view: View, match: Match, limit: int) -> Page:
    return currency_page(view.source, view.names, currency_by(view.source, match.id), limit)


PAGES: dict[str, Callable[[View, Match, int], Page]] = {
    "transaction": _transaction,
    "block": _block,
    "pending": _pending,
    "events": _events,
    "account": _account,
    "validator": _validator,
    "currency": _currency,
}
"""The page of each kind of `node.view.lookup.KINDS`."""
