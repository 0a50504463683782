"""What a transaction leaves behind: status, gas, events; and why it failed, by Libra's module, category and reason."""

from enum import IntEnum
from typing import NamedTuple

from chain.codec import Value, encode
from chain.errors import MithqalError


class Event(NamedTuple):
    """One event: its stream's key (24 bytes), its number in the stream, its type and fields."""

    key: bytes
    sequence: int
    type: str
    data: tuple[Value, ...]

    def to_bytes(self) -> bytes:
        """Canonical bytes, as the event accumulator hashes them."""
        return encode(tuple(self))


EVENT_FIELDS: dict[str, tuple[str, ...]] = {
    "sentpayment": ("amount", "currency", "sender", "receiver", "metadata"),
    "receivedpayment": ("amount", "currency", "sender", "receiver", "metadata"),
    "mint": ("amount", "currency", "receipt_id"),
    "receivedmint": ("amount", "currency", "destination_address"),
    "preburn": ("amount", "currency", "preburn_address"),
    "burn": ("amount", "currency", "preburn_address"),
    "cancelburn": ("amount", "currency", "preburn_address"),
    "to_xdx_exchange_rate_update": ("currency", "new_to_xdx_exchange_rate"),
    "compliancekeyrotation": ("new_compliance_public_key", "time_rotated_seconds"),
    "baseurlrotation": ("new_base_url", "time_rotated_seconds"),
    "createaccount": ("created_address", "role_id"),
    "freeze": ("frozen_address",),
    "unfreeze": ("unfrozen_address",),
    "receiptreleased": ("amount", "currency", "preburn_address"),
    "newblock": ("round", "proposer", "proposed_time_us"),
}
"""Fields by event type, in the order of `Event.data` (reference: Libra's JSON event types)."""


class Status(NamedTuple):
    """`executed`, `out_of_gas` or `move_abort`; module and code stand for an abort only."""

    kind: str
    module: str
    code: int


EXECUTED = Status("executed", "", 0)
OUT_OF_GAS = Status("out_of_gas", "", 0)


class Outcome(NamedTuple):
    """A kept transaction's result."""

    status: Status
    gas_used: int
    events: tuple[Event, ...]


class Category(IntEnum):
    """Low byte of an abort code."""

    INVALID_STATE = 1
    REQUIRES_ADDRESS = 2
    REQUIRES_ROLE = 3
    REQUIRES_CAPABILITY = 4
    NOT_PUBLISHED = 5
    ALREADY_PUBLISHED = 6
    INVALID_ARGUMENT = 7
    LIMIT_EXCEEDED = 8
    INTERNAL = 10
    CUSTOM = 255


REASONS: dict[str, dict[str, int]] = {
    "DiemAccount": {
        "ECOIN_DEPOSIT_IS_ZERO": 2,
        "EROLE_CANT_STORE_BALANCE": 4,
        "EINSUFFICIENT_BALANCE": 5,
        "EMALFORMED_AUTHENTICATION_KEY": 8,
        "ECANNOT_CREATE_AT_VM_RESERVED": 10,
        "EADD_EXISTING_CURRENCY": 15,
        "EPAYEE_DOES_NOT_EXIST": 17,
        "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE": 18,
        "EPAYER_DOESNT_HOLD_CURRENCY": 19,
        "EGAS": 20,
        "ECANNOT_CREATE_AT_CORE_CODE": 24,
        "EBALANCE_OVERFLOW": 100,
    },
    "Roles": {
        "EROLE_ID": 0,
        "EPARENT_VASP": 3,
        "EPARENT_VASP_OR_CHILD_VASP": 4,
        "EPARENT_VASP_OR_DESIGNATED_DEALER": 5,
        "EDESIGNATED_DEALER": 6,
    },
    "CoreAddresses": {"ETREASURY_COMPLIANCE": 1},
    "Diem": {
        "ECURRENCY_INFO": 1,
        "EMINTING_NOT_ALLOWED": 5,
        "EIS_SYNTHETIC_CURRENCY": 6,
        "ECOIN": 7,
        "EPREBURN_QUEUE": 11,
        "EPREBURN_NOT_FOUND": 12,
        "ERECEIPT_USED": 100,
        "ERECEIPT_SIGNATURE": 101,
    },
    "DesignatedDealer": {"EDEALER": 0, "EINVALID_MINT_AMOUNT": 4},
    "DualAttestation": {
        "ECREDENTIAL": 0,
        "EMALFORMED_METADATA_SIGNATURE": 3,
        "EINVALID_METADATA_SIGNATURE": 4,
        "EPAYEE_COMPLIANCE_KEY_NOT_SET": 5,
        "EPAYEE_BASE_URL_NOT_SET": 6,
        "EINVALID_PUBLIC_KEY": 2,
    },
    "AccountFreezing": {
        "ECANNOT_FREEZE_DIEM_ROOT": 3,
        "ECANNOT_FREEZE_TC": 4,
        "EACCOUNT_FROZEN": 5,
        "EFREEZING_BIT": 2,
    },
    "VASP": {"ETOO_MANY_CHILDREN": 1},
    "SlidingNonce": {"ENONCE_UNSUPPORTED": 100},
    "FixedPoint32": {"EDENOMINATOR": 0, "ERATIO_OUT_OF_RANGE": 4},
    "Limits": {"ETOO_LONG": 100},
}
"""Abort reasons by module. Numbers are Libra's; those from 100 on are ours."""


class Abort(MithqalError):
    """A transaction that ran and failed: kept, charged, without effect (rule T7)."""

    def __init__(self, module: str, category: Category, reason: str, message: str, **details: object) -> None:
        """`reason` must be listed in REASONS."""
        super().__init__(message, name=reason, **details)
        self.module = module
        self.code = category | REASONS[module][reason] << 8

    def status(self) -> Status:
        """As the ledger keeps it."""
        return Status("move_abort", self.module, self.code)


def explain_abort(module: str, code: int) -> tuple[str, str]:
    """Names of an abort code's category and reason; "unknown" for what is not listed."""
    categories = {int(category): category.name for category in Category}
    reasons = {number: name for name, number in REASONS.get(module, {}).items()}
    return categories.get(code & 0xFF, "unknown"), reasons.get(code >> 8, "unknown")
