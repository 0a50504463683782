"""SY3 to SY8: a snapshot is verified from genesis, chunk by chunk, whoever gives it; nothing half is ever adopted."""

import pytest

from chain.accounts import leaf_key
from chain.certificates import QuorumCertificate
from chain.kept import Base, read_base
from chain.ledger import Ledger
from chain.messages import Message
from chain.snapshot_messages import Chunk, ChunkRequest, SnapshotOffer, SnapshotRequest, SnapshotWritten
from chain.storage import SYNC_ROW, Column, Index
from chain.sync.snapshot import make_offer
from node.sim.entropy import Entropy
from node.sim.lies import bend_chunk, bend_offer
from tests.builders import DEALER, US
from tests.chain.sync.pair import CHUNK, GIVERS, Taker, reopened, twin_of
from tests.chains import VALIDATORS, small_chain


def same_state(one: Ledger, other: Ledger) -> bool:
    """Tip, accumulator, state, epoch and certificate."""
    return (
        (
            one.tip_height, one.tip_version, one.tip_root, one.tip_timestamp_us, one.epoch, one.high_commit,
            one.genesis_qc,
        )
        == (
            other.tip_height, other.tip_version, other.tip_root, other.tip_timestamp_us, other.epoch,
            other.high_commit, other.genesis_qc,
        )
        and one.tip.frontier == other.tip.frontier
        and dict(one.store.states()) == dict(other.store.states())
        and one.names == other.names
        and one.root().block_id == other.root().block_id
    )  # fmt: skip


def test_a_new_ledger_takes_the_state_of_a_certified_block() -> None:
    """SY7: after the last chunk the ledger is that of the snapshot's block, also after a restart."""
    chain = small_chain()
    taker = Taker(chain)
    taker.begin()
    taker.run()
    assert taker.alarms == []
    assert taker.snapshot is not None
    assert (taker.snapshot.version, taker.ledger.base) == (11, Base(11, 6))
    assert same_state(taker.ledger, chain.ledger)
    assert same_state(reopened(taker), chain.ledger)
    assert not taker.sync.is_active
    assert list(taker.store.staged()) == []
    assert taker.store.row(Column.META, SYNC_ROW) is None
    assert [key for key, _ in taker.store.rows(Column.TRANSACTION, 0, 100)] == [0, 11]
    assert [key for key, _ in taker.store.rows(Column.BLOCK, 0, 100)] == [0, 6]


def test_a_chunk_has_so_many_leaves_and_each_is_asked_of_the_next_peer() -> None:
    """SY6: a chunk is bounded and full unless it is the last; requests go round."""
    chain = small_chain()
    taker = Taker(chain)
    sizes = []

    def note(_: int, message: Message) -> Message:
        if isinstance(message, Chunk):
            sizes.append(len(message.items) // 2)
        return message

    taker.begin()
    taker.run(note)
    leaves = len(list(chain.store.states()))
    full, rest = divmod(leaves, CHUNK)
    assert sizes == [CHUNK] * full + [rest] * bool(rest)
    assert taker.asked == [GIVERS[at % 3] for at in range(1 + len(sizes))]


def test_state_is_written_chunk_by_chunk_and_adopted_in_one_batch() -> None:
    """SY7: what is verified is staged beside the ledger, which stays as it is until one batch puts all in its place."""
    chain = small_chain()
    taker = Taker(chain)
    taker.begin()
    before = dict(taker.store.states())
    while not taker.sync.is_switching:
        assert dict(taker.store.states()) == before
        assert taker.ledger.tip_height == 0
        taker.deliver()
    *parts, last = taker.written
    assert all(not batch.adopt and len(batch.staged) <= CHUNK for batch in parts)
    assert last.adopt
    assert taker.ledger.tip_height == 0, "not before it is durable"
    assert reopened(taker).tip_height == 6


def test_snapshots_reach_across_epochs() -> None:
    """SY3: the offer holds the end of every epoch; the validators of the newest are those of the ledger."""
    chain = small_chain()
    chain.end_epoch({0: VALIDATORS[0], 1: VALIDATORS[2], 2: VALIDATORS[3]})
    for _ in range(3):
        chain.add()
    taker = Taker(chain)
    taker.begin()
    taker.run()
    assert taker.alarms == []
    assert taker.ledger.epoch == 2
    assert same_state(taker.ledger, chain.ledger)
    assert same_state(reopened(taker), chain.ledger)
    assert taker.ledger.epoch_ends(1, 9) == chain.ledger.epoch_ends(1, 9)


def test_the_adopted_ledger_goes_on() -> None:
    """SY8: blocks on top of a snapshot give the same roots, and what is proved of them is the same."""
    chain = small_chain()
    taker = Taker(chain)
    taker.begin()
    taker.run()
    twin = twin_of(chain, taker)
    pay = "peer_to_peer_with_metadata"
    for amount in (1, 2, 3, 4):
        block = chain.add(chain.sign(DEALER, pay, "XUS", US.address, amount, b"", b""))
        assert twin.add(twin.sign(DEALER, pay, "XUS", US.address, amount, b"", b"")).id == block.id
    assert (twin.ledger.tip_root, twin.ledger.tip_version) == (chain.ledger.tip_root, chain.ledger.tip_version)
    version = chain.ledger.tip_version
    assert twin.transaction(version) == chain.transaction(version)
    assert twin.account(US.address) == chain.account(US.address)
    assert twin.proof() == chain.proof()
    assert twin.prover.consistency(0) == chain.prover.consistency(0)
    again = Ledger(chain.ledger.document, taker.store)
    assert again.tip_root == chain.ledger.tip_root


@pytest.mark.parametrize("seed", range(60))
def test_every_lie_is_noticed_and_another_peer_asked(seed: int) -> None:
    """SY4: who answers with anything wrong is named, and not asked again while another can be."""
    chain = small_chain()
    if seed % 2:
        chain.end_epoch({0: VALIDATORS[0], 1: VALIDATORS[2], 2: VALIDATORS[3]})
        chain.add()
        chain.add()
    stream = Entropy(seed).stream("lies")
    taker = Taker(chain)
    lies = 0

    def bend(giver: int, message: Message) -> Message:
        nonlocal lies
        if giver != 1 or lies:
            return message
        if isinstance(message, Chunk) and message.items:
            lies += 1
            return bend_chunk(message, stream)
        return message

    def bend_offers(giver: int, message: Message) -> Message:
        nonlocal lies
        if giver == 0 and isinstance(message, SnapshotOffer):
            lies += 1
            return bend_offer(message, stream)
        return message

    liar, how = (1, bend) if seed % 3 else (0, bend_offers)
    taker.begin()
    taker.run(how)
    assert lies == 1
    assert [(name, peer) for name, _, peer in taker.alarms] == [("snapshot_refused", liar)]
    assert taker.snapshot is not None
    assert same_state(taker.ledger, chain.ledger)
    place = taker.asked.index(liar)
    assert liar not in taker.asked[place + 1 :]


def fields_of(message: Message) -> list[tuple[str, Message]]:
    """The same answer with one field changed, each field once."""
    assert isinstance(message, Chunk | SnapshotOffer)
    changed: list[tuple[str, Message]] = []
    if isinstance(message, Chunk):
        name, data, *rest = message.items
        changed += [
            ("key", message._replace(items=(name[:-1] + bytes([name[-1] ^ 1]), data, *rest))),
            ("record", message._replace(items=(name, data[:-1] + bytes([data[-1] ^ 1]), *rest))),
            ("fewer", message._replace(items=message.items[:-2])),
            ("depth", message._replace(depth=message.depth + 1)),
            ("shallow", message._replace(depth=message.depth - 1)),
            ("sibling", message._replace(siblings=(bytes(32), *message.siblings[1:]))),
            ("more siblings", message._replace(siblings=(*message.siblings, bytes(32)))),
            ("order", message._replace(items=(*message.items[2:4], *message.items[:2], *message.items[4:]))),
        ]
        return changed
    kind, data, info, events = message.entry
    certificate = message.certificate
    assert certificate.commit is not None
    other = QuorumCertificate(certificate.data, certificate.commit, certificate.signatures[:-1])
    commit = certificate.commit._replace(version=certificate.commit.version + 1)
    return [
        ("too few signers", message._replace(certificate=other)),
        ("commit", message._replace(certificate=certificate._replace(commit=commit))),
        ("epochs", message._replace(epochs=(certificate,))),
        ("block", message._replace(block=message.block._replace(header=message.block.header._replace(round=99)))),
        ("author", message._replace(block=message.block._replace(signature=bytes(64)))),
        ("kind", message._replace(entry=(kind ^ 1, data, info, events))),
        ("data", message._replace(entry=(kind, data + b"\xc0", info, events))),
        ("info", message._replace(entry=(kind, data, info[:-1] + bytes([info[-1] ^ 1]), events))),
        ("events", message._replace(entry=(kind, data, info, (*events, *events)))),
        ("path", message._replace(path=(bytes(32), *message.path[1:]))),
        ("path length", message._replace(path=message.path[:-1])),
        ("subtrees", message._replace(subtrees=(bytes(32), *message.subtrees[1:]))),
        ("subtrees length", message._replace(subtrees=(*message.subtrees, bytes(32)))),
    ]


def answers() -> tuple[SnapshotOffer, Chunk]:
    """An honest offer and its first chunk."""
    found: list[Message] = []
    taker = Taker(small_chain())
    taker.begin()
    taker.run(lambda _, message: found.append(message) or message)  # type: ignore[func-returns-value]
    offer, chunk = found[:2]
    assert isinstance(offer, SnapshotOffer)
    assert isinstance(chunk, Chunk)
    return offer, chunk


@pytest.mark.parametrize("place", range(13))
def test_each_field_of_an_offer_counts(place: int) -> None:
    """SY3: no field of an offer goes unchecked."""
    what, bent = fields_of(answers()[0])[place]
    taker = Taker(small_chain())
    taker.begin()
    taker.take(0, bent)
    assert [(name, peer) for name, _, peer in taker.alarms] == [("snapshot_refused", 0)], what
    assert taker.store.row(Column.META, SYNC_ROW) is None


@pytest.mark.parametrize("place", range(8))
def test_each_field_of_a_chunk_counts(place: int) -> None:
    """SY5: no leaf that a root does not prove is staged."""
    offer, chunk = answers()
    what, bent = fields_of(chunk)[place]
    taker = Taker(small_chain())
    taker.begin()
    taker.take(0, offer)
    taker.take(1, bent)
    assert [(name, peer) for name, _, peer in taker.alarms] == [("snapshot_refused", 1)], what
    assert list(taker.store.staged()) == []
    taker.take(2, chunk)
    assert len(list(taker.store.staged())) == CHUNK, what


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK + 1])
def test_a_chunk_of_another_size_is_refused(size: int) -> None:
    """SY6: fewer leaves than a chunk has are refused unless they are the last, more always, though they are proved."""
    chain = small_chain()
    taker = Taker(chain)
    taker.begin()
    taker.deliver()
    other = Taker(chain, chunk_leaves=size)
    other.begin()
    found: list[Message] = []
    other.run(lambda _, message: found.append(message) or message)  # type: ignore[func-returns-value]
    taker.take(1, found[1])
    assert [(name, peer) for name, _, peer in taker.alarms] == [("snapshot_refused", 1)]
    assert "are no chunk" in taker.alarms[0][1]
    assert list(taker.store.staged()) == []


def test_who_lied_is_not_heard_again() -> None:
    """SY4: nothing more is taken from who lied: neither a true answer, nor another alarm or request for a lie."""
    offer, chunk = answers()
    taker = Taker(small_chain())
    taker.begin()
    taker.take(0, offer)
    taker.take(1, chunk._replace(depth=chunk.depth + 1))
    asked = len(taker.asked)
    for message in (chunk, chunk._replace(depth=chunk.depth + 1)):
        taker.take(1, message)
    assert (len(taker.alarms), len(taker.asked)) == (1, asked)
    assert list(taker.store.staged()) == []


def test_when_all_lied_all_are_asked_again() -> None:
    """SY4: with nobody else left, those who lied get another chance."""
    taker = Taker(small_chain())
    lies = 0

    def bend(_: int, message: Message) -> Message:
        nonlocal lies
        if isinstance(message, Chunk) and message.items and lies < 3:
            lies += 1
            return message._replace(depth=message.depth + 1)
        return message

    taker.begin()
    taker.run(bend)
    assert {peer for _, _, peer in taker.alarms} == set(GIVERS)
    assert taker.snapshot is not None


def test_answers_that_nobody_asked_for_are_no_news() -> None:
    """SY4: another version, another place, a stranger, a second offer: nothing changes and nobody is blamed."""
    offer, chunk = answers()
    taker = Taker(small_chain())
    taker.take(0, offer)
    assert taker.written == []
    taker.begin()
    taker.take(9, offer)
    assert taker.written == []
    taker.take(0, offer)
    written = len(taker.written)
    taker.take(0, offer)
    for other in (chunk._replace(version=10), chunk._replace(after=leaf_key(chunk.items[0]))):
        taker.take(0, other)
    taker.take(9, chunk)
    taker.take(3, SnapshotWritten(11))
    assert len(taker.written) == written
    assert taker.alarms == []


def test_an_offer_after_the_end_is_no_news() -> None:
    """SY4: who took a snapshot and wants no other one begins none, however new it is."""
    chain = small_chain()
    taker = Taker(chain)
    taker.begin()
    taker.run()
    for _ in range(3):
        chain.add()
    newer = make_offer(chain.ledger, chain.ledger.tip_height, chain.ledger.tip_version)
    assert newer is not None
    written, asked = len(taker.written), len(taker.asked)
    taker.take(0, newer)
    assert (len(taker.written), len(taker.asked), taker.sync.is_active) == (written, asked, False)


def test_a_peer_that_is_behind_too_is_no_liar() -> None:
    """SY4: a state that is not newer than ours, or far behind what is certified, is refused without blame."""
    chain = small_chain()
    taker = Taker(chain)
    taker.begin(5_011)
    taker.deliver()
    assert taker.alarms == []
    assert taker.store.row(Column.META, SYNC_ROW) is None
    assert taker.asked == [0, 1]
    level = Taker(chain)
    level.begin(5_010)
    level.deliver()
    assert level.store.row(Column.META, SYNC_ROW) is not None


def test_a_state_that_nobody_serves_any_more_is_given_up_for_a_newer_one() -> None:
    """SY6: after three rounds of asking without a good chunk the staged part goes, and another offer is asked for."""
    taker = Taker(small_chain())
    taker.begin()
    taker.run(lambda _, message: message, steps=3)
    assert list(taker.store.staged()) != []
    empty = offers = 0

    def nothing(_: int, message: Message) -> Message:
        nonlocal empty, offers
        offers += isinstance(message, SnapshotOffer)
        if isinstance(message, Chunk) and empty < 10:
            empty += 1
            return message._replace(items=(), siblings=())
        return message

    taker.run(nothing)
    assert (empty, offers) == (10, 1)
    assert taker.snapshot is not None
    assert taker.alarms == []
    assert same_state(taker.ledger, taker.chain.ledger)


def test_one_peer_cannot_talk_us_out_of_a_snapshot() -> None:
    """SY4: "I have nothing" counts from who was asked last, and once: said again and again, or by somebody who was not
    asked, it costs neither what is fetched nor a request."""
    offer, chunk = answers()
    taker = Taker(small_chain())
    taker.begin()
    taker.take(0, offer)
    taker.take(1, chunk)
    asked, staged = list(taker.asked), dict(taker.store.staged())
    nothing = chunk._replace(after=leaf_key(chunk.items[-2]), items=(), siblings=())
    for _ in range(20):
        taker.take(1, nothing)
    assert (taker.asked, dict(taker.store.staged())) == (asked, staged)
    for _ in range(20):
        taker.take(asked[-1], nothing)
    assert taker.asked == [*asked, GIVERS[(asked[-1] + 1) % 3]]
    assert dict(taker.store.staged()) == staged
    taker.run()
    assert taker.snapshot is not None


def test_old_offers_of_who_was_not_asked_cost_no_request() -> None:
    """SY4: the same for offers of somebody who is behind too."""
    offer, _ = answers()
    taker = Taker(small_chain())
    taker.begin(5_011)
    assert taker.asked == [0]
    for _ in range(20):
        taker.take(1, offer)
    assert taker.asked == [0]
    for _ in range(20):
        taker.take(0, offer)
    assert taker.asked == [0, 1]


def test_an_unanswered_request_goes_to_the_next_peer() -> None:
    """SY4: nobody is waited for longer than SYNC_RETRY_US."""
    taker = Taker(small_chain())
    taker.begin()
    taker.run(lambda giver, message: None if giver == 0 else message)
    assert taker.asked[:2] == [0, 1]
    assert taker.snapshot is not None


@pytest.mark.parametrize("steps", range(1, 9))
def test_interrupted_at_any_moment_it_goes_on(steps: int) -> None:
    """SY7: after a crash the staged leaves are taken up again; the ledger is the old one, or the whole new one."""
    chain = small_chain()
    first = Taker(chain)
    first.begin()
    for _ in range(steps):
        if not first.sync.is_switching:
            first.deliver()
    staged = len(list(first.store.staged()))
    second = Taker(chain, first.store)
    if second.ledger.base.version:
        assert same_state(second.ledger, chain.ledger)
        return
    second.begin()
    second.run()
    assert second.alarms == []
    assert same_state(second.ledger, chain.ledger)
    chunks = -(-len(list(chain.store.states())) // CHUNK)
    assert len(second.asked) == (1 if not staged and steps == 0 else 0) + chunks - staged // CHUNK


def test_leaves_without_an_offer_are_dropped() -> None:
    """SY7: what was staged for no known snapshot is forgotten at the start."""
    taker = Taker(small_chain())
    taker.begin()
    taker.run(steps=3)
    batch = taker.written[-1]
    assert batch.staged
    batch.rows = [(Column.META, SYNC_ROW, None)]
    taker.store.write(batch)
    again = Taker(taker.chain, taker.store)
    again.begin(0)
    assert list(taker.store.staged()) == []


def test_blocks_that_come_first_end_it() -> None:
    """SY1: a validator that is level by blocks after all drops what it has of a snapshot."""
    chain = small_chain()
    taker = Taker(chain)
    taker.begin(11)
    taker.run(steps=3)
    assert list(taker.store.staged()) != []
    taker.ledger.tip.version = 11
    taker.fire()
    assert not taker.sync.is_active
    assert list(taker.store.staged()) == []
    assert taker.store.row(Column.META, SYNC_ROW) is None


def test_indexes_begin_with_the_snapshot() -> None:
    """SY8: postings of the snapshot's last version and of genesis only."""
    chain = small_chain()
    taker = Taker(chain)
    taker.begin()
    taker.run()
    assert taker.store.postings(Index.TRANSACTION_BY_SENDER, DEALER.address, 0, 10) == []
    assert chain.store.postings(Index.TRANSACTION_BY_SENDER, DEALER.address, 0, 10) != []
    tip = chain.ledger.tip.block_id[:8]
    assert taker.store.postings(Index.BLOCK_BY_ID, tip, 0, 9) == [(6, 6)]
    assert read_base(taker.store) == Base(11, 6)


def test_who_needs_none_asks_for_none() -> None:
    """SY1: a snapshot is taken from `snapshot_behind` versions on, both sides of the limit, and never with None."""
    chain = small_chain()
    for behind, expected in ((11, False), (10, True), (None, False)):
        taker = Taker(chain, behind=behind)
        taker.begin(11)
        assert taker.sync.is_active is expected, behind
        assert bool(taker.asked) is expected


def test_a_request_is_answered_within_a_rate() -> None:
    """SY9: 50 answers a second to one peer, counted together; the next second begins anew."""
    chain = small_chain()
    taker = Taker(chain)
    giver = taker.givers[0]
    from chain.interface import Output

    def answered(message: SnapshotRequest | ChunkRequest, now_us: int) -> int:
        out = Output()
        giver.on_message(3, message, now_us, out)
        return len(out.send_now)

    assert sum(answered(SnapshotRequest(0), 1_000_000 + at) for at in range(30)) == 30
    assert sum(answered(ChunkRequest(11, b""), 1_500_000 + at) for at in range(30)) == 20
    assert answered(ChunkRequest(11, b""), 2_000_000) == 1
    assert answered(SnapshotRequest(11), 2_000_001) == 0
