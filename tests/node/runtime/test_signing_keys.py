"""Several consensus keys in one directory, each with its own signing record (E11, D4)."""

from pathlib import Path

import pytest

from chain.codec import encode
from chain.consensus.safety import SafetyRecord
from chain.errors import MithqalError
from chain.storage import Column, WriteBatch
from node.keystore import is_unused, mark_unused, save_key
from node.runtime.signing_keys import FIRST_KEY, SigningKeys, begin_record, later_key_file
from node.storage.memory import MemoryStore
from node.storage.rules import StorageError
from node.storage.safety_file import SafetyFile, owner_of
from node.storage.signing_record import owners_beside

GENESIS = bytes(32)
FIRST, SECOND = b"\x01" * 32, b"\x02" * 32


class Place:
    """A validator's directory, and what was said."""

    def __init__(self, root: Path) -> None:
        self.keys, self.data = root / "keys", root / "data"
        self.data.mkdir()
        self.store = MemoryStore()
        self.said: list[str] = []
        self.first = save_key(self.keys / FIRST_KEY, "first", FIRST)
        mark_unused(self.keys / FIRST_KEY, self.first.public_key)

    def open(self) -> SigningKeys:
        return SigningKeys(self.store, self.data, self.keys, GENESIS, lambda name, _message: self.said.append(name))

    def second(self):
        public = save_key(self.keys / "second.json", "second", SECOND).public_key
        begin_record(self.data, GENESIS, public)
        (self.keys / "second.json").rename(self.keys / later_key_file(public))
        return public


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def record(epoch: int, key: bytes, voted: int = 0) -> bytes:
    return encode(tuple(SafetyRecord(epoch, voted, key=key)))


def test_one_key_and_its_record(place) -> None:
    """`consensus.json` with `safety.bin`, marked beside the ledger."""
    keys = place.open()
    found = keys.find(place.first.public_key)
    assert found is not None
    assert (found.signer.public_key, found.record, keys.newest()) == (place.first.public_key, None, None)
    assert keys.barred == {}
    keys.store(record(1, place.first.public_key, 5))
    keys.close()
    again = place.open()
    assert again.newest() == record(1, place.first.public_key, 5)
    assert owners_beside(place.store) == [owner_of(GENESIS, place.first.public_key)]
    assert (place.data / "safety.bin").exists()
    assert again.find(bytes(32)) is None
    again.close()


def test_a_key_that_comes_while_it_runs(place) -> None:
    """`rotate-key` writes a file; the running process finds it, and each record goes to its own key's file."""
    keys = place.open()
    keys.store(record(1, place.first.public_key, 9))
    public = place.second()
    found = keys.find(public)
    assert found is not None
    assert (found.signer.public_key, found.record) == (public, None)
    keys.store(record(2, public, 1))
    assert keys.newest() == record(2, public, 1)
    keys.close()
    again = place.open()
    first, second = again.find(place.first.public_key), again.find(public)
    assert first is not None
    assert second is not None
    assert (first.record, second.record) == (record(1, place.first.public_key, 9), record(2, public, 1))
    assert owners_beside(place.store) == [owner_of(GENESIS, key) for key in (place.first.public_key, public)]
    again.close()


def test_a_lost_record_silences_the_only_key(place) -> None:
    """D6: 'what this validator has signed is unknown': it observes, and the sentence names the way back."""
    place.open().close()
    (place.data / "safety.bin").unlink()
    for _ in range(2):
        keys = place.open()
        assert keys.find(place.first.public_key) is None
        assert keys.newest() is None
        why = keys.barred[place.first.public_key]
        assert why.name == "safety_record_lost"
        assert "mithqal validator rotate-key NAME" in why.message
        keys.close()
    assert place.said == ["safety_record_lost"] * 2
    assert list(place.data.iterdir()) == []


@pytest.mark.parametrize("harm", ["foreign", "short"])
def test_a_record_that_cannot_be_used_silences_its_key(place, harm: str) -> None:
    """D6: so does one of another key, and one that cannot be read."""
    place.open().close()
    path = place.data / "safety.bin"
    if harm == "foreign":
        path.unlink()
        SafetyFile(path, owner_of(GENESIS, b"\x09" * 32)).close()
    else:
        path.write_bytes(path.read_bytes()[:-1])
    before = path.read_bytes()
    keys = place.open()
    assert keys.find(place.first.public_key) is None
    assert place.said == ["safety_record_foreign" if harm == "foreign" else "safety_record_unreadable"]
    assert path.read_bytes() == before
    keys.close()


def test_a_record_of_another_format_ends_the_start(place) -> None:
    """The program that wrote it is the one to run: nothing here is taken for lost."""
    place.open().close()
    path = place.data / "safety.bin"
    data = path.read_bytes()
    path.write_bytes(data[:4] + (99).to_bytes(4, "big") + data[8:] + b"more")
    with pytest.raises(StorageError) as caught:
        place.open()
    assert caught.value.name == "safety_record_format"


def test_a_lost_record_and_a_new_key(place) -> None:
    """The old key stays silent for good, the new one signs; a lost record of the new one silences it as well."""
    place.open().close()
    (place.data / "safety.bin").unlink()
    public = place.second()
    keys = place.open()
    assert keys.find(place.first.public_key) is None
    assert keys.find(public) is not None
    assert place.said == ["safety_record_lost"]
    keys.store(record(2, public))
    keys.close()
    (place.data / f"safety-{public.hex()[:16]}.bin").unlink()
    keys = place.open()
    assert keys.find(public) is None
    assert sorted(why.name for why in keys.barred.values()) == ["safety_record_lost"] * 2
    keys.close()


def test_a_barred_key(place) -> None:
    """A key that has signed more than its record knows is never given out again."""
    public = place.second()
    keys = place.open()
    keys.bar(place.first.public_key, MithqalError("old", name="safety_record_old"))
    assert keys.find(place.first.public_key) is None
    assert keys.find(public) is not None
    keys.close()


def test_a_ledger_of_somebody_else(place) -> None:
    """D4: a data directory belongs to one validator, however many keys it has."""
    place.store.write(WriteBatch(rows=[(Column.META, 1, b"\x07" * 32)]))
    place.second()
    with pytest.raises(StorageError) as caught:
        place.open()
    assert caught.value.name == "foreign_ledger"


def test_a_record_is_begun_once(place) -> None:
    """D5: the mark that a key is unused is gone before the key can sign, whatever becomes of the record."""
    assert is_unused(place.keys / FIRST_KEY)
    place.open().close()
    assert not is_unused(place.keys / FIRST_KEY)
    assert [path.name for path in place.keys.iterdir()] == [FIRST_KEY]


def test_an_interrupted_beginning(place) -> None:
    """D5: a crash after the record was begun and before the mark went leaves a key that goes on, and no mark."""
    begun = place.open()
    begun.close()
    mark_unused(place.keys / FIRST_KEY, place.first.public_key)
    keys = place.open()
    assert keys.find(place.first.public_key) is not None
    assert not is_unused(place.keys / FIRST_KEY)
    keys.close()


@pytest.mark.parametrize("rotated", [False, True])
def test_whose_record_went_with_the_ledger_signs_nothing_from_the_start(place, rotated: bool) -> None:
    """D5: nothing in an empty directory says what its keys have signed: the validator follows, and not only after it
    has found that out; also at every later start, when there are blocks again."""
    keys = place.open()
    keys.store(record(1, place.first.public_key, 9))
    publics = [place.first.public_key]
    if rotated:
        publics.append(place.second())
        keys.find(publics[1])
        keys.store(record(2, publics[1], 1))
    keys.close()
    for path in place.data.iterdir():
        path.unlink()
    place.store, place.said = MemoryStore(), []
    for _ in range(2):
        keys = place.open()
        assert [keys.find(public) for public in publics] == [None] * len(publics)
        assert keys.newest() is None
        keys.close()
        place.store.write(WriteBatch(rows=[(Column.BLOCK, 1, b"x"), (Column.PENDING, 0, b"x")]))
    assert place.said == ["signing_record_new"] * 2 * len(publics)
    assert list(place.data.iterdir()) == []


def test_with_a_new_key_it_signs_also_after_a_restart(place) -> None:
    """D5, D4: the ledger that only the new key ran is this validator's, whose first key has no record any more."""
    place.open().close()
    for path in place.data.iterdir():
        path.unlink()
    place.store, place.said = MemoryStore(), []
    keys = place.open()
    public = place.second()
    assert keys.find(public) is not None
    keys.store(record(2, public, 1))
    keys.close()
    assert owners_beside(place.store) == [owner_of(GENESIS, public)]
    keys = place.open()
    found = keys.find(public)
    assert found is not None
    assert found.record == record(2, public, 1)
    assert keys.find(place.first.public_key) is None
    assert place.said == ["signing_record_new", "safety_record_lost"]
    keys.close()


def test_a_mark_of_another_key_is_none(place) -> None:
    """D5: the mark names its key; one that was left behind by another key says nothing of this one."""
    mark_unused(place.keys / FIRST_KEY, b"\x09" * 32)
    keys = place.open()
    assert keys.find(place.first.public_key) is None
    assert place.said == ["signing_record_new"]
    keys.close()
