"""Arrows of a live network, from what its validators noted (`--trace-messages`, node/runtime/message_trace.py).

A line of the sender and one of the receiver are one arrow if they name each other and one digest. The receiver's may
come without the sender's (who noted nothing): then the arrow has no length.
"""

from bisect import bisect_right
from typing import Any

from node.lab.timeline.model import COMMIT, MESSAGE, Mark, Timeline, describe
from node.runtime.message_trace import COMMITTED, RECEIVED, SENT

MAX_ARROWS = 20_000
"""The newest are drawn."""

Line = dict[str, Any]


def add_arrows(timeline: Timeline, rows: list[list[Line]], zero_us: int) -> None:
    """Draw what arrived, by lane; times count from `zero_us`. Clocks that differ make no arrow run backwards."""
    sent: dict[tuple[int, str], list[Line]] = {}
    for lane, lines in enumerate(rows):
        for line in lines:
            if line["way"] == SENT:
                sent.setdefault((lane, line["digest"]), []).append(line)
    came = [
        (line["time_us"], lane, line) for lane, lines in enumerate(rows) for line in lines if line["way"] == RECEIVED
    ]
    came.sort(key=lambda item: item[:2])
    timeline.older += max(0, len(came) - MAX_ARROWS)
    for at_us, lane, line in came[-MAX_ARROWS:]:
        sender = line["peer"]
        if type(sender) is not int or not 0 <= sender < len(timeline.lanes):
            continue
        sendings = [row["time_us"] for row in sent.get((sender, line["digest"]), []) if row["peer"] in (None, lane)]
        before = bisect_right(sendings, at_us)
        from_us = min(at_us, sendings[max(0, before - 1)]) if sendings else at_us
        _add_arrow(timeline, line, sender, lane, from_us - zero_us, at_us - zero_us)


def _add_arrow(timeline: Timeline, line: Line, sender: int, lane: int, from_us: int, at_us: int) -> None:
    """One arrow, with its message decoded if it was kept whole, and the certificate that it shows."""
    try:
        data = bytes.fromhex(line["data"])
        text = describe(data)
        timeline.look_for_certificate(sender, from_us, data)
    except (KeyError, ValueError, TypeError):
        round_ = "no round" if line.get("round") is None else f"round {line['round']}"
        text = f"{line.get('size')} bytes, {round_}, digest {line['digest']}\ntoo long to be noted whole"
    timeline.add(Mark(from_us, sender, MESSAGE, str(line.get("type")), -1, at_us, lane), text)


def add_commits(timeline: Timeline, rows: list[list[Line]], zero_us: int, told: dict[int, str]) -> set[int]:
    """When each validator had each block, with what a validator has `told` of the block; gives the heights."""
    heights: set[int] = set()
    for lane, lines in enumerate(rows):
        for line in lines:
            if line["way"] == COMMITTED and type(line.get("height")) is int:
                heights.add(line["height"])
                text = f"height {line['height']}, version {line.get('version')}\nblock {line.get('block')}"
                mark = Mark(line["time_us"] - zero_us, lane, COMMIT, f"height {line['height']}", -1)
                timeline.add(mark, told.get(line["height"], text))
    return heights


def is_traced(line: Line) -> bool:
    """Whether a line can be drawn: one of a message has a digest."""
    return line.get("way") == COMMITTED or (line.get("way") in (SENT, RECEIVED) and type(line.get("digest")) is str)
