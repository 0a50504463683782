"""Virtual time runs in order, and only forward."""

from node.sim.scheduler import Scheduler


def test_runs_by_time_then_by_order_of_planning() -> None:
    """Two callbacks of one instant run in the order of their planning."""
    seen: list[tuple[str, int]] = []
    scheduler = Scheduler(100)
    for name, time_us in (("late", 130), ("first", 120), ("second", 120), ("early", 110)):
        scheduler.at(time_us, lambda name=name: seen.append((name, scheduler.now_us)))
    assert len(scheduler) == 4
    scheduler.run_until(125)
    assert seen == [("early", 110), ("first", 120), ("second", 120)]
    assert (scheduler.now_us, scheduler.events, len(scheduler)) == (125, 3, 1)


def test_end_is_included_and_the_clock_stops_there() -> None:
    """What is due at the end runs; the clock ends there even if nothing is due."""
    seen: list[int] = []
    scheduler = Scheduler(0)
    scheduler.at(10, seen.append, 1)
    scheduler.at(11, seen.append, 2)
    scheduler.run_until(10)
    assert (seen, scheduler.now_us) == ([1], 10)


def test_the_past_is_now() -> None:
    """A time that is past means now, after what is planned for now already."""
    seen: list[str] = []
    scheduler = Scheduler(50)
    scheduler.at(50, seen.append, "planned")
    scheduler.at(3, seen.append, "past")
    scheduler.run_until(50)
    assert seen == ["planned", "past"]
    assert scheduler.now_us == 50


def test_callbacks_may_plan_more() -> None:
    """A callback within the time may plan another within the time."""
    seen: list[int] = []
    scheduler = Scheduler(0)

    def tick(left: int) -> None:
        seen.append(scheduler.now_us)
        if left:
            scheduler.after(5, tick, left - 1)

    scheduler.after(5, tick, 2)
    scheduler.run_until(100)
    assert seen == [5, 10, 15]
