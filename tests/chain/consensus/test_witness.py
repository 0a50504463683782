"""The witness finds what contradicts itself and nothing else, forgets by rounds, and checks before it believes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.block import proposal_message
from chain.certificates import CommitInfo, QuorumCertificate, timeout_message, vote_message
from chain.consensus.safety import SafetyRules
from chain.consensus.witness import SeenTimeout, SeenVote, Witness
from chain.crypto.signing import RealSignatures
from chain.errors import SafetyError
from chain.evidence import EvidenceKind, verify_evidence
from chain.limits import FUTURE_ROUNDS, WITNESSED_ROUNDS
from chain.primitives import Hash
from tests.chain.consensus.conftest import GENESIS_HASH, Committee

FOUR = Committee(4)
LIAR = 2
BAD = b"\x01" * 64


def witness() -> Witness:
    """One that has seen nothing."""
    return Witness(FOUR.set, GENESIS_HASH, RealSignatures())


def vote(round_: int, parent_round: int = 0, fill: int = 1, *, signature: bytes | None = None) -> SeenVote:
    """Of the liar."""
    data = FOUR.qc(FOUR.block(1, FOUR.genesis_qc)).data._replace(
        round=round_, parent_round=parent_round, root=Hash(bytes([fill]) * 32)
    )
    return SeenVote(data, None, signature or FOUR.keys[LIAR].sign(vote_message(data, None, GENESIS_HASH)))


def timeout(round_: int, shown: int) -> SeenTimeout:
    """Of the liar."""
    return SeenTimeout(round_, shown, FOUR.keys[LIAR].sign(timeout_message(1, round_, shown, GENESIS_HASH)))


def header(round_: int, time_us: int) -> tuple[Any, bytes]:
    """Of the liar."""
    made = FOUR.block(round_, FOUR.genesis_qc, author=LIAR, height=1, time_us=time_us).header
    return made, FOUR.keys[LIAR].sign(proposal_message(made, GENESIS_HASH))


def rise(seen: Witness, round_: int) -> None:
    """A certificate of that round."""
    seen.saw_qc(FOUR.qc(FOUR.block(round_, FOUR.genesis_qc, height=1), authors=()))


def found(seen: Witness) -> list[tuple[str, int]]:
    """Kinds and rounds of new evidence, each of which holds and names the liar."""
    taken = seen.take()
    for evidence in taken:
        assert verify_evidence(evidence, FOUR.set, GENESIS_HASH, RealSignatures()).number == LIAR
    return [(evidence.id.name, evidence.id.round) for evidence in taken]


def test_a_second_vote_is_evidence_once() -> None:
    """EV7: the first statement stays, what comes after it is held against it; known evidence is not made again."""
    seen = witness()
    seen.saw_vote(LIAR, vote(3))
    seen.saw_vote(LIAR, vote(3))
    assert found(seen) == []
    seen.saw_vote(LIAR, vote(3, fill=2))
    seen.saw_vote(LIAR, vote(3, fill=3))
    assert found(seen) == [("double_vote", 3)]
    assert found(seen) == []
    seen.saw_vote(LIAR, vote(4))
    seen.saw_vote(LIAR, vote(4, fill=2))
    assert found(seen) == [("double_vote", 4)]


def test_a_vote_that_commits_something_else_is_another_vote() -> None:
    """E2: a vote signs its data and what it commits."""
    seen, one = witness(), vote(3)
    seen.saw_vote(LIAR, one)
    commits = FOUR.genesis_info
    seen.saw_vote(
        LIAR, SeenVote(one.data, commits, FOUR.keys[LIAR].sign(vote_message(one.data, commits, GENESIS_HASH)))
    )
    assert found(seen) == [("double_vote", 3)]


def test_what_was_seen_before_costs_no_signature_check() -> None:
    """EV8: signatures are checked on a contradiction only: votes and blocks that are sent again contradict nothing."""

    class Counting(RealSignatures):
        checks = 0

        def verify(self, check: Any) -> bool:
            Counting.checks += 1
            return super().verify(check)

    seen = Witness(FOUR.set, GENESIS_HASH, Counting())
    for _ in range(3):
        seen.saw_vote(LIAR, vote(3, 2))
        seen.saw_header(*header(3, 5_000))
        seen.saw_timeout(LIAR, timeout(3, 2))
    assert (seen.take(), Counting.checks) == ([], 0)
    for _ in range(3):
        seen.saw_vote(LIAR, vote(3, 2, fill=2))
    assert (len(seen.take()), Counting.checks) == (1, 2), "known evidence is not judged again"


def test_two_blocks_of_one_round_are_evidence() -> None:
    """E1; the same block again, and blocks of other rounds, are nothing."""
    seen = witness()
    for one in (header(3, 5_000), header(3, 5_000), header(4, 5_000)):
        seen.saw_header(*one)
    assert found(seen) == []
    seen.saw_header(*header(3, 6_000))
    assert found(seen) == [("double_proposal", 3)]


def test_a_block_that_somebody_else_sends_is_compared_and_not_kept() -> None:
    """EV8: what nobody has checked may not take the place of what its author sends."""
    seen = witness()
    made, _ = header(3, 6_000)
    seen.saw_header(made, BAD, is_kept=False)
    seen.saw_header(*header(3, 5_000))
    seen.saw_header(made, BAD, is_kept=False)
    assert found(seen) == []
    seen.saw_header(*header(3, 6_000), is_kept=False)
    assert found(seen) == [("double_proposal", 3)]


@pytest.mark.parametrize("is_vote_first", [True, False])
@pytest.mark.parametrize(
    ("made", "given_up", "wanted"),
    [
        (vote(6, 5), timeout(6, 4), [("lock_lie", 6)]),
        (vote(6, 5), timeout(9, 4), [("lock_lie", 9)]),
        (vote(6, 5), timeout(9, 5), []),
        (vote(6, 5), timeout(5, 4), []),
    ],
)
def test_a_lock_lie_is_found_in_whatever_order_it_comes(
    is_vote_first: bool, made: SeenVote, given_up: SeenTimeout, wanted: list[Any]
) -> None:
    """E3."""
    seen = witness()
    if is_vote_first:
        seen.saw_vote(LIAR, made)
    seen.saw_timeout(LIAR, given_up)
    if not is_vote_first:
        seen.saw_vote(LIAR, made)
    assert found(seen) == wanted


def test_of_several_time_outs_the_one_that_shows_least_is_kept() -> None:
    """An honest validator may show a higher certificate later; whoever shows a lower one may have lied then."""
    seen = witness()
    for shown in (4, 2, 5):
        seen.saw_timeout(LIAR, timeout(6, shown))
    seen.saw_vote(LIAR, vote(5, 3))
    assert found(seen) == [("lock_lie", 6)]


def test_a_long_silence_does_not_hide_the_lock() -> None:
    """EV9: the vote on top of the highest certificate is kept beyond the window."""
    seen = witness()
    seen.saw_vote(LIAR, vote(6, 5))
    seen.saw_vote(LIAR, vote(7, 2))
    rise(seen, 500)
    assert len(seen) == 1
    seen.saw_timeout(LIAR, timeout(501, 4))
    assert found(seen) == [("lock_lie", 501)]


def test_certificates_speak_for_their_signers() -> None:
    """EV7: a vote in a certificate is a vote, a time-out in one a time-out."""
    b1, other = FOUR.block(1, FOUR.genesis_qc), FOUR.block(1, FOUR.genesis_qc, time_us=9_000)
    seen = witness()
    data = FOUR.qc(other).data
    seen.saw_vote(LIAR, SeenVote(data, None, FOUR.keys[LIAR].sign(vote_message(data, None, GENESIS_HASH))))
    seen.saw_qc(FOUR.qc(b1))
    assert found(seen) == [("double_vote", 1)]
    q1 = FOUR.qc(b1)
    seen.saw_qc(FOUR.qc(FOUR.block(2, q1), b1, authors=[LIAR]))
    seen.saw_tc(FOUR.tc(3, [q1, q1, FOUR.genesis_qc]))
    assert found(seen) == [("lock_lie", 3)]


def test_unchecked_votes_are_checked_when_it_matters() -> None:
    """EV8: a late vote costs nothing until it contradicts; a bad signature neither accuses nor stays in the way."""
    seen = witness()
    seen.saw_vote(LIAR, vote(3, fill=9, signature=BAD), is_checked=False)
    seen.saw_vote(LIAR, vote(3), is_checked=False)
    assert found(seen) == []
    seen.saw_vote(LIAR, vote(3, fill=8, signature=BAD), is_checked=False)
    assert found(seen) == []
    seen.saw_vote(LIAR, vote(3, fill=2), is_checked=False)
    assert found(seen) == [("double_vote", 3)]


def test_an_unchecked_block_of_the_author_makes_room_if_it_is_forged() -> None:
    """EV8, as for votes."""
    seen = witness()
    made, _ = header(3, 9_000)
    seen.saw_header(made, BAD)
    seen.saw_header(*header(3, 5_000))
    seen.saw_header(*header(3, 6_000))
    assert found(seen) == [("double_proposal", 3)]


def test_an_unchecked_vote_is_no_lock() -> None:
    """EV8: whoever is to be hidden could else send a vote on top of a certificate far away, with a bad signature."""
    seen = witness()
    seen.saw_vote(LIAR, vote(3, 2))
    seen.saw_vote(LIAR, vote(5, 4, signature=BAD), is_checked=False)
    rise(seen, 100)
    seen.saw_timeout(LIAR, timeout(101, 3))
    assert found(seen) == []
    seen.saw_timeout(LIAR, timeout(102, 1))
    assert found(seen) == [("lock_lie", 102)]


def test_memory_is_bounded_by_rounds() -> None:
    """EV9: so many rounds back, so many ahead, one statement of a kind each, and one vote beyond."""
    seen = witness()
    for highest in (100, 200):
        rise(seen, highest)
        for round_ in range(60, 300):
            seen.saw_vote(LIAR, vote(round_))
            seen.saw_timeout(LIAR, timeout(round_, 0))
            seen.saw_header(*header(round_, 5_000))
    kept = WITNESSED_ROUNDS + 1 + FUTURE_ROUNDS
    assert len(seen) == 3 * kept + 1
    for author in range(4, 100):
        seen.saw_vote(author, vote(200), is_checked=False)
    assert len(seen) == 3 * kept + 1


# --- an honest validator, whatever happens to it ---


OWN = FOUR.leaders.leader(2)


class Honest:
    """A validator with a disk: what it signs leaves only once its record is durable, and crashes forget the rest."""

    def __init__(self, forgets: bool = False) -> None:
        self.disk: bytes | None = None
        self.forgets = forgets
        self.rules = self.fresh()
        self.seen = witness()

    def fresh(self) -> SafetyRules:
        return FOUR.safety(OWN, None if self.forgets else self.disk)

    def release(self, *, is_durable: bool) -> bool:
        """Write the record, or crash before it is written."""
        if is_durable:
            self.disk = self.rules.record_bytes()
        else:
            self.rules = self.fresh()
        return is_durable

    def vote(self, block: Any, parent: CommitInfo, *, is_durable: bool) -> None:
        signed = self.rules.vote(block, FOUR.root(block), block.round, parent)
        if self.release(is_durable=is_durable):
            self.seen.saw_vote(OWN, SeenVote(signed.data, signed.commit, signed.signature))

    def timeout(self, round_: int, qc: QuorumCertificate, tc: Any, *, is_durable: bool) -> None:
        signature = self.rules.timeout(round_, qc, tc, b"")
        if self.release(is_durable=is_durable):
            self.seen.saw_timeout(OWN, SeenTimeout(round_, qc.round, signature))

    def propose(self, block: Any, *, is_durable: bool) -> None:
        signature = self.rules.propose(block.header, block.id)
        if self.release(is_durable=is_durable):
            self.seen.saw_header(block.header, signature)

    def resend(self) -> None:
        last = self.rules.last_vote()
        if last is not None and self.disk is not None:
            self.seen.saw_vote(OWN, SeenVote(last.data, last.commit, last.signature))


def forest() -> tuple[list[Any], list[QuorumCertificate], list[Any]]:
    """Two blocks for each of rounds 1 to 6 on each of a few certificates, and time-out certificates between."""
    qcs, blocks = [FOUR.genesis_qc], []
    tcs: list[Any] = [None]
    for round_ in range(1, 7):
        tc = FOUR.tc(round_ - 1, [qcs[0]] * 3) if round_ > 1 else None
        tcs.append(tc)
        made = []
        for qc in qcs[-3:]:
            for time_us in (5_000 * round_, 5_000 * round_ + 1):
                made.append(FOUR.block(round_, qc, None if qc.round + 1 == round_ else tc, time_us=time_us))
        blocks += made
        qcs.append(FOUR.qc(made[-1]))
    return blocks, qcs, tcs


BLOCKS, QCS, TCS = forest()
DEED = st.tuples(
    st.sampled_from(["vote", "timeout", "propose", "crash", "resend"]),
    st.integers(0, len(BLOCKS) - 1),
    st.integers(0, 6),
    st.integers(1, 7),
    st.integers(0, 3),
)


def play(honest: Honest, deeds: list[Any]) -> None:
    """Whatever is asked of it, in any order; what its rules refuse is not said."""
    for deed, place, high, round_, luck in deeds:
        block, is_durable = BLOCKS[place], luck > 0
        try:
            match deed:
                case "vote":
                    parent = FOUR.genesis_info._replace(round=block.parent_qc.round, block_id=block.parent_id, epoch=1)
                    honest.vote(block, parent, is_durable=is_durable)
                case "timeout":
                    tc = TCS[min(round_, 6)] if QCS[high].round + 1 != round_ else None
                    honest.timeout(round_, QCS[high], tc, is_durable=is_durable)
                case "propose" if block.header.author == OWN:
                    honest.propose(block, is_durable=is_durable)
                case "crash":
                    honest.rules = honest.fresh()
                case _:
                    honest.resend()
        except SafetyError:
            pass


@settings(max_examples=60, deadline=None)
@given(st.lists(DEED, min_size=5, max_size=40))
def test_no_honest_history_is_evidence(deeds: list[Any]) -> None:
    """EV6: whatever a validator is asked to sign, and however often it crashes and sends again, what leaves it after
    its record is durable never contradicts itself."""
    honest = Honest()
    play(honest, deeds)
    assert honest.seen.take() == []


def test_the_same_history_without_a_record_is_evidence_of_each_kind() -> None:
    """The property above can fail: a validator that forgets its record at a crash is found out, kind by kind."""
    honest = Honest(forgets=True)
    for qc in (0, 1):
        twins = [place for place, block in enumerate(BLOCKS) if block.round == 2 and block.parent_qc is QCS[qc]]
        for place in twins:
            play(honest, [("propose", place, 0, 0, 1), ("vote", place, 0, 0, 1), ("crash", 0, 0, 0, 0)])
    play(honest, [("timeout", 0, 0, 2, 1)])
    assert {evidence.kind for evidence in honest.seen.take()} == set(EvidenceKind)
