"""Seeds: the large scenarios, in which one number draws the mix of faults, clients and governance."""

from chain.primitives import SECOND_US
from node.lab.generate.ground import Case
from node.sim.scenario import scenario_for_seed


def seeds(index: int, duration_us: int = 20 * SECOND_US) -> Case:
    """The run of a seed."""
    return Case(scenario_for_seed(index, duration_us), index)
