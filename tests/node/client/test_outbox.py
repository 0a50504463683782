"""The outbox: signed bytes on disk before submission, each payment once."""

import json
from pathlib import Path

import pytest

from node.client.outbox import Outbox, OutboxError
from tests.builders import ALICE, BOB, small_world


def payment(amount: int):
    """A signed payment."""
    return small_world().sign(ALICE, "peer_to_peer_with_metadata", "XUS", BOB.address, amount, b"", b"")


def test_an_entry_survives_in_its_own_file(tmp_path: Path) -> None:
    """The rule: "`pay` stores the signed bytes in the network's outbox before it submits"."""
    tx = payment(5)
    entry = Outbox(tmp_path / "outbox").add(tx, key="rent", note={"to": "bob"})
    again = Outbox(tmp_path / "outbox")
    assert again.get(tx.hash) == entry == again.by_key("rent")
    assert (entry.status, entry.envelope, entry.note) == ("stored", tx.envelope, {"to": "bob"})
    assert entry.transaction == tx
    path = tmp_path / "outbox" / f"{tx.hash.hex()}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list((tmp_path / "outbox").glob("*.tmp")) == []


def test_the_same_transaction_again_is_the_same_entry(tmp_path: Path) -> None:
    """A repeat is harmless, and does not reset the status."""
    box = Outbox(tmp_path)
    tx = payment(5)
    box.add(tx, key="rent")
    box.mark(tx.hash, "submitted")
    assert box.add(tx, key="rent").status == "submitted"
    assert len(box.entries()) == 1


def test_an_id_names_one_payment(tmp_path: Path) -> None:
    """The rule: "`--id KEY` makes a repeat harmless": another payment under a used id is refused."""
    box = Outbox(tmp_path)
    box.add(payment(5), key="rent")
    with pytest.raises(OutboxError) as caught:
        box.add(payment(6), key="rent")
    assert caught.value.name == "id_used"
    assert caught.value.details == {"hash": payment(5).hash.hex()}
    assert len(box.entries()) == 1


def test_a_final_status_stays(tmp_path: Path) -> None:
    """refused, committed and expired are final; only open entries are looked at again."""
    box = Outbox(tmp_path)
    for amount, status in enumerate(("refused", "committed", "expired", "submitted", "stored"), 1):
        tx = payment(amount)
        box.add(tx)
        box.mark(tx.hash, status, version=amount)
        assert box.mark(tx.hash, "committed").status == (status if amount <= 3 else "committed")
    box.add(payment(9))
    assert [entry.hash for entry in box.open_entries()] == [payment(9).hash]
    assert box.get(payment(2).hash).note == {"version": 2}


def test_unknown_and_malformed_entries(tmp_path: Path) -> None:
    """A missing hash, a status that does not exist, a file whose bytes are not its name's."""
    box = Outbox(tmp_path)
    first, second = payment(1), payment(2)
    with pytest.raises(OutboxError) as caught:
        box.get(first.hash)
    assert caught.value.name == "unknown_hash"
    box.add(first)
    with pytest.raises(OutboxError) as caught:
        box.mark(first.hash, "paid")
    assert caught.value.name == "unknown_status"
    path = tmp_path / f"{first.hash.hex()}.json"
    value = json.loads(path.read_text())
    for text in ("{", "[]", json.dumps({**value, "envelope": second.envelope.hex()}),
                 json.dumps({**value, "status": "x"}), json.dumps({**value, "envelope": "00"})):  # fmt: skip
        path.write_text(text)
        with pytest.raises(OutboxError) as caught:
            box.get(first.hash)
        assert caught.value.name == "outbox_malformed", text
