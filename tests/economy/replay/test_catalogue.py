"""All crises by name, their documents and their words."""

import json

import pytest

from economy.errors import UnknownNameError
from economy.replay.catalogue import EVENT_CRISES, catalogue, check_name, policies, replay_document, replay_lines
from economy.reserve.presets import PRESETS

NAMES = [entry.name for entry in catalogue()]


def test_at_least_twenty() -> None:
    """'At least 20 named crises', and the four that need tables, in the order of time."""
    assert len(NAMES) == len(set(NAMES)) == 28
    assert set(EVENT_CRISES) <= set(NAMES)
    days = [entry.first_day for entry in catalogue()]
    assert days == sorted(days)


@pytest.mark.parametrize("name", NAMES)
def test_every_crisis_replays(name: str) -> None:
    """A document that is JSON, with facts, model output called that, and words."""
    document = replay_document(name, policies("genius"))
    assert json.loads(json.dumps(document))["crisis"] == name
    assert document["facts"]
    assert document["model_note"].startswith("model output, not history")
    lines = replay_lines(document)
    assert lines[1] == "facts"
    assert f"model ({document['model_note']})" in lines
    assert lines[-1] == "(our reading, simplified; not legal, investment or compliance advice)"
    assert not any("DIFFERS" in line for line in lines)


def test_one_policy_or_all() -> None:
    """`--policy NAME|all`: the issuer's own books always stand first in USDC's hours."""
    assert [preset.name for preset in policies("all")] == list(PRESETS)
    document = replay_document("usdc-2023", policies("libra-v2"))
    assert [row["preset"] for row in document["model_output"]] == ["actual", "libra-v2"]
    assert len(document["model_output"][0]["hours"]) == 120
    assert document["worth"]["zero recovery"] == "0.92162"


def test_unknown_names_say_what_there_is() -> None:
    """'Unknown crisis or preset: one clear error that names what is available.'"""
    with pytest.raises(UnknownNameError) as caught:
        check_name("usdc-2024")
    assert caught.value.name == "unknown_crisis"
    assert "usdc-2023" in caught.value.message
    assert caught.value.details["crises"] == NAMES
    with pytest.raises(UnknownNameError) as caught:
        policies("none")
    assert caught.value.name == "unknown_preset"


def test_the_negative_control_has_its_sentence() -> None:
    """'TerraUSD's path is impossible for a fully reserved coin (a test and a sentence).'"""
    document = replay_document("terrausd-2022", ())
    assert "cannot trade below the floor" in document["sentence"]
    assert all(row["is_impossible"] for row in document["model_output"])
    lines = replay_lines(document)
    assert "  2022-05-09T23:00Z price 0.68, floor 0.9863: impossible for a fully reserved coin" in lines


def test_facts_are_told_with_their_notes() -> None:
    """Two prices of one minute are told apart by their notes; what is known only about says so."""
    lines = replay_lines(replay_document("usdc-2023", ()))
    assert "  2023-03-11T02:54Z (about) price Kraken 0.94 (a low before this minute) [CoinDesk 2023-03-11]" in lines
    assert "  2023-03-11T02:54Z price Kraken 0.98 [CoinDesk 2023-03-11]" in lines
    assert lines[2].startswith("  2023-03-10T17:00Z (about) bank closed SVB (a Friday morning")
