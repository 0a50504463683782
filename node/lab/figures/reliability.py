"""Every figure of docs/reliability.md: runs the commands, keeps what they print, and makes the page's table of it.

`python -m node.lab.figures.reliability DIR` (scripts/reliability): forty minutes on a quiet machine; `--smoke` takes a
few minutes and says nothing about the goals. A command that fails stops no other; the exit code is 8 then.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from node.lab.figures.reliability_rows import ROWS, Json

INVARIANT = 8
"""Exit code where a command failed or a goal was missed."""
BEGIN, END = "<!-- figures: scripts/reliability -->", "<!-- end of figures -->"
"""What stands around the table of the page."""
SUMMARY, TABLE = "reliability.json", "table.md"
SUMMED = ("seeds", "scenarios", "events", "virtual_s", "validator_hours", "faults", "cpu_s")
"""What a line of the summary has where its command prints it."""


BAD = ("violations", "crashes", "lost", "doubled", "wrong")
"""What must not be: counts, and lists of what was found."""


class Command(NamedTuple):
    """One command, as it is typed after `mithqal`, and a shorter one for a smoke test."""

    name: str
    words: str
    smoke: str


COMMANDS = (
    Command("campaign", "lab campaign --generator all --seconds 360 --processes 2",
            "lab campaign --generator all --count 64 --processes 2"),
    Command("seeds", "lab campaign --count 200 --processes 2", "lab campaign --count 4 --processes 2"),
    Command("crashes", "lab campaign --generator crash_points --count 13000 --processes 2",
            "lab campaign --generator crash_points --count 64"),
    Command("mutants", "lab mutants --processes 2", "lab mutants --only vote-after-timeout"),
    Command("exhaustive", "lab exhaustive", "lab exhaustive --rounds 2"),
    Command("scale", "lab scale", "lab scale --validators 20 --rounds 10"),
    Command("latency", "lab latency", "lab latency --seeds 2 --seconds 25"),
    Command("sensitivity", "lab sensitivity", "lab sensitivity --seconds 20 --rate 5"),
    Command("fidelity", "lab fidelity", "lab fidelity --seconds 5"),
    Command("chaos-paced", "lab chaos --minutes 5 --kill-every 2 --mode paced --rate 200 --seed 11",
            "lab chaos --minutes 0.2 --kill-every 2 --mode paced --rate 20 --seed 11"),
    Command("chaos-overlap", "lab chaos --minutes 5 --kill-every 2 --mode overlap --rate 200 --seed 12",
            "lab chaos --minutes 0.2 --kill-every 2 --mode overlap --rate 20 --seed 12"),
    Command("chaos-all", "lab chaos --minutes 1 --mode overlap --faults all --rate 100 --seed 14",
            "lab chaos --minutes 0.2 --mode overlap --faults all --rate 20 --seed 14"),
    Command("quorum-loss", "lab quorum-loss --times 20 --seed 13", "lab quorum-loss --times 1 --rate 20 --seed 13"),
    Command("door", "lab door", "lab door --seconds 10"),
    Command("fuzz", "lab fuzz --seconds 120 --processes 2", "lab fuzz --seconds 2 --processes 2"),
)  # fmt: skip


def run(folder: Path, commands: Sequence[Command], program: Sequence[str], *, smoke: bool) -> list[Json]:
    """Run each, its document into NAME.json and what it says into NAME.err; gives the lines of the summary, those of
    commands that were run before and not now included."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = {line["name"]: line for line in summary(folder)}
    for command in commands:
        words = command.smoke if smoke else command.words
        sys.stderr.write(f"{command.name}: mithqal {words}\n")
        began = time.monotonic()
        path = folder / f"{command.name}.json"
        with path.open("wb") as out, (folder / f"{command.name}.err").open("wb") as err:
            done = subprocess.run([*program, *words.split(), "--json"], stdout=out, stderr=err, check=False)
        took_s = round(time.monotonic() - began, 1)
        lines[command.name] = summary_of(command.name, f"mithqal {words}", done.returncode, took_s, read(path))
        text = "".join(json.dumps(line) + "\n" for line in lines.values())
        (folder / SUMMARY).write_text(text, encoding="utf-8")
    return list(lines.values())


def summary(folder: Path) -> list[Json]:
    """What was run before, in its order; nothing of a new folder."""
    path = folder / SUMMARY
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def read(path: Path) -> Json | None:
    """The document that a command printed; None if it printed none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def summary_of(name: str, command: str, code: int, wall_s: float, document: Json | None) -> Json:
    """One line of the summary."""
    found: Json = document or {}
    kept = {key: found[key] for key in SUMMED if key in found}
    bad = ("violating",) if "violating" in found else BAD
    counts = [len(found[key]) if isinstance(found[key], list) else found[key] for key in bad if key in found]
    if counts:
        kept["violations"] = sum(counts)
    return {"name": name, "command": command, "exit": code, "wall_s": wall_s, **kept}


def table(lines: Sequence[Json], documents: dict[str, Json]) -> str:
    """The table, in the order of the commands; a command that printed no figures has a row that says so."""
    text = "| figure | goal | printed | reached | command |\n|---|---|---|---|---|\n"
    for line in lines:
        command = f"`{line['command']}`"
        try:
            rows = ROWS[line["name"]](documents[line["name"]])
        except (KeyError, TypeError, IndexError, ZeroDivisionError):
            text += f"| {line['name']} | | no figures: it exits with {line['exit']} | no | {command} |\n"
            continue
        for row in rows:
            reached = {None: "", True: "yes", False: "no"}[row.is_reached]
            text += f"| {row.figure} | {row.goal} | {row.printed} | {reached} | {command} |\n"
    return text


def put(page: str, found: str) -> str:
    """The page with another table between its two marks; ValueError if it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{found}\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """As it is typed."""
    parser = argparse.ArgumentParser(prog="scripts/reliability", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("reliability"))
    parser.add_argument("--smoke", action="store_true", help="short variants: a few minutes")
    parser.add_argument("--only", action="append", choices=[item.name for item in COMMANDS], help="again for another")
    parser.add_argument("--render", action="store_true", help="run nothing: the table of what lies in the folder")
    parser.add_argument("--page", type=Path, help="put the table into this page, docs/reliability.md")
    said = parser.parse_args(arguments)
    commands = [item for item in COMMANDS if not said.only or item.name in said.only]
    program = (sys.executable, "-m", "cli")
    lines = summary(said.folder) if said.render else run(said.folder, commands, program, smoke=said.smoke)
    read_ones: dict[str, Any] = {line["name"]: read(said.folder / f"{line['name']}.json") for line in lines}
    found = table(lines, {name: document for name, document in read_ones.items() if document is not None})
    (said.folder / TABLE).write_text(found, encoding="utf-8")
    if said.page is not None:
        said.page.write_text(put(said.page.read_text(encoding="utf-8"), found), encoding="utf-8")
    sys.stdout.write(found)
    failed = [f"{line['name']} exits with {line['exit']}\n" for line in lines if line["exit"]]
    sys.stderr.write("".join(failed) or "every command exits with 0\n")
    return INVARIANT if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
