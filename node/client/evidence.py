"""Evidence for people: fetched from a validator that need not be trusted, as files that anybody can verify."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chain.errors import MithqalError, ProofError
from chain.evidence import Evidence
from chain.facts import EvidenceProof
from chain.light_client import decode_proof
from node.client.proof_claims import evidence_lines
from node.client.proof_file import Verified, verify_file
from node.client.proofs import Client, fetch_evidence, save

Json = Any
_FILE_STEPS = ("file", "json", "fields", "format", "kind", "hex")
"""Steps at which a file turns out to be none of evidence at all."""


class Row(NamedTuple):
    """One piece, verified; `text` is its file."""

    verified: Verified
    text: str

    is_accused: bool
    """Whether the ledger names this key as guilty, as the validator that was asked says (EV15)."""

    @property
    def id(self) -> str:
        """Kind, validator, epoch and round: what one piece is called (EV12)."""
        claim = self.verified.claim
        place = f"v{claim['validator']['number']}-e{claim['epoch']}-r{claim['rounds'][1]}"
        return f"{claim['kind'].replace('_', '-')}-{place}"

    @property
    def file_name(self) -> str:
        """The id, as a file of JSON."""
        return f"{self.id}.json"

    def line(self) -> str:
        """For people."""
        claim = self.verified.claim
        rounds = " and ".join(str(round_) for round_ in dict.fromkeys(claim["rounds"]))
        where = "its key is accused on the ledger" if self.is_accused else "not on the ledger"
        return f"{self.id}  {evidence_lines(claim)[0]}, round {rounds}; {where}"

    def to_json(self) -> dict[str, Json]:
        """For programs."""
        claim = self.verified.claim
        told = {name: claim[name] for name in ("kind", "epoch", "rounds", "validator")}
        return {"id": self.id, **told, "is_accused": self.is_accused, "file": self.file_name}


def evidence_rows(client: Client, waypoint: str) -> list[Row]:
    """All that a validator knows, each piece verified from the waypoint; ProofError if one does not hold."""
    found = fetch_evidence(client, waypoint)
    accused = accused_keys(client.call("get_validators")) if found else frozenset()
    return [Row(item, text, item.claim["validator"]["consensus_key"] in accused) for item, text in found]


def accused_keys(rows: Sequence[Json]) -> frozenset[str]:
    """The keys in hex that the ledger names as guilty, of `get_validators`."""
    return frozenset(mark["consensus_key"] for row in rows for mark in row["accusations"])


def read_piece(client: Client, waypoint: str, piece: str) -> bytes:
    """The file of one piece by its path or, from a validator, by its id; MithqalError (`unknown_evidence`)."""
    path = Path(piece)
    if path.is_file():
        return path.read_bytes()
    rows = evidence_rows(client, waypoint)
    for row in rows:
        if row.id == piece:
            return row.text.encode()
    known = ", ".join(row.id for row in rows) or "none"
    raise MithqalError(f"{piece} is no file, and no evidence that is known: {known}", name="unknown_evidence")


def save_evidence(rows: Sequence[Row], folder: Path) -> None:
    """Write each piece into a directory; MithqalError (`cannot_write`)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MithqalError(f"{folder} cannot be made: {error.strerror}", name="cannot_write") from error
    for row in rows:
        save(folder / row.file_name, row.text)


def verify_evidence_file(data: bytes, waypoint: str) -> Verified:
    """Who is guilty of what, by a file alone.

    MithqalError (`bad_evidence_file`) for a file of another kind or shape, ProofError for evidence that does not hold.
    """
    try:
        verified = verify_file(data, waypoint)
    except ProofError as error:
        if error.details["step"] in _FILE_STEPS:
            raise MithqalError(f"this is no file of evidence: {error.message}", name="bad_evidence_file") from error
        raise
    if verified.kind != "evidence":
        raise MithqalError(f"this is a proof of kind {verified.kind}, not evidence", name="bad_evidence_file")
    return verified


def evidence_of(data: bytes, waypoint: str) -> tuple[Verified, Evidence]:
    """What a file shows, and the evidence in it; raises as `verify_evidence_file`."""
    verified = verify_evidence_file(data, waypoint)
    _, fact = decode_proof(bytes.fromhex(json.loads(data)["proof"]))
    assert isinstance(fact, EvidenceProof), "its kind says so"
    return verified, fact.evidence
