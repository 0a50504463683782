"""Fetching proofs from a validator that may lie: nothing is handed on that does not verify."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import pytest

from chain.accounts import TREASURY, account_key, event_key
from chain.codec import decode, encode
from chain.errors import MithqalError, ProofError
from node.api.handlers import answer
from node.api.reads import read_tip
from node.api.schema import Request, RpcError
from node.client.proof_file import verify_file
from node.client.proofs import (
    LARGE,
    fetch_account,
    fetch_consistency,
    fetch_epochs,
    fetch_event,
    fetch_event_of,
    fetch_range,
    fetch_record,
    fetch_stream,
    fetch_transaction,
    is_large,
    save,
)
from node.client.rpc import RpcFailed
from node.client.verifying import VerifyingClient
from tests.builders import BOB, DEALER, US
from tests.builders import key as secret
from tests.chains import Chain, small_chain
from tests.node.api.test_snapshots import context_of

CHAIN = small_chain()
Lie = Callable[[str, Any], Any]


class Direct:
    """A client of an API without a network; `lie` changes results by method."""

    def __init__(self, chain: Chain = CHAIN, lie: Lie = lambda _method, result: result) -> None:
        self.chain, self.lie = chain, lie
        self.batches = 0

    def batch(self, calls: Sequence[tuple[str, Any]], timeout_s: float | None = None) -> list[Any]:
        self.batches += 1
        context = context_of(self.chain)
        tip = read_tip(context)
        results: list[Any] = []
        for method, params in calls:
            try:
                results.append(self.lie(method, answer(context, tip, Request(1, method, params))))
            except RpcError as error:
                results.append(RpcFailed(error.code, error.message, {"name": error.name, **error.details}))
        return results

    def call(self, method: str, *params: Any) -> Any:
        (result,) = self.batch([(method, list(params))])
        if isinstance(result, RpcFailed):
            raise result
        return result


def transaction(which: str, client: Direct | None = None, waypoint: str = CHAIN.waypoint) -> Any:
    return fetch_transaction(client or Direct(), which, waypoint)


def account(address: bytes, client: Direct | None = None, waypoint: str = CHAIN.waypoint) -> Any:
    return fetch_account(client or Direct(), address, waypoint)


@pytest.mark.parametrize("version", range(12))
def test_every_version_by_number_and_hash(version: int) -> None:
    """The file that is made verifies offline, to the same claim."""
    verified, text = transaction(str(version))
    assert verify_file(text.encode(), CHAIN.waypoint) == verified
    assert verified.claim["version"] == version
    assert transaction(verified.claim["hash"]) == (verified, text)


@pytest.mark.parametrize(("address", "exists"), [(US.address, True), (TREASURY, True), (BOB.address, False)])
def test_accounts_present_and_absent(address: bytes, exists: bool) -> None:
    """Also one that is not there."""
    verified, text = account(address)
    assert verify_file(text.encode(), CHAIN.waypoint) == verified
    assert (verified.claim["exists"], verified.claim["version"]) == (exists, 11)


def test_what_is_proved_together_is_asked_for_together() -> None:
    """Put get_state_proof and the calls with proofs in one batch, which is served from one snapshot."""
    for fetch in (lambda client: transaction("7", client), lambda client: account(US.address, client)):
        client = Direct()
        fetch(client)
        assert client.batches == 1


@pytest.mark.parametrize("which", ["12", "9" * 19, "9" * 20, "-1", "x", "", "0" * 64, "A" * 64, "7 ", "٧"])
def test_a_transaction_that_is_not_there(which: str) -> None:
    """An unknown version or hash, or a text that is neither."""
    with pytest.raises(MithqalError) as caught:
        transaction(which)
    assert caught.value.name == "unknown_transaction"


def test_a_network_that_has_just_started() -> None:
    """Nothing is certified yet: the waypoint's own ledger, in which only genesis' accounts are."""
    chain = Chain()
    verified, text = account(US.address, Direct(chain), chain.waypoint)
    assert (verified.claim["exists"], verified.claim["version"], verified.claim["ledger"]["signers"]) == (False, 0, [])
    assert verified.lines()[-1] == "  signed by nobody yet: it is the waypoint's own"
    assert verify_file(text.encode(), chain.waypoint) == verified
    assert account(TREASURY, Direct(chain), chain.waypoint)[0].claim["exists"] is True


def test_refusals_are_passed_on() -> None:
    """A version that the ledger has not reached: the validator's own words."""
    with pytest.raises(RpcFailed) as caught:
        fetch_account(Direct(), US.address, CHAIN.waypoint, 12)
    assert caught.value.name == "version_too_new"


def test_another_networks_waypoint() -> None:
    """A validator of another network is found out at once."""
    foreign = Chain(timestamp_us=7).waypoint
    for fetch in (lambda: transaction("7", None, foreign), lambda: account(US.address, None, foreign)):
        with pytest.raises(ProofError) as caught:
            fetch()
        assert caught.value.details["step"] == "waypoint"


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every leaf of a JSON value by its path."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [place for key, item in items for place in places(item, (*path, key))]
    return [path]


def lies(result: Any) -> list[Any]:
    """The result with each of its leaves changed in several ways, and other things altogether."""
    found: list[Any] = [None, [], {}, 7, "x"]
    for path in places(result):
        container = result
        for key in path[:-1]:
            container = container[key]
        old = container[path[-1]]
        others: list[Any] = [None, "", "zz", 7, [], True]
        if isinstance(old, str):
            others += [old[:-2], old + "00", old[:-2] + ("00" if old[-2:] != "00" else "01")]
        if isinstance(old, int):
            others += [old + 1, str(old), -1, 2**64]
        for other in others:
            if other == old and type(other) is type(old):
                continue
            copy = _copy(result)
            inner = copy
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = other
            found.append(copy)
    return found


def _copy(value: Any) -> Any:
    """A copy of containers."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def lying(method: str, lie: Any) -> Direct:
    """A client whose validator answers one method with a lie."""
    return Direct(CHAIN, lambda name, result: lie if name == method else result)


def found_out(fetch: Callable[[], object]) -> None:
    """The fetch ends with a ProofError that names its step."""
    with pytest.raises(ProofError) as caught:
        fetch()
    assert caught.value.details["step"]


SENT = event_key(4, DEALER.address)
ASKED: dict[str, tuple[list[Any], Callable[[Any], Any]]] = {
    "get_transactions_with_proofs": ([7, 1, True], lambda client: fetch_transaction(client, "7", CHAIN.waypoint)),
    "get_record_with_proof": (
        [account_key(US.address).hex(), None], lambda client: fetch_account(client, US.address, CHAIN.waypoint),
    ),
    "get_events_with_proofs": ([SENT.hex(), 0, 1], lambda client: fetch_event(client, SENT, 0, CHAIN.waypoint)),
    "get_stream_with_proof": ([SENT.hex()], lambda client: fetch_event(client, SENT, 1, CHAIN.waypoint)),
    "get_prefix_with_proof": ([3, 9], lambda client: fetch_consistency(client, 3, 9, CHAIN.waypoint)),
}  # fmt: skip
"""What each fetch asks beside the ledger, and the fetch."""


def unchanged(answer: Any, truth: Any) -> bool:
    """Whether only what nobody needs was changed."""
    return isinstance(answer, dict) and {**answer, "ledger_consistency_proof": 0} == {
        **truth,
        "ledger_consistency_proof": 0,
    }


@pytest.mark.parametrize("method", ASKED)
def test_a_lying_validator_is_found_out(method: str) -> None:
    """Whatever is changed in an answer: a ProofError that names a step, never another error and never a file."""
    params, fetch = ASKED[method]
    fetch(Direct())
    truth = Direct().call(method, *params)
    everything = lies(truth)
    assert len(everything) >= 14
    for lie in everything:
        client = lying(method, lie)
        if method == "get_transactions_with_proofs" and lie is None:
            continue  # that there is none: the caller hears so, and no proof is written
        found_out(partial(fetch, client))


@pytest.mark.parametrize("method", ASKED)
def test_a_lying_ledger_is_found_out(method: str) -> None:
    """The same for what certifies the ledger."""
    truth = Direct().call("get_state_proof", 0)
    for lie in lies(truth):
        if not unchanged(lie, truth):
            found_out(partial(ASKED[method][1], lying("get_state_proof", lie)))


# --- what is true, but not what was asked for ---


class Other(Direct):
    """A validator that answers another question than the one it was asked: true, and proved."""

    def __init__(self, **answers: tuple[str, list[Any]]) -> None:
        super().__init__()
        self.answers = answers

    def batch(self, calls: Sequence[tuple[str, Any]], timeout_s: float | None = None) -> list[Any]:
        return super().batch([self.answers.get(method, (method, params)) for method, params in calls], timeout_s)


def rule_of(fetch: Callable[[], object]) -> tuple[object, object]:
    """Step and rule of the refusal."""
    with pytest.raises(ProofError) as caught:
        fetch()
    return caught.value.details["step"], caught.value.details["rule"]


def record(key: bytes, at: int | None = None) -> tuple[str, list[Any]]:
    return "get_record_with_proof", [key.hex(), at]


def test_an_answer_to_another_question_is_none() -> None:
    """X19: another account, an older state, another stream, number, range or prefix is refused, though it is true."""
    us, key = US.address, account_key(US.address)
    other = Other(get_record_with_proof=record(account_key(DEALER.address)))
    assert rule_of(lambda: account(us, other)) == ("answer", "another_key")
    old = Other(get_record_with_proof=record(key, 5))
    assert rule_of(lambda: account(us, old)) == ("answer", "another_state")
    inside = Other(get_record_with_proof=record(key, 7))
    assert rule_of(lambda: fetch_account(cast(Any, inside), us, CHAIN.waypoint, 8)) == ("answer", "another_state")
    assert fetch_account(cast(Any, inside), us, CHAIN.waypoint, 7)[0].claim["version"] == 5
    stream = Other(get_stream_with_proof=("get_stream_with_proof", [SENT.hex(), 5]), get_events_with_proofs=NO_EVENT)
    assert rule_of(lambda: fetch_event(cast(Any, stream), SENT, 0, CHAIN.waypoint)) == ("answer", "another_state")
    received = event_key(2, US.address)
    stream = Other(get_stream_with_proof=("get_stream_with_proof", [received.hex()]))
    assert rule_of(lambda: fetch_event(cast(Any, stream), SENT, 1, CHAIN.waypoint)) == ("answer", "another_stream")
    event = Other(get_events_with_proofs=("get_events_with_proofs", [received.hex(), 0, 1]))
    assert rule_of(lambda: fetch_event(cast(Any, event), SENT, 0, CHAIN.waypoint)) == ("answer", "another_event")
    prefix = Other(get_prefix_with_proof=("get_prefix_with_proof", [3, 8]))
    assert rule_of(lambda: fetch_consistency(cast(Any, prefix), 3, 9, CHAIN.waypoint)) == ("answer", "another_version")
    assert rule_of(lambda: fetch_consistency(cast(Any, prefix), 3, None, CHAIN.waypoint)) == (
        "answer", "another_version",
    )  # fmt: skip
    rows = Other(get_transactions_with_proofs=("get_transactions_with_proofs", [6, 3, True]))
    assert rule_of(lambda: transaction("6", rows)) == ("answer", "malformed")
    assert rule_of(lambda: fetch_range(cast(Any, rows), 5, 7, CHAIN.waypoint))[0] == "transaction_info"


def test_a_large_page_may_end_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """A range too large for one answer says what to ask for; a reader takes what there is and goes on; a small page
    that ends early hides something."""
    monkeypatch.setattr("node.api.reads.MAX_PAGE_BYTES", 1)
    reader = VerifyingClient(cast(Any, Direct()), CHAIN.waypoint)
    with pytest.raises(ProofError) as hidden:
        reader.call("get_transactions", 5, 3, True)
    assert (hidden.value.details["step"], hidden.value.details["rule"]) == ("answer", "malformed")
    with pytest.raises(MithqalError) as unknown:
        fetch_range(cast(Any, Direct()), 5, 7, CHAIN.waypoint)
    assert unknown.value.name == "unknown_transaction"
    monkeypatch.setattr("node.client.proofs.LARGE", 1)
    assert [row["version"] for row in reader.call("get_transactions", 5, 3, True)] == [5]
    with pytest.raises(MithqalError) as large:
        fetch_range(cast(Any, Direct()), 5, 7, CHAIN.waypoint)
    assert large.value.name == "bad_range"
    assert large.value.message.endswith("are too large for one proof: ask for 5 to 5, then from 6 on")
    assert fetch_range(cast(Any, Direct()), 5, 5, CHAIN.waypoint)[0].kind == "range"


NO_EVENT = ("get_events_with_proofs", [SENT.hex(), 99, 1])


def test_an_event_cannot_be_hidden() -> None:
    """4.6: absence is proved by consecutive numbers: the owner's record counts the stream's events."""
    hiding = Other(get_events_with_proofs=NO_EVENT)
    assert rule_of(lambda: fetch_event(cast(Any, hiding), SENT, 0, CHAIN.waypoint)) == ("answer", "hidden")
    verified, text = fetch_event(cast(Any, Direct()), SENT, 1, CHAIN.waypoint)
    assert (verified.kind, verified.claim["count"]) == ("stream", 1)
    assert verify_file(text.encode(), CHAIN.waypoint) == verified
    assert fetch_event(cast(Any, Direct()), SENT, 0, CHAIN.waypoint)[0].kind == "event"


@pytest.mark.parametrize(("at", "count"), [(0, 0), (6, 0), (7, 0), (8, 1), (11, 1), (None, 1)])
def test_how_many_events_a_stream_had(at: int | None, count: int) -> None:
    """The number of events of a stream in the state of each version."""
    verified, text = fetch_stream(cast(Any, Direct()), SENT, CHAIN.waypoint, at)
    assert (verified.claim["count"], verified.claim["at"]) == (count, 11 if at is None else at)
    assert verify_file(text.encode(), CHAIN.waypoint) == verified


def test_events_by_place() -> None:
    """One event of a version by its place; there is none beyond."""
    verified, text = fetch_event_of(cast(Any, Direct()), 7, 1, CHAIN.waypoint)
    assert (verified.kind, verified.claim["event"]["data"]["type"]) == ("event", "receivedpayment")
    assert verify_file(text.encode(), CHAIN.waypoint) == verified
    for version, place, name in ((7, 2, "unknown_event"), (8, 0, "unknown_event"), (12, 0, "unknown_transaction")):
        with pytest.raises(MithqalError) as caught:
            fetch_event_of(cast(Any, Direct()), version, place, CHAIN.waypoint)
        assert caught.value.name == name


def test_ranges() -> None:
    """First to last, both included; 1 to 1,000 versions; none beyond the end."""
    verified, text = fetch_range(cast(Any, Direct()), 0, 11, CHAIN.waypoint)
    assert [row["version"] for row in verified.claim["transactions"]] == list(range(12))
    assert verify_file(text.encode(), CHAIN.waypoint) == verified
    assert fetch_range(cast(Any, Direct()), 7, 7, CHAIN.waypoint)[0].claim["last"] == 7
    for first, last, name in (
        (7, 6, "bad_range"), (0, 1_000, "bad_range"), (0, 12, "unknown_transaction"), (12, 12, "unknown_transaction"),
    ):  # fmt: skip
        with pytest.raises(MithqalError) as caught:
            fetch_range(cast(Any, Direct()), first, last, CHAIN.waypoint)
        assert caught.value.name == name


def test_prefixes_and_epochs() -> None:
    """The tip without a later version; all epochs since the waypoint."""
    verified, text = fetch_consistency(cast(Any, Direct()), 4, None, CHAIN.waypoint)
    assert (verified.claim["earlier"]["version"], verified.claim["later"]["version"]) == (4, 11)
    assert verify_file(text.encode(), CHAIN.waypoint) == verified
    verified, text = fetch_epochs(cast(Any, Direct()), CHAIN.waypoint)
    assert [row["epoch"] for row in verified.claim["epochs"]] == [1]
    assert verify_file(text.encode(), CHAIN.waypoint) == verified


# --- waypoints of later epochs ---


def long_chain() -> tuple[Chain, list[str]]:
    """Three epochs, and the waypoint at which each begins."""
    chain = small_chain()
    waypoints = [chain.waypoint, chain.end_epoch({index: secret(700 + index) for index in range(3)})]
    for _ in range(3):
        chain.add()
    waypoints.append(chain.end_epoch({index: secret(800 + index) for index in range(5)}))
    for _ in range(3):
        chain.add()
    return chain, waypoints


LONG, WAYPOINTS = long_chain()


@pytest.mark.parametrize("place", range(3))
def test_every_fetch_from_every_waypoint(place: int) -> None:
    """The waypoint of any end of an epoch is a trust root; old versions are proved from later ones too."""
    client, waypoint = cast(Any, Direct(LONG)), WAYPOINTS[place]
    for fetch in (
        partial(fetch_transaction, client, "7"), partial(fetch_range, client, 3, 9),
        partial(fetch_event, client, SENT, 0), partial(fetch_event, client, SENT, 9),
        partial(fetch_account, client, US.address), partial(fetch_record, client, b"g"),
        partial(fetch_stream, client, SENT), partial(fetch_event_of, client, 7, 0),
        partial(fetch_consistency, client, 2, None), partial(fetch_epochs, client),
    ):  # fmt: skip
        verified, text = fetch(waypoint)
        assert verify_file(text.encode(), waypoint) == verified
        assert verified.claim["ledger"]["epoch"] == 3
        assert verified.claim["ledger"]["version"] == LONG.ledger.tip_version
        for other in WAYPOINTS:
            if other != waypoint:
                assert rule_of(partial(verify_file, text.encode(), other))[0] == "waypoint"


def test_epochs_lead_from_one_waypoint_to_the_newest() -> None:
    """A client saves a newer waypoint and goes on from there."""
    verified, _ = fetch_epochs(cast(Any, Direct(LONG)), WAYPOINTS[0])
    assert [row["waypoint"] for row in verified.claim["epochs"]] == WAYPOINTS
    assert [(row["epoch"], row["quorum"], len(row["validators"])) for row in verified.claim["epochs"]] == [
        (1, 3, 4), (2, 3, 3), (3, 4, 5),
    ]  # fmt: skip
    assert [row["after_version"] for row in fetch_epochs(cast(Any, Direct(LONG)), WAYPOINTS[1])[0].claim["epochs"]] == [
        int(text.partition(":")[0]) for text in WAYPOINTS[1:]
    ]


@pytest.mark.parametrize(
    "cut", [lambda epochs: epochs[:1], lambda epochs: epochs[1:], lambda _: (), lambda epochs: epochs[::-1]]
)
def test_truncated_epochs_are_found_out(cut: Callable[[Any], Any]) -> None:
    """A validator that leaves out an epoch, or all of them, proves nothing."""

    def lie(method: str, result: Any) -> Any:
        if method != "get_state_proof":
            return result
        value: Any = decode(bytes.fromhex(result["epoch_change_proof"]))
        start, epochs = value
        return {**result, "epoch_change_proof": encode((start, cut(epochs))).hex()}

    found = rule_of(lambda: fetch_account(cast(Any, Direct(LONG, lie)), US.address, WAYPOINTS[0]))
    assert found in (("certificate", "wrong_epoch"), ("epochs", "wrong_epoch"))


@pytest.mark.parametrize("version", [1, 13, 99])
def test_a_waypoint_at_which_no_epoch_ended(version: int) -> None:
    """Step `waypoint`, or the validator's own refusal of a version that it has not reached."""
    waypoint = f"{version}:{'ab' * 32}"
    if version > LONG.ledger.tip_version:
        with pytest.raises(RpcFailed) as caught:
            fetch_epochs(cast(Any, Direct(LONG)), waypoint)
        assert caught.value.name == "version_too_new"
    else:
        assert rule_of(lambda: fetch_epochs(cast(Any, Direct(LONG)), waypoint)) == ("waypoint", "unknown")
    with pytest.raises(MithqalError) as refused:
        fetch_epochs(cast(Any, Direct(LONG)), "x")
    assert refused.value.name == "bad_waypoint"


@pytest.mark.parametrize("lie", [7, [], {}, {"version": None}, {"version": "7"}, {"version": True}, {"version": 7.0}])
def test_a_lie_about_a_hash(lie: Any) -> None:
    """A validator that names no version."""
    with pytest.raises(ProofError) as caught:
        transaction(CHAIN.transaction(7).entry.info.transaction_hash.hex(), lying("get_transaction_by_hash", lie))
    assert (caught.value.details["step"], caught.value.details["rule"]) == ("answer", "malformed")


def test_a_wrong_transaction_for_a_hash() -> None:
    """A validator that names another version for a hash proves another transaction; the file would say so."""

    def lie(method: str, result: Any) -> Any:
        return {**result, "version": 8} if method == "get_transaction_by_hash" else result

    wanted = CHAIN.transaction(7).entry.info.transaction_hash.hex()
    with pytest.raises(ProofError) as caught:
        transaction(wanted, Direct(CHAIN, lie))
    assert caught.value.details["step"] == "answer"


def test_a_page_that_may_have_ended_early() -> None:
    """X20: half of what a page may hold: below it a validator has no reason to leave anything out."""
    for size, large in ((LARGE - 1, False), (LARGE, True), (LARGE + 1, True)):
        half = size // 2
        page = {"serialized_transactions": ["0" * half, "0" * half], "serialized_events": "0" * (2 * size - 2 * half)}
        assert is_large(page) is large
    with pytest.raises(ProofError):
        is_large({"serialized_transactions": [5], "serialized_events": ""})


def test_saving(tmp_path) -> None:
    """A file is written as it is; a path that cannot be written is one clear error."""
    _, text = account(US.address)
    path = tmp_path / "p.json"
    save(path, text)
    assert path.read_bytes() == text.encode()
    with pytest.raises(MithqalError) as caught:
        save(tmp_path / "missing" / "p.json", text)
    assert caught.value.name == "cannot_write"
    assert str(tmp_path / "missing" / "p.json") in caught.value.message
