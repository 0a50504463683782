"""Each checker is silent on an honest history, and names a planted violation."""

import pytest

from chain.accounts import Currency
from chain.interface import Committed
from chain.records.coins import Basket
from chain.storage import Index
from node.sim.checkers import Ledgers, Recovery, Violation, check_acknowledged, check_money
from tests.node.sim.said import R, Shelf, Tip, account


def block(height: int, **changes: object) -> Committed:
    """An honest block of one transaction: two versions a height."""
    fields = {
        "height": height, "version": 2 * height, "root": R[height], "block_id": R[height],
        "timestamp_us": 10 * height, "hashes": (b"tx%d" % height,),
    }  # fmt: skip
    return Committed(**{**fields, **changes})  # type: ignore[arg-type]


def ledgers(*history: tuple[int, Committed]) -> list[str]:
    """The rules that a history of announcements breaks, each by whoever spoke last."""
    violations: list[Violation] = []
    checker = Ledgers(violations)
    for node in range(4):
        checker.on_start(node, Tip(0))
    for node, committed in history:
        checker.on_committed(node, committed)
    assert all(violation.node == history[-1][0] and violation.text for violation in violations)
    return [violation.rule for violation in violations]


def test_an_honest_history_is_silent() -> None:
    """Three validators announce the same blocks at their own pace."""
    assert ledgers(*[(node, block(height)) for node in range(3) for height in (1, 2, 3)]) == []


@pytest.mark.parametrize(
    ("history", "rule"),
    [
        ([(0, block(1)), (1, block(1, block_id=R[9]))], "S1_agreement"),
        ([(0, block(1)), (1, block(1, root=R[9]))], "S7_state_root"),
        ([(0, block(1)), (1, block(1, version=9))], "S7_state_root"),
        ([(0, block(1)), (1, block(1, timestamp_us=11))], "S7_state_root"),
        ([(0, block(1)), (1, block(1, hashes=()))], "S2_order"),
        ([(0, block(2))], "S2_order"),
        ([(0, block(1)), (0, block(1))], "S2_order"),
        ([(0, block(1)), (0, block(2, hashes=(b"tx1",)))], "S2_exactly_once"),
        ([(0, block(1, hashes=(b"a", b"a"), version=3))], "S2_exactly_once"),
        ([(0, block(1)), (0, block(2, version=3))], "S2_order"),
        ([(0, block(1)), (0, block(2, timestamp_us=10))], "S2_order"),
        ([(0, block(1)), (0, block(3))], "S2_order"),
    ],
)
def test_planted_ledger_violations(history: list[tuple[int, Committed]], rule: str) -> None:
    """S1, S2 and S7, each broken once."""
    assert ledgers(*history) == [rule]


def test_a_version_has_one_root() -> None:
    """S7: of two blocks that end at one version, both the root and the order are wrong."""
    assert ledgers((0, block(1)), (0, block(2, version=2))) == ["S7_state_root", "S2_order"]
    assert ledgers((0, block(1)), (0, block(2, version=2, root=R[1]))) == ["S2_order"]


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({}, []),
        ({"version": 3, "hashes": ()}, []),
        ({"version": 3}, ["S2_order"]),
        ({"timestamp_us": 11}, []),
        ({"timestamp_us": 10}, ["S2_order"]),
    ],
)
def test_what_lies_between_heights_is_judged_from_both_sides(changes: dict[str, object], rules: list[str]) -> None:
    """S2: versions grow by one and a block's transactions, and time grows, whichever height was announced first: one
    that began with a snapshot is ahead of who announces the height below."""
    for first, second in (((0, block(1)), (1, block(2, **changes))), ((1, block(2, **changes)), (0, block(1)))):
        violations: list[Violation] = []
        checker = Ledgers(violations)
        checker.on_start(0, Tip(0))
        checker.on_start(1, Tip(0))
        checker.note_base(1, 1)
        for node, committed in (first, second):
            checker.on_committed(node, committed)
        assert [violation.rule for violation in violations] == rules
        assert checker.committed_at == dict.fromkeys(block(1).hashes, 1) | dict.fromkeys(block(2, **changes).hashes, 2)


def test_a_ledger_may_begin_with_a_snapshot() -> None:
    """S2: its next height is one above the base; a base that it has passed changes nothing."""
    violations: list[Violation] = []
    checker = Ledgers(violations)
    checker.on_start(0, Tip(0))
    checker.note_base(0, 4)
    checker.on_committed(0, block(5))
    checker.note_base(0, 4)
    checker.on_committed(0, block(6))
    checker.note_base(0, 7)
    assert (violations, checker.announced) == ([], {0: 6})
    checker.on_committed(0, block(7))
    assert [violation.rule for violation in violations] == ["S2_order"]


def test_what_was_announced_counts_over_all_lives() -> None:
    """S6: the highest height that a validator ever announced, until its disk is lost; of others nothing is asked."""
    violations: list[Violation] = []
    checker = Ledgers(violations)
    for height in (1, 2):
        checker.on_committed(0, block(height))
    checker.on_start(0, Tip(1, 2, R[1]))
    checker.on_committed(0, block(2))
    assert [violation.rule for violation in violations] == ["S6_durability"]
    assert checker.announced == {0: 2}
    checker.on_start(0, Tip(2, 4, R[2]))
    checker.on_start(1, Tip(1, 2, R[1]))
    assert len(violations) == 1
    checker.forget(0)
    checker.on_start(0, Tip(0))
    assert len(violations) == 1
    for wrong in (Tip(2, 5, R[2]), Tip(2, 4, R[3])):
        checker.on_start(1, wrong)
    assert [violation.rule for violation in violations[1:]] == ["S7_state_root"] * 2


def test_durability_over_a_restart() -> None:
    """S6: a height announced as committed is never lost across a restart; the next height follows the tip."""
    violations: list[Violation] = []
    checker = Ledgers(violations)
    checker.on_start(0, Tip(0))
    checker.on_committed(0, block(1))
    checker.on_committed(0, block(2))
    checker.on_start(0, Tip(2, 4, R[2]))
    checker.on_committed(0, block(3))
    assert violations == []
    checker.on_start(0, Tip(2, 4, R[2]))
    assert [violation.rule for violation in violations] == ["S6_durability"]
    checker.on_start(1, Tip(3, 6, R[9]))
    assert [violation.rule for violation in violations] == ["S6_durability", "S7_state_root"]


# --- S8, S9 ---


def currency(
    code: str, total: int, fees: int = 0, deposited: int | None = None, *, synthetic: bool = False
) -> Currency:
    """A currency with this supply."""
    receipts = total if deposited is None else deposited
    return Currency(code, 10**6, 100, 1 << 32, synthetic, True, total, 0, fees, R[0], receipts, 0, ())


def test_money_adds_up() -> None:
    """S8: balances + coins waiting to be burned + fees = total value."""
    shelf = Shelf(account(1, ("XUS", 60)), account(2, ("XUS", 30), preburns=(("XUS", 7),)), currency("XUS", 100, 3))
    assert check_money(0, shelf) == []


def test_coins_in_a_basket_are_held() -> None:
    """S8: what a synthetic coin's reserve holds is no account's; the synthetic coin itself has no receipts."""

    def shelf(reserve: int, made: int) -> Shelf:
        coins = (currency("XUS", 100), currency("XDR", made, deposited=0, synthetic=True))
        return Shelf(
            account(1, ("XUS", 60), ("XDR", 70)), Basket("XDR", (("XUS", 1 << 31),), (("XUS", reserve),)), *coins
        )

    assert check_money(0, shelf(40, 70)) == []
    for reserve, made in ((39, 70), (41, 70), (40, 69), (40, 71)):
        assert [violation.rule for violation in check_money(0, shelf(reserve, made))] == ["S8_money"]


def test_released_receipts_cover_nothing() -> None:
    """S8: receipts deposited less those released = supply."""
    for released, found in ((20, []), (19, ["S8_reserve"]), (21, ["S8_reserve"])):
        coin = currency("XUS", 100, deposited=120)._replace(receipts_released=released)
        assert [violation.rule for violation in check_money(0, Shelf(account(1, ("XUS", 100)), coin))] == found


@pytest.mark.parametrize(
    ("shelf", "rule"),
    [
        (Shelf(account(1, ("XUS", 98)), currency("XUS", 100, 3)), "S8_money"),
        (Shelf(account(1, ("XUS", 96)), currency("XUS", 100, 3)), "S8_money"),
        (Shelf(account(1, ("XUS", 97)), currency("XUS", 100, 3, deposited=99)), "S8_reserve"),
        (Shelf(account(1, ("XEU", 5))), "S8_money"),
    ],
)
def test_planted_money_violations(shelf: Shelf, rule: str) -> None:
    """One micro-unit too much or too little, an uncovered supply, money of no currency."""
    assert [(violation.rule, violation.node) for violation in check_money(5, shelf)] == [(rule, 5)]


def test_nothing_of_an_unknown_currency_is_nothing() -> None:
    """S8: an account may be open for a currency in which it holds nothing."""
    assert check_money(0, Shelf(account(1, ("XEU", 0)))) == []


def test_acknowledged_transactions_are_there() -> None:
    """S9: what was announced stands under its sender's number and its hash, at one version."""
    shelf = Shelf()
    shelf.found = {
        (Index.TRANSACTION_BY_SENDER, b"alice"): [(3, 17)],
        (Index.TRANSACTION_BY_HASH, b"hash-of-"): [(17, 17)],
    }
    assert check_acknowledged(0, shelf, {b"hash-of-it": (b"alice", 3)}) == []
    both = {b"another-hash": (b"alice", 3), b"hash-of-it": (b"alice", 3), b"third-hash": (b"carol", 0)}
    assert len(check_acknowledged(0, shelf, both)) == 2, "each that is missing"
    for tx_hash, sender, number in (
        (b"another-hash", b"alice", 3),
        (b"hash-of-it", b"alice", 2),
        (b"hash-of-it", b"bob", 3),
    ):
        found = check_acknowledged(4, shelf, {tx_hash: (sender, number)})
        assert [(violation.rule, violation.node) for violation in found] == [("S9_acknowledged", 4)]


# --- L1 ---


def test_recovery_in_time_is_silent() -> None:
    """L1: a new block within the allowed rounds, the bound included; old heights do not count."""
    violations: list[Violation] = []
    recovery = Recovery(12, violations)
    recovery.on_committed(0, 99, 99)
    recovery.begin([5, 7], 20)
    recovery.on_committed(0, 20, 8)
    recovery.on_committed(0, 21, 19)
    recovery.on_committed(1, 21, 9)
    recovery.on_committed(1, 40, 90)
    recovery.finish()
    assert violations == []
    assert recovery.rounds == {0: 12, 1: 2}


def test_who_follows_by_a_snapshot_is_not_judged_by_the_rounds_of_members() -> None:
    """L1: one that is no member asks once a second, and a whole state takes time; one that never comes is found."""
    violations: list[Violation] = []
    recovery = Recovery(12, violations)
    recovery.begin([5, 7], 20)
    recovery.follows_by_snapshot(0)
    recovery.follows_by_snapshot(1)
    recovery.on_committed(0, 21, 20)
    assert violations == []
    recovery.finish()
    assert [(violation.rule, violation.node) for violation in violations] == [("L1_liveness", 1)]


def test_who_is_excused() -> None:
    """L1: nothing is asked of liars and of the dead; of who lost its ledger no number of rounds; of all others both."""
    violations: list[Violation] = []
    recovery = Recovery(12, violations)
    waits = [recovery.is_waiting]
    recovery.begin([5, 7, 1, 1], 20, {1})
    recovery.excuse([0])
    waits.append(recovery.is_waiting)
    recovery.on_committed(0, 21, 99)
    recovery.on_committed(1, 21, 99)
    recovery.on_committed(2, 21, 20)
    assert [(violation.rule, violation.node) for violation in violations] == [("L1_liveness", 2)]
    recovery.on_committed(3, 21, 19)
    assert [*waits, recovery.is_waiting] == [False, True, False]
    recovery.finish()
    assert len(violations) == 1
    assert recovery.rounds == {1: 92, 2: 13, 3: 12}


def test_planted_stalls() -> None:
    """One round too many, and never."""
    violations: list[Violation] = []
    recovery = Recovery(12, violations)
    recovery.begin([5, 7], 20)
    recovery.on_committed(0, 21, 20)
    recovery.finish()
    assert [(violation.rule, violation.node) for violation in violations] == [("L1_liveness", 0), ("L1_liveness", 1)]
