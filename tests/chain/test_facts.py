"""The bytes of proofs: one proof has one byte string, and whatever is changed in it is noticed (X14)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import ASSOCIATION, currency_key, event_key, receipt_key
from chain.codec import Value, decode, encode, fields
from chain.crypto.signing import RealSignatures
from chain.errors import ProofError
from chain.facts import (
    FACTS,
    EntriesProof,
    EpochsProof,
    EventProof,
    EvidenceProof,
    Fact,
    LedgerProof,
    PrefixProof,
    RecordProof,
    StreamProof,
    TransactionProof,
    encode_proof,
    read,
    value_of,
)
from chain.light_client import (
    decode_proof,
    verify_entries,
    verify_event,
    verify_guilt,
    verify_ledger,
    verify_prefix,
    verify_record,
    verify_stream,
    verify_transaction,
)
from tests.accusations import Liar
from tests.builders import BOB, DEALER, TC, US, key
from tests.chain.failures import failure
from tests.chains import small_chain

CHAIN = small_chain()
KEYS = {index: key(2_000 + index) for index in range(3)}
LATER = CHAIN.end_epoch(KEYS)
"""The waypoint of the end of epoch 1."""
for _ in range(3):
    CHAIN.add(CHAIN.sign(TC, "update_exchange_rate", "XUS", 0, 3, 2))
TIP = CHAIN.ledger.tip_version
LEDGERS = {CHAIN.waypoint: CHAIN.proof(), LATER: CHAIN.proof(12)}
FROM_GENESIS, FROM_LATER = LEDGERS.values()


def state(version: int) -> Any:
    found = CHAIN.ledger.history.at(version)
    assert found is not None
    return found


KINDS: dict[str, Fact] = {
    "payment": CHAIN.transaction(7),
    "failed": CHAIN.transaction(8),
    "genesis": CHAIN.transaction(0),
    "metadata": CHAIN.transaction(6),
    "present": CHAIN.account(US.address),
    "absent": CHAIN.account(BOB.address),
    "old": CHAIN.prover.account(US.address, state(7), 7),
    "root": CHAIN.account(ASSOCIATION),
    "currency": CHAIN.prover.record(currency_key("XUS"), state(TIP)),
    "no receipt": CHAIN.prover.record(receipt_key(b"?"), state(TIP)),
    "event": CHAIN.prover.event(7, 1),
    "only event": CHAIN.prover.event(6, 0),
    "stream": CHAIN.prover.stream(event_key(4, DEALER.address), state(TIP)),
    "nobody's stream": CHAIN.prover.stream(event_key(0, BOB.address), state(TIP)),
    "mint": CHAIN.prover.stream(event_key(5, ASSOCIATION), state(8), 8),
    "range": CHAIN.prover.entries(6, 3),
    "prefix": CHAIN.prover.prefix(4, 10),
    "same": CHAIN.prover.prefix(TIP, TIP),
    "epochs": EpochsProof(),
    "evidence": EvidenceProof(Liar(KEYS[2], CHAIN.genesis_hash, epoch=2).lock_lie()),
}


def check(data: bytes, waypoint: str = CHAIN.waypoint) -> None:
    """Decode and verify."""
    ledger, fact = decode_proof(data)
    believed = verify_ledger(waypoint, ledger, RealSignatures())
    match fact:
        case TransactionProof():
            verify_transaction(believed, fact)
        case EntriesProof():
            verify_entries(believed, fact)
        case EventProof():
            verify_event(believed, fact)
        case RecordProof():
            verify_record(believed, fact)
        case StreamProof():
            verify_stream(believed, fact)
        case PrefixProof():
            verify_prefix(believed, fact)
        case EvidenceProof():
            verify_guilt(believed, fact, RealSignatures())
        case EpochsProof():
            pass


def asked(fact: Fact) -> object:
    """The question that a fact about the state answers: it stands in the proof, and who asked compares it (X19)."""
    return (fact.key, fact.checkpoint.at) if isinstance(fact, RecordProof | StreamProof) else None


def caught(data: bytes, name: str) -> bool:
    """Whether bytes made of a proof's fail, by an error that names its step, or answer another question."""
    try:
        check(data, LATER)
    except ProofError as error:
        return bool(error.details["step"])
    return asked(decode_proof(data)[1]) != asked(KINDS[name])


def test_every_kind_is_here() -> None:
    """What follows looks at every kind of proof."""
    assert {type(fact) for fact in KINDS.values()} == set(FACTS)


@pytest.mark.parametrize("waypoint", LEDGERS)
@pytest.mark.parametrize("name", KINDS)
def test_bytes_and_back(name: str, waypoint: str) -> None:
    """One proof, one byte string; from genesis' waypoint and from a later one."""
    data = encode_proof(LEDGERS[waypoint], KINDS[name])
    check(data, waypoint)
    assert encode_proof(*decode_proof(data)) == data
    assert decode_proof(data)[1] == KINDS[name]
    for other in LEDGERS:
        if other != waypoint:
            assert failure(check, data, other) == ("waypoint", "another_waypoint")


@pytest.mark.parametrize("name", KINDS)
def test_no_byte_of_a_proof_goes_unchecked(name: str) -> None:
    """X14: every single-byte change of every kind of proof is caught, and so is each cut."""
    data = encode_proof(FROM_LATER, KINDS[name])
    check(data, LATER)
    for at, byte in enumerate(data):
        changed = data[:at] + bytes([byte ^ 1 << at % 8]) + data[at + 1 :]
        assert caught(changed, name)
        assert failure(check, data[:at], LATER)[0] == "encoding"
    assert failure(check, data + b"\0", LATER)[0] == "encoding"


def test_no_byte_of_the_ledgers_proof_goes_unchecked() -> None:
    """X14: with an epoch's end in it, each byte turned to three other values."""
    data = encode_proof(FROM_GENESIS, EpochsProof())
    for at, byte in enumerate(data):
        for flip in (0x01, 0x40, 0xFF):
            failure(check, data[:at] + bytes([byte ^ flip]) + data[at + 1 :])


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_any_byte_to_any_value(name: str, data: st.DataObject) -> None:
    """X14: a byte set to whatever else."""
    proof = encode_proof(FROM_LATER, KINDS[name])
    at = data.draw(st.integers(0, len(proof) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != proof[at]))
    assert caught(proof[:at] + bytes([value]) + proof[at + 1 :], name)


# --- changes of structure ---


def lists(value: Value, path: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """Where lists stand in a value."""
    if not isinstance(value, tuple):
        return []
    return [path, *(place for at, item in enumerate(value) for place in lists(item, (*path, at)))]


def changed_at(value: Any, path: tuple[int, ...], new: Any) -> Any:
    """The value with another one at a path."""
    if not path:
        return new
    return (*value[: path[0]], changed_at(value[path[0]], path[1:], new), *value[path[0] + 1 :])


def found_at(value: Any, path: tuple[int, ...]) -> Any:
    """What stands at a path."""
    for at in path:
        value = value[at]
    return value


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_lists_that_lost_gained_or_exchanged_something(name: str, data: st.DataObject) -> None:
    """X14: an item of any list dropped, doubled, exchanged with another, or the list reversed or emptied."""
    value = decode(encode_proof(FROM_LATER, KINDS[name]))
    places = [path for path in lists(value) if found_at(value, path)]
    path = data.draw(st.sampled_from(places))
    items = found_at(value, path)
    at = data.draw(st.integers(0, len(items) - 1))
    to = data.draw(st.integers(0, len(items) - 1))
    swapped = list(items)
    swapped[at], swapped[to] = swapped[to], swapped[at]
    changes = {
        "drop": (*items[:at], *items[at + 1 :]),
        "double": (*items[: at + 1], *items[at:]),
        "swap": tuple(swapped),
        "reverse": items[::-1],
        "empty": (),
        "append": (*items, items[at]),
        "none": (*items[:at], None, *items[at + 1 :]),
    }
    new = changes[data.draw(st.sampled_from(sorted(changes)))]
    if new != items:
        assert caught(encode(changed_at(value, path, new)), name)


@given(st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(KINDS)), st.data())
def test_parts_of_one_proof_in_another(name: str, other: str, data: st.DataObject) -> None:
    """X14: a list of one proof put where another one stands."""
    value = decode(encode_proof(FROM_LATER, KINDS[name]))
    donor = decode(encode_proof(FROM_LATER, KINDS[other]))
    places = [place for place in lists(value) if place[:1] == (2,) and len(place) > 1]
    path = data.draw(st.sampled_from(places or [(1,)]))
    new = found_at(donor, data.draw(st.sampled_from(lists(donor))))
    if new != found_at(value, path):
        assert caught(encode(changed_at(value, path, new)), name)


@pytest.mark.parametrize("name", KINDS)
def test_numbers_that_are_a_little_other(name: str) -> None:
    """X14: each number of a fact one more, one less, zero or huge."""
    value = decode(encode_proof(FROM_LATER, KINDS[name]))

    def numbers(item: Any, path: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
        if type(item) is int:
            return [path]
        inner = enumerate(item) if isinstance(item, tuple) else ()
        return [place for at, part in inner for place in numbers(part, (*path, at))]

    for path in numbers(value):
        old = found_at(value, path)
        for new in {old + 1, max(old - 1, 0), 0, 2**64 - 1} - {old}:
            assert caught(encode(changed_at(value, path, new)), name), (path, old, new)


@pytest.mark.parametrize("name", KINDS)
def test_the_kinds_are_not_exchanged(name: str) -> None:
    """X14: a fact under another kind's number, and unknown kinds."""
    number, ledger, fact = fields(decode(encode_proof(FROM_LATER, KINDS[name])), "proof", int, tuple, tuple)
    for other in range(len(FACTS)):
        if other != number:
            assert failure(check, encode((other, ledger, fact)), LATER)[0] == "encoding"
    for unknown in (len(FACTS), 2**64 - 1):
        assert failure(decode_proof, encode((unknown, ledger, fact))) == ("encoding", "unknown_kind")


def test_shapes_that_are_no_proof() -> None:
    """X14: missing and additional fields and wrong types are refused while decoding."""
    number, ledger, fact = fields(decode(encode_proof(FROM_LATER, KINDS["present"])), "proof", int, tuple, tuple)
    value: Any
    for value in (
        (True, ledger, fact), (number, ledger), (number, ledger, fact, None), (number, (*ledger, None), fact),
        (number, ledger[:-1], fact), (number, ledger, (*fact, b"")), (number, ledger, fact[:-1]),
        (number, ledger, (*fact[:2], 7, fact[3])), (number, ledger, ((True, *fact[0][1:]), *fact[1:])), None, 7, (),
        b"", (number, ledger, None), (number, b"", fact),
    ):  # fmt: skip
        assert failure(decode_proof, encode(value))[0] == "encoding"
    key, rest = KINDS["stream"], value_of(KINDS["stream"])
    assert isinstance(key, StreamProof)
    assert isinstance(rest, tuple)
    short = (rest[0], key.key[:-1], rest[2])
    assert failure(decode_proof, encode((3, ledger, short))) == ("encoding", "wrong_size")


def test_the_waypoints_own_ledger_in_bytes() -> None:
    """X14: the proof without a certificate; each byte of it too."""
    fresh = small_chain()
    waypoint = fresh.end_epoch(KEYS)
    proof = fresh.proof(12)
    assert proof.certificate is None
    state = fresh.ledger.history.at(12)
    assert state is not None
    data = encode_proof(proof, fresh.prover.account(US.address, state))
    check(data, waypoint)
    for at, byte in enumerate(data):
        failure(check, data[:at] + bytes([byte ^ 1 << at % 8]) + data[at + 1 :], waypoint)


def test_a_value_is_read_as_it_was_written() -> None:
    """Each class by its fields in order."""
    for ledger in LEDGERS.values():
        assert value_of(read(LedgerProof, value_of(ledger))) == value_of(ledger)
    for fact in KINDS.values():
        assert read(type(fact), value_of(fact)) == fact
