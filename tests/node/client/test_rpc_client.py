"""The client against a small scripted server: fail-over, errors, foreign chains."""

import json
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from node.client.rpc import BACK_OFFS, BadAnswer, ConnectionFailed, RpcClient, RpcFailed

Answer = Callable[[Any], Any]


@contextmanager
def server(answer: Answer) -> Generator[tuple[str, int]]:
    """A validator's RPC port that answers by a function of the request's JSON."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Answer, or bytes as they are."""
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Content-Type"] == "application/json"
            value = answer(request)
            status = value.pop("status", 200) if isinstance(value, dict) else 200
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            if status != 200:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Be quiet."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield running.server_address[0], running.server_address[1]  # type: ignore[misc]
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def ok(result: Any, version: int = 9, chain_id: int = 4) -> dict[str, Any]:
    """A good response."""
    return {
        "jsonrpc": "2.0", "id": 0, "result": result, "diem_chain_id": chain_id, "diem_ledger_version": version,
        "diem_ledger_timestampusec": 77,
    }  # fmt: skip


def closed_port() -> tuple[str, int]:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host, port = free.getsockname()
        return host, port


def test_positional_and_named_parameters_travel_as_given() -> None:
    """Params positional or named."""
    seen: list[Any] = []

    def answer(request: Any) -> Any:
        seen.append((request["method"], request["params"]))
        return ok("yes")

    with server(answer) as endpoint:
        client = RpcClient([endpoint], chain_id=4)
        assert client.call("a", 1, "x") == "yes"
        assert client.call("b", height=3) == "yes"
        assert (client.version, client.timestamp_us) == (9, 77)
        client.close()
    assert seen == [("a", [1, "x"]), ("b", {"height": 3})]


def test_the_next_validator_is_tried_when_one_is_down() -> None:
    """The rule: "kill any one validator ..., the first included, and `pay` is final"."""
    with server(lambda _: ok(1)) as endpoint:
        client = RpcClient([closed_port(), endpoint])
        assert client.call("x") == 1
        assert client.call("x") == 1
        client.close()


def test_no_validator_at_all_is_one_error() -> None:
    """The error names every address that was tried."""
    first, second = closed_port(), closed_port()
    with pytest.raises(ConnectionFailed, match=str(first[1])) as caught:
        RpcClient([first, second], timeout_s=1).call("x")
    assert str(second[1]) in caught.value.message
    assert caught.value.message.endswith("`mithqal localnet status` shows which run, `mithqal localnet up` starts them")
    assert caught.value.details == {"tried": 2}


def gone(request: Any) -> Any:
    """A validator that began with a snapshot."""
    error = {"code": -32602, "message": "m", "data": {"name": "version_pruned", "oldest": 7}}
    return {**ok(None), "error": error} if request["method"] == "old" else ok("short")


def test_what_one_validator_does_not_keep_is_asked_of_the_others() -> None:
    """KE5: `version_pruned`: another validator has it; where none has, the first one's answer stands."""
    with server(gone) as short, server(lambda _: ok("full")) as full:
        client = RpcClient([short, closed_port(), full])
        assert client.call("new") == "short"
        assert client.call("old") == "full"
        client.close()
        for endpoints in ([short], [short, closed_port()], [short, short]):
            client = RpcClient(endpoints, timeout_s=1)
            with pytest.raises(RpcFailed) as caught:
                client.call("old")
            assert (caught.value.name, caught.value.details) == ("version_pruned", {"oldest": 7})
            assert client.call("new") == "short"
            client.close()


def test_an_error_object_keeps_code_name_and_status() -> None:
    """Error = {code, message, data}."""
    error = {"code": -32001, "message": "m", "data": {"name": "sequence_number_too_old", "StatusCode": 3, "next": 5}}
    with server(lambda _: {**ok(None), "error": error}) as endpoint:
        client = RpcClient([endpoint])
        with pytest.raises(RpcFailed) as caught:
            client.call("submit", "00")
        client.close()
    failed = caught.value
    assert (failed.code, failed.name, failed.status, failed.message) == (-32001, "sequence_number_too_old", 3, "m")
    assert failed.details == {"StatusCode": 3, "next": 5}


def test_a_batch_answers_in_order_and_keeps_single_failures() -> None:
    """One failed call does not lose the others."""
    error = {"code": -32602, "message": "m", "data": None}
    with server(lambda calls: [ok(1), {**ok(None), "error": error}, ok(3)]) as endpoint:
        client = RpcClient([endpoint])
        first, second, third = client.batch([("a", []), ("b", []), ("c", [])])
        client.close()
    assert (first, third) == (1, 3)
    assert isinstance(second, RpcFailed)
    assert second.name == "rpc_error"


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[]", b'{"id": 1}'])
def test_an_answer_that_is_no_response_is_refused(body: bytes) -> None:
    """Neither result nor error is an invalid response."""
    with server(lambda _: body) as endpoint:
        client = RpcClient([endpoint])
        with pytest.raises(BadAnswer):
            client.call("x")
        client.close()


def test_a_validator_of_another_chain_is_refused() -> None:
    """A different chain id is an error, not an answer."""
    with server(lambda _: ok(1, chain_id=5)) as endpoint:
        client = RpcClient([endpoint], chain_id=4)
        with pytest.raises(BadAnswer) as caught:
            client.call("x")
        client.close()
    assert caught.value.name == "wrong_chain"


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_validator_is_asked_again_when_it_says(status: int) -> None:
    """'HTTP 429/503 with Retry-After and a clear JSON-RPC error; the client backs off.'"""
    asked: list[Any] = []
    refusal = {
        **ok(None),
        "status": status,
        "error": {"code": -32000, "message": "later", "data": {"name": "overloaded"}},
    }
    del refusal["result"]

    def answer(request: Any) -> Any:
        asked.append(request)
        return ok(7) if len(asked) == 3 else dict(refusal)

    with server(answer) as endpoint:
        client = RpcClient([endpoint])
        assert client.call("get_epoch") == 7
        client.close()
    assert asked == [asked[0]] * 3


def test_it_does_not_ask_for_ever() -> None:
    """After BACK_OFFS times the refusal is the answer, with the rule's name."""
    asked: list[Any] = []

    def answer(request: Any) -> Any:
        asked.append(request)
        found = {**ok(None), "status": 429}
        del found["result"]
        return {**found, "error": {"code": -32000, "message": "later", "data": {"name": "too_many_requests"}}}

    with server(answer) as endpoint:
        client = RpcClient([endpoint])
        with pytest.raises(RpcFailed) as caught:
            client.call("get_epoch")
        client.close()
    assert (caught.value.name, len(asked)) == ("too_many_requests", BACK_OFFS + 1)
