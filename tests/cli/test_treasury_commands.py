"""The operators' commands against a real validator: every number before and after, every refusal with its code."""

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chain.crypto.signing import Scheme, verify
from chain.execution.treasury import receipt_message
from economy.basket import xdx_rates
from economy.market.rates import load_day
from node.client.network import load_network
from node.client.rpc import RpcClient

ONE = 1_000_000
FEE = 600


class Money(NamedTuple):
    """What the ledger holds of XUS, in micro-units."""

    supply: int
    preburn: int
    deposited: int
    released: int
    fees: int
    dealer: int


class Operator:
    """Types commands at one network."""

    def __init__(self, directory: Path) -> None:
        """The directory need not be there yet."""
        self.directory = directory

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """One command."""
        command = [sys.executable, "-m", "cli", *arguments, "--network", str(self.directory), "--json"]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    def good(self, *arguments: str) -> dict[str, Any]:
        """The document of a command that succeeds."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def failed(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, rule and sentence of a command that fails."""
        done = self.run(*arguments)
        assert done.stdout == ""
        error = json.loads(done.stderr)["error"]
        assert error["exit"] == done.returncode
        return done.returncode, error["name"], error["message"]

    def money(self) -> Money:
        """What the ledger holds."""
        network = load_network(self.directory)
        client = RpcClient(network.endpoints())
        try:
            coin = client.call("get_currencies")[0]
        finally:
            client.close()
        assert coin["code"] == "XUS"
        balances = self.good("account", "show", "dealer-one")["balances"]
        (held,) = [item["amount"] for item in balances if item["currency"] == "XUS"]
        return Money(
            coin["total_value"], coin["preburn_value"], coin["receipts_deposited"], coin["receipts_released"],
            coin["fees"], held,
        )  # fmt: skip


@pytest.fixture(scope="module")
def operator(tmp_path_factory) -> Generator[Operator]:
    """A network of one validator, with its dealer and providers."""
    found = Operator(tmp_path_factory.mktemp("operator") / "net")
    try:
        found.good("localnet", "up", "--detach", "--validators", "1")
        yield found
    finally:
        found.run("localnet", "down")


def moved(before: Money, after: Money) -> dict[str, int]:
    """What changed."""
    pairs = zip(Money._fields, before, after, strict=True)
    return {name: new - old for name, old, new in pairs if new != old}


@pytest.mark.network
def test_mint_preburn_cancel_burn_freeze(operator: Operator) -> None:
    """'mint -> preburn -> cancel -> preburn -> burn -> freeze -> refused -> unfreeze', exact to the micro-unit."""
    run, start = operator, operator.money()
    assert start.supply == start.deposited - start.released

    minted = run.good("treasury", "mint", "dealer-one", "1000.000001", "XUS")
    amount = 1000 * ONE + 1
    receipt = minted["receipt"]
    assert (minted["dealer"], minted["amount"], minted["currency"], minted["fee"]) == ("dealer-one", amount, "XUS", 0)
    assert (receipt["amount"], receipt["currency"], minted["status"]) == (amount, "XUS", "executed")
    network = load_network(run.directory)
    message = receipt_message(network.genesis_hash, bytes.fromhex(receipt["id"]), "XUS", amount)
    custodian = network.genesis.currencies[0].custodian_key
    assert receipt["custodian_key"] == custodian.hex()
    assert verify(Scheme.ED25519, custodian, message, bytes.fromhex(receipt["signature"]))
    at = run.money()
    assert moved(start, at) == {"supply": amount, "deposited": amount, "dealer": amount}

    run.good("dealer", "preburn", "300", "XUS")
    after = run.money()
    assert moved(at, after) == {"preburn": 300 * ONE, "dealer": -300 * ONE - FEE, "fees": FEE}
    run.good("treasury", "cancel-burn", "dealer-one", "300", "XUS")
    assert moved(after, run.money()) == {"preburn": -300 * ONE, "dealer": 300 * ONE}

    code, name, words = run.failed("treasury", "burn", "dealer-one", "300", "XUS")
    assert (code, name) == (5, "failed_on_chain")
    assert "EPREBURN_NOT_FOUND" in words
    assert "no request waits: mithqal dealer preburn AMOUNT CURRENCY" in words

    run.good("dealer", "preburn", "200", "XUS", "--dealer", "dealer-one")
    run.good("dealer", "preburn", "0.5", "XUS")
    at = run.money()
    code, name, words = run.failed("treasury", "burn", "dealer-one", "200.000001", "XUS")
    assert (code, name) == (5, "failed_on_chain")
    assert "waiting: 200.000000 XUS, 0.500000 XUS" in words
    code, _, words = run.failed("treasury", "cancel-burn", "dealer-one", "1", "XUS")
    assert code == 5
    assert "waiting: 200.000000 XUS, 0.500000 XUS" in words
    assert moved(at, run.money()) == {}
    run.good("treasury", "burn", "dealer-one", "200", "XUS")
    after = run.money()
    assert moved(at, after) == {"supply": -200 * ONE, "preburn": -200 * ONE, "released": 200 * ONE}
    assert after.preburn == ONE // 2
    assert after.supply == after.deposited - after.released

    frozen = run.good("treasury", "freeze", "dealer-one")
    assert (frozen["name"], frozen["is_frozen"], frozen["fee"]) == ("dealer-one", True, 0)
    code, name, words = run.failed("treasury", "mint", "dealer-one", "1", "XUS")
    assert (code, name) == (9, "account_frozen")
    assert "mithqal treasury unfreeze dealer-one" in words
    assert run.failed("treasury", "cancel-burn", "dealer-one", "0.5", "XUS")[:2] == (9, "account_frozen")
    assert run.failed("dealer", "preburn", "1", "XUS")[:2] == (9, "sending_account_frozen")
    assert moved(after, run.money()) == {}
    assert run.good("treasury", "unfreeze", "dealer-one")["is_frozen"] is False
    run.good("treasury", "mint", "dealer-one", "1", "XUS")
    assert moved(after, run.money()) == {"supply": ONE, "deposited": ONE, "dealer": ONE}


@pytest.mark.network
def test_refusals_of_the_operators_commands(operator: Operator) -> None:
    """'unknown dealer, amount rule, switched-off minting, ... each with its exit code'; no coin moves."""
    run, start = operator, operator.money()
    for command in (("treasury", "mint", "nobody"), ("treasury", "burn", "nobody"), ("dealer", "preburn")):
        assert run.failed(*command, "-5", "XUS")[:2] == (2, "bad_amount")
        assert run.failed(*command, "0.0000001", "XUS")[:2] == (2, "bad_amount")
    assert run.failed("treasury", "mint", "nobody", "5", "XUS")[:2] == (6, "unknown_account")
    assert run.failed("treasury", "freeze", "nobody")[:2] == (6, "unknown_account")
    code, name, words = run.failed("treasury", "mint", "dealer-one", "5", "../treasury")
    assert (code, name) == (6, "unknown_currency")
    assert "XUS, XDX, XEU, XJP, XGB, XSG" in words
    code, name, words = run.failed("treasury", "mint", "us-wallet", "5", "XUS")
    assert (code, name) == (5, "failed_on_chain")
    assert "us-wallet is a parent vasp; dealers: dealer-one" in words
    code, name, words = run.failed("treasury", "mint", "dealer-one", "5", "XDX")
    assert (code, name) == (5, "failed_on_chain")
    assert "never minted" in words
    code, name, words = run.failed("treasury", "freeze", "treasury")
    assert (code, name) == (5, "failed_on_chain")
    assert "ECANNOT_FREEZE_TC" in words
    code, name, words = run.failed("treasury", "freeze", "ab" * 16)
    assert (code, name) == (5, "failed_on_chain")
    assert "no account at abababababababababababababababab" in words
    code, name, words = run.failed("dealer", "preburn", "99999999", "XUS")
    assert (code, name) == (5, "failed_on_chain")
    assert f"dealer-one holds {start.dealer // ONE}." in words
    code, name, words = run.failed("dealer", "preburn", "1", "XUS", "--dealer", "us-wallet")
    assert (code, name) == (5, "failed_on_chain")
    assert "us-wallet is a parent vasp; dealers: dealer-one" in words
    assert moved(start, run.money()) == {"fees": 2 * FEE, "dealer": -FEE}


@pytest.mark.network
def test_a_mint_with_an_id_is_made_once(operator: Operator) -> None:
    """'`--id KEY` makes a repeat harmless'; another mint under the same id is refused."""
    run, start = operator, operator.money()
    first = run.good("treasury", "mint", "dealer-one", "7", "XUS", "--id", "march")
    again = run.good("treasury", "mint", "dealer-one", "7", "XUS", "--id", "march")
    assert (first["hash"], first["version"], first["receipt"]) == (again["hash"], again["version"], again["receipt"])
    assert moved(start, run.money()) == {"supply": 7 * ONE, "deposited": 7 * ONE, "dealer": 7 * ONE}
    assert run.failed("treasury", "mint", "dealer-one", "8", "XUS", "--id", "march")[:2] == (2, "id_used")
    assert run.good("treasury", "mint", "dealer-one", "7", "XUS")["receipt"]["id"] != first["receipt"]["id"]


@pytest.mark.network
def test_without_the_treasurys_key(operator: Operator, tmp_path: Path) -> None:
    """'not the treasury's key in this directory': missing (6), another (4, the chain's), open to others (2)."""
    path = operator.directory / "keys" / "treasury.json"
    kept = tmp_path / "treasury.json"
    path.rename(kept)
    try:
        assert operator.failed("treasury", "freeze", "us-wallet")[:2] == (6, "key_file_missing")
        path.write_bytes((operator.directory / "keys" / "association.json").read_bytes())
        path.chmod(0o600)
        code, name, words = operator.failed("treasury", "mint", "dealer-one", "1", "XUS")
        assert (code, name) == (4, "invalid_auth_key")
        assert str(path) in words
        path.chmod(0o644)
        assert operator.failed("treasury", "rates")[:2] == (2, "key_file_permissions")
    finally:
        kept.replace(path)
    operator.good("treasury", "freeze", "us-wallet")
    operator.good("treasury", "unfreeze", "us-wallet")


@pytest.mark.network
def test_rates_of_a_day_go_on_chain(operator: Operator) -> None:
    """'publishes economy.basket.xdx_rates of the real ECB day on chain': each code that the chain knows, exact."""
    done = operator.good("treasury", "rates", "--date", "2019-06-22")
    day = load_day(None)
    assert (done["date"], done["package_version"]) == ("2019-06-21", day.package_version)
    client = RpcClient(load_network(operator.directory).endpoints())
    on_chain = {item["code"]: item["rate_fixed_point32"] for item in client.call("get_currencies")}
    on_chain |= {item["currency"]: item["rate_fixed_point32"] for item in client.call("get_rates")}
    client.close()
    wanted = {item.code: item for item in xdx_rates(load_day(day.date.replace(2019, 6, 21)))}
    published = {item["code"]: (item["numerator"], item["denominator"]) for item in done["rates"]}
    assert {"XUS", "XEU", "XJP", "XGB", "XSG", "INR", "BRL", "MXN", "PHP"} <= set(published)
    assert set(published) == set(on_chain) - {"XDX"} - set(done["not_quoted"])
    for code, quote in published.items():
        assert quote == (wanted[code].numerator, wanted[code].denominator)
        assert on_chain[code] == wanted[code].raw
    assert on_chain["XDX"] == 1 << 32
    assert done["unknown"] == [code for code in wanted if code not in on_chain]
    versions = [item["version"] for item in done["rates"]]
    assert versions == sorted(set(versions))
    newest = operator.good("treasury", "rates")
    assert newest["date"] == day.date.isoformat()
    assert newest["not_quoted"] == []


@pytest.mark.network
def test_rates_of_a_dark_day_are_refused(operator: Operator) -> None:
    """'unknown/dark dates are errors': before the data, after it, no date at all."""
    for date in ("1998-12-31", "2999-01-01"):
        assert operator.failed("treasury", "rates", "--date", date)[:2] == (6, "rate_date_out_of_range")
    assert operator.failed("treasury", "rates", "--date", "2019-02-30")[:2] == (2, "usage")
    old = operator.good("treasury", "rates", "--date", "1999-01-04")
    assert "INR" in old["not_quoted"]
    assert "INR" not in [item["code"] for item in old["rates"]]


@pytest.mark.network
def test_the_limit_can_be_set(operator: Operator) -> None:
    """The dual-attestation limit in micro-XDX, as the ledger then tells it."""
    operator.good("treasury", "limit", "5000001")
    client = RpcClient(load_network(operator.directory).endpoints())
    assert client.call("get_metadata")["dual_attestation_limit"] == 5_000_001
    client.close()
    operator.good("treasury", "limit", "1000000000")
    assert operator.failed("treasury", "limit", str(2**64))[:2] == (2, "usage")


# --- tx build, sign, submit, wait ---


@pytest.mark.network
def test_build_sign_submit_and_wait(operator: Operator, tmp_path: Path) -> None:
    """'build never submits or signs'; submit stores first; a repeat is harmless; wait finds what was sent elsewhere."""
    run, start = operator, operator.money()
    raw, signed = str(tmp_path / "raw.json"), str(tmp_path / "signed.json")
    payment = ("currency=XUS", "payee=us-wallet", "amount=5")
    built = run.good("tx", "build", "peer_to_peer_with_metadata", "--sender", "dealer-one", *payment, "-o", raw)
    assert built == json.loads(Path(raw).read_text())
    assert built["transaction"]["arguments"]["amount"] == 5
    assert run.failed("tx", "submit", raw)[:2] == (2, "transaction_file_malformed")
    done = run.good("tx", "sign", raw, "-o", signed)
    assert done == json.loads(Path(signed).read_text())
    assert run.good("tx", "sign", raw) == done
    assert moved(start, run.money()) == {}
    assert run.failed("tx", "wait", done["hash"])[:2] == (6, "unknown_hash")
    sent = run.good("tx", "submit", signed)
    assert sent == {"hash": done["hash"], "status": "accepted", "waiting_for": None, "version": None}
    final = run.good("tx", "submit", signed, "--wait")
    assert (final["status"], final["fee"], final["fee_currency"]) == ("executed", 600, "XUS")
    again = run.good("tx", "submit", signed)
    assert again == {"hash": done["hash"], "status": "committed", "waiting_for": None, "version": final["version"]}
    assert moved(start, run.money()) == {"fees": FEE, "dealer": -FEE - 5}
    other = Operator(tmp_path / "elsewhere")
    other.directory.mkdir()
    (other.directory / "network.json").write_bytes((run.directory / "network.json").read_bytes())
    found = other.good("tx", "wait", done["hash"])
    assert (found["version"], found["status"], found["fee"]) == (final["version"], "executed", 600)
    late = other.good("tx", "submit", signed, "--wait")
    assert (late["version"], late["hash"]) == (final["version"], done["hash"])
    assert run.failed("tx", "wait", done["hash"][:-1])[:2] == (6, "unknown_hash")
    tampered = json.loads(Path(signed).read_text())
    tampered["transaction"]["arguments"]["amount"] = 6
    Path(signed).write_text(json.dumps(tampered))
    assert run.failed("tx", "submit", signed)[:2] == (8, "transaction_file_mismatch")


@pytest.mark.network
def test_a_failed_transaction_of_a_file_says_why(operator: Operator, tmp_path: Path) -> None:
    """Executed and failed on chain is 5 for submit and wait; a parked one says what it waits for."""
    run = operator
    raw, signed = str(tmp_path / "raw.json"), str(tmp_path / "signed.json")

    def made(*arguments: str) -> str:
        run.good("tx", "build", *arguments, "-o", raw)
        found: str = run.good("tx", "sign", raw, "-o", signed)["hash"]
        return found

    tx_hash = made("preburn", "--sender", "dealer-one", "currency=XUS", f"amount={2**64 - 1}")
    assert run.failed("tx", "submit", signed, "--wait")[:2] == (5, "failed_on_chain")
    assert run.failed("tx", "wait", tx_hash)[:2] == (5, "failed_on_chain")

    made("update_minting_ability", "--sender", "treasury", "currency=XSG", "allow_minting=false")
    run.good("tx", "submit", signed, "--wait")
    code, name, words = run.failed("treasury", "mint", "dealer-one", "1", "XSG")
    assert (code, name) == (5, "failed_on_chain")
    assert "to switch it on: mithqal treasury minting XSG on" in words
    made("update_minting_ability", "--sender", "treasury", "currency=XSG", "allow_minting=true")
    run.good("tx", "submit", signed, "--wait")
    run.good("treasury", "mint", "dealer-one", "1", "XSG")

    number = run.good("account", "show", "us-wallet")["sequence_number"]
    freeze = ("freeze_account", "--sender", "us-wallet", "to_freeze_account=dealer-one")
    tx_hash = made(*freeze, "--sequence-number", str(number + 1), "--expires-in", "3")
    parked = run.good("tx", "submit", signed)
    assert parked == {"hash": tx_hash, "status": "parked", "waiting_for": number, "version": None}
    made(*freeze, "--sequence-number", str(number + 200))
    assert run.failed("tx", "submit", signed)[:2] == (4, "too_many_for_account")
    made(*freeze, "--sequence-number", "0")
    assert run.failed("tx", "submit", signed)[:2] == (4, "sequence_number_too_old")
    run.good("tx", "build", *freeze, "--sequence-number", "0", "-o", raw)
    run.good("tx", "sign", raw, "-o", signed, "--key", str(run.directory / "keys" / "treasury.json"))
    assert run.failed("tx", "submit", signed)[:2] == (4, "invalid_auth_key")
