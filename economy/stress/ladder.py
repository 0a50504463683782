"""The ladder of bills of a block of reserves: one due each week, priced at a simple yield, sold soonest due first.

A bill of face f with d days left is worth f (1 - y d / 365), as in `economy.reserve.prices`. All paths of a block have
the same due days, and faces of their own; the value of the whole ladder follows from two sums, that of the faces and
that of faces times days. Faces are kept divided by `scale`, so that a gain or loss in the same part touches one number.

A sale bears the rise of the yield that it and the sales of the last five days cause: `slope` for each share of the
first reserve that is sold.
"""

import numpy as np
from numpy.typing import NDArray

from economy.stress.draws import BLOCK, Floats
from economy.stress.parameters import Parameters

WEEK = 5
"""Business days between two bills."""
WEEK_DAYS = 7
YEAR_DAYS = 365
ROUNDS = 3
"""The price falls with the sale: after three rounds the face is known to the last digit that matters."""
MORE = 1 + 1e-6
"""Rather a little too much is sold than a crumb missing."""
SMALL = 1e-12


class Ladder:
    """Bills of a block of paths; a machine."""

    def __init__(self, parameters: Parameters, invested: float) -> None:
        """Equal amounts of money in each bill, the first due in a week."""
        p = self._p = parameters
        self._days_left = [float(WEEK_DAYS * (rung + 1)) for rung in range(p.rungs)]
        faces = [invested / p.rungs / (1 - p.rate * days / YEAR_DAYS) for days in self._days_left]
        self._faces = np.repeat(np.array(faces)[:, None], BLOCK, axis=1)
        weighted = [face * days for face, days in zip(faces, self._days_left)]
        self._sum, self._sum_days = np.full(BLOCK, sum(faces)), np.full(BLOCK, sum(weighted))
        self.scale = np.ones(BLOCK)
        self._first = 0  # the bill due next
        self._a, self._b = np.zeros(BLOCK), np.zeros(BLOCK)

    def pass_time(self, nights: int) -> None:
        """Nights go by."""
        np.multiply(self._sum, nights, out=self._a)
        np.subtract(self._sum_days, self._a, out=self._sum_days)
        self._days_left = [days - nights for days in self._days_left]

    def value(self, rate: Floats, out: Floats) -> None:
        """What all bills are worth at a yield."""
        np.multiply(self._sum_days, rate, out=out)
        np.multiply(out, -1 / YEAR_DAYS, out=out)
        np.add(out, self._sum, out=out)
        np.multiply(out, self.scale, out=out)

    def due_next(self) -> Floats:
        """The face of the bill that is due next."""
        np.multiply(self._faces[self._first], self.scale, out=self._a)
        return self._a

    def mature(self) -> Floats:
        """The bill due today is paid: its face."""
        faces = self._faces[self._first]
        paid = self.due_next()
        np.subtract(self._sum, faces, out=self._sum)
        np.multiply(faces, self._days_left[self._first], out=self._b)  # none, or what rounding left
        np.subtract(self._sum_days, self._b, out=self._sum_days)
        faces.fill(0)
        return paid

    def buy(self, money: Floats, rate: Floats) -> None:
        """Money buys the longest bill, in the place of the one that was paid today."""
        faces, a = self._faces[self._first], self._b
        days = float(WEEK_DAYS * self._p.rungs)
        np.multiply(rate, -days / YEAR_DAYS, out=a)
        np.add(a, 1, out=a)
        np.multiply(a, self.scale, out=a)
        np.maximum(a, SMALL, out=a)
        np.divide(money, a, out=faces)
        np.add(self._sum, faces, out=self._sum)
        np.multiply(faces, days, out=a)
        np.add(self._sum_days, a, out=self._sum_days)
        self._days_left[self._first] = days
        self._first = (self._first + 1) % self._p.rungs

    def sell(self, some: NDArray[np.intp], need: Floats, rate: Floats, recent: Floats) -> tuple[Floats, Floats]:
        """Sell on the paths `some` until the sales bring `need`, or nothing is left: what they bring, and their cost.

        `rate` is the yield and `recent` what was sold in the last days, on the same paths; bills due tomorrow stay.
        """
        p, scale = self._p, self.scale[some]
        brought, cost = np.zeros(len(some)), np.zeros(len(some))
        for place in range(p.rungs):
            rung = (self._first + place) % p.rungs
            days = self._days_left[rung]
            if days <= 1:
                continue
            years = days / YEAR_DAYS
            left = np.maximum(need - brought, 0.0)
            sold_before = recent + brought
            face = left
            for _ in range(ROUNDS):
                price = (1 - (rate + p.sale_slope * (sold_before + face)) * years) * (1 - p.sale_cost)
                face = left / np.maximum(price, SMALL)
            face = np.minimum(face * MORE, self._faces[rung][some] * scale)
            lost = np.minimum(p.sale_slope * (sold_before + face) * years, 1 - rate * years)
            price = (1 - rate * years - lost) * (1 - p.sale_cost)
            brought += face * price
            cost += face * (1 - rate * years - price)
            unscaled = face / scale
            self._faces[rung][some] -= unscaled
            self._sum[some] -= unscaled
            self._sum_days[some] -= unscaled * days
            if not (need > brought).any():
                break
        return brought, cost
