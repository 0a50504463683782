"""Campaigns: the same numbers whoever runs the scenarios; siblings of what is new; budgets, interrupts, the verdict."""

import pytest

from chain.errors import MithqalError
from node.lab.campaign import run as module
from node.lab.campaign.run import AHEAD, BATCH, CHUNK, SIBLINGS, Guide, Plan, Report, campaign, chunks, play
from node.lab.campaign.tally import Key, Outcome, Tally
from node.lab.generate.registry import ALL, LARGE_EVERY
from node.sim.checkers import Violation

SMALL = Plan(ALL, first=3, count=40)


@pytest.fixture(scope="module")
def alone() -> Report:
    """Forty scenarios in this process."""
    return campaign(SMALL)


def test_what_it_prints(alone: Report) -> None:
    """The keys that the issue names, and what they count."""
    document = alone.document()
    assert document["ok"] is True
    assert (document["scenarios"], document["siblings"], document["violations"]) == (40, 0, [])
    assert document["generators"] == {"adversary": 10, "crash_points": 11, "mutation": 12, "twins": 7}
    assert isinstance(document["committing_share"], float)
    assert document["committing_share"] >= 0.9
    distinct, states = document["distinct"], document["states"]
    assert isinstance(distinct, int)
    assert isinstance(states, int)
    assert 20 < distinct <= 40 < states
    assert {"events_per_s", "faults", "trace_hash", "wall_s", "scenarios_per_s"} <= set(document)
    cpu_s, events = alone.tally.cpu_s, alone.tally.events
    assert cpu_s > 0
    assert (document["cpu_s"], document["events_per_cpu_s"]) == (round(cpu_s, 1), round(events / cpu_s))


def test_the_number_of_processes_changes_nothing(alone: Report) -> None:
    """'Same results, same hashes.'"""
    assert campaign(SMALL, processes=2).tally.document() == alone.tally.document()


@pytest.mark.network
def test_a_cluster_gives_the_same_hashes(alone: Report) -> None:
    """`--dask ADDRESS`, tested on a local cluster."""
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", protocol="tcp://", dashboard_address=None, processes=False
    ) as cluster:
        found = campaign(SMALL, dask=cluster.scheduler_address)
    assert found.tally.document() == alone.tally.document()


@pytest.mark.parametrize("address", ["", "foo", "tcp://", "127.0.0.1", "http://host:1"])
def test_no_address(address: str) -> None:
    """What names no scheduler is refused before anything is tried."""
    with pytest.raises(MithqalError, match="a scheduler is named tcp://HOST:PORT") as caught:
        campaign(SMALL, dask=address)
    assert caught.value.name == "bad_argument"


def test_no_such_generator() -> None:
    """One clear error that lists what there is."""
    with pytest.raises(MithqalError, match="twins, adversary, mutation, crash_points, seeds, directed, all"):
        campaign(Plan("twin", count=1))


# --- the guide ---


def test_what_is_new_gets_siblings() -> None:
    """Up to half of a later batch are siblings of what reached something new; theirs too, up to a depth."""
    guide = Guide(Plan("twins", first=100, count=2 * BATCH + 10))
    first = guide.batch()
    assert first == [Key(number) for number in range(100, 100 + BATCH)]
    for key in first:
        guide.learn(key, is_new=key.number < 110)
    second = guide.batch()
    assert second[: 10 * SIBLINGS] == [Key(number, (way,)) for number in range(100, 110) for way in range(SIBLINGS)]
    assert second[10 * SIBLINGS :] == [
        Key(number) for number in range(100 + BATCH, 100 + 2 * BATCH - 10 * SIBLINGS)
    ]  # fmt: skip
    guide.learn(Key(100, (0, 1, 1)), is_new=True)  # as deep as it goes
    guide.learn(Key(100, (0,)), is_new=True)
    last = guide.batch()
    assert (len(last), last[:2]) == (10, [Key(100, (0, 0)), Key(100, (0, 1))])
    assert guide.batch() == []


def test_seeds_have_no_siblings() -> None:
    """Large scenarios are run as they are, also within `all`."""
    for plan, number in ((Plan("seeds"), 0), (Plan(ALL), LARGE_EVERY - 1)):
        guide = Guide(plan)
        guide.batch()
        guide.learn(Key(number), is_new=True)
        assert all(not key.path for key in guide.batch())


def test_guided_campaigns_are_deterministic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are guided by all batches but the one before: two processes and one do the same, siblings included."""
    monkeypatch.setattr(module, "BATCH", 8)
    plan = Plan("crash_points", count=40)
    one, two = campaign(plan).tally.document(), campaign(plan, processes=2).tally.document()
    assert one == two
    assert one["siblings"] == (40 // 8 - AHEAD) * 4


def test_large_scenarios_are_shares_of_their_own() -> None:
    """Eight small ones at once; a large one alone."""
    keys = [Key(number) for number in range(LARGE_EVERY - 3, LARGE_EVERY + 20)]
    shares = chunks(Plan(ALL), keys)
    assert [key for share in shares for key in share] == keys
    assert [len(share) for share in shares] == [2, 1, CHUNK, CHUNK, 4]
    assert shares[1] == [Key(LARGE_EVERY - 1)]
    assert [len(share) for share in chunks(Plan("seeds"), keys[:3])] == [1, 1, 1]
    assert [len(share) for share in chunks(Plan("twins"), keys)] == [CHUNK, CHUNK, 7]
    assert chunks(Plan("twins"), []) == []


# --- budgets and the verdict ---


def test_a_budget_of_time_ends_it() -> None:
    """`--seconds`: nothing more after so long; by a clock that goes on by a second a scenario."""
    ticks = iter(range(1_000))
    report = campaign(Plan("twins", seconds=5), clock=lambda: float(next(ticks)))
    assert (report.tally.scenarios, report.is_partial) == (5, False)


def test_an_interrupt_keeps_what_is_finished() -> None:
    """Ctrl-C gives a partial result; before anything is finished there is none."""

    def stop(_outcome: Outcome, tally: Tally) -> None:
        if tally.scenarios == 3:
            raise KeyboardInterrupt

    report = campaign(Plan("twins", count=50), heard=stop)
    assert (report.tally.scenarios, report.is_partial, report.document()["is_partial"]) == (3, True, True)

    def at_once() -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        campaign(Plan("twins", count=50), clock=at_once)


def test_a_campaign_fails_for_each_reason() -> None:
    """A violation; fewer than nine in ten that commit; in a long one, a claimed kind of fault that never fired."""
    fine = play("twins", Key(0))
    idle = fine._replace(is_committing=False)
    broken = fine._replace(result=fine.result._replace(violations=(Violation("S1_agreement", 2, "planted"),)))

    def verdict(outcomes: list[Outcome]) -> object:
        tally = Tally("twins")
        for outcome in outcomes:
            tally.add(outcome)
        return tally.document()["ok"]

    assert verdict([fine] * 18 + [idle] * 2) is True
    assert verdict([fine] * 17 + [idle] * 3) is False
    assert verdict([fine] * 19 + [broken]) is False
    calm = fine._replace(result=fine.result._replace(faults={"partition.message": 1}))
    assert verdict([calm] * 999) is True
    assert verdict([calm] * 1_000) is False


def test_only_the_first_of_many_violations_are_listed() -> None:
    """All are counted; each run's rules once."""
    outcome = play("twins", Key(0))
    found = (Violation("S1_agreement", 2, "a", 5), Violation("S1_agreement", 1, "b", 7), Violation("L1", 0, "c", 1))
    tally = Tally("twins")
    for number in range(300):
        tally.add(outcome._replace(key=Key(number), result=outcome.result._replace(violations=found)))
    document = tally.document()
    violations = document["violations"]
    assert isinstance(violations, list)
    assert (document["violating"], len(violations)) == (300, 400)
    assert [(item["rule"], item["text"]) for item in violations[:2]] == [("L1", "c"), ("S1_agreement", "a")]
