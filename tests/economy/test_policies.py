"""Policy files: the presets to the letter, what a file may say, and each mistake in it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chain.records.policy import MAX_RULES, Rule
from economy.basket import BASKET
from economy.countries import COUNTRIES, ISO_CODES, is_country, parse_country
from economy.errors import PolicyFileError, UnknownNameError
from economy.policies import PRESETS, find_policy, read_policy
from node.localnet.genesis import BASKET_MICRO, BASKET_PARTS

ONE = 1_000_000


def us(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) * ONE


def test_brazil_2021() -> None:
    """'R$1,000 a transfer, 20 a day, R$5,000 a month', from 4 May 2021 on."""
    found = find_policy("br-2021")
    assert found.rules == (Rule("br-2021", "BR", "", us(2021, 5, 4), 0, True, "BRL", 1_000 * ONE, 0, 5_000 * ONE, 20),)
    assert found.name == "br-2021"


def test_india_by_dates() -> None:
    """Live in 2020-11 for 20 million users, 40 in 2021-11, 100 from 2022-04-13, no cap from 2024-12-31; 100,000 rupees
    a transaction; one stage ends when the next begins."""
    rules = find_policy("in-upi").rules
    assert [rule.rule_id for rule in rules] == ["in-upi-before", "in-upi-20m", "in-upi-40m", "in-upi-100m", "in-upi"]
    starts = [0, us(2020, 11, 1), us(2021, 11, 1), us(2022, 4, 13), us(2024, 12, 31)]
    assert [rule.from_us for rule in rules] == starts
    assert [rule.until_us for rule in rules] == [*starts[1:], 0]
    assert [rule.is_open for rule in rules] == [False, True, True, True, True]
    assert {(rule.currency, rule.per_payment) for rule in rules[1:]} == {("INR", 100_000 * ONE)}
    assert {(rule.sender_country, rule.receiver_country) for rule in rules} == {("IN", "")}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_names_its_sources(name: str) -> None:
    """A source for the policy and for each of its rules, and a name that is its own."""
    text = Path(f"economy/data/policies/{name}.json").read_text(encoding="utf-8")
    value = json.loads(text)
    assert value["name"] == name
    assert len(value["source"]) > 40
    assert all(len(rule["source"]) > 10 for rule in value["rules"])


GOOD: dict[str, Any] = {
    "name": "mine", "title": "t", "source": "s",
    "rules": [{"id": "a", "from": "US", "to": "any", "currency": "INR", "daily": "0.5"}],
}  # fmt: skip


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    """A path; dates include their midnight, times say Z; what is left out is no cap."""
    rule = {**GOOD["rules"][0], "effective": "2023-11-14", "until": "2023-11-14T02:00:00Z"}
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({**GOOD, "rules": [rule]}))
    assert find_policy(str(path)).rules == (
        Rule("a", "US", "", us(2023, 11, 14), us(2023, 11, 14, 2), True, "INR", 0, ONE // 2, 0, 0),
    )
    path.write_bytes(b"\xff")
    with pytest.raises(PolicyFileError):
        find_policy(str(path))
    path.write_bytes(b" " * ((64 << 10) + 1))
    with pytest.raises(PolicyFileError, match="above 65536 bytes"):
        find_policy(str(path))
    with pytest.raises(UnknownNameError) as caught:
        find_policy("br-2022")
    assert (caught.value.name, caught.value.details) == ("unknown_policy", {"presets": ["br-2021", "in-upi"]})


def rule_with(**changes: Any) -> dict[str, Any]:
    row = {key: value for key, value in {**GOOD["rules"][0], **changes}.items() if value is not ...}
    return {**GOOD, "rules": [row]}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "an object"), ({"name": "x"}, "an object"), ({**GOOD, "caps": 1}, "has no field 'caps'"),
        ({**GOOD, "name": 5}, '"name" is missing'), ({**GOOD, "rules": ["x"]}, "rule 1 is no object"),
        (rule_with(dayly="1"), "rule 'a' has no field 'dayly'"), (rule_with(id=...), '"id" is missing'),
        (rule_with(id="A"), "its id is"), (rule_with(to=...), '"to" is missing'),
        (rule_with(to="XX"), "ISO 3166-1"), (rule_with(to="br"), "ISO 3166-1"), (rule_with(to=""), "ISO 3166-1"),
        (rule_with(daily=5), "an amount as text"), (rule_with(daily="0"), "above 0"),
        (rule_with(daily="x"), "no amount"),
        (rule_with(daily="1.0000001"), "6 decimals"), (rule_with(daily_count="5"), "whole number"),
        (rule_with(daily_count=-1), "whole number"), (rule_with(daily_count=True), "whole number"),
        (rule_with(daily_count=1 << 64), "whole number"), (rule_with(halted="yes"), "true or false"),
        (rule_with(halted=True), "no currency and no caps"), (rule_with(currency=...), "names the local currency"),
        (rule_with(effective="yesterday"), "a date such as"), (rule_with(effective=5), "a date such as"),
        (rule_with(effective="2021-05-04T00:00:00"), "without a zone"),
        (rule_with(effective="1969-12-31"), "before 1970"),
        (rule_with(effective="2021-05-04", until="2021-05-04"), "before it begins"),
        ({**GOOD, "rules": GOOD["rules"] * 2}, "the same id"),
        ({**GOOD, "rules": GOOD["rules"] * (MAX_RULES + 1)}, "65 rules, at most 64"),
    ],
)  # fmt: skip
def test_mistakes_in_a_file(value: Any, words: str) -> None:
    """PolicyFileError `bad_policy_file` says where and what; a misspelled field never passes as an absent cap."""
    with pytest.raises(PolicyFileError, match=words) as caught:
        read_policy(json.dumps(value))
    assert caught.value.name == "bad_policy_file"


def test_no_json() -> None:
    """A file that is none."""
    for text in ("", "{", "nul"):
        with pytest.raises(PolicyFileError, match="is JSON"):
            read_policy(text)


def test_countries() -> None:
    """ISO 3166-1 has 249 codes; typed in any case, kept in capitals."""
    assert len(ISO_CODES) == 249
    assert set(COUNTRIES) <= ISO_CODES
    assert (parse_country("br"), parse_country("BR")) == ("BR", "BR")
    for text in ("XX", "UK", "USA", "", "any"):
        assert not is_country(text)
        with pytest.raises(UnknownNameError) as caught:
            parse_country(text)
        assert caught.value.name == "unknown_country"


def test_the_basket_of_genesis_is_the_economys() -> None:
    """Design: one XDX is 0.5 XUS + 0.160901 XEU + 15.152588 XJP + 0.087909 XGB + 0.095974 XSG, as 32-bit fixed point
    cut off."""
    assert {code: int(amount * ONE) for code, amount in BASKET.items()} == BASKET_MICRO
    assert BASKET_PARTS == (
        ("XUS", 2_147_483_648), ("XEU", 691_064_532), ("XJP", 65_079_869_909), ("XGB", 377_566_280),
        ("XSG", 412_205_191),
    )  # fmt: skip
    for (code, raw), (other, amount) in zip(BASKET_PARTS, BASKET.items(), strict=True):
        assert code == other
        assert raw <= amount * (1 << 32) < raw + 1
