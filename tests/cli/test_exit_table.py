"""One table of exit codes: every validation status, every abort and every error of the client, each with its number.

Whoever adds one writes it here, and in `cli.exits` where it is not what its kind exits with.
"""

import pytest

from chain.errors import MithqalError
from chain.execution.outcome import REASONS
from chain.validation import DiscardStatus
from cli.exits import BY_NAME, MEANINGS, exit_code

STATUSES: dict[int, str] = {
    4: """
        BAD_CHAIN_ID BAD_TRANSACTION_FEE_CURRENCY CURRENCY_INFO_DOES_NOT_EXIST EXCEEDED_MAX_TRANSACTION_SIZE
        FEATURE_UNDER_GATING GAS_UNIT_PRICE_ABOVE_MAX_BOUND GAS_UNIT_PRICE_BELOW_MIN_BOUND
        INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE INVALID_AUTH_KEY INVALID_GAS_SPECIFIER INVALID_SIGNATURE
        MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND
        SECONDARY_KEYS_ADDRESSES_COUNT_MISMATCH SENDING_ACCOUNT_DOES_NOT_EXIST SEQUENCE_NUMBER_TOO_BIG
        SEQUENCE_NUMBER_TOO_NEW SEQUENCE_NUMBER_TOO_OLD SIGNERS_CONTAIN_DUPLICATES TRANSACTION_EXPIRED
        BLOCK_GAS_EXCEEDED FEE_PAYER_NOT_A_SIGNER NOT_YET_VALID VALIDITY_EMPTY
    """,
    9: """
        SENDING_ACCOUNT_FROZEN UNKNOWN_SCRIPT
    """,
}
"""'4 discarded before inclusion', '9 refused by policy: a frozen sender'."""

ABORTS: dict[int, str] = {
    5: """
        EACCOUNT EACCOUNT_NOT_RECOVERABLE EACCUSED EADD_EXISTING_CURRENCY EALREADY_ACCUSED EALREADY_A_VALIDATOR
        EALREADY_HALTED EBAD_CURRENCY EEVIDENCE
        EBALANCE_OVERFLOW EBASKET ECANNOT_CREATE_AT_CORE_CODE ECANNOT_CREATE_AT_VM_RESERVED ECANNOT_FREEZE_DIEM_ROOT
        ECANNOT_FREEZE_TC ECANNOT_ROTATE_KEY ECHILD_VASP ECOIN ECOIN_DEPOSIT_IS_ZERO ECONFIG_UPDATE_RATE_LIMITED
 ECOUNTRY ECREDENTIAL ECURRENCY_CODE_ALREADY_TAKEN ECURRENCY_INFO
        EDEALER EDENOMINATOR EDESIGNATED_DEALER EDIEM_CONFIG EDIEM_ROOT EEMPTY_NAME
        EFREEZING_BIT EGAS EGAS_CONSTANT_INCONSISTENCY EGAS_CONSTANT_TOO_LARGE EINSUFFICIENT_BALANCE
        EINVALID_ADDRESS EINVALID_CONSENSUS_CONFIG EINVALID_CONSENSUS_KEY
        EINVALID_KEY_ROTATION_DELEGATION EINVALID_MAJOR_VERSION_NUMBER EINVALID_METADATA_SIGNATURE
        EINVALID_MINT_AMOUNT EINVALID_NETWORK_KEY EINVALID_PROSPECTIVE_VALIDATOR EINVALID_PUBLIC_KEY
        EINVALID_TIER_INDEX EINVALID_TIER_START EINVALID_TRANSACTION_SENDER EINVALID_VASP_DOMAIN
        EIS_SYNTHETIC_CURRENCY EKEY_IN_USE EKEY_ROTATION_CAPABILITY_ALREADY_EXTRACTED EKEY_ROTATION_DEPENDENCY_CYCLE
        ELAST_VALIDATOR ELIMITS_DEFINITION ELIMITS_DEFINITION_PUBLISHED EMALFORMED_AUTHENTICATION_KEY
        EMALFORMED_METADATA_SIGNATURE EMALFORMED_PUBLIC_KEY EMAX_KEYS_REGISTERED EMAX_VALIDATORS
        EMINTING_NOT_ALLOWED ENAME_MISMATCH ENAME_TAKEN ENONCE_ALREADY_PUBLISHED
        ENONCE_ALREADY_RECORDED ENONCE_TOO_NEW ENONCE_TOO_OLD ENOT_AN_ACTIVE_VALIDATOR ENOT_A_PARENT_VASP
        ENOT_A_VALIDATOR_OPERATOR ENOT_A_VASP ENOT_HALTED EPARENT_OR_CHILD_VASP EPARENT_VASP
        EPARENT_VASP_OR_CHILD_VASP EPARENT_VASP_OR_DESIGNATED_DEALER EPAYEE_BASE_URL_NOT_SET
        EPAYEE_CANT_ACCEPT_CURRENCY_TYPE EPAYEE_COMPLIANCE_KEY_NOT_SET EPAYEE_DOES_NOT_EXIST
        EPAYER_DOESNT_HOLD_CURRENCY EPOLICY_MALFORMED EPOLICY_VERSION EPREBURN_NOT_FOUND EPREBURN_QUEUE
        ERATE_MISSING ERATIO_OUT_OF_RANGE ERECEIPT_SIGNATURE ERECEIPT_USED ERECOVERY_ADDRESS
        EROLE_CANT_STORE_BALANCE EROLE_ID ESAME_CURRENCY ESHARED_KEY ESIGNER_COUNT ESLIDING_NONCE ETOO_LONG EUNKNOWN_KEY
        ETOO_MANY_CHILDREN ETOO_MANY_CURRENCIES ETOO_MANY_REGISTERED ETREASURY_COMPLIANCE EVALIDATOR
        EVALIDATOR_CONFIG EVALIDATOR_OPERATOR EVALIDATOR_OPERATOR_CONFIG EVASP_DOMAINS EVASP_DOMAINS_FULL
        EVASP_DOMAINS_NOT_PUBLISHED EVASP_DOMAIN_ALREADY_EXISTS EVASP_DOMAIN_MANAGER EVASP_DOMAIN_NOT_FOUND EWINDOW
        EWINDOW_PUBLISHED
    """,
    9: """
        EACCOUNT_FROZEN ECORRIDOR_HALTED EDAILY_CAP EDAILY_COUNT EDEPOSIT_EXCEEDS_LIMITS EINVALID_AMOUNT_FOR_TIER
        EMONTHLY_CAP EPAYMENT_CAP EWITHDRAWAL_EXCEEDS_LIMITS
    """,
}
"""'5 executed and failed on chain', '9 refused by policy: a frozen receiver'."""

CLIENT: dict[int, str] = {
    1: """
        attacker_failed batch_too_large bench chaos content_type data_file_invalid invalid_format invalid_request
        no_measurements number_out_of_range not_ours outbox parse_error pay_file rate_not_representable record_too_large
        request_too_large rpc rpc_error storage storage_read_failed storage_write_failed sync_failed too_slow
        unknown_method validator_failed wallet
    """,
    2: """
        already_a_member amount_out_of_range backup_format bad_amount bad_argument bad_code bad_config bad_endpoint
        another_validator bad_evidence_file not_accused
        bad_genesis bad_id bad_identifier bad_memo bad_metadata bad_name bad_payment_file bad_policy
        bad_policy_file bad_port bad_private_key bad_provider bad_range bad_record bad_row bad_rule bad_salt
        bad_signature_set bad_threshold bad_time bad_validator_count bad_waypoint begins_at_snapshot cannot_write
        config_missing config_unreadable directory_not_empty duplicate_network_key duplicate_signer file_exists
        file_unreadable foreign_target key_differs no_passphrase weak_passphrase wrong_passphrase
        file_unwritable foreign_keys foreign_ledger genesis_exists genesis_format genesis_mismatch
        genesis_unreadable id_used invalid_params key_file key_file_exists key_file_malformed
        key_file_mismatch key_file_of_several key_file_permissions key_file_unreadable key_file_unwritable
        malformed_genesis metadata_conflict missing_key name_taken network_differs network_exists node_exists
        not_a_key not_a_test_chain not_loopback outbox_format page_too_large receipt_unwritable
        rotation_unfinished safety_record_foreign safety_record_format same_account scheme_mismatch
        signed_already signers_differ storage_format too_long transaction_file_malformed unknown_key
        unknown_fault
        wrong_endpoints wrong_network wrong_type
    """,
    3: """
        address_book_malformed answer_too_large bad_answer cannot_connect directory_in_use file_in_use log_unwritable
        network network_corrupt network_missing network_unfinished
        not_ready not_running outbox_malformed overloaded port_in_use storage_full
        state_unavailable storage_unreadable too_many_requests too_many_waiting validator_died wrong_chain
    """,
    4: """
        batch_size batch_would_fail cancelled expiration_too_far foreign_transaction invalid_update
        malformed_bytes mempool_is_full not_canonical not_scheduled not_the_accounts_key rows_refused
        signatures_missing too_deep too_large too_many_checks too_many_for_account unknown_envelope
        unknown_kind valid_from_too_far waits_for_scheduled wrong_order wrong_shape wrong_size
    """,
    5: """
        failed_on_chain no_new_epoch rows_failed
    """,
    6: """
        key_file_missing no_compliance_key no_receipt not_a_payment not_a_provider not_a_signer
        not_enough_keys not_recoverable nothing_to_show rate_date_out_of_range rate_not_available unknown_account
        unknown_block unknown_code unknown_constant unknown_country unknown_currency unknown_event unknown_evidence
        unknown_function unknown_hash unknown_id unknown_ledger unknown_policy unknown_stream
        unknown_transaction unknown_validator version_pruned version_too_new wrong_prefix
    """,
    7: """
        outcomes_unknown timed_out
    """,
    8: """
        bad_backup bad_keys_backup bad_proof bad_receipt books_do_not_balance cannot_recover conservation corrupt_state
        execution_divergence file_signature invariant_violated ledger_behind ledger_differs ledger_lost not_committed
        safety_record_lost safety_record_old safety_record_restored safety_record_unreadable storage_corrupt
        transaction_file_mismatch
    """,
    9: """
        account_frozen cap_exceeded corridor_halted limits_exceeded refund_too_large still_halted
        tier_exceeded
    """,
}
"""The rules of files, processes, requests, names and payments."""

ECONOMY = {
    2: (
        "bad_basket bad_book bad_parameter bad_period bad_rates bad_rates_file bad_rollout cluster_missing "
        "plots_missing weights_do_not_sum bad_scenario simulation_malformed simulation_moved bad_custodian_books "
        "foreign_custodian_key bad_patch not_a_checkout"
    ),
    3: "cluster_unreachable network_runs",
    6: (
        "currency_dark currency_not_modelled date_outside_data rates_too_sparse unknown_basket "
        "unknown_calendar unknown_corridor unknown_crisis unknown_model unknown_preset unknown_run "
        "unknown_scenario simulation_missing unknown_mutant"
    ),
    8: "gate_failed mutant_crashed world_broken bad_signature_made bad_statement reserve_shortfall books_differ",
}
"""The rules of the economy's rooms, and of the lab."""


def table(rows: dict[int, str]) -> dict[str, int]:
    """Exit code by name; a name stands once."""
    pairs = [(name, code) for code, names in rows.items() for name in names.split()]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_every_status_has_its_exit() -> None:
    """By its name in lower case, as a refusal says it."""
    expected = table(STATUSES)
    assert set(expected) == {status.name for status in DiscardStatus}
    assert {name: exit_code(MithqalError("x", name=name.lower())) for name in expected} == expected


def test_every_abort_has_its_exit() -> None:
    """By the reason, whatever the error that carries it is called; and a command that failed so names the code."""
    expected = table(ABORTS)
    assert set(expected) == {reason for reasons in REASONS.values() for reason in reasons}
    for name in ("failed_on_chain", "account_frozen", "anything"):
        found = {reason: exit_code(MithqalError("x", name=name, reason=reason)) for reason in expected}
        assert found == expected


def test_every_error_of_the_client_has_its_exit() -> None:
    """By its name."""
    expected = table(CLIENT) | table(ECONOMY)
    assert set(expected) == set(BY_NAME) - {status.name.lower() for status in DiscardStatus}
    assert {name: exit_code(MithqalError("x", name=name)) for name in expected} == expected


@pytest.mark.parametrize("rows", [STATUSES, ABORTS, CLIENT])
def test_every_code_of_the_table_has_a_meaning(rows: dict[int, str]) -> None:
    """`mithqal explain` shows it."""
    assert set(rows) <= set(MEANINGS)
