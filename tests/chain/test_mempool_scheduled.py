"""M8 and M10: scheduled transactions wait in the pool until their time, and take only a part of it."""

import pytest

from chain.limits import (
    MAX_BLOCK_GAS,
    MAX_EXPIRATION_SECS,
    MAX_SCHEDULE_SECS,
    MEMPOOL_CAPACITY,
    MEMPOOL_MAX_BYTES,
    MEMPOOL_SCHEDULED,
    MEMPOOL_SCHEDULED_BYTES,
)
from chain.mempool import Bounds, Mempool, MempoolError
from chain.transaction import Payload, RawTransaction, sign_transaction
from tests.builders import key

NOW = 1_000_000
A, B, C = b"\xaa" * 16, b"\xbb" * 16, b"\xcc" * 16


def tx(sender=A, number=0, *, start=0, ends=None):
    payload = Payload("peer_to_peer_with_metadata", ("XUS", B, 1, b"", b""))
    expiration = max(start, NOW) + 60 if ends is None else ends
    raw = RawTransaction(sender, number, payload, 600, 1, "XUS", expiration, 4, start)
    return sign_transaction(raw, key(5), 0, b"\x47" * 32)


def refused(pool, transaction) -> str:
    before = (len(pool), pool.total_bytes)
    with pytest.raises(MempoolError) as caught:
        pool.add(transaction, 0, NOW)
    assert (len(pool), pool.total_bytes) == before
    return caught.value.name


def picked(pool, now, gas_of=lambda _: 0):
    return [(item.raw.sender, item.raw.sequence_number) for item in pool.pick(lambda _: 0, now, 100, 10**6, gas_of)]


def test_it_waits_until_the_ledgers_time_reaches_it() -> None:
    """M8: 'a scheduled one is parked until its time'; it says that it waits for its own number."""
    pool = Mempool()
    assert pool.add(tx(start=NOW + 10), 0, NOW) == 0
    assert picked(pool, NOW + 9) == []
    assert picked(pool, NOW + 10) == [(A, 0)]
    assert pool.add(tx(start=NOW + 10), 0, NOW + 10) is None


def test_one_whose_time_is_there_waits_for_nothing() -> None:
    """T13: a start that is now or over is none."""
    for start in (NOW - 1, NOW):
        pool = Mempool()
        assert pool.add(tx(start=start), 0, NOW) is None
        assert picked(pool, NOW) == [(A, 0)]


def test_later_numbers_of_its_sender_wait_behind_it_and_nobody_else() -> None:
    """M8: 'an account's numbers run in order': the number that they wait for is told."""
    pool = Mempool()
    assert pool.add(tx(number=1, start=NOW + 10), 0, NOW) == 0
    assert pool.add(tx(number=0), 0, NOW) is None
    assert pool.add(tx(number=2), 0, NOW) == 1
    assert pool.add(tx(C), 0, NOW) is None
    assert picked(pool, NOW) == [(A, 0), (C, 0)]
    assert picked(pool, NOW + 10) == [(A, 0), (A, 1), (A, 2), (C, 0)]


def test_how_far_ahead() -> None:
    """M10: 'at most 30 days ahead'; M4 counts from its start: 'it expires at most a day after it'."""
    assert MAX_SCHEDULE_SECS == 2_592_000
    furthest = NOW + MAX_SCHEDULE_SECS
    assert Mempool().add(tx(start=furthest), 0, NOW) == 0
    assert refused(Mempool(), tx(start=furthest + 1)) == "valid_from_too_far"
    assert Mempool().add(tx(start=furthest, ends=furthest + MAX_EXPIRATION_SECS), 0, NOW) == 0
    assert refused(Mempool(), tx(start=furthest, ends=furthest + MAX_EXPIRATION_SECS + 1)) == "expiration_too_far"
    assert refused(Mempool(), tx(start=NOW - 5, ends=NOW + MAX_EXPIRATION_SECS + 1)) == "expiration_too_far"


def test_they_take_a_part_of_the_pool() -> None:
    """M10: 'a tenth of the pool's places and an eighth of its bytes': what can run always has room beside them."""
    assert (MEMPOOL_SCHEDULED, MEMPOOL_SCHEDULED_BYTES) == (MEMPOOL_CAPACITY // 10, MEMPOOL_MAX_BYTES // 8)
    size = len(tx(start=NOW + 10).envelope)
    for bounds in (Bounds(scheduled=2), Bounds(scheduled_bytes=3 * size - 1)):
        pool = Mempool(bounds)
        for number in (0, 1):
            pool.add(tx(number=number, start=NOW + 10), 0, NOW)
        assert refused(pool, tx(C, start=NOW + 10)) == "mempool_is_full"
        assert pool.add(tx(C, start=NOW), 0, NOW) is None


def test_their_place_is_free_again() -> None:
    """M10: once it ran, was dropped or expired."""
    one = tx(start=NOW + 10)
    for leave in (
        lambda pool: pool.on_commit({A: 1}, NOW + 10),
        lambda pool: pool.drop(one.hash),
        lambda pool: pool.on_commit({}, one.raw.expiration_secs),
    ):
        pool = Mempool(Bounds(scheduled=1))
        pool.add(one, 0, NOW)
        leave(pool)
        assert (len(pool), pool.total_bytes) == (0, 0)
        assert pool.add(tx(C, start=NOW + 10), 0, NOW) == 0


def test_a_block_is_filled_up_to_its_gas() -> None:
    """B7: what is chosen uses at most a block's gas; to the unit."""
    pool = Mempool()
    for number in range(3):
        pool.add(tx(number=number), 0, NOW)
    third = MAX_BLOCK_GAS // 3
    assert len(picked(pool, NOW, lambda _: third)) == 3
    assert len(picked(pool, NOW, lambda _: third + 1)) == 2


def test_sleepers_are_passed_over_without_a_look_at_their_account() -> None:
    """M10: thousands that wait for their time must not cost every proposal a look each."""
    pool, asked = Mempool(), []

    def next_sequence(sender: bytes) -> int:
        asked.append(sender)
        return 0

    pool.add(tx(start=NOW + 20), 0, NOW)
    pool.add(tx(number=1, start=NOW + 10), 0, NOW)
    pool.add(tx(C), 0, NOW)
    assert len(pool.pick(next_sequence, NOW + 9, 100, 10**6)) == 1
    assert asked == [C]
    pool.pick(next_sequence, NOW + 10, 100, 10**6)
    assert asked == [C, A, C]
    pool.add(tx(number=2), 0, NOW)
    asked.clear()
    pool.pick(next_sequence, NOW, 100, 10**6)
    assert asked == [A, C], "one that could run now is looked for behind the others"
    pool.drop(tx(number=2).hash)
    asked.clear()
    pool.pick(next_sequence, NOW, 100, 10**6)
    assert asked == [C]


def test_it_gives_way_to_one_that_can_run_now() -> None:
    """M5: 'unless the one that waits is scheduled, its time has not come, and the other one has no start'."""
    pool = Mempool(Bounds(per_account=1))
    later, now = tx(start=NOW + 10), tx()
    pool.add(later, 0, NOW)
    assert refused(pool, tx(start=NOW + 9)) == refused(pool, tx(start=NOW)) == "invalid_update"
    assert pool.add(now, 0, NOW) is None
    assert (pool.by_hash, pool.total_bytes) == ({now.hash: now}, len(now.envelope))
    assert refused(pool, later) == "invalid_update"
    assert picked(pool, NOW) == [(A, 0)]


def test_one_whose_time_has_come_gives_way_to_nothing() -> None:
    """M5: from its time on it is as any other."""
    pool = Mempool()
    pool.add(tx(start=NOW + 10), 0, NOW)
    with pytest.raises(MempoolError) as caught:
        pool.add(tx(), 0, NOW + 10)
    assert caught.value.name == "invalid_update"
