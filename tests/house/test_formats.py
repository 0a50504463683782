"""docs/formats.md is what the code does."""

import re

from node.client.proof_file import verify_file
from tests.house.formats import render
from tests.house.rules import ROOT


def test_formats_page_is_as_generated() -> None:
    """Run `python -m tests.house.formats > docs/formats.md` after a deliberate change of a format."""
    assert (ROOT / "docs" / "formats.md").read_text(encoding="utf-8") == render()


def test_the_proof_file_on_the_page_verifies() -> None:
    """The example is a file as `proof get` writes it, from the waypoint that stands beside it."""
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    (text,) = re.findall(r'^\{"format":.*\n', page, re.MULTILINE)
    (waypoint,) = re.findall(r"^waypoint `(0:[0-9a-f]{64})`, genesis hash", page, re.MULTILINE)
    assert verify_file(text.encode(), waypoint).claim["exists"] is False
