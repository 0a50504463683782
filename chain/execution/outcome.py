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
    "admintransaction": ("committed_timestamp_secs",),
    "vaspdomain": ("removed", "domain", "address"),
    "freeze": ("frozen_address",),
    "unfreeze": ("unfrozen_address",),
    "receiptreleased": ("amount", "currency", "preburn_address"),
    "policypass": (
        "payer",
        "rule",
        "policy_version",
        "sender_country",
        "receiver_country",
        "local_currency",
        "local_amount",
        "day_used",
        "day_count",
        "month_used",
    ),
    "policyupdate": ("policy_version", "name", "rules", "policy_hash"),
    "compose": ("amount", "currency", "dealer_address", "parts"),
    "decompose": ("amount", "currency", "dealer_address", "parts"),
    "newepoch": ("epoch",),
    "validatoraccused": ("validator", "consensus_key", "kind", "epoch", "first_round", "second_round"),
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

    RAW = 0
    """No category: the code is the reason's number."""

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
        """The abort code: category + 256 x number; the number alone where Libra gives no category."""
        return self.number if self.category is Category.RAW else self.category | self.number << 8


REASONS: dict[str, dict[str, Reason]] = {
    "DiemAccount": {
        "EACCOUNT": Reason(0, Category.NOT_PUBLISHED),
        "ECOIN_DEPOSIT_IS_ZERO": Reason(2, Category.INVALID_ARGUMENT),
        "EDEPOSIT_EXCEEDS_LIMITS": Reason(3, Category.LIMIT_EXCEEDED),
        "EROLE_CANT_STORE_BALANCE": Reason(4, Category.INVALID_ARGUMENT),
        "EINSUFFICIENT_BALANCE": Reason(5, Category.LIMIT_EXCEEDED),
        "EWITHDRAWAL_EXCEEDS_LIMITS": Reason(6, Category.LIMIT_EXCEEDED),
        "EMALFORMED_AUTHENTICATION_KEY": Reason(8, Category.INVALID_ARGUMENT),
        "EKEY_ROTATION_CAPABILITY_ALREADY_EXTRACTED": Reason(9, Category.INVALID_STATE),
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
        "EDIEM_ROOT": Reason(1, Category.REQUIRES_ROLE),
        "ETREASURY_COMPLIANCE": Reason(2, Category.REQUIRES_ROLE),
        "EPARENT_VASP": Reason(3, Category.REQUIRES_ROLE),
        "EPARENT_VASP_OR_CHILD_VASP": Reason(4, Category.REQUIRES_ROLE),
        "EPARENT_VASP_OR_DESIGNATED_DEALER": Reason(5, Category.REQUIRES_ROLE),
        "EDESIGNATED_DEALER": Reason(6, Category.REQUIRES_ROLE),
        "EVALIDATOR": Reason(7, Category.REQUIRES_ROLE),
        "EVALIDATOR_OPERATOR": Reason(8, Category.REQUIRES_ROLE),
        "ECHILD_VASP": Reason(9, Category.REQUIRES_ROLE),
    },
    "CoreAddresses": {
        "EDIEM_ROOT": Reason(0, Category.REQUIRES_ADDRESS),
        "ETREASURY_COMPLIANCE": Reason(1, Category.REQUIRES_ADDRESS),
    },
    "Diem": {
        "ECURRENCY_INFO": Reason(1, Category.NOT_PUBLISHED),
        "EMINTING_NOT_ALLOWED": Reason(5, Category.INVALID_STATE),
        "EIS_SYNTHETIC_CURRENCY": Reason(6, Category.INVALID_ARGUMENT),
        "ECOIN": Reason(7, Category.INVALID_ARGUMENT),
        "EPREBURN_QUEUE": Reason(11, Category.LIMIT_EXCEEDED),
        "EPREBURN_NOT_FOUND": Reason(12, Category.INVALID_STATE),
        "ERECEIPT_USED": Reason(100, Category.ALREADY_PUBLISHED),
        "ERECEIPT_SIGNATURE": Reason(101, Category.INVALID_ARGUMENT),
        "EBASKET": Reason(102, Category.NOT_PUBLISHED),
    },
    "RegisteredCurrencies": {
        "ECURRENCY_CODE_ALREADY_TAKEN": Reason(0, Category.INVALID_ARGUMENT),
        "EBAD_CURRENCY": Reason(100, Category.INVALID_ARGUMENT),
        "ETOO_MANY_CURRENCIES": Reason(101, Category.LIMIT_EXCEEDED),
    },
    "DesignatedDealer": {
        "EDEALER": Reason(0, Category.NOT_PUBLISHED),
        "EINVALID_TIER_START": Reason(2, Category.INVALID_ARGUMENT),
        "EINVALID_TIER_INDEX": Reason(3, Category.INVALID_ARGUMENT),
        "EINVALID_MINT_AMOUNT": Reason(4, Category.INVALID_ARGUMENT),
        "EINVALID_AMOUNT_FOR_TIER": Reason(5, Category.INVALID_ARGUMENT),
    },
    "AccountLimits": {
        "ELIMITS_DEFINITION": Reason(0, Category.NOT_PUBLISHED),
        "EWINDOW": Reason(1, Category.NOT_PUBLISHED),
        "ELIMITS_DEFINITION_PUBLISHED": Reason(100, Category.ALREADY_PUBLISHED),
        "EWINDOW_PUBLISHED": Reason(101, Category.ALREADY_PUBLISHED),
    },
    "Jurisdiction": {
        "ECORRIDOR_HALTED": Reason(100, Category.INVALID_STATE),
        "EPAYMENT_CAP": Reason(101, Category.LIMIT_EXCEEDED),
        "EDAILY_COUNT": Reason(102, Category.LIMIT_EXCEEDED),
        "EDAILY_CAP": Reason(103, Category.LIMIT_EXCEEDED),
        "EMONTHLY_CAP": Reason(104, Category.LIMIT_EXCEEDED),
        "ERATE_MISSING": Reason(105, Category.INVALID_STATE),
        "EPOLICY_VERSION": Reason(106, Category.INVALID_ARGUMENT),
        "EPOLICY_MALFORMED": Reason(107, Category.INVALID_ARGUMENT),
        "ECOUNTRY": Reason(108, Category.INVALID_ARGUMENT),
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
        "EPARENT_OR_CHILD_VASP": Reason(0, Category.ALREADY_PUBLISHED),
        "ETOO_MANY_CHILDREN": Reason(1, Category.LIMIT_EXCEEDED),
        "ENOT_A_VASP": Reason(2, Category.INVALID_ARGUMENT),
        "ENOT_A_PARENT_VASP": Reason(3, Category.INVALID_ARGUMENT),
    },
    "MultiAgent": {
        "ESIGNER_COUNT": Reason(100, Category.INVALID_ARGUMENT),
        "ESAME_CURRENCY": Reason(101, Category.INVALID_ARGUMENT),
    },
    "SlidingNonce": {
        "ESLIDING_NONCE": Reason(0, Category.NOT_PUBLISHED),
        "ENONCE_TOO_OLD": Reason(1, Category.INVALID_ARGUMENT),
        "ENONCE_TOO_NEW": Reason(2, Category.INVALID_ARGUMENT),
        "ENONCE_ALREADY_RECORDED": Reason(3, Category.INVALID_ARGUMENT),
        "ENONCE_ALREADY_PUBLISHED": Reason(4, Category.ALREADY_PUBLISHED),
    },
    "RecoveryAddress": {
        "ENOT_A_VASP": Reason(0, Category.INVALID_ARGUMENT),
        "EKEY_ROTATION_DEPENDENCY_CYCLE": Reason(1, Category.INVALID_ARGUMENT),
        "ECANNOT_ROTATE_KEY": Reason(2, Category.INVALID_ARGUMENT),
        "EINVALID_KEY_ROTATION_DELEGATION": Reason(3, Category.INVALID_ARGUMENT),
        "EACCOUNT_NOT_RECOVERABLE": Reason(4, Category.INVALID_ARGUMENT),
        "ERECOVERY_ADDRESS": Reason(5, Category.NOT_PUBLISHED),
        "EMAX_KEYS_REGISTERED": Reason(6, Category.LIMIT_EXCEEDED),
    },
    "SharedEd25519PublicKey": {
        "EMALFORMED_PUBLIC_KEY": Reason(0, Category.INVALID_ARGUMENT),
        "ESHARED_KEY": Reason(1, Category.NOT_PUBLISHED),
    },
    "VASPDomain": {
        "EVASP_DOMAINS": Reason(0, Category.ALREADY_PUBLISHED),
        "EVASP_DOMAIN_MANAGER": Reason(1, Category.NOT_PUBLISHED),
        "EVASP_DOMAIN_NOT_FOUND": Reason(2, Category.INVALID_ARGUMENT),
        "EVASP_DOMAIN_ALREADY_EXISTS": Reason(3, Category.INVALID_ARGUMENT),
        "EVASP_DOMAINS_NOT_PUBLISHED": Reason(4, Category.NOT_PUBLISHED),
        "EINVALID_VASP_DOMAIN": Reason(5, Category.INVALID_ARGUMENT),
        "EVASP_DOMAINS_FULL": Reason(100, Category.LIMIT_EXCEEDED),
    },
    "FixedPoint32": {
        "EDENOMINATOR": Reason(0, Category.INVALID_ARGUMENT),
        "ERATIO_OUT_OF_RANGE": Reason(4, Category.INVALID_ARGUMENT),
    },
    "Limits": {
        "ETOO_LONG": Reason(100, Category.INVALID_ARGUMENT),
        "EEMPTY_NAME": Reason(101, Category.INVALID_ARGUMENT),
    },
    "ValidatorConfig": {
        "EVALIDATOR_CONFIG": Reason(0, Category.NOT_PUBLISHED),
        "EINVALID_TRANSACTION_SENDER": Reason(1, Category.INVALID_ARGUMENT),
        "EINVALID_CONSENSUS_KEY": Reason(2, Category.INVALID_ARGUMENT),
        "ENOT_A_VALIDATOR_OPERATOR": Reason(3, Category.INVALID_ARGUMENT),
        "EINVALID_ADDRESS": Reason(100, Category.INVALID_ARGUMENT),
        "EINVALID_NETWORK_KEY": Reason(101, Category.INVALID_ARGUMENT),
        "EKEY_IN_USE": Reason(102, Category.INVALID_ARGUMENT),
        "ENAME_TAKEN": Reason(103, Category.ALREADY_PUBLISHED),
        "ETOO_MANY_REGISTERED": Reason(104, Category.LIMIT_EXCEEDED),
    },
    "ValidatorOperatorConfig": {
        "EVALIDATOR_OPERATOR_CONFIG": Reason(0, Category.NOT_PUBLISHED),
    },
    "ValidatorAdministrationScripts": {
        "ENAME_MISMATCH": Reason(0, Category.RAW),
    },
    "DiemSystem": {
        "EINVALID_PROSPECTIVE_VALIDATOR": Reason(1, Category.INVALID_ARGUMENT),
        "EALREADY_A_VALIDATOR": Reason(2, Category.INVALID_ARGUMENT),
        "ENOT_AN_ACTIVE_VALIDATOR": Reason(3, Category.INVALID_ARGUMENT),
        "ECONFIG_UPDATE_RATE_LIMITED": Reason(6, Category.RAW),
        "EMAX_VALIDATORS": Reason(7, Category.LIMIT_EXCEEDED),
        "ELAST_VALIDATOR": Reason(100, Category.INVALID_STATE),
    },
    "Evidence": {
        "EEVIDENCE": Reason(100, Category.INVALID_ARGUMENT),
        "EALREADY_ACCUSED": Reason(101, Category.ALREADY_PUBLISHED),
        "EACCUSED": Reason(102, Category.INVALID_STATE),
        "EUNKNOWN_KEY": Reason(103, Category.NOT_PUBLISHED),
    },
    "DiemConfig": {
        "EDIEM_CONFIG": Reason(1, Category.ALREADY_PUBLISHED),
    },
    "DiemVersion": {
        "EINVALID_MAJOR_VERSION_NUMBER": Reason(0, Category.INVALID_ARGUMENT),
    },
    "DiemVMConfig": {
        "EGAS_CONSTANT_INCONSISTENCY": Reason(0, Category.INVALID_ARGUMENT),
        "EGAS_CONSTANT_TOO_LARGE": Reason(100, Category.INVALID_ARGUMENT),
    },
    "DiemConsensusConfig": {
        "EINVALID_CONSENSUS_CONFIG": Reason(100, Category.INVALID_ARGUMENT),
    },
    "DiemTransactionPublishingOption": {
        "EALREADY_HALTED": Reason(100, Category.INVALID_STATE),
        "ENOT_HALTED": Reason(101, Category.INVALID_STATE),
    },
}
"""Abort reasons by module. Numbers and categories are Libra's; numbers from 100 on are ours.

Some are Libra's and raised nowhere here; a test lists them.
"""

POLICY_REASONS: dict[str, str] = {
    "EACCOUNT_FROZEN": "account_frozen",
    "EDEPOSIT_EXCEEDS_LIMITS": "limits_exceeded",
    "EWITHDRAWAL_EXCEEDS_LIMITS": "limits_exceeded",
    "EINVALID_AMOUNT_FOR_TIER": "tier_exceeded",
    "ECORRIDOR_HALTED": "corridor_halted",
    "EPAYMENT_CAP": "cap_exceeded",
    "EDAILY_COUNT": "cap_exceeded",
    "EDAILY_CAP": "cap_exceeded",
    "EMONTHLY_CAP": "cap_exceeded",
}
"""Reasons by which a policy refuses what would go otherwise, and what clients call the refusal."""

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
    "EIS_SYNTHETIC_CURRENCY": "a synthetic currency is never minted or burned: dealers compose and decompose it",
    "ECOIN": "no fees in this currency have been collected",
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
    "EACCOUNT": "there is no account at this address",
    "EKEY_ROTATION_CAPABILITY_ALREADY_EXTRACTED": "the account handed over its right to change its key",
    "ECHILD_VASP": "only a wallet provider's child may do this",
    "ESLIDING_NONCE": "only the association and the treasury have sliding nonces",
    "ENONCE_TOO_OLD": "the sliding nonce is below the lowest one that still counts",
    "ENONCE_TOO_NEW": "the sliding nonce is 10,000 or more above the lowest one that still counts",
    "ENONCE_ALREADY_RECORDED": "the sliding nonce was used already",
    "ENONCE_ALREADY_PUBLISHED": "the account has sliding nonces already",
    "ENOT_A_VASP": "the account is no wallet provider's and none of a provider's children",
    "EKEY_ROTATION_DEPENDENCY_CYCLE": "a recovery account begins with its own right to change its key",
    "ECANNOT_ROTATE_KEY": "only the recovery account, or the account itself, changes a key that was handed over",
    "EINVALID_KEY_ROTATION_DELEGATION": "the recovery account is not of the same wallet provider",
    "EACCOUNT_NOT_RECOVERABLE": "the account did not hand its right to change its key over to this recovery account",
    "ERECOVERY_ADDRESS": "the address is no recovery account's",
    "EMAX_KEYS_REGISTERED": "a recovery account serves at most 256 accounts",
    "EMALFORMED_PUBLIC_KEY": "the published key is no valid Ed25519 key",
    "ESHARED_KEY": "the account has published no public key",
    "EVASP_DOMAINS": "the wallet provider has a list of domains already",
    "EVASP_DOMAIN_MANAGER": "the treasury has no stream of domains",
    "EVASP_DOMAIN_NOT_FOUND": "the wallet provider does not have this domain",
    "EVASP_DOMAIN_ALREADY_EXISTS": "a wallet provider has this domain already, however it is spelled",
    "EVASP_DOMAINS_NOT_PUBLISHED": "there is no wallet provider with a list of domains at this address",
    "EINVALID_VASP_DOMAIN": "a domain has 1 to 63 ASCII letters, digits and dots, the first one no dot",
    "EVASP_DOMAINS_FULL": "a wallet provider has at most 64 domains",
    "EPARENT_OR_CHILD_VASP": "the account is a wallet provider's or one of its children already",
    "ESIGNER_COUNT": "another number of secondary signers signed than the function takes",
    "ESAME_CURRENCY": "an exchange has two currencies",
    "EDENOMINATOR": "the denominator of the rate is 0",
    "ERATIO_OUT_OF_RANGE": "the rate has no 32-bit fixed point",
    "EDEPOSIT_EXCEEDS_LIMITS": "the receiving provider would receive or hold more than its account limits allow",
    "EWITHDRAWAL_EXCEEDS_LIMITS": "the sending provider would send more in this period than its account limits allow",
    "EDIEM_ROOT": "only the association may do this",
    "EBASKET": "this currency is no basket of other coins",
    "ECURRENCY_CODE_ALREADY_TAKEN": "a currency of this code is there already",
    "EBAD_CURRENCY": "the new currency's code, scale or custodian's key cannot be used",
    "ETOO_MANY_CURRENCIES": "64 currencies are registered already",
    "EINVALID_TIER_START": "the caps of a dealer's tiers rise strictly, zeros stand at the end",
    "EINVALID_TIER_INDEX": "the dealer has no tier of this number",
    "EINVALID_AMOUNT_FOR_TIER": "the mint would pass the cap of the dealer's tier for these 24 hours",
    "ELIMITS_DEFINITION": "no limits definition in this currency stands under this address",
    "EWINDOW": "no limits in this currency bind this provider",
    "ELIMITS_DEFINITION_PUBLISHED": "the account has a limits definition in this currency already",
    "EWINDOW_PUBLISHED": "limits in this currency bind the provider already",
    "ENOT_A_PARENT_VASP": "the account is no wallet provider (parent VASP)",
    "ECORRIDOR_HALTED": "the jurisdiction policy has halted payments between these two countries",
    "EPAYMENT_CAP": "the payment is above what the jurisdiction policy allows for one payment",
    "EDAILY_COUNT": "the account has made as many payments today as the jurisdiction policy allows",
    "EDAILY_CAP": "the account would send more today than the jurisdiction policy allows",
    "EMONTHLY_CAP": "the account would send more this month than the jurisdiction policy allows",
    "ERATE_MISSING": "a cap counts in a currency of which the treasury has published no rate",
    "EPOLICY_VERSION": "the new policy's version is not above the one in force",
    "EPOLICY_MALFORMED": "the bytes are no jurisdiction policy",
    "ECOUNTRY": "a country is a code of two capitals (ISO 3166-1)",
    "EVALIDATOR": "only a validator's owner may do this",
    "EVALIDATOR_OPERATOR": "only a validator's operator may do this",
    "EEMPTY_NAME": "a name has at least one byte",
    "EVALIDATOR_CONFIG": "there is no validator at this address",
    "EINVALID_TRANSACTION_SENDER": "the sender does not operate this validator",
    "EINVALID_CONSENSUS_KEY": "the consensus key is no valid Ed25519 key",
    "ENOT_A_VALIDATOR_OPERATOR": "the address is no validator operator's",
    "EINVALID_ADDRESS": "an address is host:port, a validator's network address 64 hex digits of its key, @, host:port",
    "EINVALID_NETWORK_KEY": "the network key is no valid Ed25519 key",
    "EKEY_IN_USE": "a validator's two keys differ, and no other validator has them",
    "ENAME_TAKEN": "another validator has this name",
    "ETOO_MANY_REGISTERED": "the chain has registered 1,024 validators already",
    "EVALIDATOR_OPERATOR_CONFIG": "there is no validator operator at this address",
    "ENAME_MISMATCH": "the account has another name than the one given",
    "EINVALID_PROSPECTIVE_VALIDATOR": "the validator has registered no keys yet",
    "EALREADY_A_VALIDATOR": "the validator is a member already",
    "ENOT_AN_ACTIVE_VALIDATOR": "the validator is no member",
    "ECONFIG_UPDATE_RATE_LIMITED": "the validator changed its keys a moment ago",
    "EMAX_VALIDATORS": "the set has 256 members already",
    "ELAST_VALIDATOR": "the last member stays: nobody could decide anything without it",
    "EEVIDENCE": "the evidence does not show that this key signed what no honest validator signs",
    "EALREADY_ACCUSED": "this key of the validator is accused already",
    "EUNKNOWN_KEY": "no validator ever signed with this key",
    "EACCUSED": "the validator's registered key was caught lying: it needs another one",
    "EDIEM_CONFIG": "the configuration exists since genesis and can only be updated",
    "EINVALID_MAJOR_VERSION_NUMBER": "the version must be above the one in force",
    "EGAS_CONSTANT_INCONSISTENCY": "a minimum is above its maximum",
    "EGAS_CONSTANT_TOO_LARGE": "a bound is above what the protocol can carry",
    "EINVALID_CONSENSUS_CONFIG": "no validator could run this consensus configuration",
    "EALREADY_HALTED": "transactions are halted already",
    "ENOT_HALTED": "transactions are not halted",
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
        self.done: int | None = None
        """Payments of a batch that ran before the one that failed; None where it is not one of a batch's payments."""

    def in_batch(self, index: int) -> "Abort":
        """The same failure, of a batch's payment number `index` (from 0)."""
        self.done = index
        self.details["payment"] = index
        self.message = f"payment {index} of the batch: {self.message}"
        return self

    def status(self) -> Status:
        """As the ledger keeps it."""
        return Status("move_abort", self.module, self.code)


def explain_abort(module: str, code: int) -> tuple[str, str]:
    """Names of an abort code's category and reason; "unknown" for what is not listed.

    A reason is named only under its own category: 1281 is no EINSUFFICIENT_BALANCE, though its number is 5.
    """
    for name, reason in REASONS.get(module, {}).items():
        if reason.code == code:
            return reason.category.name, name
    categories = {int(category): category.name for category in Category if category is not Category.RAW}
    return categories.get(code & 0xFF, "unknown"), "unknown"


def abort_sentence(module: str, code: int) -> str | None:
    """What an abort code means, for people; None for a code that is not listed."""
    return SENTENCES.get(explain_abort(module, code)[1])
