"""Coins as such: compose and decompose the basket, switch minting, cap dealers, burn fees, register a currency."""

import re
from collections.abc import Sequence

from node.client.amounts import format_amount
from node.client.operations.treasury import (
    Result,
    describe,
    execute,
    names_of_dealers,
    require_currency,
    sign_as_treasury,
    treasury_entry,
)  # fmt: skip
from node.client.operations.validators import association
from node.client.wallets.book import WalletError
from node.client.wallets.wallet import Conditions, Entry, Wallet
from node.keystore import load_key, new_secret, save_key

SCALING, FRACTIONAL_PART = 1_000_000, 100
TIERS = 4
_CODE = re.compile(r"[A-Z][A-Z0-9]{0,15}", re.ASCII)


def compose(wallet: Wallet, dealer: str, amount: int, currency: str, *, timeout_s: float = 30.0) -> Result:
    """A dealer gives the coins that `amount` micro-units of a synthetic coin stand on, and gets those."""
    return _basket(wallet, "compose", (dealer, amount, currency), timeout_s)


def decompose(wallet: Wallet, dealer: str, amount: int, currency: str, *, timeout_s: float = 30.0) -> Result:
    """A dealer gives a synthetic coin back and gets the coins that it stands on."""
    return _basket(wallet, "decompose", (dealer, amount, currency), timeout_s)


def _basket(wallet: Wallet, function: str, what: tuple[str, int, str], timeout_s: float) -> Result:
    """Compose or decompose; the fee is paid in XUS. The result has the `parts` that moved, in micro-units."""
    dealer, amount, currency = what
    entry = wallet.find(dealer)
    require_currency(wallet, currency)
    parts = [
        {"currency": row["currency"], "amount": _share(amount, row["ratio_fixed_point32"], function)}
        for row in _backing(wallet, currency)
    ]
    tx = wallet.sign(dealer, function, currency, amount, fee_currency="XUS")
    hints = {
        "EDESIGNATED_DEALER": lambda: f"{dealer} is {describe(wallet, entry)}; dealers: {names_of_dealers(wallet)}",
        "EBASKET": lambda: f"{currency} is a coin of its own",
        "EINSUFFICIENT_BALANCE": lambda: _what_lacks(wallet, entry, function, currency, amount, parts),
        "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE": lambda: _add_currency(dealer, currency),
    }
    done = execute(wallet, tx, hints, timeout_s)
    return {**done, "dealer": dealer, "amount": amount, "currency": currency, "parts": parts}


def _share(amount: int, ratio: int, function: str) -> int:
    """How much of one coin moves: its share cut off, and one micro-unit more where it is composed (Z2, Z3)."""
    return (amount * ratio >> 32) + (1 if function == "compose" else 0)


def _backing(wallet: Wallet, currency: str) -> list[Result]:
    """What a synthetic coin stands on; nothing for another one."""
    rows = wallet.client.call("get_currencies")
    return next((list(row["backing"]) for row in rows if row["code"] == currency), [])


def _what_lacks(
    wallet: Wallet, entry: Entry, function: str, currency: str, amount: int, parts: Sequence[Result]
) -> str:  # fmt: skip
    """Which coins there are too few of."""
    account = wallet.client.call("get_account", entry.address.hex()) or {"balances": []}
    held = {row["currency"]: row["amount"] for row in account["balances"]}
    needed: Sequence[Result] = parts if function == "compose" else [{"currency": currency, "amount": amount}]
    short = [
        f"{format_amount(part['amount'])} {part['currency']} are needed, {entry.name} has"
        f" {format_amount(held.get(part['currency'], 0))}"
        for part in needed
        if held.get(part["currency"], 0) < part["amount"]
    ]
    return "; ".join(short) or "with the fee of 0.0006 XUS it is too much"


def _add_currency(dealer: str, currency: str) -> str:
    """How an account gets a balance."""
    return f"{dealer} needs a balance in {currency}, and one in every coin that it consists of"


def set_minting(wallet: Wallet, currency: str, *, allow: bool, timeout_s: float = 30.0) -> Result:
    """Switch minting of a currency on or off."""
    require_currency(wallet, currency)
    tx = sign_as_treasury(wallet, "update_minting_ability", currency, allow)
    hints = {"EIS_SYNTHETIC_CURRENCY": lambda: f"dealers compose {currency}: mithqal dealer compose AMOUNT {currency}"}
    return {**execute(wallet, tx, hints, timeout_s), "currency": currency, "can_mint": allow}


def set_tiers(
    wallet: Wallet, dealer: str, currency: str, caps: Sequence[int], *, timeout_s: float = 30.0
) -> Result:  # fmt: skip
    """Cap what is minted to a dealer within 24 hours: at most four rising caps in micro-units; none lifts the caps."""
    entry = wallet.find(dealer)
    require_currency(wallet, currency)
    given = (*caps, *[0] * (TIERS - len(caps)))
    tx = sign_as_treasury(wallet, "update_dealer_tiers", currency, 0, entry.address, *given)
    hints = {
        "EDEALER": lambda: f"{dealer} is {describe(wallet, entry)}; dealers: {names_of_dealers(wallet)}",
        "EINVALID_TIER_START": lambda: "write the caps in rising order",
    }
    return {**execute(wallet, tx, hints, timeout_s), "dealer": dealer, "currency": currency, "tiers": list(caps)}


def burn_fees(wallet: Wallet, currency: str, *, timeout_s: float = 30.0) -> Result:
    """Destroy the fees collected in a currency; the result has the `amount` that was seen before."""
    require_currency(wallet, currency)
    rows = wallet.client.call("get_currencies")
    amount = next(row["fees"] for row in rows if row["code"] == currency)
    tx = sign_as_treasury(wallet, "burn_txn_fees", currency)
    hints = {"ECOIN": lambda: f"no fees in {currency} lie in the pot"}
    return {**execute(wallet, tx, hints, timeout_s), "currency": currency, "amount": amount}


def register(
    wallet: Wallet, code: str, numerator: int, denominator: int, *, timeout_s: float = 30.0
) -> Result:  # fmt: skip
    """A further currency, by the association's key and the treasury's; its custodian's key is made beside them, and
    stays for a repeat. WalletError: `bad_code`, `name_taken`, `failed_on_chain`."""
    if not _CODE.fullmatch(code):
        raise WalletError(f"{code[:32]!r} is no code of 1 to 16 capitals and digits, a capital first", name="bad_code")
    taken = [*(row["code"] for row in wallet.client.call("get_currencies")),
             *(row["currency"] for row in wallet.client.call("get_rates"))]  # fmt: skip
    if code in taken:
        raise WalletError(f"there is a currency {code} already; `mithqal currency list` names all", name="name_taken")
    path = wallet.network.keys / f"custodian-{code}.json"
    key = load_key(path) if path.exists() else save_key(path, f"custodian-{code}", new_secret())
    custodian = key.public_key
    arguments = (code, numerator, denominator, SCALING, FRACTIONAL_PART, custodian)
    tx = wallet.sign(
        association(wallet).name, "register_scs_currency", *arguments, fee_currency=None,
        conditions=Conditions(others=(treasury_entry(wallet),)),
    )  # fmt: skip
    done = execute(wallet, tx, {}, timeout_s)
    return {**done, "currency": code, "custodian_key": custodian.hex(), "scaling_factor": SCALING}
