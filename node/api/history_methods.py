"""Methods about what has happened: metadata, transactions, events, blocks."""

from collections.abc import Iterator

from chain.certificates import QuorumCertificate
from chain.ledger import read_block, read_entry
from chain.prover import accumulator_root
from chain.storage import Column, Index, Store
from node.api.reads import (
    Context,
    block_metadata,
    check_first,
    check_kept,
    check_limit,
    check_version,
    config_of,
    count_events,
    find_hash,
    find_transaction,
    gone,
    onchain_of,
    read_page,
    read_transaction,
    state_at,
    used_numbers,
)
from node.api.results import event_json, transaction_json
from node.api.schema import Json, Tip


def get_metadata(context: Context, tip: Tip, version: int | None) -> Json:
    """Metadata; 0 means the latest, as Libra's client has it."""
    at = version or tip.version
    check_version(tip, at)
    check_kept(context, at)
    result: dict[str, Json] = {
        "version": at,
        "accumulator_root_hash": accumulator_root(context.store, at).hex(),
        "chain_id": tip.chain_id,
    }
    if at == tip.version:
        state = state_at(context, tip, None)
        result.update(
            timestamp=tip.timestamp_us, script_hash_allow_list=None, module_publishing_allowed=False,
            diem_version=onchain_of(state).version, dual_attestation_limit=config_of(state).dual_attestation_limit,
            genesis_hash=context.ledger.genesis_hash.hex(), height=tip.height,
        )  # fmt: skip
    else:
        found = block_metadata(context, at)
        result["timestamp"] = context.document.timestamp_us if found is None else found[1]
    return result


def get_transactions(context: Context, tip: Tip, start: int, limit: int, include_events: bool) -> Json:
    """Transactions from a version on; empty past the end. A page of large ones is shorter than asked for, never empty:
    go on from its last version."""
    check_limit(limit)
    rows = read_page(context, tip, start, limit)
    return (transaction_json(version, row, include_events=include_events) for version, row in rows)


def get_transaction_by_hash(context: Context, tip: Tip, tx_hash: bytes, include_events: bool) -> Json:
    """Transaction, or None."""
    return read_transaction(context, find_hash(context, tip, tx_hash), include_events=include_events)


def get_account_transaction(context: Context, tip: Tip, account: bytes, number: int, include_events: bool) -> Json:
    """Transaction by sender and sequence number, or None."""
    version = find_transaction(context, tip, account, number)
    return read_transaction(context, version, include_events=include_events)


def get_account_transactions(
    context: Context, tip: Tip, account: bytes, start: int, limit: int, include_events: bool
) -> Json:  # fmt: skip
    """A sender's transactions by sequence number."""
    check_limit(limit)
    found = context.store.postings(Index.TRANSACTION_BY_SENDER, account, start, limit)
    if limit and context.ledger.base.version:
        check_first(context, "transaction number", start, found, used_numbers(context, tip, account))
    return (
        read_transaction(context, version, include_events=include_events)
        for _, version in found
        if version <= tip.version
    )


def get_events(context: Context, tip: Tip, key: bytes, start: int, limit: int) -> Json:
    """Events of a stream."""
    check_limit(limit)
    postings = context.store.postings(Index.EVENT, key, start, limit)
    if limit and context.ledger.base.version:
        check_first(context, "event", start, postings, count_events(context, tip, key))
    return _events(context, key, [item for item in postings if item[1] <= tip.version])


def _events(context: Context, key: bytes, postings: list[tuple[int, int]]) -> Iterator[Json]:
    """The events of a stream at these numbers and versions."""
    read, events = -1, {}
    for number, version in postings:
        if version != read:  # a batch has hundreds of one stream: its entry is read once
            row = context.store.row(Column.TRANSACTION, version)
            assert row is not None
            read, events = version, {event.sequence: event for event in read_entry(row)[3] if event.key == key}
        yield event_json(events[number], version)


def block_json(context: Context, tip: Tip, height: int) -> Json:
    """One committed block, or None. `signers` are those of the certificate over it."""
    row = None if height > tip.height else context.store.row(Column.BLOCK, height)
    if row is None:
        if height < context.ledger.base.height:
            raise gone(f"block {height}", context.ledger.base.version, height=height)
        return None
    block, (first, last), proof = read_block(row)
    if block is None:
        return {
            "height": 0, "id": context.ledger.genesis_hash.hex(), "epoch": 0, "round": 0, "proposer": None,
            "proposer_name": None, "timestamp_usecs": context.document.timestamp_us, "parent_id": None,
            "first_version": first, "last_version": last, "transactions": 0, "signers": [],
            "signer_names": [], "committee_size": 0,
            "accumulator_root_hash": accumulator_root(context.store, last).hex(),
        }  # fmt: skip
    over = None if height == tip.height else _child_certificate(context.store, height)
    if over is None or over.round == 0:  # nothing stands above it, or its epoch ends with it
        over = proof
    header, committee = block.header, context.ledger.set_of(block.header.epoch).members
    signers = [] if over is None else [committee[author] for author, _ in over.signatures]
    return {
        "height": height, "id": block.id.hex(), "epoch": header.epoch, "round": header.round,
        "proposer": committee[header.author].number, "proposer_name": committee[header.author].name,
        "timestamp_usecs": header.timestamp_us, "parent_id": block.parent_id.hex(), "first_version": first,
        "last_version": last, "transactions": last - first,
        "signers": [member.number for member in signers], "signer_names": [member.name for member in signers],
        "committee_size": len(committee),
        "accumulator_root_hash": accumulator_root(context.store, last).hex(),
    }  # fmt: skip


def _child_certificate(store: Store, height: int) -> QuorumCertificate | None:
    """What the next block holds as its parent's certificate."""
    row = store.row(Column.BLOCK, height + 1)
    child = None if row is None else read_block(row)[0]
    return None if child is None else child.parent_qc


def get_block(context: Context, tip: Tip, height: int | None, id_: bytes | None, version: int | None) -> Json:
    """A block by height, by id or by a version that it holds; the latest without any."""
    if id_ is not None:
        for found, _ in context.store.postings(Index.BLOCK_BY_ID, id_[:8], 0, 10):
            block = block_json(context, tip, found)
            if block is not None and block["id"] == id_.hex():
                return block
        return None
    if version is not None:
        check_version(tip, version)
        check_kept(context, version)
        metadata = block_metadata(context, version)
        height = 0 if metadata is None else metadata[0]
    return block_json(context, tip, tip.height if height is None else height)


def get_blocks(context: Context, tip: Tip, start: int | None, limit: int) -> Json:
    """Blocks from a height on, ascending; without a start the newest ones, newest first."""
    limit = min(limit, 100)
    if start is None:
        oldest = max(context.ledger.base.height, tip.height - limit + 1, 0)
        heights = range(tip.height, oldest - 1, -1)
    else:
        heights = range(start, min(tip.height + 1, start + limit))
    return (block for height in heights if (block := block_json(context, tip, height)) is not None)
