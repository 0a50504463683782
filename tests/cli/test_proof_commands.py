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


KINDS = {
    "transaction": ("transaction", "{version}"), "hash": ("tx", "{hash}"), "event": ("event", "{sent}", "0"),
    "by place": ("event", "{version}", "1"), "no event": ("event", "{sent}", "9"), "stream": ("stream", "{sent}"),
    "old stream": ("stream", "{sent}", "--at", "3"), "account": ("account", "alice"),
    "address": ("account", "{alice}"), "absent": ("account", "{nobody}"), "old": ("account", "alice", "--at", "3"),
    "treasury": ("account", "treasury"), "range": ("range", "3", "9"), "config": ("record", "config"),
    "currency": ("record", "currency:XUS"), "none": ("record", "currency:ZZZ"), "hex": ("record", "hex:67"),
    "consistency": ("consistency", "3", "9"), "until now": ("consistency", "5"), "epochs": ("epochs",),
}  # fmt: skip
"""Arguments of `proof get`, with places for what the network has made."""


@pytest.mark.network
@pytest.mark.timeout(240)
def test_proofs_of_a_real_network(tmp_path) -> None:
    """Get each kind from a validator, stop the network, forget its directory, verify."""
    network, elsewhere = tmp_path / "net", tmp_path / "elsewhere"
    up = good("localnet", "up", "--detach", "--validators", "4", network=network)
    waypoint = up["waypoint"]
    files = {name: tmp_path / f"{name}.json" for name in KINDS}
    try:
        alice = good("account", "create", "alice", network=network)
        good("account", "create", "bob", network=network)
        good("account", "fund", "alice", "100", "XUS", network=network)
        paid = good("pay", "alice", "bob", "3", "XUS", network=network)
        assert (paid["verified"]["waypoint"], len(paid["verified"]["signers"])) == (waypoint, 3)
        shown = good("account", "show", "alice", network=network)
        assert shown["verified"]["waypoint"] == waypoint
        made = {
            "version": paid["version"], "hash": paid["hash"], "sent": shown["sent_events_key"],
            "alice": alice["address"], "nobody": sha3(b"nobody").hex()[:32],
        }  # fmt: skip
        for name, path in files.items():
            arguments = [argument.format(**made) for argument in KINDS[name]]
            document = good("proof", "get", *arguments, "-o", str(path), network=network)
            assert (document["file"], document["verified"], document["waypoint"]) == (str(path), True, waypoint)
            assert document["bytes"] == path.stat().st_size
        printed = mithqal("proof", "get", "tx", "0", network=network)
        (tmp_path / "genesis.json").write_text(printed.stdout)
        assert good("proof", "waypoint", network=network)["waypoint"] == waypoint
        assert good("proof", "verify", str(files["range"]), network=network)["kind"] == "range"
        for refused, expected in (
            (("tx", "9" * 15), (6, "unknown_transaction")), (("tx", "0" * 64), (6, "unknown_transaction")),
            (("account", "zoe"), (6, "unknown_account")), (("event", str(made["version"]), "2"), (6, "unknown_event")),
            (("range", "3", "2"), (2, "bad_range")), (("range", "0", "9" * 9), (2, "bad_range")),
            (("account", "alice", "--at", "9" * 9), (6, "version_too_new")),
            (("consistency", "9", "3"), (6, "version_too_new")),
            (("account", "alice", "--waypoint", "0:" + "0" * 64), (8, "bad_proof")),
            (("account", "alice", "--waypoint", "3:" + "0" * 64), (8, "bad_proof")),
            (("account", "alice", "--waypoint", ""), (2, "bad_waypoint")),
            (("tx", "1", "-o", str(tmp_path / "no" / "p.json")), (2, "cannot_write")),
        ):  # fmt: skip
            assert failed("proof", "get", *refused, network=network) == expected, refused
    finally:
        good("localnet", "down", network=network)
    assert failed("proof", "get", "tx", "1", network=network) == (3, "cannot_connect")
    claims = {}
    for name, path in {**files, "genesis": tmp_path / "genesis.json"}.items():
        claims[name] = good("proof", "verify", str(path), "--waypoint", waypoint, network=elsewhere)
        assert claims[name]["verified"] is True
        assert len(claims[name]["ledger"]["signers"]) >= 3
    assert not elsewhere.exists()
    assert claims["hash"]["hash"] == claims["transaction"]["hash"] == paid["hash"]
    assert {"amount": 97_000_000 - paid["fee"], "currency": "XUS"} in claims["account"]["account"]["balances"]
    assert claims["address"]["address"] == alice["address"]
    assert (claims["absent"]["exists"], claims["old"]["exists"]) == (False, False)
    assert claims["genesis"]["hash"] == up["genesis_hash"]
    assert claims["event"]["event"]["data"]["amount"] == {"amount": 3_000_000, "currency": "XUS"}
    assert claims["by place"]["event"]["data"]["type"] == "receivedpayment"
    counts = [claims[name]["count"] for name in ("no event", "stream", "old stream")]
    assert counts == [1, 1, 0]
    assert (claims["range"]["first"], claims["range"]["last"]) == (3, 9)
    names = ("chain_id", "currencies", "dual_attestation_limit")
    config, same = claims["config"]["record"], claims["hex"]["record"]
    assert [config[name] for name in names] == [same[name] for name in names]
    assert (config["type"], config["chain_id"]) == ("config", 4)
    assert (claims["currency"]["record"]["code"], claims["none"]["exists"]) == ("XUS", False)
    assert claims["until now"]["later"]["version"] == claims["until now"]["ledger"]["version"]
    assert [row["epoch"] for row in claims["epochs"]["epochs"]] == [1]
    text = files["account"].read_text().replace('"amount":9', '"amount":8', 1)
    files["account"].write_text(text)
    broken = ("proof", "verify", str(files["account"]), "--waypoint", waypoint)
    assert failed(*broken, network=elsewhere) == (8, "bad_proof")
