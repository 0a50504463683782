"""A timeline of a live network: its blocks as a validator tells them, and what stands in the validators' logs.

Logs hold no messages, and a validator's past rounds are not on disk: what is shown is who proposed which block, whose
signatures certify it, failed rounds between blocks, and every line of the logs (starts, ends, alarms, refusals).
"""

import json
from typing import Any

from chain.errors import MithqalError
from node.client.network import Network
from node.client.rpc import RpcClient
from node.lab.timeline.model import CERTIFICATE, COMMIT, FAULT, LOG, Mark, Timeline

PAGE = 100
MAX_BLOCKS = 5_000
MAX_LINES = 5_000
"""Of each validator's log, the newest."""
LOGS = ("node.log.1", "node.log")


def read_live(network: Network) -> Timeline:
    """Look at a network, whether it runs or not; MithqalError (`nothing_to_show`) if there is nothing at all."""
    blocks, lines = _blocks(network), [_lines(member.directory) for member in network.members]
    times = [block["timestamp_usecs"] for block in blocks] + [line["time_us"] for rows in lines for line in rows]
    if not times:
        raise MithqalError("no validator answers, and no log has a line", name="nothing_to_show")
    zero_us = min(times)
    timeline = Timeline(f"chain {network.chain_id}", [member.name for member in network.members])
    for lane, rows in enumerate(lines):
        for line in rows:
            name = str(line.get("name", ""))
            kind = FAULT if name in ("started", "stopped", "broken") else LOG
            timeline.add(Mark(line["time_us"] - zero_us, lane, kind, name, -1), str(line.get("message", "")))
    _add_blocks(timeline, blocks, zero_us)
    return timeline.finish()


def _add_blocks(timeline: Timeline, blocks: list[dict[str, Any]], zero_us: int) -> None:
    """Each block in its proposer's lane, its certificate, and the rounds before it that failed."""
    before: dict[str, Any] | None = None
    for block in blocks:
        at_us, lane = block["timestamp_usecs"] - zero_us, block["proposer"]
        if lane is None:
            continue
        text = json.dumps(block, indent=1, ensure_ascii=True)
        timeline.add(Mark(at_us, lane, COMMIT, f"height {block['height']}", -1), text)
        signers = ", ".join(block["signer_names"])
        timeline.add(Mark(at_us, lane, CERTIFICATE, f"round {block['round']}", -1), f"signed by {signers}")
        if before is not None and before["epoch"] == block["epoch"] and block["round"] > before["round"] + 1:
            failed = f"rounds {before['round'] + 1} to {block['round'] - 1} failed"
            timeline.add(Mark(at_us, -1, FAULT, "failed rounds", -1), failed)
        before = block


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


def _lines(directory: Any) -> list[dict[str, Any]]:
    """What a validator's log says, the newest lines; half a line is no line."""
    rows: list[dict[str, Any]] = []
    for name in LOGS:
        try:
            text = (directory / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for line in text.splitlines()[-MAX_LINES:]:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict) and type(value.get("time_us")) is int:
                rows.append(value)
    return rows[-MAX_LINES:]
