"""What the state holds: accounts, currencies and configuration, with their keys and canonical bytes.

Every record is one value of the sparse Merkle tree under the hash of its key (docs/protocol.md, S1 to S4). Records are
immutable: a change is a new record.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, NamedTuple

from chain.codec import decode, encode, fields
from chain.crypto.hashing import Hasher
from chain.primitives import Address, Hash
from chain.records.coins import Basket, Tiers
from chain.records.limits import LimitsDefinition, Window
from chain.records.onchain import ONCHAIN_KEY, OnChainConfig
from chain.records.policy import POLICY_KEY, Policy, Usage
from chain.records.roles import RecoveryAddress, RoleRecord, SharedKey, SlidingNonce, read_domain_record
from chain.records.validators import (
    VALIDATORS_KEY,
    Accusation,
    ActiveSet,
    OperatorConfig,
    RetiredKey,
    ValidatorConfig,
    read_active_set,
    read_validator_record,
)

ASSOCIATION = Address(bytes.fromhex("0000000000000000000000000a550c18"))
"""Root of the association; holds currencies and configuration (Libra's reserved address)."""
TREASURY = Address(bytes.fromhex("0000000000000000000000000b1e55ed"))
"""Treasury and compliance (Libra's reserved address)."""
VM_RESERVED = Address(bytes(16))
CORE_CODE = Address(bytes(15) + b"\x01")

BASKET = "XDX"


class Role(IntEnum):
    """Role numbers of Libra (reference 1.2)."""

    ASSOCIATION = 0
    TREASURY = 1
    DESIGNATED_DEALER = 2
    VALIDATOR = 3
    VALIDATOR_OPERATOR = 4
    PARENT_VASP = 5
    CHILD_VASP = 6


class Credential(NamedTuple):
    """Dual-attestation credential of a parent VASP or dealer; empty url and key until rotated in.

    With it stands what the treasury and the association say of a provider and all its children.
    """

    human_name: str
    base_url: bytes
    compliance_key: bytes
    country: str = ""
    """ISO 3166-1 alpha-2 code; empty until the treasury sets it."""
    windows: tuple[str, ...] = ()
    """Currencies in which account limits bind it, in the order in which their windows were published."""


class Account(NamedTuple):
    """One account. `balances` is sorted by code; `preburns` holds (currency, amount) oldest first.

    `streams` counts the events of each of its event handles by handle number.
    """

    address: Address
    role: int
    authentication_key: bytes
    sequence_number: int
    is_frozen: bool
    balances: tuple[tuple[str, int], ...]
    streams: tuple[int, ...]
    parent: bytes
    """A child's parent; empty for the others."""
    num_children: int
    credential: Credential | None
    preburns: tuple[tuple[str, int], ...]
    rotation_capability: bytes = b""
    """State key of the record that its right to change its key was handed to; empty: the account has it itself."""

    def balance(self, currency: str) -> int | None:
        """Balance in micro-units, or None where it holds no balance in that currency."""
        for code, amount in self.balances:
            if code == currency:
                return amount
        return None

    def with_balance(self, currency: str, amount: int) -> "Account":
        """The same account with one balance set (added if missing)."""
        return Account._make((*self[:5], _balances_with(self.balances, currency, amount), *self[6:]))

    def after_payment(self, currency: str, amount: int, handle: int) -> "Account":
        """One balance set and one event counted, in one copy: every payment does it twice."""
        balances = _balances_with(self.balances, currency, amount)
        return Account._make((*self[:5], balances, tuple_add(self.streams, handle), *self[7:]))

    def after_transaction(self, next_number: int) -> "Account":
        """The next sequence number set."""
        return Account._make((*self[:3], next_number, *self[4:]))

    def after_fee(self, next_number: int, currency: str, amount: int) -> "Account":
        """The next sequence number and the balance after the fee, in one copy: every transaction does it."""
        balances = _balances_with(self.balances, currency, amount)
        return Account._make((*self[:3], next_number, self[4], balances, *self[6:]))

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        credential = None if self.credential is None else tuple(self.credential)
        value: tuple[Any, ...] = (*self[:9], credential, *self[10:])
        return encode(value)

    @staticmethod
    def from_bytes(data: bytes) -> "Account":
        """Read what `to_bytes` wrote."""
        kinds = (bytes, int, bytes, int, bool, tuple, tuple, bytes, int, None, tuple, bytes)
        values = fields(decode(data), "account", *kinds)
        credential = None if values[9] is None else Credential(
            *fields(values[9], "credential", str, bytes, bytes, str, tuple)
        )  # fmt: skip
        return Account._make((*values[:9], credential, *values[10:]))


def _balances_with(balances: tuple[tuple[str, int], ...], currency: str, amount: int) -> tuple[tuple[str, int], ...]:
    """Balances with one of them set, sorted by code."""
    for place, pair in enumerate(balances):
        if pair[0] == currency:
            return (*balances[:place], (currency, amount), *balances[place + 1 :])
    return tuple(sorted((*balances, (currency, amount))))


class Currency(NamedTuple):
    """One registered currency (Libra's CurrencyInfo), with its collected fees and its custodian.

    `rate` is the value of one coin in XDX as 32-bit fixed point. Receipts are counted apart from `total_value`.
    """

    code: str
    scaling_factor: int
    fractional_part: int
    rate: int
    is_synthetic: bool
    can_mint: bool
    total_value: int
    preburn_value: int
    fees: int
    custodian_key: bytes
    receipts_deposited: int
    receipts_released: int
    streams: tuple[int, ...]
    """Events of its five handles: mint, burn, preburn, cancel_burn, exchange_rate_update."""

    def with_fees(self, fees: int) -> "Currency":
        """The same currency with other collected fees."""
        return Currency._make((*self[:8], fees, *self[9:]))

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode(tuple(self))

    @staticmethod
    def from_bytes(data: bytes) -> "Currency":
        """Read what `to_bytes` wrote."""
        kinds = (str, int, int, int, bool, bool, int, int, int, bytes, int, int, tuple)
        return Currency(*fields(decode(data), "currency", *kinds))


def is_currency_code(code: str) -> bool:
    """Whether a code is of ASCII upper-case letters and digits, not a digit first (Libra)."""
    return code.isascii() and code.isalnum() and code.upper() == code and not code[0].isdigit()


class Receipt(NamedTuple):
    """A custodian's word that `amount` of a currency lies in the reserve; an id counts once."""

    receipt_id: bytes
    currency: str
    amount: int
    height: int
    """The block that recorded it."""

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode(tuple(self))

    @staticmethod
    def from_bytes(data: bytes) -> "Receipt":
        """Read what `to_bytes` wrote."""
        return Receipt(*fields(decode(data), "receipt", bytes, str, int, int))


class Config(NamedTuple):
    """On-chain configuration and the counters of the root's event streams."""

    chain_id: int
    currencies: tuple[str, ...]
    """Codes in order of registration."""
    rates: tuple[tuple[str, int], ...]
    """Local currencies without a coin: code and value of one unit in XDX, 32-bit fixed point."""
    dual_attestation_limit: int
    streams: tuple[int, ...]
    """Events of the root's own streams, in the order of `chain.streams.ROOT_HANDLES`."""
    limited: tuple[str, ...] = ()
    """Currencies in which some provider has a window: a payment in another one asks for no limits."""
    policy_version: int = 0
    """Version of the jurisdiction policy; at 0 a payment asks for no policy."""

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode(tuple(self))

    @staticmethod
    def from_bytes(data: bytes) -> "Config":
        """Read what `to_bytes` wrote."""
        return Config(*fields(decode(data), "config", int, tuple, tuple, int, tuple, tuple, int))


Record = (
    Account
    | Currency
    | Receipt
    | Config
    | Basket
    | Tiers
    | LimitsDefinition
    | Window
    | Policy
    | Usage
    | ActiveSet
    | ValidatorConfig
    | OperatorConfig
    | Accusation
    | RetiredKey
    | OnChainConfig
    | RoleRecord
)

_hash_address = Hasher("AccountAddress")
_hash_key = Hasher("StateKey")
_hash_value = Hasher("StateValue")

CONFIG_KEY = b"g"
_READERS: dict[bytes, Callable[[bytes], Record]] = {
    b"a": Account.from_bytes,
    b"c": Currency.from_bytes,
    b"r": Receipt.from_bytes,
    b"g": Config.from_bytes,
    b"n": SlidingNonce.from_bytes,
    b"x": RecoveryAddress.from_bytes,
    b"s": SharedKey.from_bytes,
    b"d": read_domain_record,
    b"b": Basket.from_bytes,
    b"t": Tiers.from_bytes,
    b"l": LimitsDefinition.from_bytes,
    b"w": Window.from_bytes,
    POLICY_KEY: Policy.from_bytes,
    b"u": Usage.from_bytes,
    b"v": read_validator_record,
    b"e": Accusation.from_bytes,
    b"o": RetiredKey.from_bytes,
    ONCHAIN_KEY: OnChainConfig.from_bytes,
}


def account_key(address: bytes) -> bytes:
    """State key of an account."""
    return b"a" + address


def currency_key(code: str) -> bytes:
    """State key of a currency."""
    return b"c" + code.encode("ascii", "replace")


def receipt_key(receipt_id: bytes) -> bytes:
    """State key of a custodian receipt."""
    return b"r" + receipt_id


def is_record_key(key: bytes) -> bool:
    """Whether a key's first byte names a kind of record."""
    return key[:1] in _READERS


def read_record(key: bytes, data: bytes) -> Record:
    """The record stored under a state key."""
    if key == VALIDATORS_KEY:
        return read_active_set(data)
    return _READERS[key[:1]](data)


def leaf_key(key: bytes) -> Hash:
    """Where a state key stands in the tree: the address's own hash for an account (S1), 32 bytes."""
    return _hash_address(key[1:]) if key[:1] == b"a" else _hash_key(key)


def value_hash(data: bytes) -> Hash:
    """Hash of a record's bytes, as the tree's leaf holds it."""
    return _hash_value(data)


def event_key(handle: int, creator: bytes) -> bytes:
    """Libra's event key: the handle's number, 8 bytes little-endian, then the creator (16 bytes)."""
    return handle.to_bytes(8, "little") + creator


def tuple_add(counters: tuple[int, ...], position: int) -> tuple[int, ...]:
    """Counters with one of them raised by 1."""
    return (*counters[:position], counters[position] + 1, *counters[position + 1 :])
