"""What bills cost, and what selling many of them in a hurry costs: integers, always rounded against the seller.

Price. A bill is quoted by a simple yield y on 365 days: price = face x (1 - y d / 365), d the days that are left. So
+100 bp of yield on 91 days cost 24.9 bp of price.

Fire-sale kernel. Ahmed and Aldasoro (BIS Working Paper 1270, 2025): an inflow of USD 3.5 bn over five days lowers the
yield of three-month bills by 2 to 2.5 bp within ten days, and outflows move it two to three times as much. Taken here
as linear in the sales of the last five business days, at the middle of both ranges:

    dy = 2.25 bp x 2.5 x sold / 3.5 bn (sales)        dy = -2.25 bp x bought / 3.5 bn (purchases)

which is 1 to 1.9 bp of price for an outflow and 0.5 to 0.6 bp for an inflow, on 91 days. The move is of the whole
curve of bills (assumed), and fades after the five days (assumed). Markets other than the dollar's are assumed as deep.
"""

from collections.abc import Mapping
from types import MappingProxyType

from economy.reserve.book import ONE

YEAR_DAYS = 365
PPB = 1_000_000_000
BP = 100_000
"""One basis point in parts per billion."""

WINDOW_DAYS = 5
"""Business days over which flows add up."""
INFLOW_MOVE = 225_000
"""Parts per billion of yield for one reference flow into bills: 2.25 bp, the middle of 2 to 2.5."""
OUTFLOW_MOVE = INFLOW_MOVE * 5 // 2
"""The same for a flow out of bills: two to three times as much, so two and a half."""

DOLLARS = 3_500_000_000 * ONE
PER_EURO_2019 = MappingProxyType(
    {"USD": 11_187, "EUR": 10_000, "JPY": 1_210_800, "GBP": 8_940, "SGD": 15_338},
)
"""Ten-thousandths of each currency for a euro, ECB reference rates of 2019-06-18, the day of the basket."""
REFERENCE_FLOW: Mapping[str, int] = MappingProxyType(
    {code: DOLLARS * units // PER_EURO_2019["USD"] for code, units in PER_EURO_2019.items()}
)
"""The flow that moves yields as the paper says; for other currencies than the dollar its worth on that day."""


def discount(face: int, days: int, yield_ppb: int) -> int:
    """What is taken off a face value for `days` at a yield, rounded up; 0 for a yield below 0, at most the face - 1."""
    off = -(-face * days * yield_ppb // (YEAR_DAYS * PPB))
    return max(0, min(off, face - 1))


def price(face: int, days: int, yield_ppb: int) -> int:
    """Micro-units paid for bills of a face value that are due in `days`."""
    return face - discount(face, days, yield_ppb)


def face_for(cost: int, days: int, yield_ppb: int) -> int:
    """The face value that `cost` buys, rounded down; at least the cost."""
    left = YEAR_DAYS * PPB - days * yield_ppb
    return max(cost, cost * YEAR_DAYS * PPB // left)


def yield_move(currency: str, *, sold: int) -> int:
    """Parts per billion that the yield of bills rises after `sold` micro-units in five days; negative for purchases."""
    move = OUTFLOW_MOVE if sold >= 0 else INFLOW_MOVE
    size = abs(sold) * move // REFERENCE_FLOW[currency]
    return size if sold >= 0 else -size
