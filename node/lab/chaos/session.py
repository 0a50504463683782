"""One network under test, from its making to its verdict: processes, accounts, journal, load, and the reading."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from node.client.network import Network, load_network
from node.lab.chaos.cluster import Bent, Cluster
from node.lab.chaos.journal import Journal, read_journal
from node.lab.chaos.judge import Verdict, judge
from node.lab.chaos.load import Load
from node.lab.chaos.people import make_accounts
from node.lab.chaos.proxy import Proxy
from node.lab.chaos.reading import read_views
from node.lab.chaos.rules import ON_LINKS, ChaosError
from node.lab.chaos.unsynced import Library, build_library
from node.localnet.build import build_network
from node.localnet.supervisor import is_ready
from node.sim.entropy import Entropy

START_S = 60.0
"""From the start of all validators until each has committed a block, on a busy machine."""
BROKEN_S = 5.0
"""The same patience where a validator has not come back: the verdict is clear already."""
PATIENCE_S = 60.0
"""How long a validator may take to reach a version that another one has acknowledged."""
LIFETIME_S = 24 * 3600
JOURNAL = "chaos-journal.jsonl"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a run is made on. Without `directory` a network of its own is made, and removed afterwards."""

    seed: int
    rate: int
    seconds: float
    """How long the load lasts: accounts are funded for it."""
    kinds: Sequence[str] = ()
    directory: Path | None = None
    validators: int = 4
    plant: str | None = None
    delay_us: int | None = None
    """What each way between validators takes at least, through the proxy; None without a proxy."""
    drops_unsynced: bool = True


class Session:
    """Use `open`, run something, `settle`, `verdict`, and `close` whatever happens."""

    def __init__(self, setting: Setting, say: Callable[[str], None]) -> None:
        """Nothing made yet."""
        self.setting, self._say = setting, say
        self._own = None if setting.directory else Path(tempfile.mkdtemp(prefix="mithqal-chaos-"))
        self._tools = Path(tempfile.mkdtemp(prefix="mithqal-chaos-tools-"))
        self.library = Library(None, "not asked for")
        self.network: Network
        self.cluster: Cluster
        self.load: Load
        self.proxy: Proxy | None = None
        self._journal: Journal | None = None
        self._entropy = Entropy(setting.seed)
        self._first = 0
        self.last = 0
        """The version that every ledger was read up to."""
        self.problems: list[str] = []
        """Validators that ended by themselves, or did not come back."""

    async def open(self) -> None:
        """Make the network, start its validators, fund the accounts, begin the journal."""
        setting = self.setting
        if setting.drops_unsynced:
            self.library = await asyncio.to_thread(build_library, self._tools)
        directory = setting.directory or self._own
        assert directory is not None
        if setting.directory is None:
            await asyncio.to_thread(build_network, directory, setting.validators)
        self.network = load_network(directory)
        await self._start()
        self._say(f"{len(self.network.members)} validators run, making accounts ...")
        accounts, openings = await asyncio.to_thread(make_accounts, self.network, setting.rate, setting.seconds)
        path = directory / JOURNAL
        path.unlink(missing_ok=True)
        self._journal = Journal(path)
        self._journal.append(openings)
        self.load = Load(
            self.network, accounts, [opening.number for opening in openings], self._journal,
            self._entropy.stream("chaos-load"), int(time.time()) + LIFETIME_S,
        )  # fmt: skip

    async def _start(self) -> None:
        """Proxy and processes; returns when each validator commits."""
        setting = self.setting
        needs_proxy = setting.delay_us is not None or any(kind in ON_LINKS for kind in setting.kinds)
        if needs_proxy:
            endpoints = [member.p2p for member in self.network.members]
            self.proxy = Proxy(endpoints, self._entropy.stream("chaos-proxy"), setting.delay_us or 0)
            await self.proxy.start()
        sectors = self._entropy.stream("chaos-sectors")
        bent = Bent(
            self.library.path, setting.plant, self.proxy.routes if self.proxy else {},
            lambda: sectors.chance(250_000),
        )  # fmt: skip
        self.cluster = Cluster(self.network, bent)
        self._say(f"starting {len(self.network.members)} validators ...")
        for index in range(len(self.network.members)):
            self.cluster.start(index)
        deadline = time.monotonic() + START_S
        for index, member in enumerate(self.network.members):
            while not await asyncio.to_thread(is_ready, member.rpc):
                if self.cluster.is_down(index) or time.monotonic() > deadline:
                    words = self.cluster.last_words(index)
                    raise ChaosError(f"{member.name} does not start: {words}", name="not_ready")
                await asyncio.sleep(0.05)

    async def first_payment(self) -> None:
        """Wait until the load has a payment final; ChaosError (`not_ready`)."""
        try:
            async with asyncio.timeout(START_S):
                await self.load.began.wait()
        except TimeoutError as error:
            raise ChaosError(f"no payment is final after {START_S:g} s", name="not_ready") from error

    async def settle(self, timeout_s: float) -> None:
        """No fault any more: every validator is up and votes, and what is under way becomes final."""
        if self.proxy is not None:
            self.proxy.heal()
        for index in range(len(self.network.members)):
            self.cluster.resume(index)
        deadline = time.monotonic() + timeout_s
        for index in range(len(self.network.members)):
            try:
                left_s = max(0.0, deadline - time.monotonic())
                await self.cluster.voted_after(index, self.cluster.began_us(index), left_s)
            except ChaosError as error:
                self.problems.append(error.message)
        await self.load.drain(BROKEN_S if self.problems else timeout_s)

    async def verdict(self) -> Verdict:
        """Read every ledger with proofs, and compare it with the journal; the load must be over."""
        assert self._journal is not None
        if self.load.broken is not None:
            raise self.load.broken
        recorded = await asyncio.to_thread(read_journal, self._journal.path)
        at_least = max((final.version for final in recorded.finals.values()), default=0)
        patience_s = BROKEN_S if self.problems else PATIENCE_S
        self._say(f"reading {len(self.network.members)} ledgers with proofs up to version {at_least} ...")
        accounts = list(recorded.openings)
        views, self.last = await asyncio.to_thread(
            read_views, self.network, self._first, accounts, at_least, patience_s
        )
        found = judge(recorded, views)
        for problem in self.problems:
            found.wrong += 1
            found.note(f"wrong: {problem}")
        return found

    async def close(self) -> None:
        """End what was started; a network of its own is removed."""
        if hasattr(self, "load"):
            await self.load.drain(0)
        if hasattr(self, "cluster"):
            await self.cluster.stop()
        if self.proxy is not None:
            await self.proxy.stop()
        if self._journal is not None:
            self._journal.close()
        for directory in (self._own, self._tools):
            if directory is not None:
                shutil.rmtree(directory, ignore_errors=True)
