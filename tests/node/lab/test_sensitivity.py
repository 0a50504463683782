"""`node.lab.figures.sensitivity`: the score by its definition, and the faults that it is given for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import MithqalError
from node.lab.figures.sensitivity import area, curve, faults_of, measure, save_page, score
from node.sim.scenario_file import from_document

latencies = st.lists(st.integers(0, 30), min_size=1, max_size=12)


def share(values: list[int], at: int) -> float:
    """Of the values that are at most `at`."""
    return sum(value <= at for value in values) / len(values)


@given(latencies, latencies)
def test_score_and_area_are_what_their_definitions_say(base: list[int], taken: list[int]) -> None:
    """The definition, summed step by step: difference of integrals, and integral of differences, of two curves."""
    apart = [share(base, at) - share(taken, at) for at in range(31)]
    assert score(base, taken) == pytest.approx(abs(sum(apart)))
    assert area(base, taken) == pytest.approx(sum(map(abs, apart)))
    assert area(base, taken) >= score(base, taken) - 1e-9


@given(latencies, st.integers(1, 9))
def test_a_delay_for_all_is_its_own_score(base: list[int], more: int) -> None:
    """Who is slower by d everywhere has the score d, by either measure; who is not slower has none."""
    slower = [value + more for value in base]
    assert score(base, slower) == pytest.approx(more)
    assert area(base, slower) == pytest.approx(more)
    assert area(base, base) == score(base, base) == 0


@given(latencies)
def test_a_curve_rises_to_one(taken: list[int]) -> None:
    """It ends with the slowest payment."""
    found = curve([1_000 * value for value in taken])
    assert found == sorted(found)
    assert found[-1] == (max(taken) / 1e3, 1.0)


def test_at_most_f_are_faulty_for_good_and_f_and_one_for_a_while() -> None:
    """The kinds of faults of the paper, in numbers of validators: f of 3 f + 1."""
    for validators, f in ((4, 1), (7, 2), (10, 3)):
        found = {name: from_document({"validators": validators, **fault}) for name, fault in
                 faults_of(validators).items()}  # fmt: skip
        assert len(found["crash of f"].acts) == f
        assert len(found["transient f + 1"].acts) == f + 1
        assert [len(group) for group in found["partition"].acts[0].groups] == [f + 1, validators - f - 1]
        assert all(len(item.liars) == f for name, item in found.items() if name.startswith("byzantine"))


def test_seven_validators_with_two_faults_stand_beside_four(tmp_path: Path) -> None:
    """A row for each size and fault, against the run of its own size without one; the page has all curves but those."""
    found = measure([4, 7], 18_000, 5, 1)
    assert found["ok"]
    rows = found["faults"]
    names = ["none", *faults_of(4)]
    assert [(row["validators"], row["f"], row["fault"]) for row in rows] == [
        (size, f, name) for size, f in ((4, 1), (7, 2)) for name in names
    ]  # fmt: skip
    assert [row["score_s"] for row in rows if row["fault"] == "none"] == [0, 0]
    assert all(row["unfinished"] == 0 for row in rows)
    for row in rows:
        if row["fault"] in ("transient f + 1", "partition"):
            assert 4_500 < row["max_ms"] < 7_000
    alone = measure([7], 18_000, 5, 1)
    assert alone["faults"] == rows[len(names) :], "another size changes nothing"
    save_page(found, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count("<svg") == len(rows) - 2
    assert "<h2>7 validators, crash of f: " in text
    assert "Networks of 4 and 7 validators" in text


def test_faults_cost_what_they_last(tmp_path: Path) -> None:
    """While more than f are away nothing is final, and afterwards everything is; the page holds every curve."""
    found = measure([4], 18_000, 10, 1)
    rows = {row["fault"]: row for row in found["faults"]}
    assert found["ok"]
    assert rows["none"]["score_s"] == 0
    assert all(row["unfinished"] == 0 for row in rows.values())
    for name in ("transient f + 1", "partition"):
        assert 4_500 < rows[name]["max_ms"] < 7_000
        assert rows[name]["score_s"] > 10 * rows["crash of f"]["score_s"] > 0
    assert rows["byzantine: silent leaders"]["p99_ms"] > 900
    save_page(found, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert text.count("<svg") == len(rows) - 1
    assert "<script" not in text
    assert "http" not in text, "it needs nothing else"
    with pytest.raises(MithqalError) as caught:
        save_page(found, tmp_path / "none" / "page.html")
    assert caught.value.name == "file_unwritable"
