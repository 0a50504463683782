"""Every check of what a message brings, each broken alone, in its order (R1, R2, R7; Q1 to Q9 at the door)."""

import pytest

from chain.certificates import VoteData, timeout_message, vote_message
from chain.consensus.verifier import Verifier
from chain.errors import CertificateError, MithqalError
from chain.limits import MAX_PENDING_BLOCKS
from chain.messages import SyncInfo, Timeout, Vote
from chain.primitives import Hash
from tests.chain.consensus.conftest import GENESIS_HASH


class Counting:
    """The real port, with a count."""

    def __init__(self, real) -> None:
        self.real, self.asked = real, 0

    def verify(self, check) -> bool:
        self.asked += 1
        answer: bool = self.real.verify(check)
        return answer


@pytest.fixture
def port(four) -> Counting:
    return Counting(four.signatures)


@pytest.fixture
def verifier(four, port: Counting) -> Verifier:
    return Verifier(four.set, four.leaders, four.genesis_qc, GENESIS_HASH, port)  # type: ignore[arg-type]


def refusal(call, *arguments) -> str:
    with pytest.raises(MithqalError) as caught:
        call(*arguments)
    return caught.value.name


def test_epochs_do_not_mix(verifier: Verifier) -> None:
    verifier.same_epoch(1)
    assert refusal(verifier.same_epoch, 0) == "wrong_epoch"
    assert refusal(verifier.same_epoch, 2) == "wrong_epoch"


class TestCertificates:
    def test_a_good_one_is_judged_once(self, four, verifier: Verifier, port: Counting) -> None:
        """By its digest, which covers the signatures: another set of signatures is another certificate."""
        b1 = four.block(1, four.genesis_qc)
        qc = four.qc(b1)
        verifier.qc(qc)
        verifier.qc(qc)
        assert port.asked == 3
        verifier.qc(four.qc(b1, authors=(0, 1, 3)))
        assert port.asked == 6
        worse = qc._replace(signatures=(*qc.signatures[:2], (2, bytes(64))))
        for _ in range(2):
            assert refusal(verifier.qc, worse) == "bad_signature"
        assert port.asked == 12

    def test_genesis_by_exact_equality(self, four, verifier: Verifier, port: Counting) -> None:
        verifier.qc(four.genesis_qc)
        other = four.genesis_qc._replace(data=four.genesis_qc.data._replace(version=1))
        assert refusal(verifier.qc, other) == "round_zero"
        assert port.asked == 0

    def test_time_out_certificates(self, four, verifier: Verifier, port: Counting) -> None:
        q1 = four.qc(four.block(1, four.genesis_qc))
        tc = four.tc(3, [q1, q1, four.genesis_qc])
        verifier.tc(tc)
        asked = port.asked
        verifier.tc(tc)
        assert port.asked == asked
        for _ in range(2):
            assert refusal(verifier.tc, tc._replace(entries=tc.entries[:2])) == "no_quorum"

    def test_memory_is_bounded_and_the_oldest_goes(self, four, verifier: Verifier, port: Counting) -> None:
        first = four.qc(four.block(1, four.genesis_qc))
        verifier.qc(first)
        for _ in range(2):
            for number in range(MAX_PENDING_BLOCKS - 1):
                verifier._remember(number.to_bytes(32, "big"))  # type: ignore[arg-type]
        assert len(verifier._good) == MAX_PENDING_BLOCKS
        verifier.qc(first)
        assert port.asked == 3
        verifier._remember(bytes(31) + b"\xff")  # type: ignore[arg-type]
        assert len(verifier._good) == MAX_PENDING_BLOCKS
        verifier.qc(first)
        assert port.asked == 6


class TestBlocks:
    def test_consecutive_rounds(self, four, verifier: Verifier) -> None:
        b1 = four.block(1, four.genesis_qc)
        verifier.block(b1)
        verifier.block(four.block(2, four.qc(b1)))

    def test_after_a_time_out(self, four, verifier: Verifier) -> None:
        """R2: tc.round + 1 = round and qc.round >= the time-out's high certificate."""
        q1 = four.qc(four.block(1, four.genesis_qc))
        b2 = four.block(2, q1)
        q2 = four.qc(b2)
        tc = four.tc(3, [q1, q1, four.genesis_qc])
        verifier.block(four.block(4, q1, tc))
        verifier.block(four.block(4, q2, tc))
        assert refusal(verifier.block, four.block(4, q2)) == "unjustified_round"
        assert refusal(verifier.block, four.block(5, q2, tc)) == "unjustified_round"
        assert refusal(verifier.block, four.block(3, q1, tc)) == "unjustified_round"
        low = four.tc(3, [q2, q1, q1])
        assert refusal(verifier.block, four.block(4, q1, low)) == "unjustified_round"

    def test_each_check_alone(self, four, verifier: Verifier) -> None:
        b1 = four.block(1, four.genesis_qc)
        assert refusal(verifier.block, four.block(1, four.genesis_qc, epoch=2)) == "wrong_epoch"
        assert refusal(verifier.block, four.block(1, four.genesis_qc, author=2)) == "wrong_leader"
        assert refusal(verifier.block, b1._replace(signature=bytes(64))) == "bad_signature"
        other = four.block(1, four.genesis_qc, time_us=9_999)
        assert refusal(verifier.block, b1._replace(signature=other.signature)) == "bad_signature"
        weak = four.qc(b1)._replace(signatures=four.qc(b1).signatures[:2])
        assert refusal(verifier.block, four.block(2, weak)) == "no_quorum"
        tc = four.tc(3, [four.qc(b1)] * 3)
        assert refusal(verifier.block, four.block(4, four.qc(b1), tc._replace(entries=tc.entries[:1]))) == "no_quorum"

    def test_a_bad_time_out_certificate_is_refused_though_it_is_not_needed(self, four, verifier: Verifier) -> None:
        """What a block carries is valid, whether or not its round rests on it."""
        q1 = four.qc(four.block(1, four.genesis_qc))
        tc = four.tc(1, [four.genesis_qc] * 3)
        verifier.block(four.block(2, q1, tc))
        assert refusal(verifier.block, four.block(2, q1, tc._replace(entries=tc.entries[:2]))) == "no_quorum"

    def test_the_leader_is_looked_at_before_the_signature(self, four, verifier: Verifier, port: Counting) -> None:
        """Cheap checks first."""
        bad = four.block(1, four.genesis_qc, author=2)._replace(signature=bytes(64))
        assert refusal(verifier.block, bad) == "wrong_leader"
        assert port.asked == 0


def vote(four, author: int, *, signer: int | None = None, message: bytes | None = None) -> Vote:
    """A vote for a first block."""
    block = four.block(1, four.genesis_qc)
    data: VoteData = four.qc(block).data
    signed = vote_message(data, None, GENESIS_HASH) if message is None else message
    return Vote(data, None, author, four.keys[author if signer is None else signer].sign(signed))


def time_out(four, author: int, *, signer: int | None = None, **changes: int) -> Timeout:
    """A time-out of round 1; `changes` are to what is signed."""
    signed = {"epoch": 1, "round_": 1, "high_round": 0, **changes}
    signature = four.keys[author if signer is None else signer].sign(
        timeout_message(signed["epoch"], signed["round_"], signed["high_round"], GENESIS_HASH)
    )
    return Timeout(1, 1, author, signature, SyncInfo(four.genesis_qc, four.genesis_qc, None))


class TestVotesAndTimeouts:
    def test_good_ones(self, four, verifier: Verifier) -> None:
        for author in range(4):
            verifier.vote(author, vote(four, author))
            verifier.timeout(author, time_out(four, author))

    def test_the_author_sends_it_himself(self, four, verifier: Verifier) -> None:
        """R1's rule for votes and time-outs: authenticated peer and signature's author are one (security 4.2)."""
        assert refusal(verifier.vote, 1, vote(four, 2)) == "wrong_author"
        assert refusal(verifier.timeout, 1, time_out(four, 2)) == "wrong_author"

    def test_the_author_signed_it(self, four, verifier: Verifier) -> None:
        assert refusal(verifier.vote, 2, vote(four, 2, signer=1)) == "bad_signature"
        assert refusal(verifier.timeout, 2, time_out(four, 2, signer=1)) == "bad_signature"

    @pytest.mark.parametrize("changes", [{"epoch": 2}, {"round_": 2}, {"high_round": 1}])
    def test_a_time_out_signs_epoch_round_and_certificate(self, four, verifier: Verifier, changes) -> None:
        assert refusal(verifier.timeout, 2, time_out(four, 2, **changes)) == "bad_signature"

    def test_a_time_out_signs_the_round_of_its_highest_certificate(self, four, verifier: Verifier) -> None:
        """Not that of the commit certificate beside it: a stale one would hide what others are locked on."""
        q1 = four.qc(four.block(1, four.genesis_qc))
        signature = four.keys[2].sign(timeout_message(1, 2, 1, GENESIS_HASH))
        verifier.timeout(2, Timeout(1, 2, 2, signature, SyncInfo(q1, four.genesis_qc, None)))
        low = four.keys[2].sign(timeout_message(1, 2, 0, GENESIS_HASH))
        assert (
            refusal(verifier.timeout, 2, Timeout(1, 2, 2, low, SyncInfo(q1, four.genesis_qc, None))) == "bad_signature"
        )

    def test_a_time_out_shows_a_valid_certificate(self, four, verifier: Verifier) -> None:
        """R9: a time-out counts only if the certificate that it shows is valid."""
        q1 = four.qc(four.block(1, four.genesis_qc))
        forged = q1._replace(data=q1.data._replace(block_id=Hash(bytes(32))))
        signature = four.keys[2].sign(timeout_message(1, 2, 1, GENESIS_HASH))
        for certificate, name in ((forged, "bad_signature"), (q1._replace(signatures=q1.signatures[1:]), "no_quorum")):
            shown = Timeout(1, 2, 2, signature, SyncInfo(certificate, four.genesis_qc, None))
            assert refusal(verifier.timeout, 2, shown) == name
        other = four.genesis_qc._replace(data=four.genesis_qc.data._replace(version=1))
        first = time_out(four, 1)
        assert refusal(verifier.timeout, 1, first._replace(sync=first.sync._replace(high_qc=other))) == "round_zero"

    def test_a_vote_signs_data_and_commit(self, four, verifier: Verifier) -> None:
        good = vote(four, 1)
        for data in (
            good.data._replace(root=Hash(bytes(32))), good.data._replace(version=9), good.data._replace(timestamp_us=1),
            good.data._replace(parent_round=7), good.data._replace(epoch=2),
        ):  # fmt: skip
            assert refusal(verifier.vote, 1, good._replace(data=data)) == "bad_signature"
        assert refusal(verifier.vote, 1, good._replace(commit=four.genesis_info)) == "bad_signature"

    def test_no_signature_of_one_kind_passes_for_another(self, four, verifier: Verifier) -> None:
        """H3: cross_type_sig_reuse."""
        assert (
            refusal(verifier.vote, 1, vote(four, 1, message=timeout_message(1, 1, 0, GENESIS_HASH))) == "bad_signature"
        )

    @pytest.mark.parametrize("author", [4, 255, 2**63])
    def test_an_author_outside_of_the_set(self, four, verifier: Verifier, author: int) -> None:
        """A sender beyond the set does not exist; its index must not reach past the end."""
        one = vote(four, 1)._replace(author=author)
        assert refusal(verifier.vote, author, one) == "bad_signature"
        other = time_out(four, 1)._replace(author=author)
        with pytest.raises(CertificateError):
            verifier.timeout(author, other)

    def test_the_last_member_counts(self, four, verifier: Verifier) -> None:
        """The bound's other side."""
        verifier.vote(3, vote(four, 3))
