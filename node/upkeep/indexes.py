"""Which index entries a stored version or block must have: the same as the ledger writes, from the row itself."""

from collections.abc import Iterator

from chain.entries import KIND_USER, entry_hash
from chain.errors import MithqalError
from chain.ledger import read_block, read_entry
from chain.storage import Column, Index
from chain.transaction import decode_transaction
from node.storage.reading import LedgerFile

Posting = tuple[Index, bytes, int, int]
"""Index, key, position, value."""


def postings_of_version(file: LedgerFile, version: int) -> Iterator[Posting]:
    """What leads to a version; nothing if its row is missing or cannot be read."""
    stored = file.row(Column.TRANSACTION, version)
    if stored is None:
        return
    try:
        kind, data, _, events = read_entry(stored.value)
        yield Index.TRANSACTION_BY_HASH, entry_hash(kind, data)[:8], version, version
        if kind == KIND_USER:
            raw = decode_transaction(data).raw
            yield Index.TRANSACTION_BY_SENDER, raw.sender, raw.sequence_number, version
        for event in events:
            yield Index.EVENT, event.key, event.sequence, version
    except MithqalError:
        return


def postings_of_block(file: LedgerFile, height: int) -> Iterator[Posting]:
    """What leads to a block."""
    stored = file.row(Column.BLOCK, height)
    if stored is None:
        return
    try:
        block = read_block(stored.value)[0]
    except MithqalError:
        return
    name = file.genesis_hash if block is None else block.id
    yield Index.BLOCK_BY_ID, name[:8], height, height


def is_earned(file: LedgerFile, posting: Posting) -> bool:
    """Whether the row that an index entry leads to gives it."""
    rows = postings_of_block if posting[0] is Index.BLOCK_BY_ID else postings_of_version
    return posting in rows(file, posting[3])
