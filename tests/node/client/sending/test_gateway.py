"""Several validators as one chain: who is asked, who is left alone, whose refusal counts."""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest

from chain.light_client import refuse
from chain.transaction import SignedTransaction
from node.client.rpc import BadAnswer, ConnectionFailed, Endpoint, RpcClient, RpcFailed
from node.client.sending import gateway as gateway_module
from node.client.sending.gateway import BEHIND, DOWN_S, FRESH_S, HANG_S, AccountView, Answer, Gateway, Query
from tests.builders import ALICE, ANNA, BOB, PAYMENT, Party, small_world
from tests.node.client.test_rpc_client import closed_port, server


def plain_views(client: RpcClient, queries: Sequence[Query]) -> list[AccountView]:
    """Accounts on a validator's word: what these tests are about is who is asked."""
    found = client.batch([("get_account", [query.sender.hex()]) for query in queries])
    for account in found:
        if isinstance(account, RpcFailed):
            raise account
        if account == "a lie":
            refuse("answer", "a lie", "malformed")
    numbers = [0 if account is None else account["sequence_number"] for account in found]
    return [
        AccountView(account is not None, number, {}, client.timestamp_us, ())
        for account, number in zip(found, numbers, strict=True)
    ]


class Validator:
    """A scripted validator: answers by method, remembers who asked what."""

    def __init__(self, version: int = 100, time_us: int = 1_000_000) -> None:
        self.version, self.time_us = version, time_us
        self.calls: list[tuple[str, Any]] = []
        self.results: dict[str, Any] = {"get_metadata": {"genesis_hash": GENESIS.hex()}}
        self.endpoint: Endpoint = ("", 0)
        self._lock = threading.Lock()

    def answer(self, request: Any) -> Any:
        if isinstance(request, list):
            return [self._one(call) for call in request]
        return self._one(request)

    def _one(self, call: Any) -> Any:
        with self._lock:
            self.calls.append((call["method"], call["params"]))
        found = self.results[call["method"]]
        found = found(*call["params"]) if callable(found) else found
        head = {
            "jsonrpc": "2.0", "id": call["id"], "diem_chain_id": 4, "diem_ledger_version": self.version,
            "diem_ledger_timestampusec": self.time_us,
        }  # fmt: skip
        return (
            {**head, "error": found["error"]}
            if isinstance(found, dict) and "error" in found
            else {**head, "result": found}
        )

    def asked(self, method: str) -> list[Any]:
        """Parameters of every call of a method."""
        return [params for name, params in self.calls if name == method]


Network = Callable[..., Gateway]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is left alone only because this machine is busy."""
    monkeypatch.setattr(gateway_module, "GRACE_S", 30.0)
    monkeypatch.setattr(gateway_module, "FIRST_TIMEOUT_S", 30.0)
    monkeypatch.setattr(gateway_module, "CALL_TIMEOUT_S", 30.0)


@pytest.fixture
def network() -> Generator[Network]:
    """Starts validators and gives a gateway to them; `None` stands for one that is down."""
    with ExitStack() as stack:

        def start(*validators: Validator | None, clock: Callable[[], float] = lambda: 5.0) -> Gateway:
            endpoints = []
            for validator in validators:
                if validator is None:
                    endpoints.append(closed_port())
                else:
                    endpoints.append(stack.enter_context(server(validator.answer)))
            gateway = Gateway(endpoints, 4, GENESIS, plain_views, clock)
            stack.callback(gateway.close)
            return gateway

        yield start


GENESIS = bytes(range(32))
ACCEPTED = {"hash": "", "status": "accepted", "message": "accepted", "waiting_for": None}
REFUSED = {"error": {"code": -32001, "message": "no money", "data": {"name": "insufficient_balance", "StatusCode": 5}}}


def pay(who: Party, number: int = 0) -> SignedTransaction:
    """A payment."""
    return small_world().sign(who, PAYMENT, "XUS", BOB.address, 1, b"", b"", number=number)


def test_start_needs_one_validator(network: Network) -> None:
    """The rule: "3 when no validator can be reached": with what to type next."""
    network(None, Validator()).start()
    with pytest.raises(ConnectionFailed, match="mithqal localnet status") as caught:
        network(None, None).start()
    assert caught.value.details == {"tried": 2}


def test_a_group_keeps_to_one_validator_in_order(network: Network) -> None:
    """A sender's numbers arrive in order at its home, 20 a request; another sender has another home."""
    first, second = Validator(), Validator()
    for validator in (first, second):
        validator.results["submit"] = ACCEPTED
    gateway = network(first, second)
    mine, others = [pay(ALICE, number) for number in range(45)], [pay(ANNA)]
    answers = gateway.submit([mine, others])
    assert answers == [[Answer(True, "accepted", "accepted")] * 45, [Answer(True, "accepted", "accepted")]]
    assert first.asked("submit") == [[tx.envelope.hex()] for tx in mine]
    assert second.asked("submit") == [[others[0].envelope.hex()]]
    gateway.submit([mine[:1]])
    assert len(first.asked("submit")) == 46


def test_a_refusal_has_the_rules_name_and_the_chains_code(network: Network) -> None:
    """From a validator that has seen all that we know of."""
    validator = Validator()
    validator.results["submit"] = REFUSED
    gateway = network(validator)
    gateway.start()
    assert gateway.submit([[pay(ALICE)]]) == [[Answer(False, "insufficient_balance", "no money", 5)]]


def test_a_refusal_by_one_that_is_behind_does_not_count(network: Network) -> None:
    """It may not have seen the account or its money yet: the furthest version that anybody told is the measure."""
    behind, ahead = Validator(version=99), Validator(version=100)
    behind.results["submit"] = REFUSED
    gateway = network(behind, ahead)
    gateway.start()
    assert gateway.submit([[pay(ALICE)]]) == [[Answer(False, BEHIND, "no money", 5)]]
    behind.version = 100
    assert gateway.submit([[pay(ALICE)]]) == [[Answer(False, "insufficient_balance", "no money", 5)]]


def test_one_that_does_not_answer_is_left_alone_for_a_while(network: Network) -> None:
    """No answer (None): it may have arrived. Then the next validator is asked, and after 2 s the home again."""
    home, other = Validator(), Validator()
    other.results["submit"] = home.results["submit"] = ACCEPTED
    now = 5.0
    gateway = network(home, other, clock=lambda: now)
    home.results["submit"] = lambda _: 1 // 0  # the connection breaks
    assert gateway.submit([[pay(ALICE)]]) == [[None]]
    home.results["submit"] = ACCEPTED
    assert gateway.submit([[pay(ALICE)]]) == [[Answer(True, "accepted", "accepted")]]
    assert len(other.asked("submit")) == 1
    now += DOWN_S - 0.01
    gateway.submit([[pay(ALICE)]])
    assert len(other.asked("submit")) == 2
    now += 0.01
    gateway.submit([[pay(ALICE)]])
    assert len(other.asked("submit")) == 2


def test_all_down_is_no_answer(network: Network) -> None:
    """None for each, and waiting is a pause."""
    gateway = network(None, None)
    with pytest.raises(ConnectionFailed):
        gateway.start()
    assert gateway.submit([[pay(ALICE), pay(ALICE, 1)]]) == [[None, None]]
    assert gateway.look([Query(ALICE.address, 0, 1)]) == [None]
    gateway.wait(pay(ALICE), 0.01)


def test_many_looks_go_nine_a_request(network: Network) -> None:
    """Two calls each and one for the ledger: at most 20 calls a request, the API's limit."""
    validator = Validator()
    validator.results["get_account"] = None
    requests: list[int] = []
    real = validator.answer

    def answer(request: Any) -> Any:
        requests.append(len(request) if isinstance(request, list) else 1)
        return real(request)

    validator.answer = answer  # type: ignore[method-assign]
    gateway = network(validator)
    views = gateway.look([Query(bytes([number]) * 16, 0, 1) for number in range(23)])
    assert len(views) == 23
    assert None not in views
    assert requests == [1, 9, 9, 5]


def test_one_that_proves_nothing_is_left_alone(network: Network) -> None:
    """O3, O6: a look that is not proved is no answer, and another validator is asked instead."""
    liar, honest = Validator(), Validator()
    liar.results["get_account"] = "a lie"
    honest.results["get_account"] = {"sequence_number": 7}
    gateway = network(liar, honest)
    assert gateway.look([Query(ALICE.address, 0, 1)]) == [None]
    (view,) = gateway.look([Query(ALICE.address, 0, 1)])
    assert view is not None
    assert view.next_number == 7
    assert len(liar.asked("get_account")) == 1
    assert [found.next_number for found in gateway.accounts(ALICE.address)] == [7]


def test_a_failed_look_is_no_answer(network: Network) -> None:
    """An error object in place of an account is not an account."""
    validator = Validator()
    validator.results["get_account"] = REFUSED
    gateway = network(validator)
    assert gateway.look([Query(ALICE.address, 0, 1)]) == [None]


def test_a_validator_of_another_network_is_not_believed(network: Network) -> None:
    """A port may belong to another network by now: chain id or genesis tells, and no signature is tried there."""
    foreign, mine = Validator(), Validator()
    foreign.results["get_metadata"] = {"genesis_hash": "00" * 32}
    mine.results["submit"] = foreign.results["submit"] = ACCEPTED
    with pytest.raises(BadAnswer, match="00" * 32) as caught:
        network(foreign, None).start()
    assert caught.value.name == "wrong_chain"
    gateway = network(foreign, mine)
    assert gateway.submit([[pay(ALICE)]]) == [[None]]
    assert gateway.submit([[pay(ALICE)]]) == [[Answer(True, "accepted", "accepted")]]
    assert foreign.asked("submit") == []
    gateway.start()


def test_one_that_hangs_is_not_waited_for(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """When all are asked, the answers that come soon after the first are enough; who hangs is left alone."""
    monkeypatch.setattr(gateway_module, "GRACE_S", 0.01)
    release = threading.Event()
    hanging, mine = Validator(), Validator()
    hanging.results["get_metadata"] = lambda: {"waited": release.wait(20)}
    mine.results["get_account"] = {
        "sequence_number": 6, "balances": [], "is_frozen": False, "authentication_key": "cd"
    }  # fmt: skip
    mine.results["submit"] = ACCEPTED
    gateway = network(hanging, mine)
    try:
        (view,) = gateway.accounts(ALICE.address)
        assert (view.next_number, view.time_us) == (6, 1_000_000)
        assert gateway.submit([[pay(ALICE)]]) == [[Answer(True, "accepted", "accepted")]]
        assert len(mine.asked("submit")) == 1
    finally:
        release.set()


def test_one_that_hung_is_left_alone_longer_each_time(network: Network) -> None:
    """A refused connection costs nothing, a hanging one its time-out: 4, 8, 16, 32, then 60 s; an answer ends it."""
    now = 100.0
    home, other = Validator(), Validator()
    home.results["submit"] = other.results["submit"] = ACCEPTED
    gateway = network(home, other, clock=lambda: now)
    gateway.start()

    def hang(_: str) -> Any:
        nonlocal now
        now += HANG_S
        raise ZeroDivisionError

    for expected in (4, 8, 16, 32, 60, 60):
        home.results["submit"] = hang
        assert gateway.submit([[pay(ALICE)]]) == [[None]]
        home.results["submit"] = ACCEPTED
        asked = len(home.asked("submit"))
        now += expected - 0.01
        gateway.submit([[pay(ALICE)]])
        assert len(home.asked("submit")) == asked
        now += 0.02
    assert gateway.submit([[pay(ALICE)]]) == [[Answer(True, "accepted", "accepted")]]
    home.results["submit"] = hang
    gateway.submit([[pay(ALICE)]])
    home.results["submit"] = ACCEPTED
    asked = len(home.asked("submit"))
    now += 4.01
    gateway.submit([[pay(ALICE)]])
    assert len(home.asked("submit")) == asked + 1


def test_the_last_resort_is_tried_soon(network: Network) -> None:
    """Where nobody is up, the first to come back is asked every two seconds, however long it hung."""
    now = 100.0
    only = Validator()

    def hang(_: str) -> Any:
        nonlocal now
        now += HANG_S
        raise ZeroDivisionError

    gateway = network(only, clock=lambda: now)
    gateway.start()
    only.results["submit"] = hang
    for _ in range(6):
        before = len(only.asked("submit"))
        gateway.submit([[pay(ALICE)]])
        asked = len(only.asked("submit"))
        assert asked > before
        now += DOWN_S - 0.01
        gateway.submit([[pay(ALICE)]])
        assert len(only.asked("submit")) == asked
        now += 0.01
    only.results["submit"] = ACCEPTED
    assert gateway.submit([[pay(ALICE)]]) == [[Answer(True, "accepted", "accepted")]]


def test_what_all_have_just_told_is_not_asked_again(network: Network) -> None:
    """`start` is one round of questions, unless one was made within a second."""
    now = 100.0
    validator = Validator()
    validator.results["get_account"] = None
    gateway = network(validator, clock=lambda: now)
    assert gateway.accounts(ALICE.address) == [AccountView(False, 0, {}, 1_000_000, ())]
    gateway.start()
    assert len(validator.asked("get_metadata")) == 1
    now += FRESH_S + 0.01
    gateway.start()
    assert len(validator.asked("get_metadata")) == 2


def test_wait_is_a_long_poll_at_the_home(network: Network) -> None:
    """`wait_for_transaction` with account, number, hash and milliseconds."""
    validator = Validator()
    validator.results["wait_for_transaction"] = None
    tx = pay(ALICE, 7)
    network(validator).wait(tx, 0.25)
    assert validator.calls[1:] == [("wait_for_transaction", [ALICE.address.hex(), 7, tx.hash.hex(), 250])]
