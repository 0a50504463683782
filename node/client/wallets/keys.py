"""Keys of a network directory as people see them: public parts only."""

from pathlib import Path
from typing import Any

from chain.crypto.signing import PrivateKey, Scheme, address_of
from chain.identifiers import encode_identifier
from node.client.wallets.accounts import begin_account
from node.client.wallets.attestation import compliance_key_path
from node.client.wallets.book import WalletError
from node.client.wallets.names import GENESIS_NAMES, check_name, key_path
from node.client.wallets.wallet import Wallet
from node.keystore import load_key


def new_key(wallet: Wallet, name: str, scheme: Scheme = Scheme.ED25519) -> dict[str, Any]:
    """Make a key under a new name; `account create` of that name then makes the account.

    BadName, WalletError (`name_taken`), KeyFileError.
    """
    known = wallet.book.rival(check_name(name))
    path = key_path(wallet.network.keys, name)
    if known is not None or path.exists() or name.lower() in GENESIS_NAMES:
        what = f"there is a key in {path}" if known is None else f"it is in the address book, at {known.address.hex()}"
        hint = f"choose another name, or make its account: mithqal account create {name}"
        raise WalletError(f"{name!r} is taken, {what}: {hint}", name="name_taken")
    begin_account(wallet, name, role=None, scheme=scheme)
    return show_key(wallet, name)


def show_key(wallet: Wallet, name: str) -> dict[str, Any]:
    """The public side of a key: {name, scheme, public_key, authentication_key, address, identifier, path, ...}.

    `address` is the address book's; `compliance_key` is there for a provider. BadName, KeyFileError.
    """
    keys = wallet.network.keys
    path, root = key_path(keys, check_name(name)), keys / f"{name}.json"
    if not path.exists() and root.exists():  # a custodian's
        path = root
    key = load_key(path) if path == root else wallet.key_of(name)
    known = wallet.book.get(name)
    address = known.address if known is not None else address_of(key.authentication_key())
    compliance = compliance_key_path(keys, name)
    return {
        **_public(name, path, key),
        "authentication_key": key.authentication_key().hex(),
        "address": address.hex(),
        "identifier": encode_identifier(address, None, wallet.prefix),
        "compliance_key": load_key(compliance).public_key.hex() if compliance.exists() else None,
    }


def list_keys(wallet: Wallet) -> list[dict[str, Any]]:
    """{name, kind, scheme, public_key, path} of every key here: root keys, accounts, compliance keys. KeyFileError."""
    keys = wallet.network.keys
    folders = [("root", keys), ("account", keys / "accounts"), ("compliance", compliance_key_path(keys, "x").parent)]
    return [
        {**_public(path.stem, path, load_key(path)), "kind": kind}
        for kind, folder in folders
        for path in sorted(folder.glob("[!.]*.json"))
    ]


def _public(name: str, path: Path, key: PrivateKey) -> dict[str, Any]:
    return {
        "name": name, "scheme": key.scheme.name.lower(), "public_key": key.public_key.hex(), "path": str(path)
    }  # fmt: skip
