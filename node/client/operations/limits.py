"""Account limits of wallet providers: set them, which binds the provider at the first time, and look at them."""

from typing import NamedTuple

from node.client.operations.treasury import Result, execute, require_currency, sign_as_treasury
from node.client.operations.validators import association
from node.client.wallets.lookups import account_at
from node.client.wallets.wallet import Conditions, Wallet


class Limits(NamedTuple):
    """What a provider may receive, send and hold in a period: micro-units, microseconds; 0 leaves one as it is."""

    inflow: int = 0
    outflow: int = 0
    holding: int = 0
    period_us: int = 0


def set_limits(wallet: Wallet, provider: str, currency: str, limits: Limits, *, timeout_s: float = 30.0) -> Result:
    """Bind a provider to limits of its own in a currency, or change them.

    The first time the provider publishes a definition under its address, and the association, which the provider signs
    with, a window that points to it; then the treasury sets the numbers. All three keys are kept here. What is there
    already is not done again.
    """
    entry = wallet.find(provider)
    require_currency(wallet, currency)
    if not _is_bound(wallet, entry.address, currency):
        _publish_definition(wallet, provider, currency, timeout_s)
        tx = wallet.sign(
            association(wallet).name, "publish_window", currency, entry.address, fee_currency=None,
            conditions=Conditions(others=(entry,)),
        )  # fmt: skip
        hints = {"ENOT_A_PARENT_VASP": lambda: f"{provider} is no wallet provider: limits bind a provider as a whole"}
        execute(wallet, tx, hints, timeout_s)
    tx = sign_as_treasury(wallet, "update_limits_definition", currency, 0, entry.address, *limits)
    done = execute(wallet, tx, {}, timeout_s)
    return {**done, "provider": provider, "limits": show_limits(wallet, provider)["limits"]}


def _is_bound(wallet: Wallet, address: bytes, currency: str) -> bool:
    """Whether a window is there."""
    rows = wallet.client.call("get_account_limits", address.hex())
    return any(row["currency"] == currency for row in rows)


def _publish_definition(wallet: Wallet, provider: str, currency: str, timeout_s: float) -> None:
    """A definition without limits under the provider's address; one that is there already will do."""
    tx = wallet.sign(provider, "publish_unrestricted_limits", currency, fee_currency=None)
    try:
        wallet.execute(tx, timeout_s=timeout_s)
    except Exception as error:
        if getattr(error, "details", {}).get("reason") != "ELIMITS_DEFINITION_PUBLISHED":
            raise


def show_limits(wallet: Wallet, name: str) -> Result:
    """What binds an account's provider: {account, provider, limits, tiers}, one entry a currency; `tiers` a dealer."""
    entry = wallet.find(name)
    account = account_at(wallet, entry.address)
    parent = None if account is None else account["role"].get("parent_vasp_address")
    return {
        "account": name, "provider": wallet.find(parent).name if parent else name,
        "limits": wallet.client.call("get_account_limits", entry.address.hex()),
        "tiers": wallet.client.call("get_dealer_tiers", entry.address.hex()),
    }  # fmt: skip
