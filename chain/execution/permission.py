"""Whether a sender may call a function at all, from the table in `chain.roles`: asked before it runs (W2, W3)."""

from chain.accounts import ASSOCIATION, TREASURY, Role
from chain.execution.context import Run
from chain.execution.outcome import REASONS, SENTENCES, Abort, Category
from chain.roles import PRIVILEGE_OF, ROLES, Refusal

_SEATS = {Role.ASSOCIATION: (ASSOCIATION, "EDIEM_ROOT"), Role.TREASURY: (TREASURY, "ETREASURY_COMPLIANCE")}
"""The roles that one address alone has, and the reason in `Roles` for an account there of another role."""


def check_sender(run: Run, function: str) -> None:
    """Abort unless the sender may call it, where that is asked first: the address (W2), then the role."""
    privilege = PRIVILEGE_OF[function]
    refusal = privilege.refusal
    if refusal is None or not refusal.is_first:
        return
    role = run.own_account().role
    if refusal.module == "CoreAddresses":
        address, reason = _SEATS[privilege.roles[0]]
        if run.sender != address:
            raise refused(run, refusal)
        refusal = Refusal("Roles", reason)
    if role not in privilege.roles:
        raise refused(run, refusal)


def refused(run: Run, refusal: Refusal) -> Abort:
    """The abort of a refusal, which says who it is that may not."""
    category: Category = REASONS[refusal.module][refusal.reason].category
    who = ROLES[Role(run.own_account().role)]
    message = f"{SENTENCES[refusal.reason]}; {run.sender.hex()} is {who.words}"
    return Abort(refusal.module, category, refusal.reason, message, role=who.name)
