"""Keys of accounts on the ledger: recovery accounts, and a new key by whatever way the account's old one went.

A new key is durable under `keys/next` before the transaction that announces it leaves. It takes the old one's place
once the ledger has it; a repeat finishes what broke off, with the same key. The old key stays under `keys/old`.
"""

import os
from pathlib import Path
from typing import Any

from chain.crypto.signing import PrivateKey, Scheme
from chain.transaction import Payload
from node.client.operations.treasury import Hint, Result, execute
from node.client.wallets.lookups import account_at
from node.client.wallets.names import key_path
from node.client.wallets.wallet import Wallet, WalletError
from node.keystore import load_key, new_secret, save_key

Json = dict[str, Any]


def create_recovery(wallet: Wallet, name: str, *, timeout_s: float = 30.0) -> Result:
    """Make an account a recovery account. WalletError (`unknown_account`, `failed_on_chain`), KeyFileError."""
    entry = wallet.find(name)
    tx = wallet.sign(name, "create_recovery_address", fee_currency=None)
    hints = {"EKEY_ROTATION_CAPABILITY_ALREADY_EXTRACTED": lambda: _where(wallet, name)}
    return {**execute(wallet, tx, hints, timeout_s), "name": name, "address": entry.address.hex()}


def add_recovery(wallet: Wallet, name: str, recovery: str, *, timeout_s: float = 30.0) -> Result:
    """Hand an account's right to change its key to a recovery account. Raises what `create_recovery` raises."""
    entry, holder = wallet.find(name), wallet.find(recovery)
    tx = wallet.sign(name, "add_recovery_rotation_capability", holder.address, fee_currency=None)
    hints: dict[str, Hint] = {
        "EKEY_ROTATION_CAPABILITY_ALREADY_EXTRACTED": lambda: _where(wallet, name),
        "ERECOVERY_ADDRESS": lambda: f"to make it one: mithqal account recovery create {recovery}",
        "EINVALID_KEY_ROTATION_DELEGATION": lambda: f"{name} and {recovery} must be of one wallet provider",
    }
    done = execute(wallet, tx, hints, timeout_s)
    return {**done, "name": name, "address": entry.address.hex(), "recovery": recovery}


def change_key(
    wallet: Wallet, name: str, *, by: str | None = None, scheme: Scheme | None = None, timeout_s: float = 30.0
) -> Result:
    """Give an account a new key, in the way that its old one can be changed; `by` is its recovery account, which signs.

    The result has the new `public_key` and `authentication_key`. WalletError: `unknown_account`, `not_recoverable`
    (`by` cannot change this key), `scheme_mismatch`, `failed_on_chain`; KeyFileError where the signer's key is not kept
    here.
    """
    entry = wallet.find(name)
    account = account_at(wallet, entry.address)
    if account is None:
        raise WalletError(f"{name} has no account on the ledger yet", name="unknown_account")
    wanted = entry.scheme if scheme is None else scheme
    key = _next_key(wallet, name, wanted)
    shown = {
        "name": name, "address": entry.address.hex(), "scheme": key.scheme.name.lower(),
        "public_key": key.public_key.hex(), "authentication_key": key.authentication_key().hex(),
    }  # fmt: skip
    if account["authentication_key"] == shown["authentication_key"]:  # an earlier attempt came this far
        _adopt(wallet, name, key)
        return {**shown, "version": None, "hash": None, "status": "executed", "signed_by": None}
    signer, function, arguments = rotation_call(wallet, name, account, key, by)
    done = _executed(wallet, signer, Payload(function, arguments), timeout_s)
    _adopt(wallet, name, key)
    return {**done, **shown, "signed_by": signer}


def _executed(wallet: Wallet, signer: str, call: Payload, timeout_s: float) -> Result:
    """Execute a call; one that an earlier attempt signed is sent again: a second one would come after the first has
    changed the key."""
    sender = wallet.find(signer).address
    for item in wallet.outbox.open_entries(sender):
        if item.transaction.raw.payload == call:
            return wallet.resume(item.hash, timeout_s=timeout_s)
    tx = wallet.sign(signer, call.function, *call.arguments, fee_currency=None)
    return execute(wallet, tx, {}, timeout_s)


def rotation_call(
    wallet: Wallet, name: str, account: Json, key: PrivateKey, by: str | None = None
) -> tuple[str, str, tuple[Any, ...]]:
    """Who signs, which function, and its arguments, to give an account (a result of `get_account`) a new key.

    WalletError (`not_recoverable`) if `by` does not hold the right to change it; (`scheme_mismatch`) where a published
    key must be of Ed25519.
    """
    handed = account["key_rotation"]
    auth_key = key.authentication_key()
    if handed and handed["type"] == "recovery_address":
        holder = bytes.fromhex(handed["address"])
        if by is not None and wallet.find(by).address != holder:
            raise _not_recoverable(wallet, name, by, handed)
        arguments = (holder, bytes.fromhex(account["address"]), auth_key)
        return by or name, "rotate_authentication_key_with_recovery_address", arguments
    if by is not None:
        raise _not_recoverable(wallet, name, by, handed)
    if handed:
        if key.scheme != Scheme.ED25519:
            raise WalletError(f"{name} publishes its key, which is of ed25519", name="scheme_mismatch")
        return name, "rotate_shared_ed25519_public_key", (key.public_key,)
    return name, "rotate_authentication_key", (auth_key,)


def _not_recoverable(wallet: Wallet, name: str, by: str, handed: Json | None) -> WalletError:
    """The error for a signer who has no right to change the key."""
    return WalletError(
        f"{by} cannot change the key of {name}: {_holder(wallet, name, handed)}", name="not_recoverable", by=by
    )


def _where(wallet: Wallet, name: str) -> str:
    """Where an account's right to change its key lies, in words."""
    account = account_at(wallet, wallet.find(name).address)
    return _holder(wallet, name, None if account is None else account["key_rotation"])


def _holder(wallet: Wallet, name: str, handed: Json | None) -> str:
    """Who holds an account's right to change its key."""
    if handed is None:
        return f"{name} has not handed its right to change it to anybody"
    if handed["type"] == "shared_ed25519_public_key":
        return f"{name} changes it by publishing another one"
    names = {entry.address.hex(): entry.name for entry in wallet.entries()}
    return f"its recovery account is {names.get(handed['address'], handed['address'])}"


def _next_path(wallet: Wallet, name: str) -> Path:
    """Where a key waits that the ledger does not know yet."""
    return wallet.network.keys / "next" / f"{name}.json"


def _next_key(wallet: Wallet, name: str, scheme: Scheme) -> PrivateKey:
    """A new key of the scheme, or the one of an attempt that broke off; WalletError (`scheme_mismatch`)."""
    path = _next_path(wallet, name)
    if not path.exists():
        return save_key(path, name, new_secret(), scheme)
    key = load_key(path)
    if key.scheme != scheme:
        raise WalletError(
            f"a new key of {name} waits already, of the scheme {key.scheme.name.lower()}: repeat with"
            f" --scheme {key.scheme.name.lower()}", name="scheme_mismatch",
        )  # fmt: skip
    return key


def _adopt(wallet: Wallet, name: str, key: PrivateKey) -> None:
    """The ledger has the new key: it takes the old one's place, which stays beside it."""
    current, waiting = key_path(wallet.network.keys, name), _next_path(wallet, name)
    if current.exists():
        old = wallet.network.keys / "old" / f"{name}-{load_key(current).public_key.hex()[:16]}.json"
        old.parent.mkdir(mode=0o700, exist_ok=True)
        if not old.exists():
            os.link(current, old)
    waiting.replace(current)
    for folder in (current.parent, waiting.parent):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    entry = wallet.find(name)
    if entry.scheme != key.scheme and entry.name == name:
        wallet.book.put(entry._replace(scheme=key.scheme))
