"""Proofs fetched from a validator, and checked before anything is written: a validator need not be trusted.

What is asked for in one batch is answered from one snapshot, so that every proof is against the certified ledger. An
answer must prove what was asked for, not something else that is true: the same version, key, number (X19).
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from chain.accounts import account_key
from chain.codec import decode, fields
from chain.entries import Event, TransactionInfo, event_hash
from chain.errors import DecodeError, MithqalError
from chain.evidence import Evidence
from chain.facts import (
    EntriesProof,
    EpochsProof,
    EventProof,
    EvidenceProof,
    Fact,
    LedgerProof,
    PrefixProof,
    ProvedEntry,
    RecordProof,
    StreamProof,
    TransactionProof,
    encode_proof,
    read,
)
from chain.light_client import check_waypoint, decode_proof, refuse
from chain.state.accumulator import LeafProof, RangeProof, prove_event
from node.client.proof_file import HEX, Verified, verify, write_document

Json = Any
Call = tuple[str, list[Json]]
MAX_RANGE = 1_000
"""Entries of one proof: the API's limit of a page."""
EVIDENCE_PAGE = 100
"""Pieces of evidence that are asked for at once."""
LARGE = 2 << 20
"""Bytes of a page that a validator may have ended before all that was asked for: half of what it may hold."""


class Client(Protocol):
    """Who asks a validator: `node.client.rpc.RpcClient`, or a stand-in."""

    def call(self, method: str, *params: Json) -> Json:
        """The result of one call."""

    def batch(self, calls: Sequence[tuple[str, Json]]) -> list[Json]:
        """Results of up to 20 calls in order; an error stands where a call failed."""


def fetch_transaction(client: Client, which: str, waypoint: str) -> tuple[Verified, str]:
    """A checked proof of the transaction of a version or hash, and the text of its file.

    MithqalError (`unknown_transaction`) if there is none; ProofError if the validator's answer proves nothing.
    """
    version = find_version(client, which)
    if version is None:
        raise _unknown(which)
    ledger, (found,) = ask(client, waypoint, entries_call(version, 1))
    if found is None:
        raise _unknown(which)
    entries = read_entries(found, version, 1)
    fact = TransactionProof(version, leaf_path(entries.path, version), entries.entries[0])
    tx_hash = fact.entry.info.transaction_hash.hex()
    if len(which) == 64 and tx_hash != which:
        refuse("answer", f"the validator proves transaction {tx_hash}, not {which}", "another_hash")
    return checked(ledger, fact, waypoint)


def fetch_range(client: Client, first: int, last: int, waypoint: str) -> tuple[Verified, str]:
    """A checked proof of all entries from one version to another, both included.

    MithqalError (`bad_range`, `unknown_transaction`).
    """
    count = last - first + 1
    if not 1 <= count <= MAX_RANGE:
        raise MithqalError(
            f"a range has 1 to {MAX_RANGE} versions, {first} to {last} are {max(count, 0)}", name="bad_range"
        )
    ledger, (found,) = ask(client, waypoint, entries_call(first, count))
    fact = None if found is None else read_entries(found, first, None)
    if fact is None or (len(fact.entries) < count and not is_large(found)):
        raise _unknown(str(last))
    if len(fact.entries) < count:
        end = first + len(fact.entries) - 1
        raise MithqalError(
            f"versions {first} to {last} are too large for one proof: ask for {first} to {end}, then from {end + 1} on",
            name="bad_range",
        )
    return checked(ledger, fact, waypoint)


def fetch_event(client: Client, key: bytes, number: int, waypoint: str) -> tuple[Verified, str]:
    """A checked proof of an event by its stream and number; if it does not exist yet, of how many there are."""
    ledger, (found, stream) = ask(
        client, waypoint, ("get_events_with_proofs", [key.hex(), number, 1]), ("get_stream_with_proof", [key.hex()])
    )
    if not found:
        verified, text = _checked_stream(ledger, stream, key, None, waypoint)
        if verified.claim["count"] > number:
            refuse("answer", f"the stream has {verified.claim['count']} events: number {number} is kept back", "hidden")
        return verified, text
    with answered():
        fact: EventProof = read(EventProof, decode_hex(found[0]["event_with_proof"]))
    if (fact.event.key, fact.event.sequence) != (key, number):
        refuse("answer", f"the validator proves number {fact.event.sequence} of another stream", "another_event")
    return checked(ledger, fact, waypoint)


def fetch_stream(client: Client, key: bytes, waypoint: str, at: int | None = None) -> tuple[Verified, str]:
    """A checked proof of how many events a stream has, now or at an older version."""
    ledger, (found,) = ask(client, waypoint, ("get_stream_with_proof", [key.hex(), at]))
    return _checked_stream(ledger, found, key, at, waypoint)


def fetch_event_of(client: Client, version: int, place: int, waypoint: str) -> tuple[Verified, str]:
    """A checked proof of one event by its version and its place there, from 0; MithqalError (`unknown_event`)."""
    ledger, (found,) = ask(client, waypoint, entries_call(version, 1))
    if found is None:
        raise _unknown(str(version))
    entries = read_entries(found, version, 1)
    entry = entries.entries[0]
    whole, _ = checked(ledger, TransactionProof(version, leaf_path(entries.path, version), entry), waypoint)
    if place >= len(entry.events):
        raise MithqalError(
            f"version {version} has {len(whole.claim['events'])} events, no number {place}", name="unknown_event"
        )
    path = prove_event([event_hash(event) for event in entry.events], place)
    fact = EventProof(version, leaf_path(entries.path, version), entry.info, place, path, entry.events[place])
    return checked(ledger, fact, waypoint)


def fetch_account(
    client: Client, address: bytes, waypoint: str, at: int | None = None
) -> tuple[Verified, str]:  # fmt: skip
    """A checked proof of the account at an address, or of its absence, now or at an older version."""
    return fetch_record(client, account_key(address), waypoint, at)


def fetch_record(client: Client, key: bytes, waypoint: str, at: int | None = None) -> tuple[Verified, str]:
    """A checked proof of what the state holds under a key, now or at an older version."""
    ledger, (found,) = ask(client, waypoint, ("get_record_with_proof", [key.hex(), at]))
    fact: RecordProof = read_fact(RecordProof, found)
    return _checked_state(ledger, fact, "key", key, at, waypoint)


def fetch_consistency(client: Client, earlier: int, later: int | None, waypoint: str) -> tuple[Verified, str]:
    """A checked proof that the ledger at one version begins with that at an earlier one; without a later one: now."""
    ledger, (found,) = ask(client, waypoint, ("get_prefix_with_proof", [earlier, later]))
    fact: PrefixProof = read_fact(PrefixProof, found)
    verified, text = checked(ledger, fact, waypoint)
    end = verified.claim["ledger"]["version"] if later is None else later
    if (fact.earlier.size - 1, fact.later) != (earlier, end):
        refuse("answer", f"the validator proves versions {fact.earlier.size - 1} and {fact.later}", "another_version")
    return verified, text


def fetch_epochs(client: Client, waypoint: str) -> tuple[Verified, str]:
    """A checked proof of all epochs since the waypoint."""
    ledger, _ = ask(client, waypoint)
    return checked(ledger, EpochsProof(), waypoint)


def fetch_evidence(client: Client, waypoint: str) -> list[tuple[Verified, str]]:
    """Checked proofs of all evidence that a validator knows; what does not hold is a ProofError about the validator."""
    found: list[tuple[Verified, str]] = []
    start = 0
    while True:
        ledger, (rows,) = ask(client, waypoint, ("get_evidence", [start, EVIDENCE_PAGE]))
        with answered():
            known = [(int(row["number"]), Evidence.from_bytes(bytes.fromhex(row["evidence"]))) for row in rows]
        if any(number < start for number, _ in known):
            refuse("answer", f"the validator names evidence below number {start}", "malformed")
        if not known:
            return found
        found += [checked(ledger, EvidenceProof(evidence), waypoint) for _, evidence in known]
        start = max(number for number, _ in known) + 1


def save(path: Path, text: str) -> None:
    """Write a proof file; MithqalError (`cannot_write`)."""
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise MithqalError(f"{path} cannot be written: {error.strerror}", name="cannot_write") from error


# --- asking ---


def ask(
    client: Client, waypoint: str, *calls: Call, keep_failures: bool = False
) -> tuple[LedgerProof, list[Json]]:  # fmt: skip
    """The ledger's proof from a waypoint, not verified yet, and what calls answer from the same snapshot.

    MithqalError (`bad_waypoint`); RpcFailed where a call is refused: it stands in the call's place with
    `keep_failures`.
    """
    known = int(check_waypoint(waypoint).partition(":")[0])
    state, *found = client.batch([("get_state_proof", [known]), *calls])
    failed = [item for item in (state, *(() if keep_failures else found)) if isinstance(item, MithqalError)]
    if failed:
        raise failed[0]
    with answered():
        start, epochs = fields(decode_hex(state["epoch_change_proof"]), "epoch change proof", None, tuple)
        if start is None:
            refuse("waypoint", f"the validator knows no end of an epoch at version {known}", "unknown")
        text = state["ledger_info_with_signatures"]
        certificate = None if text is None else decode_hex(text)
        proof: LedgerProof = read(LedgerProof, (*fields(start, "start", tuple, tuple, tuple), epochs, certificate))
    return proof, found


def checked(ledger: LedgerProof, fact: Fact, waypoint: str) -> tuple[Verified, str]:
    """Nothing is handed on that a reader of the file would not read and verify."""
    try:
        data = encode_proof(ledger, fact)
    except DecodeError as error:
        refuse("answer", error.message, error.name)
    ledger, fact = decode_proof(data)
    verified = verify(ledger, fact, waypoint)
    return verified, write_document(verified, ledger, fact)


def find_version(client: Client, which: str) -> int | None:
    """The version that a number or hash names; the validator's word, which a proof must follow."""
    if which.isascii() and which.isdigit() and len(which) < 20:
        return int(which)
    if len(which) != 64 or HEX.fullmatch(which) is None:
        return None
    found = client.call("get_transaction_by_hash", which)
    if found is None:
        return None
    version = found.get("version") if isinstance(found, dict) else None
    if type(version) is not int:
        refuse("answer", "the validator names no version", "malformed")
    return version


# --- reading answers ---


@contextmanager
def answered() -> Generator[None, None, None]:
    """What of a validator's answer has another shape than it should becomes a ProofError at step `answer`."""
    try:
        yield
    except (DecodeError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        refuse("answer", f"the validator's answer is no proof: {error!s:.120}", "malformed")


def decode_hex(text: str) -> object:
    """A value from its hex."""
    return decode(bytes.fromhex(text))


def read_fact(kind: type[Any], found: Json) -> Any:
    """A fact from a method of ours: {proof}."""
    with answered():
        return read(kind, decode_hex(found["proof"]))


def entries_call(first: int, count: int) -> Call:
    """The call that proves entries."""
    return ("get_transactions_with_proofs", [first, count, True])


def read_entries(found: Json, first: int, count: int | None) -> EntriesProof:
    """Entries from the answer to `entries_call`, exactly `count` unless None."""
    with answered():
        rows = [fields(decode_hex(text), "entry", int, bytes) for text in found["serialized_transactions"]]
        infos = _list(decode_hex(found["proofs"]["transaction_infos"]))
        events = _list(decode_hex(found["serialized_events"]))
        path = RangeProof.from_value(decode_hex(found["proofs"]["ledger_info_to_transaction_infos_proof"]))
        entries = tuple(
            ProvedEntry(TransactionInfo.from_value(info), kind, data, tuple(map(Event.from_value, _list(items))))
            for (kind, data), info, items in zip(rows, infos, events, strict=True)
        )
        if count is not None and len(entries) != count:
            raise DecodeError(f"{len(entries)} entries instead of {count}")
    return EntriesProof(first, path, entries)


def is_large(found: Json) -> bool:
    """Whether an answer to `entries_call` holds so much that it may end before all that was asked for."""
    with answered():
        digits = sum(map(len, found["serialized_transactions"])) + len(found["serialized_events"])
    return digits // 2 >= LARGE


def leaf_path(path: RangeProof, index: int) -> LeafProof:
    """The proof of a range of one leaf as that of a leaf: from the bottom to the top, each sibling from its side.

    Where nothing lies to the right at one level, nothing does higher up.
    """
    sides = iter(path.right), iter(path.left)
    siblings = [next(sides[index >> level & 1], None) for level in range(64)]
    return LeafProof(tuple(sibling for sibling in siblings if sibling is not None))


def _list(value: object) -> Sequence[Any]:
    """A list, whatever it holds."""
    (found,) = fields((value,), "list", tuple)
    items: Sequence[Any] = found
    return items


def check_state(claim: dict[str, Json], at: int | None) -> None:
    """A state is that of the version that was asked for; without one that of the certified ledger, not an older one."""
    newest = claim["ledger"]["version"]
    wanted = newest if at is None else at
    if claim["at"] != wanted or (at is None and claim["version"] != newest):
        refuse("answer", f"the validator proves the state of version {claim['at']}, not of {wanted}", "another_state")


def _checked_stream(
    ledger: LedgerProof, found: Json, key: bytes, at: int | None, waypoint: str
) -> tuple[Verified, str]:  # fmt: skip
    """How many events the stream that was asked for has."""
    fact: StreamProof = read_fact(StreamProof, found)
    return _checked_state(ledger, fact, "stream", key, at, waypoint)


def _checked_state(
    ledger: LedgerProof, fact: RecordProof | StreamProof, what: str, key: bytes, at: int | None, waypoint: str
) -> tuple[Verified, str]:
    """A fact about the state, checked, about the key (`what` names its kind) and the version that were asked for."""
    if fact.key != key:
        refuse("answer", f"the validator proves {what} {fact.key.hex()}, not {key.hex()}", f"another_{what}")
    verified, text = checked(ledger, fact, waypoint)
    check_state(verified.claim, at)
    return verified, text


def _unknown(which: str) -> MithqalError:
    """There is no such entry."""
    return MithqalError(f"no transaction {which[:80]} is on the ledger", name="unknown_transaction")
