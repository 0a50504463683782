"""The functions that a transaction can call: Libra's names, modules and parameters, in one table.

The codec, the executor, the command line and the documents share it. What each does is in `chain.execution`; a test
holds that the tables agree (docs/protocol.md, T1 to T8).
"""

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from chain.codec import Value, fields, sized
from chain.errors import DecodeError
from chain.limits import MAX_BATCH_BYTES, MAX_BATCH_PAYMENTS, MAX_TRANSACTION_BYTES
from chain.records.onchain import GasConstants


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
    PAYMENTS = "payments"
    """A list of 1 to 500 `BatchPayment`s."""


class Function(NamedTuple):
    """One callable function: Libra's module, its parameters in order, and the signers that it needs."""

    module: str
    parameters: tuple[tuple[str, Kind], ...]
    secondaries: int = 0
    """Secondary signers that it takes, no more and no fewer; a fee payer may follow them (docs/protocol.md, T11)."""


class BatchPayment(NamedTuple):
    """One payment of a batch: the arguments of a single one, in their order."""

    currency: str
    payee: bytes
    amount: int
    """Micro-units."""
    metadata: bytes
    metadata_signature: bytes

    def to_value(self) -> Value:
        """The five in order."""
        return (self.currency, self.payee, self.amount, self.metadata, self.metadata_signature)


def _function(module: str, *parameters: str, secondaries: int = 0) -> Function:
    """Read parameters written as "name:kind"."""
    pairs = [item.split(":") for item in parameters]
    return Function(module, tuple((name, Kind(kind)) for name, kind in pairs), secondaries)


_VALIDATORS, _SYSTEM = "ValidatorAdministrationScripts", "SystemAdministrationScripts"
_NAMED_VALIDATOR = ("validator_name:text", "validator_address:address")
_VALIDATOR_CONFIG = (
    "validator_account:address", "consensus_pubkey:bytes", "validator_network_addresses:text",
    "fullnode_network_addresses:text",
)  # fmt: skip

FUNCTIONS: dict[str, Function] = {
    "peer_to_peer_with_metadata": _function(
        "PaymentScripts",
        "currency:currency",
        "payee:address",
        "amount:u64",
        "metadata:bytes",
        "metadata_signature:bytes",
    ),
    "pay_batch": _function("PaymentScripts", "payments:payments"),
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
    "rotate_authentication_key_with_nonce": _function(
        "AccountAdministrationScripts", "sliding_nonce:u64", "new_key:bytes"
    ),
    "rotate_authentication_key_with_nonce_admin": _function(
        "AccountAdministrationScripts", "sliding_nonce:u64", "account:address", "new_key:bytes"
    ),
    "rotate_authentication_key_with_recovery_address": _function(
        "AccountAdministrationScripts", "recovery_address:address", "to_recover:address", "new_key:bytes"
    ),
    "create_recovery_address": _function("AccountAdministrationScripts"),
    "add_recovery_rotation_capability": _function("AccountAdministrationScripts", "recovery_address:address"),
    "publish_shared_ed25519_public_key": _function("AccountAdministrationScripts", "public_key:bytes"),
    "rotate_shared_ed25519_public_key": _function("AccountAdministrationScripts", "public_key:bytes"),
    "create_vasp_domains": _function("AccountAdministrationScripts"),
    "create_diem_id_domains": _function("AccountAdministrationScripts"),
    "rotate_dual_attestation_info": _function("AccountAdministrationScripts", "new_url:bytes", "new_key:bytes"),
    "add_vasp_domain": _function("TreasuryComplianceScripts", "address:address", "domain:bytes"),
    "add_diem_id_domain": _function("TreasuryComplianceScripts", "address:address", "domain:bytes"),
    "remove_vasp_domain": _function("TreasuryComplianceScripts", "address:address", "domain:bytes"),
    "remove_diem_id_domain": _function("TreasuryComplianceScripts", "address:address", "domain:bytes"),
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
    "burn_txn_fees": _function("TreasuryComplianceScripts", "currency:currency"),
    "update_dealer_tiers": _function(
        "TreasuryComplianceScripts",
        "currency:currency",
        "sliding_nonce:u64",
        "designated_dealer_address:address",
        "tier_0_cap:u64",
        "tier_1_cap:u64",
        "tier_2_cap:u64",
        "tier_3_cap:u64",
    ),
    "register_scs_currency": _function(
        "Diem",
        "currency:currency",
        "exchange_rate_numerator:u64",
        "exchange_rate_denominator:u64",
        "scaling_factor:u64",
        "fractional_part:u64",
        "custodian_key:hash",
        secondaries=1,
    ),
    "compose": _function("BasketScripts", "currency:currency", "amount:u64"),
    "decompose": _function("BasketScripts", "currency:currency", "amount:u64"),
    "publish_unrestricted_limits": _function("AccountLimits", "currency:currency"),
    "publish_window": _function("AccountLimits", "currency:currency", "limit_address:address", secondaries=1),
    "update_limits_definition": _function(
        "AccountLimits",
        "currency:currency",
        "sliding_nonce:u64",
        "limit_address:address",
        "new_max_inflow:u64",
        "new_max_outflow:u64",
        "new_max_holding_balance:u64",
        "new_time_period:u64",
    ),
    "update_window_info": _function(
        "AccountLimits",
        "currency:currency",
        "window_address:address",
        "aggregate_balance:u64",
        "new_limit_address:address",
    ),
    "set_jurisdiction_policy": _function("JurisdictionScripts", "sliding_nonce:u64", "policy:bytes"),
    "set_vasp_country": _function("JurisdictionScripts", "sliding_nonce:u64", "vasp_address:address", "country:text"),
    "create_validator_account": _function(
        "AccountCreationScripts",
        "sliding_nonce:u64",
        "new_account_address:address",
        "auth_key_prefix:bytes",
        "human_name:text",
    ),
    "create_validator_operator_account": _function(
        "AccountCreationScripts",
        "sliding_nonce:u64",
        "new_account_address:address",
        "auth_key_prefix:bytes",
        "human_name:text",
    ),
    "add_validator_and_reconfigure": _function(_VALIDATORS, "sliding_nonce:u64", *_NAMED_VALIDATOR),
    "remove_validator_and_reconfigure": _function(_VALIDATORS, "sliding_nonce:u64", *_NAMED_VALIDATOR),
    "register_validator_config": _function(_VALIDATORS, *_VALIDATOR_CONFIG),
    "set_validator_config_and_reconfigure": _function(_VALIDATORS, *_VALIDATOR_CONFIG),
    "set_validator_operator": _function(_VALIDATORS, "operator_name:text", "operator_account:address"),
    "set_validator_operator_with_nonce_admin": _function(
        _VALIDATORS, "sliding_nonce:u64", "operator_name:text", "operator_account:address", secondaries=1
    ),
    "submit_evidence": _function("EvidenceScripts", "consensus_key:bytes", "evidence:bytes"),
    "update_diem_version": _function(_SYSTEM, "sliding_nonce:u64", "major:u64"),
    "set_gas_constants": _function(_SYSTEM, "sliding_nonce:u64", *(f"{name}:u64" for name in GasConstants._fields)),
    "initialize_diem_consensus_config": _function(_SYSTEM, "sliding_nonce:u64"),
    "update_diem_consensus_config": _function(_SYSTEM, "sliding_nonce:u64", "config:bytes"),
    "halt_transactions": _function(_SYSTEM, "sliding_nonce:u64"),
    "resume_transactions": _function(_SYSTEM, "sliding_nonce:u64"),
}

PAYMENT_PARAMETERS = FUNCTIONS["peer_to_peer_with_metadata"].parameters
"""Of each payment of a batch too."""

_PYTHON_TYPE: dict[Kind, type] = {
    Kind.ADDRESS: bytes, Kind.U64: int, Kind.BYTES: bytes, Kind.TEXT: str, Kind.BOOL: bool, Kind.HASH: bytes,
    Kind.CURRENCY: str, Kind.PAYMENTS: tuple,
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


def _check_payments(value: object, what: str) -> None:
    """A batch's list: 1 to MAX_BATCH_PAYMENTS rows of the right shape; DecodeError otherwise."""
    assert isinstance(value, tuple)
    if not 1 <= len(value) <= MAX_BATCH_PAYMENTS:
        raise DecodeError(
            f"{what}: a batch has 1 to {MAX_BATCH_PAYMENTS} payments, got {len(value)}",
            name="batch_size", payments=len(value), limit=MAX_BATCH_PAYMENTS,
        )  # fmt: skip
    for row in value:
        _, payee, _, _, _ = fields(row, f"{what}: payment", str, bytes, int, bytes, bytes)
        sized(payee, _FIXED_SIZE[Kind.ADDRESS], f"{what}: payee")


_CHECKS: dict[Kind, Callable[[object, str], None]] = {Kind.PAYMENTS: _check_payments}
CHECKED_ARGUMENTS: dict[str, list[tuple[int, Callable[[object, str], None], str]]] = {
    name: [
        (position, _CHECKS[kind], f"{name}: {parameter}")
        for position, (parameter, kind) in enumerate(function.parameters)
        if kind in _CHECKS
    ]
    for name, function in FUNCTIONS.items()
}
"""Position, check, and what it is, of each argument that is a list."""

MAX_BYTES: dict[str, int] = {"pay_batch": MAX_BATCH_BYTES, "submit_evidence": MAX_BATCH_BYTES}
"""Largest envelope of the functions that have more room than the others."""


def max_bytes_of(function: str) -> int:
    """The largest envelope of a call of this function."""
    return MAX_BYTES.get(function, MAX_TRANSACTION_BYTES)
