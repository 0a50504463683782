"""Keys of a network directory as people see them: public parts only."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chain.crypto.multi import MultiKey, multi_key
from chain.crypto.signing import PrivateKey, Scheme, is_valid_public_key
from chain.errors import SignatureError
from chain.identifiers import encode_identifier
from node.client.wallets.accounts import begin_account
from node.client.wallets.attestation import compliance_key_path
from node.client.wallets.book import WalletError
from node.client.wallets.holders import address_from, authentication_key_of, named_member, public_parts
from node.client.wallets.names import GENESIS_NAMES, BadName, check_name, key_path
from node.client.wallets.wallet import Wallet
from node.keystore import KeyFileError, load_any, load_key, save_multi_key


def new_key(wallet: Wallet, name: str, scheme: Scheme = Scheme.ED25519) -> dict[str, Any]:
    """Make a key under a new name; `account create` of that name then makes the account.

    BadName, WalletError (`name_taken`), KeyFileError.
    """
    _check_free(wallet, name)
    begin_account(wallet, name, role=None, scheme=scheme)
    return show_key(wallet, name)


def new_multi_key(wallet: Wallet, name: str, threshold: int, keys: Sequence[str]) -> dict[str, Any]:
    """Make a K-of-N key of public keys under a new name; each is a name with a key here, a key file or SCHEME:HEX.

    BadName, WalletError (`name_taken`), KeyFileError as `named_member`, SignatureError (`bad_threshold`, `not_a_key`).
    """
    path = _check_free(wallet, name)
    root = wallet.network.keys
    members = [named_member(text, root, _places(root, text)) for text in keys]
    for member, text in zip(members, keys, strict=True):
        if not is_valid_public_key(*member):
            raise SignatureError(f"{text[:80]!r} is no valid key of its scheme", name="not_a_key")
    save_multi_key(path, name, multi_key(threshold, members))
    begin_account(wallet, name, role=None)
    return show_key(wallet, name)


def _check_free(wallet: Wallet, name: str) -> Path:
    """Where a new key goes; BadName, WalletError (`name_taken`)."""
    known = wallet.book.rival(check_name(name))
    path = key_path(wallet.network.keys, name)
    if known is not None or path.exists() or name.lower() in GENESIS_NAMES:
        what = f"there is a key in {path}" if known is None else f"it is in the address book, at {known.address.hex()}"
        hint = f"choose another name, or make its account: mithqal account create {name}"
        raise WalletError(f"{name!r} is taken, {what}: {hint}", name="name_taken")
    return path


def _places(keys: Path, name: str) -> list[Path]:
    """Where the key of a name may lie; nowhere for a text that is none."""
    try:
        return [key_path(keys, check_name(name)), keys / f"{name}.json"]
    except BadName:
        return []


def show_key(wallet: Wallet, name: str) -> dict[str, Any]:
    """The public side of a key: {name, scheme, public_key, authentication_key, address, identifier, path, ...}.

    `address` is the address book's; `compliance_key` is there for a provider. BadName, KeyFileError.
    """
    keys = wallet.network.keys
    path, root = key_path(keys, check_name(name)), keys / f"{name}.json"
    if not path.exists() and root.exists():  # a custodian's
        path = root
    key = wallet.public_key_of(name) if path != root else load_key(path)
    if key is None:
        raise KeyFileError(f"there is no key file {path}", name="key_file_missing")
    known = wallet.book.get(name)
    address = known.address if known is not None else address_from(key)
    compliance = compliance_key_path(keys, name)
    return {
        **_public(name, path, key),
        "authentication_key": authentication_key_of(key).hex(),
        "address": address.hex(),
        "identifier": encode_identifier(address, None, wallet.prefix),
        "compliance_key": load_key(compliance).public_key.hex() if compliance.exists() else None,
    }


def list_keys(wallet: Wallet) -> list[dict[str, Any]]:
    """{name, kind, scheme, public_key, path} of every key here: root keys, accounts, compliance keys. KeyFileError."""
    keys = wallet.network.keys
    folders = [("root", keys), ("account", keys / "accounts"), ("compliance", compliance_key_path(keys, "x").parent)]
    return [
        {**_public(path.stem, path, load_any(path)), "kind": kind}
        for kind, folder in folders
        for path in sorted(folder.glob("[!.]*.json"))
    ]


def _public(name: str, path: Path, key: PrivateKey | MultiKey) -> dict[str, Any]:
    """Public parts; of K-of-N with K and the keys."""
    scheme, public_key = public_parts(key)
    document = {"name": name, "scheme": scheme.name.lower(), "public_key": public_key.hex(), "path": str(path)}
    if isinstance(key, MultiKey):
        keys = [f"{Scheme(member.scheme).name.lower()}:{member.public_key.hex()}" for member in key.members]
        return {**document, "threshold": key.threshold, "keys": keys}
    return document
