"""No coin from nothing: what must hold of the whole state after every block (rule L6).

`check` sums a whole state. `check_block` compares what a block wrote with what was there before, so that it costs as
much as the block touched; if the state before was sound and it says nothing, the state after is sound.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chain.accounts import Account, Currency, Record, currency_key, read_record
from chain.codec import decode_own
from chain.errors import MithqalError
from chain.records.coins import Basket, basket_key
from chain.state.view import StateView

_Coins = tuple[tuple[str, int], ...]
_BALANCES, _PREBURNS = Account._fields.index("balances"), Account._fields.index("preburns")


class Totals(NamedTuple):
    """One currency's sums in micro-units."""

    supply: int
    balances: int
    """Of accounts."""
    preburn: int
    fees: int
    receipts: int
    basket: int = 0
    """Coins that lie in the reserve of a synthetic coin, in nobody's balance."""


class ConservationError(MithqalError):
    """Coins appeared or vanished. It is no refusal of an input: the validator that finds it must not go on."""

    name = "conservation"


def totals(records: Iterable[Record]) -> dict[str, Totals]:
    """Sums by currency over all records of a state."""
    sums = _Sums()
    currencies = []
    for record in records:
        sums.add(record, 1)
        if isinstance(record, Currency):
            currencies.append(record.code)
    return {code: sums.totals(code) for code in currencies}


def check(records: Iterable[Record]) -> dict[str, Totals]:
    """Give the totals; ConservationError naming the currency and its numbers if they do not add up.

    A synthetic currency has no receipts of its own: it stands on coins that do.
    """
    sums = _Sums()
    for record in records:
        sums.add(record, 1)
    return sums.check_whole()


def check_stored(states: Iterable[tuple[bytes, bytes]]) -> dict[str, Totals]:
    """`check` of a whole state as it is stored, which its root vouches for; of accounts only the coins are read."""
    sums = _Sums()
    for key, data in states:
        if key[:1] == b"a":
            fields = decode_own(data)
            sums.add_coins(fields[_BALANCES], fields[_PREBURNS], 1)
        elif key[:1] in b"bc":
            sums.add(read_record(key, data), 1)
    return sums.check_whole()


def check_block(before: StateView, writes: Mapping[bytes, Record]) -> None:
    """Raise ConservationError unless a block's writes change nothing of what L6 sums, or all of it alike."""
    sums = _Sums()
    for key, record in writes.items():
        old = before.get(key)
        if isinstance(record, Account) and isinstance(old, Account):
            if record.balances is old.balances and record.preburns is old.preburns:
                continue
        elif not isinstance(record, Account | Currency | Basket):
            continue
        sums.add(record, 1)
        if old is not None:
            sums.add(old, -1)
    sums.check()
    for code in sorted({*sums.covers, *(code for code, is_backed in sums.backed.items() if not is_backed)}):
        synthetic, basket = (writes.get(key) or before.get(key) for key in (currency_key(code), basket_key(code)))
        assert isinstance(synthetic, Currency), "a basket's currency is registered"
        if isinstance(basket, Basket):
            _check_cover(basket, synthetic.total_value)


class _Sums:
    """Sums by currency: of records, or of what a block changed in them."""

    __slots__ = ("backed", "baskets", "covers", "fees", "held", "preburn_value", "queued", "receipts", "supply")

    def __init__(self) -> None:
        """Nothing yet."""
        self.supply: dict[str, int] = {}
        self.held: dict[str, int] = {}
        self.queued: dict[str, int] = {}
        self.fees: dict[str, int] = {}
        self.preburn_value: dict[str, int] = {}
        self.receipts: dict[str, int] = {}
        self.backed: dict[str, bool] = {}
        self.baskets: dict[str, int] = {}
        self.covers: dict[str, Basket] = {}
        """Baskets that were counted, by their synthetic currency."""

    def add(self, record: Record, sign: int) -> None:
        """Count a record (1) or take it away (-1)."""
        if isinstance(record, Account):
            self.add_coins(record.balances, record.preburns, sign)
        elif isinstance(record, Currency):
            code = record.code
            for sums, amount in (
                (self.supply, record.total_value),
                (self.fees, record.fees),
                (self.preburn_value, record.preburn_value),
                (self.receipts, record.receipts_deposited - record.receipts_released),
            ):
                sums[code] = sums.get(code, 0) + sign * amount
            self.backed[code] = not record.is_synthetic
        elif isinstance(record, Basket):
            if sign > 0:
                self.covers[record.currency] = record
            for code, amount in record.held:
                self.baskets[code] = self.baskets.get(code, 0) + sign * amount

    def add_coins(self, balances: _Coins, preburns: _Coins, sign: int) -> None:
        """Count an account's balances and burn requests, or take them away."""
        held = self.held
        for code, amount in balances:
            held[code] = held.get(code, 0) + sign * amount
        for code, amount in preburns:
            self.queued[code] = self.queued.get(code, 0) + sign * amount

    def totals(self, code: str) -> Totals:
        """The sums of one currency."""
        columns = (self.supply, self.held, self.queued, self.fees, self.receipts, self.baskets)
        return Totals(*[sums.get(code, 0) for sums in columns])

    def check_whole(self) -> dict[str, Totals]:
        """`check` of a whole state, and that each basket covers its coin; gives the totals of each currency."""
        self.check()
        for code, basket in self.covers.items():
            _check_cover(basket, self.supply[code])
        return {code: self.totals(code) for code in self.supply}

    def check(self) -> None:
        """ConservationError for the first currency whose sums differ."""
        for code in sorted({*self.supply, *self.held, *self.queued, *self.baskets}):
            total, queued = self.totals(code), self.preburn_value.get(code, 0)
            if total.balances + total.preburn + total.fees + total.basket != total.supply:
                raise ConservationError(
                    f"{code}: balances {total.balances} + preburn {total.preburn} + fees {total.fees} + in baskets"
                    f" {total.basket} is not the supply {total.supply}",
                    currency=code, **total._asdict(),
                )  # fmt: skip
            if queued != total.preburn:
                raise ConservationError(
                    f"{code}: preburn_value {queued} is not the sum of the requests {total.preburn}", currency=code
                )
            if self.backed.get(code, False) and total.receipts != total.supply:
                raise ConservationError(f"{code}: receipts {total.receipts}, supply {total.supply}", currency=code)


def _check_cover(basket: Basket, supply: int) -> None:
    """Of each coin in a basket at least supply x ratio lies in its reserve, exactly (Z4)."""
    for (code, held), (_, ratio) in zip(basket.held, basket.parts, strict=True):
        if held << 32 < supply * ratio:
            raise ConservationError(
                f"{basket.currency}: the reserve holds {held} micro-{code}, {supply} micro-{basket.currency} stand on"
                f" {-(-supply * ratio >> 32)}",
                currency=basket.currency,
            )
