"""docs/accounts.md is what the table of roles says."""

from chain.functions import FUNCTIONS
from tests.house import accounts_page
from tests.house.rules import ROOT


def test_the_page_is_as_generated() -> None:
    """'docs/accounts.md with the role table generated from the data'."""
    page = (ROOT / "docs/accounts.md").read_text(encoding="utf-8")
    assert page == accounts_page.render(), "run: python -m tests.house.accounts_page > docs/accounts.md"


def test_the_page_names_every_function_once() -> None:
    """Each in a row of its own."""
    page = accounts_page.render()
    assert [name for name in FUNCTIONS if page.count(f"| `{name}` |") != 1] == []
