"""Seeded bugs, each a diff: does the suite find them, by what, and how soon?

A mutant is applied to a copy of the tree in a temporary folder, and the suite (`suite`) runs there in a
process of its own: the checkout is never touched, and nothing in `chain/` knows of it. The control is an unmodified
copy; it must pass the whole suite.
"""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from chain.errors import MithqalError
from node.lab.mutants.patching import Patch, apply, parse
from node.lab.mutants.suite import CORPUS

ROOM = Path("tests/mutants")
"""Where the shipped mutants lie in a checkout, one diff each."""
PACKAGES = ("chain", "node")
"""What the suite runs; of anything else a copy has the files that its patch changes."""
CONTROL = "control"
PATIENCE_S = 900.0
"""Of the clock, for one scenario: one that not even the suite's own guards end hangs."""

Say = Callable[[str], None]


class Mutant(NamedTuple):
    """One seeded bug."""

    name: str
    breaks: str
    """The trap or rule that it breaks: the first line of its header."""
    patch: Patch
    file: str


class Verdict(NamedTuple):
    """What became of a copy of the tree: a mutant's is killed where `by` says what caught it."""

    name: str
    breaks: str
    by: str | None
    """An invariant's name, `crash`, `hang`, `no commit`, `lost rounds` or `no alarm`."""
    scenario: str | None
    after: int
    """Scenarios that ran, the last one included."""
    detail: str
    replay: str | None
    cpu_s: float


def checkout() -> Path:
    """The folder of this tree; MithqalError `not_a_checkout` where the corpus was not installed with it."""
    root = Path(__file__).parents[3]
    if not (root / CORPUS).is_dir():
        raise MithqalError(
            f"mutants need a checkout of the sources with {CORPUS}, and {root} is none", name="not_a_checkout"
        )
    return root


def shipped(root: Path, only: Sequence[str] = ()) -> list[Mutant]:
    """The mutants of the tree by name, or those named; MithqalError `unknown_mutant`, PatchError."""
    files = {path.stem: path for path in sorted((root / ROOM).glob("*.diff"))}
    unknown = [name for name in only if name not in files]
    if unknown:
        raise MithqalError(f"no mutant is called {unknown[0]}; there are {', '.join(files)}", name="unknown_mutant")
    return [read(path, f"{ROOM}/{name}.diff") for name, path in files.items() if name in only or not only]


def read(path: Path, name: str) -> Mutant:
    """A mutant from anybody's diff; MithqalError `file_unreadable`, PatchError."""
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise MithqalError(f"{path} cannot be read: {error.strerror}", name="file_unreadable") from error
    patch = parse(text, name)
    return Mutant(path.stem, patch.about.partition("\n")[0], patch, name)


def copy(root: Path, target: Path, patch: Patch | None = None, name: str = "") -> None:
    """A copy of the tree, as far as the suite and the patch need it, changed by the patch; PatchError."""
    for folder in (*PACKAGES, str(CORPUS)):
        shutil.copytree(root / folder, target / folder)  # compiled modules too: they are valid by their sources' times
    if patch is not None:
        change_copy(root, target, patch, name)


def change_copy(root: Path, target: Path, patch: Patch, name: str) -> None:
    """Apply a patch to a copy, which gets the files that it lacks; PatchError."""
    for change in patch.files:
        if (root / change.path).is_file() and not (target / change.path).exists():
            (target / change.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / change.path, target / change.path)
    for path in apply(patch, target, name):
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            compiled.unlink()


def try_all(
    root: Path, mutants: Sequence[Mutant], *, processes: int = 1, budget: int | None = None, say: Say = lambda _: None
) -> dict[str, Any]:
    """Run the control and every mutant through the suite; the document of `lab mutants`.

    `budget` is how many scenarios each gets at most. Every patch is applied once before anything runs: PatchError.
    """
    for mutant in mutants:
        with tempfile.TemporaryDirectory(prefix="mithqal-mutant-") as folder:
            change_copy(root, Path(folder), mutant.patch, mutant.file)
    done = 0

    def one(mutant: Mutant | None) -> Verdict:
        nonlocal done
        verdict = try_one(root, mutant, budget)
        done += 1
        say(f"{done} of {len(mutants) + 1}: {verdict.name} {'lives' if verdict.by is None else verdict.by}")
        return verdict

    with ThreadPoolExecutor(processes) as pool:
        control, *verdicts = pool.map(one, [None, *mutants])
    return summarize(control, verdicts)


def try_one(root: Path, mutant: Mutant | None, budget: int | None = None) -> Verdict:
    """A copy of the tree, changed or not, runs through the suite until a scenario breaks."""
    name, breaks = (CONTROL, "nothing") if mutant is None else (mutant.name, mutant.breaks)
    verdict = Verdict(name, breaks, None, None, 0, "", None, 0.0)
    with tempfile.TemporaryDirectory(prefix="mithqal-mutant-") as folder:
        copy(root, Path(folder), None if mutant is None else mutant.patch, "" if mutant is None else mutant.file)
        for line in lines_of(Path(folder), budget):
            if "end" in line:
                return verdict._replace(by=verdict.by or line["end"], detail=verdict.detail or line["detail"])
            verdict = verdict._replace(after=verdict.after + 1, cpu_s=round(verdict.cpu_s + line["cpu_s"], 1))
            if "by" in line:
                verdict = verdict._replace(
                    by=line["by"], scenario=line["scenario"], detail=line["detail"], replay=line["replay"]
                )
    raise AssertionError("a suite ends with a line that says how")


def lines_of(folder: Path, budget: int | None) -> Iterator[dict[str, Any]]:
    """What the suite says in a process of its own on the tree in `folder`, and last how it ended."""
    command = [sys.executable, "-m", "node.lab.mutants.suite", *([] if budget is None else ["--budget", str(budget)])]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONHASHSEED": "0"}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    said: queue.Queue[str | None] = queue.Queue()
    errors: list[str] = []
    readers = [
        threading.Thread(target=_pass_on, args=(process.stdout, said.put), daemon=True),
        threading.Thread(target=_pass_on, args=(process.stderr, lambda line: errors.append(line or "")), daemon=True),
    ]
    for reader in readers:
        reader.start()
    try:
        while True:
            try:
                line = said.get(timeout=PATIENCE_S)
            except queue.Empty:
                yield {"end": "hang", "detail": f"nothing for {PATIENCE_S:g} s of the clock"}
                return
            if line is None:
                break
            yield json.loads(line)
        code = process.wait()
        readers[1].join()
        last_words = "".join(errors).strip().rpartition("\n")[2]
        yield {"end": "crash", "detail": last_words or f"exit {code}"} if code else {"end": None, "detail": ""}
    finally:
        process.kill()
        process.wait()


def _pass_on(stream: Any, put: Callable[[str | None], None]) -> None:
    """Each line of a pipe, then None."""
    with stream:
        for line in stream:
            put(line)
    put(None)


def summarize(control: Verdict, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The document: every mutant, the control, and how many were killed."""
    after = sorted(verdict.after for verdict in verdicts if verdict.by is not None)
    return {
        "mutants": [{**verdict._asdict(), "killed": verdict.by is not None} for verdict in verdicts],
        "control": {
            "scenarios": control.after,
            "violations": [] if control.by is None else [{"by": control.by, "scenario": control.scenario,
                                                          "detail": control.detail, "replay": control.replay}],
            "cpu_s": control.cpu_s,
        },
        "killed": len(after),
        "total": len(verdicts),
        "median_after": after[len(after) // 2] if after else None,
        "ok": len(after) == len(verdicts) and control.by is None,
    }  # fmt: skip
