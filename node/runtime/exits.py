"""Exit codes of a validator process, by the rule that ended it: the same numbers as the command line's.

docs/operations.md says what to do about each. The command line sits above and has its own, larger table
(`cli/exits.py`); a test holds the two together.
"""

from chain.errors import MithqalError

OK = 0
UNEXPECTED = 1
"""The disk fails, or a mistake of ours."""
USAGE = 2
"""What lies in the directory, or the place where it should listen, has to be mended by somebody first."""
NOT_READY = 3
"""Another process or the disk is in the way: the same command may succeed later."""
NOT_FOUND = 6
"""A key is missing."""
INTEGRITY = 8
"""The ledger or the signing record is not what this validator wrote: to start could sign or show something wrong."""

_BY_CODE: dict[int, tuple[str, ...]] = {
    UNEXPECTED: ("storage", "storage_read_failed", "storage_write_failed", "sync_failed", "record_too_large"),
    USAGE: (
        "bad_config", "unknown_key", "missing_key", "wrong_type", "wrong_endpoints", "not_loopback", "config_missing",
        "config_unreadable", "genesis_unreadable", "genesis_mismatch", "genesis_format", "malformed_genesis",
        "bad_genesis", "key_file", "key_file_permissions", "key_file_malformed", "key_file_mismatch",
        "key_file_unreadable", "bad_private_key", "foreign_keys", "duplicate_network_key",
        "wrong_network", "foreign_ledger", "storage_format", "safety_record_format",
        "begins_at_snapshot",
    ),
    NOT_READY: ("port_in_use", "directory_in_use", "log_unwritable", "storage_unreadable", "storage_full"),
    NOT_FOUND: ("key_file_missing",),
    INTEGRITY: (
        "storage_corrupt", "corrupt_state", "ledger_behind", "ledger_lost", "conservation", "execution_divergence",
    ),
}  # fmt: skip

BY_NAME: dict[str, int] = {name: code for code, names in _BY_CODE.items() for name in names}
"""Rule name to exit code; what is not listed exits with 1."""


def exit_code(error: MithqalError) -> int:
    """The exit code of a process that ends with this error."""
    return BY_NAME.get(error.name, UNEXPECTED)
