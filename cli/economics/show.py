"""`mithqal reserve show`: what stands behind each coin of a network."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import options, output
from cli.exits import INVARIANT, OK
from cli.viewing import reading_wallet
from node.client.amounts import format_amount
from node.client.network import load_network

if TYPE_CHECKING:
    from economy.statement.backing import Reserve


@click.command()
@options.network
@options.as_json
@output.reported
def show(directory: Path, as_json: bool) -> int:
    """Show supply, receipts and what custodians hold of each coin; supply is proved from the network's waypoint.

    Exit 8 if custodians hold less than is in circulation.
    """
    from economy.statement.backing import read_reserve
    from economy.statement.books import read_books, sums_of

    network = load_network(directory)
    entries = sums_of(read_books(directory))
    reserve = read_reserve(reading_wallet(network).client, network.waypoint, entries)
    output.result(reserve.to_json(), lines_of(reserve), as_json=as_json)
    return OK if reserve.is_covered else INVARIANT


def lines_of(reserve: "Reserve") -> list[str]:
    """A reserve for people."""
    lines = [f"The reserve at version {reserve.version}, amounts in whole coins"]
    for coin in reserve.coins:
        waiting = f", {format_amount(coin.waiting)} of it to be burned" if coin.waiting else ""
        coverage = f"{coin.coverage_pct} %" if coin.coverage_pct else "nothing in circulation"
        missing = f"; {format_amount(coin.shortfall)} ARE MISSING" if coin.shortfall else ""
        lines.append(
            f"  {coin.coin}  supply {format_amount(coin.supply)}{waiting}; receipts {format_amount(coin.receipts)};"
            f" custodian holds {_signed(coin.held)}; coverage {coverage}{missing}"
        )
    basket = reserve.basket
    parts = ", ".join(f"{format_amount(part['held'])} {part['currency']}" for part in basket["parts"])
    lines.append(f"  {basket['currency']}  supply {format_amount(basket['supply'])}; stands on {parts}")
    lines.append("  every coin is covered" if reserve.is_covered else "  NOT COVERED")
    signers = ", ".join(reserve.signers) or "nobody"
    lines.append(f"  supply and receipts proved from {reserve.waypoint}, signed by {signers}")
    return [*lines, "  custodians and their money are simulated"]


def _signed(micro: int) -> str:
    """An amount that may be below 0."""
    return format_amount(micro) if micro >= 0 else f"-{format_amount(-micro)}"
