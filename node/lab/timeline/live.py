"""A timeline of a live network: its blocks as a validator tells them, and what stands in the validators' logs.

Logs hold no messages, and a validator's past rounds are not on disk: what is shown is who proposed which block, whose
signatures certify it, failed rounds between blocks, and every line of the logs (starts, ends, alarms, refusals). Where
validators noted their messages (`--trace-messages`), these are the arrows, and blocks stand where they became final.
"""

import json
from pathlib import Path
from typing import Any

from chain.errors import MithqalError
from node.client.network import Network
from node.client.rpc import RpcClient
from node.lab.timeline.model import CERTIFICATE, COMMIT, FAULT, LOG, Mark, Timeline
from node.lab.timeline.traced import add_arrows, add_commits, is_traced
from node.localnet.logs import NODE_LOG, OLDER
from node.runtime.message_trace import TRACE_FILE

PAGE = 100
MAX_BLOCKS = 5_000
MAX_LINES = 5_000
"""Of each validator's log, the newest."""
MAX_TRACED = 40_000
"""Of each validator's trace of messages, the newest."""
SECOND_US = 1_000_000

Line = dict[str, Any]


def read_live(network: Network, last_s: float | None = None) -> Timeline:
    """Look at a network, whether it runs or not, at all that is known or only at the last seconds before its newest
    event; MithqalError (`nothing_to_show`) if there is nothing at all."""
    blocks = _blocks(network)
    logs = [_lines(member.directory, NODE_LOG, MAX_LINES) for member in network.members]
    traces = [
        [line for line in _lines(member.directory, TRACE_FILE, MAX_TRACED) if is_traced(line)]
        for member in network.members
    ]
    times = [block["timestamp_usecs"] for block in blocks]
    times += [line["time_us"] for rows in (*logs, *traces) for line in rows]
    if not times:
        raise MithqalError("no validator answers, and no log has a line", name="nothing_to_show")
    zero_us = min(times) if last_s is None else max(min(times), max(times) - int(last_s * SECOND_US))
    timeline = Timeline(f"chain {network.chain_id}", [member.name for member in network.members])
    traces = [[line for line in rows if line["time_us"] >= zero_us] for rows in traces]
    add_arrows(timeline, traces, zero_us)
    final = add_commits(timeline, traces, zero_us, {block["height"]: _told(block) for block in blocks})
    for lane, rows in enumerate(logs):
        for line in rows:
            if line["time_us"] >= zero_us:
                name = str(line.get("name", ""))
                kind = FAULT if name in ("started", "stopped", "broken") else LOG
                timeline.add(Mark(line["time_us"] - zero_us, lane, kind, name, -1), str(line.get("message", "")))
    _add_blocks(timeline, [block for block in blocks if block["timestamp_usecs"] >= zero_us], zero_us, final)
    return timeline.finish()


def _add_blocks(timeline: Timeline, blocks: list[Line], zero_us: int, final: set[int]) -> None:
    """Each block in its proposer's lane, its certificate, and the rounds before it that failed. Blocks of the heights
    `final` are drawn already, when they were final; so are the certificates that messages showed."""
    before: Line | None = None
    for block in blocks:
        at_us, lane = block["timestamp_usecs"] - zero_us, block["proposer"]
        if lane is None:
            continue
        if block["height"] not in final:
            timeline.add(Mark(at_us, lane, COMMIT, f"height {block['height']}", -1), _told(block))
            signers = ", ".join(block["signer_names"])
            timeline.add(Mark(at_us, lane, CERTIFICATE, f"round {block['round']}", -1), f"signed by {signers}")
        if before is not None and before["epoch"] == block["epoch"] and block["round"] > before["round"] + 1:
            failed = f"rounds {before['round'] + 1} to {block['round'] - 1} failed"
            timeline.add(Mark(at_us, -1, FAULT, "failed rounds", -1), failed)
        before = block


def _told(block: Line) -> str:
    """What a validator says of a block, to be read."""
    return json.dumps(block, indent=1, ensure_ascii=True)


def _blocks(network: Network) -> list[dict[str, Any]]:
    """The newest blocks, ascending; none where nobody answers."""
    client = RpcClient(network.endpoints(), chain_id=network.chain_id)
    try:
        newest = client.call("get_block")["height"]
        found: list[dict[str, Any]] = []
        for first in range(max(1, newest - MAX_BLOCKS + 1), newest + 1, PAGE):
            found += client.call("get_blocks", first, PAGE)
    except MithqalError:
        return []
    finally:
        client.close()
    return found


def _lines(directory: Path, name: str, most: int) -> list[Line]:
    """The newest lines of a file and its older part that are JSON objects with a time; half a line is no line."""
    rows: list[Line] = []
    for file in (name + OLDER, name):
        try:
            text = (directory / file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for line in text.splitlines()[-most:]:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict) and type(value.get("time_us")) is int:
                rows.append(value)
    return rows[-most:]
