"""Pictures of a live network: its logs, its blocks, and the messages that its validators noted."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chain.errors import MithqalError
from chain.messages import Proposal, decode_message, encode_message
from cli.main import root
from node.client.network import Member, Network
from node.lab.fuzz.corpus import make_corpus
from node.lab.timeline import traced
from node.lab.timeline.live import _add_blocks, read_live
from node.lab.timeline.model import CERTIFICATE, COMMIT, FAULT, MESSAGE, Timeline, describe
from node.localnet.build import build_network
from node.localnet.supervisor import Supervisor
from node.runtime.message_trace import digest_of


def network(directory: Path) -> Network:
    """Two validators that do not run."""
    members = [
        Member(f"validator-{at}", None, ("127.0.0.1", 1), ("127.0.0.1", 1), directory / str(at)) for at in range(2)
    ]
    for member in members:
        member.directory.mkdir(exist_ok=True)
    return Network(directory, 4, bytes(32), "", members)


def test_a_stopped_network_is_drawn_from_its_logs(tmp_path: Path) -> None:
    """Lines of the logs, older file first; half a line and what is no line are passed over."""
    found = network(tmp_path)
    with pytest.raises(MithqalError) as caught:
        read_live(found)
    assert caught.value.name == "nothing_to_show"
    (tmp_path / "0" / "node.log.1").write_text('{"time_us": 100, "name": "started", "message": "at 0"}\n')
    (tmp_path / "0" / "node.log").write_text('{"time_us": 150, "name": "tls", "message": "no"}\n[1]\n{"time_')
    (tmp_path / "1" / "node.log").write_text('{"time_us": "x"}\n{"time_us": 120, "name": "double_vote"}\n')
    drawn = read_live(found)
    assert [(mark.at_us, mark.lane, mark.kind, mark.name) for mark in drawn.marks] == [
        (0, 0, FAULT, "started"), (20, 1, "log", "double_vote"), (50, 0, "log", "tls")
    ]  # fmt: skip


def test_blocks_of_a_live_network() -> None:
    """Who proposed, who signed, and which rounds between two blocks of an epoch failed."""
    drawn = Timeline("t", ["zero", "one"])
    row = {"epoch": 1, "signer_names": ["zero", "one"], "proposer": 0}
    blocks = [
        {**row, "height": 0, "round": 0, "timestamp_usecs": 10, "proposer": None},
        {**row, "height": 1, "round": 1, "timestamp_usecs": 20},
        {**row, "height": 2, "round": 4, "timestamp_usecs": 40, "proposer": 1},
        {**row, "height": 3, "round": 9, "timestamp_usecs": 60, "epoch": 2},
    ]
    _add_blocks(drawn, blocks, 10, set())
    found = [(mark.at_us, mark.lane, mark.name) for mark in drawn.finish().marks]
    assert found == [
        (10, 0, "round 1"), (10, 0, "height 1"), (30, -1, "failed rounds"), (30, 1, "round 4"), (30, 1, "height 2"),
        (50, 0, "round 9"), (50, 0, "height 3"),
    ]  # fmt: skip
    assert "rounds 2 to 3 failed" in drawn.texts
    drawn = Timeline("t", ["zero", "one"])
    _add_blocks(drawn, blocks, 10, {2})
    assert [mark.name for mark in drawn.finish().marks] == [
        "round 1", "height 1", "failed rounds", "round 9", "height 3"
    ], "what is drawn where it became final is not drawn twice"  # fmt: skip


def line(time_us: int, way: str, peer: int | None, data: bytes, **more: Any) -> str:
    """A line of a trace."""
    return json.dumps({
        "time_us": time_us, "way": way, "peer": peer, "type": "vote", "round": 3, "size": len(data),
        "digest": digest_of(data), "data": data.hex(), **more,
    })  # fmt: skip


def arrows(found: Network, *traces: list[str], last_s: float | None = None) -> Timeline:
    """The picture of these traces, a list for each validator."""
    for member, rows in zip(found.members, traces):
        (member.directory / "messages.log").write_text("".join(row + "\n" for row in rows))
    return read_live(found, last_s)


A, B = b"\x92\x01\xc0", b"\x92\x01\xc3"


def test_a_sending_and_an_arrival_are_an_arrow(tmp_path: Path) -> None:
    """By sender, receiver and digest; of several sendings the latest that is not after the arrival."""
    zero = [line(100, "sent", None, A), line(110, "sent", 1, A), line(130, "sent", 1, A), line(131, "sent", 2, B)]
    one = [line(120, "received", 0, A), line(130, "received", 0, A), line(129, "received", 0, B)]
    found = [mark for mark in arrows(network(tmp_path), zero, one).marks if mark.kind == MESSAGE]
    assert [(mark.at_us, mark.end_us, mark.lane, mark.to) for mark in found] == [
        (10, 20, 0, 1), (29, 29, 0, 1), (30, 30, 0, 1)
    ], "one sent to somebody else is not that which arrived"  # fmt: skip


def test_what_cannot_be_an_arrow(tmp_path: Path) -> None:
    """Clocks that differ make none run backwards; a sender that is none, a line without a digest, half a line: none."""
    zero = [line(500, "sent", None, A)]
    one = [line(400, "received", 0, A), line(401, "received", 2, A), line(402, "received", -1, A), line(403, "?", 0, A),
           line(404, "received", None, A), '{"time_us": 405, "way": "received", "peer": 0}', '{"time_us"']  # fmt: skip
    drawn = arrows(network(tmp_path), zero, one)
    assert [(mark.at_us, mark.end_us) for mark in drawn.marks] == [(0, 0)]


def test_a_click_shows_the_message(tmp_path: Path) -> None:
    """Decoded if it was noted whole, and the certificate that it is the first to show; else what is known of it."""
    proposals = [item for item in map(decode_message, make_corpus().messages) if isinstance(item, Proposal)]
    data = encode_message(max(proposals, key=lambda item: item.block.parent_qc.round))
    long = {key: value for key, value in json.loads(line(3, "received", 0, B, round=None)).items() if key != "data"}
    rows = [line(1, "received", 0, data, type="proposal"), line(2, "received", 0, data, type="proposal")]
    rows += [json.dumps(long), line(4, "received", 0, A).replace(A.hex(), "zz")]
    drawn = arrows(network(tmp_path), [], rows)
    texts = [drawn.texts[mark.text] for mark in drawn.marks if mark.kind == MESSAGE]
    assert texts[:2] == [describe(data)] * 2
    assert texts[2] == f"3 bytes, no round, digest {digest_of(B)}\ntoo long to be noted whole"
    assert texts[3].startswith(f"3 bytes, round 3, digest {digest_of(A)}")
    assert [(mark.at_us, mark.lane) for mark in drawn.marks if mark.kind == CERTIFICATE] == [(0, 0)]


def test_the_newest_are_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture is bounded: older messages are counted; `--last` takes those of the last seconds only."""
    rows = [line(1_000_000 * at, "received", 0, A) for at in range(10)]
    drawn = arrows(network(tmp_path), [], rows, last_s=3)
    assert [mark.at_us for mark in drawn.marks] == [0, 1_000_000, 2_000_000, 3_000_000]
    assert drawn.notes() == []
    monkeypatch.setattr(traced, "MAX_ARROWS", 2)
    drawn = read_live(network(tmp_path))
    assert [mark.at_us for mark in drawn.marks] == [8_000_000, 9_000_000]
    assert drawn.notes() == ["8 older messages are left out."]


@pytest.mark.network
def test_a_network_that_notes_its_messages(tmp_path: Path) -> None:
    """The issue: messages, votes, certificates, commits and faults of a live network; a click shows the message."""
    build_network(tmp_path, 2, seed=3)
    supervisor = Supervisor(tmp_path)
    try:
        supervisor.up(trace_messages=True)
        supervisor.restart("1")  # without: it notes nothing more
        size = (supervisor.network.members[1].directory / "messages.log").stat().st_size
        supervisor.wait_for_block()
        drawn = read_live(supervisor.network)
    finally:
        supervisor.down()
    assert (supervisor.network.members[1].directory / "messages.log").stat().st_size == size
    found = [mark for mark in drawn.marks if mark.kind == MESSAGE]
    assert {(0, 1), (1, 0)} == {(mark.lane, mark.to) for mark in found}
    assert {"proposal", "vote"} <= {mark.name for mark in found}
    assert all(mark.end_us >= mark.at_us for mark in found)
    sent = [mark for mark in found if mark.lane == 0 and mark.name == "vote"]
    assert '"Vote"' in drawn.texts[sent[0].text]
    commits = [(mark.name, mark.lane) for mark in drawn.marks if mark.kind == COMMIT]
    assert {("height 1", 0), ("height 1", 1)} <= set(commits)
    assert len(commits) == len(set(commits)), "a block is drawn once a validator"
    assert len([mark for mark in drawn.marks if mark.kind == CERTIFICATE]) > 1
    page = tmp_path / "a.html"
    words = ["lab", "timeline", "--network", str(tmp_path), "--last", "5", "--html", str(page), "--json"]
    document = json.loads(CliRunner().invoke(root, words, standalone_mode=False).stdout)
    assert document["events"]["message"] > 0
    assert page.read_text().count("validator-1") > 0
    supervisor.reset()
    assert not (supervisor.network.members[0].directory / "messages.log").exists()
