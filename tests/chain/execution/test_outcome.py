"""Abort codes, event fields and bytes."""

import ast

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
from chain.records.policy import Policy, Rule
from chain.roles import PRIVILEGES
from tests.accusations import Liar
from tests.builders import ALICE, BOB, DEALER, ROOT, TC, US, key, small_world
from tests.house.rules import sources

LIBRA = {
    "DiemAccount": {
        0: "EACCOUNT", 2: "ECOIN_DEPOSIT_IS_ZERO", 3: "EDEPOSIT_EXCEEDS_LIMITS", 4: "EROLE_CANT_STORE_BALANCE",
        5: "EINSUFFICIENT_BALANCE", 6: "EWITHDRAWAL_EXCEEDS_LIMITS", 8: "EMALFORMED_AUTHENTICATION_KEY",
        9: "EKEY_ROTATION_CAPABILITY_ALREADY_EXTRACTED", 10: "ECANNOT_CREATE_AT_VM_RESERVED",
        15: "EADD_EXISTING_CURRENCY",
        17: "EPAYEE_DOES_NOT_EXIST", 18: "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE", 19: "EPAYER_DOESNT_HOLD_CURRENCY",
        20: "EGAS", 24: "ECANNOT_CREATE_AT_CORE_CODE",
    },
    "Roles": {
        0: "EROLE_ID", 1: "EDIEM_ROOT", 2: "ETREASURY_COMPLIANCE", 3: "EPARENT_VASP", 4: "EPARENT_VASP_OR_CHILD_VASP",
        5: "EPARENT_VASP_OR_DESIGNATED_DEALER", 6: "EDESIGNATED_DEALER", 7: "EVALIDATOR", 8: "EVALIDATOR_OPERATOR",
        9: "ECHILD_VASP",
    },
    "CoreAddresses": {0: "EDIEM_ROOT", 1: "ETREASURY_COMPLIANCE"},
    "Diem": {
        1: "ECURRENCY_INFO", 5: "EMINTING_NOT_ALLOWED", 6: "EIS_SYNTHETIC_CURRENCY", 7: "ECOIN", 11: "EPREBURN_QUEUE",
        12: "EPREBURN_NOT_FOUND",
    },
    "RegisteredCurrencies": {0: "ECURRENCY_CODE_ALREADY_TAKEN"},
    "DesignatedDealer": {
        0: "EDEALER", 2: "EINVALID_TIER_START", 3: "EINVALID_TIER_INDEX", 4: "EINVALID_MINT_AMOUNT",
        5: "EINVALID_AMOUNT_FOR_TIER",
    },
    "AccountLimits": {0: "ELIMITS_DEFINITION", 1: "EWINDOW"},
    "DualAttestation": {
        0: "ECREDENTIAL", 2: "EINVALID_PUBLIC_KEY", 3: "EMALFORMED_METADATA_SIGNATURE",
        4: "EINVALID_METADATA_SIGNATURE", 5: "EPAYEE_COMPLIANCE_KEY_NOT_SET", 6: "EPAYEE_BASE_URL_NOT_SET",
    },
    "AccountFreezing": {
        2: "EFREEZING_BIT", 3: "ECANNOT_FREEZE_DIEM_ROOT", 4: "ECANNOT_FREEZE_TC", 5: "EACCOUNT_FROZEN",
    },
    "VASP": {0: "EPARENT_OR_CHILD_VASP", 1: "ETOO_MANY_CHILDREN", 2: "ENOT_A_VASP", 3: "ENOT_A_PARENT_VASP"},
    "SlidingNonce": {
        0: "ESLIDING_NONCE", 1: "ENONCE_TOO_OLD", 2: "ENONCE_TOO_NEW", 3: "ENONCE_ALREADY_RECORDED",
        4: "ENONCE_ALREADY_PUBLISHED",
    },
    "RecoveryAddress": {
        0: "ENOT_A_VASP", 1: "EKEY_ROTATION_DEPENDENCY_CYCLE", 2: "ECANNOT_ROTATE_KEY",
        3: "EINVALID_KEY_ROTATION_DELEGATION", 4: "EACCOUNT_NOT_RECOVERABLE", 5: "ERECOVERY_ADDRESS",
        6: "EMAX_KEYS_REGISTERED",
    },
    "SharedEd25519PublicKey": {0: "EMALFORMED_PUBLIC_KEY", 1: "ESHARED_KEY"},
    "VASPDomain": {
        0: "EVASP_DOMAINS", 1: "EVASP_DOMAIN_MANAGER", 2: "EVASP_DOMAIN_NOT_FOUND", 3: "EVASP_DOMAIN_ALREADY_EXISTS",
        4: "EVASP_DOMAINS_NOT_PUBLISHED", 5: "EINVALID_VASP_DOMAIN",
    },
    "FixedPoint32": {0: "EDENOMINATOR", 4: "ERATIO_OUT_OF_RANGE"},
    "ValidatorConfig": {
        0: "EVALIDATOR_CONFIG", 1: "EINVALID_TRANSACTION_SENDER", 2: "EINVALID_CONSENSUS_KEY",
        3: "ENOT_A_VALIDATOR_OPERATOR",
    },
    "ValidatorOperatorConfig": {0: "EVALIDATOR_OPERATOR_CONFIG"},
    "ValidatorAdministrationScripts": {0: "ENAME_MISMATCH"},
    "DiemSystem": {
        1: "EINVALID_PROSPECTIVE_VALIDATOR", 2: "EALREADY_A_VALIDATOR", 3: "ENOT_AN_ACTIVE_VALIDATOR",
        6: "ECONFIG_UPDATE_RATE_LIMITED", 7: "EMAX_VALIDATORS",
    },
    "DiemConfig": {1: "EDIEM_CONFIG"},
    "DiemVersion": {0: "EINVALID_MAJOR_VERSION_NUMBER"},
    "DiemVMConfig": {0: "EGAS_CONSTANT_INCONSISTENCY"},
}  # fmt: skip


def test_the_numbers_are_libras() -> None:
    """3.7, module by module; from 100 on they are ours."""
    numbers = {module: {name: item.number for name, item in names.items()} for module, names in REASONS.items()}
    ours = {module: {n: name for name, n in names.items() if n < 100} for module, names in numbers.items()}
    assert {module: names for module, names in ours.items() if names} == LIBRA
    assert all(len(set(names.values())) == len(names) for names in numbers.values())
    assert {(m, n) for m, names in numbers.items() for n in names.values() if n >= 100} == {
        ("DiemAccount", 100), ("Diem", 100), ("Diem", 101), ("Diem", 102), ("RegisteredCurrencies", 100),
        ("RegisteredCurrencies", 101), ("AccountLimits", 100), ("AccountLimits", 101), ("MultiAgent", 100),
        ("MultiAgent", 101), ("VASPDomain", 100), ("Limits", 100), ("Limits", 101), ("ValidatorConfig", 100),
        ("ValidatorConfig", 101), ("ValidatorConfig", 102), ("ValidatorConfig", 103), ("ValidatorConfig", 104),
        ("DiemSystem", 100), ("DiemVMConfig", 100), ("DiemConsensusConfig", 100),
        ("DiemTransactionPublishingOption", 100), ("DiemTransactionPublishingOption", 101),
        *[("Evidence", number) for number in range(100, 104)],
        *[("Jurisdiction", number) for number in range(100, 109)],
    }  # fmt: skip


CODES = {
    "DiemAccount": {
        "EACCOUNT": 5, "EKEY_ROTATION_CAPABILITY_ALREADY_EXTRACTED": 2305,
        "ECOIN_DEPOSIT_IS_ZERO": 519, "EDEPOSIT_EXCEEDS_LIMITS": 776, "EWITHDRAWAL_EXCEEDS_LIMITS": 1544,
        "EROLE_CANT_STORE_BALANCE": 1031, "EINSUFFICIENT_BALANCE": 1288,
        "EMALFORMED_AUTHENTICATION_KEY": 2055, "ECANNOT_CREATE_AT_VM_RESERVED": 2567, "EADD_EXISTING_CURRENCY": 3846,
        "EPAYEE_DOES_NOT_EXIST": 4357, "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE": 4615, "EPAYER_DOESNT_HOLD_CURRENCY": 4869,
        "EGAS": 5128, "ECANNOT_CREATE_AT_CORE_CODE": 6151, "EBALANCE_OVERFLOW": 25608,
    },
    "Roles": {
        "EROLE_ID": 6, "EDIEM_ROOT": 259, "ETREASURY_COMPLIANCE": 515, "EPARENT_VASP": 771,
        "EPARENT_VASP_OR_CHILD_VASP": 1027, "EPARENT_VASP_OR_DESIGNATED_DEALER": 1283, "EDESIGNATED_DEALER": 1539,
        "EVALIDATOR": 1795, "EVALIDATOR_OPERATOR": 2051, "ECHILD_VASP": 2307,
    },
    "CoreAddresses": {"EDIEM_ROOT": 2, "ETREASURY_COMPLIANCE": 258},
    "Diem": {
        "ECURRENCY_INFO": 261, "EMINTING_NOT_ALLOWED": 1281, "EIS_SYNTHETIC_CURRENCY": 1543, "ECOIN": 1799,
        "EPREBURN_QUEUE": 2824, "EPREBURN_NOT_FOUND": 3073, "ERECEIPT_USED": 25606, "ERECEIPT_SIGNATURE": 25863,
        "EBASKET": 26117,
    },
    "RegisteredCurrencies": {
        "ECURRENCY_CODE_ALREADY_TAKEN": 7, "EBAD_CURRENCY": 25607, "ETOO_MANY_CURRENCIES": 25864,
    },
    "DesignatedDealer": {
        "EDEALER": 5, "EINVALID_TIER_START": 519, "EINVALID_TIER_INDEX": 775, "EINVALID_MINT_AMOUNT": 1031,
        "EINVALID_AMOUNT_FOR_TIER": 1287,
    },
    "AccountLimits": {
        "ELIMITS_DEFINITION": 5, "EWINDOW": 261, "ELIMITS_DEFINITION_PUBLISHED": 25606, "EWINDOW_PUBLISHED": 25862,
    },
    "Jurisdiction": {
        "ECORRIDOR_HALTED": 25601, "EPAYMENT_CAP": 25864, "EDAILY_COUNT": 26120, "EDAILY_CAP": 26376,
        "EMONTHLY_CAP": 26632, "ERATE_MISSING": 26881, "EPOLICY_VERSION": 27143, "EPOLICY_MALFORMED": 27399,
        "ECOUNTRY": 27655,
    },
    "DualAttestation": {
        "ECREDENTIAL": 5, "EMALFORMED_METADATA_SIGNATURE": 775, "EINVALID_METADATA_SIGNATURE": 1031,
        "EPAYEE_COMPLIANCE_KEY_NOT_SET": 1281, "EPAYEE_BASE_URL_NOT_SET": 1537, "EINVALID_PUBLIC_KEY": 519,
    },
    "AccountFreezing": {
        "ECANNOT_FREEZE_DIEM_ROOT": 775, "ECANNOT_FREEZE_TC": 1031, "EACCOUNT_FROZEN": 1281, "EFREEZING_BIT": 517,
    },
    "VASP": {"EPARENT_OR_CHILD_VASP": 6, "ETOO_MANY_CHILDREN": 264, "ENOT_A_VASP": 519, "ENOT_A_PARENT_VASP": 775},
    "MultiAgent": {"ESIGNER_COUNT": 25607, "ESAME_CURRENCY": 25863},
    "SlidingNonce": {
        "ESLIDING_NONCE": 5, "ENONCE_TOO_OLD": 263, "ENONCE_TOO_NEW": 519, "ENONCE_ALREADY_RECORDED": 775,
        "ENONCE_ALREADY_PUBLISHED": 1030,
    },
    "RecoveryAddress": {
        "ENOT_A_VASP": 7, "EKEY_ROTATION_DEPENDENCY_CYCLE": 263, "ECANNOT_ROTATE_KEY": 519,
        "EINVALID_KEY_ROTATION_DELEGATION": 775, "EACCOUNT_NOT_RECOVERABLE": 1031, "ERECOVERY_ADDRESS": 1285,
        "EMAX_KEYS_REGISTERED": 1544,
    },
    "SharedEd25519PublicKey": {"EMALFORMED_PUBLIC_KEY": 7, "ESHARED_KEY": 261},
    "VASPDomain": {
        "EVASP_DOMAINS": 6, "EVASP_DOMAIN_MANAGER": 261, "EVASP_DOMAIN_NOT_FOUND": 519,
        "EVASP_DOMAIN_ALREADY_EXISTS": 775, "EVASP_DOMAINS_NOT_PUBLISHED": 1029, "EINVALID_VASP_DOMAIN": 1287,
        "EVASP_DOMAINS_FULL": 25608,
    },
    "FixedPoint32": {"EDENOMINATOR": 7, "ERATIO_OUT_OF_RANGE": 1031},
    "Limits": {"ETOO_LONG": 25607, "EEMPTY_NAME": 25863},
    "ValidatorConfig": {
        "EVALIDATOR_CONFIG": 5, "EINVALID_TRANSACTION_SENDER": 263, "EINVALID_CONSENSUS_KEY": 519,
        "ENOT_A_VALIDATOR_OPERATOR": 775, "EINVALID_ADDRESS": 25607, "EINVALID_NETWORK_KEY": 25863,
        "EKEY_IN_USE": 26119, "ENAME_TAKEN": 26374, "ETOO_MANY_REGISTERED": 26632,
    },
    "ValidatorOperatorConfig": {"EVALIDATOR_OPERATOR_CONFIG": 5},
    "ValidatorAdministrationScripts": {"ENAME_MISMATCH": 0},
    "DiemSystem": {
        "EINVALID_PROSPECTIVE_VALIDATOR": 263, "EALREADY_A_VALIDATOR": 519, "ENOT_AN_ACTIVE_VALIDATOR": 775,
        "ECONFIG_UPDATE_RATE_LIMITED": 6, "EMAX_VALIDATORS": 1800, "ELAST_VALIDATOR": 25601,
    },
    "Evidence": {"EEVIDENCE": 25607, "EALREADY_ACCUSED": 25862, "EACCUSED": 26113, "EUNKNOWN_KEY": 26373},
    "DiemConfig": {"EDIEM_CONFIG": 262},
    "DiemVersion": {"EINVALID_MAJOR_VERSION_NUMBER": 7},
    "DiemVMConfig": {"EGAS_CONSTANT_INCONSISTENCY": 7, "EGAS_CONSTANT_TOO_LARGE": 25607},
    "DiemConsensusConfig": {"EINVALID_CONSENSUS_CONFIG": 25607},
    "DiemTransactionPublishingOption": {"EALREADY_HALTED": 25601, "ENOT_HALTED": 25857},
}  # fmt: skip


def test_the_codes_on_the_ledger_stay_as_they_are() -> None:
    """'code = category (low byte) + reason << 8': what old ledgers hold keeps its meaning."""
    assert {module: {name: item.code for name, item in names.items()} for module, names in REASONS.items()} == CODES


def test_categories() -> None:
    """'Categories: 1 INVALID_STATE, ... 255 CUSTOM'."""
    assert {category.value: category.name for category in Category} == {
        0: "RAW", 1: "INVALID_STATE", 2: "REQUIRES_ADDRESS", 3: "REQUIRES_ROLE", 4: "REQUIRES_CAPABILITY",
        5: "NOT_PUBLISHED",
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
    with pytest.raises(AssertionError, match="DiemAccount::EINSUFFICIENT_BALANCE is LIMIT_EXCEEDED, not INVALID_STATE"):
        Abort("DiemAccount", Category.INVALID_STATE, "EINSUFFICIENT_BALANCE", "the category is another")


def test_explaining_a_code() -> None:
    """Category and reason by name; unknown ones say so."""
    assert explain_abort("DiemAccount", 1288) == ("LIMIT_EXCEEDED", "EINSUFFICIENT_BALANCE")
    assert explain_abort("CoreAddresses", 258) == ("REQUIRES_ADDRESS", "ETREASURY_COMPLIANCE")
    assert explain_abort("Roles", 6) == ("ALREADY_PUBLISHED", "EROLE_ID")
    assert explain_abort("DiemSystem", 6) == ("RAW", "ECONFIG_UPDATE_RATE_LIMITED")
    assert explain_abort("ValidatorAdministrationScripts", 0) == ("RAW", "ENAME_MISMATCH")
    assert explain_abort("Nowhere", 0) == ("unknown", "unknown")
    assert explain_abort("Nowhere", 1288) == ("LIMIT_EXCEEDED", "unknown")
    assert explain_abort("DiemAccount", 9 + 256 * 99) == ("unknown", "unknown")


def test_a_reason_is_named_under_its_own_category_only() -> None:
    """1281 is 5 x 256 + INVALID_STATE: reason 5 of DiemAccount is EINSUFFICIENT_BALANCE, which is LIMIT_EXCEEDED."""
    assert explain_abort("DiemAccount", 1281) == ("INVALID_STATE", "unknown")
    assert explain_abort("Diem", 1288) == ("LIMIT_EXCEEDED", "unknown")
    assert explain_abort("AccountFreezing", 1281) == ("INVALID_STATE", "EACCOUNT_FROZEN")
    assert abort_sentence("DiemAccount", 1281) is None


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
    """A day in which each type but `newblock` and `admintransaction` is emitted: as many values as names,
    and no type is missing."""
    world = small_world()
    policy = Policy(1, "", (Rule("us", "US", "", 0, 0, True, "INR", 0, 0, 0, 0),))
    lie = Liar(key(11), world.context.genesis_hash).double_vote()
    events = [
        *world.do(TC, "tiered_mint", *world.mint_arguments(100)),
        *world.do(DEALER, "preburn", "XUS", 10),
        *world.do(DEALER, "preburn", "XUS", 20),
        *world.do(TC, "burn_with_amount", "XUS", 0, DEALER.address, 10),
        *world.do(TC, "cancel_burn_with_amount", "XUS", DEALER.address, 20),
        *world.do(TC, "update_exchange_rate", "XUS", 0, 1, 2),
        *world.do(US, "rotate_dual_attestation_info", b"u", key(9).public_key),
        *world.do(TC, "create_parent_vasp_account", "XUS", 0, bytes(15) + b"\x09", bytes(16), "w", False),
        *world.do(TC, "add_vasp_domain", US.address, b"us.wallet"),
        *world.do(ROOT, "rotate_authentication_key_with_nonce_admin", 0, ALICE.address, ALICE.key.authentication_key()),
        *world.do(TC, "freeze_account", 0, BOB.address),
        *world.do(TC, "unfreeze_account", 0, BOB.address),
        *world.pay(ALICE, BOB, 1),
        *world.do(TC, "set_vasp_country", 0, US.address, "US"),
        *world.do(TC, "set_jurisdiction_policy", 0, policy.to_bytes()),
        *world.pay(ALICE, BOB, 1),
        *world.do(DEALER, "add_currency_to_account", "XDX"),
        *world.do(TC, "tiered_mint", *world.mint_arguments(100, currency="XEU", receipt=2)),
        *world.do(DEALER, "compose", "XDX", 2),
        *world.do(DEALER, "decompose", "XDX", 2),
        *world.do(ALICE, "submit_evidence", key(11).public_key, lie.to_bytes()),
        *world.do(ROOT, "halt_transactions", 0),
    ]
    for event in events:
        assert len(event.data) == len(EVENT_FIELDS[event.type]), event
    assert {event.type for event in events} | {"newblock", "admintransaction"} == set(EVENT_FIELDS)
    assert EVENT_FIELDS["sentpayment"] == ("amount", "currency", "sender", "receiver", "metadata")
    assert EVENT_FIELDS["receivedpayment"] == EVENT_FIELDS["sentpayment"]
    assert EVENT_FIELDS["newblock"] == ("round", "proposer", "proposed_time_us")


def test_every_abort_in_the_code_has_the_category_of_the_table() -> None:
    """A reason has one category: whoever raises it with another one would stop the process."""
    raised = []
    asked = {(row.refusal.module, row.refusal.reason) for row in PRIVILEGES if row.refusal and row.refusal.is_first}
    asked |= {("Roles", "EDIEM_ROOT"), ("Roles", "ETREASURY_COMPLIANCE")}
    for source in sources("chain"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Abort":
                if source.module == "chain.execution.permission":  # raises what the table of privileges says
                    continue
                module, category, reason = node.args[:3]
                assert isinstance(module, ast.Constant)
                assert isinstance(category, ast.Attribute)
                assert isinstance(reason, ast.Constant)
                raised.append((str(module.value), str(reason.value), category.attr))
    assert len(raised) > 40
    for owner, name, attribute in raised:
        assert REASONS[owner][name].category.name == attribute, (owner, name)
    silent = {(owner, name) for owner, names in REASONS.items() for name in names} - {item[:2] for item in raised}
    assert silent - asked == set(SILENT), "a reason that nothing raises is Libra's and stands in SILENT with why"


SILENT = {
    ("DiemAccount", "EGAS"): "the prologue discards it before",
    ("Roles", "EPARENT_VASP_OR_CHILD_VASP"): "Libra's own functions do not raise it either",
    ("Roles", "EPARENT_VASP_OR_DESIGNATED_DEALER"): "ECREDENTIAL says so first",
    ("Roles", "ECHILD_VASP"): "who makes a child gives it its role",
    ("VASP", "EPARENT_OR_CHILD_VASP"): "EROLE_ID comes first",
    ("VASP", "ENOT_A_VASP"): "only accounts that are VASPs are asked",
    ("ValidatorConfig", "ENOT_A_VALIDATOR_OPERATOR"): "who has no operator's configuration has no operator's name",
    ("SlidingNonce", "ENONCE_ALREADY_PUBLISHED"): "genesis makes both",
    ("RecoveryAddress", "EKEY_ROTATION_DEPENDENCY_CYCLE"): "an account gives its own capability only",
    ("VASPDomain", "EVASP_DOMAIN_MANAGER"): "genesis makes it",
}
