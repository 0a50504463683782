"""What the looking commands begin with: the network, who answers, and what the address book calls things."""

from pathlib import Path

from node.client.network import load_network
from node.client.wallets.wallet import Wallet
from node.view.explorer import View
from node.view.names import names_of


def open_view(directory: Path) -> View:
    """The view of a network directory; raises NetworkError and ConnectionFailed."""
    network = load_network(directory)
    return view_of(Wallet(network), network.waypoint)


def view_of(wallet: Wallet, waypoint: str) -> View:
    """What a wallet's owner sees; raises ConnectionFailed."""
    aliases = {entry.name: entry.address.hex() for entry in wallet.entries()}
    book = {address: name for name, address in reversed(aliases.items())}
    names = names_of(book, wallet.client.call("get_validators"), aliases)
    return View(wallet.client, names, waypoint)
