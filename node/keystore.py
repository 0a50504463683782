"""Keys at rest: one JSON file a key, 0600 in a directory of 0700, never overwritten (security 4.3).

The secret is not encrypted: whoever can read the file owns the key. It never appears in an error or a log. The file of
a K-of-N key holds public keys only: its holders have a file of their own each.
"""

import hashlib
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any, NoReturn

from chain.crypto.multi import Member, MultiKey, multi_key
from chain.crypto.schemes import SINGLE_KEY_SCHEMES
from chain.crypto.signing import PrivateKey, Scheme, is_valid_public_key
from chain.errors import MithqalError, SignatureError
from node.files import sync_directory, write_new

MAX_FILE_BYTES = 16 << 10
_FIELDS = {"name", "scheme", "public_key", "secret"}
_MULTI_FIELDS = {"name", "scheme", "threshold", "keys", "public_key"}
SCHEMES = {scheme.name.lower(): scheme for scheme in SINGLE_KEY_SCHEMES}
"""Schemes of one key by their names in files and on the command line."""


class KeyFileError(MithqalError):
    """A key file that must not or cannot be used."""

    name = "key_file"


def new_secret() -> bytes:
    """32 bytes from the operating system."""
    return secrets.token_bytes(32)


def derive_secret(seed: int, label: str) -> bytes:
    """32 bytes from a seed, for demonstrations that must repeat. UNSAFE: anyone who knows the seed knows the key."""
    return hashlib.sha256(f"MITHQAL-UNSAFE-SEED::{seed}::{label}".encode()).digest()


def save_key(path: Path, key_name: str, secret: bytes, scheme: Scheme = Scheme.ED25519) -> PrivateKey:
    """Write a new key file, durable and whole or not at all; gives the key.

    Raises SignatureError (`bad_private_key`) if the secret is no key of the scheme, and KeyFileError:
    `key_file_exists` (a key is never overwritten), `key_file_unwritable`.
    """
    key = PrivateKey(secret, scheme)
    _save(path, key_document(key_name, key, secret))
    return key


def key_document(key_name: str, key: PrivateKey, secret: bytes) -> dict[str, str]:
    """What the file of a key holds."""
    return {
        "name": key_name,
        "scheme": key.scheme.name.lower(),
        "public_key": key.public_key.hex(),
        "secret": secret.hex(),
    }


def key_text(document: dict[str, Any]) -> str:
    """The same as the file's text."""
    return json.dumps(document, indent=1) + "\n"


def save_multi_key(path: Path, key_name: str, key: MultiKey) -> None:
    """Write the file of a K-of-N key; KeyFileError as `save_key`."""
    keys = [{"scheme": Scheme(one.scheme).name.lower(), "public_key": one.public_key.hex()} for one in key.members]
    document = {
        "name": key_name,
        "scheme": Scheme(key.scheme).name.lower(),
        "threshold": key.threshold,
        "keys": keys,
        "public_key": key.to_bytes().hex(),
    }
    _save(path, document)


def copy_key(source: Path, target: Path, key_name: str) -> None:
    """Write a new key file that holds the key of another one; KeyFileError as `load_any` and `save_key`."""
    load_any(source)
    _save(target, {**json.loads(source.read_text(encoding="utf-8")), "name": key_name})


def _save(path: Path, document: dict[str, Any]) -> None:
    """Write a new file, or say why not."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_new(path, key_text(document).encode())
    except FileExistsError as error:
        raise KeyFileError(f"there is a key in {path} already, it stays as it is", name="key_file_exists") from error
    except OSError as error:
        raise KeyFileError(f"{path} cannot be written: {error.strerror}", name="key_file_unwritable") from error


def mark_unused(path: Path, public_key: bytes) -> None:
    """Say, durably and beside its file, that a consensus key has never signed: only its maker knows (D5).

    Call it before the key's file is written. KeyFileError (`key_file_unwritable`).
    """
    mark = _mark_of(path)
    try:
        mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mark.unlink(missing_ok=True)
        write_new(mark, public_key.hex().encode() + b"\n")
    except OSError as error:
        raise KeyFileError(f"{mark} cannot be written: {error.strerror}", name="key_file_unwritable") from error


def is_unused(path: Path) -> bool:
    """Whether the key in this file is marked so."""
    try:
        return _mark_of(path).read_text(encoding="utf-8").strip() == load_key(path).public_key.hex()
    except (FileNotFoundError, UnicodeDecodeError):
        return False
    except OSError as error:
        raise KeyFileError(f"{_mark_of(path)} cannot be read: {error.strerror}", name="key_file_unreadable") from error


def forget_unused(path: Path) -> None:
    """From now on the key may have signed: durable before it does. KeyFileError (`key_file_unwritable`)."""
    mark = _mark_of(path)
    try:
        if mark.exists():
            mark.unlink()
            sync_directory(mark.parent)
    except OSError as error:
        raise KeyFileError(f"{mark} cannot be removed: {error.strerror}", name="key_file_unwritable") from error


def _mark_of(path: Path) -> Path:
    """The mark of a key file."""
    return path.with_suffix(".unused")


def load_key(path: Path) -> PrivateKey:
    """Read the file of a private key: as `load_any`, and KeyFileError (`key_file_of_several`) for a K-of-N key."""
    key = load_any(path)
    if isinstance(key, MultiKey):
        raise KeyFileError(
            f"{path} is {key.threshold} of {len(key.members)} keys and has no secret: sign with its holders' key files",
            name="key_file_of_several",
        )
    return key


def load_any(path: Path) -> PrivateKey | MultiKey:
    """Read a key file; the checks in this order.

    KeyFileError: `key_file_missing`, `key_file_unreadable`, `key_file_permissions` (others may read the file, or
    write to its directory), `key_file_malformed`. SignatureError: `key_file_mismatch` (the secret, or the list of keys,
    gives another public key), `bad_private_key`.
    """
    try:
        data = _read_private(path)
    except FileNotFoundError as error:
        raise KeyFileError(f"there is no key file {path}", name="key_file_missing") from error
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}", name="key_file_unreadable") from error
    document = _read_document(path, data)
    if set(document) == _MULTI_FIELDS:
        return _read_multi(path, document)
    scheme, public_key, secret = _parse(path, document)
    key = PrivateKey(secret, scheme)
    if key.public_key != public_key:
        raise SignatureError(f"{path}: the secret does not give the public key beside it", name="key_file_mismatch")
    return key


def _read_private(path: Path) -> bytes:
    """The bytes of a file that nobody else may read, in a directory that nobody else may change."""
    _check_mode(path.parent, path.parent.stat().st_mode, 0o022, "others may change it", 0o700)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        mode = os.fstat(fd).st_mode
        if not stat.S_ISREG(mode):
            raise KeyFileError(f"{path} is no ordinary file", name="key_file_unreadable")
        _check_mode(path, mode, 0o077, "others may use it", 0o600)
        return file.read(MAX_FILE_BYTES + 1)


def _check_mode(path: Path, mode: int, forbidden: int, why: str, wanted: int) -> None:
    """KeyFileError (`key_file_permissions`) with the mode and the command that mends it."""
    if mode & forbidden:
        raise KeyFileError(
            f"{path} has mode {mode & 0o777:04o}, {why}: chmod {wanted:o} {path}",
            name="key_file_permissions",
            mode=f"{mode & 0o777:04o}",
        )


def _read_document(path: Path, data: bytes) -> dict[str, Any]:
    """The JSON object of a key file."""
    if len(data) > MAX_FILE_BYTES:
        _malformed(path, f"above {MAX_FILE_BYTES} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        _malformed(path, "not JSON")
    if type(document) is not dict:
        _malformed(path, f"not an object of the texts {', '.join(sorted(_FIELDS))}")
    return document


def _read_multi(path: Path, document: dict[str, Any]) -> MultiKey:
    """The key of exactly the document that `save_multi_key` writes."""
    try:
        members = []
        for row in document["keys"]:
            scheme, public_key = SCHEMES[row["scheme"]], bytes.fromhex(row["public_key"])
            if set(row) != {"scheme", "public_key"} or not is_valid_public_key(scheme, public_key):
                _malformed(path, "a key is none")
            members.append(Member(int(scheme), public_key))
        if type(document["threshold"]) is not int:
            _malformed(path, "the threshold is no number")
        key = multi_key(document["threshold"], members)
    except (KeyError, TypeError, ValueError, SignatureError):
        _malformed(path, "not K of N keys")
    if (document["scheme"], document["public_key"]) != (Scheme(key.scheme).name.lower(), key.to_bytes().hex()):
        raise SignatureError(f"{path}: the keys do not give the public key beside them", name="key_file_mismatch")
    return key


def _parse(path: Path, document: dict[str, Any]) -> tuple[Scheme, bytes, bytes]:
    """Scheme, public key and secret of exactly the document that `save_key` writes."""
    if set(document) != _FIELDS or any(type(item) is not str for item in document.values()):
        _malformed(path, f"not an object of the texts {', '.join(sorted(_FIELDS))}")
    scheme = Scheme.__members__.get(document["scheme"].upper())
    if scheme is None:
        _malformed(path, "unknown scheme")
    try:
        return scheme, bytes.fromhex(document["public_key"]), bytes.fromhex(document["secret"])
    except ValueError:
        _malformed(path, "not hexadecimal")


def _malformed(path: Path, why: str) -> NoReturn:
    """Raise without the cause: an error of the parser may quote the secret."""
    raise KeyFileError(f"{path} is no key file: {why}", name="key_file_malformed") from None
