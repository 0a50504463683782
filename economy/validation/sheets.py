"""Gate 1: the IMF's own sheets, every printed digit. The rounding mode is a parameter: each mutation must fail."""

import datetime
from collections.abc import Iterator
from fractions import Fraction

from economy.exact.rounding import HALF_UP
from economy.exact.sdr import Valuation, value_sdr
from economy.exact.tables import sheets, source_of
from economy.validation.gate import Gate

GATE = 1
_TIE_DAY = datetime.date(2011, 10, 19)
_TIE = {"EUR": Fraction("1.38350"), "JPY": Fraction("76.79"), "GBP": Fraction("1.58010")}
"""0.423 x 1.38350 = 0.5852205 exactly: a tie whose even neighbour lies below."""


def gates(rounding: str = HALF_UP) -> Iterator[Gate]:
    """One line for each sheet, and one for the tie that no printed sheet at hand has."""
    source = source_of("sdr_sheets.csv")
    for sheet in sheets():
        found = value_sdr(sheet.date, {code: Fraction(rate) for code, rate in sheet.rates.items()}, rounding)
        ours = printed(found)
        assert set(ours) == set(sheet.printed), "a sheet prints what we compute"
        texts = [" ".join(f"{item} {values[item]}" for item in sheet.printed) for values in (sheet.printed, ours)]
        is_same = all(Fraction(ours[item]) == Fraction(text) for item, text in sheet.printed.items())
        yield Gate(GATE, f"IMF sheet of {sheet.date}", texts[0], texts[1], "every digit", is_same, source)
    leg = printed(value_sdr(_TIE_DAY, _TIE, rounding))["EUR"]
    why = "the rule itself, half up, on a constructed tie: half-even gives the same digits on every sheet above"
    yield Gate(GATE, "a tie above an even digit", "EUR 0.585221", f"EUR {leg}", "exact", leg == "0.585221", why)


def printed(found: Valuation) -> dict[str, str]:
    """A sheet's figures by item, as they are printed."""
    return {leg.currency: str(leg.usd) for leg in found.legs} | {
        "sum": str(found.total),
        "sdr_per_usd": str(found.sdr_per_usd),
        "usd_per_sdr": str(found.usd_per_sdr),
    }
