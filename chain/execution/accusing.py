"""Evidence on the ledger: whoever has it may submit it, and it marks the key that signed it (docs/protocol.md, EV15).

The mark decides nothing by itself: the association removes the validator, and the key does not come back (G8).
"""

from chain.crypto.signing import RealSignatures
from chain.errors import MithqalError
from chain.evidence import Evidence, prove
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.records.validators import Accusation, accusation_key

_SIGNATURES = RealSignatures()


def submit_evidence(run: Run, account: bytes, data: bytes) -> None:
    """Mark a validator whose present consensus key signed both statements.

    Present is the key in force of a member, the registered one of another validator. The state has no sets of earlier
    epochs, and needs none: no honest key signs both, in whatever epoch and seat.
    """
    config = run.state.validator(account)
    if config is None:
        raise Abort("ValidatorConfig", Category.NOT_PUBLISHED, "EVALIDATOR_CONFIG", f"{account.hex()} is no validator")
    member = run.state.active_set().member(config.number)
    key = config.consensus_key if member is None else member.consensus_key
    known = run.state.get(accusation_key(account))
    if isinstance(known, Accusation) and known.consensus_key == key:
        raise Abort(
            "Evidence", Category.ALREADY_PUBLISHED, "EALREADY_ACCUSED", f"{config.human_name}'s key is accused already"
        )
    try:
        evidence = Evidence.from_bytes(data)
        prove(evidence, key, run.context.genesis_hash, _SIGNATURES)
    except MithqalError as error:
        raise Abort("Evidence", Category.INVALID_ARGUMENT, "EEVIDENCE", error.message, rule=error.name) from error
    run.state.put(
        accusation_key(account), Accusation(account, key, int(evidence.kind), evidence.epoch, *evidence.rounds)
    )
