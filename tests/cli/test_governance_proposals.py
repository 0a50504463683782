"""`--propose FILE`: what the association's commands would do at once, as a file for its holders, in this process."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chain.accounts import ASSOCIATION
from cli.main import root
from tests.in_process import running


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """The directory of a network of one validator."""
    with running(tmp_path_factory.mktemp("proposals") / "net") as found:
        yield found[0].network.directory


def call(net: Path | None, *arguments: str):
    network = () if net is None else ("--network", str(net))
    return CliRunner().invoke(root, [*arguments, *network], standalone_mode=False)


def run(net: Path | None, *arguments: str) -> Any:
    """A command that succeeds: its one JSON document; nothing on stderr."""
    done = call(net, *arguments, "--json")
    assert done.return_value == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def fail(net: Path | None, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    """A command that fails: exit code, rule, details and message; nothing on stdout."""
    done = call(net, *arguments, "--json")
    assert done.stdout == ""
    error = json.loads(done.stderr)["error"]
    assert error["exit"] == done.return_value != 0
    return error["exit"], error["name"], {**error["details"], "message": error["message"]}


def words(net: Path | None, *arguments: str) -> list[str]:
    done = call(net, *arguments)
    assert done.return_value == 0, done.stderr
    return str(done.stdout).splitlines()


class TestPropose:
    """'`governance` halt|resume|set-gas|set-consensus|version ... should be able to write a proposal file
    (`--propose FILE`), then `governance sign|submit`'."""

    @pytest.mark.parametrize(
        ("words", "function", "argument"),
        [
            (("halt",), "halt_transactions", None), (("resume",), "resume_transactions", None),
            (("version", "7"), "update_diem_version", ("major", 7)),
            (("set-gas", "max_price_per_gas_unit=9500"), "set_gas_constants", ("max_price_per_gas_unit", 9_500)),
            (("set-consensus", "round_timeout_us=950000"), "update_diem_consensus_config", None),
        ],
    )  # fmt: skip
    def test_the_same_call_as_a_file(
        self, net: Path, tmp_path: Path, words: tuple[str, ...], function: str, argument: tuple[str, int] | None
    ) -> None:  # fmt: skip
        """Nothing is executed until the file is signed and submitted; then it is."""
        file = tmp_path / "decision.json"
        if words == ("resume",):
            run(net, "governance", "halt")
        document = run(net, "governance", *words, "--propose", str(file))
        assert json.loads(file.read_text()) == document
        assert document["transaction"]["function"] == function
        assert argument is None or argument in [
            (name, int(value)) for name, value in document["transaction"]["arguments"].items() if name == argument[0]
        ]
        before = run(net, "account", "show", "association")["sequence_number"]
        assert fail(net, "governance", "submit", str(file))[:2] == (4, "signatures_missing")
        run(None, "governance", "sign", str(file), "--key", str(net / "keys" / "association.json"))
        assert run(net, "governance", "submit", str(file))["status"] == "executed"
        assert run(net, "account", "show", "association")["sequence_number"] == before + 1
        if words == ("halt",):
            run(net, "governance", "resume")

    def test_a_wrong_name_writes_nothing(self, net: Path, tmp_path: Path) -> None:
        file = tmp_path / "decision.json"
        assert fail(net, "governance", "set-gas", "nothing=1", "--propose", str(file))[:2] == (6, "unknown_constant")
        assert not file.exists()

    def test_a_validator_is_removed_by_a_file(self, net: Path, tmp_path: Path) -> None:
        """The command names the validator's account by itself."""
        file = tmp_path / "decision.json"
        document = run(net, "validator", "remove", "validator-0", "--propose", str(file))
        row = run(net, "validator", "list")["validators"][0]
        assert document["transaction"]["function"] == "remove_validator_and_reconfigure"
        assert document["transaction"]["arguments"]["validator_address"] == row["account"]
        assert document["transaction"]["sender"] == ASSOCIATION.hex()
        assert words(None, "governance", "show", str(file))[-1].strip().startswith("missing ed25519")
