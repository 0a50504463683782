"""Gate 4: the synthetic coin's integers, by the chain's own code."""

from collections.abc import Iterator
from decimal import Decimal

from chain.records.coins import Basket
from economy.basket import BASKET, chain_basket
from economy.validation.gate import Gate
from node.localnet.genesis import BASKET_PARTS

GATE = 4
SOURCE = "rules of LBR, DesignatedDealer and FixedPoint32 in the public history of Libra's standard library"
FIVE = {"XUS": "0.50", "XEU": "0.18", "XJP": "0.14", "XGB": "0.11", "XSG": "0.07"}
"""The disclosed weights, taken as amounts of five coins that are worth the same."""


def gates() -> Iterator[Gate]:
    """Ratios, composing, decomposing, what a wallet's coins compose, and what truncation leaves uncovered."""
    five, two = _basket(FIVE), _basket({"XUS": "0.5", "XEU": "0.5"})
    yield _gate("ratios of .50/.18/.14/.11/.07", "2147483648 773094113 601295421 472446402 300647710", five.parts)
    for amount, published in (
        (1, "1 1 1 1 1"),
        (1_000_000, "500001 180000 140000 110000 70000"),
        (1_234_567, "617284 222223 172840 135803 86420"),
    ):
        yield _gate(f"compose {amount}", published, five.composing(amount))
    yield _gate("decompose 1000000", "500000 179999 139999 109999 69999", five.decomposing(1_000_000))
    yield _gate("sum of composing 1000000", "1000001", [("", sum(part for _, part in five.composing(1_000_000)))])
    much = sum(part for _, part in five.composing(999_999_999_999))
    yield _gate("sum of composing 999999999999: 463 less", "999999999536", [("", much)])
    for held, published in ((1_000_000, "1999998"), (1_000_001, "2000000"), (1, "0")):
        most = two.most_composable({"XUS": held, "XEU": held})
        yield _gate(f"most of two halves from {held} of each", published, [("", most)])
    network = " ".join(str(ratio) for _, ratio in BASKET_PARTS)
    yield _gate("this network's ratios", network, chain_basket("XDX", BASKET).parts)


def _basket(parts: dict[str, str]) -> Basket:
    return chain_basket("XDX", {code: Decimal(part) for code, part in parts.items()})


def _gate(name: str, published: str, found: "list[tuple[str, int]] | tuple[tuple[str, int], ...]") -> Gate:
    """Integers, each exact."""
    ours = " ".join(str(number) for _, number in found)
    return Gate(GATE, name, published, ours, "exact", ours == published, SOURCE)
