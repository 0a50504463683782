"""S13: a run is a function of its seed. The same seed gives the same trace hash in any process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chain.primitives import SECOND_US
from node.lab.campaign.run import Plan, campaign, run_seed

ROOT = Path(__file__).parents[3]
PROGRAM = """
from node.lab.campaign.run import run_seed
for seed in (1, 7):
    result = run_seed(seed, 5_000_000)
    print(sorted(result.states), result._replace(states=frozenset()))
"""


def in_a_process(hash_seed: str) -> str:
    """What a fresh interpreter prints for two seeds."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_same_seed_in_two_processes() -> None:
    """The whole result, trace hash included, is the same whatever PYTHONHASHSEED is."""
    one, two = in_a_process("0"), in_a_process("4711")
    assert "trace_hash='" in one
    assert one == two


def test_another_seed_is_another_run() -> None:
    """The trace tells runs apart."""
    assert run_seed(1, 3 * SECOND_US).trace_hash != run_seed(2, 3 * SECOND_US).trace_hash


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing() -> None:
    """A campaign's results are the same with one worker and with two."""
    plan = Plan(first=11, count=4, virtual_us=4 * SECOND_US)
    one, two = (campaign(plan, processes=processes).tally.document() for processes in (1, 2))
    assert one == two
