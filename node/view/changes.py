"""Who has more and who has less after a transaction: double entry, one line a party and currency.

Each event that moves coins is a posting with two sides, and so is the fee, so the lines of a currency sum to zero; a
sum that is not zero would show that the ledger's events contradict each other. Coins that are minted come from
`supply`, coins that are burned go there; fees stay in the currency's pot; coins that wait to be burned lie in the
dealer's queue.
"""

from typing import Any, NamedTuple

from node.view.names import NOBODY, Names

Json = Any

ACCOUNT, QUEUE, FEES, SUPPLY = "account", "preburn_queue", "fees", "supply"


class Change(NamedTuple):
    """What one party has more (or less) of one currency, in micro-units."""

    kind: str
    """`account`, `preburn_queue`, `fees` or `supply`."""
    address: str | None
    """Of an account, or of the dealer whose queue it is."""
    currency: str
    amount: int

    def party(self, names: Names) -> str:
        """The party in words."""
        if self.address is None:
            return {FEES: "fees", SUPPLY: "issuer (supply)"}[self.kind]
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
        data = event["data"]
        moved = data.get("amount")
        if moved is None:
            continue
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
            case "cancelburn":
                post(QUEUE, data["preburn_address"], currency, -amount)
            case "burn":
                post(QUEUE, data["preburn_address"], currency, -amount)
                post(SUPPLY, None, currency, amount)
            case _:
                pass
    body = transaction["transaction"]
    if body["type"] == "user":
        fee = transaction["gas_used"] * body["gas_unit_price"]
        post(ACCOUNT, body["fee_payer"] or body["sender"], body["gas_currency"], -fee)
        post(FEES, None, body["gas_currency"], fee)
    return [Change(*place, amount) for place, amount in sums.items() if amount]


def sums_by_currency(changes: list[Change]) -> dict[str, int]:
    """What the changes of each currency add up to: zero each."""
    sums: dict[str, int] = {}
    for change in changes:
        sums[change.currency] = sums.get(change.currency, 0) + change.amount
    return sums
