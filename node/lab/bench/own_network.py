"""A network that a bench makes for itself and takes away again, and the honest payers on it."""

import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from chain.crypto.signing import PrivateKey
from node.client.network import Network
from node.lab.bench.crypto import Lane
from node.localnet.build import build_network
from node.localnet.supervisor import Supervisor

LIFETIME_S = 6 * 3600
"""What is signed ahead of a run is good for so long."""

STRANGER = "127.66.6.6"
"""The attacker's address: another one than the honest clients', where the system gives all of 127/8 to the machine."""


@contextmanager
def own_network(name: str, validators: int = 4, keep: Path | None = None) -> Iterator[Supervisor]:
    """A network that does not run yet, in a temporary directory, or in `keep`, which stays; stopped at the end."""
    directory = keep or Path(tempfile.mkdtemp(prefix=f"mithqal-{name}-"))
    try:
        build_network(directory, validators)
        supervisor = Supervisor(directory)
        try:
            yield supervisor
        finally:
            supervisor.down()
    finally:
        if keep is None:
            shutil.rmtree(directory, ignore_errors=True)


def address_of(secret: bytes) -> bytes:
    """Of an Ed25519 key that was never rotated."""
    return bytes(PrivateKey(secret).authentication_key()[16:])


def honest_lanes(network: Network, secrets: Sequence[bytes], batches: int) -> list[Lane]:
    """Each payer pays the next ones in turn, one payment a batch."""
    addresses, expires = [address_of(secret) for secret in secrets], int(time.time()) + LIFETIME_S
    return [
        Lane(
            (secret,), (*addresses[at + 1 :], *addresses[: at + 1]), batches, 1, network.genesis_hash,
            network.chain_id, expires,
        )
        for at, secret in enumerate(secrets)
    ]  # fmt: skip


def own_address() -> str | None:
    """The attacker's own loopback address; None where there is only one."""
    if not sys.platform.startswith("linux"):
        return None
    with socket.socket() as trial:
        try:
            trial.bind((STRANGER, 0))
        except OSError:
            return None
    return STRANGER
