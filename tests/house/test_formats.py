"""docs/formats.md is what the code does."""

from tests.house.formats import render
from tests.house.rules import ROOT


def test_formats_page_is_as_generated() -> None:
    """Run `python -m tests.house.formats > docs/formats.md` after a deliberate change of a format."""
    assert (ROOT / "docs" / "formats.md").read_text(encoding="utf-8") == render()
