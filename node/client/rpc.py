"""A JSON-RPC client with the standard library only: several validators, the next one when one is down."""

import http.client
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from chain.errors import MithqalError

Json = Any
Endpoint = tuple[str, int]
BACK_OFFS = 5
"""How often one request is sent again to a validator that says `later` (429, 503)."""


class ConnectionFailed(MithqalError):
    """No validator answered."""

    name = "cannot_connect"


class RpcFailed(MithqalError):
    """A validator answered with an error: `code` is JSON-RPC's, `status` the chain's number or None."""

    name = "rpc_error"

    def __init__(self, code: int, message: str, data: dict[str, Json]) -> None:
        """Keep the rule's name where the validator gave it."""
        found = data.get("name")
        details = {key: value for key, value in data.items() if key != "name"}
        super().__init__(message, name=found if isinstance(found, str) else "rpc_error")
        self.details = details
        self.code = code
        self.status: int | None = data.get("StatusCode")


class BadAnswer(MithqalError):
    """An answer that is no JSON-RPC, or of another chain."""

    name = "bad_answer"


class RpcClient:
    """Calls methods on the first validator that answers; stays with it until it fails."""

    def __init__(
        self, endpoints: Sequence[Endpoint], timeout_s: float = 10.0, chain_id: int | None = None,
        local: Callable[[bytes], Json] | None = None,
    ) -> None:  # fmt: skip
        """`chain_id`, if given, must stand in every answer. `local` answers request bodies in the validators' place."""
        self._local = local
        if not endpoints:
            raise ConnectionFailed("no validator is known")
        self._endpoints = list(endpoints)
        self._timeout_s = timeout_s
        self._chain_id = chain_id
        self._current = 0
        self._connection: http.client.HTTPConnection | None = None
        self.version = 0
        """Highest ledger version seen."""
        self.timestamp_us = 0
        """Highest ledger time seen."""

    def call(self, method: str, *params: Json, timeout_s: float | None = None, **named: Json) -> Json:
        """The result of one call. Raises ConnectionFailed, RpcFailed or BadAnswer."""
        (result,) = self.batch([(method, named or list(params))], timeout_s=timeout_s)
        if isinstance(result, RpcFailed):
            raise result
        return result

    def batch(self, calls: Sequence[tuple[str, Json]], timeout_s: float | None = None) -> list[Json]:
        """Results of up to 20 calls in order; an RpcFailed stands where a call failed.

        What one validator does not keep any more (`version_pruned`) is asked of the others.
        """
        first = found = self._ask(calls, timeout_s)
        for _ in range(len(self._endpoints) - 1):
            if not any(isinstance(item, RpcFailed) and item.name == "version_pruned" for item in found):
                return found
            self.close()
            self._current = (self._current + 1) % len(self._endpoints)
            try:
                found = self._ask(calls, timeout_s)
            except MithqalError:
                continue
        pruned = any(isinstance(item, RpcFailed) and item.name == "version_pruned" for item in found)
        return first if pruned else found

    def _ask(self, calls: Sequence[tuple[str, Json]], timeout_s: float | None) -> list[Json]:
        """The same of the validator whose turn it is."""
        requests = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in enumerate(calls)
        ]
        body = json.dumps(requests[0] if len(requests) == 1 else requests).encode()
        answers = self._post(body, self._timeout_s if timeout_s is None else timeout_s)
        if not isinstance(answers, list):
            answers = [answers]
        if len(answers) == 1 and len(calls) > 1:
            self._result(answers[0], raise_error=True)
        if len(answers) != len(calls):
            raise BadAnswer(f"{len(answers)} answers to {len(calls)} calls")
        return [self._result(answer) for answer in answers]

    def submit(self, envelope: bytes) -> Json:
        """{hash, status, message, waiting_for} of an accepted transaction; RpcFailed if it is refused."""
        return self.call("submit", envelope.hex())

    def wait(self, account: bytes, sequence_number: int, tx_hash: bytes, timeout_s: float) -> Json:
        """The transaction that took this number, or None if none has within the time."""
        timeout_ms = int(timeout_s * 1000)
        params = [account.hex(), sequence_number, tx_hash.hex(), timeout_ms]
        return self.call("wait_for_transaction", *params, timeout_s=timeout_s + 5)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, body: bytes, timeout_s: float) -> Json:
        """Send to the current validator, else to each other one once."""
        if self._local is not None:
            return self._local(body)
        problems = []
        for _ in range(len(self._endpoints)):
            kept = self._connection is not None
            try:
                return self._exchange(body, timeout_s)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if kept and isinstance(error, http.client.RemoteDisconnected | ConnectionError):
                    try:  # a kept connection may have been closed while idle
                        return self._exchange(body, timeout_s)
                    except (OSError, http.client.HTTPException) as again:
                        self.close()
                        error = again
                host, port = self._endpoints[self._current]
                problems.append(f"{host}:{port}: {error}")
                self._current = (self._current + 1) % len(self._endpoints)
        raise ConnectionFailed(
            f"no validator answers: {'; '.join(problems)}; `mithqal localnet status` shows which run, "
            "`mithqal localnet up` starts them",
            tried=len(problems),
        )

    def _exchange(self, body: bytes, timeout_s: float) -> Json:
        """One request on the kept connection; sent again after the wait that a busy validator names."""
        ends = time.monotonic() + timeout_s
        for turn in range(BACK_OFFS + 1):
            status, wait_s, value = self._send(body, timeout_s)
            left_s = ends - time.monotonic()
            if status not in (429, 503) or turn == BACK_OFFS or wait_s > left_s:
                return value
            time.sleep(wait_s)
        raise AssertionError("the last turn returns")

    def _send(self, body: bytes, timeout_s: float) -> tuple[int, float, Json]:
        """One request: HTTP status, the seconds that a busy validator asks us to wait, and the value."""
        if self._connection is None:
            host, port = self._endpoints[self._current]
            self._connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        if self._connection.sock is not None:
            self._connection.sock.settimeout(timeout_s)
        self._connection.timeout = timeout_s
        self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        data = response.read()
        wait = response.getheader("Retry-After") or ""
        wait_s = float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 6 else 1.0
        try:
            return response.status, wait_s, json.loads(data)
        except ValueError as error:
            raise BadAnswer(f"status {response.status}, and no JSON") from error

    def _result(self, answer: Json, *, raise_error: bool = False) -> Json:
        """The result of one response object, or an RpcFailed."""
        if not isinstance(answer, dict) or ("result" not in answer and "error" not in answer):
            raise BadAnswer("not a JSON-RPC response")
        if self._chain_id is not None and answer.get("diem_chain_id") != self._chain_id:
            raise BadAnswer(
                f"the validator is of chain {answer.get('diem_chain_id')}, not {self._chain_id}", name="wrong_chain"
            )
        self.version = max(self.version, answer.get("diem_ledger_version", 0))
        self.timestamp_us = max(self.timestamp_us, answer.get("diem_ledger_timestampusec", 0))
        error = answer.get("error")
        if error is None:
            return answer["result"]
        failed = RpcFailed(error["code"], error["message"], error.get("data") or {})
        if raise_error:
            raise failed
        return failed


def ask_one(endpoint: tuple[str, int], method: str, *params: Json, timeout_s: float = 2.0) -> Json:
    """One call to one validator and to no other; None if it does not answer."""
    client = RpcClient([endpoint], timeout_s=timeout_s)
    try:
        return client.call(method, *params)
    except MithqalError:
        return None
    finally:
        client.close()
