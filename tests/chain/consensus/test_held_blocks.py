"""Blocks that wait for a parent, for the clock or for signatures (R3 to R5), and leave when their round has passed."""

from types import SimpleNamespace
from typing import Any

import pytest

from chain.block import Block
from chain.consensus.block_tree import BlockTree
from chain.consensus.held_blocks import CLOCK_TIMER, HeldBlocks
from chain.crypto.signing import SignatureCheck
from chain.errors import BlockError, DecodeError
from chain.interface import Output, SetTimer, Work
from chain.limits import MAX_CLOCK_LEAD_US, MAX_HELD_PROPOSALS, MAX_LEDGER_LEAD_US

NOW = 5_000_000
CHECKS = (SignatureCheck(0, b"k", b"m", b"s"), SignatureCheck(0, b"k", b"n", b"t"))


class App:
    """Asks for the signatures that the test says, and counts how often it was asked."""

    def __init__(self) -> None:
        self.checks: tuple[SignatureCheck, ...] = CHECKS
        self.asked: list[Any] = []
        self.error: Exception | None = None

    def signature_checks(self, block: Block) -> tuple[SignatureCheck, ...]:
        self.asked.append(block.id)
        if self.error is not None:
            raise self.error
        return self.checks


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def held(app: App) -> HeldBlocks:
    return HeldBlocks(app)  # type: ignore[arg-type]


def parent(height: int = 0, time_us: int = 1_000) -> Any:
    return SimpleNamespace(height=height, timestamp_us=time_us, next_epoch=None, block_id=bytes(32))


def block(four, *, height: int = 1, time_us: int = NOW, round_: int = 1) -> Block:
    made: Block = four.block(round_, four.genesis_qc, height=height, time_us=time_us)
    return made


def ready(held: HeldBlocks, one: Block, over: Any = None, now_us: int = NOW) -> tuple[bool, Output]:
    out = Output()
    return held.is_ready(one, over or parent(), now_us, out), out


def refusal(held: HeldBlocks, one: Block, over: Any = None) -> str:
    """The name of the one alarm, and nothing else."""
    is_ready, out = ready(held, one, over)
    [alarm] = out.alarms
    assert (is_ready, out.work, out.timers) == (False, [], [])
    return alarm.name


class TestHeader:
    @pytest.mark.parametrize(("height", "good"), [(6, False), (7, True), (8, False)])
    def test_the_height_follows_the_parent(self, four, held: HeldBlocks, height: int, good: bool) -> None:
        """B6: height = parent's height + 1; else the block can never be good and is let go."""
        one = block(four, height=height)
        held.add(one)
        if good:
            ready(held, one, parent(6))
            assert one.id in held
        else:
            assert refusal(held, one, parent(6)) == "bad_header"
            assert one.id not in held

    @pytest.mark.parametrize(("time_us", "good"), [(999, False), (1_000, False), (1_001, True)])
    def test_time_rises_from_the_parent(self, four, held: HeldBlocks, time_us: int, good: bool) -> None:
        """B5, L7: strictly."""
        one = block(four, time_us=time_us)
        held.add(one)
        if good:
            ready(held, one)
        else:
            assert refusal(held, one) == "bad_header"
        assert (one.id in held) is good


class TestClock:
    """R4: at most 2 s ahead of the own clock, or of the parent's time where that is at most 60 s ahead of it, or 1 µs
    after the parent's; else it waits."""

    @pytest.mark.parametrize(("ahead_us", "waits"), [(MAX_CLOCK_LEAD_US, False), (MAX_CLOCK_LEAD_US + 1, True)])
    def test_against_the_own_clock(self, four, held: HeldBlocks, ahead_us: int, waits: bool) -> None:
        one = block(four, time_us=NOW + ahead_us)
        _, out = ready(held, one)
        assert out.timers == ([SetTimer(CLOCK_TIMER, NOW + 1, 0)] if waits else [])
        assert bool(out.work) is not waits

    def test_the_timer_is_due_exactly_when_the_block_may_pass(self, four, held: HeldBlocks, app: App) -> None:
        app.checks = ()
        one = block(four, time_us=NOW + MAX_CLOCK_LEAD_US + 700)
        is_ready, out = ready(held, one)
        assert (is_ready, out.timers) == (False, [SetTimer(CLOCK_TIMER, NOW + 700, 0)])
        assert ready(held, one, now_us=NOW + 699)[0] is False
        assert ready(held, one, now_us=NOW + 700) == (True, Output())

    def test_against_the_parents_time(self, four, held: HeldBlocks, app: App) -> None:
        """A clock that is behind the ledger does not hold it up, and one that stepped back neither."""
        app.checks = ()
        over = parent(time_us=NOW + 10**7)
        assert ready(held, block(four, time_us=NOW + 10**7 + MAX_CLOCK_LEAD_US), over) == (True, Output())
        is_ready, out = ready(held, block(four, time_us=NOW + 10**7 + MAX_CLOCK_LEAD_US + 1), over)
        assert (is_ready, out.timers) == (False, [SetTimer(CLOCK_TIMER, NOW + 10**7 + 1, 0)])
        assert ready(held, block(four, time_us=NOW + 10**9 + 1), parent(time_us=NOW + 10**9)) == (True, Output())

    @pytest.mark.parametrize("step_us", [2, 1_000_000, MAX_CLOCK_LEAD_US])
    def test_no_leader_drives_the_ledgers_time_away(self, four, held: HeldBlocks, app: App, step_us: int) -> None:
        """More than 62 s ahead of our clock it waits, whatever its parent's time is."""
        app.checks = ()
        most = NOW + MAX_LEDGER_LEAD_US + MAX_CLOCK_LEAD_US
        assert ready(held, block(four, time_us=most), parent(time_us=most - step_us)) == (True, Output())
        ahead = block(four, time_us=most + 1)
        is_ready, out = ready(held, ahead, parent(time_us=most + 1 - step_us))
        assert (is_ready, out.timers) == (False, [SetTimer(CLOCK_TIMER, NOW + 1, 0)])
        assert ready(held, ahead, parent(time_us=most + 1 - step_us), now_us=NOW + 1) == (True, Output())


class TestSignatures:
    """R5: every transaction's signature is verified before the vote."""

    def test_work_goes_out_once_and_its_verdicts_free_the_block(self, four, held: HeldBlocks, app: App) -> None:
        one = block(four)
        held.add(one)
        assert ready(held, one) == (False, Output(work=[Work(1, CHECKS)]))
        assert ready(held, one) == (False, Output()), "the work is under way"
        assert held.on_verdicts(1, (True, True)) is one
        assert ready(held, one) == (True, Output())
        assert app.asked == [one.id]

    @pytest.mark.parametrize("verdicts", [(False, True), (True, False), (False, False)])
    def test_one_bad_signature_is_enough(self, four, held: HeldBlocks, verdicts: tuple[bool, ...]) -> None:
        one = block(four)
        held.add(one)
        ready(held, one)
        with pytest.raises(BlockError) as caught:
            held.on_verdicts(1, verdicts)
        assert caught.value.name == "invalid_tx_in_block"
        assert one.id not in held
        assert held.on_verdicts(1, (True, True)) is None, "verdicts count once"

    def test_nothing_to_check(self, four, held: HeldBlocks, app: App) -> None:
        app.checks = ()
        assert ready(held, block(four)) == (True, Output())

    def test_a_trusted_block_is_not_checked(self, four, held: HeldBlocks, app: App) -> None:
        """Our own, or one that was stored before a restart."""
        one = block(four)
        held.trust(one.id)
        assert ready(held, one) == (True, Output())
        assert app.asked == []

    def test_trust_ends_when_the_block_leaves(self, four, held: HeldBlocks) -> None:
        one = block(four)
        held.add(one)
        held.trust(one.id)
        held.remove(one.id)
        held.add(one)
        assert ready(held, one)[0] is False

    def test_verdicts_of_what_left_or_was_never_asked(self, four, held: HeldBlocks) -> None:
        one = block(four)
        held.add(one)
        ready(held, one)
        held.remove(one.id)
        assert held.on_verdicts(1, (False, False)) is None
        assert held.on_verdicts(9, (True,)) is None

    def test_numbers_of_work_are_not_used_twice(self, four, held: HeldBlocks) -> None:
        one, two = block(four), block(four, time_us=NOW + 1)
        held.add(one)
        held.add(two)
        assert ready(held, one)[1].work == [Work(1, CHECKS)]
        assert ready(held, two)[1].work == [Work(2, CHECKS)]
        assert held.on_verdicts(2, (True, True)) is two
        assert held.on_verdicts(1, (True, True)) is one

    def test_what_cannot_be_read_is_let_go(self, four, held: HeldBlocks, app: App) -> None:
        """A transaction in the block that is no transaction: the block can never be voted for."""
        one = block(four)
        held.add(one)
        app.error = DecodeError("no transaction")
        assert refusal(held, one) == "malformed_bytes"
        assert one.id not in held


class TestEndOfAnEpoch:
    """Above the end of an epoch blocks are empty and have its time (P10, E5): their clock is not asked."""

    @pytest.mark.parametrize(
        ("time_us", "payload", "good"),
        [(10**12, (), True), (10**12 + 1, (), False), (10**12 - 1, (), False), (10**12, (b"tx",), False)],
    )
    def test_nothing_changes(
        self, four, held: HeldBlocks, app: App, time_us: int, payload: tuple[bytes, ...], good: bool
    ) -> None:
        app.checks = ()
        over = SimpleNamespace(height=0, timestamp_us=10**12, next_epoch=object())
        one = four.block(1, four.genesis_qc, height=1, time_us=time_us, payload=payload)
        if good:
            assert ready(held, one, over) == (True, Output())
        else:
            assert refusal(held, one, over) == "bad_header"


class TestWhoIsToBlame:
    """S10: a block that can never be good is its author's, who signed it, whoever's message brought it up again."""

    @pytest.mark.parametrize(
        ("error", "height", "name"),
        [(DecodeError("no transaction", name="wrong_shape"), 1, "wrong_shape"), (None, 2, "bad_header")],
    )
    def test_a_bad_block_goes_with_an_alarm_about_its_author(
        self, four, held: HeldBlocks, app: App, error: Exception | None, height: int, name: str
    ) -> None:
        app.error, out = error, Output()
        one = block(four, height=height)
        held.add(one)
        assert held.is_ready(one, parent(), NOW, out) is False
        [alarm] = out.alarms
        assert (alarm.name, alarm.peer) == (name, one.header.author)
        assert one.id not in held
        assert (out.work, out.timers) == ([], [])

    def test_a_good_block_waits_and_runs_without_one(self, four, held: HeldBlocks, app: App) -> None:
        out, one = Output(), block(four)
        held.add(one)
        assert held.is_ready(one, parent(), NOW, out) is False, "its signatures are asked for"
        assert (len(out.work), one.id in held) == (1, True)
        held.on_verdicts(out.work[0].work_id, (True, True))
        assert held.is_ready(one, parent(), NOW, out) is True
        assert out.alarms == []


class TestSecondBlocks:
    """R1: another block of a round that is here already is not kept, unless something that we know needs it."""

    def test_of_a_round_that_waits_or_is_executed(self, four, held: HeldBlocks) -> None:
        tree = BlockTree(parent(0))
        one, second = block(four, round_=3), block(four, round_=3, time_us=NOW + 1)
        assert not held.is_second(second, tree, [])
        held.add(one)
        assert held.is_second(second, tree, [])
        assert not held.is_second(one, tree, []), "it is here itself"
        assert not held.is_second(block(four, round_=4), tree, [])
        held.remove(one.id)
        root = SimpleNamespace(block_id=four.genesis_qc.block_id)
        grown = BlockTree(root)
        grown.insert(one, root)
        assert held.is_second(second, grown, [])
        assert not held.is_second(block(four, round_=4), grown, [])

    def test_not_if_a_certificate_or_a_block_that_waits_names_it(self, four, held: HeldBlocks) -> None:
        tree, second = BlockTree(parent(0)), block(four, round_=3, time_us=NOW + 1)
        held.add(block(four, round_=3))
        named = four.qc(second)
        child = four.block(4, named, height=2)
        assert not held.is_second(second, tree, [four.genesis_qc, named])
        assert not held.is_second(second, tree, [four.qc(child)]), "as the parent"
        assert held.is_second(second, tree, [four.genesis_qc])
        held.add(child)
        assert not held.is_second(second, tree, [])


class TestRoom:
    def test_the_waiting_room_is_bounded(self, four, held: HeldBlocks) -> None:
        """MAX_HELD_PROPOSALS; the block of the lowest round leaves first, whatever the order of arrival."""
        blocks = [block(four, round_=round_) for round_ in range(2, MAX_HELD_PROPOSALS + 3)]
        for one in [*blocks[1:], blocks[0]][:MAX_HELD_PROPOSALS]:
            held.add(one)
        assert len(held) == MAX_HELD_PROPOSALS
        held.add(blocks[0])
        assert len(held) == MAX_HELD_PROPOSALS
        assert [one.round for one in held.all()] == [2, *range(4, MAX_HELD_PROPOSALS + 3)]
        held.add(blocks[-1])
        assert len(held) == MAX_HELD_PROPOSALS, "a block that is here already displaces nobody"
        assert blocks[0].id in held

    def test_by_round(self, four, held: HeldBlocks) -> None:
        for round_ in (5, 2, 9):
            held.add(block(four, round_=round_))
        assert [one.round for one in held.all()] == [2, 5, 9]
        assert [held.has(round_, round_ % 4) for round_ in (2, 3, 5, 9)] == [True, False, True, True]
        assert not held.has(2, 3), "another author's"
        held.drop_up_to(5)
        assert [one.round for one in held.all()] == [9]
        held.drop_up_to(8)
        assert len(held) == 1
