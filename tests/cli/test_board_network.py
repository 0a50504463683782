"""A 2-of-3 association of three schemes governs a live network from the command line, and proofs of all its epochs.

The issue: "2-of-3 association signing by three key files of three schemes changes the validator set from the command
line"; "then `proof verify` works from the *genesis* waypoint across all those epochs".
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chain.accounts import TREASURY
from chain.storage import Column, WriteBatch
from cli.main import root
from node.client.network import load_network
from node.client.operations.txfile import SIGNED
from node.keystore import load_key
from node.localnet.supervisor import Supervisor
from node.storage.sqlite import SqliteStore
from tests.accusations import Liar
from tests.cli.test_evidence_commands import until

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(360)]

SCHEMES = {"one": "ed25519", "two": "secp256k1", "three": "p256"}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Four validators, stopped at the end whatever happens."""
    directory = tmp_path_factory.mktemp("board") / "network"
    try:
        good(directory, "localnet", "up", "--detach")
        yield directory
    finally:
        if (directory / "network.json").exists():
            Supervisor(directory).down()


def call(network: Path | None, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr; what needs neither network nor directory needs no process of its own."""
    words = [*arguments, *(() if network is None else ("--network", str(network))), "--json"]
    if arguments[:2] in (("governance", "sign"), ("proof", "verify")):
        ran = CliRunner().invoke(root, words, standalone_mode=False)
        return int(str(ran.return_value)), ran.stdout, ran.stderr
    done = subprocess.run(
        [sys.executable, "-m", "cli", *words], capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def good(network: Path | None, *arguments: str) -> Any:
    code, out, error = call(network, *arguments)
    assert code == 0, (arguments, error)
    return json.loads(out)


def failed(network: Path | None, *arguments: str) -> tuple[int, str]:
    code, out, text = call(network, *arguments)
    assert out == "", arguments
    error = json.loads(text)["error"]
    assert error["exit"] == code
    return code, error["name"]


def members(network: Path) -> set[str]:
    rows = good(network, "validator", "list")["validators"]
    return {row["name"] for row in rows if row["state"] == "member"}


def set_up_board(network: Path) -> dict[str, Path]:
    """The association becomes 2-of-3; the holders take their key files away. Gives where they are."""
    for name, scheme in SCHEMES.items():
        good(network, "keys", "new", f"h-{name}", "--scheme", scheme)
    good(network, "keys", "new-multi", "board", "--threshold", "2", *(f"h-{name}" for name in SCHEMES))
    done = good(network, "account", "rotate-key", "association", "--multi", "board")
    assert done["scheme"] == "mixed_multi"
    away = network.parent / "holders"
    away.mkdir(mode=0o700)
    return {
        name: (network / "keys" / "accounts" / f"h-{name}.json").rename(away / f"{name}.json") for name in SCHEMES
    }  # fmt: skip


def decide(network: Path, file: Path, keys: tuple[Path, Path]) -> Any:
    """Sign a proposal by two holders, one after the other, and submit it; one signature is refused before."""
    good(None, "governance", "sign", str(file), "--key", str(keys[0]))
    assert failed(network, "governance", "submit", str(file)) == (4, "signatures_missing")
    signed = good(None, "governance", "sign", str(file), "--key", str(keys[1]))
    assert signed["kind"] == SIGNED
    return good(network, "governance", "submit", str(file))


def pay(network: Path) -> int:
    return int(good(network, "pay", "us-wallet", "gb-wallet", "0.000001", "XUS")["version"])


def _remove_by_hand(network: Path, holders: dict[str, Path]) -> None:
    """`governance propose FUNCTION`: two of three, of two schemes; payments go on."""
    file = network.parent / "remove.json"
    arguments = ("remove_validator_and_reconfigure", "validator_name=validator-3", "-o", str(file))
    proposal = good(network, "governance", "propose", *arguments)
    assert [signer["threshold"] for signer in proposal["signers"]] == [2]
    assert failed(network, "governance", "submit", str(file)) == (4, "signatures_missing")
    assert members(network) == {f"validator-{number}" for number in range(4)}
    decide(network, file, (holders["three"], holders["one"]))
    pay(network)
    assert members(network) == {"validator-0", "validator-1", "validator-2"}


def _commands_without_the_holders_keys(network: Path) -> None:
    """What executes at once cannot be signed here: it is refused, and nothing changes."""
    for arguments in (("validator", "remove", "validator-2"), ("governance", "halt")):
        code, name = failed(network, *arguments)
        assert (code, name) == (6, "not_enough_keys")
    assert members(network) == {"validator-0", "validator-1", "validator-2"}


def _commands_that_propose(network: Path, holders: dict[str, Path]) -> None:
    """`--propose FILE` of each command that decides: the same call, for the holders to sign."""
    two_three = (holders["two"], holders["three"])
    back = network.parent / "back.json"
    document = good(network, "validator", "add", "validator-3", "--propose", str(back))
    assert document["transaction"]["function"] == "add_validator_and_reconfigure"
    assert document["transaction"]["arguments"]["validator_name"] == "validator-3"
    decide(network, back, two_three)
    pay(network)
    assert members(network) == {f"validator-{number}" for number in range(4)}


def _a_new_validator_by_proposals(network: Path, holders: dict[str, Path]) -> None:
    """Its owner's account, its operator's, its membership: one decision after the other, the same command each time."""
    keys = (holders["one"], holders["three"])
    functions: list[str] = []
    while "validator-4" not in members(network):
        file = network.parent / f"add-{len(functions)}.json"
        document = good(network, "validator", "add", "validator-4", "--propose", str(file))
        functions.append(document["transaction"]["function"])
        decide(network, file, keys)
    assert functions == [
        "create_validator_account", "create_validator_operator_account", "add_validator_and_reconfigure",
    ]  # fmt: skip
    assert failed(network, "validator", "add", "validator-4", "--propose", str(network.parent / "x.json")) == (
        2, "already_a_member",
    )  # fmt: skip
    before = good(network, "validator", "list")["validators"][0]["consensus_key"]
    file = network.parent / "key.json"
    document = good(network, "validator", "rotate-key", "validator-0", "--propose", str(file))
    assert document["transaction"]["function"] == "set_validator_config_and_reconfigure"
    operator = network / "validator-0" / "keys" / "operator.json"
    assert good(None, "governance", "sign", str(file), "--key", str(operator))["kind"] == SIGNED
    good(network, "governance", "submit", str(file))
    pay(network)
    after = good(network, "validator", "list")["validators"][0]["consensus_key"]
    assert after != before


def _a_liar_is_removed(network: Path, holders: dict[str, Path]) -> None:
    """Evidence against the key that validator-0 had before its rotation: anybody submits it, and the board decides by
    `validator remove --evidence PIECE --propose FILE`. Its new key is not accused, and it comes back under it."""
    liar = Liar(load_key(network / "validator-0" / "keys" / "consensus.json"), load_network(network).genesis_hash, 0)
    rows = good(network, "validator", "list")["validators"]
    assert rows[0]["consensus_key"] != liar.signer.public_key.hex()
    good(network, "localnet", "kill", "validator-1")
    store = SqliteStore(network / "validator-1" / "data" / "ledger.sqlite", load_network(network).genesis_hash)
    store.write(WriteBatch(rows=[(Column.EVIDENCE, 0, liar.double_vote().to_bytes())]))
    store.close()
    good(network, "localnet", "restart", "validator-1")
    assert until(lambda: len(good(network, "evidence", "list")["evidence"]), 1) == 1
    (piece,) = good(network, "evidence", "list")["evidence"]
    assert (piece["id"], piece["validator"]["name"]) == ("double-vote-v0-e1-r3", "validator-0")
    file = network.parent / "liar.json"
    remove = ("validator", "remove", "--evidence", piece["id"], "--propose", str(file))
    assert failed(network, *remove) == (2, "not_accused")
    assert failed(network, "evidence", "submit", piece["id"], "--as", "association") == (6, "not_enough_keys")
    done = good(network, "evidence", "submit", piece["id"], "--as", "gb-wallet")
    assert done["validator"] == "validator-0"
    events = good(network, "tx", "show", str(done["version"]))["events"]
    told = [event["data"] for event in events if event["data"]["type"] == "validatoraccused"]
    assert [(one["validator"], one["consensus_key"], one["epoch"]) for one in told] == [
        (0, liar.signer.public_key.hex(), 1)
    ]
    document = good(network, *remove)
    assert document["transaction"]["function"] == "remove_validator_and_reconfigure"
    assert document["transaction"]["arguments"]["validator_name"] == "validator-0"
    decide(network, file, (holders["one"], holders["two"]))
    pay(network)
    row = good(network, "validator", "list")["validators"][0]
    assert (row["state"], row["is_accused"]) == ("registered", False)
    assert [mark["kind"] for mark in row["accusations"]] == ["double_vote"]


def _proofs_of_every_kind(network: Path) -> dict[str, Path]:
    """Fetched while the network lives, of versions and states in several epochs."""
    last = pay(network)
    files = {}
    payment = good(network, "tx", "show", str(last))
    stream = next(event["key"] for event in payment["events"] if event["data"]["type"] == "sentpayment")
    for kind, words in {
        "first": ("transaction", "1"), "transaction": ("transaction", str(last)), "range": ("range", "3", "9"),
        "over": ("range", str(last - 40), str(last)), "event": ("event", str(last), "0"), "stream": ("stream", stream),
        "account": ("account", "us-wallet"), "before": ("account", "us-wallet", "--at", str(last - 1)),
        "nobody": ("account", "ab" * 16), "record": ("record", "currency:XUS"), "config": ("record", "config"),
        "consistency": ("consistency", "1", str(last)), "newest": ("consistency", "0"), "epochs": ("epochs",),
        "treasury": ("account", TREASURY.hex()),
    }.items():  # fmt: skip
        files[kind] = network.parent / f"{kind}.proof"
        good(network, "proof", "get", *words, "-o", str(files[kind]))
    return files


def _verified_without_any_network(network: Path, files: dict[str, Path]) -> None:
    """Every process is down, and the client has nothing but the file and the genesis waypoint."""
    waypoint = load_network(network).waypoint
    assert waypoint.startswith("0:")
    Supervisor(network).down()
    nowhere = network.parent / "nowhere"
    for kind, file in files.items():
        found = good(nowhere, "proof", "verify", str(file), "--waypoint", waypoint)
        assert found["waypoint"] == waypoint, kind
        assert kind == "epochs" or found["ledger"]["epoch"] >= 5, kind
        other = waypoint[:-1] + ("0" if waypoint[-1] != "0" else "1")
        assert failed(nowhere, "proof", "verify", str(file), "--waypoint", other) == (8, "bad_proof"), kind
    for name in (f"validator-{number}" for number in range(5)):
        assert good(None, "node", "verify-ledger", str(network / name))["epoch"] >= 5, name


def test_a_board_of_three_schemes_governs(network: Path) -> None:
    """One network, one step after the other: each begins where the one before ended."""
    holders = set_up_board(network)
    _remove_by_hand(network, holders)
    _commands_without_the_holders_keys(network)
    _commands_that_propose(network, holders)
    _a_new_validator_by_proposals(network, holders)
    _a_liar_is_removed(network, holders)
    files = _proofs_of_every_kind(network)
    _verified_without_any_network(network, files)
