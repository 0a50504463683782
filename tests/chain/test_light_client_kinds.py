"""Ranges, events, streams and prefixes on a believed ledger: what holds, and lies about each (X15 to X18)."""

from typing import Any

import pytest

from chain.accounts import ASSOCIATION, Account, account_key, event_key
from chain.entries import Event, TransactionInfo
from chain.errors import ProofError
from chain.facts import EntriesProof, EventProof, PrefixProof, StreamProof
from chain.light_client import verify_entries, verify_event, verify_prefix, verify_stream
from chain.primitives import Hash
from chain.prover import accumulator_root
from chain.state.accumulator import EVENTS, PLACEHOLDER, ConsistencyProof, LeafProof, merkle_root, prove_event
from chain.state.proof import verify_event_leaf
from chain.streams import CURRENCY_HANDLES, ROOT_HANDLES, currency_handles_from
from tests.builders import BOB, DEALER, US
from tests.chain.failures import failure
from tests.chains import small_chain

CHAIN = small_chain()
BELIEVED = CHAIN.believed()
TIP = CHAIN.ledger.tip_version
PAYMENT, FAILED, MINT = 7, 8, 5
OTHER = Hash(b"\x55" * 32)


# --- X15: ranges ---


def entries_failure(proof: EntriesProof) -> tuple[object, object]:
    return failure(verify_entries, BELIEVED, proof)


@pytest.mark.parametrize("first", range(TIP + 1))
def test_every_range_is_believed(first: int) -> None:
    """X15: all entries of consecutive versions, each with its events, by one path."""
    for count in range(1, TIP + 2 - first):
        proof = CHAIN.prover.entries(first, count)
        verify_entries(BELIEVED, proof)
        assert [entry.data for entry in proof.entries] == [
            CHAIN.transaction(version).entry.data for version in range(first, first + count)
        ]


def test_a_range_has_no_gap_and_stands_where_it_says() -> None:
    """X15: none left out, added, exchanged or changed, at no other versions, and never none at all."""
    proof = CHAIN.prover.entries(5, 4)
    entries = proof.entries
    for changed in (
        entries[1:], entries[:-1], (*entries[:1], *entries[2:]), (entries[1], entries[0], *entries[2:]),
        (*entries, entries[-1]), (entries[0], *entries),
    ):  # fmt: skip
        assert entries_failure(proof._replace(entries=changed))[0] == "transaction_info"
    assert entries_failure(proof._replace(entries=())) == ("transaction_info", "range")
    for first in (0, 4, 6, TIP, 2**64 - 1):
        assert entries_failure(proof._replace(first=first))[0] == "transaction_info"
    payment = entries[2]
    other = (*entries[:2], payment._replace(data=entries[3].data), entries[3])
    assert entries_failure(proof._replace(entries=other)) == ("transaction", "hash")
    silent = (*entries[:2], payment._replace(events=payment.events[:1]), entries[3])
    assert entries_failure(proof._replace(entries=silent)) == ("events", "root")
    gas = (*entries[:2], payment._replace(info=payment.info._replace(gas_used=1)), entries[3])
    assert entries_failure(proof._replace(entries=gas)) == ("transaction_info", "root")


# --- X16: one event ---


def event_failure(proof: EventProof) -> tuple[object, object]:
    return failure(verify_event, BELIEVED, proof)


@pytest.mark.parametrize("version", range(TIP + 1))
def test_every_event_is_believed_alone(version: int) -> None:
    """X16: an event by the path to its leaf's event root, without the entry or its other events."""
    events = CHAIN.transaction(version).entry.events
    for place, event in enumerate(events):
        proof = CHAIN.prover.event(version, place)
        verify_event(BELIEVED, proof)
        assert proof.event == event
        assert len(proof.event_path.siblings) == (len(events) - 1).bit_length()


def test_an_event_is_that_of_its_place_and_version() -> None:
    """X16: not another one, not elsewhere, not of another version."""
    proof = CHAIN.prover.event(PAYMENT, 0)
    other = CHAIN.prover.event(PAYMENT, 1)
    event = proof.event
    for changed in (
        other.event, event._replace(sequence=1), event._replace(key=other.event.key), event._replace(type="mint"),
        event._replace(data=(1_501, *event.data[1:])),
    ):  # fmt: skip
        assert event_failure(proof._replace(event=changed)) == ("event", "root")
    assert event_failure(proof._replace(place=1)) == ("event", "root")
    assert event_failure(proof._replace(place=2)) == ("event", "place")
    assert event_failure(proof._replace(event_path=other.event_path)) == ("event", "root")
    siblings = proof.event_path.siblings
    assert event_failure(proof._replace(event_path=LeafProof(()))) == ("event", "root")
    longer = LeafProof((*siblings, PLACEHOLDER))
    assert event_failure(proof._replace(event_path=longer)) == ("event", "root")
    assert event_failure(proof._replace(event_path=LeafProof(siblings * 63))) == ("event", "siblings")
    minted = CHAIN.prover.event(MINT, 0)
    assert event_failure(proof._replace(info=minted.info))[0] == "transaction_info"
    assert event_failure(minted._replace(event=event)) == ("event", "root")
    assert event_failure(proof._replace(version=FAILED))[0] == "transaction_info"
    wrong_root = proof.info._replace(event_root=OTHER)
    assert event_failure(proof._replace(info=wrong_root)) == ("transaction_info", "root")


def test_a_version_without_events_proves_none() -> None:
    """X16: no path leads to the placeholder."""
    failed = CHAIN.prover.info(FAILED)
    assert failed.event_root == PLACEHOLDER
    proof = EventProof(
        FAILED, CHAIN.prover.path(FAILED), failed, 0, LeafProof(()), Event(b"k" * 24, 0, "mint", (1, "XUS"))
    )
    assert event_failure(proof) == ("event", "root")


def test_the_places_among_one_to_nine_events() -> None:
    """X16: all siblings are sent, placeholders too; each place has one proof, and a neighbour's proves nothing."""
    leaves = [Hash(bytes([number]) * 32) for number in range(1, 10)]
    for count in range(1, 10):
        root = merkle_root(leaves[:count], EVENTS)
        for place in range(count):
            proof = prove_event(leaves[:count], place)
            verify_event_leaf(root, place, leaves[place], proof)
            for wrong in range(1 << len(proof.siblings)):
                if wrong != place:
                    with pytest.raises(Exception, match=r"the root is|has no place"):
                        verify_event_leaf(root, wrong, leaves[place], proof)
    assert prove_event(leaves[:3], 2).siblings == (PLACEHOLDER, merkle_root(leaves[:2], EVENTS))


def test_no_byte_moves_between_a_leaf_and_its_sibling() -> None:
    """X16: every hash of a path has 32 bytes; the same bytes cut elsewhere would hash to the same root."""
    left, right = Hash(bytes(range(32))), Hash(bytes(range(32, 64)))
    root, both = merkle_root([left, right], EVENTS), left + right
    verify_event_leaf(root, 0, left, LeafProof((right,)))
    cut = [(root, both[:at], (Hash(both[at:]),), "siblings") for at in (31, 33)]
    short = [(root, left[:31], (right,), "leaf"), (left + b"x", left + b"x", (), "leaf"), (b"", b"", (), "leaf")]
    for believed, leaf, siblings, step in (*cut, *short):
        with pytest.raises(ProofError) as caught:
            verify_event_leaf(believed, 0, leaf, LeafProof(siblings))
        assert caught.value.details["step"] == step


# --- X17: streams ---


def stream(handle: int, creator: bytes, at: int = TIP) -> StreamProof:
    state = CHAIN.ledger.history.at(at)
    assert state is not None
    return CHAIN.prover.stream(event_key(handle, creator), state, at)


def stream_failure(proof: StreamProof) -> tuple[object, object]:
    return failure(verify_stream, BELIEVED, proof)


def events_of(key: bytes, at: int) -> list[int]:
    """The numbers of a stream's events in the versions up to one, as the entries have them."""
    versions = range(at + 1)
    events = [event for version in versions for event in CHAIN.transaction(version).entry.events]
    return [event.sequence for event in events if event.key == key]


CHECKPOINTS = (0, 3, 5, 8, 9, 10, 11)
STREAMS = [
    *[(handle, ASSOCIATION) for handle in (*range(32), 1_000, 1_001, 2**64 - 1)],
    *[(handle, creator) for creator in (DEALER.address, US.address, BOB.address) for handle in (*range(6), 2**64 - 1)],
]


@pytest.mark.parametrize("at", CHECKPOINTS)
def test_a_stream_has_as_many_events_as_its_owner_counts(at: int) -> None:
    """X17: numbers from 0 to below the count, and none above: of accounts, of the root, of currencies, of nobody."""
    for handle, creator in STREAMS:
        count = verify_stream(BELIEVED, stream(handle, creator, at))
        assert events_of(event_key(handle, creator), at) == list(range(count)), (handle, creator.hex())


def test_streams_of_the_root_and_of_currencies() -> None:
    """X17: the root's own are counted by the configuration, a currency's five by its record (which is named there)."""
    counted = {name: verify_stream(BELIEVED, stream(handle, ASSOCIATION)) for name, handle in ROOT_HANDLES.items()}
    assert counted["newblock"] == 6
    assert counted["createaccount"] == 2
    mint = stream(currency_handles_from(0) + CURRENCY_HANDLES["mint"], ASSOCIATION)
    assert verify_stream(BELIEVED, mint) == 1
    assert len(mint.records) == 2
    assert len(stream(ROOT_HANDLES["newblock"], ASSOCIATION).records) == 1
    assert len(stream(0, US.address).records) == 1


def test_nobody_can_hide_an_event_of_a_stream() -> None:
    """X17: not by another record, another state, fewer or more records, or another stream's key."""
    sent = stream(4, DEALER.address)
    assert verify_stream(BELIEVED, sent) == 1
    received = stream(2, US.address)
    ((record, path),) = sent.records
    assert record is not None
    fewer = Account.from_bytes(record)
    forged = fewer._replace(streams=(*fewer.streams[:4], 0)).to_bytes()
    assert stream_failure(sent._replace(records=((forged, path),))) == ("state", "leaf_value")
    assert stream_failure(sent._replace(records=((None, path),))) == ("state", "leaf_key")
    assert stream_failure(sent._replace(records=())) == ("stream", "records")
    assert stream_failure(sent._replace(records=((record, path),) * 2)) == ("stream", "records")
    assert stream_failure(sent._replace(records=((record, path),) * 3)) == ("stream", "records")
    assert stream_failure(sent._replace(key=received.key)) == ("state", "leaf_key")
    old = stream(4, DEALER.address, 5)
    assert verify_stream(BELIEVED, old) == 0
    assert stream_failure(sent._replace(checkpoint=old.checkpoint))[0] == "state"
    mint = stream(5, ASSOCIATION)
    assert stream_failure(mint._replace(records=mint.records[:1])) == ("stream", "records")
    assert stream_failure(mint._replace(records=mint.records[::-1])) == ("state", "leaf_key")
    euro = stream(18, ASSOCIATION)
    assert stream_failure(mint._replace(records=euro.records))[0] == "state"


# --- X18: prefixes ---


def prefix_failure(proof: PrefixProof) -> tuple[object, object]:
    return failure(verify_prefix, BELIEVED, proof)


@pytest.mark.parametrize("earlier", range(TIP + 1))
def test_the_ledger_begins_with_what_it_was(earlier: int) -> None:
    """X18: the roots of both versions, against the certified ledger."""
    for later in range(earlier, TIP + 1):
        roots = verify_prefix(BELIEVED, CHAIN.prover.prefix(earlier, later))
        assert roots == (accumulator_root(CHAIN.store, earlier), accumulator_root(CHAIN.store, later))


def test_another_history_is_no_prefix() -> None:
    """X18: every hash and both versions count; versions rise, from 0 to the certified one."""
    proof = CHAIN.prover.prefix(5, 9)
    frontier, between, rest = proof.earlier, proof.between.subtrees, proof.rest.subtrees
    assert (len(frontier.roots), len(between), len(rest)) == (2, 2, 1)
    for place in range(2):
        roots = tuple(OTHER if at == place else root for at, root in enumerate(frontier.roots))
        assert prefix_failure(proof._replace(earlier=frontier._replace(roots=roots))) == ("prefix", "root")
        changed = tuple(OTHER if at == place else root for at, root in enumerate(between))
        assert prefix_failure(proof._replace(between=ConsistencyProof(changed))) == ("prefix", "root")
    assert prefix_failure(proof._replace(rest=ConsistencyProof((OTHER,)))) == ("prefix", "root")
    for subtrees in ((), between[:1], (*between, OTHER)):
        assert prefix_failure(proof._replace(between=ConsistencyProof(subtrees))) == ("prefix", "subtrees")
    for subtrees in ((), (*rest, OTHER)):
        assert prefix_failure(proof._replace(rest=ConsistencyProof(subtrees))) == ("prefix", "subtrees")
    assert prefix_failure(proof._replace(later=4)) == ("prefix", "order")
    assert prefix_failure(proof._replace(later=TIP + 1)) == ("prefix", "order")
    assert prefix_failure(proof._replace(earlier=frontier._replace(size=0, roots=()))) == ("prefix", "order")
    foreign = small_chain((0, 1, 2))
    assert foreign.ledger.genesis_info.root == CHAIN.ledger.genesis_info.root
    for earlier in (0, 4, TIP):
        assert prefix_failure(foreign.prover.prefix(earlier, TIP)) == ("prefix", "root")


def test_the_owner_of_a_stream_stands_in_its_key() -> None:
    """X17: the handle's number, 8 bytes little-endian, then the creator's address."""
    state = CHAIN.ledger.history.at(TIP)
    assert state is not None
    info: TransactionInfo = CHAIN.prover.info(TIP)
    proof = stream(3, US.address)
    assert proof.key == (3).to_bytes(8, "little") + US.address
    assert proof.checkpoint.infos == (info,)
    record: Any = state.get(account_key(US.address))
    assert proof.records[0][0] == record.to_bytes()
