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

from economy.models import sizes as paper

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


_CASES = (
    ("payments", "63.62", "balances in an account for payments"),
    ("savings", "234.83", "a store of value beside others"),
    ("fund", "1220.3", "balances in a popular money market fund"),
)
SCENARIOS = tuple(
    Scenario(name, Decimal(holding), str(case.size_bn), str(case.inflow_bn), like)
    for (name, holding, like), case in zip(_CASES, paper.SCENARIOS, strict=True)
)


def reserve_size(users: Decimal, holding: Decimal) -> Decimal:
    """What backs the coins of so many users, in the holding's currency."""
    return paper.size_bn(holding, users / BILLION) * BILLION


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
        size = reserve_size(paper.USERS_BN * BILLION, case.holding_eur) / BILLION
        ours = printed(size, case.printed_size), printed(paper.euro_inflow_bn(size), case.printed_inflow)
        rows.append({
            "name": case.name, "like": case.like, "holding_eur": str(case.holding_eur),
            "size_bn_eur": ours[0], "inflow_bn_eur": ours[1],
            "printed_size_bn_eur": case.printed_size, "printed_inflow_bn_eur": case.printed_inflow,
            "exact": ours == (case.printed_size, case.printed_inflow), "source": ECB_SOURCE,
        })  # fmt: skip
    return rows
