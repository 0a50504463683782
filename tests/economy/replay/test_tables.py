"""The tables of facts: each row has a source, and a damaged table names file, line and column."""

import datetime
from decimal import Decimal

import pytest

from economy.errors import DataFileError
from economy.replay.catalogue import EVENT_CRISES
from economy.replay.tables import HEADER, load_events, load_fx, parse_events

ROW = "2023-03-11T03:11Z,price,market,0.98,exact,a paper,"
TABLE = f"# comment\n{','.join(HEADER)}\n{ROW}\n"


@pytest.mark.parametrize("name", EVENT_CRISES)
def test_every_fact_has_a_source(name: str) -> None:
    """'From small event tables with sources per row.'"""
    events = load_events(name)
    assert len(events) >= 5
    assert all(event.source for event in events)
    assert list(events) == sorted(events, key=lambda event: event.time)
    assert all(event.time.tzinfo == datetime.UTC for event in events)


def test_usdc_by_the_figures() -> None:
    """'Reserve about 42.1 bn: T-bills 32.4 + cash 9.7 (BNY 5.4, SVB 3.3, Customers 1.0)'; low 0.8774."""
    events = load_events("usdc-2023")
    reserve = {event.what: event.value or Decimal(0) for event in events if event.kind == "reserve"}
    assert str(reserve["bills"] + reserve["cash"]) == "42.1"
    assert reserve["BNY Mellon"] + reserve["SVB"] + reserve["Customers Bank"] == reserve["cash"]
    assert min(event.value or Decimal(9) for event in events if event.kind == "price") == Decimal("0.8774")


@pytest.mark.parametrize(
    ("old", "new", "line", "column"),
    [
        ("time,kind", "kind,time", 2, "header"),
        (ROW, "a,b", 3, "line"),
        ("2023-03-11T03:11Z", "2023-03-11 03:11", 3, "time"),
        (",price,", ",rumour,", 3, "kind"),
        (",0.98,", ",-1,", 3, "value"),
        (",exact,", ",maybe,", 3, "hour"),
        (",a paper,", ",,", 3, "source"),
        (ROW, f"{ROW}\n{ROW.replace('03:11Z', '03:10Z')}", 4, "time"),
    ],
)
def test_damage_is_named(old: str, new: str, line: int, column: str) -> None:
    """File, line and column."""
    assert len(parse_events(TABLE, "x.csv")) == 1
    with pytest.raises(DataFileError) as caught:
        parse_events(TABLE.replace(old, new), "x.csv")
    assert caught.value.message.startswith(f"x.csv, line {line}, {column}: ")
    assert caught.value.details["column"] == column


def test_the_crises_of_rates() -> None:
    """At least 20 by name, each with a published figure."""
    crises = load_fx()
    assert len(crises) == 24
    assert all(crisis.moves and crisis.title and crisis.name == name for name, crisis in crises.items())
    assert {name for name, crisis in crises.items() if crisis.dark} == {"isk-2008", "rub-2022"}
