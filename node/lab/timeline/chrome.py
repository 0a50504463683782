"""A timeline in Chrome's trace format (JSON object form), which Perfetto and chrome://tracing open.

A process a validator; thread 1 sends, thread 2 receives, thread 3 is what it decided. A message is a slice at either
end and a flow between them; everything else is an instant.
"""

import json
from typing import Any

from node.lab.timeline.model import MESSAGE, Timeline

SLICE_US = 200
"""Messages take no time at their ends; a slice needs some to be seen."""
SENDS, RECEIVES, DECIDES = 1, 2, 3
THREADS = {SENDS: "sends", RECEIVES: "receives", DECIDES: "decides"}


def to_chrome(timeline: Timeline) -> str:
    """The file's text; times are microseconds."""
    events: list[dict[str, Any]] = []
    for pid, lane in enumerate(["network", *timeline.lanes]):
        events.append({"ph": "M", "name": "process_name", "pid": pid, "tid": 0, "args": {"name": lane}})
        for tid, name in THREADS.items():
            events.append({"ph": "M", "name": "thread_name", "pid": pid, "tid": tid, "args": {"name": name}})
    for number, mark in enumerate(timeline.marks):
        about = {"detail": timeline.texts[mark.text]} if mark.text >= 0 else {}
        one = {"name": mark.name, "cat": mark.kind, "pid": mark.lane + 1}
        if mark.kind != MESSAGE:
            events.append({**one, "ph": "i", "s": "p", "tid": DECIDES, "ts": mark.at_us, "args": about})
            continue
        end = {**one, "pid": mark.to + 1, "tid": RECEIVES}
        events += [
            {**one, "ph": "X", "tid": SENDS, "ts": mark.at_us, "dur": SLICE_US, "args": about},
            {**one, "ph": "s", "tid": SENDS, "ts": mark.at_us, "id": number},
            {**end, "ph": "X", "ts": mark.end_us, "dur": SLICE_US, "args": about},
            {**end, "ph": "f", "bp": "e", "ts": mark.end_us, "id": number},
        ]
    other = {"title": timeline.title, "notes": timeline.notes()}
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms", "otherData": other}, ensure_ascii=True)
