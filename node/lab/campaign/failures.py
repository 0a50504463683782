"""What a campaign leaves of its failures: small scenario files, and how to run them again."""

from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from chain.errors import MithqalError
from node.lab.campaign.run import Plan, case
from node.lab.campaign.shrink import breaks, shrunk
from node.lab.campaign.tally import Outcome, Tally
from node.lab.generate.registry import part_of
from node.lab.run import replay, save

MOST_SHRUNK = 5
"""Failures that are shrunk: the first of each rule."""
MOST_FILES = 50


def kept(plan: Plan, tally: Tally, folder: Path | None, say: Callable[[str], None]) -> list[str]:
    """Write the failures as files, the first of each invariant shrunk; what to type to run each again.

    Without a folder a new temporary one is made, if there is anything to write. MithqalError `file_unwritable`.
    """
    if not tally.failures:
        return []
    where = Path(mkdtemp(prefix="mithqal-failures-")) if folder is None else folder
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MithqalError(f"{where} cannot be made: {error.strerror}", name="file_unwritable") from error
    commands: list[str] = []
    seen: set[str] = set()
    for outcome in tally.failures[:MOST_FILES]:
        rule = min(outcome.result.violations, key=lambda found: found.at_us).rule
        found = case(plan.generator, outcome.key, plan.virtual_us)
        path = where / f"{_name(plan, outcome)}.json"
        if rule not in seen and len(seen) < MOST_SHRUNK:
            seen.add(rule)
            say(f"shrinking a scenario that breaks {rule}")
            found = shrunk(found, breaks(rule))
        save(found.scenario, path)
        commands.append(replay(path, found.seed))
    return commands


def _name(plan: Plan, outcome: Outcome) -> str:
    """Of a file: the generator, the number, and which sibling."""
    who, index = part_of(plan.generator, outcome.key.number)
    name = "-".join([who, str(index), *map(str, outcome.key.path)])
    return name if who != "seeds" else f"seed-{index}"
