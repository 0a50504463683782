"""Tiers of dealers: at most four strictly rising caps over 24 hours, off until the treasury sets them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.execution.context import Run
from chain.execution.outcome import Abort
from chain.execution.tiers import count_mint
from chain.primitives import SECOND_US
from chain.records.coins import Tiers, tiers_key
from tests.builders import ALICE, DEALER, NOBODY, NOW_SECS, ROOT, TC, World, small_world

NOW_US = NOW_SECS * SECOND_US
DAY_US = 86_400_000_000
TOO_MUCH, NO_TIER = ("DesignatedDealer", 7 | 5 << 8), ("DesignatedDealer", 7 | 3 << 8)


def minting(world: World, amount: int, tier: int = 0, *, currency: str = "XUS") -> list[Any]:
    receipt = world.account(TC).sequence_number + 1
    arguments = list(world.mint_arguments(amount, currency=currency, receipt=receipt))
    arguments[4] = tier
    return ["tiered_mint", *arguments]


def set_tiers(world: World, *caps: int) -> None:
    world.do(TC, "update_dealer_tiers", "XUS", 0, DEALER.address, *caps, *[0] * (4 - len(caps)))


def tiers(world: World) -> Tiers:
    record = world.records[tiers_key(DEALER.address, "XUS")]
    assert isinstance(record, Tiers)
    return record


def test_off_until_set() -> None:
    """'in this snapshot `tier_index` is ignored': without caps any amount and any index go."""
    world = small_world()
    world.do(TC, *minting(world, 10**12, 77))
    assert tiers_key(DEALER.address, "XUS") not in world.records


def test_a_cap_and_one_more() -> None:
    """A mint within the cap of its tier counts, one micro-unit more aborts; higher tiers count the same window."""
    world = small_world()
    set_tiers(world, 100, 250)
    assert tiers(world) == Tiers(DEALER.address, "XUS", (100, 250), NOW_US, 0)
    assert world.fails(TC, *minting(world, 101)) == TOO_MUCH
    world.do(TC, *minting(world, 60))
    assert world.fails(TC, *minting(world, 41)) == TOO_MUCH
    world.do(TC, *minting(world, 40))
    assert world.fails(TC, *minting(world, 1)) == TOO_MUCH
    world.do(TC, *minting(world, 150, 1))
    assert world.fails(TC, *minting(world, 1, 1)) == TOO_MUCH
    assert world.fails(TC, *minting(world, 1, 2)) == NO_TIER
    world.do(TC, *minting(world, 10_000, currency="XEU"))


def test_the_window_ends_at_24_hours() -> None:
    """'window resets when now >= start+24 h': at the microsecond, and from then a new one runs."""
    world = small_world()
    set_tiers(world, 100)
    world.do(TC, *minting(world, 100))
    world.at(NOW_US + DAY_US - 1)
    assert world.fails(TC, *minting(world, 1)) == TOO_MUCH
    world.at(NOW_US + DAY_US)
    world.do(TC, *minting(world, 100))
    assert tiers(world) == Tiers(DEALER.address, "XUS", (100,), NOW_US + DAY_US, 100)
    world.at(NOW_US + 2 * DAY_US - 1)
    assert world.fails(TC, *minting(world, 1)) == TOO_MUCH


def test_other_checks_come_first() -> None:
    """Amount, dealer, currency and minting before the tier; the tier before the receipt."""
    world = small_world()
    set_tiers(world, 100)
    assert world.fails(TC, *minting(world, 0)) == ("DesignatedDealer", 7 | 4 << 8)
    world.change_currency("XUS", can_mint=False)
    assert world.fails(TC, *minting(world, 101)) == ("Diem", 1 | 5 << 8)
    world.change_currency("XUS", can_mint=True)
    call = minting(world, 101)
    call[-1] = b""
    assert world.fails(TC, *call) == TOO_MUCH
    call[4] = 100
    assert world.fails(TC, *call) == ("Diem", 7 | 101 << 8)
    assert tiers(world).minted == 0


def test_setting_and_switching() -> None:
    """Four caps at most, zeros at the end; what was minted stays counted; four zeros switch the rule off."""
    world = small_world()
    set_tiers(world, 1, 2, 3, 4)
    world.do(TC, *minting(world, 4, 3))
    set_tiers(world, 5)
    assert tiers(world) == Tiers(DEALER.address, "XUS", (5,), NOW_US, 4)
    assert world.fails(TC, *minting(world, 2)) == TOO_MUCH
    set_tiers(world)
    world.do(TC, *minting(world, 10**9, 9))
    set_tiers(world, 5)
    assert world.fails(TC, *minting(world, 2)) == TOO_MUCH
    world.do(TC, *minting(world, 1))


def test_a_refusal_says_what_is_left_and_until_when() -> None:
    """The cap, what is minted, and when it counts anew."""
    world = small_world()
    set_tiers(world, 100)
    world.do(TC, *minting(world, 60))
    run = Run(world.context, TC.address, world.overlay())
    with pytest.raises(
        Abort, match=r"60 of 100 micro-XUS of tier 0 are minted, 41 more .* until 2023-11-15T22:13:20Z"
    ) as found:
        count_mint(run, DEALER.address, "XUS", 41, 0)
    assert found.value.details == {"minted": 60, "maximum": 100, "amount": 41, "resets_us": NOW_US + DAY_US}


def test_nonces() -> None:
    """A sliding nonce is looked at right after who sends."""
    call = ("update_dealer_tiers", "NOP", 1 << 60, ALICE.address, 2, 1, 0, 0)
    assert small_world().fails(TC, *call)[0] == "SlidingNonce"


@pytest.mark.parametrize("caps", [(1, 1, 0, 0), (2, 1, 0, 0), (0, 1, 0, 0), (1, 0, 2, 0), (1, 2, 3, 3)])
def test_caps_rise_strictly(caps: tuple[int, ...]) -> None:
    """EINVALID_TIER_START; a gap is none."""
    world = small_world()
    assert world.fails(TC, "update_dealer_tiers", "XUS", 0, DEALER.address, *caps) == ("DesignatedDealer", 7 | 2 << 8)


def test_who_sets_them() -> None:
    """The treasury; for a dealer; in a registered currency."""
    world = small_world()
    call = ("update_dealer_tiers", "NOP", 0, ALICE.address, 2, 1, 0, 0)
    assert world.fails(ROOT, *call) == ("CoreAddresses", 2 | 1 << 8)
    assert world.fails(TC, *call) == ("DesignatedDealer", 5)
    call = ("update_dealer_tiers", "NOP", 0, NOBODY.address, 2, 1, 0, 0)
    assert world.fails(TC, *call) == ("DesignatedDealer", 5), "an address without an account is no dealer either"
    call = ("update_dealer_tiers", "NOP", 0, DEALER.address, 2, 1, 0, 0)
    assert world.fails(TC, *call) == ("Diem", 5 | 1 << 8)


@given(st.lists(st.tuples(st.integers(0, DAY_US), st.integers(1, 120), st.integers(0, 2)), max_size=20))
def test_against_a_list_of_mints(steps) -> None:
    """The naive model: mints since the window's start, which moves when 24 hours are over."""
    world = small_world()
    caps = (50, 100)
    set_tiers(world, *caps)
    start, now = NOW_US, NOW_US
    minted: list[int] = []
    for wait, amount, tier in steps:
        now += wait
        world.at(now)
        fresh_start, fresh = (now, []) if now >= start + DAY_US else (start, minted)
        expected = tier < len(caps) and sum(fresh) + amount <= caps[tier]
        outcome = world.run(world.sign(TC, *minting(world, amount, tier)))
        assert (outcome.status.kind == "executed") == expected
        if expected:
            start, minted = fresh_start, [*fresh, amount]
