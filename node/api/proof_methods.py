"""Methods that prove what they answer; the shapes are Libra's, the hex holds our canonical MessagePack.

A client that asks for several of them puts them into one batch, which is answered from one snapshot: then all are
against the ledger that `get_state_proof` certifies (docs/formats.md, "JSON-RPC").
"""

from chain.codec import Value, decode, encode
from chain.ledger import read_entry
from chain.prover import Prover, certificate_of
from chain.storage import Column
from node.api.reads import Context, check_limit, check_version, state_at
from node.api.schema import INVALID_PARAMS, SERVER_ERROR, Json, RpcError, Tip


def get_state_proof(context: Context, tip: Tip, version: int) -> Json:
    """StateProof from a version that the client knows; 0 is genesis, and the proof then holds what a waypoint needs."""
    check_version(tip, version)
    certificate = certificate_of(context.store, tip.height)
    if certificate is None:
        raise RpcError(
            SERVER_ERROR, "nothing is certified yet: the ledger holds genesis only", name="nothing_certified"
        )
    prover = Prover(context.ledger, tip.version)
    ledger = prover.ledger(certificate)
    genesis: Value = (ledger.genesis.to_value(), ledger.genesis_info.to_value()) if version == 0 else None
    return {
        "ledger_info_with_signatures": encode(certificate.to_value()).hex(),
        "epoch_change_proof": encode((genesis, tuple(item.to_value() for item in ledger.epochs))).hex(),
        "ledger_consistency_proof": encode(prover.consistency(version).to_value()).hex(),
    }


def get_transactions_with_proofs(context: Context, tip: Tip, start: int, limit: int, include_events: bool) -> Json:
    """Consecutive entries with one proof for all of them; None past the end, or for a limit of 0."""
    check_limit(limit)
    if start > tip.version or limit == 0:
        return None
    rows = context.store.rows(Column.TRANSACTION, start, min(limit, tip.version - start + 1))
    entries = [read_entry(row) for _, row in rows]
    events: tuple[Value, ...] = tuple(tuple(map(tuple, events)) for _, _, _, events in entries)
    prover = Prover(context.ledger, tip.version)
    return {
        "serialized_transactions": [encode((kind, data)).hex() for kind, data, _, _ in entries],
        "serialized_events": encode(events).hex() if include_events else None,
        "proofs": {
            "ledger_info_to_transaction_infos_proof": encode(prover.paths(start, len(rows)).to_value()).hex(),
            "transaction_infos": encode(tuple(decode(info) for _, _, info, _ in entries)).hex(),
        },
    }


def get_account_state_with_proof(
    context: Context, tip: Tip, account: bytes, version: int | None, ledger_version: int | None
) -> Json:
    """AccountStateWithProof at the end of the last block up to `version`, against the ledger up to `ledger_version`.

    Without them both are the latest. `blob` is None where there is no account.
    """
    size = tip.version if ledger_version is None else ledger_version
    check_version(tip, size)
    wanted = size if version is None else version
    if wanted > size:
        raise RpcError(
            INVALID_PARAMS, f"version {wanted} is above the ledger version {size}", name="version_too_new",
            version=wanted, latest=size,
        )  # fmt: skip
    proof = Prover(context.ledger, size).account(account, state_at(context, tip, wanted))
    return {
        "version": proof.version,
        "blob": None if proof.record is None else proof.record.hex(),
        "proof": {
            "ledger_info_to_transaction_info_proof": encode(proof.path.to_value()).hex(),
            "transaction_info": proof.info.to_bytes().hex(),
            "transaction_info_to_account_proof": encode(proof.state.to_value()).hex(),
        },
    }
