"""Exit codes of a validator process, the same numbers as the command line's (docs/operations.md has the table)."""

from chain.errors import GenesisError, MithqalError, SafetyError, SignatureError
from node.config import ConfigError
from node.keystore import KeyFileError
from node.storage.rules import StorageError

OK = 0
UNEXPECTED = 1
"""A mistake of ours; what is known of it stands in the process's output."""
CONFIGURATION = 2
"""What lies in the directory cannot be used, or does not belong together: nothing changes before somebody mends it."""
NOT_READY = 3
"""Another process or the disk is in the way: the same command may succeed later."""
INTEGRITY = 8
"""The ledger or the signing record is not what this validator wrote: starting could sign or show something wrong."""

BY_NAME: dict[str, int] = {
    "port_in_use": CONFIGURATION,
    "duplicate_network_key": CONFIGURATION,
    "wrong_network": CONFIGURATION,
    "foreign_ledger": CONFIGURATION,
    "storage_format": CONFIGURATION,
    "safety_record_foreign": CONFIGURATION,
    "safety_record_format": CONFIGURATION,
    "log_unwritable": NOT_READY,
    "storage_corrupt": INTEGRITY,
    "corrupt_state": INTEGRITY,
    "safety_record_lost": INTEGRITY,
    "safety_record_unreadable": INTEGRITY,
    "safety_record_old": INTEGRITY,
}
"""Rule name to exit code; of other errors the family decides."""

BY_FAMILY: tuple[tuple[type[MithqalError], int], ...] = (
    (ConfigError, CONFIGURATION),
    (KeyFileError, CONFIGURATION),
    (SignatureError, CONFIGURATION),
    (GenesisError, CONFIGURATION),
    (StorageError, NOT_READY),
    (SafetyError, INTEGRITY),
)


def exit_code(error: MithqalError) -> int:
    """The exit code of a process that ends with this error."""
    if error.name in BY_NAME:
        return BY_NAME[error.name]
    return next((code for family, code in BY_FAMILY if isinstance(error, family)), UNEXPECTED)
