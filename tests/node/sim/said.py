"""What validators say and have, made by hand for the checkers of the simulator."""

from collections.abc import Iterator

from chain.accounts import Account, Currency, account_key, currency_key
from chain.block import Block, Header, header_id, payload_root
from chain.certificates import QuorumCertificate, VoteData
from chain.messages import Proposal, SyncInfo, Timeout, Vote, encode_message
from chain.primitives import Address, Hash
from chain.records.coins import Basket, basket_key
from chain.storage import Column, Index
from tests.node.sim.stores import RecordingStore

R = [Hash(bytes([number]) * 32) for number in range(10)]


class Tip:
    """A ledger's tip."""

    def __init__(self, height: int, version: int = 0, root: bytes = R[0], timestamp_us: int = 0) -> None:
        self.tip_height, self.tip_version, self.base_height = height, version, 0
        self.tip_root, self.tip_timestamp_us = root, timestamp_us


class Shelf(RecordingStore):
    """A store that holds state values and postings."""

    def __init__(self, *records: Account | Currency | Basket) -> None:
        super().__init__()
        self.records = records
        self.found: dict[tuple[Index, bytes], list[tuple[int, int]]] = {}
        self.pending: list[tuple[int, bytes]] = []
        self.ended: set[int] = set()

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        for record in self.records:
            match record:
                case Account():
                    yield account_key(record.address), record.to_bytes()
                case Basket():
                    yield basket_key(record.currency), record.to_bytes()
                case Currency():
                    yield currency_key(record.code), record.to_bytes()

    def row(self, column: Column, key: int) -> bytes | None:
        return b"" if column == Column.EPOCH and key in self.ended else None

    def rows(self, column: Column, start: int, limit: int) -> list[tuple[int, bytes]]:
        assert column == Column.PENDING
        return [row for row in self.pending if row[0] >= start][:limit]

    def postings(
        self, index: Index, key: bytes, start: int, limit: int, *, descending: bool = False
    ) -> list[tuple[int, int]]:
        return [pair for pair in self.found.get((index, key), []) if pair[0] >= start][:limit]


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


def account(number: int, *balances: tuple[str, int], preburns: tuple[tuple[str, int], ...] = ()) -> Account:
    """An account with these balances."""
    return Account(Address(bytes([number]) * 16), 6, R[0], 0, False, balances, (), b"", 0, None, preburns)
