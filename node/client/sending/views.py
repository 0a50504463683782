"""Accounts and their transactions as a validator proves them: nothing that a sender acts on is one validator's word.

A view decides what may be signed again (O3), so that all of it is proved from the network's waypoint: the account's
record at the certified version, the time of that version, and each transaction with its result.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from chain.accounts import account_key
from chain.crypto.signing import RealSignatures
from chain.execution.outcome import explain_abort
from chain.facts import TransactionProof
from chain.light_client import BelievedLedger, verify_ledger
from chain.transaction import decode_transaction
from node.client.proofs import Call, Json, ask
from node.client.proved_reads import account_of, record_call, sent_by, sent_call
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
    calls: list[Call] = []
    for query in queries:
        calls += [sent_call(*query)] if query.limit else []
        calls.append(record_call(account_key(query.sender)))
    proof, found = ask(client, waypoint, *calls)
    ledger = verify_ledger(waypoint, proof, RealSignatures())
    answers = iter(found)
    return [_view(ledger, query, next(answers) if query.limit else None, next(answers)) for query in queries]


def _view(ledger: BelievedLedger, query: Query, rows: Json, account: Json) -> AccountView:
    """One account's view from its answers."""
    seen = () if rows is None else tuple(seen_of(proof) for proof in sent_by(ledger, *query, rows))
    found = account_of(ledger, query.sender, account)
    if found is None:
        return AccountView(False, 0, {}, ledger.commit.timestamp_us, seen)
    return AccountView(True, found.sequence_number, dict(found.balances), ledger.commit.timestamp_us, seen)


def seen_of(proof: TransactionProof) -> Seen:
    """What a user transaction's proof, which was verified, says of it."""
    info, status = proof.entry.info, proof.entry.info.status
    number = decode_transaction(proof.entry.data).raw.sequence_number
    if status.kind != "move_abort":
        failure = None if status.kind == "executed" else status.kind
        return Seen(number, info.transaction_hash, proof.version, failure, None, info.gas_used)
    reason = explain_abort(status.module, status.code)[1] or status.kind
    return Seen(number, info.transaction_hash, proof.version, reason, status.code, info.gas_used)
