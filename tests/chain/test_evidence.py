"""Evidence stands for itself: what is refused, by which name, and that no byte of it can be changed."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.block import Header, proposal_message
from chain.certificates import CommitInfo, timeout_message, vote_message
from chain.codec import decode, encode
from chain.crypto.signing import RealSignatures
from chain.errors import MithqalError
from chain.evidence import Evidence, EvidenceId, EvidenceKind, Statement, prove, verify_evidence
from chain.limits import MAX_EVIDENCE_BYTES
from chain.primitives import Hash
from chain.validators import Validator, ValidatorSet
from tests.chain.consensus.conftest import GENESIS_HASH, Committee

FOUR = Committee(4)
LIAR = 2
KINDS = list(EvidenceKind)


def header(round_: int = 6, author: int = LIAR, time_us: int = 7_000, signer: int = LIAR) -> Statement:
    """A signed proposal."""
    made = FOUR.block(round_, FOUR.genesis_qc, author=author, height=1, time_us=time_us).header
    return Statement(tuple(made), FOUR.keys[signer].sign(proposal_message(made, GENESIS_HASH)))


def vote(
    round_: int = 6, parent_round: int = 0, fill: int = 1, commit: CommitInfo | None = None, signer: int = LIAR
) -> Statement:
    """A signed vote."""
    data = FOUR.qc(FOUR.block(6, FOUR.genesis_qc)).data._replace(
        round=round_, parent_round=parent_round, root=Hash(bytes([fill]) * 32)
    )
    signature = FOUR.keys[signer].sign(vote_message(data, commit, GENESIS_HASH))
    return Statement((tuple(data), None if commit is None else commit.to_value()), signature)


def timeout(round_: int = 6, shown: int = 0, epoch: int = 1, signer: int = LIAR) -> Statement:
    """A signed time-out."""
    signature = FOUR.keys[signer].sign(timeout_message(epoch, round_, shown, GENESIS_HASH))
    return Statement((epoch, round_, shown), signature)


def pair(kind: EvidenceKind, one: Statement, other: Statement) -> Evidence:
    """In the order that the form asks for."""
    if kind != EvidenceKind.LOCK_LIE and encode(one.body) > encode(other.body):
        one, other = other, one
    return Evidence(kind, 1, LIAR, one, other)


PROPOSALS = pair(EvidenceKind.DOUBLE_PROPOSAL, header(), header(time_us=8_000))
VOTES = pair(EvidenceKind.DOUBLE_VOTE, vote(), vote(fill=2))
LIE = pair(EvidenceKind.LOCK_LIE, vote(6, 5), timeout(9, 4))
EACH = [PROPOSALS, VOTES, LIE]


def refusal(evidence: Evidence, validators: ValidatorSet = FOUR.set, genesis_hash: bytes = GENESIS_HASH) -> str:
    """The rule by which it is refused."""
    with pytest.raises(MithqalError) as caught:
        verify_evidence(evidence, validators, genesis_hash, RealSignatures())
    return caught.value.name


@pytest.mark.parametrize("evidence", EACH, ids=lambda one: one.id.name)
def test_two_statements_that_no_honest_validator_signs_name_the_liar(evidence: Evidence) -> None:
    """EV1: whoever has the set of the epoch and the genesis hash can judge it."""
    again = Evidence.from_bytes(evidence.to_bytes())
    assert again == evidence
    assert verify_evidence(again, FOUR.set, GENESIS_HASH, RealSignatures()).name == "v2"


def test_what_a_piece_is_about() -> None:
    """EV5: known by epoch, author, kind and round; of a lock lie the round of the time-out counts."""
    assert PROPOSALS.id == EvidenceId(1, LIAR, EvidenceKind.DOUBLE_PROPOSAL, 6)
    assert VOTES.id == (1, LIAR, EvidenceKind.DOUBLE_VOTE, 6)
    assert (LIE.id, LIE.rounds) == ((1, LIAR, EvidenceKind.LOCK_LIE, 9), (6, 9))


def test_the_same_statement_twice_is_nothing() -> None:
    """EV2: two signatures over the same bytes prove nothing, whatever they are."""
    other = b"\x01" * 64
    for kind, one in ((EvidenceKind.DOUBLE_PROPOSAL, header()), (EvidenceKind.DOUBLE_VOTE, vote())):
        assert refusal(Evidence(kind, 1, LIAR, one, one)) == "no_conflict"
        assert refusal(Evidence(kind, 1, LIAR, one, one._replace(signature=other))) == "no_conflict"


def test_the_statements_have_one_order() -> None:
    """EV5: a pair has one byte string."""
    assert refusal(PROPOSALS._replace(first=PROPOSALS.second, second=PROPOSALS.first)) == "evidence_order"
    assert refusal(VOTES._replace(first=VOTES.second, second=VOTES.first)) == "evidence_order"


def test_statements_of_two_rounds_are_what_honest_validators_make() -> None:
    """EV2, EV3: only one round's statements contradict each other."""
    assert refusal(pair(EvidenceKind.DOUBLE_VOTE, vote(6), vote(7, fill=2))) == "evidence_round"
    assert refusal(pair(EvidenceKind.DOUBLE_PROPOSAL, header(6), header(7))) == "evidence_round"


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        (vote(6, 5), timeout(6, 4), None),
        (vote(6, 5), timeout(7, 4), None),
        (vote(6, 5), timeout(6, 0), None),
        (vote(6, 5), timeout(6, 5), "no_conflict"),
        (vote(6, 5), timeout(7, 6), "no_conflict"),
        (vote(6, 5), timeout(5, 4), "evidence_round"),
    ],
)
def test_a_lock_lie_is_a_time_out_not_before_the_vote_that_shows_less(
    first: Statement, second: Statement, rule: str | None
) -> None:
    """EV4: P5 forbids it in the vote's round and every later one; a time-out before the vote knew no better."""
    evidence = pair(EvidenceKind.LOCK_LIE, first, second)
    if rule is None:
        assert verify_evidence(evidence, FOUR.set, GENESIS_HASH, RealSignatures()).number == LIAR
    else:
        assert refusal(evidence) == rule


def test_two_votes_may_differ_in_what_they_commit_alone() -> None:
    """EV3: a vote signs its data and what it commits; a second one that differs in either is a second vote."""
    evidence = pair(EvidenceKind.DOUBLE_VOTE, vote(), vote(commit=FOUR.genesis_info))
    assert verify_evidence(evidence, FOUR.set, GENESIS_HASH, RealSignatures()).number == LIAR


@pytest.mark.parametrize("evidence", EACH, ids=lambda one: one.id.name)
def test_another_epoch_network_key_or_author_proves_nothing(evidence: Evidence) -> None:
    """EV1, EV6: judged by the set of its own epoch, on its own network, by the key of its author."""
    assert refusal(evidence, ValidatorSet(2, FOUR.set.members)) == "evidence_epoch"
    assert refusal(evidence._replace(epoch=2), ValidatorSet(2, FOUR.set.members)) == "evidence_epoch"
    assert refusal(evidence, genesis_hash=b"\x48" * 32) == "bad_signature"
    assert refusal(evidence._replace(author=4)) == "evidence_author"
    others = tuple(member._replace(consensus_key=FOUR.keys[0].public_key) for member in FOUR.set.members[2:3])
    assert refusal(evidence._replace(author=0), ValidatorSet(1, others)) in ("bad_signature", "evidence_author")
    wrong = refusal(evidence._replace(author=1))
    assert wrong == ("evidence_author" if evidence is PROPOSALS else "bad_signature")


def test_a_statement_that_somebody_else_signed_accuses_nobody() -> None:
    """EV6: no forger can name another: each place is tried."""
    honest = 1
    for at, evidence in enumerate(
        [
            pair(EvidenceKind.DOUBLE_PROPOSAL, header(), header(time_us=8_000, signer=honest)),
            pair(EvidenceKind.DOUBLE_VOTE, vote(signer=honest), vote(fill=2)),
            pair(EvidenceKind.LOCK_LIE, vote(6, 5, signer=honest), timeout(9, 4)),
            pair(EvidenceKind.LOCK_LIE, vote(6, 5), timeout(9, 4, signer=honest)),
        ]
    ):
        assert refusal(evidence) == "bad_signature", at


def test_a_proposal_names_its_author() -> None:
    """EV2: what a liar signs in another's name says nothing of that other one, and nothing of two blocks of its own."""
    evidence = pair(EvidenceKind.DOUBLE_PROPOSAL, header(author=1), header(author=1, time_us=8_000))
    assert refusal(evidence) == "evidence_author"
    assert refusal(evidence._replace(author=1)) == "bad_signature"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("evidence", EACH, ids=lambda one: one.id.name)
def test_another_kind_does_not_fit(evidence: Evidence, kind: EvidenceKind) -> None:
    """EV5: the kind says what the statements are."""
    if kind != evidence.kind:
        with pytest.raises(MithqalError) as caught:
            Evidence.from_bytes(evidence._replace(kind=kind).to_bytes())
        assert caught.value.name in ("wrong_shape", "wrong_size", "evidence_order")


@pytest.mark.parametrize("kind", [0, 4, 2**64 - 1])
def test_kinds_that_do_not_exist(kind: int) -> None:
    value: Any = VOTES.to_value()
    with pytest.raises(MithqalError) as caught:
        Evidence.from_bytes(encode((kind, *value[1:])))
    assert caught.value.name == "evidence_kind"


def test_size_is_bounded_before_it_is_read() -> None:
    """EV5: at most 96 KiB, in which the largest pair fits: two votes that name a set of 256 with the longest names."""
    with pytest.raises(MithqalError) as caught:
        Evidence.from_bytes(b"\xc0" * (MAX_EVIDENCE_BYTES + 1))
    assert caught.value.name == "evidence_too_large"
    members = tuple(
        Validator("n" * 60 + f"{place:04}", place.to_bytes(32, "big"), bytes(32), 2**64 - 300 + place)
        for place in range(256)
    )
    largest = FOUR.genesis_info._replace(next_epoch=ValidatorSet(2**64 - 1, members))
    assert len(pair(EvidenceKind.DOUBLE_VOTE, vote(commit=largest), vote(fill=2, commit=largest)).to_bytes()) > 70_000
    assert Evidence.from_bytes(pair(EvidenceKind.DOUBLE_VOTE, vote(commit=largest), vote(fill=2)).to_bytes())


@pytest.mark.parametrize("evidence", EACH, ids=lambda one: one.id.name)
def test_no_byte_can_be_changed(evidence: Evidence) -> None:
    """EV6: every byte is signed, or must fit what is."""
    data = evidence.to_bytes()
    for at in range(len(data)):
        for flip in (0x01, 0x80):
            bent = data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]
            with pytest.raises(MithqalError):
                verify_evidence(Evidence.from_bytes(bent), FOUR.set, GENESIS_HASH, RealSignatures())


@given(
    st.sampled_from(EACH), st.integers(0, 10_000), st.integers(0, 255), st.sampled_from(["put", "cut", "insert", "end"])
)
def test_no_edit_of_the_bytes_survives(evidence: Evidence, place: int, byte: int, edit: str) -> None:
    """EV6."""
    data = evidence.to_bytes()
    at = place % len(data)
    bent = {
        "put": data[:at] + bytes([byte]) + data[at + 1 :],
        "cut": data[:at] + data[at + 1 :],
        "insert": data[:at] + bytes([byte]) + data[at:],
        "end": data + bytes([byte]),
    }[edit]
    if bent == data:
        return
    with pytest.raises(MithqalError):
        verify_evidence(Evidence.from_bytes(bent), FOUR.set, GENESIS_HASH, RealSignatures())


@pytest.mark.parametrize("evidence", EACH, ids=lambda one: one.id.name)
def test_shapes(evidence: Evidence) -> None:
    """Each field of each body has its type and size; none may be missing."""
    value: Any = decode(evidence.to_bytes())
    for place in (3, 4):
        body: Any
        body, signature = value[place]
        bodies: list[Any] = [
            body[:-1],
            (*body, 0),
            body[0],
            *[(*body[:at], "x", *body[at + 1 :]) for at in range(len(body))],
        ]
        wrong: list[Any] = [*[(one, signature) for one in bodies], (body,), (body, signature, 0), (body, "x"), b""]
        for broken in wrong:
            with pytest.raises(MithqalError) as caught:
                Evidence.from_value((*value[:place], broken, *value[place + 1 :]))
            assert caught.value.name in ("wrong_shape", "wrong_size")


def refused_body(evidence: Evidence, place: int, body: Any) -> str:
    """The error by which another body in a statement's place is refused as it is read."""
    value: list[Any] = [*cast("tuple[Any, ...]", evidence.to_value())]
    value[3 + place] = (body, value[3 + place][1])
    with pytest.raises(MithqalError) as caught:
        Evidence.from_value(tuple(value))
    return caught.value.name


@pytest.mark.parametrize("place", [0, 1])
def test_the_digests_of_a_header_have_32_bytes(place: int) -> None:
    """EV5: a statement has the shape of what was signed: each digest, one byte too short and too long."""
    body = list((PROPOSALS.first, PROPOSALS.second)[place].body)
    assert (len(body[5]), body[6], len(body[7])) == (32, None, 32)
    for at in (5, 6, 7):
        for size in (0, 31, 33):
            assert refused_body(PROPOSALS, place, (*body[:at], bytes(size), *body[at + 1 :])) == "wrong_size", (
                at,
                size,
            )
        Evidence.from_value(
            PROPOSALS._replace(second=Statement((*body[:at], bytes(32), *body[at + 1 :]), b"")).to_value()
        )


@pytest.mark.parametrize(("evidence", "place"), [(VOTES, 0), (VOTES, 1), (LIE, 0)])
def test_what_a_vote_signs_is_read_to_the_end(evidence: Evidence, place: int) -> None:
    """EV5: vote data and commit information have the shape of those of a vote, wherever a vote may stand."""
    data, commit = (evidence.first, evidence.second)[place].body
    for broken in (data[:-1], (*data, 0), *[(*data[:at], "x", *data[at + 1 :]) for at in range(len(data))]):
        assert refused_body(evidence, place, (broken, commit)) in ("wrong_shape", "wrong_size")
    info: Any = FOUR.genesis_info.to_value()
    for broken in (b"", info[:-1], (*info, 0), ("x", *info[1:])):
        assert refused_body(evidence, place, (data, broken)) == "wrong_shape"


def test_the_key_alone_is_enough_for_who_knows_whose_it_is() -> None:
    """EV1: `prove` asks for no set: the chain has the keys of its members, and no history of sets."""
    for evidence in EACH:
        prove(evidence, FOUR.keys[LIAR].public_key, GENESIS_HASH, RealSignatures())
        with pytest.raises(MithqalError) as caught:
            prove(evidence, FOUR.keys[1].public_key, GENESIS_HASH, RealSignatures())
        assert caught.value.name == "bad_signature"


def test_the_header_that_is_signed_is_the_one_of_a_block() -> None:
    """The body of a proposal's statement is its block's header, field by field."""
    assert Header(*PROPOSALS.first.body).author == LIAR
