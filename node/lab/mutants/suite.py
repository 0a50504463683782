"""The one suite of all mutants: the directed corpus, every interleaving of a few rounds of the signing module, then
small scenarios of the generators, then large ones.

`python -m node.lab.mutants.suite` plays it on the tree that it lies in, one line of JSON a scenario; `hunt` starts it
in a patched copy. It stops at the first scenario that breaks a rule.
"""

import argparse
import json
import resource
import signal
import sys
import time
import tomllib
from collections.abc import Iterator
from itertools import chain as chained
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from chain.primitives import SECOND_US
from node.lab.exhaustive.search import search
from node.lab.generate.registry import ALL, case_of, part_of
from node.lab.run import load, replay
from node.sim.checkers import Violation
from node.sim.result import Result
from node.sim.scenario import Scenario, scenario_for_seed
from node.sim.world import World

CORPUS = Path("tests/scenarios")
"""Where the directed corpus lies in a checkout."""
ROUNDS = 3
"""Rounds of which every interleaving is searched: mistakes of the signing module that the machine hides show there."""
EXPECTED = "expected.toml"
"""What a file of the corpus must lead to beside unbroken invariants."""
SMALL = 800
"""How many small scenarios of the generators follow the corpus ..."""
SEEDS = 24
"""... and how many seeds follow those."""
SEED_SECONDS = 8
"""Virtual time of each."""
MOST_EVENTS = 400_000
"""A scenario that goes on for longer hangs: the longest of the suite has a twentieth of that."""
MOST_CPU_S = 90
"""The same for processor time, where one step never ends."""
MOST_MEMORY = 4 << 30
"""What the process may take, in bytes: a mutant may lack a bound."""


class Case(NamedTuple):
    """One scenario of the suite with its seed."""

    label: str
    """A file's name, a generator's with a number, or `exhaustive`."""
    scenario: Scenario
    seed: int
    replay: str
    """What to type in the same tree to run it alone."""
    expected: dict[str, Any] | None = None
    """Of a file of the corpus; None where nothing is known beforehand."""
    searched: int = 0
    """Rounds of the signing module to search instead (`lab exhaustive`)."""


def corpus(root: Path) -> Iterator[Case]:
    """Each file of the corpus with seed 1, in order."""
    wanted = expectations(root / CORPUS)
    for path in sorted((root / CORPUS).glob("*.json")):
        again = replay(CORPUS / path.name, 1)
        yield Case(path.stem, load(path), 1, again, wanted.get(path.stem.partition("-")[0], {}))


def module() -> Iterator[Case]:
    """The signing module alone, whatever the machine around it does."""
    yield Case("exhaustive", Scenario(), 0, f"mithqal lab exhaustive --rounds {ROUNDS}", searched=ROUNDS)


def small() -> Iterator[Case]:
    """The first numbers of all generators of small scenarios, in the order in which a campaign mixes them."""
    for number in range(SMALL):
        (who, index), made = part_of(ALL, number), case_of(ALL, number)
        again = f"mithqal lab campaign --generator {who} --first {index} --count 1"
        yield Case(f"{who} {index}", made.scenario, made.seed, again)


def seeds() -> Iterator[Case]:
    """What seeds draw, shorter than in a campaign."""
    for seed in range(1, SEEDS + 1):
        again = f"mithqal lab run --seed {seed} --seconds {SEED_SECONDS}"
        yield Case(f"seed {seed}", scenario_for_seed(seed, SEED_SECONDS * SECOND_US), seed, again)


def cases(root: Path, budget: int | None = None) -> Iterator[Case]:
    """The suite in its order, at most `budget` scenarios of it."""
    return islice(chained(corpus(root), module(), small(), seeds()), budget)


def expectations(folder: Path) -> dict[str, dict[str, Any]]:
    """By the first word of a file's name: `alarms` that the honest must raise, `fired` faults, and the `height` that
    somebody honest must reach, which says that no round was lost."""
    found: dict[str, dict[str, Any]] = tomllib.loads((folder / EXPECTED).read_text("utf-8"))
    return found


class Ended(Exception):
    """A run is cut short: a rule is broken already, or it does not end."""

    def __init__(self, by: str, detail: str) -> None:
        """What ended it."""
        super().__init__(detail)
        self.by, self.detail = by, detail


class Watch:
    """Ends a run at its first violation, and one that goes on and on."""

    def __init__(self) -> None:
        """`violations` is the world's list, once there is a world."""
        self.violations: list[Violation] = []
        self._events = 0

    def __call__(self, time_us: int, node: int, kind: str, data: bytes) -> None:
        """One event of the trace."""
        self._events += 1
        if self.violations:
            raise Ended(self.violations[0].rule, self.violations[0].text)
        if self._events > MOST_EVENTS:
            raise Ended("hang", f"more than {MOST_EVENTS} events")


def play(case: Case) -> tuple[str, str] | None:
    """Run it: what broke and how, None if nothing did. An exception is a `crash`, a run without end a `hang`."""
    watch = Watch()
    signal.signal(signal.SIGPROF, _out_of_time)
    signal.setitimer(signal.ITIMER_PROF, MOST_CPU_S)
    try:
        if case.searched:
            broken = search(case.searched).violation
            return None if broken is None else ("exhaustive", broken.text)
        world = World(case.scenario, case.seed, watch)
        watch.violations = world.violations
        result = world.run()
    except Ended as ended:
        return ended.by, ended.detail
    except Exception as error:  # noqa: BLE001 - whatever a mutant dies of, it is dead
        return "crash", f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return judge(case, result)


def judge(case: Case, result: Result) -> tuple[str, str] | None:
    """What is wrong with a run that ended."""
    if result.violations:
        return result.violations[0].rule, result.violations[0].text
    if case.expected is None:
        return None
    if not result.payments_committed:
        return "no commit", "no payment was committed"
    for name in case.expected.get("alarms", ()):
        if not result.alarms.get(name):
            return "no alarm", f"nobody honest noticed {name}"
    least, height = case.expected.get("height", 0), max(result.commits[: case.scenario.validators])
    if height < least:
        return "lost rounds", f"height {height}, at least {least} when no round is lost"
    return None


def _out_of_time(_signal: int, _frame: FrameType | None) -> None:
    """The timer of a scenario."""
    raise Ended("hang", f"more than {MOST_CPU_S} s of processor time")


def main(arguments: list[str] | None = None) -> int:
    """Play the suite on this tree and say what happened, a line a scenario; exit 1 at the first that breaks."""
    parser = argparse.ArgumentParser(prog="suite", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--budget", type=int, help="at most so many scenarios")
    options = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    root = Path(__file__).parents[3]
    for case in cases(root, options.budget):
        began = time.process_time()
        found = play(case)
        line: dict[str, Any] = {
            "scenario": case.label, "replay": case.replay, "cpu_s": time.process_time() - began
        }  # fmt: skip
        if found is not None:
            line |= {"by": found[0], "detail": found[1]}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        if found is not None:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
