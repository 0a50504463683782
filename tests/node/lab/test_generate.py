"""Generators: pure functions from a number to a scenario, which differ, are files, commit, and bring faults."""

import json
from collections import Counter
from itertools import pairwise

import pytest

from chain.errors import MithqalError
from node.lab.campaign.run import play
from node.lab.campaign.tally import Key
from node.lab.generate import crash_points, directed
from node.lab.generate.digits import Digits, shuffled
from node.lab.generate.ground import ROUNDS, SEEDS, VALIDATORS, last_round, scope, splits
from node.lab.generate.registry import ALL, GENERATORS, LARGE, LARGE_EVERY, PATTERN, case_of, checked, part_of
from node.lab.generate.siblings import sibling
from node.sim.scenario_dump import to_document
from node.sim.scenario_file import from_document
from node.sim.world import World

SMALL = [name for name, generator in GENERATORS.items() if generator.is_small]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 4_097])
def test_a_shuffle_repeats_no_number(size: int) -> None:
    """'Enumerated through a stable shuffle, so that indices do not repeat': a permutation, lap after lap."""
    lap = [shuffled(index, size, "x") for index in range(size)]
    assert sorted(lap) == list(range(size))
    assert [shuffled(index, size, "x") for index in range(size, 2 * size)] == lap
    if size > 10:
        assert lap != [shuffled(index, size, "y") for index in range(size)]
        assert sum(two == one + 1 for one, two in pairwise(lap)) < size // 10


def test_digits_are_a_mixed_radix() -> None:
    """Every number below the product is another row of choices."""
    rows = set()
    for number in range(24):
        digits = Digits(number)
        rows.add((digits.pick("ab"), digits.below(3), digits.pick((10, 20, 30, 40))))
        assert (digits.left, digits.product) == (0, 24)
    assert len(rows) == 24


def test_all_partitions() -> None:
    """Five processes: 15 ways into two groups, 25 into three."""
    assert Counter(map(len, splits(5, 3))) == {2: 15, 3: 25}
    assert len(set(splits(5, 3))) == 40
    assert all(sorted(sum(groups, ())) == list(range(5)) for groups in splits(5, 3))


@pytest.mark.parametrize("name", SMALL)
def test_numbers_give_different_scenarios_again_and_again(name: str) -> None:
    """A generator is a function of its number, no two numbers are alike, and each scenario is a file."""
    documents = [to_document(case_of(name, index).scenario) for index in range(300)]
    assert len({json.dumps(document) for document in documents}) == 300
    for index in (0, 7, 299):
        case = case_of(name, index)
        assert (case, case.seed) == (case_of(name, index), index % SEEDS)
        assert from_document(json.loads(json.dumps(documents[index]))) == case.scenario
        assert case.scenario.validators == VALIDATORS


@pytest.mark.parametrize("name", SMALL)
def test_what_a_sample_comes_to(name: str) -> None:
    """Nothing breaks, nine in ten commit while there is trouble, and every kind of fault that it claims fires."""
    outcomes = [play(name, Key(number)) for number in range(1_000, 1_050)]
    assert [outcome.result.violations for outcome in outcomes if outcome.result.violations] == []
    assert sum(outcome.is_committing for outcome in outcomes) >= 45
    fired = {kind for outcome in outcomes for kind in outcome.result.faults}
    assert set(GENERATORS[name].faults) <= fired
    assert len({outcome.states for outcome in outcomes}) > 25


def test_peace_begins_after_what_is_ordered() -> None:
    """'Six or seven rounds in which something may go wrong', one less if nothing is ordered for the last two and nobody
    crashes."""
    for rounds in (ROUNDS, ROUNDS[:-1]):
        last, crash = len(rounds), [{"do": "crash.at"}]
        assert last_round(rounds, [], []) == last_round(rounds, [1, last - 2], []) == last - 1
        assert last_round(rounds, [2, last - 1], []) == last_round(rounds, [last], []) == last
        assert last_round(rounds, [], crash) == last
    assert {scope(Digits(number)) for number in range(2)} == {ROUNDS, ROUNDS[:-1]}


def test_crash_points_are_enumerated() -> None:
    """Every point, disk, visit and node is there, and a lap has every combination once."""
    seen: set[tuple[object, ...]] = set()
    for index in range(3_000):
        first = case_of("crash_points", index).scenario.acts[0]
        seen |= {("point", first.at_point), ("disk", first.disk), ("visit", first.nth), ("node", first.node)}
    assert Counter(kind for kind, _ in seen) == {"point": 16, "disk": 6, "visit": 4, "node": VALIDATORS}
    assert crash_points.SIZE == VALIDATORS * 6 * 16 * 4 * 3 * 33 * 2
    one, next_lap = (to_document(case_of("crash_points", index).scenario) for index in (5, crash_points.SIZE + 5))
    assert one["faults"][0] == next_lap["faults"][0]
    assert one["leaders"] != next_lap["leaders"]


def test_all_interleaves_without_a_repetition() -> None:
    """A fixed pattern; each generator's own numbers come in order, one in a thousand is a large one."""
    parts = [part_of(ALL, index) for index in range(3 * LARGE_EVERY)]
    assert len(set(parts)) == len(parts)
    for name in set(PATTERN):
        numbers = [number for who, number in parts if who == name]
        assert numbers == list(range(len(numbers)))
        assert abs(len(numbers) * len(PATTERN) - len(parts) * PATTERN.count(name)) < 3 * len(PATTERN)
    assert [part for part in parts if part[0] in LARGE] == [("directed", 0), ("seeds", 0), ("directed", 1)]


def test_the_directed_corpus_comes_with_a_checkout(tmp_path, monkeypatch) -> None:
    """Each file in turn, then again with another seed; one clear error where there is no such folder."""
    count = len(list(directed.FOLDER.glob("*.json")))
    assert (case_of("directed", 0).seed, case_of("directed", count).seed) == (1, 2)
    assert case_of("directed", 0).scenario == case_of("directed", count).scenario != case_of("directed", 1).scenario
    monkeypatch.setattr(directed, "FOLDER", tmp_path)
    for name in ("directed", ALL):
        with pytest.raises(MithqalError, match="comes with a checkout") as caught:
            checked(name)
        assert caught.value.name == "file_unreadable"
    assert checked("twins") == "twins"


@pytest.mark.parametrize("name", SMALL)
def test_siblings_are_close_and_other(name: str) -> None:
    """A sibling is a file too, mostly another scenario, and always the same one."""
    case = case_of(name, 11)
    siblings = [sibling(case, number) for number in range(60)]
    assert siblings == [sibling(case, number) for number in range(60)]
    assert len(set(siblings)) > 30
    for other in siblings:
        document = json.loads(json.dumps(to_document(other.scenario)))
        assert from_document(document) == other.scenario


def test_partitions_of_a_round_end_by_themselves() -> None:
    """A rule with `for_ms` ends so long after its first round has begun: without that a split network never goes on."""
    rule = {"do": "drop", "src": [0, 1], "dst": [2, 3], "from_round": 2, "to_round": 2, "name": "cut"}
    document = {"duration_ms": 9_000, "gst_ms": 9_000, "clients": {"accounts": 0}}
    heights = []
    for extra in ({"for_ms": 1_300}, {}):
        other = {**rule, "src": [2, 3], "dst": [0, 1]}
        rules = [{**rule, "to_ms": 9_000, **extra}, {**other, "to_ms": 9_000, **extra}]
        scenario = from_document({**document, "rules": rules})
        world = World(scenario, 1)
        world.run()
        heights.append(world.watch.calm_height)
    assert heights[0] >= 4
    assert heights[1] == 0
