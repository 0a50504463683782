"""Transactions: bytes to value and back, and what is refused on the way (T1 to T5)."""

import json
from pathlib import Path

import pytest

from chain.codec import Value, decode, encode, fields
from chain.crypto.signing import RealSignatures, Scheme
from chain.errors import DecodeError
from chain.limits import MAX_TRANSACTION_BYTES
from chain.primitives import U64_MAX
from chain.transaction import FUNCTIONS, Kind, Payload, RawTransaction, decode_transaction, sign_transaction
from chain.transaction import transaction_hash as hash_of
from tests.builders import ALICE, BOB, CHAIN_ID, PAYMENT, key

CHAIN = b"\7" * 32
RAW = RawTransaction(
    ALICE.address, 3, Payload(PAYMENT, ("XUS", BOB.address, 5, b"memo", b"")), 600, 1, "XUS", 1_700_000_000, CHAIN_ID
)
GOOD = sign_transaction(RAW, ALICE.key, Scheme.ED25519, CHAIN)
_SAMPLES: dict[Kind, Value] = {
    Kind.ADDRESS: bytes(16), Kind.U64: U64_MAX, Kind.BYTES: b"", Kind.TEXT: "é", Kind.BOOL: True, Kind.HASH: bytes(32),
    Kind.CURRENCY: "XUS",
}  # fmt: skip
_WRONG: dict[Kind, tuple[Value, ...]] = {
    Kind.ADDRESS: (bytes(15), bytes(17), "x" * 16, None),
    Kind.U64: (True, b"\1", None),
    Kind.BYTES: ("text", 1, None),
    Kind.TEXT: (b"bytes", 1, None),
    Kind.BOOL: (1, 0, None),
    Kind.HASH: (bytes(31), bytes(33), None),
    Kind.CURRENCY: (b"XUS", 1, None),
}


def envelope(value: Value) -> bytes:
    """An envelope with a given raw value and an empty authenticator."""
    return encode((0, encode((encode(value), 0, bytes(32), bytes(64)))))


def raw_value(function: str, arguments: Value) -> tuple[Value, ...]:
    """A raw transaction as the codec sees it."""
    return (ALICE.address, 0, (function, arguments), 600, 0, "XUS", 1, CHAIN_ID)


def refused(data: bytes) -> str:
    """The name of the refusal."""
    with pytest.raises(DecodeError) as caught:
        decode_transaction(data)
    return caught.value.name


def test_round_trip() -> None:
    """T1, T2: every field comes back; the hash covers the envelope (T3)."""
    assert decode_transaction(GOOD.envelope) == GOOD
    assert GOOD.raw_bytes == RAW.to_bytes()
    assert GOOD.hash == hash_of(GOOD.envelope)
    assert decode(GOOD.raw_bytes) == (
        ALICE.address, 3, (PAYMENT, ("XUS", BOB.address, 5, b"memo", b"")), 600, 1, "XUS", 1_700_000_000, CHAIN_ID,
    )  # fmt: skip


def test_the_signature_is_bound_to_the_chain() -> None:
    """H3: no signature is valid on another chain."""
    port = RealSignatures()
    assert port.verify(GOOD.check(CHAIN))
    assert not port.verify(GOOD.check(bytes(32)))


@pytest.mark.parametrize("scheme", [Scheme.SECP256K1, Scheme.P256])
def test_ecdsa_signers(scheme: Scheme) -> None:
    """The scheme is carried as a plain integer."""
    tx = sign_transaction(RAW, key(9, scheme), scheme, CHAIN)
    again = decode_transaction(tx.envelope)
    assert again == tx
    assert again.scheme == int(scheme)
    assert RealSignatures().verify(again.check(CHAIN))


def test_every_flipped_byte_is_noticed() -> None:
    """T2, T3: a changed envelope fails to decode, or to verify; either way its hash is another."""
    port = RealSignatures()
    for place in range(len(GOOD.envelope)):
        for mask in (1, 0x80):
            changed = bytearray(GOOD.envelope)
            changed[place] ^= mask
            assert hash_of(bytes(changed)) != GOOD.hash
            try:
                tx = decode_transaction(bytes(changed))
            except DecodeError:
                continue
            assert not port.verify(tx.check(CHAIN)), place


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_each_parameter_has_its_type(name: str) -> None:
    """T5: exactly the function's parameters, of their kinds and sizes."""
    kinds = [kind for _, kind in FUNCTIONS[name].parameters]
    good = tuple(_SAMPLES[kind] for kind in kinds)
    payload = decode_transaction(envelope(raw_value(name, good))).raw.payload
    assert payload == Payload(name, good)
    for (parameter, _), value in zip(FUNCTIONS[name].parameters, good):
        assert payload.argument(parameter) == value
    with pytest.raises(KeyError):
        payload.argument("nothing")
    assert refused(envelope(raw_value(name, good[:-1]))) == "wrong_shape"
    assert refused(envelope(raw_value(name, (*good, 0)))) == "wrong_shape"
    for place, kind in enumerate(kinds):
        for wrong in _WRONG[kind]:
            bad = (*good[:place], wrong, *good[place + 1 :])
            sized = isinstance(wrong, bytes) and kind in (Kind.ADDRESS, Kind.HASH)
            assert refused(envelope(raw_value(name, bad))) == ("wrong_size" if sized else "wrong_shape")


def test_unknown_functions() -> None:
    """T5."""
    for name in ("", "mint", PAYMENT + " ", PAYMENT.upper()):
        assert refused(envelope(raw_value(name, ()))) == "unknown_function"


def test_envelope_kinds() -> None:
    """T1: 0 is ours; 1 is reserved, the others unknown."""
    kind, body = fields(decode(GOOD.envelope), "envelope", int, bytes)
    assert kind == 0
    for other in (1, 2, U64_MAX):
        assert refused(encode((other, body))) == "unknown_envelope"
    for value in ((False, body), (0, body, 0), (0,), body, (0, "text")):
        assert refused(encode(value)) == "wrong_shape"


def test_size() -> None:
    """T4: 4,096 bytes, not one more; judged before anything is parsed."""

    def padded(extra: int) -> bytes:
        raw = RAW._replace(payload=Payload(PAYMENT, ("XUS", BOB.address, 5, bytes(extra), b"")))
        return sign_transaction(raw, ALICE.key, Scheme.ED25519, CHAIN).envelope

    room = MAX_TRANSACTION_BYTES - len(padded(3000)) + 3000
    assert len(padded(room)) == MAX_TRANSACTION_BYTES == 4096
    assert decode_transaction(padded(room)).envelope == padded(room)
    assert refused(padded(room + 1)) == "exceeded_max_transaction_size"
    assert refused(bytes(4097)) == "exceeded_max_transaction_size"


def test_only_canonical_bytes() -> None:
    """C3: trailing bytes and longer forms are refused on all three levels."""
    assert refused(GOOD.envelope + b"\0") != "exceeded_max_transaction_size"
    parts = (ALICE.key.public_key, GOOD.signature)
    longer = GOOD.raw_bytes.replace(b"\xc4\x10" + ALICE.address, b"\xc5\x00\x10" + ALICE.address)
    assert longer != GOOD.raw_bytes
    assert refused(encode((0, encode((longer, 0, *parts))))) == "not_canonical"
    body = encode((GOOD.raw_bytes, 0, *parts))
    assert body[:1] == b"\x94"
    assert refused(encode((0, b"\xdc\x00\x04" + body[1:]))) == "not_canonical"
    assert refused(b"\xdc\x00\x02" + GOOD.envelope[1:]) == "not_canonical"


def test_the_fields_of_a_raw_transaction() -> None:
    """A sender of 16 bytes, integers and text where they belong."""
    good = raw_value("add_currency_to_account", ("XUS",))
    assert decode_transaction(envelope(good)).raw.sequence_number == 0
    for place, wrong in enumerate(("x", True, "x", b"x", None, 5, False, "4")):
        assert refused(envelope((*good[:place], wrong, *good[place + 1 :]))) == "wrong_shape"
    for size in (0, 15, 17):
        assert refused(envelope((bytes(size), *good[1:]))) == "wrong_size"


def test_edge_case_keys_never_sign_a_transaction() -> None:
    """K1: the twelve edge cases, as a transaction's key and signature, do not verify."""
    path = Path(__file__).parents[1] / "vectors" / "ed25519_edge_cases.json"
    for case in json.loads(path.read_text()):
        public, signature = bytes.fromhex(case["pub_key"]), bytes.fromhex(case["signature"])
        tx = decode_transaction(encode((0, encode((GOOD.raw_bytes, 0, public, signature)))))
        assert not RealSignatures().verify(tx.check(CHAIN))
