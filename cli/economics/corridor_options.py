"""Options that the commands about corridors share."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import wraps
from pathlib import Path
from typing import Any

import click

from cli import output
from economy.errors import ParameterError

Command = Callable[..., Any]
_SAID = ("fee_pct", "fee_usd", "minutes")


def html(command: Command) -> Command:
    """`--html FILE`."""
    return click.option("--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                        help="Write a page with pictures.")(command)  # fmt: skip


def csv(command: Command) -> Command:
    """`--csv FILE`."""
    return click.option("--csv", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                        help="Write the table as CSV.")(command)  # fmt: skip


def answer(
    pairs: list[tuple[str, str]], amount: Decimal, overrides: dict[tuple[str, str], Decimal], *,
    html: Path | None, csv: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Print a table of corridors, and write the files that were asked for."""
    from economy.corridors.compare import compare, table_document, table_lines, table_rows
    from economy.report.files import csv_text, write_text

    found = [compare(sender, receiver, amount, overrides) for sender, receiver in pairs]
    if csv is not None:
        write_text(csv, csv_text(*table_rows(found)))
    if html is not None:
        from economy.report.corridors import corridors_page

        write_text(html, corridors_page(found))
    output.result(table_document(found), table_lines(found), as_json=as_json)


def terms(command: Command) -> Command:
    """`--amount`, and what of a step shall be otherwise; given to the command as `amount` and `overrides`.

    It stands below `output.reported`, which prints what is refused here.
    """

    @wraps(command)
    def gathered(*arguments: Any, amount: str, **rest: Any) -> Any:
        said = [(field, text) for field in _SAID for text in rest.pop(field)]
        overrides = dict(_parse_override(field, text) for field, text in said)
        return command(
            *arguments, amount=_number(amount, name="bad_amount", what="dollars"), overrides=overrides, **rest
        )

    decorated: Command = gathered
    for option in (
        click.option("--minutes", multiple=True, metavar="STEP=N", help="A step takes so many minutes."),
        click.option("--flat", "fee_usd", multiple=True, metavar="STEP=USD", help="A step costs so many dollars."),
        click.option("--fee", "fee_pct", multiple=True, metavar="STEP=PCT", help="A step costs so many percent."),
        click.option("--amount", default="200", show_default=True, metavar="USD", help="Dollars sent."),
    ):
        decorated = option(decorated)
    return decorated


def _parse_override(field: str, text: str) -> tuple[tuple[str, str], Decimal]:
    """STEP=NUMBER."""
    step, sign, number = text.partition("=")
    if not sign:
        raise ParameterError(f"{text[:40]!r}: write a step and a number, such as on_ramp=0.5")
    return (step.strip().replace("-", "_"), field), _number(number, name="bad_parameter", what=step.strip())


def _number(text: str, *, name: str, what: str) -> Decimal:
    """A decimal number as somebody types it."""
    try:
        if len(text) > 24:
            raise InvalidOperation
        return Decimal(text.strip())
    except InvalidOperation as error:
        raise ParameterError(f"{what}: {text[:40]!r} is no number", name=name) from error
