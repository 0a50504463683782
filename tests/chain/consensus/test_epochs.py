"""From one epoch to the next, by real replicas in one process (E4 to E12), and the traps of reconfiguration by name."""

from collections.abc import Callable
from typing import Any

import pytest

from chain.block import Block
from chain.certificates import CommitInfo, QuorumCertificate, genesis_certificate
from chain.codec import decode
from chain.consensus.pacemaker import NOBODY
from chain.consensus.ports import SigningKey
from chain.consensus.safety import read_record
from chain.crypto.signing import RealSignatures
from chain.genesis import GenesisValidator, genesis_hash
from chain.interface import ALL_OTHERS, Output, Received, Send, Start, Submitted, TimerFired, WorkDone
from chain.messages import (
    BlockRequest,
    EpochChange,
    EpochRequest,
    Message,
    Proposal,
    SyncInfo,
    Timeout,
    Vote,
    decode_message,
    encode_message,
)
from chain.primitives import Hash
from chain.records.validators import network_address
from chain.replica import Replica
from chain.storage import Column
from chain.transaction import Payload, RawTransaction, sign_transaction
from node.storage.memory import MemoryStore
from tests.builders import CHAIN_ID, NOW_SECS, ROOT, Party, document, key, party

START_US = (NOW_SECS + 1) * 1_000_000
Drop = Callable[[int, int, Message], bool]


class Keys:
    """A keyring whose records the rig keeps."""

    def __init__(self, rig: "Rig", number: int) -> None:
        self.rig, self.number = rig, number

    def find(self, public_key: bytes) -> SigningKey | None:
        record = self.rig.records[self.number]
        for found in self.rig.keys[self.number]:
            if found.public_key == public_key:
                is_its = record is not None and read_record(record).key == public_key
                return SigningKey(found, record if is_its else None)
        return None

    def newest(self) -> bytes | None:
        return self.rig.records[self.number]


class Rig:
    """Replicas whose messages arrive in order; every write is durable at once."""

    def __init__(self, size: int = 4) -> None:
        bases = (10, 20, 200, 300)
        members = tuple(
            GenesisValidator(f"validator-{i}", *[key(base + i).public_key for base in bases])  # type: ignore[arg-type]
            for i in range(size)
        )
        self.document = document(validators=members)
        self.keys = {number: [key(10 + number)] for number in range(size)}
        self.stores = {number: MemoryStore() for number in range(size)}
        self.records: dict[int, bytes | None] = dict.fromkeys(range(size))
        self.written: dict[int, list[bytes]] = {number: [] for number in range(size)}
        self.sent: list[tuple[int, Message]] = []
        self.alarms: list[tuple[int, str]] = []
        self.queue: list[tuple[int, Any]] = []
        self.timers: dict[tuple[int, str], tuple[int, int]] = {}
        self.now_us = START_US
        self.numbers: dict[bytes, int] = {}
        self.drop: Drop = lambda _sender, _receiver, _message: False
        self.nodes = {number: self.build(number) for number in range(size)}
        for number in self.nodes:
            self.queue.append((number, Start()))

    def build(self, number: int) -> Replica:
        return Replica(
            self.document, number, self.keys[number][0], self.stores[number], None, RealSignatures(), Keys(self, number)
        )

    def restart(self, number: int) -> None:
        """From the disk, as a crash leaves it."""
        self.timers = {place: item for place, item in self.timers.items() if place[0] != number}
        self.nodes[number] = self.build(number)
        self.queue.append((number, Start()))

    def step(self, number: int, event: Any) -> None:
        self.release(number, self.nodes[number].step(event, self.now_us))

    def release(self, number: int, out: Output) -> None:
        if not out.persist.is_empty():
            self.stores[number].write(out.persist)
        if out.safety is not None:
            self.records[number] = out.safety
            self.written[number].append(out.safety)
        self.alarms += [(number, alarm.name) for alarm in out.alarms]
        for timer in out.timers:
            self.timers[number, timer.name] = (timer.at_us, timer.token)
        for work in out.work:
            verdicts = tuple(RealSignatures().verify(item) for item in work.checks)
            self.queue.append((number, WorkDone(work.work_id, verdicts)))
        for send in [*out.send_now, *out.after_persist]:
            self.post(number, send)

    def post(self, number: int, send: Send) -> None:
        message = decode_message(send.data)
        self.sent.append((number, message))
        others = [other for other in self.nodes if other != number]
        to = others if send.destination == ALL_OTHERS else [send.destination]
        for receiver in to:
            if receiver in self.nodes and not self.drop(number, receiver, message):
                self.queue.append((receiver, Received(number, send.data)))

    def settle(self) -> None:
        while self.queue:
            number, event = self.queue.pop(0)
            if number in self.nodes:
                self.step(number, event)

    def run(self, until: Callable[[], object], steps: int = 400) -> None:
        """Let messages and then timers happen until something holds."""
        for _ in range(steps):
            self.settle()
            if until():
                return
            place = min(self.timers, key=lambda item: self.timers[item])
            at_us, token = self.timers.pop(place)
            self.now_us = max(self.now_us, at_us)
            self.queue.append((place[0], TimerFired(place[1], token)))
        raise AssertionError("it never came")

    def submit(self, who: Party, function: str, *arguments: Any, at: int = 0) -> None:
        number = self.numbers.get(who.address, 0)
        self.numbers[who.address] = number + 1
        payload = Payload(function, arguments)
        raw = RawTransaction(who.address, number, payload, 4_000, 0, "XUS", NOW_SECS + 3_000, CHAIN_ID)
        tx = sign_transaction(raw, who.key, int(who.key.scheme), genesis_hash(self.document))
        self.queue.append((at, Submitted(1, tx.envelope)))

    def remove(self, number: int) -> None:
        owner = party(200 + number).address
        self.submit(ROOT, "remove_validator_and_reconfigure", 0, f"validator-{number}", owner)

    def add(self, number: int) -> None:
        owner = party(200 + number).address
        self.submit(ROOT, "add_validator_and_reconfigure", 0, f"validator-{number}", owner)

    def rekey(self, number: int, secret: int, *, hold: bool = True) -> None:
        """A new consensus key on the ledger; `hold`: the validator has it."""
        new = key(secret)
        if hold:
            self.keys[number].append(new)
        keys = network_address(key(20 + number).public_key, "")
        owner, operator = party(200 + number).address, party(300 + number)
        self.submit(operator, "set_validator_config_and_reconfigure", owner, new.public_key, keys, "")

    def epochs(self) -> set[int]:
        return {node.ledger.epoch for node in self.nodes.values()}

    def in_epoch(self, epoch: int, height: int = 0) -> Callable[[], bool]:
        return lambda: (
            self.epochs() == {epoch}
            and all(
                node.ledger.high_commit.data.epoch == epoch and node.ledger.tip_height >= height
                for node in self.nodes.values()
            )
        )

    def machine(self, number: int) -> Any:
        return self.nodes[number].consensus.machine


@pytest.fixture
def rig() -> Rig:
    return Rig()


def end_of(rig: Rig, number: int, epoch: int) -> QuorumCertificate:
    row = rig.stores[number].row(Column.EPOCH, epoch)
    assert row is not None
    return QuorumCertificate.from_value(decode(row))


def test_a_removed_member_signs_nothing_and_follows(rig) -> None:
    """'A validator that leaves stops signing, keeps serving'."""
    rig.remove(1)
    rig.run(rig.in_epoch(2))
    mark = len(rig.sent)
    height = rig.nodes[0].ledger.tip_height
    rig.run(rig.in_epoch(2, height + 5))
    assert rig.machine(1).own == NOBODY
    assert rig.machine(1).safety.silenced == "validator 1 is no member of epoch 2"
    signed = [message for sender, message in rig.sent[mark:] if sender == 1]
    assert not [message for message in signed if isinstance(message, Vote | Proposal | Timeout)]
    assert rig.nodes[1].ledger.tip_height >= height + 5
    assert [member.number for member in rig.nodes[1].ledger.validators.members] == [0, 2, 3]
    assert rig.alarms == []


def test_descendants_of_the_end_are_empty_and_change_nothing(rig) -> None:
    """'every descendant of B in the same epoch must have empty payload, same exec_root and timestamp as B'."""
    rig.remove(3)
    rig.run(rig.in_epoch(2))
    end = end_of(rig, 0, 1)
    blocks = [message.block for _, message in rig.sent if isinstance(message, Proposal)]
    above = [block for block in blocks if block.header.epoch == 1 and block.parent_qc.data.next_validators is not None]
    assert above
    end_us = above[0].parent_qc.data.timestamp_us
    assert {(block.payload, block.header.timestamp_us) for block in above} == {((), end_us)}
    votes = [m for _, m in rig.sent if isinstance(m, Vote) and m.data.block_id in {block.id for block in above}]
    assert end.commit is not None
    assert {(vote.data.root, vote.data.version) for vote in votes} == {(end.commit.root, end.commit.version)}
    assert {vote.data.next_validators for vote in votes} == {rig.nodes[0].ledger.set_of(2).hash}
    assert rig.nodes[0].ledger.set_of(2) in [vote.commit.next_epoch for vote in votes if vote.commit is not None]


def test_heights_and_versions_run_on_across_the_end(rig) -> None:
    """The blocks above the end are on no ledger: the next epoch's first block has the next height."""
    rig.remove(3)
    rig.run(rig.in_epoch(2))
    end = end_of(rig, 0, 1)
    rig.run(rig.in_epoch(2, rig.nodes[0].ledger.tip_height + 2))
    heights = [height for height, _ in rig.stores[0].rows(Column.BLOCK, 0, 1_000)]
    assert heights == list(range(len(heights)))
    assert end.commit is not None
    pending = [Block.from_value(decode(row)) for _, row in rig.stores[0].rows(Column.PENDING, 0, 100)]
    assert {block.header.epoch for block in pending} <= {2}, "what the old epoch left pending is gone"


def test_one_beginning_whatever_committed_the_end() -> None:
    """E6: 'derived deterministically from that CommitInfo': round and block id may differ, the beginning does not."""
    rig = Rig()
    following = rig.nodes[0].ledger.validators
    info = CommitInfo(1, 7, Hash(b"\1" * 32), Hash(b"\2" * 32), 9, 5_000, following)
    begun = genesis_certificate(info, 2)
    assert begun == genesis_certificate(info._replace(round=8, block_id=Hash(b"\3" * 32)), 2)
    assert (begun.round, begun.signatures, begun.commit) == (0, (), None)
    assert begun.data[:2] == (2, 0)
    for other in (
        info._replace(epoch=2), info._replace(root=Hash(b"\4" * 32)), info._replace(version=10),
        info._replace(timestamp_us=5_001), info._replace(next_epoch=None),
    ):  # fmt: skip
        assert genesis_certificate(other, 2).block_id != begun.block_id
    assert genesis_certificate(info._replace(epoch=0), 1).block_id == info.block_id, "epoch 1 begins from genesis"


def test_trap_a_new_epoch_resets_rounds_exactly_once(rig) -> None:
    """P10, E8: 'new_epoch: equal epoch: keep S untouched; lower: reject'; durable before the first signature."""
    rig.remove(3)
    rig.run(rig.in_epoch(2))
    for number in range(3):
        records = [read_record(data) for data in rig.written[number]]
        first = next(place for place, record in enumerate(records) if record.epoch == 2)
        assert {record.epoch for record in records[:first]} == {1}
        assert {record.epoch for record in records[first:]} == {2}
        fresh = records[first]
        assert (fresh.voted_round, fresh.locked_round, fresh.last_vote, fresh.proposed_round) == (0, 0, None, 0)
        rounds = [record.voted_round for record in records[first:]]
        assert rounds == sorted(rounds)
    voted = read_record(rig.records[0] or b"").voted_round
    assert voted > 0
    rig.restart(0)
    rig.settle()
    assert rig.machine(0).safety.record.voted_round >= voted, "a restart in the same epoch resets nothing"


def test_trap_never_in_an_older_epoch_again(rig) -> None:
    """A ledger that is lost comes back from genesis; the record of a later epoch keeps its owner silent until there."""
    rig.remove(3)
    rig.run(rig.in_epoch(2))
    mark = len(rig.sent)
    rig.stores[0] = MemoryStore()
    rig.restart(0)
    assert rig.nodes[0].is_ledger_lost
    assert rig.machine(0).safety.silenced == "this validator has signed in epoch 2, it signs nothing in epoch 1"
    record = rig.records[0]
    rig.run(rig.in_epoch(2, rig.nodes[1].ledger.tip_height + 3))
    mine = [message for sender, message in rig.sent[mark:] if sender == 0]
    assert {message.data.epoch for message in mine if isinstance(message, Vote)} <= {2}
    assert rig.machine(0).safety.silenced is None
    assert read_record(rig.records[0] or b"").voted_round >= read_record(record or b"").voted_round


def test_lower_is_answered_by_the_ends_and_higher_asks(rig) -> None:
    """'Message with lower epoch -> answer EpochChangeProof; higher -> request it; never process across epochs'."""
    rig.settle()
    old = SyncInfo(rig.machine(2).high_qc, rig.machine(2).high_commit, None)
    rig.remove(3)
    rig.run(rig.in_epoch(2))
    out = rig.nodes[0].step(Received(2, encode_message(old)), rig.now_us)
    (send,) = out.send_now
    answer = decode_message(send.data)
    assert send.destination == 2
    assert answer == EpochChange((end_of(rig, 0, 1),))
    assert (out.alarms, out.after_persist, out.safety) == ([], [], None)
    other = Rig()
    other.settle()
    later = SyncInfo(rig.machine(0).high_qc, rig.machine(0).high_commit, None)
    before = other.machine(2).round
    out = other.nodes[2].step(Received(0, encode_message(later)), other.now_us)
    assert [(send.destination, decode_message(send.data)) for send in out.send_now] == [(0, EpochRequest(1))]
    assert (other.machine(2).round, out.alarms) == (before, [])
    out = other.nodes[2].step(Received(0, encode_message(later)), other.now_us + 299_999)
    assert out.send_now == [], "once in a while is enough"
    out = other.nodes[2].step(Received(0, encode_message(later)), other.now_us + 300_000)
    assert [decode_message(send.data) for send in out.send_now] == [EpochRequest(1)]


def test_a_request_for_ends(rig) -> None:
    """From the epoch that is asked for on; nothing if none has ended since."""
    rig.remove(3)
    rig.run(rig.in_epoch(2))
    rig.remove(2)
    rig.run(rig.in_epoch(3))
    for first, ends in ((0, [1, 2]), (1, [1, 2]), (2, [2]), (3, [])):
        out = rig.nodes[0].step(Received(3, encode_message(EpochRequest(first))), rig.now_us)
        found = [decode_message(send.data) for send in out.send_now]
        assert [[end.data.epoch for end in item.ends] for item in found if isinstance(item, EpochChange)] == (
            [ends] if ends else []
        )


def test_several_epochs_at_once(rig) -> None:
    """Catching up by epoch-ending certificates and blocks, each epoch with its own set; then it is level."""
    rig.drop = lambda sender, receiver, _message: 3 in (sender, receiver)
    for number, act in ((3, rig.remove), (3, rig.add), (3, rig.remove), (3, rig.add)):
        act(number)
        epoch = rig.nodes[0].ledger.epoch + 1
        rig.run(lambda epoch=epoch: {rig.nodes[n].ledger.epoch for n in (0, 1, 2)} == {epoch})
    assert rig.nodes[3].ledger.epoch == 1
    rig.drop = lambda _sender, _receiver, _message: False
    rig.run(rig.in_epoch(5, rig.nodes[0].ledger.tip_height + 2))
    assert [end_of(rig, 3, epoch).data.epoch for epoch in range(1, 5)] == [1, 2, 3, 4]
    assert rig.machine(3).own == 3
    assert rig.alarms == []


def test_committed_blocks_end_where_an_epoch_ends(rig) -> None:
    """'CommittedResponse must end at an epoch's end': nobody could verify the next epoch's blocks yet."""
    rig.remove(3)
    rig.run(rig.in_epoch(2))
    rig.run(rig.in_epoch(2, rig.nodes[0].ledger.tip_height + 3))
    answer = rig.nodes[0].ledger.committed_blocks(1, 1_000, 1 << 30)
    assert answer.proof is not None
    assert answer.proof.commit is not None
    assert answer.proof.commit.next_epoch == rig.nodes[0].ledger.set_of(2)
    assert {block.header.epoch for block in answer.blocks} == {1}
    after = rig.nodes[0].ledger.committed_blocks(len(answer.blocks) + 1, 1_000, 1 << 30)
    assert {block.header.epoch for block in after.blocks} == {2}


def test_ends_must_follow_each_other(rig) -> None:
    """Each by the set that the one before named; a gap, a lie and a plain certificate are refused by name."""
    rig.remove(3)
    rig.run(rig.in_epoch(2))
    rig.remove(2)
    rig.run(rig.in_epoch(3))
    sets = [rig.nodes[0].ledger.set_of(epoch) for epoch in (1, 2, 3)]
    assert [(found.epoch, len(found.members)) for found in sets] == [(1, 4), (2, 3), (3, 2)]
    first, second = end_of(rig, 0, 1), end_of(rig, 0, 2)
    plain = rig.nodes[0].ledger.high_commit
    forged = first._replace(signatures=tuple((author, bytes(64)) for author, _ in first.signatures))
    few = first._replace(signatures=first.signatures[:2])
    for ends, name in (
        ((second,), "no_epoch_end"), ((first, plain), "no_epoch_end"), ((forged,), "bad_signature"),
        ((few,), "no_quorum"), ((first._replace(commit=None),), "no_epoch_end"), ((first,) * 17, "too_large"),
    ):  # fmt: skip
        other = Rig()
        other.settle()
        out = other.nodes[1].step(Received(0, encode_message(EpochChange(ends))), other.now_us)
        assert [(alarm.name, alarm.peer) for alarm in out.alarms] == [(name, 0)], name
        assert other.nodes[1].ledger.epoch == 1
    other = Rig()
    other.settle()
    (idle,) = {0, 1, 2, 3} - {author for author, _ in first.signatures}
    teller = (idle + 1) % 4
    out = other.nodes[idle].step(Received(teller, encode_message(EpochChange((first, second)))), other.now_us)
    wanted = [decode_message(send.data) for send in out.send_now if send.destination == teller]
    assert [type(message) for message in wanted if isinstance(message, BlockRequest)] == [BlockRequest]
    assert out.alarms == []


def test_a_member_gets_a_new_key_while_it_runs(rig) -> None:
    """The running process switches at the epoch change; the old key signs nothing any more."""
    rig.run(lambda: rig.nodes[0].ledger.tip_timestamp_us > START_US + 3_000_000)
    rig.rekey(2, 99)
    rig.run(rig.in_epoch(2))
    assert rig.machine(2).safety.record.key == key(99).public_key
    assert read_record(rig.records[2] or b"").key == key(99).public_key
    rig.run(rig.in_epoch(2, rig.nodes[0].ledger.tip_height + 4))
    voters = {vote.author for _, vote in rig.sent if isinstance(vote, Vote) and vote.data.epoch == 2}
    assert voters == {0, 1, 2, 3}
    assert rig.alarms == []


def test_without_the_new_key_it_only_follows(rig) -> None:
    """'must refuse to sign with the old one afterwards'; when the key comes, a restart is enough."""
    rig.run(lambda: rig.nodes[0].ledger.tip_timestamp_us > START_US + 3_000_000)
    rig.rekey(2, 99, hold=False)
    rig.run(rig.in_epoch(2))
    why = f"this process has no key {key(99).public_key.hex()[:16]} that may sign in epoch 2"
    assert (rig.machine(2).own, rig.machine(2).safety.silenced) == (NOBODY, why)
    assert not [vote for sender, vote in rig.sent if sender == 2 and isinstance(vote, Vote) and vote.data.epoch == 2]
    rig.keys[2].append(key(99))
    rig.restart(2)
    rig.run(rig.in_epoch(2, rig.nodes[0].ledger.tip_height + 3))
    assert rig.machine(2).safety.silenced is None
    assert read_record(rig.records[2] or b"").voted_round > 0


def test_who_is_slower_gets_what_came_early(rig) -> None:
    """E9: messages of the next epoch wait for it, a few of each peer; they never reach the old machine."""
    late = 2
    rig.drop = lambda _sender, receiver, message: (
        receiver == late and isinstance(message, Vote) and message.data.next_validators is not None
    )
    rig.remove(3)
    rig.run(rig.in_epoch(2))
    rig.drop = lambda _sender, _receiver, _message: False
    rig.run(rig.in_epoch(2, rig.nodes[0].ledger.tip_height + 3))
    assert rig.alarms == []


def test_seats_are_places_numbers_are_for_ever(rig) -> None:
    """E1: without validator 0, validator 3 has author number 2, and is called 3 all the same."""
    rig.remove(0)
    rig.run(rig.in_epoch(2))
    assert [rig.machine(number).own for number in range(4)] == [NOBODY, 0, 1, 2]
    rig.run(rig.in_epoch(2, rig.nodes[1].ledger.tip_height + 6))
    proposers = {
        (sender, message.block.header.author)
        for sender, message in rig.sent if isinstance(message, Proposal) and message.block.header.epoch == 2
    }  # fmt: skip
    assert proposers == {(1, 0), (2, 1), (3, 2)}
    assert rig.alarms == []


def test_the_last_but_one_leaves_and_one_goes_on_alone() -> None:
    """A set of two becomes a set of one, which commits by itself."""
    rig = Rig(2)
    rig.remove(0)
    rig.run(rig.in_epoch(2))
    rig.run(rig.in_epoch(2, rig.nodes[1].ledger.tip_height + 3))
    assert len(rig.nodes[0].ledger.validators) == 1
    assert rig.alarms == []
