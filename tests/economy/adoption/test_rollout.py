"""The shipped countries and dates, other numbers, and files that are refused."""

import copy
import json
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from cli.exits import exit_code
from economy.adoption.rollout import RANGES, parse_rollout, read_rollout, shipped
from economy.errors import ParameterError, UnknownNameError

TEXT = resources.files("economy").joinpath("data", "adoption.json").read_text(encoding="utf-8")


def changed(path: str, value: Any) -> str:
    """The shipped file with one thing changed: "countries.1.caps.0.users_mn"."""
    document = json.loads(TEXT)
    place: Any = document
    *above, last = path.split(".")
    for step in above:
        place = place[int(step) if step.isdigit() else step]
    place[int(last) if last.isdigit() else last] = copy.deepcopy(value)
    return json.dumps(document)


def test_india_s_caps() -> None:
    """20 million at the start in November 2020, 40 million in November 2021, 100 million from 2022-04-13, none from
    2024-12-31."""
    place = next(place for place in shipped().places if place.code == "IN")
    assert place.terms.launch == date(2020, 11, 5)
    assert [(cap.since.isoformat(), cap.users) for cap in place.terms.caps] == [
        ("2020-11-05", 20e6), ("2021-11-01", 40e6), ("2022-04-13", 100e6), ("2024-12-31", None),
    ]  # fmt: skip


def test_brazil_s_suspension_and_return() -> None:
    """Launched on 2020-06-15, stopped on 2020-06-23, back between people on 2021-05-04, shops from 2023-04-11."""
    place = next(place for place in shipped().places if place.code == "BR")
    assert place.terms.launch == date(2020, 6, 15)
    assert [(halt.since, halt.until) for halt in place.terms.halts] == [(date(2020, 6, 23), date(2021, 5, 4))]
    assert place.shops_from == date(2023, 4, 11)
    assert place.people == pytest.approx(118.5e6 / 0.91)


def test_everything_has_a_source() -> None:
    """Each parameter, app, country and fact names where it is from, with a mark."""
    rollout = shipped()
    assert set(rollout.parameters) == set(RANGES)
    rows: list[Any] = [*rollout.parameters.values(), *rollout.apps]
    for row in rows:
        assert row.source
        assert row.confidence in ("A", "B", "C", "assumed")
    assert all(all(place.sources) for place in rollout.places)
    assert all(fact["source"] for fact in rollout.observed)


def test_some_countries() -> None:
    """In the file's order; `unknown_country` names what there is, exit 6."""
    assert [place.code for place in shipped().only(("US", "BR")).places] == ["BR", "US"]
    assert shipped().only(()) is shipped()
    with pytest.raises(UnknownNameError) as caught:
        shipped().only(("US", "GB"))
    assert (caught.value.name, exit_code(caught.value)) == ("unknown_country", 6)
    assert "BR, IN, US" in caught.value.message


def test_other_numbers() -> None:
    """A number of one's own is marked so; out of its range or unknown it is `bad_parameter`, exit 2."""
    row = shipped().changed({"q": 1.5}).parameters["q"]
    assert (row.value, row.confidence, row.source) == (1.5, "yours", "yours")
    for name, (low, high) in RANGES.items():
        shipped().changed({name: low}).changed({name: high})
        for value in (low - 0.001, high + 0.001, float("nan")):
            with pytest.raises(ParameterError) as caught:
                shipped().changed({name: value})
            assert (caught.value.name, exit_code(caught.value)) == ("bad_parameter", 2)
    with pytest.raises(ParameterError, match="they are p, q, ceiling"):
        shipped().changed({"magic": 1})


def test_without_caps_and_halts() -> None:
    """Launches stay."""
    for free, place in zip(shipped().freed().places, shipped().places, strict=True):
        assert (free.terms.launch, free.terms.caps, free.terms.halts) == (place.terms.launch, (), ())


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("parameters.q", {"value": 11, "confidence": "A", "source": "s"}, "q is 0 to 10"),
        ("parameters.magic", {"value": 1, "confidence": "A", "source": "s"}, "the parameters are"),
        ("apps", [], "1 to 8 apps"),
        ("apps.1.share", 1.5, "above 0 and at most 1"),
        ("apps.1.share", None, "above 0 and at most 1"),
        ("apps.0.share", 0.5, "the country's messenger"),
        ("countries", [], "a country or more"),
        ("countries.0.code", "XX", "ISO 3166-1"),
        ("countries.0.code", "IN", "twice"),
        ("countries.0.messenger_mn", 0, "out of range"),
        ("countries.0.messenger_share", 1.1, "out of range"),
        ("countries.0.launch", "2020-13-01", "form"),
        ("countries.0.halts.0.until", "2020-06-23", "ends after"),
        ("countries.0.hults", [], "no field 'hults'"),
        ("countries.1.caps.0.users_mn", -1, "below zero"),
        ("countries.1.caps.1.from", "2020-11-05", "order of their days"),
        ("countries.1.senders", {"US": 0.9, "AE": 0.2}, "at most 1"),
        ("countries.1.senders", {"US": -0.1}, "0 or more"),
        ("title", None, None),
    ],
)
def test_files_that_are_refused(path: str, value: Any, says: str | None) -> None:
    """`bad_rollout` says what is wrong, exit 2."""
    if says is None:
        parse_rollout(changed(path, value))
        return
    with pytest.raises(ParameterError) as caught:
        parse_rollout(changed(path, value))
    assert (caught.value.name, exit_code(caught.value)) == ("bad_rollout", 2)
    assert says in caught.value.message


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"parameters": 1}', "[" * 100_000])
def test_what_is_no_rollout(text: str) -> None:
    """Whatever the text, the error is ours."""
    with pytest.raises(ParameterError) as caught:
        parse_rollout(text)
    assert caught.value.name == "bad_rollout"


def test_files_of_one_s_own(tmp_path: Path) -> None:
    """The same form as the shipped one; what cannot be read says so."""
    path = tmp_path / "mine.json"
    path.write_text(changed("title", "Mine"))
    assert read_rollout(path).title == "Mine"
    path.write_bytes(b"\xff\xfe")
    for bad in (path, tmp_path / "none.json", tmp_path):
        with pytest.raises(ParameterError) as caught:
            read_rollout(bad)
        assert caught.value.name == "bad_rollout"
    path.write_text(" " * (257 << 10))
    with pytest.raises(ParameterError, match="above"):
        read_rollout(path)
