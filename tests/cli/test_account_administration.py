"""`treasury domain`, `account recovery`, `account create --domain` and what `account show` says of them."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from cli.main import root
from tests.in_process import running


class Shell:
    """Types commands at one network."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, *arguments: str, as_json: bool = True) -> Result:
        flags = ["--json"] if as_json else []
        return CliRunner().invoke(root, ["--network", str(self.directory), *arguments, *flags], standalone_mode=False)

    def good(self, *arguments: str) -> dict[str, Any]:
        done = self.run(*arguments)
        assert (done.return_value, done.stderr) == (0, ""), done.exception
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def said(self, *arguments: str) -> str:
        done = self.run(*arguments, as_json=False)
        assert (done.return_value, done.stderr) == (0, ""), done.exception
        return done.stdout

    def failed(self, *arguments: str) -> dict[str, Any]:
        done = self.run(*arguments)
        assert done.stdout == ""
        error: dict[str, Any] = json.loads(done.stderr)["error"]
        assert error["exit"] == done.return_value
        return error


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shell]:
    """A network in this process, commands in others."""
    with running(tmp_path_factory.mktemp("administration") / "net") as (wallet, _):
        yield Shell(wallet.network.directory)


def test_domains(shell: Shell) -> None:
    """add, list, remove; a refusal says whose it is and exits with 5. Other tests of the file may have added more."""

    def ours() -> list[tuple[str, str]]:
        rows = shell.good("treasury", "domain", "list")["domains"]
        return [(row["domain"], row["name"]) for row in rows if row["name"] in ("us-wallet", "br-wallet")]

    assert ours() == []
    done = shell.good("treasury", "domain", "add", "us-wallet", "Us.Wallet")
    assert (done["provider"], done["domain"], done["status"]) == ("us-wallet", "Us.Wallet", "executed")
    assert shell.said("treasury", "domain", "add", "br-wallet", "br").startswith(
        "br is a domain of br-wallet, version "
    )
    assert ours() == [("br", "br-wallet"), ("Us.Wallet", "us-wallet")]
    assert ["Us.Wallet", "us-wallet"] in [
        line.split() for line in shell.said("treasury", "domain", "list").splitlines()
    ]
    error = shell.failed("treasury", "domain", "add", "br-wallet", "us.wallet")
    assert (error["exit"], error["name"], error["code"]) == (5, "failed_on_chain", 775)
    assert error["details"]["reason"] == "EVASP_DOMAIN_ALREADY_EXISTS"
    assert error["message"].endswith("Us.Wallet is a domain of us-wallet")
    role = shell.good("account", "show", "us-wallet")["role"]
    assert role["vasp_domains"] == role["diem_id_domains"] == ["Us.Wallet"]
    assert "  domains          “Us.Wallet”\n" in shell.said("account", "show", "us-wallet")
    shell.good("treasury", "domain", "remove", "us-wallet", "US.WALLET")
    assert ours() == [("br", "br-wallet")]
    error = shell.failed("treasury", "domain", "remove", "us-wallet", "us.wallet")
    assert error["message"].endswith("nobody has the domain us.wallet")
    error = shell.failed("treasury", "domain", "add", "dealer-one", "d")
    assert error["message"].endswith("dealer-one is a designated dealer, no wallet provider")
    assert shell.failed("treasury", "domain", "add", "us-wallet", "a-b")["details"]["reason"] == "EINVALID_VASP_DOMAIN"


def test_a_provider_with_domains(shell: Shell) -> None:
    """`account create --role parent --domain D`; a repeat gives only what is missing."""
    arguments = ("account", "create", "new-wallet", "--role", "parent", "--domain", "new.wallet", "--domain", "nw")
    document = shell.good(*arguments)
    assert (document["role"], document["domains"]) == ("parent", ["new.wallet", "nw"])
    assert shell.good("account", "show", "new-wallet")["role"]["vasp_domains"] == ["new.wallet", "nw"]
    events = shell.good("event", "list", "--account", "treasury", "--type", "vaspdomain", "--limit", "2")["events"]
    assert [event["sentence"] for event in events] == [
        "new-wallet has the domain “nw”", "new-wallet has the domain “new.wallet”",
    ]  # fmt: skip
    wrong = shell.run("account", "create", "kid", "--domain", "kid").exception
    assert isinstance(wrong, click.UsageError)
    assert wrong.message == "a child has no domains: leave out --domain"


def test_recovery(shell: Shell) -> None:
    """create, add, rotate; `account show` says who may change the key."""
    shell.good("account", "create", "lost@us-wallet")
    words = shell.said("account", "recovery", "create", "us-wallet")
    assert words.splitlines()[0].startswith("us-wallet is a recovery account, version ")
    words = shell.said("account", "recovery", "add", "lost@us-wallet", "us-wallet")
    assert words.splitlines()[1] == (
        "  should it be lost: mithqal account recovery rotate lost@us-wallet --by us-wallet"
    )
    shown = shell.said("account", "show", "lost@us-wallet")
    assert "  key changed by   itself and the recovery account us-wallet\n" in shown
    assert "  recovers         us-wallet, lost@us-wallet\n" in shell.said("account", "show", "us-wallet")
    old = shell.good("keys", "show", "lost@us-wallet")["public_key"]
    done = shell.good("account", "recovery", "rotate", "lost@us-wallet", "--by", "us-wallet")
    assert (done["signed_by"], done["public_key"] != old) == ("us-wallet", True)
    assert shell.good("keys", "show", "lost@us-wallet")["public_key"] == done["public_key"]
    error = shell.failed("account", "recovery", "rotate", "lost@us-wallet", "--by", "br-wallet")
    assert (error["exit"], error["name"]) == (6, "not_recoverable")


def test_explain_names_the_rule(shell: Shell) -> None:
    """'`mithqal explain CODE` for every status and abort (what happened, which rule, what to do)'."""
    (meaning,) = shell.good("explain", "EVASP_DOMAIN_ALREADY_EXISTS")["meanings"]
    assert (meaning["code"], meaning["protocol"], meaning["exit"]) == (775, "W15", 5)
    assert "  rule           W15 of docs/protocol.md\n" in shell.said("explain", "EVASP_DOMAIN_ALREADY_EXISTS")


def test_roles_in_the_explorer(shell: Shell) -> None:
    """What an account is, and for the treasury its nonces."""
    shown = shell.said("account", "show", "treasury")
    assert "  role         the treasury, which mints, burns and freezes\n" in shown
    assert "  nonces       from 0 to 9999, each once; 0 is none\n" in shown
    document = shell.good("account", "show", "association")
    assert (document["role"], document["role_id"], document["role_name"]) == ({"type": "unknown"}, 0, "association")
    assert document["sliding_nonce"] == {"min_nonce": 0, "nonce_mask": "00" * 16}
    assert document["received_events_key"] == "02" + "0" * 38 + "0a550c18"
