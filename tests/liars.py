"""Validators that lie: each lie changes what an honest one would answer, method by method."""

from collections.abc import Callable, Sequence
from typing import Any

from chain.accounts import Account
from chain.codec import decode, encode
from tests.chains import Chain
from tests.node.api.test_snapshots import context_of
from tests.views import Local

Json = Any
Lie = Callable[[str, list[Json], Json, Callable[[str, list[Json]], Json]], Json]
"""(method, parameters, the honest answer, whom to ask something else) -> what is answered."""
RECORD, EVENTS = "get_record_with_proof", "get_events_with_proofs"
SENT, ENTRIES = "get_account_transactions_with_proofs", "get_transactions_with_proofs"


class Liar(Local):
    """A validator with a lie."""

    def __init__(self, chain: Chain, lie: Lie) -> None:
        super().__init__(context_of(chain))
        self.lie = lie

    def call(self, method: str, *params: Any) -> Any:
        return self.lie(method, list(params), super().call(method, *params), self.ask)

    def batch(self, calls: Sequence[tuple[str, Any]]) -> list[Any]:
        found = super().batch(calls)
        return [
            result if isinstance(result, Exception) else self.lie(method, params, result, self.ask)
            for (method, params), result in zip(calls, found, strict=True)
        ]

    def ask(self, method: str, params: list[Any]) -> Any:
        """The honest answer to another question."""
        return super().call(method, *params)


def honest(_method: str, _params: Any, result: Any, _ask: Any) -> Any:
    """No lie."""
    return result


def forged_balance(method: str, params: list[Json], result: Json, _ask: Any) -> Json:
    """Every account is richer by one micro-unit of each coin."""
    if method == "get_account" and result is not None:
        richer = [{**item, "amount": item["amount"] + 1} for item in result["balances"]]
        return {**result, "balances": richer}
    if method != RECORD or not params[0].startswith("61"):
        return result
    value: Any = decode(bytes.fromhex(result["proof"]))
    checkpoint, key, record, path = value
    if record is None:
        return result
    account = Account.from_bytes(record)
    for code, amount in account.balances:
        account = account.with_balance(code, amount + 1)
    return {"proof": encode((checkpoint, key, account.to_bytes(), path)).hex()}


def hidden_transactions(method: str, _params: list[Json], result: Json, _ask: Any) -> Json:
    """Nothing is on the ledger."""
    if method in ("get_transactions", "get_account_transactions", "get_events", EVENTS):
        return []
    if method == SENT:
        return {"serialized_txns_with_proofs": encode(()).hex()}
    return None if method in (ENTRIES, "get_transaction_by_hash", "get_account_transaction") else result


def newest_hidden(method: str, _params: list[Json], result: Json, _ask: Any) -> Json:
    """The last of each list is left out."""
    if method in (EVENTS, "get_events", "get_account_transactions"):
        return result[:-1]
    if method == SENT:
        rows: Any = decode(bytes.fromhex(result["serialized_txns_with_proofs"]))
        return {"serialized_txns_with_proofs": encode(rows[:-1]).hex()}
    return result


def old_state(version: int) -> Lie:
    """States are those of a version, with good proofs."""

    def lie(method: str, params: list[Json], result: Json, ask: Callable[[str, list[Json]], Json]) -> Json:
        if method in (RECORD, "get_stream_with_proof") and params[1:] in ([], [None]):
            return ask(method, [params[0], version])
        return ask(method, [params[0], version]) if method == "get_account" else result

    return lie


def truncated_epochs(method: str, _params: list[Json], result: Json, _ask: Any) -> Json:
    """The last end of an epoch is kept back."""
    if method != "get_state_proof":
        return result
    value: Any = decode(bytes.fromhex(result["epoch_change_proof"]))
    start, epochs = value
    return {**result, "epoch_change_proof": encode((start, epochs[:-1])).hex()}


def another_payment(method: str, params: list[Json], result: Json, ask: Callable[[str, list[Json]], Json]) -> Json:
    """A good proof of another version than was asked for."""
    if method in (ENTRIES, "get_transactions"):
        return ask(method, [params[0] - 1, *params[1:]])
    return result
