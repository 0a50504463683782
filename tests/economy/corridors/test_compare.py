"""A corridor as a document, as lines, as a table and as a page: the same numbers everywhere."""

from decimal import Decimal

from economy.corridors.compare import (
    all_corridors,
    compare,
    document,
    lines,
    newest_averages,
    table_document,
    table_lines,
    table_rows,
)
from economy.report.corridors import corridor_page, corridors_page


def test_a_corridor_as_a_document() -> None:
    """Percentages are text; sources, data file and rates are named."""
    found = document(compare("US", "IN"))
    assert found["world_bank"] == {
        "history": [{"quarter": "2019Q4", "cost_pct": "2.80"}, {"quarter": "2020Q3", "cost_pct": "3.15"}],
        "quarter": "2020Q3",
        "cost_pct": "3.15",
    }
    network = found["network"]
    assert isinstance(network, dict)
    assert {key: network[key] for key in ("fee_usd", "fx_margin_pct", "total_pct", "minutes", "within_hour_pct")} == {
        "fee_usd": "2.0006", "fx_margin_pct": "0.5372", "total_pct": "1.5375", "minutes": 17.01,
        "within_hour_pct": "85.57",
    }  # fmt: skip
    assert len(network["parts"]) == 7
    assert all(part["source"] and part["confidence"] for part in network["parts"])
    assert (found["saving_pct"], found["saving_usd"]) == ("1.6125", "3.2250")
    assert found["data"] == {
        "file": "remittance_corridors.csv",
        "sha256": "8972af5611f3448d4ce34f383b20a1ebd5f914aaaf5e8557acc32a9879504e2a",
        "source": "World Bank, Remittance Prices Worldwide, corridor averages 2019Q4 and 2020Q3",
    }


def test_what_arrives() -> None:
    """200 dollars less 1.537505 % at the newest fixing, cut off; a currency without a rate says why."""
    found = compare("US", "IN")
    assert (str(found.received.amount), found.received.currency) == ("18699.06", "INR")
    assert found.received.rate_date == "2026-10-30"
    assert len(found.received.data_sha256) == 64
    none = compare("US", "EG").received
    assert (none.amount, none.rate_date) == (None, None)
    assert none.reason is not None
    assert "EGP" in none.reason


def test_the_promises_of_a_corridor() -> None:
    """US to BR, 5.64 %: above each promise today; nobody publishes the time."""
    targets = document(compare("US", "BR"))["targets"]
    assert isinstance(targets, list)
    assert {row["id"]: (row["today_met"], row["network_met"]) for row in targets} == {
        "sdg_average": (False, True),
        "sdg_corridor": (False, True),
        "g20_average": (False, False),
        "g20_corridor": (False, True),
        "g20_hour": (None, True),
        "g20_day": (None, True),
    }


def test_a_corridor_for_people() -> None:
    """Sentences with the numbers; a network that costs more says so."""
    text = "\n".join(lines(compare("US", "IN")))
    assert "today: 3.15 % by the World Bank's average of 2020Q3 (before: 2.80 % in 2019Q4)" in text
    assert "1.54 % = 2.0006 dollars of fees + 0.5372 % margin on the rate" in text
    assert "the network costs 1.61 points less than today" in text
    assert "g20_average  cost at most 1 %, global average, by 2027-12-31: today missed, network missed" in text
    dear = compare("SG", "IN", Decimal(200), {("cash_out", "fee_pct"): Decimal(1)})
    assert "the network costs 0.76 points more than today" in "\n".join(lines(dear))


def test_all_corridors_as_a_table() -> None:
    """Sixteen rows in the order of the file, both quarters, and the plain means."""
    found = [compare(sender, receiver) for sender, receiver in all_corridors()]
    header, rows = table_rows(found)
    assert header[:6] == ("from", "to", "world_bank_2019q4_pct", "world_bank_2020q3_pct", "network_pct", "saving_pct")
    assert len(rows) == 16
    assert rows[0][:6] == ("US", "IN", "2.80", "3.15", "1.54", "1.61")
    assert rows[-2][:6] == ("JP", "BR", "11.63", "11.05", "1.59", "9.46")
    assert table_document(found)["mean"] == {"world_bank_pct": "4.6500", "network_pct": "2.0691"}
    text = table_lines(found)
    assert text[2].split() == ["US-IN", "3.15", "2020Q3", "1.54", "1.61", "17.01", "min", "met/met", "missed/met"]
    assert text[-2] == "the world's average: 6.00 % (2026Q1, osl.com remittance note; about 6)"


def test_the_newest_averages() -> None:
    """Of each group the newest quarter, whatever the order of the file."""
    found = {group: (row.quarter, str(row.cost_pct)) for group, row in newest_averages().items()}
    assert found["global"] == ("2026Q1", "6.00")
    assert found["banks"] == ("2025Q3", "14.99")
    assert found["mobile money"] == ("2022Q2", "3.45")


def test_pages() -> None:
    """The pages hold the same numbers, a picture and a source for each."""
    page = corridor_page(compare("US", "IN"))
    assert "Sending 200 dollars cost 3.15 % in 2020Q3" in page
    assert "the model says 1.54 %" in page
    assert page.count("<svg") == 1
    assert "Source: World Bank, Remittance Prices Worldwide" in page
    many = corridors_page([compare("US", "IN"), compare("JP", "BR")])
    assert many.count("<svg") == 2
    assert '<td class="n">11.05</td>' in many
    assert many == corridors_page([compare("US", "IN"), compare("JP", "BR")])
