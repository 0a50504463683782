"""The run of a payment file against a chain in memory: order, money that the file itself brings, failures, numbers."""

from pathlib import Path

import pytest

from chain.mempool import Mempool
from node.client.payfile.engine import AHEAD, LIFETIME_S, Progress
from node.client.sending.outbox import Outbox
from node.client.sending.pipeline import WINDOW
from tests.builders import ALICE, ANNA, BOB, ONE, PAYMENT, small_world
from tests.node.client.fake_chain import Crash, FakeChain
from tests.node.client.payfile.rigs import Payment, Rig

ALL = 1_000 * ONE
"""What each person has in XUS."""


def statuses(rig: Rig) -> list[tuple[str, str | None]]:
    """Status and reason by row."""
    return [(item.status, item.reason) for item in rig.results()]


def test_rows_of_one_payer_run_in_the_files_order(tmp_path: Path) -> None:
    """The rule: "One payer's rows are signed in the file's order", with several in flight: 64 and no more."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1 + number) for number in range(150)])
    most = 0

    def watch(what: str) -> None:
        nonlocal most
        most = max(most, len(rig.chain.pools[0].waiting(ALICE.address)))

    rig.step = watch
    assert rig.run() == {}
    assert rig.paid_rows() == list(range(150))
    assert [tx.raw.sequence_number for tx in rig.chain.executed()] == list(range(150))
    assert most == WINDOW


def test_more_rows_than_are_read_ahead(tmp_path: Path) -> None:
    """A file of any length: what is in memory is bounded, what is paid is all of it."""
    count = AHEAD + 700
    rig = Rig(tmp_path, [Payment("alice", "bob", 1)] * 10 + [Payment("anna", "bob", 1)] * count)
    rig.chain.per_block = 10_000
    assert rig.run() == {}
    assert len(rig.paid_rows()) == 10 + count
    assert [item.number for item in rig.results()] == list(range(10 + count))
    assert rig.chain.world.account(ANNA).sequence_number == count


def test_a_failure_on_chain_is_a_row_result(tmp_path: Path) -> None:
    """The rule: "Insufficient funds and chain failures are row results, not a crash": the rows around it are paid."""
    rows = [Payment("alice", "bob", ONE), Payment("alice", "bob", 2 * ALL), Payment("alice", "bob", ONE)]
    rig = Rig(tmp_path, rows)
    said: list[Progress] = []
    rig.say = said.append
    assert rig.run() == {}
    assert statuses(rig) == [("executed", None), ("failed", "EINSUFFICIENT_BALANCE"), ("executed", None)]
    assert [item.fee for item in rig.results()] == [600, 600, 600]
    assert rig.chain.world.balance(ALICE) == ALL - 2 * ONE - 3 * 600
    assert said[-1] == Progress(3, 3, 1, 0)
    assert [item.final for item in said] == sorted(item.final for item in said)


def test_money_that_an_earlier_row_brings(tmp_path: Path) -> None:
    """The rule: "a row that its payer cannot cover yet waits until all earlier rows are final"."""
    rows = [
        Payment("alice", "anna", 900 * ONE),
        Payment("anna", "bob", 1_800 * ONE),
        Payment("bob", "alice", 2_700 * ONE),
        Payment("alice", "bob", 2_700 * ONE),
    ]
    rig = Rig(tmp_path, rows)
    rig.chain.world.change_config(dual_attestation_limit=2**63)
    assert rig.run() == {}
    assert statuses(rig) == [("executed", None)] * 4
    assert rig.paid_rows() == [0, 1, 2, 3]


def test_money_that_comes_much_later_in_the_file(tmp_path: Path) -> None:
    """The row waits for the earlier ones, not for its own turn: they may be far more than one payer has in flight."""
    rows = [
        *[Payment("alice", "bob", 1)] * 200,
        Payment("alice", "anna", 500 * ONE),
        Payment("anna", "bob", 1_400 * ONE),
    ]
    rig = Rig(tmp_path, rows)
    rig.chain.world.change_config(dual_attestation_limit=2**63)
    assert rig.run() == {}
    assert {item.status for item in rig.results()} == {"executed"}
    assert rig.paid_rows() == list(range(202))


def test_what_an_earlier_run_sent_is_not_refused_by_a_refusal(tmp_path: Path) -> None:
    """It may wait in a pool: after a crash a validator's no is not the ledger's, and the row is paid, once."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1)])
    rig.chain.is_halted = True

    def crash(what: str) -> None:
        if what == "after 0 arrived":
            raise Crash

    rig.step = crash
    with pytest.raises(Crash):
        rig.run()
    rig.step = lambda _: None
    rig.chain.world.change(ALICE, is_frozen=True)
    held, rig.chain.pools = rig.chain.pools, [Mempool() for _ in rig.chain.pools]
    assert "frozen" in str(rig.run(timeout_s=5)[0])
    assert [item.status for item in rig.results()] == ["signed"]
    rig.chain.pools = held
    rig.chain.world.change(ALICE, is_frozen=False)
    rig.chain.is_halted = False
    assert rig.run() == {}
    assert (rig.paid_rows(), [item.status for item in rig.results()]) == ([0], ["executed"])


def test_a_payer_without_the_currency_is_refused_by_the_chain(tmp_path: Path) -> None:
    """The number of a refused row is free again: the rows after it are paid and leave no gap."""
    rows = [Payment("alice", "bob", 1, "XDX"), Payment("alice", "bob", 2), Payment("alice", "bob", 3)]
    rig = Rig(tmp_path, rows)
    assert rig.run() == {}
    (first, *others) = statuses(rig)
    assert first == ("refused", "the sender holds no balance in XDX for the fee")
    assert others == [("executed", None)] * 2
    assert [tx.raw.sequence_number for tx in rig.chain.executed()] == [0, 1]


def test_a_payer_who_runs_out_of_money_for_fees(tmp_path: Path) -> None:
    """Rows that the payer cannot pay the highest fee of are refused one by one; none blocks those of others."""
    rows = [Payment("alice", "bob", ALL - 7_000), *[Payment("alice", "bob", 1)] * 5, Payment("anna", "bob", 1)]
    rig = Rig(tmp_path, rows)
    assert rig.run() == {}
    found = [item.status for item in rig.results()]
    assert found == ["executed", "executed", "refused", "refused", "refused", "refused", "executed"]
    assert rig.results()[2].reason == "the fee may reach 6000 micro-XUS, the balance is 5799"
    assert rig.chain.world.balance(ALICE) == 7_000 - 600 - 1 - 600


def test_a_frozen_payer(tmp_path: Path) -> None:
    """Every row of his is refused; nothing of it was on the ledger."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1), Payment("anna", "bob", 2), Payment("alice", "bob", 3)])
    rig.chain.world.change(ALICE, is_frozen=True)
    assert rig.run() == {}
    assert [item.status for item in rig.results()] == ["refused", "executed", "refused"]
    assert "frozen" in str(rig.results()[0].reason)


def test_a_payer_frozen_while_his_rows_fly(tmp_path: Path) -> None:
    """What was accepted and then dropped may not be called failed: open with the rule, until its time has passed."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1 + number) for number in range(5)])
    rig.chain.per_block = 1

    def freeze(what: str) -> None:
        if len(rig.chain.ledger) == 2:
            rig.chain.world.change(ALICE, is_frozen=True)

    rig.step = freeze
    reasons = rig.run(timeout_s=20)
    assert [item.status for item in rig.results()] == ["executed", "executed", "signed", "signed", "signed"]
    assert set(reasons) == {2, 3, 4}
    assert "frozen" in str(reasons[2])
    rig.step = lambda _: None
    rig.chain.world.change(ALICE, is_frozen=False)
    rig.chain.advance(LIFETIME_S + 1)
    assert rig.run() == {}
    assert sorted(rig.paid_rows()) == [0, 1, 2, 3, 4]
    assert [item.status for item in rig.results()] == ["executed"] * 5


def test_a_number_that_another_machine_used(tmp_path: Path) -> None:
    """Others sign with the same key elsewhere and win a number: our bytes can never run, the row is signed anew."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1 + number) for number in range(4)])
    stranger = rig.chain.world.sign(ALICE, PAYMENT, "XUS", BOB.address, 77, b"", b"", number=2, expires=1_700_009_000)

    def steal(what: str) -> None:
        if what == "before 2 arrives" and len(rig.chain.ledger) == 1:
            for pool in rig.chain.pools:
                pool.add(stranger, 1, 1_700_000_000)

    rig.step = steal
    assert rig.run(timeout_s=60) == {}
    assert sorted(rig.paid_rows()) == [0, 1, 2, 3]
    assert [tx.raw.sequence_number for tx in rig.chain.executed()] == [0, 1, 2, 3, 4]
    assert stranger.hash in {tx.hash for tx in rig.chain.executed()}


def test_an_open_payment_of_the_same_account_goes_first(tmp_path: Path) -> None:
    """An interrupted `pay` holds number 0: it is handed in again, and the file's rows take the numbers after."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1), Payment("alice", "bob", 2)])
    outbox = Outbox(tmp_path / "outbox")
    earlier = rig.chain.world.sign(ALICE, PAYMENT, "XUS", BOB.address, 5, b"", b"", expires=1_700_009_000)
    outbox.add(earlier)
    assert rig.run() == {}
    assert [tx.raw.sequence_number for tx in rig.chain.executed()] == [0, 1, 2]
    assert rig.chain.executed()[0].hash == earlier.hash
    assert outbox.get(earlier.hash).status == "committed"


@pytest.mark.parametrize("status", ["refused", "expired"])
def test_a_payment_that_another_process_ends_meanwhile_frees_its_number(tmp_path: Path, status: str) -> None:
    """Both may hold the number: the ledger runs one of them, and a row that is displaced is signed again."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1), Payment("alice", "bob", 2)])
    outbox = Outbox(tmp_path / "outbox")
    earlier = rig.chain.world.sign(ALICE, PAYMENT, "XUS", BOB.address, 5, b"", b"", number=1, expires=1_700_009_000)
    outbox.add(earlier)

    def end(what: str) -> None:
        if what == "look" and outbox.get(earlier.hash).status not in ("refused", "expired", "committed"):
            outbox.mark(earlier.hash, status)

    rig.step = end
    assert rig.run() == {}
    assert rig.paid_rows() == [0, 1]
    amounts = [tx.raw.payload.argument("amount") for tx in rig.chain.executed()]
    assert (amounts.count(1), amounts.count(2)) == (1, 1)
    assert set(amounts) <= {1, 2, 5}


def test_an_expired_payment_of_the_same_account_frees_its_number(tmp_path: Path) -> None:
    """What can never run holds nobody up."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1), Payment("alice", "bob", 2)])
    outbox = Outbox(tmp_path / "outbox")
    earlier = rig.chain.world.sign(ALICE, PAYMENT, "XUS", BOB.address, 5, b"", b"", expires=1_700_000_500)
    outbox.add(earlier)
    rig.chain.commit()
    assert rig.run() == {}
    assert [tx.raw.sequence_number for tx in rig.chain.executed()] == [0, 1]
    assert rig.paid_rows() == [0, 1]
    assert outbox.get(earlier.hash).status == "expired"


def test_bytes_are_in_the_journal_before_they_leave(tmp_path: Path) -> None:
    """The rule: "journals file hash, row, sequence number and signed bytes before submission": as others see it."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1 + number) for number in range(3)])
    checked = []

    def look(what: str) -> None:
        if what.endswith("arrives"):
            other = Outbox(tmp_path / "outbox")
            number = int(what.split()[1])
            rows = other.database.rows(
                "SELECT entry.note, row.number FROM row JOIN entry ON entry.id = row.entry WHERE entry.number = ?",
                number,
            )
            other.database.close()
            checked.append((number, rows))

    rig.step = look
    rig.run()
    note = '{{"file": "' + (bytes(31) + b"\x07").hex() + '", "row": {}}}'
    assert checked == [(number, [(note.format(number), number)]) for number in range(3)]


def test_the_memo_is_committed_and_what_opens_it_is_kept(tmp_path: Path) -> None:
    """A hook makes the metadata of a memo's text; what its owner needs to open it stays in the journal."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1)])
    rig.run()
    assert rig.chain.executed()[0].raw.payload.argument("metadata") == b"row 0"
    assert Outbox(tmp_path / "outbox").database.rows("SELECT extra FROM row") == [("row 0",)]


@pytest.mark.parametrize("timeout_s", [3.0, 10.0])
def test_it_gives_up_when_nothing_becomes_final(tmp_path: Path, timeout_s: float) -> None:
    """--timeout: seconds in which no row became final, counted from the last one."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1 + number) for number in range(3)])
    rig.chain.per_block = 1
    rig.step = lambda _: setattr(rig.chain, "is_halted", len(rig.chain.ledger) == 2)
    began = rig.chain.now_s()
    assert set(rig.run(timeout_s=timeout_s)) == {2}
    assert timeout_s < rig.chain.now_s() - began < timeout_s + 2
    assert [item.status for item in rig.results()] == ["executed", "executed", "signed"]


def test_seconds_to_finality(tmp_path: Path) -> None:
    """From its signature; of a row that another run signed, by the clock on the wall."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1)])
    rig.chain.is_halted = True
    rig.run(timeout_s=5)
    rig.chain.is_halted = False
    rig.chain.advance(100)
    began = rig.chain.now_s()
    rig.run()
    (result,) = rig.results()
    assert result.seconds is not None
    assert 100 + 5 < result.seconds < rig.chain.now_s() - began + 107


def test_a_clock_that_is_behind_the_ledger(tmp_path: Path) -> None:
    """A row's time is counted from the ledger's where that is ahead of the clock on this wall."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1)])
    ahead = rig.chain.wall_us + 10_000 * 1_000_000
    rig.chain.world.context = rig.chain.world.context._replace(timestamp_us=ahead)
    assert rig.run() == {}
    (tx,) = rig.chain.executed()
    assert tx.raw.expiration_secs == ahead // 1_000_000 + LIFETIME_S


def test_several_validators_are_one_chain(tmp_path: Path) -> None:
    """One that is down is gone around."""
    rig = Rig(tmp_path, [Payment("alice", "bob", 1), Payment("bob", "anna", 1), Payment("anna", "alice", 1)])
    for place in range(3):
        rig.chain.live[place] = False
    assert rig.run() == {}
    assert sorted(rig.paid_rows()) == [0, 1, 2]


def test_the_fake_refuses_as_the_real_pool_does() -> None:
    """The model of the network is no easier than the network: order, limits and prologue are the real ones."""
    chain = FakeChain(small_world())
    txs = [chain.world.sign(ALICE, PAYMENT, "XUS", BOB.address, 1, b"", b"", number=number) for number in (0, 100, 1)]
    answers = chain.submit([txs])[0]
    assert [answer and (answer.accepted, answer.name) for answer in answers] == [
        (True, "accepted"), (False, "too_many_for_account"), (True, "accepted")
    ]  # fmt: skip
