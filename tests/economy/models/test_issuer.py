"""The issuer of gate 11 by numbers, and half of its stress by hand."""

import numpy as np
import pytest

from economy.models import issuer
from economy.models.issuer import World, best_choice, outcomes


def test_the_issuer_without_rules() -> None:
    """Beside the paper's levels: 14.2 % cash, 0.17 % capital, 14.7 bp of failure, 3.8 bp of price (docs/economy.md)."""
    found = best_choice(World())
    assert (found.cash, found.capital) == pytest.approx((0.142, 0.00172), abs=1e-9)
    assert found.default * 10_000 == pytest.approx(14.7, abs=0.05)
    assert found.impact * 10_000 == pytest.approx(3.817, abs=0.0005)


def test_two_choices() -> None:
    """Value, failure and mean fall of the price at two pairs of cash and capital."""
    value, default, impact = outcomes(World(), np.array([0.1, 0.2]), np.array([0.001, 0.002]))
    assert value == pytest.approx([0.06036591304873785, 0.060776631796918744], rel=1e-9)
    assert default == pytest.approx([0.016905072978233543, 0.00018899922690592926], rel=1e-9)
    assert impact == pytest.approx([0.000599011344867503, 0.00018590828456734978], rel=1e-9)


def test_half_of_the_stress_by_hand() -> None:
    """A half is redeemed from 0.1 cash and 0.9 bonds, m = 0.02: of x bonds sold x (1 - 0.02 x) is what cash lacks."""
    books = issuer._Books(np.array([0.1]), np.array([0.901]), np.array([1.0]), np.array([0.001]), np.array([0.0]))
    issuer._half(World(), books, np.array([0.5]))
    sold = float(books.sold[0])
    assert sold * (1 - 0.02 * sold) == pytest.approx(0.4, abs=1e-12)
    assert float(books.cash[0]) == pytest.approx(0, abs=1e-12)
    assert (float(books.coins[0]), float(books.bonds[0])) == pytest.approx((0.5, 0.901 - sold))
    assert float(books.capital[0]) == pytest.approx(0.001 - 0.02 * sold**2)
    assert float(books.cash[0] + books.bonds[0] - books.coins[0] - books.capital[0]) == pytest.approx(0, abs=1e-12)


def test_a_hard_minimum_is_never_broken() -> None:
    """Bonds are sold until cash is l of the coins again; a usable one is not refilled."""
    for is_hard, left in ((True, 0.15 * 0.7), (False, 0.0)):
        books = issuer._Books(np.array([0.2]), np.array([0.9]), np.array([1.0]), np.array([0.1]), np.array([0.0]))
        issuer._half(World(liquidity=0.15, is_hard=is_hard), books, np.array([0.3]))
        assert float(books.cash[0]) == pytest.approx(left, abs=1e-12)
