"""No coin from nothing: what must hold of the whole state after every block (rule L6)."""

from collections.abc import Iterable
from typing import NamedTuple

from chain.accounts import Account, Currency, Record
from chain.errors import MithqalError
from chain.records.coins import Basket


class Totals(NamedTuple):
    """One currency's sums in micro-units."""

    supply: int
    balances: int
    preburn: int
    fees: int
    receipts: int
    basket: int = 0
    """Coins that lie in the reserve of a synthetic coin, in nobody's balance."""


class ConservationError(MithqalError):
    """Coins appeared or vanished."""

    name = "conservation"


def totals(records: Iterable[Record]) -> dict[str, Totals]:
    """Sums by currency over all records of a state."""
    held: dict[str, int] = {}
    queued: dict[str, int] = {}
    in_baskets: dict[str, int] = {}
    currencies: list[Currency] = []
    for record in records:
        if isinstance(record, Account):
            for code, amount in record.balances:
                held[code] = held.get(code, 0) + amount
            for code, amount in record.preburns:
                queued[code] = queued.get(code, 0) + amount
        elif isinstance(record, Currency):
            currencies.append(record)
        elif isinstance(record, Basket):
            for code, amount in record.held:
                in_baskets[code] = in_baskets.get(code, 0) + amount
    return {
        currency.code: Totals(
            currency.total_value,
            held.get(currency.code, 0),
            queued.get(currency.code, 0),
            currency.fees,
            currency.receipts_deposited - currency.receipts_released,
            in_baskets.get(currency.code, 0),
        )
        for currency in currencies
    }


def check(records: Iterable[Record]) -> dict[str, Totals]:
    """Give the totals; ConservationError naming the currency and its numbers if they do not add up.

    A synthetic currency has no receipts of its own: it stands on coins that do.
    """
    records = list(records)
    result = totals(records)
    currencies = [record for record in records if isinstance(record, Currency)]
    queued = {currency.code: currency.preburn_value for currency in currencies}
    backed = [currency.code for currency in currencies if not currency.is_synthetic]
    for code, total in result.items():
        if total.balances + total.preburn + total.fees + total.basket != total.supply:
            raise ConservationError(
                f"{code}: balances {total.balances} + preburn {total.preburn} + fees {total.fees} + in baskets"
                f" {total.basket} is not the supply {total.supply}",
                currency=code,
            )
        if queued[code] != total.preburn:
            raise ConservationError(
                f"{code}: preburn_value {queued[code]} is not the sum of the requests {total.preburn}", currency=code
            )
        if code in backed and total.receipts != total.supply:
            raise ConservationError(f"{code}: receipts {total.receipts}, supply {total.supply}", currency=code)
    for basket in (record for record in records if isinstance(record, Basket)):
        _check_cover(basket, result[basket.currency].supply)
    return result


def _check_cover(basket: Basket, supply: int) -> None:
    """Of each coin in a basket at least supply x ratio lies in its reserve, exactly (Z4)."""
    for (code, held), (_, ratio) in zip(basket.held, basket.parts, strict=True):
        if held << 32 < supply * ratio:
            raise ConservationError(
                f"{basket.currency}: the reserve holds {held} micro-{code}, {supply} micro-{basket.currency} stand on"
                f" {-(-supply * ratio >> 32)}",
                currency=basket.currency,
            )
