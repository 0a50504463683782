"""A user transaction in JSON: Libra's fields, of every signer and of each kind of call."""

from typing import Any

import pytest

from chain.crypto.signing import Scheme
from chain.functions import BatchPayment
from node.api.results import user_json
from tests.builders import ALICE, BOB, CHAIN_ID, NOW_SECS, PAYMENT, TC, US, Party, party, signed_together, small_world
from tests.several import mixed, party_of, plain

WORLD = small_world()
ZEROS = "00" * 32


def shown(who: Party, function: str, *arguments: Any, others: tuple[Party, ...] = (), payer: bytes = b"") -> Any:
    """The JSON of a call that all of them sign."""
    raw = WORLD.sign(US, function, *arguments, max_gas=9_000, price=3, gas_currency="XEU", number=17).raw
    raw = raw._replace(sender=who.address, fee_payer=payer, valid_from_secs=5)
    return user_json(signed_together(raw, who, others, WORLD.context.genesis_hash))


def test_a_payment() -> None:
    """6.4: 'user {sender, signature_scheme, signature, public_key, secondary_signers/_signature_schemes/_signatures/
    _public_keys (lists), sequence_number, chain_id, max_gas_amount, gas_unit_price, gas_currency,
    expiration_timestamp_secs, script_hash, script_bytes, script}'; 3.9: 'zero hash for script functions'."""
    found = shown(US, PAYMENT, "XUS", BOB.address, 7, b"m", b"s" * 64)
    signature, script = found.pop("signature"), found.pop("script")
    assert len(signature) == 128
    assert found == {
        "type": "user", "sender": US.address.hex(), "signature_scheme": "Scheme::Ed25519",
        "public_key": US.key.public_key.hex(), "secondary_signers": [], "secondary_signature_schemes": [],
        "secondary_signatures": [], "secondary_public_keys": [], "sequence_number": 17, "chain_id": CHAIN_ID,
        "max_gas_amount": 9_000, "gas_unit_price": 3, "gas_currency": "XEU",
        "expiration_timestamp_secs": NOW_SECS + 60, "valid_from_timestamp_secs": 5, "fee_payer": "",
        "script_hash": ZEROS, "script_bytes": "",
    }  # fmt: skip
    named = {
        "currency": "XUS", "payee": BOB.address.hex(), "amount": 7, "metadata": "6d", "metadata_signature": "73" * 64
    }  # fmt: skip
    assert script == {
        "type": "script_function", "module_address": "00" * 15 + "01", "module_name": "PaymentScripts",
        "function_name": PAYMENT, "type_arguments": ["XUS"], "named_arguments": named,
        "arguments": [
            f"{{ADDRESS: {BOB.address.hex()}}}", "{U64: 7}", "{U8Vector: 0x6d}", f"{{U8Vector: 0x{'73' * 64}}}"
        ],
        "receiver": BOB.address.hex(), "amount": 7, "currency": "XUS", "metadata": "6d",
        "metadata_signature": "73" * 64,
    }  # fmt: skip


def test_a_payment_that_its_payee_signs_too() -> None:
    """Signers in their order, a sponsor last; the receiver is the first of them, whoever pays the fee."""
    found = shown(ALICE, "peer_to_peer_by_signers", "XUS", 9, b"n", others=(BOB, US), payer=US.address)
    assert found["secondary_signers"] == [BOB.address.hex(), US.address.hex()]
    assert found["secondary_public_keys"] == [BOB.key.public_key.hex(), US.key.public_key.hex()]
    assert found["secondary_signature_schemes"] == ["Scheme::Ed25519"] * 2
    assert [len(signature) for signature in found["secondary_signatures"]] == [128, 128]
    assert found["fee_payer"] == US.address.hex()
    script = found["script"]
    assert (script["receiver"], script["amount"], script["currency"]) == (BOB.address.hex(), 9, "XUS")
    assert (script["metadata"], script["metadata_signature"]) == ("6e", "")


def test_other_calls_have_no_receiver() -> None:
    """Flags and text as Libra writes them."""
    call = ("create_child_vasp_account", "XEU", BOB.address, b"p" * 16, True, 0)
    script = shown(US, *call)["script"]
    assert script["arguments"] == [
        f"{{ADDRESS: {BOB.address.hex()}}}",
        f"{{U8Vector: 0x{'70' * 16}}}",
        "{BOOL: true}",
        "{U64: 0}",
    ]
    assert (script["type_arguments"], "receiver" in script) == (["XEU"], False)
    named = shown(TC, "set_vasp_country", 1, US.address, "BR")["script"]
    assert named["arguments"][2] == "{U8Vector: 0x4252}"
    assert named["named_arguments"]["country"] == "BR"


def test_a_batch_shows_its_payments() -> None:
    """Each by the names of a single one's arguments."""
    rows = (
        BatchPayment("XUS", BOB.address, 1, b"", b"").to_value(),
        BatchPayment("XEU", US.address, 2, b"x", b"").to_value(),
    )
    script = shown(ALICE, "pay_batch", rows)["script"]
    assert script["arguments"] == ["{Payments: 2}"]
    assert script["named_arguments"]["payments"] == [
        {"currency": "XUS", "payee": BOB.address.hex(), "amount": 1, "metadata": "", "metadata_signature": ""},
        {"currency": "XEU", "payee": US.address.hex(), "amount": 2, "metadata": "78", "metadata_signature": ""},
    ]


@pytest.mark.parametrize(
    ("who", "scheme"),
    [
        (party(70, Scheme.SECP256K1), "Scheme::Secp256k1"), (party(71, Scheme.P256), "Scheme::P256"),
        (party_of(plain()), "Scheme::MultiEd25519"), (party_of(mixed()), "Scheme::MixedMulti"),
    ],
)  # fmt: skip
def test_each_scheme_has_a_word(who: Party, scheme: str) -> None:
    """'signature_scheme "Scheme::Ed25519"|"Scheme::MultiEd25519"', and ours in the same form, of whoever signs."""
    found = shown(who, "peer_to_peer_by_signers", "XUS", 9, b"n", others=(who._replace(address=BOB.address),))
    assert (found["signature_scheme"], found["secondary_signature_schemes"]) == (scheme, [scheme])
    assert found["public_key"] == found["secondary_public_keys"][0] == who.key.public_key.hex()
