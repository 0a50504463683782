"""Writes a timeline's pictures, and says what is in them."""

from collections import Counter
from pathlib import Path
from typing import Any

from chain.errors import MithqalError
from node.lab.run import play
from node.lab.timeline.chrome import to_chrome
from node.lab.timeline.html import to_html
from node.lab.timeline.model import Timeline
from node.lab.timeline.record import WatchedWorld
from node.sim.scenario import Scenario


def write(timeline: Timeline, page: Path | None, chrome: Path | None) -> dict[str, Any]:
    """Write the files that are named; MithqalError `file_unwritable`. Gives what is in them, by kind."""
    for path, text in ((page, to_html), (chrome, to_chrome)):
        if path is not None:
            try:
                path.write_text(text(timeline), encoding="utf-8")
            except OSError as error:
                raise MithqalError(f"{path} cannot be written: {error.strerror}", name="file_unwritable") from error
    return {
        "html": None if page is None else str(page),
        "chrome": None if chrome is None else str(chrome),
        "events": dict(sorted(Counter(mark.kind for mark in timeline.marks).items())),
        "left_out": timeline.left_out,
    }


def play_with_pictures(
    scenario: Scenario, seed: int, trace: Path | None, page: Path | None, chrome: Path | None
) -> dict[str, Any]:  # fmt: skip
    """`play`, with the pictures that are named: the same run, and `picture` in its document."""
    if page is None and chrome is None:
        return play(scenario, seed, trace)
    worlds: list[WatchedWorld] = []

    def make(*arguments: Any) -> WatchedWorld:
        worlds.append(WatchedWorld(*arguments))
        return worlds[-1]

    document = play(scenario, seed, trace, make)
    return {**document, "picture": write(worlds[0].timeline, page, chrome)}


def as_lines(document: dict[str, Any]) -> list[str]:
    """The same in words."""
    kinds = ", ".join(f"{name} {count}" for name, count in document["events"].items()) or "none"
    files = [path for path in (document["html"], document["chrome"]) if path]
    left = [f"  left out   {document['left_out']} later events"] if document["left_out"] else []
    return [f"  picture    {path}" for path in files] + [f"  events     {kinds}", *left]
