"""What each generator of small scenarios orders: within its bounds, with all of its choices, and nothing else."""

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache
from typing import Any

import pytest

from node.lab.generate import adversary, crash_points, mutation, siblings, twins
from node.lab.generate.digits import Digits
from node.lab.generate.ground import (
    CRASH_POINTS,
    GST_MS,
    HONEST_DISKS,
    LONG_MS,
    ROUNDS,
    SHORT_MS,
    VALIDATORS,
    Case,
    document,
    split,
)
from node.lab.generate.registry import case_of
from node.lab.generate.siblings import sibling
from node.sim.directives import Rule
from node.sim.scenario import Scenario
from node.sim.scenario_file import from_document

SAMPLE = 400
EVERYBODY = set(range(VALIDATORS))


@cache
def sample(name: str) -> tuple[Scenario, ...]:
    """The first numbers of a generator."""
    return tuple(case_of(name, number).scenario for number in range(SAMPLE))


def liars_of(scenario: Scenario) -> set[int]:
    """Who is faulty: a liar, or one that runs twice."""
    return {liar.node for liar in scenario.liars} | set(scenario.twins)


@pytest.mark.parametrize("name", ["twins", "adversary", "mutation", "crash_points"])
def test_what_all_small_scenarios_are(name: str) -> None:
    """Seven rounds of trouble at most, then peace; four validators; nobody is paid before; leaders go on in turn."""
    seen, by_reputation = set[int](), 0
    for scenario in sample(name):
        assert scenario.stop_at_round is not None
        assert scenario.gst_round == scenario.stop_at_round + 1
        seen.add(scenario.stop_at_round)
        assert (scenario.validators, scenario.spares, scenario.payers) == (VALIDATORS, 0, 0)
        assert (scenario.delay_us, scenario.jitter_us, scenario.duration_us) == (10_000, 8_000, 60_000_000)
        assert scenario.calm_us == GST_MS * 1_000
        assert scenario.loss_ppm == 0
        if isinstance(scenario.leaders, str):
            assert (scenario.leaders, scenario.max_rounds_to_recover) == ("reputation", 60)
            by_reputation += 1
            continue
        assert set(scenario.leaders) == EVERYBODY
        assert len(scenario.leaders) >= 64 + 4
        tail = scenario.leaders[8:]
        assert tail == tuple(place % VALIDATORS for place in range(8, 8 + len(tail)))
    assert seen == ({6, 7} if name in ("crash_points", "adversary") else {5, 6, 7})
    assert by_reputation == len(sample(name)) // 16


@pytest.mark.parametrize("name", ["twins", "adversary", "mutation"])
def test_one_validator_is_faulty_and_others_crash_honestly(name: str) -> None:
    """One of four, all that is tolerated; an honest one crashes once in four scenarios, with an honest disk."""
    faulty: Counter[int] = Counter()
    crashes = []
    for scenario in sample(name):
        (one,) = liars_of(scenario)
        faulty[one] += 1
        crashes += [(one, act) for act in scenario.acts]
        assert len(scenario.acts) <= 1
    assert set(faulty) == EVERYBODY
    assert min(faulty.values()) > SAMPLE // 8
    assert SAMPLE // 6 < len(crashes) < SAMPLE // 3
    for one, act in crashes:
        assert act.do == "crash.at"
        assert act.node != one
        assert act.at_point in CRASH_POINTS
        assert act.disk in HONEST_DISKS
        assert 1 <= act.nth <= 6
    assert {act.nth for _, act in crashes} == set(range(1, 7))
    assert {act.disk for _, act in crashes} == set(HONEST_DISKS)
    assert {act.for_us for _, act in crashes} == {20_000, 300_000, 1_500_000}


@pytest.mark.parametrize("name", ["twins", "adversary", "mutation"])
def test_trouble_is_of_a_round_and_ends(name: str) -> None:
    """'Here a round's partition ends by itself': each rule drops messages of one round, for a short or a long while."""
    rules = [rule for scenario in sample(name) for rule in scenario.rules]
    assert {rule.from_round for rule in rules} == set(ROUNDS)
    assert {rule.for_us for rule in rules} == {SHORT_MS * 1_000, LONG_MS * 1_000}
    for rule in rules:
        assert rule.do == "drop"
        assert rule.from_round == rule.to_round
        assert rule.to_us == GST_MS * 1_000
        assert rule.src is None or rule.dst is None or not set(rule.src) & set(rule.dst)
    kinds = Counter(rule.types for rule in rules)
    if name == "adversary":
        assert set(kinds) == {("proposal",), ("vote",), ("timeout", "sync_info")}
    else:
        assert set(kinds) == {None}
    if name == "mutation":
        assert {(rule.src, rule.dst) for rule in rules} == {((a,), (b,)) for a, b in mutation.LINKS}
        assert len(mutation.LINKS) == 12
    last = [scenario.stop_at_round for scenario in sample(name) if not scenario.rules and not scenario.acts]
    assert set(last) <= {5, 6, 7}


def test_adversaries_have_two_to_four_habits() -> None:
    """Each of the list, for good or for one or three rounds; in rounds with trouble the liar leads more often."""
    steps = [scenario.liars[0].steps for scenario in sample("adversary")]
    assert set(map(len, steps)) == {2, 3, 4}
    lengths: Counter[int | None] = Counter()
    for step in [step for found in steps for step in found]:
        if step.from_round is None or step.to_round is None:
            lengths[None] += 1
        else:
            lengths[step.to_round - step.from_round + 1] += 1
            assert step.from_round in ROUNDS
    assert set(lengths) >= {1, 3}
    assert len(adversary.HABITS) == 27
    led = Counter(liars_of(one).pop() == one.leaders[4] for one in sample("adversary"))
    assert led[True] > SAMPLE // 5


def test_mutations_change_one_kind_of_message_in_one_round() -> None:
    """One to four steps, each in one round, for all, half or the rest; zero to three cuts of one to four links."""
    steps = [scenario.liars[0].steps for scenario in sample("mutation")]
    assert set(map(len, steps)) == {1, 2, 3, 4}
    flat = [step for found in steps for step in found]
    assert {step.on for step in flat} == set(mutation.CHANGES)
    assert {step.rounds for step in flat} == {(round_,) for round_ in ROUNDS}
    assert {step.do for step in flat} == {"lie", "send"}
    lies = sum(step.do == "lie" for step in flat)
    assert 0.5 < lies / len(flat) < 0.8
    assert {None if step.to is None else len(step.to) for step in flat} == {None, 1, 2}
    assert {len(scenario.rules) for scenario in sample("mutation")} == set(range(13))


def test_twins_split_five_processes() -> None:
    """Two or three groups, of which members hear each other alone; the twin leads as often as any other."""
    assert len(twins.SPLITS) == 15 + 25
    scenarios = sample("twins")
    troubled = sum(bool(scenario.rules) for scenario in scenarios)
    assert troubled > SAMPLE * 3 // 4
    for scenario in scenarios:
        for round_ in {rule.from_round for rule in scenario.rules}:
            rules = [rule for rule in scenario.rules if rule.from_round == round_]
            assert len(rules) in (2, 3)
            assert sorted(sum((rule.src or () for rule in rules), ())) == [0, 1, 2, 3, 4]
            for rule in rules:
                assert set(rule.src or ()) | set(rule.dst or ()) == {0, 1, 2, 3, 4}


def test_crashes_of_the_enumeration() -> None:
    """A second validator crashes too in nearly all, the next one, with an honest disk; a bad disk is mended later."""
    disks: dict[str, set[Any]] = {}
    seconds = 0
    for scenario in sample("crash_points"):
        first, *others = scenario.acts
        disks.setdefault(first.disk, set()).add((first.for_us, first.of_us))
        for other in others:
            seconds += 1
            assert (other.node, other.for_us) == ((first.node + 1) % VALIDATORS, 20_000)
            assert other.disk in HONEST_DISKS
            assert other.nth in (1, 3)
        assert not liars_of(scenario)
    assert SAMPLE * 9 // 10 < seconds < SAMPLE
    down = {20_000, 700_000, 2_500_000}
    assert {of_us for _, of_us in disks["old_snapshot"]} == {1_500_000}
    assert {for_us for for_us, _ in disks["bit_rot"]} == {2_000_000 + for_us for for_us in down}
    for disk in (*HONEST_DISKS, "lose_all"):
        assert {for_us for for_us, _ in disks[disk]} == down
    assert len(crash_points.SECOND) == 33


def test_a_document_and_a_split() -> None:
    """The leaders that are listed, then turns by place; each group's members are unheard by all others."""
    made = document("x", [3, 3, 3], 6, rules=[])
    assert made["leaders"] == [3, 3, 3, *[place % 4 for place in range(3, 67)]]
    assert (made["gst_round"], made["stop_at_round"], made["rules"]) == (7, 6, [])
    rules = split(((0, 3), (1,), (2,)), 5, 1_300, ["vote"])
    assert [(rule["src"], rule["dst"]) for rule in rules] == [([0, 3], [1, 2]), ([1], [0, 2, 3]), ([2], [0, 1, 3])]
    assert {(rule["from_round"], rule["to_round"], rule["for_ms"], rule["types"][0]) for rule in rules} == {
        (5, 5, 1_300, "vote")
    }
    assert all("types" not in rule for rule in split(((0,), (1, 2, 3)), 1, 1_300))


# --- siblings ---

BASE = from_document(
    {
        "leaders": [0, 1, 2, 3] * 4,
        "rules": [
            {"do": "drop", "src": [0], "dst": [1], "from_round": 2, "to_round": 3, "for_ms": 1_300, "to_ms": 5_000},
            {"do": "drop", "src": [1], "dst": [0], "from_ms": 1, "to_ms": 5_000},
        ],
        "faults": [{"do": "crash.at", "node": 1, "at_point": "vote.sent", "nth": 2, "for_ms": 20}],
        "byzantine": [
            {"node": 3, "strategy": "composed", "steps": [
                {"on": "vote", "do": "hide"}, {"on": "timeout", "do": "hide", "from_round": 4, "to_round": 9},
            ]},
        ],
    }
)  # fmt: skip


def ways(change: Callable[[Scenario, Digits], Scenario], base: Scenario = BASE, most: int = 1_500) -> set[Scenario]:
    """All that a change makes of a scenario."""
    return {change(base, Digits(number)) for number in range(most)}


def differs(other: Scenario, base: Scenario = BASE) -> set[str]:
    """Fields that are not as before."""
    return {field.name for field in fields(base) if getattr(other, field.name) != getattr(base, field.name)}


def test_another_leader_in_one_of_the_first_rounds() -> None:
    """One place of the first seven, any validator; leaders in turn are left alone."""
    made = ways(siblings._leader)
    assert isinstance(BASE.leaders, tuple)
    assert len(made) == 7 * 3 + 1
    for other in made - {BASE}:
        changed = [
            place for place, pair in enumerate(zip(BASE.leaders, other.leaders, strict=True)) if pair[0] != pair[1]
        ]
        assert (differs(other), len(changed)) == ({"leaders"}, 1)
        assert changed[0] < 7
    in_turn = replace(BASE, leaders="round_robin")
    assert ways(siblings._leader, in_turn) == {in_turn}
    short = replace(BASE, leaders=(0, 1))
    assert len(ways(siblings._leader, short)) == 2 * 3 + 1


def test_what_becomes_of_a_rule() -> None:
    """'Gone, a round earlier or later, of other kinds, or shorter or longer'; one of them, and the others stay."""
    rounds, times = BASE.rules
    gone = {(times,), (rounds,)}
    moved = {(rounds._replace(from_round=1, to_round=2), times), (rounds._replace(from_round=3, to_round=4), times)}
    kinds = {(rule._replace(types=kind), other) for kind in siblings.KINDS for rule, other in [(rounds, times)]}
    kinds |= {(rounds, times._replace(types=kind)) for kind in siblings.KINDS}
    longer = {(rounds._replace(for_us=for_us), times) for for_us in (1_300_000, 2_300_000)}
    assert {other.rules for other in ways(siblings._rule)} == gone | moved | kinds | longer
    assert all(differs(other) <= {"rules"} for other in ways(siblings._rule))
    first: Rule = rounds._replace(from_round=1, to_round=1)
    early = {other.rules for other in ways(siblings._rule, replace(BASE, rules=(first,)))}
    assert (first,) in early
    assert all(rule.from_round is None or rule.from_round >= 1 for rules in early for rule in rules)


def test_one_more_partition() -> None:
    """Of two groups, twins among them; it is what there is to change in a scenario without rules."""
    made = ways(siblings._partition, most=150)
    assert all(other.rules[:2] == BASE.rules and len(other.rules) == 4 for other in made)
    assert {rule.from_round for other in made for rule in other.rules[2:]} == set(ROUNDS)
    assert len({other.rules[2].src for other in made}) == 7
    quiet = replace(BASE, rules=())
    assert {len(other.rules) for other in ways(siblings._rule, quiet, 50)} == {2}
    doubled = from_document({"twins": [[2]], "leaders": [0, 1, 2, 3]})
    heard = {process for other in ways(siblings._partition, doubled, 50) for process in other.rules[0].src or ()}
    assert heard == {0, 1, 2, 3, 4}


def test_a_crash_at_another_visit_or_never() -> None:
    """One visit earlier or later, from the first on."""
    act = BASE.acts[0]
    wanted = {(), (act._replace(nth=1),), (act._replace(nth=3),)}
    assert {other.acts for other in ways(siblings._act)} == wanted
    first = replace(BASE, acts=(act._replace(nth=1),))
    assert {other.acts for other in ways(siblings._act, first)} == {(), first.acts, (act,)}
    assert ways(siblings._act, replace(BASE, acts=())) == ways(siblings._leader, replace(BASE, acts=()))


def test_a_habit_less_or_from_another_round_on() -> None:
    """A liar keeps one habit at least; a habit without a beginning has one from the first or second round on."""
    hide, late = BASE.liars[0].steps
    wanted = {
        (late,), (hide,), (hide._replace(from_round=2), late), (hide._replace(from_round=1), late),
        (hide, late._replace(from_round=3)), (hide, late._replace(from_round=5)),
    }  # fmt: skip
    assert {other.liars[0].steps for other in ways(siblings._step)} == wanted
    alone = replace(BASE, liars=(BASE.liars[0]._replace(steps=(late,)),))
    assert {other.liars[0].steps for other in ways(siblings._step, alone)} == {
        (late,), (late._replace(from_round=3),), (late._replace(from_round=5),),
    }  # fmt: skip
    honest = replace(BASE, liars=())
    assert ways(siblings._step, honest) == ways(siblings._rule, honest)


def test_a_sibling_is_one_or_two_changes_and_maybe_another_seed() -> None:
    """'Close to this one': the seed is at most three later."""
    made = [sibling(Case(BASE, 7), number) for number in range(300)]
    assert {found.seed for found in made} == {7, 8, 9, 10}
    sizes = Counter(len(differs(found.scenario)) for found in made)
    assert set(sizes) == {0, 1, 2}
    assert len(siblings.CHANGES) == 6
    assert {name for found in made for name in differs(found.scenario)} == {"leaders", "rules", "acts", "liars"}
