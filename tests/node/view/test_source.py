"""Reads that need several calls: the newest transactions, the length of a stream, an account's history."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import MithqalError
from node.view.source import (
    FIRST_PAGE,
    PROBES,
    account_listing,
    account_versions,
    ask,
    blocks_of,
    newest_events,
    newest_transactions,
    stream_length,
    transactions_at,
)
from tests.builders import ONE
from tests.views import ALICE, BRUNO, CARLA, Story, peopled


class Stream:
    """A validator with one event stream of a given length."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.batches = 0

    def call(self, method: str, *params: Any) -> Any:
        (result,) = self.batch([(method, list(params))])
        return result

    def batch(self, calls: Any) -> list[Any]:
        self.batches += 1
        assert len(calls) <= PROBES
        assert all(method == "get_events" for method, _ in calls)
        return [
            [{"sequence_number": n} for n in range(start, min(start + limit, self.length))]
            for _, (_, start, limit) in calls
        ]


@given(st.one_of(st.integers(0, 100), st.integers(0, 2**40), st.sampled_from([2**20 - 1, 2**20, 2**40 - 1])))
def test_the_length_of_a_stream_is_found_by_probing(length: int) -> None:
    """Exact for any length, in a few batches: pages ascend, and no method counts."""
    stream = Stream(length)
    assert stream_length(stream, "key") == length
    assert stream.batches <= 14


def test_a_short_stream_takes_two_batches() -> None:
    """A screen's worth must not cost many round trips."""
    for length in (0, 1, 2):
        stream = Stream(length)
        assert stream_length(stream, "key") == length
        assert stream.batches <= 2


def test_newest_events_first() -> None:
    """The last `limit` events below `before`."""
    stream = Stream(10)
    assert [event["sequence_number"] for event in newest_events(stream, "key", 3)] == [9, 8, 7]
    assert [event["sequence_number"] for event in newest_events(stream, "key", 3, 8)] == [7, 6, 5]
    assert [event["sequence_number"] for event in newest_events(stream, "key", 3, 2)] == [1, 0]
    assert newest_events(stream, "key", 3, 0) == []
    assert [event["sequence_number"] for event in newest_events(stream, "key", 3, 99)] == [9, 8, 7]
    assert newest_events(Stream(0), "key", 3) == []


def test_asking_more_than_a_batch_keeps_the_order_and_raises_what_failed() -> None:
    """A batch has at most 20 calls."""
    story = Story()
    rows = ask(story.source, *[("get_transactions", [0, n % 2, False]) for n in range(45)])
    assert [len(row) for row in rows] == [n % 2 for n in range(45)]
    assert ask(story.source) == []
    with pytest.raises(MithqalError) as caught:
        ask(story.source, ("get_metadata", []), ("get_metadata", [99]))
    assert caught.value.name == "version_too_new"


def versions(rows: list[Any]) -> list[int]:
    """Their versions."""
    return [row["version"] for row in rows]


def test_newest_transactions_first() -> None:
    """User transactions only unless all are wanted; `before` excludes; the answer says where to go on."""
    story = peopled()
    story.block(story.sign(ALICE, "add_currency_to_account", "XEU"), story.sign(BRUNO, "preburn", "XUS", 1, price=0))
    story.block()
    assert story.ledger.tip_version == 24
    found = newest_transactions(story.source, 3)
    assert (versions(found.rows), found.next_before) == ([23, 22, 20], 20)
    assert found.rows[0]["transaction"]["sender"] == BRUNO.address.hex()
    found = newest_transactions(story.source, 3, before=20)
    assert (versions(found.rows), found.next_before) == ([18, 16, 14], 14)
    found = newest_transactions(story.source, 3, wanted=lambda _: True)
    assert (versions(found.rows), found.next_before) == ([24, 23, 22], 22)
    found = newest_transactions(story.source, 99)
    assert (len(found.rows), found.next_before) == (12, None)
    found = newest_transactions(story.source, 5, before=0)
    assert (found.rows, found.next_before) == ([], None)
    found = newest_transactions(story.source, 2, before=2**63, wanted=lambda _: True)
    assert versions(found.rows) == [24, 23]
    found = newest_transactions(story.source, 99, max_scan=5)
    assert (versions(found.rows), found.next_before) == ([23, 22, 20], 20)
    assert found.rows[2]["events"] != []
    found = newest_transactions(story.source, 1, before=1, wanted=lambda _: True)
    assert (versions(found.rows), found.next_before) == ([0], None)


def test_an_idle_ledger_is_read_in_growing_pages() -> None:
    """Empty blocks are passed over in few calls."""
    story = peopled()
    for _ in range(FIRST_PAGE + 50):
        story.block()
    story.source.round_trips = 0
    assert versions(newest_transactions(story.source, 1).rows) == [20]
    assert story.source.round_trips == 3


def test_what_an_account_signed_or_was_paid() -> None:
    """Sent and received together, newest first, each version once, below `before`."""
    story = peopled()
    paid = [story.pay(ALICE, BRUNO, ONE)["version"] for _ in range(3)]
    got = story.pay(CARLA, ALICE, ONE)["version"]
    own = story.pay(ALICE, ALICE, ONE)["version"]
    failed = story.pay(ALICE, BRUNO, 900 * ONE)["version"]
    account = story.source.call("get_account", ALICE.address.hex())
    born = 14
    everything = [failed, own, got, *reversed(paid), born]
    assert account_versions(story.source, account, 99) == everything
    assert account_versions(story.source, account, 3) == everything[:3]
    for place, version in enumerate(everything):
        assert account_versions(story.source, account, 99, version) == everything[place + 1 :]
        assert account_versions(story.source, account, 2, version) == everything[place + 1 : place + 3]
    listing = account_listing(story.source, account, 3)
    assert (versions(listing.rows), listing.next_before) == (everything[:3], got)
    listing = account_listing(story.source, account, 3, got)
    assert (versions(listing.rows), listing.next_before) == (everything[3:6], paid[0])
    listing = account_listing(story.source, account, 3, paid[0])
    assert (versions(listing.rows), listing.next_before) == ([born], None)
    listing = account_listing(story.source, account, 7)
    assert (len(listing.rows), listing.next_before) == (7, None)


def test_an_account_that_holds_no_coins_has_what_it_signed() -> None:
    """The treasury receives no payments: its stream of them, Libra's handle 1, stays empty."""
    story = peopled()
    treasury = story.source.call("get_account", "0" * 24 + "0b1e55ed")
    assert treasury["received_events_key"] == "01" + "0" * 38 + "0b1e55ed"
    root = story.source.call("get_account", "0" * 24 + "0a550c18")
    assert root["received_events_key"] == "02" + "0" * 38 + "0a550c18"
    assert account_versions(story.source, root, 99) == []
    assert account_versions(story.source, treasury, 99) == [8, 6, 4, 2]
    assert account_versions(story.source, treasury, 2) == [8, 6]


def test_transactions_and_blocks_of_versions() -> None:
    """In the order asked for, with events; one call a block."""
    story = peopled()
    assert versions(transactions_at(story.source, [20, 0, 14])) == [20, 0, 14]
    assert transactions_at(story.source, [14])[0]["events"] != []
    assert transactions_at(story.source, []) == []
    story.source.round_trips = 0
    blocks = blocks_of(story.source, [20, 19, 14, 0])
    assert {version: block["height"] for version, block in blocks.items()} == {20: 10, 19: 10, 14: 7, 0: 0}
    assert story.source.round_trips == 3
