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


def test_a_run_may_end_at_a_round() -> None:
    """The rule: `stop_at_round` ends the run when every honest validator that lives has passed the round ..."""
    whole = World(from_document(SMALL), 3).run()
    short = World(from_document({**SMALL, "stop_at_round": 5}), 3).run()
    assert min(whole.rounds) > 8
    assert 5 < min(short.rounds) <= max(short.rounds) <= 7
    assert short.virtual_us < whole.virtual_us == 8_000_000
    assert not short.violations


def test_a_run_does_not_end_before_a_new_block_after_the_faults() -> None:
    """... and none before each of them has a new block after `gst_ms`: liveness (L1) is judged in every run."""
    result = World(from_document({**SMALL, "stop_at_round": 1}), 3).run()
    assert min(result.recovery_rounds) >= 0
    assert 3_000_000 < result.virtual_us < 8_000_000


def test_a_dead_validator_does_not_keep_a_run_from_its_end() -> None:
    """Only those that live are asked; after the faults a new block of each of them is waited for, too."""
    document = {**SMALL, "stop_at_round": 5, "faults": [{"do": "crash", "node": 1, "at_ms": 100, "for_ms": 60_000}]}
    result = World(from_document(document), 3).run()
    assert result.virtual_us < 8_000_000
    assert max(result.rounds) > 5
