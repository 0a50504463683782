"""Worlds of a dozen rounds, of which a generator runs hundreds of thousands: no clients, empty blocks, all checkers."""

import json

from node.sim.scenario_dump import to_document
from node.sim.scenario_file import from_document, read_scenario
from node.sim.world import World

SMALL = {"duration_ms": 8_000, "gst_ms": 3_000, "clients": {"accounts": 0}}


def test_without_clients_a_chain_grows_from_the_first_round() -> None:
    """The rule: `clients.accounts` 0 means no clients and no set-up; idle rounds still make blocks final."""
    world = World(from_document(SMALL), 1)
    result = world.run()
    assert not result.violations
    assert min(result.commits) >= 5
    assert not result.submissions
    assert max(result.recovery_rounds) <= 4
    assert not world.workload.acknowledged


def test_a_spare_joins_where_nobody_pays() -> None:
    """Governance needs no clients: what registers a spare is all the set-up that is left."""
    document = {**SMALL, "epochs": [{"at_ms": 2_500, "add": [4]}]}
    result = World(from_document(document), 2).run()
    assert not result.violations
    assert result.faults["governance_add"] == 1
    assert result.submissions["set_up"] == 4


def test_no_clients_is_written_and_read_again() -> None:
    """A file that says so says the same after it was written by the simulator."""
    scenario = from_document(SMALL)
    assert read_scenario(json.dumps(to_document(scenario))) == scenario
    assert (scenario.payers, scenario.payments_per_s) == (0, 0)
