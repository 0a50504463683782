"""Many seeds, several processes, one summary; the same numbers whatever the number of processes.

`python -m node.lab.campaign --first 0 --count 200` prints one JSON document and exits 1 if a seed broke an invariant,
if fewer than 90 % committed payments, or if some kind of fault never fired.
"""

import argparse
import json
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from chain.primitives import SECOND_US
from node.lab.run import replay, save
from node.sim.result import Result
from node.sim.scenario import CHANGES, Scenario, scenario_for_seed
from node.sim.world import World

KINDS_OF_FAULT = (
    "crash", "blackout", "restart", "pause", "resume", "partition", "heal", "loss", "duplicate", "reorder", "delay",
    "hold", "disk_slow", "false_down", "clock_skew", "clock_step",
    "disk_lost",
    *(f"governance_{kind}" for kind in CHANGES),
)  # fmt: skip
"""Every kind must fire in a campaign, and every kind of change by governance beside them."""
RARE_KINDS = ("record_lost", "sync_cut", "adoption_cut", "snapshot_lie")
"""What only some of the lost ledgers meet: these must fire in a long campaign."""
ENOUGH_SEEDS, ENOUGH_FOR_RARE = 20, 100
"""A campaign of fewer seeds need not fire every kind."""


def run_seed(seed: int, duration_us: int = 20 * SECOND_US, signatures: str | None = None) -> Result:
    """One seed with the mix that it draws; `signatures` overrides the port."""
    scenario: Scenario = scenario_for_seed(seed, duration_us)
    if signatures is not None:
        scenario = replace(scenario, signatures=signatures)
    return World(scenario, seed).run()


def run_seeds(first: int, count: int, processes: int = 1, duration_us: int = 20 * SECOND_US) -> list[Result]:
    """Results of seeds first .. first + count - 1, in order."""
    seeds = range(first, first + count)
    if processes <= 1:
        return [run_seed(seed, duration_us) for seed in seeds]
    quiet = (signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends a worker without a word
    with ProcessPoolExecutor(processes, initializer=signal.signal, initargs=quiet) as pool:
        running = [pool.submit(run_seed, seed, duration_us) for seed in seeds]
        try:
            return [item.result() for item in running]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # the pool itself cancels, `map` may do so while it breaks
            raise


def summarize(results: list[Result]) -> dict[str, object]:
    """One JSON-ready summary; `ok` says whether the campaign passes."""
    faults: Counter[str] = Counter()
    submissions: Counter[str] = Counter()
    for result in results:
        faults.update(result.faults)
        submissions.update(result.submissions)
    committing = sum(1 for result in results if result.payments_committed > 0)
    recovery = sorted(rounds for result in results for rounds in result.recovery_rounds)
    violations = [
        {"seed": result.seed, "rule": found.rule, "node": found.node, "text": found.text}
        for result in results
        for found in result.violations
    ]
    wanted = KINDS_OF_FAULT if len(results) >= ENOUGH_SEEDS else ()
    wanted += RARE_KINDS if len(results) >= ENOUGH_FOR_RARE else ()
    missing = [kind for kind in wanted if not faults[kind]]
    return {
        "seeds": len(results),
        "committing": committing,
        "committing_ppm": committing * 1_000_000 // max(1, len(results)),
        "blocks": sum(max(result.commits) for result in results),
        "payments_committed": sum(result.payments_committed for result in results),
        "events": sum(result.events for result in results),
        "signatures": dict(sorted(Counter(result.signatures for result in results).items())),
        "faults": dict(sorted(faults.items())),
        "faults_missing": missing,
        "submissions": dict(sorted(submissions.items())),
        "recovery_rounds": {
            "median": recovery[len(recovery) // 2] if recovery else None,
            "max": recovery[-1] if recovery else None,
        },
        "violations": violations,
        "ok": not violations and not missing and committing * 10 >= len(results) * 9,
    }


def replays(results: list[Result], duration_us: int, folder: Path | None = None) -> list[str]:
    """What to type to run each failing seed again; with a folder its scenario is written there first."""
    commands = []
    for seed in [result.seed for result in results if result.violations]:
        if folder is None:
            commands.append(f"mithqal lab run --seed {seed} --seconds {duration_us // SECOND_US}")
            continue
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"seed-{seed}.json"
        save(scenario_for_seed(seed, duration_us), path)
        commands.append(replay(path, seed))
    return commands


def main(arguments: list[str] | None = None) -> int:
    """Run a campaign and print its summary."""
    parser = argparse.ArgumentParser(prog="campaign", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--count", type=int, default=200, help="how many seeds")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=20, help="virtual seconds a seed")
    options = parser.parse_args(arguments)
    began = time.perf_counter()
    results = run_seeds(options.first, options.count, options.processes, options.seconds * SECOND_US)
    seconds = time.perf_counter() - began
    summary = summarize(results)
    summary["wall_s"] = round(seconds, 1)
    summary["events_per_s"] = sum(result.events for result in results) * 10 // max(1, int(seconds * 10))
    sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    return 0 if summary["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
