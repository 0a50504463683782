"""What validators wrote: `node.log` (a JSON object a line) and `output.log` (whatever went to their stderr)."""

import json
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from node.client.network import Member
from node.runtime.exits import BY_NAME
from node.runtime.message_trace import TRACE_FILE

NODE_LOG, OUTPUT_LOG = "node.log", "output.log"
OLDER = ".1"
"""What the name of an older part ends with."""
LOGS = (NODE_LOG, NODE_LOG + OLDER, OUTPUT_LOG, TRACE_FILE, TRACE_FILE + OLDER)
"""All that a validator writes besides its data."""
LAST_BYTES = 8_192
"""Room for the longest last line."""


class LogLine(NamedTuple):
    """One line. `time_us` is None for what is no JSON object with a time."""

    validator: str
    file: str
    time_us: int | None
    text: str


def read_logs(members: Sequence[Member], *, lines: int, grep: str = "") -> list[LogLine]:
    """The last `lines` lines of each validator that contain `grep`: those without a time first, then by time."""
    found: list[LogLine] = []
    for member in members:
        kept: deque[LogLine] = deque(maxlen=lines)
        for file in (OUTPUT_LOG, NODE_LOG):
            kept.extend(_read(member, member.directory / file, grep))
        found += kept
    return sorted(found, key=lambda line: line.time_us or 0)


def _read(member: Member, path: Path, grep: str) -> list[LogLine]:
    """The matching lines of one file; none if it is not there."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return [
        LogLine(member.name, path.name, _time_us(line), line)
        for line in text.splitlines()
        if line.strip() and grep in line
    ]


def last_rule(directory: Path) -> dict[str, str] | None:
    """The rule by which a validator's process ended, {rule, message}; None if it was stopped, or killed."""
    try:
        with (directory / NODE_LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_BYTES))
            last = json.loads(file.read().splitlines()[-1])
        found = {"rule": str(last["name"]), "message": str(last["message"])}
    except (OSError, IndexError, ValueError, TypeError, KeyError):
        return None
    return found if found["rule"] in BY_NAME else None


def _time_us(line: str) -> int | None:
    """When it was written, of a line of `node.log`."""
    try:
        value = json.loads(line)
        time_us = value["time_us"]
    except (ValueError, TypeError, KeyError):
        return None
    return time_us if type(time_us) is int else None
