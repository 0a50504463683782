"""JSON-RPC over HTTP on a validator: a bare ASGI application under uvicorn, in the driver's event loop.

POST to / or /v1; GET /-/healthy, /-/ready and /metrics. What needs the loop lives here: submissions and long polls.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import uvicorn
from prometheus_client import CollectorRegistry, generate_latest

from chain.errors import MithqalError
from chain.interface import Committed, Reply
from node.api.handlers import MAX_WAIT_MS, SUBMIT_PARAMETERS, WAIT_PARAMETERS, begin, submission_result
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
from node.runtime.accepting import Accepting
from node.runtime.http_answers import REST, Answer, Slices, encode, read_pages, refusal_of
from node.runtime.http_budget import CallBudget, Prices
from node.runtime.http_limits import Bounded, HttpBounds, bounded_protocol, is_allowed_host

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Prepared = Callable[[Tip], Json] | RpcError
"""What is left of a call to be answered from a snapshot, or its error."""
Begun = Prepared | asyncio.Future[Reply] | asyncio.Future[Prepared]
"""A call that was begun: answered at once, or when the validator replies or a wait is over."""
Result = TypeVar("Result")
MAX_WAITERS = 20_000
BACKLOG = 512
"""Connections that the system holds for us, while others are taken or turned away."""
PROBES = ("/-/healthy", "/-/ready")
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
        self._reading = asyncio.Lock()
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

    def _rest(self) -> int:
        """How long pages rest after each slice, as a multiple of it: while payments wait, these go first."""
        return REST if self._context.mempool is not None and len(self._context.mempool) else 0

    def tip(self) -> Tip:
        """The durable tip."""
        return read_tip(self._context)

    async def handle(self, body: bytes) -> Json:
        """The response (or the list of them) to a request body."""
        return await self._handle(body, Slices(self._rest), _as_it_is)

    async def answer(self, body: bytes) -> Answer:
        """The same as bytes. Long answers are made one at a time, so that only one of them is in memory as objects."""
        slices = Slices(self._rest)
        response, data = await self._handle(body, slices, partial(_encoded, slices))
        responses = response if isinstance(response, list) else [response]
        names = [item["error"]["data"]["name"] for item in responses if "error" in item]
        last = responses[-1]
        tip = Tip(last["diem_chain_id"], last["diem_ledger_version"], last["diem_ledger_timestampusec"], 0)
        return Answer(data, len(responses), names, tip, slices.busy_us())

    async def _handle(
        self, body: bytes, slices: Slices, finish: Callable[[Json], Coroutine[None, None, Result]]
    ) -> Result:
        """Parse, answer, and `finish` the response."""
        try:
            value = parse_body(body)
            calls = check_batch(value) if isinstance(value, list) else [value]
        except RpcError as error:
            return await finish(respond(self.tip(), None, error=error))
        begun = await self._prepare(calls)
        async with AsyncExitStack() as held:
            slices.begin()
            answers = await self._respond(calls, begun)
            slices.end()
            if any(isinstance(answer.get("result"), Iterator) for answer in answers):
                await held.enter_async_context(self._reading)
                slices.begin()
                await read_pages(answers, slices)
            return await finish(answers if isinstance(value, list) else answers[0])

    async def _prepare(self, calls: list[Json]) -> list[Prepared]:
        """Begin all calls before one is awaited; then wait until all submissions and waits are over."""
        begun = [self._begin(call) for call in calls]
        try:
            return [await _ended(item) if isinstance(item, asyncio.Future) else item for item in begun]
        finally:
            for item in begun:
                if isinstance(item, asyncio.Future):
                    item.cancel()

    async def _respond(self, calls: list[Json], found: list[Prepared]) -> list[dict[str, Json]]:
        """Responses in order, all from one durable snapshot; pages are begun only, their rows are history.

        Nothing waits between taking the snapshot and the last answer.
        """
        ids = [request_id(call) for call in calls]
        for _ in calls:  # each call can need an old state
            try:
                return self._answer_all(ids, found)
            except StateIsFar as far:
                await asyncio.shield(asyncio.ensure_future(self._restore(far.version)))
        return self._answer_all(ids, found, is_last=True)

    def _answer_all(
        self, ids: list[int | str | None], found: list[Prepared], *, is_last: bool = False
    ) -> list[dict[str, Json]]:
        """Answers at one tip; pages are only begun."""
        tip = self.tip()
        return [self._answer(tip, id_, prepared, is_last=is_last) for id_, prepared in zip(ids, found, strict=True)]

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
            return lambda tip: begin(self._context, tip, request)
        except RpcError as error:
            return error

    async def _wait_for(self, account: bytes, number: int, tx_hash: bytes | None, timeout_ms: int) -> Prepared:
        """What a long poll answers when its time is over."""
        await self._wait(account, number, tx_hash, timeout_ms)
        return lambda tip: self._transaction(tip, account, number)

    def _answer(self, tip: Tip, id_: int | str | None, prepared: Prepared, *, is_last: bool = False) -> dict[str, Json]:
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


async def _as_it_is(response: Json) -> Json:
    """Nothing more to do."""
    return response


async def _encoded(slices: Slices, response: Json) -> tuple[Json, bytes]:
    """With its bytes."""
    return response, await encode(response, slices)


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
        prices: Prices | None = None,
    ) -> None:
        """Serve on `listener`, which is bound already."""
        self.budget = CallBudget(lambda: time.monotonic_ns() // 1000, prices)
        self._rpc, self._registry, self._now_us = rpc, registry, now_us
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # inherited; else each answer waits 40 ms
        listener.listen(BACKLOG)
        listener.setblocking(False)
        self._listener = listener
        self._host = listener.getsockname()[0]
        self._protocol = bounded_protocol(bounds or HttpBounds(), self.budget)
        self._config = uvicorn.Config(
            self, lifespan="off", log_config=None, access_log=False, http=self._protocol, ws="none",
            timeout_graceful_shutdown=1, timeout_keep_alive=60, server_header=False, date_header=False,
            proxy_headers=False,
        )  # fmt: skip
        self._server = _QuietServer(self._config)
        self._accepting = Accepting(listener, self._protocol.is_refused, self._admit)
        self._task: asyncio.Task[None] | None = None
        self._attaching: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to serve."""
        self._task = asyncio.create_task(self._server.serve(sockets=[]))
        self._accepting.start()

    async def stop(self) -> None:
        """Stop serving; long polls are cut after a second."""
        self._server.should_exit = True
        self._accepting.stop()
        self._listener.close()
        if self._task is not None:
            await self._task

    def _admit(self, connection: socket.socket, group: str) -> None:
        """Let a connection in."""
        protocol = self._protocol(self._config, self._server.server_state, {})
        protocol.enter(group)
        task = asyncio.create_task(self._attach(protocol, connection))
        self._attaching.add(task)
        task.add_done_callback(self._attaching.discard)

    async def _attach(self, protocol: Bounded, connection: socket.socket) -> None:
        """Give a connection to who speaks on it."""
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, connection)
        except OSError:  # it is gone already
            protocol.leave()
            connection.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; nothing more is done for it when its client is gone."""
        if scope["type"] != "http":
            return
        connection = scope["connection"]
        connection.answering = asyncio.current_task()
        try:
            await self._serve(scope, receive, send)
        except asyncio.CancelledError:
            if not connection.is_gone:
                raise
        finally:
            connection.answering = None

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer it. Who is above a budget is slowed down, whatever is asked, unless it is how we are."""
        method, path, group = scope["method"], scope["path"], scope["connection"].group
        is_ours = is_allowed_host(scope["headers"], self._host)
        is_probe = is_ours and method == "GET" and path in PROBES
        refusal = None if is_probe else self.budget.refusal(group)
        if refusal is not None:
            await asyncio.sleep(refusal.hold_us / 1_000_000)
        if not is_ours:
            self.budget.charge_garbage(group)
            await _reply(send, 421, b"this host is called by its address or as localhost\n")
        elif refusal is not None:
            extra = [(b"retry-after", str(refusal.retry_after_s).encode()), *_CORS]
            data = refusal_of(self._rpc.tip(), refusal.error).data
            await _reply(send, refusal.status, data, b"application/json", extra)
        elif method == "POST" and path in ("/", "/v1"):
            await self._post(group, scope, receive, send)
        elif method == "GET" and (is_probe or path == "/metrics"):
            await self._get(path, group, scope, send)
        elif method == "OPTIONS":
            self.budget.charge_time(group, 0)
            await _reply(send, 204, b"", b"text/plain", _CORS)
        else:
            self.budget.charge_garbage(group)
            await _reply(send, 404, b"not found\n")

    async def _get(self, path: str, group: str, scope: Scope, send: Send) -> None:
        """Health, readiness, metrics."""
        began_ns = time.monotonic_ns()
        if path == "/-/healthy":
            query = scope.get("query_string", b"").decode("ascii", "replace")
            seconds = query.removeprefix("duration_secs=")
            age_us = self._now_us() - self._rpc.tip().timestamp_us
            asks = query.startswith("duration_secs=") and seconds.isdigit() and len(seconds) < 12
            stale = asks and age_us > int(seconds) * 1_000_000
            status, data, kind = 500 if stale else 200, b"ledger is old\n" if stale else b"diem-node:ok", b"text/plain"
        elif path == "/-/ready":
            ready = self._rpc.committed_since_start > 0
            data = b"ready\n" if ready else b"nothing committed since start\n"
            status, kind = 200 if ready else 503, b"text/plain"
        else:
            status, kind = 200, b"text/plain; version=0.0.4; charset=utf-8"
            data = generate_latest(self._registry)
        self.budget.charge_time(group, (time.monotonic_ns() - began_ns) // 1_000)
        await _reply(send, status, data, kind)

    async def _post(self, group: str, scope: Scope, receive: Receive, send: Send) -> None:
        """A JSON-RPC request."""
        headers = dict(scope["headers"])
        if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"application/json":
            error = RpcError(INVALID_FORMAT, "the content type must be application/json", name="content_type")
            answer = refusal_of(self._rpc.tip(), error)
        else:
            body = bytearray()
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                body += message.get("body", b"")
                more = message.get("more_body", False) and len(body) <= MAX_BODY_BYTES
            answer = await self._answer(bytes(body))
        self.budget.charge(group, answer)
        status, extra = 200, [
            (b"x-diem-chain-id", str(answer.tip.chain_id).encode()),
            (b"x-diem-ledger-version", str(answer.tip.version).encode()),
            (b"x-diem-ledger-timestampusec", str(answer.tip.timestamp_us).encode()),
            *_CORS,
        ]  # fmt: skip
        if answer.refusals == ["too_many_waiting"] and answer.calls == 1:
            status = 503
            extra.append((b"retry-after", b"1"))
        await _reply(send, status, answer.data, b"application/json", extra)

    async def _answer(self, body: bytes) -> Answer:
        """The answer to a body; a disk that fails us is an error of the server with its name."""
        try:
            return await self._rpc.answer(body)
        except MithqalError as error:
            return refusal_of(self._rpc.tip(), RpcError(SERVER_ERROR, error.message, name=error.name))


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
