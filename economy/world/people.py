"""What people, firms and shops do on a day: wages, purchases, gifts, remittances, top-ups, cash-outs, refunds.

Nobody spends what the book does not have. Whoever is refused learns it two days later, when the ledger is seen: a
payment above a cap is tried again in two parts, a halted corridor is tried again after some days.
"""

from typing import Any

import numpy as np

from chain.metadata import Refund, RefundReason, TravelRule, encode_metadata
from economy.world.cast import Person
from economy.world.chance import stream
from economy.world.dealers import FIRST_FREE_SLOT, Dealers
from economy.world.orders import BATCH, FEE, Order, batch_gas, pay
from economy.world.scene import Scene

WEEKDAYS = (0.9, 0.9, 0.95, 1.0, 1.2, 1.25, 0.8)
"""How much people buy from Monday to Sunday, against the average."""
SPREAD = 0.8
"""Of the logarithm of a purchase."""
TOP_UP_DAYS, TOP_UP_EVERY = 7, 3
"""A top-up lasts for so many days of spending, and nobody tops up more often than so."""
KEEP_DAYS = 30
"""Above so many days of spending, what is left after payday goes to the bank."""
TRY_AGAIN_DAYS = 12
"""After a refusal by a halted corridor."""
BIG, BIG_SHARE = 12, 0.004
"""Now and then somebody sends so many times as much: a tuition, a deposit; it needs the receiving provider's word."""
MOST_REFUNDS_A_DAY = 2_000
PAYDAY_SLOT, WAGE_SLOT = 2, 3
PAYROLL = 400
"""People in one batch: within what a batch may hold."""


class People:
    """The demand side of one scene. What it remembers from day to day is in `to_json`."""

    def __init__(self, scene: Scene, dealers: Dealers) -> None:
        """Nobody has done anything yet."""
        self._scene, self._dealers = scene, dealers
        self.people = scene.cast.people
        self.by_actor = {person.actor: number for number, person in enumerate(self.people)}
        self.next_top_up: dict[int, int] = {}
        """By person: the first day on which it may top up again."""
        self.next_remittance: dict[int, int] = {}
        self.shy_until: dict[int, int] = {}
        """Who left in the wave uses no coins until this day."""
        self.again: list[list[Any]] = []
        """Payments above a cap that are tried again: [payer, payee, amount, coin]."""
        self.refunds: list[list[Any]] = []
        """[shop, payer, amount, coin, version of the purchase]."""
        self.sent_home: dict[int, int] = {}
        """By person: the month in which it last sent money home."""

    def plan(self) -> list[Order]:
        """One day's orders of everybody."""
        scene = self._scene
        rng = stream(scene.seed, "people", scene.day)
        active = [number for number, person in enumerate(self.people) if person.joins < scene.day - 1]
        orders = [*self._try_again(rng), *self._give_back(rng), *self._payday()]
        if scene.is_wave_on:
            orders += self._leave(active, rng)
        orders += self._remittances(active, rng)
        orders += self._purchases(active, rng)
        orders += self._gifts(active, rng)
        orders += self._top_ups(active, rng)
        orders += self._cash_out(active, rng)
        return orders

    # --- helpers ---

    def _slot(self, rng: np.random.Generator) -> int:
        """A block of the day in which people act."""
        return int(rng.integers(FIRST_FREE_SLOT, self._scene.last_slot + 1))

    def _pay(self, kind: str, slot: int, payer: int, payee: int, coin: str, amount: int, **said: bytes) -> Order | None:
        """A payment if the payer can afford it."""
        book = self._scene.book
        if amount <= 0 or book.has(payer, coin) < amount + FEE:
            return None
        book.change(payer, coin, -amount - FEE)
        return pay(kind, slot, payer, payee, self._scene.cast.actors[payee].address, coin, amount, **said)

    def _provider(self, actor: int) -> int:
        return self._scene.cast.actors[actor].provider

    def _is_shy(self, number: int) -> bool:
        return self.shy_until.get(number, 0) > self._scene.day

    # --- every day ---

    def _purchases(self, active: list[int], rng: np.random.Generator) -> list[Order]:
        """Purchases at the shops that a person likes."""
        scene, orders = self._scene, []
        rate = scene.scenario.purchases * WEEKDAYS[scene.date.weekday()]
        counts = rng.poisson(rate, len(active))
        total = int(counts.sum())
        factors = np.exp(rng.normal(-(SPREAD**2) / 2, SPREAD, total))
        picks = rng.integers(0, 1 << 30, total)
        slots = rng.integers(FIRST_FREE_SLOT, scene.last_slot + 1, total)
        drawn = iter(zip(factors.tolist(), picks.tolist(), slots.tolist(), strict=True))
        for number, count in zip(active, counts.tolist(), strict=True):
            person = self.people[number]
            coin = scene.cast.home_coin(person.actor)
            for _ in range(count):
                factor, pick, slot = next(drawn)
                if self._is_shy(number):
                    continue
                shop = person.shops[pick % len(person.shops)]
                order = self._pay("purchase", slot, person.actor, shop, coin, max(1, int(person.spending * factor)))
                if order is not None:
                    orders.append(order)
        return orders

    def _gifts(self, active: list[int], rng: np.random.Generator) -> list[Order]:
        """A little money to friends who are there already."""
        scene, orders = self._scene, []
        is_giving = rng.random(len(active)) < scene.scenario.gifts
        for place in np.nonzero(is_giving)[0].tolist():
            person = self.people[active[place]]
            friends = [friend for friend in person.friends if scene.has_account(friend)]
            if not friends or self._is_shy(active[place]):
                continue
            friend = friends[int(rng.integers(len(friends)))]
            amount = max(1, int(person.spending * float(rng.uniform(0.2, 1.5))))
            order = self._pay("gift", self._slot(rng), person.actor, friend, scene.cast.home_coin(person.actor), amount)
            if order is not None:
                orders.append(order)
        return orders

    def _top_ups(self, active: list[int], rng: np.random.Generator) -> list[Order]:
        """Whoever has little left buys coins from its provider with money of the country."""
        scene, orders = self._scene, []
        for number in active:
            person = self.people[number]
            coin = scene.cast.home_coin(person.actor)
            if scene.book.has(person.actor, coin) >= 2 * person.spending or self._is_shy(number):
                continue
            if self.next_top_up.get(number, 0) > scene.day:
                continue
            amount = int(person.spending * TOP_UP_DAYS * float(rng.uniform(0.7, 1.3)))
            self.next_top_up[number] = scene.day + TOP_UP_EVERY
            orders += self._from_provider("cash_in", self._slot(rng), person.actor, coin, amount)
        return orders

    def _from_provider(self, kind: str, slot: int, actor: int, coin: str, amount: int) -> list[Order]:
        """A provider's sale to one of its own, if anybody has the coins."""
        scene, provider = self._scene, self._provider(actor)
        if not self._dealers.draw(provider, coin, amount):
            scene.postponed += 1
            return []
        return [pay(kind, slot, provider, actor, scene.cast.actors[actor].address, coin, amount)]

    def _cash_out(self, active: list[int], rng: np.random.Generator) -> list[Order]:
        """Coins of other countries at once, savings after payday, and what shops took in, once a week."""
        scene, orders = self._scene, []
        coins = scene.coins
        for number in active:
            person = self.people[number]
            home = scene.cast.home_coin(person.actor)
            for coin in coins:
                held = scene.book.has(person.actor, coin)
                keep = 2 * FEE if coin != home else KEEP_DAYS * person.spending
                if held > keep + 100 * FEE:
                    orders += self._sell("cash_out", self._slot(rng), person.actor, coin, held - keep)
        actors = scene.cast.actors
        for place, shop in enumerate((*scene.cast.shops, *scene.cast.firms)):
            if (scene.day + place) % 7 or not scene.has_account(shop):
                continue
            coin = scene.cast.home_coin(shop)
            held = scene.book.has(shop, coin)
            keep = held // 20 if actors[shop].role == "shop" else 0
            if held - keep > 1_000 * FEE:
                orders += self._sell("cash_out", scene.last_slot, shop, coin, held - keep)
        return orders

    def _sell(self, kind: str, slot: int, actor: int, coin: str, amount: int) -> list[Order]:
        """Coins back to the own provider, which pays money for them."""
        order = self._pay(kind, slot, actor, self._provider(actor), coin, amount - FEE)
        return [] if order is None else [order]

    # --- some days ---

    def _payday(self) -> list[Order]:
        """Employers whose payday it is buy coins and pay everybody in one batch."""
        scene, orders = self._scene, []
        staff: dict[int, list[Person]] = {}
        due = {firm for firm, day in scene.cast.paydays.items() if scene.is_first_business_day(day)}
        if not due:
            return []
        for number, person in enumerate(self.people):
            if person.employer in due and person.joins < scene.day - 1 and not self._is_shy(number):
                staff.setdefault(person.employer, []).append(person)
        for firm, everybody in sorted(staff.items()):
            coin = scene.cast.home_coin(firm)
            for start in range(0, len(everybody), PAYROLL):
                orders += self._payroll(firm, coin, everybody[start : start + PAYROLL])
        return orders

    def _payroll(self, firm: int, coin: str, staff: list[Person]) -> list[Order]:
        """One batch of wages, and the purchase of coins before it."""
        scene, total = self._scene, sum(person.wage for person in staff)
        gas = batch_gas(len(staff))
        missing = total + gas - scene.book.has(firm, coin)
        bought = self._from_provider("payroll_in", PAYDAY_SLOT, firm, coin, missing) if missing > 0 else []
        if missing > 0 and not bought:
            return []
        scene.book.change(firm, coin, max(missing, 0))
        scene.book.change(firm, coin, -total - gas)
        rows = tuple((coin, scene.cast.actors[person.actor].address, person.wage, b"", b"") for person in staff)
        return [*bought, Order("wages", WAGE_SLOT, firm, BATCH, (rows,), coin, gas=gas, amount=total)]

    def _remittances(self, active: list[int], rng: np.random.Generator) -> list[Order]:
        """Once a month whoever has family abroad sends money, some days after payday."""
        scene, orders = self._scene, []
        month = scene.date.year * 12 + scene.date.month
        for number in active:
            person = self.people[number]
            if person.family < 0 or self.sent_home.get(number) == month or self._is_shy(number):
                continue
            payday = scene.cast.paydays[person.employer]
            if (scene.date.day - payday) % 31 not in range(2, 8) or rng.random() > 0.35:
                continue
            if self.next_remittance.get(number, 0) > scene.day or not scene.has_account(person.family):
                continue
            amount = max(1, int(person.remittance * float(rng.uniform(0.6, 1.4))))
            if rng.random() < BIG_SHARE:
                amount *= BIG
            order = self._remit(person, amount, self._slot(rng))
            if order is not None:
                self.sent_home[number] = month
                orders.append(order)
        return orders

    def _remit(self, person: Person, amount: int, slot: int) -> Order | None:
        """A payment abroad; from the limit on the receiving provider signs too."""
        scene, coin = self._scene, self._scene.cast.home_coin(person.actor)
        if not scene.may_need_attestation(coin, amount):
            return self._pay("remittance", slot, person.actor, person.family, coin, amount)
        reference = f"sim-{scene.day}-{person.actor}"
        metadata = encode_metadata(TravelRule(reference))
        signature = scene.attest(person.family, person.actor, amount, metadata)
        return self._pay(
            "remittance", slot, person.actor, person.family, coin, amount, metadata=metadata, signature=signature
        )

    def _try_again(self, rng: np.random.Generator) -> list[Order]:
        """What was above a cap, in two parts."""
        orders = []
        for payer, payee, amount, coin in self.again:
            for _ in range(2):
                order = self._pay("purchase", self._slot(rng), payer, payee, coin, amount // 2)
                if order is not None:
                    orders.append(order)
        self.again = []
        return orders

    def _give_back(self, rng: np.random.Generator) -> list[Order]:
        """Shops refund purchases, and name the version by which they were paid."""
        orders = []
        for shop, payer, amount, coin, version in self.refunds:
            metadata = encode_metadata(Refund(version, RefundReason.USER_FULL))
            order = self._pay("refund", self._slot(rng), shop, payer, coin, amount, metadata=metadata)
            if order is not None:
                orders.append(order)
        self.refunds = []
        return orders

    def _leave(self, active: list[int], rng: np.random.Generator) -> list[Order]:
        """The wave: some turn all their coins into money at once, and stay away for a while."""
        scene, wave, orders = self._scene, self._scene.scenario.wave, []
        assert wave is not None
        chance = 1 - (1 - wave.share) ** (1 / wave.days) if wave.share < 1 else 1.0
        leaves = rng.random(len(active)) < chance
        for place in np.nonzero(leaves)[0].tolist():
            number = active[place]
            person = self.people[number]
            if scene.cast.country(person.actor) not in wave.countries or self._is_shy(number):
                continue
            self.shy_until[number] = scene.wave_end + wave.calm_days
            for coin in scene.coins:
                held = scene.book.has(person.actor, coin)
                if held > 10 * FEE:
                    orders += self._sell("run", self._slot(rng), person.actor, coin, held - FEE)
        return orders

    # --- what the ledger said ---

    def see(self, outcome: dict[str, Any]) -> None:
        """Learn what was refused, and which purchases are sent back."""
        scene = self._scene
        for kind, payer, payee, amount, coin, rule in outcome["refused"]:
            number = self.by_actor.get(payer)
            if rule == "corridor_halted" and number is not None:
                self.next_remittance[number] = outcome["day"] + TRY_AGAIN_DAYS
                self.sent_home.pop(number, None)
            elif rule == "cap_exceeded" and kind == "purchase":
                self.again.append([payer, payee, amount, coin])
            elif rule == "limits_exceeded" and kind == "remittance" and number is not None:
                self.sent_home.pop(number, None)
        bought = outcome["purchases"]
        rng = stream(scene.seed, "refunds", outcome["day"])
        is_back = rng.random(len(bought)) < scene.scenario.refunds
        chosen = [bought[place] for place in np.nonzero(is_back)[0].tolist()][:MOST_REFUNDS_A_DAY]
        self.refunds += [[payee, payer, amount, coin, version] for payer, payee, amount, coin, version in chosen]

    _MAPS = ("next_top_up", "next_remittance", "shy_until", "sent_home")

    def to_json(self) -> dict[str, Any]:
        """What the next days need."""
        maps = {name: sorted(map(list, getattr(self, name).items())) for name in self._MAPS}
        return {**maps, "again": self.again, "refunds": self.refunds}

    def load(self, value: dict[str, Any]) -> None:
        """Read `to_json`."""
        for name in self._MAPS:
            setattr(self, name, {key: item for key, item in value[name]})  # noqa: C416 - pairs are lists in JSON
        self.again, self.refunds = value["again"], value["refunds"]
