"""The clients of a run: they fund their accounts by real transactions, then pay, retry, and break rules on purpose.

A client sends each transaction to a random validator, again and again to others until a validator announces it or the
ledger's time passes its expiry; then it signs another one under the same number. Rule breakers: `future_sequence`,
`insufficient_balance`, `duplicate`, `double_spend`, `bad_signature`, `wrong_chain`, `old_sequence`, `short_life`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from chain.accounts import Account
from chain.crypto.signing import Scheme, Signer
from chain.interface import Committed, Reply
from chain.limits import DEFAULT_GAS_PRICE, MAX_GAS_UNITS, MIN_GAS_UNITS
from chain.primitives import SECOND_US, Address
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from node.sim.checkers import Violation
from node.sim.entropy import Stream
from node.sim.scenario import Scenario
from node.sim.scheduler import Scheduler

CURRENCY, PAYMENT = "XUS", "peer_to_peer_with_metadata"
ED25519 = int(Scheme.ED25519)  # the codec takes plain integers only
POLL_US = 150_000
"""How often a client looks at the ledger."""
RETRY_US = 600_000
"""How long it waits before it sends a transaction again."""
LIFE_S = 3_600
SHORT_LIFE_S = 2
IN_FLIGHT = 6
"""Unfinished payments of one account."""
FUTURE = 60
"""How far ahead the number of a parked transaction lies."""
BREAKERS = (
    "future_sequence", "insufficient_balance", "duplicate", "double_spend", "bad_signature", "wrong_chain",
    "old_sequence", "short_life",
)  # fmt: skip
EDGES = ("self_payment", "whole_balance", "drained", "torn_batch", "starved_batch")
"""Payments that a scenario orders: to oneself, of all that one has, in a batch that fails, in one short of gas."""


class Step(NamedTuple):
    """One transaction of the set-up."""

    wallet: "Wallet"
    payload: Payload


@dataclass(slots=True)
class Flight:
    """A transaction on its way."""

    tx: SignedTransaction
    sent_us: int


@dataclass(slots=True)
class Wallet:
    """One account as its owner knows it."""

    address: Address
    signer: Signer
    next_number: int = 0
    flights: dict[int, Flight] = field(default_factory=dict)


class Gate(Protocol):
    """How clients reach validators."""

    def reachable(self) -> list[int]:
        """Validators that answer now, ascending."""

    def submit(self, node: int, request_id: int, envelope: bytes) -> None:
        """Send a transaction to a validator."""

    def account(self, node: int, address: bytes) -> Account | None:
        """An account as that validator's durable ledger has it."""

    def ledger_secs(self, node: int) -> int:
        """Ledger time of that validator's last announced block."""


class Workload:
    """All clients of a run."""

    def __init__(
        self,
        scenario: Scenario,
        stream: Stream,
        scheduler: Scheduler,
        gate: Gate,
        chain: tuple[int, bytes],
        violations: list[Violation],
    ) -> None:
        """`chain` is (chain id, genesis hash)."""
        self.submissions: Counter[str] = Counter()
        """Submissions by kind, retries included under "retry"."""
        self.replies: Counter[str] = Counter()
        """Answers by name."""
        self.acknowledged: dict[bytes, tuple[bytes, int]] = {}
        """hash -> (sender, number) of every transaction of ours that was announced."""
        self.accepted: dict[bytes, int] = {}
        """hash -> when an honest validator accepted it first (parked ones wait for others, and are left out)."""
        self.payments_committed = 0
        """Announced transactions of payers, set-up left out."""
        self.ready = False
        """Whether the set-up is on the ledger."""
        self._scenario = scenario
        self._stream = stream
        self._scheduler = scheduler
        self._gate = gate
        self._chain_id, self._genesis_hash = chain
        self._violations = violations
        self._issued: dict[bytes, RawTransaction] = {}
        self._forbidden: dict[bytes, str] = {}
        self._must_refuse: dict[int, str] = {}
        self._request = 0
        self._stages: list[list[Step]] = []
        self._active: list[Wallet] = []
        self._payers: list[Wallet] = []
        self._prober: Wallet | None = None

    def begin(self, stages: list[list[Step]], payers: list[Wallet], prober: Wallet) -> None:
        """Run the set-up stage by stage, then pay between `payers`; `prober` only parks transactions."""
        self._stages, self._payers, self._prober = stages, payers, prober
        self._scheduler.after(POLL_US, self._set_up)

    def _set_up(self) -> None:
        """Start the next stage once the one before is announced."""
        if any(wallet.flights for wallet in self._active):
            self._poll_wallets()
            self._scheduler.after(POLL_US, self._set_up)
            return
        if not self._stages:
            self.ready = True
            self._active = self._payers
            if self._payers or self._scenario.changes:  # else nobody ever has anything to look for
                self._scheduler.after(POLL_US, self._poll)
            if self._scenario.payments_per_s:
                self._pay()
            return
        steps = self._stages.pop(0)
        wallets: list[Wallet] = []
        for wallet, payload in steps:
            if wallet not in wallets:
                wallets.append(wallet)
            self._launch(wallet, payload, "set_up", LIFE_S)
        self._active = wallets
        self._scheduler.after(POLL_US, self._set_up)

    def order(self, wallet: Wallet, payload: Payload, kind: str) -> bool:
        """Send one more transaction of an account that does not pay, until it is final; False during the set-up."""
        if not self.ready:
            return False
        if wallet not in self._active:
            self._active = [*self._active, wallet]
        self._launch(wallet, payload, kind, LIFE_S)
        return True

    def _pay(self) -> None:
        """One submission, and the next one later."""
        interval_us = SECOND_US // self._scenario.payments_per_s
        self._scheduler.after(self._stream.between(1, 2 * interval_us), self._pay)
        wallet = self._stream.choice(self._payers)
        if len(wallet.flights) >= IN_FLIGHT:
            return
        if self._stream.chance(self._scenario.invalid_ppm):
            self._break_a_rule(wallet, self._stream.choice(BREAKERS))
        else:
            self._launch(wallet, self._payment(wallet), "payment", LIFE_S)

    def break_rules(self, kinds: Sequence[str], count: int) -> None:
        """So many wrong submissions at once, of these kinds in turn; nothing during the set-up."""
        for number in range(count if self.ready else 0):
            self._break_a_rule(self._stream.choice(self._payers), kinds[number % len(kinds)])

    def _break_a_rule(self, wallet: Wallet, kind: str) -> None:
        """One deliberately wrong (or doubled, or short-lived) submission."""
        assert self._prober is not None
        if kind == "insufficient_balance":
            self._launch(wallet, self._payment(wallet, 10**15), kind, LIFE_S)
        elif kind == "short_life":
            self._launch(wallet, self._payment(wallet), kind, SHORT_LIFE_S)
        elif kind == "duplicate":
            tx = self._launch(wallet, self._payment(wallet), kind, LIFE_S)
            self._submit(tx, kind)
        elif kind == "double_spend":
            tx = self._launch(wallet, self._payment(wallet), kind, LIFE_S)
            self._submit(self._sign(wallet, self._payment(wallet), tx.raw.sequence_number, LIFE_S), kind)
        elif kind == "future_sequence":
            tx = self._sign(self._prober, self._payment(self._prober), FUTURE + self._stream.below(30), LIFE_S)
            self._forbid(tx, kind)
        elif kind == "old_sequence":
            old = [tx_hash for tx_hash, (sender, _) in self.acknowledged.items() if sender == wallet.address][:1]
            for tx_hash in old:
                number = self.acknowledged[tx_hash][1]
                self._forbid(self._sign(wallet, self._payment(wallet), number, LIFE_S, used=True), kind)
        elif kind in EDGES:
            self._launch(wallet, self._edge(wallet, kind), kind, LIFE_S)
            if kind == "drained":  # what follows at once cannot pay its fee, until somebody pays this one
                self._launch(wallet, self._payment(wallet), kind, LIFE_S)
        elif kind == "foreign_key":
            good = self._sign(wallet, self._payment(wallet), wallet.next_number, LIFE_S)
            thief = next(other for other in self._payers if other is not wallet)
            self._forbid(sign_transaction(good.raw, thief.signer, ED25519, self._genesis_hash), kind, must_refuse=True)
        elif kind == "wrong_chain":
            tx = self._sign(wallet, self._payment(wallet), wallet.next_number, LIFE_S, chain_id=self._chain_id + 1)
            self._forbid(tx, kind, must_refuse=True)
        else:
            good = self._sign(wallet, self._payment(wallet), wallet.next_number, LIFE_S)
            del self._issued[good.hash]
            bad = _Flipped(wallet.signer)
            tx = sign_transaction(good.raw, bad, ED25519, self._genesis_hash)
            self._forbid(tx, kind, must_refuse=True)

    def _edge(self, wallet: Wallet, kind: str) -> Payload:
        """A payment at an edge of what money can do; it may be final, and the model says what that changes."""
        balance, place = self._balance(wallet), self._payers.index(wallet)
        sibling = self._payers[(place + 2) % len(self._payers)]  # of the same provider: no attestation is asked
        match kind:
            case "self_payment":
                return _pay(wallet, balance // 2)
            case "whole_balance":  # after the payment no fee is left
                return _pay(sibling, balance)
            case "drained":  # the fee is left, and nothing else
                return _pay(sibling, max(balance - MIN_GAS_UNITS * DEFAULT_GAS_PRICE, 1))
            case _:  # too little money for the last one; too little gas for three
                amounts = (1_000, 10**15) if kind == "torn_batch" else (1_000, 2_000, 3_000)
                return Payload("pay_batch", (tuple([_pay(sibling, amount).arguments for amount in amounts]),))

    def _balance(self, wallet: Wallet) -> int:
        """What some validator says it holds."""
        nodes = self._gate.reachable()
        account = self._gate.account(self._stream.choice(nodes), wallet.address) if nodes else None
        return 0 if account is None else account.balance(CURRENCY) or 0

    def _payment(self, wallet: Wallet, amount: int | None = None) -> Payload:
        """To another payer, 0.10 to 3 coins unless said otherwise."""
        payee = self._stream.choice([other for other in self._payers if other is not wallet])
        if self._stream.chance(self._scenario.hot_ppm) and wallet is not self._payers[0]:
            payee = self._payers[0]
        value = self._stream.between(100_000, 3_000_000) if amount is None else amount
        return _pay(payee, value)

    def _launch(self, wallet: Wallet, payload: Payload, kind: str, life_s: int) -> SignedTransaction:
        """Sign under the wallet's next number, and send."""
        number = wallet.next_number
        wallet.next_number += 1
        tx = self._sign(wallet, payload, number, life_s)
        wallet.flights[number] = Flight(tx, self._scheduler.now_us)
        self._submit(tx, kind)
        return tx

    def _sign(
        self, wallet: Wallet, payload: Payload, number: int, life_s: int, *, chain_id: int = 0, used: bool = False
    ) -> SignedTransaction:
        """A transaction that expires `life_s` after the ledger's time at a random validator."""
        nodes = self._gate.reachable()
        now_secs = self._gate.ledger_secs(self._stream.choice(nodes)) if nodes else self._scheduler.now_us // SECOND_US
        # A used number takes an odd lifetime, so that it never is the very transaction that used it.
        expiration = now_secs + life_s + (1 if used else 0)
        raw = RawTransaction(
            wallet.address, number, payload, MAX_GAS_UNITS, DEFAULT_GAS_PRICE, CURRENCY, expiration,
            chain_id or self._chain_id,
        )  # fmt: skip
        if payload.function not in (PAYMENT, "pay_batch"):
            raw = raw._replace(gas_unit_price=0)
        else:
            raw = raw._replace(max_gas_amount=1_000)
        tx = sign_transaction(raw, wallet.signer, ED25519, self._genesis_hash)
        self._issued[tx.hash] = raw
        return tx

    def _forbid(self, tx: SignedTransaction, kind: str, *, must_refuse: bool = False) -> None:
        """Submit what may never be committed."""
        self._issued.pop(tx.hash, None)
        self._forbidden[tx.hash] = kind
        if must_refuse:
            self._must_refuse[self._request + 1] = kind
        self._submit(tx, kind)

    def _submit(self, tx: SignedTransaction, kind: str) -> None:
        """To a random validator that answers, if any does."""
        self._request += 1
        nodes = self._gate.reachable()
        if nodes:
            self.submissions[kind] += 1
            self._gate.submit(self._stream.choice(nodes), self._request, tx.envelope)

    def _poll(self) -> None:
        """Look at the ledger now and then."""
        self._poll_wallets()
        self._scheduler.after(POLL_US, self._poll)

    def _poll_wallets(self) -> None:
        """Each wallet asks a random validator how far its account is; retries, or replaces what expired."""
        nodes = self._gate.reachable()
        if not nodes:
            return
        now_us = self._scheduler.now_us
        for wallet in self._active:
            if not wallet.flights:
                continue
            node = self._stream.choice(nodes)
            account = self._gate.account(node, wallet.address)
            reached = 0 if account is None else account.sequence_number
            for number in [number for number in wallet.flights if number < reached]:
                del wallet.flights[number]
            for number, flight in wallet.flights.items():
                expired = flight.tx.raw.expiration_secs <= self._gate.ledger_secs(node)
                if not expired and now_us - flight.sent_us < RETRY_US:
                    continue
                if expired:
                    flight.tx = self._sign(wallet, flight.tx.raw.payload, number, LIFE_S)
                flight.sent_us = now_us
                self._submit(flight.tx, "replacement" if expired else "retry")

    def on_reply(self, reply: Reply) -> None:
        """A validator answered."""
        self.replies[reply.name] += 1
        if reply.name == "accepted":
            self.accepted.setdefault(reply.hash, self._scheduler.now_us)
        kind = self._must_refuse.get(reply.request_id)
        if kind is not None and reply.accepted:
            self._violations.append(Violation("S9_accepted", -1, f"{kind} was accepted"))

    def on_committed(self, node: int, block: Committed) -> None:
        """A validator announced a block."""
        for tx_hash in block.hashes:
            if tx_hash in self.acknowledged:
                continue
            raw = self._issued.get(tx_hash)
            if raw is None:
                kind = self._forbidden.get(tx_hash, "unknown")
                self._violations.append(
                    Violation("S9_refused_is_final", node, f"a transaction of kind {kind} is final")
                )
                continue
            if raw.expiration_secs <= block.timestamp_us // SECOND_US:
                self._violations.append(
                    Violation(
                        "S9_expired", node, f"final at {block.timestamp_us} us, expired at {raw.expiration_secs} s"
                    )
                )
            self.acknowledged[tx_hash] = (raw.sender, raw.sequence_number)
            if self.ready and raw.payload.function == PAYMENT:
                self.payments_committed += 1
            for wallet in self._active:
                if wallet.address == raw.sender:
                    wallet.flights.pop(raw.sequence_number, None)

    def check_accepted(self, before_us: int, ledger_secs: int) -> list[Violation]:
        """L2: what was accepted before that time is final, or another one under its number is, or it has expired.

        One that waits for a number below it, whose transaction expired, is that one's matter.
        """
        used = set(self.acknowledged.values())
        late = [tx_hash for tx_hash, at_us in self.accepted.items() if at_us < before_us and tx_hash in self._issued]
        return [
            Violation("L2_payment", -1, f"{tx_hash.hex()} was accepted, and is neither final nor expired")
            for tx_hash in late
            if (raw := self._issued[tx_hash]).expiration_secs > ledger_secs
            and (raw.sender, raw.sequence_number) not in used
            and (raw.sequence_number == 0 or (raw.sender, raw.sequence_number - 1) in used)
        ]


def _pay(payee: Wallet, amount: int) -> Payload:
    """A payment without metadata."""
    return Payload(PAYMENT, (CURRENCY, payee.address, amount, b"", b""))


class _Flipped:
    """Signs with one bit wrong."""

    def __init__(self, signer: Signer) -> None:
        """Wrap a good signer."""
        self.public_key = signer.public_key
        self._signer = signer

    def sign(self, message: bytes) -> bytes:
        """64 bytes that do not verify."""
        signature = self._signer.sign(message)
        return bytes([signature[0] ^ 1]) + signature[1:]
