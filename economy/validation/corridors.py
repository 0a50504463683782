"""Gate 9: corridor prices as the World Bank published them, and the identity of its total cost.

The published numbers stand here a second time, typed from the reference and not read from our data file.
"""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from economy.corridors.costs import FIELDS, FX_STEPS, NetworkCost, network_cost, published_cost
from economy.corridors.tables import STEPS
from economy.validation.gate import Gate

NUMBER = 9
SYNTHETIC_QUOTES = 2_000
PUBLISHED = """
US IN 2.80 3.15;  US BR 4.76 5.64;  US MX 4.39 4.18;  US PH 4.08 3.64;  US GT 4.78 3.94;  US EG 5.44 6.41
SA EG 4.30 4.11;  AE EG 3.55 3.96;  KW EG 3.22 3.02;  QA EG 6.70 5.67;  SA IN 5.37 5.45;  AE IN 2.33 2.97
SG IN 1.98 1.77;  GB IN 3.78 2.92;  JP BR 11.63 11.05; PT BR 6.79 6.52
"""
_SOURCE = "World Bank, Remittance Prices Worldwide, 2019Q4 and 2020Q3"
_TOLERANCE = Decimal("0.01")


def gates() -> Iterator[Gate]:
    """A line for each of the 16 corridors, and one for the identity."""
    for entry in PUBLISHED.replace("\n", ";").split(";"):
        if entry.strip():
            yield _corridor(*entry.split())
    yield _identity()


def _corridor(sender: str, receiver: str, earlier: str, later: str) -> Gate:
    """Both quarters of a corridor to 0.01 points."""
    ours = [value for _, value in published_cost(sender, receiver).history]
    said = [Decimal(earlier), Decimal(later)]
    near = len(ours) == 2 and all(abs(one - other) < _TOLERANCE for one, other in zip(ours, said, strict=True))
    shown = " / ".join(str(value) for value in ours)
    name, published = f"corridor {sender}-{receiver}, % of USD 200", f"{earlier} / {later}"
    return Gate(NUMBER, name, published, shown, "0.01 points", near, _SOURCE)


def _identity() -> Gate:
    """total % = fee / amount x 100 + margin %, counted again by walking the money through each quote."""
    right = sum(holds_identity(quote) for quote in synthetic_quotes(SYNTHETIC_QUOTES))
    return Gate(NUMBER, "total % = fee / amount x 100 + margin %, synthetic quotes", "100 %",
                f"{100 * right / SYNTHETIC_QUOTES:g} %", "every quote", right == SYNTHETIC_QUOTES,
                "World Bank, Remittance Prices Worldwide: definition of total cost")  # fmt: skip


def synthetic_quotes(count: int) -> Iterator[NetworkCost]:
    """So many transfers with made-up amounts and fees, the same each time (a congruential sequence)."""
    state = 20_200_930
    places = [(step, field) for step in STEPS for field in FIELDS[:2]] + [("delay_risk", "fee_pct")]
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        amount = Decimal(100 + (state >> 20) % 99_901) / 100
        wanted = {}
        for number, (step, field) in enumerate(places):
            draw = (state >> (3 * number)) % 797
            wanted[step, field] = Decimal(draw) / 100 if field == "fee_pct" else amount * draw / 100_000
        yield network_cost("US", "BR", amount, wanted)


def holds_identity(quote: NetworkCost) -> bool:
    """Whether what the receiver gets, in exact fractions, is short of the amount by exactly the total."""
    amount = Fraction(quote.amount)
    left = amount
    for part in quote.parts:
        if part.step not in FX_STEPS:
            left -= Fraction(part.usd)
    left -= amount * sum(Fraction(part.pct) for part in quote.parts if part.step in FX_STEPS) / 100
    lost_pct = (amount - left) / amount * 100
    return abs(lost_pct - Fraction(quote.total_pct)) < Fraction(1, 10**20)
