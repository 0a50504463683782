"""Holders and dealers: coins are conserved, credit comes back when the reserve pays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy.reserve.people import Crowd, Dealer, Holders, Whale, deal, found, hand_in, offer, purchase, repay

WHALE = Whale("w", 100, 2)


def holders() -> Holders:
    return found(1_000, whales=(WHALE,), dealers=2, inventory_ppm=10_000, credit_ppm=50_000)


def test_who_holds_what() -> None:
    """Whales as given, each dealer its stock, the crowd the rest."""
    assert holders() == Holders(880, (WHALE,), (Dealer("dealer-1", 10, 10, 50), Dealer("dealer-2", 10, 10, 50)))
    assert holders().coins == 1_000
    with pytest.raises(AssertionError):
        found(10, whales=(WHALE,), dealers=1, inventory_ppm=0, credit_ppm=0)


def test_who_leaves() -> None:
    """The crowd's share each day, more below the alarm's price; a whale with everything on its day."""
    crowd = Crowd(calm_ppm=10_000, alarm_ppm=100_000, alarm=0.99)
    assert offer(holders(), crowd, day=0, price=0.99).unsold == 8
    assert offer(holders(), crowd, day=0, price=0.9899).unsold == 88
    left = offer(holders(), crowd, day=2, price=1.0)
    assert (left.unsold, left.whales, left.coins) == (108, (), 1_000)
    assert offer(holders(), Crowd(calm_ppm=20_000, alarm_ppm=10_000), day=0, price=0.5).unsold == 17


def test_dealers_buy_while_credit_lasts() -> None:
    """Each in turn; the rest stays on offer."""
    bought = deal(offer(holders(), Crowd(calm_ppm=150_000), day=0, price=1))
    assert [(d.inventory, d.credit) for d in bought.dealers] == [(60, 0), (60, 0)]
    assert bought.unsold == 132 - 100
    left, brought = hand_in(bought)
    assert brought == (("dealer-1", 50), ("dealer-2", 50))
    assert left.coins == 900
    paid = repay(left, "dealer-2", 30)
    assert [d.credit for d in paid.dealers] == [0, 30]


def test_who_comes_buys_what_is_on_offer_first() -> None:
    """Then from stock, which is minted back when money moves."""
    crowd = Crowd(buy_ppm=20_000)
    later, minted = purchase(holders(), crowd, is_open=True)
    assert (later.crowd, minted, later.coins) == (897, 17, 1_017)
    closed, none = purchase(holders(), crowd, is_open=False)
    assert (closed.crowd, none, [d.inventory for d in closed.dealers]) == (897, 0, [0, 3])
    offered = Holders(880, (), holders().dealers, unsold=10)
    second, minted = purchase(offered, crowd, is_open=False)
    assert (second.unsold, second.crowd, minted) == (0, 897, 0)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.booleans(), st.integers(0, 3))
def test_coins_are_conserved(leaving: int, buying: int, is_open: bool, day: int) -> None:
    """Nobody's coins appear or vanish but by minting and handing in."""
    crowd = Crowd(calm_ppm=leaving, buy_ppm=buying)
    state = offer(holders(), crowd, day=day, price=1)
    state, minted = purchase(state, crowd, is_open=is_open)
    state = deal(state)
    assert state.coins == 1_000 + minted
    state, brought = hand_in(state)
    assert state.coins == 1_000 + minted - sum(coins for _, coins in brought)
    assert (
        min(state.crowd, state.unsold, *(d.inventory for d in state.dealers), *(d.credit for d in state.dealers)) >= 0
    )
