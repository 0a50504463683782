"""Proofs fetched from a validator, and checked before anything is written: a validator need not be trusted.

What is asked for in one batch is answered from one snapshot, so that every proof is against the certified ledger.
"""

from pathlib import Path
from typing import Any

from chain.codec import decode, fields
from chain.entries import Event, TransactionInfo
from chain.errors import DecodeError, MithqalError
from chain.light_client import AccountProof, Fact, LedgerProof, TransactionProof, decode_proof, encode_proof, refuse
from chain.primitives import Address
from chain.state.accumulator import LeafProof, RangeProof
from chain.state.tree import StateProof
from node.client.proof_file import HEX, Verified, verify, write_document
from node.client.rpc import RpcClient, RpcFailed

Json = Any


def fetch_transaction(client: RpcClient, which: str, waypoint: str) -> tuple[Verified, str]:
    """A checked proof of the transaction of a version or hash, and the text of its file.

    MithqalError (`unknown_transaction`) if there is none; ProofError if the validator's answer proves nothing.
    """
    version = _find_version(client, which)
    if version is None:
        raise MithqalError(f"no transaction {which[:80]} is on the ledger", name="unknown_transaction")
    state, found = _batch(client, ("get_state_proof", [0]), ("get_transactions_with_proofs", [version, 1, True]))
    if found is None:
        raise MithqalError(f"no transaction {which[:80]} is on the ledger", name="unknown_transaction")
    try:
        ledger = _read_ledger(state)
        kind, data = fields(_decode(found["serialized_transactions"][0]), "entry", int, bytes)
        (info,) = fields(_decode(found["proofs"]["transaction_infos"]), "infos", tuple)
        (events,) = fields(_decode(found["serialized_events"]), "events", tuple)
        path = RangeProof.from_value(_decode(found["proofs"]["ledger_info_to_transaction_infos_proof"]))
        fact = TransactionProof(
            version, TransactionInfo.from_value(info), _leaf_path(path, version), kind, data,
            tuple(map(Event.from_value, events)),
        )  # fmt: skip
    except (DecodeError, KeyError, TypeError, ValueError, IndexError) as error:
        refuse("answer", f"the validator's answer is no proof: {error!s:.120}", "malformed")
    tx_hash = fact.info.transaction_hash.hex()
    if len(which) == 64 and tx_hash != which:
        refuse("answer", f"the validator proves transaction {tx_hash}, not {which}", "another_hash")
    return _checked(ledger, fact, waypoint)


def fetch_account(client: RpcClient, address: bytes, waypoint: str) -> tuple[Verified, str]:
    """A checked proof of the account at an address, or of its absence, and the text of its file."""
    state, found = _batch(client, ("get_state_proof", [0]), ("get_account_state_with_proof", [address.hex()]))
    try:
        ledger = _read_ledger(state)
        proof, blob = found["proof"], found["blob"]
        fact = AccountProof(
            found["version"],
            TransactionInfo.from_value(_decode(proof["transaction_info"])),
            LeafProof.from_value(_decode(proof["ledger_info_to_transaction_info_proof"])),
            Address(address),
            None if blob is None else bytes.fromhex(blob),
            StateProof.from_value(_decode(proof["transaction_info_to_account_proof"])),
        )
    except (DecodeError, KeyError, TypeError, ValueError) as error:
        refuse("answer", f"the validator's answer is no proof: {error!s:.120}", "malformed")
    return _checked(ledger, fact, waypoint)


def save(path: Path, text: str) -> None:
    """Write a proof file; MithqalError (`cannot_write`)."""
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise MithqalError(f"{path} cannot be written: {error.strerror}", name="cannot_write") from error


def _checked(ledger: LedgerProof, fact: Fact, waypoint: str) -> tuple[Verified, str]:
    """Nothing is handed on that a reader of the file would not read and verify."""
    try:
        data = encode_proof(ledger, fact)
    except DecodeError as error:
        refuse("answer", error.message, error.name)
    ledger, fact = decode_proof(data)
    verified = verify(ledger, fact, waypoint)
    return verified, write_document(verified, ledger, fact)


def _find_version(client: RpcClient, which: str) -> int | None:
    """The version that a number or hash names."""
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


def _batch(client: RpcClient, *calls: tuple[str, list[Json]]) -> list[Json]:
    """Results from one snapshot of one validator."""
    results = client.batch(calls)
    for result in results:
        if isinstance(result, RpcFailed):
            raise result
    return results


def _read_ledger(state: Json) -> LedgerProof:
    """A StateProof from genesis."""
    genesis, epochs = fields(_decode(state["epoch_change_proof"]), "epoch change proof", tuple, tuple)
    certificate = _decode(state["ledger_info_with_signatures"])
    return LedgerProof.from_value((*fields(genesis, "genesis", tuple, tuple), epochs, certificate))


def _leaf_path(path: RangeProof, index: int) -> LeafProof:
    """The proof of a range of one leaf as that of a leaf: from the bottom to the top, each sibling from its side.

    Where nothing lies to the right at one level, nothing does higher up.
    """
    sides = iter(path.right), iter(path.left)
    siblings = [next(sides[index >> level & 1], None) for level in range(64)]
    return LeafProof(tuple(sibling for sibling in siblings if sibling is not None))


def _decode(text: str) -> object:
    """A value from its hex."""
    return decode(bytes.fromhex(text))
