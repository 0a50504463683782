"""Groups whose commands are imported when they are used, so that help stays fast, and what a reader who left means."""

import importlib
import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click


class NobodyReadsError(Exception):
    """Whoever read stdout went away, as `head` does. Not an OSError, which click would make an exit with 1."""


class LazyGroup(click.Group):
    """A group over a table of its commands: name, module, one line. The help needs none of the modules."""

    def __init__(self, *arguments: Any, table: Mapping[str, tuple[str, str]], **extra: Any) -> None:
        """Each module of the table has a click command of the same name, with `_` for `-`."""
        super().__init__(*arguments, **extra)
        self.table = table

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        """Read the arguments; what is printed here is the help."""
        with _noticing_nobody_reads():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _noticing_nobody_reads():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in self.table:
            return None
        module = importlib.import_module(self.table[cmd_name][0])
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])


@contextmanager
def _noticing_nobody_reads() -> Iterator[None]:
    """Raise NobodyReadsError for a broken pipe, if it is stdout that broke."""
    try:
        yield
    except BrokenPipeError as error:
        stdout = select.poll()
        stdout.register(1, 0)  # asks for nothing: a pipe without a reader reports itself
        if stdout.poll(0):
            raise NobodyReadsError from error
        raise
