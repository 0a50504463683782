"""One validator's word may be old: the others are asked before an account or a transaction is said not to be there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chain.primitives import Address
from node.client.network import Member, Network
from node.client.rpc import ConnectionFailed, RpcClient
from node.client.wallets.lookups import account_at, freshest_account, transaction_at
from node.client.wallets.wallet import Wallet
from tests import in_process

ALICE = Address(bytes(15) + b"\x07")


class Stub:
    """A validator that knows one account with this next number, and this many versions; None knows nothing."""

    def __init__(self, number: int | None, versions: int = 0, *, down: bool = False) -> None:
        self.number, self.versions, self.down, self.asked = number, versions, down, 0

    def answer(self, body: bytes, _timeout_s: float) -> Any:
        """JSON-RPC."""
        self.asked += 1
        if self.down:
            raise ConnectionRefusedError
        request = json.loads(body)
        if request["method"] == "get_account":
            result: Any = None if self.number is None else {"sequence_number": self.number, "of": id(self)}
        else:
            version, limit, _ = request["params"]
            result = [{"version": version}][:limit] if version < self.versions else []
        return {"jsonrpc": "2.0", "id": request["id"], "diem_chain_id": 4, "result": result}


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Wallet]:
    """A wallet of a network of these validators."""
    monkeypatch.setattr(RpcClient, "_exchange", in_process._exchange)

    def build(*stubs: Stub) -> Wallet:
        members = []
        for place, stub in enumerate(stubs):
            endpoint = ("stub", place + 1)
            monkeypatch.setitem(in_process._NODES, endpoint, stub)
            members.append(Member(f"validator-{place}", None, endpoint, endpoint, tmp_path / str(place)))
        return Wallet(Network(tmp_path, 4, bytes(32), "0:00", members))

    return build


def number(account: Any) -> int | None:
    """The next number of an account, if there is one."""
    return None if account is None else int(account["sequence_number"])


def test_the_first_that_knows_an_account_is_believed(make) -> None:
    """No more is asked than needed."""
    stubs = Stub(5), Stub(9)
    assert number(account_at(make(*stubs), ALICE)) == 5
    assert [stub.asked for stub in stubs] == [1, 0]


def test_a_validator_that_is_behind_hides_no_account(make) -> None:
    """It has not heard of the account yet; another one has."""
    assert number(account_at(make(Stub(None), Stub(0, down=True), Stub(3)), ALICE)) == 3
    assert account_at(make(Stub(None), Stub(None)), ALICE) is None


def test_the_freshest_account(make) -> None:
    """The highest next number, number 0 above none at all; validators that are down do not count."""
    wallet = make(Stub(None), Stub(2), Stub(7), Stub(6), Stub(9, down=True))
    member, account = freshest_account(wallet, ALICE)
    assert (member.name, number(account)) == ("validator-2", 7)
    assert freshest_account(make(Stub(None), Stub(0)), ALICE)[0].name == "validator-1"
    assert freshest_account(make(Stub(None), Stub(None)), ALICE)[1] is None


def test_a_transaction_that_one_validator_does_not_have_yet(make) -> None:
    """The others are asked; None only if nobody has it."""
    assert transaction_at(make(Stub(0, 3), Stub(0, 9)), 2) == {"version": 2}
    assert transaction_at(make(Stub(0, 3), Stub(0, 9, down=True), Stub(0, 9)), 8) == {"version": 8}
    assert transaction_at(make(Stub(0, 3), Stub(0, 9)), 9) is None


def test_nobody_answers(make) -> None:
    """3 cannot connect."""
    wallet = make(Stub(1, down=True), Stub(1, down=True))
    for ask in (account_at, freshest_account):
        with pytest.raises(ConnectionFailed):
            ask(wallet, ALICE)
    with pytest.raises(ConnectionFailed):
        transaction_at(wallet, 0)
