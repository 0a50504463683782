"""A page on a terminal: the same words as its plain text, with headings, quiet labels and folded columns.

Loaded only when a page is drawn, since rich takes longer to import than most commands take to run.
"""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from node.view.layout import Fields, Note, Page, Part, Table
from node.view.text import clean

INDENT = (0, 0, 0, 2)


def draw(page: Page) -> None:
    """Print a page to the terminal. Nothing is read as markup, nothing is cut: what is too wide is folded."""
    console = Console(highlight=False, markup=False, emoji=False)
    for place, part in enumerate(page.parts):
        if place:
            console.print()
        _draw(console, part)


def _draw(console: Console, part: Part) -> None:
    """One part."""
    if isinstance(part, Note):
        console.print(Text(clean(part.text), style="italic"))
        return
    if part.title:
        console.print(Text(clean(part.title), style="bold"))
    if isinstance(part, Fields):
        console.print(Padding(_fields(part), INDENT))
    elif part.rows:
        console.print(_table(part))
    else:
        console.print(Padding(Text(clean(part.empty)), INDENT))


def _fields(part: Fields) -> Grid:
    """Labels and values."""
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in part.rows:
        grid.add_row(Text(clean(label)), Text(clean(value)))
    return grid


def _table(part: Table) -> Grid:
    """Rows under heads, if there are heads."""
    grid = Grid(box=SIMPLE_HEAD, show_header=any(part.heads), header_style="dim", show_edge=False, pad_edge=True)
    for column, head in enumerate(part.heads):
        grid.add_column(Text(head), justify="right" if column in part.right else "left", overflow="fold")
    for row in part.rows:
        grid.add_row(*[Text(clean(cell)) for cell in row])
    return grid
