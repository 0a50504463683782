"""Dual attestation: a provider's compliance key, and its signature over a payment to one of its accounts.

On a network of one directory both providers are played from here; a real provider keeps its compliance key to itself
and signs what the other one sends it.
"""

from pathlib import Path
from typing import Any

from chain.crypto.signing import PrivateKey
from chain.execution.attestation import attestation_message
from node.client.wallets.book import WalletError
from node.client.wallets.wallet import Wallet
from node.keystore import KeyFileError, load_key, new_secret, save_key

FOLDER = "compliance"
"""Below the keys: one file a provider."""


def compliance_key_path(keys: Path, provider: str) -> Path:
    """Where a provider's compliance key lies."""
    return keys / FOLDER / f"{provider}.json"


def credential_arguments(keys: Path, provider: str, secret: bytes | None = None) -> tuple[bytes, bytes]:
    """What `rotate_dual_attestation_info` publishes: a base URL that exists nowhere (RFC 2606), and the compliance key.

    The key is made if it is missing, of `secret` if that is given, and kept in `keys/compliance/NAME.json`.
    """
    path = compliance_key_path(keys, provider)
    key = load_key(path) if path.exists() else save_key(path, f"{provider}/compliance", secret or new_secret())
    return f"https://{provider}.example/offchain".encode(), key.public_key


def has_credential(account: dict[str, Any]) -> bool:
    """Whether a provider (a result of `get_account`) has published both."""
    return bool(account["role"].get("compliance_key")) and bool(account["role"].get("base_url"))


def attest(wallet: Wallet, payee: dict[str, Any], *, payer: bytes, amount: int, metadata: bytes) -> bytes:
    """The signature of the payee's provider; `payee` is a result of `get_account`.

    WalletError (`no_compliance_key`) unless this directory holds its key; KeyFileError as `load_key`.
    """
    key = _compliance_key(wallet, provider_of(payee))
    return key.sign(attestation_message(metadata, payer, amount))


def provider_of(account: dict[str, Any]) -> bytes:
    """The address of an account's provider: its parent, or itself."""
    return bytes.fromhex(account["role"].get("parent_vasp_address") or account["address"])


def _compliance_key(wallet: Wallet, provider: bytes) -> PrivateKey:
    """The compliance key of the provider at an address."""
    name = wallet.find(provider.hex()).name
    path = compliance_key_path(wallet.network.keys, name)
    try:
        return load_key(path)
    except KeyFileError as error:
        if error.name != "key_file_missing":
            raise
        raise WalletError(
            f"the compliance key of {name}, the receiving provider, is not kept here ({path}): only {name} can attest",
            name="no_compliance_key",
            provider=name,
        ) from error
