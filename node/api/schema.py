"""JSON-RPC 2.0 as Libra speaks it: requests, typed parameters, error codes, responses (docs/formats.md, "JSON-RPC")."""

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chain.errors import MithqalError
from chain.primitives import U64_MAX

MAX_BATCH = 20
MAX_PAGE = 1_000
MAX_BODY_BYTES = 256 << 10
"""A batch of 20 transactions of 4 KiB in hex, with room."""

PARSE_ERROR, INVALID_REQUEST, UNKNOWN_METHOD, INVALID_PARAMS, INVALID_FORMAT = -32700, -32600, -32601, -32602, -32604
SERVER_ERROR, VM_VALIDATION, VM_DESERIALIZATION = -32000, -32001, -32004
MEMPOOL_CODES = {
    "sequence_number_too_old": -32007,
    "mempool_is_full": -32008,
    "too_many_for_account": -32009,
    "too_many_checks": -32009,
    "invalid_update": -32010,
}
MEMPOOL_UNKNOWN = -32012

Json = Any


class RpcError(MithqalError):
    """An answer with an error object."""

    name = "rpc"

    def __init__(self, code: int, message: str, *, name: str, **details: object) -> None:
        """`code` is JSON-RPC's number, `name` the rule."""
        super().__init__(message, name=name, **details)
        self.code = code

    def to_json(self) -> dict[str, Json]:
        """{code, message, data}."""
        return {"code": self.code, "message": self.message, "data": {"name": self.name, **self.details}}


class Tip(NamedTuple):
    """What every response says of the ledger."""

    chain_id: int
    version: int
    timestamp_us: int
    height: int


class Request(NamedTuple):
    """One well-formed call."""

    id: int | str | None
    method: str
    params: list[Json] | dict[str, Json]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a method. `kind` is u64, hash, address, key, hex, text or bool."""

    name: str
    kind: str
    default: Json = field(default=...)

    @property
    def is_required(self) -> bool:
        """Whether it has no default."""
        return self.default is ...


_HEX_BYTES = {"hash": 32, "address": 16, "key": 24, "hex": None}


def parse_body(body: bytes) -> Json:
    """The JSON value of a request body; RpcError (parse error) on anything else."""
    if len(body) > MAX_BODY_BYTES:
        raise RpcError(
            INVALID_REQUEST, f"the request is above {MAX_BODY_BYTES} bytes", name="request_too_large",
            limit=MAX_BODY_BYTES,
        )  # fmt: skip
    try:
        return json.loads(body, parse_constant=_no_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise RpcError(PARSE_ERROR, "the request is not JSON", name="parse_error") from error


def _no_constant(word: str) -> Json:
    """NaN and Infinity are no JSON."""
    raise ValueError(word)


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object; a key that stands twice would mean one thing to us and another to who checked it before us."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def check_batch(value: list[Json]) -> list[Json]:
    """A batch of 1 to MAX_BATCH calls."""
    if not value:
        raise RpcError(INVALID_REQUEST, "an empty batch", name="invalid_request")
    if len(value) > MAX_BATCH:
        raise RpcError(
            INVALID_REQUEST, f"{len(value)} calls in a batch, at most {MAX_BATCH}", name="batch_too_large",
            limit=MAX_BATCH,
        )  # fmt: skip
    return value


def request_id(value: Json) -> int | str | None:
    """The id to echo, also of a call that is wrong otherwise."""
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str) or (type(found) is int and 0 <= found <= U64_MAX) else None


def parse_request(value: Json) -> Request:
    """One call; RpcError (invalid request) unless it has JSON-RPC 2.0's shape."""
    if not isinstance(value, dict):
        raise RpcError(INVALID_REQUEST, "a call must be an object", name="invalid_request")
    if value.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, 'a call must say "jsonrpc": "2.0"', name="invalid_request")
    found = value.get("id")
    if found is not None and not isinstance(found, str) and not (type(found) is int and 0 <= found <= U64_MAX):
        raise RpcError(INVALID_FORMAT, "an id must be text or a number from 0", name="invalid_format")
    method = value.get("method")
    if not isinstance(method, str):
        raise RpcError(INVALID_REQUEST, "a call must name its method", name="invalid_request")
    params = value.get("params")
    if params is None:
        params = []
    if not isinstance(params, list | dict):
        raise RpcError(INVALID_PARAMS, "params must be a list or an object", name="invalid_params")
    return Request(found, method, params)


def bind(parameters: tuple[Parameter, ...], params: list[Json] | dict[str, Json]) -> list[Json]:
    """Values by parameter, checked and converted: hex to bytes. RpcError (invalid params) names the parameter."""
    if isinstance(params, list):
        if len(params) > len(parameters):
            raise RpcError(
                INVALID_PARAMS, f"{len(params)} parameters, at most {len(parameters)}", name="invalid_params"
            )
        named = {parameter.name: value for parameter, value in zip(parameters, params, strict=False)}
    else:
        named = params
        known = [parameter.name for parameter in parameters]
        for key in named:
            if key not in known:
                message = f"no parameter is called {key[:64]!r}"
                raise RpcError(INVALID_PARAMS, message, name="invalid_params", parameter=key[:64])
    values = []
    for parameter in parameters:
        value = named.get(parameter.name)
        if value is None:
            if parameter.is_required:
                raise _bad(parameter, "is missing")
            values.append(parameter.default)
        else:
            values.append(_convert(parameter, value))
    return values


def _convert(parameter: Parameter, value: Json) -> Json:
    """One value to its kind."""
    kind = parameter.kind
    if kind == "u64":
        if type(value) is not int or not 0 <= value <= U64_MAX:
            raise _bad(parameter, f"must be a whole number from 0 to {U64_MAX}")
        return value
    if kind == "bool":
        if type(value) is not bool:
            raise _bad(parameter, "must be true or false")
        return value
    if not isinstance(value, str):
        raise _bad(parameter, "must be text")
    if kind == "text":
        return value
    size = _HEX_BYTES[kind]
    try:
        data = bytes.fromhex(value) if value.isascii() and value.isalnum() else None
    except ValueError:
        data = None
    if data is None or (size is not None and len(data) != size):
        wanted = "hex digits" if size is None else f"{2 * size} hex digits"
        raise _bad(parameter, f"must be {wanted} without 0x")
    return data


def _bad(parameter: Parameter, what: str) -> RpcError:
    """A parameter that breaks its kind."""
    return RpcError(
        INVALID_PARAMS, f"parameter {parameter.name!r} {what}", name="invalid_params", parameter=parameter.name
    )


def respond(tip: Tip, id_: int | str | None, *, result: Json = None, error: RpcError | None = None) -> dict[str, Json]:
    """A response with the three diem_ fields, which stand on errors too."""
    response: dict[str, Json] = {
        "jsonrpc": "2.0",
        "id": id_,
        "diem_chain_id": tip.chain_id,
        "diem_ledger_version": tip.version,
        "diem_ledger_timestampusec": tip.timestamp_us,
    }
    if error is None:
        response["result"] = result
    else:
        response["error"] = error.to_json()
    return response
