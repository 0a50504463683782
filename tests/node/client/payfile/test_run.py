"""`pay_file` from the path to the result file: names, bad rows, the journal's answers, the summary."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from chain.crypto.signing import Scheme
from chain.identifiers import encode_identifier
from chain.metadata import General, encode_metadata
from node.client.network import Network
from node.client.payfile.engine import Progress
from node.client.payfile.orders import Names, WalletSigner
from node.client.payfile.payments_csv import BadFile
from node.client.payfile.run import PayFileError, pay_file
from node.client.payments.memos import Memo, is_opened_by, seal_memo
from node.client.payments.receipts import check_receipt, make_receipt
from node.client.rpc import ConnectionFailed
from node.client.sending.database import file_lock
from node.client.sending.journal import Journal, Row
from node.client.wallets.wallet import Wallet
from node.keystore import save_key, save_multi_key
from node.localnet.build import build_network
from tests.builders import ALICE, ANNA, BOB, NOW_SECS, ONE, key, small_world
from tests.node.client.fake_chain import FakeChain
from tests.several import Several

HEADER = "from,to,amount,currency,memo\n"
ALL = 1_000 * ONE


class Scene:
    """A network directory whose validators are a chain in memory."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.network: Network = build_network(directory / "net", 1, seed=1)
        self.chain = FakeChain(small_world())
        self.path = directory / "payments.csv"
        self.result = directory / "payments.result.csv"
        self.told: list[str] = []
        self.said: list[Progress] = []
        self.reachable = True
        self.wallet = Wallet(self.network)
        for name, who in (("alice", ALICE), ("anna", ANNA), ("bob", BOB)):
            self.wallet.add_name(name, who.address)
            secret = {ALICE: 50, ANNA: 51}.get(who)
            if secret is not None:
                save_key(self.network.keys / "accounts" / f"{name}.json", name, secret.to_bytes(32, "big"))
        monkeypatch.setattr(Wallet, "gateway", lambda _: self.gateway())
        clock = lambda: self.chain.wall_us  # noqa: E731
        monkeypatch.setattr("node.client.payfile.run.wall_us", clock)

    def gateway(self) -> FakeChain:
        if not self.reachable:
            raise ConnectionFailed("no validator answers")
        return self.chain

    def write(self, text: str | bytes) -> None:
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)

    def pay(self, **options: Any) -> dict[str, Any]:
        """One run by a new process."""
        self.told.clear()
        self.said.clear()
        wallet = Wallet(self.network)
        return pay_file(wallet, self.path, say=self.said.append, tell=self.told.append, **options)

    def fails(self, **options: Any) -> PayFileError:
        with pytest.raises(PayFileError) as caught:
            self.pay(**options)
        return caught.value

    def bad(self, **options: Any) -> BadFile:
        with pytest.raises(BadFile) as caught:
            self.pay(**options)
        assert caught.value.name == "bad_payment_file"
        assert self.chain.offered == []
        return caught.value

    def rows(self) -> list[dict[str, str]]:
        with self.result.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Alice and anna have keys, bob only an address; 1,000 XUS and 100 XEU each."""
    return Scene(tmp_path, monkeypatch)


def test_a_file_is_paid(scene: Scene, tmp_path: Path) -> None:
    """The rule: "writes payments.result.csv: the input columns plus version, status, reason, seconds", a summary."""
    scene.write(HEADER + 'alice,bob,25,XUS,rent\n\nanna,bob,0.5,XEU,\nalice,anna,1.000001,XUS,"a, b"\n')
    document = scene.pay()
    seconds = document.pop("seconds")
    assert isinstance(seconds, float)
    assert document == {
        "rows": 3, "paid": 3, "failed": 0, "refused": 0, "skipped": 0, "unknown": 0, "unsent": 0,
        "totals": {"XUS": {"paid": 26_000_001, "fees": 1_200}, "XEU": {"paid": 500_000, "fees": 600}},
        "result_file": str(scene.result), "journal": str(tmp_path / "net/outbox/outbox.sqlite3"), "already_paid": False,
    }  # fmt: skip
    text = scene.result.read_text(encoding="utf-8")
    assert text.startswith(
        "from,to,amount,currency,memo,version,status,reason,seconds\nalice,bob,25,XUS,rent,0,executed,,"
    )
    rows = scene.rows()
    assert {row["version"] for row in rows} == {"0", "1", "2"}
    assert [(row["status"], row["reason"]) for row in rows] == [("executed", "")] * 3
    assert rows[2]["memo"] == "a, b"
    assert all(float(row["seconds"]) > 0 for row in rows)
    assert scene.chain.world.balance(BOB) == ALL + 25 * ONE
    assert scene.told == []
    assert scene.said[-1] == Progress(3, 3, 0, 0)


def test_the_same_file_again_answers_from_the_journal(scene: Scene) -> None:
    """The rule: "run again after completion answers from its journal and pays nothing (say so)"."""
    scene.write(HEADER + "alice,bob,25,XUS,rent\nalice,bob,2000,XUS,too much\n")
    first = scene.fails()
    before = scene.result.read_bytes()
    scene.result.unlink()
    scene.reachable = False
    offered = len(scene.chain.offered)
    again = scene.fails()
    assert (first.name, again.name) == ("rows_failed", "rows_failed")
    assert again.details == {**first.details, "already_paid": True, "seconds": again.details["seconds"]}
    assert scene.result.read_bytes() == before
    assert len(scene.chain.offered) == offered
    assert scene.told == ["this file was paid already: answered from the journal, nothing is sent"]


def test_content_names_a_file_not_its_path(scene: Scene, tmp_path: Path) -> None:
    """The rule: "A changed file with the same name is another file (by content hash)": and the reverse."""
    scene.write(HEADER + "alice,bob,1,XUS,\n")
    scene.pay()
    copy = tmp_path / "copy.csv"
    copy.write_bytes(scene.path.read_bytes())
    wallet = Wallet(scene.network)
    assert pay_file(wallet, copy)["already_paid"] is True
    assert (tmp_path / "copy.result.csv").exists()
    scene.write(HEADER + "alice,bob,1,XUS,\nalice,bob,2,XUS,\n")
    assert scene.pay()["paid"] == 2
    assert scene.chain.world.balance(BOB) == ALL + 4 * ONE
    (told,) = scene.told
    assert told == (
        "payments.csv has changed since 1 rows of it were taken over: its content makes it another file, and all of its"
        " 2 rows are paid"
    )


def test_failures_are_rows_and_the_error_is_last(scene: Scene) -> None:
    """The rule: "chain failures are row results; exit code 5 when some rows failed on chain"."""
    scene.write(HEADER + "alice,bob,2000,XUS,\nalice,bob,1,XUS,\nanna,bob,1,XDX,\n")
    error = scene.fails()
    assert error.name == "rows_failed"
    assert {key: error.details[key] for key in ("rows", "paid", "failed", "refused", "unknown")} == {
        "rows": 3, "paid": 1, "failed": 2, "refused": 1, "unknown": 0
    }  # fmt: skip
    assert error.details["totals"] == {"XUS": {"paid": ONE, "fees": 1_200}}
    assert error.message == (
        f"1 of 3 rows of payments.csv are paid, 2 failed, 0 skipped, 0 unknown: see {scene.result}"
    )
    rows = scene.rows()
    assert [row["status"] for row in rows] == ["failed", "executed", "refused"]
    assert [row["reason"] for row in rows] == [
        "EINSUFFICIENT_BALANCE", "", "the sender holds no balance in XDX for the fee"
    ]  # fmt: skip
    assert (rows[0]["version"] != "", rows[2]["version"]) == (True, "")


def test_only_refusals(scene: Scene) -> None:
    """Nothing ran on chain: the error is that of a refusal before inclusion."""
    scene.write(HEADER + "anna,bob,1,XDX,\n")
    assert scene.fails().name == "rows_refused"


def test_unknown_outcomes(scene: Scene) -> None:
    """The rule: "7 when outcomes are unknown at the end (--timeout)": each row says how to find out; it goes on."""
    scene.write(HEADER + "".join(f"alice,bob,{number + 1},XUS,\n" for number in range(3)))
    scene.chain.is_halted = True
    error = scene.fails(timeout_s=5)
    assert error.name == "outcomes_unknown"
    assert (error.details["paid"], error.details["unknown"], error.details["unsent"]) == (0, 3, 0)
    assert "the same command goes on and pays no row twice" in error.message
    for row, tx in zip(scene.rows(), scene.chain.offered, strict=False):
        assert (row["status"], row["version"], row["seconds"]) == ("unknown", "", "")
        assert row["reason"].endswith(f"it may still become final: mithqal tx wait {tx.hash.hex()}")
    scene.chain.is_halted = False
    assert scene.pay()["paid"] == 3
    assert scene.told == ["going on with a file that was begun: 3 of 3 rows are left"]
    assert scene.chain.world.balance(BOB) == ALL + 6 * ONE


def test_no_validator(scene: Scene) -> None:
    """The rule: "3 when no validator can be reached": nothing was signed; the rows are told as unsent."""
    scene.write(HEADER + "alice,bob,1,XUS,\n")
    scene.reachable = False
    with pytest.raises(ConnectionFailed):
        scene.pay()
    assert [row["status"] for row in scene.rows()] == ["unsent"]
    scene.reachable = True
    assert scene.pay()["paid"] == 1


def test_an_interruption_still_writes_the_result(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C: what is known is written, and the same command goes on."""
    scene.write(HEADER + "".join(f"alice,bob,{number + 1},XUS,\n" for number in range(3)))

    def stop(what: str) -> None:
        if len(scene.chain.ledger) == 1:
            raise KeyboardInterrupt

    scene.chain.step = stop
    with pytest.raises(KeyboardInterrupt):
        scene.pay()
    assert [row["status"] for row in scene.rows()] == ["unknown", "unsent", "unsent"]
    scene.chain.step = lambda _: None
    assert scene.pay()["paid"] == 3
    assert scene.chain.world.balance(BOB) == ALL + 6 * ONE


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("nobody,bob,1,XUS,", "from: no account is called 'nobody': `mithqal account list` names all"),
        (",bob,1,XUS,", "from: it is empty"),
        ("bob,alice,1,XUS,", "from: there is no key file"),
        ("alice,nobody,1,XUS,", "to: no account is called 'nobody': `mithqal account list` names all"),
        ("alice,,1,XUS,", "to: it is empty"),
        ("alice,bob,0,XUS,", "amount: an amount is above 0"),
        ("alice,bob,-5,XUS,", "amount: an amount is above 0, got -5"),
        ("alice,bob,1.0000001,XUS,", "amount: a coin has 6 decimals, 1.0000001 has 7"),
        (
            "alice,bob,18446744073709.551616,XUS,",
            "amount: an amount is at most 18446744073709.551615, got 18446744073709.551616",
        ),
        ("alice,bob,1e3,XUS,", "amount: '1e3' is no amount: write whole coins, such as 25 or 0.50"),
        ('alice,bob,"1,000",XUS,', "amount: '1,000' is no amount: write whole coins, such as 25 or 0.50"),
        ("alice,bob,1,EUR,", "currency: no currency is called 'EUR', there are XDX, XEU, XGB, XJP, XSG, XUS"),
        ("alice,bob,1,xus,", "currency: no currency is called 'xus', there are XDX, XEU, XGB, XJP, XSG, XUS"),
        ("alice,bob,1,,", "currency: no currency is called ''"),
        ("alice,bob,1", "3 fields, the header has 5"),
        ("alice,bob,1,XUS,memo,more", "6 fields, the header has 5"),
        (",,,,", "from: it is empty"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_paid(scene: Scene, row: str, reason: str) -> None:
    """The rule: "a bad row is named by line; nothing is paid until the file is clean or `--skip-bad` is given"."""
    scene.write(HEADER + f"alice,bob,1,XUS,\n{row}\nalice,bob,2,XUS,\n")
    error = scene.bad()
    assert f"payments.csv: 1 of 3 rows cannot be paid, so nothing is: line 3: {reason}" in error.message
    assert error.message.endswith("; correct them, or pay the others with --skip-bad")
    assert error.details["bad"] == 1
    rows = error.details["rows"]
    assert isinstance(rows, list)
    (told,) = rows
    assert told["line"] == 3
    assert told["reason"].startswith(reason)
    assert not scene.result.exists()
    assert Wallet(scene.network).outbox.database.rows("SELECT count(*) FROM file") == [(0,)]
    document = scene.pay(skip_bad=True)
    assert (document["paid"], document["skipped"]) == (2, 1)
    assert scene.told == ["1 of 3 rows are bad and skipped; pay them by a file of their own"]
    results = scene.rows()
    assert [item["status"] for item in results] == ["executed", "skipped", "executed"]
    assert results[1]["reason"].startswith(reason)
    assert (results[1]["version"], results[1]["seconds"]) == ("", "")
    assert scene.chain.world.balance(BOB) == ALL + 3 * ONE
    again = scene.pay()
    assert (again["paid"], again["skipped"], again["already_paid"]) == (2, 1, True)


def test_many_bad_rows(scene: Scene) -> None:
    """The sentence names five lines, the details a hundred, both the number of all."""
    scene.write(HEADER + "alice,bob,0,XUS,\n" * 150)
    error = scene.bad()
    assert "150 of 150 rows" in error.message
    assert error.message.count("an amount is above 0") == 5
    assert "; and 145 more; " in error.message
    assert error.details["bad"] == 150
    rows = error.details["rows"]
    assert isinstance(rows, list)
    assert [row["line"] for row in rows] == list(range(2, 102))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "payments.csv: line 1: the file is empty"),
        (b"\xff\xfe", "payments.csv: line 1: not UTF-8"),
        (b"from,to,amount,currency\n", "payments.csv: line 1: the column 'memo' is missing"),
        (b"alice,bob,1,XUS,\n", "payments.csv: line 1: no column is called 'alice'"),
    ],
)
def test_a_bad_header_is_bad_with_skip_bad_too(scene: Scene, data: bytes, words: str) -> None:
    """Only rows can be skipped."""
    scene.write(data)
    for skip_bad in (False, True):
        assert scene.bad(skip_bad=skip_bad).message.startswith(words)


def test_rows_that_are_no_csv_or_no_text_can_be_skipped(scene: Scene) -> None:
    """They have a line of their own in the result, with the reason."""
    scene.write(HEADER.encode() + b'alice,bob,1,XUS,\xff\nalice,"b"x,1,XUS,\nalice,bob,2,XUS,\xd8\xb9\n')
    assert scene.pay(skip_bad=True)["paid"] == 1
    rows = scene.rows()
    assert [(row["from"], row["status"]) for row in rows] == [("", "skipped"), ("", "skipped"), ("alice", "executed")]
    assert rows[0]["reason"] == "not UTF-8"
    assert rows[1]["reason"].startswith("no CSV")
    assert rows[2]["memo"] == "\u0639"


def test_spaces_around_fields_and_other_orders_of_columns(scene: Scene) -> None:
    """People type them; the result keeps the input's columns as they are."""
    scene.write("memo,to, amount ,currency,from\n x , bob,1 , XUS,alice \n")
    assert scene.pay()["paid"] == 1
    assert scene.result.read_text().splitlines()[0] == "memo,to,amount,currency,from,version,status,reason,seconds"
    assert scene.rows()[0]["to"] == " bob"


def test_a_header_alone(scene: Scene) -> None:
    """Nothing to pay is paid."""
    scene.write(HEADER)
    document = scene.pay()
    assert (document["rows"], document["paid"], document["totals"]) == (0, 0, {})
    assert scene.result.read_text() == HEADER.strip() + ",version,status,reason,seconds\n"


def test_an_address_can_be_paid(scene: Scene) -> None:
    """`to` takes what `pay` takes: a name, or an address in hex."""
    scene.write(HEADER + f"alice,{BOB.address.hex()},3,XUS,\n")
    assert scene.pay()["paid"] == 1
    assert scene.chain.world.balance(BOB) == ALL + 3 * ONE


def test_where_the_result_goes(scene: Scene, tmp_path: Path) -> None:
    """-o; and what cannot be written is told before anything is paid."""
    scene.write(HEADER + "alice,bob,1,XUS,\n")
    for target in (scene.path, tmp_path / "missing" / "r.csv", tmp_path):
        with pytest.raises(BadFile, match="-o"):
            scene.pay(target=target)
    assert scene.chain.offered == []
    assert scene.pay(target=tmp_path / "mine.csv")["result_file"] == str(tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").exists()
    assert not scene.result.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv", "net", "payments.csv"]


def test_a_missing_file(scene: Scene) -> None:
    """One clear error."""
    with pytest.raises(BadFile, match="cannot be read: No such file"):
        scene.pay()


def test_one_process_a_file(scene: Scene) -> None:
    """Two runs of one file at once would sign its rows twice: the second is refused."""
    scene.write(HEADER + "alice,bob,1,XUS,\n")
    content = hashlib.sha256(scene.path.read_bytes()).hexdigest()
    lock = scene.wallet.outbox.database.path.with_name(f"payfile-{content}.lock")
    with file_lock(lock) as is_ours:
        assert is_ours
        error = scene.fails()
    assert error.name == "file_in_use"
    assert scene.chain.offered == []
    assert scene.pay()["paid"] == 1


def test_a_file_that_changes_while_it_is_read(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken over."""
    scene.write(HEADER + "alice,bob,1,XUS,\n")
    monkeypatch.setattr("node.client.payfile.run.content_hash", lambda _: b"a" * 32)
    error = scene.bad()
    assert error.message == "payments.csv: it changed while it was read"
    assert scene.wallet.outbox.database.rows("SELECT count(*) FROM row") == [(0,)]


def test_the_summary_is_json(scene: Scene) -> None:
    """One document."""
    scene.write(HEADER + "alice,bob,1,XUS,\n")
    document = scene.pay()
    assert json.loads(json.dumps(document)) == document


def test_identical_rows_that_are_refused(scene: Scene) -> None:
    """A refused row's number is free, and the next row is the same call: signed in the same second, it is another."""
    scene.chain.world.change(ALICE, is_frozen=True)
    scene.write(HEADER + "alice,bob,1,XUS,\n" * 5)
    error = scene.fails()
    assert (error.name, error.details["refused"]) == ("rows_refused", 5)
    assert len({tx.hash for tx in scene.chain.offered}) == 5
    assert {tx.raw.sequence_number for tx in scene.chain.offered} == {0}


def test_identical_rows_are_paid_each(scene: Scene) -> None:
    """Rows are told apart by their place, not by what they say."""
    scene.write(HEADER + "alice,bob,1,XUS,tea\n" * 100)
    assert scene.pay()["paid"] == 100
    assert scene.chain.world.balance(BOB) == ALL + 100 * ONE
    assert len({row["version"] for row in scene.rows()}) == 100


def test_a_memo_is_sealed_and_can_be_opened(scene: Scene) -> None:
    """On chain a salted commitment; text and salt stay in the journal, for receipts."""
    scene.write(HEADER + "alice,bob,1,XUS,two words\nalice,bob,1,XUS,\nalice,bob,1,XUS,two words\n")
    scene.pay(memo=seal_memo)
    first, plain, third = scene.chain.executed()
    metadata = [tx.raw.payload.argument("metadata") for tx in (first, plain, third)]
    assert metadata[1] == b""
    assert metadata[0] != metadata[2]
    journal = Journal(scene.wallet.outbox)
    for tx in (first, third):
        text, salt = journal.memo_of(tx.hash) or ("", "")
        assert text == "two words"
        data = tx.raw.payload.argument("metadata")
        assert isinstance(data, bytes)
        assert is_opened_by(data, Memo(text, bytes.fromhex(salt)))
    assert journal.memo_of(plain.hash) is None
    done = {
        "version": 0,
        "hash": first.hash.hex(),
        "status": "executed",
        "final_s": 0.1,
        "fee": 600,
        "fee_currency": "XUS",
    }
    receipt = make_receipt(scene.wallet, first, done)
    assert receipt["memo"]["text"] == "two words"
    check_receipt(receipt)


def test_an_identifier_with_a_subaddress(scene: Scene) -> None:
    """`to` and `from` take identifiers: the subaddress travels as metadata, in the place of a memo."""
    prefix, sub = scene.wallet.prefix, bytes.fromhex("0011223344556677")
    bob = encode_identifier(BOB.address, sub, prefix)
    alice = encode_identifier(ALICE.address, None, prefix)
    scene.write(HEADER + f"{alice},{bob},1,XUS,\nalice,{bob},1,XUS,with a memo\nalice,{bob[:-1]}q,1,XUS,\n")
    error = scene.bad()
    assert (
        "line 3: memo: a payment carries one thing beside its amount, here a subaddress; line 4: to: " in error.message
    )
    assert scene.pay(skip_bad=True)["paid"] == 1
    (tx,) = scene.chain.executed()
    assert tx.raw.payload.argument("metadata") == encode_metadata(General(sub))
    assert tx.raw.payload.argument("payee") == BOB.address


def test_the_payer_itself_is_no_payee(scene: Scene) -> None:
    """As `pay` has it: nothing would move."""
    scene.write(HEADER + f"alice,{ALICE.address.hex()},1,XUS,\n")
    assert "line 2: to: it is the payer's own account: nothing would move" in scene.bad().message


def test_a_memo_that_is_too_long(scene: Scene) -> None:
    """1,024 bytes of UTF-8 at most."""
    scene.write(HEADER + f"alice,bob,1,XUS,{'é' * 512}\nalice,bob,1,XUS,{'é' * 512}x\n")
    error = scene.bad()
    assert error.details["bad"] == 1
    assert "line 3: memo: " in error.message


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o755])
def test_who_may_read_the_input_may_read_the_result(scene: Scene, mode: int) -> None:
    """A private file of payments gets a private result."""
    scene.write(HEADER + "alice,bob,1,XUS,\n")
    scene.path.chmod(mode)
    scene.pay()
    assert scene.result.stat().st_mode & 0o777 == mode & 0o666


class TestFeeOfSeveralKeys:
    """A payer with a K-of-N key: the ledger asks for the fee that all its signatures may cost (K11)."""

    @pytest.fixture
    def several(self, scene: Scene) -> Several:
        """Alice's key is 3 of 3 now: P-256, secp256k1 and Ed25519; her holders' keys lie here."""
        several = Several(3, [key(801, Scheme.P256), key(802, Scheme.SECP256K1), key(803)])
        accounts = scene.network.keys / "accounts"
        (accounts / "alice.json").unlink()
        save_multi_key(accounts / "alice.json", "alice", several.multi)
        for number, private in enumerate(several.keys):
            save_key(accounts / f"h{number}.json", f"h{number}", (801 + number).to_bytes(32, "big"), private.scheme)
        scene.chain.world.change(ALICE, authentication_key=several.authentication_key())
        return several

    @pytest.mark.parametrize("by", ["alice", ALICE.address.hex()])
    def test_it_is_reserved_whatever_the_payer_is_called(self, scene: Scene, several: Several, by: str) -> None:
        """6,000 and 100 for each verification of Ed25519 that 40 + 40 + 1 are; the same is signed."""
        wallet = Wallet(scene.network)
        signer = WalletSigner(wallet, Names(wallet))
        row = Row(0, by, "bob", ALICE.address, BOB.address, ONE, "XUS", "")
        tx, _ = signer.sign(row, 0, NOW_SECS + 60)
        assert signer.most_fee(row) == tx.raw.max_gas_amount * tx.raw.gas_unit_price == 6_000 + 8_100

    def test_a_file_is_paid_by_it(self, scene: Scene, several: Several) -> None:
        """Its fee is 600 and 100 for each verification beyond the first."""
        scene.write(HEADER + f"alice,bob,1,XUS,\n{ALICE.address.hex()},bob,2,XUS,\n")
        assert scene.pay()["totals"] == {"XUS": {"paid": 3 * ONE, "fees": 2 * 8_600}}
