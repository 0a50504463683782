"""What the looking commands begin with: the network, who answers, and what the address book calls things."""

from dataclasses import replace
from pathlib import Path

import click

from cli import output
from node.client.network import Network, load_network
from node.client.rpc import ConnectionFailed, ask_one
from node.client.verifying import VerifyingClient, verified_words
from node.client.wallets.wallet import Wallet
from node.view.explorer import View
from node.view.layout import Note, Page
from node.view.names import names_of

SIMULATED = "simulation.json"
"""In the directory of a network that `mithqal simulate` made (economy.world.directory): it need not run to be read."""
SIGNING = "get_signing_status"
TRUSTED = "not verified: the validator that answered was trusted (--trust-node)"


def open_view(directory: Path) -> View:
    """The view of a network directory, on the word of a validator; raises NetworkError and ConnectionFailed."""
    network = load_network(directory)
    endpoints = {member.name: member.rpc for member in network.members}
    view = view_of(reading_wallet(network), network.waypoint)
    return replace(view, signing_of=lambda name: ask_one(endpoints[name], SIGNING) if name in endpoints else None)


def reading_wallet(network: Network) -> Wallet:
    """A wallet to read with: of validators that run, else of the stored ledger of a simulated network."""
    wallet = Wallet(network)
    if (network.directory / SIMULATED).exists():
        try:
            wallet.client.call("get_metadata")
        except ConnectionFailed:
            from node.localnet.offline import OfflineLedger  # it brings a validator's whole API along

            ledger = OfflineLedger(network)
            click.get_current_context().call_on_close(ledger.close)
            wallet.client = ledger.client
            output.talk(f"no validator runs: this is read from the ledger of {network.members[0].name}")
    return wallet


def open_verified(directory: Path, trust_node: bool) -> View:
    """The same, answered from proofs unless the validator is to be trusted."""
    view = open_view(directory)
    if trust_node:
        return view
    return replace(view, source=VerifyingClient(view.source, view.waypoint))


def with_evidence(view: View, page: Page) -> Page:
    """The page with what it was verified against, or that it was not."""
    source = view.source
    if not isinstance(source, VerifyingClient):
        return replace(page, document={**page.document, "trusted": True}, parts=[*page.parts, Note(TRUSTED)])
    verified = source.verified()
    note = Note(verified_words(verified))
    return replace(page, document={**page.document, "verified": verified}, parts=[*page.parts, note])


def view_of(wallet: Wallet, waypoint: str) -> View:
    """What a wallet's owner sees; raises ConnectionFailed."""
    aliases = {entry.name: entry.address.hex() for entry in wallet.entries()}
    book = {address: name for name, address in reversed(aliases.items())}
    names = names_of(book, wallet.client.call("get_validators"), aliases)
    return View(wallet.client, names, waypoint)
