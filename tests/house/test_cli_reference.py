"""docs/cli.md is what the commands say of themselves."""

import re

import pytest

from cli.main import COMMANDS
from tests.house.cli_reference import render
from tests.house.rules import ROOT


def test_cli_page_is_as_generated() -> None:
    """Run `python -m tests.house.cli_reference > docs/cli.md` after a deliberate change of a command."""
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == render()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_on_the_page(name: str) -> None:
    """The page has a section for each command, and the commands below it."""
    text = render()
    assert f"\n## {name}\n" in text
    assert re.search(rf"^### mithqal {name}\b", text, re.MULTILINE)
