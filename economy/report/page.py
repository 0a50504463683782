"""One self-contained HTML file from sections: it asks for nothing, runs nothing, and reads in light and in dark.

Every text is escaped here; a figure is SVG text as `charts` makes it and goes in as it is, with its ids made
unique to its place on the page. The same input gives the same bytes: no clock, no version, no chance.
"""

import re
from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import NamedTuple

DISCLAIMER = (
    "Made offline by mithqal. What a model says is model output, simplified; it is not legal, investment or"
    " compliance advice."
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_NUMBER = re.compile(r"[-+−]?[0-9][0-9 ,._]*(?:[eE][-+]?[0-9]+)?\s*(?:%|bp|pp|x|[A-Z]{3}|bn|mn|h|min|s|d)?")
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}-[0-9]{2})?")
_TAG = re.compile(r"<[^>]*>")
_SLUG = re.compile(r"[^a-z0-9]+")
_CONTENTS_FROM = 4
"""So many sections make a table of contents worth its space."""


class Table(NamedTuple):
    """A table: names of the columns, and rows of as many cells; the first cell of a row names it.

    `sources` is empty, or holds a source for each row ("" where there is none): they become numbered notes below.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    sources: tuple[str, ...] = ()


class Section(NamedTuple):
    """A part of the page: heading, paragraphs (parted by an empty line), a figure as SVG text, a table, its source."""

    heading: str
    text: str = ""
    figure: str = ""
    table: Table | None = None
    source: str = ""


def render(title: str, lead: str, sections: Sequence[Section]) -> str:
    """The whole page as HTML text."""
    anchors = _anchors(sections)
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n"
    )
    parts = [head, f"<header>\n<h1>{escape(title)}</h1>\n", _paragraphs(lead, css="lead"), "</header>\n"]
    if len(sections) >= _CONTENTS_FROM:
        parts.append(_contents(sections, anchors))
    parts.append("<main>\n")
    for place, (section, anchor) in enumerate(zip(sections, anchors, strict=True), start=1):
        parts.append(_section(section, anchor, place))
    parts.append(f"</main>\n<footer><p>{escape(DISCLAIMER)}</p></footer>\n</body>\n</html>\n")
    return "".join(parts)


def _section(section: Section, anchor: str, place: int) -> str:
    """One section; `place` makes the ids of its figure its own."""
    parts = [
        f'<section id="{anchor}" aria-labelledby="{anchor}-h">\n<h2 id="{anchor}-h">{escape(section.heading)}</h2>\n'
    ]
    parts.append(_paragraphs(section.text))
    if section.figure:
        parts.append(f"<figure>\n{_own_ids(section.figure, f'f{place}-').strip()}\n</figure>\n")
    if section.table is not None:
        parts.append(_table(section.table, anchor))
    if section.source:
        parts.append(f'<p class="source">Source: {escape(section.source)}</p>\n')
    return "".join(parts) + "</section>\n"


def _table(table: Table, anchor: str) -> str:
    """A table with its notes; columns whose every cell is a number stand to the right."""
    for row in table.rows:
        assert len(row) == len(table.header), f"{len(row)} cells under {len(table.header)} names"
    assert not table.sources or len(table.sources) == len(table.rows), "a source for each row, or none"
    notes = list(dict.fromkeys(source for source in table.sources if source))
    kinds = [_kind([row[column] for row in table.rows]) for column in range(len(table.header))]
    caption = f"<caption>{escape(table.caption)}</caption>\n" if table.caption else ""
    names = "".join(
        f'<th scope="col"{kind}>{escape(name)}</th>' for name, kind in zip(table.header, kinds, strict=True)
    )
    lines = []
    for place, row in enumerate(table.rows):
        source = table.sources[place] if table.sources else ""
        mark = _mark(notes.index(source) + 1, anchor) if source else ""
        cells = [f'<th scope="row"{kinds[0]}>{escape(row[0])}{mark}</th>']
        cells += [f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row[1:], kinds[1:], strict=True)]
        lines.append(f"<tr>{''.join(cells)}</tr>\n")
    body = (
        f'<div class="wide" tabindex="0"><table>\n{caption}<thead><tr>{names}</tr></thead>\n<tbody>\n{"".join(lines)}'
    )
    return body + "</tbody>\n</table></div>\n" + _notes(notes, anchor)


def _notes(notes: Sequence[str], anchor: str) -> str:
    """The sources below a table."""
    if not notes:
        return ""
    lines = [f'<li id="{anchor}-n{number}">{escape(note)}</li>\n' for number, note in enumerate(notes, start=1)]
    return f'<ol class="source">\n{"".join(lines)}</ol>\n'


def _mark(number: int, anchor: str) -> str:
    """The mark that leads to a note."""
    return f'<sup><a href="#{anchor}-n{number}" aria-label="source {number}">{number}</a></sup>'


def _kind(cells: Sequence[str]) -> str:
    """The attribute of a column: numbers (with or without a unit), dates, or neither; blanks and dashes are either."""
    said = [cell.strip() for cell in cells if cell.strip() not in ("", "-", "–", "—")]
    if said and all(_NUMBER.fullmatch(cell) for cell in said):
        return ' class="n"'
    return ' class="d"' if said and all(_DATE.fullmatch(cell) for cell in said) else ""


def _paragraphs(text: str, css: str = "") -> str:
    """Paragraphs from text, parted by empty lines."""
    attribute = f' class="{css}"' if css else ""
    blocks = [" ".join(block.split()) for block in re.split(r"\n\s*\n", text) if block.strip()]
    return "".join(f"<p{attribute}>{escape(block)}</p>\n" for block in blocks)


def _contents(sections: Sequence[Section], anchors: Sequence[str]) -> str:
    """The table of contents."""
    lines = [
        f'<li><a href="#{anchor}">{escape(section.heading)}</a></li>\n'
        for section, anchor in zip(sections, anchors, strict=True)
    ]
    return f'<nav aria-label="Contents">\n<ul>\n{"".join(lines)}</ul>\n</nav>\n'


def _anchors(sections: Sequence[Section]) -> list[str]:
    """An id for each section, from its heading and unique by its place."""
    return [
        f"s{place}-{_SLUG.sub('-', section.heading.lower()).strip('-')[:40]}".rstrip("-")
        for place, section in enumerate(sections, start=1)
    ]


def _own_ids(svg: str, prefix: str) -> str:
    """A figure whose ids, and what points at them, carry a prefix: two figures on a page share none."""
    assert svg.lstrip().startswith("<svg"), "a figure is SVG text"
    return _TAG.sub(lambda tag: _prefixed(tag[0], prefix), svg)


def _prefixed(tag: str, prefix: str) -> str:
    """One tag with the prefix before each id that it has or points at; text between tags is never touched."""
    tag = re.sub(r'(\sid="|\s(?:xlink:)?href="#|url\(#)', rf"\1{prefix}", tag)
    return re.sub(
        r'(\saria-labelledby=")([^"]*)',
        lambda found: found[1] + " ".join(prefix + name for name in found[2].split()),
        tag,
    )


def _style() -> str:
    """The page's style sheet, a file beside this one."""
    return resources.files("economy.report").joinpath("style.css").read_text(encoding="utf-8")
