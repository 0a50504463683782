"""Fetching proofs from a validator that may lie: nothing is handed on that does not verify."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from chain.accounts import TREASURY
from chain.errors import MithqalError, ProofError
from node.api.handlers import answer
from node.api.reads import read_tip
from node.api.schema import Request, RpcError
from node.client.proof_file import verify_file
from node.client.proofs import fetch_account, fetch_transaction, save
from node.client.rpc import RpcFailed
from tests.builders import BOB, US
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
    return fetch_transaction(client or Direct(), which, waypoint)  # type: ignore[arg-type]


def account(address: bytes, client: Direct | None = None, waypoint: str = CHAIN.waypoint) -> Any:
    return fetch_account(client or Direct(), address, waypoint)  # type: ignore[arg-type]


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


def test_refusals_are_passed_on() -> None:
    """Nothing certified yet: the validator's own words."""
    chain = Chain()
    with pytest.raises(RpcFailed) as caught:
        account(US.address, Direct(chain), chain.waypoint)
    assert caught.value.name == "nothing_certified"


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


TRUTH: dict[str, list[Any]] = {
    "get_state_proof": [0],
    "get_transactions_with_proofs": [7, 1, True],
    "get_account_state_with_proof": [US.address.hex()],
}


@pytest.mark.parametrize("method", TRUTH)
def test_a_lying_validator_is_found_out(method: str) -> None:
    """Whatever is changed in an answer: a ProofError that names a step, never another error and never a file."""
    truth = Direct().call(method, *TRUTH[method])
    everything = lies(truth)
    assert len(everything) > 20
    for lie in everything:
        client = lying(method, lie)
        if method == "get_state_proof" and lie and isinstance(lie, dict):
            if lie["ledger_consistency_proof"] != truth["ledger_consistency_proof"]:
                continue  # it is for clients that follow; a file needs none
        if method != "get_account_state_with_proof" and not (lie is None and method != "get_state_proof"):
            found_out(partial(transaction, "7", client))
        if method != "get_transactions_with_proofs":
            found_out(partial(account, US.address, client))


@pytest.mark.parametrize("lie", [7, [], {}, {"version": None}, {"version": "7"}, {"version": True}, {"version": 7.0}])
def test_a_lie_about_a_hash(lie: Any) -> None:
    """A validator that names no version."""
    with pytest.raises(ProofError) as caught:
        transaction(CHAIN.transaction(7).info.transaction_hash.hex(), lying("get_transaction_by_hash", lie))
    assert (caught.value.details["step"], caught.value.details["rule"]) == ("answer", "malformed")


def test_a_wrong_transaction_for_a_hash() -> None:
    """A validator that names another version for a hash proves another transaction; the file would say so."""

    def lie(method: str, result: Any) -> Any:
        return {**result, "version": 8} if method == "get_transaction_by_hash" else result

    wanted = CHAIN.transaction(7).info.transaction_hash.hex()
    with pytest.raises(ProofError) as caught:
        transaction(wanted, Direct(CHAIN, lie))
    assert caught.value.details["step"] == "answer"


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
