"""`mithqal proof`: verification with no network at all, exit codes, both outputs; and one real network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from chain.crypto.hashing import sha3
from cli.commands.proof import proof
from node.client.proof_file import verify, write_document
from tests.builders import BOB, US
from tests.chains import Chain, small_chain
from tests.cli.test_network_commands import failed, good, mithqal

CHAIN = small_chain()
WAYPOINT = CHAIN.waypoint


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A payment's proof."""
    path = tmp_path / "p.json"
    path.write_text(text_of(CHAIN.transaction(7)))
    return path


def text_of(fact) -> str:
    return write_document(verify(CHAIN.proof(), fact, WAYPOINT), CHAIN.proof(), fact)


def run(*arguments: str, stdin: str | None = None):
    return CliRunner().invoke(proof, list(arguments), standalone_mode=False, input=stdin)


def refusal(outcome):
    """The error document; stdout is empty."""
    assert outcome.stdout == ""
    error = json.loads(outcome.stderr)["error"]
    assert error["exit"] == outcome.return_value
    return error


def test_verify_answers_with_the_claim(file, monkeypatch) -> None:
    """`--json` answers {"verified": true, "kind", "version", "waypoint", ...claim}; no network directory is needed."""
    monkeypatch.setenv("MITHQAL_NETWORK", "/nonexistent")
    outcome = run("verify", str(file), "--waypoint", WAYPOINT, "--json")
    assert outcome.return_value == 0
    document = json.loads(outcome.stdout)
    assert (document["verified"], document["kind"], document["version"]) == (True, "transaction", 7)
    assert document["waypoint"] == WAYPOINT
    assert set(document) == {"verified", "kind", "waypoint"} | set(json.loads(file.read_text())["claim"])
    assert outcome.stderr == ""


def test_verify_in_words(file) -> None:
    """People get sentences, with who signed."""
    outcome = run("verify", str(file), "--waypoint", WAYPOINT)
    assert outcome.return_value == 0
    assert f"verified from waypoint {WAYPOINT}" in outcome.stdout
    assert "signed by 3 of 4 validators" in outcome.stdout


def test_verify_reads_stdin(file) -> None:
    """A dash is stdin; absence is proved as well."""
    absent = text_of(CHAIN.account(BOB.address))
    outcome = run("verify", "-", "--waypoint", WAYPOINT, "--json", stdin=absent)
    assert outcome.return_value == 0
    assert json.loads(outcome.stdout)["exists"] is False


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (lambda text: text.replace('"amount":1500', '"amount":1501', 1), "claim"),
        (lambda text: text.replace('"gas_used"', '"gas_user"', 1), "claim"),
        (lambda text: text.replace('"kind":"transaction"', '"kind":"account"'), "kind"),
        (lambda text: text.replace('"claim"', '"claims"', 1), "fields"),
        (lambda text: text.replace("mithqal-proof-2", "mithqal-proof-1"), "format"),
        (lambda text: text[:-3], "json"),
        (lambda text: "[" + text, "json"),
        (lambda text: text + "\n", "form"),
        (lambda text: json.dumps(json.loads(text)), "form"),
        (lambda text: text_of(CHAIN.account(US.address)).replace("1500", "1600", 1), "claim"),
    ],
)
def test_whatever_is_changed_exits_with_8_and_names_the_step(file, change, step) -> None:
    """Exit 8, one error, and the failing step in message and details."""
    file.write_text(change(file.read_text()))
    error = refusal(run("verify", str(file), "--waypoint", WAYPOINT, "--json"))
    assert (error["exit"], error["name"], error["code"]) == (8, "bad_proof", None)
    assert error["details"]["step"] == step
    assert f"step {step}" in error["message"]
    words = run("verify", str(file), "--waypoint", WAYPOINT)
    assert (words.return_value, words.stdout) == (8, "")
    assert words.stderr.count("\n") == 1
    assert f"step {step}" in words.stderr


def test_a_foreign_proof_and_another_waypoint_exit_with_8(file) -> None:
    """A well-formed other waypoint: exit 8 at step `waypoint`."""
    foreign = Chain(timestamp_us=7).waypoint
    for other in (foreign, "0:" + "0" * 64, "7" + WAYPOINT[1:]):
        error = refusal(run("verify", str(file), "--waypoint", other, "--json"))
        assert (error["exit"], error["details"]["step"]) == (8, "waypoint")


@pytest.mark.parametrize("waypoint", ["", "0", "0:12", "0:" + "A" * 64, "x:" + "0" * 64, "0:" + "0" * 65])
def test_a_waypoint_that_is_none_exits_with_2(file, waypoint) -> None:
    """An unusable --waypoint is usage, whatever the file holds."""
    file.write_text("{")
    error = refusal(run("verify", str(file), "--waypoint", waypoint, "--json"))
    assert (error["exit"], error["name"]) == (2, "bad_waypoint")


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "missing.json", "--waypoint", WAYPOINT),
        ("verify", ".", "--waypoint", WAYPOINT),
        ("get", "range", "1"),
        ("get", "range", "1", "x"),
        ("get", "event", "7"),
        ("get", "record", "purse"),
        ("get", "account", "alice", "--at", "-1"),
        ("verify", "--waypoint", WAYPOINT),
        ("get", "tx"),
        ("get", "block", "1"),
        ("get",),
    ],
)
def test_a_missing_file_and_other_usage_exit_with_2(tmp_path, arguments) -> None:
    """Exit 2, nothing on stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", "proof", *arguments, "--json"],
        capture_output=True, text=True, check=False, timeout=60, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""


def test_getting_needs_a_network(tmp_path) -> None:
    """Exit 3 without one."""
    for what in (("tx", "1"), ("account", "alice")):
        assert failed("proof", "get", *what, network=tmp_path) == (3, "network_missing")


@pytest.mark.network
@pytest.mark.timeout(180)
def test_proofs_of_a_real_network(tmp_path) -> None:
    """Get from a validator, stop the network, forget its directory, verify."""
    network = tmp_path / "net"
    files = {name: tmp_path / f"{name}.json" for name in ("hash", "version", "name", "address", "absent", "treasury")}
    nobody = sha3(b"nobody").hex()[:32]
    up = good("localnet", "up", "--detach", "--validators", "4", network=network)
    waypoint = up["waypoint"]
    try:
        alice = good("account", "create", "alice", network=network)
        funded = good("account", "fund", "alice", "100", "XUS", network=network)
        which = {
            "hash": ("tx", funded["hash"]), "version": ("tx", str(funded["version"])), "name": ("account", "alice"),
            "address": ("account", alice["address"]), "absent": ("account", nobody),
            "treasury": ("account", "treasury"),
        }  # fmt: skip
        for name, path in files.items():
            document = good("proof", "get", *which[name], "-o", str(path), network=network)
            assert (document["file"], document["verified"], document["waypoint"]) == (str(path), True, waypoint)
            assert document["bytes"] == path.stat().st_size
        printed = mithqal("proof", "get", "tx", "0", network=network)
        (tmp_path / "genesis.json").write_text(printed.stdout)
        assert failed("proof", "get", "tx", "9" * 15, network=network) == (6, "unknown_transaction")
        assert failed("proof", "get", "tx", "0" * 64, network=network) == (6, "unknown_transaction")
        assert failed("proof", "get", "account", "zoe", network=network) == (6, "unknown_account")
        directory = str(tmp_path / "no" / "p.json")
        assert failed("proof", "get", "tx", "1", "-o", directory, network=network) == (2, "cannot_write")
    finally:
        good("localnet", "down", network=network)
    assert failed("proof", "get", "tx", "1", network=network) == (3, "cannot_connect")
    elsewhere = tmp_path / "elsewhere"
    claims = {}
    for name, path in {**files, "genesis": tmp_path / "genesis.json"}.items():
        claims[name] = good("proof", "verify", str(path), "--waypoint", waypoint, network=elsewhere)
        assert claims[name]["verified"] is True
    assert claims["hash"]["hash"] == claims["version"]["hash"] == funded["hash"]
    assert claims["hash"]["version"] == funded["version"]
    assert {"amount": 100_000_000, "currency": "XUS"} in claims["name"]["account"]["balances"]
    assert claims["name"]["address"] == claims["address"]["address"] == alice["address"]
    assert (claims["absent"]["exists"], claims["absent"]["address"]) == (False, nobody)
    assert claims["genesis"]["hash"] == up["genesis_hash"]
    assert len(claims["hash"]["ledger"]["signers"]) >= 3
    assert not elsewhere.exists()
    text = files["name"].read_text().replace("100000000", "900000000", 1)
    files["name"].write_text(text)
    assert failed("proof", "verify", str(files["name"]), "--waypoint", waypoint, network=elsewhere) == (8, "bad_proof")
