"""M1 to M8: what may wait, in which order it leaves."""

import pytest

from chain.crypto.signing import PrivateKey
from chain.limits import MAX_EXPIRATION_SECS
from chain.mempool import Bounds, Mempool, MempoolError
from chain.transaction import Payload, RawTransaction, sign_transaction

NOW = 1_000
KEY = PrivateKey(b"\x05" * 32)
A, B = b"\xaa" * 16, b"\xbb" * 16


def tx(sender=A, number=0, *, expiration=NOW + 60, amount=1):
    payload = Payload("peer_to_peer_with_metadata", ("XUS", B, amount, b"", b""))
    raw = RawTransaction(sender, number, payload, 600, 1, "XUS", expiration, 4)
    return sign_transaction(raw, KEY, 0, b"\x47" * 32)


def refused(pool, transaction, next_sequence=0) -> str:
    before = (len(pool), pool.total_bytes)
    with pytest.raises(MempoolError) as caught:
        pool.add(transaction, next_sequence, NOW)
    assert (len(pool), pool.total_bytes) == before
    return caught.value.name


def picked(pool, next_sequence=None, *, now=NOW, count=100, size=10**6):
    numbers = next_sequence or {}
    return [(t.raw.sender, t.raw.sequence_number) for t in pool.pick(lambda s: numbers.get(s, 0), now, count, size)]


def test_a_future_number_is_parked_and_says_what_it_waits_for() -> None:
    """'a future number is accepted and reported as parked and waiting for n'."""
    pool = Mempool()
    assert pool.add(tx(number=7), 5, NOW) == 5
    assert pool.add(tx(number=5), 5, NOW) is None
    assert pool.add(tx(number=8), 5, NOW) == 6
    assert pool.add(tx(number=6), 5, NOW) is None
    assert pool.add(tx(number=8), 5, NOW) is None
    assert picked(pool, {A: 5}) == [(A, 5), (A, 6), (A, 7), (A, 8)]


def test_the_same_transaction_again_gets_the_same_answer() -> None:
    """M1."""
    pool, one = Mempool(), tx()
    assert pool.add(one, 0, NOW) is None
    assert pool.add(one, 0, NOW) is None
    assert len(pool) == 1
    assert pool.total_bytes == len(one.envelope)


def test_another_one_under_a_waiting_number_is_refused() -> None:
    """M5."""
    pool = Mempool()
    pool.add(tx(), 0, NOW)
    assert refused(pool, tx(amount=2)) == "invalid_update"


def test_old_expired_and_far_ones_are_refused() -> None:
    """M2, M3, M4 at their boundaries."""
    pool = Mempool()
    assert refused(pool, tx(number=4), 5) == "sequence_number_too_old"
    assert refused(pool, tx(expiration=NOW)) == "transaction_expired"
    assert pool.add(tx(expiration=NOW + 1), 0, NOW) is None
    assert refused(pool, tx(number=1, expiration=NOW + MAX_EXPIRATION_SECS + 1)) == "expiration_too_far"
    assert pool.add(tx(number=1, expiration=NOW + MAX_EXPIRATION_SECS), 0, NOW) is None


def test_one_account_is_bounded() -> None:
    """M6: as many as the bound, and no number further ahead than it."""
    pool = Mempool(Bounds(per_account=3))
    assert refused(pool, tx(number=8), 5) == "too_many_for_account"
    for number in (7, 5, 6):
        pool.add(tx(number=number), 5, NOW)
    assert refused(pool, tx(number=8), 5) == "too_many_for_account"
    assert refused(pool, tx(number=8), 6) == "too_many_for_account", "number 5 is used, but it is not dropped yet"
    pool.on_commit({A: 6}, NOW)
    assert pool.add(tx(number=8), 6, NOW) is None
    assert pool.add(tx(sender=B), 0, NOW) is None


def test_the_pool_is_bounded() -> None:
    """M7 by count and by bytes."""
    pool = Mempool(Bounds(capacity=2))
    pool.add(tx(), 0, NOW)
    pool.add(tx(number=1), 0, NOW)
    assert refused(pool, tx(number=2)) == "mempool_is_full"
    size = len(tx().envelope)
    pool = Mempool(Bounds(max_bytes=2 * size))
    pool.add(tx(), 0, NOW)
    pool.add(tx(number=1), 0, NOW)
    assert refused(pool, tx(sender=B)) == "mempool_is_full"


def test_pick_takes_no_gap_nothing_expired_and_respects_its_limits() -> None:
    """A block gets each sender's numbers without a gap, senders by arrival."""
    pool = Mempool()
    pool.add(tx(sender=B, number=1), 0, NOW)
    pool.add(tx(number=0), 0, NOW)
    pool.add(tx(number=1, expiration=NOW + 5), 0, NOW)
    pool.add(tx(number=2), 0, NOW)
    assert picked(pool) == [(A, 0), (A, 1), (A, 2)]
    assert picked(pool, {B: 1}) == [(B, 1), (A, 0), (A, 1), (A, 2)]
    assert picked(pool, now=NOW + 5) == [(A, 0)]
    assert picked(pool, now=NOW + 4) == [(A, 0), (A, 1), (A, 2)]
    assert picked(pool, count=2) == [(A, 0), (A, 1)]
    sizes = [len(t.envelope) for t in pool.waiting(A)]
    assert picked(pool, size=sizes[0] + sizes[1]) == [(A, 0), (A, 1)]
    assert picked(pool, size=sizes[0] + sizes[1] - 1) == [(A, 0)]
    assert picked(pool, {A: 3}) == []


def test_commit_drops_used_numbers_and_expired_ones() -> None:
    """What the ledger has passed leaves, the rest stays."""
    pool = Mempool()
    for number in range(3):
        pool.add(tx(number=number), 0, NOW)
    pool.add(tx(sender=B, expiration=NOW + 9), 0, NOW)
    pool.on_commit({A: 2}, NOW + 8)
    assert [t.raw.sequence_number for t in pool.waiting(A)] == [2]
    assert len(pool.waiting(B)) == 1
    pool.on_commit({}, NOW + 9)
    assert pool.waiting(B) == []
    assert len(pool) == 1
    assert pool.total_bytes == len(tx(number=2).envelope)
    pool.drop(tx(number=2).hash)
    pool.drop(tx(number=2).hash)
    assert (len(pool), pool.total_bytes, picked(pool, {A: 2})) == (0, 0, [])


C, D, E = b"\xcc" * 16, b"\xdd" * 16, b"\xee" * 16


def test_roles_go_first_by_their_priority() -> None:
    """W19, reference 1.2: priority 3, 2, 1, 0; among equals who waits longest, each sender's numbers in order."""
    pool = Mempool()
    for sender, priority in ((A, 0), (B, 1), (C, 3), (D, 2), (E, 1)):
        for number in (1, 0):
            pool.add(tx(sender, number), 0, NOW, priority)
    order = [C, D, B, E, A]
    assert picked(pool) == [(sender, number) for sender in order for number in (0, 1)]
    assert picked(pool, count=5) == [(C, 0), (C, 1), (D, 0), (D, 1), (B, 0)]
    pool.on_commit({B: 1, C: 2}, NOW)
    assert picked(pool, {B: 1, C: 2}) == [(D, 0), (D, 1), (E, 0), (E, 1), (B, 1), (A, 0), (A, 1)]
    pool.on_commit({B: 2, D: 2, E: 2}, NOW)
    pool.add(tx(B, 2), 2, NOW)
    assert picked(pool, {B: 2}) == [(A, 0), (A, 1), (B, 2)]
