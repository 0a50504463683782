"""What is decided before a transaction runs: Libra's prologue, in Libra's order.

A transaction that fails here is discarded: it never reaches the ledger and pays no fee (rule T6).
"""

from enum import IntEnum

from chain.accounts import ASSOCIATION, TREASURY, Account, Role
from chain.crypto.schemes import KNOWN_SCHEMES, MAX_SIGNERS, SINGLE_KEY_SCHEMES
from chain.crypto.signing import authentication_key
from chain.errors import MithqalError
from chain.functions import MAX_BYTES
from chain.primitives import U64_MAX, Address
from chain.records.onchain import GAS_AT_GENESIS, GasConstants
from chain.roles import ROLES
from chain.state.view import Overlay
from chain.transaction import SignedTransaction


class DiscardStatus(IntEnum):
    """Libra's validation status codes; from 100 on they are ours."""

    INVALID_SIGNATURE = 1
    INVALID_AUTH_KEY = 2
    SEQUENCE_NUMBER_TOO_OLD = 3
    SEQUENCE_NUMBER_TOO_NEW = 4
    INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE = 5
    TRANSACTION_EXPIRED = 6
    SENDING_ACCOUNT_DOES_NOT_EXIST = 7
    EXCEEDED_MAX_TRANSACTION_SIZE = 10
    UNKNOWN_SCRIPT = 11
    MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND = 13
    MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS = 14
    GAS_UNIT_PRICE_BELOW_MIN_BOUND = 15
    GAS_UNIT_PRICE_ABOVE_MAX_BOUND = 16
    INVALID_GAS_SPECIFIER = 17
    SENDING_ACCOUNT_FROZEN = 18
    CURRENCY_INFO_DOES_NOT_EXIST = 20
    BAD_CHAIN_ID = 23
    SEQUENCE_NUMBER_TOO_BIG = 24
    BAD_TRANSACTION_FEE_CURRENCY = 25
    FEATURE_UNDER_GATING = 26
    SECONDARY_KEYS_ADDRESSES_COUNT_MISMATCH = 27
    """Never raised: here each secondary signer's address stands beside its key."""
    SIGNERS_CONTAIN_DUPLICATES = 28
    NOT_YET_VALID = 100
    VALIDITY_EMPTY = 101
    FEE_PAYER_NOT_A_SIGNER = 102
    BLOCK_GAS_EXCEEDED = 103


WAITING = (DiscardStatus.SEQUENCE_NUMBER_TOO_NEW, DiscardStatus.NOT_YET_VALID, DiscardStatus.BLOCK_GAS_EXCEEDED)
"""Of a transaction in a block: it came too early and runs later. Nobody forgets it: a leader must not be able to."""


class Discard(MithqalError):
    """A transaction that never runs; `status` is Libra's code, `name` its name in lower case."""

    def __init__(self, status: DiscardStatus, message: str, **details: object) -> None:
        """Carry the status and the numbers."""
        super().__init__(message, name=status.name.lower(), **details)
        self.status = status


def check_prologue(
    view: Overlay, tx: SignedTransaction, *, chain_id: int, now_secs: int, allow_future_sequence: bool
) -> Account:
    """Raise Discard unless the transaction may run now; give the sender's account.

    The order is Libra's: number of signatures, schemes, duplicate signers, halt, size, gas currency, gas bounds, each
    secondary signer (account, authentication key), chain id, sender, freeze, authentication key, fee (with who pays
    it), expiry (with the start), sequence number. The signatures themselves are checked before.
    `allow_future_sequence` is the mempool's leniency: later numbers and later starts may wait.
    """
    raw = tx.raw
    _check_signers(tx)
    config = view.onchain()
    if config.is_halted and raw.sender not in (ASSOCIATION, TREASURY):
        raise Discard(
            DiscardStatus.UNKNOWN_SCRIPT,
            "the association has halted transactions: only it and the treasury may send until it resumes them",
        )
    _check_gas(view, tx, gas_bounds(view, raw.sender))
    if tx.secondaries:
        _check_secondaries(view, tx)
    if raw.chain_id != chain_id:
        raise Discard(
            DiscardStatus.BAD_CHAIN_ID,
            f"signed for chain {raw.chain_id}, this is chain {chain_id}",
            chain_id=raw.chain_id,
            expected=chain_id,
        )
    sender = view.account(raw.sender)
    if sender is None:
        address = raw.sender.hex()
        raise Discard(DiscardStatus.SENDING_ACCOUNT_DOES_NOT_EXIST, f"no account at {address}", sender=address)
    if sender.is_frozen:
        address = raw.sender.hex()
        raise Discard(
            DiscardStatus.SENDING_ACCOUNT_FROZEN, f"account {address} is frozen by the treasury", sender=address
        )
    if authentication_key(tx.scheme, tx.public_key) != sender.authentication_key:
        raise Discard(DiscardStatus.INVALID_AUTH_KEY, "the public key does not match the account's authentication key")
    _check_fee(tx, _fee_payer(view, tx, sender))
    _check_time(tx, now_secs, may_wait=allow_future_sequence)
    _check_sequence(raw.sequence_number, sender.sequence_number, allow_future_sequence=allow_future_sequence)
    return sender


def _check_signers(tx: SignedTransaction) -> None:
    """At most 32 signatures, as in Libra a matter of the signature; every scheme is known; nobody signs twice."""
    if tx.scheme in SINGLE_KEY_SCHEMES and not tx.secondaries:
        return  # one signature of a known scheme, as nearly every transaction has
    if tx.signature_count > MAX_SIGNERS:
        count = tx.signature_count
        raise Discard(
            DiscardStatus.INVALID_SIGNATURE,
            f"{count} signatures are above the limit of {MAX_SIGNERS} a transaction",
            signatures=count,
            maximum=MAX_SIGNERS,
        )
    for scheme in (tx.scheme, *(other.scheme for other in tx.secondaries)):
        if scheme not in KNOWN_SCHEMES:
            raise Discard(DiscardStatus.FEATURE_UNDER_GATING, f"scheme {scheme} is not enabled", scheme=scheme)
    if tx.secondaries:
        addresses = [tx.raw.sender, *(other.address for other in tx.secondaries)]
        for place, address in enumerate(addresses):
            if address in addresses[:place]:
                raise Discard(
                    DiscardStatus.SIGNERS_CONTAIN_DUPLICATES,
                    f"{address.hex()} signs twice; the sender counts too",
                    address=address.hex(),
                )


def _check_secondaries(view: Overlay, tx: SignedTransaction) -> None:
    """Each secondary signer in turn: its account exists and has this key.

    As in Libra nothing is asked of a freeze (what moves coins asks), and its sequence number plays no part.
    """
    for other in tx.secondaries:
        address = other.address.hex()
        account = view.account(other.address)
        if account is None:
            raise Discard(
                DiscardStatus.SENDING_ACCOUNT_DOES_NOT_EXIST, f"no account at {address}, which signs", sender=address
            )
        if authentication_key(other.scheme, other.public_key) != account.authentication_key:
            raise Discard(
                DiscardStatus.INVALID_AUTH_KEY,
                f"the public key of the secondary signer {address} does not match its authentication key",
                sender=address,
            )


def postponed(epoch: int) -> Discard:
    """What a block holds after the transaction that ends its epoch: it keeps its place in the mempool."""
    return Discard(DiscardStatus.SEQUENCE_NUMBER_TOO_NEW, f"epoch {epoch} ends before it, it runs in the next one")


def gas_bounds(view: Overlay, sender: Address) -> GasConstants:
    """The gas constants that bind a sender: those in force, or those of genesis where its role holds no coins (G11).

    Such an account cannot pay a price, and no constant may keep the association from setting it back.
    """
    bounds = view.onchain().gas
    if bounds == GAS_AT_GENESIS:
        return bounds
    account = view.account(sender)
    return bounds if account is None or ROLES[Role(account.role)].holds_coins else GAS_AT_GENESIS


def _check_gas(view: Overlay, tx: SignedTransaction, bounds: GasConstants) -> None:
    """The size is within bounds, the gas currency exists, and limit and price are within bounds."""
    raw = tx.raw
    largest = max(bounds.max_transaction_size_in_bytes, MAX_BYTES.get(raw.payload.function, 0))
    if len(tx.envelope) > largest:
        raise Discard(
            DiscardStatus.EXCEEDED_MAX_TRANSACTION_SIZE,
            f"a transaction of {len(tx.envelope)} bytes is above {largest}",
            size=len(tx.envelope),
            maximum=largest,
        )
    if not raw.gas_currency.isascii() or not raw.gas_currency.isalnum():
        raise Discard(DiscardStatus.INVALID_GAS_SPECIFIER, f"{raw.gas_currency[:32]!r} is no currency code")
    if view.currency(raw.gas_currency) is None:
        code = raw.gas_currency[:32]
        raise Discard(DiscardStatus.CURRENCY_INFO_DOES_NOT_EXIST, f"no currency is called {code}", currency=code)
    if raw.max_gas_amount > bounds.maximum_number_of_gas_units:
        raise Discard(
            DiscardStatus.MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND,
            f"max_gas_amount {raw.max_gas_amount} is above {bounds.maximum_number_of_gas_units}",
            max_gas_amount=raw.max_gas_amount,
            maximum=bounds.maximum_number_of_gas_units,
        )
    if raw.max_gas_amount < bounds.min_transaction_gas_units:
        raise Discard(
            DiscardStatus.MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS,
            f"max_gas_amount {raw.max_gas_amount} is below {bounds.min_transaction_gas_units}",
            max_gas_amount=raw.max_gas_amount,
            minimum=bounds.min_transaction_gas_units,
        )
    if raw.gas_unit_price < bounds.min_price_per_gas_unit:
        raise Discard(
            DiscardStatus.GAS_UNIT_PRICE_BELOW_MIN_BOUND,
            f"gas price {raw.gas_unit_price} is below {bounds.min_price_per_gas_unit}",
            gas_unit_price=raw.gas_unit_price,
            minimum=bounds.min_price_per_gas_unit,
        )
    if raw.gas_unit_price > bounds.max_price_per_gas_unit:
        raise Discard(
            DiscardStatus.GAS_UNIT_PRICE_ABOVE_MAX_BOUND,
            f"gas price {raw.gas_unit_price} is above {bounds.max_price_per_gas_unit}",
            gas_unit_price=raw.gas_unit_price,
            maximum=bounds.max_price_per_gas_unit,
        )


def _fee_payer(view: Overlay, tx: SignedTransaction, sender: Account) -> Account:
    """Whose balance the fee comes from: the sender's, or that of the secondary signer that the sender names (T10)."""
    address = tx.raw.fee_payer
    if not address:
        return sender
    if address not in [other.address for other in tx.secondaries]:
        raise Discard(
            DiscardStatus.FEE_PAYER_NOT_A_SIGNER,
            f"{address.hex()} shall pay the fee and is none of the secondary signers",
            fee_payer=address.hex(),
        )
    payer = view.account(Address(address))
    assert payer is not None, "every secondary signer has an account"
    if payer.is_frozen:
        raise Discard(
            DiscardStatus.SENDING_ACCOUNT_FROZEN,
            f"account {address.hex()}, which shall pay the fee, is frozen by the treasury",
            sender=address.hex(),
        )
    return payer


def _check_fee(tx: SignedTransaction, payer: Account) -> None:
    """Who pays the fee can pay the highest possible one; skipped when that is 0."""
    raw = tx.raw
    max_fee = raw.max_gas_amount * raw.gas_unit_price
    if max_fee == 0:
        return
    balance = payer.balance(raw.gas_currency)
    if balance is None:
        who = "fee payer" if raw.fee_payer else "sender"
        raise Discard(
            DiscardStatus.BAD_TRANSACTION_FEE_CURRENCY, f"the {who} holds no balance in {raw.gas_currency} for the fee"
        )
    if balance < max_fee:
        raise Discard(
            DiscardStatus.INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE,
            f"the fee may reach {max_fee} micro-{raw.gas_currency}, the balance is {balance}",
            max_fee=max_fee,
            balance=balance,
        )


def _check_time(tx: SignedTransaction, now_secs: int, *, may_wait: bool) -> None:
    """It can run at some time, that time is not over, and it has come, unless it may wait for it (T8, T13)."""
    raw = tx.raw
    if raw.valid_from_secs and raw.valid_from_secs >= raw.expiration_secs:
        raise Discard(
            DiscardStatus.VALIDITY_EMPTY,
            f"it is valid from {raw.valid_from_secs} s on and expires at {raw.expiration_secs} s",
            valid_from_secs=raw.valid_from_secs, expiration_secs=raw.expiration_secs,
        )  # fmt: skip
    if now_secs >= raw.expiration_secs:
        raise Discard(
            DiscardStatus.TRANSACTION_EXPIRED,
            f"it expired at {raw.expiration_secs} s, the ledger's time is {now_secs} s",
            expiration_secs=raw.expiration_secs,
            now_secs=now_secs,
        )
    if now_secs < raw.valid_from_secs and not may_wait:
        raise Discard(
            DiscardStatus.NOT_YET_VALID,
            f"it is valid from {raw.valid_from_secs} s on, the ledger's time is {now_secs} s",
            valid_from_secs=raw.valid_from_secs, now_secs=now_secs,
        )  # fmt: skip


def _check_sequence(number: int, next_number: int, *, allow_future_sequence: bool) -> None:
    """Too big, too old, too new, in this order."""
    if number >= U64_MAX:
        raise Discard(
            DiscardStatus.SEQUENCE_NUMBER_TOO_BIG,
            f"sequence number {number} is never used",
            sequence_number=number,
        )
    if number < next_number:
        raise Discard(
            DiscardStatus.SEQUENCE_NUMBER_TOO_OLD,
            f"sequence number {number} is used, the next is {next_number}",
            sequence_number=number,
            next=next_number,
        )
    if number > next_number and not allow_future_sequence:
        raise Discard(
            DiscardStatus.SEQUENCE_NUMBER_TOO_NEW,
            f"sequence number {number} waits for {next_number}",
            sequence_number=number,
            next=next_number,
        )
