"""Evidence on the ledger: whoever has it may submit it, and it marks the key that signed it (docs/protocol.md, EV15).

The mark decides nothing by itself: the association removes the validator, and the key does not come back (G8).
"""

from chain.crypto.signing import RealSignatures
from chain.errors import MithqalError
from chain.evidence import Evidence, prove
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.records.validators import Mark, accusation_key

_SIGNATURES = RealSignatures()


def submit_evidence(run: Run, consensus_key: bytes, data: bytes) -> None:
    """Mark a consensus key, in force now or once, that signed both statements; it says whose it is (E13).

    The state has no sets of earlier epochs, and needs none: no honest key signs both, in whatever epoch and seat.
    """
    account = run.state.key_owner(consensus_key)
    config = None if account is None else run.state.validator(account)
    if account is None or config is None:
        raise Abort(
            "Evidence",
            Category.NOT_PUBLISHED,
            "EUNKNOWN_KEY",
            f"no validator ever signed with {consensus_key.hex()[:64]}",
        )
    known = run.state.accusation(account)
    if known.names(consensus_key):
        raise Abort(
            "Evidence", Category.ALREADY_PUBLISHED, "EALREADY_ACCUSED", f"{config.human_name}'s key is accused already"
        )
    try:
        evidence = Evidence.from_bytes(data)
        prove(evidence, consensus_key, run.context.genesis_hash, _SIGNATURES)
    except MithqalError as error:
        raise Abort("Evidence", Category.INVALID_ARGUMENT, "EEVIDENCE", error.message, rule=error.name) from error
    mark = Mark(consensus_key, int(evidence.kind), evidence.epoch, *evidence.rounds)
    run.state.put(accusation_key(account), known._replace(marks=(*known.marks, mark)))
    run.emit_root(
        "validatoraccused", (config.number, consensus_key, evidence.id.name, evidence.epoch, *evidence.rounds),
    )  # fmt: skip
