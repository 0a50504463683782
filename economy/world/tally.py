"""What a run adds up as it goes: transactions by kind, refusals by rule, volumes by corridor, and a line a day."""

from collections.abc import Sequence
from typing import Any

from chain.accounts import Currency, currency_key
from chain.codec import decode
from chain.entries import TransactionInfo
from chain.execution.outcome import POLICY_REASONS, explain_abort
from chain.ledger import Ledger, read_tip
from economy.basket import COIN_CURRENCY
from economy.world.cast import Cast
from economy.world.committee import Ran
from economy.world.orders import Order

EXECUTED = "executed"


def refusal_of(ran: Ran) -> str | None:
    """Why a kept transaction failed: the policy's name, else the reason; None if it did not."""
    if ran.has_events:
        return None
    status = TransactionInfo.from_bytes(ran.info).status
    if status.kind != "move_abort":
        return None if status.kind == EXECUTED else status.kind
    reason = explain_abort(status.module, status.code)[1]
    return POLICY_REASONS.get(reason, reason)


class Tally:
    """Sums of a run; all of them are whole numbers."""

    def __init__(self, cast: Cast) -> None:
        """Nothing yet."""
        self._cast = cast
        self.transactions = 0
        self.blocks = 0
        self.kinds: dict[str, int] = {}
        self.refused: dict[str, int] = {}
        self.corridors: dict[str, dict[str, int]] = {}
        """Micro-units sent abroad, by "US-IN" and coin; `count` beside them."""
        self.minted: dict[str, int] = {}
        self.burned: dict[str, int] = {}
        self.ran: dict[str, int] = {}
        """Micro-units that people turned into money in the wave."""
        self.runners = 0
        self.days: list[dict[str, Any]] = []

    def add(self, order: Order, refusal: str | None) -> None:
        """One transaction."""
        self.transactions += 1
        self.kinds[order.kind] = self.kinds.get(order.kind, 0) + 1
        if refusal is not None:
            self.refused[refusal] = self.refused.get(refusal, 0) + 1
            return
        if order.kind == "remittance":
            name = f"{self._cast.country(order.sender)}-{self._cast.country(order.payee)}"
            row = self.corridors.setdefault(name, {"count": 0})
            row["count"] += 1
            row[order.coin] = row.get(order.coin, 0) + order.amount
        elif order.kind in ("mint", "burn"):
            sums = self.minted if order.kind == "mint" else self.burned
            coin = str(order.arguments[0])
            sums[coin] = sums.get(coin, 0) + order.amount
        elif order.kind == "run":
            self.runners += 1
            self.ran[order.coin] = self.ran.get(order.coin, 0) + order.amount

    def end_day(self, ledger: Ledger, date: str, orders: Sequence[Order], refused: int) -> None:
        """A line of the day."""
        supply = {coin: coin_of(ledger, coin).total_value for coin in COIN_CURRENCY}
        waiting = {coin: coin_of(ledger, coin).preburn_value for coin in COIN_CURRENCY}
        self.days.append({
            "date": date, "transactions": len(orders), "refused": refused, "supply": supply,
            "waiting": {coin: amount for coin, amount in waiting.items() if amount},
            "people": sum(1 for person in self._cast.people if person.joins <= len(self.days)),
        })  # fmt: skip

    _SUMS = (
        "transactions", "blocks", "kinds", "refused", "corridors", "minted", "burned", "ran", "runners", "days",
    )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """All sums."""
        return {name: getattr(self, name) for name in self._SUMS}

    def load(self, value: dict[str, Any]) -> None:
        """Read `to_json`."""
        for name in self._SUMS:
            setattr(self, name, value[name])


def coin_of(ledger: Ledger, code: str) -> Currency:
    """A coin of the committed ledger."""
    record = ledger.state.get(currency_key(code))
    assert isinstance(record, Currency)
    return record


def tip_of(meta: bytes) -> tuple[int, str]:
    """Version and state root of the durable tip, from its row."""
    tip = read_tip(decode(meta))
    return tip.version, tip.state_root.hex()
