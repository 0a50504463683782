"""`mithqal genesis`: what a network starts from."""

import datetime
from pathlib import Path
from typing import Any

import click

from cli import options, output
from cli.exits import OK
from cli.money import day_of, genesis_rates
from node.client.amounts import format_amount
from node.client.network import GENESIS_FILE
from node.localnet.genesis import CHAIN_ID, TEST_CHAIN_IDS, describe, load_genesis, write_genesis
from node.localnet.start import load_checked

CHAINS = ", ".join(f"{number} {name}" for number, name in TEST_CHAIN_IDS.items())
DECIMALS = 9


@click.group()
def genesis() -> None:
    """Make and read the document that a network starts from."""


@genesis.command()
@click.option("-o", "--output", "target", type=click.Path(path_type=Path), required=True, help="Directory or file.")
@click.option("--validators", type=click.IntRange(1, 16), default=4, show_default=True)
@click.option("--seed", type=click.IntRange(0), help="The same keys each time: unsafe, for demonstrations.")
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="Of the exchange rates; default: the newest.")
@click.option("--chain-id", type=int, default=CHAIN_ID, show_default=True, help=f"Test chains only: {CHAINS}.")
@options.as_json
@output.reported
def build(
    target: Path, validators: int, seed: int | None, date: datetime.datetime | None, chain_id: int, as_json: bool
) -> int:
    """Make the keys of a new network and its genesis.

    A directory gets `genesis.bin` and the keys; beside a file (a name with a suffix) the keys lie in FILE.keys.
    """
    day = day_of(date)
    file, keys = write_genesis(target, validators, genesis_rates(day), seed=seed, chain_id=chain_id)
    document = {
        "file": str(file), "keys": str(keys), "rates_date": day.date.isoformat(), **describe(load_genesis(file))
    }  # fmt: skip
    lines = [
        f"genesis   {file}, rates of {day.date}",
        f"hash      {document['genesis_hash']}",
        f"waypoint  {document['waypoint']}",
        f"keys      {keys}: validator-N/keys for each validator, the roots' in keys",
        f"next: mithqal node init {keys}/validator-0 --genesis {file} --base-port 7000",
    ]
    output.result(document, lines, as_json=as_json)
    return OK


@genesis.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@options.network
@options.as_json
@output.reported
def show(file: Path | None, directory: Path, as_json: bool) -> int:
    """Show a genesis: FILE, or the network's own."""
    if file is None:
        document = describe(load_checked(directory)[1])
    else:
        document = describe(load_genesis(file / GENESIS_FILE if file.is_dir() else file))
    output.result(document, list(_lines(document)), as_json=as_json)
    return OK


def _lines(found: dict[str, Any]) -> list[str]:
    """The document for people."""
    moment = datetime.datetime.fromtimestamp(found["timestamp_us"] / 1_000_000, datetime.UTC)
    lines = [
        f"chain       {found['chain_id']} ({TEST_CHAIN_IDS.get(found['chain_id'], 'no test chain')})",
        f"hash        {found['genesis_hash']}",
        f"waypoint    {found['waypoint']}",
        f"time        {moment:%Y-%m-%d %H:%M:%S} UTC",
        f"limit       {format_amount(found['dual_attestation_limit'])} XDX: from there on both providers attest",
        f"validators  {len(found['validators'])}",
    ]
    lines += [f"  {item['name']:14} consensus key {item['consensus_key']}" for item in found["validators"]]
    lines.append("currencies")
    for item in found["currencies"]:
        kind = "a basket, never minted" if item["is_synthetic"] else f"custodian {item['custodian_key']}"
        lines.append(f"  {item['code']}  {_decimal(item['rate_fixed_point32']):>16} XDX  {kind}")
    lines.append(f"local currencies  {len(found['local_rates'])}")
    lines += [f"  {item['currency']}  {_decimal(item['rate_fixed_point32']):>16} XDX" for item in found["local_rates"]]
    return lines


def _decimal(rate: int) -> str:
    """A 32-bit fixed-point rate as a decimal, cut off after nine places."""
    whole, fraction = divmod(rate * 10**DECIMALS >> 32, 10**DECIMALS)
    return f"{whole}.{fraction:0{DECIMALS}d}"
