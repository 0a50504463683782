"""The methods of the API by name, each a function of the context, the durable tip and its parameters.

`answer(context, tip, request)` is the way in; `submit` and `wait_for_transaction` need the event loop and live in
node/runtime/http_server.py, with their parameters and errors here.
"""

from collections.abc import Callable, Iterator

from chain.errors import MithqalError
from chain.interface import Reply
from chain.validation import DiscardStatus
from node.api import compliance_methods as compliance
from node.api import evidence_methods as evidence
from node.api import history_methods as history
from node.api import proof_methods as proofs
from node.api import state_methods as state
from node.api.reads import Context, Whole
from node.api.schema import (
    INVALID_PARAMS,
    MEMPOOL_CODES,
    MEMPOOL_UNKNOWN,
    UNKNOWN_METHOD,
    VM_DESERIALIZATION,
    VM_VALIDATION,
    Json,
    Parameter,
    Request,
    RpcError,
    Tip,
    bind,
)
from node.api.search import search

MAX_WAIT_MS = 60_000

_EVENTS = Parameter("include_events", "bool", False)
_VERSION = Parameter("version", "u64", None)
_ACCOUNT = Parameter("account", "address")
_NUMBER = Parameter("sequence_number", "u64")
_LIMIT = Parameter("limit", "u64")
_START = Parameter("start", "u64")
_KEY = Parameter("key", "key")
_LEDGER_VERSION = Parameter("ledger_version", "u64", None)

METHODS: dict[str, tuple[Callable[..., Json], tuple[Parameter, ...]]] = {
    "get_metadata": (history.get_metadata, (_VERSION,)),
    "get_account": (state.get_account, (_ACCOUNT, _VERSION)),
    "get_transactions": (history.get_transactions, (Parameter("start_version", "u64"), _LIMIT, _EVENTS)),
    "get_transaction_by_hash": (history.get_transaction_by_hash, (Parameter("hash", "hash"), _EVENTS)),
    "get_account_transaction": (history.get_account_transaction, (_ACCOUNT, _NUMBER, _EVENTS)),
    "get_account_transactions": (history.get_account_transactions, (_ACCOUNT, _START, _LIMIT, _EVENTS)),
    "get_events": (history.get_events, (_KEY, _START, _LIMIT)),
    "get_currencies": (state.get_currencies, ()),
    "get_rates": (state.get_rates, ()),
    "get_account_limits": (compliance.get_account_limits, (_ACCOUNT,)),
    "get_dealer_tiers": (compliance.get_dealer_tiers, (_ACCOUNT,)),
    "get_policy": (compliance.get_policy, ()),
    "get_policy_usage": (compliance.get_policy_usage, (_ACCOUNT,)),
    "get_block": (history.get_block, (Parameter("height", "u64", None), Parameter("id", "hash", None), _VERSION)),
    "get_blocks": (history.get_blocks, (Parameter("start_height", "u64", None), Parameter("limit", "u64", 10))),
    "get_validators": (state.get_validators, ()),
    "get_epoch": (state.get_epoch, ()),
    "get_mempool": (state.get_mempool, (Parameter("limit", "u64", 100),)),
    "get_network_status": (state.get_network_status, ()),
    "get_evidence": (evidence.get_evidence, (Parameter("start", "u64", 0), Parameter("limit", "u64", 100))),
    "get_signing_status": (state.get_signing_status, ()),
    "get_state_proof": (proofs.get_state_proof, (Parameter("version", "u64"),)),
    "get_transactions_with_proofs": (
        proofs.get_transactions_with_proofs, (Parameter("start_version", "u64"), _LIMIT, _EVENTS),
    ),
    "get_account_state_with_proof": (proofs.get_account_state_with_proof, (_ACCOUNT, _VERSION, _LEDGER_VERSION)),
    "get_account_transactions_with_proofs": (
        proofs.get_account_transactions_with_proofs, (_ACCOUNT, _START, _LIMIT, _EVENTS, _LEDGER_VERSION),
    ),
    "get_events_with_proofs": (proofs.get_events_with_proofs, (_KEY, _START, _LIMIT)),
    "get_event_by_version_with_proof": (proofs.get_event_by_version_with_proof, (_KEY, _VERSION)),
    "get_accumulator_consistency_proof": (
        proofs.get_accumulator_consistency_proof, (Parameter("client_known_version", "u64", None), _LEDGER_VERSION),
    ),
    "get_record_with_proof": (proofs.get_record_with_proof, (Parameter("key", "hex"), _VERSION)),
    "get_stream_with_proof": (proofs.get_stream_with_proof, (_KEY, _VERSION)),
    "get_prefix_with_proof": (
        proofs.get_prefix_with_proof, (Parameter("earlier", "u64"), Parameter("later", "u64", None)),
    ),
    "search": (search, (Parameter("text", "text"),)),
}  # fmt: skip
"""Function and parameters by method."""

SUBMIT_PARAMETERS = (Parameter("data", "hex"),)
WAIT_PARAMETERS = (_ACCOUNT, _NUMBER, Parameter("hash", "hash", None), Parameter("timeout_ms", "u64", 10_000))


_BEFORE_THE_LEDGER: dict[str, int] = {
    status.name.lower(): int(status)
    for status in (DiscardStatus.INVALID_SIGNATURE, DiscardStatus.EXCEEDED_MAX_TRANSACTION_SIZE)
}
"""Libra's status of what a validator refuses before it looks at the ledger."""


def answer(context: Context, tip: Tip, request: Request) -> Json:
    """The result of a read method; RpcError otherwise."""
    found = begin(context, tip, request)
    return finished(found) if isinstance(found, Iterator) else found


def finished(page: Iterator[Json]) -> Json:
    """All rows of a page, or the one result that took long."""
    rows = list(page)
    return rows[-1] if isinstance(page, Whole) else rows


def begin(context: Context, tip: Tip, request: Request) -> Json:
    """The same, but the rows of a page come one by one: the caller may serve others between them.

    What it reads after this call is history, which does not change.
    """
    found = METHODS.get(request.method)
    if found is None:
        raise RpcError(UNKNOWN_METHOD, f"no method is called {request.method[:64]!r}", name="unknown_method")
    function, parameters = found
    try:
        return function(context, tip, *bind(parameters, request.params))
    except MithqalError as error:
        raise as_rpc_error(error) from error


def as_rpc_error(error: MithqalError) -> MithqalError:
    """The same, as an answer's error where clients know it."""
    if error.name != "version_pruned" or isinstance(error, RpcError):
        return error
    return RpcError(INVALID_PARAMS, error.message, name=error.name, **error.details)


def submission_result(reply: Reply) -> Json:
    """Result of `submit`: {hash, status, message, waiting_for}; RpcError where the machine refuses."""
    if reply.accepted:
        return {
            "hash": reply.hash.hex(), "status": reply.name, "message": reply.message, "waiting_for": reply.waiting_for
        }  # fmt: skip
    details: dict[str, Json] = {} if not reply.hash else {"hash": reply.hash.hex()}
    status = _BEFORE_THE_LEDGER.get(reply.name, reply.code)
    if reply.name == "sequence_number_too_old":
        code = MEMPOOL_CODES[reply.name]
    elif status is not None:
        code = VM_VALIDATION
    elif reply.name in MEMPOOL_CODES:
        code = MEMPOOL_CODES[reply.name]
    elif reply.name in ("transaction_expired", "expiration_too_far", "valid_from_too_far"):
        code = MEMPOOL_UNKNOWN
    else:
        code = VM_DESERIALIZATION
    if status is not None:
        details["StatusCode"] = status
    raise RpcError(code, f"{reply.name.upper()}: {reply.message}", name=reply.name, **details)
