"""Doing one act of the schedule to a cluster, and undoing it; each waits until the victim has been told."""

import asyncio
from collections import Counter
from typing import Protocol

from chain.primitives import SECOND_US
from node.lab.chaos.cluster import Cluster
from node.lab.chaos.rules import ChaosError, now_us
from node.lab.chaos.schedule import Act

FULL_END_S = 5.0
"""A disk stays full so long, unless the process ends earlier, which it should: it writes at every vote."""


FULL_EXIT = 3
"""How a validator ends whose disk is full (docs/operations.md)."""


class Links(Protocol):
    """What the faults of links need of the proxy."""

    def cut(self, source: int, target: int, *, is_cut: bool) -> None:
        """Hold all bytes from one validator to another, or let them go."""

    def slow(self, index: int, *, delay_us: int, loss_ppm: int) -> None:
        """Make all links of a validator slow or lossy; zeros heal them."""


class Faults:
    """Carries acts out, and counts them by name."""

    def __init__(self, cluster: Cluster, links: Links | None) -> None:
        """`links` is needed for faults of links only."""
        self._cluster, self._links = cluster, links
        self.counts: Counter[str] = Counter()
        self.revotes_us: list[int] = []
        """From a process's start after a kill to its first vote."""
        self.revotes_cpu_us: list[int] = []
        """The processor time of the same."""
        self._filled: set[int] = set()
        """Validators that may end by themselves, since their disk was full."""

    async def perform(self, act: Act) -> int:
        """Do it, keep it up for its length, undo it; gives the moment after which the victim should vote again."""
        self.counts[act.kind] += 1
        match act.kind:
            case "kill" | "clock":
                await self._cluster.kill(act.victim)
                self._cluster.start(act.victim, act.amount if act.kind == "clock" else 0)
                return self._cluster.began_us(act.victim)
            case "pause":
                self._cluster.pause(act.victim)
                await asyncio.sleep(act.length_us / SECOND_US)
                self._cluster.resume(act.victim)
            case "disk_full":
                await self._fill(act)
            case _:
                await self._bend_links(act)
        return now_us()

    async def recover(self, act: Act, after_us: int, timeout_s: float) -> None:
        """Wait until the victim votes again; ChaosError (`cannot_recover`)."""
        try:
            voted_us = await self._cluster.voted_after(act.victim, after_us, timeout_s)
        except ChaosError:
            if act.victim not in self._filled or not self._cluster.is_down(act.victim):
                raise
            self.revive(act.victim)
            voted_us = await self._cluster.voted_after(act.victim, after_us, timeout_s)
        if act.kind == "kill":
            self.revotes_us.append(voted_us - after_us)
            self.revotes_cpu_us.append(self._cluster.first_vote_cpu_us(act.victim))

    def revive(self, index: int) -> str | None:
        """Start a validator that has ended by itself; gives its last words, unless a full disk explains its end."""
        if not self._cluster.is_down(index):
            return None
        words = self._cluster.last_words(index)
        is_explained = index in self._filled and self._cluster.exit_code(index) == FULL_EXIT
        self.counts["disk_full_stops"] += is_explained
        self._filled.discard(index)
        self._cluster.start(index)
        return None if is_explained else words

    async def _fill(self, act: Act) -> None:
        """A full disk ends the process; with room again it is started."""
        self._filled.add(act.victim)
        self._cluster.fill_disk(act.victim, is_full=True)
        deadline = now_us() + int(FULL_END_S * SECOND_US)
        while not self._cluster.is_down(act.victim) and now_us() < deadline:  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.02)
        self._cluster.fill_disk(act.victim, is_full=False)
        self.revive(act.victim)

    async def _bend_links(self, act: Act) -> None:
        """Cut one direction between two validators, or make all links of one slow or lossy."""
        links = self._links
        assert links is not None, "the proxy stands between them where such faults are asked for"
        if act.kind == "partition":
            links.cut(act.victim, act.peer, is_cut=True)
        else:
            is_slow = act.kind == "delay"
            links.slow(act.victim, delay_us=act.amount if is_slow else 0, loss_ppm=0 if is_slow else act.amount)
        await asyncio.sleep(act.length_us / SECOND_US)
        if act.kind == "partition":
            links.cut(act.victim, act.peer, is_cut=False)
        else:
            links.slow(act.victim, delay_us=0, loss_ppm=0)
