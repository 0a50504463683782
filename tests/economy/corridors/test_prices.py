"""The World Bank's corridor averages: the shipped file to the last digit, and files that are refused."""

from decimal import Decimal
from importlib import resources

import pytest

from economy.corridors import prices
from economy.corridors.prices import DATA_FILE, CorridorCost, corridor_cost, load_corridors, parse_corridors
from economy.errors import DataFileError

SOURCE = "World Bank, Remittance Prices Worldwide, corridor averages 2019Q4 and 2020Q3"
GOOD = """# Average cost. Source: Somebody
from,to,cost_2020q3_pct,cost_2019q4_pct
US,IN,3.15,2.80
US,BR,,4.76
JP,BR,11.05,
GB,IN,,
"""


@pytest.mark.parametrize(
    ("corridor", "before", "latest"),
    [
        ("US IN", "2.80", "3.15"),
        ("US BR", "4.76", "5.64"),
        ("US MX", "4.39", "4.18"),
        ("US PH", "4.08", "3.64"),
        ("US GT", "4.78", "3.94"),
        ("US EG", "5.44", "6.41"),
        ("SA EG", "4.30", "4.11"),
        ("AE EG", "3.55", "3.96"),
        ("KW EG", "3.22", "3.02"),
        ("QA EG", "6.70", "5.67"),
        ("SA IN", "5.37", "5.45"),
        ("AE IN", "2.33", "2.97"),
        ("SG IN", "1.98", "1.77"),
        ("GB IN", "3.78", "2.92"),
        ("JP BR", "11.63", "11.05"),
        ("PT BR", "6.79", "6.52"),
    ],
)
def test_the_sixteen_corridors_to_the_last_digit(corridor: str, before: str, latest: str) -> None:
    """The latest figure in the file, with its quarter and source; the earlier one stays in the table."""
    sender, receiver = corridor.split()
    cost = corridor_cost(sender, receiver)
    assert cost == CorridorCost(sender, receiver, Decimal(latest), "2020Q3", SOURCE, None)
    assert str(cost.pct) == latest
    history = load_corridors().costs[sender, receiver]
    assert history == (("2019Q4", Decimal(before)), ("2020Q3", Decimal(latest)))


def test_the_file_holds_sixteen_corridors_and_names_its_source() -> None:
    """The source stands in the file's own first line."""
    assert len(load_corridors().costs) == 16
    assert load_corridors().source == SOURCE
    file = resources.files("economy").joinpath("data", DATA_FILE)
    assert file.read_text(encoding="utf-8").splitlines()[0].startswith("# Average cost of sending USD 200")


@pytest.mark.parametrize(
    ("sender", "receiver", "reason"),
    [
        ("GB", "PH", "the World Bank file here has no figure for GB to PH"),
        ("IN", "US", "the World Bank file here has no figure for IN to US"),
        ("BR", "BR", "a payment within BR crosses no border"),
    ],
)
def test_an_unknown_corridor_has_no_figure_and_says_why(sender: str, receiver: str, reason: str) -> None:
    """Unknown corridor: None with a reason, never a neighbour's figure (nor the way back's)."""
    assert corridor_cost(sender, receiver) == CorridorCost(sender, receiver, None, None, SOURCE, reason)


def test_the_latest_quarter_goes_by_time_and_not_by_column() -> None:
    """An empty cell falls back to the last quarter that has a figure; none at all is a reason."""
    table = parse_corridors(GOOD)
    assert table.source == "Somebody"
    assert (table.latest("US", "IN").quarter, table.latest("US", "IN").pct) == ("2020Q3", Decimal("3.15"))
    assert (table.latest("US", "BR").quarter, table.latest("US", "BR").pct) == ("2019Q4", Decimal("4.76"))
    assert table.latest("JP", "BR").pct == Decimal("11.05")
    assert table.latest("GB", "IN").reason == "the World Bank file here has no figure for GB to IN"


def test_the_table_cannot_be_changed() -> None:
    """A corridor table is a value."""
    with pytest.raises(TypeError):
        load_corridors().costs["US", "IN"] = ()  # type: ignore[index]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("# Average cost. Source: Somebody", "# Average cost.", 1),
        ("# Average cost. Source: Somebody", "Average cost. Source: Somebody", 1),
        ("from,to,", "to,from,", 2),
        ("cost_2020q3_pct", "cost_2020q5_pct", 2),
        ("cost_2020q3_pct", "cost_2019q4_pct", 2),
        (",cost_2020q3_pct,cost_2019q4_pct", "", 2),
        ("US,IN,3.15,2.80", "US,IN,3.15", 3),
        ("US,IN,3.15,2.80", "US,IN,3.15,2.80,1.00", 3),
        ("US,IN,3.15,2.80", "", 3),
        ("US,IN", "us,IN", 3),
        ("US,IN", "US,IND", 3),
        ("US,IN", "US,US", 3),
        ("US,BR", "US,IN", 4),
        ("3.15", "3.1", 3),
        ("3.15", "-3.15", 3),
        ("3.15", "100.00", 3),
        ("3.15", "3,15", 3),
        ("11.05", "NaN", 5),
    ],
)
def test_a_bad_line_is_named(old: str, new: str, line: int) -> None:
    """Parsed and validated: a file with a bad line is refused, naming it."""
    assert old in GOOD
    with pytest.raises(DataFileError) as caught:
        parse_corridors(GOOD.replace(old, new, 1))
    assert caught.value.name == "data_file_invalid"
    assert caught.value.details == {"file": "remittance_corridors.csv", "line": line}
    assert str(caught.value).startswith(f"remittance_corridors.csv, line {line}: ")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("US,IN,3.15", "3 cells instead of 4"),
        ("US,US,1.00,1.00", "US,US is a repeated corridor or none"),
        ("US,MX,1,1.00", "'1' is no percentage with two decimals"),
    ],
)
def test_a_bad_line_says_what_is_wrong(row: str, words: str) -> None:
    """One clear error with line, what was found and what was expected."""
    with pytest.raises(DataFileError) as caught:
        parse_corridors(GOOD + row + "\n")
    assert str(caught.value) == f"remittance_corridors.csv, line 7: {words}"


def test_a_table_may_be_empty_and_a_source_may_quote_another() -> None:
    """Header and no corridor is a table without figures; all that follows the first mark is the source."""
    table = parse_corridors("# Source: A, by way of Source: B\nfrom,to,cost_2020q3_pct\n")
    assert dict(table.costs) == {}
    assert table.source == "A, by way of Source: B"


@pytest.mark.parametrize("text", ["", "# Source: x"])
def test_a_file_without_header_is_refused(text: str) -> None:
    """Too short to be a table."""
    with pytest.raises(DataFileError, match="line 1: a comment with the source is missing"):
        parse_corridors(text)


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A data file that is missing is an expected failure."""
    monkeypatch.setattr(prices, "DATA_FILE", "none.csv")
    with pytest.raises(DataFileError, match=r"none\.csv cannot be read"):
        load_corridors()
