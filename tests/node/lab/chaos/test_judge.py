"""The judge's teeth: ledgers and journals that were made up, each with one thing amiss."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.lab.chaos.journal import Final, Opening, Payment, Recorded, collect
from node.lab.chaos.judge import Balance, Held, View, judge

FEE = 600
ALICE, BOB = "aa" * 16, "bb" * 16
OPENINGS = [Opening(ALICE, 1_000_000, 0), Opening(BOB, 500, 7)]
PAYMENTS = [Payment(f"{number:064x}", ALICE, number, BOB, 10 + number, FEE) for number in range(3)]
HELD = [Held(100 + at, *payment, executed=True) for at, payment in enumerate(PAYMENTS)]
ACCOUNTS = {ALICE: Balance(1_000_000 - 33 - 3 * FEE, 3), BOB: Balance(500 + 33, 7)}
GOOD = View("validator-0", HELD, ACCOUNTS, "same")


def recorded(*, acknowledged: int = 3) -> Recorded:
    """All three payments were sent, the first few acknowledged."""
    finals = [Final(payment.pay, 100 + at, 1, True) for at, payment in enumerate(PAYMENTS[:acknowledged])]
    return collect([*OPENINGS, *PAYMENTS, *finals])


def verdict_of(*views: View, acknowledged: int = 3) -> tuple[int, int, int]:
    """(lost, doubled, wrong)."""
    found = judge(recorded(acknowledged=acknowledged), views)
    assert found.is_clean is not any((found.lost, found.doubled, found.wrong))
    assert bool(found.findings) is not found.is_clean
    return found.lost, found.doubled, found.wrong


def test_a_ledger_that_is_what_the_journal_says_is_clean() -> None:
    """Four equal ledgers that hold every payment once."""
    assert verdict_of(*[replace(GOOD, validator=f"validator-{at}") for at in range(4)]) == (0, 0, 0)


def test_an_acknowledged_payment_that_is_missing_is_lost() -> None:
    """`lost`: acknowledged as final, and not on a ledger. One validator without it is enough, and it counts once."""
    without = replace(GOOD, held=HELD[:2], accounts={ALICE: Balance(1_000_000 - 21 - 2 * FEE, 2), BOB: Balance(521, 7)})
    assert verdict_of(without) == (1, 0, 0)
    assert verdict_of(without, replace(without, validator="validator-1")) == (1, 0, 0)
    assert verdict_of(without, acknowledged=2) == (0, 0, 0)  # nobody was told of the third


def test_what_nobody_can_read_any_more_is_lost() -> None:
    """All ledgers unreadable: every acknowledged payment is lost, and each validator is wrong."""
    gone = View("validator-0", (), {}, "", "safety_record_lost")
    assert verdict_of(gone, replace(gone, validator="validator-1")) == (3, 0, 2)
    assert verdict_of(gone, GOOD) == (0, 0, 1)


def test_a_payment_that_is_there_twice_is_doubled() -> None:
    """`doubled`: the same hash at two versions, though balances were right."""
    twice = replace(GOOD, held=[*HELD, HELD[1]._replace(version=110)])
    assert verdict_of(twice) == (0, 2, 1)  # its hash, its number, and a version that nobody acknowledged


def test_two_payments_under_one_number_are_doubled() -> None:
    """A sequence number is used once."""
    lost, doubled, wrong = verdict_of(replace(GOOD, held=[*HELD, HELD[1]._replace(pay="ff" * 32, version=110)]))
    assert (lost, doubled, wrong) == (0, 1, 1)


@pytest.mark.parametrize(
    "change",
    [{"amount": 12}, {"payee": ALICE}, {"fee": FEE + 1}, {"version": 99}, {"number": 9}],
    ids=["amount", "payee", "fee", "another version than was acknowledged", "number"],
)
def test_a_payment_that_is_not_what_was_signed_or_acknowledged_is_wrong(change: dict[str, Any]) -> None:
    """`wrong`: another content or version."""
    assert verdict_of(replace(GOOD, held=[HELD[0], Held(**(HELD[1]._asdict() | change)), HELD[2]])) == (0, 0, 1)


def test_a_payment_that_failed_is_wrong_and_lost() -> None:
    """It was acknowledged as executed, the ledger says that it failed: its coins did not move."""
    lost, doubled, wrong = verdict_of(replace(GOOD, held=[HELD[0], HELD[1]._replace(executed=False), HELD[2]]))
    assert (lost, doubled) == (1, 0)
    assert wrong == 3  # the payment, and both balances
    failed = replace(GOOD, held=[*HELD[:2], HELD[2]._replace(executed=False)])
    assert verdict_of(failed, acknowledged=2) == (0, 0, 3)  # nobody was told: it should not have failed all the same


def test_a_balance_that_the_model_does_not_have_is_wrong() -> None:
    """A coin from nothing, or a number that was used by nothing that the journal knows."""
    assert verdict_of(replace(GOOD, accounts=ACCOUNTS | {BOB: Balance(534, 7)})) == (0, 0, 1)
    assert verdict_of(replace(GOOD, accounts=ACCOUNTS | {BOB: Balance(533, 8)})) == (0, 0, 1)
    assert verdict_of(replace(GOOD, accounts={ALICE: ACCOUNTS[ALICE]})) == (0, 0, 1)


def test_validators_that_differ_are_wrong() -> None:
    """Same payments, another digest of all entries: a fork."""
    assert verdict_of(GOOD, replace(GOOD, validator="validator-1", digest="other")) == (0, 0, 1)


def test_an_acknowledged_failure_is_held_against_the_ledger() -> None:
    """Told that it failed: it is not lost if it is not there, and wrong if it was executed all the same."""
    failed = Final(PAYMENTS[2].pay, 102, 1, False)
    journal = collect([*OPENINGS, *PAYMENTS, *[Final(HELD[at].pay, 100 + at, 1, True) for at in (0, 1)], failed])
    without = replace(GOOD, held=HELD[:2], accounts={ALICE: Balance(1_000_000 - 21 - 2 * FEE, 2), BOB: Balance(521, 7)})
    assert judge(journal, [without]).is_clean
    found = judge(journal, [GOOD])
    assert (found.lost, found.doubled, found.wrong) == (0, 0, 1)
    gone = View("validator-0", (), {}, "", "unreadable")
    assert judge(journal, [gone]).lost == 2


def test_what_nobody_signed_moves_nothing_in_the_model() -> None:
    """'A payment of our accounts that no journal knows' is wrong, and so is each balance that it explains."""
    foreign = Held(110, "ee" * 32, ALICE, 3, BOB, 5, FEE, executed=True)
    moved = {ALICE: Balance(ACCOUNTS[ALICE].balance - 5 - FEE, 4), BOB: Balance(ACCOUNTS[BOB].balance + 5, 7)}
    assert verdict_of(replace(GOOD, held=[*HELD, foreign])) == (0, 0, 1)
    assert verdict_of(replace(GOOD, held=[*HELD, foreign], accounts=moved)) == (0, 0, 3)


def test_counts_are_whole_and_sentences_are_few() -> None:
    """Payments on the ledger are counted once, by the validator that has most; fifty sentences are kept."""
    assert judge(recorded(acknowledged=0), [replace(GOOD, held=HELD[:1]), GOOD]).on_ledger == 3
    odd = [HELD[0], HELD[1]._replace(executed=False), HELD[2]._replace(pay="ee" * 32)]
    assert judge(recorded(acknowledged=0), [replace(GOOD, held=odd)]).on_ledger == 1
    many = [Payment(f"{number:064x}", ALICE, number, BOB, 1, FEE) for number in range(60)]
    finals = [Final(payment.pay, 100, 1, True) for payment in many]
    found = judge(collect([*OPENINGS, *many, *finals]), [View("v", (), {}, "", "gone")])
    assert (found.lost, found.wrong, len(found.findings)) == (60, 1, 50)
    assert set(found.findings) == {f"lost: {payment.pay}" for payment in many[:50]}
    one = judge(recorded(), [replace(GOOD, held=HELD[:2]), View("v", (), {}, "", "gone")])
    assert [text.partition(":")[0] for text in one.findings] == ["lost", "wrong", "wrong", "wrong"]
    assert "wrong: v: gone" in one.findings


def test_only_ledgers_that_were_read_are_compared() -> None:
    """One that cannot be read is wrong by itself; its digest is of nothing."""
    assert verdict_of(GOOD, View("v", (), {}, "other", "gone"), replace(GOOD, validator="w")) == (0, 0, 1)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 500)), max_size=12), st.data())
def test_the_model_agrees_with_a_naive_ledger(paid: list[tuple[bool, int]], data: st.DataObject) -> None:
    """Any payments back and forth, any of them acknowledged: clean; and with any one dropped, lost if it was told."""
    coins, numbers = {ALICE: 100_000, BOB: 100_000}, {ALICE: 0, BOB: 0}
    payments, held = [], []
    for at, (is_alice, amount) in enumerate(paid):
        payer, payee = (ALICE, BOB) if is_alice else (BOB, ALICE)
        payment = Payment(f"{at:064x}", payer, numbers[payer], payee, amount, FEE)
        numbers[payer] += 1
        coins[payer] -= amount + FEE
        coins[payee] += amount
        payments.append(payment)
        held.append(Held(at + 1, *payment, executed=True))
    told = data.draw(st.sets(st.sampled_from(payments))) if payments else set()
    finals = [Final(item.pay, at + 1, 0, True) for at, item in enumerate(payments) if item in told]
    journal = collect([*(Opening(name, 100_000, 0) for name in (ALICE, BOB)), *payments, *finals])
    view = View("v", held, {name: Balance(coins[name], numbers[name]) for name in coins}, "")
    assert judge(journal, [view]).is_clean
    for at, payment in enumerate(payments):
        found = judge(journal, [replace(view, held=held[:at] + held[at + 1 :])])
        assert found.lost == (payment in told)
        assert found.wrong > 0
