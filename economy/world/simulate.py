"""A whole run: plan a day, have it signed, execute the day before; then write the network's directory.

Three things overlap: workers sign day n while this process executes day n - 1, and a thread writes what was executed.
None of it changes what comes out: a plan never asks what is under way.
"""

import gc
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from chain.accounts import Account, account_key, read_record
from chain.civil import DAY_US
from chain.execution import conservation
from chain.genesis import GenesisDocument
from chain.ledger import Ledger
from chain.limits import MAX_BLOCK_GAS
from chain.primitives import SECOND_US
from chain.storage import Column
from chain.transaction import decode_transaction
from economy.world import directory as places
from economy.world import moving
from economy.world.committee import Committee, Ran
from economy.world.network_sim import SimulatedNetwork
from economy.world.orders import BATCH, Order
from economy.world.rates import RateTable, load_table
from economy.world.scenario import Scenario, read_scenario
from economy.world.scene import Scene, midnight_us
from economy.world.signing import Signed, Signers, drafts_of
from economy.world.tally import Tally, coin_of, refusal_of, tip_of
from economy.world.world import World
from node.client.network import Network

MAX_BLOCK = 450
"""Transactions of a block, below the ledger's own bound."""
LIFETIME_S = 6 * 3_600
"""After its block's time a transaction expires: the mempool takes none that lives longer than a day."""
GC_THRESHOLDS = (100_000, 50, 1_000)
"""As in a validator's process: hardly anything here is a cycle."""
Say = Callable[[int, int, int], None]
"""Hears days done, days wanted and transactions so far."""
Json = dict[str, Any]


class Life(NamedTuple):
    """What a world is: everything follows from it."""

    scenario: Scenario
    people: int
    seed: int
    network_sim: bool = False
    """Whether blocks come of the simulated network, not of keys alone."""


class Result(NamedTuple):
    """What a run came to."""

    directory: Path
    life: Life
    days: int
    """Of the whole life of the network."""
    version: int
    state_root: str
    books: Json
    """Each coin's sums at the end, in micro-units, and that they agree."""
    tally: Json
    rates: Json
    """Which data the rates are."""
    wall_seconds: float
    interrupted: bool
    postponed: int


Validators = Committee | SimulatedNetwork


class _Day(NamedTuple):
    """A day that is planned and being signed."""

    number: int
    acts: list[list[Order]]
    """Orders by block, roughly: a long one becomes several."""
    signed: Signed


def simulate(
    directory: Path, life: Life, *, days: int, workers: int = 1, say: Say = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Result:  # fmt: skip
    """A new world of so many days; its network lies in `directory` afterwards.

    `should_stop` is asked once a day: the run then ends with that day, whole. Raises RunError, RateError
    (`rate_date_out_of_range`), and what a full disk raises.
    """
    table = load_table()
    table.check_span(life.scenario.start, days)
    places.check_free(directory)
    places.make(directory)
    with moving.only_one(directory), moving.tidy(directory):
        network = places.begin(directory, table, life.scenario.start, life.seed)
        run = _Run(network, life, table, workers)
        done = run.go(network.directory, days, None, say, should_stop)
        _write(network, run, done, directory)
    return run.result(directory, done, is_stopped=done < days)


def resume(
    directory: Path, *, days: int, workers: int = 1, say: Say = lambda *_: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Result:  # fmt: skip
    """So many further days of a world that `simulate` made, as if it had never stopped."""
    places.check_there(directory)
    with moving.only_one(directory), moving.tidy(directory):
        network, state = places.resume(directory)
        life = Life(read_scenario(state["scenario"]), state["people"], state["seed"], state["network_sim"])
        wanted, table = state["days"] + days, load_table()
        table.check_span(life.scenario.start, wanted)
        run = _Run(network, life, table, workers)
        done = run.go(directory / moving.UNFINISHED, wanted, state, say, should_stop)
        places.check_down(network)
        _write(network, run, done, directory)
    return run.result(directory, done, is_stopped=done < wanted)


def _write(network: Network, run: "_Run", days: int, directory: Path) -> None:
    """Everything of the run that is not on the disk yet, beside the rest; then the whole of it into its place."""
    life, place = run.life, directory / moving.UNFINISHED
    places.write_state(place, {
        "version": places.STATE_VERSION, "seed": life.seed, "people": life.people, "network_sim": life.network_sim,
        "days": days, "scenario": life.scenario.text, "tip": run.tip, "world": run.world.to_json(),
        "unseen": run.unseen, "tally": run.tally.to_json(),
    })  # fmt: skip
    places.write_people(network, place, run.scene.cast, life.seed, run.known())
    places.write_validators(network, place, run.records, is_one_ledger=not life.network_sim)
    places.write_network(network, place, directory)
    moving.finish(directory)


class _Run:
    """The wiring of one run."""

    def __init__(self, network: Network, life: Life, table: RateTable, workers: int) -> None:
        """Nothing is opened yet."""
        self.network, self.life, self.table = network, life, table
        self.scenario = life.scenario
        self.scene = Scene(life.scenario, life.people, life.seed, table, network.genesis_hash)
        self.world = World(self.scene)
        self.tally = Tally(self.scene.cast)
        self.signers = Signers(life.seed, network.genesis_hash, workers)
        self.unseen: Json | None = None
        """The outcome of the newest day, which the next plan does not know."""
        self.records: list[bytes] = []
        self.tip: list[Any] = []
        self.books: Json = {}
        self._began = time.monotonic()

    def known(self) -> list[int]:
        """Everybody who has an account."""
        opened = set(self.scene.opened)
        return [
            number
            for number, actor in enumerate(self.scene.cast.actors)
            if actor.role in ("root", "dealer", "parent") or number in opened
        ]

    def go(self, place: Path, days: int, state: Json | None, say: Say, should_stop: Callable[[], bool]) -> int:
        """Run up to the day `days`; gives how many there are now. What it leaves is on the disk, but for copies."""
        document = places.check_genesis(self.network)
        old = [None] * len(self.network.members) if state is None else places.old_records(self.network)
        thresholds = gc.get_threshold()
        with closing(self.signers), closing(self._validators(document, place, old)) as validators:
            gc.set_threshold(*GC_THRESHOLDS)
            try:
                done = self._days(validators, days, state, say, should_stop)
            finally:
                gc.set_threshold(*thresholds)
            validators.wait()
            self.records = validators.records(old)
            self._close_books(validators.ledger)
        return done

    def _validators(self, document: GenesisDocument, place: Path, old: Sequence[bytes | None]) -> Validators:
        """Who makes the blocks."""
        keys = places.consensus_keys(self.network)
        paths = [place / member.name / "data" / places.LEDGER_FILE for member in self.network.members]
        if self.life.network_sim:
            return SimulatedNetwork(document, keys, paths, old, self.life.seed)
        return Committee(document, keys, paths[0])

    def _days(
        self, validators: Validators, days: int, state: Json | None, say: Say, should_stop: Callable[[], bool]
    ) -> int:
        """The days themselves, one behind the other."""
        first = 0 if state is None else state["days"]
        under_way: _Day | None = None
        if state is None:
            under_way = self._begin(-1, self.world.plan_founding())
        else:
            places.check_tip(state, validators.ledger.store.row(Column.META, 0))
            self.world.load(state["world"])
            self.tally.load(state["tally"])
            self.unseen = state["unseen"]
        done = first
        for number in range(first, days):
            orders = self.world.plan(number)
            following = self._begin(number, _by_slot(orders, self.scenario.blocks_a_day))
            if under_way is not None:
                self.unseen = self._execute(validators, under_way)
            assert self.unseen is not None
            self.world.see(self.unseen)
            under_way, done = following, number + 1
            say(done, days, self.tally.transactions)
            if should_stop():
                break
        assert under_way is not None
        self.unseen = self._execute(validators, under_way)
        return done

    def _begin(self, number: int, acts: list[list[Order]]) -> _Day:
        """Number a day's orders and hand them out to be signed."""
        orders = [order for act in acts for order in act]
        numbers = [self.scene.book.next_number(order.sender) for order in orders]
        expirations = [
            self._time_us(number, slot, len(acts)) // SECOND_US + LIFETIME_S
            for slot, act in enumerate(acts)
            for _ in act
        ]
        drafts = drafts_of(self.scene.cast, orders, numbers, expirations, chain_id=self.network.chain_id)
        return _Day(number, acts, self.signers.begin(drafts))

    def _time_us(self, number: int, slot: int, count: int) -> int:
        """When an act is on the ledger: blocks of a day lie evenly in it, those of the founding a minute apart."""
        start_us = midnight_us(self.scenario.start)
        if number < 0:
            return start_us - places.BEFORE_US + (slot + 1) * 60 * SECOND_US
        return start_us + number * DAY_US + (2 * slot + 1) * DAY_US // (2 * count)

    def _execute(self, validators: Validators, day: _Day) -> Json:
        """One day's blocks, the last of them empty; gives what the world will see of it."""
        envelopes = iter(day.signed.envelopes())
        outcome: Json = {"day": day.number, "balances": {}, "refused": [], "purchases": []}
        everything: list[Order] = []
        for slot, act in enumerate(day.acts):
            time_us = self._time_us(day.number, slot, len(day.acts))
            everything += act
            for orders in _blocks(act):
                txs = [decode_transaction(next(envelopes)) for _ in orders]
                self._note(outcome, orders, validators.run(txs, time_us))
        validators.run([], midnight_us(self.scenario.start) + (day.number + 1) * DAY_US - SECOND_US)
        validators.flush()
        self.tally.blocks = validators.height
        ledger = validators.ledger
        outcome["balances"] = self._balances(ledger, everything)
        outcome["supply"] = {coin: coin_of(ledger, coin).total_value for coin in self.scene.coins}
        outcome["rates"] = {coin: coin_of(ledger, coin).rate for coin in self.scene.coins}
        if day.number >= 0:
            date = self.scene.date_of(day.number).isoformat()
            self.tally.end_day(ledger, date, everything, len(outcome["refused"]))
        return outcome

    def _note(self, outcome: Json, orders: Sequence[Order], results: Sequence[Ran]) -> None:
        """What a block did, for the sums and for those who will see it."""
        for order, ran in zip(orders, results, strict=True):
            refusal = refusal_of(ran)
            self.tally.add(order, refusal)
            said = [order.sender, order.payee, order.amount, order.coin]
            if refusal is not None:
                outcome["refused"].append([order.kind, *said, refusal])
            elif order.kind == "purchase":
                outcome["purchases"].append([*said, ran.version])

    def _balances(self, ledger: Ledger, orders: Sequence[Order]) -> dict[int, Any]:
        """What everybody holds whom these orders touch."""
        cast = self.scene.cast
        touched: set[int] = set()
        for order in orders:
            touched.add(order.sender)
            touched.add(order.payee)
            if order.function == BATCH:
                touched.update(cast.by_address[row[1]] for row in order.arguments[0])
        found = {}
        for number in sorted(touched - {-1}):
            record = ledger.state.get(account_key(cast.actors[number].address))
            assert isinstance(record, Account), "whoever sends or is paid has an account"
            found[number] = record.balances
        return found

    def _close_books(self, ledger: Ledger) -> None:
        """The chain's own check over the whole durable state, and the tip."""
        meta = ledger.store.row(Column.META, 0)
        assert meta is not None
        self.tip = list(tip_of(meta))
        found = conservation.check(read_record(key, data) for key, data in ledger.store.states())
        self.books = {code: sums._asdict() for code, sums in sorted(found.items())}

    def result(self, directory: Path, days: int, *, is_stopped: bool) -> Result:
        """The summary's numbers."""
        rates = {"package_version": self.table.package_version, "sha256": self.table.data_sha256}
        return Result(
            directory, self.life, days, self.tip[0], self.tip[1], self.books, self.tally.to_json(), rates,
            time.monotonic() - self._began, is_stopped, self.scene.postponed,
        )  # fmt: skip


def _by_slot(orders: list[Order], count: int) -> list[list[Order]]:
    """Orders by block of the day."""
    acts: list[list[Order]] = [[] for _ in range(count)]
    for order in orders:
        acts[order.slot].append(order)
    return acts


def _blocks(orders: Sequence[Order]) -> list[list[Order]]:
    """An act as blocks that the ledger takes: by their number and by their gas."""
    blocks: list[list[Order]] = []
    gas = 0
    for order in orders:
        if not blocks or len(blocks[-1]) >= MAX_BLOCK or gas + order.gas > MAX_BLOCK_GAS:
            blocks.append([])
            gas = 0
        blocks[-1].append(order)
        gas += order.gas
    return blocks
