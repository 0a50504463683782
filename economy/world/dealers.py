"""Where coins come from and go to: dealers mint against custodians' receipts and redeem, providers buy and sell.

On business days only: a custodian signs no receipt on a Sunday, and what dealers have in store must last until Monday.
A burn follows its preburn on the next business day; while a stay is in force no more of a coin is burned a day than a
share of its supply, and the rest waits in the queue on the ledger.
"""

from typing import Any

from chain.crypto.hashing import sha3
from chain.crypto.signing import PrivateKey
from chain.execution.treasury import receipt_message
from economy.basket import BASKET, COIN_CURRENCY
from economy.world.cast import TREASURER
from economy.world.orders import FEE, Order, free_call, pay
from economy.world.scene import Scene
from node.keystore import derive_secret

MINT_SLOT, SALE_SLOT, FIRST_FREE_SLOT = 0, 1, 2
"""Blocks of the day: first coins come, then dealers sell, then everybody else acts."""
PROVIDER_DAYS, DEALER_DAYS, TOO_MUCH = 2, 8, 2
"""A provider stocks its people's purchases of so many days, a dealer everybody's; so many times that is too much."""
MOST_REQUESTS = 8
"""That a dealer makes of a coin a day."""
BURNS_A_DAY = 40
"""Requests that the treasury burns a day at most, of each coin."""


class Dealers:
    """The supply side of one world."""

    def __init__(self, scene: Scene) -> None:
        """Nothing is planned yet."""
        self._scene = scene
        self._sales: dict[tuple[int, str], int] = {}
        self._mints: dict[tuple[int, str], int] = {}
        self.queue: list[list[Any]] = []
        """[dealer, coin, amount, first day on which it may be burned], the oldest first."""
        self.minted = 0
        """Receipts so far: each has a number of its own."""
        self._stock: dict[tuple[int, str], int] = {}
        self._all_stock: dict[str, int] = {}
        self._count_stocks()
        self._custodians = {coin: PrivateKey(derive_secret(scene.seed, f"custodian-{coin}")) for coin in COIN_CURRENCY}

    def _count_stocks(self) -> None:
        """What each provider keeps of its own coin, and what dealers keep of each."""
        cast = self._scene.cast
        for person in cast.people:
            provider, coin = cast.actors[person.actor].provider, cast.home_coin(person.actor)
            amount = PROVIDER_DAYS * person.spending
            self._stock[provider, coin] = self._stock.get((provider, coin), 0) + amount
            self._all_stock[coin] = self._all_stock.get(coin, 0) + amount

    def stock(self, provider: int, coin: str) -> int:
        """What a provider keeps in store."""
        return self._stock.get((provider, coin), 0)

    def dealer_stock(self, coin: str) -> int:
        """What a dealer keeps in store."""
        usual = self._all_stock.get(coin, 0) * DEALER_DAYS // PROVIDER_DAYS
        return max(usual, self.opening_stock(coin) // 2)

    def opening_stock(self, coin: str) -> int:
        """What each dealer has at first, so that it can compose a basket, however small the scene."""
        return max(self._all_stock.get(coin, 0) * DEALER_DAYS // PROVIDER_DAYS, int(BASKET[coin] * 10**6) * 10_000)

    # --- a provider needs coins ---

    def draw(self, provider: int, coin: str, amount: int) -> bool:
        """Have a provider spend `amount` and its fee; it buys from its dealer what it lacks. False if nobody has it."""
        book = self._scene.book
        needed = amount + FEE
        if book.has(provider, coin) < needed and not self._buy(provider, coin, needed):
            return False
        book.change(provider, coin, -needed)
        return True

    def dealer_of(self, provider: int) -> int:
        """Whom a provider trades with."""
        dealers = self._scene.cast.dealers
        return dealers[provider % len(dealers)]

    def _buy(self, provider: int, coin: str, needed: int) -> bool:
        """A purchase from the dealer, one a day and coin however often it grows."""
        book, dealer = self._scene.book, self.dealer_of(provider)
        lot = max(needed, self.stock(provider, coin))
        if not self._supply(dealer, coin, lot + FEE):
            lot = needed
            if not self._supply(dealer, coin, lot + FEE):
                return False
        key = provider, coin
        if key not in self._sales:
            self._sales[key] = 0
            book.change(dealer, coin, -FEE)
        self._sales[key] += lot
        book.change(dealer, coin, -lot)
        book.change(provider, coin, lot)
        return True

    def _supply(self, dealer: int, coin: str, amount: int) -> bool:
        """See that a dealer has `amount`: what it lacks is minted, on a business day."""
        missing = amount - self._scene.book.has(dealer, coin)
        if missing <= 0:
            return True
        if not self._scene.is_business_day:
            return False
        self._mint(dealer, coin, missing + self.dealer_stock(coin))
        return True

    def _mint(self, dealer: int, coin: str, amount: int) -> None:
        self._mints[dealer, coin] = self._mints.get((dealer, coin), 0) + amount
        self._scene.book.change(dealer, coin, amount)

    # --- the end of a day's plan ---

    def settle(self) -> list[Order]:
        """What the day's needs come to, what is too much, and what is burned."""
        scene, cast = self._scene, self._scene.cast
        if scene.is_business_day:
            for dealer in cast.dealers:
                for coin in COIN_CURRENCY:
                    if scene.book.has(dealer, coin) < self.dealer_stock(coin) // 2:
                        self._mint(dealer, coin, self.dealer_stock(coin) - scene.book.has(dealer, coin))
        orders = [self.mint_order(dealer, coin, amount) for (dealer, coin), amount in sorted(self._mints.items())]
        for (provider, coin), amount in sorted(self._sales.items()):
            address = cast.actors[provider].address
            orders.append(pay("sale", SALE_SLOT, self.dealer_of(provider), provider, address, coin, amount))
        self._mints, self._sales = {}, {}
        orders += self._redemptions()
        if scene.is_business_day:
            orders += [*self._burns(), *self._preburns(), *self._basket()]
        return orders

    def mint_order(self, dealer: int, coin: str, amount: int) -> Order:
        """The treasury mints against a receipt that the coin's custodian signs."""
        scene = self._scene
        receipt = sha3(b"simulated receipt" + self.minted.to_bytes(8, "big") + scene.genesis_hash)
        self.minted += 1
        signature = self._custodians[coin].sign(receipt_message(scene.genesis_hash, receipt, coin, amount))
        address = scene.cast.actors[dealer].address
        arguments = (coin, 0, address, amount, 0, receipt, signature)
        return free_call("mint", MINT_SLOT, TREASURER, "tiered_mint", *arguments, amount=amount)._replace(payee=dealer)

    def _redemptions(self) -> list[Order]:
        """Providers sell to dealers what they have too much of, in the last block of the day."""
        scene, orders = self._scene, []
        for provider in scene.cast.providers:
            dealer = self.dealer_of(provider)
            for coin in COIN_CURRENCY:
                held, keep = scene.book.has(provider, coin), max(self.stock(provider, coin), 1000 * FEE)
                if scene.is_wave_on and coin != scene.cast.home_coin(provider):
                    keep = 1000 * FEE
                if held <= keep * (1 if scene.is_wave_on else TOO_MUCH) + FEE:
                    continue
                amount = held - keep - FEE
                if scene.limit is not None and scene.limit[:2] == (provider, coin):
                    amount = min(amount, scene.limit[2] // 4)  # the rest on other days
                scene.book.change(provider, coin, -amount - FEE)
                address = scene.cast.actors[dealer].address
                orders.append(pay("redemption", scene.last_slot, provider, dealer, address, coin, amount))
        return orders

    def _preburns(self) -> list[Order]:
        """Dealers give back to the treasury what they have too much of."""
        scene, orders = self._scene, []
        waiting = {(dealer, coin) for dealer, coin, _, _ in self.queue}
        for dealer in scene.cast.dealers:
            for coin in COIN_CURRENCY:
                held, keep = scene.book.has(dealer, coin), self.dealer_stock(coin)
                if held <= keep * TOO_MUCH + FEE or (held <= keep * (TOO_MUCH + 1) and (dealer, coin) in waiting):
                    continue
                for amount in self._requests(coin, held - keep):
                    scene.book.change(dealer, coin, -amount - FEE)
                    self.queue.append([dealer, coin, amount, scene.day + 1])
                    orders.append(
                        Order("preburn", FIRST_FREE_SLOT, dealer, "preburn", (coin, amount), coin, amount=amount)
                    )
        return orders

    def _requests(self, coin: str, total: int) -> list[int]:
        """A total as preburn requests, their fees left out of it; under a stay none is above a day's room."""
        room = self._scene.stay_room(coin)
        size = total if room is None else max(room // 2, 1_000 * FEE)
        count = min(-(-total // size), MOST_REQUESTS)
        each = min(size, total // count) - FEE
        return [each] * count

    def _burns(self) -> list[Order]:
        """The treasury burns what waits, oldest first; under a stay only so much a day."""
        scene, orders = self._scene, []
        left: list[list[Any]] = []
        room = {coin: scene.stay_room(coin) for coin in COIN_CURRENCY}
        counts: dict[str, int] = {}
        for request in self.queue:
            dealer, coin, amount, due = request
            allowed = room[coin]
            if due > scene.day or counts.get(coin, 0) >= BURNS_A_DAY or (allowed is not None and allowed < amount):
                left.append(request)
                continue
            counts[coin] = counts.get(coin, 0) + 1
            if allowed is not None:
                room[coin] = allowed - amount
            address = scene.cast.actors[dealer].address
            orders.append(
                free_call("burn", MINT_SLOT, TREASURER, "burn_with_amount", coin, 0, address, amount, amount=amount)
            )
        self.queue = left
        return orders

    def _basket(self) -> list[Order]:
        """Once a month a dealer composes some of the basket, and a while later takes half of it apart."""
        scene = self._scene
        dealer = scene.cast.dealers[0]
        amount = 1_000 * 10**6
        if scene.is_first_business_day(1):
            for coin, share in BASKET.items():
                scene.book.change(dealer, coin, -int(share * amount) - 1)
            scene.book.change(dealer, "XUS", -FEE)
            return [Order("compose", FIRST_FREE_SLOT, dealer, "compose", ("XDX", amount), "XUS", amount=amount)]
        if scene.is_first_business_day(15) and scene.book.has(dealer, "XDX") >= amount // 2:
            scene.book.change(dealer, "XUS", -FEE)
            scene.book.change(dealer, "XDX", -(amount // 2))
            half = amount // 2
            return [Order("decompose", FIRST_FREE_SLOT, dealer, "decompose", ("XDX", half), "XUS", amount=half)]
        return []

    def to_json(self) -> dict[str, Any]:
        """What the next days need."""
        return {"queue": self.queue, "minted": self.minted}

    def load(self, value: dict[str, Any]) -> None:
        """Read `to_json`."""
        self.queue, self.minted = [list(row) for row in value["queue"]], value["minted"]
