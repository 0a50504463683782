"""Pictures of a run: every event is there, the run is the same, the page stands alone, and hostile text stays text."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import root
from node.lab.timeline import model as timeline
from node.lab.timeline.chrome import to_chrome
from node.lab.timeline.html import to_html
from node.lab.timeline.model import COMMIT, FAULT, MESSAGE, Mark, Timeline, describe
from node.lab.timeline.record import WatchedWorld
from node.sim.scenario import Scenario
from node.sim.world import World

SHORT = Scenario(duration_us=1_500_000, crash_every_us=400_000, faults_from_us=200_000, down_us=100_000)
HOSTILE = '</script><script>alert(1)</script><img src=x onerror=alert(1)> & \u202e "quoted"'


class Page(HTMLParser):
    """Tags, and the text of each script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script":
            self.scripts.append(data)


def small(text: str = "details") -> Timeline:
    found = Timeline("a run", ["zero", "one"])
    found.add(Mark(5, 0, MESSAGE, "vote", -1, 9, 1), text)
    found.add(Mark(1, 1, COMMIT, "height 1", -1), text)
    found.add(Mark(2, -1, FAULT, "loss", -1))
    return found.finish()


def test_watching_changes_nothing_and_every_event_is_there() -> None:
    """The trace hash is that of the run without a picture; each commit, message, start and crash has its mark."""
    seen: list[tuple[int, int, str]] = []
    plain = World(SHORT, 5, lambda time_us, node, kind, _data: seen.append((time_us, node, kind))).run()
    world = WatchedWorld(SHORT, 5)
    assert world.run().trace_hash == plain.trace_hash
    marks = world.timeline.marks

    def of(kind: str, name: str = "") -> int:
        return sum(mark.kind == kind and (not name or mark.name == name) for mark in marks)

    def traced(kind: str) -> int:
        return sum(item[2] == kind for item in seen)

    assert of(COMMIT) == traced("committed") > 0
    assert of(FAULT, "crash") == traced("crash") > 0
    assert of(FAULT, "start") == traced("start") > 4
    # one's own messages come back without the network; who is down gets none
    assert traced("message") / 2 < of(MESSAGE) <= traced("message") + 200
    assert all(mark.end_us >= mark.at_us >= 0 and mark.lane != mark.to for mark in marks if mark.kind == MESSAGE)
    assert [mark.at_us for mark in marks] == sorted(mark.at_us for mark in marks)


def test_a_seed_gives_the_same_bytes() -> None:
    """Page and trace are functions of scenario and seed."""
    pages = []
    for seed in (5, 5, 6):
        world = WatchedWorld(SHORT, seed)
        world.run()
        pages.append((to_html(world.timeline), to_chrome(world.timeline)))
    assert pages[0] == pages[1]
    assert pages[0][0] != pages[2][0]


def test_the_page_needs_nothing_else_and_lets_nothing_else_run() -> None:
    """Self-contained: no address in it; its policy names its own script and style by their hashes, and nothing more."""
    text = to_html(small())
    page = Page(text)
    assert not re.search(r"https?:|//[a-z]|@import|url\(|<link|<img|<iframe|innerHTML|eval\(", text)
    assert not any(set(attributes) & {"src", "href", "onclick", "style"} for _, attributes in page.tags)
    policy = next(item["content"] for tag, item in page.tags if tag == "meta" and item.get("http-equiv"))
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    style = text.partition("<style>")[2].partition("</style>")[0]
    wanted = ["sha256-" + base64.b64encode(hashlib.sha256(item.encode()).digest()).decode() for item in (script, style)]
    assert policy == f"default-src 'none'; script-src '{wanted[0]}'; style-src '{wanted[1]}'"
    data = json.loads(page.scripts[0])
    assert data["marks"] == [list(mark) for mark in small().marks]
    assert data["texts"] == ["details"]


@pytest.mark.parametrize("where", ["title", "lane", "name", "text"])
def test_hostile_text_stays_text(where: str) -> None:
    """Whatever a run or a log says, no markup begins: one script of data, one of ours, the text whole in the data."""
    found = Timeline(HOSTILE if where == "title" else "t", [HOSTILE if where == "lane" else "zero"])
    found.add(Mark(0, 0, FAULT, HOSTILE if where == "name" else "n", -1), HOSTILE if where == "text" else "x")
    page = Page(to_html(found))
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert "img" not in [tag for tag, _ in page.tags]
    assert HOSTILE in json.dumps(json.loads(page.scripts[0]), ensure_ascii=False).replace('\\"', '"')


def test_a_picture_is_bounded_and_says_what_it_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound the size: what comes later is counted."""
    monkeypatch.setattr(timeline, "MAX_EVENTS", 2)
    monkeypatch.setattr(timeline, "MAX_TEXTS", 1)
    found = Timeline("t", ["zero"])
    for number in range(5):
        found.add(Mark(number, 0, COMMIT, "c", -1), f"text {number}")
    assert [mark.text for mark in found.marks] == [0, -1]
    assert found.left_out == 3
    assert "3 later events are left out" in to_html(found)
    assert len(describe(b"\x92\x00")) < 100


def test_chrome_s_format() -> None:
    """The trace event format: phases, ids of flows in pairs, numbers, and names for processes and threads."""
    document = json.loads(to_chrome(small()))
    events: list[dict[str, Any]] = document["traceEvents"]
    assert {event["ph"] for event in events} == {"M", "X", "s", "f", "i"}
    for event in events:
        assert type(event["pid"]) is int and type(event["tid"]) is int and event["name"]  # noqa: PT018
        assert event["ph"] == "M" or (type(event["ts"]) is int and event["ts"] >= 0)
        assert (event["ph"] == "X") == ("dur" in event)
    flows = {phase: [event["id"] for event in events if event["ph"] == phase] for phase in "sf"}
    assert flows["s"] == flows["f"] != []
    start, end = (next(event for event in events if event["ph"] == phase) for phase in "sf")
    assert (start["pid"], start["ts"], end["pid"], end["ts"]) == (1, 5, 2, 9)
    assert [event["ph"] for event in events if event["name"] == "loss"] == ["i"]
    names = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    assert names == {0: "network", 1: "zero", 2: "one"}


def test_the_commands(tmp_path: Path) -> None:
    """`lab run --html --chrome` writes both and says what is in them; `lab timeline` wants a file."""
    page, chrome = tmp_path / "a.html", tmp_path / "a.json"
    words = ["lab", "run", "--seed", "4", "--seconds", "2", "--html", str(page), "--chrome", str(chrome), "--json"]
    done = CliRunner().invoke(root, words, standalone_mode=False)
    document = json.loads(done.stdout)
    marks = json.loads(Page(page.read_text()).scripts[0])["marks"]
    assert sum(document["picture"]["events"].values()) == len(marks)
    assert len(json.loads(chrome.read_text())["traceEvents"]) > len(marks)
    assert document["picture"]["left_out"] == 0
    done = CliRunner().invoke(root, ["lab", "timeline", "--network", str(tmp_path)])
    assert done.exit_code == 2
    done = CliRunner().invoke(root, [*words[:7], str(tmp_path / "no" / "a.html")], standalone_mode=False)
    assert done.return_value == 2
    assert "file_unwritable" in done.stderr or "cannot be written" in done.stderr
