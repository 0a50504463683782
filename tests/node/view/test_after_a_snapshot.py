"""KE5: pages of a validator whose ledger begins with a snapshot show what it keeps, and say that there is more."""

from collections.abc import Sequence
from typing import Any

import pytest

from chain.errors import MithqalError
from node.api.handlers import answer
from node.api.reads import Context, read_tip
from node.api.schema import Request
from node.view.layout import NOT_KEPT, Note, Page
from node.view.names import Names
from node.view.pages.account import account_page
from node.view.pages.block import blocks_page
from node.view.pages.event import events_page
from node.view.pages.transaction import transactions_page
from node.view.source import (
    account_history,
    account_listing,
    account_versions,
    kept_part,
    newest_events,
    newest_transactions,
    stream_length,
)
from tests.builders import DEALER, US
from tests.node.api.test_after_a_snapshot import BASE, Behind


class Validator:
    """A `Source` that does not count streams."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def call(self, method: str, *params: Any) -> Any:
        return answer(self.context, read_tip(self.context), Request(1, method, list(params)))

    def batch(self, calls: Sequence[tuple[str, Any]]) -> list[Any]:
        results: list[Any] = []
        for method, params in calls:
            try:
                results.append(self.call(method, *params))
            except MithqalError as error:
                results.append(error)
        return results


@pytest.fixture(scope="module")
def both() -> tuple[Validator, Validator]:
    """One that has everything, and one that began with a snapshot."""
    behind = Behind()
    return Validator(behind.full), Validator(behind.short)


def notes(page: Page) -> list[str]:
    return [part.text for part in page.parts if isinstance(part, Note)]


@pytest.mark.parametrize("first", range(8))
def test_the_part_that_is_kept(first: int) -> None:
    """From the first that is there on, wherever it lies; other errors go through."""

    def fetch(start: int, count: int) -> list[int]:
        if start < first:
            raise MithqalError("gone", name="version_pruned")
        return list(range(start, start + count))

    for start in range(7):
        for end in range(8):
            assert kept_part(fetch, start, end) == list(range(max(start, first), end))

    def broken(start: int, count: int) -> list[int]:
        raise MithqalError("no", name="cannot_connect")

    assert kept_part(broken, 3, 3) == []
    with pytest.raises(MithqalError) as caught:
        kept_part(broken, 0, 1)
    assert caught.value.name == "cannot_connect"


@pytest.mark.parametrize("who", [US, DEALER])
def test_the_history_of_an_account(both, who) -> None:
    """What lies before the snapshot is left out, and said to be."""
    full, short = both
    account = short.call("get_account", who.address.hex())
    versions = account_versions(full, account, 99)
    kept = [version for version in versions if version >= BASE.version]
    assert 0 < len(kept) < len(versions)
    assert account_history(full, account, 99) == (versions, False)
    assert account_history(short, account, 99) == (kept, True)
    assert account_history(short, account, len(kept)) == (kept, False)
    assert account_history(short, account, 99, kept[-1]) == ([], True)
    listing = account_listing(short, account, 99)
    assert [row["version"] for row in listing.rows] == kept
    assert (listing.next_before, listing.is_cut) == (None, True)
    names = Names({})
    assert NOT_KEPT in notes(account_page(short, names, account, 99))
    assert NOT_KEPT not in notes(account_page(full, names, account, 99))
    assert NOT_KEPT in notes(transactions_page(short, names, listing, "t", "more"))


def test_newest_transactions(both) -> None:
    """All kinds and the payments: a scan ends where the ledger begins here."""
    full, short = both
    for wanted in (lambda _: True, lambda row: row["transaction"]["type"] == "user"):
        rows = newest_transactions(full, 99, wanted=wanted).rows
        kept = [row for row in rows if row["version"] >= BASE.version]
        found = newest_transactions(short, 99, wanted=wanted)
        assert (found.rows, found.next_before, found.is_cut) == (kept, None, True)
        some = newest_transactions(short, len(kept), wanted=wanted)
        assert (some.rows, some.is_cut) == (kept, False)
        assert not newest_transactions(full, 99, wanted=wanted).is_cut


def test_streams(both) -> None:
    """A stream is as long as it is, though its first events are not kept; the newest are listed."""
    full, short = both
    account = short.call("get_account", US.address.hex())
    received, sent = account["received_events_key"], account["sent_events_key"]
    assert stream_length(short, received) == stream_length(full, received) > 0
    events = newest_events(full, received, 99)
    kept = [event for event in events if event["transaction_version"] >= BASE.version]
    assert 0 < len(kept) < len(events)
    assert newest_events(short, received, 99) == kept
    assert newest_events(short, received, 99, kept[-1]["sequence_number"]) == []
    names = Names({})
    page = events_page(short, names, [received], 99)
    assert (page.document["next_before"], notes(page)) == (None, [NOT_KEPT])
    gone = events_page(short, names, [received], 99, kept[-1]["sequence_number"])
    assert (gone.document["events"], notes(gone)) == ([], [NOT_KEPT])
    assert notes(events_page(full, names, [received], 99)) == []
    assert notes(events_page(short, names, [sent], 99)) == []


def test_blocks(both) -> None:
    """The list of blocks ends with the snapshot's."""
    full, short = both
    names = Names({})
    heights = [block["height"] for block in blocks_page(short, names, 99, None).document["blocks"]]
    tip = full.call("get_metadata")["height"]
    assert heights == list(range(tip, BASE.height - 1, -1))
    page = blocks_page(short, names, 99, None)
    assert (page.document["next_before"], notes(page)) == (None, [NOT_KEPT])
    assert notes(blocks_page(full, names, 99, None)) == []
