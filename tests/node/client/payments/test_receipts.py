"""Receipts: whoever holds one can check it, alone and against a ledger; whatever is changed in it is found."""

import copy
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from chain.errors import MithqalError
from cli.exits import exit_code
from node.client.payments.pay import Order, pay
from node.client.payments.receipts import (
    FIELDS,
    check_on_ledger,
    check_receipt,
    has_hidden_memo,
    read_receipt,
    write_receipt,
)
from node.client.payments.refund import refund
from node.client.wallets.accounts import create_account
from node.client.wallets.wallet import Wallet
from tests.in_process import Node, running

COIN = 1_000_000
ALICE, BOB = "alice@us-wallet", "bob@br-wallet"


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Wallet, Node]]:
    """Two people with coins."""
    with running(tmp_path_factory.mktemp("receipts") / "net") as (wallet, node):
        for name in (ALICE, BOB):
            create_account(wallet, name)
            pay(wallet, Order("dealer-one", name, 5_000 * COIN, "XUS"))
        yield wallet, node


@pytest.fixture(scope="module")
def receipts(chain: tuple[Wallet, Node]) -> dict[str, dict[str, Any]]:
    """One of each kind."""
    wallet = chain[0]
    memo = pay(wallet, Order(ALICE, BOB, 7 * COIN, "XUS", "rent, May ☂"))
    return {
        kind: json.loads(Path(found["receipt_file"]).read_text())
        for kind, found in {
            "plain": pay(wallet, Order(ALICE, BOB, 5 * COIN, "XUS")),
            "memo": memo,
            "attested": pay(wallet, Order(ALICE, BOB, 2_000 * COIN, "XUS", attest=True)),
            "both": pay(wallet, Order(ALICE, BOB, 2_000 * COIN, "XUS", "invoice", attest=True)),
            "refund": refund(wallet, memo["version"], amount=COIN),
        }.items()
    }


KINDS = ("plain", "memo", "attested", "both", "refund")


def step(function, *arguments: Any) -> str:
    """The step at which a receipt is found to be bad."""
    with pytest.raises(MithqalError) as caught:
        function(*arguments)
    assert (caught.value.name, exit_code(caught.value)) == ("bad_receipt", 8)
    return str(caught.value.details["step"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_receipt_agrees_with_itself_and_the_ledger(chain, receipts, kind: str, tmp_path: Path) -> None:
    """Exactly its fields; alone and against the ledger."""
    receipt = receipts[kind]
    assert tuple(receipt) == tuple(FIELDS)
    check_receipt(receipt)
    check_on_ledger(chain[0].client, receipt)
    write_receipt(tmp_path / "r.json", receipt)
    assert read_receipt(tmp_path / "r.json") == receipt
    assert (receipt["memo"] is not None) == (kind in ("memo", "both"))
    assert (receipt["reference_id"] is not None) == (kind in ("attested", "both"))
    assert (receipt["refund_of"] is not None) == (kind == "refund")


@pytest.mark.parametrize(
    ("kind", "path", "value", "expected"),
    [
        ("memo", ("memo", "text"), "rent, June ☂", "memo"), ("memo", ("memo", "salt"), "00" * 16, "memo"),
        ("memo", ("memo", "salt"), "00" * 15, "memo"), ("memo", ("memo", "text"), 7, "form"),
        ("memo", ("memo", "text"), "", "memo"), ("memo", ("memo", "salt"), "zz", "memo"),
        ("memo", ("memo",), "rent", "form"), ("memo", ("memo",), {"text": "x"}, "form"),
        ("memo", ("memo", "text"), "\udcff", "memo"),
        ("plain", ("memo",), {"text": "x", "salt": "00" * 16}, "memo"), ("both", ("memo", "text"), "Invoice", "memo"),
        ("memo", ("metadata",), "", "memo"), ("plain", ("metadata",), "AB", "metadata"),
        ("plain", ("metadata",), "zz", "metadata"), ("plain", ("metadata",), None, "form"),
        ("attested", ("reference_id",), "x", "reference_id"),
        ("attested", ("reference_id",), None, "reference_id"), ("plain", ("reference_id",), "x", "reference_id"),
        ("refund", ("refund_of",), 1, "refund_of"), ("refund", ("refund_of",), None, "refund_of"),
        ("plain", ("refund_of",), 1, "refund_of"), ("plain", ("payer", "address"), "00" * 16, "payer"),
        ("plain", ("payee", "identifier"), "tdm1", "payee"), ("plain", ("payee", "identifier"), None, "form"),
        ("plain", ("payee",), None, "form"), ("plain", ("payer", "address"), None, "form"),
        ("plain", ("payer", "name"), 7, "form"),
        ("plain", ("receipt",), "other", "form"), ("plain", ("format",), 1, "form"),
        ("plain", ("amount",), "5", "form"),
        ("plain", ("amount",), 5.0, "form"), ("plain", ("amount",), True, "form"),
        ("plain", ("version",), None, "form"),
        ("plain", ("final_s",), "x", "form"), ("plain", ("attested",), 0, "form"), ("memo", ("memo",), {}, "form"),
        ("plain", ("currency",), ["XUS"], "form"), ("plain", ("hash",), None, "form"),
    ],
)  # fmt: skip
def test_what_is_changed_is_found_in_the_file_alone(receipts, kind: str, path, value: Any, expected: str) -> None:
    """The memo is the one that was committed to; what is derived from the metadata is in it; names are not checked."""
    changed = copy.deepcopy(receipts[kind])
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert step(check_receipt, changed) == expected


def test_missing_and_additional_fields_are_found(receipts) -> None:
    """Exactly the fields of format 1."""
    for key in FIELDS:
        assert step(check_receipt, {name: value for name, value in receipts["plain"].items() if name != key}) == "form"
    assert step(check_receipt, {**receipts["plain"], "more": 1}) == "form"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("amount", 5 * COIN + 1, "amount"), ("currency", "XEU", "currency"), ("hash", "00" * 32, "hash"),
        ("fee", 601, "fee"),
        ("fee_currency", "XEU", "fee_currency"), ("status", "move_abort", "status"), ("metadata", "00", "metadata"),
        ("attested", True, "attested"), ("version", 0, "hash"), ("version", 10**9, "version"),
        ("chain_id", 5, "network"), ("genesis_hash", "00" * 32, "network"),
        ("payer", {"address": "00" * 16}, "payer"), ("payee", {"address": "00" * 16}, "payee"),
    ],
)  # fmt: skip
def test_what_is_changed_is_found_on_the_ledger(chain, receipts, field: str, value: Any, expected: str) -> None:
    """Every field that the ledger knows is compared with it; the step names it."""
    assert step(check_on_ledger, chain[0].client, {**receipts["plain"], field: value}) == expected


def test_files_that_are_no_receipts(tmp_path: Path) -> None:
    """8 for what is no receipt, 6 where there is no file."""
    path = tmp_path / "r.json"
    for text in ("", "{", "[]", "7", "null", '"x"', "{}", "[" * 20_000, " " * 70_000):
        path.write_text(text)
        assert step(read_receipt, path) == "form"
    for missing in (tmp_path / "none.json", tmp_path):
        with pytest.raises(MithqalError) as caught:
            read_receipt(missing)
        assert (caught.value.name, exit_code(caught.value)) == ("no_receipt", 6)


def test_a_memo_that_the_receipt_does_not_open(receipts) -> None:
    """A receipt whose memo was taken out says that something is committed to."""
    assert has_hidden_memo({**receipts["memo"], "memo": None})
    check_receipt({**receipts["memo"], "memo": None})
    assert [kind for kind in KINDS if has_hidden_memo(receipts[kind])] == []
