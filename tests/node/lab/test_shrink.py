"""Shrinking: what is left breaks the same invariant under the same seed, is small, and is a file to play."""

import json

from click.testing import CliRunner

from cli.main import root
from node.lab.campaign.failures import kept
from node.lab.campaign.run import Plan, campaign, play
from node.lab.campaign.shrink import breaks, shrunk
from node.lab.campaign.tally import Key
from node.lab.generate.ground import Case
from node.lab.generate.registry import case_of
from node.sim.scenario import Scenario
from node.sim.scenario_dump import to_document
from node.sim.scenario_file import from_document
from tests.node.lab.planted import planted


def size(scenario: Scenario) -> int:
    """Things that a scenario orders."""
    steps = sum(len(liar.steps) for liar in scenario.liars)
    return len(scenario.rules) + len(scenario.acts) + len(scenario.twins) + steps


def test_a_planted_bug_leaves_a_minimal_file() -> None:
    """A vote after a time-out, found by an adversary: a small part of it breaks the same rule, and no less."""
    rule = "S5_vote_after_timeout"
    with planted("vote after own time-out"):
        case = next(
            case_of("adversary", number)
            for number in range(60)
            if size(case_of("adversary", number).scenario) >= 8
            and rule in {found.rule for found in play("adversary", Key(number)).result.violations}
        )
        small = shrunk(case, breaks(rule))
        assert breaks(rule)(small) is not None
        assert size(small.scenario) <= 4
        assert shrunk(small, breaks(rule)).scenario == small.scenario
        again = from_document(json.loads(json.dumps(to_document(small.scenario))))
        assert breaks(rule)(Case(again, small.seed)) == breaks(rule)(small)
    assert breaks(rule)(small) is None


def test_only_what_the_failure_needs_is_left() -> None:
    """One of eight rules, one of two liars' steps, and the doubled validator matter here: by a made-up invariant."""

    def ask(case: Case) -> int | None:
        scenario = case.scenario
        needs = [rule for rule in scenario.rules if rule.from_round == 3], scenario.twins
        return 2_000_000 if all(needs) else None

    rules = [{"do": "drop", "src": [0], "dst": [4], "from_round": round_, "to_round": round_} for round_ in range(1, 9)]
    document = {
        "twins": [[2]], "rules": rules, "link": {"loss": 0.1}, "leaders": [0, 1, 2, 3] * 9,
        "byzantine": [{"node": 1, "strategy": "double_vote"}], "faults": [{"do": "crash", "node": 0, "at_ms": 1_000}],
    }  # fmt: skip
    small = shrunk(Case(from_document(document), 5), ask)
    assert (len(small.scenario.rules), small.scenario.twins, small.scenario.liars, small.scenario.acts) == (
        1, (2,), (), (),
    )  # fmt: skip
    assert (small.scenario.leaders, small.scenario.loss_ppm, small.scenario.payers) == ("round_robin", 0, 0)
    assert (small.scenario.duration_us, small.seed) == (3_000_000, 5)


def test_the_number_of_runs_is_bounded() -> None:
    """Whatever is asked, it is asked no more often than that, once for the case itself included."""
    runs = 0

    def ask(_case: Case) -> int | None:
        nonlocal runs
        runs += 1
        return 1_000_000 if runs == 1 else None

    case = case_of("twins", 4)
    assert shrunk(case, ask, most_runs=9).scenario == case.scenario
    assert runs == 10


def test_what_does_not_fail_stays() -> None:
    """Nothing is left out of a scenario that breaks nothing."""
    case = case_of("adversary", 4)
    assert shrunk(case, lambda _: None) == case


def test_a_failing_campaign_prints_a_replay_that_exits_8(tmp_path) -> None:
    """'Failures are shrunk to a small scenario file, printed as a replay command.'"""
    with planted("vote after own time-out"):
        plan = Plan("mutation", count=8)
        tally = campaign(plan).tally
        commands = kept(plan, tally, tmp_path, lambda _: None)
        assert tally.document()["ok"] is False
        assert commands
        for command in commands:
            words = command.split()[1:]
            assert CliRunner().invoke(root, words, standalone_mode=False).return_value == 8
        assert CliRunner().invoke(root, commands[0].split()[1:], standalone_mode=False).return_value == 8
    assert CliRunner().invoke(root, commands[0].split()[1:], standalone_mode=False).return_value == 0
