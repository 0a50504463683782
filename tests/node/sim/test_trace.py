"""A fingerprint of a run changes with anything in it."""

from node.sim.trace import Trace


def fingerprint(*events: tuple[int, int, str, bytes]) -> str:
    """Hash of these events."""
    trace = Trace()
    for event in events:
        trace.add(*event)
    assert trace.count == len(events)
    return trace.hexdigest()


def test_equal_runs_have_equal_fingerprints() -> None:
    """And the order, time, node, kind and bytes of every event count."""
    one, two = (1, 0, "message", b"x"), (2, 1, "timer", b"round")
    assert fingerprint(one, two) == fingerprint(one, two)
    others = [
        (two, one), (one,), ((2, 0, "message", b"x"), two), ((1, 2, "message", b"x"), two),
        ((1, 0, "work", b"x"), two), ((1, 0, "message", b"y"), two),
    ]  # fmt: skip
    prints = [fingerprint(one, two), *(fingerprint(*events) for events in others)]
    assert len(set(prints)) == len(prints)


def test_borders_between_events_count() -> None:
    """Bytes cannot move from one event to the next unseen."""
    assert fingerprint((1, 1, "a", b"xy"), (1, 1, "a", b"")) != fingerprint((1, 1, "a", b"x"), (1, 1, "a", b"y"))
