"""Envelopes, raw transactions and payloads: bytes to value and back, and whatever must be refused (T1 to T5)."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.codec import decode, encode
from chain.crypto.hashing import seed
from chain.crypto.signing import RealSignatures, Scheme, SignatureCheck, verify
from chain.errors import DecodeError
from chain.functions import FUNCTIONS, Function, Kind
from chain.limits import MAX_TRANSACTION_BYTES
from chain.primitives import U64_MAX
from chain.transaction import (
    Authenticator,
    Payload,
    RawTransaction,
    Secondary,
    assemble,
    decode_raw,
    decode_transaction,
    sign_transaction,
    transaction_hash,
)  # fmt: skip
from tests.builders import ALICE, BOB, PAYMENT, key

CHAIN = b"\x47" * 32
EDGE_CASES = json.loads((Path(__file__).parents[1] / "vectors/ed25519_edge_cases.json").read_text())
ARGUMENTS = ("XUS", BOB.address, 25, b"memo", b"")
RAW = RawTransaction(ALICE.address, 7, Payload(PAYMENT, ARGUMENTS), 1_000, 1, "XUS", 1_700_000_000, 4)
SIGNED = sign_transaction(RAW, ALICE.key, 0, CHAIN)
SAMPLE = {
    Kind.ADDRESS: bytes(16), Kind.U64: 5, Kind.BYTES: b"b", Kind.TEXT: "t", Kind.BOOL: True, Kind.HASH: bytes(32),
    Kind.CURRENCY: "XUS", Kind.PAYMENTS: (("XUS", bytes(16), 5, b"", b""),),
}  # fmt: skip


def refused(envelope: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        decode_transaction(envelope)
    return caught.value.name


def raw_refused(*values: object) -> str:
    with pytest.raises(DecodeError) as caught:
        decode_raw(encode(values))  # type: ignore[arg-type]
    return caught.value.name


def envelope(raw_bytes: bytes = SIGNED.raw_bytes, *more: object) -> bytes:
    """An envelope around any raw bytes."""
    parts = more or (SIGNED.scheme, SIGNED.public_key, SIGNED.signature)
    return encode((0, encode((raw_bytes, *parts))))  # type: ignore[arg-type]


def test_a_signed_transaction_comes_back() -> None:
    """T1, T2: envelope (0, bytes), inside it (raw bytes, scheme, public key, signature)."""
    assert decode_transaction(SIGNED.envelope) == SIGNED
    inside = encode((SIGNED.raw_bytes, 0, ALICE.key.public_key, SIGNED.signature))
    assert decode(SIGNED.envelope) == (0, inside)
    assert decode(SIGNED.raw_bytes) == (
        ALICE.address, 7, (PAYMENT, ARGUMENTS), 1_000, 1, "XUS", 1_700_000_000, 4, 0, b"",
    )  # fmt: skip


@pytest.mark.parametrize("scheme", [Scheme.ED25519, Scheme.SECP256K1, Scheme.P256])
def test_what_is_signed(scheme) -> None:
    """H3: seed("RawTransaction"), genesis hash, raw bytes; valid on this chain and no other."""
    private = key(9, scheme)
    signed = sign_transaction(RAW, private, scheme, CHAIN)
    assert type(signed.scheme) is int
    check = signed.checks(CHAIN)[0]
    assert check == SignatureCheck(
        scheme, private.public_key, seed("RawTransaction") + CHAIN + RAW.to_bytes(), signed.signature
    )
    assert RealSignatures().verify(check)
    assert not RealSignatures().verify(signed.checks(bytes(32))[0])
    assert not RealSignatures().verify(check._replace(message=check.message + b"\0"))
    assert not RealSignatures().verify(check._replace(signature=bytes(64)))


def test_the_hash_covers_the_envelope() -> None:
    """T3: SHA-256(seed("Transaction") + envelope)."""
    assert SIGNED.hash == sha256(seed("Transaction") + SIGNED.envelope).digest()
    assert SIGNED.hash == transaction_hash(SIGNED.envelope)
    other = decode_transaction(envelope(SIGNED.raw_bytes, 0, SIGNED.public_key, bytes(64)))
    assert other.hash != SIGNED.hash
    assert other.raw == SIGNED.raw


def test_envelopes_of_other_kinds() -> None:
    """'kind 1 is reserved for Diem's BCS'."""
    body = decode(SIGNED.envelope)[1]  # type: ignore[index]
    for kind in (1, 2, U64_MAX):
        assert refused(encode((kind, body))) == "unknown_envelope"
    assert refused(encode((False, body))) == "wrong_shape"
    assert refused(encode((0, body, 0))) == "wrong_shape"
    assert refused(b"") == "malformed_bytes"
    for other in (5, None, b"12345", "12345", (1, 2)):
        assert refused(encode((0, encode(other)))) == "wrong_shape", "what an envelope holds is a signed transaction"


def test_the_size_is_bounded_before_anything_is_parsed() -> None:
    """T4: 4,096 bytes pass, 4,097 do not."""

    def sized(metadata: int) -> bytes:
        payload = Payload(PAYMENT, ("XUS", BOB.address, 25, bytes(metadata), b""))
        return sign_transaction(RAW._replace(payload=payload), ALICE.key, 0, CHAIN).envelope

    room = MAX_TRANSACTION_BYTES - len(sized(1_000)) + 1_000
    assert len(sized(room)) == MAX_TRANSACTION_BYTES == 4_096
    decode_transaction(sized(room))
    assert refused(sized(room + 1)) == "exceeded_max_transaction_size"
    assert refused(bytes(4_097)) == "exceeded_max_transaction_size"


def test_one_encoding_only() -> None:
    """Inner bytes are canonical too: a longer form of the same value is refused at every level."""
    assert refused(b"\x92\xcc\x00" + SIGNED.envelope[2:]) == "not_canonical"
    body: bytes = decode(SIGNED.envelope)[1]  # type: ignore[assignment,index]
    position = body.index(b"\x00\xc4\x20" + SIGNED.public_key)
    long_scheme = body[:position] + b"\xcc\x00" + body[position + 1 :]
    assert refused(encode((0, long_scheme))) == "not_canonical"
    position = SIGNED.raw_bytes.index(b"\x07\x92")
    long_number = SIGNED.raw_bytes[:position] + b"\xcc\x07" + SIGNED.raw_bytes[position + 1 :]
    assert refused(envelope(long_number)) == "not_canonical"


@pytest.mark.parametrize("position", range(4))
def test_a_signed_transactions_fields_are_typed(position) -> None:
    """C5."""
    values: list[Any] = [SIGNED.raw_bytes, 0, SIGNED.public_key, SIGNED.signature]
    values[position] = None
    assert refused(encode((0, encode(tuple(values))))) == "wrong_shape"
    assert refused(encode((0, encode(tuple(values[:3]))))) == "wrong_shape"


@pytest.mark.parametrize("position", range(10))
def test_a_raw_transactions_fields_are_typed(position) -> None:
    """C5: 'true is never taken for 1'."""
    values: list[Any] = [ALICE.address, 7, (PAYMENT, ARGUMENTS), 1_000, 1, "XUS", 1_700_000_000, 4, 0, b""]
    assert decode_raw(encode(tuple(values))) == RAW
    values[position] = True
    assert raw_refused(*values) == "wrong_shape"
    assert raw_refused(*values[:9]) == "wrong_shape"


def test_a_multi_agent_transaction_comes_back() -> None:
    """T9: a fifth field holds the secondary signers, never empty; everybody signs the raw transaction and all their
    addresses in the domain RawTransactionWithData."""
    message = seed("RawTransactionWithData") + CHAIN + encode((RAW.to_bytes(), (BOB.address,)))
    sender = Authenticator(0, ALICE.key.public_key, ALICE.key.sign(message))
    second = Secondary(BOB.address, 0, BOB.key.public_key, BOB.key.sign(message))
    signed = assemble(RAW, sender, (second,))
    assert decode_transaction(signed.envelope) == signed
    assert signed.checks(CHAIN) == (
        SignatureCheck(0, ALICE.key.public_key, message, sender.signature),
        SignatureCheck(0, BOB.key.public_key, message, second.signature),
    )
    assert all(map(RealSignatures().verify, signed.checks(CHAIN)))
    whole = (RAW.to_bytes(), *sender)
    assert refused(encode((0, encode((*whole, ()))))) == "wrong_shape"
    assert refused(encode((0, encode((*whole, None))))) == "wrong_shape"
    assert refused(encode((0, encode((*whole, (tuple(second)[:3],)))))) == "wrong_shape"
    assert refused(encode((0, encode((*whole, ((bytes(15), *second[1:]),)))))) == "wrong_size"
    assert refused(encode((0, encode((*whole, (tuple(second),), 1))))) == "wrong_shape"


def test_a_fee_payer_is_an_address_or_empty() -> None:
    """T10: 'empty: the sender pays'."""
    paid = RAW._replace(fee_payer=BOB.address, valid_from_secs=1_700_000_000)
    assert decode_raw(paid.to_bytes()) == paid
    for size in (1, 15, 17):
        assert raw_refused(*tuple(decode(RAW.to_bytes()))[:9], bytes(size)) == "wrong_size"  # type: ignore[arg-type]


def test_a_senders_address_has_16_bytes() -> None:
    """1.1."""
    for size in (0, 15, 17):
        assert raw_refused(bytes(size), *tuple(decode(RAW.to_bytes()))[1:]) == "wrong_size"  # type: ignore[arg-type]


def raw_with(function: object, *arguments: object) -> str:
    rest = tuple(decode(RAW.to_bytes()))  # type: ignore[arg-type]
    return raw_refused(*rest[:2], (function, arguments), *rest[3:])


def test_a_payload_calls_a_function_of_the_table() -> None:
    """T5."""
    assert raw_with("mint_for_me") == "unknown_function"
    assert raw_with("") == "unknown_function"
    assert raw_with(5) == "wrong_shape"
    with pytest.raises(DecodeError) as caught:
        decode_raw(encode((*decode(RAW.to_bytes())[:2], ("x" * 999, ()), 1_000, 1, "XUS", 1, 4)))  # type: ignore[index]
    assert len(caught.value.message) < 120


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_exactly_the_parameters(name) -> None:
    """T5: number, type and size of each one."""
    good = [SAMPLE[kind] for _, kind in FUNCTIONS[name].parameters]
    payload = Payload(name, tuple(good))  # type: ignore[arg-type]
    raw = RAW._replace(payload=payload)
    assert decode_raw(raw.to_bytes()) == raw
    if good:
        assert raw_with(name, *good[:-1]) == "wrong_shape"
    assert raw_with(name, *good, 0) == "wrong_shape"
    for place, (parameter, kind) in enumerate(FUNCTIONS[name].parameters):
        assert payload.argument(parameter) == good[place]
        wrong = [*good]
        wrong[place] = None if kind is not Kind.U64 else True
        assert raw_with(name, *wrong) == "wrong_shape"
        if kind in (Kind.ADDRESS, Kind.HASH):
            for size in (15, 17, 31, 33):
                wrong[place] = bytes(size)
                assert raw_with(name, *wrong) == "wrong_size"


def test_an_argument_that_does_not_exist() -> None:
    """KeyError: a mistake of ours."""
    with pytest.raises(KeyError):
        RAW.payload.argument("dealer")
    assert RAW.payload.argument("payee") == BOB.address


def test_functions_keep_libras_names_and_parameter_order() -> None:
    """3.8; a currency stands for the type argument, and tiered_mint ends with our custodian receipt."""
    names = {name: [parameter for parameter, _ in function.parameters] for name, function in FUNCTIONS.items()}
    assert names == {
        "peer_to_peer_with_metadata": ["currency", "payee", "amount", "metadata", "metadata_signature"],
        "pay_batch": ["payments"],
        "peer_to_peer_by_signers": ["currency", "amount", "metadata"],
        "exchange_by_signers": ["currency", "amount", "second_currency", "second_amount", "metadata"],
        "create_child_vasp_account": [
            "currency", "child_address", "auth_key_prefix", "add_all_currencies", "child_initial_balance",
        ],
        "create_parent_vasp_account": [
            "currency", "sliding_nonce", "new_address", "auth_key_prefix", "human_name", "add_all_currencies",
        ],
        "create_designated_dealer": [
            "currency", "sliding_nonce", "address", "auth_key_prefix", "human_name", "add_all_currencies",
        ],
        "add_currency_to_account": ["currency"],
        "rotate_authentication_key": ["new_key"],
        "rotate_authentication_key_with_nonce": ["sliding_nonce", "new_key"],
        "rotate_authentication_key_with_nonce_admin": ["sliding_nonce", "account", "new_key"],
        "rotate_authentication_key_with_recovery_address": ["recovery_address", "to_recover", "new_key"],
        "create_recovery_address": [],
        "add_recovery_rotation_capability": ["recovery_address"],
        "publish_shared_ed25519_public_key": ["public_key"],
        "rotate_shared_ed25519_public_key": ["public_key"],
        "create_vasp_domains": [],
        "create_diem_id_domains": [],
        "add_vasp_domain": ["address", "domain"],
        "add_diem_id_domain": ["address", "domain"],
        "remove_vasp_domain": ["address", "domain"],
        "remove_diem_id_domain": ["address", "domain"],
        "rotate_dual_attestation_info": ["new_url", "new_key"],
        "tiered_mint": [
            "currency", "sliding_nonce", "designated_dealer_address", "mint_amount", "tier_index", "receipt_id",
            "receipt_signature",
        ],
        "preburn": ["currency", "amount"],
        "burn_with_amount": ["currency", "sliding_nonce", "preburn_address", "amount"],
        "cancel_burn_with_amount": ["currency", "preburn_address", "amount"],
        "freeze_account": ["sliding_nonce", "to_freeze_account"],
        "unfreeze_account": ["sliding_nonce", "to_unfreeze_account"],
        "update_dual_attestation_limit": ["sliding_nonce", "new_micro_xdx_limit"],
        "update_exchange_rate": [
            "currency", "sliding_nonce", "new_exchange_rate_numerator", "new_exchange_rate_denominator",
        ],
        "update_minting_ability": ["currency", "allow_minting"],
        "burn_txn_fees": ["currency"],
        "update_dealer_tiers": [
            "currency", "sliding_nonce", "designated_dealer_address", "tier_0_cap", "tier_1_cap", "tier_2_cap",
            "tier_3_cap",
        ],
        "register_scs_currency": [
            "currency", "exchange_rate_numerator", "exchange_rate_denominator", "scaling_factor", "fractional_part",
            "custodian_key",
        ],
        "compose": ["currency", "amount"],
        "decompose": ["currency", "amount"],
        "publish_unrestricted_limits": ["currency"],
        "publish_window": ["currency", "limit_address"],
        "update_limits_definition": [
            "currency", "sliding_nonce", "limit_address", "new_max_inflow", "new_max_outflow",
            "new_max_holding_balance", "new_time_period",
        ],
        "update_window_info": ["currency", "window_address", "aggregate_balance", "new_limit_address"],
        "set_jurisdiction_policy": ["sliding_nonce", "policy"],
        "set_vasp_country": ["sliding_nonce", "vasp_address", "country"],
        "create_validator_account": ["sliding_nonce", "new_account_address", "auth_key_prefix", "human_name"],
        "create_validator_operator_account": ["sliding_nonce", "new_account_address", "auth_key_prefix", "human_name"],
        "add_validator_and_reconfigure": ["sliding_nonce", "validator_name", "validator_address"],
        "remove_validator_and_reconfigure": ["sliding_nonce", "validator_name", "validator_address"],
        "register_validator_config": [
            "validator_account", "consensus_pubkey", "validator_network_addresses", "fullnode_network_addresses",
        ],
        "set_validator_config_and_reconfigure": [
            "validator_account", "consensus_pubkey", "validator_network_addresses", "fullnode_network_addresses",
        ],
        "set_validator_operator": ["operator_name", "operator_account"],
        "set_validator_operator_with_nonce_admin": ["sliding_nonce", "operator_name", "operator_account"],
        "submit_evidence": ["validator_address", "evidence"],
        "update_diem_version": ["sliding_nonce", "major"],
        "set_gas_constants": [
            "sliding_nonce", "global_memory_per_byte_cost", "global_memory_per_byte_write_cost",
            "min_transaction_gas_units", "large_transaction_cutoff", "intrinsic_gas_per_byte",
            "maximum_number_of_gas_units", "min_price_per_gas_unit", "max_price_per_gas_unit",
            "max_transaction_size_in_bytes", "gas_unit_scaling_factor", "default_account_size",
        ],
        "initialize_diem_consensus_config": ["sliding_nonce"],
        "update_diem_consensus_config": ["sliding_nonce", "config"],
        "halt_transactions": ["sliding_nonce"],
        "resume_transactions": ["sliding_nonce"],
    }  # fmt: skip
    assert FUNCTIONS["preburn"] == Function(
        "TreasuryComplianceScripts", (("currency", Kind.CURRENCY), ("amount", Kind.U64))
    )
    assert {function.module for function in FUNCTIONS.values()} == {
        "PaymentScripts", "AccountCreationScripts", "AccountAdministrationScripts", "TreasuryComplianceScripts",
        "Diem", "BasketScripts", "AccountLimits", "JurisdictionScripts", "EvidenceScripts",
        "ValidatorAdministrationScripts", "SystemAdministrationScripts",
    }  # fmt: skip


@pytest.mark.parametrize("case", EDGE_CASES, ids=range(len(EDGE_CASES)))
def test_edge_case_signatures_are_all_refused(case) -> None:
    """The twelve signatures on which Ed25519 libraries disagree: none holds, as a transaction's or otherwise."""
    public, message, signature = (bytes.fromhex(case[name]) for name in ("pub_key", "message", "signature"))
    assert verify(Scheme.ED25519, public, message, signature) is False
    signed = decode_transaction(envelope(SIGNED.raw_bytes, 0, public, signature))
    assert RealSignatures().verify(signed.checks(CHAIN)[0]) is False


@given(st.integers(0, len(SIGNED.envelope) - 1), st.integers(1, 255))
def test_a_byte_flipped_anywhere_is_noticed(position, flip) -> None:
    """Either the bytes are refused, or the signature, or the key is not the sender's."""
    damaged = bytearray(SIGNED.envelope)
    damaged[position] ^= flip
    try:
        signed = decode_transaction(bytes(damaged))
    except DecodeError:
        return
    assert signed.hash != SIGNED.hash
    assert not RealSignatures().verify(signed.checks(CHAIN)[0])


@given(
    st.integers(0, U64_MAX), st.integers(0, U64_MAX), st.integers(0, U64_MAX), st.integers(0, U64_MAX),
    st.binary(max_size=40), st.text(max_size=9),
)  # fmt: skip
def test_any_numbers_survive_the_round_trip(number, gas, price, amount, metadata, currency) -> None:
    """decode(encode(x)) = x at the edges of 64 bits."""
    payload = Payload(PAYMENT, (currency, BOB.address, amount, metadata, b""))
    raw = RawTransaction(ALICE.address, number, payload, gas, price, currency, number, gas)
    assert decode_raw(raw.to_bytes()) == raw


@given(st.binary(max_size=80))
def test_rubbish_is_refused_by_name(data) -> None:
    """Never any other exception than DecodeError."""
    assert refused(data)
