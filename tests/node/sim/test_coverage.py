"""Abstract states: what tells runs apart and not situations is left out, and what is far away counts as near."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from node.sim import spec
from node.sim.coverage import BELOW, NEAR, digest, view
from node.sim.spec import Block, Round, State, Statement, Validator

FRESH = Validator()


def state(*minds: Validator, tip: int = 0, rounds: tuple[Round, ...] = (), faulty: tuple[int, ...] = ()) -> State:
    """With rounds above the tip, which lies where it is said."""
    start = spec.begin(1, len(minds) or 4, faulty, int, "genesis")
    below = (Round(is_decided=True),) * (tip + 1)
    return start._replace(validators=minds or start.validators, tip=tip, rounds=(*below, *rounds))


def certified(parent: int) -> Round:
    """A round with a certified block on that parent."""
    return Round(certified=Statement(9, "x", parent, "p", commits=False))


def test_names_and_numbers_are_left_out() -> None:
    """'Which honest validator is which, the number of the round, the names of blocks'; the tip may lie anywhere."""
    one, other = Validator(voted=1, lock=1), Validator(voted=2, gave_up=2)
    assert view(state(one, other, FRESH, FRESH)) == view(state(FRESH, other, FRESH, one))
    moved = [mind._replace(voted=mind.voted + 40, lock=mind.lock + 40, gave_up=mind.gave_up and mind.gave_up + 40,
                           committed=40) for mind in (one, other)]  # fmt: skip
    assert view(state(*[mind._replace(committed=0) for mind in (one, other)])) == view(state(*moved, tip=40))
    blocks = [Round(blocks=frozenset({Block(1, name, 0, 0, "g")})) for name in ("a", "b")]
    assert view(state(rounds=(blocks[0],))) == view(state(rounds=(blocks[1],)))


DIFFERENT = [
    state(),
    state(faulty=(0,)),
    state(*[FRESH] * 5),
    state()._replace(is_over=True),
    state(rounds=(Round(),)),
    state(rounds=(Round(blocks=frozenset({Block(1, "a", 0, 0, "g")})),)),
    state(rounds=(Round(blocks=frozenset({Block(1, "a", 0, 0, "g"), Block(1, "b", 0, 0, "g")})),)),
    state(rounds=(certified(0),)),
    state(rounds=(Round(), certified(1))),
    state(rounds=(Round(), certified(0))),
    state(rounds=(Round(tcs=frozenset({0})),)),
    state(rounds=(Round(), Round(tcs=frozenset({1})))),
    state(rounds=(Round(), Round(tcs=frozenset({0, 1})))),
    *[state(Validator(voted=voted), FRESH, FRESH, FRESH) for voted in range(1, NEAR + 1)],
    *[state(Validator(voted=NEAR, lock=lock), FRESH, FRESH, FRESH) for lock in range(1, NEAR + 1)],
    state(Validator(voted=1, gave_up=1), FRESH, FRESH, FRESH),
    state(Validator(is_up=False), FRESH, FRESH, FRESH),
    state(*[Validator(committed=1)] * 4, tip=1),
    state(Validator(committed=1), Validator(), Validator(committed=1), Validator(committed=1), tip=1),
    state(*[Validator(committed=2, voted=1)] * 4, tip=2),
    state(*[Validator(committed=2, voted=1, lock=1)] * 4, tip=2),
]


def test_situations_differ() -> None:
    """What binds a validator and what an open round has: each makes another view, and another digest."""
    views = [view(one) for one in DIFFERENT]
    assert len(set(views)) == len(views)
    assert len({digest(one) for one in views}) == len(views)


@pytest.mark.parametrize("make", [lambda at: Validator(voted=at), lambda at: Validator(lock=at)])
def test_what_is_far_counts_as_near(make: Callable[[int], Validator]) -> None:
    """NEAR rounds above the decided one are told apart, and -BELOW below: so there are finitely many views."""

    def with_it(value: int) -> object:
        return view(state(make(value)._replace(committed=20), tip=20))

    assert (NEAR, BELOW) == (6, -2)
    assert with_it(26) == with_it(27) == with_it(99)
    assert with_it(18) == with_it(17) == with_it(1)
    seen = [with_it(value) for value in range(18, 27)]
    assert all(one != other for one, other in pairwise(seen))


def test_open_rounds_are_few() -> None:
    """Rounds above the decided one, NEAR of them; two blocks count as many, and parents and shown rounds far below as
    BELOW."""
    three = Round(blocks=frozenset(Block(1, name, 0, 0, "g") for name in "abc"))
    two = Round(blocks=frozenset(Block(1, name, 0, 0, "g") for name in "ab"))
    assert view(state(rounds=(three,))) == view(state(rounds=(two,)))
    assert view(state(rounds=(Round(),) * NEAR)) == view(state(rounds=(*(Round(),) * NEAR, certified(3))))
    assert view(state(rounds=(*(Round(),) * (NEAR - 1), certified(3)))) != view(state(rounds=(Round(),) * NEAR))
    for below in (certified, lambda at: Round(tcs=frozenset({at}))):
        seen = [view(state(tip=20, rounds=(below(at),))) for at in (20, 19, 18, 17, 3)]
        assert len(set(seen)) == 3
        assert seen[2] == seen[3] == seen[4]


def test_the_faulty_have_no_mind() -> None:
    """What a liar remembers is no part of the situation."""
    assert view(state(Validator(voted=3), FRESH, FRESH, FRESH, faulty=(0,))) == view(state(faulty=(0,)))
    assert view(state(FRESH, Validator(voted=3), FRESH, FRESH, faulty=(0,))) != view(state(faulty=(0,)))
