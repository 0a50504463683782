"""The directed corpus: a file for each trap of the protocol, `tests/scenarios` of a checkout, each with many seeds."""

from functools import cache
from pathlib import Path

from chain.errors import MithqalError
from node.lab.generate.ground import Case
from node.lab.run import load
from node.sim.scenario import Scenario

FOLDER = Path(__file__).parents[3] / "tests" / "scenarios"


def directed(index: int) -> Case:
    """The files in turn; each lap is another seed. MithqalError `file_unreadable` where there is no checkout."""
    corpus = _corpus(FOLDER)
    lap, place = divmod(index, len(corpus))
    return Case(corpus[place], lap + 1)


@cache
def _corpus(folder: Path) -> tuple[Scenario, ...]:
    """All files, by name."""
    files = sorted(folder.glob("*.json"))
    if not files:
        text = f"there are no scenario files in {folder}: the directed corpus comes with a checkout, not with a package"
        raise MithqalError(text, name="file_unreadable")
    return tuple(load(file) for file in files)
