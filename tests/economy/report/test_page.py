"""The page: one file that asks for nothing, every text escaped, ids unique, readable in light and dark."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy.report.charts import bar_chart
from economy.report.page import DISCLAIMER, Section, Table, render

ATTACK = "<script>alert('x')</script> & \"quoted\""
ESCAPED = "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; &quot;quoted&quot;"
VOID = {"meta", "link", "br", "img", "hr"}


class Tree(HTMLParser):
    """Checks that what is opened is closed, in order, and keeps what was seen."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(page: str) -> Tree:
    tree = Tree()
    tree.feed(page)
    tree.close()
    assert tree.open == []
    return tree


def body(page: str) -> str:
    return page[page.index("<body>") :]


def test_a_small_page_in_full() -> None:
    """Structure: header, main, a section with heading, text and source, footer; language and policy in the head."""
    page = render("A title", "The lead.", [Section("First part", "One.\n\nTwo\nlines.", source="ECB statistics")])
    assert page.startswith('<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
    assert (
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline';"
        ' img-src data:">' in page
    )
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert body(page) == (
        '<body>\n<header>\n<h1>A title</h1>\n<p class="lead">The lead.</p>\n</header>\n<main>\n'
        '<section id="s1-first-part" aria-labelledby="s1-first-part-h">\n'
        '<h2 id="s1-first-part-h">First part</h2>\n<p>One.</p>\n<p>Two lines.</p>\n'
        '<p class="source">Source: ECB statistics</p>\n</section>\n</main>\n'
        f"<footer><p>{DISCLAIMER}</p></footer>\n</body>\n</html>\n"
    )


def test_a_table_in_full() -> None:
    """Column names and row names are headers; a column of numbers stands to the right; equal sources share a note."""
    rows = (("a", "3.15 %", "yes"), ("b", "–", "no"), ("c", "-1,234.5", ""))
    table = Table(("what", "cost", "verdict"), rows, "Costs",
                  ("World Bank", "", "World Bank"))  # fmt: skip
    page = render("t", "l", [Section("H", table=table)])
    mark = '<sup><a href="#s1-h-n1" aria-label="source 1">1</a></sup>'
    assert (
        '<div class="wide" tabindex="0"><table>\n<caption>Costs</caption>\n<thead><tr><th scope="col">what</th>'
        '<th scope="col" class="n">cost</th><th scope="col">verdict</th></tr></thead>\n<tbody>\n'
        f'<tr><th scope="row">a{mark}</th><td class="n">3.15 %</td><td>yes</td></tr>\n'
        '<tr><th scope="row">b</th><td class="n">–</td><td>no</td></tr>\n'
        f'<tr><th scope="row">c{mark}</th><td class="n">-1,234.5</td><td></td></tr>\n'
        '</tbody>\n</table></div>\n<ol class="source">\n<li id="s1-h-n1">World Bank</li>\n</ol>\n' in page
    )


@pytest.mark.parametrize(
    "cell", ["3.15 %", "-1", "+1.5", "−2", "1,000,000", "12.5 bp", "USD", "2020Q3", "1e-9", "7 XUS"]
)
def test_what_is_a_number(cell: str) -> None:
    """A number may have a sign, parted thousands, an exponent and a unit; a currency or a quarter is none."""
    page = render("t", "l", [Section("H", table=Table(("a", "b"), (("x", cell),)))])
    assert (f'<td class="n">{cell}</td>' in page) == (cell not in ("USD", "2020Q3"))


def test_a_column_of_dates_is_not_broken() -> None:
    """Dates, and years among them, stay on one line; a date alone is no number."""
    page = render("t", "l", [Section("H", table=Table(("a", "by"), (("x", "2027-12-31"), ("y", "2030"))))])
    assert '<th scope="col" class="d">by</th>' in page
    assert '<td class="d">2027-12-31</td>' in page
    assert '<td class="d">2030</td>' in page


def test_every_text_is_escaped() -> None:
    """No text that somebody gives, be it a title, a name or a cell, is ever markup."""
    table = Table((ATTACK, "b"), ((ATTACK, ATTACK),), ATTACK, (ATTACK,))
    page = render(
        ATTACK, ATTACK, [Section(ATTACK, ATTACK, bar_chart(ATTACK, [ATTACK], [1.0], unit=ATTACK), table, ATTACK)]
    )
    assert "<script" not in page
    assert page.count("alert(") == page.count("alert(&#x27;x") + page.count("alert('x")
    assert f"<title>{ESCAPED}</title>" in page
    assert f"<caption>{ESCAPED}</caption>" in page
    assert f"Source: {ESCAPED}</p>" in page
    assert {tag for tag, _ in parsed(page).tags}.isdisjoint({"script", "iframe", "object", "img", "link"})


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_leaves_the_same_structure(one: str, other: str) -> None:
    """Whatever a text says, the elements of the page are those of a plain text, and it is read as it was written."""
    plain = parsed(render("a", "b", [Section("c", table=Table(("d", "e"), (("f", "g"),)))]))
    tree = parsed(render(one, "b", [Section(other, table=Table((one, other), ((other, one),)))]))
    assert [tag for tag, _ in tree.tags] == [tag for tag, _ in plain.tags]


def test_nothing_is_asked_of_anybody() -> None:
    """No link, script, picture or font from elsewhere: the only addresses are names of SVG's own languages."""
    page = render("t", "l", [Section("H", figure=bar_chart("b", ["x"], [1.0], unit="%"))])
    assert set(re.findall(r"https?://[^\"' <]+", page)) == {
        "http://www.w3.org/1999/xlink",
        "http://www.w3.org/2000/svg",
    }
    assert "@import" not in page
    for _, attributes in parsed(page).tags:
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#")


def test_ids_are_unique_and_lead_somewhere() -> None:
    """Equal headings, figures and tables share no id on a page; each reference finds its id."""
    figure = bar_chart("same", ["x", "y"], [1.0, 2.0], unit="%")
    table = Table(("a",), (("b",),), "", ("source",))
    page = render("t", "l", [Section("Same", figure=figure, table=table)] * 5)
    tags = parsed(page).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids)) > 50
    wanted = {(attributes.get("href") or attributes.get("xlink:href") or "#")[1:] for _, attributes in tags} - {""}
    wanted |= {name for _, attributes in tags for name in (attributes.get("aria-labelledby") or "").split()}
    wanted |= set(re.findall(r"url\(#([^)]*)\)", page))
    assert len(wanted) > 20
    assert wanted <= set(ids)


def test_text_that_looks_like_an_id_stays() -> None:
    """Ids are changed inside of tags only."""
    page = render("t", "l", [Section("H", figure=bar_chart('x id="y" href="#z" url(#w)', ["x"], [1.0], unit="%"))])
    assert 'x id="y" href="#z" url(#w)' in "".join(parsed(page).text)


def test_contents_from_four_sections_on() -> None:
    """Four sections make a list of contents worth its space; three do not."""
    sections = [Section(f"Part {number}") for number in range(1, 5)]
    assert "<nav" not in render("t", "l", sections[:3])
    assert '<li><a href="#s4-part-4">Part 4</a></li>' in render("t", "l", sections)


def test_same_input_same_bytes() -> None:
    """No clock and no chance in a page."""
    sections = [Section("H", figure=bar_chart("b", ["x"], [1.0], unit="%"))]
    assert render("t", "l", sections) == render("t", "l", sections)


def test_light_dark_and_print() -> None:
    """The page follows the reader's preference, and prints in black on white."""
    page = render("t", "l", [])
    assert "color-scheme: light dark" in page
    assert "@media (prefers-color-scheme: dark)" in page
    assert "@media print" in page


def test_a_row_of_the_wrong_length_is_our_own_mistake() -> None:
    """A cell for each column, a source for each row or none."""
    with pytest.raises(AssertionError):
        render("t", "l", [Section("H", table=Table(("a", "b"), (("x",),)))])
    with pytest.raises(AssertionError):
        render("t", "l", [Section("H", table=Table(("a",), (("x",),), "", ("s", "t")))])
    with pytest.raises(AssertionError):
        render("t", "l", [Section("H", figure="<p>no picture</p>")])


def luminance(colour: str) -> float:
    """Relative luminance by WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast by WCAG 2: 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def grounds() -> list[dict[str, str]]:
    """The colours of light, dark and print."""
    page = render("t", "l", [])
    return [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{[^}]*\}", page)]


def test_writing_has_contrast_in_every_scheme() -> None:
    """WCAG AA: text has a contrast of 4.5 or more with its ground, also on the bands of a table."""
    schemes = grounds()
    assert len(schemes) == 3
    assert luminance(schemes[0]["ground"]) > 0.9
    assert luminance(schemes[1]["ground"]) < 0.02
    for scheme in schemes:
        for ink in ("ink", "soft", "link"):
            for ground in ("ground", "band"):
                assert contrast(scheme[ink], scheme[ground]) >= 4.5, (ink, ground, scheme)


def test_series_stand_out_from_light_and_dark() -> None:
    """WCAG AA: what a picture means has a contrast of 3 or more with its ground."""
    from economy.report.charts import PALETTE

    for colour in PALETTE:
        for scheme in grounds():
            assert contrast(colour, scheme["ground"]) >= 3, (colour, scheme["ground"])
