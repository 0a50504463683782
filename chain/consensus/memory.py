"""What certificates prove that this validator has signed: a record that knows less is old, or the key is used twice.

A record that was restored from a copy, or beside a ledger that is newer, would let the validator sign a second time
what it has signed already (docs/protocol.md, R18). Nothing here can prove that a record is the newest one.
"""

from collections.abc import Iterable

from chain.block import Block
from chain.certificates import QuorumCertificate, TimeoutCertificate
from chain.consensus.safety import SafetyRecord, read_vote
from chain.errors import SafetyError

_ADVICE = (
    "an older record was put back, or another process signs with this key;"
    " this validator must not sign with it again. Another key does: mithqal validator rotate-key NAME"
    " (docs/operations.md)"
)


def check_certificates(
    record: SafetyRecord, own: int, qc: QuorumCertificate, tc: TimeoutCertificate | None = None
) -> None:
    """SafetyError if a verified certificate holds a signature of ours that the record lacks.

    `safety_record_old`, or `signing_record_new` under a record without any vote or proposal.
    """
    if qc.round > record.voted_round and any(author == own for author, _ in qc.signatures):
        raise old_record("voted in", qc.round, record)
    if tc is not None and tc.round > record.voted_round and any(entry[0] == own for entry in tc.entries):
        raise old_record("gave up", tc.round, record)


def check_blocks(record: SafetyRecord, own: int, blocks: Iterable[Block]) -> None:
    """The same for stored blocks: their authors, and the certificates that they carry."""
    for block in blocks:
        if block.header.author == own and block.round > record.proposed_round:
            raise old_record("proposed in", block.round, record)
        check_certificates(record, own, block.parent_qc, block.tc)


def check_ledger(record: SafetyRecord, noted: tuple[int, int] | None) -> None:
    """SafetyError (`ledger_behind`) if a vote of the record is later than the last one that the ledger noted.

    `noted` is its epoch and round, None for a ledger that noted none: it is new, or was lost as a whole, and is fetched
    again.
    """
    vote = None if record.last_vote is None else read_vote(record.last_vote).data
    voted = (0, 0) if vote is None else (vote.epoch, vote.round)
    if noted is not None and noted < voted:
        raise SafetyError(
            f"this validator voted in {_place(voted)}, its ledger ends with its vote in {_place(noted)}: blocks that"
            " were stored are gone. Keep the signing record, move the ledger's files away, and the blocks are fetched"
            " again from the others (docs/operations.md)",
            name="ledger_behind",
            voted=voted[1],
            ledger=noted[1],
        )


def _place(at: tuple[int, int]) -> str:
    """Epoch and round for people; the first epoch goes without saying."""
    epoch, round_ = at
    return f"round {round_}" if epoch <= 1 else f"epoch {epoch}, round {round_}"


def is_new(record: SafetyRecord) -> bool:
    """Whether no block was ever voted for or proposed under this record."""
    return record.last_vote is None and record.proposed_round == 0


def old_record(what: str, round_: int, record: SafetyRecord) -> SafetyError:
    """The record says less than a certificate: it is old, or it was lost and began anew (`signing_record_new`)."""
    if is_new(record):
        return SafetyError(
            f"this validator {what} round {round_}, and its signing record is new: what it signed is not known here any"
            " more. It follows the ledger and signs nothing until it has another key: mithqal validator rotate-key NAME"
            " (docs/operations.md)",
            name="signing_record_new", round=round_, key=record.key.hex(),
        )  # fmt: skip
    known = record.proposed_round if what == "proposed in" else record.voted_round
    return SafetyError(
        f"this validator {what} round {round_}, its signing record ends at round {known}: {_ADVICE}",
        name="safety_record_old",
        round=round_,
        known=known,
        key=record.key.hex(),
    )
