"""`node.lab.figures.latency`: virtual time repeats exactly, so the figures themselves are held here."""

from node.lab.figures import latency
from node.lab.figures.observed import Observed
from node.sim.parties import START_US
from node.sim.result import Result


def test_a_commit_takes_two_round_trips() -> None:
    """Proposal and votes, twice: 4 hops where votes are broadcast."""
    results: list[Result] = []
    found = latency.hops(4, results)
    assert found["blocks"] > 30
    assert found["proposer"] == found["others"] == {"median": 4.0, "p99": 4.0}
    assert not results[0].violations


def test_votes_for_the_next_leader_cost_one_hop_more() -> None:
    """Everybody else learns of the second certificate by the third proposal: 5 hops."""
    found = latency.hops(22, [])
    assert (found["proposer"]["median"], found["others"]["median"]) == (5.0, 5.0)


def test_a_new_block_comes_soon_after_the_faults() -> None:
    """L1: within 12 rounds for four validators, 2 n + 4 for more."""
    results: list[Result] = []
    found = latency.liveness(4, 6, results)
    assert found["bound"] == 12
    assert 0 < found["median"] <= found["p99"] <= found["max"] <= found["bound"]
    assert latency.bound_of(7) == 18
    assert [result.violations for result in results] == [()] * 6
    assert sum(sum(result.faults.values()) for result in results) > 20, "faults happened before"


def test_a_lost_message_in_a_hundred_is_borne() -> None:
    """Nothing is lost for good, and most payments are as fast as before."""
    found = latency.loss(11_000, [])
    none, some = found["none"], found["one_percent"]
    assert (none["lost"], some["lost"] > 5) == (0, True)
    assert none["final"] == none["payments"]
    assert some["final"] == some["payments"]
    assert some["p99_ms"] < 2 * none["p99_ms"]


def test_after_a_partition_the_backlog_is_drained() -> None:
    """Within 5 s after 5 s in which nothing could be final, everything is as before."""
    found = latency.partition(25_000, [])
    assert found["backlog"] > 150
    assert 0 < found["drained_ms"] <= 5_000
    assert 0 <= found["normal_ms"] <= 5_000
    assert found["after"]["p99_ms"] < 2 * found["before"]["p99_ms"] < 1_000


def test_what_never_drains_has_no_time() -> None:
    """None, where more wait to the end than ever before, or are slower."""
    second = 1_000_000
    sent = [(at, second // 10, True) for at in range(0, 5 * second, second // 10)]
    stuck = [*sent, *((at, 100 * second, False) for at in range(5 * second, 9 * second, second // 10))]
    assert latency._drained(stuck, 5 * second, 6 * second, 9 * second) is None
    assert latency._normal(stuck, second // 10, 6 * second, 9 * second) is None
    assert latency._drained(sent, 5 * second, 6 * second, 9 * second) == 0


def test_latency_is_counted_from_the_first_submission() -> None:
    """Retries do not make a payment young again; what is never final counts to the end of the run."""
    observed = Observed()
    observed(START_US + 10, 0, "submit", b"a")
    observed(START_US + 90, 1, "submit", b"a")
    observed(START_US + 95, 1, "timer", b"round")
    assert observed.latencies(0, 100, 500) == [(10, 490, False)]
    assert observed.latencies(11, 100, 500) == []
