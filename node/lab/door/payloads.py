"""What a stranger sends: bytes that are no HTTP, JSON that is no call, and transactions that cannot be right."""

import json
import time
from typing import Any

from chain.crypto.signing import PrivateKey, Scheme
from chain.limits import DEFAULT_GAS_PRICE, MAX_TRANSACTION_BYTES, MIN_GAS_UNITS
from chain.primitives import Address
from chain.transaction import (
    Authenticator,
    Payload,
    RawTransaction,
    SignedTransaction,
    assemble,
    sign_transaction,
)

CURRENCY = "XUS"
LIFETIME_S = 3_600
BATCH = 20
KINDS = ("bad_signature", "old_sequence", "other_chain", "oversize")


def post(body: bytes, *, host: bytes = b"localhost", kind: bytes = b"application/json") -> bytes:
    """A body as a whole request."""
    head = b"POST / HTTP/1.1\r\nHost: %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (host, kind, len(body))
    return head + body


def call(method: str, *params: Any, id_: Any = 1) -> dict[str, Any]:
    """One call."""
    return {"jsonrpc": "2.0", "id": id_, "method": method, "params": list(params)}


def malformed_http() -> list[bytes]:
    """Requests that no server should understand, each by another fault."""
    return [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT evil:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000,
        b"GET /%00%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n",
        post(b"{}", host=b"rebound.example"),
        post(b"{}", kind=b"text/plain"),
        bytes(range(256)) * 16,
        b"\r\n" * 500,
    ]


def malformed_json() -> list[bytes]:
    """Bodies that are no call: deep, huge, doubled, strange."""
    deep = 100_000
    return [
        b"[" * deep, b'{"a":' * deep, b"[" * deep + b"]" * deep, b"9" * 200_000, b"-" + b"9" * 5_000, b"1e999999999",
        b"NaN", b"[Infinity]", b"\xff\xfe{}", b'{"jsonrpc":"2.0","jsonrpc":"1.0","id":1,"method":"get_epoch"}', b"",
        b"null", b"[]", b"[[]]", b"[null]", b'"\\ud800"', b"{}" * 1_000,
        json.dumps(call("get_account", "\ud800" * 16)).encode(), json.dumps(call("get_account", "１" * 32)).encode(),
        json.dumps(call("get_transactions", 10**4_000, 1, True)).encode(),
        json.dumps(call("get_transactions", -1, True, 2**64)).encode(),
        json.dumps(call("get_epoch", id_=10**4_000)).encode(), json.dumps(call("get_epoch", id_={"a": 1})).encode(),
        json.dumps(call("__class__", "x" * 100_000)).encode(), json.dumps(call("submit", "zz")).encode(),
        json.dumps(call("submit", "00" * 100_000)).encode(), json.dumps(call("search", "x" * 200_000)).encode(),
        json.dumps({**call("get_account"), "params": {"__init__" * 9_000: 1}}).encode(),
    ]  # fmt: skip


def batch_bombs() -> list[bytes]:
    """Batches that are too long, too deep, or whose answers are too large."""
    page = call("get_transactions", 0, 1_000, True)
    blocks = call("get_blocks", 1, 1_000)
    return [
        json.dumps([call("get_epoch")] * 21).encode(), json.dumps([call("get_epoch")] * 3_000).encode(),
        json.dumps([[call("get_epoch")] * 20] * 20).encode(), json.dumps([page] * 20).encode(),
        json.dumps([blocks] * 20).encode(), json.dumps([call("get_transactions", 0, 10**9, True)] * 20).encode(),
        json.dumps([call("submit", "00" * 4_000)] * 20).encode(),
    ]  # fmt: skip


def payment(key: PrivateKey, number: int, chain_id: int, genesis_hash: bytes) -> SignedTransaction:
    """A payment to oneself, signed."""
    sender = Address(key.authentication_key()[16:])
    pay = Payload("peer_to_peer_with_metadata", (CURRENCY, bytes(sender), 1, b"", b""))
    expires = int(time.time()) + LIFETIME_S
    raw = RawTransaction(sender, number, pay, MIN_GAS_UNITS, DEFAULT_GAS_PRICE, CURRENCY, expires, chain_id)
    return sign_transaction(raw, key, Scheme.ED25519, genesis_hash)


def invalid_transactions(key: PrivateKey, chain_id: int, genesis_hash: bytes, count: int) -> dict[str, list[str]]:
    """Envelopes in hex by why they are refused, `count` of each. The account of `key` has used its number 0."""
    good = payment(key, 1, chain_id, genesis_hash)
    other = bytes(byte ^ 255 for byte in genesis_hash)
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for number in range(count):
        raw = good.raw._replace(sequence_number=1_000 + number)
        bad = assemble(raw, Authenticator(good.scheme, good.public_key, good.signature))
        old = sign_transaction(
            good.raw._replace(sequence_number=0, max_gas_amount=MIN_GAS_UNITS + number), key, Scheme.ED25519,
            genesis_hash,
        )  # fmt: skip
        found["bad_signature"].append(bad.envelope.hex())
        found["old_sequence"].append(old.envelope.hex())
        found["other_chain"].append(payment(key, 1 + number, chain_id ^ 1, other).envelope.hex())
        found["oversize"].append((good.envelope + bytes([number % 256]) * MAX_TRANSACTION_BYTES).hex())
    return found


def submissions(envelopes: dict[str, list[str]]) -> list[bytes]:
    """Requests of twenty, the kinds mixed."""
    mixed = [envelope for row in zip(*envelopes.values(), strict=True) for envelope in row]
    return [
        post(json.dumps([call("submit", item) for item in mixed[first : first + BATCH]]).encode())
        for first in range(0, len(mixed) - BATCH + 1, BATCH)
    ]
