"""Why a payment failed, in a sentence: the rule, the numbers as the ledger has them, and what to type next."""

from collections.abc import Callable
from typing import Any

from chain.crypto.schemes import VERIFY_COST
from chain.errors import MithqalError
from chain.execution.gas import gas_for
from chain.transaction import SignedTransaction
from node.client.amounts import SCALE, format_amount
from node.client.payments.payment_call import payment_in
from node.client.wallets.attestation import provider_of
from node.client.wallets.book import WalletError
from node.client.wallets.lookups import account_at
from node.client.wallets.wallet import Wallet

ONE = 1 << 32
"""1 in 32-bit fixed point."""


class _Case:
    """One failed payment, and what can be looked up about it."""

    def __init__(self, wallet: Wallet, tx: SignedTransaction) -> None:
        call = payment_in(tx)
        assert call is not None, "only payments are explained"
        self.wallet, self.raw = wallet, tx.raw
        self.amount, self.currency, self.payee_address = call.amount, call.currency, call.payee
        self.payer, self.payee = wallet.find(tx.raw.sender.hex()).name, wallet.find(call.payee.hex()).name

    def account(self, address: bytes) -> Any:
        """An account that must be there."""
        found = account_at(self.wallet, address)
        if found is None:
            raise WalletError(f"no account at {address.hex()}", name="unknown_account")
        return found

    def balance(self, currency: str) -> int:
        """What the payer has now."""
        balances = self.account(self.raw.sender)["balances"]
        return next((item["amount"] for item in balances if item["currency"] == currency), 0)

    def coins(self, micro: int, currency: str | None = None) -> str:
        """An amount in words."""
        return f"{format_amount(micro)} {currency or self.currency}"


def explained(wallet: Wallet, tx: SignedTransaction, error: MithqalError) -> MithqalError:
    """The same refusal of a payment (name and details) with its numbers; itself if there is no more to say."""
    reason = error.details.get("reason")
    explain = _REASONS.get(str(reason)) or _DISCARDS.get(error.name)
    if explain is None:
        return error
    try:
        words = explain(_Case(wallet, tx))
    except MithqalError:  # nobody answers any more: what is known already must do
        return error
    if reason is not None:
        version = error.details.get("version")
        words = f"{reason} at version {version}, nothing was paid and the fee was charged: {words}"
    return WalletError(words, name=error.name, **{"hash": tx.hash.hex(), **error.details})


def _insufficient_balance(case: _Case) -> str:
    """The most that the payer could pay, and how to get the rest."""
    fee = case.raw.gas_unit_price * _gas(case)
    balance = case.balance(case.currency)
    fees = fee if case.raw.gas_currency == case.currency else 0
    most = max(0, balance - fees)
    missing = -(-(case.amount + fees - balance) // SCALE)
    words = f"{case.payer} has {case.coins(balance)}, the payment is {case.coins(case.amount)}"
    words += f" and its fee {case.coins(fee, case.raw.gas_currency)}: at most {case.coins(most)} can be paid"
    return f"{words}; {_more(case, max(1, missing), case.currency)}"


def _more(case: _Case, coins: int, currency: str) -> str:
    """How the payer gets more coins: from a dealer, and a dealer from the treasury."""
    if case.account(case.raw.sender)["role"]["type"] == "designated_dealer":
        return f"for more: mithqal treasury mint {case.payer} {coins} {currency}"
    return f"for more: mithqal account fund {case.payer} {coins} {currency}"


def _gas(case: _Case) -> int:
    """Gas of a payment by the payer's scheme, as the chain's table has it."""
    return gas_for(case.raw.payload.function, VERIFY_COST.get(case.wallet.find(case.raw.sender.hex()).scheme, 1))


def _payee_frozen(case: _Case) -> str:
    name = case.payee if case.account(case.payee_address)["is_frozen"] else case.payer
    return _frozen(name)


def _payer_frozen(case: _Case) -> str:
    return _frozen(case.payer) + "; nothing was paid and no fee was charged"


def _frozen(name: str) -> str:
    return (
        f"the treasury froze {name}: a frozen account neither sends nor receives until the treasury lifts it:"
        f" mithqal treasury unfreeze {name}"
    )


def _missing_attestation(case: _Case) -> str:
    """The rule of two providers, with the limit and the amount in XDX."""
    limit = case.wallet.client.call("get_metadata")["dual_attestation_limit"]
    rates = {item["code"]: item["rate_fixed_point32"] for item in case.wallet.client.call("get_currencies")}
    worth = case.amount * rates.get(case.currency, 0) >> 32
    payer, payee = (
        case.wallet.find(provider_of(case.account(address)).hex()).name
        for address in (case.raw.sender, case.payee_address)
    )
    words = f"{case.coins(case.amount)} is worth {case.coins(worth, 'XDX')}, and from {case.coins(limit, 'XDX')} on a"
    words += f" payment between two providers ({payer} and {payee}) needs the signature of the receiving one"
    return f"{words}: add --attest"


def _bad_attestation(case: _Case) -> str:
    provider = case.wallet.find(provider_of(case.account(case.payee_address)).hex()).name
    return f"the compliance key kept here for {provider} is not the one that it has published on the ledger"


def _no_credential(case: _Case) -> str:
    provider = case.wallet.find(provider_of(case.account(case.payee_address)).hex()).name
    return (
        f"{provider}, the receiving provider, has published no compliance key or base URL, so that nobody can attest:"
        " it must call rotate_dual_attestation_info first"
    )


def _payee_lacks_currency(case: _Case) -> str:
    return f"{case.payee} holds no balance in {case.currency}, {_held(case, case.payee_address)}"


def _payer_lacks_currency(case: _Case) -> str:
    return f"{case.payer} holds no balance in {case.currency}, {_held(case, case.raw.sender)}"


def _held(case: _Case, address: bytes) -> str:
    """What an account holds instead."""
    held = [item["currency"] for item in case.account(address)["balances"]]
    return f"only in {', '.join(held)}" if held else "nor in any other"


def _no_payee(case: _Case) -> str:
    return f"{case.payee} has no account on the ledger yet"


def _overflow(case: _Case) -> str:
    return f"with {case.coins(case.amount)} more {case.payee} would have more than 2^64-1 micro-units"


def _fee_unpayable(case: _Case) -> str:
    most = case.raw.max_gas_amount * case.raw.gas_unit_price
    currency = case.raw.gas_currency
    words = f"the fee may reach {case.coins(most, currency)}, and {case.payer} has"
    return f"{words} {case.coins(case.balance(currency), currency)}; {_more(case, 1, currency)}"


def _wrong_key(case: _Case) -> str:
    return f"the key of {case.payer} that is kept here is not the one of the account on the ledger"


def _expired(case: _Case) -> str:
    return (
        f"it expired at {case.raw.expiration_secs} s before it was on the ledger, whose time is"
        f" {case.wallet.client.timestamp_us // 1_000_000} s: it can never run, and nothing was paid"
    )


_REASONS: dict[str, Callable[[_Case], str]] = {
    "EINSUFFICIENT_BALANCE": _insufficient_balance,
    "EACCOUNT_FROZEN": _payee_frozen,
    "EMALFORMED_METADATA_SIGNATURE": _missing_attestation,
    "EINVALID_METADATA_SIGNATURE": _bad_attestation,
    "EPAYEE_COMPLIANCE_KEY_NOT_SET": _no_credential,
    "EPAYEE_BASE_URL_NOT_SET": _no_credential,
    "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE": _payee_lacks_currency,
    "EPAYER_DOESNT_HOLD_CURRENCY": _payer_lacks_currency,
    "EPAYEE_DOES_NOT_EXIST": _no_payee,
    "EBALANCE_OVERFLOW": _overflow,
}
"""By the chain's abort reason: it ran, and the fee was charged."""
_DISCARDS: dict[str, Callable[[_Case], str]] = {
    "sending_account_frozen": _payer_frozen,
    "insufficient_balance_for_transaction_fee": _fee_unpayable,
    "bad_transaction_fee_currency": _payer_lacks_currency,
    "invalid_auth_key": _wrong_key,
    "transaction_expired": _expired,
}
"""By the rule that refused it before it ran."""
