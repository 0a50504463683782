"""The encrypted file: one JSON object whose `sealed` field only a passphrase opens.

Its checksum tells damage from a wrong passphrase; it protects nothing, the seal does.
"""

import base64
import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

from chain.crypto import sealing
from chain.errors import MithqalError
from node.files import write_new

FORMAT_NAME = "mithqal-keys-backup"
FORMAT = 1
KDF = "argon2id"
MIN_PASSPHRASE = 8
MAX_FILE_BYTES = 1 << 30
_FIELDS = {"format", "format_version", "kdf", "salt", "nonce", "sealed", "checksum"}


class SafeError(MithqalError):
    """An encrypted backup that cannot be made or opened; `name` is the rule."""

    name = "bad_keys_backup"


def check_passphrase(passphrase: str) -> bytes:
    """Its bytes; SafeError (`weak_passphrase`) below MIN_PASSPHRASE characters."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise SafeError(
            f"a passphrase of {len(passphrase)} characters is guessed quickly: take {MIN_PASSPHRASE} or more",
            name="weak_passphrase", least=MIN_PASSPHRASE,
        )  # fmt: skip
    return passphrase.encode()


def write_sealed(path: Path, text: bytes, passphrase: str) -> int:
    """Write a new file, 0600, whole or not at all; gives its size. SafeError (`file_exists`, `cannot_write`)."""
    secret = check_passphrase(passphrase)
    salt, nonce = secrets.token_bytes(sealing.SALT_BYTES), secrets.token_bytes(sealing.NONCE_BYTES)
    document: dict[str, Any] = {
        "format": FORMAT_NAME, "format_version": FORMAT, "kdf": KDF, "salt": salt.hex(), "nonce": nonce.hex(),
        "sealed": base64.b64encode(sealing.seal(text, sealing.derive_key(secret, salt), nonce)).decode(),
    }  # fmt: skip
    data = json.dumps({**document, "checksum": _checksum(document)}, indent=1).encode() + b"\n"
    if path.exists():
        raise _exists(path)
    try:
        write_new(path, data)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise SafeError(f"{path} cannot be written: {error.strerror}", name="cannot_write") from error
    return len(data)


def read_sealed(path: Path, passphrase: str) -> bytes:
    """What is in a file.

    SafeError: `file_unreadable`, `bad_keys_backup` (none, or damaged), `backup_format` (another program's),
    `wrong_passphrase`.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _bad(path, "it is too large")
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise SafeError(f"{path} cannot be read: {error.strerror}", name="file_unreadable") from error
    except ValueError as error:
        raise _bad(path, "it is no JSON") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT_NAME:
        raise _bad(path, "it is another file")
    if document.get("format_version") != FORMAT or document.get("kdf") != KDF:
        raise SafeError(
            f"{path} has format {document.get('format_version')}, this program reads format {FORMAT}",
            name="backup_format",
        )
    if set(document) != _FIELDS or document.pop("checksum") != _checksum(document):
        raise _bad(path, "its checksum fails")
    try:
        salt, nonce = bytes.fromhex(document["salt"]), bytes.fromhex(document["nonce"])
        sealed = base64.b64decode(document["sealed"], validate=True)
    except (ValueError, TypeError) as error:
        raise _bad(path, "its fields are malformed") from error
    if (len(salt), len(nonce)) != (sealing.SALT_BYTES, sealing.NONCE_BYTES):
        raise _bad(path, "its fields are malformed")
    try:
        return sealing.unseal(sealed, sealing.derive_key(passphrase.encode(), salt), nonce)
    except MithqalError as error:
        raise SafeError(
            f"the passphrase does not open {path}: it is another one, or somebody changed the file",
            name="wrong_passphrase",
        ) from error


def _checksum(document: dict[str, Any]) -> str:
    """Of all other fields."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _exists(path: Path) -> SafeError:
    return SafeError(f"there is {path} already: a backup overwrites nothing", name="file_exists")


def _bad(path: Path, why: str) -> SafeError:
    return SafeError(f"{path} is no whole backup of keys: {why}")
