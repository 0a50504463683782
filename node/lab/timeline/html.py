"""A timeline as one HTML file that needs nothing else: no network, no library; its policy lets only its script run."""

import base64
import hashlib
import html
import json

from node.lab.timeline.model import Timeline
from node.lab.timeline.page import BODY, SCRIPT, STYLE


def to_html(timeline: Timeline) -> str:
    """The page's text. Whatever comes from a run stands in a block of JSON, where no markup can begin."""
    data = {
        "title": timeline.title, "lanes": timeline.lanes, "texts": timeline.texts, "notes": timeline.notes(),
        "marks": [list(mark) for mark in timeline.marks],
    }  # fmt: skip
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    policy = f"default-src 'none'; script-src '{_hash(SCRIPT)}'; style-src '{_hash(STYLE)}'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{html.escape(timeline.title)}: timeline</title>\n<style>{STYLE}</style></head>\n<body>{BODY}\n"
        f'<script type="application/json" id="data">{text}</script>\n<script>{SCRIPT}</script></body></html>\n'
    )


def _hash(text: str) -> str:
    """Of an inline script or style, as a policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
