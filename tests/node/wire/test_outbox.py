"""The queue of one peer: bounded in frames and in bytes, the oldest goes first."""

from hypothesis import given
from hypothesis import strategies as st

from node.wire.outbox import Outbox


def test_the_oldest_go_when_there_are_too_many_frames():
    """When full, drops the oldest and counts it."""
    box = Outbox(2, 100)
    assert [box.put(frame) for frame in (b"a", b"b", b"c")] == [0, 0, 1]
    assert (len(box), box.size) == (2, 2)
    assert box.take(100) == [b"b", b"c"]
    assert (len(box), box.size) == (0, 0)


def test_the_oldest_go_when_there_are_too_many_bytes():
    """The bound in bytes is reached, never passed; as many go as must."""
    box = Outbox(10, 10)
    assert [box.put(b"aaa"), box.put(b"bbb"), box.put(b"cccc")] == [0, 0, 0]
    assert box.size == 10
    assert box.put(b"dddd") == 2
    assert box.take(100) == [b"cccc", b"dddd"]


def test_take_joins_up_to_a_size_and_always_gives_one():
    """At least one frame, else as many as fit."""
    box = Outbox(10, 100)
    for frame in (b"aaaaa", b"bb", b"cc", b"d"):
        box.put(frame)
    assert box.take(4) == [b"aaaaa"]
    assert box.take(4) == [b"bb", b"cc"]
    assert box.size == 1
    assert box.take(4) == [b"d"]
    assert box.take(4) == []


def test_keep_newest():
    """Without a link only the newest are held."""
    box = Outbox(10, 100)
    for frame in (b"a", b"b", b"c"):
        box.put(frame)
    assert box.keep_newest(3) == 0
    assert box.keep_newest(2) == 1
    assert box.take(9) == [b"b", b"c"]
    assert box.keep_newest(0) == 0


@given(st.lists(st.one_of(st.binary(max_size=9), st.integers(0, 20)), max_size=60))
def test_against_a_list(actions):
    """Model: a plain list; frames are put, numbers are takes."""
    box, model = Outbox(5, 20), []
    for action in actions:
        if isinstance(action, bytes):
            model.append(action)
            before = len(model)
            while len(model) > 5 or sum(map(len, model)) > 20:
                model.pop(0)
            assert box.put(action) == before - len(model)
        else:
            taken = box.take(action)
            assert taken == model[: len(taken)]
            assert bool(taken) == bool(model)
            assert len(taken) <= 1 or sum(map(len, taken)) <= action
            del model[: len(taken)]
        assert (len(box), box.size) == (len(model), sum(map(len, model)))
