"""`node.lab.figures.latency`: virtual time repeats exactly, so the figures themselves are held here."""

import pytest

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


@pytest.mark.parametrize(("validators", "f"), [(4, 1), (7, 2), (10, 3), (31, 10)])
def test_a_new_block_comes_soon_though_f_say_nothing(validators: int, f: int) -> None:
    """G12: n = 4 within 12 rounds after the faults, n = 7 with f = 2, n = 10 with f = 3 and n = 31 within 2 n + 4."""
    results: list[Result] = []
    found = latency.liveness(validators, 2, results, f)
    assert (found["silent"], found["bound"]) == (f, 12 if validators == 4 else 2 * validators + 4)
    assert found["recovered"] == found["asked"] == 2 * (validators - f)
    assert 1 < found["max"] <= found["bound"]
    silent = [rounds for result in results for rounds in result.recovery_rounds[:f]]
    assert silent == [-1] * (2 * f), "nothing is asked of them"


def test_all_sizes_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each size with nobody silent and with f, larger ones with fewer seeds; a broken bound is no `ok`."""
    monkeypatch.setattr(latency, "LIVENESS_FOR", ((4, 1), (7, 2)))
    monkeypatch.setattr(latency, "hops", lambda *_: {})
    monkeypatch.setattr(latency, "loss", lambda *_: {})
    monkeypatch.setattr(latency, "partition", lambda *_: {})
    found = latency.measure(2)
    assert found["ok"]
    assert [(row["validators"], row["silent"], row["seeds"]) for row in found["liveness"]] == [
        (4, 0, 2), (4, 1, 2), (7, 0, 1), (7, 2, 1)
    ]  # fmt: skip
    monkeypatch.setattr(latency, "bound_of", lambda _: 0)
    found = latency.measure(1)
    assert not found["ok"]
    assert "L1_liveness" in {item["invariant"] for item in found["violations"]}


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
