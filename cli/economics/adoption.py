"""`mithqal reserve adoption`: how payments spread through messaging apps, and what that does to the reserve."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from cli import options, output
from cli.exits import OK
from economy.errors import ParameterError

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), help="Last day.  [default: 2027-12-31]")
@click.option("--years", type=click.IntRange(1, 50), help="So many years from the first launch, instead of --to.")
@click.option("--country", "countries", multiple=True, metavar="CODE", help="Only this country; again for more.")
@click.option(
    "--identity", default="one", show_default=True, metavar="one|each", help="One for all apps, or each its own."
)
@click.option("--holding", default="payments", show_default=True, metavar="payments|savings|fund|EUR",
              help="What a user holds: a case of the ECB, or euros.")  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Another number for a parameter.")
@click.option("--rollout", type=_FILE, metavar="FILE", help="Countries and parameters of one's own.")
@click.option("--agents", type=int, metavar="N", help="By N single people in each country, not in closed form.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the agents.")
@click.option("--csv", type=_FILE, metavar="FILE", help="Every country and month as CSV.")
@click.option("--html", type=_FILE, metavar="FILE", help="A page with pictures.")
@click.option("--plot", type=_FILE, metavar="FILE.svg", help="Users by country as a picture.")
@options.as_json
@output.reported
def adoption(as_json: bool, **wanted: Any) -> int:
    """Show how payments spread through messaging apps country by country, in closed form or by agents.

    Caps on users (India) and halts (Brazil) by their dates; volume between people, in shops and sent home; the size of
    the reserve, the income of its float, the value of advertising; and the three sizes that the ECB worked out.
    """
    from economy.adoption.agents import with_agents
    from economy.adoption.model import closed_form
    from economy.adoption.summary import Order, document, find_scenario, lines, report

    rollout = _rollout(wanted)
    order = Order(rollout, _last(wanted, min(place.terms.launch for place in rollout.places)),
                  find_scenario(wanted["holding"]), wanted["identity"])  # fmt: skip
    if wanted["agents"] is None:
        found = report(order, closed_form)
    else:
        how = f"{wanted['agents']:,} agents in each country, seed {wanted['seed']}"
        found = report(order, with_agents(wanted["agents"], wanted["seed"]), how)
    _write(found, wanted)
    output.result(document(found), lines(found), as_json=as_json)
    return OK


def _rollout(wanted: dict[str, Any]) -> Any:
    """The countries and parameters that are asked for."""
    from economy.adoption.rollout import read_rollout, shipped

    rollout = shipped() if wanted["rollout"] is None else read_rollout(wanted["rollout"])
    values = {}
    for text in wanted["settings"]:
        name, _, number = text.partition("=")
        try:
            values[name.strip().replace("-", "_")] = float(number)
        except ValueError as error:
            raise ParameterError(f"{text[:40]!r}: write a name and a number, such as q=1.5") from error
    return rollout.only(tuple(code.upper() for code in wanted["countries"])).changed(values)


def _last(wanted: dict[str, Any], first: date) -> date:
    """The last day."""
    from economy.adoption.summary import DEFAULT_LAST

    last: datetime | None = wanted["last"]
    if last is not None and wanted["years"] is not None:
        raise ParameterError("--to and --years are two words for the same: give one", name="bad_argument")
    if wanted["years"] is not None:
        return first.replace(year=first.year + wanted["years"], day=min(first.day, 28))
    return DEFAULT_LAST if last is None else last.date()


def _write(found: Any, wanted: dict[str, Any]) -> None:
    """The files that were asked for."""
    from economy.report.files import csv_text, write_text

    if wanted["csv"] is not None:
        from economy.adoption.summary import rows

        write_text(wanted["csv"], csv_text(*rows(found)))
    if wanted["html"] is not None or wanted["plot"] is not None:
        from economy.report.adoption import adoption_page, users_chart

        if wanted["html"] is not None:
            write_text(wanted["html"], adoption_page(found))
        if wanted["plot"] is not None:
            write_text(wanted["plot"], users_chart(found))
