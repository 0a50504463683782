"""The figures of `bench epochs`, and what it refuses to print."""

import pytest

from node.lab.bench.epochs import check, longest_pause_s
from node.lab.bench.figures import BenchError, Report


def test_the_longest_pause_is_between_two_final_payments() -> None:
    """In the order in which they became final, not in which they left."""
    reports = [Report(0, at, 1) for at in (3_000_000, 1_000_000, 1_250_000, 5_500_000)]
    assert longest_pause_s(reports) == 2.5
    assert longest_pause_s(reports[:1]) == longest_pause_s([]) == 0


@pytest.mark.parametrize(("lost", "doubled"), [(1, 0), (0, 1), (-1, 0)])
def test_lost_and_doubled_payments_are_no_result(lost: int, doubled: int) -> None:
    """'payments lost or doubled (must be 0/0)'."""
    good = {"payments": {"lost": 0, "doubled": 0}}
    assert check(good) is good
    with pytest.raises(BenchError) as caught:
        check({"payments": {"lost": lost, "doubled": doubled}})
    assert caught.value.name == "invariant_violated"
