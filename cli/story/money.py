"""The reserve's side of the story: coins against receipts, and back; and the count of everything at the end."""

from typing import Any

from chain.errors import MithqalError
from cli.story.cast import COIN, FUNDED
from cli.story.stage import Stage
from node.client.amounts import format_amount
from node.client.operations.treasury import burn, preburn
from node.client.wallets.calls import execute_calls, payment
from node.localnet.bootstrap import DEALERS, MINTED, float_calls, mint_calls
from node.localnet.genesis import COINS
from node.view.text import coins, money

RETURNED = 250_000 * COIN
"""What a dealer sends back to the treasury, in micro-XUS."""


def reserve(stage: Stage) -> None:
    """Dealers pay into the reserve, the treasury mints against the custodians' receipts, dealers sell the coins."""
    wallet = stage.wallet
    minted = execute_calls(wallet, mint_calls(wallet))
    stage.say(f"   {' and '.join(DEALERS)} pay into the reserve; each currency's custodian signs receipts for it")
    stage.say(f"   the treasury mints {coins(MINTED)} of each coin to each, naming the receipt: {len(minted)} mints")
    sales = [payment(DEALERS[0], wallet.find(person.name), amount, coin) for person, coin, amount in FUNDED]
    execute_calls(wallet, [*float_calls(wallet), *sales])
    buyers = ", ".join(f"{person.name} {money(amount, coin)}" for person, coin, amount in FUNDED)
    stage.say(f"   {DEALERS[0]} sells coins to the wallet providers and their customers: {buyers}")


def redemption(stage: Stage) -> None:
    """A dealer sends coins back; the treasury burns them and a receipt is released. Then everything is counted."""
    wallet, dealer = stage.wallet, DEALERS[1]
    preburn(wallet, dealer, RETURNED, "XUS")
    burned = burn(wallet, dealer, RETURNED, "XUS")
    amount = coins(RETURNED)
    stage.say(
        f"   {dealer} returns {amount} XUS; burned at version {burned['version']}, and as much of the receipts released"
    )
    totals = count(stage)
    stage.document["totals"] = totals
    stage.say("         " + "".join(f"{head:>20}" for head in ("supply", "balances", "preburn", "fees", "receipts")))
    for code, row in totals.items():
        stage.say(f"   {code}   " + "".join(f"{format_amount(value):>20}" for value in row.values()))
    stage.say(f"   balances + preburn + fees = supply = receipts, to the micro-unit, in {', '.join(COINS)}")


def count(stage: Stage) -> dict[str, dict[str, int]]:
    """Totals by currency in micro-units, of one validator; MithqalError `conservation` if money was made or lost.

    Balances are summed account by account over everybody in the book, and nobody else has an account; receipts are
    counted apart from supply (docs/protocol.md, L6).
    """
    client = stage.wallet.client
    sums: dict[str, int] = {}
    for address in sorted({entry.address.hex() for entry in stage.wallet.entries()}):
        for item in client.call("get_account", address)["balances"]:
            sums[item["currency"]] = sums.get(item["currency"], 0) + item["amount"]
    currencies = [item for item in client.call("get_currencies") if not item["is_synthetic"]]
    return {item["code"]: _row(item, sums.get(item["code"], 0)) for item in currencies}


def _row(currency: dict[str, Any], balances: int) -> dict[str, int]:
    """One currency's totals."""
    row: dict[str, int] = {
        "supply": currency["total_value"], "balances": balances, "preburn": currency["preburn_value"],
        "fees": currency["fees"], "receipts": currency["receipts_deposited"] - currency["receipts_released"],
    }  # fmt: skip
    if row["balances"] + row["preburn"] + row["fees"] != row["supply"] or row["receipts"] != row["supply"]:
        raise MithqalError(f"{currency['code']}: the totals do not agree: {row}", name="conservation", **row)
    return row
