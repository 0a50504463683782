"""The end of an epoch, as the state has it (Libra's DiemConfig; docs/protocol.md, E4).

The transaction that reconfigures is the last of its block: the executor stops there, so that there is at most one
change a block and nothing runs under rules that are half old, half new.
"""

from chain.execution.context import BlockContext, Run
from chain.records.validators import VALIDATORS_KEY, ActiveSet, RetiredKey, SetMember, retired_key
from chain.state.view import Overlay
from chain.validators import Validator, ValidatorSet


def reconfigure(run: Run, members: tuple[SetMember, ...] | None = None) -> None:
    """Begin the next epoch after this block, with these members if the set changes; emits `newepoch`.

    A key that leaves the set stays its owner's (E13).
    """
    before = run.state.active_set()
    after = before._replace(
        epoch=before.epoch + 1, changed_us=run.context.timestamp_us,
        members=before.members if members is None else tuple(sorted(members)),
    )  # fmt: skip
    kept = {member.consensus_key for member in after.members}
    for member in before.members:
        key = member.consensus_key
        if key not in kept:
            run.state.put(retired_key(key), RetiredKey(key, before.registered[member.number]))
    run.state.put(VALIDATORS_KEY, after)
    run.emit_root("newepoch", (after.epoch,))


def is_epoch_over(state: Overlay, context: BlockContext) -> bool:
    """Whether a transaction of this block has reconfigured."""
    return state.active_set().epoch > context.epoch


def validator_set(active: ActiveSet) -> ValidatorSet:
    """The set as consensus and light clients have it."""
    members = (Validator(item.name, item.consensus_key, item.network_key, item.number) for item in active.members)
    return ValidatorSet(active.epoch, tuple(members))
