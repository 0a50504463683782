"""The first transactions of a new network: dealers with coins against receipts, wallet providers that can attest.

Each act is a batch of calls, so that `bootstrap` and the demo make the same ones. What the ledger shows to be done is
not done again.
"""

from collections.abc import Sequence
from typing import Any

from chain.accounts import TREASURY
from chain.crypto.signing import Scheme
from node.client.network import Network
from node.client.operations.treasury import mint_call
from node.client.wallets.attestation import credential_arguments
from node.client.wallets.calls import Call, execute_calls, payment
from node.client.wallets.wallet import TREASURY_NAME, Wallet
from node.keystore import derive_secret
from node.localnet.genesis import COINS

DEALERS = ("dealer-one", "dealer-two")
DEALER = DEALERS[0]
"""Who sells coins to providers and people."""
PROVIDERS = ("us-wallet", "gb-wallet", "jp-wallet", "in-wallet", "br-wallet", "mx-wallet", "ph-wallet")
COUNTRIES = {name: name[:2].upper() for name in PROVIDERS}
"""Where each provider is (ISO 3166-1): the rules of a jurisdiction policy go by it."""
DEFAULT_PROVIDER = PROVIDERS[0]
MINTED = 1_000_000_000_000
"""Micro-units of each coin that each dealer buys: a million coins."""
FLOAT = 1_000_000_000
"""Micro-units that each provider holds for its own fees: a thousand coins."""


def bootstrap(network: Network, seed: int | None = None) -> Wallet:
    """Create dealers and providers, publish compliance keys, mint against custodians' receipts, fund the providers.

    Does nothing where it was done. Raises what `execute_calls` raises.
    """
    wallet = Wallet(network)
    for act in (founding_calls, opening_calls, float_calls):
        calls = act(wallet, seed)
        if calls:
            execute_calls(wallet, calls)
    return wallet


def founding_calls(wallet: Wallet, seed: int | None) -> list[Call]:
    """The treasury creates what the ledger lacks of the dealers' and providers' accounts, and makes their keys."""
    if TREASURY_NAME not in {entry.name for entry in wallet.entries()}:
        wallet.add_name(TREASURY_NAME, TREASURY)
    calls = []
    for name in (*DEALERS, *PROVIDERS):
        role = "dealer" if name in DEALERS else "parent"
        auth_key = _new_account(wallet, name, Scheme.ED25519, seed, role=role)
        if _account(wallet, name) is None:
            function = "create_designated_dealer" if name in DEALERS else "create_parent_vasp_account"
            calls.append(Call(TREASURY_NAME, function, ("XUS", 0, auth_key[16:], auth_key[:16], name, True), None))
    return calls


def opening_calls(wallet: Wallet, seed: int | None) -> list[Call]:
    """Providers publish a base URL and a compliance key; the treasury mints to dealers that hold nothing."""
    return [*credential_calls(wallet, seed), *mint_calls(wallet)]


def credential_calls(wallet: Wallet, seed: int | None) -> list[Call]:
    """Providers without a compliance key publish one; the keys are kept in `keys/compliance/NAME.json`. The treasury
    says in which country each of them is."""
    calls = []
    for name, country in COUNTRIES.items():
        account = _account(wallet, name)
        if account is None or not account["role"]["country"]:
            address = wallet.find(name).address
            calls.append(Call(TREASURY_NAME, "set_vasp_country", (0, address, country), None))
        if account is not None and account["role"]["compliance_key"]:
            continue
        secret = None if seed is None else derive_secret(seed, f"compliance/{name}")
        arguments = credential_arguments(wallet.network.keys, name, secret)
        calls.append(Call(name, "rotate_dual_attestation_info", arguments, None))
    return calls


def mint_calls(wallet: Wallet) -> list[Call]:
    """Coins for each dealer that holds none of a coin yet, against a receipt of the coin's custodian."""
    calls = []
    for dealer in DEALERS:
        held = _held(wallet, dealer)
        calls += [mint_call(wallet, dealer, MINTED, code) for code in COINS if not held.get(code)]
    return calls


def float_calls(wallet: Wallet, _seed: int | None = None) -> list[Call]:
    """A dealer sells XUS to each provider that has none."""
    return [
        payment(DEALER, wallet.find(name), FLOAT, "XUS") for name in PROVIDERS if not _held(wallet, name).get("XUS")
    ]


def child_calls(wallet: Wallet, people: Sequence[tuple[str, str, Scheme]], seed: int | None) -> list[Call]:
    """Providers open accounts, which hold every currency, for new names: (name, provider, scheme)."""
    calls = []
    for name, provider, scheme in people:
        auth_key = _new_account(wallet, name, scheme, seed, role="child", provider=provider)
        arguments = ("XUS", auth_key[16:], auth_key[:16], True, 0)
        calls.append(Call(provider, "create_child_vasp_account", arguments, None))
    return calls


def _new_account(
    wallet: Wallet, name: str, scheme: Scheme, seed: int | None, *, role: str, provider: str | None = None
) -> bytes:
    """A name's key, made if it is missing, and its line in the book; its authentication key."""
    key = wallet.new_key(name, scheme, None if seed is None else derive_secret(seed, f"account/{name}"))
    auth_key = key.authentication_key()
    if name not in {entry.name for entry in wallet.entries()}:
        wallet.add_name(name, auth_key[16:], scheme, role=role, provider=provider)
    return auth_key


def _account(wallet: Wallet, name: str) -> dict[str, Any] | None:
    """What the ledger has of a name."""
    found: dict[str, Any] | None = wallet.client.call("get_account", wallet.find(name).address.hex())
    return found


def _held(wallet: Wallet, name: str) -> dict[str, int]:
    """Balances of a name by currency."""
    account = _account(wallet, name)
    return {} if account is None else {item["currency"]: item["amount"] for item in account["balances"]}
