"""`network.json`: what a client needs to know of a network, and where its files lie."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.errors import MithqalError
from chain.genesis import GenesisDocument
from node.config import Endpoint

NETWORK_FILE = "network.json"
GENESIS_FILE = "genesis.bin"
FINISHED = ".finished"
"""Folder of a result that `mithqal simulate` is moving into its place: until all of it is, there is no network."""


class NetworkError(MithqalError):
    """A network directory that is missing, corrupt or in the way."""

    name = "network"


@dataclass(slots=True)
class Member:
    """One validator as `network.json` has it. `pid` is None while it is down."""

    name: str
    pid: int | None
    rpc: Endpoint
    p2p: Endpoint
    directory: Path
    is_member: bool = True
    """Whether it is in the validator set, as far as this directory knows."""


@dataclass(slots=True)
class Network:
    """A network directory."""

    directory: Path
    chain_id: int
    genesis_hash: bytes
    waypoint: str
    members: list[Member]

    @property
    def keys(self) -> Path:
        """Directory of the root keys: association, treasury, custodian-CODE."""
        return self.directory / "keys"

    @property
    def genesis(self) -> GenesisDocument:
        """The genesis document."""
        return GenesisDocument.from_bytes((self.directory / GENESIS_FILE).read_bytes())

    def endpoints(self) -> list[Endpoint]:
        """Where each validator answers JSON-RPC."""
        return [member.rpc for member in self.members]

    def to_json(self) -> dict[str, Any]:
        """What `network.json` holds."""
        return {
            "chain_id": self.chain_id,
            "genesis_hash": self.genesis_hash.hex(),
            "waypoint": self.waypoint,
            "validators": [
                {
                    "name": member.name,
                    "pid": member.pid,
                    "rpc": f"http://{member.rpc[0]}:{member.rpc[1]}",
                    "p2p": f"{member.p2p[0]}:{member.p2p[1]}",
                    "dir": str(member.directory),
                    **({} if member.is_member else {"member": False}),
                }
                for member in self.members
            ],
        }

    def save(self) -> None:
        """Write `network.json`, whole or not at all."""
        path = self.directory / NETWORK_FILE
        temporary = path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(self.to_json(), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


def load_network(directory: Path) -> Network:
    """Read `network.json`; NetworkError (`network_missing`, `network_corrupt`) says what to do."""
    path = directory / NETWORK_FILE
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        members = [
            Member(
                row["name"], None if row["pid"] is None else int(row["pid"]),
                _read_endpoint(row["rpc"].removeprefix("http://")), _read_endpoint(row["p2p"]),
                directory / Path(row["dir"]).name, row.get("member", True) is True,
            )
            for row in value["validators"]
        ]  # fmt: skip
        found = bytes.fromhex(value["genesis_hash"])
        if not members or len(found) != 32:
            raise ValueError("no validators, or a genesis hash of a wrong size")
        return Network(directory, int(value["chain_id"]), found, str(value["waypoint"]), members)
    except FileNotFoundError as error:
        check_not_moving(directory)
        raise NetworkError(
            f"there is no network in {directory}; start one with: mithqal localnet up --network {directory}",
            name="network_missing",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NetworkError(
            f"{path} is corrupt ({_reason(error)}): bring it back from a copy; its validators' keys and ledgers are "
            f"beside it. Or start another network: mithqal localnet up --network DIR",
            name="network_corrupt",
        ) from error


def check_not_moving(directory: Path) -> None:
    """NetworkError `network_unfinished` while a result is being moved into a directory."""
    if (directory / FINISHED).exists():
        raise NetworkError(
            f"a simulation's result is being moved into {directory}; if that was cut off, go on with it by"
            f" mithqal simulate --continue {directory} --days 1",
            name="network_unfinished",
        )


def _reason(error: Exception) -> str:
    """What is wrong with the file, without the name of a Python exception."""
    if isinstance(error, KeyError):
        return f"{error} is missing"
    if isinstance(error, TypeError | AttributeError):
        return "a value of a wrong type"
    return str(error)


def _read_endpoint(text: str) -> Endpoint:
    """host:port."""
    host, _, port = text.rpartition(":")
    if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        raise ValueError(f"{text!r} is no host:port")
    return host, int(port)
