"""What a validator knows of others that lied; each piece stands for itself, so nobody need believe the answer."""

from chain.evidence import Evidence
from chain.storage import Column
from node.api.reads import Context, check_limit
from node.api.schema import Json, Tip

MAX_PAGE_BYTES = 4 << 20
"""Bytes of evidence after which a page ends, though more was asked for."""


def get_evidence(context: Context, _tip: Tip, start: int, limit: int) -> Json:
    """Durable evidence by its number here, in the order in which this validator came to know it."""
    check_limit(limit)
    rows: list[Json] = []
    size = 0
    for number, data in context.store.rows(Column.EVIDENCE, start, limit):
        size += len(data)
        if rows and size > MAX_PAGE_BYTES:
            break
        evidence = Evidence.from_bytes(data)
        member = context.ledger.set_of(evidence.epoch).members[evidence.author]
        rows.append({
            "number": number, "kind": evidence.id.name, "epoch": evidence.epoch, "rounds": list(evidence.rounds),
            "validator": member.number, "name": member.name, "evidence": data.hex(),
        })  # fmt: skip
    return rows
