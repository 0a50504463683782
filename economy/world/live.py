"""The economy on a live network: rates day by day, dealers who mint and redeem, a run with a stay in force.

Each day of a live scenario is a few transactions that running validators make final; virtual days follow as fast as
they do. The run keeps books of its own, in integers, and they are compared with the ledger's at the end.
"""

import datetime
from collections.abc import Callable
from typing import Any, NamedTuple

from chain.errors import MithqalError
from economy.basket import COIN_CURRENCY, xdx_rates
from economy.errors import ScenarioError
from economy.statement.backing import Reserve, read_reserve
from economy.statement.books import read_books, sums_of
from economy.statement.monitor import check_reserve
from economy.world.fields import COIN, Field, amount, date, find_text, number, parse, read_object, text, whole
from economy.world.rates import RateTable, load_table
from node.client.operations.treasury import Rate, mint_call, publish_rates
from node.client.wallets.calls import Call, execute_calls, payment
from node.client.wallets.wallet import TREASURY_NAME, Wallet
from node.localnet.bootstrap import DEALERS, DEFAULT_PROVIDER

PRESETS = ("usd-shock",)
VERSION = 1
Json = dict[str, Any]
FEE = 10_000
"""Micro-units that a payer keeps for fees."""


class Live(NamedTuple):
    """What happens on a live network."""

    name: str
    title: str
    source: str
    first: datetime.date
    days: int
    coin: str
    minted_a_day: int
    """Micro-units that each dealer buys, and sells to the provider, on a day before the run."""
    run_from: int
    """The day (from 0) on which the run begins."""
    run_days: int
    run_share: float
    """Of what the provider then holds, redeemed over the days of the run."""
    stay: float
    """Share of the coin's supply that the treasury burns a day at most, while the run lasts."""


class LiveDay(NamedTuple):
    """One day as it was."""

    date: str
    rates: int
    minted: int
    redeemed: int
    burned: int
    waiting: int
    """Given back by dealers, not burned: what the stay holds up."""
    supply: int

    def to_json(self) -> Json:
        """All of it."""
        return self._asdict()


class BooksDiffer(MithqalError):
    """The run's own books are not the ledger's."""

    name = "books_differ"


def find_live(name: str) -> Live:
    """The preset of this name, else the file; UnknownNameError `unknown_scenario`, ScenarioError."""
    return read_live(find_text(name, "live", PRESETS))


def read_live(data: str) -> Live:
    """A live scenario from its text; ScenarioError names the field."""
    fields: dict[str, Field] = {
        "version": whole(VERSION, VERSION), "name": text, "title": text, "source": text, "first": date,
        "days": whole(1, 60), "coin": COIN, "minted_a_day": amount, "run_from": whole(0, 60),
        "run_days": whole(1, 60), "run_share": number(0, 1), "stay": number(0.0001, 1),
    }  # fmt: skip
    found = read_object(parse(data), "the scenario", fields)
    live = Live(*[found[name] for name in list(fields)[1:]])
    if live.run_from + live.run_days > live.days:
        raise ScenarioError(f'"run_from" + "run_days" is {live.run_from + live.run_days}, the scenario has {live.days}')
    return live


class _Books:
    """What the run knows of the coin: its supply, and the requests that wait, oldest first."""

    def __init__(self, supply: int) -> None:
        """As the ledger has it before the first day."""
        self.supply = supply
        self.minted = 0
        self.burned = 0
        self.queue: list[tuple[str, int]] = []

    @property
    def waiting(self) -> int:
        """Micro-units in the queue."""
        return sum(micro for _, micro in self.queue)


def run_live(wallet: Wallet, live: Live, say: Callable[[LiveDay], None] = lambda _: None) -> Json:
    """Drive the network through the scenario; {scenario, days, minted, burned, supply, reserve, books_agree}.

    Raises what `execute_calls` raises, RateError for days outside of the rates, BooksDiffer where the run's books and
    the ledger's do not agree to the micro-unit, and Shortfall.
    """
    table = load_table()
    table.check_span(live.first, live.days)
    before = _reserve(wallet)
    books = _Books(_supply(before, live.coin))
    waiting_before = next(coin.waiting for coin in before.coins if coin.coin == live.coin)
    days: list[LiveDay] = []
    day = live.first
    while len(days) < live.days:
        if table.is_business_day(day):
            days.append(_day(wallet, live, table, day, len(days), books))
            say(days[-1])
        day += datetime.timedelta(days=1)
    after = _reserve(wallet)
    found = next(coin for coin in after.coins if coin.coin == live.coin)
    expected = (books.supply, books.waiting + waiting_before)
    if (found.supply, found.waiting) != expected or found.supply != found.receipts:
        raise BooksDiffer(
            f"{live.coin}: supply and waiting are {expected} by the run's books, ({found.supply}, {found.waiting}) on"
            f" the ledger, receipts {found.receipts}",
            expected=list(expected), supply=found.supply, waiting=found.waiting, receipts=found.receipts,
        )  # fmt: skip
    check_reserve(after)
    return {
        "scenario": live.name, "coin": live.coin, "days": [day.to_json() for day in days],
        "supply_before": _supply(before, live.coin), "minted": books.minted, "burned": books.burned,
        "supply": books.supply, "waiting": books.waiting, "most_waiting": max(day.waiting for day in days),
        "books_agree": True, "reserve": after.to_json(), "rates": {"package_version": table.package_version,
        "sha256": table.data_sha256},
    }  # fmt: skip


def _day(wallet: Wallet, live: Live, table: RateTable, at: datetime.date, place: int, books: _Books) -> LiveDay:
    """One day: rates, burns of what waits, then dealers mint and sell, or the provider redeems."""
    quotes = [Rate(*quote) for quote in xdx_rates(table.day(at))]
    published = publish_rates(wallet, quotes)["rates"]
    is_run = live.run_from <= place < live.run_from + live.run_days
    burned = _burn(wallet, live, books, is_run=is_run)
    minted = redeemed = 0
    if is_run:
        redeemed = _redeem(wallet, live, books, live.run_from + live.run_days - place)
    elif place < live.run_from:
        minted = _mint(wallet, live, books)
    return LiveDay(at.isoformat(), len(published), minted, redeemed, burned, books.waiting, books.supply)


def _mint(wallet: Wallet, live: Live, books: _Books) -> int:
    """Each dealer mints against a receipt and sells to the provider."""
    provider = wallet.find(DEFAULT_PROVIDER)
    execute_calls(wallet, [mint_call(wallet, dealer, live.minted_a_day, live.coin) for dealer in DEALERS])
    execute_calls(wallet, [payment(dealer, provider, live.minted_a_day - FEE, live.coin) for dealer in DEALERS])
    total = live.minted_a_day * len(DEALERS)
    books.minted += total
    books.supply += total
    return total


def _redeem(wallet: Wallet, live: Live, books: _Books, days_left: int) -> int:
    """The provider sells a part to each dealer, and they give it back to the treasury, in portions that a stay lets
    through."""
    held = _balance(wallet, DEFAULT_PROVIDER, live.coin)
    each = int(held * live.run_share) // days_left // len(DEALERS)
    if each <= 2 * FEE:
        return 0
    calls = [payment(DEFAULT_PROVIDER, wallet.find(dealer), each, live.coin) for dealer in DEALERS]
    execute_calls(wallet, calls)
    room = max(1, int(books.supply * live.stay) // 2)
    requests = []
    for dealer in DEALERS:
        left = each - FEE
        while left > 0:
            requests.append((dealer, min(room, left)))
            left -= requests[-1][1]
    execute_calls(wallet, [Call(dealer, "preburn", (live.coin, micro), live.coin) for dealer, micro in requests])
    books.queue += requests
    return sum(micro for _, micro in requests)


def _burn(wallet: Wallet, live: Live, books: _Books, *, is_run: bool) -> int:
    """The treasury burns what waits: all of it, or under the stay what it lets through."""
    room = int(books.supply * live.stay) if is_run else books.supply
    chosen: list[tuple[str, int]] = []
    for request in list(books.queue):
        if request[1] > room:
            break
        room -= request[1]
        chosen.append(request)
    calls = [
        Call(TREASURY_NAME, "burn_with_amount", (live.coin, 0, wallet.find(dealer).address, micro), None)
        for dealer, micro in chosen
    ]
    if calls:
        execute_calls(wallet, calls)
    books.queue = books.queue[len(chosen) :]
    total = sum(micro for _, micro in chosen)
    books.supply -= total
    books.burned += total
    return total


def _reserve(wallet: Wallet) -> Reserve:
    """The network's reserve, proved."""
    network = wallet.network
    return read_reserve(wallet.client, network.waypoint, sums_of(read_books(network.directory)))


def _supply(reserve: Reserve, coin: str) -> int:
    return next(row.supply for row in reserve.coins if row.coin == coin)


def _balance(wallet: Wallet, name: str, coin: str) -> int:
    """What an account holds."""
    assert coin in COIN_CURRENCY
    account = wallet.client.call("get_account", wallet.find(name).address.hex())
    return next((int(item["amount"]) for item in account["balances"] if item["currency"] == coin), 0)
