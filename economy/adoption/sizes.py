"""How large a reserve is, and the three sizes that the ECB worked out for a global stablecoin in May 2020.

size = users x holding. Of the size, the basket's share of a currency goes into its short-term assets; what users of
that currency's area bring was there before, so that (basket share - users' share) x size flows in anew.

The ECB printed sizes of 152.7, 563.6 and 2,930 billion euros for 2.4 billion users, and inflows of 12.2, 45.1 and
234.3 billion for a basket share of 18 % and a users' share of 10 %. The holdings here are those from which all six come
out in the digits printed. (Dividing 2,930 by 2.4 gives 1,221 euros, whose inflow would be 234.4: the size was rounded
before it was printed.)
"""

from decimal import Decimal
from typing import NamedTuple

ECB_USERS = Decimal(2_400_000_000)
EURO_BASKET_SHARE = Decimal("0.18")
EURO_USERS_SHARE = Decimal("0.10")
BILLION = Decimal(10**9)
ECB_SOURCE = (
    "ECB, Macroprudential Bulletin 9, May 2020 (Adachi, Cominetta, Kaufmann, van der Kraaij), by way of decrypt.co and"
    " sunriseread.com; holdings implied by the printed sizes"
)


class Scenario(NamedTuple):
    """One of the ECB's cases: euros a user holds, and what was printed (billions of euros, as text)."""

    name: str
    holding_eur: Decimal
    printed_size: str
    printed_inflow: str
    like: str


SCENARIOS = (
    Scenario("payments", Decimal("63.62"), "152.7", "12.2", "balances in an account for payments"),
    Scenario("savings", Decimal("234.83"), "563.6", "45.1", "a store of value beside others"),
    Scenario("fund", Decimal("1220.3"), "2930", "234.3", "balances in a popular money market fund"),
)


def reserve_size(users: Decimal, holding: Decimal) -> Decimal:
    """What backs the coins of so many users, in the holding's currency."""
    return users * holding


def new_inflow(size: Decimal, basket_share: Decimal, users_share: Decimal) -> Decimal:
    """What flows into a currency's short-term assets beyond what its own users bring."""
    return (basket_share - users_share) * size


def printed(billions: Decimal, like: str) -> str:
    """A number with the digits of a printed one: as many decimals, or rounded to ten where the last digit is a zero."""
    decimals = len(like.partition(".")[2])
    if decimals:
        return f"{billions:.{decimals}f}"
    return str(int(billions.scaleb(-1).quantize(Decimal(1))) * 10) if like.endswith("0") else f"{billions:.0f}"


def ecb_sizes() -> list[dict[str, object]]:
    """The three cases: holding, our size and inflow in the printed digits, and what was printed."""
    rows: list[dict[str, object]] = []
    for case in SCENARIOS:
        size = reserve_size(ECB_USERS, case.holding_eur)
        inflow = new_inflow(size, EURO_BASKET_SHARE, EURO_USERS_SHARE)
        ours = printed(size / BILLION, case.printed_size), printed(inflow / BILLION, case.printed_inflow)
        rows.append({
            "name": case.name, "like": case.like, "holding_eur": str(case.holding_eur),
            "size_bn_eur": ours[0], "inflow_bn_eur": ours[1],
            "printed_size_bn_eur": case.printed_size, "printed_inflow_bn_eur": case.printed_inflow,
            "exact": ours == (case.printed_size, case.printed_inflow), "source": ECB_SOURCE,
        })  # fmt: skip
    return rows
