"""Make a network's directory: keys, genesis, one folder a validator, and `network.json`.

The rates of money come from the caller as data. With a seed every key is the same each time (for demonstrations only).
"""

import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from chain.accounts import BASKET
from chain.crypto.signing import RealSignatures
from chain.genesis import GenesisCurrency, GenesisDocument, genesis_hash
from chain.ledger import Ledger
from chain.validators import Validator
from node.client.network import GENESIS_FILE, NETWORK_FILE, Member, Network, NetworkError, load_network
from node.config import CONFIG_FILE, Endpoint, NodeConfig
from node.keystore import derive_secret, new_secret, save_key
from node.storage.memory import MemoryStore

__all__ = ["COINS", "NETWORK_FILE", "Network", "NetworkError", "build_network", "load_network"]

COINS = ("XUS", "XEU", "XJP", "XGB", "XSG")
SCALING = 1_000_000
FRACTIONAL_PART = 100
ONE_XDX = 1 << 32
"""1 XDX in 32-bit fixed point."""
CHAIN_ID = 4
"""Libra's number of a test chain."""
PORTS_EACH = 10
HOST = "127.0.0.1"
MAX_LOCAL_VALIDATORS = 16


def build_network(  # noqa: PLR0913 - what a network is made of
    directory: Path,
    validators: int = 4,
    *,
    rates: Mapping[str, int] | None = None,
    local_rates: Mapping[str, int] | None = None,
    seed: int | None = None,
    base_port: int = 0,
    chain_id: int = CHAIN_ID,
    timestamp_us: int | None = None,
) -> Network:
    """Write a new network's directory.

    `rates` gives each coin's value in XDX and `local_rates` that of other currencies, as 32-bit fixed point.
    NetworkError if a network is there already, or for a wrong number of validators.
    """
    if (directory / NETWORK_FILE).exists():
        raise NetworkError(f"there is a network in {directory} already", name="network_exists")
    if not 1 <= validators <= MAX_LOCAL_VALIDATORS:
        raise NetworkError(f"1 to {MAX_LOCAL_VALIDATORS} validators, got {validators}", name="bad_validator_count")
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def key(path: Path, name: str) -> bytes:
        """Make one key file; its public key."""
        secret = new_secret() if seed is None else derive_secret(seed, name)
        return save_key(path, name, secret).public_key

    roots = directory / "keys"
    names = [f"validator-{index}" for index in range(validators)]
    members = tuple(
        Validator(
            name, key(directory / name / "keys" / "consensus.json", f"{name}/consensus"),
            key(directory / name / "keys" / "network.json", f"{name}/network"),
        )
        for name in names
    )  # fmt: skip
    rates = rates or {}
    currencies = tuple(
        GenesisCurrency(
            code, SCALING, FRACTIONAL_PART, rates.get(code, ONE_XDX), code == BASKET, code != BASKET,
            key(roots / f"custodian-{code}.json", f"custodian-{code}"),
        )
        for code in (*COINS, BASKET)
    )  # fmt: skip
    document = GenesisDocument(
        chain_id,
        time.time_ns() // 1000 if timestamp_us is None else timestamp_us,
        members,
        key(roots / "association.json", "association"),
        key(roots / "treasury.json", "treasury"),
        currencies,
        tuple(sorted((local_rates or {}).items())),
    )
    document.check(RealSignatures())
    (directory / GENESIS_FILE).write_bytes(document.to_bytes())
    network = _network(directory, document, _ports(validators, base_port))
    for index, member in enumerate(network.members):
        _write_config(network, index, member)
    network.save()
    return network


def _network(directory: Path, document: GenesisDocument, ports: list[tuple[Endpoint, Endpoint]]) -> Network:
    """The network of a genesis, every validator down; `ports` is (rpc, p2p) by index."""
    members = [
        Member(validator.name, None, rpc, p2p, directory / validator.name)
        for validator, (rpc, p2p) in zip(document.validators, ports, strict=True)
    ]
    waypoint = Ledger(document, MemoryStore()).genesis_info.waypoint()
    return Network(directory, document.chain_id, genesis_hash(document), waypoint, members)


def _write_config(network: Network, index: int, member: Member) -> None:
    """A validator's `node.json`."""
    root = member.directory
    config = NodeConfig(
        directory=root, index=index, endpoints=tuple(other.p2p for other in network.members), rpc=member.rpc,
        genesis=network.directory / GENESIS_FILE, data=root / "data", keys=root / "keys", log=root / "node.log",
        allow_remote=False,
    )  # fmt: skip
    (root / CONFIG_FILE).write_text(json.dumps(config.to_json(), indent=1), encoding="utf-8")


def _ports(validators: int, base_port: int) -> list[tuple[Endpoint, Endpoint]]:
    """(rpc, p2p) of each validator: ten ports each from `base_port`, or free ones for 0."""
    if base_port:
        last = base_port + PORTS_EACH * validators
        if not 0 < base_port < last <= 65_536:
            raise NetworkError(f"base port {base_port} leaves no room for {validators} validators", name="bad_port")
        return [
            ((HOST, base_port + PORTS_EACH * index), (HOST, base_port + PORTS_EACH * index + 1))
            for index in range(validators)
        ]
    sockets = [socket.socket() for _ in range(2 * validators)]
    try:
        for item in sockets:
            item.bind((HOST, 0))
        ports = [item.getsockname()[1] for item in sockets]
    finally:
        for item in sockets:
            item.close()
    return [((HOST, ports[2 * index]), (HOST, ports[2 * index + 1])) for index in range(validators)]
