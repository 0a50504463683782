"""The jurisdiction policy: which rule applies, both sides of each cap, when it resets, and the pass that it leaves."""

import datetime
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import ASSOCIATION
from chain.codec import Value
from chain.crypto.hashing import seed
from chain.errors import DecodeError
from chain.execution.context import Run
from chain.execution.jurisdiction import admit, check_policy
from chain.execution.outcome import Abort
from chain.primitives import SECOND_US, U64_MAX
from chain.records.policy import MAX_RULES, NO_POLICY, POLICY_KEY, Policy, Rule, Usage, local_amount, unused, usage_key
from tests.builders import (
    ALICE,
    ANNA,
    BOB,
    BR,
    DEALER,
    NOW_SECS,
    ONE,
    ROOT,
    TC,
    US,
    Party,
    World,
    event,
    small_world,
)  # fmt: skip

NOW_US = NOW_SECS * SECOND_US
"""2023-11-14T22:13:20Z."""
MIDNIGHT_US = 1_700_006_400 * SECOND_US
DECEMBER_US = 1_701_388_800 * SECOND_US
HALTED, PAYMENT_CAP, DAILY_COUNT = (("Jurisdiction", code) for code in (25_601, 25_864, 26_120))
DAILY_CAP, MONTHLY_CAP, RATE_MISSING = (("Jurisdiction", code) for code in (26_376, 26_632, 26_881))
VERSION, MALFORMED, COUNTRY = (("Jurisdiction", code) for code in (27_143, 27_399, 27_655))
RULE = Rule("us-out", "US", "", 0, 0, True, "INR", 0, 0, 0, 0)
"""Payments from the United States to anywhere, counted in rupees: 64 to the XUS (2^32 / 2^26), 96 to the XEU."""


def world_with(*rules: Rule, version: int = 1) -> World:
    """A small world, providers in the United States and Brazil, under a policy of these rules."""
    world = small_world()
    world.do(TC, "set_vasp_country", 0, US.address, "US")
    world.do(TC, "set_vasp_country", 0, BR.address, "BR")
    world.do(TC, "set_jurisdiction_policy", 0, Policy(version, "test", rules).to_bytes())
    return world


def passes(world: World, payer: Party, payee: Party, amount: int, currency: str = "XUS") -> list[tuple[Value, ...]]:
    """The data of the passes that a payment leaves."""
    return [found.data for found in world.pay(payer, payee, amount, currency) if found.type == "policypass"]


def usage(world: World, who: Party, rule: Rule) -> Usage:
    return cast(Usage, world.records[usage_key(who.address, rule)])


def test_no_policy_asks_nothing() -> None:
    """Version 0, as genesis has it: no rule, no pass, no counter."""
    world = small_world()
    assert world.records[POLICY_KEY] == NO_POLICY == Policy(0, "", ())
    assert [found.type for found in world.pay(ALICE, BOB, 5)] == ["sentpayment", "receivedpayment"]
    assert not [key for key in world.records if key[:1] == b"u"]


def test_a_pass_proves_the_rule() -> None:
    """An event of the root's stream 1001 says who, which rule of which version, the countries, the amount in local
    currency, and what is used of the windows with it; it stands before the payment's own events."""
    world = world_with(RULE, version=7)
    sent, *others = world.pay(ALICE, BOB, 10)
    assert sent == event(
        1_001, ASSOCIATION, 0, "policypass", ALICE.address, "us-out", 7, "US", "BR", "INR", 640, 640, 1, 640
    )
    assert [found.type for found in others] == ["sentpayment", "receivedpayment"]
    assert passes(world, ALICE, BOB, 10, "XEU") == [
        (ALICE.address, "us-out", 7, "US", "BR", "INR", 960, 1_600, 2, 1_600)
    ]


def test_one_policy_for_several_coins() -> None:
    """A cap counts all coins together, in the local currency."""
    world = world_with(RULE._replace(daily=64 * 50 + 96 * 50))
    world.pay(ALICE, BOB, 50)
    assert world.cannot_pay(ALICE, BOB, 51, currency="XEU") == DAILY_CAP
    world.pay(ALICE, BOB, 50, "XEU")
    assert world.cannot_pay(ALICE, BOB, 1) == DAILY_CAP


@pytest.mark.parametrize(
    ("sender", "receiver", "applies"),
    [
        ("US", "BR", True), ("US", "", True), ("", "BR", True), ("", "", True), ("BR", "US", False),
        ("US", "US", False), ("BR", "", False), ("", "US", False), ("IN", "BR", False),
    ],
)  # fmt: skip
def test_the_pair_of_countries(sender: str, receiver: str, applies: bool) -> None:
    """Sender's and receiver's country in this order; an empty one stands for every country."""
    world = world_with(RULE._replace(sender_country=sender, receiver_country=receiver, is_open=False, currency=""))
    if applies:
        assert world.cannot_pay(ALICE, BOB, 1) == HALTED
    else:
        world.pay(ALICE, BOB, 1)


def test_a_provider_without_a_country() -> None:
    """Only rules for every country apply to it."""
    world = world_with(RULE._replace(is_open=False, currency=""))
    world.change(US, credential=world.account(US).credential._replace(country=""))  # type: ignore[union-attr]
    world.pay(ALICE, BOB, 1)
    world = world_with(RULE._replace(sender_country="", is_open=False, currency=""))
    world.change(US, credential=world.account(US).credential._replace(country=""))  # type: ignore[union-attr]
    assert world.cannot_pay(ALICE, BOB, 1) == HALTED


def test_effective_dates() -> None:
    """In force from its first microsecond on and until its last one; 0 is without end."""
    world = world_with(RULE._replace(from_us=NOW_US + 5, until_us=NOW_US + 9, is_open=False, currency=""))
    world.at(NOW_US + 4).pay(ALICE, BOB, 1)
    for time_us in (NOW_US + 5, NOW_US + 8):
        assert world.at(time_us).cannot_pay(ALICE, BOB, 1) == HALTED
    world.at(NOW_US + 9).pay(ALICE, BOB, 1)
    assert not RULE._replace(from_us=8).applies("US", "BR", 7)
    assert RULE._replace(from_us=8).applies("US", "BR", 1 << 60)


def test_inside_a_provider_and_with_dealers() -> None:
    """Both are exempt: the provider answers for its own book, and a dealer is no customer."""
    world = world_with(RULE._replace(sender_country="", is_open=False, currency=""))
    world.endow(DEALER, 10)
    for payer, payee in ((ALICE, ANNA), (ALICE, US), (ALICE, ALICE), (DEALER, ALICE), (ALICE, DEALER)):
        assert passes(world, payer, payee, 1) == []
    assert world.cannot_pay(ALICE, BOB, 1) == HALTED
    assert world.cannot_pay(BOB, US, 1) == HALTED


def test_every_rule_that_applies_must_pass() -> None:
    """In the policy's order; the first that refuses names itself; each that lets pass leaves a pass of its own."""
    first, second = RULE._replace(per_payment=1_000), RULE._replace(rule_id="any", sender_country="", daily=6_400)
    world = world_with(first, second)
    assert world.cannot_pay(ALICE, BOB, 200) == PAYMENT_CAP
    assert [data[1] for data in passes(world, ALICE, BOB, 15)] == ["us-out", "any"]
    for _ in range(5):
        world.pay(ALICE, BOB, 15)
    assert world.cannot_pay(ALICE, BOB, 11) == DAILY_CAP
    assert usage(world, ALICE, first).day_amount == usage(world, ALICE, second).day_amount == 6 * 960
    world = world_with(second, first)
    assert world.cannot_pay(ALICE, BOB, 200) == DAILY_CAP


def test_one_payment() -> None:
    """At the cap it passes, above it not; the local amount is rounded up, in the sender's disfavour."""
    world = world_with(RULE._replace(per_payment=640))
    world.pay(ALICE, BOB, 10)
    assert world.cannot_pay(ALICE, BOB, 11) == PAYMENT_CAP
    world.do(TC, "update_exchange_rate", "INR", 0, 1, 65)
    assert (world.config().rates, (1 << 32) // 65) == ((("INR", 66_076_419),), 66_076_419)
    assert -(-10 * (1 << 32) // 66_076_419) == 651
    assert world.cannot_pay(ALICE, BOB, 10) == PAYMENT_CAP
    world.pay(ALICE, BOB, 9)


def test_local_amounts_are_exact_and_rounded_up() -> None:
    """amount x coin's rate / local rate, once; a coin in its own currency counts as it is."""
    assert local_amount(10, coin_rate=1 << 32, local_rate=1 << 26) == 640
    assert local_amount(1, coin_rate=1, local_rate=3) == 1
    assert local_amount(3, coin_rate=1, local_rate=3) == 1
    assert local_amount(4, coin_rate=1, local_rate=3) == 2
    assert local_amount(U64_MAX, coin_rate=7, local_rate=7) == U64_MAX
    assert local_amount(U64_MAX, coin_rate=U64_MAX, local_rate=1) == U64_MAX * U64_MAX


def test_payments_of_a_day() -> None:
    """The count, for each account by itself; at midnight UTC it begins again, to the microsecond."""
    world = world_with(RULE._replace(daily_count=2))
    for _ in range(2):
        world.pay(ALICE, BOB, 1)
    assert world.cannot_pay(ALICE, BOB, 1) == DAILY_COUNT
    world.pay(ANNA, BOB, 1)
    assert world.at(MIDNIGHT_US - 1).cannot_pay(ALICE, BOB, 1) == DAILY_COUNT
    world.at(MIDNIGHT_US).pay(ALICE, BOB, 1)
    assert usage(world, ALICE, RULE) == Usage(ALICE.address, "us-out", "INR", 19_676, 64, 1, 24_286, 192)


def test_amount_of_a_day() -> None:
    """At the cap, above it, and after midnight."""
    world = world_with(RULE._replace(daily=640))
    world.pay(ALICE, BOB, 4)
    assert world.cannot_pay(ALICE, BOB, 7) == DAILY_CAP
    world.pay(ALICE, BOB, 6)
    assert world.at(MIDNIGHT_US - 1).cannot_pay(ALICE, BOB, 1) == DAILY_CAP
    world.at(MIDNIGHT_US).pay(ALICE, BOB, 10)


def test_amount_of_a_month() -> None:
    """At the cap, above it, and after the first midnight of the next month."""
    world = world_with(RULE._replace(monthly=640))
    world.pay(ALICE, BOB, 4)
    world.at(MIDNIGHT_US).pay(ALICE, BOB, 6)
    assert world.at(DECEMBER_US - 1).cannot_pay(ALICE, BOB, 1) == MONTHLY_CAP
    world.at(DECEMBER_US).pay(ALICE, BOB, 10)
    assert usage(world, ALICE, RULE).month_amount == 640


def test_order_of_the_caps() -> None:
    """One payment, payments of the day, amount of the day, amount of the month."""
    rule = RULE._replace(per_payment=64, daily_count=1, daily=64, monthly=64)
    spent = Usage(ALICE.address, "us-out", "INR", 3, 64, 1, 5, 64)
    for changes, amount, name in (
        ({}, 65, "EPAYMENT_CAP"), ({}, 64, "EDAILY_COUNT"), ({"daily_count": 0}, 64, "EDAILY_CAP"),
        ({"daily_count": 0, "daily": 0}, 64, "EMONTHLY_CAP"),
    ):  # fmt: skip
        with pytest.raises(Abort) as caught:
            admit(rule._replace(**changes), spent, amount)  # type: ignore[arg-type]
        assert caught.value.name == name


def test_refusals_name_rule_numbers_and_reset() -> None:
    """'A refusal names the rule, the numbers and when it resets'."""
    rule = RULE._replace(per_payment=64, daily_count=1, daily=70, monthly=80)
    spent = Usage(ALICE.address, "us-out", "INR", 19_675, 64, 1, 24_286, 64)
    with pytest.raises(Abort, match="rule us-out: the payment is 65 micro-INR, one payment at most 64") as caught:
        admit(rule, spent, 65)
    assert caught.value.details == {"rule": "us-out", "amount": 65, "maximum": 64}
    with pytest.raises(
        Abort, match="rule us-out: 1 of 1 payments of the day are used until 2023-11-15T00:00:00Z"
    ) as caught:
        admit(rule, spent, 1)
    day = {"rule": "us-out", "resets_us": spent.day_ends_us}
    assert caught.value.details == {**day, "used": 1, "maximum": 1}
    with pytest.raises(
        Abort, match="the payment is 7 micro-INR, 64 of 70 are used until 2023-11-15T00:00:00Z"
    ) as caught:
        admit(rule._replace(daily_count=0), spent, 7)
    assert caught.value.details == {**day, "amount": 7, "used": 64, "maximum": 70}
    with pytest.raises(Abort, match="payment is 17 micro-INR, 64 of 80 are used until 2023-12-01T00:00:00Z") as caught:
        admit(rule._replace(daily_count=0, daily=0), spent, 17)
    assert caught.value.details == {
        "rule": "us-out", "amount": 17, "used": 64, "maximum": 80, "resets_us": DECEMBER_US
    }  # fmt: skip


def test_counters_outlive_a_version() -> None:
    """A new version resets no cap; a rule with another id or another currency counts anew."""
    world = world_with(RULE._replace(daily=640))
    world.pay(ALICE, BOB, 10)
    policy = Policy(2, "test", (RULE._replace(daily=700),))
    world.do(TC, "set_jurisdiction_policy", 0, policy.to_bytes())
    assert world.cannot_pay(ALICE, BOB, 1) == DAILY_CAP
    for version, rule in ((3, RULE._replace(rule_id="other", daily=640)), (4, RULE._replace(currency="XUS", daily=10))):
        world.do(TC, "set_jurisdiction_policy", 0, Policy(version, "test", (rule,)).to_bytes())
        world.pay(ALICE, BOB, 10)
        assert world.cannot_pay(ALICE, BOB, 1) == DAILY_CAP


def test_a_failed_payment_uses_nothing() -> None:
    """A second rule's refusal undoes what the first one counted (T7)."""
    first, second = RULE._replace(daily_count=1), RULE._replace(rule_id="b", per_payment=64)
    world = world_with(first, second)
    assert world.cannot_pay(ALICE, BOB, 2) == PAYMENT_CAP
    world.pay(ALICE, BOB, 1)


def test_what_has_no_rate_passes_no_cap() -> None:
    """ERATE_MISSING: of the local currency, and of the coin."""
    world = world_with(RULE)
    world.do(TC, "update_exchange_rate", "INR", 0, 0, 1)
    assert world.cannot_pay(ALICE, BOB, 1) == RATE_MISSING
    world = world_with(RULE)
    world.do(TC, "update_exchange_rate", "XUS", 0, 0, 1)
    assert world.cannot_pay(ALICE, BOB, 1) == RATE_MISSING
    world.pay(ALICE, BOB, 1, "XEU")


def test_amounts_beyond_64_bits() -> None:
    """A payment whose local amount has no 64 bits is above any cap; sums stop at 2^64-1."""
    with pytest.raises(Abort) as caught:
        admit(RULE, unused(ALICE.address, RULE), U64_MAX + 1)
    assert caught.value.name == "EPAYMENT_CAP"
    once = admit(RULE, unused(ALICE.address, RULE), U64_MAX)
    twice = admit(RULE, once, 5)
    assert (twice.day_amount, twice.month_amount, twice.day_count) == (U64_MAX, U64_MAX, 2)


def test_setting_a_policy() -> None:
    """The treasury's; canonical bytes; the version rises; one event on stream 1002 with the bytes' hash."""
    from hashlib import sha256

    world = small_world()
    data = Policy(5, "test", (RULE,)).to_bytes()
    assert world.fails(ROOT, "set_jurisdiction_policy", 0, data) == ("CoreAddresses", 2 | 1 << 8)
    (event_,) = world.do(TC, "set_jurisdiction_policy", 0, data)
    digest = sha256(seed("JurisdictionPolicy") + data).digest()
    assert event_ == event(1_002, ASSOCIATION, 0, "policyupdate", 5, "test", 1, digest)
    assert world.records[POLICY_KEY] == Policy(5, "test", (RULE,))
    assert world.config().policy_version == 5
    for version in (4, 5):
        assert world.fails(TC, "set_jurisdiction_policy", 0, Policy(version, "", ()).to_bytes()) == VERSION
    world.do(TC, "set_jurisdiction_policy", 0, Policy(6, "", ()).to_bytes())
    assert world.fails(TC, "set_jurisdiction_policy", 0, Policy(0, "", ()).to_bytes()) == VERSION


@pytest.mark.parametrize(
    "changes",
    [
        {"rule_id": ""}, {"rule_id": "A"}, {"rule_id": "a" * 33}, {"rule_id": "-a"}, {"rule_id": "a b"},
        {"rule_id": "a\n"}, {"sender_country": "us"}, {"sender_country": "USA"}, {"receiver_country": "U"},
        {"receiver_country": "U1"}, {"from_us": 5, "until_us": 5}, {"from_us": 5, "until_us": 4}, {"currency": ""},
        {"currency": "inr"}, {"is_open": False}, {"is_open": False, "currency": "", "daily": 1},
        {"is_open": False, "currency": "", "per_payment": 1}, {"is_open": False, "currency": "", "daily_count": 1},
    ],
)  # fmt: skip
def test_rules_that_cannot_be_kept(changes) -> None:
    """EPOLICY_MALFORMED; the rule says what is wrong with it."""
    rule = RULE._replace(**changes)
    with pytest.raises(DecodeError) as caught:
        rule.check()
    assert caught.value.name == "bad_rule"
    data = Policy(1, "", (rule,)).to_bytes()
    assert small_world().fails(TC, "set_jurisdiction_policy", 0, data) == MALFORMED


@pytest.mark.parametrize("rule_id", ["a", "0", "a" * 32, "in-upi.2", "9--"])
def test_rules_that_can(rule_id: str) -> None:
    """Ids of 1 to 32; a rule may end right after it begins."""
    RULE._replace(rule_id=rule_id, from_us=5, until_us=6).check()


def test_policies_that_cannot_be_kept() -> None:
    """At most 64 rules with an id each, a name of 64 bytes, canonical bytes, currencies that have a rate."""
    assert MAX_RULES == 64
    rules = tuple(RULE._replace(rule_id=f"r{number}") for number in range(MAX_RULES + 1))
    Policy(1, "n" * 64, rules[:-1]).check()
    for policy in (Policy(1, "", rules), Policy(1, "n" * 65, ()), Policy(1, "", (RULE, RULE))):
        with pytest.raises(DecodeError) as caught:
            policy.check()
        assert caught.value.name == "bad_policy"
    world = small_world()
    for data in (b"", b"\x00", Policy(1, "", ()).to_bytes() + b"\x00", Policy(1, "", (RULE, RULE)).to_bytes()):
        assert world.fails(TC, "set_jurisdiction_policy", 0, data) == MALFORMED
    unknown = Policy(1, "", (RULE._replace(currency="BRL"),)).to_bytes()
    assert world.fails(TC, "set_jurisdiction_policy", 0, unknown) == RATE_MISSING


def test_countries() -> None:
    """Set by the treasury, of a parent VASP, two capitals; the children share it."""
    world = small_world()
    call = ("set_vasp_country", 0, ALICE.address, "usa")
    assert world.fails(ROOT, *call) == ("CoreAddresses", 2 | 1 << 8)
    for address in (ALICE.address, DEALER.address, bytes(16)):
        assert world.fails(TC, "set_vasp_country", 0, address, "usa") == ("VASP", 7 | 3 << 8)
    for country in ("usa", "U", "us", "", "U\N{LATIN CAPITAL LETTER S WITH CEDILLA}"):
        assert world.fails(TC, "set_vasp_country", 0, US.address, country) == COUNTRY
    assert world.do(TC, "set_vasp_country", 0, US.address, "US") == ()
    credential = world.account(US).credential
    assert credential is not None
    assert (credential.country, credential.base_url) == ("US", b"https://wallet")


def test_nonces() -> None:
    """A sliding nonce is looked at right after who sends."""
    world = small_world()
    for function, *rest in (("set_jurisdiction_policy", b""), ("set_vasp_country", ALICE.address, "usa")):
        assert world.fails(TC, function, 1 << 60, *rest)[0] == "SlidingNonce"
        assert world.fails(ROOT, function, 1 << 60, *rest)[0] == "CoreAddresses"


def test_a_halted_corridor_says_so() -> None:
    """The rule, the policy's version, both sides, and until when."""
    rule = RULE._replace(sender_country="", until_us=DECEMBER_US, is_open=False, currency="")
    world = world_with(rule, version=3)
    world.change(BR, credential=world.account(BR).credential._replace(country=""))  # type: ignore[union-attr]
    run = Run(world.context, ALICE.address, world.overlay())
    with pytest.raises(Abort) as caught:
        check_policy(run, world.account(ALICE), world.account(BOB), "XUS", 1)
    assert caught.value.message == (
        "rule us-out of policy 3 halts payments from US to a provider without a country until 2023-12-01T00:00:00Z"
    )
    assert caught.value.details == {"rule": "us-out"}


def test_the_policy_comes_last() -> None:
    """After all of Libra's checks, the inflow limit included."""
    world = world_with(RULE._replace(is_open=False, currency=""))
    world.together(ROOT, BR, "publish_window", "XUS", ASSOCIATION)
    world.do(TC, "update_limits_definition", "XUS", 0, ASSOCIATION, 5, 0, 0, 0)
    assert world.cannot_pay(ALICE, BOB, 2_000 * ONE) == ("DiemAccount", 1288)
    assert world.cannot_pay(ALICE, BOB, 6) == ("DiemAccount", 8 | 3 << 8)
    assert world.cannot_pay(ALICE, BOB, 5) == HALTED


def test_records_have_bytes() -> None:
    """What is written can be read."""
    for record in (Policy(1, "n", (RULE,)), Usage(bytes(16), "r", "INR", 1, 2, 3, 4, 5)):
        assert type(record).from_bytes(record.to_bytes()) == record
    assert usage_key(bytes(16), RULE) == b"u" + bytes(16) + b"INR/us-out"


steps = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 3_600, 86_400, 9 * 86_400, 40 * 86_400]), st.sampled_from([ALICE, ANNA]),
        st.integers(1, 40), st.sampled_from(["XUS", "XEU"]),
    ),
    max_size=25,
)  # fmt: skip


@given(steps)
def test_against_a_list_of_payments(steps) -> None:
    """The naive model: all payments with their dates, summed anew each time by the library's calendar."""
    rule = RULE._replace(per_payment=2_600, daily=4_000, monthly=7_000, daily_count=3)
    world = world_with(rule)
    done: list[tuple[Party, datetime.datetime, int]] = []
    now = NOW_SECS
    for wait, payer, amount, currency in steps:
        now += wait
        world.at(now * SECOND_US)
        when = datetime.datetime.fromtimestamp(now, datetime.UTC)
        local = amount * (64 if currency == "XUS" else 96)
        mine = [(date, value) for who, date, value in done if who is payer]
        today = [value for date, value in mine if date.date() == when.date()]
        month = [value for date, value in mine if (date.year, date.month) == (when.year, when.month)]
        expected = (
            local <= 2_600 and len(today) < 3 and sum(today) + local <= 4_000 and sum(month) + local <= 7_000
        )  # fmt: skip
        payment = world.sign(payer, "peer_to_peer_with_metadata", currency, BOB.address, amount, b"", b"")
        outcome = world.run(payment)
        assert (outcome.status.kind == "executed") == expected
        if expected:
            done.append((payer, when, local))
            assert outcome.events[0].data[-4:] == (local, sum(today) + local, len(today) + 1, sum(month) + local)
