"""The world itself: what happens on a day, planned from what the ledger was seen to say.

A plan is a function of the seed, the scenario, the day and what was seen before: never of the wall clock or of how many
processes sign. `to_json` is all that it remembers, so that a run that is continued goes on as if it had never stopped.
"""

import datetime
from typing import Any

from chain.crypto.signing import PrivateKey
from chain.execution.attestation import attestation_message
from economy.basket import COIN_CURRENCY
from economy.countries import COUNTRIES
from economy.world.book import Book
from economy.world.cast import Cast, cast_of
from economy.world.dealers import Dealers
from economy.world.opening import founding, joining
from economy.world.orders import Order
from economy.world.people import People
from economy.world.rates import RateTable
from economy.world.regulator import Regulator
from economy.world.scenario import Scenario
from node.keystore import derive_secret

FOUNDING_DAY = -2
"""So that whoever is founded is there on the first day."""
LIMIT_MICRO_XDX = 1_000_000_000
"""From which two providers must attest, as genesis sets it."""


class World:
    """One run's world. Call `plan_founding` once, then `plan` for each day in order; `see` follows a day behind."""

    def __init__(
        self, scenario: Scenario, people: int, seed: int, rates: RateTable, genesis_hash: bytes
    ) -> None:
        """Draw the cast."""
        self.scenario, self.seed, self.rates, self.genesis_hash = scenario, seed, rates, genesis_hash
        self.cast: Cast = cast_of(scenario, people, seed)
        self.coins = tuple(coin for coin in COIN_CURRENCY if coin in {place.coin for place in scenario.places})
        self.local_currencies = tuple(
            sorted({COUNTRIES[place.code].currency for place in scenario.places} - set(COIN_CURRENCY.values()))
        )
        self.day = 0
        self.book = Book()
        self.opened: dict[int, int] = {}
        """Day on which each account of a member was asked for."""
        self.postponed = 0
        """Sales that had to wait for a business day."""
        self.supply: dict[str, int] = {}
        """Micro-units of each coin, as last seen."""
        self.xdx_rates: dict[str, int] = {}
        """32-bit fixed point, as last seen."""
        self.limit = self._limit()
        """The provider under an account limit, the coin, and micro-units that it may send in 24 hours."""
        self.dealers = Dealers(self)
        self.people = People(self)
        self.regulator = Regulator(self)

    def _limit(self) -> tuple[int, str, int] | None:
        """The scenario's limit in numbers."""
        limit, cast = self.scenario.limit, self.cast
        if limit is None:
            return None
        provider = next(number for number in cast.providers if cast.actors[number].name == limit.provider)
        people = sum(1 for person in cast.people if cast.actors[person.actor].provider == provider)
        return provider, limit.coin, max(1, limit.outflow_each * people)

    # --- the day ---

    @property
    def date(self) -> datetime.date:
        """The day's date."""
        return self.date_of(self.day)

    def date_of(self, day: int) -> datetime.date:
        """The date of a day of the run."""
        return self.scenario.start + datetime.timedelta(days=day)

    @property
    def is_business_day(self) -> bool:
        """Whether rates are set on it."""
        return self.rates.is_business_day(self.date)

    @property
    def last_slot(self) -> int:
        """Number of the day's last block."""
        return self.scenario.blocks_a_day - 1

    def is_first_business_day(self, day_of_month: int) -> bool:
        """Whether this is the first business day of its month from that day on."""
        if not self.is_business_day or self.date.day < day_of_month:
            return False
        earlier = self.date - datetime.timedelta(days=1)
        while earlier.month == self.date.month and earlier.day >= day_of_month:
            if self.rates.is_business_day(earlier):
                return False
            earlier -= datetime.timedelta(days=1)
        return True

    @property
    def is_wave_on(self) -> bool:
        """Whether people run and a stay is in force."""
        wave = self.scenario.wave
        return wave is not None and 0 <= (self.date - wave.first).days < wave.days

    @property
    def wave_end(self) -> int:
        """The day of the run after the wave."""
        wave = self.scenario.wave
        assert wave is not None
        return (wave.first - self.scenario.start).days + wave.days

    def stay_room(self, coin: str) -> int | None:
        """Micro-units that may be burned of a coin on this day; None while no stay is in force."""
        wave = self.scenario.wave
        if wave is None or not self.is_wave_on:
            return None
        return int(self.supply.get(coin, 0) * wave.stay)

    # --- plans ---

    def plan_founding(self) -> list[list[Order]]:
        """What comes before the first day."""
        self.day = FOUNDING_DAY
        return founding(self)

    def plan(self, day: int) -> list[Order]:
        """A day's orders; each sender's are numbered in the order of the blocks later."""
        self.day = day
        self.book.begin_day()
        orders = joining(self)
        orders += self.regulator.plan()
        orders += self.people.plan()
        orders += self.dealers.settle()
        return sorted(orders, key=lambda order: order.slot)

    def see(self, outcome: dict[str, Any]) -> None:
        """Learn what the ledger says after a day (`simulate.outcome_of`)."""
        self.book.see({int(actor): coins for actor, coins in outcome["balances"].items()})
        self.supply = outcome["supply"]
        self.xdx_rates = outcome["rates"]
        self.people.see(outcome)

    # --- what the plans ask ---

    def has_account(self, actor: int) -> bool:
        """Whether an actor's account is there for certain: it was asked for the day before yesterday, or earlier."""
        return self.opened.get(actor, self.day) < self.day - 1

    def may_need_attestation(self, coin: str, amount: int) -> bool:
        """Whether a payment comes near the limit at the rates last seen."""
        return (amount * self.xdx_rates.get(coin, 1 << 32) >> 32) * 10 >= 9 * LIMIT_MICRO_XDX

    def attest(self, payee: int, payer: int, amount: int, metadata: bytes) -> bytes:
        """The signature of the payee's provider over a payment."""
        actors = self.cast.actors
        provider = actors[actors[payee].provider].name
        key = PrivateKey(derive_secret(self.seed, f"compliance/{provider}"))
        return key.sign(attestation_message(metadata, actors[payer].address, amount))

    def to_json(self) -> dict[str, Any]:
        """All that the next day needs."""
        return {
            "day": self.day, "book": self.book.to_json(), "people": self.people.to_json(),
            "dealers": self.dealers.to_json(), "opened": sorted(map(list, self.opened.items())),
            "postponed": self.postponed, "supply": self.supply, "rates": self.xdx_rates,
        }  # fmt: skip

    def load(self, value: dict[str, Any]) -> None:
        """Read `to_json`."""
        self.day, self.postponed = value["day"], value["postponed"]
        self.supply, self.xdx_rates = dict(value["supply"]), dict(value["rates"])
        self.opened = {actor: day for actor, day in value["opened"]}  # noqa: C416 - pairs are lists in JSON
        self.book.load(value["book"])
        self.people.load(value["people"])
        self.dealers.load(value["dealers"])
