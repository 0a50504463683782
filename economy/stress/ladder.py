"""The ladder of bills of a block of reserves: one due each week, priced at a simple yield, sold soonest due first.

A bill of face f with d days left is worth f (1 - y d / 365), as in `economy.reserve.prices`. All paths of a block have
the same due days, and faces of their own; the value of the whole ladder follows from two sums, that of the faces and
that of faces times days. Faces are kept divided by `scale`, so that a gain or loss in the same part touches one number.

A sale bears the rise of the yield that it and the sales of the last five days cause: `slope` for each share of the
first reserve that is sold.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from economy.stress.draws import Floats
from economy.stress.parameters import Parameters

WEEK = 5
"""Business days between two bills."""
WEEK_DAYS = 7
YEAR_DAYS = 365
MORE = 1 + 1e-6
"""Rather a little too much is sold than a crumb missing."""
SMALL = 1e-12


class Sale(NamedTuple):
    """On each of the paths that sell: the yield, and what was sold in the last days; and whether the first bill, which
    is due tomorrow, is kept."""

    rate: Floats
    recent: Floats
    is_first_due: bool


class Ladder:
    """Bills of a block of paths; a machine."""

    def __init__(self, parameters: Parameters, invested: float, width: int) -> None:
        """Equal amounts of money in each bill, the first due in a week."""
        p = self._p = parameters
        self._days_left = [float(WEEK_DAYS * (rung + 1)) for rung in range(p.rungs)]
        faces = [invested / p.rungs / (1 - p.rate * days / YEAR_DAYS) for days in self._days_left]
        self._faces = np.repeat(np.array(faces)[:, None], width, axis=1)
        weighted = [face * days for face, days in zip(faces, self._days_left)]
        self._sum, self._sum_days = np.full(width, sum(faces)), np.full(width, sum(weighted))
        self.scale = np.ones(width)
        self._first = 0  # the bill due next
        self._a, self._b = np.zeros(width), np.zeros(width)

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

    def sell(self, some: NDArray[np.intp], need: Floats, sale: Sale) -> tuple[Floats, Floats]:
        """Sell on the paths `some` until the sales bring `need`, or nothing is left: what they bring, and their cost.

        With c the sale's other cost, a face f brings f (1 - (y + slope (sold before + f)) d / 365) (1 - c), so that
        the face that brings the need solves a quadratic equation.
        """
        p, scale = self._p, self.scale[some]
        left, brought, cost = need.copy(), np.zeros(len(some)), np.zeros(len(some))
        faces_gone, days_gone = np.zeros(len(some)), np.zeros(len(some))
        for place in range(1 if sale.is_first_due else 0, p.rungs):
            rung = (self._first + place) % p.rungs
            there = self._faces[rung][some] * scale
            if not there.any():
                continue
            days = self._days_left[rung]
            bend = p.sale_slope * days / YEAR_DAYS
            before = 1 - (sale.rate + p.sale_slope * (sale.recent + brought)) * (days / YEAR_DAYS)
            root = np.sqrt(np.maximum(before * before - 4 * bend * left / (1 - p.sale_cost + SMALL), 0.0))
            face = 2 * MORE / (1 - p.sale_cost + SMALL) * left / np.maximum(before + root, SMALL)
            np.minimum(face, there, out=face)
            money = face * np.maximum(before - bend * face, 0.0) * (1 - p.sale_cost)
            cost += face * (1 - sale.rate * (days / YEAR_DAYS)) - money
            brought += money
            face /= scale
            self._faces[rung][some] -= face
            faces_gone += face
            days_gone += face * days
            left = np.maximum(need - brought, 0.0)
            if not left.any():
                break
        self._sum[some] -= faces_gone
        self._sum_days[some] -= days_gone
        return brought, cost
