"""A unified diff is applied strictly: what it keeps and removes must stand there, and a refusal names file and hunk."""

from difflib import unified_diff
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.lab.mutants.patching import PatchError, apply, parse

BEFORE = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n"
AFTER = BEFORE.replace("three\n", "drei\n").replace("nine\n", "").replace("ten\n", "ten\neleven\n")


def diff(before: str, after: str, prefixes: tuple[str, str] = ("a/", "b/"), lines: int = 3) -> str:
    """As `diff -u` writes it."""
    made = unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), prefixes[0] + "f.txt",
        prefixes[1] + "f.txt", n=lines,
    )  # fmt: skip
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in made)


def applied(tmp_path: Path, before: str | None, text: str) -> str | None:
    """What becomes of f.txt."""
    file = tmp_path / "f.txt"
    file.unlink(missing_ok=True)
    if before is not None:
        file.write_bytes(before.encode())
    apply(parse(text), tmp_path)
    return file.read_bytes().decode() if file.exists() else None


@pytest.mark.parametrize("prefixes", [("a/", "b/"), ("", "")])
@pytest.mark.parametrize("lines", [0, 1, 3])
def test_a_diff_of_git_and_a_plain_one(tmp_path: Path, prefixes: tuple[str, str], lines: int) -> None:
    """The rule: "anybody's diff (git-style a/ b/ prefixes or -p0)"."""
    assert applied(tmp_path, BEFORE, diff(BEFORE, AFTER, prefixes, lines)) == AFTER


LINES = st.lists(st.sampled_from(["a", "b", "", " c", "-d", "+e", "\\ f", "--- g", "@@ h", "\x0c"]), max_size=12)


@given(LINES, LINES, st.integers(0, 4), st.booleans(), st.booleans())
def test_every_diff_leads_from_one_text_to_the_other(
    tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str], lines: int, ends: bool, new_ends: bool
) -> None:
    """Whatever the texts are: lines that look like a diff, empty ones, no line end at the end. difflib is the model."""
    before = "\n".join(old) + ("\n" if old and ends else "")
    after = "\n".join(new) + ("\n" if new and new_ends else "")
    pieces = [text.split("\n") for text in (before, after)]
    rows = [[f"{line}\n" for line in piece[:-1]] + ([piece[-1]] if piece[-1] else []) for piece in pieces]
    made = list(unified_diff(rows[0], rows[1], "a/f.txt", "b/f.txt", n=lines))
    text = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in made)
    if made:
        assert applied(tmp_path_factory.mktemp("patch"), before, text) == after


def test_a_hunk_may_have_moved(tmp_path: Path) -> None:
    """The nearest place at which all of its lines stand is taken, and later hunks move with it."""
    moved = "zero\nhalf\n" + BEFORE
    assert applied(tmp_path, moved, diff(BEFORE, AFTER, lines=1)) == "zero\nhalf\n" + AFTER
    twice = "x\ny\nx\ny\nx\ny\n"
    text = "--- a/f.txt\n+++ b/f.txt\n@@ -3,2 +3,2 @@\n x\n-y\n+z\n"
    assert applied(tmp_path, twice, text) == "x\ny\nx\nz\nx\ny\n"


def test_context_must_match(tmp_path: Path) -> None:
    """The error names file, hunk, line and what stands there; no file is changed, not even an earlier one."""
    (tmp_path / "g.txt").write_text("one\n")
    first = "--- a/g.txt\n+++ b/g.txt\n@@ -1 +1 @@\n-one\n+eins\n"
    with pytest.raises(PatchError) as caught:
        applied(tmp_path, BEFORE.replace("eight", "acht"), first + diff(BEFORE, AFTER, lines=2))
    assert caught.value.name == "bad_patch"
    assert caught.value.details == {"file": "f.txt", "hunk": 2}
    assert "f.txt, hunk 2: line 8 should be 'eight', there is 'acht'" in caught.value.message
    assert (tmp_path / "g.txt").read_text() == "one\n"


def test_a_place_is_not_taken_twice(tmp_path: Path) -> None:
    """Hunks stand below each other."""
    text = "--- a/f.txt\n+++ b/f.txt\n@@ -2 +2 @@\n-two\n+zwei\n@@ -2 +2 @@\n-one\n+eins\n"
    with pytest.raises(PatchError, match="hunk 2"):
        applied(tmp_path, BEFORE, text)


def test_files_are_made_and_removed(tmp_path: Path) -> None:
    """/dev/null stands for no file; what is there already, or is not, is refused."""
    make = "--- /dev/null\n+++ b/f.txt\n@@ -0,0 +1,2 @@\n+one\n+two\n"
    remove = "--- a/f.txt\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n"
    assert applied(tmp_path, None, make) == "one\ntwo\n"
    assert applied(tmp_path, "one\ntwo\n", remove) is None
    for before, text, words in ((BEFORE, make, "is there already"), (None, remove, "is not there")):
        with pytest.raises(PatchError, match=f"f.txt {words}"):
            applied(tmp_path, before, text)
    with pytest.raises(PatchError, match="more stands in it"):
        applied(tmp_path, "one\ntwo\nthree\n", remove)


def test_words_above_the_first_file_are_kept() -> None:
    """A mutant's header is its first lines, with or without #; git's own lines do no harm."""
    patch = parse("# T1: a rule.\n#\n# It is broken.\ndiff --git a/f.txt b/f.txt\nindex 1..2\n" + diff("a\n", "b\n"))
    assert patch.about.startswith("T1: a rule.\n\nIt is broken.")
    assert [change.path for change in patch.files] == ["f.txt"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no change"),
        ("hello\n", "holds no change"),
        ("--- a/f.txt\n+++ b/f.txt\n", "f.txt has no hunk"),
        ("@@ -1 +1 @@\n-a\n+b\n", "line 1: a hunk before any file"),
        ("--- a/f.txt\n+++ b/f.txt\n@@ -1,2 +1 @@\n-a\n+b\n", "line 3: the hunk has 1 old and 1 new lines"),
        ("--- a/f.txt\n+++ b/f.txt\n@@ -1 +1 @@\n-a\n*b\n", "line 3: the hunk has 1 old and 0 new lines"),
        ("--- a/f.txt\n+++ b/f.txt\n@@ one @@\n", "line 3: not a hunk's head"),
        ("--- a/../f.txt\n+++ b/../f.txt\n@@ -1 +1 @@\n-a\n+b\n", "no change of one file in the tree"),
        ("--- /etc/f\n+++ /etc/f\n@@ -1 +1 @@\n-a\n+b\n", "no change of one file in the tree"),
        ("--- a/f.txt\n+++ b/g.txt\n@@ -1 +1 @@\n-a\n+b\n", "no change of one file in the tree"),
        ("rename from f.txt\n", "renames and binary changes are not applied"),
    ],
)
def test_what_is_no_diff_is_refused(text: str, words: str) -> None:
    """Nothing is guessed, and nothing outside of the tree is touched."""
    with pytest.raises(PatchError) as caught:
        parse(text)
    assert words in caught.value.message
