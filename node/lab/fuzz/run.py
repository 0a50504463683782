"""`mithqal lab fuzz`: half of the time stateless, half stateful; each batch and session has a seed, which is told."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from chain.primitives import SECOND_US
from node.lab.campaign.workers import Pending, Pool, workers
from node.lab.fuzz.corpus import make_corpus
from node.lab.fuzz.decoders import decoders
from node.lab.fuzz.stateful import Session
from node.lab.fuzz.stateless import Found, try_decoders

BATCH = 20_000
SESSION_US = 5 * SECOND_US
MAX_MS = 100
"""Processor time that one input may take (goal G10)."""
AHEAD = 2
"""Batches a process that are asked for before they are needed."""

Say = Callable[[str], None]


def run_fuzz(seconds: float, first_seed: int, say: Say, processes: int = 1) -> dict[str, Any]:
    """Fuzz for a while, batches and sessions from `first_seed` on; gives one JSON-ready document."""
    make_corpus()  # before there are workers: they inherit it
    stateless, stateful = Found(), Found()
    began = time.monotonic()
    with workers(processes) as pool:
        batches, decode_cpu_s = _until(
            pool, decode, first_seed, began + seconds / 2, processes, stateless,
            lambda: say(f"{stateless.tried} decodes, {stateless.crashed} crashes"),
        )  # fmt: skip
        middle = time.monotonic()
        sessions, session_cpu_s = _until(
            pool, converse, first_seed, middle + seconds / 2, processes, stateful,
            lambda: say(f"{stateful.prefixes} prefixes, {stateful.crashed} crashes"),
        )  # fmt: skip
    ended = time.monotonic()
    slower = max(stateless, stateful, key=lambda found: found.slowest_ns)
    slowest_ms = round(slower.slowest_ns / 1_000_000, 2)
    return {
        "decodes": stateless.tried,
        "decodes_per_s": round(stateless.tried / (middle - began)),
        "decodes_per_cpu_s": round(stateless.tried / max(decode_cpu_s, 0.001)),
        "accepted": stateless.accepted,
        "sessions": sessions,
        "prefixes": stateful.prefixes,
        "session_messages": stateful.tried,
        "messages_per_s": round(stateful.tried / (ended - middle)),
        "messages_per_cpu_s": round(stateful.tried / max(session_cpu_s, 0.001)),
        "crashes": stateless.crashed + stateful.crashed,
        "findings": stateless.crashes + stateful.crashes,
        "slowest_ms": slowest_ms,
        "slowest": slower.slowest,
        "seeds": [first_seed, first_seed + max(batches, sessions) - 1],
        "processes": processes,
        "wall_s": round(ended - began, 1),
        "cpu_s": round(decode_cpu_s + session_cpu_s, 1),
        "ok": stateless.crashed + stateful.crashed == 0 and slowest_ms <= MAX_MS,
    }


Work = Callable[[int], tuple[Found, float]]


def _until(
    pool: Pool, work: Work, first_seed: int, end: float, processes: int, total: Found, heard: Callable[[], None]
) -> tuple[int, float]:  # fmt: skip
    """Seed after seed, one at least; what was begun before the end is finished. Gives how many, and processor time."""
    waiting: deque[Pending[tuple[Found, float]]] = deque()
    begun, cpu_s = 0, 0.0
    while True:
        while len(waiting) < AHEAD * processes and (not begun or time.monotonic() < end):
            waiting.append(pool.submit(work, first_seed + begun))
            begun += 1
        if not waiting:
            return begun, cpu_s
        found, took_s = waiting.popleft().result()
        total.add(found)
        cpu_s += took_s
        heard()


def decode(seed: int) -> tuple[Found, float]:
    """A batch of mutations against the decoders, and the processor time that it took."""
    found, began_s = Found(), time.process_time()
    try_decoders(decoders(make_corpus()), seed, BATCH, found)
    return found, time.process_time() - began_s


def converse(seed: int) -> tuple[Found, float]:
    """A session, and the processor time that it took."""
    found, began_s = Found(), time.process_time()
    Session(seed, SESSION_US, found).play()
    return found, time.process_time() - began_s


def as_lines(document: dict[str, Any]) -> list[str]:
    """The figures in words."""
    return [
        f"{document['decodes']} decodes ({document['decodes_per_s']}/s), {document['accepted']} of them accepted",
        f"{document['session_messages']} mutated messages ({document['messages_per_s']}/s)",
        f"  after {document['prefixes']} legal prefixes of {document['sessions']} sessions",
        f"none took more than {document['slowest_ms']} ms of processor time ({document['slowest']})",
        f"seeds {document['seeds'][0]} to {document['seeds'][1]}: {document['crashes']} crashes",
        *[f"  {item['decoder']}, seed {item['seed']}: {item['error']}" for item in document["findings"]],
    ]
