"""The signing record: whatever is torn or refused, it is the old record, the new one, or an error."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.storage import safety_file
from node.storage.rules import StorageError
from node.storage.safety_file import FILE_BYTES, HEADER_BYTES, MAX_PAYLOAD, SLOT_BYTES, SafetyFile, owner_of
from tests.node.storage.signing_records import NEW, OLD, OWNER, file_of, read, refusal, slot, written


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the record is; nothing there yet."""
    return tmp_path / "safety.bin"


class TestStoring:
    def test_a_new_file_holds_no_record(self, path: Path) -> None:
        """It appears whole with records 0 and 1, which say that nothing was stored yet."""
        assert read(path) is None
        assert read(path) is None
        assert path.read_bytes() == file_of(slot(0, b""), slot(1, b""))
        assert path.stat().st_size == FILE_BYTES == 262_144
        assert path.stat().st_blocks * 512 >= FILE_BYTES
        assert path.stat().st_mode & 0o777 == 0o600
        assert [item.name for item in path.parent.iterdir()] == ["safety.bin"]

    def test_the_newest_record_is_loaded(self, path: Path) -> None:
        file = SafetyFile(path, OWNER)
        for number in range(5):
            file.store(b"record %d" % number)
            assert file.load() == b"record %d" % number
            assert read(path) == b"record %d" % number
        file.close()

    def test_slots_take_turns(self, path: Path) -> None:
        """A write goes to the slot of the older record; n stands in slot n mod 2, twice."""
        assert written(path, b"2") == file_of(slot(2, b"2"), slot(1, b""))
        assert written(path, b"3") == file_of(slot(2, b"2"), slot(3, b"3"))
        assert written(path, b"4") == file_of(slot(4, b"4"), slot(3, b"3"))
        assert written(path, b"5", b"6") == file_of(slot(6, b"6"), slot(5, b"5"))

    def test_an_empty_record_is_a_record(self, path: Path) -> None:
        written(path, b"")
        assert read(path) == b""

    def test_a_shorter_record_over_a_longer(self, path: Path) -> None:
        written(path, b"x" * 1000, b"y" * 1000, b"z")
        assert read(path) == b"z"

    @pytest.mark.parametrize("size", [MAX_PAYLOAD - 1, MAX_PAYLOAD])
    def test_the_longest_record(self, path: Path, size: int) -> None:
        assert MAX_PAYLOAD == 65_536 - 68
        for payload in (b"a" * size, b"b" * size, b"c" * size):
            written(path, payload)
            assert read(path) == payload
        assert path.stat().st_size == FILE_BYTES

    def test_a_record_that_is_too_long(self, path: Path) -> None:
        before = written(path, OLD)
        file = SafetyFile(path, OWNER)
        with pytest.raises(StorageError) as caught:
            file.store(bytes(MAX_PAYLOAD + 1))
        assert caught.value.name == "record_too_large"
        assert caught.value.details == {"size": MAX_PAYLOAD + 1, "limit": MAX_PAYLOAD}
        assert path.read_bytes() == before
        assert file.load() == OLD
        file.store(NEW)
        assert read(path) == NEW
        file.close()

    def test_closing_twice_and_storing_after(self, path: Path) -> None:
        file = SafetyFile(path, OWNER)
        fd = file._fd
        file.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
        file.close()
        with pytest.raises(StorageError) as caught:
            file.store(NEW)
        assert caught.value.name == "sync_failed"

    def test_a_record_that_must_be_there_is_not_made_anew(self, path: Path) -> None:
        """A deleted record is not the record of one who never signed."""
        with pytest.raises(StorageError) as caught:
            SafetyFile(path, OWNER, may_create=False)
        assert caught.value.name == "safety_record_lost"
        assert caught.value.message.startswith(f"there is no {path}, but the ledger beside it was run with one")
        assert "must not sign again" in caught.value.message
        assert not path.exists()
        written(path, OLD)
        file = SafetyFile(path, OWNER, may_create=False)
        assert file.load() == OLD
        file.close()

    def test_a_record_belongs_to_one_key_on_one_network(self, path: Path) -> None:
        """Another validator's record, or that of another network, says nothing about what this key has signed."""
        genesis, key, other = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
        assert (
            len({owner_of(genesis, key), owner_of(genesis, other), owner_of(other, key), owner_of(key, genesis)}) == 4
        )
        before = written(path, OLD)
        for foreign in (owner_of(genesis, other), owner_of(other, key)):
            with pytest.raises(StorageError) as caught:
                SafetyFile(path, foreign)
            assert caught.value.name == "safety_record_foreign"
            assert path.read_bytes() == before
        path.write_bytes(file_of(slot(2, OLD), slot(3, NEW, owner=bytes(32)), slot(2, OLD), slot(3, NEW)))
        assert refusal(path).name == "safety_record_foreign"


def torn_at(before: bytes, after: bytes, start: int, cut: int) -> bytes:
    """The file when only `cut` bytes of the write that begins at `start` had arrived."""
    return before[:start] + after[start : start + cut] + before[start + cut :]


class TestTearing:
    """A write that power cut short: the result is the old or the new record, never anything else."""

    @pytest.mark.parametrize("earlier", [(OLD,), (b"first", OLD), (b"a much longer record" * 9, b"second", OLD)])
    def test_a_tear_at_every_byte(self, path: Path, earlier: tuple[bytes, ...]) -> None:
        """Of the first copy: what it stands for was not acknowledged, so the record before it counts."""
        before = written(path, *earlier)
        after = written(path, NEW)
        start = (len(earlier) + 2) % 2 * SLOT_BYTES
        assert after[start:].startswith(slot(len(earlier) + 2, NEW))
        length = HEADER_BYTES + len(NEW)
        results = []
        for cut in range(length + 1):
            path.write_bytes(torn_at(before, after, start, cut))
            results.append(read(path))
        assert results == [OLD] * length + [NEW]

    @pytest.mark.parametrize("earlier", [(OLD,), (b"first", OLD)])
    def test_a_tear_of_the_second_copy_at_every_byte(self, path: Path, earlier: tuple[bytes, ...]) -> None:
        """The first copy is durable by then: the new record counts, and stands twice again."""
        before = written(path, *earlier)
        after = written(path, NEW)
        place = (len(earlier) + 2) % 2
        first, second = place * SLOT_BYTES, (2 + place) * SLOT_BYTES
        length = HEADER_BYTES + len(NEW)
        for cut in range(length + 1):
            data = torn_at(before, after, first, SLOT_BYTES)
            path.write_bytes(torn_at(data, after, second, cut))
            assert read(path) == NEW
            assert path.read_bytes()[second:].startswith(slot(len(earlier) + 2, NEW))

    def test_a_tear_that_wrote_the_end_first(self, path: Path) -> None:
        """Sectors reach the disk in any order."""
        before = written(path, b"first", OLD)
        after = written(path, NEW)
        length = HEADER_BYTES + len(NEW)
        for cut in range(1, length + 1):
            torn = before[:cut] + after[cut:length] + before[length:]
            path.write_bytes(torn)
            whole = torn[:length] == after[:length]
            assert read(path) == (NEW if whole else OLD)
            assert whole == (cut <= 47), "up to the sequence's last byte both copies begin alike"

    def test_power_lost_with_two_writes_under_way(self, path: Path) -> None:
        """The second copy of a record and the first copy of the next go out with one sync: both may be torn."""
        records = written(path, b"first", OLD), written(path, NEW)
        for cut in (0, 20, 50, HEADER_BYTES + 3):
            data = torn_at(records[0], records[1], 0, cut)  # first copy of the new record
            second = 3 * SLOT_BYTES  # second copy of the old record, still that of the one two before it
            data = data[:second] + slot(1, b"")[:60] + data[second + 60 :]
            path.write_bytes(data)
            assert read(path) == OLD

    def test_a_tear_of_the_very_first_record(self, path: Path) -> None:
        before = written(path)
        after = written(path, NEW)
        for cut in range(HEADER_BYTES + len(NEW)):
            path.write_bytes(torn_at(before, after, 0, cut))
            assert read(path) is None

    def test_after_a_tear_the_whole_slot_is_kept(self, path: Path) -> None:
        """The next write goes over the torn slot, never over the only whole one."""
        before = written(path, b"first", OLD)
        path.write_bytes(before[:80] + b"torn" + before[84:])
        after = written(path, NEW)
        assert after == file_of(slot(4, NEW), slot(3, OLD))
        assert read(path) == NEW

    def test_creation_cut_short_leaves_nothing_under_the_name(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Then the next start creates it: no signature has left yet."""

        def no_rename(self: Path, target: Path) -> Path:
            raise OSError(5, "Input/output error")

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", no_rename)
            assert refusal(path).name == "sync_failed"
        assert not path.exists()
        assert (path.parent / "safety.bin.new").exists()
        assert written(path, OLD)
        assert read(path) == OLD
        assert not (path.parent / "safety.bin.new").exists()


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5), st.binary(max_size=40), st.data())
def test_whatever_mixture_of_old_and_new_bytes(records: list[bytes], new: bytes, data: st.DataObject) -> None:
    """Any subset of the bytes of a write may have arrived: the result is the old or the new record."""
    before, after = _file_after(records), _file_after([*records, new])
    place = len(records) % 2
    start, size = place * SLOT_BYTES, HEADER_BYTES + len(new)
    arrived = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    torn = bytearray(before)
    for at, is_new in enumerate(arrived, start):
        if is_new:
            torn[at] = after[at]
    copies = [safety_file._parse(bytes(torn), place, number) for number in (0, 1)]
    kept = safety_file._parse(bytes(torn), 1 - place, 0)
    assert kept is not None
    assert kept.payload == records[-1]
    assert copies[1] is not None
    assert copies[1].sequence == kept.sequence - 1
    if copies[0] is not None and copies[0].sequence > kept.sequence:
        assert copies[0].payload == new
        assert torn[start : start + size] == after[start : start + size]


def _file_after(records: list[bytes]) -> bytes:
    """The file after these records."""
    slots = [slot(0, b"").ljust(SLOT_BYTES, b"\0"), slot(1, b"").ljust(SLOT_BYTES, b"\0")]
    for sequence, payload in enumerate(records, 2):
        data = slot(sequence, payload)
        slots[sequence % 2] = data + slots[sequence % 2][len(data) :]
    return b"".join(slots) * 2


class TestFailing:
    """A failed sync stops the process (design decision 8): after it every call is refused."""

    def failed(self, path: Path, monkeypatch: pytest.MonkeyPatch, name: str, replacement: object) -> SafetyFile:
        """A file whose second write failed."""
        file = SafetyFile(path, OWNER)
        file.store(OLD)
        with monkeypatch.context() as patch:
            patch.setattr(os, name, replacement)
            with pytest.raises(StorageError) as caught:
                file.store(NEW)
        assert caught.value.name == "sync_failed"
        assert str(path) in caught.value.message
        return file

    def check_dead(self, file: SafetyFile) -> None:
        """Every further call is refused, though the disk would take it now."""
        before = file.path.read_bytes()
        for call in (lambda: file.store(b"later"), file.load, lambda: file.store(bytes(MAX_PAYLOAD + 1))):
            with pytest.raises(StorageError) as caught:
                call()
            assert caught.value.name == "sync_failed"
        assert file.path.read_bytes() == before
        file.close()

    def test_a_failing_fdatasync(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(fd: int) -> None:
            raise OSError(5, "Input/output error")

        file = self.failed(path, monkeypatch, "fdatasync", fail)
        self.check_dead(file)
        assert read(path) in (OLD, NEW)

    def test_a_failing_write(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(fd: int, data: bytes, offset: int) -> int:
            raise OSError(28, "No space left on device")

        file = self.failed(path, monkeypatch, "pwrite", fail)
        self.check_dead(file)
        assert read(path) == OLD

    def test_a_short_write(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pwrite = os.pwrite
        file = self.failed(path, monkeypatch, "pwrite", lambda fd, data, at: pwrite(fd, data[:-1], at))
        self.check_dead(file)
        assert read(path) == OLD

    def test_a_failing_second_copy(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Then the record is durable once, and nothing more is signed before it stands twice."""
        pwrite = os.pwrite

        def fail(fd: int, data: bytes, at: int) -> int:
            if at >= 2 * SLOT_BYTES:
                raise OSError(5, "Input/output error")
            return pwrite(fd, data, at)

        file = self.failed(path, monkeypatch, "pwrite", fail)
        self.check_dead(file)
        assert path.read_bytes() == file_of(slot(2, OLD), slot(3, NEW), slot(2, OLD), slot(1, b""))
        assert read(path) == NEW
        assert path.read_bytes() == file_of(slot(2, OLD), slot(3, NEW))

    def test_what_is_mended_is_synced(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """And nothing is written where nothing is wrong."""
        data = bytearray(written(path, OLD, NEW))
        data[HEADER_BYTES] ^= 1
        path.write_bytes(data)
        calls: list[str] = []
        pwrite, fdatasync = os.pwrite, os.fdatasync

        def log_write(fd: int, data: bytes, at: int) -> int:
            calls.append(f"write {at // SLOT_BYTES}")
            return pwrite(fd, data, at)

        def log_sync(fd: int) -> None:
            calls.append("sync")
            fdatasync(fd)

        monkeypatch.setattr(os, "pwrite", log_write)
        monkeypatch.setattr(os, "fdatasync", log_sync)
        assert read(path) == NEW
        assert calls == ["write 0", "sync"]
        assert read(path) == NEW
        assert calls == ["write 0", "sync"]

    def test_a_disk_that_cannot_be_mended(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A damaged copy is written again at the start; if that fails, nothing starts."""
        data = bytearray(written(path, OLD, NEW))
        data[HEADER_BYTES] ^= 1
        path.write_bytes(data)

        def fail(fd: int, data: bytes, at: int) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "pwrite", fail)
        assert refusal(path).name == "sync_failed"

    def test_the_record_is_synced_after_it_is_written(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """T2: write without sync is how a restarted validator votes twice."""
        calls: list[str] = []
        file = SafetyFile(path, OWNER)
        pwrite, fdatasync = os.pwrite, os.fdatasync

        def log_write(fd: int, data: bytes, at: int) -> int:
            calls.append(f"write {at // SLOT_BYTES}")
            return pwrite(fd, data, at)

        def log_sync(fd: int) -> None:
            calls.append("sync")
            fdatasync(fd)

        monkeypatch.setattr(os, "pwrite", log_write)
        monkeypatch.setattr(os, "fdatasync", log_sync)
        file.store(OLD)
        file.store(NEW)
        assert calls == ["write 0", "sync", "write 2", "write 1", "sync", "write 3"]
        file.close()

    def test_a_new_file_and_its_name_are_synced(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """T2: file first, then rename, then the directory."""
        calls: list[str] = []
        fsync, rename = os.fsync, Path.rename

        def log_sync(fd: int) -> None:
            state = os.fstat(fd)
            calls.append("sync directory" if stat.S_ISDIR(state.st_mode) else f"sync {state.st_size} bytes")
            fsync(fd)

        def log_rename(self: Path, target: Path) -> Path:
            calls.append("rename")
            return rename(self, target)

        monkeypatch.setattr(os, "fsync", log_sync)
        monkeypatch.setattr(Path, "rename", log_rename)
        SafetyFile(path, OWNER).close()
        assert calls == ["sync 262144 bytes", "rename", "sync directory"]
        SafetyFile(path, OWNER).close()
        assert len(calls) == 3

    @pytest.mark.parametrize("name", ["fsync", "pwrite"])
    def test_a_creation_that_fails(self, path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        def fail(*arguments: object) -> int:
            if name == "pwrite":
                return 5
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, name, fail)
        error = refusal(path)
        assert error.name == "sync_failed"
        assert str(path) in error.message
        assert not path.exists()
