"""The first transactions of a new network: a dealer with coins against receipts, wallet providers with some of them."""

from chain.accounts import TREASURY
from node.client.network import Network
from node.client.treasury import mint
from node.client.wallet import TREASURY_NAME, Wallet
from node.keystore import derive_secret
from node.localnet.genesis import COINS

DEALER = "dealer-one"
PROVIDERS = ("us-wallet", "gb-wallet", "jp-wallet", "in-wallet", "br-wallet", "mx-wallet", "ph-wallet")
DEFAULT_PROVIDER = PROVIDERS[0]
MINTED = 1_000_000_000_000
"""Micro-units of each coin that the dealer buys: a million coins."""
FLOAT = 1_000_000_000
"""Micro-units that each provider holds for its own fees: a thousand coins."""


def bootstrap(network: Network, seed: int | None = None) -> Wallet:
    """Create the dealer and the providers, mint against custodians' receipts, fund the providers.

    Does nothing where it was done. Raises what `Wallet.execute` raises.
    """
    wallet = Wallet(network)
    known = {entry.name for entry in wallet.entries()}
    if TREASURY_NAME not in known:
        wallet.add_name(TREASURY_NAME, TREASURY)
    for name in (DEALER, *PROVIDERS):
        if name not in known:
            _create(wallet, name, seed)
    if DEALER not in known:
        for code in COINS:
            mint(wallet, DEALER, MINTED, code, key=f"bootstrap/{code}")
    for name in PROVIDERS:
        if name not in known:
            payee = wallet.find(name).address
            tx = wallet.sign(DEALER, "peer_to_peer_with_metadata", "XUS", payee, FLOAT, b"", b"", fee_currency="XUS")
            wallet.execute(tx)
    return wallet


def _create(wallet: Wallet, name: str, seed: int | None) -> None:
    """One account by the treasury."""
    key = wallet.new_key(name, secret=None if seed is None else derive_secret(seed, f"account/{name}"))
    auth_key = key.authentication_key()
    function = "create_designated_dealer" if name == DEALER else "create_parent_vasp_account"
    arguments = ("XUS", 0, auth_key[16:], auth_key[:16], name, True)
    wallet.execute(wallet.sign(TREASURY_NAME, function, *arguments, fee_currency=None))
    wallet.add_name(name, auth_key[16:])


def create_child(wallet: Wallet, name: str, provider: str = DEFAULT_PROVIDER) -> dict[str, object]:
    """A person's account at a provider, holding every currency."""
    key = wallet.new_key(name)
    auth_key = key.authentication_key()
    arguments = ("XUS", auth_key[16:], auth_key[:16], True, 0)
    done = wallet.execute(wallet.sign(provider, "create_child_vasp_account", *arguments, fee_currency="XUS"))
    wallet.add_name(name, auth_key[16:], key.scheme)
    return {**done, "name": name, "address": auth_key[16:].hex(), "provider": provider}
