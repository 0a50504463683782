"""The rules of the trusted core, each quoted where it is tested."""

import pytest

from chain.certificates import QuorumCertificate, vote_message
from chain.consensus.safety import SafetyRecord, SafetyRules, read_record
from chain.crypto.signing import SignatureCheck
from chain.errors import CertificateError, SafetyError
from chain.primitives import Hash

GENESIS_HASH = Hash(b"\x47" * 32)


def vote(safety, committee, block, parent=None):
    return safety.vote(block, committee.root(block), block.round, committee.info(parent))


def refused(call) -> str:
    with pytest.raises(SafetyError) as caught:
        call()
    return caught.value.name


def chain_of(committee, *rounds):
    """Blocks at the given rounds, each certified and the parent of the next (no timeout certificates)."""
    blocks, qc, parent = [], committee.genesis_qc, None
    for round_ in rounds:
        block = committee.block(round_, qc)
        qc = committee.qc(block, parent)
        blocks.append((block, qc))
        parent = block
    return blocks


def test_first_vote_commits_nothing_of_genesis(four) -> None:
    """'commit := CommitInfo(parent) if block.round == q+1': genesis is final already, so nothing is named."""
    block = four.block(1, four.genesis_qc)
    signed = vote(four.safety(), four, block)
    assert signed.commit is None
    assert (signed.data.round, signed.data.parent_round, signed.data.block_id) == (1, 0, block.id)
    assert signed.data.root == four.root(block)
    message = vote_message(signed.data, None, GENESIS_HASH)
    assert four.signatures.verify(SignatureCheck(0, four.keys[0].public_key, message, signed.signature))


def test_vote_names_parent_as_commit_when_rounds_are_consecutive(four) -> None:
    """'a vote commits its parent only if round = qc.round + 1'."""
    (b1, _q1), (b2, _) = chain_of(four, 1, 2)
    signed = vote(four.safety(), four, b2, b1)
    assert signed.commit == four.info(b1)


def test_vote_after_timeout_commits_nothing(four) -> None:
    """Rounds that are not consecutive never commit (trap T8)."""
    (b1, q1) = chain_of(four, 1)[0]
    tc = four.tc(2, [q1, four.genesis_qc, q1])
    b3 = four.block(3, q1, tc)
    assert vote(four.safety(), four, b3, b1).commit is None


def test_round_must_rise(four) -> None:
    """'require block.round > S.voted_round'."""
    (b1, q1), (b2, _) = chain_of(four, 1, 2)
    safety = four.safety()
    vote(safety, four, b2, b1)
    assert refused(lambda: vote(safety, four, b1)) == "old_round"
    rival = four.block(2, q1, payload=(b"x",))
    assert refused(lambda: vote(safety, four, rival, b1)) == "old_round"


def test_same_block_gets_the_same_vote(four) -> None:
    """'if S.last_vote.round == block.round: return S.last_vote' (trap T4), also after a restart and a time-out."""
    (b1, q1), (b2, _) = chain_of(four, 1, 2)
    safety = four.safety()
    first = vote(safety, four, b2, b1)
    assert vote(safety, four, b2, b1) == first
    again = four.safety(record=safety.record_bytes())
    assert vote(again, four, b2, b1) == first
    assert again.last_vote() == first
    again.timeout(2, q1, None, b"")
    assert vote(again, four, b2, b1) == first


def test_gap_without_timeout_certificate_is_refused(four) -> None:
    """'either round = qc.round + 1, or a timeout certificate with tc.round + 1 = round ...'."""
    (_, q1) = chain_of(four, 1)[0]
    assert refused(lambda: vote(four.safety(), four, four.block(3, q1))) == "unsafe_proposal"


def test_timeout_certificate_must_lead_into_the_round(four) -> None:
    """'tc.round + 1 = round'."""
    (_, q1) = chain_of(four, 1)[0]
    block = four.block(4, q1, four.tc(2, [q1, q1, q1]))
    assert refused(lambda: vote(four.safety(), four, block)) == "unsafe_proposal"


def test_block_below_the_timeout_certificates_high_qc_is_refused(four) -> None:
    """'... and qc.round >= tc.high_qc.round' (mutant "ignore TC high-QC rule")."""
    (_b1, q1), (_b2, q2) = chain_of(four, 1, 2)
    tc = four.tc(3, [q1, q2, q1])
    assert refused(lambda: vote(four.safety(), four, four.block(4, q1, tc))) == "unsafe_proposal"
    assert vote(four.safety(), four, four.block(4, q2, tc)).data.parent_round == 2


def test_no_vote_after_own_timeout(four) -> None:
    """'after it, there is no vote in that round' (trap T9); the next round is free."""
    (b1, q1), (b2, _q2), (b3, _) = chain_of(four, 1, 2, 3)
    safety = four.safety()
    safety.timeout(2, q1, None, b"why")
    assert refused(lambda: vote(safety, four, b2, b1)) == "old_round"
    assert vote(safety, four, b3, b2).data.round == 3
    assert read_record(safety.record_bytes()).justification == b"why"


def test_timeout_never_hides_the_lock(four) -> None:
    """'a time-out needs high_qc.round >= locked_round' (mutant "timeout reports stale QC")."""
    (_b1, q1), (b2, q2), (b3, _) = chain_of(four, 1, 2, 3)
    safety = four.safety()
    vote(safety, four, b3, b2)
    assert safety.record.locked_round == 2
    tc = four.tc(3, [q2, q2, q2])
    assert refused(lambda: safety.timeout(4, q1, tc, b"")) == "stale_certificate"
    assert safety.timeout(4, q2, tc, b"")


def test_lock_never_falls(four) -> None:
    """locked_round = max over voted blocks: a vote on a lower parent, allowed by a certificate, keeps the lock."""
    (_b1, q1), (b2, _q2), (b3, _) = chain_of(four, 1, 2, 3)
    safety = four.safety()
    vote(safety, four, b3, b2)
    low = four.block(5, q1, four.tc(4, [q1, four.genesis_qc, q1]))
    vote(safety, four, low)
    assert safety.record.locked_round == 2


def test_timeout_round_rules(four) -> None:
    """'require round >= S.voted_round', 'hqc.round < round', and a certificate must lead into the round."""
    (b1, q1), (b2, q2), (_b3, _q3) = chain_of(four, 1, 2, 3)
    safety = four.safety()
    vote(safety, four, b2, b1)
    assert refused(lambda: safety.timeout(1, four.genesis_qc, None, b"")) == "stale_certificate"
    assert safety.timeout(2, q1, None, b"")  # vote, then time-out in the same round
    assert refused(lambda: safety.timeout(2, q2, None, b"")) == "stale_certificate"
    assert refused(lambda: safety.timeout(4, q2, None, b"")) == "unsafe_timeout"
    assert refused(lambda: safety.timeout(4, q2, four.tc(2, [q1, q1, q1]), b"")) == "unsafe_timeout"
    assert safety.timeout(4, q2, four.tc(3, [q2, q2, q2]), b"")
    assert refused(lambda: safety.timeout(3, q2, None, b"")) == "old_round"
    assert safety.record.voted_round == 4


def test_one_proposal_a_round_even_after_a_restart(four) -> None:
    """'one proposal a round' (trap T6: the flag is durable)."""
    safety = four.safety()
    block, rival = four.block(4, four.genesis_qc), four.block(4, four.genesis_qc, payload=(b"x",))
    first = safety.propose(block.header, block.id)
    again = four.safety(record=safety.record_bytes())
    assert again.propose(block.header, block.id) == first == block.signature
    assert refused(lambda: again.propose(rival.header, rival.id)) == "second_proposal"
    lower = four.block(3, four.genesis_qc, author=0)
    assert refused(lambda: again.propose(lower.header, lower.id)) == "second_proposal"


def test_everything_is_verified_again(four) -> None:
    """Certificates, leader and signature are judged inside the core, whatever the caller did (trap T16)."""
    (b1, q1), (b2, _) = chain_of(four, 1, 2)
    thin = q1._replace(signatures=q1.signatures[:-1])
    with pytest.raises(CertificateError) as caught:
        vote(four.safety(), four, four.block(2, thin), b1)
    assert caught.value.name == "no_quorum"
    with pytest.raises(CertificateError):
        four.safety().timeout(2, thin, None, b"")
    assert refused(lambda: vote(four.safety(), four, four.block(2, q1, author=0), b1)) == "wrong_leader"
    forged = b2._replace(signature=bytes(64))
    assert refused(lambda: vote(four.safety(), four, forged, b1)) == "bad_signature"
    assert refused(lambda: vote(four.safety(), four, four.block(2, q1, epoch=2), b1)) == "wrong_epoch"
    bad_tc = four.tc(2, [q1, q1])
    with pytest.raises(CertificateError):
        vote(four.safety(), four, four.block(3, q1, bad_tc))
    with pytest.raises(CertificateError):
        four.safety().timeout(3, q1, bad_tc, b"")


def test_record_of_another_epoch_is_refused(four) -> None:
    """A record is for one epoch."""
    record = four.safety().record._replace(epoch=2)
    safety = four.safety()
    safety.record = record
    with pytest.raises(SafetyError) as caught:
        four.safety(record=safety.record_bytes())
    assert caught.value.name == "wrong_epoch"


def test_a_record_of_another_key_is_refused(four) -> None:
    """'SafetyError `foreign_record` if another key made it in this epoch'; in a later epoch it begins anew (E8)."""
    safety = four.safety()
    with pytest.raises(SafetyError) as caught:
        four.safety(index=1, record=safety.record_bytes())
    assert (caught.value.name, caught.value.message) == (
        "foreign_record",
        "the safety record of this epoch is another key's",
    )
    safety.record = safety.record._replace(epoch=0, voted_round=9, locked_round=8)
    later = four.safety(index=1, record=safety.record_bytes())
    assert later.record == SafetyRecord(1, key=four.keys[1].public_key)
    assert later.public_key == four.keys[1].public_key


def test_a_module_without_a_signer_signs_nothing(four) -> None:
    """R18, E10: 'Without a signer nothing is ever signed: `silenced` says so.'"""
    (b1, q1) = chain_of(four, 1)[0]
    follower = SafetyRules(None, four.set, four.leaders, four.genesis_qc, GENESIS_HASH, four.signatures, None)
    assert (follower.public_key, follower.record.key) == (b"", b"")
    assert follower.silenced == "this process signs nothing in this epoch"
    own = four.safety()
    assert own.silenced is None
    own.silenced = "the record is old"
    for safety in (follower, own):
        before = safety.record_bytes()
        assert refused(lambda safety=safety: vote(safety, four, b1)) == "silenced"
        assert refused(lambda safety=safety: safety.timeout(2, q1, None, b"")) == "silenced"
        assert refused(lambda safety=safety: safety.propose(b1.header, b1.id)) == "silenced"
        assert safety.record_bytes() == before


def end_of_epoch(four):
    """A block that ends the epoch, its certificate, and the hash of the set that follows."""
    following = Hash(b"\x77" * 32)
    block = four.block(1, four.genesis_qc)
    data = four.qc(block).data._replace(next_validators=following)
    message = vote_message(data, None, GENESIS_HASH)
    return block, QuorumCertificate(data, None, tuple((a, four.keys[a].sign(message)) for a in range(3))), following


def test_above_the_end_of_the_epoch_nothing_changes(four) -> None:
    """P10: 'A vote above the end of an epoch needs an empty block, and repeats the end's time, root, version and next
    set'."""
    end, qc, following = end_of_epoch(four)
    time_us, root, version = qc.data.timestamp_us, qc.data.root, qc.data.version
    block = four.block(2, qc, time_us=time_us)
    info = four.info(end)
    ask = lambda made, *result: lambda: four.safety().vote(made, *result[:2], info, *result[2:])  # noqa: E731
    assert refused(ask(block, root, version)) == "epoch_is_over"
    assert refused(ask(block, root, version, Hash(bytes(32)))) == "epoch_is_over"
    assert refused(ask(block, Hash(bytes(32)), version, following)) == "epoch_is_over"
    assert refused(ask(block, root, version + 1, following)) == "epoch_is_over"
    assert refused(ask(four.block(2, qc, time_us=time_us + 1), root, version, following)) == "epoch_is_over"
    assert (
        refused(ask(four.block(2, qc, time_us=time_us, payload=(b"x",)), root, version, following)) == "epoch_is_over"
    )
    signed = ask(block, root, version, following)()
    assert (signed.data.next_validators, signed.data.root, signed.commit) == (following, root, info)


def test_a_first_record_is_empty(four) -> None:
    """E8: 'The signing record of a new epoch begins with all rounds at 0': field by field, and in its bytes."""
    record = four.safety().record
    assert tuple(record) == (1, 0, 0, None, 0, b"", b"", four.keys[0].public_key)
    assert tuple(SafetyRecord(7)) == (7, 0, 0, None, 0, b"", b"", b"")
    assert four.safety().last_vote() is None


def test_a_vote_that_commits_nothing_is_read_again(four) -> None:
    """P4 after a restart, for the first round: the stored vote names no commit."""
    block = four.block(1, four.genesis_qc)
    safety = four.safety()
    first = vote(safety, four, block)
    again = four.safety(record=safety.record_bytes())
    assert vote(again, four, block) == first
    assert first.commit is None


def test_a_restart_forgets_nothing(four) -> None:
    """'Start from the durable record' (trap T1): rounds, lock and proposal bind the next life as they did the last."""
    (_b1, q1), (b2, q2), (b3, _) = chain_of(four, 1, 2, 3)
    safety = four.safety()
    vote(safety, four, b3, b2)
    own = four.block(4, q2, author=0)
    safety.propose(own.header, own.id)

    def again() -> SafetyRules:
        made: SafetyRules = four.safety(record=safety.record_bytes())
        return made

    assert again().record == safety.record
    assert refused(lambda: vote(again(), four, b2)) == "old_round"
    assert refused(lambda: vote(again(), four, four.block(3, q2, payload=(b"x",)), b2)) == "old_round"
    assert refused(lambda: again().timeout(4, q1, four.tc(3, [q2, q2, q2]), b"")) == "stale_certificate"
    rival = four.block(4, q2, author=0, payload=(b"x",))
    assert refused(lambda: again().propose(rival.header, rival.id)) == "second_proposal"
