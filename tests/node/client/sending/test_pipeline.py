"""The pipeline against a chain in memory: what each answer of a validator and each state of the ledger means."""

from itertools import pairwise
from typing import Any

import pytest

from chain.transaction import SignedTransaction
from node.client.sending.batch import execute_all
from node.client.sending.gateway import BEHIND, Answer
from node.client.sending.outbox import Outbox
from node.client.sending.pipeline import MAX_RESEND_S, RESEND_S, WINDOW, Outcome, Pipeline
from tests.builders import ALICE, ANNA, BOB, NOBODY, NOW_SECS, ONE, PAYMENT, Party, small_world
from tests.node.client.fake_chain import FakeChain


def pay(chain: FakeChain, who: Party, number: int, micro: int = 1, **options: Any) -> SignedTransaction:
    """A payment to BOB (of BOB: to ALICE)."""
    payee = ALICE if who is BOB else BOB
    return chain.world.sign(
        who, PAYMENT, options.pop("currency", "XUS"), payee.address, micro, b"", b"", number=number,
        **{"max_gas": 6_000, "price": 1, "expires": NOW_SECS + 5_000, **options},
    )  # fmt: skip


@pytest.fixture
def chain() -> FakeChain:
    """A chain of four validators, a second old."""
    return FakeChain(small_world())


def turns(pipeline: Pipeline, count: int) -> list[Outcome]:
    """Several turns' outcomes."""
    return [outcome for _ in range(count) for outcome in pipeline.turn()]


def test_a_payment_is_executed(chain: FakeChain) -> None:
    """Version, fee (gas used x price) and the seconds since it was added."""
    pipeline = Pipeline(chain)
    tx = pay(chain, ALICE, 0, ONE)
    assert pipeline.add(tx, "tag")
    assert pipeline.open == 1
    (outcome,) = pipeline.turn()
    assert outcome._replace(seconds=0) == Outcome(tx, "tag", "executed", 0, None, None, 600, 0)
    assert outcome.seconds == pytest.approx(0.1)
    assert (pipeline.open, pipeline.turn()) == (0, [])
    assert chain.world.balance(ALICE) == 1_000 * ONE - ONE - 600


def test_a_payment_that_fails_on_chain_has_reason_and_code(chain: FakeChain) -> None:
    """It ran, its fee is charged, its number used: the reason is the ledger's name, the code its number."""
    pipeline = Pipeline(chain)
    pipeline.add(pay(chain, ALICE, 0, 1_001 * ONE), 1)
    (outcome,) = pipeline.turn()
    assert (outcome.status, outcome.version, outcome.reason, outcome.fee) == ("failed", 0, "EINSUFFICIENT_BALANCE", 600)
    assert outcome.code == 1288
    assert chain.world.balance(ALICE) == 1_000 * ONE - 600


def test_a_refusal_of_what_never_left_is_final(chain: FakeChain) -> None:
    """The rule: "a validator refused it and nobody has ever taken it": with name, status code and sentence."""
    chain.world.change(ALICE, is_frozen=True)
    pipeline = Pipeline(chain)
    pipeline.add(pay(chain, ALICE, 0), 1)
    (outcome,) = pipeline.turn()
    assert (outcome.status, outcome.rule, outcome.code) == ("refused", "sending_account_frozen", 18)
    assert outcome.reason == f"account {ALICE.address.hex()} is frozen by the treasury"
    assert pipeline.open == 0
    assert chain.ledger == []


def test_a_refusal_of_what_may_have_arrived_proves_nothing(chain: FakeChain) -> None:
    """An answer was lost, or an earlier run had sent it: it may wait in a pool; open until the ledger tells."""
    for lost in (True, False):
        pipeline = Pipeline(chain)
        tx = pay(chain, ALICE, 0)
        pipeline.add(tx, 1, is_clean=lost)
        chain.lost_answers = range(100) if lost else ()
        chain.is_halted = True
        assert pipeline.turn() == []
        chain.lost_answers = ()
        chain.kill_all()
        chain.restart_all()
        chain.world.change(ALICE, is_frozen=True)
        chain.advance(60)
        assert turns(pipeline, 3) == []
        assert pipeline.open == 1
        (open_,) = pipeline.give_up()
        assert (open_.status, open_.rule) == ("unknown", "sending_account_frozen")
        chain.world.change(ALICE, is_frozen=False)
        chain.advance(60)
        chain.is_halted = False
        (outcome,) = turns(pipeline, 5)
        assert outcome.status == "executed"
        chain = FakeChain(small_world())


def test_a_number_that_others_used(chain: FakeChain) -> None:
    """The rule: "It was used by others: displaced, these bytes can never run": with what did."""
    pipeline = Pipeline(chain)
    other = pay(chain, ALICE, 0, 7)
    chain.pools[0].add(other, 0, NOW_SECS)
    chain.commit()
    mine = pay(chain, ALICE, 0, 8)
    pipeline.add(mine, 1)
    (outcome,) = pipeline.turn()
    assert (outcome.status, outcome.version, outcome.fee) == ("displaced", None, 0)
    assert outcome.reason == "another transaction used number 0, at version 0"
    assert outcome.by is not None
    assert (outcome.by.hash, outcome.by.version, outcome.by.failure) == (other.hash, 0, None)


@pytest.mark.parametrize(("ahead_s", "is_final"), [(-1, False), (0, True), (1, True)])
def test_expired_only_by_the_time_of_the_ledger(chain: FakeChain, ahead_s: int, is_final: bool) -> None:
    """T8: "valid while the block's time in seconds is below its expiration": proven when the ledger's time is there."""
    chain.commit()
    chain.is_halted = True
    pipeline = Pipeline(chain)
    tx = pay(chain, ALICE, 0, expires=chain.time_us // 1_000_000 + 500)
    pipeline.add(tx, 1)
    pipeline.turn()
    chain.kill_all()
    chain.restart_all()
    chain.advance(10_000)
    assert turns(pipeline, 2) == [], "the client's clock proves nothing"
    chain.world.context = chain.world.context._replace(timestamp_us=(tx.raw.expiration_secs + ahead_s) * 1_000_000 + 5)
    found = pipeline.turn()
    assert [outcome.status for outcome in found] == (["expired"] if is_final else [])


def test_an_expired_number_must_be_unused(chain: FakeChain) -> None:
    """Its time has passed, but its number is used: what used it decides, not the clock."""
    pipeline = Pipeline(chain)
    tx = pay(chain, ALICE, 0)
    chain.pools[0].add(tx, 0, NOW_SECS)
    chain.commit()
    chain.advance(50_000)
    chain.commit()
    pipeline.add(tx, 1, is_clean=False)
    (outcome,) = pipeline.turn()
    assert outcome.status == "executed"


@pytest.mark.parametrize(
    "name", [BEHIND, "mempool_is_full", "too_many_for_account", "invalid_update", "expiration_too_far"]
)
def test_not_now_is_asked_again(chain: FakeChain, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals that say nothing of the transaction itself never end it."""
    real = chain.submit
    asked = []

    def submit(groups: Any) -> Any:
        asked.append(chain.now_s())
        return [[Answer(False, name, "not now")]] if len(asked) < 4 else real(groups)

    monkeypatch.setattr(chain, "submit", submit)
    pipeline = Pipeline(chain)
    pipeline.add(pay(chain, ALICE, 0), 1)
    found = turns(pipeline, 20)
    assert [outcome.status for outcome in found] == ["executed"]
    assert len(asked) == 4
    assert all(later - earlier < 1 for earlier, later in pairwise(asked))


def test_the_same_bytes_again_while_nothing_happens(chain: FakeChain) -> None:
    """The rule: "at first, and again while nothing happens": after 2 s, then half as long again, at most 10 s."""
    chain.is_halted = True
    pipeline = Pipeline(chain)
    tx = pay(chain, ALICE, 0)
    pipeline.add(tx, 1)
    times: list[float] = []
    count = 0
    while len(times) < 7:
        pipeline.turn()
        if len(chain.offered) > count:
            count = len(chain.offered)
            times.append(chain.now_s())
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[0] == pytest.approx(RESEND_S, abs=0.5)
    assert gaps[1] == pytest.approx(1.5 * RESEND_S, abs=0.5)
    assert gaps[-1] == pytest.approx(MAX_RESEND_S, abs=0.5)
    assert {item.hash for item in chain.offered} == {tx.hash}


def test_restarted_validators_get_what_they_lost(chain: FakeChain) -> None:
    """Pools are lost in a crash of all: what was accepted is handed in again, in the order of its numbers."""
    pipeline = Pipeline(chain)
    chain.is_halted = True
    for number in range(5):
        pipeline.add(pay(chain, ALICE, number), number)
    pipeline.turn()
    chain.kill_all()
    assert turns(pipeline, 10) == []
    chain.restart_all()
    chain.is_halted = False
    found = turns(pipeline, 60)
    assert [outcome.tag for outcome in found] == [0, 1, 2, 3, 4]
    assert {outcome.status for outcome in found} == {"executed"}


def test_a_stranger_that_ours_wait_for_is_handed_in(chain: FakeChain) -> None:
    """A payment that another process has signed and not sent holds a number below ours: it goes first."""
    stranger = pay(chain, ALICE, 0, 5)
    pipeline = Pipeline(chain, lambda sender: [stranger] if sender == ALICE.address else [])
    pipeline.add(pay(chain, ALICE, 1), "mine")
    found = turns(pipeline, 60)
    assert [(outcome.tag, outcome.status) for outcome in found] == [(None, "executed"), ("mine", "executed")]


def test_a_stranger_that_others_have_ended_is_followed_no_longer(chain: FakeChain) -> None:
    """Another process has called it refused and freed its number: it holds nobody up here either."""
    stranger = pay(chain, ALICE, 0, 5, currency="XDX", gas_currency="XDX")
    open_ = [stranger]
    pipeline = Pipeline(chain, lambda _: open_)
    pipeline.add(stranger, is_clean=False)
    turns(pipeline, 3)
    assert (pipeline.open, pipeline.is_accepted(ALICE.address)) == (1, False)
    open_.clear()
    assert turns(pipeline, 40) == []
    assert (pipeline.open, pipeline.is_accepted(ALICE.address)) == (0, True)


def test_one_number_is_followed_once(chain: FakeChain) -> None:
    """The same bytes again are the same item; other bytes under a number in flight have to wait."""
    pipeline = Pipeline(chain)
    tx = pay(chain, ALICE, 0)
    assert pipeline.add(tx)
    assert pipeline.add(tx, "tag")
    assert not pipeline.add(pay(chain, ALICE, 0, 2), "other")
    assert pipeline.open == 1
    (outcome,) = pipeline.turn()
    assert outcome.tag == "tag"


def test_an_older_view_is_not_believed(chain: FakeChain) -> None:
    """The rule: "Versions and time never go backwards for a client"."""
    pipeline = Pipeline(chain)
    chain.advance(10)
    chain.commit()
    pipeline.turn([ALICE.address])
    fresh = pipeline.view(ALICE.address)
    assert fresh is not None
    assert fresh.balances["XUS"] == 1_000 * ONE
    chain.world.context = chain.world.context._replace(timestamp_us=chain.time_us - 1)
    chain.world.endow(ALICE, ONE)
    pipeline.turn([ALICE.address])
    assert pipeline.view(ALICE.address) == fresh


# --- execute_all ---


@pytest.fixture
def outbox(tmp_path) -> Outbox:
    """An empty outbox."""
    return Outbox(tmp_path)


def test_many_of_many_senders_in_order(chain: FakeChain, outbox: Outbox) -> None:
    """Outcomes in the order given; all stored, all marked; at most 64 of a sender in a pool at any time."""
    most = 0
    real = chain.commit

    def commit() -> None:
        nonlocal most
        most = max(most, *(len(chain.pools[0].waiting(who.address)) for who in (ALICE, ANNA, BOB)))
        real()

    chain.commit = commit  # type: ignore[method-assign]
    txs = [pay(chain, who, number) for number in range(150) for who in (ALICE, ANNA, BOB)]
    outcomes = execute_all(outbox, chain, txs, timeout_s=60)
    assert [outcome.tx for outcome in outcomes] == txs
    assert {outcome.status for outcome in outcomes} == {"executed"}
    assert most == WINDOW == 64
    assert {entry.status for entry in outbox.entries()} == {"committed"}
    assert outbox.get(txs[0].hash).note == {"version": 0}


def test_stored_before_anything_leaves(chain: FakeChain, outbox: Outbox, tmp_path) -> None:
    """The rule: "an entry is synced before a submission may leave": others see all of them at the first arrival."""
    seen = []
    chain.step = lambda what: seen.append(len(Outbox(tmp_path).entries())) if "arrives" in what else None
    execute_all(outbox, chain, [pay(chain, ALICE, number) for number in range(3)], timeout_s=10)
    assert seen == [3, 3, 3]


def test_each_outcome_in_the_outbox(chain: FakeChain, outbox: Outbox) -> None:
    """refused and displaced are refused, failed is committed; a name is free again where the bytes can never run."""
    chain.world.change(BOB, is_frozen=True)
    chain.pools[0].add(pay(chain, ANNA, 0, 7), 0, NOW_SECS)
    chain.commit()
    txs = [pay(chain, ALICE, 0, 2_000 * ONE), pay(chain, BOB, 0), pay(chain, ANNA, 0, 8)]
    for place, tx in enumerate(txs):
        outbox.add(tx, key=f"key {place}")
    outcomes = execute_all(outbox, chain, txs, timeout_s=10)
    assert [outcome.status for outcome in outcomes] == ["failed", "refused", "displaced"]
    assert [outbox.get(tx.hash).status for tx in txs] == ["committed", "refused", "refused"]
    assert [outbox.by_key(f"key {place}") is not None for place in range(3)] == [True, False, False]


def test_a_displacer_of_our_own_is_on_the_ledger_whatever_was_thought(chain: FakeChain, outbox: Outbox) -> None:
    """The ledger's word is the last: what was marked refused and ran all the same becomes committed."""
    first, second = pay(chain, ALICE, 0, 7), pay(chain, ALICE, 0, 8)
    outbox.add(first)
    outbox.mark(first.hash, "refused")
    chain.pools[0].add(first, 0, NOW_SECS)
    chain.commit()
    (outcome,) = execute_all(outbox, chain, [second], timeout_s=10)
    assert outcome.status == "displaced"
    assert (outbox.get(first.hash).status, outbox.get(first.hash).note) == ("committed", {"version": 0})


def test_two_under_one_number(chain: FakeChain, outbox: Outbox) -> None:
    """The second waits for the first's outcome and is displaced by it."""
    txs = [pay(chain, ALICE, 0, 1), pay(chain, ALICE, 0, 2), pay(chain, ALICE, 1, 3)]
    outcomes = execute_all(outbox, chain, txs, timeout_s=30)
    assert [outcome.status for outcome in outcomes] == ["executed", "displaced", "executed"]


def test_what_is_not_final_in_time(chain: FakeChain, outbox: Outbox) -> None:
    """Open ones are `unknown` and stay open, so that they can be asked about; nothing raises."""
    chain.is_halted = True
    txs = [pay(chain, ALICE, number) for number in range(70)]
    outcomes = execute_all(outbox, chain, txs, timeout_s=3)
    assert {outcome.status for outcome in outcomes} == {"unknown"}
    assert "not handed in yet" in str(outcomes[69].reason)
    assert outbox.get(txs[0].hash).status == "submitted"
    assert outbox.get(txs[69].hash).status == "stored"
    assert chain.now_s() - 1_000 < 5
    chain.is_halted = False
    again = execute_all(outbox, chain, txs, timeout_s=30, are_new=False)
    assert {outcome.status for outcome in again} == {"executed"}


def test_no_validator_at_all(chain: FakeChain, outbox: Outbox) -> None:
    """It waits for one to come back."""
    chain.kill_all()
    (outcome,) = execute_all(outbox, chain, [pay(chain, ALICE, 0)], timeout_s=2)
    assert (outcome.status, outcome.reason) == ("unknown", None)
    assert chain.offered == []


def test_an_unknown_sender_is_refused(chain: FakeChain, outbox: Outbox) -> None:
    """The chain's rule is told, not ours."""
    tx = chain.world.sign(NOBODY, PAYMENT, "XUS", BOB.address, 1, b"", b"", number=0, price=0)
    (outcome,) = execute_all(outbox, chain, [tx], timeout_s=5)
    assert (outcome.status, outcome.rule, outcome.code) == ("refused", "sending_account_does_not_exist", 7)
