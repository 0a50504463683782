"""What clients and proposers see of a simulated run, read from its trace alone: when a payment was sent and final."""

from typing import NamedTuple

from chain.block import Block
from chain.messages import Proposal, message_name
from node.lab.bench.figures import percentile
from node.sim.decoded import decoded
from node.sim.parties import START_US
from node.sim.result import Result
from node.sim.scenario import Scenario
from node.sim.world import World


class Proposed(NamedTuple):
    """A block, and when its proposer had it."""

    block: Block
    at_us: int


class Observed:
    """The sink of a run's trace (`node.sim.trace.Sink`). Times are microseconds from the start of the run."""

    def __init__(self) -> None:
        """Nothing happened yet."""
        self.proposed: dict[bytes, Proposed] = {}
        """By the block's id."""
        self.final: dict[bytes, dict[int, int]] = {}
        """Block's id -> validator -> when it announced the block."""
        self.sent: dict[bytes, int] = {}
        """Envelope -> when it reached a validator first."""

    def __call__(self, time_us: int, node: int, kind: str, data: bytes) -> None:
        """One event."""
        at_us = time_us - START_US
        if kind == "submit":
            self.sent.setdefault(data, at_us)
        elif kind == "committed":
            self.final.setdefault(data[:32], {}).setdefault(node, at_us)
        elif kind == "message" and message_name(data) == "proposal":
            message = decoded(data)
            if isinstance(message, Proposal) and message.block.header.author == node:
                self.proposed.setdefault(message.block.id, Proposed(message.block, at_us))

    def latencies(self, from_us: int, to_us: int, end_us: int) -> list[tuple[int, int, bool]]:
        """(when it was sent, how long until a validator first announced it, whether one did) of all that was sent in
        this time. What is never final counts with the time until `end_us`, the end of the run.
        """
        done: dict[bytes, int] = {}
        for block_id, nodes in self.final.items():
            if block_id in self.proposed:
                first = min(nodes.values())
                done.update((envelope, first) for envelope in self.proposed[block_id].block.payload)
        sent = sorted((at_us, envelope) for envelope, at_us in self.sent.items() if from_us <= at_us < to_us)
        return [(at_us, done.get(envelope, end_us) - at_us, envelope in done) for at_us, envelope in sent]


def watch(scenario: Scenario, seed: int) -> tuple[Observed, Result]:
    """Run a scenario and look."""
    observed = Observed()
    return observed, World(scenario, seed, observed).run()


def quantile(values: list[int], per_cent: int) -> int:
    """The nearest rank, of values in any order; 0 of none."""
    return percentile(sorted(values), per_cent) if values else 0
