"""Applies a unified diff to a folder, strictly: no `patch` and no git is needed, and nothing is guessed.

Every line that a hunk keeps or removes must stand there, exactly. A hunk may have moved as a whole: then the nearest
place where it fits is taken. Paths may have git's `a/` and `b/` in front or not; files may be made and removed.
"""

import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from chain.errors import MithqalError

NO_FILE = "/dev/null"
NO_NEWLINE = "\\"
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_FOREIGN = ("rename from ", "copy from ", "GIT binary patch", "Binary files ")


class PatchError(MithqalError):
    """A diff that cannot be read, or does not fit; `details` name the file and the hunk."""

    name = "bad_patch"


class Hunk(NamedTuple):
    """One change: what stood from line `start` on (1 is the first), and what shall stand there."""

    start: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    old_ends: bool = False
    """Whether the last old line is the file's last and has no line end; `new_ends` is the same of the new one."""
    new_ends: bool = False


class FilePatch(NamedTuple):
    """The changes of one file, in order."""

    path: str
    hunks: tuple[Hunk, ...]
    makes: bool = False
    removes: bool = False


class Patch(NamedTuple):
    """A whole diff, and the words that stand above it."""

    about: str
    files: tuple[FilePatch, ...]


def parse(text: str, name: str = "the patch") -> Patch:
    """Read a diff; PatchError with the line number if it is none. `name` is what errors call it."""
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    about: list[str] = []
    files: list[FilePatch] = []
    at = 0
    while at < len(lines):
        if lines[at].startswith(_FOREIGN):
            raise PatchError(f"{name}, line {at + 1}: renames and binary changes are not applied", line=at + 1)
        if lines[at].startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ "):
            at = _file(lines, at, files, name)
            continue
        if lines[at].startswith("@@ "):
            raise PatchError(f"{name}, line {at + 1}: a hunk before any file", line=at + 1)
        if not files:
            about.append(lines[at].removeprefix("#").strip())
        at += 1
    if not files:
        raise PatchError(f"{name} holds no change: a unified diff names its files by --- and +++", line=len(lines))
    return Patch("\n".join(about).strip(), tuple(files))


def _file(lines: list[str], at: int, files: list[FilePatch], name: str) -> int:
    """One file's part; gives the line after it."""
    old, new = _path(lines[at]), _path(lines[at + 1])
    if old.startswith("a/") and new.startswith("b/"):
        old, new = old[2:], new[2:]
    elif old == NO_FILE:
        new = new.removeprefix("b/")
    elif new == NO_FILE:
        old = old.removeprefix("a/")
    path = old if new == NO_FILE else new
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or (old != new and NO_FILE not in (old, new)):
        raise PatchError(f"{name}, line {at + 1}: {old} to {new} is no change of one file in the tree", line=at + 1)
    at += 2
    hunks: list[Hunk] = []
    while at < len(lines) and lines[at].startswith("@@ "):
        hunk, at = _hunk(lines, at, name)
        hunks.append(hunk)
    if not hunks:
        raise PatchError(f"{name}: {path} has no hunk", file=path, line=at)
    files.append(FilePatch(path, tuple(hunks), makes=old == NO_FILE, removes=new == NO_FILE))
    return at


def _path(line: str) -> str:
    """Of a `---` or `+++` line, without a time."""
    return line[4:].partition("\t")[0].strip()


def _hunk(lines: list[str], at: int, name: str) -> tuple[Hunk, int]:
    """One hunk, whose lines are as many as it says; and the line after it."""
    found = _HUNK.match(lines[at])
    if found is None:
        raise PatchError(f"{name}, line {at + 1}: not a hunk's head: {lines[at][:60]}", line=at + 1)
    olds, news = (1 if found[group] is None else int(found[group]) for group in (2, 4))
    head, at = at, at + 1
    old: list[str] = []
    new: list[str] = []
    old_ends = new_ends = False
    while at < len(lines) and (len(old) < olds or len(new) < news or lines[at].startswith(NO_NEWLINE)):
        mark, text = lines[at][:1] or " ", lines[at][1:]
        if mark == NO_NEWLINE:
            before = lines[at - 1][:1]
            old_ends, new_ends = old_ends or before in (" ", "-"), new_ends or before in (" ", "+")
        elif mark not in (" ", "-", "+"):
            break
        if mark in (" ", "-"):
            old.append(text)
        if mark in (" ", "+"):
            new.append(text)
        at += 1
    if (len(old), len(new)) != (olds, news):
        raise PatchError(
            f"{name}, line {head + 1}: the hunk has {len(old)} old and {len(new)} new lines, its head says {olds}"
            f" and {news}", line=head + 1,
        )  # fmt: skip
    return Hunk(int(found[1]), tuple(old), tuple(new), old_ends, new_ends), at


def apply(patch: Patch, root: Path, name: str = "the patch") -> list[Path]:
    """Change the files below `root`; gives them. PatchError that names file and hunk, and then nothing is changed."""
    made = [(root / change.path, _changed(change, root / change.path, name)) for change in patch.files]
    for path, text in made:
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
    return [path for path, _ in made]


def _changed(change: FilePatch, path: Path, name: str) -> str | None:
    """What a file becomes; None for one that goes."""
    if change.makes == path.is_file():
        raise PatchError(
            f"{name}: {change.path} {'is there already' if change.makes else 'is not there'}", file=change.path
        )
    text = "" if change.makes else path.read_bytes().decode("utf-8", "surrogateescape")
    lines = text.split("\n")  # the last one is empty where the file ends with a line end
    shift, above = 0, 0
    for number, hunk in enumerate(change.hunks, 1):
        named = hunk.start - 1 if hunk.old else hunk.start  # nothing old: it comes after that line
        place = _place(lines, hunk, named + shift, above)
        if place is None:
            raise PatchError(_misfit(change.path, number, hunk, lines, name), file=change.path, hunk=number)
        new = hunk.new if hunk.new_ends or not hunk.old_ends else (*hunk.new, "")
        end = place + len(hunk.old)
        if hunk.new_ends and not hunk.old_ends and lines[end:] == [""]:
            end += 1
        lines[place:end] = new
        shift = place - named + len(new) - len(hunk.old)
        above = place + len(new)
    if change.removes:
        if lines not in ([], [""]):
            raise PatchError(f"{name}: {change.path} shall go, and more stands in it", file=change.path)
        return None
    return "\n".join(lines)


def _place(lines: list[str], hunk: Hunk, wanted: int, above: int) -> int | None:
    """The index nearest to the wanted one, below what the hunk before took, at which the old lines stand."""
    old = list(hunk.old)
    last = len(lines) - len(old)
    if hunk.old_ends:
        return last if last >= above and lines[last:] == old else None
    for place in sorted(range(above, last + 1), key=lambda place: (abs(place - wanted), place)):
        if lines[place : place + len(old)] == old:
            return place
    return None


def _misfit(path: str, number: int, hunk: Hunk, lines: list[str], name: str) -> str:
    """The first line that does not stand where the hunk says."""
    here = lines[hunk.start - 1 :]
    for offset, line in enumerate(hunk.old):
        found = here[offset] if offset < len(here) else None
        if found != line:
            stands = "the file ends" if found is None else f"there is {found.strip()[:80]!r}"
            return (
                f"{name} does not apply: {path}, hunk {number}: line {hunk.start + offset} should be"
                f" {line.strip()[:80]!r}, {stands}, and the hunk fits nowhere else"
            )
    return f"{name} does not apply: {path}, hunk {number}: it overlaps the one before"
