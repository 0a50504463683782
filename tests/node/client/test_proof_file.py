"""Proof files: whatever is changed in one is noticed, and the step that fails is named (X13, X14)."""

import json
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import ASSOCIATION, TREASURY, currency_key, event_key
from chain.codec import decode, encode, fields
from chain.errors import MithqalError, ProofError
from chain.facts import EpochsProof, EvidenceProof, Fact, TransactionProof, encode_proof
from chain.prover import accumulator_root
from node.client.proof_file import MAX_FILE_BYTES, verify, verify_file, write_document
from tests.accusations import LIAR, Liar
from tests.builders import BOB, DEALER, US
from tests.builders import key as private_key
from tests.chains import Chain, small_chain

CHAIN = small_chain()
PROOF = CHAIN.proof()
PAYMENT, FAILED = 7, 8
STATE = CHAIN.ledger.history.at(CHAIN.ledger.tip_version)
OLD = CHAIN.ledger.history.at(7)
assert STATE is not None
assert OLD is not None
FACTS: dict[str, Fact] = {
    "transaction": CHAIN.transaction(PAYMENT),
    "failed": CHAIN.transaction(FAILED),
    "metadata": CHAIN.transaction(1),
    "genesis": CHAIN.transaction(0),
    "present": CHAIN.account(US.address),
    "treasury": CHAIN.account(TREASURY),
    "absent": CHAIN.account(BOB.address),
    "old": CHAIN.prover.account(US.address, OLD, PAYMENT),
    "currency": CHAIN.prover.record(currency_key("XUS"), STATE),
    "nothing": CHAIN.prover.record(currency_key("XYZ"), STATE),
    "event": CHAIN.prover.event(PAYMENT, 1),
    "stream": CHAIN.prover.stream(event_key(4, DEALER.address), STATE),
    "mint": CHAIN.prover.stream(event_key(5, ASSOCIATION), STATE),
    "range": CHAIN.prover.entries(6, 3),
    "consistency": CHAIN.prover.prefix(4, 9),
    "epochs": EpochsProof(),
    "evidence": EvidenceProof(Liar(private_key(10 + LIAR), CHAIN.genesis_hash).double_vote()),
}
PAYMENT_HASH = CHAIN.prover.info(PAYMENT).transaction_hash.hex()


def file_of(name: str, chain: Chain = CHAIN) -> bytes:
    """The file of a proof."""
    fact = FACTS[name]
    return write_document(verify(PROOF, fact, chain.waypoint), PROOF, fact).encode()


FILES = {name: file_of(name) for name in FACTS}
CHANGED = [
    "transaction",
    "present",
    "absent",
    "old",
    "currency",
    "event",
    "mint",
    "range",
    "consistency",
    "epochs",
    "evidence",
]
"""Those that are changed in every place: each kind."""


def failure(data: bytes, waypoint: str = CHAIN.waypoint) -> str:
    """The step at which a file fails."""
    with pytest.raises(ProofError) as caught:
        verify_file(data, waypoint)
    error = caught.value
    assert error.name == "bad_proof"
    step = error.details["step"]
    assert isinstance(step, str)
    assert f"at step {step}: " in error.message
    error.message.encode()
    return step


def edited(name: str, change: Callable[[dict[str, Any]], object]) -> bytes:
    """A file whose object was changed, written again as `proof get` would."""
    document = json.loads(FILES[name])
    change(document)
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


# --- what holds ---


@pytest.mark.parametrize("name", FACTS)
def test_a_file_verifies_and_is_one_line(name: str) -> None:
    """Compact JSON in ASCII, one newline at the end; format, kind, claim, proof."""
    data = FILES[name]
    verified = verify_file(data, CHAIN.waypoint)
    document = json.loads(data)
    assert list(document) == ["format", "kind", "claim", "proof"]
    assert document["format"] == "mithqal-proof-2"
    kinds = {
        "event": "event", "stream": "stream", "mint": "stream", "range": "range", "consistency": "consistency",
        "epochs": "epochs", "currency": "record", "nothing": "record", "evidence": "evidence",
    }  # fmt: skip
    whole = "transaction" if isinstance(FACTS[name], TransactionProof) else "account"
    assert document["kind"] == verified.kind == kinds.get(name, whole)
    assert document["claim"] == verified.claim
    assert document["proof"] == encode_proof(PROOF, FACTS[name]).hex()
    assert data.isascii()
    assert data == json.dumps(document, separators=(",", ":")).encode() + b"\n"
    assert verified.to_json() == {
        "verified": True, "kind": verified.kind, "waypoint": CHAIN.waypoint, **document["claim"]
    }  # fmt: skip


def test_the_claim_of_a_payment() -> None:
    """What it proves in readable fields: version, hash, result, the call, its events, the certified ledger."""
    claim = verify_file(FILES["transaction"], CHAIN.waypoint).claim
    assert list(claim) == ["version", "hash", "status", "gas_used", "transaction", "events", "ledger"]
    assert (claim["version"], claim["hash"], claim["status"]) == (PAYMENT, PAYMENT_HASH, "executed")
    assert claim["gas_used"] == 600
    body = claim["transaction"]
    assert (body["type"], body["sender"], body["sequence_number"]) == ("user", DEALER.address.hex(), 0)
    assert (body["script"]["receiver"], body["script"]["amount"]) == (US.address.hex(), 1_500)
    assert [event["data"]["type"] for event in claim["events"]] == ["sentpayment", "receivedpayment"]
    tip = CHAIN.ledger.tip
    assert claim["ledger"] == {
        "genesis_hash": CHAIN.genesis_hash.hex(), "version": tip.version, "timestamp_usecs": tip.timestamp_us,
        "accumulator_root_hash": tip.root.hex(), "epoch": 1, "round": tip.round, "block_id": tip.block_id.hex(),
        "signers": ["validator-0", "validator-1", "validator-3"], "validators": 4, "quorum": 3,
    }  # fmt: skip


def test_the_claim_of_a_failed_payment_names_the_rule() -> None:
    """An abort by module, code, category and reason; no events."""
    claim = verify_file(FILES["failed"], CHAIN.waypoint).claim
    assert (claim["status"], claim["events"]) == ("move_abort", [])
    assert claim["abort"] == {
        "module": "DiemAccount", "code": 1288, "category": "LIMIT_EXCEEDED", "reason": "EINSUFFICIENT_BALANCE"
    }  # fmt: skip


def test_the_claim_of_other_entries() -> None:
    """Genesis and block metadata are entries as well."""
    metadata = verify_file(FILES["metadata"], CHAIN.waypoint).claim
    assert (metadata["transaction"]["type"], metadata["transaction"]["height"]) == ("blockmetadata", 1)
    assert [event["data"]["type"] for event in metadata["events"]] == ["newblock"]
    genesis = verify_file(FILES["genesis"], CHAIN.waypoint).claim
    assert (genesis["transaction"], genesis["version"]) == ({"type": "writeset"}, 0)
    assert genesis["hash"] == CHAIN.genesis_hash.hex()


def test_the_claim_of_an_account_and_of_none() -> None:
    """Balances, or that nothing is there."""
    present = verify_file(FILES["present"], CHAIN.waypoint).claim
    assert list(present) == ["version", "at", "address", "exists", "account", "ledger"]
    assert (present["exists"], present["address"]) == (True, US.address.hex())
    assert present["account"]["balances"] == [{"amount": 1_500, "currency": "XUS"}]
    assert present["account"]["version"] == present["version"] == CHAIN.ledger.tip_version
    absent = verify_file(FILES["absent"], CHAIN.waypoint).claim
    assert (absent["exists"], absent["account"], absent["address"]) == (False, None, BOB.address.hex())


def test_the_claim_of_an_older_state() -> None:
    """The version asked for, and where its state was made."""
    claim = verify_file(FILES["old"], CHAIN.waypoint).claim
    assert (claim["version"], claim["at"]) == (5, PAYMENT)
    assert claim["account"]["balances"] == [{"amount": 0, "currency": "XUS"}]


def test_the_claim_of_another_record() -> None:
    """Its key, its kind and its fields; or that there is none."""
    claim = verify_file(FILES["currency"], CHAIN.waypoint).claim
    assert list(claim) == ["version", "at", "key", "exists", "record", "ledger"]
    assert (claim["key"], claim["exists"]) == (currency_key("XUS").hex(), True)
    record = claim["record"]
    assert (record["type"], record["code"], record["total_value"]) == ("currency", "XUS", 5_000)
    assert (record["can_mint"], record["streams"]) == (True, [1, 0, 0, 0, 0])
    nothing = verify_file(FILES["nothing"], CHAIN.waypoint).claim
    assert (nothing["exists"], nothing["record"], nothing["key"]) == (False, None, currency_key("XYZ").hex())


def test_the_claims_of_events_and_streams() -> None:
    """One event at its place; how many a stream has."""
    claim = verify_file(FILES["event"], CHAIN.waypoint).claim
    assert list(claim) == ["version", "place", "event", "ledger"]
    assert (claim["version"], claim["place"], claim["event"]["sequence_number"]) == (PAYMENT, 1, 0)
    assert claim["event"]["data"]["type"] == "receivedpayment"
    assert claim["event"]["data"]["amount"] == {"amount": 1_500, "currency": "XUS"}
    stream = verify_file(FILES["stream"], CHAIN.waypoint).claim
    assert list(stream) == ["version", "at", "key", "count", "ledger"]
    assert (stream["key"], stream["count"]) == (event_key(4, DEALER.address).hex(), 1)


def test_the_claims_of_ranges_prefixes_and_epochs() -> None:
    """Each entry as alone; two roots; who certified."""
    whole = verify_file(FILES["range"], CHAIN.waypoint).claim
    assert (whole["first"], whole["last"]) == (6, 8)
    for row, name in zip(whole["transactions"][1:], ("transaction", "failed"), strict=True):
        single = verify_file(FILES[name], CHAIN.waypoint).claim
        assert row == {key: value for key, value in single.items() if key != "ledger"}
    prefix = verify_file(FILES["consistency"], CHAIN.waypoint).claim
    for name, version in (("earlier", 4), ("later", 9)):
        root = accumulator_root(CHAIN.store, version).hex()
        assert prefix[name] == {"version": version, "accumulator_root_hash": root}
    (epoch,) = verify_file(FILES["epochs"], CHAIN.waypoint).claim["epochs"]
    assert (epoch["epoch"], epoch["after_version"], epoch["waypoint"], epoch["quorum"]) == (1, 0, CHAIN.waypoint, 3)
    assert [member["name"] for member in epoch["validators"]] == [f"validator-{number}" for number in range(4)]


def test_in_words() -> None:
    """People read what was proved, from which waypoint, and who signed."""
    signed = "  signed by 3 of 4 validators (validator-0, validator-1, validator-3)"
    lines = verify_file(FILES["transaction"], CHAIN.waypoint).lines()
    assert lines[0] == f"verified from waypoint {CHAIN.waypoint}"
    assert lines[1] == f"  user transaction {PAYMENT}  {PAYMENT_HASH}"
    assert lines[2] == "  status executed, gas 600, 2 events"
    assert lines[-1] == signed
    lines = verify_file(FILES["present"], CHAIN.waypoint).lines()
    assert lines[1] == f"  account {US.address.hex()}  parent_vasp, at version {CHAIN.ledger.tip_version}"
    assert lines[2].split() == ["0.001500", "XUS"]
    lines = verify_file(FILES["absent"], CHAIN.waypoint).lines()
    assert lines[1] == f"  no account {BOB.address.hex()} at version {CHAIN.ledger.tip_version}"
    tip, key = CHAIN.ledger.tip_version, event_key(4, DEALER.address).hex()
    said = {name: verify_file(FILES[name], CHAIN.waypoint).lines()[1] for name in FACTS}
    assert said["event"].startswith(f"  event 1 of version {PAYMENT}: receivedpayment, number 0 of stream ")
    assert said["stream"] == f"  stream {key} has 1 events at version {tip}, numbers 0 to 0; none above exists yet"
    assert said["range"] == "  3 entries, versions 6 to 8"
    assert said["consistency"] == "  the ledger of version 9 begins with that of version 4"
    assert said["epochs"] == f"  epoch 1 after version 0: 4 validators, waypoint {CHAIN.waypoint}"
    assert said["currency"] == f"  currency under key {currency_key('XUS').hex()} at version {tip}"
    assert said["nothing"] == f"  nothing under key {currency_key('XYZ').hex()} at version {tip}"
    assert said["evidence"] == "  validator-2 (validator 2) voted twice in epoch 1"
    assert said["old"] == f"  account {US.address.hex()}  parent_vasp, at version {PAYMENT}"


# --- what does not ---


@pytest.mark.parametrize("name", CHANGED)
@given(st.data())
def test_any_other_byte_anywhere(name: str, data) -> None:
    """X13: each single byte of the file counts."""
    good = FILES[name]
    at = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.one_of(st.integers(0, 255), st.sampled_from(list(string.printable.encode()))))
    if byte != good[at]:
        failure(good[:at] + bytes([byte]) + good[at + 1 :])


@pytest.mark.parametrize("name", CHANGED)
def test_a_byte_at_each_position(name: str) -> None:
    """X13: at every position, a likely other byte: another hex digit, another case, a blank for the newline."""
    good = FILES[name]
    for at, byte in enumerate(good):
        other = {0x0A: 0x20, 0x30: 0x31, 0x2C: 0x20}.get(byte, byte ^ 0x20 if chr(byte).isalpha() else byte ^ 1)
        failure(good[:at] + bytes([other]) + good[at + 1 :])


@pytest.mark.deep
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", CHANGED)
def test_many_bytes_at_every_position(name: str) -> None:
    """X13: every digit of hex in both cases, what JSON is made of, and bytes that are no text."""
    good = FILES[name]
    for at, byte in enumerate(good):
        for other in b'0123456789abcdefABCDEF"{}[]:,\\ \n\t\0\x80\xff':
            if other != byte:
                failure(good[:at] + bytes([other]) + good[at + 1 :])


@pytest.mark.parametrize("name", CHANGED)
def test_a_byte_more_or_less(name: str) -> None:
    """X13: a blank, a newline, a missing end, a byte order mark; nothing at all."""
    good = FILES[name]
    for other in (
        good + b"\n", good + b" ", b" " + good, good[:-1], good[:-1] + b"\r\n", b"\xef\xbb\xbf" + good, good[:-2], b"",
        good.replace(b'"kind":', b'"kind": '), good.replace(b"t", b"\\u0074", 1), good + good,
    ):  # fmt: skip
        assert failure(other) in ("json", "form")


def every_place(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Each value inside a JSON value, by its path."""
    found = [path] if path else []
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            found += every_place(item, (*path, key))
    return found


def at(document: Any, path: tuple[Any, ...]) -> tuple[Any, Any]:
    """The container of a place, and its key."""
    for key in path[:-1]:
        document = document[key]
    return document, path[-1]


def others(old: Any) -> list[Any]:
    """Values that a careless comparison could take for the old one, or that a forger would like."""
    found: list[Any] = [None, 0, 1, True, False, "", [], {}, "x", [old]]
    if isinstance(old, int):
        found += [old + 1, float(old), str(old), bool(old)]
    if isinstance(old, str):
        found += [old.upper(), old + " ", old[:-1]]
    if isinstance(old, list):
        found += [[*old, 1], old[1:], old[::-1]]
    return [other for other in found if json.dumps(other) != json.dumps(old)]


@pytest.mark.parametrize("name", CHANGED)
def test_every_value_of_a_claim(name: str) -> None:
    """X13: each value changed; true is not 1, and 1.0 is not 1."""
    claim = json.loads(FILES[name])["claim"]
    places = every_place(claim)
    assert len(places) > 12
    for path in places:
        container, key = at(claim, path)
        old = container[key]
        for container[key] in others(old):
            assert failure(edited(name, lambda d: d.update(claim=claim))) == "claim", path
        container[key] = old


@pytest.mark.parametrize("name", CHANGED)
def test_every_name_in_a_claim(name: str) -> None:
    """X13: each field renamed, left out, or with another one beside it."""
    for path in every_place(json.loads(FILES[name])["claim"]):
        for action in ("rename", "leave out", "add"):
            document = json.loads(FILES[name])
            container, key = at(document["claim"], path)
            if isinstance(container, dict):
                value = container[key]
                if action != "add":
                    del container[key]
                if action != "leave out":
                    container["\ud800" + key] = value
                text = json.dumps(document, separators=(",", ":")) + "\n"
                assert failure(text.encode()) == "claim", (path, action)


def test_the_claim_names_the_first_difference() -> None:
    """The message says where."""
    with pytest.raises(ProofError, match=r"claim\.account\.balances\[0\]\.amount is not what the proof shows"):
        verify_file(
            edited("present", lambda d: d["claim"]["account"]["balances"][0].update(amount=1_501)), CHAIN.waypoint
        )
    with pytest.raises(ProofError, match=r"claim\.'note' is not what"):
        verify_file(edited("present", lambda d: d["claim"].update(note=1)), CHAIN.waypoint)


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (lambda d: d.update(format="mithqal-proof-1"), "format"),
        (lambda d: d.update(format=1), "fields"),
        (lambda d: d.update(kind="account"), "kind"),
        (lambda d: d.update(kind="event"), "kind"),
        (lambda d: d.update(kind=None), "fields"),
        (lambda d: d.update(kind=["transaction"]), "fields"),
        (lambda d: d.update(claim=[]), "fields"),
        (lambda d: d.update(claim=None), "fields"),
        (lambda d: d.update(claim={}), "claim"),
        (lambda d: d.update(proof=d["proof"].upper()), "hex"),
        (lambda d: d.update(proof=d["proof"][:-1]), "hex"),
        (lambda d: d.update(proof=d["proof"][:-2]), "encoding"),
        (lambda d: d.update(proof=d["proof"] + "00"), "encoding"),
        (lambda d: d.update(proof="0x" + d["proof"]), "hex"),
        (lambda d: d.update(proof=d["proof"] + "\n"), "hex"),
        (lambda d: d.update(proof=" " + d["proof"]), "hex"),
        (lambda d: d.update(proof=""), "encoding"),
        (lambda d: d.update(proof=0), "fields"),
        (lambda d: d.update(note=""), "fields"),
        (lambda d: d.update(Proof=d.pop("proof")), "fields"),
        (lambda d: d.pop("format"), "fields"),
        (lambda d: d.pop("kind"), "fields"),
        (lambda d: d.pop("claim"), "fields"),
        (lambda d: d.pop("proof"), "fields"),
        (lambda d: d.update(claim=dict(reversed(d["claim"].items()))), "form"),
        (lambda d: d.update(format=d.pop("format")), "form"),
    ],
)
def test_the_four_fields(change: Callable[[dict[str, Any]], object], step: str) -> None:
    """X13: exactly these four, of these types, in this order."""
    assert failure(edited("transaction", change)) == step


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"null", b"7", b"[]", b'"x"', b"\xff", b"[" * 100_000, b'{"format":NaN}', b"1" * 5_000,
        b'{"format":"a","format":"a"}', b'{"format":"\\ud800"}',
    ],
)  # fmt: skip
def test_what_is_no_json_object(text: bytes) -> None:
    """X13: `json` for what no reader can parse or reads in two ways, `fields` for another value."""
    assert failure(text) in ("json", "fields")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"kind": "block"}, "unknown_kind"),
        ({"kind": "account"}, "another_kind"),
        ({"kind": "event"}, "another_kind"),
        ({"format": ""}, "unknown_format"),
        ({"note": 1}, "unknown_field"),
        ({"claim": 1}, "wrong_type"),
        ({"proof": "0"}, "not_hex"),
    ],
)
def test_the_rule_tells_apart_what_fails_at_one_step(change: dict[str, Any], rule: str) -> None:
    """A kind that is none and one that is not this; a field that is unknown, missing or of a wrong type."""
    with pytest.raises(ProofError) as caught:
        verify_file(edited("transaction", lambda d: d.update(change)), CHAIN.waypoint)
    assert caught.value.details["rule"] == rule


def test_a_field_that_stands_twice() -> None:
    """Another reader might take the other one: at the top, and deep inside the claim."""
    good = FILES["transaction"].decode()
    for field in ('"kind":"transaction",', '"status":"executed",', '"epoch":1,'):
        assert good.count(field) == 1
        twice = good.replace(field, field * 2)
        assert failure(twice.encode()) == "json"


def test_a_file_that_is_too_large() -> None:
    """Nothing above the limit is parsed; at the limit it is."""
    assert failure(b" " * (MAX_FILE_BYTES + 1)) == "file"
    assert failure(b" " * MAX_FILE_BYTES) == "json"


def test_waypoints() -> None:
    """Another waypoint fails at `waypoint`; a text that is none is refused before the file is read."""
    foreign = Chain(timestamp_us=7).waypoint
    for data in FILES.values():
        assert failure(data, foreign) == "waypoint"
    for text in ("", "0", CHAIN.waypoint.upper(), CHAIN.waypoint + "0"):
        with pytest.raises(MithqalError) as caught:
            verify_file(b"{", text)
        assert caught.value.name == "bad_waypoint"


def with_certificate(change: Callable[[Any], Any]) -> bytes:
    """The payment's file with another certificate in the proof; the claim stays."""
    whole = decode(encode_proof(PROOF, FACTS["transaction"]))
    number, ledger, fact = fields(whole, "proof", int, tuple, tuple)
    data = encode((number, (*ledger[:-1], change(ledger[-1])), fact))
    return edited("transaction", lambda d: d.update(proof=data.hex()))


def test_signatures() -> None:
    """Q - 1 signatures, one twice, a changed one: `quorum` and `signature`; also with the claim made to fit."""
    assert failure(with_certificate(lambda c: (c[0], c[1], c[2][:2]))) == "quorum"
    assert failure(with_certificate(lambda c: (c[0], c[1], (c[2][0], c[2][0], c[2][1])))) == "quorum"
    assert failure(with_certificate(lambda c: (c[0], c[1], ()))) == "quorum"
    exchanged = with_certificate(lambda c: (c[0], c[1], ((0, c[2][1][1]), *c[2][1:])))
    assert failure(exchanged) == "signature"


def test_a_valid_proof_under_another_claim() -> None:
    """The claim of one proof and the bytes of another."""
    whole = small_chain((0, 1, 2, 3))
    fact = whole.transaction(PAYMENT)
    other = write_document(verify(whole.proof(), fact, whole.waypoint), whole.proof(), fact)
    verify_file(other.encode(), CHAIN.waypoint)
    assert failure(edited("transaction", lambda d: d.update(proof=json.loads(other)["proof"]))) == "claim"
    failed = json.loads(FILES["failed"])["proof"]
    assert failure(edited("transaction", lambda d: d.update(proof=failed))) == "claim"
