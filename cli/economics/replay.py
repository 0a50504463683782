"""`mithqal reserve replay`: a crisis of history, and each regime's answer."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="Name every crisis there is.")
@click.option("--policy", default="all", show_default=True, help="One regime of `reserve presets`, or all.")
@click.option("--plot", "plot_file", type=_FILE, help="Write the picture, as SVG.")
@click.option("--html", "html_file", type=_FILE, help="Write a page with pictures.")
@options.as_json
@output.reported
def replay(
    name: str | None, listed: bool, policy: str, plot_file: Path | None, html_file: Path | None, as_json: bool
) -> int:
    """Replay the crisis called NAME: facts with their sources, then what each regime would have done.

    What a regime would have done is model output. Crises of exchange rates are computed again from the ECB's
    reference rates; usdc-2023 runs by the hour.
    """
    from economy.replay.catalogue import catalogue, check_name, policies, replay_document, replay_lines

    if listed:
        entries = catalogue()
        rows = [f"{entry.name:<24} {entry.first_day}  {entry.kind:<6}  {entry.title}" for entry in entries]
        output.result({"crises": [entry._asdict() for entry in entries]}, rows, as_json=as_json)
        return OK
    if name is None:
        raise click.UsageError("name a crisis, or use --list")
    check_name(name)
    document = replay_document(name, policies(policy))
    if plot_file is not None or html_file is not None:
        from economy.report.files import write_text
        from economy.report.reserve import replay_chart, replay_page

        if html_file is not None:
            write_text(html_file, replay_page(document))
        if plot_file is not None:
            write_text(plot_file, replay_chart(document))
    output.result(document, replay_lines(document), as_json=as_json)
    return OK
