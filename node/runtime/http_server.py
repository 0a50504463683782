"""JSON-RPC over HTTP on a validator: a bare ASGI application under uvicorn, in the driver's event loop.

POST to / or /v1; GET /-/healthy, /-/ready and /metrics. What needs the loop lives here: submissions and long polls.
"""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry, generate_latest

from chain.errors import MithqalError
from chain.interface import Committed, Reply
from node.api.handlers import MAX_WAIT_MS, SUBMIT_PARAMETERS, WAIT_PARAMETERS, answer, submission_result
from node.api.reads import Context, StateIsFar, find_transaction, read_tip, read_transaction
from node.api.schema import (
    INVALID_FORMAT,
    MAX_BODY_BYTES,
    SERVER_ERROR,
    Json,
    RpcError,
    Tip,
    bind,
    check_batch,
    parse_body,
    parse_request,
    request_id,
    respond,
)
from node.runtime.http_limits import HttpBounds, bounded_protocol, is_allowed_host

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Prepared = Callable[[Tip], Json] | RpcError
"""What is left of a call to be answered from a snapshot, or its error."""
Begun = Prepared | asyncio.Future[Reply] | asyncio.Future[Prepared]
"""A call that was begun: answered at once, or when the validator replies or a wait is over."""
MAX_WAITERS = 20_000
_CORS = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type"),
]


class Rpc:
    """Answers calls; told of each durable block by `on_committed`."""

    def __init__(self, context: Context, submit: Callable[[bytes], "asyncio.Future[Reply]"]) -> None:
        """`submit` hands an envelope to the driver."""
        self._context = replace(context, waits_for_states=True)
        self._restoring = asyncio.Lock()
        self._submit = submit
        self._waiters: dict[bytes, list[asyncio.Future[None]]] = {}
        self.waiting = 0
        """Long polls."""
        self.committed_since_start = 0
        self._announced = read_tip(context)
        """The tip of the last block that waiters were told of: an older block's transactions need no waiting."""

    def on_committed(self, committed: Committed) -> None:
        """Wake those who wait for the block's transactions."""
        self.committed_since_start += 1
        self._announced = Tip(self._announced.chain_id, committed.version, committed.timestamp_us, committed.height)
        for tx_hash in committed.hashes:
            for future in self._waiters.pop(tx_hash, ()):
                if not future.done():
                    future.set_result(None)

    def tip(self) -> Tip:
        """The durable tip."""
        return read_tip(self._context)

    async def handle(self, body: bytes) -> Json:
        """The response (or the list of them) to a request body."""
        try:
            value = parse_body(body)
            calls = check_batch(value) if isinstance(value, list) else [value]
        except RpcError as error:
            return respond(self.tip(), None, error=error)
        responses = await self._respond(calls)
        return responses if isinstance(value, list) else responses[0]

    async def _respond(self, calls: list[Json]) -> list[Json]:
        """Responses in order, all from one durable snapshot: the one when the batch's submissions and waits are over.

        A batch's calls are all begun before one is awaited. Nothing waits between taking the snapshot and the last
        answer.
        """
        begun = [self._begin(call) for call in calls]
        try:
            found = [await _ended(item) if isinstance(item, asyncio.Future) else item for item in begun]
        finally:
            for item in begun:
                if isinstance(item, asyncio.Future):
                    item.cancel()
        ids = [request_id(call) for call in calls]
        for _ in calls:  # each call can need an old state
            try:
                tip = self.tip()
                return [self._answer(tip, id_, prepared) for id_, prepared in zip(ids, found, strict=True)]
            except StateIsFar as far:
                await self._restore(far.version)
        tip = self.tip()
        return [self._answer(tip, id_, prepared, is_last=True) for id_, prepared in zip(ids, found, strict=True)]

    async def _restore(self, version: int) -> None:
        """Bring an old state back off the loop, one at a time whoever asks: it may take seconds of a core."""
        async with self._restoring:
            history = self._context.ledger.history
            if history.is_far(version):
                await asyncio.get_running_loop().run_in_executor(None, history.restore, version)

    def _begin(self, call: Json) -> Begun:
        """Parse a call, and begin what of it takes time: submit a transaction, or wait for one."""
        try:
            request = parse_request(call)
            if request.method == "submit":
                (envelope,) = bind(SUBMIT_PARAMETERS, request.params)
                return self._submit(envelope)
            if request.method == "wait_for_transaction":
                account, number, tx_hash, timeout_ms = bind(WAIT_PARAMETERS, request.params)
                return asyncio.ensure_future(self._wait_for(account, number, tx_hash, timeout_ms))
            return lambda tip: answer(self._context, tip, request)
        except RpcError as error:
            return error

    async def _wait_for(self, account: bytes, number: int, tx_hash: bytes | None, timeout_ms: int) -> Prepared:
        """What a long poll answers when its time is over."""
        await self._wait(account, number, tx_hash, timeout_ms)
        return lambda tip: self._transaction(tip, account, number)

    def _answer(self, tip: Tip, id_: int | str | None, prepared: Prepared, *, is_last: bool = False) -> Json:
        """One response. StateIsFar, unless it is the last attempt."""
        if isinstance(prepared, RpcError):
            return respond(tip, id_, error=prepared)
        try:
            return respond(tip, id_, result=prepared(tip))
        except RpcError as error:
            return respond(tip, id_, error=error)
        except StateIsFar as far:
            if not is_last:
                raise
            message = f"the state at version {far.version} cannot be restored now, ask again or ask another validator"
            return respond(tip, id_, error=RpcError(SERVER_ERROR, message, name="state_unavailable"))

    def _transaction(self, tip: Tip, account: bytes, number: int) -> Json:
        """The transaction that took this number, or None."""
        version = find_transaction(self._context, tip, account, number)
        return read_transaction(self._context, version, include_events=True)

    async def _wait(self, account: bytes, number: int, tx_hash: bytes | None, timeout_ms: int) -> None:
        """Return when the transaction is durable or the time is over; at once without a hash."""
        if tx_hash is None or find_transaction(self._context, self._announced, account, number) is not None:
            return
        if self.waiting >= MAX_WAITERS:
            raise RpcError(SERVER_ERROR, f"{MAX_WAITERS} clients wait already", name="too_many_waiting")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(tx_hash, []).append(future)
        self.waiting += 1
        try:
            await asyncio.wait_for(future, min(timeout_ms, MAX_WAIT_MS) / 1000)
        except TimeoutError:
            pass
        finally:
            self.waiting -= 1
            left = self._waiters.get(tx_hash, [])
            if future in left:
                left.remove(future)
                if not left:
                    del self._waiters[tx_hash]


async def _ended(begun: "asyncio.Future[Reply] | asyncio.Future[Prepared]") -> Prepared:
    """What a submission or a wait came to."""
    try:
        found = await begun
        if isinstance(found, Reply):
            result = submission_result(found)
            return lambda _tip: result
        return found
    except RpcError as error:
        return error


class HttpServer:
    """The ASGI application and its uvicorn server on one bound socket."""

    def __init__(
        self,
        rpc: Rpc,
        registry: CollectorRegistry,
        now_us: Callable[[], int],
        listener: socket.socket,
        bounds: HttpBounds | None = None,
    ) -> None:
        """Serve on `listener`, which is bound already."""
        self._rpc, self._registry, self._now_us = rpc, registry, now_us
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited; else each answer waits 40 ms
        self._listener = listener
        self._host = listener.getsockname()[0]
        config = uvicorn.Config(
            self, lifespan="off", log_config=None, access_log=False, http=bounded_protocol(bounds or HttpBounds()),
            ws="none", timeout_graceful_shutdown=1, timeout_keep_alive=60, server_header=False, date_header=False,
        )  # fmt: skip
        self._server = _QuietServer(config)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to serve."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._listener]))

    async def stop(self) -> None:
        """Stop serving; long polls are cut after a second."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        method, path = scope["method"], scope["path"]
        if not is_allowed_host(scope["headers"], self._host):
            await _reply(send, 421, b"this host is called by its address or as localhost\n")
        elif method == "GET":
            await self._get(path, scope, send)
        elif method == "OPTIONS":
            await _reply(send, 204, b"", b"text/plain", _CORS)
        elif method == "POST" and path in ("/", "/v1"):
            await self._post(scope, receive, send)
        else:
            await _reply(send, 404, b"not found\n")

    async def _get(self, path: str, scope: Scope, send: Send) -> None:
        """Health, readiness, metrics."""
        if path == "/-/healthy":
            query = scope.get("query_string", b"").decode("ascii", "replace")
            seconds = query.removeprefix("duration_secs=")
            age_us = self._now_us() - self._rpc.tip().timestamp_us
            asks = query.startswith("duration_secs=") and seconds.isdigit() and len(seconds) < 12
            stale = asks and age_us > int(seconds) * 1_000_000
            await _reply(send, 500 if stale else 200, b"ledger is old\n" if stale else b"diem-node:ok")
        elif path == "/-/ready":
            ready = self._rpc.committed_since_start > 0
            await _reply(send, 200 if ready else 503, b"ready\n" if ready else b"nothing committed since start\n")
        elif path == "/metrics":
            await _reply(send, 200, generate_latest(self._registry), b"text/plain; version=0.0.4; charset=utf-8")
        else:
            await _reply(send, 404, b"not found\n")

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A JSON-RPC request."""
        headers = dict(scope["headers"])
        if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"application/json":
            error = RpcError(INVALID_FORMAT, "the content type must be application/json", name="content_type")
            response: Json = respond(self._rpc.tip(), None, error=error)
        else:
            body = bytearray()
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                body += message.get("body", b"")
                more = message.get("more_body", False) and len(body) <= MAX_BODY_BYTES
            response = await self._answer(bytes(body))
        last = response[-1] if isinstance(response, list) else response
        extra = [
            (b"x-diem-chain-id", str(last["diem_chain_id"]).encode()),
            (b"x-diem-ledger-version", str(last["diem_ledger_version"]).encode()),
            (b"x-diem-ledger-timestampusec", str(last["diem_ledger_timestampusec"]).encode()),
            *_CORS,
        ]
        await _reply(send, 200, json.dumps(response).encode(), b"application/json", extra)

    async def _answer(self, body: bytes) -> Json:
        """The response to a body; a disk that fails us is an error of the server with its name."""
        try:
            return await self._rpc.handle(body)
        except MithqalError as error:
            return respond(self._rpc.tip(), None, error=RpcError(SERVER_ERROR, error.message, name=error.name))


class _QuietServer(uvicorn.Server):
    """uvicorn without signal handlers: the process owns its signals."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave them alone."""
        yield


async def _reply(
    send: Send, status: int, body: bytes, kind: bytes = b"text/plain", extra: list[tuple[bytes, bytes]] | None = None
) -> None:
    """A whole response."""
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *(extra or [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
