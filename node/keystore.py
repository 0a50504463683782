"""Private keys at rest: one JSON file a key, readable by its owner only."""

import hashlib
import json
import os
import secrets
from pathlib import Path

from chain.crypto.signing import PrivateKey, Scheme
from chain.errors import MithqalError


class KeyFileError(MithqalError):
    """A key file that must not or cannot be used."""

    name = "key_file"


def new_secret() -> bytes:
    """32 bytes from the operating system."""
    return secrets.token_bytes(32)


def derive_secret(seed: int, label: str) -> bytes:
    """32 bytes from a seed, for demonstrations that must repeat. Anyone who knows the seed knows the key."""
    return hashlib.sha256(f"MITHQAL-UNSAFE-SEED::{seed}::{label}".encode()).digest()


def save_key(path: Path, key_name: str, secret: bytes, scheme: Scheme = Scheme.ED25519) -> PrivateKey:
    """Write a key file (0600, in a directory of 0700), whole or not at all."""
    key = PrivateKey(secret, scheme)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    document = {
        "name": key_name,
        "scheme": scheme.name.lower(),
        "public_key": key.public_key.hex(),
        "secret": secret.hex(),
    }
    temporary = path.with_suffix(".tmp")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return key


def load_key(path: Path) -> PrivateKey:
    """Read a key file.

    Raises KeyFileError: `key_file_missing`, `key_file_permissions` (others may read it), `key_file_malformed`,
    `key_file_mismatch` (the secret gives another public key).
    """
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError as error:
        raise KeyFileError(f"there is no key file {path}", name="key_file_missing") from error
    if mode & 0o077:
        raise KeyFileError(
            f"{path} has mode {mode:04o}, others may read it: chmod 600 {path}", name="key_file_permissions", mode=mode
        )
    try:
        document = json.loads(path.read_text())
        scheme = Scheme[document["scheme"].upper()]
        key = PrivateKey(bytes.fromhex(document["secret"]), scheme)
        public_key = bytes.fromhex(document["public_key"])
    except (ValueError, KeyError, TypeError, AttributeError, MithqalError) as error:
        raise KeyFileError(f"{path} is no key file: {error}", name="key_file_malformed") from error
    if key.public_key != public_key:
        raise KeyFileError(f"{path}: the secret does not give its public key", name="key_file_mismatch")
    return key
