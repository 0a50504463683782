"""What every store holds to: one family of errors, and the range of numbers that fits all of them."""

from chain.errors import MithqalError
from chain.storage import WriteBatch

MAX_NUMBER = 2**63 - 1
"""Highest key, position or value of a posting: what SQLite's signed integers hold (sqlite.org/datatype3.html)."""


class StorageError(MithqalError):
    """The disk, or what stands on it, cannot be used: the node must stop, and not sign again before it is mended."""

    name = "storage"


def check_numbers(batch: WriteBatch) -> None:
    """Refuse a batch with a number outside of 0 .. 2^63-1: StorageError (`number_out_of_range`)."""
    for column, key, _ in batch.rows:
        if not 0 <= key <= MAX_NUMBER:
            raise _out_of_range(f"key of a {column.name} row", key)
    for index, _, position, value in batch.postings:
        if not 0 <= position <= MAX_NUMBER:
            raise _out_of_range(f"position of a {index.name} posting", position)
        if not 0 <= value <= MAX_NUMBER:
            raise _out_of_range(f"value of a {index.name} posting", value)


def _out_of_range(what: str, number: int) -> StorageError:
    """The error for one number."""
    return StorageError(
        f"the {what}, {number}, is outside of 0 .. {MAX_NUMBER}; nothing is written",
        name="number_out_of_range",
        what=what,
        number=number,
    )
