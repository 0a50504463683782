"""How long a round lasts (R8)."""

import pytest

from chain.consensus.pacemaker import Pacemaker
from chain.interface import Output, SetTimer


def timers(call, *args) -> list[SetTimer]:
    out = Output()
    call(*args, out)
    return out.timers


@pytest.mark.parametrize(
    ("round_", "committed", "patience_us"),
    [(1, 0, 1_000_000), (3, 0, 1_000_000), (4, 0, 1_500_000), (5, 0, 2_250_000), (6, 0, 3_375_000),
     (7, 0, 5_062_500), (8, 0, 5_062_500), (99, 0, 5_062_500), (99, 96, 1_000_000), (99, 95, 1_500_000)],
)  # fmt: skip
def test_patience_grows_by_half_for_each_round_without_a_commit(round_, committed, patience_us) -> None:
    """'grows by half for each round without a commit (four steps)'."""
    pacemaker = Pacemaker(4)
    assert timers(pacemaker.enter, round_, committed, 50, False) == [SetTimer("round", 50 + patience_us, 1)]


def test_idle_rounds_are_longer_until_work_arrives() -> None:
    """'is longer by the idle wait while nothing waits'."""
    pacemaker = Pacemaker(4)
    assert timers(pacemaker.enter, 1, 0, 0, True) == [SetTimer("round", 1_800_000, 1)]
    assert timers(pacemaker.work_arrived, 800_000) == []
    assert timers(pacemaker.work_arrived, 799_999) == [SetTimer("round", 1_799_999, 2)]
    assert timers(pacemaker.arm_again, 5, True) == [SetTimer("round", 1_800_005, 3)]
    assert timers(pacemaker.work_arrived, 10) == [SetTimer("round", 1_000_010, 4)]
    assert timers(pacemaker.work_arrived, 10) == []
    assert timers(pacemaker.arm_again, 20, False) == [SetTimer("round", 1_000_020, 5)]


def test_only_the_newest_timers_are_due() -> None:
    pacemaker = Pacemaker(4)
    pacemaker.enter(1, 0, 0, False, Output())
    assert timers(pacemaker.wait_idle, 7) == [SetTimer("idle", 800_007, 1)]
    assert timers(pacemaker.wait_idle, 8) == []
    assert pacemaker.is_round_due(1)
    assert pacemaker.is_idle_due(1)
    pacemaker.timed_out = True
    pacemaker.enter(2, 0, 0, False, Output())
    assert not pacemaker.timed_out
    assert not pacemaker.is_round_due(1)
    assert not pacemaker.is_idle_due(1)
    assert pacemaker.is_round_due(2)
    assert timers(pacemaker.wait_idle, 9) == [SetTimer("idle", 800_009, 2)]


def test_an_absent_leader_gets_20_ms() -> None:
    """R17: a round whose leader has no link is given up soon, idle or not; only the first time-out comes early."""
    pacemaker = Pacemaker(4)
    pacemaker.note_link(2, False)
    assert timers(pacemaker.enter, 1, 0, 100, True) == [SetTimer("round", 1_800_100, 1)]
    assert timers(lambda out: pacemaker.enter(2, 0, 100, True, out, 2)) == [
        SetTimer("round", 1_800_100, 2), SetTimer("round", 20_100, 3),
    ]  # fmt: skip
    assert timers(pacemaker.skip_absent_leader, 50) == [SetTimer("round", 20_050, 4)]
    assert timers(pacemaker.skip_absent_leader, 50) == [], "it is due by then already"
    assert timers(pacemaker.work_arrived, 60) == []
    assert timers(pacemaker.arm_again, 200, False) == [SetTimer("round", 1_000_200, 5)]
    pacemaker.timed_out = True
    assert timers(pacemaker.skip_absent_leader, 300) == []
    assert [timer.at_us for timer in timers(lambda out: pacemaker.enter(3, 0, 0, False, out, 3))] == [1_000_000]


def test_a_link_that_is_there_again() -> None:
    """Everybody has a link until told otherwise, and again when it is back."""
    pacemaker = Pacemaker(4)
    for is_up, wanted in ((True, [1_000_000]), (False, [1_000_000, 20_000]), (True, [1_000_000])):
        pacemaker.note_link(2, is_up)
        pacemaker.note_link(2, is_up)
        assert [timer.at_us for timer in timers(lambda out: pacemaker.enter(2, 0, 0, False, out, 2))] == wanted


@pytest.mark.parametrize(("round_", "early"), [(6, True), (7, False), (8, False)])
def test_impatience_ends_with_a_turn_of_leaders_without_a_commit(round_: int, early: bool) -> None:
    """A false "down" must not livelock: beyond n + 2 rounds without a commit every round has the usual patience."""
    pacemaker = Pacemaker(4)
    pacemaker.note_link(1, False)
    due = [timer.at_us for timer in timers(lambda out: pacemaker.enter(round_, 0, 0, False, out, 1))]
    assert (due[-1] == 20_000) is early
    assert len(due) == 1 + early
    if not early:
        assert timers(pacemaker.skip_absent_leader, 5) == []
