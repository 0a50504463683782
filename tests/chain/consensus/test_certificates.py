"""When certificates are valid, and quorum arithmetic."""

import pytest

from chain.certificates import QuorumCertificate, TimeoutCertificate, read_vote_data, verify_qc
from chain.errors import CertificateError, DecodeError
from chain.primitives import Hash
from chain.validators import Validator, ValidatorSet

GENESIS_HASH = Hash(b"\x47" * 32)


def error_of(committee, certificate) -> str:
    shared = (committee.set, committee.genesis_qc, GENESIS_HASH, committee.signatures)
    try:
        if isinstance(certificate, QuorumCertificate):
            verify_qc(certificate, *shared)
        else:
            certificate.verify(*shared)
    except CertificateError as error:
        return error.name
    return "accepted"


@pytest.fixture
def chain(four):
    b1 = four.block(1, four.genesis_qc)
    q1 = four.qc(b1)
    b2 = four.block(2, q1)
    return b1, q1, b2, four.qc(b2, b1)


@pytest.mark.parametrize(
    ("n", "quorum", "one_honest"),
    [(1, 1, 1), (2, 2, 1), (3, 3, 1), (4, 3, 2), (5, 4, 2), (6, 5, 2), (7, 5, 3), (10, 7, 4), (100, 67, 34)],
)
def test_quorum_is_more_than_two_thirds(n, quorum, one_honest) -> None:
    """'Q > 2/3 total, i.e. floor(2W/3)+1'; f = floor((n-1)/3)."""
    members = tuple(Validator(f"v{i}", bytes([i]) * 32, bytes([i]) * 32, i) for i in range(n))
    validators = ValidatorSet(1, members)
    assert (validators.quorum, validators.one_honest) == (quorum, one_honest)


def test_good_certificates_verify(four, chain) -> None:
    b1, q1, _b2, q2 = chain
    for qc in (four.genesis_qc, q1, q2, four.qc(b1, authors=(1, 2, 3)), four.qc(b1, authors=(0, 1, 2, 3))):
        verify_qc(qc, four.set, four.genesis_qc, GENESIS_HASH, four.signatures)
    four.tc(3, [q1, q2, four.genesis_qc]).verify(four.set, four.genesis_qc, GENESIS_HASH, four.signatures)


def test_authors_are_distinct_known_and_a_quorum(four, chain) -> None:
    """'authors distinct, all in set, power>=Q' (duplicate_signer_in_qc, sub_quorum_qc)."""
    b1 = chain[0]
    q = four.qc(b1)
    s = q.signatures
    assert error_of(four, q._replace(signatures=s[:2])) == "no_quorum"
    assert error_of(four, q._replace(signatures=())) == "no_quorum"
    assert error_of(four, q._replace(signatures=(s[0], s[1], s[1]))) == "bad_authors"
    assert error_of(four, q._replace(signatures=(s[1], s[0], s[2]))) == "bad_authors"
    assert error_of(four, q._replace(signatures=(s[0], s[1], (4, s[2][1])))) == "bad_authors"


def test_every_signature_counts(four, chain) -> None:
    """'every sig verifies', those beyond the quorum too (trap T20)."""
    b1 = chain[0]
    q = four.qc(b1, authors=(0, 1, 2, 3))
    for position in range(4):
        broken = list(q.signatures)
        broken[position] = (position, bytes(64))
        assert error_of(four, q._replace(signatures=tuple(broken))) == "bad_signature"


def test_contents_are_signed(four, chain) -> None:
    """Whatever changes in what the votes certify breaks the signatures."""
    _, _, _, q2 = chain
    changed = [
        q2._replace(data=q2.data._replace(root=Hash(bytes(32)))),
        q2._replace(data=q2.data._replace(version=77)),
        q2._replace(data=q2.data._replace(timestamp_us=77)),
        q2._replace(data=q2.data._replace(block_id=Hash(bytes(32)))),
        q2._replace(commit=None),
        q2._replace(commit=q2.commit._replace(version=77)),
        q2._replace(commit=q2.commit._replace(root=Hash(bytes(32)))),
    ]
    assert {error_of(four, qc) for qc in changed} == {"bad_signature"}


def test_commit_must_be_the_parent_one_round_below(four, chain) -> None:
    """'CommitInfo is NONE or equals the parent's info with parent_round+1 == round'."""
    _b1, _q1, b2, q2 = chain
    assert error_of(four, q2._replace(commit=q2.commit._replace(block_id=b2.id))) == "wrong_commit"
    assert error_of(four, q2._replace(commit=q2.commit._replace(round=0))) == "wrong_commit"
    assert error_of(four, q2._replace(commit=q2.commit._replace(epoch=2))) == "wrong_commit"
    late = q2._replace(data=q2.data._replace(round=3))
    assert error_of(four, late) == "wrong_commit"


def test_rounds_and_epochs(four, chain) -> None:
    """'epoch==mine', 'parent_round < round', 'genesis QC only at round 0 and only by exact equality'."""
    q1 = chain[1]
    assert error_of(four, q1._replace(data=q1.data._replace(epoch=2))) == "wrong_epoch"
    assert error_of(four, q1._replace(data=q1.data._replace(parent_round=1))) == "round_order"
    forged = four.genesis_qc._replace(data=four.genesis_qc.data._replace(version=1))
    assert error_of(four, forged) == "round_zero"
    with pytest.raises(CertificateError) as caught:
        four.genesis_qc.verify(four.set, GENESIS_HASH, four.signatures)
    assert caught.value.name == "round_zero"


def test_another_chain(four, chain) -> None:
    """The genesis hash is in every signature."""
    with pytest.raises(CertificateError) as caught:
        verify_qc(chain[1], four.set, four.genesis_qc, b"\x48" * 32, four.signatures)
    assert caught.value.name == "bad_signature"


def test_timeout_certificates(four, chain) -> None:
    """'hqc.round == max(entry.hqc_round); hqc.round < tc.round; for each entry sig over (epoch, round, hqc_round)'."""
    _, q1, _, q2 = chain
    tc = four.tc(3, [q1, q2, q1])
    assert error_of(four, tc._replace(high_qc=q1)) == "wrong_high_qc"
    assert error_of(four, tc._replace(round=2)) == "round_order"
    assert error_of(four, tc._replace(round=4)) == "bad_signature"
    assert error_of(four, tc._replace(epoch=2)) == "wrong_epoch"
    assert error_of(four, tc._replace(entries=tc.entries[:2])) == "no_quorum"
    claimed = list(tc.entries)
    claimed[0] = (0, 0, claimed[0][2])
    assert error_of(four, tc._replace(entries=tuple(claimed))) == "bad_signature"
    thin = q2._replace(signatures=q2.signatures[:2])
    assert error_of(four, tc._replace(high_qc=thin)) == "no_quorum"


def test_round_trips_and_digests(four, chain) -> None:
    """Bytes and back; the digest covers signatures (trap T14)."""
    _, q1, _, q2 = chain
    tc = four.tc(3, [q1, q2, q1])
    assert QuorumCertificate.from_value(q2.to_value()) == q2
    assert TimeoutCertificate.from_value(tc.to_value()) == tc
    other = q1._replace(signatures=((0, bytes(64)), *q1.signatures[1:]))
    assert other.digest() != q1.digest()
    assert tc._replace(entries=((0, 1, bytes(64)), *tc.entries[1:])).digest() != tc.digest()
    with pytest.raises(DecodeError):
        QuorumCertificate.from_value((*q1.to_value(), None))


@pytest.mark.parametrize("place", [2, 4, 5, 8])
def test_hashes_in_a_vote_have_32_bytes(chain, place) -> None:
    """Block, parent, root, and the next validators where an epoch ends: neither shorter nor longer."""
    data = list(chain[1].data)
    for size, is_good in ((31, False), (32, True), (33, False), (0, False)):
        data[place] = bytes(size)
        if is_good:
            assert read_vote_data(tuple(data)) == tuple(data)
        else:
            with pytest.raises(DecodeError):
                read_vote_data(tuple(data))


def test_waypoint_leaves_out_round_and_block(four, chain) -> None:
    """'deliberately excludes round, block id and consensus data so honest nodes agree'."""
    info = four.info(chain[0])
    assert info.waypoint() == info._replace(round=9, block_id=Hash(bytes(32))).waypoint()
    for changed in ({"version": 9}, {"epoch": 9}, {"root": Hash(bytes(32))}, {"timestamp_us": 9}):
        assert info._replace(**changed).waypoint() != info.waypoint()
    assert info.waypoint().split(":")[0] == "1"
