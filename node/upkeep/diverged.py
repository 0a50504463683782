"""What a validator computed before it halted (`execution_divergence`), held against what its blocks give (DV2)."""

from collections.abc import Iterator

from chain.executed import ExecutedBlock, entry_row, read_divergence
from chain.ledger import Ledger
from chain.storage import DIVERGENCE_ROW, Column
from chain.transaction import decode_transaction
from node.storage.reading import LedgerFile, Stored
from node.upkeep.differences import Difference, entry_difference, shown


def divergences(file: LedgerFile, ledger: Ledger) -> Iterator[Difference]:
    """Versions that a validator computed wrongly above its tip; none if it never did, or has gone on since.

    Where this program computes the same, it is the one that is wrong, and its block's result is named.
    """
    stored = file.row(Column.META, DIVERGENCE_ROW)
    if stored is None or not stored.is_whole:
        return
    blocks, rows, certified = read_divergence(stored.value)
    blocks = [block for block in blocks if block.height > ledger.tip_height]
    if not blocks or blocks[0].parent_id != ledger.root().block_id:
        return
    result: ExecutedBlock = ledger.root()
    for block in blocks:
        result = ledger.execute(result, block, [decode_transaction(data) for data in block.payload])
    found = False
    for version, (row, entry) in enumerate(zip(rows, result.entries, strict=False), result.first_version):
        difference = entry_difference(version, Stored(row, True), entry_row(entry))
        if difference is not None:
            found = True
            yield difference._replace(what=f"{difference.what}, as it was computed before this validator halted,")
    if not found and result.root != certified:
        what = f"the result of block {result.height}, by this program too,"
        yield Difference(result.version, "divergence", what, shown(result.root), f"{shown(certified)} by a quorum")
