"""The only printer: results on stdout, talk and errors on stderr; with `--json` exactly one document."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

from chain.errors import MithqalError
from cli.exits import exit_code
from cli.options import shared

if TYPE_CHECKING:
    from node.view.layout import Page


def result(document: Mapping[str, object], lines: list[str], *, as_json: bool) -> None:
    """Print a result: the document as JSON, or the lines for people."""
    text = json.dumps(document, indent=2) if as_json else "\n".join(lines)
    tell(text)


def page(shown: "Page", *, as_json: bool) -> None:
    """Print a page of the explorer: its document, or its text, which is styled on a terminal only."""
    if as_json or not is_terminal():
        result(shown.document, shown.lines(), as_json=as_json)
    else:
        from cli.screen import draw

        draw(shown)


def is_terminal() -> bool:
    """Whether stdout may be styled: a terminal that understands more than text, and nobody said NO_COLOR."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") in ("", "dumb")
    return sys.stdout.isatty() and not plain


def talk(text: str) -> None:
    """Say something on stderr while it happens: progress, hints. Nothing with `--quiet`, nor with `--json`: should the
    command fail later, the error is all that stands there."""
    if not (shared().quiet or shared().as_json):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def tell(text: str) -> None:
    """Print part of a result at once: whoever reads it need not wait for the command's end."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def reported(command: Callable[..., int]) -> Callable[..., int]:
    """Make a command, which has an `as_json` flag, print its expected failures and exit with their code."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> int:
        try:
            return command(*arguments, **options)
        except MithqalError as error:
            return failure(error, as_json=options["as_json"])

    return run


def failure(error: MithqalError, *, as_json: bool) -> int:
    """Print an error on stderr and give its exit code; stdout stays empty."""
    details = {key: _plain(value) for key, value in error.details.items()}
    return refuse(error.name, error.message, exit_code(error), as_json=as_json, details=details)


def refuse(name: str, message: str, exit_: int, *, as_json: bool, details: Mapping[str, object] | None = None) -> int:
    """Print the one error of a command, and give its exit code."""
    details = details or {}
    if as_json:
        error = {"code": details.get("code"), "name": name, "message": message, "details": details, "exit": exit_}
        sys.stderr.write(json.dumps({"error": error}) + "\n")
    else:
        sys.stderr.write(f"mithqal: {message} ({name})\n")
    return exit_


def _plain(value: object) -> object:
    """A detail as JSON can hold it."""
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, int | float | str | None | list | dict) else str(value)
