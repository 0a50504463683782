"""`mithqal reserve statement`: custodians' signed word, with proofs of the supply that it stands against."""

from pathlib import Path

import click

from cli import options, output
from cli.economics.show import lines_of
from cli.exits import INVARIANT, OK
from cli.viewing import reading_wallet
from node.client.network import load_network

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("-o", "--output", "target", type=_FILE, help="Write the statement here instead of to stdout.")
@click.option(
    "--verify", "source", type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Verify this statement offline, instead of making one.",
)  # fmt: skip
@click.option("--waypoint", help="What you trust: version:hash; else that of network.json.")
@options.network
@options.as_json
@output.reported
def statement(
    target: Path | None, source: Path | None, waypoint: str | None, directory: Path, as_json: bool
) -> int:  # fmt: skip
    """Make a signed reserve statement, or verify one with no network at all.

    Each coin's custodian signs what it holds; proofs of supply and receipts lie beside it. It is simulated, and no
    attestation. Exit 8 if it does not hold, or if it holds and the coins are not covered.
    """
    from economy.report.files import write_text
    from economy.statement.backing import read_reserve
    from economy.statement.books import read_books, sums_of
    from economy.statement.statement import NOTE, custodian_keys, make_statement, verify_statement

    if source is not None and target is not None:
        raise click.UsageError("a statement is made with -o FILE, or verified with --verify FILE")
    trusted = load_network(directory).waypoint if waypoint is None else waypoint
    if source is not None:
        reserve = verify_statement(source.read_bytes(), trusted)
        document = {"verified": True, "simulated": True, **reserve.to_json()}
        output.result(document, ["the statement holds:", *lines_of(reserve), f"  {NOTE}"], as_json=as_json)
        return OK if reserve.is_covered else INVARIANT
    network = load_network(directory)
    reserve = read_reserve(reading_wallet(network).client, trusted, sums_of(read_books(directory)))
    text = make_statement(reserve, custodian_keys(network.keys))
    if target is None:
        output.result({}, [text.rstrip("\n")], as_json=False)
    else:
        write_text(target, text)
        document = {"file": str(target), "bytes": len(text), "simulated": True, **reserve.to_json()}
        output.result(document, [f"wrote {target}", *lines_of(reserve), f"  {NOTE}"], as_json=as_json)
    output.talk(f"verify it offline: mithqal reserve statement --verify {target or 'FILE'} --waypoint {trusted}")
    return OK if reserve.is_covered else INVARIANT
