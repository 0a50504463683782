"""What the steps of the story share: the network, the wallet, the narrator, and what the document says at the end."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from economy.market.rates import DayRates
from node.client.network import Network
from node.client.wallets.wallet import Wallet
from node.localnet.supervisor import Supervisor


@dataclass(slots=True)
class Stage:
    """One performance. `network`, `wallet` and `supervisor` exist from the opening on."""

    directory: Path
    validators: int
    seed: int | None
    day: DayRates
    say: Callable[[str], None]
    """Tells one line to the audience."""
    keep: bool = False
    """Whether the processes outlive the story."""
    began: float = field(default_factory=time.monotonic)
    payments: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    _network: Network | None = None
    _wallet: Wallet | None = None
    _supervisor: Supervisor | None = None

    def open(self, network: Network) -> None:
        """The network's directory exists: from now on there is a wallet and a supervisor."""
        self._network, self._wallet = network, Wallet(network)
        self._supervisor = Supervisor(self.directory)

    @property
    def network(self) -> Network:
        """The network."""
        assert self._network is not None
        return self._network

    @property
    def wallet(self) -> Wallet:
        """The wallet that signs for everybody in the story."""
        assert self._wallet is not None
        return self._wallet

    @property
    def supervisor(self) -> Supervisor:
        """The processes."""
        assert self._supervisor is not None
        return self._supervisor

    def close(self) -> None:
        """Stop every process that the story started."""
        if self._supervisor is not None:
            self._supervisor.down()
