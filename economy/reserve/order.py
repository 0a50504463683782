"""From what people type to plans, and from projections to documents, lines and CSV rows."""

import datetime
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from economy.errors import ParameterError
from economy.reserve.book import ONE
from economy.reserve.bookfile import read_books
from economy.reserve.desk import Market
from economy.reserve.parameters import check_shares_sum, coins_micro, day_share, share_ppm, yield_ppb
from economy.reserve.people import Crowd, Whale
from economy.reserve.presets import DISCLAIMER, PPM, Preset, find_preset, with_floors
from economy.reserve.project import ASSUMED_YIELDS, MAX_DAYS, Plan, Projection

Json = dict[str, Any]
COLUMNS = (
    "currency", "day", "is_open", "asked_micro", "paid_micro", "owed_micro", "late_micro", "coins_micro",
    "unsold_micro", "price", "worth", "worst", "at_once_ppm", "five_days_ppm", "is_stay", "capital_ppm",
    "sale_cost_micro", "haircuts_micro",
)  # fmt: skip
NOTE = (
    "a projection, not a forecast: yields, dealers' credit and what holders do are assumptions unless you gave them;"
    " floats only in prices, the books are integers and balance at every step"
)


class Order(NamedTuple):
    """A run as it is typed; None is the default."""

    preset: str
    coins: str
    start: datetime.date
    days: int
    book: Path | None = None
    redeem: str = "0"
    alarm: str | None = None
    buy: str = "0"
    whales: tuple[str, ...] = ()
    bank_fails: tuple[str, ...] = ()
    recovery: str = "0"
    insists: bool = False
    floors: str | None = None
    haircut: str | None = None
    fee: str | None = None
    bill_yield: str | None = None
    overnight: str | None = None
    dealers: int = 3
    credit: str = "0.05"
    inventory: str = "0.01"


def plans(order: Order) -> tuple[Plan, ...]:
    """One plan for the regime, or one for each currency of one's own book; errors as in `parameters`, `bookfile`."""
    if not 1 <= order.days <= MAX_DAYS:
        raise ParameterError(f"{order.days} days: a run has 1 to {MAX_DAYS}", days=order.days)
    preset = _preset(order)
    market = _market(order)
    inventory, credit = share_ppm(order.inventory, "--inventory"), share_ppm(order.credit, "--credit")
    wanted = [day_share(text, "--whale", days=order.days) for text in order.whales]
    shares = {f"whale {n}": share for n, (_, share) in enumerate(wanted, start=1)}
    check_shares_sum({**shares, "dealers' stock": inventory * order.dealers})
    crowd = Crowd(
        calm_ppm=share_ppm(order.redeem, "--redeem"),
        alarm_ppm=share_ppm(order.alarm, "--alarm") if order.alarm is not None else 0,
        buy_ppm=share_ppm(order.buy, "--buy"),
        insists=order.insists,
    )
    base = Plan(
        preset=preset, coins=coins_micro(order.coins), start=order.start, days=order.days, crowd=crowd,
        dealers=order.dealers, inventory_ppm=inventory, credit_ppm=credit,
        bank_fails=tuple(day_share(text, "--bank-fails", days=order.days) for text in order.bank_fails),
        recovery_ppm=share_ppm(order.recovery, "--recovery"), market=market,
    )  # fmt: skip
    books = read_books(order.book, order.start, market) if order.book is not None else (None,)
    found = []
    for book in books:
        coins = base.coins if book is None else book.coins
        whales = tuple(
            Whale(f"whale-{n}", coins * share // PPM, day) for n, (day, share) in enumerate(wanted, start=1)
        )  # fmt: skip
        found.append(replace(base, book=book, coins=coins, whales=whales))
    return tuple(found)


def _preset(order: Order) -> Preset:
    """The regime with what was typed over it."""
    preset = find_preset(order.preset)
    if order.floors is not None:
        preset = with_floors(preset, order.floors)
    terms = preset.terms
    if order.fee is not None:
        terms = replace(terms, fee_ppm=share_ppm(order.fee, "--fee"))
    if order.haircut is not None and not terms.stay_days:
        raise ParameterError(f"{preset.name} has no stay, and a haircut is taken in a stay only", preset=preset.name)
    if order.haircut is not None:
        terms = replace(terms, haircut_ppm=share_ppm(order.haircut, "--haircut"), passes_cost=True)
    return replace(preset, terms=terms)


def _market(order: Order) -> Mapping[str, Market]:
    """The assumed yields, or those that were typed, for every currency."""
    bills = yield_ppb(order.bill_yield, "--yield") if order.bill_yield is not None else None
    overnight = yield_ppb(order.overnight, "--overnight") if order.overnight is not None else None
    return {
        currency: Market(
            old.bill_ppb if bills is None else bills, old.overnight_ppb if overnight is None else overnight
        )
        for currency, old in ASSUMED_YIELDS.items()
    }


def currency_of(plan: Plan) -> str:
    """What a plan's books are in: one currency, or the basket."""
    if plan.book is not None:
        return plan.book.currency
    return next(iter(plan.preset.weights)) if len(plan.preset.weights) == 1 else "basket"


def document(projections: tuple[Projection, ...], order: Order) -> Json:
    """All runs as one JSON object; amounts in micro-units."""
    is_assumed = order.bill_yield is None or order.overnight is None
    return {
        "preset": order.preset, "start": order.start.isoformat(), "days": order.days,
        "book": None if order.book is None else str(order.book), "note": NOTE, "disclaimer": DISCLAIMER,
        "yields": {
            currency: {"bill_ppb": market.bill_ppb, "overnight_ppb": market.overnight_ppb, "assumed": is_assumed}
            for currency, market in projections[0].plan.market.items()
        },
        "runs": [
            {
                "currency": currency_of(projection.plan), "summary": projection.summary(),
                "days": [dict(zip(COLUMNS[1:], row[1:], strict=True)) for row in rows(projection)],
                "books_at_end": [_book(book) for book in projection.rows[-1].books],
            }
            for projection in projections
        ],
    }  # fmt: skip


def rows(projection: Projection) -> list[tuple[Any, ...]]:
    """One row a day in the order of COLUMNS."""
    currency = currency_of(projection.plan)
    return [
        (
            currency, row.day.isoformat(), row.is_open, row.asked, row.paid, row.owed, row.late, row.coins, row.unsold,
            round(row.price, 6), round(row.worth, 6), round(row.worst, 6), row.at_once_ppm, row.five_days_ppm,
            row.is_stay, row.capital_ppm, row.sale_cost, row.haircuts,
        )
        for row in projection.rows
    ]  # fmt: skip


def _book(book: Any) -> Json:
    """A balance sheet as JSON; `difference` is assets less liabilities less capital."""
    return {
        "currency": book.currency, "deposits": book.deposits, "swept": book.swept, "stuck": book.stuck,
        "bills": [{"due": bill.due.isoformat(), "face": bill.face, "value": bill.value} for bill in book.bills],
        "incoming": [{"due": item.due.isoformat(), "amount": item.amount} for item in book.incoming],
        "coins": book.coins, "payable": book.payable, "capital": book.capital,
        "difference": book.assets - book.liabilities - book.capital,
    }  # fmt: skip


def lines(projections: tuple[Projection, ...], order: Order) -> list[str]:
    """All runs for people."""
    told = [f"{order.preset}, {order.days} days from {order.start}"]
    for projection in projections:
        told.append(f"  {currency_of(projection.plan)}")
        told.append(
            f"  {'day':<10} {'':<6} {'asked':>16} {'paid':>16} {'late':>14} {'price':>7} {'worst':>7} {'cash':>6}"
            f" {'capital':>8}"
        )
        for row in projection.rows:
            mark = "stay" if row.is_stay else "" if row.is_open else "closed"
            told.append(
                f"  {row.day} {mark:<6} {_whole(row.asked):>16} {_whole(row.paid):>16} {_whole(row.late):>14}"
                f" {row.price:7.4f} {row.worst:7.5f} {row.at_once_ppm / 10_000:5.1f}% {row.capital_ppm / 10_000:7.3f}%"
            )
        told += _summary(projection.summary())
    assumed = "assumed" if order.bill_yield is None or order.overnight is None else "as given"
    return [*told, f"yields {assumed}; {NOTE}", f"({DISCLAIMER})"]


def _summary(found: Json) -> list[str]:
    """What came out, in sentences."""
    paid = f"{_whole(found['paid'])} of {_whole(found['asked'])} paid, {_whole(found['owed_at_end'])} owed at the end"
    low = f"the price was lowest at {found['lowest_price']:.4f} on {found['lowest_price_on']}"
    worth = f"a coin is worth {found['worth_at_end']:.5f} at the end, {found['worst_worth_at_end']:.5f} at the worst"
    costs = f"selling bills cost {_whole(found['sale_cost'])}, haircuts kept {_whole(found['haircuts'])}"
    told = [
        f"  {paid}; late payments on {found['days_with_late_payments']} days",
        f"  {low}; {worth}",
        f"  {costs}; below the liquidity floors on {found['days_below_floors']} days",
    ]
    if found["first_stay"]:
        told.append(f"  a stay began on {found['first_stay']}: {found['days_in_stay']} days in stays")
    return told


def _whole(micro: int) -> str:
    """Micro-units as whole units, cut off."""
    return f"{micro // ONE:,}"
