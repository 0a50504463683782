"""The consensus machine driven by hand, with an application that only hashes rounds."""

from types import SimpleNamespace
from typing import Any

from chain.certificates import timeout_message
from chain.consensus.machine import ConsensusMachine
from chain.interface import Output
from chain.messages import CommittedResponse, SyncInfo, Timeout, decode_message
from chain.primitives import Hash

GENESIS_HASH = Hash(b"\x47" * 32)
NOW = 2_000


class App:
    """Executes to the roots that the committee certifies, and writes down what is committed."""

    def __init__(self, four) -> None:
        self.four = four
        self.committed: list[Any] = []
        self.waiting: tuple[bytes, ...] = ()
        self.snapshot = False

    def signature_checks(self, block):
        return ()

    def execute(self, parent, block):
        return SimpleNamespace(
            block_id=block.id, height=block.height, round=block.round, version=block.round,
            root=self.four.root(block), timestamp_us=block.header.timestamp_us, next_epoch=None,
        )  # fmt: skip

    def payload(self, parent, timestamp_us, max_count=500):
        return self.waiting

    def commit(self, path, proof, out):
        self.committed.append(([block.round for block, _ in path], proof))

    def takes_snapshot(self, version):
        return self.snapshot

    def committed_blocks(self, start_height):
        return CommittedResponse(start_height, (), None)


class Driven:
    """A machine, its application, and one call an event."""

    def __init__(self, four, own=0, record=None, pending=()) -> None:
        info = four.genesis_info
        root = SimpleNamespace(
            block_id=info.block_id,
            height=0,
            round=0,
            version=0,
            root=info.root,
            timestamp_us=info.timestamp_us,
            next_epoch=None,
        )
        self.app = App(four)
        self.machine = ConsensusMachine(
            own, four.set, four.leaders, four.safety(own, record), self.app, root, four.genesis_qc,
            four.genesis_qc, GENESIS_HASH, four.signatures,
        )  # fmt: skip
        self.first = Output()
        self.machine.start(list(pending), NOW, self.first)

    def receive(self, sender, message, now_us=NOW) -> Output:
        out = Output()
        self.machine.on_message(sender, message, now_us, out)
        return out

    def link(self, peer, is_up, now_us=NOW) -> Output:
        out = Output()
        self.machine.on_link(peer, is_up, now_us, out)
        return out

    def fire(self, name, token, now_us=NOW) -> Output:
        out = Output()
        self.machine.on_timer(name, token, now_us, out)
        return out


def due(out: Output, name: str) -> list[Any]:
    """Timers of a name that an output sets."""
    return [timer for timer in out.timers if timer.name == name]


def sent(sends, kind) -> list[Any]:
    """Messages of a kind, with where they go."""
    decoded = [(send.destination, decode_message(send.data)) for send in sends]
    return [(to, message) for to, message in decoded if isinstance(message, kind)]


def timeout(four, round_, author, qc) -> Timeout:
    """A signed time-out."""
    signature = four.keys[author].sign(timeout_message(1, round_, qc.round, GENESIS_HASH))
    return Timeout(1, round_, author, signature, SyncInfo(qc, four.genesis_qc, None))


def chain(four, count=4):
    """Consecutive blocks from round 1 on with their certificates, each committing its parent."""
    pairs, parent, qc = [], None, four.genesis_qc
    for round_ in range(1, count + 1):
        block = four.block(round_, qc, height=round_)
        qc = four.qc(block, parent)
        pairs.append((block, qc))
        parent = block
    return pairs
