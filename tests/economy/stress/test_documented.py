"""What `--set` changes stands in the economy's page."""

import re

from economy.stress.parameters import MEANINGS
from tests.house.rules import ROOT


def test_every_parameter_is_on_the_page() -> None:
    """`--set NAME=VALUE`: 'Any parameter of docs/economy.md', so each of them is named there."""
    page = (ROOT / "docs" / "economy.md").read_text(encoding="utf-8")
    assert set(MEANINGS) <= set(re.findall(r"`([a-z_]+)`", page))
