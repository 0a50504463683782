"""Each change of a liar does what its line says, and nothing else: a liar that grew tame would be noticed here."""

from collections.abc import Callable
from typing import Any

import pytest

from chain.block import payload_root, proposal_message
from chain.certificates import CommitInfo, QuorumCertificate, timeout_message, verify_qc, vote_message
from chain.codec import encode
from chain.crypto.signing import RealSignatures, Scheme, SignatureCheck
from chain.errors import MithqalError
from chain.evidence import EvidenceKind, prove
from chain.messages import (
    Accusation,
    BlockResponse,
    CommittedResponse,
    EpochChange,
    Proposal,
    SyncInfo,
    Timeout,
    Vote,
    decode_message,
    encode_message,
)
from chain.primitives import Hash
from node.sim.bending import CHANGES, GARBAGE, KEPT_CERTIFICATES, ORDER_OF_ED25519, Bender, Memory, frame, place_of
from tests.chain.consensus.conftest import GENESIS_HASH, Committee

FOUR = Committee(4)
LIAR, OTHER = 2, 1
B1 = FOUR.block(1, FOUR.genesis_qc)
Q1 = FOUR.qc(B1)
B2 = FOUR.block(2, Q1, payload=(b"one", b"two"))
Q2 = FOUR.qc(B2, B1)
B3 = FOUR.block(3, Q2)
Q3 = FOUR.qc(B3, B2)
NOWHERE = Hash(bytes(32))


def timeout_of(author: int, round_: int, qc: QuorumCertificate) -> Timeout:
    """Signed."""
    signature = FOUR.keys[author].sign(timeout_message(1, round_, qc.round, GENESIS_HASH))
    return Timeout(1, round_, author, signature, SyncInfo(qc, Q2 if qc is Q3 else FOUR.genesis_qc, None))


@pytest.fixture
def memory() -> Memory:
    """Three rounds were heard of, and time-outs of round 4 that show 1, 2, 3 and genesis."""
    heard = Memory()
    for block in (B1, B2, B3):
        heard.note(Proposal(block, FOUR.genesis_qc))
    heard.note(SyncInfo(Q3, Q3, None))
    for author, qc in ((0, Q1), (1, Q2), (2, Q3), (3, FOUR.genesis_qc)):
        heard.note(timeout_of(author, 4, qc))
    return heard


@pytest.fixture
def bent(memory: Memory) -> Callable[..., Any]:
    """What the liar, validator 2, makes of a message; None if there is nothing to make it from."""
    bender = Bender(LIAR, FOUR.keys[LIAR], GENESIS_HASH, FOUR.set.quorum, memory)

    def make(message: Any, number: int = 0, **change: Any) -> Any:
        data = bender.bend(message, change, number)
        return None if data is None else decode_message(data)

    return make


def vote_of(author: int = LIAR, qc: QuorumCertificate = Q2) -> Vote:
    """For a block that has a certificate."""
    return Vote(qc.data, qc.commit, author, dict(qc.signatures).get(author, b"s" * 64))


def is_signed(message: Any, genesis_hash: bytes = GENESIS_HASH, author: int = LIAR) -> bool:
    """Whether the liar signed it as what it is."""
    match message:
        case Vote():
            data, signature = vote_message(message.data, message.commit, genesis_hash), message.signature
        case Timeout():
            high = message.sync.high_qc.round
            data, signature = timeout_message(message.epoch, message.round, high, genesis_hash), message.signature
        case _:
            data, signature = proposal_message(message.block.header, genesis_hash), message.block.signature
    key = FOUR.keys[author].public_key
    return RealSignatures().verify(SignatureCheck(Scheme.ED25519, key, data, signature))


VOTE = vote_of()
TIMEOUT = timeout_of(LIAR, 4, Q3)
PROPOSAL = Proposal(B2, Q1)


def test_nothing_changed_is_the_same_message(bent: Callable[..., Any]) -> None:
    """But for its author and signature, which are the liar's own: it can forge no other one."""
    assert bent(VOTE) == VOTE
    assert bent(TIMEOUT) == TIMEOUT
    assert bent(SyncInfo(Q3, Q2, None)) == SyncInfo(Q3, Q2, None)
    same = bent(PROPOSAL)
    assert same.block.header == B2.header._replace(author=LIAR)
    assert (same.block.payload, same.block.parent_qc, same.high_commit) == (B2.payload, Q1, Q1)
    assert is_signed(same)
    assert bent(vote_of(OTHER)) == vote_of(LIAR)


# --- votes ---


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"epoch": 1}, {"epoch": 2}),
        ({"root": "flip"}, {"root": Hash(bytes([Q2.data.root[0] ^ 1]) + Q2.data.root[1:])}),
        ({"block": "other"}, {"block_id": Hash(bytes([B2.id[0] ^ 1]) + B2.id[1:])}),
    ],
)
def test_a_vote_about_something_else(bent: Callable[..., Any], change: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Well signed: what it says is the lie, not its signature."""
    made = bent(VOTE, **change)
    assert (made.data, made.commit) == (Q2.data._replace(**wanted), Q2.commit)
    assert is_signed(made)


def test_a_vote_of_another_round_commits_nothing(bent: Callable[..., Any]) -> None:
    """`round`: so many later; each copy of a step is one round above the one before."""
    for number, change, round_ in ((0, {"round": 1}, 3), (0, {"round": -1}, 1), (2, {"round": 1}, 5), (3, {}, 5)):
        made = bent(VOTE, number, **change)
        assert (made.data.round, made.commit) == (round_, None)
        assert is_signed(made)
    none = bent(VOTE, commit="none")
    assert (none.data, none.commit) == (Q2.data, None)
    assert is_signed(none)


@pytest.mark.parametrize("message", [VOTE, TIMEOUT, PROPOSAL], ids=["vote", "timeout", "proposal"])
def test_signatures_are_wrong_in_their_way(bent: Callable[..., Any], message: Any) -> None:
    """`flip`, `malleate`, `other_chain`, `other_type`: what is said stays, and the signature is not the one for it."""

    def signature(made: Any) -> bytes:
        found: bytes = made.block.signature if isinstance(made, Proposal) else made.signature
        return found

    good = bent(message)
    for how in ("flip", "malleate", "other_chain", "other_type"):
        made = bent(message, signature=how)
        assert not is_signed(made), how
        assert signature(made) != signature(good)
    assert is_signed(bent(message, signature="other_chain"), bytes(32))
    flipped = signature(bent(message, signature="flip"))
    assert (flipped[0] ^ 1, flipped[1:]) == (signature(good)[0], signature(good)[1:])
    scalar = int.from_bytes(signature(good)[32:], "little") + ORDER_OF_ED25519
    assert signature(bent(message, signature="malleate")) == signature(good)[:32] + scalar.to_bytes(32, "little")


def test_a_signature_of_another_type(bent: Callable[..., Any]) -> None:
    """H3: a vote with a time-out's signature over its rounds, and the other way round; a block with a time-out's."""
    port, key = RealSignatures(), FOUR.keys[LIAR].public_key

    def signed(data: bytes, signature: bytes) -> bool:
        return port.verify(SignatureCheck(Scheme.ED25519, key, data, signature))

    assert signed(timeout_message(1, 2, 1, GENESIS_HASH), bent(VOTE, signature="other_type").signature)
    assert signed(vote_message(Q3.data, Q3.commit, GENESIS_HASH), bent(TIMEOUT, signature="other_type").signature)
    block = bent(PROPOSAL, signature="other_type").block
    assert signed(timeout_message(1, 2, 1, GENESIS_HASH), block.signature)


def test_whoever_it_pretends_to_be(bent: Callable[..., Any]) -> None:
    """`author`: a distance from its own number; it still signs with its own key."""
    assert bent(VOTE, author=-1).author == bent(TIMEOUT, author=-1).author == LIAR - 1
    assert bent(PROPOSAL, author=1).block.header.author == LIAR + 1
    for message in (VOTE, TIMEOUT, PROPOSAL):
        assert is_signed(bent(message, author=1))


# --- time-outs and what is shown ---


@pytest.mark.parametrize(
    ("which", "shown"), [("genesis", FOUR.genesis_qc), ("lowest", FOUR.genesis_qc), ("older", Q2), ("highest", Q3)]
)
def test_a_time_out_shows_another_certificate(bent: Callable[..., Any], which: str, shown: QuorumCertificate) -> None:
    """`qc`: signed for what it shows, and with no commit above that."""
    made = bent(TIMEOUT, qc=which)
    assert made.sync.high_qc == shown
    assert made.sync.high_commit == min(Q2, shown, key=lambda qc: qc.round)
    assert (made.epoch, made.round, made.author) == (1, 4, LIAR)
    assert is_signed(made)


def test_certificates_below_the_round(bent: Callable[..., Any]) -> None:
    """None is shown that would lie above: the highest one below the round that is given up."""
    assert bent(timeout_of(LIAR, 3, Q1), qc="highest").sync.high_qc == Q2
    assert bent(timeout_of(LIAR, 2, Q1), qc="older").sync.high_qc == FOUR.genesis_qc
    later = bent(TIMEOUT, round=2, epoch=1)
    assert (later.round, later.epoch, later.sync.high_qc) == (6, 2, Q3)
    assert is_signed(later)
    assert bent(TIMEOUT, round=-1, qc="highest").sync.high_qc == Q2


def test_a_certificate_that_nobody_signed(bent: Callable[..., Any]) -> None:
    """`claim_round`: another round on an old certificate; `signers`: one of them twice, or one too few."""
    claimed = bent(TIMEOUT, claim_round=9).sync.high_qc
    assert claimed == Q3._replace(data=Q3.data._replace(round=9))
    twice = bent(TIMEOUT, signers="duplicate").sync.high_qc.signatures
    assert twice == (*Q3.signatures[:-1], Q3.signatures[0])
    fewer = bent(TIMEOUT, signers="fewer").sync.high_qc.signatures
    assert fewer == Q3.signatures[: FOUR.set.quorum - 1]
    for change in ({"claim_round": 9}, {"signers": "duplicate"}, {"signers": "fewer"}):
        with pytest.raises(MithqalError):
            verify_qc(bent(TIMEOUT, **change).sync.high_qc, FOUR.set, FOUR.genesis_qc, GENESIS_HASH, FOUR.signatures)
    wide = FOUR.qc(B3, B2, range(4))
    assert len(bent(SyncInfo(wide, Q2, None), signers="fewer").high_qc.signatures) == 2


def test_a_sync_info_shows_another_certificate(bent: Callable[..., Any]) -> None:
    """`qc` leaves its commit; a claim stands for both."""
    assert bent(SyncInfo(Q3, Q2, None), qc="older") == SyncInfo(Q2, Q2, None)
    claimed = Q3._replace(data=Q3.data._replace(round=77))
    assert bent(SyncInfo(Q3, Q2, None), claim_round=77) == SyncInfo(claimed, claimed, None)


# --- proposals ---


def test_another_block_of_the_round(bent: Callable[..., Any]) -> None:
    """`time_ms`, `height`, `epoch`, `round`: its header alone, well signed, over the same parent."""
    own, time_us = B2.header._replace(author=LIAR), B2.header.timestamp_us
    for change, header in (
        ({"time_ms": 3}, own._replace(timestamp_us=time_us + 3_000)),
        ({"time_ms": 0.001}, own._replace(timestamp_us=time_us + 1)),
        ({"height": 2}, own._replace(height=4)),
        ({"round": 5}, own._replace(round=7)),
    ):
        made = bent(PROPOSAL, **change).block
        assert made.header == header, change
        assert (made.payload, made.parent_qc) == (B2.payload, Q1)
        assert is_signed(bent(PROPOSAL, **change))
    for refused, name in (({"time_ms": -10_000_000}, "time_order"), ({"epoch": 1}, "wrong_epoch")):
        with pytest.raises(MithqalError) as caught:
            bent(PROPOSAL, **refused)
        assert caught.value.name == name, "its reader sees it at once"


@pytest.mark.parametrize(
    ("how", "payload"),
    [
        ("empty", ()), ("garbage", (b"one", b"two", GARBAGE)), ("twice", (b"one", b"two", b"one", b"two")),
        ("reversed", (b"two", b"one")), ("flip", (b"on\x64", b"twn")),
    ],
)  # fmt: skip
def test_another_payload(bent: Callable[..., Any], how: str, payload: tuple[bytes, ...]) -> None:
    """Under a header that fits it."""
    made = bent(PROPOSAL, payload=how)
    assert made.block.payload == payload
    assert made.block.header.payload_root == payload_root(payload)
    assert is_signed(made)


def test_a_block_on_another_certificate(bent: Callable[..., Any]) -> None:
    """`qc`: the height is one above the block that the certificate names; `tc`: of the time-outs of the round before,
    the lowest quorum or the highest; `qc` = `tc`: on what that shows."""
    proposal = Proposal(FOUR.block(5, Q3, FOUR.tc(4, [Q3] * 3), height=4), Q3)
    old = bent(proposal, qc="older").block
    assert (old.parent_qc, old.header.height) == (Q2, 3)
    assert old.tc == proposal.block.tc
    assert bent(proposal, tc="none").block.tc is None
    lowest = bent(proposal, tc="lowest").block
    assert lowest.tc is not None
    assert [entry[:2] for entry in lowest.tc.entries] == [(0, 1), (1, 2), (3, 0)]
    assert (lowest.tc.round, lowest.tc.high_qc, lowest.parent_qc) == (4, Q2, Q3)
    highest = bent(proposal, tc="highest").block
    assert highest.tc is not None
    assert [entry[:2] for entry in highest.tc.entries] == [(0, 1), (1, 2), (2, 3)]
    assert highest.tc.high_qc == Q3
    on_it = bent(proposal, tc="lowest", qc="tc").block
    assert (on_it.parent_qc, on_it.header.height) == (Q2, 3)
    for made in (lowest, highest, on_it):
        assert made.tc is not None
        made.tc.verify(FOUR.set, FOUR.genesis_qc, GENESIS_HASH, FOUR.signatures)
        assert is_signed(Proposal(made, Q3))
    assert bent(PROPOSAL, qc="tc").block.parent_qc == Q1, "it has none"


# --- other kinds made of what was heard ---


def test_a_vote_or_time_out_of_its_own(bent: Callable[..., Any]) -> None:
    """`as`: the liar votes for whatever was voted for, and gives up whatever round was heard of."""
    made = bent(vote_of(OTHER), **{"as": "vote"})
    assert (made, is_signed(made)) == (vote_of(LIAR), True)
    gone = bent(vote_of(OTHER, Q3), **{"as": "timeout"})
    assert (gone.epoch, gone.round, gone.author, gone.sync) == (1, 3, LIAR, SyncInfo(Q2, Q3, None))
    assert is_signed(gone)
    far = bent(vote_of(OTHER, Q3), **{"as": "timeout", "round": 70})
    assert far.round == 73
    assert bent(TIMEOUT, **{"as": "vote"}) is None
    assert bent(TIMEOUT, **{"as": "accusation"}) is None


def test_a_timeout_certificate_of_the_lowest(bent: Callable[..., Any]) -> None:
    """`as` = `tc`: of the time-outs that were heard of that round, once there is a quorum of them; T11: with a claim,
    its own entry names a round that no certificate has."""
    made = bent(TIMEOUT, **{"as": "tc"})
    assert [entry[:2] for entry in made.tc.entries] == [(0, 1), (1, 2), (3, 0)]
    assert (made.high_qc, made.tc.high_qc, made.tc.round) == (Q2, Q2, 4)
    claimed = bent(TIMEOUT, **{"as": "tc", "claim_round": 99}).tc
    assert [entry[:2] for entry in claimed.entries] == [(0, 1), (LIAR, 99), (3, 0)]
    assert claimed.high_qc.round == 99
    kept = bent(TIMEOUT, **{"as": "tc", "claim_round": 99, "qc": "lowest"}).tc
    assert (kept.high_qc.round, kept.entries) == (1, claimed.entries)
    own = {author: signature for author, _, signature in claimed.entries}[LIAR]
    check = SignatureCheck(Scheme.ED25519, FOUR.keys[LIAR].public_key, timeout_message(1, 4, 99, GENESIS_HASH), own)
    assert RealSignatures().verify(check)
    assert bent(timeout_of(LIAR, 5, Q3), **{"as": "tc"}) is None, "nobody was heard to give that round up"


def test_two_time_outs_and_its_own_are_a_quorum() -> None:
    """With a claim its own counts: two others are enough, one is not, and without a claim three are needed."""
    memory = Memory()
    memory.note(SyncInfo(Q3, Q3, None))
    bender = Bender(LIAR, FOUR.keys[LIAR], GENESIS_HASH, FOUR.set.quorum, memory)
    made = []
    for author in (LIAR, 0, 1):
        memory.note(timeout_of(author, 4, Q3))
        made.append((bender.bend(TIMEOUT, {"as": "tc"}), bender.bend(TIMEOUT, {"as": "tc", "claim_round": 9})))
    assert [(plain is not None, claimed is not None) for plain, claimed in made] == [
        (False, False), (False, False), (True, True),
    ]  # fmt: skip


def test_a_forged_accusation(bent: Callable[..., Any]) -> None:
    """An honest vote, and beside it one that only the liar signed: in the right form, and it proves nothing."""
    made = bent(vote_of(OTHER), **{"as": "accusation"})
    assert isinstance(made, Accusation)
    evidence = made.evidence
    assert (evidence.kind, evidence.epoch, evidence.author) == (EvidenceKind.DOUBLE_VOTE, 1, OTHER)
    assert encode(evidence.first.body) < encode(evidence.second.body)
    assert {evidence.first.signature, evidence.second.signature} > {vote_of(OTHER).signature}
    with pytest.raises(MithqalError) as caught:
        prove(evidence, FOUR.keys[OTHER].public_key, GENESIS_HASH, RealSignatures())
    assert caught.value.name == "bad_signature"


def test_the_end_of_an_epoch_of_its_own(bent: Callable[..., Any]) -> None:
    """`as` = `end`: a set of itself alone, signed by itself alone, a little later than what was heard."""
    made = bent(vote_of(OTHER, Q3), **{"as": "end"})
    assert isinstance(made, EpochChange)
    (end,) = made.ends
    commit = end.commit
    assert isinstance(commit, CommitInfo)
    assert commit.next_epoch is not None
    assert [member.consensus_key for member in commit.next_epoch.members] == [FOUR.keys[LIAR].public_key]
    assert (commit.next_epoch.epoch, commit.round, end.data.round, end.data.parent_round) == (2, 7, 8, 7)
    assert (end.data.parent_id, end.data.next_validators) == (commit.block_id, commit.next_epoch.hash)
    assert Q3.commit is not None
    assert commit.block_id != Q3.commit.block_id
    ((author, signature),) = end.signatures
    assert is_signed(Vote(end.data, commit, author, signature))


def test_nothing_is_made_of_nothing() -> None:
    """A liar that has heard nothing has nothing to show."""
    bender = Bender(LIAR, FOUR.keys[LIAR], GENESIS_HASH, FOUR.set.quorum, Memory())
    for kind in ("timeout", "tc", "end"):
        assert bender.bend(vote_of(OTHER), {"as": kind}) is None
    same = bender.bend(TIMEOUT, {"qc": "lowest"})
    assert same is not None
    assert decode_message(same) == TIMEOUT


# --- answers and frames ---


def test_blocks_of_an_answer(bent: Callable[..., Any]) -> None:
    """`none`, `first` or `again`; the proof of committed ones is bent as a certificate is."""
    answer = BlockResponse(B2.id, (B1, B2))
    for how, blocks in (("none", ()), ("first", (B1,)), ("again", (B1, B2, B1, B2)), ("", (B1, B2))):
        assert bent(answer, blocks=how) == BlockResponse(B2.id, blocks)
    final = CommittedResponse(1, (B1, B2), Q3)
    assert bent(final, blocks="first") == final._replace(blocks=(B1,))
    assert len(bent(final, signers="fewer").proof.signatures) == 2
    assert bent(final._replace(proof=None), signers="fewer") == final._replace(proof=None)


@pytest.mark.parametrize(
    ("how", "made"),
    [
        ("", b"\x92\x01abcd"), ("truncated", b"\x92\x01a"), ("trailing", b"\x92\x01abcd\x00"), ("garbage", GARBAGE),
        ("huge_length", b"\x92\x01\xc6\xff\xff\xff\xff"), ("nonminimal", b"\x92\xcc\x01abcd"),
        ("map", b"\x92\x01\x82\xa1b\x01\xa1a\x02"), ("unknown_type", b"\x92\x7f\x90"),
        ("deep", b"\x92\x01" + b"\x91" * 10_000 + b"\xc0"),
    ],
)  # fmt: skip
def test_frames(how: str, made: bytes) -> None:
    """What stands on the link in the place of a message's bytes."""
    assert frame(b"\x92\x01abcd", how) == made


@pytest.mark.parametrize("how", ["truncated", "trailing", "garbage", "huge_length", "deep", "huge_int", "map",
                                 "nonminimal", "oversize", "unknown_type"])  # fmt: skip
def test_no_bent_frame_is_a_message(how: str) -> None:
    """Each of them is refused by whoever reads it; 'oversize' is above any frame."""
    assert how in CHANGES["bytes"]
    data = frame(encode_message(VOTE), how)
    with pytest.raises(MithqalError):
        decode_message(data)
    assert (len(data) > 4 << 20) is (how == "oversize")


# --- what it remembers ---


def test_memory_is_bounded_and_keeps_the_lowest() -> None:
    """'The oldest stays: it is the lowest to lie with'; the first certificate of a round counts."""
    memory = Memory()
    for round_ in range(KEPT_CERTIFICATES + 10):
        qc = Q3._replace(data=Q3.data._replace(round=round_))
        memory.note(SyncInfo(qc, qc, None))
        memory.note(Timeout(1, round_, 0, b"", SyncInfo(qc, qc, None)))
    assert len(memory.certificates) == len(memory.timeouts) == KEPT_CERTIFICATES
    assert sorted(round_ for _, round_ in memory.certificates) == [0, *range(11, KEPT_CERTIFICATES + 10)]
    assert min(memory.timeouts) == (1, 10)
    assert memory.commits[1].round == KEPT_CERTIFICATES + 9
    memory.note(SyncInfo(Q3, Q3, None))
    assert memory.commits[1].round == KEPT_CERTIFICATES + 9
    for kind, round_ in (("lowest", 0), ("genesis", 0), ("older", 264), ("highest", 265)):
        found = memory.certificate(kind, 1, 1_000)
        assert found is not None
        assert found.round == round_
    assert memory.certificate("highest", 2, 1_000) is None
    assert memory.certificate("highest", 1, 0) is None


def test_heights_of_blocks_and_their_parents() -> None:
    """So that a block on an older certificate has the right height; the oldest go."""
    memory = Memory()
    memory.note(Proposal(B2, Q1))
    assert memory.heights == {B2.id: 2, B1.id: 1}
    for round_ in range(10, 10 + KEPT_CERTIFICATES):
        memory.note(Proposal(FOUR.block(round_, Q1, height=9, author=0), Q1))
    assert len(memory.heights) <= KEPT_CERTIFICATES
    assert B2.id not in memory.heights


def test_places() -> None:
    """Epoch and round of what was heard; a sync info is about the furthest that it shows."""
    assert place_of(PROPOSAL) == (1, 2)
    assert place_of(VOTE) == (1, 2)
    assert place_of(TIMEOUT) == (1, 4)
    assert place_of(SyncInfo(Q3, Q2, None)) == (1, 3)
    assert place_of(SyncInfo(Q3, Q2, FOUR.tc(7, [Q3] * 3))) == (1, 7)
    assert place_of(BlockResponse(NOWHERE, ())) == (0, 0)
