"""A validator that lies about a payment cannot make a wallet sign it again, nor call it paid."""

import json
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from chain.errors import MithqalError
from node.client.payments.answers import proved_answer
from node.client.payments.pay import Order, pay
from node.client.payments.refund import refund
from node.client.wallets.accounts import create_account
from node.client.wallets.wallet import Wallet
from tests.builders import ONE
from tests.in_process import Node, running

Change = Callable[[str, Any], Any]
FAR_US = int(time.time() + 10**8) * 10**6


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Wallet, Node]]:
    """A network of one validator, and alice with money."""
    with running(tmp_path_factory.mktemp("liar") / "net") as found:
        create_account(found[0], "alice", provider="us-wallet")
        create_account(found[0], "bob", provider="br-wallet")
        pay(found[0], Order("dealer-one", "alice", 100 * ONE, "XUS"))
        yield found


@pytest.fixture
def lying(chain: tuple[Wallet, Node], monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], None]:
    """Makes the validator change each response: (method, response object) -> response object."""
    node = chain[1]
    honest = node.answer

    def install(change: Change) -> None:
        def answer(body: bytes, timeout_s: float) -> Any:
            requests = json.loads(body)
            many = isinstance(requests, list)
            calls = requests if many else [requests]
            kept = [call for call in calls if change(call["method"], None) != "drop"]
            if not kept:
                return [change(call["method"], empty(call)) for call in calls] if many else taken(calls[0])
            found = honest(json.dumps(kept if many else kept[0]).encode(), timeout_s)
            answers = found if many else [found]
            lied = [change(call["method"], item) for call, item in zip(kept, answers, strict=True)]
            return lied if many else lied[0]

        monkeypatch.setattr(node, "answer", answer)

    return install


def empty(call: Any) -> Any:
    return taken(call)


def taken(call: Any) -> Any:
    """What the liar says of a submission that it throws away."""
    result = {"hash": "", "status": "accepted", "message": "accepted", "waiting_for": None}
    head = {"jsonrpc": "2.0", "id": call["id"], "diem_chain_id": 4, "diem_ledger_version": 1}
    return {**head, "diem_ledger_timestampusec": FAR_US, "result": result}


def balance(wallet: Wallet, name: str) -> int:
    """What the honest ledger says."""
    (view,) = wallet.gateway().accounts(wallet.find(name).address)
    return view.balances.get("XUS", 0)


def in_the_future(method: str, answer: Any) -> Any:
    """Submissions are thrown away; the ledger's time is said to be years ahead, and every account to be new."""
    if method == "submit":
        return "drop" if answer is None else answer
    if answer is None:
        return None
    answer = {**answer, "diem_ledger_timestampusec": FAR_US}
    if method in ("get_account_transactions", "get_account_transaction", "get_transaction_by_hash"):
        answer = {**answer, "result": [] if method == "get_account_transactions" else None}
    return answer


def test_a_forged_time_makes_nothing_expire(
    chain: tuple[Wallet, Node], lying: Callable[[Change], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """O3: `expired` needs a certified time beyond the expiration; until then nothing is signed again."""
    wallet, node = chain
    before = balance(wallet, "bob")
    lying(in_the_future)
    with pytest.raises(MithqalError) as caught:
        pay(wallet, Order("alice", "bob", ONE, "XUS"), key="rent", timeout_s=1.0)
    assert caught.value.name == "timed_out"
    entry = wallet.outbox.by_key("rent")
    assert entry is not None
    assert entry.status in ("stored", "submitted")
    number = entry.transaction.raw.sequence_number
    wallet.ledger_next(wallet.find("alice"))
    assert wallet.outbox.get(entry.hash).status in ("stored", "submitted")
    assert wallet.next_number(wallet.find("alice")) == number + 1
    monkeypatch.undo()
    done = pay(wallet, Order("alice", "bob", ONE, "XUS"), key="rent", timeout_s=30)
    assert (done["hash"], done["repeated"]) == (entry.hash.hex(), True)
    assert balance(wallet, "bob") == before + ONE
    assert not node.down


def test_what_is_not_proved_to_be_paid_is_not_called_paid(
    chain: tuple[Wallet, Node], lying: Callable[[Change], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """O3: a validator that says `executed` of a payment that it threw away is not believed."""
    wallet, _ = chain
    before = balance(wallet, "bob")

    def paid(method: str, answer: Any) -> Any:
        if method == "submit":
            return "drop" if answer is None else answer
        if answer is not None and method == "wait_for_transaction":
            return {**answer, "result": {"vm_status": {"type": "executed"}, "version": 1}}
        if answer is not None and method == "get_transaction_by_hash":
            return {**answer, "result": {"version": 7, "hash": "00" * 32}}
        return answer

    lying(paid)
    with pytest.raises(MithqalError) as caught:
        pay(wallet, Order("alice", "bob", 2 * ONE, "XUS"), key="food", timeout_s=1.0)
    assert caught.value.name == "timed_out"
    monkeypatch.undo()
    done = pay(wallet, Order("alice", "bob", 2 * ONE, "XUS"), key="food", timeout_s=30)
    assert done["status"] == "executed"
    assert balance(wallet, "bob") == before + 2 * ONE


def test_a_hidden_refund_is_not_made_again(
    chain: tuple[Wallet, Node], lying: Callable[[Change], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A6: all refunds of a version count; a validator that keeps one back is found out, and nothing is signed."""
    wallet, _ = chain
    paid = pay(wallet, Order("alice", "bob", 5 * ONE, "XUS"))
    refund(wallet, paid["version"], amount=3 * ONE)
    kept = len(wallet.outbox.entries())

    def hidden(method: str, answer: Any) -> Any:
        if answer is not None and method == "get_account_transactions_with_proofs" and "result" in answer:
            return {**answer, "result": {"serialized_txns_with_proofs": "90"}}
        return answer

    lying(hidden)
    with pytest.raises(MithqalError) as caught:
        refund(wallet, paid["version"], amount=3 * ONE)
    assert (caught.value.name, caught.value.details["rule"]) == ("bad_proof", "hidden")
    assert len(wallet.outbox.entries()) == kept
    monkeypatch.undo()
    with pytest.raises(MithqalError) as refused:
        refund(wallet, paid["version"], amount=3 * ONE)
    assert (refused.value.name, refused.value.details["left"]) == ("refund_too_large", 2 * ONE)


def test_a_receipt_is_proved(chain: tuple[Wallet, Node], tmp_path: Path) -> None:
    """The last answer names the certified ledger that holds the payment."""
    wallet, _ = chain
    done = pay(wallet, Order("alice", "bob", ONE, "XUS"), receipt_file=tmp_path / "r.json")
    document, words = proved_answer(wallet, done, trust_node=False)
    assert document["verified"]["signers"] == ["validator-0"]
    assert words.startswith(f"verified against waypoint {wallet.network.waypoint}, signed by 1 of 1 validators")
    with pytest.raises(MithqalError) as caught:
        proved_answer(wallet, {**done, "version": done["version"] + 1}, trust_node=False)
    assert (caught.value.name, caught.value.details["step"]) == ("bad_proof", "answer")
    trusted, words = proved_answer(wallet, done, trust_node=True)
    assert trusted == {**done, "trusted": True}
    assert words == "not verified: the validator that answered was trusted (--trust-node)"
