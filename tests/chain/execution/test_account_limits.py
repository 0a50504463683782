"""Account limits: which payments count, both sides of each limit, when a window ends, who sets what (reference 1.8)."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import ASSOCIATION, Role
from chain.execution.account_limits import check_inflow, check_outflow
from chain.execution.context import Run
from chain.execution.outcome import Abort
from chain.primitives import SECOND_US, U64_MAX
from chain.records.limits import LimitsDefinition, Window, limits_key, unrestricted, window_key
from tests.builders import (
    ALICE,
    ANNA,
    BOB,
    BR,
    DEALER,
    NOBODY,
    NOW_SECS,
    ONE,
    ROOT,
    TC,
    US,
    Party,
    World,
    small_world,
)  # fmt: skip

NOW_US = NOW_SECS * SECOND_US
DAY_US = 86_400_000_000
WITHDRAWAL, DEPOSIT = ("DiemAccount", 8 | 6 << 8), ("DiemAccount", 8 | 3 << 8)
INSUFFICIENT = ("DiemAccount", 1288)


def limited(who: Party, inflow: int = 0, outflow: int = 0, holding: int = 0, period: int = 0) -> World:
    """A small world in which one provider has a window in XUS; a limit of 0 is left unrestricted."""
    world = small_world()
    world.together(ROOT, who, "publish_window", "XUS", ASSOCIATION)
    world.do(TC, "update_limits_definition", "XUS", 0, ASSOCIATION, inflow, outflow, holding, period)
    return world


def window(world: World, who: Party) -> Window:
    return cast(Window, world.records[window_key(who.address, "XUS")])


def test_a_window_begins_when_it_is_published() -> None:
    """It counts from that moment, from nothing, by the definition that it is pointed to."""
    world = small_world()
    assert world.together(ROOT, US, "publish_window", "XUS", ASSOCIATION) == ()
    assert window(world, US) == Window(US.address, "XUS", NOW_US, 0, 0, 0, ASSOCIATION)
    credential = world.account(US).credential
    assert credential is not None
    assert credential.windows == ("XUS",)
    assert world.config().limited == ("XUS",)
    world.together(ROOT, US, "publish_window", "XEU", ASSOCIATION)
    world.together(ROOT, BR, "publish_window", "XUS", ASSOCIATION)
    assert world.config().limited == ("XUS", "XEU")


def test_unrestricted_counts_nothing() -> None:
    """'If the limits are unrestricted then don't do any more work': the state of genesis."""
    world = limited(US)
    world.pay(ALICE, BOB, 7)
    world.pay(BOB, ALICE, 7)
    assert window(world, US) == Window(US.address, "XUS", NOW_US, 0, 0, 0, ASSOCIATION)


def test_outflow_to_the_limit_and_one_more() -> None:
    """All of a provider's accounts share its window; at the limit a payment passes, above it aborts."""
    world = limited(US, outflow=100)
    world.pay(ALICE, BOB, 60)
    assert world.cannot_pay(ANNA, BOB, 41) == WITHDRAWAL
    world.pay(ANNA, BOB, 40)
    assert window(world, US).outflow == 100
    assert world.cannot_pay(ALICE, BOB, 1) == WITHDRAWAL
    world.endow(US, 5)
    assert world.cannot_pay(US, BOB, 1) == WITHDRAWAL
    world.pay(ALICE, BOB, 1, "XEU")


def test_inflow_to_the_limit_and_one_more() -> None:
    """What the provider's accounts receive together."""
    world = limited(BR, inflow=100)
    world.pay(ALICE, BOB, 99)
    assert world.cannot_pay(ANNA, BOB, 2) == DEPOSIT
    world.pay(ANNA, BR, 1)
    assert window(world, BR).inflow == 100
    assert world.cannot_pay(ALICE, BOB, 1) == DEPOSIT


def test_holding_to_the_limit_and_one_more() -> None:
    """'tracked_balance': inflow raises it, outflow lowers it, no lower than 0; no window's end lowers it."""
    world = limited(BR, holding=100, period=10)
    world.pay(ALICE, BOB, 100)
    assert world.cannot_pay(ALICE, BOB, 1) == DEPOSIT
    world.pay(BOB, ALICE, 30)
    assert window(world, BR).tracked_balance == 70
    world.pay(ALICE, BOB, 30)
    world.at(NOW_US + 1_000)
    assert world.cannot_pay(ALICE, BOB, 1) == DEPOSIT
    world.pay(BOB, ALICE, 500)
    assert window(world, BR) == Window(BR.address, "XUS", NOW_US + 1_000, 0, 500, 0, ASSOCIATION)


def test_inside_a_provider_nothing_counts() -> None:
    """'the other side is not in the same VASP': between children, with the parent, and with oneself."""
    world = limited(US, inflow=1, outflow=1, holding=1)
    world.endow(US, 50)
    for payer, payee in ((ALICE, ANNA), (ALICE, US), (US, ANNA), (ALICE, ALICE)):
        world.pay(payer, payee, 20)
    world.do(US, "create_child_vasp_account", "XUS", bytes(15) + b"\x0a", bytes(16), False, 10)
    assert window(world, US) == Window(US.address, "XUS", NOW_US, 0, 0, 0, ASSOCIATION)


def test_a_dealer_counts_as_another_provider() -> None:
    """A dealer has no window of its own; what it sells counts as inflow, what it buys back as outflow."""
    world = limited(US, inflow=100, outflow=50)
    world.endow(DEALER, 1_000)
    world.pay(DEALER, ALICE, 100)
    assert world.cannot_pay(DEALER, ANNA, 1) == DEPOSIT
    world.pay(ALICE, DEALER, 50)
    assert world.cannot_pay(ANNA, DEALER, 1) == WITHDRAWAL


def test_mints_and_burns_and_fees_do_not_count() -> None:
    """Only payments move between accounts of two providers."""
    world = limited(US, outflow=100)
    payment = ("peer_to_peer_with_metadata", "XUS", BOB.address, 100, b"", b"")
    world.run(world.sign(ALICE, *payment, price=1, max_gas=600))
    assert window(world, US).outflow == 100


def test_the_window_ends_after_the_period() -> None:
    """'reset uses strict >': at start + period it still counts, a microsecond later a new window has begun."""
    world = limited(US, outflow=100, period=1_000_000)
    world.pay(ALICE, BOB, 100)
    world.at(NOW_US + 1_000_000)
    assert world.cannot_pay(ALICE, BOB, 1) == WITHDRAWAL
    world.at(NOW_US + 1_000_001)
    world.pay(ALICE, BOB, 100)
    assert window(world, US) == Window(US.address, "XUS", NOW_US + 1_000_001, 0, 100, 0, ASSOCIATION)
    world.at(NOW_US + 2_000_001)
    assert world.cannot_pay(ALICE, BOB, 1) == WITHDRAWAL


def test_the_place_in_the_order_of_checks() -> None:
    """'payer not frozen -> outflow limit -> balance >= amount', '... dual attestation -> inflow limit'."""
    world = limited(US, outflow=100)
    world.change(ALICE, is_frozen=True)
    run = Run(world.context, ALICE.address, world.overlay())
    from chain.execution.payments import transfer

    with pytest.raises(Abort) as caught:
        transfer(run, world.account(ALICE), BOB.address, "XUS", 101, b"", b"")
    assert caught.value.name == "EACCOUNT_FROZEN"
    world.change(ALICE, is_frozen=False)
    assert world.cannot_pay(ALICE, BOB, 10_000 * ONE) == WITHDRAWAL
    assert world.cannot_pay(ALICE, NOBODY, 101) == WITHDRAWAL
    world.change(BOB, is_frozen=True)
    assert world.cannot_pay(ALICE, BOB, 101) == WITHDRAWAL
    assert world.cannot_pay(ALICE, BOB, 100) == ("AccountFreezing", 1 | 5 << 8)
    world = limited(BR, inflow=100)
    assert world.cannot_pay(ALICE, BOB, 0) == ("DiemAccount", 7 | 2 << 8)
    assert world.cannot_pay(ALICE, BOB, 10_000 * ONE) == INSUFFICIENT
    call = ("peer_to_peer_with_metadata", "XUS", BOB.address, 101, b"", bytes(64))
    assert world.fails(ALICE, *call) == ("DualAttestation", 7 | 4 << 8)
    assert world.cannot_pay(ALICE, BOB, 101) == DEPOSIT


def test_a_failed_payment_counts_nothing() -> None:
    """What is counted before a later check fails is undone with the rest (T7)."""
    world = limited(US, outflow=100)
    assert world.cannot_pay(ALICE, NOBODY, 60) == ("DiemAccount", 5 | 17 << 8)
    world.pay(ALICE, BOB, 100)


def test_refusals_name_the_numbers_and_the_end() -> None:
    """What was used, the limit, and when it counts from 0 again."""
    world = limited(US, outflow=100, inflow=90, holding=80)
    world.pay(ALICE, BOB, 30)
    run = Run(world.context, ALICE.address, world.overlay())
    with pytest.raises(Abort, match=r"has sent 30 of 100 micro-XUS since 2023-11-14T22:13:20Z, 71 more .* after"
                       r" 2023-11-15T22:13:20Z") as caught:  # fmt: skip
        check_outflow(run, world.account(ALICE), BOB.address, world.account(BOB), "XUS", 71)
    assert caught.value.details == {"outflow": 30, "max_outflow": 100, "amount": 71, "resets_us": NOW_US + DAY_US}
    with pytest.raises(Abort, match=r"received 0 of 90 micro-XUS since .* holds 0 of 80, 81 more") as caught:
        check_inflow(run, world.account(BOB), world.account(ALICE), "XUS", 81)
    assert caught.value.details == {
        "inflow": 0, "max_inflow": 90, "holding": 0, "max_holding": 80, "amount": 81, "resets_us": NOW_US + DAY_US,
    }  # fmt: skip


def test_who_publishes_a_window() -> None:
    """'Root (with the VASP as signer)': the association, a currency, a parent VASP that signs, a definition, once."""
    world = small_world()

    def refused(who: Party, other: Party, code: str = "XUS", address: bytes = ASSOCIATION) -> tuple[str, int]:
        with pytest.raises(Abort) as caught:
            world.together(who, other, "publish_window", code, address)
        return caught.value.module, caught.value.code

    assert refused(TC, US) == ("CoreAddresses", 2)
    assert refused(ROOT, US, "NOP") == ("Diem", 5 | 1 << 8)
    assert world.fails(ROOT, "publish_window", "XUS", ASSOCIATION) == ("VASP", 7 | 3 << 8)
    for other in (ALICE, DEALER, TC, NOBODY):
        assert refused(ROOT, other) == ("VASP", 7 | 3 << 8)
    assert refused(ROOT, US, address=US.address) == ("AccountLimits", 5)
    world.together(ROOT, US, "publish_window", "XUS", ASSOCIATION)
    assert refused(ROOT, US) == ("AccountLimits", 6 | 101 << 8)


def test_definitions() -> None:
    """Anybody may publish one without limits under its own address, once; the treasury alone sets the numbers, and 0
    leaves one as it is."""
    world = small_world()
    assert world.fails(US, "publish_unrestricted_limits", "NOP") == ("Diem", 5 | 1 << 8)
    world.do(US, "publish_unrestricted_limits", "XUS")
    assert world.fails(US, "publish_unrestricted_limits", "XUS") == ("AccountLimits", 6 | 100 << 8)
    key = limits_key(US.address, "XUS")
    assert world.records[key] == unrestricted(US.address, "XUS")
    assert world.records[key] == LimitsDefinition(US.address, "XUS", U64_MAX, U64_MAX, U64_MAX, DAY_US)
    world.do(TC, "update_limits_definition", "XUS", 0, US.address, 1, 2, 3, 4)
    assert world.records[key] == LimitsDefinition(US.address, "XUS", 1, 2, 3, 4)
    world.do(TC, "update_limits_definition", "XUS", 0, US.address, 0, 9, 0, 0)
    assert world.records[key] == LimitsDefinition(US.address, "XUS", 1, 9, 3, 4)
    call = ("update_limits_definition", "XUS", 0, BR.address, 1, 2, 3, 4)
    assert world.fails(TC, *call) == ("AccountLimits", 5)
    assert world.fails(ROOT, *call) == ("CoreAddresses", 2 | 1 << 8)


def test_any_limit_restricts() -> None:
    """A definition is unrestricted only while all three limits are 2^64-1."""
    free = unrestricted(US.address, "XUS")
    assert free.is_unrestricted
    assert free._replace(period_us=1).is_unrestricted
    for name in ("max_inflow", "max_outflow", "max_holding"):
        assert not free._replace(**{name: U64_MAX - 1}).is_unrestricted


def test_pointing_a_window() -> None:
    """The treasury points a window to another definition and says what the provider holds; 0 leaves that as it is."""
    world = limited(US, outflow=100)
    world.do(BR, "publish_unrestricted_limits", "XUS")
    world.pay(ALICE, BOB, 40)
    call = ("update_window_info", "XUS", US.address, 77, BR.address)
    assert world.fails(ROOT, *call) == ("CoreAddresses", 2 | 1 << 8)
    world.do(TC, *call)
    assert window(world, US) == Window(US.address, "XUS", NOW_US, 0, 40, 77, BR.address)
    world.pay(ALICE, BOB, 1_000)
    world.do(TC, "update_window_info", "XUS", US.address, 0, ASSOCIATION)
    assert window(world, US) == Window(US.address, "XUS", NOW_US, 0, 40, 77, ASSOCIATION)
    assert world.fails(TC, "update_window_info", "XUS", BR.address, 1, ASSOCIATION) == ("AccountLimits", 5 | 1 << 8)
    assert world.fails(TC, "update_window_info", "XUS", US.address, 1, US.address) == ("AccountLimits", 5)


def test_records_have_bytes() -> None:
    """What is written can be read."""
    for record in (unrestricted(US.address, "XUS"), Window(US.address, "XUS", 1, 2, 3, 4, BR.address)):
        assert type(record).from_bytes(record.to_bytes()) == record
    assert Role.PARENT_VASP == 5


people = st.sampled_from([ALICE, ANNA, BOB, US, BR])
steps = st.lists(st.tuples(st.integers(0, 700), people, people, st.integers(1, 60)), max_size=25)


@given(steps)
def test_against_a_list_of_payments(steps) -> None:
    """The naive model: for each provider a list of what went in and out in the window, and a balance."""
    world = limited(US, inflow=120, outflow=100, holding=150, period=1_000)
    world.together(ROOT, BR, "publish_window", "XUS", ASSOCIATION)
    for who in (US, BR):
        world.endow(who, 10_000)
    home = {ALICE: US, ANNA: US, US: US, BOB: BR, BR: BR}
    model = {who: {"start": NOW_US, "in": [], "out": [], "held": 0} for who in (US, BR)}
    now = NOW_US
    for wait, payer, payee, amount in steps:
        now += wait
        world.at(now)
        sides = []
        if home[payer] is not home[payee]:
            for who in (home[payer], home[payee]):
                side = {**model[who], "in": [*model[who]["in"]], "out": [*model[who]["out"]]}
                if now > side["start"] + 1_000:
                    side.update({"start": now, "in": [], "out": []})
                sides.append(side)
            sides[0]["out"].append(amount)
            sides[0]["held"] = max(0, sides[0]["held"] - amount)
            sides[1]["in"].append(amount)
            sides[1]["held"] += amount
        expected = not sides or (
            sum(sides[0]["out"]) <= 100 and sum(sides[1]["in"]) <= 120 and sides[1]["held"] <= 150
        )  # fmt: skip
        payment = world.sign(payer, "peer_to_peer_with_metadata", "XUS", payee.address, amount, b"", b"")
        assert (world.run(payment).status.kind == "executed") == expected
        if expected and sides:
            model[home[payer]], model[home[payee]] = sides
