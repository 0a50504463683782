"""The directed corpus: a scenario for each trap T1 to T22, what it orders happens, and every invariant holds."""

from collections import Counter
from pathlib import Path

import pytest

from node.lab.run import load
from node.sim.world import World

FOLDER = Path(__file__).parents[2] / "scenarios"
FILES = sorted(FOLDER.glob("*.json"))
FIRED: dict[str, dict[str, int]] = {
    "t01": {"crash.at": 8},
    "t02": {"crash.at": 2, "torn_write": 1, "short_write": 1, "fsync_EIO": 1, "crash": 4},
    "t03": {"crash.at": 5, "governance_add": 1, "governance_rekey": 1, "governance_remove": 1},
    "t04": {"crash.at": 6},
    "t05": {"crash": 4},
    "t06": {"crash.at": 6},
    "t07": {"crash.at": 5, "fsync_slow": 1},
    "t08": {"rule.drop": 9, "partition": 2},
    "t09": {"rule.delay": 24},
    "t10": {"rule.drop": 9, "withhold_qc_then_release": 1},
    "t11": {"unbacked_hqc_round": 9},
    "t12": {"rule.drop": 12},
    "t13": {"rule.drop": 3, "eclipse": 1},
    "t14": {"composed": 20},
    "t15": {"future_round_flood": 100, "double_vote": 100},
    "t16": {"composed": 100, "rule.drop": 6},
    "t17": {"composed": 100},
    "t18": {"composed": 10, "clock.skew": 1, "clock.jump_back": 1},
    "t19": {"sync_liar": 3, "eclipse": 1},
    "t20": {"composed": 100},
    "t21": {"composed": 100},
    "t22": {"bad_exec_root": 100, "eclipse": 1},
}
"""What must have happened, at least so often."""
ALARMS: dict[str, tuple[str, ...]] = {
    "t11": ("wrong_commit", "round_order"),
    "t14": ("double_proposal", "no_quorum"),
    "t15": ("double_vote",),
    "t16": ("no_quorum",),
    "t20": ("bad_signature", "wrong_author"),
    "t21": ("malformed_bytes", "not_canonical", "unknown_message", "wrong_shape"),
}
"""What the honest ones must have noticed."""

LEAST = {"t04": 110}
"""T4: votes that did not leave are sent again, so that no round is lost to a time-out: a height that shows it."""


def test_there_is_a_file_for_each_trap() -> None:
    """The rule: "a directed corpus with one file for each trap T1 to T22"."""
    assert [file.name[:3] for file in FILES] == [f"t{number:02}" for number in range(1, 23)]
    assert {file.name[:3] for file in FILES} == set(FIRED)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_invariant_holds_in_the_trap(file: Path) -> None:
    """What the scenario orders happens, the honest validators go on, and nothing breaks."""
    scenario, trap = load(file), file.name[:3]
    result = World(scenario, 1).run()
    assert result.violations == ()
    fired, alarms = Counter(result.faults), Counter(result.alarms)
    assert {name: fired[name] for name, least in FIRED[trap].items() if fired[name] < least} == {}
    assert [name for name in ALARMS.get(trap, ()) if not alarms[name]] == []
    honest = [height for height in result.commits[: scenario.validators] if height]
    assert len(honest) >= 3
    assert result.payments_committed > 0
    assert max(honest) >= LEAST.get(trap, 0)
