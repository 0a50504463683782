"""A validator's directory and its `node.json`: read once, checked whole, frozen.

Paths in the file are relative to the directory. Unknown keys are errors that name the key, so that a typing mistake
never becomes a silent default.
"""

import json
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from chain.errors import MithqalError
from chain.kept import KEPT_VERSIONS
from chain.primitives import U64_MAX

CONFIG_FILE = "node.json"
Endpoint = tuple[str, int]
"""(host, port)."""


class ConfigError(MithqalError):
    """A node's configuration that cannot be used; `name` is the rule."""

    name = "bad_config"


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """What one validator process needs to know."""

    directory: Path
    index: int
    """Its number on the chain."""
    endpoints: tuple[Endpoint | None, ...]
    """Where each validator listens for the others, by number; None where the chain says it."""
    rpc: Endpoint
    genesis: Path
    data: Path
    """Directory of the ledger and the safety record."""
    keys: Path
    """Directory of the validator's two keys."""
    log: Path
    allow_remote: bool
    """Whether it may listen beyond loopback."""
    genesis_hash: bytes | None = None
    """The hash that the genesis must have, 32 bytes, so that a damaged genesis is not taken for another network's."""
    kept_versions: int = KEPT_VERSIONS
    """So many versions back from the tip accounts can be read and proved as they were (KE2)."""

    @property
    def listen_at(self) -> Endpoint:
        """Where it listens for other validators."""
        endpoint = self.endpoints[self.index]
        assert endpoint is not None, "a configuration without it is refused"
        return endpoint

    def to_json(self) -> dict[str, Any]:
        """What `node.json` holds."""
        root = self.directory
        return {
            "index": self.index,
            "endpoints": [None if endpoint is None else list(endpoint) for endpoint in self.endpoints],
            "rpc": list(self.rpc),
            "genesis": _relative(self.genesis, root),
            "data": _relative(self.data, root),
            "keys": _relative(self.keys, root),
            "log": _relative(self.log, root),
            "allow_remote": self.allow_remote,
            "genesis_hash": None if self.genesis_hash is None else self.genesis_hash.hex(),
            "kept_versions": self.kept_versions,
        }


_REQUIRED = ("index", "endpoints", "rpc", "genesis")
_OPTIONAL = {
    "data": "data", "keys": "keys", "log": "node.log", "allow_remote": False, "genesis_hash": None,
    "kept_versions": KEPT_VERSIONS,
}  # fmt: skip


def load_config(directory: Path) -> NodeConfig:
    """Read `directory/node.json`; ConfigError if it is missing, is no JSON, or breaks a rule."""
    path = directory / CONFIG_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"there is no {path}", name="config_missing", path=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", name="config_unreadable", path=str(path)) from error
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}", name="config_unreadable", path=str(path)) from error
    return parse_config(directory, values)


def parse_config(directory: Path, values: object) -> NodeConfig:
    """Check the values of a `node.json` that lies in `directory`; ConfigError names the key."""
    if not isinstance(values, dict):
        raise ConfigError("node.json must hold an object", name="wrong_type")
    for key in values:
        if key not in _REQUIRED and key not in _OPTIONAL:
            raise ConfigError(f"node.json: unknown key {key!r}", name="unknown_key", key=key)
    for key in _REQUIRED:
        if key not in values:
            raise ConfigError(f"node.json: {key!r} is missing", name="missing_key", key=key)
    merged: dict[str, Any] = {**_OPTIONAL, **values}
    allow_remote = merged["allow_remote"]
    if type(allow_remote) is not bool:
        raise _wrong("allow_remote", "true or false")
    kept = merged["kept_versions"]
    if type(kept) is not int or not 0 <= kept <= U64_MAX:
        raise _wrong("kept_versions", "a whole number from 0 on")
    rows = merged["endpoints"]
    if not isinstance(rows, list) or not rows:
        raise _wrong("endpoints", "a list of [host, port]")
    endpoints = tuple(None if row is None else _endpoint("endpoints", row, allow_remote=True) for row in rows)
    index = merged["index"]
    if type(index) is not int or not 0 <= index < len(endpoints):
        raise _wrong("index", f"a whole number from 0 to {len(endpoints) - 1}")
    if endpoints[index] is None:
        raise _wrong("endpoints", "[host, port] at the validator's own place")
    _endpoint("endpoints", rows[index], allow_remote=allow_remote)
    paths = {key: _path(directory, key, merged[key]) for key in ("genesis", "data", "keys", "log")}
    rpc = _endpoint("rpc", merged["rpc"], allow_remote=allow_remote)
    return NodeConfig(
        directory=directory, index=index, endpoints=endpoints, rpc=rpc, allow_remote=allow_remote,
        genesis_hash=_hash(merged["genesis_hash"]), kept_versions=kept, **paths,
    )  # fmt: skip


def _relative(path: Path, root: Path) -> str:
    """`path` relative to `root`, one level up at most, else as it is."""
    if path.is_relative_to(root):
        return str(path.relative_to(root))
    if path.is_relative_to(root.parent):
        return str(Path("..") / path.relative_to(root.parent))
    return str(path)


def _wrong(key: str, wanted: str) -> ConfigError:
    """A value of the wrong kind."""
    return ConfigError(f"node.json: {key!r} must be {wanted}", name="wrong_type", key=key)


def _path(directory: Path, key: str, value: object) -> Path:
    """A path relative to the directory."""
    if not isinstance(value, str) or not value:
        raise _wrong(key, "a path")
    return directory / value


def _hash(value: object) -> bytes | None:
    """32 bytes in hexadecimal digits, or null."""
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
        raise _wrong("genesis_hash", "64 hexadecimal digits")
    return bytes.fromhex(value)


def _endpoint(key: str, value: object, *, allow_remote: bool) -> Endpoint:
    """[host, port]; only loopback unless `allow_remote`."""
    if not isinstance(value, list) or len(value) != 2:
        raise _wrong(key, "[host, port]")
    host, port = value
    if not isinstance(host, str) or type(port) is not int or not 0 < port < 65_536:
        raise _wrong(key, "[host, port] with a port from 1 to 65535")
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback and not allow_remote:
        raise ConfigError(
            f"node.json: {key!r} names {host}, which is not loopback; set allow_remote to listen there",
            name="not_loopback", key=key, host=host,
        )  # fmt: skip
    return host, port
