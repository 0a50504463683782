"""One year of a block of paths: a reserve with its ladder of bills, three dealers, stays and haircuts, day by day.

Amounts are shares of the coins at the start (so that their promise is 1), in double precision. A day, in this order;
`Year.step` is the same in code, docs/economy.md the same in formulas:

1. yesterday's sales are paid; bills accrue and are revalued, cash earns the yield; exchange rates move the reserve
2. each fifth day, a Monday, a bill is paid
3. holders redeem (net flow, and a run by `crowd`), or buy new coins at par
4. the dealers take what they have room for, in turn, and hand it to the issuer; the rest waits and weighs on the price
5. a stay begins when too much is asked for; bills are sold, soonest due first, for what is due by tomorrow and cash
   cannot meet, in a stay in equal parts over its days; the due queue is paid, up to gate and hard floor, in a stay only
   the impatient, at a haircut
6. each fifth day: cash over its share and the queue, half a bill at least, buys one of the longest kind, capital over
   its target is paid out; the price of the day: backing, less the dealers' band and waiting, less the weight of those
   whom nobody took

Whatever changes an asset or a debt is also booked to capital, by cause: `worst_residual` is the largest difference of
assets - debts - capital that ever was.
"""

import numpy as np
from numpy.typing import NDArray

from economy.stress.crowd import Crowd
from economy.stress.draws import Floats
from economy.stress.factors import Factors
from economy.stress.ladder import SMALL, WEEK, YEAR_DAYS, Ladder, Sale
from economy.stress.parameters import DEALERS, Parameters

NIGHTS = (1, 1, 1, 1, 3)
"""Nights before each of five business days, from Tuesday to Monday."""
RECENT_DAYS = 5
"""Sales of so many business days weigh on the yield together."""

CAUSES = ("interest and prices", "exchange rates", "sales in a hurry", "gone dark", "haircuts and fees", "paid out")
_EARNED, _EXCHANGED, _SOLD, _DARKENED, _CHARGED, _PAID_OUT = range(len(CAUSES))

Counts = NDArray[np.uint16]


class Year:
    """The state of a block's reserves; a machine: `step` once a day."""

    def __init__(self, parameters: Parameters, factors: Factors, crowd: Crowd) -> None:
        """The reserve on the eve of the first day."""
        width = factors.width
        p = self._p = parameters
        self._factors, self._crowd = factors, crowd
        self.day = 0
        assets = 1 + p.capital
        self.ladder = Ladder(p, assets * (1 - p.cash), width)
        self.rate = np.full(width, p.rate)
        self.cash, self.bills = np.full(width, assets * p.cash), np.full(width, assets * (1 - p.cash))
        self._sold_before = np.zeros((RECENT_DAYS, width))
        self._recent = np.zeros(width)
        self.due_tomorrow, self.dark = np.zeros(width), np.zeros(width)
        self._light_again = np.full(width, -1, dtype=np.int32)
        self.coins, self.queue, self.capital = np.ones(width), np.zeros(width), np.full(width, p.capital)
        self._not_due = np.zeros(width)
        self._asked_before = np.zeros((p.settle_days, width))
        self.inventories = np.zeros((DEALERS, width))
        self.stay = np.zeros(width)
        self.price = np.full(width, 1 - p.band)
        self.debts, self.outflow, self._asked = np.ones(width), np.zeros(width), np.zeros(width)
        self._left_over, self._sale_cost = np.zeros(width), np.zeros(width)
        self._a, self._b, self._c = np.zeros(width), np.zeros(width), np.zeros(width)
        self._flags = np.zeros(width, dtype=np.bool_)
        # What is kept of the year.
        self.causes = np.zeros((len(CAUSES), width))
        self.least_capital, self.least_price = self.capital.copy(), self.price.copy()
        self.most_lost = np.zeros(width)
        self.redeemed, self.left_early = np.zeros(width), np.zeros(width)
        self.stay_days, self.off_peg_days, self.late_days = (np.zeros(width, dtype=np.uint16) for _ in range(3))
        self.worst_residual = 0.0

    def step(self) -> None:
        """One business day."""
        self._factors.step()
        self._value()
        if len(self._factors.darkened) or self.day >= self._p.dark_days:
            self._darken()
        self.day += 1
        if self.day % WEEK == 0:
            self._mature()
        self._redeem()
        self._hand_over()
        self._begin_stays()
        self._pay()
        if self.day % WEEK == 0:
            self._invest()
        self._set_price()
        self._keep()

    def _book(self, cause: int, amount: Floats) -> None:
        """A gain (or a loss, below zero) of capital."""
        np.add(self.capital, amount, out=self.capital)
        np.add(self.causes[cause], amount, out=self.causes[cause])

    def _value(self) -> None:
        """Step 1: settlement, accrual, yields, exchange rates."""
        a, b, nights = self._a, self._b, NIGHTS[self.day % WEEK]
        np.multiply(self.rate, self._p.swept / YEAR_DAYS, out=a)
        if nights > 1:  # interest on interest, night by night
            np.add(a, 1, out=a)
            np.power(a, nights, out=a)
            np.subtract(a, 1, out=a)
        np.multiply(a, self.cash, out=a)
        np.add(self.cash, a, out=self.cash)
        np.add(self.cash, self.due_tomorrow, out=self.cash)  # it earned nothing last night
        self.due_tomorrow.fill(0)
        np.add(self.rate, self._factors.rate_move, out=self.rate)
        np.maximum(self.rate, 0, out=self.rate)
        self.ladder.pass_time(nights)
        np.subtract(a, self.bills, out=a)
        self.ladder.value(self.rate, self.bills)
        np.add(a, self.bills, out=a)
        self._book(_EARNED, a)
        if not self._factors.is_exposed:
            return
        np.add(self.cash, self.bills, out=a)
        np.multiply(a, self._factors.exposed, out=a)
        self._book(_EXCHANGED, a)
        np.add(self._factors.exposed, 1, out=b)
        for part in (self.cash, self.bills, self.ladder.scale):
            np.multiply(part, b, out=part)

    def _darken(self) -> None:
        """A part of cash and bills is out of reach, a part of that lost; what was dark long enough is back."""
        p = self._p
        back = np.flatnonzero(self._light_again == self.day)
        if len(back):
            self.cash[back] += self.dark[back]
            self.dark[back] = 0
            self._light_again[back] = -1
        hit = self._factors.darkened
        hit = hit[self._light_again[hit] < 0]
        if len(hit):
            gone = p.dark_share * (self.cash[hit] + self.bills[hit])
            lost = gone * p.dark_loss
            for part in (self.cash, self.bills, self.ladder.scale):
                part[hit] *= 1 - p.dark_share
            self.dark[hit] += gone - lost
            self._light_again[hit] = self.day + p.dark_days
            self.capital[hit] -= lost
            self.causes[_DARKENED, hit] -= lost

    def _mature(self) -> None:
        """Step 2: the week's bill is paid."""
        paid = self.ladder.mature()
        np.add(self.cash, paid, out=self.cash)
        np.subtract(self.bills, paid, out=self.bills)

    def _invest(self) -> None:
        """Step 6: cash over its share and the queue, half a bill at least, buys one; capital over its target is paid
        out."""
        p, a, b = self._p, self._a, self._b
        np.add(self.cash, self.bills, out=a)
        np.add(a, self.due_tomorrow, out=a)
        np.add(a, self.dark, out=a)
        np.multiply(a, -max(p.cash, p.floor), out=b)
        np.add(b, self.cash, out=b)
        np.subtract(b, self.queue, out=b)
        np.multiply(a, (1 - p.cash) / (2 * p.rungs), out=a)
        np.less(b, a, out=self._flags)
        np.maximum(b, 0, out=b)
        np.copyto(b, 0, where=self._flags)
        np.subtract(self.cash, b, out=self.cash)
        np.add(self.bills, b, out=self.bills)
        self.ladder.buy(b, self.rate)
        if p.payout:
            np.add(self.coins, self.queue, out=a)
            np.multiply(a, p.capital, out=a)
            np.subtract(self.capital, a, out=a)
            np.subtract(self.cash, self.queue, out=b)
            np.minimum(a, b, out=a)
            np.maximum(a, 0, out=a)
            np.multiply(a, -p.payout, out=a)
            np.add(self.cash, a, out=self.cash)
            self._book(_PAID_OUT, a)

    def _redeem(self) -> None:
        """Step 3: `_left_over` is what holders want to redeem today; coins are sold at par unless there is a stay."""
        p, flow, wish = self._p, self._factors.flow, self._left_over
        np.multiply(self._factors.felt, p.fx_sensitivity, out=self._a)
        np.add(flow, self._a, out=flow)
        np.add(self.coins, self.queue, out=self.debts)
        running = self._crowd.leaving(self)
        np.maximum(flow, 0, out=wish)
        np.add(wish, running, out=wish)
        np.minimum(wish, 1, out=wish)
        np.copyto(self.outflow, wish)
        np.multiply(wish, self.coins, out=wish)
        sold = self._a
        np.minimum(flow, 0, out=sold)
        np.multiply(sold, self.coins, out=sold)
        np.negative(sold, out=sold)
        np.greater(self.stay, 0, out=self._flags)
        np.logical_or(self._flags, self.capital < 0, out=self._flags)
        np.copyto(sold, 0, where=self._flags)
        np.add(self.coins, sold, out=self.coins)
        np.add(self.cash, sold, out=self.cash)

    def _hand_over(self) -> None:
        """Step 4: each dealer takes up to its room; `_asked` is what the issuer owes them from now on."""
        room, taken = self._a, self._asked
        np.copyto(taken, self._left_over)
        for inventory, limit in zip(self.inventories, self._p.dealer_room, strict=True):
            np.subtract(limit, inventory, out=room)
            np.maximum(room, 0, out=room)
            np.minimum(room, self._left_over, out=room)
            np.add(inventory, room, out=inventory)
            np.subtract(self._left_over, room, out=self._left_over)
        np.subtract(taken, self._left_over, out=taken)
        np.subtract(self.coins, taken, out=self.coins)
        np.add(self.queue, taken, out=self.queue)
        np.add(self.redeemed, taken, out=self.redeemed)
        if self._p.settle_days:
            oldest = self._asked_before[self.day % self._p.settle_days]
            np.add(self._not_due, taken, out=self._not_due)
            np.subtract(self._not_due, oldest, out=self._not_due)
            oldest[:] = taken

    def _begin_stays(self) -> None:
        """Step 5a: a stay of `stay_days` after a day on which more than the trigger was asked for."""
        p = self._p
        if p.stay_days:
            np.subtract(self.stay, 1, out=self.stay)
            np.maximum(self.stay, 0, out=self.stay)
            np.add(self.coins, self._asked, out=self._a)
            np.multiply(self._a, p.stay_trigger, out=self._a)
            np.greater(self._asked, self._a, out=self._flags)
            np.logical_and(self._flags, self.stay <= 0, out=self._flags)
            np.copyto(self.stay, p.stay_days, where=self._flags)
            np.greater(self.stay, 0, out=self._flags)
            np.add(self.stay_days, self._flags.view(np.uint8), out=self.stay_days)

    def _pay(self) -> None:
        """Step 5b: `_a` is what is due today, `_b` what is paid of it."""
        p, due, paid = self._p, self._a, self._b
        np.subtract(self.queue, self._not_due, out=due)
        np.maximum(due, 0, out=due)
        if p.gate:
            np.multiply(self.coins, p.gate, out=paid)
            np.minimum(due, paid, out=due)
        in_stay: NDArray[np.intp] | None = None
        if p.stay_days:
            in_stay = np.flatnonzero(self._flags)
            due[in_stay] *= p.impatient if p.passes_cost else 0.0
        self._sell(in_stay)
        if p.floor_is_hard:
            np.subtract(self.cash, self._idle(), out=paid)
            np.minimum(paid, due, out=paid)
        else:
            np.minimum(self.cash, due, out=paid)
        np.subtract(due, SMALL, out=due)
        np.less(paid, due, out=self._flags)
        np.add(self.late_days, self._flags.view(np.uint8), out=self.late_days)
        np.maximum(self.queue, SMALL, out=self._c)
        np.divide(paid, self._c, out=self._c)
        np.subtract(1, self._c, out=self._c)
        for inventory in self.inventories:
            np.multiply(inventory, self._c, out=inventory)
        np.subtract(self.queue, paid, out=self.queue)
        self._charge(paid, in_stay)

    def _charge(self, paid: Floats, in_stay: NDArray[np.intp] | None) -> None:
        """Money leaves, less the fee and, in a stay, less the haircut: at least the cost of today's sale."""
        p, kept = self._p, self._c
        np.subtract(self.cash, paid, out=self.cash)
        if in_stay is not None and len(in_stay) and p.passes_cost:
            np.multiply(paid, p.fee, out=kept)
            share = np.clip(self._sale_cost[in_stay], p.haircut, 1.0)
            kept[in_stay] += (1 - p.fee) * share * paid[in_stay]
            self.left_early[in_stay] += paid[in_stay]
        elif p.fee:
            np.multiply(paid, p.fee, out=kept)
        else:
            return
        np.add(self.cash, kept, out=self.cash)
        self._book(_CHARGED, kept)

    def _sell(self, in_stay: NDArray[np.intp] | None) -> None:
        """Step 5c: bills for what is due by tomorrow and cash cannot meet; in a stay, for the whole queue in equal
        parts over the days that it still lasts. The money comes tomorrow."""
        p, need = self._p, self._c
        np.copyto(need, self.queue)
        if p.settle_days > 1:
            np.subtract(need, self._not_due, out=need)
            np.add(need, self._asked_before[(self.day + 1) % p.settle_days], out=need)
        if p.gate:
            np.multiply(self.coins, 2 * p.gate, out=self._sale_cost)
            np.minimum(need, self._sale_cost, out=need)
        if in_stay is not None and len(in_stay):
            need[in_stay] = self.queue[in_stay]
        np.subtract(need, self.cash, out=need)
        if (self.day + 1) % WEEK == 0:
            np.subtract(need, self.ladder.due_next(), out=need)
        if p.floor_is_hard:
            np.add(need, self._idle(), out=need)
        if in_stay is not None and len(in_stay):
            need[in_stay] /= self.stay[in_stay]
        oldest = self._sold_before[self.day % RECENT_DAYS]
        np.subtract(self._recent, oldest, out=self._recent)
        oldest.fill(0)
        self._sale_cost.fill(0)
        some = np.flatnonzero(need > 0)
        if not len(some):
            return
        is_first_due = (self.day + 1) % WEEK == 0
        sale = Sale(self.rate[some], np.maximum(self._recent[some], 0), is_first_due)
        brought, cost = self.ladder.sell(some, need[some], sale)
        self.due_tomorrow[some] += brought
        self.bills[some] -= brought + cost
        self.capital[some] -= cost
        self.causes[_SOLD, some] -= cost
        oldest[some] = brought
        self._recent[some] += brought
        self._sale_cost[some] = cost / np.maximum(brought, SMALL)

    def _idle(self) -> Floats:
        """Cash below a hard floor, which may not be used while there are bills or sales on the way."""
        p, idle = self._p, self._b
        np.add(self.cash, self.bills, out=idle)
        np.add(idle, self.due_tomorrow, out=idle)
        np.add(idle, self.dark, out=idle)
        np.multiply(idle, p.floor, out=idle)
        np.minimum(idle, self.cash, out=idle)
        np.copyto(idle, 0, where=self.bills + self.due_tomorrow <= SMALL)
        return idle

    def _set_price(self) -> None:
        """Step 6: what a coin is worth in the market at the end of the day."""
        p, price, a = self._p, self.price, self._a
        waiting = p.waiting_rate * sum(NIGHTS) / WEEK / YEAR_DAYS  # for each business day
        np.add(self.coins, self.queue, out=self.debts)
        np.maximum(self.debts, SMALL, out=a)
        np.divide(self.capital, a, out=price)
        np.minimum(price, 0, out=price)
        np.add(price, 1 - p.band - waiting * p.settle_days, out=price)
        np.multiply(self.stay, waiting, out=a)
        np.subtract(price, a, out=price)
        np.maximum(self.coins, SMALL, out=a)
        np.divide(self._left_over, a, out=a)
        np.multiply(a, p.price_slope, out=a)
        np.subtract(price, a, out=price)
        np.maximum(price, 0, out=price)

    def _keep(self) -> None:
        """The worst so far, and the accounting identity of every path."""
        np.minimum(self.least_capital, self.capital, out=self.least_capital)
        np.multiply(self.debts, self._p.capital, out=self._a)
        np.subtract(self._a, self.capital, out=self._a)
        np.maximum(self.most_lost, self._a, out=self.most_lost)
        np.minimum(self.least_price, self.price, out=self.least_price)
        np.less(self.price, 1 - self._p.peg_tolerance, out=self._flags)
        np.add(self.off_peg_days, self._flags.view(np.uint8), out=self.off_peg_days)
        a = self._a
        np.add(self.cash, self.bills, out=a)
        np.add(a, self.due_tomorrow, out=a)
        np.add(a, self.dark, out=a)
        np.subtract(a, self.debts, out=a)
        np.subtract(a, self.capital, out=a)
        np.abs(a, out=a)
        self.worst_residual = max(self.worst_residual, float(a.max()))
