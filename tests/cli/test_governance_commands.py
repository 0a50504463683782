"""keys new-multi, account rotate-key, tx sign by several, and governance, against a validator in this process."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chain.accounts import TREASURY
from chain.crypto.multi import Member, multi_key
from chain.crypto.signing import PrivateKey, Scheme, authentication_key
from cli.main import root
from node.client.wallets.holders import authentication_key_of
from node.client.wallets.wallet import Wallet
from node.keystore import load_any, load_key, save_key
from tests.in_process import Node, running

NEW = "0123456789abcdef0123456789abcdef"
CREATE = (
    "create_parent_vasp_account", "currency=XUS", f"new_address={NEW}", f"auth_key_prefix={'11' * 16}",
    "human_name=by three holders",
)  # fmt: skip
SCHEMES = {"one": Scheme.ED25519, "two": Scheme.SECP256K1, "three": Scheme.P256}


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Wallet, Node]]:
    """Two people with coins of two currencies."""
    with running(tmp_path_factory.mktemp("governance") / "net") as found:
        directory = found[0].network.directory
        run(directory, "account", "create", "alice")
        run(directory, "account", "create", "bob@br-wallet", "--scheme", "p256")
        for name in ("alice", "bob@br-wallet"):
            run(directory, "account", "fund", name, "100", "XUS")
            run(directory, "account", "fund", name, "100", "XEU")
        for name in ("e1", "e2"):
            run(directory, "keys", "new", name)
        run(directory, "keys", "new-multi", "plain-board", "--threshold", "2", "e1", "e2")
        yield found


@pytest.fixture
def net(chain: tuple[Wallet, Node]) -> Path:
    """The network's directory."""
    return chain[0].network.directory


def three_files(folder: Path, first: int) -> dict[str, Path]:
    """Three key files of three schemes, outside of the network's directory."""
    folder.chmod(0o700)
    paths = {}
    for place, (name, scheme) in enumerate(SCHEMES.items()):
        paths[name] = folder / f"{name}.json"
        save_key(paths[name], name, bytes([first + place]) * 32, scheme)
    return paths


@pytest.fixture(scope="module")
def holders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Somebody's keys, of which copies come into the directory."""
    return three_files(tmp_path_factory.mktemp("holders"), 70)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The board's keys, of which none does."""
    return three_files(tmp_path_factory.mktemp("board"), 80)


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


def account(net: Path, name: str) -> Any:
    return run(net, "account", "show", name)


def key_at(net: Path, name: str) -> str:
    """The authentication key on the ledger."""
    return str(account(net, name)["authentication_key"])


class TestNewMulti:
    """'keys new-multi NAME --threshold K KEY... (public)'."""

    def test_of_files_names_and_hex(self, net: Path, holders: dict[str, Path]) -> None:
        """The order is kept; it has no secret; its account is made like any other, and shows its parts."""
        run(net, "keys", "new", "mine")
        third = load_key(holders["three"])
        parts = [str(holders["two"]), "mine", f"p256:{third.public_key.hex()}"]
        done = run(net, "keys", "new-multi", "board", "--threshold", "2", *parts)
        mine = load_key(net / "keys" / "accounts" / "mine.json")
        two = load_key(holders["two"])
        expected = multi_key(2, [Member(2, two.public_key), Member(0, mine.public_key), Member(3, third.public_key)])
        assert (done["scheme"], done["threshold"], done["public_key"]) == ("mixed_multi", 2, expected.to_bytes().hex())
        assert done["keys"] == [
            f"secp256k1:{two.public_key.hex()}", f"ed25519:{mine.public_key.hex()}", f"p256:{third.public_key.hex()}"
        ]  # fmt: skip
        auth_key = authentication_key(4, expected.to_bytes())
        assert done["authentication_key"] == auth_key.hex()
        assert done["address"] == auth_key[16:].hex()
        text = Path(done["path"]).read_text()
        assert "secret" not in text
        assert load_any(Path(done["path"])) == expected
        assert run(net, "keys", "show", "board")["threshold"] == 2
        assert "board" in {row["name"] for row in run(net, "keys", "list")["keys"]}
        made = run(net, "account", "create", "board")
        assert made["address"] == done["address"]
        assert key_at(net, "board") == auth_key.hex()

    def test_all_ed25519_is_libras_scheme(self, net: Path) -> None:
        """Scheme 1 if every key is of Ed25519."""
        assert run(net, "keys", "show", "plain-board")["scheme"] == "multi_ed25519"
        lines = words(net, "keys", "show", "plain-board")
        assert "threshold          2" in lines
        assert sum(line.startswith("key ") for line in lines) == 2

    @pytest.mark.parametrize(
        ("threshold", "keys", "rule", "exit_code"),
        [
            ("3", ["e1", "e2"], "bad_threshold", 2), ("1", ["nobody"], "key_file_missing", 6),
            ("1", ["p256:00"], "not_a_key", 2), ("1", ["ed25519:" + "00" * 32], "not_a_key", 2),
            ("1", ["ed25519:xy"], "key_file_malformed", 2), ("1", ["rsa:00"], "key_file_missing", 6),
            ("1", ["plain-board"], "key_file_of_several", 2),
        ],
    )  # fmt: skip
    def test_what_is_none(self, net: Path, threshold: str, keys: list[str], rule: str, exit_code: int) -> None:
        """K <= N; keys that exist and are good (K1); nothing is left behind."""
        found = fail(net, "keys", "new-multi", "bad-board", "--threshold", threshold, *keys)
        assert found[:2] == (exit_code, rule)
        assert not (net / "keys" / "accounts" / "bad-board.json").exists()

    def test_names_are_taken_once(self, net: Path) -> None:
        """As for `keys new`."""
        for name in ("alice", "treasury", "ALICE"):
            assert fail(net, "keys", "new-multi", name, "--threshold", "1", "e1")[:2] == (2, "name_taken")


class TestRotation:
    """'account rotate-key NAME [--scheme ...|--multi ...] (address stays)'."""

    def test_to_each_scheme(self, net: Path) -> None:
        """The address stays, the old key is kept, the account pays on with the new one."""
        run(net, "account", "create", "rosa")
        run(net, "account", "fund", "rosa", "10", "XUS")
        address = account(net, "rosa")["address"]
        for scheme in ("secp256k1", "p256", "ed25519"):
            before = key_at(net, "rosa")
            done = run(net, "account", "rotate-key", "rosa", "--scheme", scheme)
            assert (done["scheme"], done["address"], done["status"]) == (scheme, address, "executed")
            assert key_at(net, "rosa") == done["authentication_key"] != before
            assert Path(done["retired"]) == net / "keys" / "retired" / f"rosa-{before[:8]}.json"
            assert load_key(Path(done["retired"])).authentication_key().hex() == before
            assert not (net / "keys" / "next" / "rosa.json").exists()
            key = load_key(net / "keys" / "accounts" / "rosa.json")
            assert (key.scheme.name.lower(), key.authentication_key().hex()) == (scheme, done["authentication_key"])
            assert run(net, "pay", "rosa", "alice", "1", "XUS")["status"] == "executed"
        assert [row["scheme"] for row in run(net, "account", "list")["accounts"] if row["name"] == "rosa"] == [
            "ed25519"
        ]

    def test_to_several_keys_that_lie_here(self, net: Path) -> None:
        """Commands go on: the holders' keys at hand sign together, and gas is for all of them."""
        run(net, "account", "create", "team")
        run(net, "account", "fund", "team", "10", "XUS")
        for name, scheme in (("t1", "p256"), ("t2", "ed25519"), ("t3", "secp256k1")):
            run(net, "keys", "new", name, "--scheme", scheme)
        run(net, "keys", "new-multi", "team-board", "--threshold", "2", "t1", "t2", "t3")
        run(net, "account", "rotate-key", "team", "--multi", "team-board")
        done = run(net, "pay", "team", "alice", "1", "XUS")
        assert (done["status"], done["fee"]) == ("executed", 600 + 100 * (1 + 40 - 1))
        shown = run(net, "tx", "show", str(done["version"]))
        (signer,) = shown["signers"]
        assert (signer["threshold"], signer["scheme"]) == (2, "mixed K-of-N")
        assert [key["signed"] for key in signer["keys"]] == [True, True, False], "the cheapest, then the first"
        text = "\n".join(words(net, "tx", "show", str(done["version"])))
        assert "mixed K-of-N: 2 of 3 keys must sign, 2 did" in text
        assert f"P-256 by {load_key(net / 'keys' / 'accounts' / 't1.json').public_key.hex()}" in text
        self.with_fewer_keys_than_it_takes(net)

    def with_fewer_keys_than_it_takes(self, net: Path) -> None:
        """Exit 6: how many are here, and what to do."""
        (net / "keys" / "accounts" / "t2.json").rename(net / "t2.json")
        (net / "keys" / "accounts" / "t3.json").rename(net / "t3.json")
        code, rule, details = fail(net, "pay", "team", "alice", "1", "XUS")
        assert (code, rule, details["threshold"], details["held"]) == (6, "not_enough_keys", 2, 1)
        assert "governance propose" in details["message"]

    def test_a_key_from_elsewhere(self, net: Path, holders: dict[str, Path]) -> None:
        """--key FILE: a copy is kept; one of the three options at a time."""
        run(net, "account", "create", "zoe")
        done = run(net, "account", "rotate-key", "zoe", "--key", str(holders["three"]))
        assert done["public_key"] == load_key(holders["three"]).public_key.hex()
        assert holders["three"].exists()
        done = call(net, "account", "rotate-key", "zoe", "--key", str(holders["three"]), "--scheme", "p256")
        assert "give one of --scheme, --multi and --key" in str(done.exception)

    def test_an_interrupted_rotation_is_finished_with_the_same_key(self, net: Path) -> None:
        """The new key is durable before the transaction leaves; the ledger says what is left to do."""
        run(net, "account", "create", "ida")
        follower = net / "keys" / "next" / "ida.json"
        prepared = save_key(follower, "ida", bytes([5]) * 32, Scheme.P256)
        assert fail(net, "account", "rotate-key", "ida", "--scheme", "ed25519")[:2] == (2, "rotation_unfinished")
        done = run(net, "account", "rotate-key", "ida")
        assert done["public_key"] == prepared.public_key.hex()
        numbers = account(net, "ida")["sequence_number"]
        save_key(follower, "ida", bytes([5]) * 32, Scheme.P256)  # as if it had died before the file took its place
        again = run(net, "account", "rotate-key", "ida")
        assert again["public_key"] == prepared.public_key.hex()
        assert account(net, "ida")["sequence_number"] == numbers, "the ledger had it already"
        assert not follower.exists()

    def test_an_account_that_is_not_there(self, net: Path) -> None:
        """Exit 6; no key is left behind that a repeat would need."""
        assert fail(net, "account", "rotate-key", "nobody")[:2] == (6, "unknown_account")


class TestAccountKey:
    """'account create --key': an account with a key of one or of several from elsewhere."""

    def test_of_one(self, net: Path, holders: dict[str, Path]) -> None:
        """The address is the key's."""
        key = load_key(holders["one"])
        made = run(net, "account", "create", "uma", "--key", str(holders["one"]))
        assert made["address"] == key.authentication_key()[16:].hex()
        run(net, "account", "fund", "uma", "2", "XUS")
        assert run(net, "pay", "uma", "alice", "1", "XUS")["status"] == "executed"
        assert run(net, "keys", "show", "uma")["public_key"] == key.public_key.hex()

    def test_another_key_under_the_name(self, net: Path, holders: dict[str, Path]) -> None:
        """A key is never overwritten."""
        run(net, "keys", "new", "vera")
        found = fail(net, "account", "create", "vera", "--key", str(holders["two"]))
        assert found[:2] == (2, "key_file_exists")


class TestSeveralSign:
    """'tx sign with several key files one after the other': K-of-N and secondary signers, a file that travels."""

    def build(self, net: Path, file: Path, *more: str) -> Any:
        return run(
            net, "tx", "build", "exchange_by_signers", "currency=XUS", "amount=3000000", "second_currency=XEU",
            "second_amount=2000000", "--sender", "alice", "--secondary", "bob@br-wallet", "-o", str(file), *more,
        )  # fmt: skip

    def key(self, net: Path, name: str) -> str:
        return str(net / "keys" / "accounts" / f"{name}.json")

    def test_an_exchange(self, net: Path, tmp_path: Path) -> None:
        """Each signs what the last one wrote, in any order; both legs are on the ledger."""
        before = [account(net, name)["balances"] for name in ("alice", "bob@br-wallet")]
        built = self.build(net, tmp_path / "x0.json")
        assert (built["kind"], [one["missing"] for one in built["signers"]]) == ("partial_transaction", [1, 1])
        assert [one["role"] for one in built["signers"]] == ["sender", "secondary"]
        first = run(None, "tx", "sign", str(tmp_path / "x0.json"), "--key", self.key(net, "bob@br-wallet"),
                    "-o", str(tmp_path / "x1.json"))  # fmt: skip
        assert (first["kind"], [one["missing"] for one in first["signers"]]) == ("partial_transaction", [1, 0])
        code, rule, details = fail(net, "tx", "submit", str(tmp_path / "x1.json"))
        assert (code, rule) == (2, "transaction_file_malformed")
        assert "signatures are missing: mithqal tx sign" in details["message"]
        last = run(None, "tx", "sign", str(tmp_path / "x1.json"), "--key", self.key(net, "alice"),
                   "-o", str(tmp_path / "x2.json"))  # fmt: skip
        assert last["kind"] == "signed_transaction"
        assert [one["scheme"] for one in last["secondary_signers"]] == ["p256"]
        done = run(net, "tx", "submit", str(tmp_path / "x2.json"), "--wait")
        assert done["status"] == "executed"
        after = [account(net, name)["balances"] for name in ("alice", "bob@br-wallet")]
        fee = 600 + 40 * 100
        moved = [
            {new["currency"]: new["amount"] - old["amount"] for old, new in zip(*pair, strict=True)}
            for pair in zip(before, after, strict=True)
        ]
        assert (moved[0]["XUS"], moved[0]["XEU"]) == (-3_000_000 - fee, 2_000_000)
        assert (moved[1]["XUS"], moved[1]["XEU"]) == (3_000_000, -2_000_000)
        shown = run(net, "tx", "show", str(done["version"]))
        assert [(one["role"], one["scheme"]) for one in shown["signers"]] == [
            ("sender", "Ed25519"), ("secondary", "P-256"),
        ]  # fmt: skip
        text = "\n".join(words(net, "tx", "show", str(done["version"])))
        assert "signed too" in text
        assert "bob@br-wallet: P-256 by" in text

    def test_several_keys_at_once_and_keys_of_the_directory(self, net: Path, tmp_path: Path) -> None:
        """--key twice, or none: then those of the network directory that fit."""
        self.build(net, tmp_path / "y0.json")
        both = ("--key", self.key(net, "alice"), "--key", self.key(net, "bob@br-wallet"))
        done = run(None, "tx", "sign", str(tmp_path / "y0.json"), *both)
        assert done["kind"] == "signed_transaction"
        assert run(net, "tx", "sign", str(tmp_path / "y0.json")) == done

    def test_who_is_not_asked(self, net: Path, holders: dict[str, Path], tmp_path: Path) -> None:
        """A key that is none of theirs, one that signed, a file that is complete."""
        self.build(net, tmp_path / "z0.json")
        file = str(tmp_path / "z0.json")
        assert fail(None, "tx", "sign", file, "--key", str(holders["three"]))[:2] == (6, "not_a_signer")
        run(None, "tx", "sign", file, "--key", self.key(net, "alice"), "-o", file)
        assert fail(None, "tx", "sign", file, "--key", self.key(net, "alice"))[:2] == (2, "signed_already")
        run(None, "tx", "sign", file, "--key", self.key(net, "bob@br-wallet"), "-o", file)
        assert fail(None, "tx", "sign", file, "--key", self.key(net, "alice"))[:2] == (2, "signed_already")

    def test_a_key_that_the_file_does_not_know(self, net: Path, tmp_path: Path) -> None:
        """It is learned from who signs if it gives the address; else `--for` says whose it is."""
        run(net, "account", "create", "kim")
        run(net, "account", "rotate-key", "kim", "--scheme", "secp256k1")
        address = account(net, "kim")["address"]
        hidden = net / "kim-elsewhere.json"
        (net / "keys" / "accounts" / "kim.json").rename(hidden)
        file = str(tmp_path / "k.json")
        built = run(net, "tx", "build", "peer_to_peer_by_signers", "currency=XUS", "amount=5", "--sender", "alice",
                    "--secondary", "kim", "-o", file)  # fmt: skip
        assert (built["signers"][1]["scheme"], built["signers"][1]["keys"]) == (None, [])
        assert fail(None, "tx", "sign", file, "--key", str(hidden))[:2] == (6, "not_a_signer")
        run(None, "tx", "sign", file, "--key", str(hidden), "--for", address, "-o", file)
        run(None, "tx", "sign", file, "--key", self.key(net, "alice"), "-o", file)
        assert run(net, "tx", "submit", file, "--wait")["status"] == "executed"

    def test_nobody_signs_twice(self, net: Path) -> None:
        """The sender counts too."""
        found = fail(net, "tx", "build", "peer_to_peer_by_signers", "currency=XUS", "amount=5", "--sender", "alice",
                     "--secondary", "alice")  # fmt: skip
        assert found[:2] == (2, "duplicate_signer")
        found = fail(net, "tx", "build", "rotate_authentication_key", f"new_key={'00' * 32}", "--sender", "alice",
                     "--fee-payer", "alice")  # fmt: skip
        assert found[:2] == (2, "duplicate_signer")

    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            (lambda doc: doc["transaction"].update(max_gas_amount=1), "transaction_file_mismatch"),
            (lambda doc: doc["transaction"]["arguments"].update(amount=1), "transaction_file_mismatch"),
            (lambda doc: doc["signers"].reverse(), "transaction_file_malformed"),
            (lambda doc: doc["signers"][0].update(missing=1), "transaction_file_mismatch"),
            (lambda doc: doc["signers"][0].update(threshold=0), "transaction_file_mismatch"),
            (lambda doc: doc["signers"][0]["signatures"][0].update(signature="00" * 64), "file_signature"),
            (lambda doc: doc["signers"][0]["signatures"][0].update(signature="00" * 63), "transaction_file_malformed"),
            (lambda doc: doc["signers"][0]["signatures"][0].update(key=1), "transaction_file_malformed"),
            (lambda doc: doc["signers"][0]["keys"][0].update(public_key="00" * 32), "transaction_file_malformed"),
            (lambda doc: doc["signers"][1].update(address="11" * 16), "file_signature"),
            (lambda doc: doc.update(genesis_hash="22" * 32), "file_signature"),
            (lambda doc: doc.pop("signers"), "transaction_file_malformed"),
            (lambda doc: doc.update(extra=1), "transaction_file_mismatch"),
        ],
    )  # fmt: skip
    def test_a_file_that_was_changed_by_hand(self, net: Path, tmp_path: Path, change: Any, rule: str) -> None:
        """What people read is what they sign, and every signature in the file holds."""
        file = tmp_path / "c.json"
        self.build(net, file)
        run(None, "tx", "sign", str(file), "--key", self.key(net, "alice"), "-o", str(file))
        document = json.loads(file.read_text())
        change(document)
        file.write_text(json.dumps(document))
        code, found, _ = fail(None, "tx", "sign", str(file), "--key", self.key(net, "bob@br-wallet"))
        assert (found, code) == (rule, 2 if rule == "transaction_file_malformed" else 8)


class TestGovernance:
    """'each of three signers on its own': the treasury becomes 2 of 3 keys of three schemes, and decides by files."""

    def test_the_whole_way(self, net: Path, board: dict[str, Path], tmp_path: Path) -> None:
        """Rotate to 2 of 3, propose, sign twice with files of two schemes, submit; then rotate back by a file too."""
        run(net, "keys", "new-multi", "treasury-board", "--threshold", "2", *map(str, board.values()))
        multi = load_any(net / "keys" / "accounts" / "treasury-board.json")
        done = run(net, "account", "rotate-key", "treasury", "--multi", "treasury-board")
        assert done["authentication_key"] == authentication_key_of(multi).hex() == key_at(net, TREASURY.hex())
        code, rule, _ = fail(net, "treasury", "freeze", "bob@br-wallet")
        assert (code, rule) == (6, "not_enough_keys")
        file = str(tmp_path / "new.json")
        proposed = run(net, "governance", "propose", *CREATE, "-o", file)
        assert (proposed["kind"], proposed["transaction"]["sender"]) == ("partial_transaction", TREASURY.hex())
        assert [key["scheme"] for key in proposed["signers"][0]["keys"]] == ["ed25519", "secp256k1", "p256"]
        assert json.loads(Path(file).read_text()) == proposed
        assert fail(net, "governance", "submit", file)[:2] == (4, "signatures_missing")
        one = run(None, "governance", "sign", file, "--key", str(board["three"]))
        assert one["signers"][0]["missing"] == 1
        assert fail(None, "governance", "sign", file, "--key", str(board["three"]))[:2] == (2, "signed_already")
        lines = words(None, "governance", "show", file)
        assert lines[0].startswith("create_parent_vasp_account by 0000000000000000000000000b1e55ed, number ")
        assert "  sender 0000000000000000000000000b1e55ed: 1 of 2 signatures" in lines
        assert sum("signed " in line for line in lines) == 1
        two = run(None, "governance", "sign", file, "--key", str(board["two"]))
        assert two["kind"] == "signed_transaction"
        shown = run(None, "governance", "show", file)
        assert (shown["is_complete"], shown["hash"]) == (True, two["hash"])
        assert [item["key"] for item in shown["signers"][0]["signatures"]] == [1, 2]
        assert fail(None, "governance", "sign", file, "--key", str(board["one"]))[:2] == (2, "signed_already")
        done = run(net, "governance", "submit", file)
        assert (done["status"], done["hash"]) == ("executed", two["hash"])
        assert account(net, NEW)["role"]["human_name"] == "by three holders"
        again = run(net, "governance", "submit", file)
        assert (again["version"], again["hash"]) == (done["version"], done["hash"])
        self.back(net, board, tmp_path)

    def back(self, net: Path, board: dict[str, Path], tmp_path: Path) -> None:
        """The board gives the treasury a single key again; `rotate-key` then takes it over without a transaction."""
        key = PrivateKey(bytes([99]) * 32)
        save_key(net / "keys" / "next" / "treasury.json", "treasury", bytes([99]) * 32)
        file = str(tmp_path / "back.json")
        run(net, "governance", "propose", "rotate_authentication_key", f"new_key={key.authentication_key().hex()}",
            "--by", "treasury", "-o", file)  # fmt: skip
        run(None, "governance", "sign", file, "--key", str(board["one"]), "--key", str(board["three"]))
        run(net, "governance", "submit", file)
        done = run(net, "account", "rotate-key", "treasury")
        assert (done["scheme"], done.get("version")) == ("ed25519", None)
        assert run(net, "treasury", "freeze", "bob@br-wallet")["status"] == "executed"
        assert run(net, "treasury", "unfreeze", "bob@br-wallet")["status"] == "executed"

    def test_a_proposal_needs_the_right_key_and_signers(self, net: Path, board: dict[str, Path]) -> None:
        """A key that the ledger does not have; too many or too few secondary signers; an unknown function."""
        found = fail(net, "governance", "propose", *CREATE, "--key", str(board["one"]))
        assert found[:2] == (4, "not_the_accounts_key")
        found = fail(net, "governance", "propose", *CREATE, "--with", "alice")
        assert (*found[:2], found[2]["needed"]) == (2, "signers_differ", 0)
        found = fail(net, "governance", "propose", "publish_window", "currency=XUS", f"limit_address={NEW}")
        assert (*found[:2], found[2]["needed"]) == (2, "signers_differ", 1)
        assert fail(net, "governance", "propose", "make_coffee")[:2] == (6, "unknown_function")

    def test_whose_decision_it_is(self, net: Path) -> None:
        """The association decides about validators and the system, the treasury about the rest; --by says otherwise."""
        for function, arguments, by in (
            ("halt_transactions", (), "0a550c18"), ("freeze_account", ("to_freeze_account=alice",), "0b1e55ed")
        ):  # fmt: skip
            document = run(net, "governance", "propose", function, *arguments)
            assert document["transaction"]["sender"].endswith(by)
            assert document["transaction"]["gas_unit_price"] == 0
        document = run(net, "governance", "propose", "add_currency_to_account", "currency=XDX", "--by", "alice")
        assert document["transaction"]["sender"] == account(net, "alice")["address"]

    def test_a_proposal_lives_for_half_a_day(self, net: Path) -> None:
        """12 hours unless said otherwise, up to a day."""
        now = account(net, "alice")["version"] and run(net, "epoch", "show")
        assert now
        times = [
            run(net, "governance", "propose", "halt_transactions", *more)["transaction"]["expiration_timestamp_secs"]
            for more in ((), ("--expires-in", "60"))
        ]
        assert abs(times[0] - times[1] - (12 * 3_600 - 60)) <= 5

    def test_two_sign_for_two_accounts(self, net: Path, tmp_path: Path) -> None:
        """A function that another account signs too: --with names it, and each signs for its own."""
        file = str(tmp_path / "two.json")
        run(net, "governance", "propose", "publish_window", "currency=XUS", "limit_address=association",
            "--with", "us-wallet", "-o", file)  # fmt: skip
        run(None, "governance", "sign", file, "--key", str(net / "keys" / "association.json"))
        done = run(None, "governance", "sign", file, "--key", str(net / "keys" / "accounts" / "us-wallet.json"))
        assert done["kind"] == "signed_transaction"
        result = call(net, "governance", "submit", file, "--json")
        name = json.loads(result.stdout or result.stderr)
        assert name.get("status") == "executed" or name["error"]["details"]["reason"] != "ESIGNER_COUNT"
