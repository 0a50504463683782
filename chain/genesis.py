"""The genesis document, and the state that it describes."""

from typing import NamedTuple

from chain.accounts import (
    ASSOCIATION,
    CONFIG_KEY,
    ROOT_STREAMS,
    TREASURY,
    Account,
    Config,
    Currency,
    Record,
    Role,
    account_key,
    currency_key,
)
from chain.codec import decode, encode, fields
from chain.crypto.signing import Scheme, Signatures, authentication_key
from chain.entries import KIND_GENESIS, entry_hash
from chain.errors import DecodeError, GenesisError
from chain.limits import DUAL_ATTESTATION_LIMIT_AT_GENESIS, MAX_CURRENCIES, MAX_SCALING_FACTOR
from chain.primitives import Hash
from chain.roles import ROLES
from chain.validators import Validator, ValidatorSet

FORMAT = 1


class GenesisCurrency(NamedTuple):
    """One coin: its rate to XDX is 32-bit fixed point; its custodian signs receipts by Ed25519."""

    code: str
    scaling_factor: int
    fractional_part: int
    rate: int
    is_synthetic: bool
    can_mint: bool
    custodian_key: bytes


class GenesisDocument(NamedTuple):
    """Everything that a network starts from. Its hash is in every signature."""

    chain_id: int
    timestamp_us: int
    validators: tuple[Validator, ...]
    association_key: bytes
    treasury_key: bytes
    currencies: tuple[GenesisCurrency, ...]
    local_rates: tuple[tuple[str, int], ...]
    dual_attestation_limit: int = DUAL_ATTESTATION_LIMIT_AT_GENESIS

    def to_bytes(self) -> bytes:
        """Canonical bytes, with the format's number in front."""
        return encode((
            FORMAT, self.chain_id, self.timestamp_us, tuple(tuple(v) for v in self.validators), self.association_key,
            self.treasury_key, tuple(tuple(c) for c in self.currencies), self.local_rates,
            self.dual_attestation_limit,
        ))  # fmt: skip

    @staticmethod
    def from_bytes(data: bytes) -> "GenesisDocument":
        """Read `to_bytes`; GenesisError on anything else. Call `check` before you use it."""
        try:
            version, chain_id, time_us, validators, association, treasury, currencies, rates, limit = fields(
                decode(data), "genesis", int, int, int, tuple, bytes, bytes, tuple, tuple, int
            )
            if version != FORMAT:
                raise GenesisError(f"genesis has format {version}, this is {FORMAT}", name="genesis_format")
            return GenesisDocument(
                chain_id,
                time_us,
                tuple(Validator(*fields(row, "validator", str, bytes, bytes)) for row in validators),
                association,
                treasury,
                tuple(
                    GenesisCurrency(*fields(row, "currency", str, int, int, int, bool, bool, bytes))
                    for row in currencies
                ),
                tuple((code, rate) for code, rate in (fields(row, "rate", str, int) for row in rates)),
                limit,
            )
        except DecodeError as error:
            raise GenesisError(f"not a genesis document: {error.message}", name="malformed_genesis") from error

    def check(self, signatures: Signatures) -> None:
        """Raise GenesisError, naming the rule, unless a network can start from it."""
        if not 1 <= self.chain_id <= 255:
            raise GenesisError(f"a chain id is 1 to 255, got {self.chain_id}", name="bad_chain_id")
        try:
            ValidatorSet.from_value(ValidatorSet(1, self.validators).to_value())
        except DecodeError as error:
            raise GenesisError(error.message, name=error.name) from error
        keys = [self.association_key, self.treasury_key]
        for validator in self.validators:
            keys += [validator.consensus_key, validator.network_key]
        if len(set(keys)) != len(keys):
            raise GenesisError("association, treasury and validators need a key of their own each", name="shared_key")
        if len({validator.name for validator in self.validators}) != len(self.validators):
            raise GenesisError("two validators share a name", name="duplicate_name")
        for key in keys + [currency.custodian_key for currency in self.currencies]:
            if not signatures.is_valid_key(Scheme.ED25519, key):
                raise GenesisError(f"{key.hex()} is no valid Ed25519 key", name="bad_key")
        self._check_currencies()

    def _check_currencies(self) -> None:
        """The part of `check` that concerns money."""
        codes = [currency.code for currency in self.currencies] + [code for code, _ in self.local_rates]
        if len(set(codes)) != len(codes) or not 1 <= len(self.currencies) <= MAX_CURRENCIES:
            raise GenesisError(f"1 to {MAX_CURRENCIES} currencies, each once", name="bad_currencies")
        for code in codes:
            _check_code(code)
        for currency in self.currencies:
            if not 1 <= currency.scaling_factor <= MAX_SCALING_FACTOR:
                raise GenesisError(f"{currency.code}: scaling factor is 1 to {MAX_SCALING_FACTOR}", name="bad_scaling")
            if currency.is_synthetic and currency.can_mint:
                raise GenesisError(f"{currency.code} is synthetic and is never minted", name="synthetic_mint")


def _check_code(code: str) -> None:
    """ASCII upper-case letters and digits, not a digit first (Libra)."""
    if not (code.isascii() and code.isalnum() and code.upper() == code and not code[0].isdigit()):
        raise GenesisError(f"{code!r} is no currency code", name="bad_currency_code")


def genesis_hash(document: GenesisDocument) -> Hash:
    """The network's identity, 32 bytes."""
    return entry_hash(KIND_GENESIS, document.to_bytes())


def initial_records(document: GenesisDocument) -> dict[bytes, Record]:
    """The state at version 0: configuration, currencies, association and treasury."""
    records: dict[bytes, Record] = {
        CONFIG_KEY: Config(
            document.chain_id,
            tuple(currency.code for currency in document.currencies),
            document.local_rates,
            document.dual_attestation_limit,
            (0,) * ROOT_STREAMS,
        )
    }
    for item in document.currencies:
        records[currency_key(item.code)] = Currency(
            item.code, item.scaling_factor, item.fractional_part, item.rate, item.is_synthetic, item.can_mint,
            0, 0, 0, item.custodian_key, 0, 0, (0, 0, 0, 0, 0),
        )  # fmt: skip
    for address, role, key in (
        (ASSOCIATION, Role.ASSOCIATION, document.association_key),
        (TREASURY, Role.TREASURY, document.treasury_key),
    ):
        auth_key = authentication_key(Scheme.ED25519, key)
        streams = (0,) * ROLES[role].counters
        records[account_key(address)] = Account(address, int(role), auth_key, 0, False, (), streams, b"", 0, None, ())
    return records
