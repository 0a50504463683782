"""The house rules that no linter knows: each is a function from a source file to the list of what breaks it.

`test_tidy` runs them over the repository, and proves on planted snippets that each of them can fail.
"""

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("chain", "node", "economy", "cli")
MAX_FILE = 500  # lines
MAX_FUNCTION = 60  # lines, from `def` to the last line, docstring included
MAX_LINE = 120  # characters


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file: its path from the root with slashes, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """The dotted name: `chain/crypto/signing.py` is `chain.crypto.signing`, a package is its folder."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def parse(path: str, text: str) -> Source:
    """A source from text, as the planted snippets are."""
    return Source(path, text, ast.parse(text, path))


@cache
def sources(*tops: str) -> tuple[Source, ...]:
    """Every Python file below the given top folders, ordered by path."""
    paths = sorted(path for top in tops for path in (ROOT / top).rglob("*.py"))
    return tuple(parse(p.relative_to(ROOT).as_posix(), p.read_text(encoding="utf-8")) for p in paths)


def tracked_files() -> list[Path]:
    """What git holds, less what was just deleted; without git, every file but those of hidden folders."""
    try:
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
        paths = [ROOT / name for name in listing.stdout.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = (p.relative_to(ROOT) for p in ROOT.rglob("*"))
        paths = [ROOT / p for p in found if not any(part.startswith(".") and part != ".ci" for part in p.parts)]
    return [path for path in paths if path.is_file()]


# ------------------------------------------------------------------------------------------- size and words


def long_file(source: Source) -> list[str]:
    """A file has at most 500 lines."""
    count = len(source.text.splitlines())
    return [f"{source.path}: {count} lines, more than {MAX_FILE}"] if count > MAX_FILE else []


def long_lines(source: Source) -> list[str]:
    """A line has at most 120 characters."""
    lines = enumerate(source.text.splitlines(), 1)
    return [f"{source.path}:{n}: {len(line)} characters" for n, line in lines if len(line) > MAX_LINE]


def long_functions(source: Source) -> list[str]:
    """A function has at most 60 lines."""
    found = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count > MAX_FUNCTION:
                found.append(f"{source.path}:{node.lineno}: {node.name} has {count} lines")
    return found


def missing_docstrings(source: Source) -> list[str]:
    """Every module, and every public class and function at its top level, says what it is for."""
    found = [] if ast.get_docstring(source.tree) else [f"{source.path}: no docstring"]
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if not node.name.startswith("_") and not ast.get_docstring(node):
                found.append(f"{source.path}:{node.lineno}: {node.name} has no docstring")
    return found


def relative_imports(source: Source) -> list[str]:
    """An import line always names the file: no relative imports."""
    nodes = [n for n in ast.walk(source.tree) if isinstance(n, ast.ImportFrom) and n.level > 0]
    return [f"{source.path}:{node.lineno}: relative import" for node in nodes]


def re_exports(source: Source) -> list[str]:
    """The `__init__` of a package holds a docstring and nothing else."""
    if not source.path.endswith("/__init__.py"):
        return []
    return [f"{source.path}:{node.lineno}: code in a package's __init__" for node in source.tree.body[1:]]


_UNFINISHED = re.compile(r"\b(?:TODO|FIXME|HACK)\b(?!\s*\(#\d+\))")


def unnumbered_todos(path: str, text: str) -> list[str]:
    """What is left to do names its issue: TODO(#12)."""
    lines = enumerate(text.splitlines(), 1)
    return [f"{path}:{n}: say which issue: TODO(#number)" for n, line in lines if _UNFINISHED.search(line)]


# Written apart, so that this file passes its own rule.
FORBIDDEN_WORDS = (
    *("/wo" + "rk/", "/roo" + "t/", "/ho" + "me/", "/Us" + "ers/", "../sha" + "red", ".lib" + "rary/"),
    *("py" + "pi.org", "python" + "hosted", "npm" + "js.org", "deb.deb" + "ian"),
    *("bash_" + "jobs", "Clau" + "de", "Anth" + "ropic", "Chat" + "GPT"),
)


def forbidden_words(path: str, text: str) -> list[str]:
    """No path of somebody's machine, no folder outside the repository, no registry's host, no tool's name."""
    lines = enumerate(text.splitlines(), 1)
    return [f"{path}:{n}: {word!r}" for n, line in lines for word in FORBIDDEN_WORDS if word in line]


# -------------------------------------------------------------------------------------- purity (chain only)


def impure_arithmetic(source: Source) -> list[str]:
    """In `chain/` there is no float (name, literal or true division), and no `hash()` or `id()`."""
    found = []
    for node in ast.walk(source.tree):
        where = f"{source.path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Name) and node.id in ("float", "complex"):
            found.append(f"{where}: {node.id}")
        elif isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found.append(f"{where}: float literal {node.value}")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            found.append(f"{where}: true division; use //")
        elif isinstance(node, ast.Name) and node.id in ("hash", "id") and isinstance(node.ctx, ast.Load):
            found.append(f"{where}: {node.id}() differs from process to process")
    return found


_SET_MAKERS = frozenset({"set", "frozenset"})
_SET_TYPES = frozenset({"set", "frozenset", "Set", "AbstractSet", "MutableSet"})
_SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference"})
_ORDER_BLIND = frozenset({"sorted", "set", "frozenset", "sum", "any", "all", "min", "max", "len"})
_ORDERED = frozenset({"list", "tuple", "iter", "enumerate", "zip", "map", "filter", "reversed"})


def _type_name(annotation: ast.expr | None) -> str:
    while isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    if isinstance(annotation, ast.BinOp):  # set[int] | None
        return next((name for name in map(_type_name, (annotation.left, annotation.right)) if name in _SET_TYPES), "")
    if isinstance(annotation, ast.Attribute):
        return annotation.attr
    return annotation.id if isinstance(annotation, ast.Name) else ""


def _spelling(node: ast.expr) -> str:
    """`x` or `self.x`, the two places where a set is kept; everything else has no name here."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return "." + node.attr
    return ""


def _named_sets(scope: ast.AST) -> frozenset[str]:
    """Names that this scope binds to a set by annotation or by assignment."""
    names: set[str] = set()
    for node in _walk_scope(scope):
        if isinstance(node, ast.AnnAssign) and _type_name(node.annotation) in _SET_TYPES:
            names.add(_spelling(node.target))
            if isinstance(scope, ast.ClassDef):
                names.add("." + _spelling(node.target))
        elif isinstance(node, ast.arg) and _type_name(node.annotation) in _SET_TYPES:
            names.add(node.arg)
        elif isinstance(node, ast.Assign) and _is_set(node.value, frozenset(names)):
            names.update(_spelling(target) for target in node.targets)
    return frozenset(names - {""})


def _walk_scope(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope in order, not of the functions and classes inside it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _walk_scope(child)


def _is_set(node: ast.expr, names: frozenset[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _SET_MAKERS
        case ast.Call(func=ast.Attribute(attr=method)):
            return method in _SET_METHODS
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), right=right):
            return _is_set(left, names) or _is_set(right, names)
        case ast.IfExp(body=body, orelse=orelse):
            return _is_set(body, names) or _is_set(orelse, names)
        case ast.Name() | ast.Attribute():
            return _spelling(node) in names
        case _:
            return False


def set_iteration(source: Source) -> list[str]:
    """In `chain/` nothing depends on the order of a set: sort it first.

    Seen by shape: literals, comprehensions, calls, operators and methods that give sets, and names or
    attributes which the same function, class or module binds to one. `sorted(a_set)` or `len(a_set)` is fine.
    """
    found: list[str] = []
    fields = frozenset(
        name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        for name in _named_sets(node)
        if name.startswith(".")
    )
    _visit_scope(source, source.tree, fields | _named_sets(source.tree), found)
    return found


def _visit_scope(source: Source, scope: ast.AST, names: frozenset[str], found: list[str]) -> None:
    forgiven: set[int] = set()
    for node in _walk_scope(scope):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            _visit_scope(source, node, names | _named_sets(node), found)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ORDER_BLIND:
            forgiven.update(map(id, node.args))
        if id(node) in forgiven or isinstance(node, ast.SetComp):
            continue
        for value in _iterated(node):
            if _is_set(value, names):
                found.append(f"{source.path}:{value.lineno}: iterates over a set; sort it first")


def _iterated(node: ast.AST) -> Iterable[ast.expr]:
    """The expressions whose order this node depends on."""
    match node:
        case ast.For(iter=value):
            return [value]
        case ast.ListComp(generators=generators) | ast.GeneratorExp(generators=generators):
            return [generator.iter for generator in generators]
        case ast.DictComp(generators=generators):
            return [generator.iter for generator in generators]
        case ast.Call(func=ast.Name(id=name), args=args) if name in _ORDERED:
            return args
        case ast.Call(func=ast.Attribute(attr="join"), args=args):
            return args
        case ast.Call(func=ast.Attribute(attr="pop", value=value), args=[]):
            return [value]
        case ast.Starred(value=value):
            return [value]
        case _:
            return []


# --------------------------------------------------------------------------------------------- dead modules


def imported_names(source: Source) -> set[str]:
    """Every dotted name that an import of this file could mean, with the packages above it."""
    names: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def named_in_strings(source: Source) -> set[str]:
    """Dotted names of modules in string literals: what is loaded lazily or started as a process."""
    texts = {n.value for n in ast.walk(source.tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    names = {text.partition(":")[0] for text in texts}
    if source.path.startswith("cli/"):  # the lazy groups name a command by its file
        names |= {f"cli.commands.{name}" for name in names}
    return names


def dead_modules(files: Iterable[Source], entry_points: Iterable[str]) -> list[str]:
    """A module that nothing imports and nothing starts is dead, however well it is tested."""
    files = list(files)
    alive = set(entry_points)
    for source in files:
        alive |= (imported_names(source) | named_in_strings(source)) - {source.module}
    quiet = ("/__init__.py", "/__main__.py")
    return [f"{s.path}: never imported" for s in files if not s.path.endswith(quiet) and s.module not in alive]
