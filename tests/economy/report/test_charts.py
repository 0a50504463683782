"""The pictures: SVG text that is the same each time, with words for those who do not see it."""

import builtins
import math
import re
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import pytest

from cli.exits import exit_code
from economy.errors import PlotsMissingError
from economy.report.charts import MAX_BARS, PALETTE, bar_chart, fan_chart, line_chart

SVG = "{http://www.w3.org/2000/svg}"
FAN = {rank: [100.0, 100.0 + (rank - 50) / 10] for rank in (5, 25, 50, 75, 95)}


def drawn() -> dict[str, str]:
    """One of each kind."""
    return {
        "line": line_chart("Value", ["2020-01-01", "2020-01-02"], {"one": [1.0, 2.0], "two": [2.0, 3.0]}, unit="USD"),
        "fan": fan_chart("Fan", [0, 1], FAN, unit="% of claims"),
        "bar": bar_chart("Costs", ["US to IN", "US to BR"], [3.15, -1.5], unit="%"),
    }


def words(svg: str) -> list[str]:
    """The writing of a picture, title and description first."""
    return [found.text or "" for found in ElementTree.fromstring(svg).iter() if found.tag in
            (f"{SVG}title", f"{SVG}desc", f"{SVG}text")]  # fmt: skip


def test_title_and_description() -> None:
    """A picture has a role, a title and its numbers in words."""
    found = drawn()
    told = {name: words(svg)[:2] for name, svg in found.items()}
    assert told["line"] == ["Value", "USD, from 2020-01-01 to 2020-01-02: one 1 to 2; two 2 to 3"]
    assert told["fan"] == [
        "Fan",
        "% of claims, from 0 to 1: "
        + "; ".join(
            ["5 % 100 to 95.5", "25 % 100 to 97.5", "50 % 100 to 100", "75 % 100 to 102.5", "95 % 100 to 104.5"]
        ),
    ]
    assert told["bar"] == ["Costs", "%: US to IN 3.15; US to BR −1.5"]
    for svg in found.values():
        root = ElementTree.fromstring(svg)
        assert (root.tag, root.get("role"), root.get("aria-labelledby")) == (f"{SVG}svg", "img", "title told")
        assert root.get("viewBox")


def test_the_writing_is_text() -> None:
    """Names, units and values can be searched and copied."""
    found = drawn()
    assert {"Value", "one", "two", "USD"} <= set(words(found["line"])[2:])
    assert {"Fan", "5 to 95 %", "25 to 75 %", "median", "% of claims"} <= set(words(found["fan"])[2:])
    assert {"Costs", "US to IN", "US to BR", "3.15", "−1.5", "%"} <= set(words(found["bar"])[2:])


def test_the_same_bytes_each_time_and_in_each_process() -> None:
    """No date, no chance, no salt of a process."""
    code = (
        "from economy.report.charts import *;"
        "print(line_chart('v', ['2020-01-01', '2020-02-02'], {'a': [1.0, 2.0], 'b': [3.0, 1.0]}, unit='u'), end='')"
    )
    two = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": s}
        )
        for s in ("1", "2")
    ]
    here = line_chart("v", ["2020-01-01", "2020-02-02"], {"a": [1.0, 2.0], "b": [3.0, 1.0]}, unit="u")
    assert two[0].stdout == two[1].stdout == here


def test_nothing_but_the_picture() -> None:
    """No prologue, metadata, comment or style sheet; nothing of matplotlib's own ground; text in the text's colour."""
    for svg in drawn().values():
        assert svg.startswith("<svg ")
        assert svg.endswith("</svg>\n")
        for part in ("<?xml", "<!DOCTYPE", "<metadata", "<!--", "<style", "#010203", "#ffffff", "matplotlib.org"):
            assert part not in svg
        assert "fill: currentColor" in svg
        assert "stroke: currentColor" in svg


def test_series_differ_by_colour_and_by_dash() -> None:
    """Who cannot tell the colours apart has the dashes."""
    svg = line_chart("v", [0, 1, 2], {str(number): [number, number + 1, number] for number in range(8)}, unit="u")
    styles = re.findall(r"style=\"fill: none; ([^\"]*)stroke: (#[0-9a-f]{6})", svg)
    assert list(dict.fromkeys(colour for _, colour in styles)) == list(PALETTE)
    dashes = [dash for dash, colour in styles if colour in PALETTE[:4]]
    assert len(set(dashes)) == 4


def test_a_gap_is_a_gap() -> None:
    """NaN, a day without a value, breaks the line: it is never drawn through."""
    svg = line_chart("v", [0, 1, 2, 3, 4], {"a": [1.0, 1.0, math.nan, 1.0, 2.0]}, unit="u")
    line = next(path for path in re.findall(r'<path d="([^"]*)"[^>]*' + PALETTE[0], svg))
    assert line.count("M") == 2


def test_math_signs_are_text() -> None:
    """A dollar is a dollar, not the start of a formula."""
    svg = bar_chart("US$ to $", ["$\\alpha$"], [1.0], unit="US$ and $")
    assert {"US$ to $", "$\\alpha$", "US$ and $"} <= set(words(svg))


def test_writing_of_any_script_draws_without_a_warning() -> None:
    """The reader's fonts have what ours lack; a warning would be an error here."""
    assert "مثقال 漢字 🙂" in words(line_chart("مثقال 漢字 🙂", [0, 1], {"a": [1, 2]}, unit="u"))


def test_many_names_share_the_space() -> None:
    """Of 36 quarters every fourth is named, so that at most nine stand side by side."""
    quarters = [f"{year}Q{quarter}" for year in range(2011, 2020) for quarter in range(1, 5)]
    found = [
        word
        for word in words(line_chart("v", quarters, {"a": [1.0] * 36}, unit="u"))
        if re.fullmatch(r"\d{4}Q\d", word)
    ]
    assert found == quarters[::4]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (3.15, "3.15"), (1234567, "1,234,600"), (0.00012345678, "0.00012346"), (99999.6, "100,000"),
     (-0.5, "−0.5"), (math.nan, "none"), (0.92162, "0.92162")],
)  # fmt: skip
def test_labels(value: float, text: str) -> None:
    """Five significant digits at most, thousands parted, no exponent."""
    assert words(bar_chart("v", ["a"], [value], unit="u"))[1] == f"u: a {text}"


def test_our_own_mistakes() -> None:
    """Values and places are as many, a percentile is one, bars are not too many."""
    with pytest.raises(AssertionError):
        line_chart("v", [0, 1], {"a": [1.0]}, unit="u")
    with pytest.raises(AssertionError):
        fan_chart("v", [0, 1], {101: [1.0, 2.0]}, unit="u")
    with pytest.raises(AssertionError):
        bar_chart("v", ["a", "b"], [1.0], unit="u")
    bar_chart("v", ["a"] * MAX_BARS, [1.0] * MAX_BARS, unit="u")
    with pytest.raises(AssertionError):
        bar_chart("v", ["a"] * (MAX_BARS + 1), [1.0] * (MAX_BARS + 1), unit="u")


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """matplotlib is an extra: `plots_missing` names it, exit 2."""
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PlotsMissingError, match=r"pip install 'mithqal\[plots\]'") as caught:
        bar_chart("v", ["a"], [1.0], unit="u")
    assert caught.value.name == "plots_missing"
    assert exit_code(caught.value) == 2
