"""A seed's mix is a function of the seed; over many seeds every kind of fault is on, and some runs have none."""

from chain.primitives import SECOND_US
from node.sim.scenario import Scenario, scenario_for_seed

CHANCES = (
    "loss_ppm", "duplicate_ppm", "reorder_ppm", "spike_ppm", "crash_every_us", "pause_every_us", "partition_every_us",
    "hold_every_us", "disk_slow_every_us", "skew_us",
)  # fmt: skip


def test_same_seed_same_mix() -> None:
    """And another seed gives another one."""
    assert scenario_for_seed(5) == scenario_for_seed(5)
    assert scenario_for_seed(5) != scenario_for_seed(6)


def test_each_fault_is_in_about_half_of_the_mixes() -> None:
    """200 seeds must fire every kind; one mix in sixteen or so has none at all."""
    mixes = [scenario_for_seed(seed) for seed in range(200)]
    for chance in CHANCES:
        assert 60 <= sum(1 for mix in mixes if getattr(mix, chance)) <= 140, chance
    assert 25 <= sum(1 for mix in mixes if mix.blackout_every_us) <= 75
    assert 4 <= sum(1 for mix in mixes if not any(getattr(mix, chance) for chance in CHANCES)) <= 30


def test_one_seed_in_a_hundred_uses_libsodium() -> None:
    """1 % of seeds run on real signatures."""
    real = [seed for seed in range(300) if scenario_for_seed(seed).signatures == "libsodium"]
    assert real == [0, 100, 200]


def test_calm_is_a_share_of_the_duration() -> None:
    """Faults stop at 60 % of the run, in exact microseconds."""
    assert Scenario(duration_us=10 * SECOND_US).calm_us == 6 * SECOND_US
    assert scenario_for_seed(3, 8 * SECOND_US).calm_us == 4_800_000
    assert Scenario().max_rounds_to_recover == 12
