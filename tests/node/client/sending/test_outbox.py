"""The outbox: signed bytes on disk before submission, each payment once, numbers chosen by one process at a time."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from node.client.sending.database import APPLICATION, FORMAT, Database
from node.client.sending.outbox import Outbox, OutboxError
from tests.builders import ALICE, BOB, small_world


def payment(amount: int, number: int = 0, who=ALICE):
    """A signed payment."""
    return small_world().sign(who, "peer_to_peer_with_metadata", "XUS", BOB.address, amount, b"", b"", number=number)


def test_an_entry_survives(tmp_path: Path) -> None:
    """The rule: "`pay` stores the signed bytes in the network's outbox before it submits"."""
    tx = payment(5)
    entry = Outbox(tmp_path / "outbox").add(tx, key="rent", note={"to": "bob"})
    again = Outbox(tmp_path / "outbox")
    assert again.get(tx.hash) == entry == again.by_key("rent")
    assert (entry.status, entry.envelope, entry.note) == ("stored", tx.envelope, {"to": "bob"})
    assert entry.transaction == tx
    assert (again.has(tx.hash), again.has(payment(6).hash)) == (True, False)


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    """Signed payments are private: 0700 and 0600, the write-ahead log too."""
    box = Outbox(tmp_path / "outbox")
    box.add(payment(5))
    assert (tmp_path / "outbox").stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "outbox").iterdir()}
    assert "outbox.sqlite3-wal" in modes
    assert set(modes.values()) == {0o600}


def test_what_is_committed_is_synced(tmp_path: Path) -> None:
    """The rule: "an entry is synced before a submission may leave": write-ahead log, synced at every commit."""
    database = Database(tmp_path)
    assert database.rows("PRAGMA journal_mode") == [("wal",)]
    assert database.rows("PRAGMA synchronous") == [(2,)]


def test_a_crash_leaves_what_was_committed(tmp_path: Path) -> None:
    """The rule: "crash at any instant leaves a readable outbox": who dies inside of a change has changed nothing."""
    program = (
        "import os, sys; from pathlib import Path; from node.client.sending.outbox import Outbox; "
        "from tests.node.client.sending.test_outbox import payment; "
        "box = Outbox(Path(sys.argv[1])); box.add(payment(1)); "
        "writing = box.writing(); writing.__enter__(); box.insert(payment(2)); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).resolve().parents[4]
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=root, check=False)
    assert done.returncode == -9
    box = Outbox(tmp_path)
    assert [entry.hash for entry in box.entries()] == [payment(1).hash]
    box.add(payment(2))
    assert len(box.entries()) == 2


def test_an_error_inside_of_a_change_takes_it_back(tmp_path: Path) -> None:
    """A change is whole or not at all; one inside of another is part of it."""
    box = Outbox(tmp_path)

    def fail() -> None:
        with box.writing():
            box.add(payment(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert box.entries() == []


def test_the_same_transaction_again_is_the_same_entry(tmp_path: Path) -> None:
    """A repeat is harmless, and does not reset the status; it may bring the name that it had not."""
    box = Outbox(tmp_path)
    tx = payment(5)
    box.add(tx)
    box.mark(tx.hash, "submitted")
    entry = box.add(tx, key="rent")
    assert (entry.status, entry.key) == ("submitted", "rent")
    assert box.add(tx) == entry
    assert len(box.entries()) == 1


def test_an_id_names_one_payment(tmp_path: Path) -> None:
    """The rule: "`--id KEY` makes a repeat harmless": another payment under a used id is refused, and a second id."""
    box = Outbox(tmp_path)
    first, second = payment(5), payment(6, 1)
    box.add(first, key="rent")
    for tx, key, of in ((second, "rent", first), (first, "food", first)):
        with pytest.raises(OutboxError) as caught:
            box.add(tx, key=key)
        assert caught.value.name == "id_used"
        assert caught.value.details == {"hash": of.hash.hex()}
    assert len(box.entries()) == 1
    box.release_key(first.hash)
    assert box.by_key("rent") is None
    assert box.add(second, key="rent").key == "rent"


def test_a_final_status_stays(tmp_path: Path) -> None:
    """refused, committed and expired are final; only the ledger's word (committed) is stronger than the other two."""
    box = Outbox(tmp_path)
    for amount, status in enumerate(("refused", "committed", "expired", "submitted", "stored"), 1):
        tx = payment(amount, amount)
        box.add(tx)
        box.mark(tx.hash, status, version=amount)
        assert box.mark(tx.hash, "submitted").status == (status if amount <= 3 else "submitted")
        assert box.mark(tx.hash, "committed", proof="yes").status == "committed"
        assert box.mark(tx.hash, "refused").status == "committed"
    box.add(payment(9, 9))
    assert [entry.hash for entry in box.open_entries()] == [payment(9, 9).hash]
    assert box.get(payment(1, 1).hash).note == {"version": 1, "proof": "yes"}
    assert box.get(payment(2, 2).hash).note == {"version": 2}


def test_open_entries_of_one_sender_in_order(tmp_path: Path) -> None:
    """What is open of an account, by number."""
    box = Outbox(tmp_path)
    for number in (2, 0, 1):
        box.add(payment(1, number))
    box.add(payment(1, 0, BOB))
    box.mark(payment(1, 1).hash, "committed")
    assert [entry.transaction.raw.sequence_number for entry in box.open_entries(ALICE.address)] == [0, 2]
    assert len(box.open_entries()) == 3


def test_free_numbers(tmp_path: Path) -> None:
    """A number is free unless a transaction that is open or committed has it; those of refused and expired ones are."""
    box = Outbox(tmp_path)
    statuses = ["stored", "refused", "submitted", "expired", "committed"]
    for number, status in enumerate(statuses, 10):
        box.add(payment(1, number))
        if status != "stored":
            box.mark(payment(1, number).hash, status)
    assert box.free_numbers(ALICE.address, 10, 4) == [11, 13, 15, 16]
    assert box.free_numbers(ALICE.address, 14, 1) == [15]
    assert box.free_numbers(ALICE.address, 8, 3) == [8, 9, 11]
    assert box.free_numbers(BOB.address, 10, 2) == [10, 11]
    assert box.free_numbers(BOB.address, 10, 0) == []


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**64 - 1])
def test_any_number_is_kept(tmp_path: Path, number: int) -> None:
    """A file may hold any number of 64 bits: the chain refuses it by its rule, and the outbox keeps it as any other."""
    tx = payment(5, number)
    box = Outbox(tmp_path)
    box.add(tx)
    assert [entry.transaction.raw.sequence_number for entry in box.open_entries(ALICE.address)] == [number]
    assert box.free_numbers(ALICE.address, 0, 2) == [0, 1]
    box.mark(tx.hash, "refused", reason="too big")
    assert box.get(tx.hash).status == "refused"


def test_finished_entries_are_not_read(tmp_path: Path) -> None:
    """The rule: "open entries and used ids found without reading finished ones": by an index each."""
    database = Outbox(tmp_path).database
    open_ = "status IN ('stored', 'submitted')"
    taken = "status IN ('stored', 'submitted', 'committed')"
    queries = {
        f"SELECT 1 FROM entry WHERE {open_} AND sender = x'00' ORDER BY number, id": "entry_open",
        "SELECT 1 FROM entry WHERE key = 'rent'": "sqlite_autoindex_entry_2",
        "SELECT 1 FROM entry WHERE hash = x'00'": "sqlite_autoindex_entry_1",
        f"SELECT number FROM entry WHERE sender = x'00' AND number >= 5 AND {taken}": "entry_by_number",
    }
    for query, index in queries.items():
        plan = " ".join(row[3] for row in database.rows(f"EXPLAIN QUERY PLAN {query}"))
        assert f"USING INDEX {index}" in plan or f"USING COVERING INDEX {index}" in plan, plan
        assert "SCAN" not in plan


def test_unknown_and_malformed_entries(tmp_path: Path) -> None:
    """A missing hash, a status that does not exist, a row whose bytes are not its hash's."""
    box = Outbox(tmp_path)
    first, second = payment(1), payment(2)
    with pytest.raises(OutboxError) as caught:
        box.get(first.hash)
    assert caught.value.name == "unknown_hash"
    box.add(first)
    with pytest.raises(OutboxError) as caught:
        box.mark(first.hash, "paid")
    assert caught.value.name == "unknown_status"
    for column, value in (
        ("envelope", second.envelope),
        ("envelope", b"\x00"),
        ("status", "x"),
        ("note", "{"),
        ("note", "[]"),
    ):
        ((kept,),) = box.database.rows(f"SELECT {column} FROM entry")
        box.database.run(f"UPDATE entry SET {column} = ?", value)
        with pytest.raises(OutboxError) as caught:
            box.get(first.hash)
        assert caught.value.name == "outbox_malformed", column
        box.database.run(f"UPDATE entry SET {column} = ?", kept)
    assert box.get(first.hash).transaction == first


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\0" + bytes(84)])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    """One clear error; the file stays as it is."""
    (tmp_path / "outbox.sqlite3").write_bytes(content)
    with pytest.raises(OutboxError, match=r"outbox\.sqlite3") as caught:
        Outbox(tmp_path)
    assert caught.value.name == "outbox_malformed"
    assert (tmp_path / "outbox.sqlite3").read_bytes() == content


@pytest.mark.parametrize(("application", "version"), [(APPLICATION, FORMAT + 1), (APPLICATION + 1, FORMAT), (0, 0)])
def test_another_format_is_refused(tmp_path: Path, application: int, version: int) -> None:
    """The rule: "A format version, refused or migrated with a sentence"."""
    other = sqlite3.connect(tmp_path / "outbox.sqlite3")
    other.executescript(f"CREATE TABLE t (a); PRAGMA application_id={application}; PRAGMA user_version={version};")
    other.close()
    with pytest.raises(OutboxError, match=f"format {version}") as caught:
        Outbox(tmp_path)
    assert caught.value.name == "outbox_format"


def test_two_processes_choose_different_numbers(tmp_path: Path) -> None:
    """The rule: "must not sign the same number twice": four processes at once, a hundred numbers each."""
    program = (
        "import sys; from pathlib import Path; from node.client.sending.outbox import Outbox; "
        "from tests.node.client.sending.test_outbox import ALICE, payment; box = Outbox(Path(sys.argv[1]))\n"
        "for amount in range(100):\n"
        "  with box.writing():\n"
        "    (number,) = box.free_numbers(ALICE.address, 0, 1)\n"
        "    box.add(payment(1 + amount, number))\n"
    )
    root = Path(__file__).resolve().parents[4]
    running = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=root) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    numbers = [entry.transaction.raw.sequence_number for entry in Outbox(tmp_path).entries()]
    assert sorted(numbers) == list(range(400))
