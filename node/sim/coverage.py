"""Which situations of the protocol a run has seen: abstract states, counted once however they were reached.

A view of a state leaves out what tells apart runs but not situations: which honest validator is which, the number of
the round, the names of blocks. Rounds count from the highest decided one, and what is further away than NEAR counts as
NEAR: so there are finitely many views for a size of the network, and a count of them means something.
"""

from hashlib import blake2b

from node.sim.spec import State, Validator

NEAR = 6
"""Rounds that are told apart, above the highest decided one."""
BELOW = -2
"""What lies further below it counts as this."""

View = tuple[object, ...]


def view(state: State) -> View:
    """(members, faulty ones, whether the epoch is over, each open round, what each honest validator remembers)."""
    base, faulty, validators = state.tip, state.faulty, state.validators
    minds = sorted(
        [_mind(validator, base) for who, validator in enumerate(validators) if who not in faulty]
        if faulty
        else [_mind(validator, base) for validator in validators]
    )
    open_rounds = []
    for here in state.rounds[base + 1 : base + 1 + NEAR]:
        shown = 0
        for high in here.tcs:
            shown |= 1 << (max(high - base, BELOW) - BELOW)
        parent = None if here.certified is None else max(here.certified.parent_round - base, BELOW)
        open_rounds.append((min(len(here.blocks), 2), parent, shown))
    return (len(validators), len(faulty), state.is_over, tuple(open_rounds), tuple(minds))


def _mind(validator: Validator, base: int) -> int:
    """What binds a validator, as one number: last round, whether it gave that up, lock, life, what it announced."""
    voted = min(max(validator.voted - base, BELOW), NEAR) - BELOW
    lock = min(max(validator.lock - base, BELOW), NEAR) - BELOW
    flags = (validator.gave_up == validator.voted) | validator.is_up << 1 | (validator.committed < base) << 2
    return voted << 8 | lock << 4 | flags


def digest(seen: View) -> int:
    """64 bits that name a view, the same in every process."""
    return int.from_bytes(blake2b(repr(seen).encode(), digest_size=8).digest(), "big")
