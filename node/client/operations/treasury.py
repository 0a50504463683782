"""What the treasury and its dealers do: mint against a receipt, preburn, burn, freeze, publish rates, set the limit.

Each operation signs on a `Wallet` and waits until it is final. The ledger decides; where it refuses, the error says
what the ledger holds instead. Amounts are micro-units.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from chain.accounts import TREASURY
from chain.civil import utc
from chain.crypto.hashing import sha3
from chain.errors import MithqalError
from chain.execution.treasury import receipt_message
from chain.transaction import SignedTransaction
from node.client.amounts import format_amount
from node.client.wallets.calls import Call, execute_calls
from node.client.wallets.lookups import check_currency
from node.client.wallets.wallet import TREASURY_NAME, Entry, Wallet, WalletError
from node.keystore import load_key, new_secret

Result = dict[str, Any]
Hint = Callable[[], str]


class Rate(NamedTuple):
    """XDX for one unit of a currency: numerator / denominator."""

    code: str
    numerator: int
    denominator: int


def mint(
    wallet: Wallet, dealer: str, amount: int, currency: str, *, tier: int = 0, key: str | None = None,
    timeout_s: float = 30.0,
) -> Result:  # fmt: skip
    """New coins for a dealer: the currency's custodian signs a receipt, the treasury mints against it.

    The result has the receipt: id, signature and custodian's key. With `key`, the caller's own name of the mint, a
    repeat is harmless: the receipt's id follows from it. `tier` counts where the dealer has tiers. WalletError:
    `unknown_account`, `unknown_currency`, `account_frozen`, `tier_exceeded`, `failed_on_chain`; KeyFileError where the
    treasury's or the custodian's key is not kept here.
    """
    entry = wallet.find(dealer)
    require_currency(wallet, currency)
    known = wallet.outbox.by_key(key) if key is not None else None
    receipt = new_receipt(wallet, currency, amount, key)
    if known is None:
        arguments = (currency, 0, entry.address, amount, tier, receipt["id"], receipt["signature"])
        tx = sign_as_treasury(wallet, "tiered_mint", *arguments, key=key)
    else:
        tx = known.transaction
        _check_repeat(tx, "tiered_mint", {"currency": currency, "mint_amount": amount, "receipt_id": receipt["id"]})
    hints = {
        "EDEALER": lambda: f"{dealer} is {describe(wallet, entry)}; dealers: {names_of_dealers(wallet)}",
        "EACCOUNT_FROZEN": lambda: f"{dealer} is frozen: mithqal treasury unfreeze {dealer}",
        "EMINTING_NOT_ALLOWED": lambda: _why_not_minted(wallet, currency),
        "EINVALID_AMOUNT_FOR_TIER": lambda: _tiers_in_words(wallet, entry, currency),
        "EINVALID_TIER_INDEX": lambda: _tiers_in_words(wallet, entry, currency),
        "ERECEIPT_USED": lambda: f"receipt {receipt['id'].hex()} was used for another mint",
    }
    done = execute(wallet, tx, hints, timeout_s, key=key)
    shown = {name: value.hex() if isinstance(value, bytes) else value for name, value in receipt.items()}
    return {**done, "dealer": dealer, "amount": amount, "currency": currency, "receipt": shown}


def mint_call(wallet: Wallet, dealer: str, amount: int, currency: str) -> Call:
    """A mint against a new receipt, to be executed with others."""
    receipt = new_receipt(wallet, currency, amount)
    address = wallet.find(dealer).address
    arguments = (currency, 0, address, amount, 0, receipt["id"], receipt["signature"])
    return Call(treasury_entry(wallet).name, "tiered_mint", arguments, None)


def new_receipt(wallet: Wallet, currency: str, amount: int, key: str | None = None) -> Result:
    """A custodian's word that money came in: {id, currency, amount, custodian_key, signature}.

    The custodian's key is `keys/custodian-CODE.json` of the network's directory. The id is random, or follows from
    `key` and the network.
    """
    network = wallet.network
    custodian = load_key(network.keys / f"custodian-{currency}.json")
    receipt_id = new_secret() if key is None else sha3(b"receipt" + key.encode() + network.genesis_hash)
    signature = custodian.sign(receipt_message(network.genesis_hash, receipt_id, currency, amount))
    return {
        "id": receipt_id, "currency": currency, "amount": amount, "custodian_key": custodian.public_key,
        "signature": signature,
    }  # fmt: skip


def preburn(wallet: Wallet, dealer: str, amount: int, currency: str, *, timeout_s: float = 30.0) -> Result:
    """A dealer puts coins in the queue to be burned; it pays the fee in the same currency."""
    entry = wallet.find(dealer)
    require_currency(wallet, currency)
    tx = wallet.sign(dealer, "preburn", currency, amount, fee_currency=currency)
    hints = {
        "EDESIGNATED_DEALER": lambda: f"{dealer} is {describe(wallet, entry)}; dealers: {names_of_dealers(wallet)}",
        "EINSUFFICIENT_BALANCE": lambda: f"{dealer} holds {_balance(wallet, entry, currency)}",
    }
    done = execute(wallet, tx, hints, timeout_s)
    return {**done, "dealer": dealer, "amount": amount, "currency": currency}


def burn(wallet: Wallet, dealer: str, amount: int, currency: str, *, timeout_s: float = 30.0) -> Result:
    """Destroy the dealer's oldest preburn request of exactly this amount; the custodian releases as much."""
    return _end_request(wallet, "burn_with_amount", (dealer, amount, currency), timeout_s)


def cancel_burn(wallet: Wallet, dealer: str, amount: int, currency: str, *, timeout_s: float = 30.0) -> Result:
    """Give the dealer's oldest preburn request of exactly this amount back."""
    return _end_request(wallet, "cancel_burn_with_amount", (dealer, amount, currency), timeout_s)


def _end_request(wallet: Wallet, function: str, what: tuple[str, int, str], timeout_s: float) -> Result:
    """Burn or cancel; where no request fits, the error says which ones wait."""
    dealer, amount, currency = what
    entry = wallet.find(dealer)
    require_currency(wallet, currency)
    nonce = () if function == "cancel_burn_with_amount" else (0,)
    tx = sign_as_treasury(wallet, function, currency, *nonce, entry.address, amount)
    hints = {
        "EPREBURN_NOT_FOUND": lambda: (
            f"{dealer} has no request of {format_amount(amount)} {currency}; {_requests_in_words(wallet, entry)}"
        ),
        "EACCOUNT_FROZEN": lambda: f"{dealer} is frozen: mithqal treasury unfreeze {dealer}",
    }
    done = execute(wallet, tx, hints, timeout_s)
    return {**done, "dealer": dealer, "amount": amount, "currency": currency}


def freeze(wallet: Wallet, name: str, *, frozen: bool = True, timeout_s: float = 30.0) -> Result:
    """Freeze an account (or, with `frozen` False, unfreeze it): a frozen one neither sends nor receives."""
    entry = wallet.find(name)
    function = "freeze_account" if frozen else "unfreeze_account"
    hints = {"EFREEZING_BIT": lambda: f"there is no account at {entry.address.hex()}"}
    done = execute(wallet, sign_as_treasury(wallet, function, 0, entry.address), hints, timeout_s)
    return {**done, "name": name, "address": entry.address.hex(), "is_frozen": frozen}


def set_limit(wallet: Wallet, micro_xdx: int, *, timeout_s: float = 30.0) -> Result:
    """Set the amount, in micro-XDX, from which payments between providers need both of them to attest."""
    tx = sign_as_treasury(wallet, "update_dual_attestation_limit", 0, micro_xdx)
    return {**execute(wallet, tx, {}, timeout_s), "dual_attestation_limit": micro_xdx}


def publish_rates(wallet: Wallet, rates: Sequence[Rate], *, timeout_s: float = 30.0) -> Result:
    """Publish the rate of every coin and local currency that the chain knows, several transactions in flight.

    The result has `rates`: [{code, numerator, denominator, version}], `unknown` (codes that the chain does not know:
    not published) and `not_quoted` (codes of the chain without a rate here: they keep their old one).
    """
    known = _rated_codes(wallet)
    wanted = [rate for rate in rates if rate.code in known]
    sender = treasury_entry(wallet).name
    calls = [
        Call(sender, "update_exchange_rate", (rate.code, 0, rate.numerator, rate.denominator), None) for rate in wanted
    ]
    done = execute_calls(wallet, calls, timeout_s=timeout_s)
    quoted = {rate.code for rate in rates}
    return {
        "rates": [{**rate._asdict(), "version": one["version"]} for rate, one in zip(wanted, done, strict=True)],
        "unknown": [rate.code for rate in rates if rate.code not in known],
        "not_quoted": [code for code in known if code not in quoted],
    }


def preburn_requests(wallet: Wallet, address: bytes) -> list[tuple[str, int]]:
    """The (currency, amount) that wait to be burned at an address, the oldest of each currency first."""
    account = wallet.client.call("get_account", address.hex())
    queues = [] if account is None else account["role"].get("preburn_queues", [])
    return [(queue["currency"], item["preburn"]["amount"]) for queue in queues for item in queue["preburns"]]


def require_currency(wallet: Wallet, currency: str) -> None:
    """WalletError (`unknown_currency`) unless the chain has a currency of this code."""
    check_currency(currency, [item["code"] for item in wallet.client.call("get_currencies")])


def _rated_codes(wallet: Wallet) -> list[str]:
    """Every code whose rate the treasury may set: coins in order of registration, then local currencies."""
    coins = [item["code"] for item in wallet.client.call("get_currencies") if not item["is_synthetic"]]
    return coins + [item["currency"] for item in wallet.client.call("get_rates")]


def treasury_entry(wallet: Wallet) -> Entry:
    """The treasury's entry, which the address book gets if it lacks it."""
    names = [entry.name for entry in wallet.entries()]
    return wallet.find(TREASURY_NAME) if TREASURY_NAME in names else wallet.add_name(TREASURY_NAME, TREASURY)


def sign_as_treasury(wallet: Wallet, function: str, *arguments: Any, key: str | None = None) -> SignedTransaction:
    """Sign with the treasury's key, free of gas: the treasury holds no coins. KeyFileError without the key."""
    wallet.key_of(TREASURY_NAME)
    return wallet.sign(treasury_entry(wallet).name, function, *arguments, fee_currency=None, key=key)


def execute(
    wallet: Wallet, tx: SignedTransaction, hints: dict[str, Hint], timeout_s: float, key: str | None = None
) -> Result:
    """Execute; what the ledger refuses is said again with what it holds instead."""
    try:
        return wallet.execute(tx, timeout_s=timeout_s, key=key)
    except MithqalError as error:
        hint = hints.get(str(error.details.get("reason")))
        if hint is not None:
            raise WalletError(f"{error.message}: {hint()}", name=error.name, **error.details) from error
        if error.name == "invalid_auth_key":
            raise WalletError(
                f"{wallet.network.keys / 'treasury.json'} is not the treasury's key on the ledger",
                name=error.name,
                **error.details,
            ) from error
        raise


def _check_repeat(tx: SignedTransaction, function: str, wanted: dict[str, Any]) -> None:
    """WalletError (`id_used`) unless the stored transaction is the one that is asked for again."""
    payload = tx.raw.payload
    if payload.function != function or any(payload.argument(name) != value for name, value in wanted.items()):
        raise WalletError("another transaction has this id already", name="id_used", hash=tx.hash.hex())


def _why_not_minted(wallet: Wallet, currency: str) -> str:
    """Minting is off: what to do about it."""
    if any(item["code"] == currency and item["is_synthetic"] for item in wallet.client.call("get_currencies")):
        return f"{currency} is a basket and never minted: dealers compose it, mithqal dealer compose AMOUNT {currency}"
    return f"minting of {currency} is off; to switch it on: mithqal treasury minting {currency} on"


def _tiers_in_words(wallet: Wallet, entry: Entry, currency: str) -> str:
    """A dealer's caps, what is used of them, and when they count anew."""
    rows = wallet.client.call("get_dealer_tiers", entry.address.hex())
    row = next((item for item in rows if item["currency"] == currency), None)
    if row is None:
        return f"no caps on {currency} bind {entry.name} any more"
    caps = ", ".join(f"tier {tier} {format_amount(cap)}" for tier, cap in enumerate(row["caps"]))
    return (
        f"{format_amount(row['minted'])} {currency} are minted to {entry.name} in these 24 hours, the caps are {caps};"
        f" they count anew at {utc(row['resets_us'])}"
    )


def describe(wallet: Wallet, entry: Entry) -> str:
    """What an address is, in words."""
    account = wallet.client.call("get_account", entry.address.hex())
    return "no account on the ledger" if account is None else f"a {account['role']['type'].replace('_', ' ')}"


def names_of_dealers(wallet: Wallet) -> str:
    """The names in the address book that are dealers on the ledger."""
    found = []
    for entry in wallet.entries():
        account = wallet.client.call("get_account", entry.address.hex())
        if account is not None and account["role"]["type"] == "designated_dealer":
            found.append(entry.name)
    return ", ".join(found) or "none in the address book"


def _requests_in_words(wallet: Wallet, entry: Entry) -> str:
    """Which requests wait."""
    waiting = preburn_requests(wallet, entry.address)
    if not waiting:
        return "no request waits: mithqal dealer preburn AMOUNT CURRENCY makes one"
    return "waiting: " + ", ".join(f"{format_amount(amount)} {currency}" for currency, amount in waiting)


def _balance(wallet: Wallet, entry: Entry, currency: str) -> str:
    """An account's balance in words."""
    account = wallet.client.call("get_account", entry.address.hex()) or {"balances": []}
    held = [item["amount"] for item in account["balances"] if item["currency"] == currency]
    return f"{format_amount(held[0])} {currency}" if held else f"no {currency}"
