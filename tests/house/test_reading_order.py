"""The economy's rooms say in which order to read them: every file of a room is named, and nothing that is not there."""

import ast
import re
from pathlib import Path

import pytest

from tests.house.rules import ROOT

ECONOMY = ROOT / "economy"
ROOMS = [ECONOMY, *sorted(path.parent for path in ECONOMY.glob("*/__init__.py"))]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_the_reading_order_names_every_file(room: Path) -> None:
    """The docstring of a room names each of its modules (and smaller rooms) in backquotes, and no other."""
    words = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
    named = set(re.findall(r"`([a-z_]+)`", words))
    modules = {path.stem for path in room.glob("*.py")} - {"__init__"}
    assert named == modules | {path.parent.name for path in room.glob("*/__init__.py")}
