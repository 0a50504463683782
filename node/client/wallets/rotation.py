"""Give an account another key; its address stays. The new key is durable before the transaction leaves.

It lies in `keys/next/NAME.json` until the ledger has it; then it takes the old one's place, which is kept below
`keys/retired/`. A repeat finds out from the ledger what is left to do.
"""

import os
from pathlib import Path
from typing import Any

from chain.crypto.multi import MultiKey
from chain.crypto.signing import PrivateKey, Scheme
from chain.errors import MithqalError
from chain.limits import DEFAULT_GAS_PRICE
from node.client.wallets.book import Entry, WalletError
from node.client.wallets.holders import authentication_key_of, public_parts
from node.client.wallets.lookups import account_at
from node.client.wallets.names import GENESIS_NAMES, key_path
from node.client.wallets.wallet import Wallet
from node.files import sync_directory
from node.keystore import copy_key, load_any, new_secret, save_key

FEE_CURRENCY = "XUS"
NEXT, RETIRED = "next", "retired"
"""Folders below the keys."""


def rotate_key(
    wallet: Wallet, name: str, *, scheme: Scheme | None = None, source: Path | None = None, timeout_s: float = 30.0
) -> dict[str, Any]:
    """Give an account a new key of a scheme (Ed25519 if nothing is said), or the key of a file, of one or of several.

    Gives {name, address, scheme, public_key, authentication_key, retired, ...} and what was executed. Raises
    WalletError (`unknown_account`, `rotation_unfinished`: a repeat asks for another key than the one that is under
    way), KeyFileError, and what `Wallet.execute` raises.
    """
    entry = wallet.find(name)
    current = key_path(wallet.network.keys, entry.name)
    path = wallet.network.keys / NEXT / current.name
    key = _next_key(path, entry, scheme, source)
    found = account_at(wallet, entry.address)
    if found is None:
        raise WalletError(f"{name} has no account on the ledger yet", name="unknown_account")
    auth_key, done = authentication_key_of(key), {}
    if bytes.fromhex(found["authentication_key"]) != auth_key:
        done = _send(wallet, entry, auth_key, found, timeout_s)
    retired = _take_its_place(path, current)
    kind, public_key = public_parts(key)
    wallet.book.put(entry._replace(scheme=kind))
    return {
        "name": entry.name, "address": entry.address.hex(), "scheme": kind.name.lower(),
        "public_key": public_key.hex(), "authentication_key": auth_key.hex(),
        "retired": None if retired is None else str(retired), **done,
    }  # fmt: skip


def _next_key(path: Path, entry: Entry, scheme: Scheme | None, source: Path | None) -> PrivateKey | MultiKey:
    """The key that the account is to have, durable."""
    if not path.exists():
        if source is not None:
            copy_key(source, path, entry.name)
        else:
            save_key(path, entry.name, new_secret(), scheme or Scheme.ED25519)
        return load_any(path)
    key = load_any(path)
    asked = None if source is None else public_parts(load_any(source))
    if (scheme is not None and public_parts(key)[0] != scheme) or asked not in (None, public_parts(key)):
        raise WalletError(
            f"{entry.name} is to get the key in {path} already: repeat without --scheme, --multi and --key to finish"
            " that, or remove the file",
            name="rotation_unfinished",
        )
    return key


def _send(
    wallet: Wallet, entry: Entry, auth_key: bytes, account: dict[str, Any], timeout_s: float
) -> dict[str, Any]:  # fmt: skip
    """The transaction, signed with the old key; one of an earlier attempt is followed first."""
    for item in wallet.outbox.open_entries(entry.address):
        payload = item.transaction.raw.payload
        if payload.function == "rotate_authentication_key" and payload.arguments == (auth_key,):
            try:
                return wallet.resume(item.hash, timeout_s=timeout_s)
            except MithqalError as error:
                if error.name not in ("transaction_expired", "sequence_number_too_old"):
                    raise
    most = 2 * wallet.gas_limit(entry) * DEFAULT_GAS_PRICE
    can_pay = any(held["currency"] == FEE_CURRENCY and held["amount"] >= most for held in account["balances"])
    free = entry.name in GENESIS_NAMES or not can_pay
    tx = wallet.sign(
        entry.name, "rotate_authentication_key", auth_key, fee_currency=None if free else FEE_CURRENCY
    )  # fmt: skip
    return wallet.execute(tx, timeout_s=timeout_s)


def _take_its_place(path: Path, current: Path) -> Path | None:
    """The new file takes the old one's place, which stays below `retired`; nothing is ever lost in between."""
    retired = None
    if current.exists():
        old = authentication_key_of(load_any(current))
        retired = path.parent.parent / RETIRED / f"{current.stem}-{old.hex()[:8]}.json"
        if not retired.exists():
            retired.parent.mkdir(mode=0o700, exist_ok=True)
            os.link(current, retired)
            sync_directory(retired.parent)
    path.replace(current)
    sync_directory(current.parent)
    return retired
