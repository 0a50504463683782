"""Rot in the signing record: the newest record from its other copy, or a refusal, never an older record."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from node.storage.safety_file import FILE_BYTES, HEADER_BYTES, SLOT_BYTES
from tests.node.storage.signing_records import NEW, OLD, file_of, read, refusal, slot, written


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the record is; nothing there yet."""
    return tmp_path / "safety.bin"


class TestDamage:
    """A flipped bit in an acknowledged record never makes an older one count."""

    @pytest.mark.parametrize("copy", range(4))
    def test_a_bit_flipped_anywhere_in_one_copy(self, path: Path, copy: int) -> None:
        """Whichever of the four it is: the newest record is used, and stands twice again."""
        whole = written(path, OLD, NEW)
        size = HEADER_BYTES + len((OLD, NEW)[copy % 2])
        for at in range(size):
            data = bytearray(whole)
            data[copy * SLOT_BYTES + at] ^= 1 << at % 8
            path.write_bytes(data)
            assert read(path) == NEW, (copy, at)
            assert path.read_bytes() == whole

    def test_a_bit_flipped_behind_the_record_does_not_matter(self, path: Path) -> None:
        data = bytearray(written(path, OLD, NEW))
        data[HEADER_BYTES + len(OLD)] ^= 1
        data[-1] ^= 1
        path.write_bytes(data)
        assert read(path) == NEW

    @pytest.mark.parametrize("at", [0, 5, 9, 47, 51, 52, HEADER_BYTES - 1, HEADER_BYTES])
    @pytest.mark.parametrize("place", [0, 1])
    def test_both_copies_of_a_slot_damaged(self, path: Path, place: int, at: int) -> None:
        """No cut write does that: an acknowledged record may be lost, so never vote (security 4.7)."""
        data = bytearray(written(path, OLD, NEW))
        data[place * SLOT_BYTES + at] ^= 1
        data[(2 + place) * SLOT_BYTES + at] ^= 1
        path.write_bytes(data)
        error = refusal(path)
        assert error.name == "safety_record_unreadable"
        assert str(path) in error.message
        assert "both copies of a record are damaged" in error.message
        assert "must not sign" in error.message
        assert path.read_bytes() == data

    @pytest.mark.parametrize("damaged", [(0, 1), (0, 3), (2, 1), (2, 3)])
    def test_one_copy_of_each_slot_damaged(self, path: Path, damaged: tuple[int, int]) -> None:
        """Each record has its other copy."""
        whole = written(path, OLD, NEW)
        data = bytearray(whole)
        for copy in damaged:
            data[copy * SLOT_BYTES + HEADER_BYTES] ^= 1
        path.write_bytes(data)
        assert read(path) == NEW
        assert path.read_bytes() == whole

    def test_what_cannot_be_told(self, path: Path) -> None:
        """The documented limit: the newest first copy damaged, the second one not on the disk yet when power went."""
        written(path, OLD, NEW)
        damaged = bytearray(slot(3, NEW))
        damaged[-1] ^= 1
        path.write_bytes(file_of(slot(2, OLD), bytes(damaged), slot(2, OLD), slot(1, b"")))
        assert read(path) == OLD

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

    @pytest.mark.parametrize(("even", "odd"), [(8, 11), (8, 5), (4, 7), (10, 7)])
    def test_records_that_do_not_follow_each_other(self, path: Path, even: int, odd: int) -> None:
        """Slots take turns: a gap is no state that a crash leaves."""
        path.write_bytes(file_of(slot(even, b"even"), slot(odd, b"odd")))
        error = refusal(path)
        assert error.name == "safety_record_unreadable"
        assert f"records {even} and {odd} do not follow each other" in error.message

    def test_a_copy_in_the_others_place_does_not_count(self, path: Path) -> None:
        path.write_bytes(file_of(slot(7, b"misplaced"), slot(5, b"own"), slot(4, b"even")))
        assert read(path) == b"own"
        path.write_bytes(file_of(slot(4, b"own"), slot(6, b"misplaced"), slot(4, b"own"), slot(3, b"odd")))
        assert read(path) == b"own"
        path.write_bytes(file_of(slot(7, b"misplaced"), slot(6, b"misplaced")))
        assert refusal(path).name == "safety_record_unreadable"

    def test_another_magic(self, path: Path) -> None:
        path.write_bytes(file_of(slot(4, b"foreign", magic=b"MQSX"), slot(3, b"own"), slot(2, b"even")))
        assert read(path) == b"own"

    @pytest.mark.parametrize("version", [0, 1, 3])
    @pytest.mark.parametrize("copy", range(4))
    def test_another_programs_record_is_never_passed_over(self, path: Path, version: int, copy: int) -> None:
        """The other slot is older than what was signed: to use it would be to forget."""
        copies = [slot(8, b"ours"), slot(9, b"ours"), slot(8, b"ours"), slot(9, b"ours")]
        copies[copy] = slot(8 + copy % 2, b"theirs", version=version)
        path.write_bytes(file_of(*copies))
        error = refusal(path)
        assert error.name == "safety_record_format"
        assert error.details == {"found": version, "expected": 2}
        for part in (str(path), f"format {version}", "format 2"):
            assert part in error.message

    def test_a_file_of_the_first_format(self, path: Path) -> None:
        """Two slots of format 1: a sentence, not "damaged"."""
        path.write_bytes((b"MQSR" + (1).to_bytes(4, "big")).ljust(2 * SLOT_BYTES, b"\0"))
        error = refusal(path)
        assert (error.name, error.details) == ("safety_record_format", {"found": 1, "expected": 2})
