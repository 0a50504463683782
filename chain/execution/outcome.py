"""What a transaction leaves behind: status, gas, events; and why it failed, by Libra's module, category and reason."""

from enum import IntEnum
from typing import NamedTuple

from chain.entries import Event, Status
from chain.errors import MithqalError

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


class Reason(NamedTuple):
    """One reason of a module: its number, and the one category that it is raised with."""

    number: int
    category: Category

    @property
    def code(self) -> int:
        """The abort code: category + 256 x number."""
        return self.category | self.number << 8


REASONS: dict[str, dict[str, Reason]] = {
    "DiemAccount": {
        "ECOIN_DEPOSIT_IS_ZERO": Reason(2, Category.INVALID_ARGUMENT),
        "EROLE_CANT_STORE_BALANCE": Reason(4, Category.INVALID_ARGUMENT),
        "EINSUFFICIENT_BALANCE": Reason(5, Category.LIMIT_EXCEEDED),
        "EMALFORMED_AUTHENTICATION_KEY": Reason(8, Category.INVALID_ARGUMENT),
        "ECANNOT_CREATE_AT_VM_RESERVED": Reason(10, Category.INVALID_ARGUMENT),
        "EADD_EXISTING_CURRENCY": Reason(15, Category.ALREADY_PUBLISHED),
        "EPAYEE_DOES_NOT_EXIST": Reason(17, Category.NOT_PUBLISHED),
        "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE": Reason(18, Category.INVALID_ARGUMENT),
        "EPAYER_DOESNT_HOLD_CURRENCY": Reason(19, Category.NOT_PUBLISHED),
        "EGAS": Reason(20, Category.LIMIT_EXCEEDED),
        "ECANNOT_CREATE_AT_CORE_CODE": Reason(24, Category.INVALID_ARGUMENT),
        "EBALANCE_OVERFLOW": Reason(100, Category.LIMIT_EXCEEDED),
    },
    "Roles": {
        "EROLE_ID": Reason(0, Category.ALREADY_PUBLISHED),
        "EPARENT_VASP": Reason(3, Category.REQUIRES_ROLE),
        "EPARENT_VASP_OR_CHILD_VASP": Reason(4, Category.REQUIRES_ROLE),
        "EPARENT_VASP_OR_DESIGNATED_DEALER": Reason(5, Category.REQUIRES_ROLE),
        "EDESIGNATED_DEALER": Reason(6, Category.REQUIRES_ROLE),
    },
    "CoreAddresses": {
        "ETREASURY_COMPLIANCE": Reason(1, Category.REQUIRES_ADDRESS),
    },
    "Diem": {
        "ECURRENCY_INFO": Reason(1, Category.NOT_PUBLISHED),
        "EMINTING_NOT_ALLOWED": Reason(5, Category.INVALID_STATE),
        "EIS_SYNTHETIC_CURRENCY": Reason(6, Category.INVALID_ARGUMENT),
        "ECOIN": Reason(7, Category.LIMIT_EXCEEDED),
        "EPREBURN_QUEUE": Reason(11, Category.LIMIT_EXCEEDED),
        "EPREBURN_NOT_FOUND": Reason(12, Category.INVALID_STATE),
        "ERECEIPT_USED": Reason(100, Category.ALREADY_PUBLISHED),
        "ERECEIPT_SIGNATURE": Reason(101, Category.INVALID_ARGUMENT),
    },
    "DesignatedDealer": {
        "EDEALER": Reason(0, Category.NOT_PUBLISHED),
        "EINVALID_MINT_AMOUNT": Reason(4, Category.INVALID_ARGUMENT),
    },
    "DualAttestation": {
        "ECREDENTIAL": Reason(0, Category.NOT_PUBLISHED),
        "EMALFORMED_METADATA_SIGNATURE": Reason(3, Category.INVALID_ARGUMENT),
        "EINVALID_METADATA_SIGNATURE": Reason(4, Category.INVALID_ARGUMENT),
        "EPAYEE_COMPLIANCE_KEY_NOT_SET": Reason(5, Category.INVALID_STATE),
        "EPAYEE_BASE_URL_NOT_SET": Reason(6, Category.INVALID_STATE),
        "EINVALID_PUBLIC_KEY": Reason(2, Category.INVALID_ARGUMENT),
    },
    "AccountFreezing": {
        "ECANNOT_FREEZE_DIEM_ROOT": Reason(3, Category.INVALID_ARGUMENT),
        "ECANNOT_FREEZE_TC": Reason(4, Category.INVALID_ARGUMENT),
        "EACCOUNT_FROZEN": Reason(5, Category.INVALID_STATE),
        "EFREEZING_BIT": Reason(2, Category.NOT_PUBLISHED),
    },
    "VASP": {
        "ETOO_MANY_CHILDREN": Reason(1, Category.LIMIT_EXCEEDED),
    },
    "MultiAgent": {
        "ESIGNER_COUNT": Reason(100, Category.INVALID_ARGUMENT),
        "ESAME_CURRENCY": Reason(101, Category.INVALID_ARGUMENT),
    },
    "SlidingNonce": {
        "ENONCE_UNSUPPORTED": Reason(100, Category.INVALID_ARGUMENT),
    },
    "FixedPoint32": {
        "EDENOMINATOR": Reason(0, Category.INVALID_ARGUMENT),
        "ERATIO_OUT_OF_RANGE": Reason(4, Category.INVALID_ARGUMENT),
    },
    "Limits": {
        "ETOO_LONG": Reason(100, Category.INVALID_ARGUMENT),
    },
}
"""Abort reasons by module. Numbers and categories are Libra's; numbers from 100 on are ours.

EGAS, ECOIN and the two EPARENT_VASP_OR_... are Libra's and raised nowhere here.
"""


SENTENCES: dict[str, str] = {
    "ECOIN_DEPOSIT_IS_ZERO": "an amount of 0 moves nothing",
    "EROLE_CANT_STORE_BALANCE": "accounts of this role hold no coins",
    "EINSUFFICIENT_BALANCE": "the balance is below the amount, or what is left does not cover the fee",
    "EMALFORMED_AUTHENTICATION_KEY": "an authentication key has 32 bytes: a prefix of 16, then the address",
    "ECANNOT_CREATE_AT_VM_RESERVED": "address 0x0 is reserved",
    "EADD_EXISTING_CURRENCY": "the account holds this currency already",
    "EPAYEE_DOES_NOT_EXIST": "there is no account at the payee's address",
    "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE": "the payee holds no balance in this currency",
    "EPAYER_DOESNT_HOLD_CURRENCY": "the payer holds no balance in this currency",
    "EGAS": "the fee cannot be paid",
    "ECANNOT_CREATE_AT_CORE_CODE": "address 0x1 is reserved",
    "EBALANCE_OVERFLOW": "the sum would pass 2^64-1 micro-units",
    "EROLE_ID": "there is an account at this address already",
    "EPARENT_VASP": "only a wallet provider (parent VASP) may do this",
    "EPARENT_VASP_OR_CHILD_VASP": "only a wallet provider or one of its children may do this",
    "EPARENT_VASP_OR_DESIGNATED_DEALER": "only a wallet provider or a designated dealer may do this",
    "EDESIGNATED_DEALER": "only a designated dealer may do this",
    "ETREASURY_COMPLIANCE": "only the treasury may do this",
    "ECURRENCY_INFO": "no such currency is registered",
    "EMINTING_NOT_ALLOWED": "minting of this currency is switched off",
    "EIS_SYNTHETIC_CURRENCY": "a synthetic currency is never minted",
    "ECOIN": "the coin's value is out of range",
    "EPREBURN_QUEUE": "the dealer has 256 preburn requests in this currency already",
    "EPREBURN_NOT_FOUND": "the dealer has no preburn request of exactly this amount",
    "ERECEIPT_USED": "this custodian receipt was used for another mint; each counts once",
    "ERECEIPT_SIGNATURE": "the currency's custodian did not sign this receipt",
    "EDEALER": "the address is no designated dealer's",
    "EINVALID_MINT_AMOUNT": "a mint of 0 is none",
    "ECREDENTIAL": "only wallet providers and dealers publish dual-attestation information",
    "EMALFORMED_METADATA_SIGNATURE": "a payment of this size to another provider needs its signature, of 64 bytes",
    "EINVALID_METADATA_SIGNATURE": "the receiving provider did not sign this payment",
    "EPAYEE_COMPLIANCE_KEY_NOT_SET": "the receiving provider has published no compliance key",
    "EPAYEE_BASE_URL_NOT_SET": "the receiving provider has published no base URL",
    "EINVALID_PUBLIC_KEY": "the compliance key is no valid Ed25519 key",
    "ECANNOT_FREEZE_DIEM_ROOT": "the association cannot be frozen",
    "ECANNOT_FREEZE_TC": "the treasury cannot be frozen",
    "EACCOUNT_FROZEN": "the treasury froze the account: it neither sends nor receives",
    "EFREEZING_BIT": "there is no account at this address",
    "ETOO_MANY_CHILDREN": "a wallet provider has at most 65,536 children",
    "ESIGNER_COUNT": "another number of secondary signers signed than the function takes",
    "ESAME_CURRENCY": "an exchange has two currencies",
    "ENONCE_UNSUPPORTED": "only the sliding nonce 0 is supported",
    "EDENOMINATOR": "the denominator of the rate is 0",
    "ERATIO_OUT_OF_RANGE": "the rate has no 32-bit fixed point",
    "ETOO_LONG": "a name, URL or metadata is too long",
}
"""What each reason means, for people; a test holds that none is missing."""


class Abort(MithqalError):
    """A transaction that ran and failed: kept, charged, without effect (rule T7)."""

    def __init__(self, module: str, category: Category, reason: str, message: str, **details: object) -> None:
        """`reason` must be listed in REASONS, with this category."""
        listed = REASONS[module][reason]
        assert listed.category is category, f"{module}::{reason} is {listed.category.name}, not {category.name}"
        super().__init__(message, name=reason, **details)
        self.module = module
        self.code = listed.code

    def status(self) -> Status:
        """As the ledger keeps it."""
        return Status("move_abort", self.module, self.code)


def explain_abort(module: str, code: int) -> tuple[str, str]:
    """Names of an abort code's category and reason; "unknown" for what is not listed.

    A reason is named only under its own category: 1281 is no EINSUFFICIENT_BALANCE, though its number is 5.
    """
    categories = {int(category): category.name for category in Category}
    reasons = {reason.code: name for name, reason in REASONS.get(module, {}).items()}
    return categories.get(code & 0xFF, "unknown"), reasons.get(code, "unknown")


def abort_sentence(module: str, code: int) -> str | None:
    """What an abort code means, for people; None for a code that is not listed."""
    return SENTENCES.get(explain_abort(module, code)[1])
