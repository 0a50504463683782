"""The functions that a transaction can call: Libra's names, modules and parameters, in one table.

The codec, the executor, the command line and the documents share it. What each does is in `chain.execution`; a test
holds that the tables agree (docs/protocol.md, T1 to T8).
"""

from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """Types of a payload's arguments."""

    ADDRESS = "address"
    """16 bytes."""
    U64 = "u64"
    """0 .. 2^64-1."""
    BYTES = "bytes"
    """Any bytes; the executor bounds them."""
    TEXT = "text"
    """UTF-8 text; the executor bounds it."""
    BOOL = "bool"
    HASH = "hash"
    """32 bytes."""
    CURRENCY = "currency"
    """A currency code as text."""


class Function(NamedTuple):
    """One callable function: Libra's module, its parameters in order, and the signers that it needs."""

    module: str
    parameters: tuple[tuple[str, Kind], ...]
    secondaries: int = 0
    """Secondary signers that it takes, no more and no fewer; a fee payer may follow them (docs/protocol.md, T11)."""


def _function(module: str, *parameters: str, secondaries: int = 0) -> Function:
    """Read parameters written as "name:kind"."""
    pairs = [item.split(":") for item in parameters]
    return Function(module, tuple((name, Kind(kind)) for name, kind in pairs), secondaries)


FUNCTIONS: dict[str, Function] = {
    "peer_to_peer_with_metadata": _function(
        "PaymentScripts",
        "currency:currency",
        "payee:address",
        "amount:u64",
        "metadata:bytes",
        "metadata_signature:bytes",
    ),
    "peer_to_peer_by_signers": _function(
        "PaymentScripts", "currency:currency", "amount:u64", "metadata:bytes", secondaries=1
    ),
    "exchange_by_signers": _function(
        "PaymentScripts",
        "currency:currency",
        "amount:u64",
        "second_currency:currency",
        "second_amount:u64",
        "metadata:bytes",
        secondaries=1,
    ),
    "create_child_vasp_account": _function(
        "AccountCreationScripts",
        "currency:currency",
        "child_address:address",
        "auth_key_prefix:bytes",
        "add_all_currencies:bool",
        "child_initial_balance:u64",
    ),
    "create_parent_vasp_account": _function(
        "AccountCreationScripts",
        "currency:currency",
        "sliding_nonce:u64",
        "new_address:address",
        "auth_key_prefix:bytes",
        "human_name:text",
        "add_all_currencies:bool",
    ),
    "create_designated_dealer": _function(
        "AccountCreationScripts",
        "currency:currency",
        "sliding_nonce:u64",
        "address:address",
        "auth_key_prefix:bytes",
        "human_name:text",
        "add_all_currencies:bool",
    ),
    "add_currency_to_account": _function("AccountAdministrationScripts", "currency:currency"),
    "rotate_authentication_key": _function("AccountAdministrationScripts", "new_key:bytes"),
    "rotate_dual_attestation_info": _function("AccountAdministrationScripts", "new_url:bytes", "new_key:bytes"),
    "tiered_mint": _function(
        "TreasuryComplianceScripts",
        "currency:currency",
        "sliding_nonce:u64",
        "designated_dealer_address:address",
        "mint_amount:u64",
        "tier_index:u64",
        "receipt_id:hash",
        "receipt_signature:bytes",
    ),
    "preburn": _function("TreasuryComplianceScripts", "currency:currency", "amount:u64"),
    "burn_with_amount": _function(
        "TreasuryComplianceScripts",
        "currency:currency",
        "sliding_nonce:u64",
        "preburn_address:address",
        "amount:u64",
    ),
    "cancel_burn_with_amount": _function(
        "TreasuryComplianceScripts", "currency:currency", "preburn_address:address", "amount:u64"
    ),
    "freeze_account": _function("TreasuryComplianceScripts", "sliding_nonce:u64", "to_freeze_account:address"),
    "unfreeze_account": _function("TreasuryComplianceScripts", "sliding_nonce:u64", "to_unfreeze_account:address"),
    "update_dual_attestation_limit": _function(
        "TreasuryComplianceScripts", "sliding_nonce:u64", "new_micro_xdx_limit:u64"
    ),
    "update_exchange_rate": _function(
        "TreasuryComplianceScripts",
        "currency:currency",
        "sliding_nonce:u64",
        "new_exchange_rate_numerator:u64",
        "new_exchange_rate_denominator:u64",
    ),
    "update_minting_ability": _function("TreasuryComplianceScripts", "currency:currency", "allow_minting:bool"),
}

_PYTHON_TYPE: dict[Kind, type] = {
    Kind.ADDRESS: bytes, Kind.U64: int, Kind.BYTES: bytes, Kind.TEXT: str, Kind.BOOL: bool, Kind.HASH: bytes,
    Kind.CURRENCY: str,
}  # fmt: skip
_FIXED_SIZE: dict[Kind, int] = {Kind.ADDRESS: 16, Kind.HASH: 32}
ARGUMENT_TYPES: dict[str, tuple[type, ...]] = {
    name: tuple(_PYTHON_TYPE[kind] for _, kind in function.parameters) for name, function in FUNCTIONS.items()
}
SIZED_ARGUMENTS: dict[str, list[tuple[int, int, str]]] = {
    name: [
        (position, _FIXED_SIZE[kind], f"{name}: {parameter}")
        for position, (parameter, kind) in enumerate(function.parameters)
        if kind in _FIXED_SIZE
    ]
    for name, function in FUNCTIONS.items()
}
"""Position, bytes, and what it is, of each argument with a fixed size."""
