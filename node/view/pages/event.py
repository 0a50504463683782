"""Events of a stream, in words."""

from typing import Any

from chain.accounts import ASSOCIATION, event_key
from chain.execution.outcome import EVENT_FIELDS
from chain.streams import ROOT_HANDLES
from node.view.events import event_sentence
from node.view.layout import NOT_KEPT, Note, Page, Part, Table
from node.view.names import Names
from node.view.source import NotFoundError, Source, newest_events, stream_length

Json = Any
SHORT = {"sent": "sentpayment", "received": "receivedpayment"}
"""Other names of event types."""
_ACCOUNT_KEYS = {
    "sentpayment": "sent_events_key",
    "receivedpayment": "received_events_key",
}
_ROLE_KEYS = {
    "compliancekeyrotation": "compliance_key_rotation_events_key",
    "baseurlrotation": "base_url_rotation_events_key",
    "receivedmint": "received_mint_events_key",
    "vaspdomain": "vasp_domain_events_key",
}
TYPES = tuple(SHORT) + tuple(EVENT_FIELDS)
"""What `--type` takes."""
KEY_DIGITS = 48


def streams_of(account: Json) -> dict[str, str]:
    """Event key by event type, of the streams that an account has."""
    if account["address"] == ASSOCIATION.hex():
        return {name: event_key(handle, ASSOCIATION).hex() for name, handle in ROOT_HANDLES.items()}
    keys = {name: account[field] for name, field in _ACCOUNT_KEYS.items()}
    keys.update({name: account["role"].get(field, "") for name, field in _ROLE_KEYS.items()})
    return {name: key for name, key in keys.items() if key}


def account_keys(account: Json, name: str, type_: str | None) -> list[str]:
    """Keys of an account's streams, or of the one of a type; NotFoundError (`unknown_stream`) if it has none."""
    streams = streams_of(account)
    if type_ is None:
        return list(streams.values())
    wanted = SHORT.get(type_, type_)
    if wanted not in streams:
        have = ", ".join(streams) or "none"
        raise NotFoundError(
            f"{name} has no stream of the type {wanted}; it has {have}", name="unknown_stream", type=wanted,
            streams=list(streams),
        )  # fmt: skip
    return [streams[wanted]]


def stream_key(text: str) -> str:
    """A stream's key in hex; NotFoundError (`unknown_stream`) for what is none."""
    key = text.lower().removeprefix("0x")
    if len(key) != KEY_DIGITS or any(char not in "0123456789abcdef" for char in key):
        raise NotFoundError(
            f"{text[:80]!r} is no event key, which has {KEY_DIGITS} hex digits; --account NAME finds an account's own",
            name="unknown_stream",
        )
    return key


def events_page(source: Source, names: Names, keys: list[str], limit: int, before: int | None = None) -> Page:
    """The newest events of one or more streams, newest first; `before` is a number in the stream, for one stream."""
    rows = [event for key in keys for event in newest_events(source, key, limit, before)]
    rows.sort(key=lambda event: (event["transaction_version"], event["sequence_number"]), reverse=True)
    rows = rows[:limit]
    events = [{**event, "sentence": event_sentence(event, names)} for event in rows]
    cells = [
        (str(row["transaction_version"]), row["data"]["type"], row["sentence"], row["key"], str(row["sequence_number"]))
        for row in events
    ]
    heads = ("version", "type", "what it says", "stream", "number")
    parts: list[Part] = [Table("Events", heads, cells, "none", frozenset({0, 4}))]
    last = events[-1]["sequence_number"] if events and len(keys) == 1 else 0
    if any(is_cut(source, key, limit, before, events) for key in keys):
        parts.append(Note(NOT_KEPT))
        last = 0
    if last:
        parts.append(Note(f"older: mithqal event list {keys[0]} --before {last}"))
    return Page({"events": events, "next_before": last or None}, parts)


def is_cut(source: Source, key: str, limit: int, before: int | None, shown: list[Json]) -> bool:
    """Whether a stream has older events than those that are shown, which this validator does not keep."""
    numbers = [event["sequence_number"] for event in shown if event["key"] == key]
    if len(shown) == limit or 0 in numbers or before == 0:
        return False
    return bool(numbers) or stream_length(source, key) > 0
