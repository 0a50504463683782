"""What the simulator predicts: it follows the links, and takes as many of their delays as the protocol has hops."""

from statistics import median

from node.lab.chaos.fidelity import FidelityPlan, measure_saves, predict

SAVE_US = 1_000


def test_the_prediction_follows_the_links() -> None:
    """Two rounds of proposal and vote, and the way to the leader: from four delays up to a few more for waiting."""
    waits = predict(FidelityPlan(one_way_us=25_000, rate=10, seconds=4), SAVE_US)
    assert waits == predict(FidelityPlan(one_way_us=25_000, rate=10, seconds=4), SAVE_US)
    assert 4 * 25_000 < median(waits) < 9 * 25_000
    slower = predict(FidelityPlan(one_way_us=50_000, rate=10, seconds=4), SAVE_US)
    assert 1.7 < median(slower) / median(waits) < 2.5


def test_a_save_takes_time() -> None:
    """A transaction and a record, on this disk."""
    assert measure_saves() > 0
