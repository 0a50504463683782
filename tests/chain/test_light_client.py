"""From a waypoint to a believed ledger: every link of the chain holds, and each one can fail (X1 to X6)."""

from typing import Any, NamedTuple

import pytest

from chain.certificates import CommitInfo, QuorumCertificate, VoteData
from chain.crypto.signing import RealSignatures
from chain.errors import MithqalError
from chain.facts import Anchor, LedgerProof
from chain.light_client import check_waypoint, verify_ledger
from chain.primitives import Hash
from chain.state.accumulator import LeafProof
from chain.validators import Validator, ValidatorSet
from tests.builders import key
from tests.chain.failures import failure
from tests.chains import QUORUM, VALIDATORS, Chain, certify, small_chain

CHAIN = small_chain()
PROOF = CHAIN.proof()
assert PROOF.certificate is not None
CERTIFICATE = PROOF.certificate
BELIEVED = CHAIN.believed()
TIP = CHAIN.ledger.tip_version
PAYMENT, FAILED = 7, 8
"""Versions of a payment, and of one that fails."""
OTHER = Hash(b"\x55" * 32)


def ledger_failure(proof: LedgerProof, waypoint: str = CHAIN.waypoint) -> tuple[object, object]:
    return failure(verify_ledger, waypoint, proof, RealSignatures())


# --- what holds ---


def test_the_tip_is_believed_from_the_waypoint_alone() -> None:
    """The accumulator root, its version and time, and who signed: three of four."""
    assert BELIEVED.genesis_hash == CHAIN.genesis_hash
    assert BELIEVED.signers == (0, 1, 3)
    assert BELIEVED.validators.hash == CHAIN.ledger.validators.hash
    commit, tip = BELIEVED.commit, CHAIN.ledger.tip
    expected = (1, tip.round, tip.block_id, tip.root, tip.version, tip.timestamp_us)
    assert (commit.epoch, commit.round, commit.block_id, commit.root, commit.version, commit.timestamp_us) == expected


# --- X1 ---


@pytest.mark.parametrize("text", [CHAIN.waypoint, "0:" + "0" * 64, "10:" + "af" * 32, "9" * 19 + ":" + "0" * 64])
def test_a_waypoints_text(text: str) -> None:
    """X1: a decimal number, a colon, 64 digits of lower-case hex."""
    assert check_waypoint(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "0", "0" * 64, "0:" + "0" * 63, "0:" + "0" * 65, "0:" + "A" * 64, "0:" + "g" * 64, "00:" + "0" * 64,
        "-1:" + "0" * 64, "+1:" + "0" * 64, " 0:" + "0" * 64, "0:" + "0" * 64 + "\n", "0x0:" + "0" * 64,
        "٠:" + "0" * 64, "9" * 20 + ":" + "0" * 64,
    ],
)  # fmt: skip
def test_a_text_that_is_no_waypoint(text: str) -> None:
    """X1: refused before any proof is looked at."""
    with pytest.raises(MithqalError) as caught:
        check_waypoint(text)
    assert caught.value.name == "bad_waypoint"


# --- X2, X3 ---


def test_another_waypoint() -> None:
    """X2: a well-formed waypoint of another network."""
    foreign = Chain(timestamp_us=7)
    assert ledger_failure(PROOF, foreign.waypoint) == ("waypoint", "another_waypoint")
    assert ledger_failure(PROOF, "0:" + "0" * 64) == ("waypoint", "another_waypoint")
    assert ledger_failure(PROOF, "1" + CHAIN.waypoint[1:]) == ("waypoint", "another_waypoint")


def test_every_digit_of_the_waypoint_counts() -> None:
    """X2: trust starts from all of it."""
    text = CHAIN.waypoint
    for place in range(2, len(text)):
        other = text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]
        assert ledger_failure(PROOF, other) == ("waypoint", "another_waypoint")


def test_what_the_waypoint_covers() -> None:
    """X2: epoch, root, version, time and the validators that go on."""
    anchor = PROOF.anchor
    members = anchor.next_epoch.members
    stranger = ValidatorSet(1, (members[0]._replace(consensus_key=key(99).public_key), *members[1:]))
    fewer, later = ValidatorSet(1, members[:3]), ValidatorSet(2, members)
    for changed in (
        anchor._replace(root=OTHER), anchor._replace(version=1), anchor._replace(epoch=1),
        anchor._replace(timestamp_us=anchor.timestamp_us + 1), anchor._replace(next_epoch=stranger),
        anchor._replace(next_epoch=fewer), anchor._replace(next_epoch=later),
    ):  # fmt: skip
        assert ledger_failure(PROOF._replace(anchor=changed)) == ("waypoint", "another_waypoint")


def test_the_genesis_hash_stands_in_the_waypoints_root() -> None:
    """X3: the leaf of version 0 is in the waypoint's accumulator; its transaction hash stands in every signature."""
    assert BELIEVED.genesis_hash == PROOF.genesis_info.transaction_hash == CHAIN.genesis_hash
    info = PROOF.genesis_info
    for changed in (info._replace(gas_used=1), info._replace(transaction_hash=OTHER), info._replace(state_root=None)):
        assert ledger_failure(PROOF._replace(genesis_info=changed)) == ("genesis", "root")
    longer = PROOF._replace(genesis_path=LeafProof((OTHER,)))
    assert ledger_failure(longer) == ("genesis", "siblings")


@pytest.mark.parametrize("epoch", [0, 2, 3])
def test_a_waypoint_names_the_validators_of_the_next_epoch(epoch: int) -> None:
    """X3: of the epoch above its own, even if somebody trusts such a waypoint."""
    anchor = PROOF.anchor._replace(next_epoch=ValidatorSet(epoch, PROOF.anchor.next_epoch.members))
    assert ledger_failure(PROOF._replace(anchor=anchor), anchor.waypoint()) == ("genesis", "next_epoch")


# --- X5, X6 ---


def resigned(
    data: dict[str, Any] | None = None, commit: dict[str, Any] | None = None, signers: tuple[int, ...] = QUORUM
) -> QuorumCertificate:
    """The tip's certificate with fields changed and honestly signed again."""
    found = CERTIFICATE.commit
    assert found is not None
    keys = {index: VALIDATORS[index] for index in signers}
    changed = found._replace(**commit or {})
    return certify(CERTIFICATE.data._replace(**data or {}), changed, keys, CHAIN.genesis_hash)


def certificate_failure(certificate: QuorumCertificate) -> tuple[object, object]:
    return ledger_failure(PROOF._replace(certificate=certificate))


def test_a_certificate_that_commits_nothing_or_the_wrong_block() -> None:
    """X5: epoch, rounds and the committed parent (Q4 to Q6); at least one version above genesis."""
    round_ = CERTIFICATE.round
    assert certificate_failure(resigned({"epoch": 2}, {"epoch": 2})) == ("certificate", "wrong_epoch")
    assert certificate_failure(resigned({"round": 0})) == ("certificate", "round_zero")
    assert certificate_failure(resigned({"parent_round": round_})) == ("certificate", "round_order")
    assert certificate_failure(resigned({"parent_round": round_ - 2})) == ("certificate", "wrong_commit")
    assert certificate_failure(resigned({"parent_id": OTHER})) == ("certificate", "wrong_commit")
    assert certificate_failure(resigned(None, {"epoch": 0})) == ("certificate", "wrong_commit")
    assert certificate_failure(resigned(None, {"version": 0})) == ("certificate", "order")
    assert (
        verify_ledger(
            CHAIN.waypoint, PROOF._replace(certificate=resigned(None, {"version": 1})), RealSignatures()
        ).commit.version
        == 1
    )
    keys = {index: VALIDATORS[index] for index in QUORUM}
    empty = certify(CERTIFICATE.data, None, keys, CHAIN.genesis_hash)
    assert certificate_failure(empty) == ("certificate", "no_commit")
    assert certificate_failure(CHAIN.ledger.genesis_qc) == ("certificate", "round_zero")
    wrong = resigned(None, {"next_epoch": CHAIN.ledger.validators})
    assert certificate_failure(wrong) == ("certificate", "next_epoch")


@pytest.mark.parametrize(
    ("signers", "enough"), [((), 0), ((2,), 0), ((1, 3), 0), ((0, 1, 2), 1), ((1, 2, 3), 1), ((0, 1, 2, 3), 1)]
)
def test_a_quorum_of_four_is_three(signers: tuple[int, ...], enough: int) -> None:
    """X6: Q - 1 valid signatures prove nothing; Q do, and so do all."""
    changed = PROOF._replace(certificate=resigned(signers=signers))
    if enough:
        assert verify_ledger(CHAIN.waypoint, changed, RealSignatures()).signers == signers
    else:
        assert ledger_failure(changed) == ("quorum", "no_quorum")


def test_signers_are_distinct_ascending_members() -> None:
    """X6: the same validator twice is one; an unknown number is nobody."""
    certificate = CERTIFICATE
    first, second, last = certificate.signatures
    for signatures in (
        (first, first, second), (first, second, second), (first, second, second, last), (second, first, last),
        (first, second, (4, last[1])),
    ):  # fmt: skip
        assert certificate_failure(certificate._replace(signatures=signatures)) == ("quorum", "bad_authors")


def test_every_signature_must_hold() -> None:
    """X6: one bad signature, also beyond the quorum, of another member, of a stranger, or for another chain."""
    certificate = resigned(signers=(0, 1, 2, 3))
    for place in range(4):
        signatures = list(certificate.signatures)
        author, signature = signatures[place]
        for wrong in (signature[:-1] + bytes([signature[-1] ^ 1]), b"", bytes(64), signatures[place - 1][1]):
            signatures[place] = (author, wrong)
            changed = certificate._replace(signatures=tuple(signatures))
            assert certificate_failure(changed) == ("signature", "bad_signature")
    stranger = certify(certificate.data, certificate.commit, {0: key(10), 1: key(11), 2: key(99)}, CHAIN.genesis_hash)
    assert certificate_failure(stranger) == ("signature", "bad_signature")
    keys = {index: VALIDATORS[index] for index in QUORUM}
    assert certificate_failure(certify(certificate.data, certificate.commit, keys, OTHER))[0] == "signature"


def test_nothing_that_was_signed_can_change() -> None:
    """X6: every field of vote data and commit info is under the signatures."""
    certificate = CERTIFICATE
    assert certificate.commit is not None
    data, commit = certificate.data, certificate.commit
    for changed in (
        certificate._replace(data=data._replace(block_id=OTHER)), certificate._replace(data=data._replace(root=OTHER)),
        certificate._replace(data=data._replace(version=data.version + 1)),
        certificate._replace(data=data._replace(timestamp_us=data.timestamp_us + 1)),
        certificate._replace(data=data._replace(next_validators=OTHER)),
        certificate._replace(commit=commit._replace(root=OTHER)),
        certificate._replace(commit=commit._replace(version=commit.version + 1)),
        certificate._replace(commit=commit._replace(timestamp_us=commit.timestamp_us - 1)),
        certificate._replace(commit=commit._replace(next_epoch=CHAIN.ledger.validators)),
    ):  # fmt: skip
        assert certificate_failure(changed) == ("signature", "bad_signature")


def test_a_foreign_networks_proof() -> None:
    """X2: the same validators' keys, another genesis."""
    foreign = Chain(timestamp_us=7)
    for _ in range(3):
        foreign.add()
    assert ledger_failure(foreign.proof()) == ("waypoint", "another_waypoint")
    mixed = PROOF._replace(certificate=foreign.proof().certificate)
    assert ledger_failure(mixed) == ("signature", "bad_signature")


# --- X4 ---


class Era(NamedTuple):
    """The validators of one epoch."""

    members: ValidatorSet
    keys: dict[int, Any]


def era(epoch: int, count: int) -> Era:
    """New validators with keys of their own."""
    keys = {index: key(1_000 * epoch + index) for index in range(count)}
    members = tuple(Validator(f"v{epoch}-{index}", keys[index].public_key, b"n" * 32, index) for index in range(count))
    return Era(ValidatorSet(epoch, members), keys)


FIRST = Era(CHAIN.ledger.validators, dict(VALIDATORS))
SECOND, THIRD = era(2, 7), era(3, 1)


def ending(
    now: Era, version: int, following: ValidatorSet | None, epoch: int | None = None, signers: int | None = None
) -> QuorumCertificate:
    """A certificate of one era that commits a version and names the next set."""
    number = now.members.epoch if epoch is None else epoch
    block, child = Hash(bytes([number] * 32)), Hash(bytes([number + 1] * 32))
    commit = CommitInfo(number, 4, block, OTHER, version, version * 10, following)
    data = VoteData(number, 5, child, 4, block, OTHER, version, version * 10 + 1, None)
    keys = {index: now.keys[index] for index in range(now.members.quorum if signers is None else signers)}
    return certify(data, commit, keys, CHAIN.genesis_hash)


def walk(*epochs: QuorumCertificate, last: QuorumCertificate) -> LedgerProof:
    return PROOF._replace(epochs=epochs, certificate=last)


def test_a_walk_over_two_epochs() -> None:
    """X4: each set is certified by the one before; the last one certifies the ledger."""
    proof = walk(ending(FIRST, 20, SECOND.members), ending(SECOND, 30, THIRD.members), last=ending(THIRD, 31, None))
    believed = verify_ledger(CHAIN.waypoint, proof, RealSignatures())
    assert (believed.validators.epoch, believed.commit.version, believed.signers) == (3, 31, (0,))
    assert believed.genesis_hash == CHAIN.genesis_hash
    shorter = walk(ending(FIRST, 20, SECOND.members), last=ending(SECOND, 30, THIRD.members))
    assert verify_ledger(CHAIN.waypoint, shorter, RealSignatures()).signers == (0, 1, 2, 3, 4)


def test_an_epoch_signed_by_the_wrong_set() -> None:
    """X4: the old set cannot go on, a later one cannot start early."""
    end1, end2, last = ending(FIRST, 20, SECOND.members), ending(SECOND, 30, THIRD.members), ending(THIRD, 31, None)
    pretender = Era(SECOND.members, {index: key(index + 10) for index in range(7)})
    assert ledger_failure(walk(end1, ending(pretender, 30, THIRD.members), last=last)) == ("epochs", "bad_signature")
    pretender = Era(THIRD.members, {0: key(10)})
    assert ledger_failure(walk(end1, end2, last=ending(pretender, 31, None))) == ("signature", "bad_signature")
    assert ledger_failure(walk(end1, last=CERTIFICATE)) == ("certificate", "wrong_epoch")
    assert ledger_failure(walk(last=ending(SECOND, 30, None))) == ("certificate", "wrong_epoch")


def test_a_skipped_or_repeated_epoch() -> None:
    """X4: no epoch is left out, none comes twice, and none names a set of another number."""
    end1, end2, last = ending(FIRST, 20, SECOND.members), ending(SECOND, 30, THIRD.members), ending(THIRD, 31, None)
    assert ledger_failure(walk(end2, last=last)) == ("epochs", "wrong_epoch")
    assert ledger_failure(walk(end1, end1, last=last)) == ("epochs", "wrong_epoch")
    assert ledger_failure(walk(end2, end1, last=last)) == ("epochs", "wrong_epoch")
    assert ledger_failure(walk(end1, last=last)) == ("certificate", "wrong_epoch")
    jump = ending(FIRST, 20, THIRD.members)
    assert ledger_failure(walk(jump, last=last)) == ("epochs", "next_epoch")
    again = ending(FIRST, 20, FIRST.members)
    assert ledger_failure(walk(again, last=CERTIFICATE)) == ("epochs", "next_epoch")
    nothing = ending(FIRST, 20, None)
    assert ledger_failure(walk(nothing, last=CERTIFICATE)) == ("epochs", "next_epoch")


def test_versions_rise_over_epochs() -> None:
    """X4, X5: each certificate commits a version above the one before; one above is enough."""
    end1 = ending(FIRST, 20, SECOND.members)
    last = ending(THIRD, 31, None)
    assert ledger_failure(walk(ending(FIRST, 0, SECOND.members), last=last)) == ("epochs", "order")
    assert ledger_failure(walk(end1, ending(SECOND, 20, THIRD.members), last=last)) == ("epochs", "order")
    end2 = ending(SECOND, 21, THIRD.members)
    assert ledger_failure(walk(end1, end2, last=ending(THIRD, 21, None))) == ("certificate", "order")
    assert (
        verify_ledger(CHAIN.waypoint, walk(end1, end2, last=ending(THIRD, 22, None)), RealSignatures()).commit.version
        == 22
    )


def test_an_epoch_needs_its_own_quorum() -> None:
    """X4: five of seven, not four; and a block that it commits."""
    end1, last = ending(FIRST, 20, SECOND.members), ending(THIRD, 31, None)
    short = ending(SECOND, 30, THIRD.members, signers=4)
    assert ledger_failure(walk(end1, short, last=last)) == ("epochs", "no_quorum")
    assert ledger_failure(walk(ending(FIRST, 20, SECOND.members, signers=2), last=last)) == ("epochs", "no_quorum")
    empty = certify(end1.data, None, FIRST.keys, CHAIN.genesis_hash)
    assert ledger_failure(walk(empty, last=last)) == ("epochs", "no_commit")


# --- any end of an epoch is a waypoint (X2, X3) ---

LONG = small_chain()
KEYS = [{index: key(1_000 * epoch + index) for index in range(count)} for epoch, count in ((2, 7), (3, 1))]
WAYPOINTS = [LONG.waypoint, LONG.end_epoch(KEYS[0])]
LONG.add()
LONG.add()
LONG.add()
WAYPOINTS.append(LONG.end_epoch(KEYS[1]))
for _ in range(2):
    LONG.add()


def known(waypoint: str) -> int:
    """The version of a waypoint."""
    return int(waypoint.partition(":")[0])


def test_each_end_of_an_epoch_is_a_root_of_trust() -> None:
    """X2 to X6: from the waypoint of genesis or of a later end of an epoch to the same certified ledger."""
    assert [known(text) for text in WAYPOINTS] == [0, 12, 15]
    for place, waypoint in enumerate(WAYPOINTS):
        proof = LONG.proof(known(waypoint))
        assert len(proof.epochs) == 2 - place
        believed = verify_ledger(waypoint, proof, RealSignatures())
        assert (believed.genesis_hash, believed.commit.version) == (LONG.genesis_hash, LONG.ledger.tip_version)
        assert (believed.validators.epoch, believed.signers) == (3, (0,))
        assert [anchor.waypoint() for anchor in believed.anchors] == WAYPOINTS[place:]
        for other in WAYPOINTS:
            if other != waypoint:
                assert ledger_failure(proof, other) == ("waypoint", "another_waypoint")


def test_a_ledger_that_ends_with_its_epoch() -> None:
    """X5: the certificate that ends an epoch certifies the ledger there, and its end is a waypoint already."""
    chain = small_chain()
    waypoint = chain.end_epoch(KEYS[0])
    believed = chain.believed()
    assert (believed.validators.epoch, believed.commit.version) == (1, known(waypoint))
    assert [anchor.waypoint() for anchor in believed.anchors] == [chain.waypoint, waypoint]
    assert chain.prover.ledger(chain.proof().certificate, known(waypoint) - 1) is None


def test_a_ledger_that_ends_at_the_waypoint() -> None:
    """X5: nothing is certified after the waypoint yet: its own ledger is believed, and nobody's signature is needed."""
    chain = small_chain()
    waypoint = chain.end_epoch(KEYS[0])
    proof = chain.proof(known(waypoint))
    assert (proof.certificate, proof.epochs) == (None, ())
    believed = verify_ledger(waypoint, proof, RealSignatures())
    assert (believed.commit.version, believed.commit.root, believed.signers) == (12, chain.ledger.tip_root, ())
    assert (believed.genesis_hash, believed.validators.epoch) == (chain.genesis_hash, 2)
    assert [anchor.waypoint() for anchor in believed.anchors] == [waypoint]
    fresh = Chain()
    start = fresh.prover.ledger(None)
    assert start is not None
    assert verify_ledger(fresh.waypoint, start, RealSignatures()).commit.version == 0


def test_a_certificate_is_missing_only_at_the_waypoint() -> None:
    """X5: without one no end of an epoch may stand in the proof: each proof has one form."""
    proof = LONG.proof()
    for epochs in (proof.epochs, proof.epochs[:1]):
        changed = proof._replace(epochs=epochs, certificate=None)
        assert ledger_failure(changed, LONG.waypoint) == ("certificate", "missing")
    older = verify_ledger(LONG.waypoint, proof._replace(epochs=(), certificate=None), RealSignatures())
    assert older.commit.version == 0


def test_a_later_waypoint_proves_the_genesis_hash() -> None:
    """X3: with the path of version 0 to the waypoint's root, of which no hash can change, lack or stand too much."""
    proof = LONG.proof(known(WAYPOINTS[1]))
    path = proof.genesis_path.siblings
    assert len(path) == 4
    for siblings, rule in (
        ((OTHER, *path[1:]), "root"), (path[:-1], "siblings"), ((*path, OTHER), "siblings"), ((), "siblings"),
        (path[::-1], "root"),
    ):  # fmt: skip
        changed = proof._replace(genesis_path=LeafProof(siblings))
        assert ledger_failure(changed, WAYPOINTS[1]) == ("genesis", rule)
    another = proof._replace(genesis_info=proof.genesis_info._replace(transaction_hash=OTHER))
    assert ledger_failure(another, WAYPOINTS[1]) == ("genesis", "root")


def test_left_out_epochs() -> None:
    """X4: a node that holds back the last epochs proves an older ledger only, and mixed lists prove nothing."""
    proof = LONG.proof()
    assert ledger_failure(proof._replace(epochs=proof.epochs[:1]), LONG.waypoint) == ("certificate", "wrong_epoch")
    assert ledger_failure(proof._replace(epochs=proof.epochs[1:]), LONG.waypoint) == ("epochs", "wrong_epoch")
    assert ledger_failure(proof._replace(epochs=()), LONG.waypoint) == ("certificate", "wrong_epoch")
    assert ledger_failure(proof._replace(epochs=proof.epochs[::-1]), LONG.waypoint) == ("epochs", "wrong_epoch")
    older = proof._replace(epochs=(), certificate=proof.epochs[0])
    assert verify_ledger(LONG.waypoint, older, RealSignatures()).commit.version == known(WAYPOINTS[1])


def test_an_anchor_is_what_its_waypoint_says() -> None:
    """L5: (epoch, root, version, time, next validator set) and nothing else."""
    commit = LONG.proof().epochs[0].commit
    assert commit is not None
    assert commit.next_epoch is not None
    anchor = Anchor(commit.epoch, commit.root, commit.version, commit.timestamp_us, commit.next_epoch)
    assert anchor.waypoint() == commit.waypoint() == WAYPOINTS[1]
