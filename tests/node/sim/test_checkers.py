"""Each checker is silent on an honest history, and names a planted violation."""

from collections.abc import Iterator

import pytest

from chain.accounts import Account, Currency, account_key, currency_key
from chain.block import Block, Header, header_id, payload_root
from chain.certificates import QuorumCertificate, VoteData
from chain.codec import encode
from chain.consensus.safety import SafetyRecord
from chain.interface import Committed
from chain.messages import Proposal, SyncInfo, Timeout, Vote, decode_message, encode_message
from chain.primitives import Address, Hash
from chain.storage import Column, Index
from node.sim.checkers import (
    VOTED_BLOCK_EVERY,
    Discipline,
    Ledgers,
    Recovery,
    Violation,
    check_acknowledged,
    check_money,
)
from tests.node.sim.stores import RecordingStore

R = [Hash(bytes([number]) * 32) for number in range(10)]


class Tip:
    """A ledger's tip."""

    def __init__(self, height: int, version: int = 0, root: bytes = R[0], timestamp_us: int = 0) -> None:
        self.tip_height, self.tip_version, self.base_height = height, version, 0
        self.tip_root, self.tip_timestamp_us = root, timestamp_us


def block(height: int, **changes: object) -> Committed:
    """An honest block of one transaction: two versions a height."""
    fields = {
        "height": height, "version": 2 * height, "root": R[height], "block_id": R[height],
        "timestamp_us": 10 * height, "hashes": (b"tx%d" % height,),
    }  # fmt: skip
    return Committed(**{**fields, **changes})  # type: ignore[arg-type]


def ledgers(*history: tuple[int, Committed]) -> list[str]:
    """The rules that a history of announcements breaks."""
    violations: list[Violation] = []
    checker = Ledgers(violations)
    for node in range(4):
        checker.on_start(node, Tip(0))
    for node, committed in history:
        checker.on_committed(node, committed)
    return [violation.rule for violation in violations]


def test_an_honest_history_is_silent() -> None:
    """Three validators announce the same blocks at their own pace."""
    assert ledgers(*[(node, block(height)) for node in range(3) for height in (1, 2, 3)]) == []


@pytest.mark.parametrize(
    ("history", "rule"),
    [
        ([(0, block(1)), (1, block(1, block_id=R[9]))], "S1_agreement"),
        ([(0, block(1)), (1, block(1, root=R[9]))], "S7_state_root"),
        ([(0, block(1)), (1, block(1, version=9))], "S7_state_root"),
        ([(0, block(1)), (1, block(1, timestamp_us=11))], "S7_state_root"),
        ([(0, block(1)), (1, block(1, hashes=()))], "S2_order"),
        ([(0, block(2))], "S2_order"),
        ([(0, block(1)), (0, block(1))], "S2_order"),
        ([(0, block(1)), (0, block(2, hashes=(b"tx1",)))], "S2_exactly_once"),
        ([(0, block(1, hashes=(b"a", b"a"), version=3))], "S2_exactly_once"),
        ([(0, block(1)), (0, block(2, version=3))], "S2_order"),
        ([(0, block(1)), (0, block(2, timestamp_us=10))], "S2_order"),
    ],
)
def test_planted_ledger_violations(history: list[tuple[int, Committed]], rule: str) -> None:
    """S1, S2 and S7, each broken once."""
    assert ledgers(*history) == [rule]


def test_durability_over_a_restart() -> None:
    """S6: a height announced as committed is never lost across a restart; the next height follows the tip."""
    violations: list[Violation] = []
    checker = Ledgers(violations)
    checker.on_start(0, Tip(0))
    checker.on_committed(0, block(1))
    checker.on_committed(0, block(2))
    checker.on_start(0, Tip(2, 4, R[2]))
    checker.on_committed(0, block(3))
    assert violations == []
    checker.on_start(0, Tip(2, 4, R[2]))
    assert [violation.rule for violation in violations] == ["S6_durability"]
    checker.on_start(1, Tip(3, 6, R[9]))
    assert [violation.rule for violation in violations] == ["S6_durability", "S7_state_root"]


# --- S4, S5 ---


def certificate(round_: int, block_id: Hash, parent_round: int = 0) -> QuorumCertificate:
    """A certificate as the tap sees it; signatures are not the tap's business."""
    return QuorumCertificate(VoteData(1, round_, block_id, parent_round, R[0], R[0], 0, round_, None), None, ())


def vote(round_: int, block_id: Hash = R[1], parent_round: int | None = None, author: int = 0) -> bytes:
    """A vote's message."""
    parent = round_ - 1 if parent_round is None else parent_round
    return encode_message(Vote(certificate(round_, block_id, parent).data, None, author, b"s" * 64))


def timeout(round_: int, high: int) -> bytes:
    """A time-out's message."""
    qc = certificate(high, R[1])
    return encode_message(Timeout(1, round_, 0, b"s" * 64, SyncInfo(qc, qc, None)))


def proposal(round_: int, block_id_of: QuorumCertificate, salt: int = 3) -> bytes:
    """A proposal's message with an empty payload."""
    header = Header(1, round_, round_, 0, 100 + salt, block_id_of.digest(), None, payload_root(()))
    return encode_message(Proposal(Block(header, block_id_of, None, (), b"s" * 64, header_id(header)), block_id_of))


def discipline(*messages: bytes) -> list[str]:
    """The rules that a validator's messages break."""
    violations: list[Violation] = []
    checker = Discipline(violations)
    for message in messages:
        checker.on_send(0, message)
    return [violation.rule for violation in violations]


def test_a_disciplined_validator_is_silent() -> None:
    """Votes grow, a vote may be sent again, a time-out may follow a vote of its round, then later rounds."""
    assert (
        discipline(vote(1), vote(1), vote(2), timeout(2, 1), timeout(3, 1), vote(4), proposal(5, certificate(4, R[1])))
        == []
    )


@pytest.mark.parametrize(
    ("messages", "rule"),
    [
        ([vote(2), vote(2, R[2])], "S5_double_vote"),
        ([vote(3), vote(2)], "S5_vote_order"),
        ([timeout(3, 2), vote(3)], "S5_vote_after_timeout"),
        ([timeout(3, 2), vote(2)], "S5_vote_after_timeout"),
        ([vote(5), timeout(6, 3)], "S5_stale_timeout"),
        ([proposal(5, certificate(4, R[1])), proposal(5, certificate(4, R[1]), 4)], "S5_second_proposal"),
        ([proposal(5, certificate(4, R[1])), proposal(6, certificate(4, R[2]))], "S4_conflicting_certificates"),
    ],
)
def test_planted_indiscipline(messages: list[bytes], rule: str) -> None:
    """S4 and S5, each broken once."""
    assert discipline(*messages) == [rule]


def test_a_vote_of_the_same_round_as_its_timeouts_certificate_is_fine() -> None:
    """The boundary: a time-out may show exactly the locked round, and a vote may come one round above it."""
    assert discipline(vote(5, parent_round=4), timeout(6, 4), vote(7, parent_round=4)) == []


# --- S6: first durable, then sent ---


class Remains:
    """What a crash would leave: a safety record, and blocks by id."""

    def __init__(
        self, voted: int, proposed: int = 0, *, committed: bool = True, pending: tuple[Block, ...] = ()
    ) -> None:
        self.safety: bytes | None = encode(tuple(SafetyRecord(1, voted, proposed_round=proposed)))
        self.store = Shelf()
        self.store.pending = [(number, encode(block.to_value())) for number, block in enumerate(pending)]
        if committed:
            self.store.found[Index.BLOCK_BY_ID, R[1][:8]] = [(1, 1)]


def releases(message: bytes, disk: Remains, times: int = 1) -> list[str]:
    """The rules that sending a message (and a few earlier votes) with this disk breaks."""
    violations: list[Violation] = []
    checker = Discipline(violations)
    for round_ in range(1, times):
        checker.on_send(0, vote(round_), disk)
    checker.on_send(0, message, disk)
    return [violation.rule for violation in violations]


def test_nothing_leaves_before_it_is_durable() -> None:
    """S6: the record on disk has reached the round of the vote, time-out or proposal that leaves; one below has not."""
    qc = certificate(4, R[1])
    assert releases(vote(5), Remains(5)) == []
    assert releases(vote(5), Remains(4)) == ["S6_unsynced_vote"]
    assert releases(timeout(5, 4), Remains(5)) == []
    assert releases(timeout(5, 4), Remains(4)) == ["S6_unsynced_timeout"]
    assert releases(proposal(5, qc), Remains(9, 5)) == []
    assert releases(proposal(5, qc), Remains(9, 4)) == ["S6_unsynced_proposal"]


def test_no_record_at_all_is_not_durable() -> None:
    """A validator that never synced its record may not vote."""
    disk = Remains(0)
    disk.safety = None
    assert releases(vote(1), disk) == ["S6_unsynced_vote"]


def test_a_voted_block_is_on_disk() -> None:
    """S6: each eighth vote is looked up: its block is pending or committed on disk."""
    assert VOTED_BLOCK_EVERY == 8
    assert releases(vote(8), Remains(8), times=8) == []
    assert releases(vote(8), Remains(8, committed=False), times=8) == ["S6_unsynced_block"]
    assert releases(vote(7), Remains(8, committed=False), times=7) == []
    message = decode_message(proposal(8, certificate(7, R[1])))
    assert isinstance(message, Proposal)
    pending = (message.block,)
    assert releases(vote(8, message.block.id), Remains(8, committed=False, pending=pending), times=8) == []
    remains = Remains(8, pending=pending)
    assert releases(vote(8, R[5]), remains, times=8) == ["S6_unsynced_block"]
    remains.store.ended = {2}
    assert releases(vote(8, R[5]), remains, times=8) == ["S6_unsynced_block"]
    remains.store.ended = {1}
    assert releases(vote(8, R[5]), remains, times=8) == [], "the epoch is over: nothing of it need be kept"


# --- S8, S9 ---


class Shelf(RecordingStore):
    """A store that holds state values and postings."""

    def __init__(self, *records: Account | Currency) -> None:
        super().__init__()
        self.records = records
        self.found: dict[tuple[Index, bytes], list[tuple[int, int]]] = {}
        self.pending: list[tuple[int, bytes]] = []
        self.ended: set[int] = set()

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        for record in self.records:
            key = account_key(record.address) if isinstance(record, Account) else currency_key(record.code)
            yield key, record.to_bytes()

    def row(self, column: Column, key: int) -> bytes | None:
        return b"" if column == Column.EPOCH and key in self.ended else None

    def rows(self, column: Column, start: int, limit: int) -> list[tuple[int, bytes]]:
        assert column == Column.PENDING
        return self.pending

    def postings(
        self, index: Index, key: bytes, start: int, limit: int, *, descending: bool = False
    ) -> list[tuple[int, int]]:
        return [pair for pair in self.found.get((index, key), []) if pair[0] >= start][:limit]


def account(number: int, *balances: tuple[str, int], preburns: tuple[tuple[str, int], ...] = ()) -> Account:
    """An account with these balances."""
    return Account(Address(bytes([number]) * 16), 6, R[0], 0, False, balances, (), b"", 0, None, preburns)


def currency(
    code: str, total: int, fees: int = 0, deposited: int | None = None, *, synthetic: bool = False
) -> Currency:
    """A currency with this supply."""
    receipts = total if deposited is None else deposited
    return Currency(code, 10**6, 100, 1 << 32, synthetic, True, total, 0, fees, R[0], receipts, 0, ())


def test_money_adds_up() -> None:
    """S8: balances + coins waiting to be burned + fees = total value."""
    shelf = Shelf(account(1, ("XUS", 60)), account(2, ("XUS", 30), preburns=(("XUS", 7),)), currency("XUS", 100, 3))
    assert check_money(0, shelf) == []


@pytest.mark.parametrize(
    ("shelf", "rule"),
    [
        (Shelf(account(1, ("XUS", 98)), currency("XUS", 100, 3)), "S8_money"),
        (Shelf(account(1, ("XUS", 96)), currency("XUS", 100, 3)), "S8_money"),
        (Shelf(account(1, ("XUS", 97)), currency("XUS", 100, 3, deposited=99)), "S8_reserve"),
        (Shelf(account(1, ("XEU", 5))), "S8_money"),
    ],
)
def test_planted_money_violations(shelf: Shelf, rule: str) -> None:
    """One micro-unit too much or too little, an uncovered supply, money of no currency."""
    assert [violation.rule for violation in check_money(0, shelf)] == [rule]


def test_acknowledged_transactions_are_there() -> None:
    """S9: what was announced stands under its sender's number and its hash, at one version."""
    shelf = Shelf()
    shelf.found = {
        (Index.TRANSACTION_BY_SENDER, b"alice"): [(3, 17)],
        (Index.TRANSACTION_BY_HASH, b"hash-of-"): [(17, 17)],
    }
    assert check_acknowledged(0, shelf, {b"hash-of-it": (b"alice", 3)}) == []
    for tx_hash, sender, number in (
        (b"another-hash", b"alice", 3),
        (b"hash-of-it", b"alice", 2),
        (b"hash-of-it", b"bob", 3),
    ):
        found = check_acknowledged(0, shelf, {tx_hash: (sender, number)})
        assert [violation.rule for violation in found] == ["S9_acknowledged"]


# --- L1 ---


def test_recovery_in_time_is_silent() -> None:
    """L1: a new block within the allowed rounds, the bound included; old heights do not count."""
    violations: list[Violation] = []
    recovery = Recovery(12, violations)
    recovery.on_committed(0, 99, 99)
    recovery.begin([5, 7], 20)
    recovery.on_committed(0, 20, 8)
    recovery.on_committed(0, 21, 19)
    recovery.on_committed(1, 21, 9)
    recovery.on_committed(1, 40, 90)
    recovery.finish()
    assert violations == []
    assert recovery.rounds == {0: 12, 1: 2}


def test_who_follows_by_a_snapshot_is_not_judged_by_the_rounds_of_members() -> None:
    """L1: one that is no member asks once a second, and a whole state takes time; one that never comes is found."""
    violations: list[Violation] = []
    recovery = Recovery(12, violations)
    recovery.begin([5, 7], 20)
    recovery.follows_by_snapshot(0)
    recovery.follows_by_snapshot(1)
    recovery.on_committed(0, 21, 20)
    assert violations == []
    recovery.finish()
    assert [(violation.rule, violation.node) for violation in violations] == [("L1_liveness", 1)]


def test_planted_stalls() -> None:
    """One round too many, and never."""
    violations: list[Violation] = []
    recovery = Recovery(12, violations)
    recovery.begin([5, 7], 20)
    recovery.on_committed(0, 21, 20)
    recovery.finish()
    assert [(violation.rule, violation.node) for violation in violations] == [("L1_liveness", 0), ("L1_liveness", 1)]
