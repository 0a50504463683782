"""Answers of a validator, read against a believed ledger: true, about what was asked for, and complete (X19).

A refusal is a ProofError: of the light client's step, or at step `answer`, whose rule is `malformed` (no proof at all),
`another_...` (true, but of something else) or `hidden` (less than the ledger holds).
"""

from typing import Any

from chain.accounts import Account, Record, account_key
from chain.entries import KIND_USER
from chain.facts import EventProof, ProvedEntry, RecordProof, StreamProof, TransactionProof, read
from chain.light_client import (
    BelievedLedger,
    refuse,
    verify_entries,
    verify_event,
    verify_record,
    verify_stream,
    verify_transaction,
)
from chain.transaction import decode_transaction
from node.client.proofs import Call, Json, answered, decode_hex, entries_call, is_large, read_entries, read_fact


def record_call(key: bytes, at: int | None = None) -> Call:
    """Asks for what `record_of` reads."""
    return ("get_record_with_proof", [key.hex(), at])


def record_of(ledger: BelievedLedger, key: bytes, found: Json, at: int | None = None) -> tuple[Record | None, int]:
    """The record under a key, now or at an older version, and where its state was made."""
    fact: RecordProof = read_fact(RecordProof, found)
    record = verify_record(ledger, fact)
    wanted = ledger.commit.version if at is None else at
    if fact.key != key or fact.checkpoint.at != wanted:
        refuse("answer", f"the validator proves another record than {key.hex()} at version {wanted}", "another_record")
    return record, fact.checkpoint.version


def account_of(ledger: BelievedLedger, address: bytes, found: Json) -> Account | None:
    """The account at an address in the newest state."""
    record, _ = record_of(ledger, account_key(address), found)
    return record if isinstance(record, Account) else None


def stream_call(key: bytes) -> Call:
    """Asks for what `stream_length_of` reads."""
    return ("get_stream_with_proof", [key.hex()])


def stream_length_of(ledger: BelievedLedger, key: bytes, found: Json) -> int:
    """How many events a stream has in the newest state."""
    fact: StreamProof = read_fact(StreamProof, found)
    count = verify_stream(ledger, fact)
    if fact.key != key or fact.checkpoint.at != ledger.commit.version:
        refuse("answer", f"the validator proves another stream than {key.hex()}", "another_stream")
    return count


def sent_call(address: bytes, start: int, limit: int) -> Call:
    """Asks for what `sent_by` reads."""
    return ("get_account_transactions_with_proofs", [address.hex(), start, limit, True])


def sent_by(ledger: BelievedLedger, address: bytes, start: int, limit: int, found: Json) -> list[TransactionProof]:
    """Transactions that an account signed, of `limit` numbers from `start` on, in their order: perhaps not all."""
    with answered():
        values: Any = decode_hex(found["serialized_txns_with_proofs"])
        proofs: list[TransactionProof] = [read(TransactionProof, value) for value in values]
    last = start - 1
    for proof in proofs:
        verify_transaction(ledger, proof)
        if proof.entry.kind != KIND_USER:
            refuse("answer", f"version {proof.version} is no transaction of anybody", "another_transaction")
        with answered():
            raw = decode_transaction(proof.entry.data).raw
        if raw.sender != address or not last < raw.sequence_number < start + limit:
            refuse("answer", f"version {proof.version} is none of those asked for", "another_transaction")
        last = raw.sequence_number
    return proofs


def all_sent_by(
    ledger: BelievedLedger, address: bytes, start: int, limit: int, found: Json, account: Account | None
) -> list[TransactionProof]:  # fmt: skip
    """The same, and as many as the account's number says."""
    proofs = sent_by(ledger, address, start, limit, found)
    used = 0 if account is None else account.sequence_number
    expected = max(0, min(start + limit, used) - start)
    if len(proofs) != expected:
        refuse("answer", f"the validator shows {len(proofs)} of {expected} transactions that were sent", "hidden")
    return proofs


def events_call(key: bytes, start: int, limit: int) -> Call:
    """Asks for what `all_events` reads."""
    return ("get_events_with_proofs", [key.hex(), start, limit])


def all_events(
    ledger: BelievedLedger, key: bytes, start: int, limit: int, found: Json, count: int
) -> list[EventProof]:  # fmt: skip
    """The events of a stream from a number on, as many as its length `count` says."""
    with answered():
        proofs: list[EventProof] = [read(EventProof, decode_hex(item["event_with_proof"])) for item in found]
    for number, proof in enumerate(proofs, start):
        verify_event(ledger, proof)
        if (proof.event.key, proof.event.sequence) != (key, number):
            refuse("answer", f"the validator proves another event than number {number}", "another_event")
    expected = max(0, min(start + limit, count) - start)
    if len(proofs) != expected:
        refuse("answer", f"the validator shows {len(proofs)} of {expected} events", "hidden")
    return proofs


def all_entries(ledger: BelievedLedger, first: int, limit: int, found: Json) -> list[ProvedEntry]:
    """The entries from a version on, up to `limit` or the end of the ledger; fewer only where they are large."""
    expected = max(0, min(limit, ledger.commit.version - first + 1))
    if found is None:
        if expected:
            refuse("answer", f"the validator shows no version {first}, the ledger has it", "hidden")
        return []
    proof = read_entries(found, first, None if is_large(found) else expected)
    if not 0 < len(proof.entries) <= expected:
        refuse("answer", f"the validator shows {len(proof.entries)} versions, {expected} were asked for", "malformed")
    verify_entries(ledger, proof)
    return list(proof.entries)


__all__ = [
    "account_of", "all_entries", "all_events", "all_sent_by", "entries_call", "events_call", "record_call",
    "record_of", "sent_by", "sent_call", "stream_call", "stream_length_of",
]  # fmt: skip
