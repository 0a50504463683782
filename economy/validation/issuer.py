"""Gate 11: the signs of BIS Working Paper 1355, out of the maximisation in `economy.models.issuer`; levels reported."""

from collections.abc import Iterator

from economy.models.issuer import Choice, World, best_choice, hard, usable
from economy.validation.gate import Gate

GATE = 11
SOURCE = "BIS Working Paper 1355 (June 2026), Goel, Lewrick and Agarwal: signs; the model is ours, made small"
LIQUIDITY, CAPITAL, FAR = 0.15, 0.002, 0.004
"""Thresholds, parts of the coins."""
BP = 10_000


def gates() -> Iterator[Gate]:
    """A line for each sign, then the levels beside the paper's, which cannot fail."""
    free = best_choice(World())
    liquid, capital = best_choice(usable(LIQUIDITY)), best_choice(usable(capital=CAPITAL))
    strict, far = best_choice(hard(LIQUIDITY)), best_choice(usable(capital=FAR))
    name = f"liquidity {LIQUIDITY:.0%}"
    yield _higher(f"{name}: cash", free.cash, liquid.cash, unit=100, what="%")
    yield _sign(f"{name}: capital", "not higher", free.capital, liquid.capital, liquid.capital <= free.capital,
                unit=100, what="%")  # fmt: skip
    yield from _safer(name, free, liquid)
    name = f"capital {CAPITAL:.1%}"
    yield _higher(f"{name}: cash", free.cash, capital.cash, unit=100, what="%")
    yield _higher(f"{name}: capital", free.capital, capital.capital, unit=100, what="%")
    yield from _safer(name, free, capital)
    yield _higher(f"hard instead of usable {LIQUIDITY:.0%}: failure", liquid.default, strict.default)
    yield _higher(f"hard instead of usable {LIQUIDITY:.0%}: price impact", liquid.impact, strict.impact)
    yield from _levels(free, best_choice(usable(LIQUIDITY, CAPITAL)), far)


def _safer(name: str, free: Choice, bound: Choice) -> Iterator[Gate]:
    """Both kinds of threshold lower failure and price impact."""
    yield _lower(f"{name}: failure", free.default, bound.default)
    yield _lower(f"{name}: price impact", free.impact, bound.impact)


def _higher(name: str, before: float, after: float, *, unit: float = BP, what: str = "bp") -> Gate:
    return _sign(name, "higher", before, after, after > before, unit=unit, what=what)


def _lower(name: str, before: float, after: float) -> Gate:
    return _sign(name, "lower", before, after, after < before)


def _sign(
    name: str, published: str, before: float, after: float, passed: bool, *, unit: float = BP, what: str = "bp"
) -> Gate:  # fmt: skip
    ours = f"{before * unit:.4g} to {after * unit:.4g} {what}"
    return Gate(GATE, name, published, ours, "sign", passed, SOURCE)


def _levels(free: Choice, both: Choice, far: Choice) -> Iterator[Gate]:
    """What the paper's larger, calibrated model has, and ours."""
    for name, published, ours in (
        ("level without rules: cash", "about 12 %", f"{free.cash:.1%}"),
        ("level without rules: capital", "about 0.1 %", f"{free.capital:.2%}"),
        ("level without rules: failure under stress", "above 15 bp a week", f"{free.default * BP:.1f} bp"),
        ("level without rules: price impact", "about 4 bp", f"{free.impact * BP:.1f} bp"),
        ("level with both: failure under stress", "about 0.7 bp a week", f"{both.default * BP:.2f} bp"),
        ("level with both: price impact", "2.7 bp", f"{both.impact * BP:.1f} bp"),
        (f"not general: capital {FAR:.1%}, far above losses: cash", "no figure", f"{far.cash:.1%}"),
    ):
        yield Gate(GATE, name, published, ours, "reported, not gated", True, SOURCE, is_gated=False)
