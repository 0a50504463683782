"""Make a network's directory: keys, genesis, one folder a validator, and `network.json`.

The rates of money come from the caller as data. With a seed every key is the same each time (for demonstrations only).
"""

import json
import socket
from pathlib import Path

from chain.genesis import GenesisDocument, genesis_hash
from node.client.network import GENESIS_FILE, NETWORK_FILE, Member, Network, NetworkError, check_not_moving
from node.config import CONFIG_FILE, Endpoint, NodeConfig
from node.localnet.genesis import CHAIN_ID, NO_RATES, Rates, build_genesis, waypoint_of
from node.runtime.process import listen

PORTS_EACH = 10
HOST = "127.0.0.1"
MAX_LOCAL_VALIDATORS = 16


def build_network(  # noqa: PLR0913 - what a network may begin with
    directory: Path,
    validators: int = 4,
    *,
    rates: Rates = NO_RATES,
    seed: int | None = None,
    base_port: int = 0,
    chain_id: int = CHAIN_ID,
    timestamp_us: int | None = None,
    tells_addresses: bool = True,
) -> Network:
    """Write a new network's directory. Without `tells_addresses` genesis does not say where validators listen, so that
    it is the same whatever ports are free; each validator's `node.json` says it all the same.

    NetworkError if a network is there already, for a wrong number of validators, or without room for its ports;
    ConfigError (`port_in_use`); nothing is written then. GenesisError, KeyFileError as of `build_genesis`.
    """
    if (directory / NETWORK_FILE).exists():
        raise NetworkError(f"there is a network in {directory} already", name="network_exists")
    check_not_moving(directory)
    if not 1 <= validators <= MAX_LOCAL_VALIDATORS:
        raise NetworkError(f"1 to {MAX_LOCAL_VALIDATORS} validators, got {validators}", name="bad_validator_count")
    ports = validator_ports(validators, base_port)
    for endpoint in (endpoint for pair in ports for endpoint in pair):
        listen(endpoint).close()
    document = build_genesis(
        directory, validators, rates, seed=seed, chain_id=chain_id, timestamp_us=timestamp_us,
        addresses=[(address_text(p2p), address_text(rpc)) for rpc, p2p in ports] if tells_addresses else None,
    )  # fmt: skip
    (directory / GENESIS_FILE).write_bytes(document.to_bytes())
    network = _network(directory, document, ports)
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
    return Network(directory, document.chain_id, genesis_hash(document), waypoint_of(document), members)


def _write_config(network: Network, index: int, member: Member) -> None:
    """A validator's `node.json`."""
    root = member.directory
    config = NodeConfig(
        directory=root, index=index, endpoints=tuple(other.p2p for other in network.members), rpc=member.rpc,
        genesis=network.directory / GENESIS_FILE, data=root / "data", keys=root / "keys", log=root / "node.log",
        allow_remote=False, genesis_hash=network.genesis_hash,
    )  # fmt: skip
    (root / CONFIG_FILE).write_text(json.dumps(config.to_json(), indent=1), encoding="utf-8")


def address_text(endpoint: Endpoint) -> str:
    """`host:port` as the chain has it."""
    host, port = endpoint
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def validator_ports(validators: int, base_port: int) -> list[tuple[Endpoint, Endpoint]]:
    """(rpc, p2p) of each validator: ten ports each from `base_port`, or free ones for 0. NetworkError (`bad_port`)."""
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
