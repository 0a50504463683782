"""The jurisdiction policy, account limits and tiers as people read them: every cell."""

from typing import Any

from node.view.pages.policy import limits_page, policy_page
from tests.views import text

DAY_1, DAY_2 = 1_620_086_400_000_000, 1_620_172_800_000_000
"""2021-05-04 and the day after, the first microsecond of each in UTC."""
NO_LIMIT = 2**64 - 1
NOTE = "\nDays and months are those of UTC. Payments inside one provider and with dealers are exempt.\n"


def rule(name: str, sender: str = "", receiver: str = "", **changes: Any) -> dict[str, Any]:
    """A rule without caps, in force for ever."""
    return {
        "id": name, "sender_country": sender, "receiver_country": receiver, "from_us": 0, "until_us": 0,
        "is_open": True, "currency": "BRL", "per_payment": 0, "daily": 0, "monthly": 0, "daily_count": 0, **changes,
    }  # fmt: skip


CAPS = rule("br-2021", "BR", from_us=DAY_1, per_payment=1_000_000_000, monthly=5_000_000_000, daily_count=20)
HALT = rule("halt", "US", "BR", until_us=DAY_1, is_open=False, currency="")
OPEN = rule("open", "", "IN", currency="INR")
ONE_DAY = rule("day", "BR", from_us=DAY_1, until_us=DAY_2, daily=1_500_000, daily_count=1)


def cells(page: Any) -> list[list[str]]:
    """Rows of the page's table, split at two spaces or more."""
    lines = [line.strip() for line in text(page).splitlines()]
    start = next(at for at, line in enumerate(lines) if line.startswith("rule "))
    rows = lines[start : lines.index("", start)]
    return [[cell.strip() for cell in row.split("  ") if cell.strip()] for row in rows]


def test_rules_and_when_they_hold() -> None:
    """Each rule: countries (empty: any), when it is in force, what it allows; a policy without rules says so."""
    assert cells(policy_page({"version": 3, "name": "br-2021", "rules": [CAPS, HALT, OPEN, ONE_DAY]})) == [
        ["rule", "payments from", "in force", "allows"],
        ["br-2021", "BR to any", "from 2021-05-04 00:00:00.000 UTC",
         "1000 BRL a payment, 5000 BRL a month, 20 payments a day"],
        ["halt", "US to BR", "until 2021-05-04 00:00:00.000 UTC", "nothing: halted"],
        ["open", "any to IN", "always", "everything, counted in INR"],
        ["day", "BR to any", "from 2021-05-04 00:00:00.000 UTC until 2021-05-05 00:00:00.000 UTC",
         "1.5 BRL a day, 1 payment a day"],
    ]  # fmt: skip
    assert text(policy_page({"version": 0, "name": "", "rules": []})) == (
        "Jurisdiction policy\n  version  0\n  name     none\n\nRules, each of which must let a payment pass\n"
        "  none: every payment passes\n" + NOTE
    )


def test_what_an_account_has_used() -> None:
    """One more column, empty where a rule counts nothing."""
    usage = [{"rule": "br-2021", "day_amount": 1_500_000, "day_count": 1, "month_amount": 2_000_000}]
    page = policy_page({"version": 3, "name": "x", "rules": [CAPS, HALT], "account": "alice", "usage": usage})
    head, caps, halt = cells(page)
    assert (head[-1], caps[-1]) == ("used by alice", "1.5 BRL and 1 payment today, 2 BRL this month")
    assert halt[-1] == "nothing: halted"


def test_limits_that_bind_a_provider() -> None:
    """Received, sent and held of what may be, the period, and when the window ends."""
    row = {
        "currency": "XUS", "window_inflow": 1_500_000, "max_inflow": NO_LIMIT, "window_outflow": 0,
        "max_outflow": 10_000_000, "tracked_balance": 5, "max_holding": 7, "period_us": 3_600_000_000,
        "resets_after_us": DAY_1,
    }  # fmt: skip
    assert text(limits_page({"account": "alice", "provider": "us-wallet", "limits": [row], "tiers": []})) == (
        "Account limits of us-wallet and all its children\n"
        "  currency  received         sent     holds                 period  counts anew after\n"
        "  XUS       1.5 of no limit  0 of 10  0.000005 of 0.000007  3600 s  2021-05-04 00:00:00.000 UTC\n\n"
        "Payments inside the provider do not count.\n"
    )


def test_tiers_of_a_dealer() -> None:
    """What is minted in the window beside the caps."""
    tier = {"currency": "XEU", "minted": 2_500_000, "caps": [10_000_000, 20_000_000], "resets_us": DAY_2}
    page = text(limits_page({"account": "dealer-one", "provider": "dealer-one", "limits": [], "tiers": [tier]}))
    assert "  none: nothing is limited\n" in page
    assert page.endswith(
        "Minted to dealer-one within 24 hours\n  currency  minted  tiers   counts anew at\n"
        "  XEU       2.5     10, 20  2021-05-05 00:00:00.000 UTC\n"
    )
