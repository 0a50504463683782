"""Domains of wallet providers, as the treasury gives and takes them (docs/protocol.md, W15 to W17)."""

from typing import Any

from chain.accounts import TREASURY
from node.client.operations.treasury import Result, describe, execute, sign_as_treasury
from node.client.wallets.lookups import account_at
from node.client.wallets.wallet import Wallet

PAGE = 500


def add_domain(wallet: Wallet, provider: str, domain: str, *, timeout_s: float = 30.0) -> Result:
    """Give a provider a domain that nobody has. WalletError (`unknown_account`, `failed_on_chain`), KeyFileError."""
    return _change(wallet, "add_vasp_domain", provider, domain, timeout_s)


def remove_domain(wallet: Wallet, provider: str, domain: str, *, timeout_s: float = 30.0) -> Result:
    """Take a domain away from a provider. Raises what `add_domain` raises."""
    return _change(wallet, "remove_vasp_domain", provider, domain, timeout_s)


def give_domains(wallet: Wallet, provider: str, domains: tuple[str, ...], *, timeout_s: float = 30.0) -> None:
    """Give a provider those of these domains that it does not have yet."""
    found = account_at(wallet, wallet.find(provider).address)
    held = [] if found is None else [name.lower() for name in found["role"].get("vasp_domains", ())]
    for domain in dict.fromkeys(domains):
        if domain.lower() not in held:
            add_domain(wallet, provider, domain, timeout_s=timeout_s)


def list_domains(wallet: Wallet) -> list[dict[str, Any]]:
    """{domain, address, name} of every domain, by domain: what the treasury's stream of changes leaves.

    `name` is the provider's in the address book, or null.
    """
    treasury = wallet.client.call("get_account", TREASURY.hex())
    key = treasury["role"]["vasp_domain_events_key"]
    owners: dict[str, str] = {}
    start = 0
    while page := wallet.client.call("get_events", key, start, PAGE):
        for event in page:
            data = event["data"]
            if data["removed"]:
                del owners[data["domain"]]
            else:
                owners[data["domain"]] = data["address"]
        start += len(page)
    names = {entry.address.hex(): entry.name for entry in wallet.entries()}
    return [
        {"domain": domain, "address": address, "name": names.get(address)}
        for domain, address in sorted(owners.items(), key=lambda pair: pair[0].lower())
    ]


def _change(wallet: Wallet, function: str, provider: str, domain: str, timeout_s: float) -> Result:
    """Sign as the treasury and wait; where the ledger refuses, say whose the domain is."""
    entry = wallet.find(provider)
    tx = sign_as_treasury(wallet, function, entry.address, domain.encode())
    hints = {
        "EVASP_DOMAINS_NOT_PUBLISHED": lambda: f"{provider} is {describe(wallet, entry)}, no wallet provider",
        "EVASP_DOMAIN_ALREADY_EXISTS": lambda: _whose(wallet, domain),
        "EVASP_DOMAIN_NOT_FOUND": lambda: _whose(wallet, domain),
    }
    done = execute(wallet, tx, hints, timeout_s)
    return {**done, "provider": provider, "address": entry.address.hex(), "domain": domain}


def _whose(wallet: Wallet, domain: str) -> str:
    """Who has a domain, in words."""
    for row in list_domains(wallet):
        if row["domain"].lower() == domain.lower():
            return f"{row['domain']} is a domain of {row['name'] or row['address']}"
    return f"nobody has the domain {domain}"
