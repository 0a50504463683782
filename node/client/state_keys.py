"""Keys of the state and of event streams, as people write them."""

import re

from chain.accounts import CONFIG_KEY, account_key, currency_key, receipt_key
from chain.errors import MithqalError

_STREAM_DIGITS = 48
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+", re.ASCII)
RECORDS = ("account:ADDRESS", "config", "currency:CODE", "receipt:ID", "hex:KEY")
"""Forms of a record's name; `hex:` takes any state key (docs/protocol.md, S5)."""


def record_key(text: str) -> bytes:
    """The state key of a record's name, one of RECORDS; MithqalError (`bad_record`)."""
    kind, _, id_ = text.partition(":")
    data = bytes.fromhex(id_) if _HEX.fullmatch(id_) else None
    if text == "config":
        return CONFIG_KEY
    if kind == "currency" and id_.isascii() and id_:
        return currency_key(id_)
    if kind == "account" and data is not None and len(data) == 16:
        return account_key(data)
    if kind == "receipt" and data is not None:
        return receipt_key(data)
    if kind == "hex" and data is not None:
        return data
    raise MithqalError(
        f"{text[:80]!r} names no record: write {', '.join(RECORDS[:-1])} or {RECORDS[-1]}", name="bad_record"
    )


def stream_key(text: str) -> bytes:
    """An event stream's key from its 48 hex digits; MithqalError (`unknown_stream`)."""
    if len(text) != _STREAM_DIGITS or not _HEX.fullmatch(text):
        raise MithqalError(
            f"{text[:80]!r} is no event stream: a stream has {_STREAM_DIGITS} hex digits, which `mithqal account show`"
            " and `mithqal event list` tell",
            name="unknown_stream",
        )
    return bytes.fromhex(text)
