"""All generators by name, and `all`: a fixed interleaving of them."""

from collections.abc import Callable
from typing import NamedTuple

from chain.errors import MithqalError
from chain.primitives import SECOND_US
from node.lab.generate.adversary import adversary
from node.lab.generate.crash_points import crash_points
from node.lab.generate.directed import directed
from node.lab.generate.ground import Case
from node.lab.generate.mutation import mutation
from node.lab.generate.seeds import seeds
from node.lab.generate.twins import twins
from node.sim.scenario import by_reputation


class Generator(NamedTuple):
    """One of them."""

    make: Callable[[int], Case]
    faults: tuple[str, ...]
    """Kinds of fault that fire in a campaign of some length, or the generator tests less than it says."""
    is_small: bool = True
    """Whether a scenario costs milliseconds; the others run for seconds."""


GENERATORS: dict[str, Generator] = {
    "twins": Generator(twins, ("partition.message", "crash.at", "restart")),
    "adversary": Generator(adversary, ("composed", "partition.message", "one_way.message", "crash.at", "restart")),
    "mutation": Generator(mutation, ("composed", "one_way.message", "crash.at", "restart")),
    "crash_points": Generator(crash_points, ("crash.at", "restart")),
    "seeds": Generator(seeds, (), is_small=False),
    "directed": Generator(directed, (), is_small=False),
}
"""Name -> generator."""
ALL = "all"
PATTERN = (
    "twins", "adversary", "mutation", "crash_points", "adversary", "mutation", "twins", "crash_points",
    "mutation", "adversary", "crash_points", "mutation", "twins", "adversary", "mutation", "crash_points",
)  # fmt: skip
"""Who has the next number of `all`, in turn: each gets about the same processor time ..."""
LARGE_EVERY = 2_000
"""... but for one in so many, which is a large scenario: they take as long as a hundred small ones."""
LARGE = ("directed", "seeds")
SEED_US = 8 * SECOND_US
"""How long the run of a seed is in `all`."""
REPUTATION_EVERY = 16
"""In one small scenario of so many the leaders are picked by reputation, instead of listed."""


def names() -> tuple[str, ...]:
    """What `--generator` takes."""
    return (*GENERATORS, ALL)


def checked(name: str) -> str:
    """The name, if there is such a generator; MithqalError `bad_argument` that lists them, or `file_unreadable` at once
    for one that would come to a corpus that is not there."""
    if name not in names():
        raise MithqalError(f"--generator is {name[:40]!r}; there are {', '.join(names())}", name="bad_argument")
    if name in (ALL, directed.__name__):
        directed(0)
    return name


def part_of(name: str, index: int) -> tuple[str, int]:
    """The generator behind a number of `all` and its own number; another generator's number is its own."""
    if name != ALL:
        return name, index
    large, place = divmod(index, LARGE_EVERY)
    if place == LARGE_EVERY - 1:
        lap, turn = divmod(large, len(LARGE))
        return LARGE[turn], lap
    small = index - large
    lap, turn = divmod(small, len(PATTERN))
    who = PATTERN[turn]
    return who, lap * PATTERN.count(who) + PATTERN[:turn].count(who)


def case_of(name: str, index: int) -> Case:
    """The scenario and seed of a number."""
    who, place = part_of(name, index)
    case = seeds(place, SEED_US) if who != name and who == seeds.__name__ else GENERATORS[who].make(place)
    if GENERATORS[who].is_small and place % REPUTATION_EVERY == REPUTATION_EVERY - 1:
        return case._replace(scenario=by_reputation(case.scenario))
    return case


def claimed(name: str) -> tuple[str, ...]:
    """Kinds of fault that a campaign of a generator must fire."""
    parts = PATTERN if name == ALL else (name,)
    return tuple(sorted({kind for part in parts for kind in GENERATORS[part].faults}))
