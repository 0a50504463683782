"""`pay-batch`: a file whose rows are paid together or not at all, each once; what is refused before it is signed."""

import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

import pytest

from chain.crypto.signing import address_of
from chain.errors import MithqalError
from chain.execution.gas import BATCH
from chain.metadata import TravelRule, UnstructuredBytes, decode_metadata
from cli.exits import exit_code
from node.client.operations.treasury import freeze
from node.client.operations.txfile import Terms, build_file, read_raw, write_file
from node.client.payfile.batch_file import pay_batch_file, read_batch
from node.client.payments.pay import Order, pay
from node.client.payments.payment_call import payments_in
from node.client.payments.receipts import check_on_ledger, read_receipt
from node.client.wallets.accounts import create_account
from node.client.wallets.submission import wait_for
from node.client.wallets.wallet import Conditions, Wallet
from tests.in_process import Node, running

COIN = 1_000_000
PEOPLE = ("alice@us-wallet", "anna@us-wallet", "bob@br-wallet")


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Wallet, Node]]:
    """One network for the module, with people at two providers."""
    with running(tmp_path_factory.mktemp("batches") / "net") as (wallet, node):
        for name in PEOPLE:
            create_account(wallet, name)
            for currency in ("XUS", "XEU"):
                pay(wallet, Order("dealer-one", name, 10_000 * COIN, currency))
        yield wallet, node


@pytest.fixture
def wallet(chain: tuple[Wallet, Node]) -> Wallet:
    """As a new command has it."""
    return Wallet(chain[0].network)


def csv(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / f"batch-{time.monotonic_ns()}.csv"
    path.write_text("\n".join(("from,to,amount,currency,memo", *rows, "")))
    return path


ALICE, ANNA, BOB = PEOPLE


def row(to: str = ANNA, amount: str = "1", currency: str = "XUS", memo: str = "", payer: str = ALICE) -> str:
    return f"{payer},{to},{amount},{currency},{memo}"


def balance(wallet: Wallet, name: str, currency: str = "XUS") -> int:
    found = wallet.client.call("get_account", wallet.find(name).address.hex())
    return next(int(item["amount"]) for item in found["balances"] if item["currency"] == currency)


def refused(function: Any, *arguments: Any, **options: Any) -> MithqalError:
    with pytest.raises(MithqalError) as caught:
        function(*arguments, **options)
    return caught.value


def told(error: MithqalError) -> list[dict[str, Any]]:
    """The payments that an error names."""
    return cast("list[dict[str, Any]]", error.details["payments"])


def test_all_rows_are_one_transaction(wallet: Wallet, tmp_path: Path) -> None:
    """'One transaction, one signature': every payee has its coins, its memo and its receipt; the fee is told once."""
    before = [balance(wallet, name) for name in PEOPLE]
    euros = balance(wallet, ANNA, "XEU")
    path = csv(tmp_path, row(ANNA, "2.5", memo="rent"), row(BOB, "3"), row(ANNA, "4", "XEU"))
    done = pay_batch_file(wallet, path)
    assert (done["status"], done["fee"], done["fee_currency"], done["repeated"]) == ("executed", 1_200, "XUS", False)
    assert done["totals"] == {"XUS": 5_500_000, "XEU": 4 * COIN}
    assert done["payer"]["name"] == ALICE
    assert [(item["payment"], item["place"], item["payee"], item["amount"]) for item in done["payments"]] == [
        (0, "line 2", ANNA, 2_500_000), (1, "line 3", BOB, 3 * COIN), (2, "line 4", ANNA, 4 * COIN),
    ]  # fmt: skip
    changes = [balance(wallet, name) - old for name, old in zip(PEOPLE, before, strict=True)]
    assert changes == [-5_500_000 - 1_200, 2_500_000, 3 * COIN]
    assert balance(wallet, ANNA, "XEU") == euros + 4 * COIN
    receipts = sorted(Path(done["receipts"]).iterdir())
    assert [path.name for path in receipts] == ["000.json", "001.json", "002.json"]
    for place, file in enumerate(receipts):
        receipt = read_receipt(file)
        check_on_ledger(wallet.client, receipt)
        assert (receipt["payment"], receipt["version"], receipt["fee"]) == (place, done["version"], 1_200)
        assert (receipt["memo"] or {}).get("text") == ("rent" if place == 0 else None)
    receipt = {**read_receipt(receipts[0]), "payment": 1}
    assert refused(check_on_ledger, wallet.client, receipt).name == "bad_receipt"


def test_the_same_file_again_pays_nothing(wallet: Wallet, tmp_path: Path) -> None:
    """F7: 'it is known by its content': under another name too, and answered by what became of it."""
    path = csv(tmp_path, row(BOB, "0.25", memo="once"))
    done = pay_batch_file(wallet, path)
    before = balance(wallet, BOB)
    copy = tmp_path / "copy.csv"
    copy.write_bytes(path.read_bytes())
    again = pay_batch_file(Wallet(wallet.network), copy)
    assert (again["hash"], again["version"], again["repeated"]) == (done["hash"], done["version"], True)
    assert balance(wallet, BOB) == before
    other = pay_batch_file(wallet, copy, key=f"again {time.monotonic_ns()}")
    assert (other["repeated"], other["hash"] != done["hash"]) == (False, True)


def test_an_id_is_of_one_batch(wallet: Wallet, tmp_path: Path) -> None:
    """A4: another payee, amount, currency or memo under a used id is refused; exit 2."""
    key = f"salaries {time.monotonic_ns()}"
    pay_batch_file(wallet, csv(tmp_path, row(BOB, "0.5", memo="x"), row(ANNA, "0.5")), key=key)
    for rows in (
        (row(BOB, "0.5", memo="x"),),
        (row(BOB, "0.5", memo="y"), row(ANNA, "0.5")),
        (row(BOB, "0.6", memo="x"), row(ANNA, "0.5")),
        (row(ANNA, "0.5", memo="x"), row(ANNA, "0.5")),
        (row(BOB, "0.5", "XEU", memo="x"), row(ANNA, "0.5")),
    ):
        error = refused(pay_batch_file, wallet, csv(tmp_path, *rows), key=key)
        assert (error.name, exit_code(error)) == ("id_used", 2)


def test_files_that_are_no_batch(wallet: Wallet, tmp_path: Path) -> None:
    """One payer, 1 to 500 rows, every row good; exit 2, and nothing is signed."""
    many = [row(BOB, f"0.{place + 1:04d}") for place in range(501)]
    for rows, says in (
        ((), "it has no payment"),
        (many, "at most 500 payments"),
        ((row(BOB), row(BOB, payer=ANNA)), f"line 3 is paid by {ANNA}, the rows before it by {ALICE}"),
        ((row(BOB), row("nobody")), "line 3: to: no account is called 'nobody'"),
        ((row(BOB, "-1"),), "line 2: amount"),
    ):
        error = refused(pay_batch_file, wallet, csv(tmp_path, *rows))
        assert (error.name, exit_code(error)) == ("bad_payment_file", 2)
        assert says in error.message, error.message
        assert "--skip-bad" not in error.message
    assert len(read_batch(wallet, csv(tmp_path, *many[:500]))[1]) == 500
    assert refused(pay_batch_file, wallet, tmp_path / "none.csv").name == "bad_payment_file"


def test_what_would_fail_is_told_before_anything_is_signed(wallet: Wallet, tmp_path: Path) -> None:
    """Each payment is tried on what the earlier ones leave; every bad one is named with its line; exit 4."""
    have = balance(wallet, ALICE) // COIN
    number = wallet.next_number(wallet.find(ALICE))
    path = csv(tmp_path, row(ANNA, str(have)), row(BOB, "1"), row(BOB, "1", "XDX"), row("mx-wallet", "1", "XEU"))
    error = refused(pay_batch_file, wallet, path)
    assert (error.name, exit_code(error)) == ("batch_would_fail", 4)
    assert [(item["payment"], item["reason"]) for item in told(error)] == [
        (1, "EINSUFFICIENT_BALANCE"),
        (2, "EINSUFFICIENT_BALANCE"),
    ]
    assert "line 3" in error.message
    assert "nothing was signed" in error.message
    assert wallet.next_number(wallet.find(ALICE)) == number


def test_a_payer_that_the_ledger_does_not_know(wallet: Wallet, tmp_path: Path) -> None:
    """A name with a key and no account yet: exit 6, nothing is signed."""
    name = f"new{time.monotonic_ns()}"
    key = wallet.new_key(name)
    wallet.add_name(name, address_of(key.authentication_key()))
    error = refused(pay_batch_file, wallet, csv(tmp_path, row(payer=name)))
    assert (error.name, exit_code(error)) == ("unknown_account", 6)
    assert error.message == f"{name} has no account on the ledger yet"


def test_a_fee_that_is_not_left(wallet: Wallet, tmp_path: Path) -> None:
    """The fee may reach max_gas x price: a batch that leaves less is not signed."""
    have = balance(wallet, ALICE)
    path = csv(tmp_path, row(ANNA, f"{have // COIN}.{have % COIN:06d}"))
    error = refused(pay_batch_file, wallet, path)
    assert [(item["payment"], item["place"]) for item in told(error)] == [(None, "the fee")]
    done = pay_batch_file(wallet, path, fee_currency="XEU")
    assert (done["fee"], done["fee_currency"], balance(wallet, ALICE)) == (800, "XEU", 0)
    pay(wallet, Order(ANNA, ALICE, have, "XUS"))


def test_a_frozen_payee_is_policy(wallet: Wallet, tmp_path: Path) -> None:
    """Exit 9: refused by policy."""
    freeze(wallet, "bob@br-wallet")
    try:
        error = refused(pay_batch_file, wallet, csv(tmp_path, row(ANNA), row(BOB)))
    finally:
        freeze(wallet, "bob@br-wallet", frozen=False)
    assert (error.name, exit_code(error)) == ("account_frozen", 9)


def test_attested_payments(wallet: Wallet, tmp_path: Path) -> None:
    """1.7: 1,000 XDX and more to another provider need its signature: with --attest only those get one."""
    path = csv(tmp_path, row(BOB, "1000", memo="big"), row(BOB, "1", memo="small"), row(ANNA, "1000"))
    error = refused(pay_batch_file, wallet, path)
    assert [item["reason"] for item in told(error)] == ["EMALFORMED_METADATA_SIGNATURE"]
    assert "--attest" in error.message
    done = pay_batch_file(wallet, path, attest=True)
    calls = payments_in(wallet.outbox.get(bytes.fromhex(done["hash"])).transaction)
    assert [len(call.metadata_signature) for call in calls] == [64, 0, 0]
    kinds = [type(decode_metadata(call.metadata)) if call.metadata else None for call in calls]
    assert kinds == [TravelRule, UnstructuredBytes, None]
    assert done["fee"] == 600 + 3 * 200 + 100


def test_a_sponsored_batch(wallet: Wallet, tmp_path: Path) -> None:
    """The sponsor signs too and pays the fee: 100 gas for its signature."""
    before = balance(wallet, BOB)
    done = pay_batch_file(
        wallet, csv(tmp_path, row(ANNA), row(ANNA, "2")), conditions=Conditions(sponsor=wallet.find(BOB))
    )
    assert (done["fee"], balance(wallet, BOB)) == (1_100, before - 1_100)
    receipt = read_receipt(Path(done["receipts"]) / "001.json")
    assert receipt["fee_payer"] == wallet.find(BOB).address.hex()
    check_on_ledger(wallet.client, receipt)


def test_a_scheduled_batch_waits_for_its_time(wallet: Wallet, tmp_path: Path) -> None:
    """`--at`: handed in and not waited for; a repeat says the same; later payments of the payer are not signed."""
    path = csv(tmp_path, row(ANNA, "0.125"))
    conditions = Conditions(int(time.time()) + 2)
    before = balance(wallet, ANNA)
    done = pay_batch_file(wallet, path, conditions=conditions)
    assert (done["status"], done["valid_from_secs"], done["repeated"]) == (
        "scheduled", conditions.valid_from_secs, False
    )  # fmt: skip
    error = refused(pay, wallet, Order(ALICE, BOB, 1, "XUS"))
    assert (error.name, exit_code(error), error.details["hash"]) == ("waits_for_scheduled", 4, done["hash"])
    again = pay_batch_file(wallet, path, conditions=conditions)
    assert (again["status"], again["hash"], again["repeated"]) == ("scheduled", done["hash"], True)
    assert balance(wallet, ANNA) == before
    final = wait_for(wallet, bytes.fromhex(done["hash"]))
    block = wallet.client.call("get_block", None, None, final["version"])
    assert block["timestamp_usecs"] // COIN >= conditions.valid_from_secs
    assert balance(wallet, ANNA) == before + 125_000
    assert pay_batch_file(wallet, path)["version"] == final["version"]


def test_what_fails_on_the_chain_is_told_with_its_payment(
    wallet: Wallet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T15: the reason is the payment's own, its place and line are told; nothing was paid, the fee was; exit 5."""
    monkeypatch.setattr("node.client.payments.batches._Trial.judge", lambda _: None)
    before = [balance(wallet, name) for name in PEOPLE]
    path = csv(tmp_path, row(ANNA), row(BOB), row(BOB, "900000"), row(BOB))
    errors = [refused(pay_batch_file, wallet, path) for _ in range(2)]
    for error in errors:
        assert (error.name, exit_code(error), error.details["reason"]) == (
            "failed_on_chain", 5, "EINSUFFICIENT_BALANCE"
        )  # fmt: skip
        assert (error.details["payment"], error.details["place"]) == (2, "line 4")
    error = errors[-1]
    assert f"payment 2 (line 4: 900000.000000 XUS to {BOB})" in error.message
    found = wallet.client.call("get_transactions", error.details["version"], 1, True)[0]
    assert found["vm_status"]["payment"] == 2
    assert (found["gas_used"], found["events"]) == (600 + 2 * 200, [])
    assert [balance(wallet, name) - old for name, old in zip(PEOPLE, before, strict=True)] == [-1_000, 0, 0]


def test_500_payments_with_memos(wallet: Wallet, tmp_path: Path) -> None:
    """'Up to 500 payments in one transaction': every one arrives, and the API shows each by name."""
    before = balance(wallet, BOB)
    done = pay_batch_file(wallet, csv(tmp_path, *[row(BOB, f"0.{n + 1:04d}", memo=f"salary {n}") for n in range(500)]))
    assert balance(wallet, BOB) - before == sum((n + 1) * 100 for n in range(500))
    assert done["fee"] == 600 + 500 * 200
    found = wallet.client.call("get_transactions", done["version"], 1, True)[0]
    script = found["transaction"]["script"]
    assert (script["function_name"], script["arguments"], len(found["events"])) == (BATCH, ["{Payments: 500}"], 1_000)
    assert script["named_arguments"]["payments"][499]["amount"] == 50_000
    stream = wallet.client.call("get_account", wallet.find(BOB).address.hex())["received_events_key"]
    last = found["events"][-1]["sequence_number"]
    events = wallet.client.call("get_events", stream, last - 499, 1_000)
    assert [event["data"]["amount"]["amount"] for event in events] == [(n + 1) * 100 for n in range(500)]


def test_a_batch_as_a_file_for_keys_elsewhere(wallet: Wallet, tmp_path: Path) -> None:
    """`tx build pay_batch payments=@FILE`: built here, signed there; the readable part names every payment."""
    rows = [
        {"currency": "XUS", "payee": ANNA, "amount": 5},
        {"currency": "XEU", "payee": BOB, "amount": 7, "metadata": "6d"},
    ]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    terms = Terms(valid_from_secs=2_000_000_000, fee_payer=BOB)
    document = build_file(wallet, BATCH, ALICE, [f"payments=@{tmp_path / 'rows.json'}"], terms)
    assert document["transaction"]["arguments"]["payments"][1] == {
        "currency": "XEU", "payee": wallet.find(BOB).address.hex(), "amount": 7, "metadata": "6d",
        "metadata_signature": "",
    }  # fmt: skip
    assert document["transaction"]["fee_payer"] == wallet.find(BOB).address.hex()
    assert document["transaction"]["valid_from_timestamp_secs"] == 2_000_000_000
    assert document["transaction"]["expiration_timestamp_secs"] == 2_000_003_600
    assert document["transaction"]["max_gas_amount"] == 6_000 + 2 * 200
    path = tmp_path / "tx.json"
    write_file(path, document)
    assert read_raw(path)[0].payload.function == BATCH
    texts = [json.dumps([{"currency": "XUS", "payee": ANNA, "amount": "5"}]), '[{"currency": "XUS"}]']
    for wrong in ("", "{}", "[]", *texts, "@/no/such"):
        assert refused(build_file, wallet, BATCH, ALICE, [f"payments={wrong}"], Terms()).name == "bad_argument"
