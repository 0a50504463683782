"""A client that believes nothing but proofs: the methods of JSON-RPC as a reader calls them, answered from proofs.

What cannot be proved (a pool, a peer) is passed on as the validator's word, and `on_trust` names it. What is proved is
complete too: no transaction, event or version that the ledger holds can be left out, and no older state passes for the
newest one that is certified (X20).
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from chain.accounts import Account, account_key
from chain.crypto.signing import RealSignatures
from chain.entries import KIND_BLOCK_METADATA
from chain.errors import MithqalError
from chain.facts import ProvedEntry
from chain.light_client import BelievedLedger, refuse, verify_ledger
from chain.records.roles import domains_key, nonce_key, recovery_key, shared_key_key
from node.api.results import account_json, body_json, entry_json, event_json, with_records
from node.client.proof_claims import ledger_claim
from node.client.proof_file import signers_words
from node.client.proofs import Call, Client, answered, ask, find_version
from node.client.proved_reads import (
    account_of,
    all_entries,
    all_events,
    all_sent_by,
    entries_call,
    events_call,
    record_call,
    record_of,
    sent_call,
    stream_call,
    stream_length_of,
)

Json = Any
MAX_BLOCK_PART = 64
"""Entries of a block that are fetched to prove its height and time; above it they are the validator's word."""
SIGNERS = "get_block:signers"
"""In `on_trust`: who proposed and signed a block, the rest of which was proved."""
_METADATA = {
    "id": "block_id", "epoch": "epoch", "round": "round", "height": "height", "timestamp_usecs": "timestamp_usecs",
}  # fmt: skip
"""A block's fields, and what its metadata calls them."""
MAX_CALLS = 19
"""Calls of one request, beside the one for the ledger: the API's limit is 20."""


class Plan(NamedTuple):
    """What to ask, and how to read the answers against the ledger of the same snapshot."""

    calls: tuple[Call, ...]
    read: Callable[[BelievedLedger, list[Json]], Json]


class VerifyingClient:
    """A `node.view.source.Source` over a validator that need not be trusted."""

    def __init__(self, client: Client, waypoint: str) -> None:
        """Nothing is asked yet."""
        self._client, self.waypoint = client, waypoint
        self._ledger: BelievedLedger | None = None
        self.on_trust: set[str] = set()
        """Methods whose answers were passed on."""

    def call(self, method: str, *params: Json) -> Json:
        """The result of one call, proved if it can be. ProofError, and what the client raises."""
        if method == "get_transaction_by_hash":
            return self._by_hash(*params)
        trusted = set(self.on_trust)
        (result,) = self.batch([(method, list(params))])
        if isinstance(result, MithqalError):
            raise result
        if method == "get_block" and result is not None and self._is_proved_block(result, params[2:]):
            self.on_trust = trusted | {SIGNERS}
        return result

    def batch(self, calls: Sequence[tuple[str, Json]]) -> list[Json]:
        """Results in order; an error stands where a call failed. What a lie spoils is a ProofError for all."""
        results: list[Json] = []
        part: list[Plan] = []
        for method, params in calls:
            plan = self._plan(method, params)
            if sum(len(known.calls) for known in part) + len(plan.calls) > MAX_CALLS:
                results += self._run(part)
                part = []
            part.append(plan)
        return results + self._run(part)

    def stream_count(self, key: str) -> int:
        """How many events a stream has."""
        data = bytes.fromhex(key)
        (count,) = self._run(
            [Plan((stream_call(data),), lambda ledger, found: stream_length_of(ledger, data, found[0]))]
        )
        if isinstance(count, MithqalError):
            raise count
        return int(count)

    def verified(self) -> dict[str, Json]:
        """What the answers were verified against: waypoint, and the newest certified ledger; `on_trust` were not."""
        assert self._ledger is not None, "something was asked"
        claim = ledger_claim(self._ledger)
        names = ("version", "timestamp_usecs", "accumulator_root_hash", "epoch", "signers", "validators", "quorum")
        return {
            "waypoint": self.waypoint, **{name: claim[name] for name in names}, "on_trust": sorted(self.on_trust),
        }  # fmt: skip

    def _by_hash(self, tx_hash: str, include_events: bool = False) -> Json:
        """The transaction of a hash; that there is none is the validator's word."""
        version = find_version(self._client, tx_hash)
        rows = [] if version is None else self.call("get_transactions", version, 1, include_events)
        if rows and rows[0]["hash"] != tx_hash:
            refuse("answer", f"the validator proves transaction {rows[0]['hash']}, not {tx_hash}", "another_hash")
        if not rows:
            self.on_trust.add("get_transaction_by_hash")
        return rows[0] if rows else None

    def _is_proved_block(self, block: Json, version: Sequence[int]) -> bool:
        """Whether the block that holds a version was proved by the ledger's own entries: its first one says its
        height, id, round and time, and no other block begins up to the version. Not of one that is far into a block.

        Who proposed and who signed it stays the validator's word. ProofError where the entries say otherwise.
        """
        with answered():
            first = block["first_version"]
            if not version or type(first) is not int or not 0 < first <= version[0] < first + MAX_BLOCK_PART:
                return False
            count = version[0] - first + 1
            told = [block[name] for name in _METADATA]
        plan = Plan((entries_call(first, count),), lambda ledger, found: all_entries(ledger, first, count, found[0]))
        (entries,) = self._run([plan])
        if isinstance(entries, MithqalError):
            raise entries
        kinds = [entry.kind == KIND_BLOCK_METADATA for entry in entries]
        proved = [body_json(entries[0].kind, entries[0].data).get(name) for name in _METADATA.values()]
        if kinds != [True] + [False] * (count - 1) or proved != told:
            refuse("answer", f"version {version[0]} is not of the block that the validator tells of", "another_block")
        return True

    def _run(self, plans: Sequence[Plan]) -> list[Json]:
        """Ask for some plans at once, and read each."""
        if not plans:
            return []
        calls = [call for plan in plans for call in plan.calls]
        proof, found = ask(self._client, self.waypoint, *calls, keep_failures=True)
        ledger = verify_ledger(self.waypoint, proof, RealSignatures())
        if self._ledger is None or ledger.commit.version > self._ledger.commit.version:
            self._ledger = ledger
        results, at = [], 0
        for plan in plans:
            answers = found[at : at + len(plan.calls)]
            at += len(plan.calls)
            failed = next((answer for answer in answers if isinstance(answer, MithqalError)), None)
            results.append(plan.read(ledger, answers) if failed is None else failed)
        return results

    def _plan(self, method: str, params: list[Json]) -> Plan:
        """How a method is answered."""
        made = _PLANS.get(method)
        plan = None if made is None else made(*params)
        if plan is not None:
            return plan
        self.on_trust.add(method)
        return Plan(((method, params),), lambda _, found: found[0])


def verified_words(verified: dict[str, Json]) -> str:
    """One line for people."""
    words = (
        f"verified against waypoint {verified['waypoint']}, signed by {signers_words(verified)},"
        f" epoch {verified['epoch']}, ledger version {verified['version']}"
    )
    trusted = [_ON_TRUST[name] for name in verified["on_trust"] if name in _ON_TRUST]
    return words + (f"; on the validator's word: {', '.join(trusted)}" if trusted else "")


_ON_TRUST = {
    "get_block": "block and time", "get_blocks": "blocks", "get_currencies": "currencies", "get_mempool": "the pool",
    SIGNERS: "who proposed and signed the block", "get_rates": "rates", "search": "what the text names",
    "get_transaction_by_hash": "that there is none",
}  # fmt: skip
"""What people call what is not proved."""


# --- the methods ---


def _account(address: str, version: int | None = None) -> Plan:
    owner = bytes.fromhex(address)
    keys = [make(owner) for make in (account_key, domains_key, recovery_key, shared_key_key, nonce_key)]

    def read(ledger: BelievedLedger, found: list[Json]) -> Json:
        proved = {key: record_of(ledger, key, answer, version) for key, answer in zip(keys, found, strict=True)}
        account, made_at = proved[keys[0]]
        if not isinstance(account, Account):
            return None
        return with_records(account, account_json(account, made_at), lambda key: proved[key][0])

    return Plan(tuple(record_call(key, version) for key in keys), read)


def _transactions(start: int, limit: int, include_events: bool = False) -> Plan:
    def read(ledger: BelievedLedger, found: list[Json]) -> Json:
        return _rows(enumerate(all_entries(ledger, start, limit, found[0]), start), include_events)

    return Plan((entries_call(start, limit),), read)


def _account_transactions(address: str, start: int, limit: int, include_events: bool = False) -> Plan:
    sender = bytes.fromhex(address)

    def read(ledger: BelievedLedger, found: list[Json]) -> Json:
        account = account_of(ledger, sender, found[1])
        proofs = all_sent_by(ledger, sender, start, limit, found[0], account)
        return _rows([(proof.version, proof.entry) for proof in proofs], include_events)

    return Plan((sent_call(sender, start, limit), record_call(account_key(sender))), read)


def _account_transaction(address: str, number: int, include_events: bool = False) -> Plan:
    plan = _account_transactions(address, number, 1, include_events)

    def read(ledger: BelievedLedger, found: list[Json]) -> Json:
        rows = plan.read(ledger, found)
        return rows[0] if rows else None

    return Plan(plan.calls, read)


def _events(key: str, start: int, limit: int) -> Plan:
    stream = bytes.fromhex(key)

    def read(ledger: BelievedLedger, found: list[Json]) -> Json:
        count = stream_length_of(ledger, stream, found[1])
        proofs = all_events(ledger, stream, start, limit, found[0], count)
        return [event_json(proof.event, proof.version) for proof in proofs]

    return Plan((events_call(stream, start, limit), stream_call(stream)), read)


def _metadata(version: int | None = None) -> Plan | None:
    """The newest metadata, what of it can be proved; an older version's is not."""
    if version:
        return None

    def read(ledger: BelievedLedger, found: list[Json]) -> Json:
        commit = ledger.commit
        return {
            **found[0], "version": commit.version, "accumulator_root_hash": commit.root.hex(),
            "timestamp": commit.timestamp_us, "genesis_hash": ledger.genesis_hash.hex(),
        }  # fmt: skip

    return Plan((("get_metadata", []),), read)


def _rows(entries: Any, include_events: bool) -> list[Json]:
    """Entries as `get_transactions` shows them."""
    rows: list[tuple[int, ProvedEntry]] = list(entries)
    return [
        entry_json(version, entry.kind, entry.data, entry.info, entry.events if include_events else ())
        for version, entry in rows
    ]


_PLANS: dict[str, Callable[..., Plan | None]] = {
    "get_account": _account,
    "get_transactions": _transactions,
    "get_account_transactions": _account_transactions,
    "get_account_transaction": _account_transaction,
    "get_events": _events,
    "get_metadata": _metadata,
}
"""What can be proved."""
