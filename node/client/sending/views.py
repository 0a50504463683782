"""Accounts and their transactions as a validator proves them: nothing that a sender acts on is one validator's word.

A view decides what may be signed again (O3), so that all of it is proved from the network's waypoint: the account's
record at the certified version, the time of that version, and each transaction with its result.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from chain.accounts import Account, account_key
from chain.crypto.signing import RealSignatures
from chain.entries import KIND_USER
from chain.execution.outcome import explain_abort
from chain.facts import RecordProof, TransactionProof, read
from chain.light_client import BelievedLedger, refuse, verify_ledger, verify_record, verify_transaction
from chain.transaction import decode_transaction
from node.client.proofs import Json, answered, ask, decode_hex, read_fact
from node.client.rpc import RpcClient


class Seen(NamedTuple):
    """A transaction on the ledger."""

    number: int
    hash: bytes
    version: int
    failure: str | None
    """None if it executed, else the reason of its abort, or how it failed (out_of_gas, ...)."""
    code: int | None
    """The abort's code."""
    gas_used: int


class AccountView(NamedTuple):
    """An account at one version of the ledger, and its transactions in the range that was asked for."""

    exists: bool
    next_number: int
    balances: dict[str, int]
    time_us: int
    """The ledger's time at that version."""
    transactions: tuple[Seen, ...]


class Query(NamedTuple):
    """Ask for an account and its transactions of `limit` numbers from `start` on."""

    sender: bytes
    start: int
    limit: int


ReadViews = Callable[[RpcClient, Sequence[Query]], list[AccountView]]
"""Asks one validator for several accounts by one request; raises what the client raises, and ProofError."""
MAX_QUERIES = 9
"""Queries of one request: two calls each and one for the ledger are at most the API's 20."""


def proved_views(client: RpcClient, queries: Sequence[Query], waypoint: str) -> list[AccountView]:
    """Several accounts by one request, proved from the waypoint against one certified ledger."""
    calls: list[tuple[str, list[Json]]] = []
    for query in queries:
        numbers = [query.sender.hex(), query.start, query.limit, True]
        calls += [("get_account_transactions_with_proofs", numbers)] if query.limit else []
        calls.append(("get_record_with_proof", [account_key(query.sender).hex()]))
    proof, found = ask(client, waypoint, *calls)
    ledger = verify_ledger(waypoint, proof, RealSignatures())
    answers = iter(found)
    return [_view(ledger, query, next(answers) if query.limit else None, next(answers)) for query in queries]


def _view(ledger: BelievedLedger, query: Query, rows: Json, account: Json) -> AccountView:
    """One account's view from its answers."""
    seen: tuple[Seen, ...] = ()
    if rows is not None:
        with answered():
            values = decode_hex(rows["serialized_txns_with_proofs"])
            proofs = [read(TransactionProof, value) for value in values]  # type: ignore[attr-defined] # else TypeError
        seen = tuple(_seen(ledger, query, proof) for proof in proofs)
    fact: RecordProof = read_fact(RecordProof, account)
    record = verify_record(ledger, fact)
    newest = ledger.commit.version
    if fact.key != account_key(query.sender) or (fact.checkpoint.version, fact.checkpoint.at) != (newest, newest):
        refuse("answer", f"the validator proves no state of {query.sender.hex()} at version {newest}", "another_state")
    time_us = ledger.commit.timestamp_us
    if not isinstance(record, Account):
        return AccountView(False, 0, {}, time_us, seen)
    return AccountView(True, record.sequence_number, dict(record.balances), time_us, seen)


def _seen(ledger: BelievedLedger, query: Query, proof: TransactionProof) -> Seen:
    """One transaction of the sender."""
    verify_transaction(ledger, proof)
    if proof.entry.kind != KIND_USER:
        refuse("answer", f"version {proof.version} is no transaction of anybody", "another_transaction")
    with answered():
        raw = decode_transaction(proof.entry.data).raw
    if raw.sender != query.sender or not query.start <= raw.sequence_number < query.start + query.limit:
        refuse("answer", f"version {proof.version} is none of the transactions asked for", "another_transaction")
    info, status = proof.entry.info, proof.entry.info.status
    is_abort = status.kind == "move_abort"
    failure = explain_abort(status.module, status.code)[1] or status.kind if is_abort else status.kind
    return Seen(
        raw.sequence_number, info.transaction_hash, proof.version, None if status.kind == "executed" else failure,
        status.code if is_abort else None, info.gas_used,
    )  # fmt: skip
