"""The first transactions of a new network: a dealer with coins against receipts, wallet providers with some of them."""

from chain.accounts import TREASURY
from chain.crypto.hashing import sha3
from chain.execution.treasury import receipt_message
from node.client.accounts import begin_account, finish_account, make_account, publish_credential
from node.client.names import TREASURY_NAME
from node.client.network import Network
from node.client.payments import Order, pay
from node.client.wallet import Entry, Wallet
from node.keystore import derive_secret, load_key
from node.localnet.build import COINS

DEALER = "dealer-one"
PROVIDERS = ("us-wallet", "gb-wallet", "jp-wallet", "in-wallet", "br-wallet", "mx-wallet", "ph-wallet")
DEFAULT_PROVIDER = PROVIDERS[0]
MINTED = 1_000_000_000_000
"""Micro-units of each coin that the dealer buys: a million coins."""
FLOAT = 1_000_000_000
"""Micro-units that each provider holds for its own fees: a thousand coins."""


def bootstrap(network: Network, seed: int | None = None) -> Wallet:
    """Create the dealer and the providers, mint against custodians' receipts, fund the providers, publish how they
    attest.

    Does nothing where it was done, and goes on where it broke off. Raises what `Wallet.execute` raises.
    """
    wallet = Wallet(network)
    known = {entry.name for entry in wallet.entries() if not entry.is_unfinished}
    if TREASURY_NAME not in known:
        wallet.add_name(TREASURY_NAME, TREASURY)
    if DEALER not in known:
        dealer = _create(wallet, DEALER, "dealer", seed)
        for code in COINS:
            _mint(wallet, network, code)
        finish_account(wallet, dealer)
    for entry in [_create(wallet, name, "parent", seed) for name in PROVIDERS if name not in known]:
        secret = None if seed is None else derive_secret(seed, f"compliance/{entry.name}")
        publish_credential(wallet, entry, secret)
        _fund(wallet, entry)
        finish_account(wallet, entry)
    return wallet


def _create(wallet: Wallet, name: str, role: str, seed: int | None) -> Entry:
    """One account by the treasury, unfinished in the book until all that belongs to it is done."""
    secret = None if seed is None else derive_secret(seed, f"account/{name}")
    return make_account(wallet, begin_account(wallet, name, role=role, secret=secret))[0]


def _fund(wallet: Wallet, provider: Entry) -> None:
    """A provider's float, once: the payment has an id of its own."""
    order = Order(DEALER, provider.name, FLOAT, "XUS")
    pay(wallet, order, key=f"bootstrap/{provider.name}")


def _mint(wallet: Wallet, network: Network, code: str) -> None:
    """Coins for the dealer against the custodian's receipt, once: the mint has an id of its own."""
    key = f"bootstrap/{code}"
    first = wallet.outbox.by_key(key)
    if first is not None:
        wallet.resume(first.hash)
        return
    receipt_id = sha3(b"receipt" + code.encode() + network.genesis_hash)
    custodian = load_key(network.keys / f"custodian-{code}.json")
    signature = custodian.sign(receipt_message(network.genesis_hash, receipt_id, code, MINTED))
    dealer = wallet.find(DEALER).address
    arguments = (code, 0, dealer, MINTED, 0, receipt_id, signature)
    wallet.execute(wallet.sign(TREASURY_NAME, "tiered_mint", *arguments, fee_currency=None), key=key)
