"""The network as a whole: the overview, validators, the epoch, what waits in a pool."""

from typing import Any

from node.view.briefs import blocks_table, briefs, briefs_table
from node.view.layout import Fields, Note, Page, Part, Table
from node.view.names import Names
from node.view.notice import PLAY_MONEY
from node.view.pages.currency import currencies_table, totals
from node.view.source import Source, ask, is_user, newest_transactions
from node.view.text import clean, count, utc

Json = Any
LATEST_BLOCKS = 5
OVERVIEW_SCAN = 10_000
"""Versions that the overview reads for the latest payments."""
MAX_EVIDENCE = 1_000
"""Pieces of evidence that a validator's page looks through."""
RECENT_BLOCKS = 100
"""Blocks over which validators are counted."""
SECOND_US = 1_000_000


def is_payment(transaction: Json) -> bool:
    """Whether it is a payment between accounts, executed or failed."""
    if not is_user(transaction):
        return False
    return bool(transaction["transaction"]["script"]["function_name"] == "peer_to_peer_with_metadata")


def overview_page(source: Source, names: Names, waypoint: str, limit: int) -> Page:
    """The first page: what this network is, where it stands, what happened last; `limit` payments."""
    tip, blocks, validators, currencies = ask(
        source,
        ("get_metadata", []),
        ("get_blocks", [None, LATEST_BLOCKS]),
        ("get_validators", []),
        ("get_currencies", []),
    )
    listing = newest_transactions(source, limit, wanted=is_payment, max_scan=OVERVIEW_SCAN)
    payments = briefs(source, names, listing.rows)
    rows = [totals(currency) for currency in currencies]
    epoch = blocks[0]["epoch"]
    document = {
        "notice": PLAY_MONEY,
        "chain_id": tip["chain_id"],
        "genesis_hash": tip["genesis_hash"],
        "waypoint": waypoint,
        "version": tip["version"],
        "height": tip["height"],
        "epoch": epoch,
        "timestamp_usecs": tip["timestamp"],
        "accumulator_root_hash": tip["accumulator_root_hash"],
        "blocks": blocks,
        "payments": payments,
        "validators": validators,
        "currencies": rows,
    }
    fields = [
        ("chain id", str(tip["chain_id"])),
        ("genesis", tip["genesis_hash"]),
        ("waypoint", waypoint),
        ("height", f"{tip['height']}, version {tip['version']}, epoch {epoch}"),
        ("time", utc(tip["timestamp"])),
        ("root", tip["accumulator_root_hash"]),
    ]
    parts: list[Part] = [
        Note(PLAY_MONEY),
        Fields("Network", fields),
        blocks_table("Latest blocks", blocks, names),
        briefs_table("Latest payments", payments, "none yet: mithqal pay FROM TO AMOUNT CURRENCY"),
        _validators_table("Validators", validators),
        currencies_table("Currencies", rows),
        Note("more: mithqal explorer ID, where ID is a version, hash, b12 for block 12, name, address or currency"),
    ]
    return Page(document, parts)


def _validators_table(title: str, validators: list[Json]) -> Table:
    """The set in its order, without what recent blocks tell."""
    rows = [
        (clean(row["name"]), str(row["index"]), str(row["power"]), _reach(row), row["consensus_key"])
        for row in validators
    ]
    return Table(title, ("name", "number", "power", "reached", "consensus key"), rows, "none", frozenset({1, 2}))


def _reach(row: Json) -> str:
    """Whether the validator that answers has a link to this one."""
    return "answers here" if row["is_self"] else "yes" if row["is_connected"] else "no"


def _activity(source: Source) -> tuple[list[Json], int]:
    """The validator set with what each did in the newest blocks, and how many blocks those are."""
    validators, blocks = ask(source, ("get_validators", []), ("get_blocks", [None, RECENT_BLOCKS]))
    recent = [block for block in blocks if block["height"] > 0]
    rows = [
        {
            **row,
            "proposed_recently": sum(block["proposer"] == row["index"] for block in recent),
            "signed_recently": sum(row["index"] in block["signers"] for block in recent),
        }
        for row in validators
    ]
    return rows, len(recent)


def validators_page(source: Source, limit: int) -> Page:
    """Every validator, and what it did in the newest blocks."""
    rows, recent = _activity(source)
    rows, now = rows[:limit], source.call("get_epoch")["epoch"]
    cells = [
        (
            clean(row["name"]), str(row["index"]), _state(row), _reach(row), str(row["proposed_recently"]),
            str(row["signed_recently"]), clean(row["network_address"]) or "-", row["consensus_key"],
        )
        for row in rows
    ]  # fmt: skip
    heads = ("name", "number", "state", "reached", "proposed", "signed", "address", "consensus key")
    title = f"Validators in epoch {now}, over the newest {count(recent, 'block')}"
    table = Table(title, heads, cells, "none", frozenset({1, 4, 5}))
    return Page({"epoch": now, "validators": rows, "recent_blocks": recent}, [table])


def _state(row: Json) -> str:
    """Member or not, and whether evidence on the ledger names it: by the key it has, or by an earlier one."""
    if row["is_accused"]:
        return f"{row['state']}, accused"
    return f"{row['state']}, an earlier key accused" if row["accusations"] else str(row["state"])


def validator_page(source: Source, names: Names, index: int, signing: Json) -> Page:
    """One validator, the newest blocks that it proposed, and what it says itself of its signing (None: it is not
    known)."""
    rows, recent = _activity(source)
    row = rows[index]
    blocks = [block for block in source.call("get_blocks", None, RECENT_BLOCKS) if block["proposer"] == index]
    blocks = blocks[:LATEST_BLOCKS]
    evidence = _evidence_against(source, index)
    fields = [
        ("number", str(index)),
        ("power", str(row["power"])),
        ("reached", _reach(row)),
        ("proposed", f"{row['proposed_recently']} of the newest {count(recent, 'block')}"),
        ("signed", f"{row['signed_recently']} of the newest {count(recent, 'block')}"),
        ("signing", _signing(signing)),
        ("consensus key", row["consensus_key"]),
        ("network key", row["network_key"]),
    ]
    cells = [_piece(item) for item in evidence]
    marks = [(*_piece(item), item["consensus_key"]) for item in row["accusations"]]
    parts: list[Part] = [
        Fields(f"Validator {clean(row['name'])}", fields),
        blocks_table("Latest blocks that it proposed", blocks, names),
        Table("Evidence that it lied", ("kind", "epoch", "rounds"), cells, "none", frozenset({1})),
        Table("Accused on the ledger", ("kind", "epoch", "rounds", "consensus key"), marks, "none", frozenset({1})),
    ]
    return Page({**row, "signing": signing, "recent_blocks": recent, "blocks": blocks, "evidence": evidence}, parts)


def _evidence_against(source: Source, index: int) -> list[Json]:
    """What is known of a validator's lies; `mithqal evidence list` verifies it."""
    rows = source.call("get_evidence", 0, MAX_EVIDENCE)
    return [
        {name: row[name] for name in ("number", "kind", "epoch", "rounds")} for row in rows if row["validator"] == index
    ]


def _piece(item: Json) -> tuple[str, str, str]:
    """Kind, epoch and rounds of one piece of evidence."""
    return item["kind"], str(item["epoch"]), " and ".join(map(str, item["rounds"]))


def _signing(signing: Json) -> str:
    """In words what a validator says of itself."""
    if signing is None:
        return "not known: it does not answer here"
    if signing["state"] == "observer":
        return f"observer: {clean(signing['reason'])}; a new key: {clean(signing['command'])}"
    return {"signs": "yes", "asks": "not yet: it asks the others what it signed before"}.get(signing["state"], "no")


def epoch_page(source: Source, waypoint: str) -> Page:
    """The present epoch: its validators, what a quorum is, how many may fail."""
    blocks, validators, now = ask(source, ("get_blocks", [None, 1]), ("get_validators", []), ("get_epoch", []))
    validators = [row for row in validators if row["state"] == "member"]
    tip, size = blocks[0], len(validators)
    quorum, faulty = 2 * size // 3 + 1, (size - 1) // 3
    document = {
        "epoch": now["epoch"],
        "round": tip["round"],
        "height": tip["height"],
        "waypoint": waypoint,
        "validators": [row["name"] for row in validators],
        "quorum": quorum,
        "may_fail": faulty,
    }
    fields = [
        ("validators", f"{size}: " + " ".join(clean(row["name"]) for row in validators)),
        ("quorum", f"{quorum} of {size} must sign"),
        ("may fail", f"{faulty} of {size}, and the network goes on"),
        ("round", f"{tip['round']} at height {tip['height']}"),
        ("waypoint", waypoint),
    ]
    return Page(document, [Fields(f"Epoch {now['epoch']}", fields)])


def mempool_page(source: Source, names: Names, limit: int) -> Page:
    """What waits on the validator that answers, oldest first."""
    pool, validators = ask(source, ("get_mempool", [limit]), ("get_validators", []))
    own = next((row["name"] for row in validators if row["is_self"]), "a validator")
    waiting = pool["transactions"]
    columns = [
        ("sender", [names.of(row["sender"]) for row in waiting]),
        ("number", [str(row["sequence_number"]) for row in waiting]),
        ("function", [row["function_name"] for row in waiting]),
        ("scheduled for", [_time(row["valid_from_timestamp_secs"]) for row in waiting]),
        ("expires", [_time(row["expiration_timestamp_secs"]) for row in waiting]),
        ("hash", [row["hash"] for row in waiting]),
    ]
    columns = [column for column in columns if column[0] != "scheduled for" or any(column[1])]
    rows = list(zip(*(cells for _, cells in columns), strict=True))
    heads = tuple(head for head, _ in columns)
    title = f"{count(pool['count'], 'transaction')} of {count(pool['bytes'], 'byte')} on {clean(own)}"
    document = {"validator": own, **pool}
    return Page(document, [Table(title, heads, rows, "none", frozenset({1}))])


def _time(seconds: int) -> str:
    """A time in seconds; nothing for 0."""
    return utc(seconds * SECOND_US) if seconds else ""
