"""The trace of a validator's messages: what is noted, in which form, and that it changes nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from chain.interface import Committed
from chain.messages import Transactions, encode_message
from node.lab.fuzz.corpus import make_corpus
from node.localnet.build import build_network
from node.logs import BoundedFile
from node.runtime import message_trace
from node.runtime.message_trace import MessageTrace, digest_of
from node.runtime.process import run_node

BLOCK = Committed(7, 9, bytes(32), b"\x01" * 32, 40, ())


class Around:
    """What a driver has around it, with all that it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def send(self, peer: int, frame: bytes) -> bool:
        self.told.append((peer, frame))
        return True

    def broadcast(self, frame: bytes) -> bool:
        self.told.append((None, frame))
        return True

    def receive(self, sender: int, data: bytes) -> None:
        self.told.append((sender, data))

    def on_committed(self, committed: Committed) -> None:
        self.told.append(committed)

    def on_alarm(self, name: str, message: str, peer: int | None) -> None:
        self.told.append((name, message, peer))


def traced(path: Path, act: Any) -> list[dict[str, Any]]:
    """The lines that an act with a trace leaves."""
    file = BoundedFile(path / "messages.log", 1 << 20)
    act(MessageTrace(file))
    file.close()
    return [json.loads(line) for line in (path / "messages.log").read_text().splitlines()]


def test_what_is_noted(tmp_path: Path) -> None:
    """One line for each sent and received message: time, way, peer, kind, round, size, digest, bytes; each block."""
    around, vote = Around(), next(data for data in make_corpus().messages if data[1] == 1)

    def act(trace: MessageTrace) -> None:
        wires, watcher = trace.around_wires(around), trace.around_watcher(around)
        assert wires.send(2, vote) is wires.broadcast(vote) is True
        trace.around_receive(around.receive)(3, vote)
        trace.around_receive(around.receive)(1, b"\x00")
        watcher.on_committed(BLOCK)
        watcher.on_alarm("a", "b", 1)

    rows = traced(tmp_path, act)
    assert around.told == [(2, vote), (None, vote), (3, vote), (1, b"\x00"), BLOCK, ("a", "b", 1)]
    times = [row.pop("time_us") for row in rows]
    assert times == sorted(times)
    about = {"type": "vote", "size": len(vote), "digest": digest_of(vote), "data": vote.hex()}
    assert rows[0]["round"] > 0
    assert rows[:3] == [
        {"way": "sent", "peer": 2, "round": rows[0]["round"], **about},
        {"way": "sent", "peer": None, "round": rows[0]["round"], **about},
        {"way": "received", "peer": 3, "round": rows[0]["round"], **about},
    ]
    malformed = {"type": "malformed", "round": None, "size": 1, "digest": digest_of(b"\0"), "data": "00"}
    assert rows[3] == {"way": "received", "peer": 1, **malformed}
    assert rows[4] == {"way": "committed", "height": BLOCK.height, "version": BLOCK.version, "block": "01" * 32}
    assert len(rows) == 5


def test_a_long_message_is_noted_by_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to MAX_WHOLE bytes it is kept whole, from one more on it is not."""
    data = encode_message(Transactions((bytes(50),)))
    monkeypatch.setattr(message_trace, "MAX_WHOLE", len(data))
    rows = traced(tmp_path, lambda trace: [trace.note("sent", 0, item) for item in (data, data + b"\0")])
    assert ["data" in row for row in rows] == [True, False]
    assert [row["size"] for row in rows] == [len(data), len(data) + 1]


def test_a_trace_that_cannot_be_written_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """ConfigError (`log_unwritable`) names the file, before anything runs."""
    directory = build_network(tmp_path, 2, seed=3).members[0].directory
    (directory / "messages.log").mkdir()
    assert run_node(directory, trace_messages=True) == 3
    assert capsys.readouterr().err.startswith("mithqal node: log_unwritable: the trace ")
