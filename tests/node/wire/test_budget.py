"""Token buckets by address: exact waits, debts, the /64 of IPv6, and how many are remembered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.wire.budget import MOST_DEBT, REMEMBERED, Budgets, group_of

SECOND = 1_000_000


def test_a_bucket_is_full_at_first_and_fills_again() -> None:
    """security 4.6: 'per-IP and global token bucket'."""
    budgets = Budgets(10, 30)
    assert budgets.wait_us("a", 0) == 0
    budgets.spend("a", 30, 0)
    assert budgets.wait_us("a", 0) == SECOND // 10 + 1
    assert budgets.wait_us("a", SECOND // 10) == 0
    assert budgets.wait_us("b", 0) == 0


def test_a_debt_is_paid_before_anything_else_and_has_an_end() -> None:
    """What a request cost is known only afterwards; nobody waits for ever."""
    budgets = Budgets(10, 30)
    budgets.spend("a", 50, 0)
    assert budgets.wait_us("a", 0) == 21 * SECOND // 10 + 1
    budgets.spend("a", 10**9, 0)
    assert budgets.wait_us("a", 0) == (MOST_DEBT * 30 + 1) * SECOND // 10 + 1


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3 * SECOND)), max_size=40))
def test_no_more_is_spent_than_burst_and_refill(steps: list[tuple[int, int]]) -> None:
    """Who spends only what it may never has more than the burst and what came in meanwhile, and one debt."""
    budgets, now, spent = Budgets(10, 30), 0, 0
    for tokens, pause in steps:
        now += pause
        if budgets.wait_us("a", now) == 0:
            budgets.spend("a", tokens, now)
            spent += tokens
    assert spent <= 30 + 50 + 10 * now // SECOND + 1


def test_what_is_taken_ends_at_the_most_debt() -> None:
    """'What is spent beyond it is forgotten': so what one address takes in a while has a bound."""
    budgets = Budgets(10, 30)
    assert budgets.spend("a", 20, 0) == 20
    assert budgets.spend("a", 10 + MOST_DEBT * 30 - 1, 0) == 10 + MOST_DEBT * 30 - 1
    assert budgets.spend("a", 5, 0) == 1
    assert budgets.spend("a", 5, 0) == 0
    assert budgets.spend("a", 5, SECOND // 10) == 1


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 3 * SECOND)), max_size=40))
def test_nobody_takes_more_than_burst_refill_and_one_debt(steps: list[tuple[int, int]]) -> None:
    """Whatever is asked for, at any pace."""
    budgets, now, taken = Budgets(10, 30), 0, 0
    for tokens, pause in steps:
        now += pause
        taken += budgets.spend("a", tokens, now)
        assert taken <= 30 * (1 + MOST_DEBT) + 10 * now // SECOND


def test_only_so_many_addresses_are_remembered() -> None:
    """A queue that a stranger fills has a bound; the one that was seen longest ago goes."""
    budgets = Budgets(10, 30)
    for number in range(REMEMBERED + 5):
        budgets.spend(str(number), 1, number)
    assert len(budgets) == REMEMBERED
    assert group_of.cache_info().maxsize == REMEMBERED


@pytest.mark.parametrize(
    ("host", "group"),
    [
        ("10.1.2.3", "10.1.2.3"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:10.1.2.3", "10.1.2.3"),
        ("fe80::1%eth0", "fe80::/64"), ("", ""), ("a socket", "a socket"),
    ],
)  # fmt: skip
def test_whose_budget(host: str, group: str) -> None:
    """Per address; of IPv6 a customer has a whole /64."""
    assert group_of(host) == group
