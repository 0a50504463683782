"""Peer-to-peer payments: Libra's check order (reference 3.7), and after it the jurisdiction policy."""

from chain.accounts import Account
from chain.execution.account_limits import check_inflow, check_outflow
from chain.execution.attestation import check_attestation
from chain.execution.context import Run
from chain.execution.jurisdiction import check_policy
from chain.execution.outcome import Abort, Category
from chain.limits import MAX_METADATA_BYTES
from chain.primitives import U64_MAX


def peer_to_peer_with_metadata(
    run: Run, currency: str, payee: bytes, amount: int, metadata: bytes, metadata_signature: bytes
) -> None:
    """Pay `amount` micro-units of a currency. Raises Abort, first failed check first."""
    check_metadata(metadata)
    transfer(run, run.own_account(), payee, currency, amount, metadata, metadata_signature)


def check_metadata(metadata: bytes) -> None:
    """Metadata is bounded (N3)."""
    if len(metadata) > MAX_METADATA_BYTES:
        raise Abort("Limits", Category.INVALID_ARGUMENT, "ETOO_LONG", f"metadata is above {MAX_METADATA_BYTES} bytes")


def transfer(  # noqa: PLR0913 - one payment's parts
    run: Run, payer: Account, payee_address: bytes, currency: str, amount: int, metadata: bytes, signature: bytes, *,
    is_signed_by_payee: bool = False,
) -> None:  # fmt: skip
    """Move coins: payer's side first, then the payee's, then attestation; sentpayment before receivedpayment.

    A payee that signs the transaction needs no attestation.
    Limits and policy are asked only where some provider has a window in the currency, or a policy is in force: the
    configuration says so.
    """
    state = run.state
    config = state.config()
    balance = payer.balance(currency)
    if balance is None:
        raise Abort(
            "DiemAccount",
            Category.NOT_PUBLISHED,
            "EPAYER_DOESNT_HOLD_CURRENCY",
            f"the payer holds no balance in {currency[:32]}",
        )
    check_not_frozen("payer", payer)
    payee = payer if payee_address == payer.address else state.account(payee_address)
    is_limited = currency in config.limited
    if is_limited:
        check_outflow(run, payer, payee_address, payee, currency, amount)
    if balance < amount:
        raise Abort(
            "DiemAccount",
            Category.LIMIT_EXCEEDED,
            "EINSUFFICIENT_BALANCE",
            f"the balance is {balance} micro-{currency}, the payment {amount}",
            balance=balance,
            amount=amount,
        )
    if payee is not None:
        check_not_frozen("payee", payee)
    if amount == 0:
        raise Abort("DiemAccount", Category.INVALID_ARGUMENT, "ECOIN_DEPOSIT_IS_ZERO", "a payment of 0 is none")
    if payee is None:
        raise Abort(
            "DiemAccount", Category.NOT_PUBLISHED, "EPAYEE_DOES_NOT_EXIST", f"no account at {payee_address.hex()}"
        )
    received = payee.balance(currency)
    if received is None:
        raise Abort(
            "DiemAccount",
            Category.INVALID_ARGUMENT,
            "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE",
            f"the payee holds no balance in {currency}",
        )
    if not is_signed_by_payee:
        check_attestation(run, payer, payee, currency, amount, metadata, signature)
    if is_limited:
        check_inflow(run, payer, payee, currency, amount)
    if config.policy_version:
        check_policy(run, payer, payee, currency, amount)
    data = (amount, currency, payer.address, payee.address, metadata)
    if payee.address == payer.address:
        payer = run.emit_from(payer, "sentpayment", data)
        state.put_account(run.emit_from(payer, "receivedpayment", data))
        return
    if received + amount > U64_MAX:
        raise Abort(
            "DiemAccount", Category.LIMIT_EXCEEDED, "EBALANCE_OVERFLOW", f"{received} + {amount} is above 2^64-1"
        )
    state.put_account(payer.after_payment(currency, balance - amount, run.emit(payer, "sentpayment", data)))
    state.put_account(payee.after_payment(currency, received + amount, run.emit(payee, "receivedpayment", data)))


def check_not_frozen(who: str, account: Account) -> None:
    """A frozen account neither sends nor receives (reference 1.9)."""
    if account.is_frozen:
        raise Abort(
            "AccountFreezing",
            Category.INVALID_STATE,
            "EACCOUNT_FROZEN",
            f"the {who} {account.address.hex()} is frozen by the treasury",
            address=account.address.hex(),
        )
