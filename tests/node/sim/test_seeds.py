"""Many seeds: no invariant breaks, payments are made, and every kind of fault fires, so that a stall cannot pass."""

from dataclasses import replace
from itertools import pairwise

import pytest

from chain.accounts import CONFIG_KEY, Role, account_key
from chain.primitives import SECOND_US
from node.lab.campaign.run import Plan, campaign, run_seed
from node.lab.campaign.tally import KINDS_OF_FAULT, Key, Outcome, Tally
from node.sim.accountability import Guilt
from node.sim.checkers import Violation
from node.sim.result import Result
from node.sim.scenario import Scenario
from node.sim.workload import BREAKERS
from node.sim.world import World


def summarize(results: list[Result]) -> dict[str, object]:
    """What a campaign of these says."""
    tally = Tally("seeds")
    for result in results:
        tally.add(Outcome(Key(result.seed), result, result.payments_committed > 0, result.states))
    return tally.document()


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """24 seeds of eight virtual seconds."""
    return [run_seed(seed, 8 * SECOND_US) for seed in range(1, 25)]


def test_no_violation_and_every_fault(results: list[Result]) -> None:
    """At least 90 % of the seeds commit payments, each kind of fault fires, and nothing is violated."""
    summary = summarize(results)
    assert summary["violations"] == []
    assert summary["faults_missing"] == []
    assert summary["committing"] == 24
    assert summary["ok"] is True


def test_every_kind_of_submission_happens(results: list[Result]) -> None:
    """Rule breakers are among the clients, and the validators name the rules that refuse."""
    submissions = {kind for result in results for kind in result.submissions}
    assert submissions >= {"set_up", "payment", "retry", "replacement", *BREAKERS}
    replies = {name for result in results for name in result.replies}
    assert replies >= {
        "accepted",
        "parked",
        "invalid_signature",
        "bad_chain_id",
        "sequence_number_too_old",
        "invalid_update",
    }


def test_validators_end_level(results: list[Result]) -> None:
    """A while after the faults have stopped, nobody is far behind."""
    for result in results:
        assert min(result.commits) > 10
        assert max(result.commits) - min(result.commits) <= 6, result.seed
        assert all(0 <= rounds <= 12 for rounds in result.recovery_rounds)


def test_real_signatures_run_too() -> None:
    """The same world on libsodium."""
    result = run_seed(3, 4 * SECOND_US, "libsodium")
    assert (result.signatures, result.violations) == ("libsodium", ())
    assert result.payments_committed > 0


@pytest.mark.parametrize("validators", [1, 2, 7])
def test_other_sizes(validators: int) -> None:
    """One validator commits alone, two need each other, seven tolerate two."""
    scenario = Scenario(validators=validators, duration_us=4 * SECOND_US, loss_ppm=20_000 if validators > 1 else 0)
    result = World(scenario, 5).run()
    assert result.violations == ()
    assert result.payments_committed > 20
    assert len(result.commits) == validators


def test_a_peaceful_run_has_no_faults_and_no_alarms() -> None:
    """Without faults nothing is alarming, and every validator is at the same height."""
    result = World(Scenario(duration_us=4 * SECOND_US), 9).run()
    assert (result.faults, result.alarms, result.violations) == ({}, {}, ())
    assert max(result.commits) - min(result.commits) <= 1


def test_the_set_up_is_real() -> None:
    """Before the first payment, dealer, providers, children and their money are on every ledger by transactions."""
    world = World(Scenario(duration_us=3 * SECOND_US, payments_per_s=0), 2)
    world.run()
    assert world.workload.ready
    assert world.workload.payments_committed == 0
    assert len(world.workload.acknowledged) == 4 + 2 + 7
    store = world.validators[3].disk.store
    assert store.state(CONFIG_KEY) is not None
    for wallet in world.parties.payers:
        account = world.gate.account(3, wallet.address)
        assert account is not None
        assert (account.role, account.balance("XUS")) == (Role.CHILD_VASP, 1_000_000_000)
    assert store.state(account_key(world.parties.dealer.address)) is not None


def test_idle_ledger_ticks_every_second() -> None:
    """Without payments the ledger's clock still ticks at least once a second."""
    world = World(Scenario(duration_us=9 * SECOND_US, payments_per_s=0), 2)
    result = world.run()
    times = [world.ledgers.blocks[height].timestamp_us for height in sorted(world.ledgers.blocks)]
    assert max(later - earlier for earlier, later in pairwise(times)) <= SECOND_US
    assert result.violations == ()


# --- the campaign's own judgement ---


def plain(seed: int, **changes: object) -> Result:
    """A good run in which every kind of fault fired."""
    good = Result(
        seed,
        "keyed-hash",
        (5,) * 4,
        (7,) * 4,
        1,
        100,
        dict.fromkeys(KINDS_OF_FAULT, 1),
        {},
        {},
        {},
        3,
        (1, 2, 3, 4),
        (),
        "x",
    )
    return good._replace(**changes)  # type: ignore[arg-type]


def test_summary_adds_up() -> None:
    """Sums over seeds, and the verdict."""
    summary = summarize([plain(seed) for seed in range(20)])
    assert summary["ok"] is True
    assert (summary["seeds"], summary["committing_ppm"], summary["events"]) == (20, 1_000_000, 2_000)
    assert (summary["blocks"], summary["payments_committed"]) == (100, 60)
    assert summary["faults"] == dict.fromkeys(sorted(KINDS_OF_FAULT), 20)
    assert summary["recovery_rounds"] == {"median": 3, "max": 4}


def test_accountability_is_counted() -> None:
    """G11: '100 % of Byzantine runs with observed equivocation yield evidence; 0 evidence against honest': a liar that
    was seen and is not named fails the campaign. `crash_runs` are those in which a process died."""
    crashed = [plain(seed, faults={kind: 1}) for seed, kind in enumerate(("crash", "crash.at", "blackout", "pause"))]
    lies = [Guilt(2, 2, (("double_vote", 3), ("lock_lie", 1))), Guilt(1, 1, (("double_vote", 1),)), Guilt()]
    told = [plain(seed, guilt=guilt) for seed, guilt in enumerate(lies)]
    summary = summarize(crashed + told)
    assert summary["accountability"] == {
        "crash_runs": 6, "observed": 3, "proved": 3, "against_honest": 0, "evidence": {"double_vote": 4, "lock_lie": 1},
    }  # fmt: skip
    assert summary["ok"] is True
    missed = summarize([plain(1, guilt=Guilt(observed=2, proved=1))])
    assert missed["accountability"]["observed"] == 2  # type: ignore[index]
    assert missed["ok"] is False
    assert summarize([plain(1, guilt=Guilt(evidence=(("double_vote", 1),), against_honest=1))])["ok"] is False


def test_a_campaign_fails_for_each_reason() -> None:
    """A violation; fewer than 90 % that commit (18 of 20 pass, 17 do not); a kind of fault that never fired."""
    good = [plain(seed) for seed in range(20)]
    idle = [plain(seed, payments_committed=0) for seed in range(3)]
    assert summarize(idle[:2] + good[:18])["ok"] is True
    assert summarize(idle + good[:17])["ok"] is False
    bad = plain(77, violations=(Violation("S1_agreement", 2, "planted"),))
    summary = summarize([*good, bad])
    assert summary["ok"] is False
    assert summary["violations"] == [
        {
            "generator": "seeds", "index": 77, "path": [], "seed": 77, "rule": "S1_agreement", "node": 2,
            "text": "planted",
        }
    ]  # fmt: skip
    calm = [plain(seed, faults={kind: 1 for kind in KINDS_OF_FAULT if kind != "hold"}) for seed in range(20)]
    assert summarize(calm)["faults_missing"] == ["hold"]
    assert summarize(calm)["ok"] is False
    assert summarize(calm[:19])["ok"] is True


def test_a_network_without_a_quorum_is_reported() -> None:
    """L1 has teeth: with two of four validators cut off for good, the run names the stall."""
    world = World(replace(Scenario(), duration_us=5 * SECOND_US), 4)
    world.network.calm = lambda: None  # type: ignore[method-assign]
    world.scheduler.after(SECOND_US, world.network.partition, [[0, 1], [2, 3]])
    rules = {violation.rule for violation in world.run().violations}
    assert rules == {"L1_liveness"}


def test_an_alarm_is_a_violation() -> None:
    """S10: nobody lies in these runs, so that garbage on a link, and with it an alarm, is named."""
    world = World(Scenario(duration_us=2 * SECOND_US), 4)
    world.scheduler.after(SECOND_US, world.network.send, 1, 2, b"garbage")
    result = world.run()
    assert {(violation.rule, violation.node) for violation in result.violations} == {("S10_false_alarm", 2)}
    assert sum(result.alarms.values()) == len(result.violations) == 1


@pytest.mark.deep
@pytest.mark.timeout(1_800)
def test_two_hundred_seeds() -> None:
    """200 seeds with crash, loss and delay: no violation, at least 90 % commit payments, each kind of fault fires."""
    summary = campaign(Plan(count=200), processes=2).document()
    assert summary["violations"] == []
    assert summary["faults_missing"] == []
    assert summary["signatures"] == {"keyed-hash": 198, "libsodium": 2}
    assert summary["ok"] is True
