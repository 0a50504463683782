"""The commands that verify by default, against validators that lie: exit 8, the step named, nothing on stdout."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

import cli.viewing
from chain.crypto.signing import Scheme
from cli.main import root
from node.client.wallets.wallet import Entry
from tests.builders import BOB, DEALER, TC, US, key
from tests.chains import Chain, small_chain
from tests.liars import (
    Liar,
    Lie,
    another_payment,
    forged_balance,
    hidden_transactions,
    honest,
    newest_hidden,
    old_state,
    truncated_epochs,
)
from tests.views import Local

PAYMENT = 7


def grown(chain: Chain) -> Chain:
    """Two epochs further."""
    for epoch in (2, 3):
        chain.end_epoch({index: key(100 * epoch + index) for index in range(4)})
        for _ in range(3):
            chain.add()
    return chain


CHAIN = grown(small_chain())


def forged_chain(signers: dict[int, Any]) -> Chain:
    """The same genesis, and other blocks, which strangers signed in the validators' places."""
    chain = Chain()
    chain.signers = signers
    prefix = DEALER.key.authentication_key()[:16]
    chain.add()
    chain.add(chain.sign(TC, "create_designated_dealer", "XUS", 0, DEALER.address, prefix, "dealer", False))
    for _ in range(8):
        chain.add()
    return chain


def run(monkeypatch: pytest.MonkeyPatch, source: Local, *arguments: str, waypoint: str = CHAIN.waypoint) -> Any:
    """A command against this validator."""
    entries = [Entry("us", US.address, Scheme.ED25519), Entry("dealer", DEALER.address, Scheme.ED25519)]
    wallet = SimpleNamespace(client=source, entries=lambda: entries)
    monkeypatch.setattr(
        cli.viewing, "load_network", lambda _: SimpleNamespace(waypoint=waypoint, directory=Path("nowhere"), members=())
    )
    monkeypatch.setattr(cli.viewing, "Wallet", lambda _: wallet)
    return CliRunner().invoke(root, list(arguments), standalone_mode=False)


ACCOUNT = [("account", "show", "us"), ("account", "show", DEALER.address.hex()), ("explorer", "account:us")]
TRANSACTION = [("tx", "show", str(PAYMENT)), ("explorer", f"v{PAYMENT}")]
BY_HASH = [("tx", "show", CHAIN.prover.info(PAYMENT).transaction_hash.hex())]
EVERYTHING = [*ACCOUNT, *TRANSACTION, *BY_HASH]


@pytest.mark.parametrize("command", EVERYTHING)
def test_an_honest_validator_is_verified(monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    """X20: each says against what it was verified."""
    done = run(monkeypatch, Liar(CHAIN, honest), *command, "--json")
    assert done.return_value == 0, done.stderr
    verified = json.loads(done.stdout)["verified"]
    assert verified["waypoint"] == CHAIN.waypoint
    assert (verified["epoch"], verified["version"]) == (3, CHAIN.ledger.tip_version)
    assert verified["signers"] == [f"e3-{index}" for index in range(4)]
    words = run(monkeypatch, Liar(CHAIN, honest), *command).stdout.splitlines()[-1]
    assert words.startswith(f"verified against waypoint {CHAIN.waypoint}, signed by 4 of 4 validators (e3-0, e3-1,")
    assert ", epoch 3, ledger version 17" in words


LIES = [
    *[(command, forged_balance, ("state", "leaf_value")) for command in ACCOUNT],
    *[(command, old_state(5), ("answer", "another_record")) for command in ACCOUNT],
    *[(command, hidden_transactions, ("answer", "hidden")) for command in (*ACCOUNT, *TRANSACTION)],
    *[(command, newest_hidden, ("answer", "hidden")) for command in ACCOUNT],
    *[(command, truncated_epochs, ("certificate", "wrong_epoch")) for command in EVERYTHING],
    *[(command, another_payment, ("transaction_info", "root")) for command in (*TRANSACTION, *BY_HASH)],
]


@pytest.mark.parametrize(("command", "lie", "expected"), LIES)
def test_a_lie_exits_with_8(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], lie: Lie, expected: tuple[str, str]
) -> None:
    """X19, X20: a forged balance, a hidden transaction, an old state, epochs kept back, another transaction."""
    done = run(monkeypatch, Liar(CHAIN, lie), *command, "--json")
    assert done.stdout == ""
    error = json.loads(done.stderr)["error"]
    assert (done.return_value, error["exit"], error["name"]) == (8, 8, "bad_proof")
    step, rule = expected
    assert error["details"]["step"] == step
    assert error["details"]["rule"] == rule or (rule == "root" and error["details"]["rule"] in ("left", "right"))
    assert f"at step {step}: " in error["message"]


@pytest.mark.parametrize("field", ["height", "id", "round", "epoch", "timestamp_usecs", "first_version"])
def test_a_forged_block_exits_with_8(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    """X20: a transaction's block and time are proved by the block's own metadata; its signers are not."""
    changes: dict[str, Any] = {"id": "ab" * 32, "first_version": 4}

    def lie(method: str, _params: Any, result: Any, _ask: Any) -> Any:
        return {**result, field: changes.get(field, 99)} if method == "get_block" else result

    done = run(monkeypatch, Liar(CHAIN, lie), "tx", "show", str(PAYMENT), "--json")
    details = json.loads(done.stderr)["error"]["details"]
    assert (done.return_value, done.stdout) == (8, "")
    assert (details["step"], details["rule"]) == ("answer", "another_block")


def test_another_block_is_not_taken_for_that_of_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """X20: a block that is real, and ended before."""

    def lie(method: str, params: Any, result: Any, ask: Any) -> Any:
        if method != "get_block":
            return result
        return {**ask(method, [None, None, 5]), "last_version": 8}

    details = json.loads(run(monkeypatch, Liar(CHAIN, lie), "tx", "show", "7", "--json").stderr)["error"]["details"]
    assert (details["step"], details["rule"]) == ("answer", "another_block")


def test_what_is_on_trust_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """X20: who proposed and signed a block is the validator's word; a name's search too."""
    shown = json.loads(run(monkeypatch, Liar(CHAIN, honest), "tx", "show", str(PAYMENT), "--json").stdout)
    assert shown["verified"]["on_trust"] == ["get_block:signers"]
    words = run(monkeypatch, Liar(CHAIN, honest), "tx", "show", str(PAYMENT)).stdout.splitlines()[-1]
    assert words.endswith("; on the validator's word: who proposed and signed the block")
    shown = json.loads(run(monkeypatch, Liar(CHAIN, honest), "explorer", f"v{PAYMENT}", "--json").stdout)
    assert shown["verified"]["on_trust"] == ["get_block:signers", "search"]


@pytest.mark.parametrize("command", EVERYTHING)
def test_a_forged_fork_and_a_foreign_network_exit_with_8(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """X2, X6: blocks that no quorum of the validators signed, and a network of another genesis."""
    fork = forged_chain({index: key(900 + index) for index in range(4)})
    minority = forged_chain({index: key(10 + index) for index in range(2)})
    foreign = Chain(timestamp_us=7)
    for _ in range(12):
        foreign.add()
    for chain, steps in ((fork, ("signature",)), (minority, ("quorum",)), (foreign, ("waypoint",))):
        done = run(monkeypatch, Liar(chain, honest), *command, "--json")
        assert (done.return_value, done.stdout) in ((8, ""), (6, ""))
        error = json.loads(done.stderr)["error"]
        if done.return_value == 8:
            assert error["details"]["step"] in steps
        else:
            assert error["name"] == "unknown_transaction"  # it knows no such hash: nothing is claimed


@pytest.mark.parametrize("command", [("account", "show", "us"), ("tx", "show", str(PAYMENT))])
def test_with_trust_node_a_lie_is_believed_and_said_so(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """--trust-node switches verification off: the answer says that a validator was trusted."""
    done = run(monkeypatch, Liar(CHAIN, forged_balance), *command, "--trust-node", "--json")
    assert done.return_value == 0
    document = json.loads(done.stdout)
    assert document["trusted"] is True
    assert "verified" not in document
    if command[0] == "account":
        assert document["balances"] == [{"amount": 1_501, "currency": "XUS"}]


def test_an_absent_account_is_absent_by_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 6 needs a proof that there is none; a validator that denies an account is found out."""
    done = run(monkeypatch, Liar(CHAIN, honest), "account", "show", BOB.address.hex(), "--json")
    assert (done.return_value, json.loads(done.stderr)["error"]["name"]) == (6, "unknown_account")

    def denied(method: str, params: Any, result: Any, ask: Any) -> Any:
        if method != "get_record_with_proof":
            return result
        return ask(method, ["61" + BOB.address.hex(), *params[1:]])

    done = run(monkeypatch, Liar(CHAIN, denied), "account", "show", "us", "--json")
    assert (done.return_value, json.loads(done.stderr)["error"]["details"]["step"]) == (8, "answer")
