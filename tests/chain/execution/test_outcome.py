"""Abort codes, event fields and bytes."""

import pytest

from chain.codec import decode
from chain.entries import Event, Status
from chain.execution.outcome import (
    EVENT_FIELDS,
    REASONS,
    SENTENCES,
    Abort,
    Category,
    abort_sentence,
    explain_abort,
)
from tests.builders import ALICE, BOB, DEALER, TC, US, key, small_world

LIBRA = {
    "DiemAccount": {
        2: "ECOIN_DEPOSIT_IS_ZERO", 4: "EROLE_CANT_STORE_BALANCE", 5: "EINSUFFICIENT_BALANCE",
        8: "EMALFORMED_AUTHENTICATION_KEY", 10: "ECANNOT_CREATE_AT_VM_RESERVED", 15: "EADD_EXISTING_CURRENCY",
        17: "EPAYEE_DOES_NOT_EXIST", 18: "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE", 19: "EPAYER_DOESNT_HOLD_CURRENCY",
        20: "EGAS", 24: "ECANNOT_CREATE_AT_CORE_CODE",
    },
    "Roles": {
        0: "EROLE_ID", 3: "EPARENT_VASP", 4: "EPARENT_VASP_OR_CHILD_VASP", 5: "EPARENT_VASP_OR_DESIGNATED_DEALER",
        6: "EDESIGNATED_DEALER",
    },
    "CoreAddresses": {1: "ETREASURY_COMPLIANCE"},
    "Diem": {
        1: "ECURRENCY_INFO", 5: "EMINTING_NOT_ALLOWED", 6: "EIS_SYNTHETIC_CURRENCY", 7: "ECOIN", 11: "EPREBURN_QUEUE",
        12: "EPREBURN_NOT_FOUND",
    },
    "DesignatedDealer": {0: "EDEALER", 4: "EINVALID_MINT_AMOUNT"},
    "DualAttestation": {
        0: "ECREDENTIAL", 2: "EINVALID_PUBLIC_KEY", 3: "EMALFORMED_METADATA_SIGNATURE",
        4: "EINVALID_METADATA_SIGNATURE", 5: "EPAYEE_COMPLIANCE_KEY_NOT_SET", 6: "EPAYEE_BASE_URL_NOT_SET",
    },
    "AccountFreezing": {
        2: "EFREEZING_BIT", 3: "ECANNOT_FREEZE_DIEM_ROOT", 4: "ECANNOT_FREEZE_TC", 5: "EACCOUNT_FROZEN",
    },
    "VASP": {1: "ETOO_MANY_CHILDREN"},
    "FixedPoint32": {0: "EDENOMINATOR", 4: "ERATIO_OUT_OF_RANGE"},
}  # fmt: skip


def test_the_numbers_are_libras() -> None:
    """3.7, module by module; from 100 on they are ours."""
    ours = {module: {n: name for name, n in names.items() if n < 100} for module, names in REASONS.items()}
    assert {module: names for module, names in ours.items() if names} == LIBRA
    assert all(len(set(names.values())) == len(names) for names in REASONS.values())
    assert {(m, n) for m, names in REASONS.items() for n in names.values() if n >= 100} == {
        ("DiemAccount", 100), ("Diem", 100), ("Diem", 101), ("SlidingNonce", 100), ("Limits", 100),
    }  # fmt: skip


def test_categories() -> None:
    """'Categories: 1 INVALID_STATE, ... 255 CUSTOM'."""
    assert {category.value: category.name for category in Category} == {
        1: "INVALID_STATE", 2: "REQUIRES_ADDRESS", 3: "REQUIRES_ROLE", 4: "REQUIRES_CAPABILITY", 5: "NOT_PUBLISHED",
        6: "ALREADY_PUBLISHED", 7: "INVALID_ARGUMENT", 8: "LIMIT_EXCEEDED", 10: "INTERNAL", 255: "CUSTOM",
    }  # fmt: skip


def test_an_abort_carries_code_name_and_numbers() -> None:
    """code = category + reason << 8; 'LIMIT_EXCEEDED -> code 1288'."""
    abort = Abort("DiemAccount", Category.LIMIT_EXCEEDED, "EINSUFFICIENT_BALANCE", "too little", balance=1, amount=2)
    assert (abort.code, abort.module, abort.name) == (1288, "DiemAccount", "EINSUFFICIENT_BALANCE")
    assert (abort.message, abort.details) == ("too little", {"balance": 1, "amount": 2})
    assert abort.status() == Status("move_abort", "DiemAccount", 1288)
    assert type(abort.status().code) is int
    with pytest.raises(KeyError):
        Abort("DiemAccount", Category.INTERNAL, "ENOTHING", "not listed")


def test_explaining_a_code() -> None:
    """Category and reason by name; unknown ones say so."""
    assert explain_abort("DiemAccount", 1288) == ("LIMIT_EXCEEDED", "EINSUFFICIENT_BALANCE")
    assert explain_abort("CoreAddresses", 258) == ("REQUIRES_ADDRESS", "ETREASURY_COMPLIANCE")
    assert explain_abort("Roles", 6) == ("ALREADY_PUBLISHED", "EROLE_ID")
    assert explain_abort("Nowhere", 1288) == ("LIMIT_EXCEEDED", "unknown")
    assert explain_abort("DiemAccount", 9 + 256 * 99) == ("unknown", "unknown")


def test_every_reason_has_a_sentence() -> None:
    """`mithqal explain CODE` has words for each."""
    assert set(SENTENCES) == {reason for names in REASONS.values() for reason in names}
    assert abort_sentence("DiemAccount", 1288) == SENTENCES["EINSUFFICIENT_BALANCE"]
    assert abort_sentence("AccountFreezing", 1281) == SENTENCES["EACCOUNT_FROZEN"]
    assert abort_sentence("AccountFreezing", 99 * 256) is None


def test_an_events_bytes_are_its_four_fields() -> None:
    """Canonical, as the event accumulator hashes them."""
    event = Event(bytes(24), 3, "mint", (5, "XUS", b"id"))
    assert decode(event.to_bytes()) == (bytes(24), 3, "mint", (5, "XUS", b"id"))


def test_every_event_has_the_fields_that_the_table_names() -> None:
    """A day in which each type but `newblock` is emitted: as many values as names, and no type is missing."""
    world = small_world()
    events = [
        *world.do(TC, "tiered_mint", *world.mint_arguments(100)),
        *world.do(DEALER, "preburn", "XUS", 10),
        *world.do(DEALER, "preburn", "XUS", 20),
        *world.do(TC, "burn_with_amount", "XUS", 0, DEALER.address, 10),
        *world.do(TC, "cancel_burn_with_amount", "XUS", DEALER.address, 20),
        *world.do(TC, "update_exchange_rate", "XUS", 0, 1, 2),
        *world.do(US, "rotate_dual_attestation_info", b"u", key(9).public_key),
        *world.do(TC, "create_parent_vasp_account", "XUS", 0, bytes(15) + b"\x09", bytes(16), "w", False),
        *world.do(TC, "freeze_account", 0, BOB.address),
        *world.do(TC, "unfreeze_account", 0, BOB.address),
        *world.pay(ALICE, BOB, 1),
    ]
    for event in events:
        assert len(event.data) == len(EVENT_FIELDS[event.type]), event
    assert {event.type for event in events} | {"newblock"} == set(EVENT_FIELDS)
    assert EVENT_FIELDS["sentpayment"] == ("amount", "currency", "sender", "receiver", "metadata")
    assert EVENT_FIELDS["receivedpayment"] == EVENT_FIELDS["sentpayment"]
    assert EVENT_FIELDS["newblock"] == ("round", "proposer", "proposed_time_us")
