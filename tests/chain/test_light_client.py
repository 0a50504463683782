"""From a waypoint to a believed ledger: every link of the chain holds, and each one can fail (X1 to X6)."""

from typing import Any, NamedTuple

import pytest

from chain.certificates import CommitInfo, QuorumCertificate, VoteData
from chain.crypto.signing import RealSignatures
from chain.errors import MithqalError
from chain.light_client import (
    LedgerProof,
    check_waypoint,
    verify_ledger,
)
from chain.primitives import Hash
from chain.validators import Validator, ValidatorSet
from tests.builders import key
from tests.chain.failures import failure
from tests.chains import QUORUM, VALIDATORS, Chain, certify, small_chain

CHAIN = small_chain()
PROOF = CHAIN.proof()
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
    """X2: root, version, time and the first validators."""
    genesis = PROOF.genesis
    assert genesis.next_epoch is not None
    members = genesis.next_epoch.members
    stranger = ValidatorSet(1, (members[0]._replace(consensus_key=key(99).public_key), *members[1:]))
    fewer = ValidatorSet(1, members[:3])
    for changed in (
        genesis._replace(root=OTHER), genesis._replace(version=1), genesis._replace(epoch=1),
        genesis._replace(timestamp_us=genesis.timestamp_us + 1), genesis._replace(next_epoch=stranger),
        genesis._replace(next_epoch=fewer), genesis._replace(next_epoch=None),
    ):  # fmt: skip
        assert ledger_failure(PROOF._replace(genesis=changed)) == ("waypoint", "another_waypoint")


def test_what_the_waypoint_leaves_out_is_checked_too() -> None:
    """X3, X14: round and block id of genesis are not in the waypoint, yet they cannot be changed."""
    genesis = PROOF.genesis
    assert ledger_failure(PROOF._replace(genesis=genesis._replace(round=1))) == ("genesis", "not_genesis")
    assert ledger_failure(PROOF._replace(genesis=genesis._replace(block_id=OTHER))) == ("genesis", "block_id")
    info = PROOF.genesis_info
    for changed in (info._replace(gas_used=1), info._replace(transaction_hash=OTHER), info._replace(state_root=None)):
        assert ledger_failure(PROOF._replace(genesis_info=changed)) == ("genesis", "root")


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"version": 1}, "not_genesis"),
        ({"epoch": 1}, "not_genesis"),
        ({"next_epoch": None}, "next_epoch"),
        ({"next_epoch": ValidatorSet(2, (Validator("a", b"k" * 32, b"n" * 32, 0),))}, "next_epoch"),
    ],
)
def test_a_waypoint_that_is_not_of_a_genesis(fields: dict[str, Any], rule: str) -> None:
    """X3: epoch, round and version 0, and the validators of epoch 1, even if somebody trusts such a waypoint."""
    genesis = PROOF.genesis._replace(**fields)
    assert ledger_failure(PROOF._replace(genesis=genesis), genesis.waypoint()) == ("genesis", rule)


# --- X5, X6 ---


def resigned(
    data: dict[str, Any] | None = None, commit: dict[str, Any] | None = None, signers: tuple[int, ...] = QUORUM
) -> QuorumCertificate:
    """The tip's certificate with fields changed and honestly signed again."""
    found = PROOF.certificate.commit
    assert found is not None
    keys = {index: VALIDATORS[index] for index in signers}
    changed = found._replace(**commit or {})
    return certify(PROOF.certificate.data._replace(**data or {}), changed, keys, CHAIN.genesis_hash)


def certificate_failure(certificate: QuorumCertificate) -> tuple[object, object]:
    return ledger_failure(PROOF._replace(certificate=certificate))


def test_a_certificate_that_commits_nothing_or_the_wrong_block() -> None:
    """X5: epoch, rounds and the committed parent (Q4 to Q6); at least one version above genesis."""
    round_ = PROOF.certificate.round
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
    empty = certify(PROOF.certificate.data, None, keys, CHAIN.genesis_hash)
    assert certificate_failure(empty) == ("certificate", "no_commit")
    assert certificate_failure(CHAIN.ledger.genesis_qc) == ("certificate", "round_zero")


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
    certificate = PROOF.certificate
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
    certificate = PROOF.certificate
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
    assert ledger_failure(walk(end1, last=PROOF.certificate)) == ("certificate", "wrong_epoch")
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
    assert ledger_failure(walk(again, last=PROOF.certificate)) == ("epochs", "next_epoch")
    nothing = ending(FIRST, 20, None)
    assert ledger_failure(walk(nothing, last=PROOF.certificate)) == ("epochs", "next_epoch")


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
