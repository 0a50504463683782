"""From a waypoint to believed facts: every link of the chain holds, and each one can fail (X1 to X14)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from chain.accounts import ASSOCIATION, account_key, leaf_key, value_hash
from chain.certificates import CommitInfo, QuorumCertificate, VoteData
from chain.codec import decode, encode, fields
from chain.crypto.signing import RealSignatures
from chain.entries import KIND_BLOCK_METADATA, KIND_GENESIS, KIND_USER, Event, Status, TransactionInfo, info_hash
from chain.errors import MithqalError, ProofError
from chain.light_client import (
    AccountProof,
    BelievedLedger,
    LedgerProof,
    TransactionProof,
    check_waypoint,
    decode_proof,
    encode_proof,
    verify_account,
    verify_ledger,
    verify_transaction,
)
from chain.primitives import Address, Hash
from chain.state import tree
from chain.state.accumulator import PLACEHOLDER, LeafProof
from chain.validators import Validator, ValidatorSet
from tests.builders import BOB, DEALER, US, key
from tests.chains import QUORUM, VALIDATORS, Chain, certify, small_chain

CHAIN = small_chain()
PROOF = CHAIN.proof()
BELIEVED = CHAIN.believed()
TIP = CHAIN.ledger.tip_version
PAYMENT, FAILED = 7, 8
"""Versions of a payment, and of one that fails."""
OTHER = Hash(b"\x55" * 32)


def failure(call: Callable[..., object], *arguments: object) -> tuple[object, object]:
    """Step and rule of the ProofError."""
    with pytest.raises(ProofError) as caught:
        call(*arguments)
    assert caught.value.name == "bad_proof"
    step = caught.value.details["step"]
    assert caught.value.message.startswith(f"the proof fails at step {step}: ")
    return step, caught.value.details["rule"]


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


@pytest.mark.parametrize("version", range(TIP + 1))
def test_every_entry_is_believed(version: int) -> None:
    """X7 to X9 hold for genesis, block metadata and transactions, failed ones too."""
    proof = CHAIN.transaction(version)
    verify_transaction(BELIEVED, proof)
    kinds = {0: KIND_GENESIS, **dict.fromkeys(CHAIN.versions(), KIND_USER)}
    assert proof.kind == kinds.get(version, KIND_BLOCK_METADATA)


def test_what_a_payment_proves() -> None:
    """The result and both events."""
    paid, failed = CHAIN.transaction(PAYMENT), CHAIN.transaction(FAILED)
    assert (paid.info.status, paid.info.gas_used) == (Status("executed", "", 0), 600)
    assert [event.type for event in paid.events] == ["sentpayment", "receivedpayment"]
    assert paid.events[0].data == (1_500, "XUS", DEALER.address, US.address, b"rent")
    assert (failed.info.status, failed.events) == (Status("move_abort", "DiemAccount", 1288), ())


def test_present_and_absent_accounts_are_believed() -> None:
    """X11: an account with its balances, or nothing under its key."""
    provider = verify_account(BELIEVED, CHAIN.account(US.address))
    assert provider is not None
    assert (provider.address, provider.balances) == (US.address, (("XUS", 1_500),))
    assert verify_account(BELIEVED, CHAIN.account(BOB.address)) is None


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
        ({"next_epoch": ValidatorSet(2, (Validator("a", b"k" * 32, b"n" * 32),))}, "next_epoch"),
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
    members = tuple(Validator(f"v{epoch}-{index}", keys[index].public_key, b"n" * 32) for index in range(count))
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


# --- X7 to X9 ---


def transaction_failure(proof: TransactionProof) -> tuple[object, object]:
    return failure(verify_transaction, BELIEVED, proof)


def test_the_leaf_stands_at_its_version() -> None:
    """X7: not at another, not with another content, and not above the certified version."""
    proof = CHAIN.transaction(PAYMENT)
    for version in range(TIP + 1):
        if version != PAYMENT:
            assert transaction_failure(proof._replace(version=version))[0] == "transaction_info"
    assert transaction_failure(proof._replace(version=TIP + 1)) == ("transaction_info", "index")
    assert transaction_failure(proof._replace(version=2**64 - 1)) == ("transaction_info", "index")
    info = proof.info
    for changed in (
        info._replace(gas_used=601), info._replace(status=Status("out_of_gas", "", 0)), info._replace(state_root=OTHER),
        info._replace(event_root=OTHER), info._replace(transaction_hash=OTHER),
    ):  # fmt: skip
        assert transaction_failure(proof._replace(info=changed)) == ("transaction_info", "root")
    siblings = proof.path.siblings
    assert transaction_failure(proof._replace(path=LeafProof(siblings[1:]))) == ("transaction_info", "siblings")
    assert transaction_failure(proof._replace(path=LeafProof((*siblings, OTHER)))) == ("transaction_info", "siblings")
    assert transaction_failure(proof._replace(path=LeafProof((OTHER, *siblings[1:])))) == ("transaction_info", "root")


def test_the_bytes_are_those_of_the_leaf() -> None:
    """X8: hashed by kind, so that no entry passes for one of another kind."""
    proof = CHAIN.transaction(PAYMENT)
    assert transaction_failure(proof._replace(data=proof.data[:-1])) == ("transaction", "hash")
    assert transaction_failure(proof._replace(data=CHAIN.transaction(FAILED).data)) == ("transaction", "hash")
    assert transaction_failure(proof._replace(kind=KIND_GENESIS)) == ("transaction", "hash")
    assert transaction_failure(proof._replace(kind=KIND_BLOCK_METADATA)) == ("transaction", "hash")
    assert transaction_failure(proof._replace(kind=3)) == ("transaction", "unknown_kind")


def test_events_are_all_of_them_in_order() -> None:
    """X9: none left out, added, exchanged or changed."""
    proof = CHAIN.transaction(PAYMENT)
    sent, received = proof.events
    for events in (
        (), (sent,), (received,), (received, sent), (sent, received, received), (sent, sent),
        (sent._replace(sequence=1), received), (sent, received._replace(data=(1_501, *received.data[1:]))),
        (sent, received._replace(type="sentpayment")), (sent._replace(key=received.key), received),
    ):  # fmt: skip
        assert transaction_failure(proof._replace(events=events)) == ("events", "root")
    invented = CHAIN.transaction(FAILED)._replace(events=(Event(b"k" * 24, 0, "mint", ()),))
    assert transaction_failure(invented) == ("events", "root")


# --- X10 to X12 ---


def account_failure(proof: AccountProof, believed: BelievedLedger = BELIEVED) -> tuple[object, object]:
    return failure(verify_account, believed, proof)


def test_an_account_is_proved_at_the_end_of_a_block() -> None:
    """X10: the other entries of a block name no state root."""
    proof = CHAIN.account(US.address)
    middle = CHAIN.transaction(PAYMENT)
    inside = proof._replace(version=PAYMENT, info=middle.info, path=middle.path)
    assert account_failure(inside) == ("checkpoint", "no_state_root")
    end = CHAIN.transaction(FAILED)
    assert end.info.state_root is not None
    older = proof._replace(version=FAILED, info=end.info, path=end.path)
    assert account_failure(older)[0] == "state"


def test_nobody_can_lie_about_an_account() -> None:
    """X7, X11: not its bytes, not its absence, not its presence, not its address."""
    present, absent = CHAIN.account(US.address), CHAIN.account(BOB.address)
    dealer = CHAIN.account(DEALER.address)
    assert present.record is not None
    richer = present.record.replace(b"\xcd\x05\xdc", b"\xcd\x05\xdd")
    assert richer != present.record
    assert account_failure(present._replace(record=richer)) == ("state", "leaf_value")
    assert account_failure(present._replace(record=None)) == ("state", "leaf_key")
    assert account_failure(present._replace(record=dealer.record)) == ("state", "leaf_value")
    assert account_failure(present._replace(address=DEALER.address)) == ("state", "leaf_key")
    assert account_failure(dealer._replace(record=None, address=DEALER.address)) == ("state", "leaf_key")
    assert account_failure(absent._replace(record=present.record)) in (("state", "leaf"), ("state", "leaf_key"))
    assert account_failure(absent._replace(state=present.state))[0] == "state"
    shorter = present.state._replace(siblings=present.state.siblings[1:])
    assert account_failure(present._replace(state=shorter)) == ("state", "root")
    assert account_failure(present._replace(version=TIP - 1))[0] == "transaction_info"


def invented(record: bytes, address: Address) -> tuple[BelievedLedger, AccountProof]:
    """A ledger of one entry whose state holds any bytes under an address: what an honest chain never has."""
    leaf = leaf_key(account_key(address))
    state = tree.build([(leaf, value_hash(record))])
    info = TransactionInfo(OTHER, PLACEHOLDER, 0, Status("executed", "", 0), tree.root_hash(state))
    commit = BELIEVED.commit._replace(version=0, root=info_hash(info.to_bytes()))
    return BELIEVED._replace(commit=commit), AccountProof(
        0, info, LeafProof(()), address, record, tree.prove(state, leaf)
    )


def test_the_record_is_an_account_of_that_address() -> None:
    """X12: even if a quorum put something else there."""
    good = CHAIN.account(US.address).record
    assert good is not None
    believed, proof = invented(good, US.address)
    assert verify_account(believed, proof) is not None
    believed, proof = invented(good, BOB.address)
    assert account_failure(proof, believed) == ("account", "another_address")
    believed, proof = invented(encode((1, 2)), US.address)
    assert account_failure(proof, believed) == ("account", "wrong_shape")
    believed, proof = invented(b"", US.address)
    assert account_failure(proof, believed)[0] == "account"


# --- bytes ---

FACTS: dict[str, TransactionProof | AccountProof] = {
    "transaction": CHAIN.transaction(PAYMENT),
    "failed": CHAIN.transaction(FAILED),
    "genesis": CHAIN.transaction(0),
    "present": CHAIN.account(US.address),
    "absent": CHAIN.account(BOB.address),
    "root": CHAIN.account(ASSOCIATION),
}


def check(data: bytes) -> None:
    """Decode and verify."""
    ledger, fact = decode_proof(data)
    believed = verify_ledger(CHAIN.waypoint, ledger, RealSignatures())
    if isinstance(fact, TransactionProof):
        verify_transaction(believed, fact)
    else:
        verify_account(believed, fact)


@pytest.mark.parametrize("name", FACTS)
def test_bytes_and_back(name: str) -> None:
    """One proof, one byte string."""
    data = encode_proof(PROOF, FACTS[name])
    check(data)
    assert encode_proof(*decode_proof(data)) == data
    assert decode_proof(data)[1] == FACTS[name]


@pytest.mark.parametrize("name", ["transaction", "present", "absent"])
def test_no_byte_of_a_proof_goes_unchecked(name: str) -> None:
    """X14: each byte turned in one bit is noticed, and so is each cut."""
    data = encode_proof(PROOF, FACTS[name])
    for at, byte in enumerate(data):
        changed = data[:at] + bytes([byte ^ 1 << at % 8]) + data[at + 1 :]
        failure(check, changed)
        assert failure(check, data[:at])[0] == "encoding"
    assert failure(check, data + b"\0")[0] == "encoding"


def test_shapes_that_are_no_proof() -> None:
    """X14: unknown kinds, missing and additional fields are refused while decoding."""
    number, ledger, fact = fields(decode(encode_proof(PROOF, FACTS["present"])), "proof", int, tuple, tuple)
    value: Any
    for value in (
        (0, ledger, fact), (2, ledger, fact), (True, ledger, fact), (number, ledger), (number, ledger, fact, None),
        (number, (*ledger, None), fact), (number, ledger[:-1], fact), (number, ledger, (*fact, b"")),
        (number, ledger, fact[:-1]), (number, ledger, (*fact[:3], fact[3][:-1], *fact[4:])),
        (number, ledger, (*fact[:4], 7, fact[5])), (number, ledger, (True, *fact[1:])), None, 7, (), b"",
    ):  # fmt: skip
        assert failure(decode_proof, encode(value))[0] == "encoding"
    assert failure(decode_proof, encode((2, ledger, fact))) == ("encoding", "unknown_kind")
