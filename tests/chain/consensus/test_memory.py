"""R18: what certificates and blocks prove that we have signed, against what our record knows."""

import pytest

from chain.consensus.memory import check_blocks, check_certificates, check_ledger
from chain.consensus.safety import SafetyRecord
from chain.errors import SafetyError
from chain.primitives import Hash


def error(call, *arguments) -> SafetyError:
    with pytest.raises(SafetyError) as caught:
        call(*arguments)
    return caught.value


def test_a_vote_in_a_certificate(four) -> None:
    """A quorum certificate with our signature: we voted in its round."""
    block = four.block(5, four.genesis_qc, four.tc(4, [four.genesis_qc] * 3))
    qc = four.qc(block, authors=(0, 2, 3))
    check_certificates(SafetyRecord(1, voted_round=5), 2, qc)
    check_certificates(SafetyRecord(1, voted_round=4), 1, qc)
    found = error(check_certificates, SafetyRecord(1, voted_round=4, proposed_round=1), 2, qc)
    assert found.name == "safety_record_old"
    assert found.details == {"round": 5, "known": 4, "key": ""}
    assert found.message.startswith("this validator voted in round 5, its signing record ends at round 4: ")
    check_certificates(SafetyRecord(1), 0, four.genesis_qc)


def test_a_time_out_in_a_certificate(four) -> None:
    """A timeout certificate with our signature: we gave its round up."""
    tc = four.tc(3, [four.genesis_qc] * 3)
    check_certificates(SafetyRecord(1, voted_round=3), 0, four.genesis_qc, tc)
    check_certificates(SafetyRecord(1, voted_round=2), 3, four.genesis_qc, tc)
    found = error(check_certificates, SafetyRecord(1, voted_round=2, proposed_round=1), 0, four.genesis_qc, tc)
    assert (found.name, found.details) == ("safety_record_old", {"round": 3, "known": 2, "key": ""})
    assert "gave up round 3" in found.message


def test_blocks_of_our_own_and_what_blocks_carry(four) -> None:
    """A committed block of ours: we proposed in its round. Its certificates count as above."""
    b1 = four.block(1, four.genesis_qc)
    qc = four.qc(b1, authors=(1, 2, 3))
    b2 = four.block(2, qc)
    check_blocks(SafetyRecord(1, voted_round=2, proposed_round=2), 2, [b1, b2])
    check_blocks(SafetyRecord(1), 0, [b1, b2])
    found = error(check_blocks, SafetyRecord(1, voted_round=2, proposed_round=1), 2, [b1, b2])
    assert (found.name, found.details) == ("safety_record_old", {"round": 2, "known": 1, "key": ""})
    assert "proposed in round 2" in found.message
    found = error(check_blocks, SafetyRecord(1, proposed_round=2), 2, [b1, b2])
    assert "voted in round 1" in found.message
    late = four.block(4, qc, four.tc(3, [qc] * 3))
    assert error(check_blocks, SafetyRecord(1, voted_round=2, proposed_round=1), 1, [late]).details == {
        "round": 3,
        "known": 2,
        "key": "",
    }


def test_a_record_under_which_nothing_was_voted_for(four) -> None:
    """SY10: signatures of ours beside a record without a vote or proposal: the one before it is lost."""
    qc = four.qc(four.block(1, four.genesis_qc), authors=(0, 1, 2))
    found = error(check_certificates, SafetyRecord(1), 2, qc)
    assert (found.name, found.details) == ("signing_record_new", {"round": 1, "key": ""})
    assert found.message.startswith("this validator voted in round 1, and its signing record is new: ")
    assert error(check_certificates, SafetyRecord(1, proposed_round=1), 2, qc).name == "safety_record_old"
    check_certificates(SafetyRecord(1), 3, qc)


def test_a_ledger_that_lost_the_last_vote(four) -> None:
    """The ledger notes each vote before the record does: a later vote in the record means that blocks are gone."""
    safety = four.safety()
    block = four.block(1, four.genesis_qc)
    safety.vote(block, Hash(b"\x01" * 32), 1, four.genesis_info)
    check_ledger(safety.record, (1, 1))
    check_ledger(safety.record, (1, 2))
    check_ledger(safety.record, (2, 0))
    check_ledger(safety.record, None)
    found = error(check_ledger, safety.record, (1, 0))
    assert (found.name, found.details) == ("ledger_behind", {"voted": 1, "ledger": 0})
    assert error(check_ledger, safety.record, (0, 9)).name == "ledger_behind"
    check_ledger(SafetyRecord(1, voted_round=9), (1, 0))
