"""Valid bytes of every kind, from a short run of the simulator with real replicas."""

import json
from dataclasses import dataclass, field
from functools import cache

from chain.block import Block
from chain.facts import Fact, encode_proof
from chain.messages import (
    BlockResponse,
    CommittedRequest,
    CommittedResponse,
    EpochRequest,
    Proposal,
    Transactions,
    decode_message,
    encode_message,
    message_name,
)
from chain.primitives import SECOND_US
from chain.prover import Prover, certificate_of
from chain.replica import Replica
from node.sim.scenario import Scenario
from node.sim.scenario_file import from_document
from node.sim.world import World
from node.wire.framing import encode_frame
from node.wire.hello import VERSION, Hello

MAX_FRAME = 1 << 16
OF_A_KIND = 40
"""Messages of one kind that are kept."""
DURATION_US = 4 * SECOND_US
HELLO = Hello(VERSION, 4, bytes(32), 3, bytes([3]) * 32)
LIES = {
    "duration_ms": 3_000, "gst_ms": 1_500, "clients": {"accounts": 0},
    "byzantine": [{"node": 3, "strategy": "double_vote"}],
}  # fmt: skip
"""A scenario in which evidence goes round."""
CALLS: tuple[tuple[str, list[object]], ...] = (
    ("get_metadata", [0]), ("get_account", ["00" * 16]), ("get_transactions", [0, 10, True]), ("submit", ["00" * 9]),
    ("get_account_transaction", ["00" * 16, 1, False]), ("get_events", ["00" * 24, 0, 5]), ("search", ["abc"]),
    ("wait_for_transaction", ["00" * 16, 1, "00" * 32, 10]), ("get_block", [1]), ("get_state_proof", [1]),
    ("get_record_with_proof", ["0011", 1]), ("get_epoch", []),
)  # fmt: skip


@dataclass(slots=True)
class Corpus:
    """Valid bytes by kind."""

    messages: list[bytes] = field(default_factory=list)
    transactions: list[bytes] = field(default_factory=list)
    proofs: list[bytes] = field(default_factory=list)
    genesis: list[bytes] = field(default_factory=list)
    hellos: list[bytes] = field(default_factory=lambda: [HELLO.to_bytes()])
    frames: list[bytes] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)


class _Kept:
    """Takes messages out of a trace, a few of each kind."""

    def __init__(self) -> None:
        """Nothing was sent yet."""
        self.by_kind: dict[str, dict[bytes, None]] = {}

    def __call__(self, _time_us: int, _node: int, kind: str, data: bytes) -> None:
        """One event of the trace."""
        if kind == "message":
            found = self.by_kind.setdefault(message_name(data), {})
            if len(found) < OF_A_KIND:
                found[data] = None


@cache
def make_corpus(seed: int = 1) -> Corpus:
    """What a few virtual seconds with crashes and lost disks bring about: votes, time-outs, snapshots, proofs."""
    kept = _Kept()
    scenario = Scenario(
        duration_us=DURATION_US, crash_every_us=400_000, disk_lost_every_us=300_000, snapshot_behind=5,
        down_us=300_000, calm_ppm=900_000,
    )  # fmt: skip
    world = World(scenario, seed, kept)
    world.run()
    World(from_document(LIES), seed, kept).run()
    corpus = Corpus(messages=[data for found in kept.by_kind.values() for data in found])
    corpus.messages += [encode_message(CommittedRequest(1)), encode_message(EpochRequest(1))]
    corpus.genesis = [world.parties.document.to_bytes()]
    corpus.transactions = list(dict.fromkeys(tx for data in corpus.messages for tx in _transactions(data)))[:200]
    machines = [item.machine for item in world.validators if isinstance(item.machine, Replica)]
    machine = max(machines, key=lambda item: item.ledger.tip_version - item.ledger.base.version)
    corpus.proofs = _proofs(machine)
    corpus.frames = [encode_frame(data[:MAX_FRAME], MAX_FRAME) for data in corpus.messages]
    calls = [
        {"jsonrpc": "2.0", "id": at, "method": method, "params": params} for at, (method, params) in enumerate(CALLS)
    ]
    corpus.requests = [json.dumps(call).encode() for call in calls] + [json.dumps(calls).encode()]
    return corpus


def _transactions(data: bytes) -> list[bytes]:
    """Envelopes in a message."""
    message = decode_message(data)
    blocks: tuple[Block, ...] = ()
    if isinstance(message, Transactions):
        return list(message.envelopes)
    if isinstance(message, Proposal):
        blocks = (message.block,)
    elif isinstance(message, BlockResponse | CommittedResponse):
        blocks = message.blocks
    return [tx for block in blocks for tx in block.payload]


def _proofs(machine: Replica) -> list[bytes]:
    """Proofs of the last versions."""
    ledger = machine.ledger
    prover = Prover(ledger, ledger.tip_version)
    believed = prover.ledger(certificate_of(ledger.store, ledger.tip_height))
    if believed is None:
        return []
    first = max(ledger.base.version + 1, ledger.tip_version - 20)
    facts: list[Fact] = [prover.transaction(version) for version in range(first, ledger.tip_version + 1)]
    return [encode_proof(believed, fact) for fact in (*facts, prover.entries(first, min(3, len(facts))))]
