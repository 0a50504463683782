"""One scenario on a tree with a seeded bug: what a scenario's key `mutant` asks for.

The run happens in a process of its own, in a patched copy of the tree, as in `hunt`. `python -m
node.lab.mutants.changed` is that process: it reads what to play as JSON and prints the document, or what is wrong.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from chain.errors import MithqalError
from node.lab.mutants.hunt import checkout, copy, shipped
from node.lab.timeline.files import play_with_pictures
from node.sim.document import ScenarioError
from node.sim.scenario import Scenario
from node.sim.scenario_dump import to_document
from node.sim.scenario_file import from_document


def play_changed(
    scenario: Scenario, seed: int, trace: Path | None = None, page: Path | None = None, chrome: Path | None = None
) -> dict[str, Any]:
    """Play it on a copy of the tree that has the scenario's mutant; the document of `lab run`, and `mutant` in it.

    ScenarioError if no mutant is called that; MithqalError `not_a_checkout`, `file_unwritable`, and `mutant_crashed` if
    the program died of its bug.
    """
    assert scenario.mutant is not None
    root = checkout()
    try:
        [mutant] = shipped(root, [scenario.mutant])
    except MithqalError as error:
        raise ScenarioError(f"mutant: {error.message}", path="mutant") from error
    order = {
        "scenario": to_document(scenario), "seed": seed,
        "files": [None if path is None else str(path.absolute()) for path in (trace, page, chrome)],
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="mithqal-mutant-") as folder:
        copy(root, Path(folder), mutant.patch, mutant.file)
        done = subprocess.run(
            [sys.executable, "-m", "node.lab.mutants.changed"], cwd=folder, input=json.dumps(order), text=True,
            capture_output=True, check=False, env={**os.environ, "PYTHONPATH": folder, "PYTHONHASHSEED": "0"},
        )  # fmt: skip
    if done.returncode:
        last_words = done.stderr.strip().rpartition("\n")[2]
        raise MithqalError(f"{mutant.name}: the run died: {last_words}", name="mutant_crashed", mutant=mutant.name)
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise MithqalError(answer["error"]["message"], name=answer["error"]["name"])
    return {**answer["document"], "mutant": mutant.name, "breaks": mutant.breaks}


def main() -> None:
    """The process in the copy."""
    order = json.load(sys.stdin)
    files = [None if path is None else Path(path) for path in order["files"]]
    try:
        answer = {"document": play_with_pictures(from_document(order["scenario"]), order["seed"], *files)}
    except MithqalError as error:
        answer = {"error": {"name": error.name, "message": error.message}}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
