"""A block with what it holds, and lists of blocks."""

from typing import Any

from node.view.briefs import blocks_table, briefs, briefs_table, signers_words
from node.view.layout import NOT_KEPT, Fields, Note, Page, Part
from node.view.names import Names
from node.view.source import Source, kept_part
from node.view.text import utc

Json = Any
MAX_PAGE = 100
"""Blocks in one answer of a validator."""


def block_page(source: Source, names: Names, block: Json, limit: int) -> Page:
    """One block and its first `limit` transactions; `block` is the result of `get_block`."""
    first = block["first_version"]
    wanted = min(limit, block["transactions"])
    found = source.call("get_transactions", first + 1, wanted, False) if wanted else []
    rows = briefs(source, names, found, block)
    tip = source.call("get_metadata")["height"]
    height = block["height"]
    beside = {"previous": height - 1 if height else None, "next": height + 1 if height < tip else None}
    document = {**block, "contents": rows, **beside}
    more = block["transactions"] - len(rows)
    fields = [
        ("time", utc(block["timestamp_usecs"])),
        ("proposed by", f"{names.validator(block['proposer'])} in round {block['round']}, epoch {block['epoch']}"),
        ("signed by", signers_words(block, names)),
        ("versions", f"{first} to {block['last_version']}"),
        ("id", block["id"]),
        ("parent", block["parent_id"] or "none: genesis"),
        ("root after it", block["accumulator_root_hash"]),
        ("neighbours", ", ".join(f"{way} block {at}" for way, at in beside.items() if at is not None) or "none"),
    ]
    parts: list[Part] = [
        Fields(f"Block {height}", fields),
        briefs_table("Transactions", rows, "none: the ledger's clock ticked"),
    ]
    if more > 0:
        parts.append(Note(f"{more} more: mithqal block show {height} --limit {block['transactions']}"))
    return Page(document, parts)


def blocks_page(source: Source, names: Names, limit: int, before: int | None) -> Page:
    """The newest `limit` blocks below a height, newest first."""
    tip = source.call("get_metadata")["height"]
    end = tip + 1 if before is None else min(before, tip + 1)
    blocks: list[Json] = []
    is_cut = False
    while end > 0 and len(blocks) < limit:
        start = max(0, end - min(MAX_PAGE, limit - len(blocks)))
        found = kept_part(lambda at, number: list(source.call("get_blocks", at, number)), start, end)
        blocks += found[::-1]
        if len(found) < end - start:
            is_cut, end = True, 0
        else:
            end = start
    parts: list[Part] = [blocks_table("Blocks", blocks, names)]
    if is_cut:
        parts.append(Note(NOT_KEPT))
    if end:
        parts.append(Note(f"older: mithqal block list --before {end}"))
    return Page({"blocks": blocks, "next_before": end or None}, parts)
