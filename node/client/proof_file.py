"""Proof files, verified by anyone who trusts a waypoint, offline.

A file is one line of JSON: format, kind, what it claims in fields that people can read, and the proof in hex. The
claim is worth nothing by itself: verification makes it again from the proof and compares (X13; docs/formats.md,
"Proofs").
"""

import json
import re
from typing import Any, NamedTuple

from chain.accounts import Account
from chain.crypto.signing import RealSignatures
from chain.errors import DecodeError
from chain.execution.outcome import explain_abort
from chain.light_client import (
    AccountProof,
    BelievedLedger,
    Fact,
    LedgerProof,
    TransactionProof,
    check_waypoint,
    decode_proof,
    encode_proof,
    refuse,
    verify_account,
    verify_ledger,
    verify_transaction,
)
from node.api.results import account_json, body_json, event_json
from node.client.amounts import format_amount

Json = Any
FORMAT = "mithqal-proof-1"
KINDS: dict[type[TransactionProof] | type[AccountProof], str] = {
    TransactionProof: "transaction",
    AccountProof: "account",
}
MAX_FILE_BYTES = 16 << 20
"""More than any proof needs; a larger file is not read."""
_TYPES: dict[str, type] = {"format": str, "kind": str, "claim": dict, "proof": str}
HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)


class Verified(NamedTuple):
    """A proof that holds."""

    kind: str
    """`transaction` or `account`."""
    waypoint: str
    claim: dict[str, Json]
    """What it proves; at least `version` and `ledger`."""

    def to_json(self) -> dict[str, Json]:
        """What `proof verify --json` prints."""
        return {"verified": True, "kind": self.kind, "waypoint": self.waypoint, **self.claim}

    def lines(self) -> list[str]:
        """The same for people."""
        claim, ledger = self.claim, self.claim["ledger"]
        signers = f"{len(ledger['signers'])} of {ledger['validators']} validators ({', '.join(ledger['signers'])})"
        if self.kind == "transaction":
            what = [f"  {claim['transaction']['type']} transaction {claim['version']}  {claim['hash']}"]
            what.append(f"  status {claim['status']}, gas {claim['gas_used']}, {len(claim['events'])} events")
        elif claim["exists"]:
            account = claim["account"]
            what = [f"  account {claim['address']}  {account['role']['type']}, at version {claim['version']}"]
            what += [f"  {format_amount(item['amount']):>24} {item['currency']}" for item in account["balances"]]
        else:
            what = [f"  no account {claim['address']} at version {claim['version']}"]
        root = f"  ledger of version {ledger['version']}, root {ledger['accumulator_root_hash']}"
        return [f"verified from waypoint {self.waypoint}", *what, root, f"  signed by {signers}"]


# --- verifying ---


def verify_file(data: bytes, waypoint: str) -> Verified:
    """What a proof file proves to somebody who trusts the waypoint. No network is asked.

    MithqalError `bad_waypoint` for a text that is none. ProofError names the first step that fails: `file`, `json`,
    `fields`, `format`, `kind`, `hex`, a step of `chain.light_client`, `claim`, or `form`.
    """
    check_waypoint(waypoint)
    document = _read_document(data)
    if document["format"] != FORMAT:
        refuse("format", f"the file's format is {document['format'][:80]!r}, not {FORMAT!r}", "unknown_format")
    if document["kind"] not in KINDS.values():
        refuse("kind", f"no proof is of kind {document['kind'][:80]!r}", "unknown_kind")
    if HEX.fullmatch(document["proof"]) is None:
        refuse("hex", "the proof is not written in lower-case hex, two digits a byte", "not_hex")
    ledger, fact = decode_proof(bytes.fromhex(document["proof"]))
    if KINDS[type(fact)] != document["kind"]:
        refuse("kind", f"the proof is of kind {KINDS[type(fact)]}, not {document['kind']}", "another_kind")
    verified = verify(ledger, fact, waypoint)
    difference = _difference(verified.claim, document["claim"], "claim")
    if difference is not None:
        refuse("claim", f"{difference} is not what the proof shows", "another_claim")
    if data != write_document(verified, ledger, fact).encode():
        refuse("form", "the file is not written as one line of compact JSON that ends in one newline", "not_canonical")
    return verified


def verify(ledger: LedgerProof, fact: Fact, waypoint: str) -> Verified:
    """What a proof shows from a waypoint; ProofError names the first step that fails."""
    believed = verify_ledger(waypoint, ledger, RealSignatures())
    if isinstance(fact, TransactionProof):
        verify_transaction(believed, fact)
        claim = _transaction_claim(fact)
    else:
        claim = _account_claim(fact, verify_account(believed, fact))
    return Verified(KINDS[type(fact)], waypoint, {**claim, "ledger": _ledger_claim(believed)})


def _read_document(data: bytes) -> dict[str, Json]:
    """The file's object with exactly its four fields."""
    if len(data) > MAX_FILE_BYTES:
        refuse("file", f"{len(data)} bytes are above the limit of {MAX_FILE_BYTES}", "too_large")
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        refuse("json", f"the file is not JSON: {error!s:.120}", "malformed")
    if not isinstance(document, dict):
        refuse("fields", "the file holds no object", "wrong_type")
    for name in document:
        if name not in _TYPES:
            refuse("fields", f"no field is called {name[:80]!r}", "unknown_field")
    for name, kind in _TYPES.items():
        if name not in document:
            refuse("fields", f"the field {name!r} is missing", "missing_field")
        if type(document[name]) is not kind:
            refuse("fields", f"the field {name!r} is of a wrong type", "wrong_type")
    return document


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object without a field that stands twice, of which another reader may take the other one."""
    found = dict(pairs)
    if len(found) != len(pairs):
        refuse("json", "a field stands twice in one object", "duplicate_field")
    return found


def _difference(expected: Json, found: Json, where: str) -> str | None:
    """Where two JSON values differ first, or None; true is not 1, 1.0 is not 1."""
    if type(expected) is not type(found):
        return where
    if isinstance(expected, dict):
        for name in [*expected, *found]:
            if name not in expected or name not in found:
                return f"{where}.{name[:80]!a}"
            difference = _difference(expected[name], found[name], f"{where}.{name}")
            if difference is not None:
                return difference
        return None
    if isinstance(expected, list):
        if len(expected) != len(found):
            return where
        pairs = enumerate(zip(expected, found, strict=True))
        differences = (_difference(one, other, f"{where}[{at}]") for at, (one, other) in pairs)
        return next((item for item in differences if item is not None), None)
    return None if expected == found else where


# --- what a proof shows ---


def _ledger_claim(ledger: BelievedLedger) -> dict[str, Json]:
    """The certified ledger, and who signed it."""
    commit, members = ledger.commit, ledger.validators.members
    return {
        "genesis_hash": ledger.genesis_hash.hex(), "version": commit.version, "timestamp_usecs": commit.timestamp_us,
        "accumulator_root_hash": commit.root.hex(), "epoch": commit.epoch, "round": commit.round,
        "block_id": commit.block_id.hex(), "signers": [members[author].name for author in ledger.signers],
        "validators": len(members), "quorum": ledger.validators.quorum,
    }  # fmt: skip


def _transaction_claim(proof: TransactionProof) -> dict[str, Json]:
    """An entry, its result and its events."""
    status = proof.info.status
    claim: dict[str, Json] = {
        "version": proof.version, "hash": proof.info.transaction_hash.hex(), "status": status.kind,
        "gas_used": proof.info.gas_used,
    }  # fmt: skip
    if status.kind == "move_abort":
        category, reason = explain_abort(status.module, status.code)
        claim["abort"] = {"module": status.module, "code": status.code, "category": category, "reason": reason}
    try:
        claim["transaction"] = body_json(proof.kind, proof.data)
    except DecodeError as error:
        refuse("transaction", error.message, error.name)
    claim["events"] = [event_json(event, proof.version) for event in proof.events]
    return claim


def _account_claim(proof: AccountProof, account: Account | None) -> dict[str, Json]:
    """An account, or its absence."""
    return {
        "version": proof.version, "address": proof.address.hex(), "exists": account is not None,
        "account": None if account is None else account_json(account, proof.version),
    }  # fmt: skip


def write_document(verified: Verified, ledger: LedgerProof, fact: Fact) -> str:
    """The text of a proof file."""
    document = {
        "format": FORMAT, "kind": verified.kind, "claim": verified.claim, "proof": encode_proof(ledger, fact).hex(),
    }  # fmt: skip
    return json.dumps(document, separators=(",", ":"), allow_nan=False) + "\n"
