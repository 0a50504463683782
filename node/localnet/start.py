"""From a directory to a network that commits: make it if there is none, else hold it to what was asked for."""

from collections.abc import Callable
from pathlib import Path

from chain.crypto.signing import PrivateKey
from chain.genesis import GenesisDocument, genesis_hash
from node.client.network import GENESIS_FILE, NETWORK_FILE, Network, NetworkError, load_network
from node.keystore import derive_secret
from node.localnet.build import build_network
from node.localnet.genesis import Rates, load_genesis

DEFAULT_VALIDATORS = 4


def open_network(
    directory: Path,
    rates: Callable[[], Rates],
    *,
    validators: int | None = None,
    seed: int | None = None,
    base_port: int | None = None,
) -> Network:
    """The network of a directory, none of its validators started; made first if there is none.

    What is given must be what a network that is there already has: NetworkError (`network_differs`), and
    `genesis_mismatch` if its genesis is not that of `network.json`. Else raises what `build_network` raises. `rates`
    is asked only for a new network.
    """
    if not (directory / NETWORK_FILE).exists():
        count = DEFAULT_VALIDATORS if validators is None else validators
        return build_network(directory, count, rates=rates(), seed=seed, base_port=base_port or 0)
    network, document = load_checked(directory)
    if validators not in (None, len(network.members)):
        raise _differs(directory, f"{len(network.members)} validators", f"--validators {validators}")
    first = network.members[0].rpc[1]
    if base_port and base_port != first:
        raise _differs(directory, f"its first port {first}", f"--base-port {base_port}")
    if seed is not None and PrivateKey(derive_secret(seed, "treasury")).public_key != document.treasury_key:
        raise _differs(directory, "other keys", f"--seed {seed}")
    return network


def load_checked(directory: Path) -> tuple[Network, GenesisDocument]:
    """A network and its genesis, which must be that of `network.json`: NetworkError (`genesis_mismatch`)."""
    network = load_network(directory)
    document = load_genesis(directory / GENESIS_FILE)
    if genesis_hash(document) != network.genesis_hash:
        raise NetworkError(
            f"{directory / GENESIS_FILE} is not the genesis of {NETWORK_FILE}: {genesis_hash(document).hex()} instead"
            f" of {network.genesis_hash.hex()}",
            name="genesis_mismatch",
        )
    return network, document


def _differs(directory: Path, has: str, asked: str) -> NetworkError:
    """A network that is there already is not the one that was asked for."""
    return NetworkError(
        f"the network in {directory} has {has}, {asked} was asked for: leave that out, or name another --network",
        name="network_differs",
    )
