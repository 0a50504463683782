"""What a real process refuses: exit code, rule and sentence, for each line of the issue under "Bad input"."""

import json
import re
import shutil
import socket
import sqlite3
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chain.genesis import genesis_hash
from cli.exits import BY_NAME as COMMAND_LINE
from node.client.network import Network
from node.config import ConfigError, load_config
from node.localnet.build import build_network
from node.runtime import exits
from node.runtime.process import open_identity
from node.storage.sqlite import FORMAT, SqliteStore
from tests.node.runtime.processes import ROOT, refused, running, sentence

pytestmark = pytest.mark.network


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Two validators' directories."""
    return build_network(tmp_path, 2, seed=3)


def edit(path: Path, **changes: Any) -> None:
    """Change values of a JSON file; None removes."""
    document = json.loads(path.read_text())
    document.update(changes)
    path.write_text(json.dumps({key: value for key, value in document.items() if value is not None}))


def test_one_table_of_exit_codes() -> None:
    """ "Unify exit codes of the process with the table of design.md": each rule has one code, whoever ends with it."""
    assert {name: COMMAND_LINE.get(name) for name in exits.BY_NAME} == exits.BY_NAME
    assert set(exits.BY_NAME.values()) == {1, 2, 3, 6, 8}


def test_the_operators_table_is_that_of_the_process() -> None:
    """docs/operations.md, "How a process ends": each rule under its code, and none left out but names of families."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text[text.index("## How a process ends") : text.index("### A full disk")]
    rows = [line.split("|")[1:3] for line in table.splitlines() if re.match(r"\| \d", line)]
    found = {name: int(code) for code, names in rows for name in re.findall("`([a-z_]+)`", names)}
    assert found == {name: exits.BY_NAME[name] for name in found}
    families = {"storage", "bad_config", "key_file", "bad_private_key", "duplicate_network_key", "record_too_large"}
    assert exits.BY_NAME.keys() - found.keys() == families


@pytest.mark.parametrize(
    ("harm", "code", "name", "words"),
    [
        (lambda v: (v / "node.json").unlink(), 2, "config_missing", "there is no "),
        (lambda v: (v / "node.json").write_text("{"), 2, "config_unreadable", "is not JSON"),
        (lambda v: (v / "node.json").write_bytes(b"\xff\xfe"), 2, "config_unreadable", "cannot be read"),
        (lambda v: (v / "node.json").write_text("[]"), 2, "wrong_type", "must hold an object"),
        (lambda v: edit(v / "node.json", indx=1), 2, "unknown_key", "unknown key 'indx'"),
        (lambda v: edit(v / "node.json", rpc=None), 2, "missing_key", "'rpc' is missing"),
        (lambda v: edit(v / "node.json", rpc=["0.0.0.0", 9000]), 2, "not_loopback", "0.0.0.0"),
        (lambda v: edit(v / "node.json", index=1), 2, "foreign_keys", "is not that of validator 1 (validator-1)"),
        (lambda v: edit(v / "node.json", endpoints=[["127.0.0.1", 9]]), 2, "wrong_endpoints", "1 endpoints"),
        (lambda v: edit(v / "node.json", genesis="no.bin"), 2, "genesis_unreadable", "no.bin cannot be read"),
        (lambda v: edit(v / "node.json", log="no/node.log"), 3, "log_unwritable", "No such file or directory"),
        (lambda v: edit(v / "node.json", data="node.json"), 3, "storage_unreadable", "node.json"),
        (lambda v: (v.parent / "genesis.bin").write_bytes(b""), 2, "malformed_genesis", "not a genesis document"),
        (lambda v: (v / "keys" / "consensus.json").chmod(0o640), 2, "key_file_permissions", "chmod 600 "),
        (lambda v: (v / "keys" / "network.json").chmod(0o604), 2, "key_file_permissions", "mode 0604"),
        (lambda v: (v / "keys").chmod(0o777), 2, "key_file_permissions", "chmod 700 "),
        (lambda v: (v / "keys" / "consensus.json").unlink(), 6, "key_file_missing", "consensus.json"),
        (lambda v: (v / "keys" / "network.json").write_text("{}"), 2, "key_file_malformed", "network.json"),
    ],
)  # fmt: skip
def test_a_directory_that_cannot_be_used(
    network: Network, harm: Callable[[Path], object], code: int, name: str, words: str
) -> None:
    """Missing or corrupt node.json, genesis and keys, open permissions: one sentence, its rule, its code."""
    directory = network.members[0].directory
    assert (network.directory / "genesis.bin").exists()
    harm(directory)
    found, rule, text = sentence(directory)
    assert (found, rule) == (code, name)
    assert words in text
    assert not (directory / "data").exists(), "nothing is made before the identity is known to be right"


def test_a_validator_given_another_validators_keys(network: Network) -> None:
    """The issue: "a validator given another validator's keys"."""
    first, second = (member.directory for member in network.members)
    for name in ("consensus.json", "network.json"):
        kept = (first / "keys" / name).read_bytes()
        shutil.copy(second / "keys" / name, first / "keys" / name)
        code, rule, text = sentence(first)
        assert (code, rule) == (2, "foreign_keys")
        assert text.startswith(f"the {name.split('.')[0]} key ")
        assert "of validator 0 (validator-0)" in text
        (first / "keys" / name).write_bytes(kept)


def test_the_secret_is_never_said(network: Network) -> None:
    """Whatever is wrong with a key file, its secret is in no output and no log."""
    directory = network.members[0].directory
    path = directory / "keys" / "consensus.json"
    whole = path.read_text()
    secret = json.loads(whole)["secret"]
    for text in (whole[:-5], whole.replace('"name"', '"nom"'), whole.replace(secret[:2], "zz", 1), whole + secret):
        path.write_text(text)
        code, said = refused(directory)
        assert code == 2
        assert secret[8:24] not in said + (directory / "node.log").read_text()


@pytest.mark.parametrize("which", ["rpc", "p2p"])
def test_a_port_in_use(network: Network, which: str) -> None:
    """The issue: "port in use", of clients or of validators: one sentence that names it."""
    member = network.members[0]
    endpoint = member.rpc if which == "rpc" else member.p2p
    with socket.create_server(endpoint):
        code, rule, text = sentence(member.directory)
    assert (code, rule) == (3, "port_in_use")
    assert text == f"port {endpoint[1]} on 127.0.0.1 cannot be used: Address already in use"


def test_a_second_process_on_the_same_data_directory(tmp_path: Path) -> None:
    """The issue: the second one is refused and names the first, which goes on."""
    network = build_network(tmp_path / "a", 1, seed=3)
    member = network.members[0]
    with running(member) as process:
        process.wait_for_height(1)
        other = build_network(tmp_path / "b", 1, seed=3).members[0]
        shutil.copy(tmp_path / "a" / "genesis.bin", tmp_path / "b" / "genesis.bin")
        edit(
            other.directory / "node.json", data=str(member.directory / "data"), genesis_hash=network.genesis_hash.hex()
        )
        code, rule, text = sentence(other.directory)
        assert (code, rule) == (3, "directory_in_use")
        assert f"is in use by process {process.process.pid}; two processes never share a data directory" in text
        assert sentence(member.directory)[:2] == (3, "port_in_use")
        process.wait_for_height(process.height() + 1)
        assert process.end() == 0


def test_a_data_directory_of_another_network(network: Network, tmp_path: Path) -> None:
    """The issue: "data directory of another network"."""
    member = network.members[0]
    other = build_network(tmp_path / "other", 2, seed=4)
    SqliteStore(member.directory / "data" / "ledger.sqlite", genesis_hash(other.genesis)).close()
    code, rule, text = sentence(member.directory)
    assert (code, rule) == (2, "wrong_network")
    assert other.genesis_hash.hex()[:16] in text
    assert network.genesis_hash.hex()[:16] in text


@pytest.mark.parametrize(
    ("pragma", "words"),
    [
        ("user_version=99", f"has format 99, this program reads format {FORMAT}: a newer program wrote it"),
        ("user_version=1", f"has format 1, this program reads format {FORMAT}: start with an empty directory"),
        ("application_id=7", "is a file of another program"),
    ],
)
def test_a_ledger_of_another_format(network: Network, pragma: str, words: str) -> None:
    """A format version, refused with a sentence."""
    member = network.members[0]
    path = member.directory / "data" / "ledger.sqlite"
    SqliteStore(path, network.genesis_hash).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA {pragma}")
    connection.close()
    code, rule, text = sentence(member.directory)
    assert (code, rule) == (2, "storage_format")
    assert words in text


def test_a_flipped_bit_anywhere_in_genesis(network: Network) -> None:
    """Each one is refused: as malformed, as no genesis, or as the genesis of another network."""
    config = load_config(network.members[0].directory)
    whole = config.genesis.read_bytes()
    names = set()
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= 1 << at % 8
        config.genesis.write_bytes(data)
        with pytest.raises(Exception) as caught:
            open_identity(config)
        names.add(getattr(caught.value, "name", repr(caught.value)))
    assert {"malformed_genesis", "bad_genesis", "genesis_mismatch"} <= names
    assert {name: exits.BY_NAME.get(name) for name in names} == dict.fromkeys(names, 2)
    assert sentence(config.directory)[0] == 2
    config.genesis.write_bytes(whole)
    open_identity(config)


def test_another_networks_genesis(network: Network, tmp_path: Path) -> None:
    """A whole genesis, of another network: told by its hash."""
    other = build_network(tmp_path / "other", 2, seed=4)
    shutil.copy(tmp_path / "other" / "genesis.bin", network.directory / "genesis.bin")
    code, rule, text = sentence(network.members[0].directory)
    assert (code, rule) == (2, "genesis_mismatch")
    assert other.genesis_hash.hex()[:16] in text
    edit(network.members[0].directory / "node.json", genesis_hash=None)
    with pytest.raises(ConfigError) as caught:
        open_identity(load_config(network.members[0].directory))
    assert caught.value.name == "foreign_keys"


def test_not_without_assertions(network: Network) -> None:
    """`python -O` would switch off what the protocol's safety rests on."""
    code, said = refused(network.members[0].directory, "-O", "-m", "node.runtime.process")
    assert code == 2
    assert said == "mithqal node: not under python -O: its assertions are part of the protocol's safety\n"


def test_a_stop_on_request_is_0_and_leaves_no_lock(tmp_path: Path) -> None:
    """SIGTERM and SIGINT end it; the next start finds everything; its keys are in no core dump."""
    member = build_network(tmp_path, 1, seed=3).members[0]
    for number in (15, 2):
        with running(member) as process:
            limits = Path(f"/proc/{process.process.pid}/limits")
            if limits.exists():
                (line,) = [row for row in limits.read_text().splitlines() if row.startswith("Max core file size")]
                assert line.split()[4:6] == ["0", "0"]
            assert process.end(number) == 0
            assert process.output() == ""
            assert process.has_logged("stopped")
    assert (member.directory / "data" / "ledger.sqlite").exists()


def test_strangers_on_the_validator_port(tmp_path: Path) -> None:
    """Plain TCP, a foreign certificate, silence: no frame of ours, a line in the log, and the node goes on."""
    network = build_network(tmp_path, 2, seed=3)
    member = network.members[0]
    with running(member) as process:
        with socket.create_connection(member.p2p, timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
            got = plain.recv(100)
            assert got == b"" or got[0] == 21, "at most a TLS alert"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with pytest.raises((ssl.SSLError, ConnectionError)):
            talk(context, member.p2p)
        idle = [socket.create_connection(member.p2p, timeout=10) for _ in range(70)]
        process.wait_for(lambda: {"tls", "too_many_handshakes"} <= {line["name"] for line in process.logged()})
        with socket.create_connection(member.rpc, timeout=10) as client:
            client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            text = b"".join(iter(lambda: client.recv(65_536), b"")).decode()
        (line,) = [row for row in text.splitlines() if row.startswith("mithqal_links_refused ")]
        assert float(line.split()[1]) >= 3
        assert process.height() == 0
        for connection in idle:
            connection.close()
        assert process.end() == 0
        assert process.output() == ""


def talk(context: ssl.SSLContext, endpoint: tuple[str, int]) -> None:
    """Shake hands and wait for a first frame; under TLS 1.3 a refused client first sees success."""
    with socket.create_connection(endpoint, timeout=10) as raw, context.wrap_socket(raw) as stranger:
        stranger.sendall(bytes(100))
        if stranger.recv(100) == b"":
            raise ConnectionResetError


def test_garbage_on_the_client_port_stays_out_of_the_output(tmp_path: Path) -> None:
    """What libraries say of broken requests goes into the bounded log, not to the unbounded output."""
    member = build_network(tmp_path, 2, seed=3).members[0]
    with running(member) as process:
        for _ in range(40):
            with socket.create_connection(member.rpc, timeout=10) as client:
                client.sendall(b"\x16\x03\x01 no http\r\n\r\n")
                assert client.recv(100).startswith(b"HTTP/1.1 400 ")
        assert sum(line["name"] == "library_uvicorn" for line in process.logged()) == 5
        assert process.end() == 0
        assert process.output() == ""
