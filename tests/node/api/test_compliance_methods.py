"""What JSON-RPC tells of limits, tiers, policy and baskets: exact documents, of a child, a provider and nobody."""

from typing import Any

import pytest

from chain.primitives import SECOND_US
from chain.records.policy import Policy, Rule
from node.api.results import rule_json
from tests.builders import NOBODY, NOW_SECS, ONE, ROOT, TC, signed_together
from tests.views import ALICE, BR_WALLET, BRUNO, DEALER, US_WALLET, Story, peopled

DAY_US = 86_400_000_000
U64_MAX = 2**64 - 1
RULE = Rule("us-out", "US", "", 5, 0, True, "INR", 7, 8, 9, 10)
HALT = Rule("halt-in-us", "IN", "US", 0, 0, False, "", 0, 0, 0, 0)


@pytest.fixture
def story() -> Story:
    return peopled()


def now_us(story: Story) -> int:
    return (NOW_SECS + story.ledger.tip_height) * SECOND_US


def test_no_limits(story: Story) -> None:
    """Nothing binds anybody at the start."""
    for who in (ALICE, US_WALLET, DEALER, TC, NOBODY):
        assert story.source.call("get_account_limits", who.address.hex()) == []


def test_limits_of_a_provider_and_its_children(story: Story) -> None:
    """Both see the provider's window as it is now: begun anew when the period is over."""
    raw = story.sign(ROOT, "publish_window", "XUS", ROOT.address, price=0).raw
    story.block(signed_together(raw, ROOT, [US_WALLET], story.ledger.genesis_hash))
    began = now_us(story)
    story.do(TC, "update_limits_definition", "XUS", 0, ROOT.address, 0, 50 * ONE, 0, 4_000_000)
    story.pay(ALICE, BRUNO, 20 * ONE)
    expected: dict[str, Any] = {
        "currency": "XUS", "provider": US_WALLET.address.hex(), "limit_address": ROOT.address.hex(),
        "is_unrestricted": False, "max_inflow": U64_MAX, "max_outflow": 50 * ONE, "max_holding": U64_MAX,
        "period_us": 4_000_000, "window_start_us": began, "window_inflow": 0, "window_outflow": 20 * ONE,
        "tracked_balance": 0, "resets_after_us": began + 4_000_000,
    }  # fmt: skip
    for who in (ALICE, US_WALLET):
        assert story.source.call("get_account_limits", who.address.hex()) == [expected]
    assert story.source.call("get_account_limits", BRUNO.address.hex()) == []
    story.block()
    story.block()
    assert now_us(story) == began + 4_000_000
    assert story.source.call("get_account_limits", ALICE.address.hex()) == [expected]
    story.block()
    assert story.source.call("get_account_limits", ALICE.address.hex()) == [
        {**expected, "window_start_us": began + 5_000_000, "window_outflow": 0, "resets_after_us": began + 9_000_000}
    ]
    assert story.source.call("get_account", US_WALLET.address.hex())["role"]["limited_currencies"] == ["XUS"]
    assert story.source.call("get_account", BR_WALLET.address.hex())["role"]["limited_currencies"] == []


def test_tiers_of_a_dealer(story: Story) -> None:
    """Only where they bind; what is minted counts from 0 at 24 hours."""
    address = DEALER.address.hex()
    assert story.source.call("get_dealer_tiers", address) == []
    story.do(TC, "update_dealer_tiers", "XUS", 0, DEALER.address, 5, 9, 0, 0)
    began = now_us(story)
    story.do(TC, "tiered_mint", *story.mint_arguments(4, 2))
    assert story.source.call("get_dealer_tiers", address) == [
        {"currency": "XUS", "caps": [5, 9], "minted": 4, "window_start_us": began, "resets_us": began + DAY_US}
    ]
    story.do(TC, "update_dealer_tiers", "XUS", 0, DEALER.address, 0, 0, 0, 0)
    assert story.source.call("get_dealer_tiers", address) == []


def test_the_policy(story: Story) -> None:
    """Version 0 without rules, then what the treasury set, in its order."""
    assert story.source.call("get_policy") == {"version": 0, "name": "", "rules": []}
    story.do(TC, "set_jurisdiction_policy", 0, Policy(4, "caps", (RULE, HALT)).to_bytes())
    assert story.source.call("get_policy") == {
        "version": 4, "name": "caps", "rules": [
            {
                "id": "us-out", "sender_country": "US", "receiver_country": "", "from_us": 5, "until_us": 0,
                "is_open": True, "currency": "INR", "per_payment": 7, "daily": 8, "monthly": 9, "daily_count": 10,
            },
            {
                "id": "halt-in-us", "sender_country": "IN", "receiver_country": "US", "from_us": 0, "until_us": 0,
                "is_open": False, "currency": "", "per_payment": 0, "daily": 0, "monthly": 0, "daily_count": 0,
            },
        ],
    }  # fmt: skip
    assert Rule(*rule_json(RULE).values()) == RULE


def test_what_is_used(story: Story) -> None:
    """Of each open rule, also where nothing is used yet; days and months end in UTC."""
    rule = RULE._replace(per_payment=0, daily=0, monthly=0, daily_count=0)
    story.do(TC, "set_vasp_country", 0, US_WALLET.address, "US")
    story.do(TC, "set_jurisdiction_policy", 0, Policy(1, "", (HALT, rule)).to_bytes())
    unused = {
        "rule": "us-out", "currency": "INR", "day_amount": 0, "day_count": 0, "month_amount": 0,
        "day_ends_us": 1_700_006_400 * SECOND_US, "month_ends_us": 1_701_388_800 * SECOND_US,
    }  # fmt: skip
    assert story.source.call("get_policy_usage", ALICE.address.hex()) == [unused]
    story.pay(ALICE, BRUNO, ONE)
    assert story.source.call("get_policy_usage", ALICE.address.hex()) == [
        {**unused, "day_amount": 64 * ONE, "day_count": 1, "month_amount": 64 * ONE}
    ]
    assert story.source.call("get_policy_usage", BRUNO.address.hex()) == [unused]
    role = story.source.call("get_account", US_WALLET.address.hex())["role"]
    assert (role["country"], story.source.call("get_account", BR_WALLET.address.hex())["role"]["country"]) == ("US", "")


def test_a_basket_and_its_coins(story: Story) -> None:
    """`backing` of the synthetic coin, `in_baskets` of those that it stands on."""
    story.do(TC, "tiered_mint", *story.mint_arguments(100 * ONE, 2, "XEU"))
    story.do(DEALER, "compose", "XDX", 2 * ONE)
    xus, xeu, xdx = story.source.call("get_currencies")
    assert (xus["in_baskets"], xeu["in_baskets"], xdx["in_baskets"]) == (ONE + 1, 666_667, 0)
    assert (xus["backing"], xeu["backing"]) == ([], [])
    assert xdx["backing"] == [
        {"currency": "XUS", "ratio_fixed_point32": 1 << 31, "amount": ONE + 1},
        {"currency": "XEU", "ratio_fixed_point32": 1_431_655_765, "amount": 666_667},
    ]
    assert xdx["total_value"] == 2 * ONE


def test_events_of_the_basket_and_the_policy(story: Story) -> None:
    """Parts are amounts with their currencies; a pass has its fields by name; hashes are hex."""
    story.do(TC, "tiered_mint", *story.mint_arguments(100 * ONE, 2, "XEU"))
    (event,) = story.do(DEALER, "compose", "XDX", 2 * ONE)["events"]
    assert event["data"] == {
        "type": "compose", "amount": {"amount": 2 * ONE, "currency": "XDX"}, "dealer_address": DEALER.address.hex(),
        "parts": [{"amount": ONE + 1, "currency": "XUS"}, {"amount": 666_667, "currency": "XEU"}],
    }  # fmt: skip
    rule = RULE._replace(per_payment=0, daily=0, monthly=0, daily_count=0, sender_country="")
    (event,) = story.do(TC, "set_jurisdiction_policy", 0, Policy(1, "n", (rule,)).to_bytes())["events"]
    assert (event["data"]["policy_version"], event["data"]["rules"], event["data"]["name"]) == (1, 1, "n")
    assert len(bytes.fromhex(event["data"]["policy_hash"])) == 32
    event = story.pay(ALICE, BRUNO, ONE)["events"][0]
    assert event["data"] == {
        "type": "policypass", "payer": ALICE.address.hex(), "rule": "us-out", "policy_version": 1,
        "sender_country": "", "receiver_country": "", "local_currency": "INR", "local_amount": 64 * ONE,
        "day_used": 64 * ONE, "day_count": 1, "month_used": 64 * ONE,
    }  # fmt: skip
