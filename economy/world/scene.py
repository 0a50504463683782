"""What everybody in the world can see of a day: the cast, the book, the date, and what the ledger last said."""

import datetime

from chain.civil import day_number, day_start_us
from chain.crypto.signing import PrivateKey
from chain.execution.attestation import attestation_message
from economy.basket import COIN_CURRENCY
from economy.countries import COUNTRIES
from economy.world.book import Book
from economy.world.cast import Cast, cast_of
from economy.world.rates import RateTable
from economy.world.scenario import Scenario
from node.keystore import derive_secret

LIMIT_MICRO_XDX = 1_000_000_000
"""From which two providers must attest, as genesis sets it."""


def midnight_us(date: datetime.date) -> int:
    """When a day begins, in the ledger's time."""
    return day_start_us(day_number(date.year, date.month, date.day))


class Scene:
    """One run's world, without those who act in it."""

    def __init__(self, scenario: Scenario, people: int, seed: int, rates: RateTable, genesis_hash: bytes) -> None:
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
