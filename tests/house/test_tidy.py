"""The house rules over the whole repository, and for each rule a planted breach that it must notice."""

import re
import statistics
import textwrap
import tomllib
from collections.abc import Callable

import pytest

from tests.house import rules
from tests.house.rules import PACKAGES, ROOT, Source, parse, sources

EVERYWHERE = (*PACKAGES, "tests")
# Enough of each package that a rule run over it means something.
LEAST = {"chain": 20, "node": 5, "economy": 3, "cli": 3}
# Modules whose caller comes with a later step; a name leaves this list as soon as it is called.
AWAITED: frozenset[str] = frozenset()


def entry_points() -> list[str]:
    """The modules that the installed commands start, and those of the scripts."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        scripts: dict[str, str] = tomllib.load(file)["project"]["scripts"]
    started = [re.findall(r"python\S* -m (\S+)", path.read_text(encoding="utf-8"))
               for path in sorted((ROOT / "scripts").iterdir())]  # fmt: skip
    return [*(target.partition(":")[0] for target in scripts.values()), *(name for names in started for name in names)]


def no_complaints(found: list[str]) -> None:
    """Fail with all of them, a line each."""
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("package", PACKAGES)
def test_rules_have_something_to_look_at(package: str) -> None:
    """No rule passes because nothing was found to look at."""
    assert len(sources(package)) >= LEAST[package]


PRODUCT_RULES = [
    rules.long_file,
    rules.long_lines,
    rules.long_functions,
    rules.missing_docstrings,
    rules.relative_imports,
    rules.re_exports,
]
TEST_RULES = [rules.long_file, rules.long_lines, rules.relative_imports]
PURE_RULES = [rules.impure_arithmetic, rules.set_iteration]


@pytest.mark.parametrize("rule", PRODUCT_RULES, ids=lambda rule: rule.__name__)
def test_product_is_tidy(rule: Callable[[Source], list[str]]) -> None:
    """Files of at most 500 lines, functions of 60, lines of 120; everything public says what it is for."""
    no_complaints([complaint for source in sources(*PACKAGES) for complaint in rule(source)])


@pytest.mark.parametrize("rule", TEST_RULES, ids=lambda rule: rule.__name__)
def test_tests_are_tidy(rule: Callable[[Source], list[str]]) -> None:
    """Tests are read as often as the code: the same limits for files and lines."""
    no_complaints([complaint for source in sources("tests") for complaint in rule(source)])


@pytest.mark.parametrize("rule", PURE_RULES, ids=lambda rule: rule.__name__)
def test_chain_is_pure(rule: Callable[[Source], list[str]]) -> None:
    """`chain/` has integers only; nothing in it depends on a set's order, on `hash()` or on `id()`."""
    no_complaints([complaint for source in sources("chain") for complaint in rule(source)])


def test_no_module_is_dead() -> None:
    """Every module is imported by another one, started by a command or named where it is loaded lazily."""
    dead = rules.dead_modules(sources(*PACKAGES), entry_points())
    awaited = [f"{name.replace('.', '/')}.py: never imported" for name in sorted(AWAITED)]
    no_complaints([complaint for complaint in dead if complaint not in awaited])
    no_complaints([f"{line}: no longer true, take it off AWAITED" for line in awaited if line not in dead])


def text_files() -> list[tuple[str, str]]:
    """Every tracked text file, with its path."""
    found = []
    for path in rules.tracked_files():
        data = path.read_bytes()
        if b"\0" not in data[:8192]:
            found.append((path.relative_to(ROOT).as_posix(), data.decode("utf-8")))
    return found


def test_no_tracked_file_names_what_lies_outside_the_repository() -> None:
    """No machine's paths, no folder beside the repository, no registry's host in a committed file."""
    files = text_files()
    assert len(files) > 50
    no_complaints([complaint for path, text in files for complaint in rules.forbidden_words(path, text)])


def test_what_is_left_to_do_has_a_number() -> None:
    """TODO(#12), never a bare TODO."""
    prose = {"tests/house/rules.py", "tests/house/test_tidy.py", "docs/style.md"}  # these speak of the rule
    files = [(path, text) for path, text in text_files() if path not in prose]
    no_complaints([complaint for path, text in files for complaint in rules.unnumbered_todos(path, text)])


def test_files_stay_short_at_the_median(record_testsuite_property: Callable[[str, object], None]) -> None:
    """About 120 lines at the median; 200 is where something has gone wrong."""
    lengths = [len(source.text.splitlines()) for source in sources(*PACKAGES) if len(source.text) > 1000]
    median = statistics.median(lengths)
    record_testsuite_property("median_file_length", median)
    assert median <= 200, f"median of {len(lengths)} files is {median} lines"


# --------------------------------------------------------------------------------------- each rule can fail


def snippet(text: str, path: str = "chain/planted.py") -> Source:
    """A planted file."""
    return parse(path, textwrap.dedent(text))


def _function(lines: int) -> str:
    """A function of that many lines."""
    return "def f() -> None:\n" + "    pass\n" * (lines - 1)


PLANTED: list[tuple[Callable[[Source], list[str]], str, str]] = [
    (rules.long_file, "x = 1\n" * 501, "x = 1\n" * 500),
    (rules.long_lines, "# " + "x" * 119, "# " + "x" * 118),
    (rules.long_functions, _function(61), _function(60)),
    (rules.missing_docstrings, "x = 1\n", '"""What it is for."""\nx = 1\n'),
    (rules.missing_docstrings, '"""M."""\ndef f(): pass\n', '"""M."""\ndef _f(): pass\n'),
    (rules.missing_docstrings, '"""M."""\nclass C: pass\n', '"""M."""\nclass C:\n    """C."""\n'),
    (rules.relative_imports, "from . import codec\n", "from chain import codec\n"),
    (rules.impure_arithmetic, "x = 1 / 2\n", "x = 1 // 2\n"),
    (rules.impure_arithmetic, "x = 4\nx /= 2\n", "x = 4\nx //= 2\n"),
    (rules.impure_arithmetic, "x = 0.5\n", "x = '0.5'\n"),
    (rules.impure_arithmetic, "x = 1e6\n", "x = 10**6\n"),
    (rules.impure_arithmetic, "x = float(3)\n", "x = int(3)\n"),
    (rules.impure_arithmetic, "def f(x: float): ...\n", "def f(x: int): ...\n"),
    (rules.impure_arithmetic, "k = hash(b'')\n", "k = sha256(b'')\n"),
    (rules.impure_arithmetic, "k = id(x)\n", "k = x.id\n"),
    (rules.impure_arithmetic, "ks = sorted(xs, key=hash)\n", "ks = sorted(xs, key=len)\n"),
    (rules.set_iteration, "for x in {1, 2}: f(x)\n", "for x in (1, 2): f(x)\n"),
    (rules.set_iteration, "for x in set(xs): f(x)\n", "for x in sorted(set(xs)): f(x)\n"),
    (rules.set_iteration, "ys = [x for x in frozenset(xs)]\n", "ys = {x for x in frozenset(xs)}\n"),
    (rules.set_iteration, "ys = {x: 1 for x in {1, 2}}\n", "ys = {x: 1 for x in [1, 2]}\n"),
    (rules.set_iteration, "g = (x for x in {1, 2})\n", "n = sum(x for x in {1, 2})\n"),
    (rules.set_iteration, "ys = list(set(xs))\n", "n = len(set(xs))\n"),
    (rules.set_iteration, "ys = [*{1, 2}]\n", "ys = [*(1, 2)]\n"),
    (rules.set_iteration, "t = b''.join({b'a', b'b'})\n", "t = b''.join([b'a', b'b'])\n"),
    (rules.set_iteration, "for x in a.union(b): f(x)\n", "for x in a.keys(): f(x)\n"),
    (rules.set_iteration, "s = set(xs)\nfor x in s: f(x)\n", "s = list(xs)\nfor x in s: f(x)\n"),
    (rules.set_iteration, "s = set(xs)\ny = s.pop()\n", "s = list(xs)\ny = s.pop()\n"),
    (rules.set_iteration, "s = set(xs)\nfor x in s - t: f(x)\n", "for x in s - t: f(x)\n"),
    (rules.set_iteration, "def f(s: set[int]): return tuple(s)\n", "def f(s: list[int]): return tuple(s)\n"),
    (
        rules.set_iteration,
        "def f(s: frozenset[int] | None): return tuple(s)\n",
        "def f(s: tuple[int, ...] | None): return tuple(s)\n",
    ),
    (
        rules.set_iteration,
        "class C:\n    def __init__(self): self.s: set[int] = set()\n    def f(self): return list(self.s)\n",
        "class C:\n    def __init__(self): self.s: list[int] = []\n    def f(self): return list(self.s)\n",
    ),
    (
        rules.set_iteration,
        "class C:\n    s: frozenset[int]\n    def f(self):\n        for x in self.s: g(x)\n",
        "class C:\n    s: frozenset[int]\n    def f(self):\n        for x in sorted(self.s): g(x)\n",
    ),
]


@pytest.mark.parametrize(
    ("rule", "bad", "good"), PLANTED, ids=[f"{r.__name__}-{i}" for i, (r, _, _) in enumerate(PLANTED)]
)
def test_each_rule_notices_its_breach_and_nothing_else(
    rule: Callable[[Source], list[str]], bad: str, good: str
) -> None:
    """A check that cannot fail checks nothing: every rule has a planted breach, with a lawful twin."""
    assert len(rule(snippet(bad))) == 1
    assert rule(snippet(good)) == []


def test_every_rule_of_a_file_has_a_planted_breach() -> None:
    """No rule joins the lists without a proof that it can fail."""
    planted = {rule for rule, _, _ in PLANTED} | {rules.re_exports}  # planted below: it looks at the path
    assert set(PRODUCT_RULES) | set(TEST_RULES) | set(PURE_RULES) == planted


def test_re_exports_looks_at_package_files_only() -> None:
    """An `__init__` holds a docstring and nothing else; other files hold code."""
    text = '"""P."""\nfrom chain.codec import encode\n'
    assert len(rules.re_exports(parse("chain/__init__.py", text))) == 1
    assert rules.re_exports(parse("chain/codec.py", text)) == []
    assert rules.re_exports(parse("chain/__init__.py", '"""P."""\n')) == []


@pytest.mark.parametrize("word", rules.FORBIDDEN_WORDS)
def test_forbidden_words_are_noticed(word: str) -> None:
    """Each forbidden word is found, with its line."""
    assert rules.forbidden_words("a.md", f"fine\nsee {word}x\n") == [f"a.md:2: {word!r}"]


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("# TODO: later", 1),
        ("# FIXME later", 1),
        ("# TODO(#7): later", 0),
        ("# TODO #7", 1),
        ("METHODOLOGY", 0),
    ],
)
def test_todos_need_the_number_of_an_issue(line: str, count: int) -> None:
    """TODO(#7) is lawful, a bare TODO is not, a word that contains it is no TODO."""
    assert len(rules.unnumbered_todos("a.py", line)) == count


def test_dead_modules_are_noticed() -> None:
    """A module lives by an import, an entry point or a string that names it, not by importing itself."""
    main = parse(
        "cli/main.py",
        "import node.used\nfrom chain import codec\nCOMMANDS = {'pay': 'pay', 'x': 'node.lazy:f'}\n",
    )
    living = [parse(p, "") for p in ("node/used.py", "chain/codec.py", "cli/commands/pay.py", "node/lazy.py")]
    dead = [parse("node/dead.py", "import node.dead\n"), parse("node/pay.py", "")]
    quiet = [parse("node/__init__.py", ""), parse("cli/__main__.py", "")]
    found = rules.dead_modules([main, *living, *dead, *quiet], ["cli.main"])
    assert found == ["node/dead.py: never imported", "node/pay.py: never imported"]
    assert "cli/main.py: never imported" in rules.dead_modules([main], [])
