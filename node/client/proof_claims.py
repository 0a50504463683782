"""What a verified proof shows, in fields that people and programs read: the claim of a proof file (docs/formats.md)."""

from typing import Any, assert_never

from chain.block import Header
from chain.certificates import CommitInfo, VoteData
from chain.crypto.signing import RealSignatures
from chain.errors import DecodeError
from chain.evidence import DEEDS, Evidence, EvidenceKind
from chain.execution.outcome import explain_abort
from chain.facts import (
    EntriesProof,
    EpochsProof,
    EventProof,
    EvidenceProof,
    Fact,
    PrefixProof,
    ProvedEntry,
    RecordProof,
    StreamProof,
    TransactionProof,
)
from chain.light_client import (
    BelievedLedger,
    refuse,
    verify_entries,
    verify_event,
    verify_guilt,
    verify_prefix,
    verify_record,
    verify_stream,
    verify_transaction,
)
from node.api.results import account_json, body_json, event_json
from node.client.amounts import format_amount

Json = Any
KINDS = ("transaction", "range", "event", "stream", "account", "record", "consistency", "epochs", "evidence")
"""Names of the kinds of proofs; an account is the record of an address."""
_ADDRESS_KEY = 17
"""Bytes of an account's state key: the letter a, then the address."""


def kind_of(fact: Fact) -> str:
    """The name of a fact's kind."""
    match fact:
        case TransactionProof():
            return "transaction"
        case EntriesProof():
            return "range"
        case EventProof():
            return "event"
        case StreamProof():
            return "stream"
        case RecordProof():
            return "account" if fact.key[:1] == b"a" and len(fact.key) == _ADDRESS_KEY else "record"
        case PrefixProof():
            return "consistency"
        case EpochsProof():
            return "epochs"
        case EvidenceProof():
            return "evidence"
        case _:
            assert_never(fact)


def claim_of(ledger: BelievedLedger, fact: Fact) -> dict[str, Json]:
    """What a fact shows on a believed ledger; ProofError at the first step that fails."""
    match fact:
        case TransactionProof():
            verify_transaction(ledger, fact)
            return entry_claim(fact.version, fact.entry)
        case EntriesProof():
            verify_entries(ledger, fact)
            rows = [entry_claim(version, entry) for version, entry in enumerate(fact.entries, fact.first)]
            return {"first": fact.first, "last": fact.first + len(rows) - 1, "transactions": rows}
        case EventProof():
            verify_event(ledger, fact)
            return {"version": fact.version, "place": fact.place, "event": _event(fact)}
        case StreamProof():
            count = verify_stream(ledger, fact)
            return {**_state(fact), "key": fact.key.hex(), "count": count}
        case RecordProof():
            return {**_state(fact), **_record_claim(fact, verify_record(ledger, fact))}
        case PrefixProof():
            roots = verify_prefix(ledger, fact)
            versions = (fact.earlier.size - 1, fact.later)
            names = ("earlier", "later")
            return {
                name: {"version": version, "accumulator_root_hash": root.hex()}
                for name, version, root in zip(names, versions, roots, strict=True)
            }
        case EpochsProof():
            return {"epochs": _epochs(ledger)}
        case EvidenceProof():
            guilty = verify_guilt(ledger, fact, RealSignatures())
            who = {"name": guilty.name, "number": guilty.number, "consensus_key": guilty.consensus_key.hex()}
            return {**evidence_json(fact.evidence), "validator": who, "statements": _statements(fact.evidence)}
        case _:
            assert_never(fact)


def ledger_claim(ledger: BelievedLedger) -> dict[str, Json]:
    """The certified ledger, and who signed it."""
    commit, members = ledger.commit, ledger.validators.members
    return {
        "genesis_hash": ledger.genesis_hash.hex(), "version": commit.version, "timestamp_usecs": commit.timestamp_us,
        "accumulator_root_hash": commit.root.hex(), "epoch": commit.epoch, "round": commit.round,
        "block_id": commit.block_id.hex(), "signers": [members[author].name for author in ledger.signers],
        "validators": len(members), "quorum": ledger.validators.quorum,
    }  # fmt: skip


def entry_claim(version: int, entry: ProvedEntry) -> dict[str, Json]:
    """An entry, its result and its events."""
    status = entry.info.status
    claim: dict[str, Json] = {
        "version": version, "hash": entry.info.transaction_hash.hex(), "status": status.kind,
        "gas_used": entry.info.gas_used,
    }  # fmt: skip
    if status.kind == "move_abort":
        category, reason = explain_abort(status.module, status.code)
        claim["abort"] = {"module": status.module, "code": status.code, "category": category, "reason": reason}
    try:
        claim["transaction"] = body_json(entry.kind, entry.data)
        claim["events"] = [event_json(event, version) for event in entry.events]
    except DecodeError as error:
        refuse("transaction", error.message, error.name)
    return claim


def _event(fact: EventProof) -> Json:
    """The event as JSON-RPC shows it."""
    try:
        return event_json(fact.event, fact.version)
    except DecodeError as error:
        refuse("event", error.message, error.name)


def _state(fact: RecordProof | StreamProof) -> dict[str, Json]:
    """Where the state was made, and the version that has it."""
    return {"version": fact.checkpoint.version, "at": fact.checkpoint.at}


def _record_claim(fact: RecordProof, record: Any) -> dict[str, Json]:
    """An account or another record, or its absence."""
    if kind_of(fact) == "account":
        found = None if record is None else account_json(record, fact.checkpoint.version)
        return {"address": fact.key[1:].hex(), "exists": record is not None, "account": found}
    document = None if record is None else {"type": type(record).__name__.lower(), **_plain(record)}
    return {"key": fact.key.hex(), "exists": record is not None, "record": document}


def _plain(value: Any) -> Json:
    """A record as JSON: a class by its fields, bytes in hex."""
    if hasattr(value, "_asdict"):
        return {name: _plain(item) for name, item in value._asdict().items()}
    if isinstance(value, bytes):
        return value.hex()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _epochs(ledger: BelievedLedger) -> list[Json]:
    """Each epoch from the waypoint on: its waypoint and its validators."""
    return [
        {
            "epoch": anchor.next_epoch.epoch, "after_version": anchor.version, "timestamp_usecs": anchor.timestamp_us,
            "waypoint": anchor.waypoint(), "quorum": anchor.next_epoch.quorum,
            "validators": [
                {"name": member.name, "consensus_key": member.consensus_key.hex()}
                for member in anchor.next_epoch.members
            ],
        }
        for anchor in ledger.anchors
    ]  # fmt: skip


def evidence_json(evidence: Evidence) -> dict[str, Json]:
    """What a piece of evidence is about."""
    return {"kind": evidence.id.name, "epoch": evidence.epoch, "rounds": list(evidence.rounds)}


def _statements(evidence: Evidence) -> list[Json]:
    """Both statements as fields, and their signatures."""
    rows: list[Json] = []
    for place, (body, signature) in enumerate((evidence.first, evidence.second)):
        said: dict[str, Json] = {}
        if evidence.kind == EvidenceKind.DOUBLE_PROPOSAL:
            said = {"type": "proposal", **_plain(Header(*body))}
        elif evidence.kind == EvidenceKind.LOCK_LIE and place == 1:
            said = {"type": "timeout", **dict(zip(("epoch", "round", "high_round"), body, strict=True))}
        else:
            data, commit = body
            info = None if commit is None else CommitInfo.from_value(commit)._replace(next_epoch=None)
            said = {"type": "vote", **_plain(VoteData(*data)), "commit": _plain(info)}
        rows.append({**said, "signature": signature.hex()})
    return rows


# --- for people ---


def claim_lines(kind: str, claim: dict[str, Json]) -> list[str]:
    """The claim in words, without its ledger."""
    at = "" if "at" not in claim else f"at version {claim['at']}"
    match kind:
        case "transaction":
            return _entry_lines(claim)
        case "range":
            count = len(claim["transactions"])
            return [
                f"{count} entries, versions {claim['first']} to {claim['last']}",
                *(f"  {row['version']:>8}  {row['hash']}  {row['status']}" for row in claim["transactions"]),
            ]
        case "event":
            event = claim["event"]
            where = f"event {claim['place']} of version {claim['version']}"
            return [f"{where}: {event['data']['type']}, number {event['sequence_number']} of stream {event['key']}"]
        case "stream":
            last = f", numbers 0 to {claim['count'] - 1}" if claim["count"] else ""
            return [f"stream {claim['key']} has {claim['count']} events {at}{last}; none above exists yet"]
        case "account" if claim["exists"]:
            account = claim["account"]
            balances = [f"{format_amount(item['amount']):>24} {item['currency']}" for item in account["balances"]]
            return [f"account {claim['address']}  {account['role']['type']}, {at}", *balances]
        case "account":
            return [f"no account {claim['address']} {at}"]
        case "record" if claim["exists"]:
            rows = [f"  {name}: {value}" for name, value in claim["record"].items() if name != "type"]
            return [f"{claim['record']['type']} under key {claim['key']} {at}", *rows]
        case "record":
            return [f"nothing under key {claim['key']} {at}"]
        case "consistency":
            first, second = claim["earlier"], claim["later"]
            return [
                f"the ledger of version {second['version']} begins with that of version {first['version']}",
                f"  root {first['accumulator_root_hash']} at {first['version']}",
                f"  root {second['accumulator_root_hash']} at {second['version']}",
            ]
        case "evidence":
            return evidence_lines(claim)
        case _:
            return [
                f"epoch {row['epoch']} after version {row['after_version']}: {len(row['validators'])} validators,"
                f" waypoint {row['waypoint']}"
                for row in claim["epochs"]
            ]


def evidence_lines(claim: dict[str, Json]) -> list[str]:
    """Who is guilty of what, and the two statements."""
    who, deed = claim["validator"], DEEDS[EvidenceKind[claim["kind"].upper()]]
    rows = [
        f"  {row['type']} of round {row['round']}"
        + (f" on the certificate of round {row['parent_round']}" if row["type"] == "vote" else "")
        + (f", shows the certificate of round {row['high_round']}" if row["type"] == "timeout" else "")
        + f", signature {row['signature'][:16]}"
        for row in claim["statements"]
    ]
    return [f"{who['name']} (validator {who['number']}) {deed} in epoch {claim['epoch']}", *rows]


def _entry_lines(claim: dict[str, Json]) -> list[str]:
    """One entry."""
    return [
        f"{claim['transaction']['type']} transaction {claim['version']}  {claim['hash']}",
        f"status {claim['status']}, gas {claim['gas_used']}, {len(claim['events'])} events",
    ]
