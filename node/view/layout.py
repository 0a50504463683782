"""A page: one document for programs, and parts for people, which a terminal or a browser lays out in its own way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from node.view.text import clean

Json = Any


@dataclass(frozen=True, slots=True)
class Fields:
    """A heading, and what there is to say under it: label and value. An empty label continues the one above."""

    title: str
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column heads; `empty` is said when there is none."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    empty: str = "none"
    right: frozenset[int] = field(default=frozenset())
    """Columns of numbers, which stand flush right."""


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph."""

    text: str


Part = Fields | Table | Note

NOT_KEPT = "older ones are not kept on this validator, whose ledger begins with a snapshot: ask another one"
"""What a list says that ends where a validator's ledger begins."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a command answers: the JSON document, whose keys docs/explorer.md names, and the same for people."""

    document: dict[str, Json]
    parts: Sequence[Part]

    def lines(self) -> list[str]:
        """The page as plain text: no colour, no width, nothing cut, no character that acts on a terminal."""
        lines: list[str] = []
        for part in self.parts:
            if lines:
                lines.append("")
            lines += _plain(part)
        return [clean(line).rstrip() for line in lines]


def _plain(part: Part) -> list[str]:
    """One part as lines."""
    if isinstance(part, Note):
        return [part.text]
    heading = [part.title] if part.title else []
    if isinstance(part, Fields):
        width = max((len(label) for label, _ in part.rows), default=0)
        return heading + [f"  {label:{width}}  {value}" for label, value in part.rows]
    if not part.rows:
        return [*heading, f"  {part.empty}"]
    table = [list(map(clean, row)) for row in ([part.heads, *part.rows] if any(part.heads) else part.rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return heading + [
        "  "
        + "  ".join(
            cell.rjust(width) if column in part.right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    ]
