"""Short forms that several pages show: a transaction or a block as one row of a list."""

from collections.abc import Sequence
from typing import Any

from node.view.layout import Table
from node.view.names import Names
from node.view.sentences import sentence
from node.view.source import Source, blocks_of
from node.view.text import clean, utc

Json = Any


def brief(transaction: Json, block: Json, names: Names) -> dict[str, Json]:
    """A transaction as an entry of a list."""
    body = transaction["transaction"]
    return {
        "version": transaction["version"],
        "hash": transaction["hash"],
        "type": body["type"],
        "status": transaction["vm_status"]["type"],
        "sentence": sentence(transaction, names),
        "sender": body.get("sender"),
        "sequence_number": body.get("sequence_number"),
        "height": block["height"],
        "timestamp_usecs": block["timestamp_usecs"],
    }


def briefs(source: Source, names: Names, transactions: Sequence[Json], block: Json = None) -> list[dict[str, Json]]:
    """Entries of a list; without their common block, each one's block is asked for."""
    blocks = {} if block is not None else blocks_of(source, [row["version"] for row in transactions])
    return [brief(row, block or blocks[row["version"]], names) for row in transactions]


def briefs_table(title: str, rows: Sequence[Json], empty: str = "none") -> Table:
    """Transactions in words, one a line."""
    cells = [(str(row["version"]), utc(row["timestamp_usecs"]), row["sentence"]) for row in rows]
    return Table(title, ("version", "time", "what happened"), cells, empty, frozenset({0}))


def blocks_table(title: str, blocks: Sequence[Json], names: Names) -> Table:
    """Blocks with proposer and signers, one a line."""
    cells = [
        (
            str(block["height"]), utc(block["timestamp_usecs"]), str(block["round"]),
            names.validator(block["proposer"]), str(block["transactions"]), signers_words(block, names),
        )
        for block in blocks
    ]  # fmt: skip
    heads = ("height", "time", "round", "proposer", "transactions", "signers")
    return Table(title, heads, cells, "none", frozenset({0, 2, 4}))


def signers_words(block: Json, names: Names) -> str:
    """Who signed a block's certificate; genesis needs nobody."""
    if block["height"] == 0:
        return "nobody: genesis"
    signers = block["signers"]
    listed = " ".join(clean(name) for name in block["signer_names"]) or "none known"
    return f"{listed} ({len(signers)} of {block['committee_size']})"
