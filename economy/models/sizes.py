"""How large Libra might have become: the three scenarios of the ECB's Macroprudential Bulletin 9 (May 2020).

Adachi, Cominetta, Kaufmann and van der Kraaij: 2.4 billion users, a tenth of them in the euro area, hold as much each
as users of a payment service, of a middle case, or of a money-market fund do. Of the reserve 18 % is in euro, so that
8 % of it is money that comes into short euro paper from outside; at least 80 % is government paper. Exact decimals.
"""

from decimal import Decimal
from typing import NamedTuple

USERS_BN = Decimal("2.4")
EURO_USERS = Decimal("0.10")
EURO_SHARE = Decimal("0.18")
PAPER_SHARE = Decimal("0.80")


class Scenario(NamedTuple):
    """As printed: billions of euro, and euro for each user."""

    name: str
    size_bn: Decimal
    holding: Decimal
    inflow_bn: Decimal
    paper_bn: Decimal


SCENARIOS = (
    Scenario("like a payment service", Decimal("152.7"), Decimal("63.6"), Decimal("12.2"), Decimal(122)),
    Scenario("middle", Decimal("563.6"), Decimal("234.8"), Decimal("45.1"), Decimal(451)),
    Scenario("like a money-market fund", Decimal(2930), Decimal(1221), Decimal("234.3"), Decimal(2344)),
)


def size_bn(holding: Decimal, users_bn: Decimal = USERS_BN) -> Decimal:
    """The reserve in billions of euro when each user holds so many euro."""
    return users_bn * holding


def holding(size: Decimal, users_bn: Decimal = USERS_BN) -> Decimal:
    """Euro for each user of a reserve of so many billions."""
    return size / users_bn


def euro_inflow_bn(size: Decimal) -> Decimal:
    """Money from outside the euro area that comes into short euro paper."""
    return (EURO_SHARE - EURO_USERS) * size


def paper_bn(size: Decimal) -> Decimal:
    """The least government paper."""
    return PAPER_SHARE * size
