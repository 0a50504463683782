"""Sliding nonces (reference 1.10): '(min_nonce, 128-bit mask). nonce 0 = skip the check. Too old if < min; too new if
>= min + 10,000; else recorded once; window slides. Errors 1 old, 2 new, 3 already recorded.'"""

from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import read_record
from chain.records.roles import SlidingNonce, nonce_key
from tests.builders import BOB, ROOT, TC, US, World, new_world, small_world

TOO_OLD = ("SlidingNonce", 7 + 256 * 1)
TOO_NEW = ("SlidingNonce", 7 + 256 * 2)
RECORDED = ("SlidingNonce", 7 + 256 * 3)
LIMIT = "update_dual_attestation_limit"


def window(world: World) -> SlidingNonce | None:
    """The treasury's."""
    found = world.get(nonce_key(TC.address))
    assert found is None or isinstance(found, SlidingNonce)
    return found


def use(world: World, nonce: int) -> tuple[str, int] | None:
    """Use a nonce of the treasury; the abort, or None."""
    if (outcome := world.run(world.sign(TC, LIMIT, nonce, 5))).status.kind == "executed":
        return None
    return outcome.status.module, outcome.status.code


def test_the_window_slides() -> None:
    """Bit n - min_nonce; the window moves by as little as holds the new nonce at its end."""
    world = new_world()
    assert use(world, 1) is None
    assert window(world) == SlidingNonce(0, 0b10)
    assert use(world, 127) is None
    assert window(world) == SlidingNonce(0, 1 << 127 | 0b10)
    assert use(world, 128) is None
    assert window(world) == SlidingNonce(1, 1 << 127 | 1 << 126 | 1)
    assert use(world, 1) == RECORDED
    assert use(world, 130) is None
    assert window(world) == SlidingNonce(3, 1 << 127 | 1 << 125 | 1 << 124)
    assert use(world, 2) == TOO_OLD
    assert use(world, 3) is None
    assert use(world, 130 + 9_000) is None
    assert window(world) == SlidingNonce(9_130 - 127, 1 << 127)


def test_both_sides_of_the_limits() -> None:
    """'Too old if < min; too new if >= min + 10,000'."""
    world = new_world()
    assert use(world, 10_000) == TOO_NEW
    assert use(world, 2**64 - 1) == TOO_NEW
    assert window(world) is None
    assert use(world, 9_999) is None
    low = 9_999 - 127
    assert window(world) == SlidingNonce(low, 1 << 127)
    assert use(world, low - 1) == TOO_OLD
    assert use(world, low) is None
    assert use(world, low + 10_000) == TOO_NEW
    assert use(world, low + 9_999) is None


def test_0_skips_the_check() -> None:
    """Any number of times, and nothing is recorded."""
    world = new_world()
    assert [use(world, 0), use(world, 0)] == [None, None]
    assert window(world) is None


def test_a_failed_transaction_records_nothing() -> None:
    """T7: the nonce may be used again by one that succeeds, once."""
    world = small_world()
    assert world.fails(TC, "freeze_account", 9, bytes(16)) == ("AccountFreezing", 5 + 256 * 2)
    assert window(world) is None
    world.do(TC, "freeze_account", 9, BOB.address)
    assert window(world) == SlidingNonce(0, 1 << 9)
    assert world.fails(TC, "unfreeze_account", 9, BOB.address) == RECORDED
    assert world.account(BOB).is_frozen


def test_root_and_treasury_have_one_each() -> None:
    """'only Root and TC have one'."""
    world = small_world()
    world.do(TC, LIMIT, 5, 1)
    world.do(ROOT, "rotate_authentication_key_with_nonce", 5, ROOT.key.authentication_key())
    assert window(world) == world.get(nonce_key(ROOT.address)) == SlidingNonce(0, 1 << 5)
    assert world.fails(ROOT, "rotate_authentication_key_with_nonce_admin", 5, US.address, bytes(32)) == RECORDED


def test_its_bytes() -> None:
    """min_nonce and the mask as 16 bytes, big-endian."""
    for record in (SlidingNonce(), SlidingNonce(7, 1 << 127 | 1), SlidingNonce(2**64 - 1, 2**128 - 1)):
        assert read_record(nonce_key(TC.address), record.to_bytes()) == record
        assert SlidingNonce.from_bytes(record.to_bytes()) == record


class Naive:
    """All nonces that were ever used, in a set: what the window must not forget while it counts."""

    def __init__(self) -> None:
        self.used: set[int] = set()
        self.low = 0

    def use(self, nonce: int) -> tuple[str, int] | None:
        if nonce == 0:
            return None
        if nonce < self.low:
            return TOO_OLD
        if nonce >= self.low + 10_000:
            return TOO_NEW
        if nonce in self.used:
            return RECORDED
        self.used.add(nonce)
        self.low = max(self.low, nonce - 127)
        return None


STEPS = st.lists(st.one_of(st.integers(-140, 140), st.integers(9_700, 10_100), st.just(0)), min_size=1, max_size=30)
"""From one nonce to the next: near, far, or the same again."""


@given(STEPS)
def test_against_a_naive_model(steps: list[int]) -> None:
    """Each nonce that is accepted is accepted once; which are refused, and why, follows from all that were used."""
    world, model = new_world(), Naive()
    nonce = 0
    for step in steps:
        nonce = max(0, nonce + step)
        assert use(world, nonce) == model.use(nonce), nonce
    found = window(world) or SlidingNonce()
    assert found.min_nonce == model.low
    assert {found.min_nonce + bit for bit in range(128) if found.mask >> bit & 1} == {
        nonce for nonce in model.used if nonce >= model.low
    }
