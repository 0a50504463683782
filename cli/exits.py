"""Exit codes, from one table: every failure that a command may show has its number here (docs/cli.md)."""

from chain.errors import MithqalError
from chain.execution.outcome import POLICY_REASONS, REASONS
from chain.validation import DiscardStatus

OK = 0
UNEXPECTED = 1
USAGE = 2
NOT_READY = 3
DISCARDED = 4
FAILED_ON_CHAIN = 5
NOT_FOUND = 6
UNKNOWN_OUTCOME = 7
INVARIANT = 8
POLICY = 9
INTERRUPTED = 130

MEANINGS = {
    OK: "done",
    UNEXPECTED: "unexpected",
    USAGE: "usage, or the syntax of an amount",
    NOT_READY: "cannot connect, or not ready",
    DISCARDED: "refused before inclusion: not on the ledger, no fee",
    FAILED_ON_CHAIN: "executed and failed on chain: the fee is charged, nothing else changed",
    NOT_FOUND: "unknown name, currency or id",
    UNKNOWN_OUTCOME: "timed out: the outcome is unknown, and `mithqal tx wait HASH` finds it",
    INVARIANT: "a proof or an invariant failed",
    POLICY: "refused by policy: a frozen sender or receiver, limits, caps, a halted corridor",
    INTERRUPTED: "interrupted",
}
"""What each exit code says."""

_BY_CODE: dict[int, tuple[str, ...]] = {
    UNEXPECTED: (
        "rpc", "rpc_error", "invalid_request", "invalid_format", "parse_error", "request_too_large", "batch_too_large",
        "content_type", "unknown_method", "data_file_invalid", "rate_not_representable", "storage",
        "storage_read_failed", "storage_write_failed", "sync_failed", "record_too_large", "number_out_of_range",
        "validator_failed", "wallet", "outbox", "pay_file", "bench", "no_measurements", "not_committed", "too_slow",
        "chaos", "not_ours",
        "attacker_failed",
    ),
    USAGE: (
        "bad_argument", "bad_endpoint", "bad_port", "bad_validator_count", "not_a_test_chain", "network_differs",
        "network_exists", "node_exists", "genesis_exists", "key_file_exists", "file_unreadable", "file_unwritable",
        "transaction_file_malformed", "invalid_params", "page_too_large", "bad_config", "unknown_key", "missing_key",
        "wrong_type", "wrong_endpoints", "not_loopback", "foreign_keys", "config_missing", "config_unreadable",
        "genesis_unreadable", "genesis_mismatch", "genesis_format", "malformed_genesis", "bad_genesis", "key_file",
        "key_file_permissions", "key_file_malformed", "key_file_mismatch", "key_file_unreadable",
        "key_file_unwritable", "bad_private_key", "storage_format", "safety_record_format", "wrong_network",
        "duplicate_network_key", "outbox_format", "bad_row", "directory_not_empty", "too_long", "foreign_ledger",
        "safety_record_foreign", "key_file_of_several", "bad_threshold", "bad_signature_set", "not_a_key",
        "duplicate_signer", "signed_already", "signers_differ", "rotation_unfinished", "begins_at_snapshot",
    ),
    NOT_READY: (
        "bad_answer", "wrong_chain", "too_many_waiting", "too_many_requests", "overloaded", "answer_too_large",
        "network", "storage_unreadable", "storage_full",
        "log_unwritable", "outbox_malformed",
    ),
    DISCARDED: (
        "foreign_transaction", "signatures_missing", "not_the_accounts_key",
        "malformed_bytes", "not_canonical", "too_deep", "too_large", "wrong_shape", "wrong_size", "wrong_order",
        "unknown_envelope", "unknown_kind",
    ),
    NOT_FOUND: (
        "key_file_missing", "not_enough_keys", "not_a_signer",
        "unknown_function", "version_too_new", "version_pruned", "unknown_id", "unknown_block",
        "unknown_stream",
    ),
    INVARIANT: (
        "transaction_file_mismatch", "file_signature",
        "storage_corrupt", "corrupt_state", "ledger_behind", "ledger_lost", "execution_divergence",
        "safety_record_unreadable", "safety_record_lost", "safety_record_old", "safety_record_restored",
    ),
}  # fmt: skip
"""Rules of files, processes and requests, by exit code. What somebody has to mend is usage, not `not ready`."""

BY_NAME: dict[str, int] = {
    **{name: code for code, names in _BY_CODE.items() for name in names},
    **{status.name.lower(): DISCARDED for status in DiscardStatus},
    "amount_out_of_range": USAGE,
    "bad_amount": USAGE,
    "unknown_code": NOT_FOUND,
    "unknown_country": NOT_FOUND,
    "unknown_policy": NOT_FOUND,
    "unknown_corridor": NOT_FOUND,
    "unknown_model": NOT_FOUND,
    "unknown_run": NOT_FOUND,
    "currency_not_modelled": NOT_FOUND,
    "cluster_missing": USAGE,
    "cluster_unreachable": NOT_READY,
    "bad_rollout": USAGE,
    "bad_policy_file": USAGE,
    "bad_policy": USAGE,
    "bad_rule": USAGE,
    "bad_code": USAGE,
    "still_halted": POLICY,
    "foreign_target": USAGE,
    "unknown_fault": USAGE,
    "cannot_recover": INVARIANT,
    "unknown_currency": NOT_FOUND,
    "rate_not_available": NOT_FOUND,
    "rate_date_out_of_range": NOT_FOUND,
    "bad_scenario": USAGE,
    "bad_patch": USAGE,
    "not_a_checkout": USAGE,
    "unknown_mutant": NOT_FOUND,
    "mutant_crashed": INVARIANT,
    "bad_custodian_books": USAGE,
    "foreign_custodian_key": USAGE,
    "bad_statement": INVARIANT,
    "reserve_shortfall": INVARIANT,
    "books_differ": INVARIANT,
    "unknown_scenario": NOT_FOUND,
    "simulation_missing": NOT_FOUND,
    "simulation_malformed": USAGE,
    "simulation_moved": USAGE,
    "network_runs": NOT_READY,
    "world_broken": INVARIANT,
    "bad_signature_made": INVARIANT,
    "invariant_violated": INVARIANT,
    "not_committed": INVARIANT,
    "nothing_to_show": NOT_FOUND,
    "directory_not_empty": USAGE,
    "bad_proof": INVARIANT,
    "bad_evidence_file": USAGE,
    "unknown_evidence": NOT_FOUND,
    "not_accused": USAGE,
    "another_validator": USAGE,
    "bad_range": USAGE,
    "bad_record": USAGE,
    "unknown_event": NOT_FOUND,
    "bad_waypoint": USAGE,
    "cannot_write": USAGE,
    "plots_missing": USAGE,
    "conservation": INVARIANT,
    "books_do_not_balance": INVARIANT,
    "unknown_ledger": NOT_FOUND,
    "ledger_differs": INVARIANT,
    "bad_backup": INVARIANT,
    "backup_format": USAGE,
    "bad_keys_backup": INVARIANT,
    "wrong_passphrase": USAGE,
    "weak_passphrase": USAGE,
    "no_passphrase": USAGE,
    "key_differs": USAGE,
    "file_exists": USAGE,
    "sending_account_frozen": POLICY,
    "unknown_script": POLICY,
    **dict.fromkeys(POLICY_REASONS.values(), POLICY),
    "cannot_connect": NOT_READY,
    "network_missing": NOT_READY,
    "network_unfinished": NOT_READY,
    "network_corrupt": NOT_READY,
    "not_running": NOT_READY,
    "not_ready": NOT_READY,
    "state_unavailable": NOT_READY,
    "validator_died": NOT_READY,
    "port_in_use": NOT_READY,
    "directory_in_use": NOT_READY,
    "unknown_validator": NOT_FOUND,
    "unknown_constant": NOT_FOUND,
    "already_a_member": USAGE,
    "no_new_epoch": FAILED_ON_CHAIN,
    "unknown_account": NOT_FOUND,
    "not_recoverable": NOT_FOUND,
    "unknown_hash": NOT_FOUND,
    "unknown_transaction": NOT_FOUND,
    "unknown_id": NOT_FOUND,
    "unknown_block": NOT_FOUND,
    "unknown_stream": NOT_FOUND,
    "name_taken": USAGE,
    "id_used": USAGE,
    "bad_name": USAGE,
    "bad_id": USAGE,
    "bad_memo": USAGE,
    "bad_metadata": USAGE,
    "bad_salt": USAGE,
    "bad_provider": USAGE,
    "bad_identifier": USAGE,
    "wrong_prefix": NOT_FOUND,
    "scheme_mismatch": USAGE,
    "same_account": USAGE,
    "metadata_conflict": USAGE,
    "receipt_unwritable": USAGE,
    "no_receipt": NOT_FOUND,
    "bad_receipt": INVARIANT,
    "not_a_provider": NOT_FOUND,
    "not_a_payment": NOT_FOUND,
    "no_compliance_key": NOT_FOUND,
    "refund_too_large": POLICY,
    "address_book_malformed": NOT_READY,
    "timed_out": UNKNOWN_OUTCOME,
    "bad_payment_file": USAGE,
    "file_in_use": NOT_READY,
    "outcomes_unknown": UNKNOWN_OUTCOME,
    "rows_failed": FAILED_ON_CHAIN,
    "rows_refused": DISCARDED,
    "failed_on_chain": FAILED_ON_CHAIN,
    "invalid_update": DISCARDED,
    "too_many_for_account": DISCARDED,
    "too_many_checks": DISCARDED,
    "mempool_is_full": DISCARDED,
    "expiration_too_far": DISCARDED,
    "bad_chain_id": DISCARDED,
    "valid_from_too_far": DISCARDED,
    "waits_for_scheduled": DISCARDED,
    "batch_would_fail": DISCARDED,
    "batch_size": DISCARDED,
    "bad_time": USAGE,
    "not_scheduled": DISCARDED,
    "cancelled": DISCARDED,
}
"""Rule name to exit code; what is not listed exits with 1."""

BY_NAME |= {
    "unknown_basket": NOT_FOUND,
    "unknown_calendar": NOT_FOUND,
    "unknown_preset": NOT_FOUND,
    "unknown_crisis": NOT_FOUND,
    "date_outside_data": NOT_FOUND,
    "currency_dark": NOT_FOUND,
    "rates_too_sparse": NOT_FOUND,
    "bad_period": USAGE,
    "bad_parameter": USAGE,
    "bad_basket": USAGE,
    "bad_book": USAGE,
    "bad_rates": USAGE,
    "bad_rates_file": USAGE,
    "weights_do_not_sum": USAGE,
    "gate_failed": INVARIANT,
}
"""The same, of the economy's rooms."""


BY_REASON: dict[str, int] = {
    "out_of_gas": FAILED_ON_CHAIN,
    **{reason: FAILED_ON_CHAIN for reasons in REASONS.values() for reason in reasons},
    **dict.fromkeys(POLICY_REASONS, POLICY),
}
"""Why a transaction ran and failed, to exit code; it goes before the name of the error."""


def exit_code(error: MithqalError) -> int:
    """The exit code of a failure."""
    reason = error.details.get("reason")
    if isinstance(reason, str) and reason in BY_REASON:
        return BY_REASON[reason]
    return BY_NAME.get(error.name, UNEXPECTED)
