"""The signing record: whatever is torn, flipped or refused, it is the old record, the new one, or an error."""

import os
import stat
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.storage import safety_file
from node.storage.rules import StorageError
from node.storage.safety_file import FILE_BYTES, HEADER_BYTES, MAX_PAYLOAD, SLOT_BYTES, SafetyFile

OLD, NEW = b"the record that was signed for", b"the record after it, which is longer than the old one"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the record is; nothing there yet."""
    return tmp_path / "safety.bin"


def written(path: Path, *payloads: bytes) -> bytes:
    """The file's bytes after these records."""
    file = SafetyFile(path)
    for payload in payloads:
        file.store(payload)
    file.close()
    return path.read_bytes()


def read(path: Path) -> bytes | None:
    """What a new process finds."""
    file = SafetyFile(path)
    try:
        return file.load()
    finally:
        file.close()


def refusal(path: Path) -> StorageError:
    """The error of a new process."""
    with pytest.raises(StorageError) as caught:
        SafetyFile(path)
    return caught.value


def slot(sequence: int, payload: bytes, *, magic: bytes = b"MQSR", version: int = 1) -> bytes:
    """A slot's bytes, by the format's description."""
    head = magic + version.to_bytes(4, "big") + sequence.to_bytes(8, "big") + len(payload).to_bytes(4, "big")
    return head + blake2b(head + payload, digest_size=16).digest() + payload


def file_of(first: bytes, second: bytes) -> bytes:
    """A file of two slots."""
    return first.ljust(SLOT_BYTES, b"\0") + second.ljust(SLOT_BYTES, b"\0")


class TestStoring:
    def test_a_new_file_holds_no_record(self, path: Path) -> None:
        assert read(path) is None
        assert read(path) is None
        assert path.read_bytes() == file_of(slot(0, b""), b"")
        assert path.stat().st_size == FILE_BYTES == 131_072
        assert path.stat().st_blocks * 512 >= FILE_BYTES
        assert path.stat().st_mode & 0o777 == 0o600
        assert [item.name for item in path.parent.iterdir()] == ["safety.bin"]

    def test_the_newest_record_is_loaded(self, path: Path) -> None:
        file = SafetyFile(path)
        for number in range(5):
            file.store(b"record %d" % number)
            assert file.load() == b"record %d" % number
            assert read(path) == b"record %d" % number
        file.close()

    def test_slots_take_turns(self, path: Path) -> None:
        """A write goes to the slot of the older record; n stands in slot n mod 2."""
        assert written(path, b"1") == file_of(slot(0, b""), slot(1, b"1"))
        assert written(path, b"2") == file_of(slot(2, b"2"), slot(1, b"1"))
        assert written(path, b"3") == file_of(slot(2, b"2"), slot(3, b"3"))
        assert written(path, b"4", b"5") == file_of(slot(4, b"4"), slot(5, b"5"))

    def test_an_empty_record_is_a_record(self, path: Path) -> None:
        written(path, b"")
        assert read(path) == b""

    def test_a_shorter_record_over_a_longer(self, path: Path) -> None:
        written(path, b"x" * 1000, b"y" * 1000, b"z")
        assert read(path) == b"z"

    @pytest.mark.parametrize("size", [MAX_PAYLOAD - 1, MAX_PAYLOAD])
    def test_the_longest_record(self, path: Path, size: int) -> None:
        assert MAX_PAYLOAD == 65_536 - 36
        for payload in (b"a" * size, b"b" * size, b"c" * size):
            written(path, payload)
            assert read(path) == payload
        assert path.stat().st_size == FILE_BYTES

    def test_a_record_that_is_too_long(self, path: Path) -> None:
        before = written(path, OLD)
        file = SafetyFile(path)
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
        file = SafetyFile(path)
        fd = file._fd
        file.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
        file.close()
        with pytest.raises(StorageError) as caught:
            file.store(NEW)
        assert caught.value.name == "sync_failed"


class TestTearing:
    """A write that power cut short: the result is the old or the new record, never anything else."""

    @pytest.mark.parametrize("earlier", [(OLD,), (b"first", OLD), (b"a much longer record" * 9, b"second", OLD)])
    def test_a_tear_at_every_byte(self, path: Path, earlier: tuple[bytes, ...]) -> None:
        before = written(path, *earlier)
        after = written(path, NEW)
        start = (len(earlier) + 1) % 2 * SLOT_BYTES
        length = HEADER_BYTES + len(NEW)
        results = []
        for cut in range(length + 1):
            path.write_bytes(before[: start + 0] + after[start : start + cut] + before[start + cut :])
            results.append(read(path))
        assert results == [OLD] * length + [NEW]

    def test_a_tear_that_wrote_the_end_first(self, path: Path) -> None:
        """Sectors reach the disk in any order."""
        before = written(path, b"first", OLD)
        after = written(path, NEW)
        start, length = SLOT_BYTES, HEADER_BYTES + len(NEW)
        for cut in range(1, length + 1):
            torn = before[: start + cut] + after[start + cut :]
            path.write_bytes(torn)
            assert read(path) == (NEW if torn == after else OLD)
            assert (torn == after) == (cut <= 15), "up to the sequence's last byte both slots begin alike"

    def test_a_tear_of_the_very_first_record(self, path: Path) -> None:
        before = written(path)
        after = written(path, NEW)
        for cut in range(HEADER_BYTES + len(NEW)):
            path.write_bytes(before[:SLOT_BYTES] + after[SLOT_BYTES : SLOT_BYTES + cut] + before[SLOT_BYTES + cut :])
            assert read(path) is None

    def test_after_a_tear_the_whole_slot_is_kept(self, path: Path) -> None:
        """The next write goes over the torn slot, never over the only whole one."""
        before = written(path, b"first", OLD)
        torn = before[: SLOT_BYTES + 40] + b"torn" + before[SLOT_BYTES + 44 :]
        path.write_bytes(torn)
        after = written(path, NEW)
        assert after[:SLOT_BYTES] == before[:SLOT_BYTES]
        assert after[SLOT_BYTES:].startswith(slot(3, NEW))
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


class TestDamage:
    def test_a_bit_flipped_anywhere_in_a_slot(self, path: Path) -> None:
        """With either slot damaged the other one is used."""
        whole = written(path, OLD, NEW)
        for place, other in ((0, OLD), (1, NEW)):
            size = HEADER_BYTES + len((NEW, OLD)[place])
            for at in range(size):
                for bit in (1, 128):
                    data = bytearray(whole)
                    data[place * SLOT_BYTES + at] ^= bit
                    path.write_bytes(data)
                    assert read(path) == other, (place, at, bit)

    def test_a_bit_flipped_behind_the_record_does_not_matter(self, path: Path) -> None:
        data = bytearray(written(path, OLD, NEW))
        data[HEADER_BYTES + len(NEW)] ^= 1
        data[-1] ^= 1
        path.write_bytes(data)
        assert read(path) == NEW

    @pytest.mark.parametrize("at", [0, 5, 15, 19, 20, HEADER_BYTES - 1, HEADER_BYTES])
    def test_both_slots_damaged(self, path: Path, at: int) -> None:
        """Safety record unreadable: never vote (security 4.7)."""
        data = bytearray(written(path, OLD, NEW))
        data[at] ^= 1
        data[SLOT_BYTES + at] ^= 1
        path.write_bytes(data)
        error = refusal(path)
        assert error.name == "safety_record_unreadable"
        assert str(path) in error.message
        assert "must not sign" in error.message
        assert path.read_bytes() == data

    @pytest.mark.parametrize(
        "change",
        [
            lambda data: b"",
            lambda data: bytes(FILE_BYTES),
            lambda data: data[:-1],
            lambda data: data[:SLOT_BYTES],
            lambda data: data + b"\0",
            lambda data: os.urandom(FILE_BYTES),
        ],
    )
    def test_a_file_that_lost_its_record_is_not_taken_for_a_new_one(
        self, path: Path, change: Callable[[bytes], bytes]
    ) -> None:
        """None only if nothing was ever written."""
        path.write_bytes(change(written(path, OLD)))
        assert refusal(path).name == "safety_record_unreadable"

    def test_a_directory_in_its_place(self, path: Path) -> None:
        path.mkdir()
        assert refusal(path).name == "safety_record_unreadable"

    def test_a_directory_that_is_missing(self, tmp_path: Path) -> None:
        assert refusal(tmp_path / "missing" / "safety.bin").name == "sync_failed"

    def test_the_higher_sequence_wins(self, path: Path) -> None:
        for first, second, wanted in ((8, 9, b"odd"), (10, 9, b"even"), (2**40, 2**40 - 1, b"even")):
            path.write_bytes(file_of(slot(first, b"even"), slot(second, b"odd")))
            assert read(path) == wanted

    def test_a_slot_in_the_others_place_does_not_count(self, path: Path) -> None:
        path.write_bytes(file_of(slot(7, b"misplaced"), slot(5, b"own")))
        assert read(path) == b"own"
        path.write_bytes(file_of(slot(4, b"own"), slot(6, b"misplaced")))
        assert read(path) == b"own"
        path.write_bytes(file_of(slot(7, b"misplaced"), slot(6, b"misplaced")))
        assert refusal(path).name == "safety_record_unreadable"

    def test_another_magic(self, path: Path) -> None:
        path.write_bytes(file_of(slot(4, b"foreign", magic=b"MQSX"), slot(3, b"own")))
        assert read(path) == b"own"

    @pytest.mark.parametrize("version", [0, 2])
    @pytest.mark.parametrize("place", [0, 1])
    def test_a_newer_programs_record_is_never_passed_over(self, path: Path, version: int, place: int) -> None:
        """The other slot is older than what was signed: to use it would be to forget."""
        foreign, own = slot(8 + place, b"theirs", version=version), slot(8 - place, b"ours")
        path.write_bytes(
            file_of(foreign, slot(7, b"ours")) if place == 0 else file_of(own[:0] + slot(8, b"ours"), foreign)
        )
        error = refusal(path)
        assert error.name == "safety_record_format"
        assert error.details == {"found": version, "expected": 1}
        for part in (str(path), f"format {version}", "format 1"):
            assert part in error.message


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5), st.binary(max_size=40), st.data())
def test_whatever_mixture_of_old_and_new_bytes(records: list[bytes], new: bytes, data: st.DataObject) -> None:
    """Any subset of the bytes of a write may have arrived: the result is the old or the new record."""
    before = b"".join(_slots(records))
    after = b"".join(_slots([*records, new]))
    start = (len(records) + 1) % 2 * SLOT_BYTES
    size = HEADER_BYTES + len(new)
    arrived = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    torn = bytearray(before)
    for at, is_new in enumerate(arrived, start):
        if is_new:
            torn[at] = after[at]
    place = len(records) % 2
    kept = safety_file._parse(bytes(torn[place * SLOT_BYTES : (place + 1) * SLOT_BYTES]), place)
    assert kept is not None
    assert kept.payload == records[-1]
    other = safety_file._parse(bytes(torn[start : start + SLOT_BYTES]), 1 - place)
    if other is not None and other.sequence > kept.sequence:
        assert other.payload == new
        assert torn == after


def _slots(records: list[bytes]) -> Iterator[bytes]:
    """The two slots after these records."""
    slots = [slot(0, b"").ljust(SLOT_BYTES, b"\0"), bytes(SLOT_BYTES)]
    for sequence, payload in enumerate(records, 1):
        data = slot(sequence, payload)
        slots[sequence % 2] = data + slots[sequence % 2][len(data) :]
    return iter(slots)


class TestFailing:
    """A failed sync stops the process (design decision 8): after it every call is refused."""

    def failed(self, path: Path, monkeypatch: pytest.MonkeyPatch, name: str, replacement: object) -> SafetyFile:
        """A file whose second write failed."""
        file = SafetyFile(path)
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

    def test_the_record_is_synced_after_it_is_written(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """T2: write without sync is how a restarted validator votes twice."""
        calls: list[str] = []
        file = SafetyFile(path)
        pwrite, fdatasync = os.pwrite, os.fdatasync

        def log_write(fd: int, data: bytes, at: int) -> int:
            calls.append("write")
            return pwrite(fd, data, at)

        def log_sync(fd: int) -> None:
            calls.append("sync")
            fdatasync(fd)

        monkeypatch.setattr(os, "pwrite", log_write)
        monkeypatch.setattr(os, "fdatasync", log_sync)
        file.store(OLD)
        file.store(NEW)
        assert calls == ["write", "sync", "write", "sync"]
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
        SafetyFile(path).close()
        assert calls == ["sync 131072 bytes", "rename", "sync directory"]
        SafetyFile(path).close()
        assert len(calls) == 3

    @pytest.mark.parametrize("name", ["fsync", "write"])
    def test_a_creation_that_fails(self, path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        def fail(*arguments: object) -> int:
            if name == "write":
                return 5
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, name, fail)
        error = refusal(path)
        assert error.name == "sync_failed"
        assert str(path) in error.message
        assert not path.exists()
