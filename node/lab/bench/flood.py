"""`mithqal bench flood`: what a flood of slow signatures from one sender does to the finality of everybody else.

On a network of its own honest payers pay at a fixed rate all the time. In every other turn a P-256 account floods all
validators with transactions that look valid and are badly signed, as fast as it gets answers, and another one floods a
validator with well signed ones. Figures of the turns with and without the flood come from one run, in turns, so that
the machine's mood meets both.
"""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chain.crypto.signing import PrivateKey, Scheme
from chain.limits import MEMPOOL_PER_ACCOUNT
from chain.primitives import SECOND_US, Address
from chain.transaction import Authenticator, Payload, RawTransaction, SignedTransaction, assemble, sign_transaction
from node.client.rpc import RpcClient
from node.config import Endpoint
from node.keystore import new_secret
from node.lab.bench.accounts import fund_senders
from node.lab.bench.crypto import AMOUNT, CURRENCY, http_request, sign_lane, workers
from node.lab.bench.figures import BenchError, Report, latencies_us, percentile
from node.lab.bench.load import RETRY_S, Connection, connect, run_load
from node.lab.bench.own_network import LIFETIME_S, HonestRun, address_of, honest_lanes, own_address, own_network
from node.localnet.supervisor import Supervisor
from node.runtime import loop

MAX_BATCH = 20
CONNECTIONS = 8
"""Of the flooder to each validator; each has one request of twenty transactions under way."""
FLOOD_GAS = 4_500
"""Gas of a payment with one P-256 signature."""
GOOD_A_SECOND = 200
"""Well signed transactions that the flooder prepares for each second: more than a slow lane checks."""
RAMP_S = 1
"""Of each turn, not counted."""
STALL_S = 3
"""So many seconds of honest payments may be under way."""


GOOD, BAD, BOTH = "good", "bad", "both"


@dataclass(frozen=True, slots=True)
class FloodPlan:
    """What to run: `turns` times without and with the flood, `seconds` each."""

    validators: int = 4
    seconds: int = 8
    turns: int = 2
    rate: int = 100
    flooders: int = 1
    """Accounts of each kind."""
    signed: str = BOTH
    """GOOD, BAD or BOTH."""


@dataclass(slots=True)
class FloodSeen:
    """What the flooder was told."""

    sent: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """"accepted", "parked", or the rule that refused."""


class _Attack(NamedTuple):
    """Requests of one flooding account: well signed ones in order, or badly signed ones that never end."""

    is_good: bool
    requests: list[bytes]


def run_flood(plan: FloodPlan, say: Callable[[str], None]) -> dict[str, Any]:
    """Run a plan; gives one JSON-ready document. BenchError, and what a network's start raises."""
    with own_network("flood", plan.validators) as supervisor, ExitStack() as opened:
        run = _Run(plan, supervisor, opened, say)
        run.prepare()
        return run.measure()


class _Run(HonestRun):
    """The run of a plan."""

    def __init__(
        self, plan: FloodPlan, supervisor: Supervisor, opened: ExitStack, say: Callable[[str], None]
    ) -> None:  # fmt: skip
        """As every run of honest payers."""
        super().__init__(supervisor, opened, say)
        self._plan = plan
        self._attacks: list[_Attack] = []
        self._attackers: list[bytes] = []

    def prepare(self) -> None:
        """Start the validators, make the accounts, sign everything."""
        plan = self._plan
        wallet = self._start(plan.validators)
        lanes = plan.rate * STALL_S
        secrets = [new_secret() for _ in range(lanes)]
        kinds = [kind for kind in (GOOD, BAD) if plan.signed in (kind, BOTH)] * plan.flooders
        slow = [PrivateKey(new_secret(), Scheme.P256) for _ in kinds]
        self._say(f"funding {lanes} honest payers and {len(slow)} that will flood ...")
        fund_senders(wallet, [*map(PrivateKey, secrets), *slow])
        seconds = 2 * plan.turns * (plan.seconds + RAMP_S)
        batches = -(-plan.rate * seconds // lanes) + 2 * plan.turns + 1
        self._say(f"signing {lanes * batches} payments, and the flood ...")
        network, payee, expires = self._network, address_of(secrets[0]), int(time.time()) + LIFETIME_S
        with workers() as pool:
            running = [pool.submit(sign_lane, lane) for lane in honest_lanes(network, secrets, batches)]
            count = plan.turns * (plan.seconds + RAMP_S) * GOOD_A_SECOND
            flooding = [
                pool.submit(sign_flood, key, payee, count, network.genesis_hash, network.chain_id, expires)
                for key in slow
            ]
            self._honest = [item.result() for item in running]
            self._attacks = [
                _Attack(kind == GOOD, item.result()[kind == BAD]) for kind, item in zip(kinds, flooding, strict=True)
            ]
        self._attackers = [bytes(key.authentication_key()[16:]) for key in slow]

    def measure(self) -> dict[str, Any]:
        """Quiet and flooded turns, one after the other."""
        reports: dict[str, list[tuple[Any, list[Report]]]] = {"quiet": [], "flood": []}
        seen = FloodSeen()
        for turn in range(self._plan.turns):
            for kind in ("quiet", "flood"):
                self._say(f"turn {turn + 1} of {self._plan.turns}, {kind} ...")
                measured = loop.run(self._turn(seen if kind == "flood" else None))
                reports[kind].append((measured.window, measured.reports))
                self._spend(measured.batches)
        figures = {kind: _finality(rows) for kind, rows in reports.items()}
        client = RpcClient([self._network.members[0].rpc], chain_id=self._network.chain_id)
        self._opened.callback(client.close)
        committed = [client.call("get_account", address.hex())["sequence_number"] for address in self._attackers]
        quiet, flood = figures["quiet"], figures["flood"]
        return {
            **figures,
            "ratio": {name: round(flood[name] / quiet[name], 2) for name in ("p50_ms", "p99_ms")},
            "flood_sent": seen.sent,
            "flood_answers": dict(sorted(seen.answers.items())),
            "flood_committed": sum(committed),
            "validators": self._plan.validators,
            "rate": self._plan.rate,
            "flooders": self._plan.flooders,
            "signed": self._plan.signed,
            "seconds_a_turn": self._plan.seconds,
            "turns": self._plan.turns,
        }

    async def _turn(self, seen: FloodSeen | None) -> Any:
        """Honest payments for a while, with or without the flood."""
        plan = self._plan
        tasks = []
        if seen is not None:
            endpoints = self._network.endpoints()
            tasks = [
                asyncio.create_task(_flood(endpoint, attack.requests, seen))
                for attack in self._attacks
                for endpoint in endpoints
                for _ in range(CONNECTIONS)
                if not attack.is_good
            ]
            tasks += [
                asyncio.create_task(_pay_slowly(endpoints[0], attack.requests, seen))
                for attack in self._attacks
                if attack.is_good
            ]
        try:
            return await run_load(
                self._network.endpoints(), self._honest, ramp_us=RAMP_S * SECOND_US,
                timed_us=plan.seconds * SECOND_US, rate=plan.rate,
            )  # fmt: skip
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _flood(endpoint: Endpoint, requests: list[bytes], seen: FloodSeen) -> None:
    """One connection of the flooder, from another address than the honest payers'.

    Badly signed transactions, as fast as answers come, until it is cancelled.
    """
    connection = await connect(endpoint, own_address())
    try:
        for request in itertools.cycle(requests):
            await _ask(connection, request, seen)
    finally:
        connection.close()


async def _pay_slowly(endpoint: Endpoint, requests: list[bytes], seen: FloodSeen) -> None:
    """Well signed ones of the same account in order, each request again until all of it is taken; what is sent leaves
    the list."""
    connection = await connect(endpoint, own_address())
    try:
        while requests:
            words = await _ask(connection, requests[0], seen)
            if words & {"too_many_checks", "too_many_for_account", "mempool_is_full"}:
                await asyncio.sleep(RETRY_S)
            else:
                requests.pop(0)
    finally:
        connection.close()


async def _ask(connection: Connection, request: bytes, seen: FloodSeen) -> set[str]:
    """Send one request and count its answers; gives their words."""
    seen.sent += MAX_BATCH
    words = [_word(answer) for answer in _rows(await connection.ask(request))]
    seen.answers.update(words)
    return set(words)


def _rows(answers: Any) -> list[Any]:
    """A batch's answers; one for a request that was refused as a whole."""
    return answers if isinstance(answers, list) else [answers]


def _word(answer: Any) -> str:
    """What became of one transaction."""
    if not isinstance(answer, dict):
        return "unknown"
    if "error" in answer:
        return str((answer["error"].get("data") or {}).get("name", answer["error"].get("code")))
    return str((answer.get("result") or {}).get("status"))


def sign_flood(
    key: PrivateKey, payee: bytes, count: int, genesis_hash: bytes, chain_id: int, expiration_secs: int
) -> tuple[list[bytes], list[bytes]]:
    """Requests with `count` well signed payments of one account in order, and some whose signatures are no good."""
    sender = Address(key.authentication_key()[16:])
    txs = []
    for number in range(count):
        call = Payload("peer_to_peer_with_metadata", (CURRENCY, payee, AMOUNT, b"", b""))
        raw = RawTransaction(sender, number, call, FLOOD_GAS, 0, CURRENCY, expiration_secs, chain_id)
        txs.append(sign_transaction(raw, key, int(key.scheme), genesis_hash))
    bad = [_spoiled(txs[number % len(txs)], number) for number in range(2 * MEMPOOL_PER_ACCOUNT)]
    return _requests(txs), _requests(bad)


def _spoiled(tx: SignedTransaction, number: int) -> SignedTransaction:
    """The same key, another signature of the right form: of the same payment, a high number later."""
    raw = tx.raw._replace(sequence_number=1_000_000 + number)
    return assemble(raw, Authenticator(tx.scheme, tx.public_key, tx.signature))


def _requests(txs: Sequence[SignedTransaction]) -> list[bytes]:
    """HTTP requests of twenty."""
    calls: list[tuple[str, list[object]]] = [("submit", [tx.envelope.hex()]) for tx in txs]
    return [http_request(calls[first : first + MAX_BATCH]) for first in range(0, len(calls), MAX_BATCH)]


def _finality(rows: list[tuple[Any, list[Report]]]) -> dict[str, Any]:
    """Percentiles over all turns of a kind."""
    waits = sorted(wait for window, reports in rows for wait in latencies_us(reports, window))
    if not waits:
        raise BenchError("no payment was final within the turns: run longer", name="no_measurements")
    return {
        "p50_ms": round(percentile(waits, 50) / 1000, 1),
        "p99_ms": round(percentile(waits, 99) / 1000, 1),
        "samples": len(waits),
    }


def as_lines(document: dict[str, Any]) -> list[str]:
    """The figures in words."""
    rows = []
    for kind, words in (("quiet", "without"), ("flood", "with")):
        one = document[kind]
        rows.append(f"{words:8} the flood: p50 {one['p50_ms']:.0f} ms, p99 {one['p99_ms']:.0f} ms, of {one['samples']}")
    ratio = document["ratio"]
    rows.append(f"ratio            : p50 {ratio['p50_ms']:.2f}, p99 {ratio['p99_ms']:.2f}")
    answers = ", ".join(f"{name} {count}" for name, count in document["flood_answers"].items())
    rows.append(f"flood            : {document['flood_sent']} sent, {document['flood_committed']} committed; {answers}")
    return rows
