"""Scenario files: the shipped ones, every field with both sides of its bounds, and errors that name the field."""

import datetime
import json
from importlib import resources
from typing import Any

import pytest

from economy.errors import ScenarioError, UnknownNameError
from economy.world.scenario import DEFAULT, PRESETS, VERSION, find_scenario, read_scenario


def text_of(name: str = DEFAULT) -> str:
    return resources.files("economy").joinpath("data", "scenarios", f"{name}.json").read_text(encoding="utf-8")


def changed(**fields: Any) -> str:
    value = json.loads(text_of())
    value.update(fields)
    return json.dumps({name: item for name, item in value.items() if item is not ...})


def refused(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(text)
    assert caught.value.name == "bad_scenario"
    return caught.value.message


@pytest.mark.parametrize("name", PRESETS)
def test_every_shipped_scenario_can_be_read(name):
    """Scenarios are documented, checked files."""
    scenario = find_scenario(name)
    assert scenario.name == name
    assert len(scenario.places) == 5
    assert sum(place.share for place in scenario.places) == pytest.approx(1)


def test_the_default_has_a_halt_with_its_return_a_limit_and_a_wave():
    """One regulator's halt and return, wallet providers with caps, a redemption wave."""
    scenario = find_scenario(DEFAULT)
    assert scenario.halt is not None
    assert (scenario.halt.first, scenario.halt.returns) == (datetime.date(2021, 3, 1), datetime.date(2021, 5, 4))
    assert scenario.limit is not None
    assert (scenario.limit.provider, scenario.limit.outflow_each) == ("in-pay-wallet", 2_500_000)
    assert scenario.wave is not None
    assert scenario.policies == ("in-upi", "br-2021")
    calm = find_scenario("calm-2021")
    assert (calm.halt, calm.limit, calm.wave) == (None, None, None)


def test_an_unknown_scenario_names_those_that_there_are():
    with pytest.raises(UnknownNameError) as caught:
        find_scenario("no-such-scenario")
    assert caught.value.name == "unknown_scenario"
    assert "year-2021" in caught.value.message


def test_a_file_is_read_by_its_path(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(changed(name="mine"), encoding="utf-8")
    assert find_scenario(str(path)).name == "mine"


@pytest.mark.parametrize("field", sorted(json.loads(text_of()).keys() - {"halt", "limit", "wave"}))
def test_each_field_but_the_three_events_is_needed(field):
    message = refused(changed(**{field: ...}))
    assert field in message


def test_an_unknown_field_is_an_error_that_names_it():
    """Unknown keys are errors naming the key."""
    assert "'adopted'" in refused(changed(adopted=1))
    places = json.loads(text_of())["countries"]
    assert "'wages'" in refused(changed(countries=[{**places[0], "wages": "1"}, *places[1:]]))
    assert "'size'" in refused(changed(wave={**json.loads(text_of())["wave"], "size": 1}))


def test_another_version_is_refused():
    """Versioned: a file says which format it has."""
    assert read_scenario(changed(version=VERSION)).name == DEFAULT
    assert "version" in refused(changed(version=VERSION + 1))


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("blocks_a_day", 4, 3), ("blocks_a_day", 96, 97), ("purchases_a_day", 0, -0.1), ("purchases_a_day", 50, 50.1),
        ("refund_share", 1, 1.01), ("adopted_at_first", 0, -0.01), ("people_a_shop", 1, 0),
        ("people_an_employer", 400, 401), ("adopted_by_day", 1, 0), ("gifts_a_day", 50, "1"),
        ("start", "1999-01-05", "1999-01-04"), ("start", "2021-02-28", "2021-02-30"), ("policies", [], ["no-such"]),
    ],
)  # fmt: skip
def test_both_sides_of_each_bound(field, good, bad):
    """Absurd parameters are named with their bounds."""
    read_scenario(changed(**{field: good}))
    assert field in refused(changed(**{field: bad}))


def test_what_no_field_alone_can_say():
    places = json.loads(text_of())["countries"]
    assert "sum to" in refused(changed(countries=places[:4]))
    assert "twice" in refused(changed(countries=[*places[:4], {**places[4], "code": "US"}]))
    assert "none of the other countries" in refused(
        changed(countries=[{**places[0], "sends_to": {"US": 1}}, *places[1:]])
    )
    assert "sends_to" in refused(changed(countries=[{**places[0], "sends_to": {"IN": 0.4}}, *places[1:]]))
    assert "another order" in refused(changed(halt={**json.loads(text_of())["halt"], "returns": "2021-03-01"}))
    assert "MX" in refused(changed(halt={**json.loads(text_of())["halt"], "to": "MX"}))
    assert "no provider" in refused(changed(limit={**json.loads(text_of())["limit"], "provider": "no-wallet"}))
    assert "dealer" in refused(changed(countries=[{**places[0], "providers": ["dealer-one"]}, *places[1:]]))


@pytest.mark.parametrize(
    ("amount", "word"), [("0", "above 0"), ("-1", "amount"), ("100000001", "at most"), (5, "text")]
)
def test_amounts_are_whole_coins_as_text(amount, word):
    places = json.loads(text_of())["countries"]
    assert word in refused(changed(countries=[{**places[0], "wage": amount}, *places[1:]]))


@pytest.mark.parametrize("text", ["", "[]", "{", "1", '{"version": 1}', "\x00"])
def test_what_is_no_scenario(text):
    assert refused(text)
