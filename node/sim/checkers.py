"""What must hold whatever goes wrong: safety after every event, durability over restarts, money at the end.

Names follow the invariants of docs/simulation.md: S1 agreement, S2 order and exactly once, S4 one certificate a round,
S5 vote discipline, S6 durability, S7 equal roots, S8 money, S9 acknowledged payments, L1 liveness. Each reads only what
a validator says or stores, with the chain's codecs and none of its rules.
"""

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from typing import NamedTuple, Protocol

from chain.accounts import Account, Currency
from chain.block import Block
from chain.codec import decode
from chain.consensus.safety import SafetyRecord
from chain.consensus.safety import read_record as chain_read_record
from chain.interface import Committed
from chain.messages import Message, Proposal, Timeout, Vote
from chain.records.coins import Basket
from chain.storage import Column, Index, Store
from node.sim.decoded import decoded, read_state
from node.sim.validator import Tip

read_record = lru_cache(maxsize=64)(chain_read_record)
"""What leaves in a row is held against the same record."""
VOTED_BLOCK_EVERY = 8
"""One vote in so many is looked up on disk with its block, which costs as much as a step."""


class Violation(NamedTuple):
    """A broken invariant."""

    rule: str
    node: int
    text: str
    at_us: int = -1
    """When it was noticed, from the start of the run; -1 where nobody kept the time."""


class Ledgers:
    """S1, S2, S6, S7: what validators announce, block by block."""

    def __init__(self, violations: list[Violation]) -> None:
        """Violations are appended."""
        self._violations = violations
        self.blocks: dict[int, Committed] = {}
        """height -> the block as it was announced first."""
        self.announced: dict[int, int] = {}
        """node -> highest height that it ever announced."""
        self.committed_at: dict[bytes, int] = {}
        """transaction hash -> height."""
        self._roots: dict[int, bytes] = {}
        self._next: dict[int, int] = {}

    def on_start(self, node: int, tip: Tip) -> None:
        """A validator (re)started from its disk."""
        if tip.tip_height < self.announced.get(node, 0):
            self._fail(
                "S6_durability", node, f"restarted at height {tip.tip_height}, had announced {self.announced[node]}"
            )
        known = self.blocks.get(tip.tip_height)
        if known is not None and (known.version, known.root) != (tip.tip_version, tip.tip_root):
            self._fail("S7_state_root", node, f"restarted at height {tip.tip_height} with another version or root")
        self._next[node] = tip.tip_height + 1

    def forget(self, node: int) -> None:
        """A validator's disk is lost: what it announced is with the others."""
        self.announced.pop(node, None)

    def note_base(self, node: int, height: int) -> None:
        """A validator's ledger begins with the block of this height, which came by a snapshot."""
        if height >= self._next.get(node, 0):
            self._next[node] = height + 1

    def on_committed(self, node: int, block: Committed) -> None:
        """A validator announced a durable block."""
        height = block.height
        expected = self._next.get(node, height)
        if height != expected:
            self._fail("S2_order", node, f"announced height {height}, {expected} was next")
        self._next[node] = height + 1
        self.announced[node] = max(height, self.announced.get(node, 0))
        first = self.blocks.get(height)
        if first is None:
            self._first(node, block)
            return
        if first.block_id != block.block_id:
            self._fail("S1_agreement", node, f"height {height}: {block.block_id.hex()} is not {first.block_id.hex()}")
        if (first.version, first.root, first.timestamp_us) != (block.version, block.root, block.timestamp_us):
            self._fail("S7_state_root", node, f"height {height}: version, root or time differ")
        if first.hashes != block.hashes:
            self._fail("S2_order", node, f"height {height}: other transactions")

    def _first(self, node: int, block: Committed) -> None:
        """Nobody announced this height before."""
        self.blocks[block.height] = block
        if self._roots.setdefault(block.version, block.root) != block.root:
            self._fail("S7_state_root", node, f"version {block.version} has two roots")
        for neighbour, sign in ((self.blocks.get(block.height - 1), 1), (self.blocks.get(block.height + 1), -1)):
            if neighbour is not None and (
                (block.version - neighbour.version) * sign < 1 + len((block if sign > 0 else neighbour).hashes)
                or (block.timestamp_us - neighbour.timestamp_us) * sign <= 0
            ):
                self._fail("S2_order", node, f"height {block.height}: version or time does not grow")
        for tx_hash in block.hashes:
            if tx_hash in self.committed_at:
                self._fail("S2_exactly_once", node, f"{tx_hash.hex()} at two places, again at height {block.height}")
            self.committed_at[tx_hash] = block.height

    def _fail(self, rule: str, node: int, text: str) -> None:
        """Record a violation."""
        self._violations.append(Violation(rule, node, text))


Place = tuple[int, int]
"""Epoch and round."""
START: Place = (0, 0)


class Durable(Protocol):
    """What a crash leaves of a validator."""

    @property
    def store(self) -> Store:
        """The ledger's part."""

    @property
    def safety(self) -> bytes | None:
        """The safety record."""


class Discipline:
    """S4, S5 and the order of S6: what each key signs and sends, over all its lives."""

    def __init__(
        self, violations: list[Violation], seat: Callable[[int, int], int | None] = lambda node, _epoch: node
    ) -> None:
        """Violations are appended. `seat(node, epoch)` is the author number of a validator; None for a non-member."""
        self._violations = violations
        self._seat = seat
        self._seen: set[tuple[int, bytes]] = set()
        self._votes: dict[tuple[int, Place], tuple[object, object]] = {}
        self._highest_vote: dict[int, Place] = {}
        self._highest_timeout: dict[int, Place] = {}
        self._locked: dict[int, Place] = {}
        self._proposed: dict[tuple[int, Place], bytes] = {}
        self._certified: dict[tuple[int, int], bytes] = {}
        self._votes_seen = 0

    def on_send(self, node: int, data: bytes, disk: Durable | None = None) -> Message | None:
        """A message left `node`. Only votes (1), time-outs (2) and proposals (0) are read, each once, and given back.

        `disk` is what a crash at this very moment would leave; None leaves the order of S6 unchecked.
        """
        if len(data) < 2 or data[1] > 2 or (node, data) in self._seen:
            return None
        self._seen.add((node, data))
        message = decoded(data)
        if isinstance(message, Vote) and self._is_by(node, message.data.epoch, message.author):
            self._on_vote(node, message)
        elif isinstance(message, Timeout) and self._is_by(node, message.epoch, message.author):
            self._on_timeout(node, message)
        elif isinstance(message, Proposal):
            self._on_proposal(node, message)
        if disk is not None:
            self._on_release(node, message, disk)
        return message

    def _is_by(self, node: int, epoch: int, author: int) -> bool:
        """Whether the author number is this validator's; what it signs as another one is found by its key's owner."""
        return self._seat(node, epoch) == author

    def _on_release(self, node: int, message: Message, disk: Durable) -> None:
        """A vote, time-out or proposal leaves only when the safety record knows of it, on disk; a vote's block too."""
        record = SafetyRecord(0) if disk.safety is None else read_record(disk.safety)
        voted, proposed = (record.epoch, record.voted_round), (record.epoch, record.proposed_round)
        if isinstance(message, Vote):
            data = message.data
            self._votes_seen += 1
            if voted < (data.epoch, data.round):
                self._fail("S6_unsynced_vote", node, f"vote of round {data.round}, on disk {record.voted_round}")
            if self._votes_seen % VOTED_BLOCK_EVERY == 0 and not is_stored(disk.store, data.block_id, data.epoch):
                self._fail("S6_unsynced_block", node, f"voted in round {data.round}, its block is not on disk")
        elif isinstance(message, Timeout) and voted < (message.epoch, message.round):
            self._fail("S6_unsynced_timeout", node, f"time-out of round {message.round}, on disk {record.voted_round}")
        elif isinstance(message, Proposal):
            header = message.block.header
            if self._is_by(node, header.epoch, header.author) and proposed < (header.epoch, header.round):
                self._fail(
                    "S6_unsynced_proposal", node, f"round {message.block.round}, on disk {record.proposed_round}"
                )

    def _on_vote(self, node: int, vote: Vote) -> None:
        """Distinct votes grow in round, and none comes at or below an own time-out."""
        round_, place = vote.data.round, (vote.data.epoch, vote.data.round)
        statement = (vote.data, vote.commit)
        earlier = self._votes.setdefault((node, place), statement)
        if earlier != statement:
            self._fail("S5_double_vote", node, f"two votes in round {round_}")
        elif earlier is statement:
            if place <= self._highest_vote.get(node, START):
                self._fail(
                    "S5_vote_order", node, f"first vote of round {round_} after round {self._highest_vote[node][1]}"
                )
            if place <= self._highest_timeout.get(node, START):
                self._fail(
                    "S5_vote_after_timeout", node,
                    f"vote of round {round_} after the time-out of round {self._highest_timeout[node][1]}",
                )  # fmt: skip
        self._highest_vote[node] = max(place, self._highest_vote.get(node, START))
        self._locked[node] = max((vote.data.epoch, vote.data.parent_round), self._locked.get(node, START))

    def _on_timeout(self, node: int, timeout: Timeout) -> None:
        """A time-out shows a certificate at least as high as the parents of all earlier votes."""
        high, locked = timeout.sync.high_qc.round, self._locked.get(node, START)
        if (timeout.epoch, high) < locked:
            self._fail(
                "S5_stale_timeout", node, f"time-out of round {timeout.round} shows {high}, locked on {locked[1]}"
            )
        place = (timeout.epoch, timeout.round)
        self._highest_timeout[node] = max(place, self._highest_timeout.get(node, START))
        self._on_certificate(
            node, timeout.sync.high_qc.data.epoch, timeout.sync.high_qc.round, timeout.sync.high_qc.block_id
        )

    def _on_proposal(self, node: int, proposal: Proposal) -> None:
        """One proposal a round; its certificate agrees with all others of that round."""
        block = proposal.block
        place = (block.header.epoch, block.round)
        is_own = self._is_by(node, block.header.epoch, block.header.author)
        if is_own and self._proposed.setdefault((node, place), block.id) != block.id:
            self._fail("S5_second_proposal", node, f"two proposals in round {block.round}")
        self._on_certificate(node, block.parent_qc.data.epoch, block.parent_qc.round, block.parent_id)

    def _on_certificate(self, node: int, epoch: int, round_: int, block_id: bytes) -> None:
        """At most one certified block a round."""
        if self._certified.setdefault((epoch, round_), block_id) != block_id:
            self._fail("S4_conflicting_certificates", node, f"two blocks are certified in round {round_}")

    def _fail(self, rule: str, node: int, text: str) -> None:
        """Record a violation."""
        self._violations.append(Violation(rule, node, text))


def is_stored(store: Store, block_id: bytes, epoch: int) -> bool:
    """Whether a block is on disk, pending or committed; above the end of an epoch that is over nothing need be kept."""
    if store.row(Column.EPOCH, epoch) is not None:
        return True
    if store.postings(Index.BLOCK_BY_ID, block_id[:8], 0, 1):
        return True
    rows = store.rows(Column.PENDING, 0, 1 << 20)
    return any(Block.from_value(decode(data)).id == block_id for _, data in reversed(rows))


def check_money(node: int, store: Store) -> list[Violation]:
    """S8: in each currency, balances + coins to be burned + fees + coins in baskets = total value; receipts cover it.

    Recomputed from the stored records alone.
    """
    held: dict[str, int] = {}
    currencies: list[Currency] = []
    found: list[Violation] = []
    for key, data in store.states():
        record = read_state(key, data)
        if isinstance(record, Account):
            for code, amount in (*record.balances, *record.preburns):
                held[code] = held.get(code, 0) + amount
                if not 0 <= amount < 2**64:
                    found.append(Violation("S8_money", node, f"{record.address.hex()} holds {amount} {code}"))
        elif isinstance(record, Currency):
            currencies.append(record)
        elif isinstance(record, Basket):
            for code, amount in record.held:
                held[code] = held.get(code, 0) + amount
    for currency in currencies:
        total = held.pop(currency.code, 0) + currency.fees
        if total != currency.total_value:
            found.append(
                Violation("S8_money", node, f"{currency.code}: {total} is held, {currency.total_value} was made")
            )
        reserve = currency.receipts_deposited - currency.receipts_released
        if not currency.is_synthetic and reserve != currency.total_value:
            found.append(
                Violation("S8_reserve", node, f"{currency.code}: receipts {reserve}, supply {currency.total_value}")
            )
    found += [
        Violation("S8_money", node, f"{amount} of unknown {code}") for code, amount in sorted(held.items()) if amount
    ]
    return found


def check_acknowledged(node: int, store: Store, acknowledged: dict[bytes, tuple[bytes, int]]) -> list[Violation]:
    """S9: each transaction (hash -> (sender, number)) that any validator announced is in this validator's ledger."""
    found = []
    for tx_hash, (sender, number) in acknowledged.items():
        by_sender = store.postings(Index.TRANSACTION_BY_SENDER, sender, number, 1)
        version = by_sender[0][1] if by_sender and by_sender[0][0] == number else -1
        if (version, version) not in store.postings(Index.TRANSACTION_BY_HASH, tx_hash[:8], max(version, 0), 1):
            found.append(Violation("S9_acknowledged", node, f"{tx_hash.hex()} was announced and is not here"))
    return found


class Recovery:
    """L1: once the faults have stopped, every validator commits a new block within so many rounds."""

    def __init__(self, max_rounds: int, violations: list[Violation]) -> None:
        """Watches from `begin` on."""
        self._max_rounds = max_rounds
        self._violations = violations
        self._start_round = 0
        self._start_height = 0
        self._waiting: set[int] = set()
        self._wiped: set[int] = set()
        self.rounds: dict[int, int] = {}
        """node -> rounds that it took."""

    @property
    def is_waiting(self) -> bool:
        """Whether somebody has not committed a new block yet."""
        return bool(self._waiting)

    def begin(self, rounds: list[int], height: int, wiped: Collection[int] = ()) -> None:
        """The faults stop now: each validator's round, the highest height that anybody announced, and who lost a
        ledger: how many rounds the others make until that is fetched again says nothing (L3 asks)."""
        self._wiped = set(wiped)
        self._start_round = max(rounds)
        self._start_height = height
        self._waiting = set(range(len(rounds)))

    def follows_by_snapshot(self, node: int) -> None:
        """It is no member, so that nobody tells it of rounds, and so far behind that it fetches a whole state."""
        self._wiped.add(node)

    def excuse(self, nodes: Iterable[int]) -> None:
        """Of those who lie, and of those who are dead for good, nothing is asked."""
        self._waiting.difference_update(nodes)

    def on_committed(self, node: int, height: int, round_: int) -> None:
        """`node`, in that round, announced a block."""
        if node in self._waiting and height > self._start_height:
            self._waiting.discard(node)
            self.rounds[node] = taken = round_ - self._start_round
            if taken > self._max_rounds and node not in self._wiped:
                self._violations.append(
                    Violation("L1_liveness", node, f"{taken} rounds to a new block, at most {self._max_rounds}")
                )

    def finish(self) -> None:
        """The run is over."""
        for node in sorted(self._waiting):
            self._violations.append(Violation("L1_liveness", node, "no new block since the faults stopped"))
