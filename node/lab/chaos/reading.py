"""What validators' ledgers hold, each asked by itself and believed only with proofs, from the genesis waypoint on.

All are read at one version, the lowest of what each proves to be certified: every entry of every one up to there, and
every account of the journal.
"""

import time
from collections.abc import Sequence
from hashlib import sha256

from chain.accounts import Account, account_key
from chain.crypto.signing import RealSignatures
from chain.entries import KIND_USER
from chain.errors import MithqalError
from chain.facts import ProvedEntry
from chain.light_client import BelievedLedger, verify_ledger
from chain.transaction import decode_transaction
from node.client.network import Member, Network
from node.client.proofs import Call, Json, ask, entries_call
from node.client.proved_reads import all_entries, record_call, record_of
from node.client.rpc import RpcClient
from node.lab.chaos.judge import Balance, Held, View
from node.lab.chaos.rules import CURRENCY

PAGE = 500
"""Versions of a request."""
CALLS = 19
"""Calls of a request beside the one for the ledger's proof."""
POLL_S = 0.1


class Reader:
    """One validator, which need not be trusted."""

    def __init__(self, network: Network, member: Member) -> None:
        """Nothing is asked yet."""
        self.name, self._waypoint = member.name, network.waypoint
        self._client = RpcClient([member.rpc], chain_id=network.chain_id)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def certified(self) -> int:
        """The newest version that it proves to be certified; ProofError, ConnectionFailed."""
        return self._ask()[0].commit.version

    def view(self, first: int, last: int, accounts: Sequence[str]) -> View:
        """Its ledger from one version to another, and these accounts at the latter."""
        try:
            held, digest = self._entries(first, last, frozenset(accounts))
            return View(self.name, held, self._balances(last, accounts), digest)
        except MithqalError as error:
            return View(self.name, (), {}, "", f"{error.name}: {error.message}")

    def _ask(self, *calls: Call) -> tuple[BelievedLedger, list[Json]]:
        """Answers beside the ledger that they are proved against."""
        proof, found = ask(self._client, self._waypoint, *calls)
        return verify_ledger(self._waypoint, proof, RealSignatures()), found

    def _entries(self, first: int, last: int, accounts: frozenset[str]) -> tuple[list[Held], str]:
        """Payments of these accounts, and a digest of every entry."""
        held: list[Held] = []
        digest = sha256()
        at = first
        while at <= last:
            count = min(PAGE, last - at + 1)
            ledger, (found,) = self._ask(entries_call(at, count))
            for entry in all_entries(ledger, at, count, found):
                digest.update(entry.info.to_bytes())
                payment = _payment(at, entry)
                if payment is not None and payment.sender in accounts:
                    held.append(payment)
                at += 1
        return held, digest.hexdigest()

    def _balances(self, version: int, accounts: Sequence[str]) -> dict[str, Balance]:
        """Accounts as they were at a version."""
        held: dict[str, Balance] = {}
        for start in range(0, len(accounts), CALLS):
            page = [(name, account_key(bytes.fromhex(name))) for name in accounts[start : start + CALLS]]
            ledger, found = self._ask(*(record_call(key, version) for _, key in page))
            for (name, key), answer in zip(page, found, strict=True):
                record, _ = record_of(ledger, key, answer, version)
                if isinstance(record, Account):
                    held[name] = Balance(record.balance(CURRENCY) or 0, record.sequence_number)
        return held


def read_views(
    network: Network, first: int, accounts: Sequence[str], at_least: int, patience_s: float
) -> tuple[list[View], int]:  # fmt: skip
    """Every validator's view from a version on, and the version up to which all were read; it is `at_least` so high.

    A validator that cannot be read, or does not reach that version in time, has a view that says why.
    """
    deadline = time.monotonic() + patience_s
    readers = [Reader(network, member) for member in network.members]
    try:
        tops = [_top(reader, at_least, deadline) for reader in readers]
        last = min((top for top in tops if isinstance(top, int)), default=0)
        views = [
            reader.view(first, last, accounts) if isinstance(top, int) else View(reader.name, (), {}, "", top)
            for reader, top in zip(readers, tops, strict=True)
        ]
    finally:
        for reader in readers:
            reader.close()
    return views, last


def _top(reader: Reader, at_least: int, deadline: float) -> int | str:
    """What a validator has certified once that is high enough, or why there is nothing."""
    while True:
        try:
            version = reader.certified()
            if version >= at_least:
                return version
            problem = f"it is at version {version}, acknowledged was {at_least}"
        except MithqalError as error:
            problem = f"{error.name}: {error.message}"
        if time.monotonic() > deadline:
            return problem
        time.sleep(POLL_S)


def _payment(version: int, entry: ProvedEntry) -> Held | None:
    """A user's payment; None for anything else."""
    if entry.kind != KIND_USER:
        return None
    tx = decode_transaction(entry.data)
    payload, raw = tx.raw.payload, tx.raw
    is_payment = payload.function == "peer_to_peer_with_metadata" and payload.arguments[0] == CURRENCY
    payee, amount = payload.arguments[1:3] if is_payment else (b"", 0)
    assert isinstance(payee, bytes)
    assert isinstance(amount, int)
    return Held(
        version, entry.info.transaction_hash.hex(), raw.sender.hex(), raw.sequence_number, payee.hex(), amount,
        entry.info.gas_used * raw.gas_unit_price, entry.info.status.kind == "executed",
    )  # fmt: skip
