"""The world itself: what happens on a day, planned from what the ledger was seen to say.

A plan is a function of the seed, the scenario, the day and what was seen before: never of the wall clock or of how many
processes sign. `to_json` is all that it remembers, so that a run that is continued goes on as if it had never stopped.
"""

from typing import Any

from economy.world.dealers import Dealers
from economy.world.opening import founding, joining
from economy.world.orders import Order
from economy.world.people import People
from economy.world.regulator import Regulator
from economy.world.scene import Scene

FOUNDING_DAY = -2
"""So that whoever is founded is there on the first day."""


class World:
    """Those who act. Call `plan_founding` once, then `plan` for each day in order; `see` follows a day behind."""

    def __init__(self, scene: Scene) -> None:
        """Nothing is planned yet."""
        self.scene = scene
        self.dealers = Dealers(scene)
        self.people = People(scene, self.dealers)
        self.regulator = Regulator(scene)

    def plan_founding(self) -> list[list[Order]]:
        """What comes before the first day."""
        self.scene.day = FOUNDING_DAY
        return [*founding(self.scene, self.dealers), *self.regulator.opening()]

    def plan(self, day: int) -> list[Order]:
        """A day's orders; each sender's are numbered in the order of the blocks later."""
        self.scene.day = day
        self.scene.book.begin_day()
        orders = joining(self.scene)
        orders += self.regulator.plan()
        orders += self.people.plan()
        orders += self.dealers.settle()
        return sorted(orders, key=lambda order: order.slot)

    def see(self, outcome: dict[str, Any]) -> None:
        """Learn what the ledger says after a day (`simulate.Outcome`)."""
        scene = self.scene
        scene.book.see({int(actor): coins for actor, coins in outcome["balances"].items()})
        scene.supply = outcome["supply"]
        scene.xdx_rates = outcome["rates"]
        self.people.see(outcome)

    def to_json(self) -> dict[str, Any]:
        """All that the next day needs."""
        scene = self.scene
        return {
            "day": scene.day, "book": scene.book.to_json(), "people": self.people.to_json(),
            "dealers": self.dealers.to_json(), "opened": sorted(map(list, scene.opened.items())),
            "postponed": scene.postponed, "supply": scene.supply, "rates": scene.xdx_rates,
        }  # fmt: skip

    def load(self, value: dict[str, Any]) -> None:
        """Read `to_json`."""
        scene = self.scene
        scene.day, scene.postponed = value["day"], value["postponed"]
        scene.supply, scene.xdx_rates = dict(value["supply"]), dict(value["rates"])
        scene.opened = {actor: day for actor, day in value["opened"]}  # noqa: C416 - pairs are lists in JSON
        scene.book.load(value["book"])
        self.people.load(value["people"])
        self.dealers.load(value["dealers"])
