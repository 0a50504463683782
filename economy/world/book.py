"""What everybody may spend: the ledger as it was seen last, less what is under way.

The ledger is seen a day late: while a day is signed and executed, the next one is planned. So a plan counts what the
ledger said two days ago, and of the day under way only what leaves (and what cannot fail to come: mints and the sales
of dealers). What it counts is therefore never above what is there, and no transaction lacks its fee.
"""

from collections.abc import Mapping
from typing import Any

Coins = tuple[tuple[str, int], ...]


class Book:
    """Spendable micro-units by actor and coin, and the number that each actor signs next."""

    def __init__(self) -> None:
        """Nobody has anything."""
        self.free: dict[tuple[int, str], int] = {}
        self.flight: dict[tuple[int, str], int] = {}
        """What the plan of the newest day changes; the ledger has not said so yet."""
        self.numbers: dict[int, int] = {}

    def begin_day(self) -> None:
        """The next plan: what the last one changed stays counted until the ledger is seen."""
        self.flight = {}

    def has(self, actor: int, coin: str) -> int:
        """What it may spend."""
        return self.free.get((actor, coin), 0)

    def change(self, actor: int, coin: str, amount: int) -> None:
        """Count micro-units that leave (below 0) or that cannot fail to come."""
        key = actor, coin
        self.free[key] = self.free.get(key, 0) + amount
        self.flight[key] = self.flight.get(key, 0) + amount

    def next_number(self, actor: int) -> int:
        """Take the actor's next number."""
        number = self.numbers.get(actor, 0)
        self.numbers[actor] = number + 1
        return number

    def see(self, balances: Mapping[int, Coins]) -> None:
        """What the ledger says after a day, of everybody whom that day touched."""
        flight, free = self.flight, self.free
        for actor, coins in balances.items():
            for coin, amount in coins:
                free[actor, coin] = amount + flight.get((actor, coin), 0)

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "free": [[*key, amount] for key, amount in sorted(self.free.items())],
            "flight": [[*key, amount] for key, amount in sorted(self.flight.items())],
            "numbers": sorted(map(list, self.numbers.items())),
        }

    def load(self, value: dict[str, Any]) -> None:
        """Read `to_json`."""
        self.free = {(actor, coin): amount for actor, coin, amount in value["free"]}
        self.flight = {(actor, coin): amount for actor, coin, amount in value["flight"]}
        self.numbers = {actor: number for actor, number in value["numbers"]}  # noqa: C416 - pairs are lists in JSON
