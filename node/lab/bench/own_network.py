"""A network that a bench makes for itself and takes away again, and the honest payers on it."""

import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chain.crypto.signing import PrivateKey
from node.client.network import Network
from node.client.wallets.wallet import Wallet
from node.lab.bench.crypto import Batch, Lane
from node.localnet.bootstrap import bootstrap
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


class HonestRun:
    """A run with honest payers, whose payments are signed ahead, on a network of its own."""

    def __init__(self, supervisor: Supervisor, opened: ExitStack, say: Callable[[str], None]) -> None:
        """Nothing started yet; what is opened is closed with `opened`."""
        self._supervisor, self._opened, self._say = supervisor, opened, say
        self._network = supervisor.network
        self._honest: list[list[Batch]] = []
        """What each payer has not sent yet."""

    def _start(self, validators: int) -> Wallet:
        """Start the validators; gives the wallet of the parties that genesis names."""
        self._say(f"starting {validators} validators ...")
        self._network = self._supervisor.up(foreground=True)
        wallet = bootstrap(self._network)
        self._opened.callback(wallet.close)
        return wallet

    def _spend(self, used: Sequence[int]) -> None:
        """Each payer has sent so many more."""
        self._honest = [batches[count:] for batches, count in zip(self._honest, used, strict=True)]


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
