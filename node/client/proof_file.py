"""Proof files, verified by anyone who trusts a waypoint, offline.

A file is one line of JSON: format, kind, what it claims in fields that people can read, and the proof in hex. The
claim is worth nothing by itself: verification makes it again from the proof and compares (X13; docs/formats.md,
"Proofs").
"""

import json
import re
from typing import Any, NamedTuple

from chain.crypto.signing import RealSignatures
from chain.facts import Fact, LedgerProof, encode_proof
from chain.light_client import check_waypoint, decode_proof, refuse, verify_ledger
from node.client.proof_claims import KINDS, claim_lines, claim_of, kind_of, ledger_claim

Json = Any
FORMAT = "mithqal-proof-2"
MAX_FILE_BYTES = 16 << 20
"""More than any proof needs; a larger file is not read."""
_TYPES: dict[str, type] = {"format": str, "kind": str, "claim": dict, "proof": str}
HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)


class Verified(NamedTuple):
    """A proof that holds."""

    kind: str
    """One of `proof_claims.KINDS`."""
    waypoint: str
    claim: dict[str, Json]
    """What it proves, beside `ledger`: the certified ledger."""

    def to_json(self) -> dict[str, Json]:
        """What `proof verify --json` prints."""
        return {"verified": True, "kind": self.kind, "waypoint": self.waypoint, **self.claim}

    def lines(self) -> list[str]:
        """The same for people."""
        ledger = self.claim["ledger"]
        what = [f"  {line}" for line in claim_lines(self.kind, self.claim)]
        root = f"  ledger of version {ledger['version']}, root {ledger['accumulator_root_hash']}"
        return [f"verified from waypoint {self.waypoint}", *what, root, f"  signed by {signers_words(ledger)}"]


def signers_words(ledger: dict[str, Json]) -> str:
    """Who signed the certified ledger."""
    if not ledger["signers"]:
        return "nobody yet: it is the waypoint's own"
    return f"{len(ledger['signers'])} of {ledger['validators']} validators ({', '.join(ledger['signers'])})"


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
    if document["kind"] not in KINDS:
        refuse("kind", f"no proof is of kind {document['kind'][:80]!r}", "unknown_kind")
    if HEX.fullmatch(document["proof"]) is None:
        refuse("hex", "the proof is not written in lower-case hex, two digits a byte", "not_hex")
    ledger, fact = decode_proof(bytes.fromhex(document["proof"]))
    if kind_of(fact) != document["kind"]:
        refuse("kind", f"the proof is of kind {kind_of(fact)}, not {document['kind']}", "another_kind")
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
    claim = {**claim_of(believed, fact), "ledger": ledger_claim(believed)}
    return Verified(kind_of(fact), waypoint, claim)


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


def write_document(verified: Verified, ledger: LedgerProof, fact: Fact) -> str:
    """The text of a proof file."""
    document = {
        "format": FORMAT, "kind": verified.kind, "claim": verified.claim, "proof": encode_proof(ledger, fact).hex(),
    }  # fmt: skip
    return json.dumps(document, separators=(",", ":"), allow_nan=False) + "\n"
