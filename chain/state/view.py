"""A readable state and the overlay that a block writes on top of it."""

from typing import Protocol, cast

from chain.accounts import (
    CONFIG_KEY,
    Account,
    Config,
    Currency,
    Record,
    account_key,
    currency_key,
)
from chain.records.onchain import ONCHAIN_KEY, OnChainConfig
from chain.records.validators import (
    VALIDATORS_KEY,
    Accusation,
    ActiveSet,
    RetiredKey,
    ValidatorConfig,
    accusation_key,
    retired_key,
    validator_key,
)


class StateView(Protocol):
    """Records by state key."""

    def get(self, key: bytes) -> Record | None:
        """The record, or None."""


class Overlay:
    """Writes on top of a base view; a transaction works on an overlay of its block's overlay."""

    __slots__ = ("base", "writes")

    def __init__(self, base: StateView) -> None:
        """Start with no writes."""
        self.base = base
        self.writes: dict[bytes, Record] = {}

    def get(self, key: bytes) -> Record | None:
        """The newest record of a key, overlay by overlay down to the ground."""
        view: StateView = self
        while type(view) is Overlay:
            record = view.writes.get(key)
            if record is not None:
                return record
            view = view.base
        return view.get(key)

    def put(self, key: bytes, record: Record) -> None:
        """Write a record."""
        self.writes[key] = record

    def account(self, address: bytes) -> Account | None:
        """An account, or None."""
        return cast("Account | None", self.get(account_key(address)))

    def put_account(self, account: Account) -> None:
        """Write an account."""
        self.writes[account_key(account.address)] = account

    def currency(self, code: str) -> Currency | None:
        """A registered currency, or None."""
        return cast("Currency | None", self.get(currency_key(code)))

    def put_currency(self, currency: Currency) -> None:
        """Write a currency."""
        self.writes[currency_key(currency.code)] = currency

    def config(self) -> Config:
        """The configuration; it exists from genesis on."""
        return cast("Config", self.get(CONFIG_KEY))

    def onchain(self) -> OnChainConfig:
        """What governance has set; it exists from genesis on."""
        return cast("OnChainConfig", self.get(ONCHAIN_KEY))

    def active_set(self) -> ActiveSet:
        """The validators in force; they exist from genesis on."""
        return cast("ActiveSet", self.get(VALIDATORS_KEY))

    def validator(self, account: bytes) -> ValidatorConfig | None:
        """A validator's configuration, or None."""
        record = self.get(validator_key(account))
        return record if isinstance(record, ValidatorConfig) else None

    def accusation(self, account: bytes) -> Accusation:
        """What a validator's keys are marked for; nothing at first."""
        record = self.get(accusation_key(account))
        return record if isinstance(record, Accusation) else Accusation(account)

    def key_owner(self, consensus_key: bytes) -> bytes | None:
        """Account of the validator whose key this is, in force now or once (E13); None if it never was."""
        active = self.active_set()
        for member in active.members:
            if member.consensus_key == consensus_key:
                return active.registered[member.number]
        record = self.get(retired_key(consensus_key))
        return record.account if isinstance(record, RetiredKey) else None

    def merge(self) -> None:
        """Move the writes into the base overlay."""
        assert isinstance(self.base, Overlay)
        self.base.writes.update(self.writes)
        self.writes = {}
