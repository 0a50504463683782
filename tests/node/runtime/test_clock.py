"""The clock of a validator: it never steps back, and a wall clock that does, does not stop the ledger's time."""

import time
from pathlib import Path

import pytest

from node.localnet.build import build_network
from node.runtime.clock import Clock
from tests.node.runtime.processes import running


class Times:
    """The machine's two clocks, in nanoseconds."""

    wall, monotonic = 1_700_000_000_123_456_789, 50_000_000_999


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> Times:
    found = Times()
    monkeypatch.setattr(time, "time_ns", lambda: found.wall)
    monkeypatch.setattr(time, "monotonic_ns", lambda: found.monotonic)
    return found


def test_it_starts_with_the_wall_clock_and_goes_on_by_itself(times: Times) -> None:
    clock = Clock()
    assert clock.now_us() == 1_700_000_000_123_456
    times.monotonic += 2_500_000
    assert clock.now_us() == 1_700_000_000_123_456 + 2_500


def test_a_wall_clock_that_steps_back_does_not_matter(times: Times) -> None:
    """`never goes back, and a wall clock that steps back does not stop it`."""
    clock = Clock()
    first = clock.now_us()
    times.wall -= 3_600 * 10**9
    times.monotonic += 1_000
    assert clock.now_us() == first + 1


@pytest.mark.parametrize(("ahead_us", "first_us"), [(-1, 0), (0, 0), (1, 1), (3_600_000_000, 3_600_000_000)])
def test_it_does_not_start_before_the_ledgers_time(times: Times, ahead_us: int, first_us: int) -> None:
    """A restart after the wall clock was set back: time goes on from the ledger's, at its usual pace."""
    wall_us = times.wall // 1_000
    clock = Clock(wall_us + ahead_us)
    assert clock.now_us() == wall_us + first_us
    times.monotonic += 7_000
    assert clock.now_us() == wall_us + first_us + 7


@pytest.mark.network
def test_a_process_whose_wall_clock_is_an_hour_behind_its_ledger(tmp_path: Path) -> None:
    """Blocks come, and their time goes on from the ledger's as real time does, not by a microsecond a block."""
    hour_us = 3_600_000_000
    genesis_us = time.time_ns() // 1_000 + hour_us
    member = build_network(tmp_path, 1, seed=3, timestamp_us=genesis_us).members[0]
    with running(member) as process:
        process.wait_for_height(3)
        now_us = process.ask("get_metadata")["timestamp"]
        assert genesis_us + 1_500_000 < now_us < time.time_ns() // 1_000 + hour_us + 1_000_000
        assert process.end() == 0
