"""The commands that look at a network, on a ledger in memory: both outputs, every exit code, options."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner

import cli.viewing
from chain.accounts import ASSOCIATION, event_key
from chain.crypto.signing import Scheme
from chain.primitives import Address
from cli.exits import BY_NAME, MEANINGS
from cli.main import root
from node.client.wallets.wallet import Entry
from node.view.explorer import block_by, explore, search_page, transaction_by
from node.view.layout import Page
from node.view.pages.account import account_page
from node.view.pages.block import block_page, blocks_page
from node.view.pages.currency import currencies_page
from node.view.pages.event import events_page
from node.view.pages.meaning import meaning_page
from node.view.pages.network import epoch_page, mempool_page, validators_page
from node.view.pages.transaction import transaction_page, transactions_page
from node.view.source import account_listing, newest_transactions
from tests.builders import ONE, TC
from tests.views import ALICE, BOOK, BRUNO, Story, peopled, text

SENT = event_key(1, ALICE.address).hex()
RECEIVED = event_key(0, ALICE.address).hex()


@pytest.fixture(scope="module")
def story() -> Story:
    """Two payments, a failed one and a freeze: 14 blocks, version 28."""
    made = peopled()
    made.pay(ALICE, BRUNO, 25 * ONE)
    made.pay(ALICE, BRUNO, 500 * ONE)
    made.pay(BRUNO, ALICE, ONE)
    made.do(TC, "freeze_account", 0, BRUNO.address)
    return made


@pytest.fixture(autouse=True)
def opened(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command opens the story's ledger."""
    entries = [Entry(name, Address(bytes.fromhex(address)), Scheme.ED25519) for address, name in BOOK.items()]
    wallet = SimpleNamespace(client=story.source, entries=lambda: entries)
    monkeypatch.setattr(
        cli.viewing,
        "load_network",
        lambda _: SimpleNamespace(waypoint=story.ledger.waypoint(), directory=Path("nowhere"), members=[]),
    )
    monkeypatch.setattr(cli.viewing, "Wallet", lambda _: wallet)


def call(*arguments: str) -> Any:
    """Run a command."""
    return CliRunner().invoke(root, list(arguments), standalone_mode=False)


def pages(story: Story) -> dict[str, Page]:
    """What each command must show."""
    source, names, view = story.source, story.names, story.view
    alice = source.call("get_account", ALICE.address.hex())
    listed = newest_transactions(source, 20)
    everything = newest_transactions(source, 3, before=10, wanted=lambda _: True)
    own = account_listing(source, alice, 2)
    paid = transaction_by(source, "22")
    hers = "mithqal tx list --account alice@us-wallet"
    return {
        "explorer": explore(view, None, 10),
        "explorer --limit 1": explore(view, None, 1),
        "explorer 22": explore(view, "22", 10),
        "explorer b11": explore(view, "b11", 10),
        "explorer block 11": explore(view, "b11", 10),
        "explorer block:11": explore(view, "b11", 10),
        "explorer alice@us-wallet --limit 1": explore(view, "alice@us-wallet", 1),
        "explorer xus": explore(view, "XUS", 10),
        "explorer validator-1": explore(view, "validator-1", 10),
        "search 11": search_page(view, "11"),
        "search wallet": search_page(view, "wallet"),
        "tx show 22": transaction_page(source, names, transaction_by(source, "22")),
        f"tx show {paid['hash']}": transaction_page(source, names, paid),
        "tx list": transactions_page(source, names, listed, "Transactions", "mithqal tx list"),
        "tx list --all --limit 3 --before 10": transactions_page(
            source, names, everything, "Transactions", "mithqal tx list --all"
        ),
        "tx list --account alice@us-wallet --limit 2": transactions_page(source, names, own, "Transactions", hers),
        "tx list --account alice@us-wallet --limit 2 --before 24": transactions_page(
            source, names, account_listing(source, alice, 2, 24), "Transactions", hers
        ),
        "block list": blocks_page(source, names, 10, None),
        "block list --limit 2 --before 5": blocks_page(source, names, 2, 5),
        "block show 11": block_page(source, names, block_by(source, "11"), 20),
        "block show latest": block_page(source, names, block_by(source, "14"), 20),
        "account show alice@us-wallet": account_page(source, names, alice, 10),
        f"account show {ALICE.address.hex()} --limit 1": account_page(source, names, alice, 1),
        f"event list {SENT}": events_page(source, names, [SENT], 20),
        f"event list {SENT} --limit 1 --before 1": events_page(source, names, [SENT], 1, 1),
        "event list --account alice@us-wallet": events_page(source, names, [SENT, RECEIVED], 20),
        "event list --account alice@us-wallet --type received": events_page(source, names, [RECEIVED], 20),
        "event list --account association --type freeze": events_page(
            source, names, [event_key(15, ASSOCIATION).hex()], 20
        ),
        "validator list": validators_page(source, 256),
        "validator list --limit 1": validators_page(source, 1),
        "epoch show": epoch_page(source, story.ledger.waypoint()),
        "currency list": currencies_page(source, 64),
        "currency list --limit 1": currencies_page(source, 1),
        "mempool list": mempool_page(source, names, 100),
        "explain 1288": meaning_page("1288", None, BY_NAME, MEANINGS),
        "explain 6 --module Roles": meaning_page("6", "Roles", BY_NAME, MEANINGS),
    }  # fmt: skip


def test_each_command_prints_its_page_and_its_document(story: Story) -> None:
    """Plain text into a pipe, one JSON document with --json; nothing on stderr."""
    for command, page in pages(story).items():
        words = call(*command.split())
        assert (words.return_value, words.stderr) == (0, ""), command
        document = call(*command.split(), "--json")
        assert (document.return_value, document.stderr) == (0, ""), command
        shown = json.loads(document.stdout)
        if not is_proved(command):
            assert (words.stdout, shown) == (text(page), page.document), command
            continue
        body, _, note = words.stdout.rpartition("\n\n")
        assert body + "\n" == text(page), command
        assert note.startswith(f"verified against waypoint {story.ledger.waypoint()}, signed by 3 of 4 validators ")
        verified = shown.pop("verified")
        assert shown == page.document, command
        assert (verified["waypoint"], verified["version"]) == (story.ledger.waypoint(), 28)
        assert (len(verified["signers"]), verified["validators"], verified["quorum"]) == (3, 4, 3)


def is_proved(command: str) -> bool:
    """Whether a command verifies by itself."""
    return command.startswith(("account show", "tx show")) or (
        command.startswith("explorer ") and not command.startswith("explorer --")
    )


def test_a_validator_is_trusted_only_if_that_is_said(story: Story) -> None:
    """--trust-node switches verification off, is never the default, and the answer says so."""
    for command, page in pages(story).items():
        if is_proved(command):
            words = call(*command.split(), "--trust-node")
            note = "not verified: the validator that answered was trusted (--trust-node)"
            assert words.stdout == text(page) + f"\n{note}\n"
            document = json.loads(call(*command.split(), "--trust-node", "--json").stdout)
            assert document == {**page.document, "trusted": True}


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("explorer nothing", "unknown_id"),
        ("explorer 29", "unknown_id"),
        ("explorer block:99", "unknown_id"),
        ("explorer block", "unknown_id"),
        ("search nothing-at-all", "unknown_id"),
        ("tx show 29", "unknown_transaction"),
        ("tx show " + "ab" * 32, "unknown_transaction"),
        ("tx list --account nobody", "unknown_account"),
        ("block show 15", "unknown_block"),
        ("block show " + "ab" * 32, "unknown_block"),
        ("account show nobody", "unknown_account"),
        ("account show " + "ab" * 16, "unknown_account"),
        ("event list abc", "unknown_stream"),
        ("event list --account nobody", "unknown_account"),
        ("event list --account alice@us-wallet --type mint", "unknown_stream"),
        ("explain 99999", "unknown_code"),
        ("explain nonsense", "unknown_code"),
    ],
)
def test_what_is_unknown_exits_with_6(command: str, name: str) -> None:
    """Unknown: exit 6; with --json stdout is empty and stderr holds only the error."""
    outcome = call(*command.split())
    assert (outcome.return_value, outcome.stdout) == (6, "")
    assert outcome.stderr.endswith(f"({name})\n")
    outcome = call(*command.split(), "--json")
    assert (outcome.return_value, outcome.stdout) == (6, "")
    error = json.loads(outcome.stderr)["error"]
    assert (error["name"], error["exit"]) == (name, 6)


def test_an_unknown_id_says_what_was_tried() -> None:
    """Exit 6 with what was tried."""
    error = json.loads(call("explorer", "nothing", "--json").stderr)["error"]
    assert error["details"]["tried"][0] == "version"
    assert len(error["details"]["tried"]) == 10


@pytest.mark.parametrize(
    "command",
    [
        "event list",
        f"event list {SENT} --account alice@us-wallet",
        f"event list {SENT} --type sent",
        "event list --account alice@us-wallet --type nonsense",
        "event list --account alice@us-wallet --before 5",
        "tx list --limit 0",
        "tx list --limit 1001",
        "tx list --before -1",
        "block list --limit x",
        "block show",
        "tx show",
        "search",
        "explain",
        "explain 1288 --module Nowhere",
        "explain --jason 1288",
        "epoch",
    ],
)
def test_usage_errors(command: str) -> None:
    """What the option parser refuses is a usage error (exit 2)."""
    assert isinstance(call(*command.split()).exception, click.UsageError)


def on_terminal(arguments: list[str], **environment: str) -> str:
    """What a command writes to a terminal."""
    reader, writer = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM", "COLUMNS", "LINES")}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments], stdout=writer, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env={**kept, "COLUMNS": "60", **environment},
    )  # fmt: skip
    os.close(writer)
    found = b""
    while True:
        try:
            data = os.read(reader, 65_536)
        except OSError:  # the other side is closed
            break
        if not data:
            break
        found += data
    os.close(reader)
    process.communicate(timeout=60)
    assert process.returncode == 0
    return found.decode().replace("\r\n", "\n")


def test_a_terminal_gets_style_and_folded_lines_and_others_get_plain_text() -> None:
    """rich only on a terminal; NO_COLOR, pipes and TERM=dumb get plain text."""
    plain = text(meaning_page("1288", None, BY_NAME, MEANINGS))
    assert on_terminal(["explain", "1288"], TERM="xterm", NO_COLOR="1") == plain
    assert on_terminal(["explain", "1288"], TERM="dumb") == plain
    assert on_terminal(["explain", "1288"]) == plain
    styled = on_terminal(["explain", "1288"], TERM="xterm")
    assert styled.startswith("\x1b[1m1288 is DiemAccount::EINSUFFICIENT_BALANCE (LIMIT_EXCEEDED)")
    assert on_terminal(["explain", "1288"], TERM="xterm", NO_COLOR="") == styled
    bare = "".join(styled.split("\x1b[1m")[1:]).replace("\x1b[0m", "").replace("\x1b[2m", "")
    assert bare.split() == plain.split()
    assert max(len(line) for line in bare.splitlines()[1:]) <= 60
    document = json.loads(on_terminal(["explain", "1288", "--json"], TERM="xterm"))
    assert document["code"] == 1288


def test_rich_is_loaded_for_a_terminal_only() -> None:
    """rich is imported lazily: a command whose output is piped never pays for it."""
    program = (
        "import sys; from cli.main import root\n"
        "root.main(['explain', '1288'], standalone_mode=False)\n"
        "sys.exit('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command",
    ["explorer", "explorer 1", "search x", "tx list", "block list", "block show 1", "event list --account a",
     "validator list", "epoch show", "currency list", "mempool list"],
)  # fmt: skip
def test_without_a_network_exits_with_3(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 3: there is no network, and the error says how to start one."""
    monkeypatch.undo()
    outcome = call(*command.split(), "--network", str(tmp_path), "--json")
    assert (outcome.return_value, outcome.stdout) == (3, "")
    assert json.loads(outcome.stderr)["error"]["name"] == "network_missing"


def test_an_address_is_called_by_the_first_of_its_names(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address book may name an address twice: either name finds it."""
    entries = [Entry(name, ALICE.address, Scheme.ED25519) for name in ("al", "alice")]
    wallet = SimpleNamespace(client=story.source, entries=lambda: entries)
    monkeypatch.setattr(cli.viewing, "Wallet", lambda _: wallet)
    shown = [call("explorer", name).stdout.splitlines()[0] for name in ("al", "alice", ALICE.address.hex())]
    assert shown == ["Account al"] * 3
