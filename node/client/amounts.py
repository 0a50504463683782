"""Whole coins with decimals, as people type them, to micro-units and back. Exact; ASCII only."""

import re

from chain.errors import MithqalError
from chain.primitives import U64_MAX

DECIMALS = 6
SCALE: int = 10**DECIMALS
_SHAPE = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?", re.ASCII)


class AmountSyntaxError(MithqalError):
    """An amount that cannot be paid; `name` is the rule."""

    name = "bad_amount"


def parse_amount(text: str) -> int:
    """Micro-units of "25" or "0.50"; AmountSyntaxError names the rule and the number."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise AmountSyntaxError(f"{text[:40]!r} is no amount: write whole coins, such as 25 or 0.50", amount=text[:40])
    sign, whole, decimals = found.group(1), found.group(2), found.group(3) or ""
    if sign:
        raise AmountSyntaxError(f"an amount is above 0, got {text[:40]}", amount=text[:40])
    if len(decimals) > DECIMALS:
        raise AmountSyntaxError(f"a coin has {DECIMALS} decimals, {text[:40]} has {len(decimals)}", amount=text[:40])
    if len(whole) > 20:
        raise AmountSyntaxError(f"an amount is at most {format_amount(U64_MAX)}", amount=text[:40])
    amount = int(whole) * SCALE + int(decimals.ljust(DECIMALS, "0"))
    if amount == 0:
        raise AmountSyntaxError("an amount is above 0", amount=text[:40])
    if amount > U64_MAX:
        raise AmountSyntaxError(f"an amount is at most {format_amount(U64_MAX)}, got {text[:40]}", amount=text[:40])
    return amount


def format_amount(micro: int) -> str:
    """Micro-units as whole coins with six decimals."""
    return f"{micro // SCALE}.{micro % SCALE:0{DECIMALS}d}"
