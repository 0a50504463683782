"""Gate 7, the adoption model's part: the ECB's three reserve sizes come out of the function that the model uses."""

from collections.abc import Iterator

from economy.adoption.sizes import ecb_sizes
from economy.validation.gate import Gate

NUMBER = 7


def gates() -> Iterator[Gate]:
    """Size and new inflow of each of the three cases, in the digits printed."""
    for case in ecb_sizes():
        published = f"{case['printed_size_bn_eur']} / {case['printed_inflow_bn_eur']}"
        ours = f"{case['size_bn_eur']} / {case['inflow_bn_eur']}"
        name = f"size and inflow by the adoption model, {case['holding_eur']} euros a user, bn EUR"
        yield Gate(NUMBER, name, published, ours, "every printed digit", published == ours, str(case["source"]))
