"""Who has more and who has less after a transaction: double entry, one line a party and currency.

Each event that moves coins is a posting with two sides, and so is the fee, so the lines of a currency sum to zero; a
sum that is not zero would show that the ledger's events contradict each other. Coins that are minted come from
`supply`, coins that are burned go there; fees stay in the currency's pot; coins that wait to be burned lie in the
dealer's queue.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from chain.accounts import TREASURY
from node.view.names import NOBODY, Names

Json = Any

ACCOUNT, QUEUE, FEES, SUPPLY, BASKET = "account", "preburn_queue", "fees", "supply", "basket"


class Change(NamedTuple):
    """What one party has more (or less) of one currency, in micro-units."""

    kind: str
    """`account`, `preburn_queue`, `fees`, `supply` or `basket` (the reserve of a synthetic coin)."""
    address: str | None
    """Of an account, or of the dealer whose queue it is."""
    currency: str
    amount: int

    def party(self, names: Names) -> str:
        """The party in words."""
        if self.address is None:
            return {FEES: "fees", SUPPLY: "issuer (supply)", BASKET: "reserve of the basket"}[self.kind]
        name = names.of(self.address)
        return f"burn queue of {name}" if self.kind == QUEUE else name

    def to_json(self, names: Names) -> dict[str, Json]:
        """An entry of `balance_changes`."""
        return {
            "kind": self.kind, "party": self.party(names), "address": self.address, "currency": self.currency,
            "amount": self.amount,
        }  # fmt: skip


def balance_changes(transaction: Json) -> list[Change]:
    """The changes of a Transaction of JSON-RPC that was asked for with its events, in the order in which they arise."""
    sums: dict[tuple[str, str | None, str], int] = {}

    def post(kind: str, address: str | None, currency: str, amount: int) -> None:
        place = kind, address, currency
        sums[place] = sums.get(place, 0) + amount

    for event in transaction["events"]:
        _post_event(post, event["data"])
    body = transaction["transaction"]
    if body["type"] == "user":
        fee = transaction["gas_used"] * body["gas_unit_price"]
        post(ACCOUNT, body["fee_payer"] or body["sender"], body["gas_currency"], -fee)
        post(FEES, None, body["gas_currency"], fee)
    return [Change(*place, amount) for place, amount in sums.items() if amount]


def _post_event(post: Callable[[str, str | None, str, int], None], data: Json) -> None:
    """Both sides of what one event moves; most types move nothing."""
    moved = data.get("amount")
    if moved is None:
        return
    amount, currency = moved["amount"], moved["currency"]
    match data["type"]:
        case "sentpayment":
            post(ACCOUNT, data["sender"], currency, -amount)
        case "receivedpayment":
            post(ACCOUNT, data["receiver"], currency, amount)
            if data["sender"] == NOBODY:
                post(SUPPLY, None, currency, -amount)
        case "preburn":
            post(QUEUE, data["preburn_address"], currency, amount)
            if data["preburn_address"] == TREASURY.hex():  # the treasury burns fees; a dealer's coins were `sent`
                post(FEES, None, currency, -amount)
        case "cancelburn":
            post(QUEUE, data["preburn_address"], currency, -amount)
        case "burn":
            post(QUEUE, data["preburn_address"], currency, -amount)
            post(SUPPLY, None, currency, amount)
        case "compose":
            _post_basket(post, data, 1)
        case "decompose":
            _post_basket(post, data, -1)
        case _:
            pass


def _post_basket(post: Callable[[str, str | None, str, int], None], data: Json, sign: int) -> None:
    """A synthetic coin against the coins in its reserve: of a dealer, or of the fees that the treasury burns."""
    amount, currency = data["amount"]["amount"], data["amount"]["currency"]
    is_fees = data["dealer_address"] == TREASURY.hex()
    kind, address = (FEES, None) if is_fees else (ACCOUNT, data["dealer_address"])
    post(kind, address, currency, sign * amount)
    post(SUPPLY, None, currency, -sign * amount)
    for part in data["parts"]:
        post(BASKET, None, part["currency"], sign * part["amount"])
        post(kind, address, part["currency"], -sign * part["amount"])


def sums_by_currency(changes: list[Change]) -> dict[str, int]:
    """What the changes of each currency add up to: zero each."""
    sums: dict[str, int] = {}
    for change in changes:
        sums[change.currency] = sums.get(change.currency, 0) + change.amount
    return sums
