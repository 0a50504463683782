"""Sending without waiting, and waiting for what was sent from elsewhere, against a validator with a script."""

from pathlib import Path
from typing import Any

import pytest

from chain.errors import MithqalError
from node.client.network import Member, Network
from node.client.proof_file import Verified
from node.client.rpc import RpcFailed
from node.client.wallets import submission
from node.client.wallets.submission import parse_hash, send, wait_for
from node.client.wallets.wallet import Wallet, WalletError
from tests.builders import ALICE, BOB, small_world


class Validator:
    """Answers from a script: a list an entry, the last answer again and again."""

    def __init__(self, **answers: list[Any]) -> None:
        """Answers by method."""
        self.answers = answers
        self.asked: list[str] = []

    def call(self, method: str, *_params: Any) -> Any:
        """The next answer, raised if it is an error."""
        self.asked.append(method)
        answers = self.answers[method]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def submit(self, _envelope: bytes) -> Any:
        """The same."""
        return self.call("submit")


TX = small_world().sign(ALICE, "peer_to_peer_with_metadata", "XUS", BOB.address, 5, b"", b"")
FINAL = {
    "version": 9, "hash": TX.hash.hex(), "gas_used": 600, "status": "executed",
    "transaction": {"type": "user", "gas_unit_price": 2, "gas_currency": "XEU"},
}  # fmt: skip
PENDING, NOTHING = [{"kind": "pending", "hash": TX.hash.hex()}], [{"kind": "block", "height": 1}]


@pytest.fixture(autouse=True)
def proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a proof would show stands in the script under `get_transaction_by_hash`."""

    def answer(found: Wallet, which: str) -> Verified | None:
        claim = found.client.call("get_transaction_by_hash", which)
        return None if claim is None else Verified("transaction", "", claim)

    monkeypatch.setattr(submission, "proved_transaction", answer)


def wallet(tmp_path: Path, **answers: list[Any]) -> Wallet:
    """A wallet that asks the script."""
    member = Member("validator-0", None, ("127.0.0.1", 1), ("127.0.0.1", 2), tmp_path / "validator-0")
    found = Wallet(Network(tmp_path / "net", 4, bytes(32), "0:00", [member]))
    found.client = Validator(**answers)  # type: ignore[assignment]
    return found


def accepted(status: str = "accepted", message: str = "accepted", waiting_for: int | None = None) -> dict[str, Any]:
    """An answer of `submit`."""
    return {"hash": TX.hash.hex(), "status": status, "message": message, "waiting_for": waiting_for}


@pytest.mark.parametrize(("status", "waiting_for"), [("accepted", None), ("parked", 3)])
def test_what_is_taken_is_submitted(tmp_path: Path, status: str, waiting_for: int | None) -> None:
    """'a future number is accepted and reported as parked and waiting for n'."""
    found = wallet(tmp_path, submit=[accepted(status, "", waiting_for)])
    answer = {"hash": TX.hash.hex(), "status": status, "waiting_for": waiting_for, "version": None}
    assert send(found, TX) == answer
    assert found.outbox.get(TX.hash).status == "submitted"


def test_it_is_stored_before_it_leaves(tmp_path: Path) -> None:
    """'stores in the outbox first': whatever happens to the answer, the bytes are kept."""
    found = wallet(tmp_path, submit=[MithqalError("gone", name="cannot_connect")])
    with pytest.raises(MithqalError):
        send(found, TX)
    assert found.outbox.get(TX.hash).status == "stored"
    assert found.outbox.get(TX.hash).envelope == TX.envelope


def test_a_repeat_of_what_is_on_the_ledger_says_so(tmp_path: Path) -> None:
    """The same transaction again: known already, or too old with exactly this hash on the ledger, is `committed`."""
    old = RpcFailed(-32007, "too old", {"name": "sequence_number_too_old"})
    for place, answer in enumerate((accepted(message="known already"), old)):
        found = wallet(tmp_path / str(place), submit=[answer], get_transaction_by_hash=[FINAL])
        assert send(found, TX) == {
            "hash": TX.hash.hex(), "status": "committed", "waiting_for": None, "version": 9
        }  # fmt: skip
        entry = found.outbox.get(TX.hash)
        assert (entry.status, entry.note) == ("committed", {"version": 9})
    known = wallet(tmp_path / "waits", submit=[accepted(message="known already")], get_transaction_by_hash=[None])
    assert send(known, TX)["status"] == "accepted"


def test_a_refusal_is_kept_and_raised(tmp_path: Path) -> None:
    """Refused for good: the outbox does not send it again; a used number is a refusal if another one used it."""
    for name in ("invalid_signature", "sequence_number_too_old"):
        error = RpcFailed(-32001, "no", {"name": name, "StatusCode": 1})
        found = wallet(tmp_path / name, submit=[error], get_transaction_by_hash=[None])
        with pytest.raises(WalletError) as caught:
            send(found, TX)
        assert (caught.value.name, caught.value.details) == (name, {"code": 1, "hash": TX.hash.hex()})
        entry = found.outbox.get(TX.hash)
        assert (entry.status, entry.note) == ("refused", {"reason": "no"})


def test_wait_for_what_is_on_the_ledger_already(tmp_path: Path) -> None:
    """'also accept a hash that is not in our outbox but is on the ledger'."""
    found = wallet(tmp_path, search=[NOTHING], get_transaction_by_hash=[FINAL])
    done = wait_for(found, TX.hash, timeout_s=1)
    assert 0 <= done.pop("final_s") < 1
    assert done == {
        "version": 9, "hash": TX.hash.hex(), "status": "executed", "fee": 1_200, "fee_currency": "XEU"
    }  # fmt: skip


def test_wait_for_what_waits_elsewhere(tmp_path: Path) -> None:
    """As long as a pool has it; also when it goes from the pool to the ledger between two questions."""
    found = wallet(tmp_path, search=[PENDING, PENDING, NOTHING], get_transaction_by_hash=[None, None, FINAL])
    assert wait_for(found, TX.hash, timeout_s=60)["version"] == 9
    slow = wallet(tmp_path / "slow", search=[PENDING], get_transaction_by_hash=[None])
    with pytest.raises(WalletError, match=f"mithqal tx wait {TX.hash.hex()}") as caught:
        wait_for(slow, TX.hash, timeout_s=0.3)
    assert (caught.value.name, caught.value.details) == ("timed_out", {"hash": TX.hash.hex()})


@pytest.mark.parametrize("on_ledger", [None, {**FINAL, "transaction": {"type": "blockmetadata"}}])
def test_what_nobody_knows_is_unknown(tmp_path: Path, on_ledger: Any) -> None:
    """Exit 6, at once: neither outbox, nor ledger, nor pool; a block's own entry is nobody's transaction."""
    found = wallet(tmp_path, search=[NOTHING], get_transaction_by_hash=[on_ledger])
    with pytest.raises(WalletError) as caught:
        wait_for(found, TX.hash, timeout_s=60)
    assert caught.value.name == "unknown_hash"
    assert found.client.asked == ["search", "get_transaction_by_hash"]  # type: ignore[attr-defined]


def test_a_damaged_entry_is_not_taken_for_a_foreign_one(tmp_path: Path) -> None:
    """What is kept here and cannot be read is an error of its own."""
    found = wallet(tmp_path)
    found.outbox.add(TX)
    found.outbox.database.run("UPDATE entry SET envelope = x'00'")
    with pytest.raises(MithqalError) as caught:
        wait_for(found, TX.hash)
    assert caught.value.name == "outbox_malformed"


def test_what_failed_elsewhere_says_why(tmp_path: Path) -> None:
    """Executed and failed on chain: the reason, the code of the chain, the version."""
    failed = {**FINAL, "status": "move_abort", "abort": {"code": 1288, "reason": "EINSUFFICIENT_BALANCE"}}
    found = wallet(tmp_path, search=[NOTHING], get_transaction_by_hash=[failed])
    with pytest.raises(WalletError) as caught:
        wait_for(found, TX.hash)
    assert caught.value.name == "failed_on_chain"
    assert (caught.value.details["reason"], caught.value.details["code"]) == ("EINSUFFICIENT_BALANCE", 1288)
    assert "failed: EINSUFFICIENT_BALANCE (mithqal explain EINSUFFICIENT_BALANCE); " in caught.value.message


@pytest.mark.parametrize("text", ["", "00", "0" * 63, "0" * 65, "0x" + "0" * 62, "g" * 64, " " + "0" * 63, "٠" * 64])
def test_a_hash_has_64_hex_digits(text: str) -> None:
    """Exit 6 for what cannot be a hash."""
    with pytest.raises(MithqalError) as caught:
        parse_hash(text)
    assert caught.value.name == "unknown_hash"
    assert parse_hash("0aB1" * 16) == bytes.fromhex("0ab1" * 16)
