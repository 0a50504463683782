"""`mithqal lab fuzz`: half of the time stateless, half stateful; each batch has its own seed, which is told."""

import time
from collections.abc import Callable
from typing import Any

from chain.primitives import SECOND_US
from node.lab.fuzz.corpus import make_corpus
from node.lab.fuzz.decoders import decoders
from node.lab.fuzz.stateful import Session
from node.lab.fuzz.stateless import Found, try_decoders

BATCH = 20_000
SESSION_US = 5 * SECOND_US
MAX_MS = 100
"""Processor time that one input may take (goal G10)."""


def run_fuzz(seconds: float, first_seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Fuzz for a while from `first_seed` on; gives one JSON-ready document."""
    readers = decoders(make_corpus())
    stateless, stateful = Found(), Found()
    began, seed = time.monotonic(), first_seed
    while time.monotonic() - began < seconds / 2:
        try_decoders(readers, seed, BATCH, stateless)
        seed += 1
        say(f"{stateless.tried} decodes, {stateless.crashed} crashes")
    decoding_s, middle, sessions = time.monotonic() - began, time.monotonic(), 0
    while time.monotonic() - middle < seconds / 2:
        Session(seed, SESSION_US, stateful).play()
        seed, sessions = seed + 1, sessions + 1
        say(f"{sessions} sessions, {stateful.tried} messages, {stateful.crashed} crashes")
    slower = max(stateless, stateful, key=lambda found: found.slowest_ns)
    slowest_ms = round(slower.slowest_ns / 1_000_000, 2)
    return {
        "decodes": stateless.tried,
        "decodes_per_s": round(stateless.tried / decoding_s),
        "accepted": stateless.accepted,
        "sessions": sessions,
        "session_messages": stateful.tried,
        "messages_per_s": round(stateful.tried / (time.monotonic() - middle)),
        "crashes": stateless.crashed + stateful.crashed,
        "findings": stateless.crashes + stateful.crashes,
        "slowest_ms": slowest_ms,
        "slowest": slower.slowest,
        "seeds": [first_seed, seed - 1],
        "ok": stateless.crashed + stateful.crashed == 0 and slowest_ms <= MAX_MS,
    }


def as_lines(document: dict[str, Any]) -> list[str]:
    """The figures in words."""
    return [
        f"{document['decodes']} decodes ({document['decodes_per_s']}/s), {document['accepted']} of them accepted",
        f"{document['session_messages']} messages in {document['sessions']} sessions ({document['messages_per_s']}/s)",
        f"slowest {document['slowest_ms']} ms of processor time ({document['slowest']})",
        f"seeds {document['seeds'][0]} to {document['seeds'][1]}: {document['crashes']} crashes",
        *[f"  {item['decoder']}, seed {item['seed']}: {item['error']}" for item in document["findings"]],
    ]
