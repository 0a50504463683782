"""SY10, R18: a validator whose signing record may be lost follows and signs nothing, also after a restart."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from chain.codec import decode, encode
from chain.consensus.epochs import Epochs
from chain.consensus.safety import SafetyRecord
from chain.crypto.signing import PrivateKey, RealSignatures
from chain.errors import SafetyError
from chain.executed import read_divergence
from chain.interface import Output, PeerUp, Received
from chain.messages import decode_message
from chain.replica import Replica
from chain.snapshot_messages import SnapshotMessage
from chain.standing import Standing, keep_divergence
from chain.storage import BARRED_ROW, DIVERGENCE_ROW, VOTED_ROW, Column, WriteBatch
from chain.sync.snapshot import Snapshot
from chain.sync.state_sync import SyncPlan
from chain.validators import ValidatorSet
from node.storage.memory import MemoryStore
from tests.chain.sync.pair import CHUNK, GIVERS, NOW_US, Taker
from tests.chains import VALIDATORS, Chain, small_chain

OWN = 2
KEY = VALIDATORS[OWN].public_key


class Consensus:
    """What `Standing` sees of consensus: validator 2 with a record."""

    def __init__(self, record: SafetyRecord, *, is_lost: bool = True, own: int = OWN) -> None:
        self.machine = SimpleNamespace(
            own=own, safety=SimpleNamespace(record=record, silenced=None, public_key=KEY)
        )  # fmt: skip
        self.is_lost = is_lost
        self.barred: list[bytes] = []

    def bar(self, public_key: bytes, why: str) -> None:
        assert why
        self.barred.append(public_key)

    def is_record_lost(self, public_key: bytes) -> bool:
        assert public_key == KEY
        return self.is_lost


def standing(chain: Chain, consensus: Consensus, grace: int = 10, number: int = OWN) -> Standing:
    return Standing(number, chain.ledger, cast(Epochs, consensus), grace=grace)


def barred(chain: Chain) -> object:
    """The keys that the ledger remembers."""
    row = chain.store.row(Column.META, BARRED_ROW)
    return None if row is None else decode(row)


def new_error() -> SafetyError:
    return SafetyError("signatures of ours, and the record is new", name="signing_record_new", round=1)


def test_what_is_wrong_at_the_start() -> None:
    """A new record beside a ledger that never voted: it follows, and remembers; any other fault is told as it is."""
    chain, consensus = small_chain(), Consensus(SafetyRecord(1))
    old = SafetyError("old", name="safety_record_old")
    with pytest.raises(SafetyError) as caught:
        standing(chain, consensus).judge(old)
    assert caught.value is old
    assert (consensus.barred, barred(chain)) == ([], None)
    standing(chain, consensus).judge(new_error())
    assert (consensus.barred, barred(chain)) == ([KEY], (KEY,))
    again = Consensus(SafetyRecord(1))
    standing(chain, again)
    assert again.barred == [KEY], "a restart does not forget it"


def test_a_ledger_that_voted_wants_its_record_back() -> None:
    """The ledger says that this validator voted: the newest record is somewhere, and it is not made anew."""
    chain, consensus = small_chain(), Consensus(SafetyRecord(1))
    chain.store.write(WriteBatch(rows=[(Column.META, VOTED_ROW, encode((1, 4)))]))
    with pytest.raises(SafetyError) as caught:
        standing(chain, consensus).judge(new_error())
    assert (caught.value.name, caught.value.details) == ("safety_record_old", {"key": KEY.hex()})
    assert (consensus.barred, barred(chain)) == ([], None)


@pytest.mark.parametrize(
    ("record", "own", "found"),
    [
        (SafetyRecord(1), 1, ["signing_record_new"]),
        (SafetyRecord(1), 2, []),
        (SafetyRecord(1), -1, []),
        (SafetyRecord(1, proposed_round=9), 1, []),
    ],
)
def test_own_signatures_in_final_blocks(record: SafetyRecord, own: int, found: list[str]) -> None:
    """R18: while the record is new, blocks that become final are looked through; QUORUM of them signed, 2 did not."""
    chain, consensus = Chain(), Consensus(record, own=own)
    blocks = [chain.add() for _ in range(3)]
    out = Output()
    standing(chain, consensus).on_commit([blocks[0], blocks[2]], out)
    assert [alarm.name for alarm in out.alarms] == found
    assert consensus.barred == [KEY] * len(found)
    rows = [(Column.META, BARRED_ROW, encode((KEY,)))] * len(found)
    assert out.persist.rows == rows


def test_own_blocks_count_too() -> None:
    """R18: a final block of ours is a proposal that a new record does not know."""
    chain, consensus = Chain(), Consensus(SafetyRecord(1))
    blocks = [chain.add() for _ in range(3)]
    assert [block.header.author for block in blocks] == [1, 2, 3]
    out = Output()
    standing(chain, consensus).on_commit(blocks, out)
    assert consensus.barred == [KEY]


def snapshot_of(chain: Chain) -> Snapshot:
    """What another validator takes of it."""
    taker = Taker(chain)
    taker.begin()
    taker.run()
    assert taker.snapshot is not None
    return taker.snapshot


@pytest.mark.parametrize(
    ("grace", "changes", "voted", "expected"),
    [
        (10, {}, False, [KEY]),
        (11, {}, False, []),
        (10, {"is_lost": False}, False, []),
        (10, {}, True, []),
    ],
)
def test_after_a_snapshot(grace: int, changes: dict[str, Any], voted: bool, expected: list[bytes]) -> None:
    """SY10: a key that was in the set more than `grace` versions (11 here) before and has no record does not sign.

    A record that is there, and a ledger that voted, in which a lost record is missed (D4), are proof enough.
    """
    chain, consensus, out = small_chain(), Consensus(SafetyRecord(1), **changes), Output()
    if voted:
        chain.store.write(WriteBatch(rows=[(Column.META, VOTED_ROW, encode((1, 4)))]))
    standing(chain, consensus, grace).on_snapshot(snapshot_of(chain), out)
    assert consensus.barred == expected
    assert [alarm.name for alarm in out.alarms] == ["signing_record_new"] * len(expected)
    assert out.persist.rows == [(Column.META, BARRED_ROW, encode((KEY,)))] * len(expected)


def test_what_is_found_is_in_the_batch_that_adopts() -> None:
    """SY10: a crash after the adoption finds a ledger that begins with a snapshot together with the barred key; there
    is no moment with the one and without the other."""
    chain, store = small_chain(), MemoryStore()
    taker = Taker(chain)
    key = VALIDATORS[3]
    replica = Replica(
        chain.ledger.document, 3, key, store, None, RealSignatures(), plan=SyncPlan(5, CHUNK)
    )  # fmt: skip
    replica.sync.takes_over(chain.ledger.tip_version, 2)
    out = replica.step(PeerUp(0), NOW_US)
    while not out.persist.adopt:
        ((giver, data),) = [send for send in out.send_now if send.destination in GIVERS]
        answer = Output()
        request = decode_message(data)
        assert isinstance(request, SnapshotMessage)
        taker.givers[giver].on_message(3, request, NOW_US, answer)
        store.write(out.persist)
        out = replica.step(Received(giver, answer.send_now[0].data), NOW_US)
    assert (Column.META, BARRED_ROW, encode((key.public_key,))) in out.persist.rows
    assert [alarm.name for alarm in out.alarms] == ["signing_record_new"]
    store.write(out.persist)
    again = Replica(chain.ledger.document, 3, key, store, None, RealSignatures(), plan=SyncPlan(5, CHUNK))
    assert again.ledger.base.version == chain.ledger.tip_version
    assert again.consensus.machine.safety.silenced is not None


def test_a_set_that_the_snapshots_own_certificate_brings() -> None:
    """SY10: the certificate of a snapshot may end an epoch itself: its members are those who count from then on."""
    chain = small_chain()
    consensus, out = Consensus(SafetyRecord(1)), Output()
    stays = standing(chain, consensus, grace=0)
    snapshot = snapshot_of(chain)
    commit = snapshot.certificate.commit
    assert commit is not None
    assert commit.next_epoch is None
    stays.on_snapshot(snapshot, out)
    assert consensus.barred == [KEY], "the control: it has been a member since genesis"
    without = ValidatorSet(2, chain.ledger.validators.members[:OWN])
    ends = snapshot.certificate._replace(commit=commit._replace(next_epoch=without))
    gone, out = Consensus(SafetyRecord(1)), Output()
    offer = snapshot.offer._replace(certificate=ends)
    standing(chain, gone, grace=0).on_snapshot(snapshot._replace(offer=offer), out)
    assert (gone.barred, out.alarms, out.persist.rows) == ([], [], [])


def test_a_divergence_is_kept() -> None:
    """DV2: 'blocks that gave another result here than a quorum certified', with that root, in one row of META."""
    chain = Chain()
    block = chain.add(commit=False)
    path: Any = chain.pending
    out = Output()
    standing(chain, Consensus(SafetyRecord(1)))
    keep_divergence(path, b"c" * 32, out)
    ((column, row, data),) = out.persist.rows
    assert (column, row) == (Column.META, DIVERGENCE_ROW)
    assert data is not None
    kept = read_divergence(data)
    assert ([one.id for one in kept.blocks], kept.certified) == ([block.id], b"c" * 32)


def test_a_key_that_has_just_come() -> None:
    """SY10: the time counts from the epoch in which the key came to the set; a stranger signs nothing anyway."""
    chain = small_chain()
    chain.end_epoch({0: VALIDATORS[0], 1: VALIDATORS[1], 2: VALIDATORS[OWN], 3: VALIDATORS[3]})
    chain.add()
    chain.add()
    snapshot = snapshot_of(chain)
    for number, grace, expected in ((OWN, 11, [KEY]), (OWN, snapshot.version, []), (9, 0, [])):
        consensus, out = Consensus(SafetyRecord(2)), Output()
        standing(chain, consensus, grace, number).on_snapshot(snapshot, out)
        assert consensus.barred == expected, (number, grace)


@pytest.mark.parametrize("seats", [{OWN: VALIDATORS[3]}, {}])
def test_a_key_that_came_back(seats: dict[int, PrivateKey]) -> None:
    """SY10: without a break: an epoch in which its seat had another key, or was empty, begins the time anew."""
    other = small_chain()
    other.end_epoch({0: VALIDATORS[0], 1: VALIDATORS[1], **seats})
    other.add()
    other.end_epoch({0: VALIDATORS[0], 1: VALIDATORS[1], 2: VALIDATORS[OWN]})
    came = other.ledger.tip_version
    other.add()
    other.add()
    snapshot = snapshot_of(other)
    late = snapshot.version - came
    for grace, expected in ((late, []), (late - 1, [KEY])):
        consensus, out = Consensus(SafetyRecord(3)), Output()
        standing(other, consensus, grace).on_snapshot(snapshot, out)
        assert consensus.barred == expected, grace
