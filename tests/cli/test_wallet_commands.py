"""account, keys, pay, refund and receipt as people and programs meet them, against a validator in this process."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import root
from node.client.wallets.wallet import Wallet
from tests.in_process import Node, running


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Wallet, Node]]:
    """A network with two people, made by the commands themselves."""
    with running(tmp_path_factory.mktemp("commands") / "net") as found:
        directory = found[0].network.directory
        for name in ("alice", "bob@br-wallet"):
            run(directory, "account", "create", name)
            run(directory, "account", "fund", name, "5000", "XUS")
        yield found


@pytest.fixture
def net(chain: tuple[Wallet, Node]) -> Path:
    """The network's directory."""
    return chain[0].network.directory


def call(net: Path, *arguments: str):
    return CliRunner().invoke(root, [*arguments, "--network", str(net)], standalone_mode=False)


def run(net: Path, *arguments: str) -> Any:
    """A command that succeeds: its one JSON document; nothing on stderr."""
    done = call(net, *arguments, "--json")
    assert done.return_value == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def fail(net: Path, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    """A command that fails: exit code, rule, details; nothing on stdout, one document on stderr; the same in words."""
    done = call(net, *arguments, "--json")
    assert done.stdout == ""
    error = json.loads(done.stderr)["error"]
    assert set(error) == {"code", "name", "message", "details", "exit"}
    assert error["exit"] == done.return_value != 0
    return error["exit"], error["name"], {**error["details"], "code": error["code"], "message": error["message"]}


def words(net: Path, *arguments: str) -> list[str]:
    """The lines for people."""
    done = call(net, *arguments)
    assert done.return_value == 0, done.stderr
    return str(done.stdout).splitlines()


# --- pay ---


def test_pay_answers_with_its_receipt(net: Path) -> None:
    """'`pay --json` answers with at least `version`, `hash`, `status`, `final_s`, `fee`'."""
    done = run(net, "pay", "alice", "bob@br-wallet", "25", "XUS", "--memo", "rent")
    assert (done["status"], done["amount"], done["fee"]) == ("executed", 25_000_000, 600)
    assert isinstance(done["version"], int)
    assert isinstance(done["final_s"], float)
    assert done["memo"]["text"] == "rent"
    assert (done["repeated"], done["problems"]) == (False, [])
    assert Path(done["receipt_file"]) == net / "receipts" / f"{done['hash']}.json"
    assert run(net, "tx", "show", done["hash"])["version"] == done["version"]
    assert (done["verified"]["signers"], done["verified"]["epoch"]) == (["validator-0"], 1)
    assert done["verified"]["version"] >= done["version"]
    trusted = run(net, "pay", "alice", "bob@br-wallet", "1", "XUS", "--trust-node")
    assert (trusted["trusted"], "verified" in trusted) == (True, False)


def test_pay_in_words(net: Path, tmp_path: Path) -> None:
    """Who paid whom what, the fee, how long; version and hash; where the receipt is."""
    file = tmp_path / "r.json"
    lines = words(net, "pay", "alice", "bob@br-wallet", "0.50", "XUS", "--receipt", str(file), "--id", "words-1")
    assert lines[0].startswith("alice paid bob@br-wallet 0.50 XUS, fee 0.000600 XUS, final in ")
    assert lines[1].startswith("  version ")
    assert lines[2] == f"  receipt {file}"
    assert lines[3].startswith("  verified against waypoint 0:")
    assert ", signed by 1 of 1 validators (validator-0), epoch 1, ledger version " in lines[3]
    again = words(net, "pay", "alice", "bob@br-wallet", "0.50", "XUS", "--id", "words-1")
    assert again[0] == "alice paid bob@br-wallet 0.50 XUS, fee 0.000600 XUS, before: nothing was paid again"
    assert again[1] == lines[1]


@pytest.mark.parametrize(
    "amount", ["-5", "-0", "0", "0.0000001", "1.0000001", "18446744073709.551616", "1e3", "x", "", "+5", ".5", "5."]
)
def test_the_amount_rule_answers(net: Path, amount: str) -> None:
    """2: 'amount zero, negative, more digits than micro-units, above 2^64-1'; `pay a b -5 XUS` too 'is answered by the
    amount rule', and before anything else is looked at."""
    for command in (("pay", "alice", "bob@br-wallet"), ("pay", "nobody", "no one"), ("account", "fund", "nobody")):
        code, name, details = fail(net, *command, amount, "XXX")
        assert (code, name) == (2, "bad_amount")
        assert details["message"]


def test_the_largest_amount_reaches_the_ledger(net: Path) -> None:
    """2^64-1 micro-units are an amount: what lacks is the balance."""
    code, name, details = fail(net, "pay", "alice", "bob@br-wallet", "18446744073709.551615", "XUS")
    assert (code, name, details["reason"], details["code"]) == (5, "failed_on_chain", "EINSUFFICIENT_BALANCE", 1288)


@pytest.mark.parametrize(
    ("arguments", "code", "name"),
    [
        (("pay", "nobody", "alice", "5", "XUS"), 6, "unknown_account"),
        (("pay", "alice", "nobody", "5", "XUS"), 6, "unknown_account"),
        (("pay", "alice", "bob@br-wallet", "5", "XXX"), 6, "unknown_currency"),
        (("pay", "alice", "alice", "5", "XUS"), 2, "same_account"),
        (("pay", "alice", "bob@br-wallet", "2000", "XUS"), 5, "failed_on_chain"),
        (("pay", "alice", "bob@br-wallet", "5", "XUS", "--memo", "x" * 1025), 2, "bad_memo"),
        (("pay", "alice", "bob@br-wallet", "5", "XUS", "--id", ""), 2, "bad_id"),
        (("pay", "alice", "dm1p7ujcndcl7nudzwt8fglhx6wxn08kgs5tm6mz4us2vfufk", "5", "XUS"), 6, "wrong_prefix"),
        (("pay", "alice", "tdm1p7ujcndcl7nudzwt8fglhx6wxn08kgs5tm6mz4ustv0tyy", "5", "XUS"), 2, "bad_identifier"),
        (("account", "create", "../x"), 2, "bad_name"),
        (("account", "create", "alice"), 2, "name_taken"),
        (("account", "create", "carol@nowhere"), 6, "unknown_account"),
        (("account", "create", "carol@us-wallet", "--provider", "br-wallet"), 2, "bad_provider"),
        (("account", "create", "carol", "--provider", "alice"), 6, "not_a_provider"),
        (("account", "show", "nobody"), 6, "unknown_account"),
        (("account", "fund", "nobody", "5", "XUS"), 6, "unknown_account"),
        (("keys", "new", "alice"), 2, "name_taken"),
        (("keys", "new", "../x"), 2, "bad_name"),
        (("keys", "show", "nobody"), 6, "key_file_missing"),
        (("keys", "show", "../treasury"), 2, "bad_name"),
        (("refund", "0"), 6, "not_a_payment"),
        (("refund", "99999999"), 6, "unknown_transaction"),
        (("refund", "0", "--amount", "0"), 2, "bad_amount"),
        (("refund", "0", "--amount", "-5"), 2, "bad_amount"),
        (("receipt", "verify", "none.json"), 6, "no_receipt"),
    ],
)
def test_each_failure_has_its_rule_and_exit_code(net: Path, arguments: tuple[str, ...], code: int, name: str) -> None:
    """'Bad input, each with one clear error and its exit code'."""
    found = fail(net, *arguments)
    assert found[:2] == (code, name)
    assert found[2]["message"]


def test_a_used_id(net: Path) -> None:
    """'`--id KEY` makes a repeat harmless', and another payment under it is refused."""
    pay = ("pay", "alice", "bob@br-wallet", "1", "XUS", "--id", "one")
    first, again = run(net, *pay), run(net, *pay)
    assert again == {**first, "repeated": True}
    code, name, details = fail(net, "pay", "alice", "bob@br-wallet", "2", "XUS", "--id", "one")
    assert (code, name, details["hash"]) == (2, "id_used", first["hash"])


def test_attest(net: Path) -> None:
    """'add --attest' is what the refusal says; then it is paid, by the receiving provider's signature."""
    code, _, details = fail(net, "pay", "alice", "bob@br-wallet", "1500", "XUS")
    assert (code, details["reason"]) == (5, "EMALFORMED_METADATA_SIGNATURE")
    assert details["message"].endswith("add --attest")
    assert run(net, "pay", "alice", "bob@br-wallet", "1500", "XUS", "--attest")["attested"] is True


def test_quiet_says_nothing_on_stderr_but_the_result(net: Path) -> None:
    """`--quiet`: no talk; the result stays."""
    done = call(net, "pay", "alice", "bob@br-wallet", "1", "XUS", "--quiet")
    assert (done.return_value, done.stderr) == (0, "")
    assert done.stdout.startswith("alice paid")


# --- refund and receipt ---


def test_refund(net: Path) -> None:
    """In words and as JSON: half, then too much, then the rest."""
    version = run(net, "pay", "alice", "bob@br-wallet", "40", "XUS")["version"]
    half = run(net, "refund", str(version), "--amount", "20", "--reason", "user-partial")
    assert (half["refund_of"], half["amount"], half["payee"]["name"]) == (version, 20_000_000, "alice")
    code, name, details = fail(net, "refund", str(version), "--amount", "20.000001")
    assert (code, name) == (9, "refund_too_large")
    assert (details["paid"], details["left"], details["asked"]) == (40_000_000, 20_000_000, 20_000_001)
    lines = words(net, "refund", str(version), "--id", f"rest-{version}")
    assert lines[0].startswith(f"bob@br-wallet refunded alice 20.000000 XUS of version {version}, final in ")
    again = words(net, "refund", str(version), "--id", f"rest-{version}")
    assert again[0].endswith("before: nothing was paid again")


def test_receipt_verify(net: Path, tmp_path: Path) -> None:
    """With the ledger, and alone; a memo that was changed exits with 8 and names the step."""
    file = tmp_path / "r.json"
    paid = run(net, "pay", "alice", "bob@br-wallet", "3", "XUS", "--memo", "rent, May", "--receipt", str(file))
    found = run(net, "receipt", "verify", str(file))
    assert (found["verified"], found["on_ledger"], found["hash"]) == (True, True, paid["hash"])
    said = words(net, "receipt", "verify", str(file))
    assert said[:2] == [
        f"alice paid bob@br-wallet 3.000000 XUS at version {paid['version']}",
        "  agrees with the ledger",
    ]
    assert said[2].startswith("  verified against waypoint 0:")
    assert said[3:] == ["  memo: 'rent, May'"]
    assert found["verified_against"]["signers"] == ["validator-0"]
    trusted = run(net, "receipt", "verify", str(file), "--trust-node")
    assert (trusted["trusted"], "verified_against" in trusted) == (True, False)
    receipt = json.loads(file.read_text())
    file.write_text(json.dumps({**receipt, "memo": None}))
    assert words(net, "receipt", "verify", str(file))[-1] == "  commits to a memo that this receipt does not hold"
    file.write_text(json.dumps({**receipt, "amount": 4_000_000}))
    assert run(tmp_path, "receipt", "verify", str(file), "--offline")["on_ledger"] is False
    assert fail(net, "receipt", "verify", str(file))[2]["step"] == "amount"
    file.write_text(json.dumps({**receipt, "memo": {**receipt["memo"], "text": "rent, June"}}))
    code, name, details = fail(tmp_path, "receipt", "verify", str(file), "--offline")
    assert (code, name, details["step"]) == (8, "bad_receipt", "memo")


# --- accounts and keys ---


def test_account_create(net: Path) -> None:
    """'`account create NAME` makes a child account at the network's default wallet provider', or the name's."""
    done = run(net, "account", "create", "dora")
    assert (done["role"], done["provider"], done["scheme"]) == ("child", "us-wallet", "ed25519")
    done = run(net, "account", "create", "dora@jp-wallet", "--scheme", "p256")
    assert (done["provider"], done["scheme"]) == ("jp-wallet", "p256")
    assert run(net, "account", "create", "eve", "--provider", "gb-wallet")["provider"] == "gb-wallet"
    assert run(net, "account", "create", "our-wallet", "--role", "parent")["role"] == "parent"
    assert run(net, "account", "create", "our-dealer", "--role", "dealer")["provider"] is None
    lines = words(net, "account", "create", "fay@br-wallet")
    assert lines[0].endswith(", a child of br-wallet")
    assert lines[1].strip().startswith("tdm1")


def test_account_list(net: Path) -> None:
    """Name, address, role, provider; what is unfinished says so."""
    run(net, "keys", "new", "half-done")
    rows = {row["name"]: row for row in run(net, "account", "list")["accounts"]}
    assert set(rows["alice"]) == {"name", "address", "identifier", "scheme", "role", "provider", "unfinished"}
    assert (rows["alice"]["role"], rows["alice"]["provider"], rows["alice"]["unfinished"]) == (
        "child",
        "us-wallet",
        False,
    )
    assert (rows["us-wallet"]["role"], rows["dealer-one"]["role"]) == ("parent", "dealer")
    assert rows["half-done"]["unfinished"] is True
    text = words(net, "account", "list")
    assert next(line for line in text if line.startswith("half-done")).endswith("unfinished")
    assert next(line for line in text if line.startswith("alice")).split()[2:] == ["child", "us-wallet"]


def test_account_show_by_identifier(net: Path) -> None:
    """A name, an address and an identifier show the same account."""
    identifier = next(row for row in run(net, "account", "list")["accounts"] if row["name"] == "alice")["identifier"]
    assert run(net, "account", "show", identifier)["address"] == run(net, "account", "show", "alice")["address"]


def test_fund_works_for_every_coin(net: Path) -> None:
    """'`account fund NAME AMOUNT CURRENCY` brings coins from a dealer'."""
    run(net, "account", "create", "rich")
    for code in ("XUS", "XEU", "XJP", "XGB", "XSG"):
        assert run(net, "account", "fund", "rich", "7.5", code)["amount"] == 7_500_000
    balances = {item["currency"]: item["amount"] for item in run(net, "account", "show", "rich")["balances"]}
    assert balances == {**dict.fromkeys(("XUS", "XEU", "XJP", "XGB", "XSG"), 7_500_000), "XDX": 0}


def test_keys(net: Path) -> None:
    """new, show and list; `account create` uses the key; no secret anywhere."""
    made = run(net, "keys", "new", "keyed", "--scheme", "secp256k1")
    secret = json.loads(Path(made["path"]).read_text())["secret"]
    shown = call(net, "keys", "show", "keyed", "--json").stdout
    listed = call(net, "keys", "list", "--json").stdout
    assert json.loads(shown) == made
    assert made["scheme"] == "secp256k1"
    row = next(row for row in json.loads(listed)["keys"] if row["name"] == "keyed")
    assert (row["kind"], row["public_key"]) == ("account", made["public_key"])
    assert secret not in shown + listed + str(words(net, "keys", "show", "keyed") + words(net, "keys", "list"))
    assert run(net, "account", "create", "keyed")["address"] == made["address"]


@pytest.mark.parametrize(
    "arguments",
    [("account", "create"), ("account", "create", "x", "--role", "king"), ("account", "create", "x", "--scheme", "rsa"),
     ("keys", "new", "x", "--scheme", "rsa"), ("pay", "a", "b", "5"), ("pay", "a", "b", "5", "XUS", "more"),
     ("pay", "a", "b", "5", "XUS", "--timeout", "0"), ("refund",), ("refund", "x"), ("refund", "-1"),
     ("refund", "1", "--reason", "because"), ("receipt", "verify")],
)  # fmt: skip
def test_usage(net: Path, arguments: tuple[str, ...]) -> None:
    """What the option parser refuses, before anything is read."""
    done = call(net, *arguments)
    assert done.exception is not None
    assert type(done.exception).__module__ == "click.exceptions"
