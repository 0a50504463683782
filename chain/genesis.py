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
from chain.primitives import Address, Hash
from chain.records.coins import Basket, basket_key
from chain.records.limits import limits_key, unrestricted
from chain.records.onchain import ONCHAIN_KEY, OnChainConfig
from chain.records.policy import NO_POLICY, POLICY_KEY
from chain.records.validators import (
    VALIDATORS_KEY,
    ActiveSet,
    OperatorConfig,
    SetMember,
    ValidatorConfig,
    is_address,
    validator_key,
)
from chain.validators import Validator, ValidatorSet

FORMAT = 4


class GenesisValidator(NamedTuple):
    """One of the first members: its keys, the keys of its owner's and its operator's account, and where it listens.

    The addresses are `host:port`, or empty where nobody knows them yet.
    """

    name: str
    consensus_key: bytes
    network_key: bytes
    owner_key: bytes
    operator_key: bytes
    network_address: str = ""
    fullnode_address: str = ""


class GenesisCurrency(NamedTuple):
    """One coin: its rate to XDX is 32-bit fixed point; its custodian signs receipts by Ed25519."""

    code: str
    scaling_factor: int
    fractional_part: int
    rate: int
    is_synthetic: bool
    can_mint: bool
    custodian_key: bytes
    basket: tuple[tuple[str, int], ...] = ()
    """Of a synthetic coin: other coins, and how much of each one unit consists of, as 32-bit fixed point."""


class GenesisDocument(NamedTuple):
    """Everything that a network starts from. Its hash is in every signature."""

    chain_id: int
    timestamp_us: int
    validators: tuple[GenesisValidator, ...]
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
                tuple(
                    GenesisValidator(*fields(row, "validator", str, bytes, bytes, bytes, bytes, str, str))
                    for row in validators
                ),
                association,
                treasury,
                tuple(_read_currency(row) for row in currencies),
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
            ValidatorSet.from_value(first_validators(self).to_value())
        except DecodeError as error:
            raise GenesisError(error.message, name=error.name) from error
        keys = [self.association_key, self.treasury_key]
        for validator in self.validators:
            keys += [validator.consensus_key, validator.network_key, validator.owner_key, validator.operator_key]
        if len(set(keys)) != len(keys):
            raise GenesisError("association, treasury and validators need a key of their own each", name="shared_key")
        if len({validator.name for validator in self.validators}) != len(self.validators):
            raise GenesisError("two validators share a name", name="duplicate_name")
        for validator in self.validators:
            if not all(map(is_address, (validator.network_address, validator.fullnode_address))):
                raise GenesisError(f"an address of {validator.name} is no host:port", name="bad_address")
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
            self._check_basket(currency)

    def _check_basket(self, currency: GenesisCurrency) -> None:
        """A synthetic coin consists of coins that are not; another one of nothing."""
        plain = [item.code for item in self.currencies if not item.is_synthetic]
        codes = [code for code, _ in currency.basket]
        is_good = len(set(codes)) == len(codes) and all(code in plain and ratio for code, ratio in currency.basket)
        if not is_good or (codes and not currency.is_synthetic):
            raise GenesisError(
                f"{currency.code}: a basket belongs to a synthetic coin and names others, each once, with an amount"
                " above 0",
                name="bad_basket",
            )


def _read_currency(row: object) -> GenesisCurrency:
    """One currency of a document; DecodeError on a wrong shape."""
    item = GenesisCurrency(*fields(row, "currency", str, int, int, int, bool, bool, bytes, tuple))
    for part in item.basket:
        fields(part, f"basket of {item.code}", str, int)
    return item


def _check_code(code: str) -> None:
    """ASCII upper-case letters and digits, not a digit first (Libra)."""
    if not (code.isascii() and code.isalnum() and code.upper() == code and not code[0].isdigit()):
        raise GenesisError(f"{code!r} is no currency code", name="bad_currency_code")


def first_validators(document: GenesisDocument) -> ValidatorSet:
    """The members of epoch 1, numbered as they stand in the document."""
    rows = enumerate(document.validators)
    return ValidatorSet(1, tuple(Validator(*row[:3], number) for number, row in rows))


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
        ),
        POLICY_KEY: NO_POLICY,
    }
    for item in document.currencies:
        records[currency_key(item.code)] = Currency(
            item.code, item.scaling_factor, item.fractional_part, item.rate, item.is_synthetic, item.can_mint,
            0, 0, 0, item.custodian_key, 0, 0, (0, 0, 0, 0, 0),
        )  # fmt: skip
        records[limits_key(ASSOCIATION, item.code)] = unrestricted(ASSOCIATION, item.code)
        if item.basket:
            nothing = tuple((code, 0) for code, _ in item.basket)
            records[basket_key(item.code)] = Basket(item.code, item.basket, nothing)
    for address, role, key in (
        (ASSOCIATION, Role.ASSOCIATION, document.association_key),
        (TREASURY, Role.TREASURY, document.treasury_key),
    ):
        auth_key = authentication_key(Scheme.ED25519, key)
        records[account_key(address)] = Account(address, int(role), auth_key, 0, False, (), (), b"", 0, None, ())
    records[ONCHAIN_KEY] = OnChainConfig()
    records.update(_validator_records(document))
    return records


def _validator_records(document: GenesisDocument) -> dict[bytes, Record]:
    """The first set, and for each member the accounts of its owner and its operator with their configurations."""
    records: dict[bytes, Record] = {}
    members, registered = [], []
    for number, item in enumerate(document.validators):
        owner, operator = (_role_account(records, *pair) for pair in (
            (Role.VALIDATOR, item.owner_key), (Role.VALIDATOR_OPERATOR, item.operator_key)
        ))  # fmt: skip
        records[validator_key(owner)] = ValidatorConfig(
            owner, number, item.name, operator, item.consensus_key, item.network_key, item.network_address,
            item.fullnode_address,
        )  # fmt: skip
        records[validator_key(operator)] = OperatorConfig(operator, operator_name(item.name))
        members.append(SetMember(number, item.name, item.consensus_key, item.network_key, document.timestamp_us))
        registered.append(owner)
    records[VALIDATORS_KEY] = ActiveSet(1, document.timestamp_us, tuple(members), tuple(registered))
    return records


def operator_name(validator: str) -> str:
    """The name of the operator that genesis gives to a validator."""
    return f"{validator}-operator"


def _role_account(records: dict[bytes, Record], role: Role, key: bytes) -> Address:
    """Add an account without coins; gives its address."""
    auth_key = authentication_key(Scheme.ED25519, key)
    address = Address(auth_key[16:])
    records[account_key(address)] = Account(address, int(role), auth_key, 0, False, (), (0, 0), b"", 0, None, ())
    return address
