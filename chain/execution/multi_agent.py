"""Calls that several accounts sign (DIP-169): a payment that its payee signs too, and an atomic exchange.

Only the sender's sequence number is used, as in Libra: it alone keeps a transaction from running twice. A secondary
signer's number stays as it is (docs/protocol.md, T11).
"""

from chain.accounts import Account
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.execution.payments import check_metadata, transfer
from chain.functions import FUNCTIONS
from chain.transaction import SignedTransaction


def check_signer_count(tx: SignedTransaction) -> None:
    """Abort unless the function has exactly the secondary signers that it needs, and after them the fee payer at most.

    So a signature that somebody gave is never spent on a call that does not ask for it.
    """
    function, found = tx.raw.payload.function, len(tx.secondaries)
    needed = FUNCTIONS[function].secondaries
    if found == needed or (found == needed + 1 and tx.secondaries[-1].address == tx.raw.fee_payer):
        return
    raise Abort(
        "MultiAgent",
        Category.INVALID_ARGUMENT,
        "ESIGNER_COUNT",
        f"{function} takes {needed} secondary signers, {found} signed",
        needed=needed,
        found=found,
    )


def peer_to_peer_by_signers(run: Run, currency: str, amount: int, metadata: bytes) -> None:
    """Pay the second signer. Whoever signs has agreed to be paid, so no attestation is needed (reference 1.7)."""
    check_metadata(metadata)
    transfer(run, run.own_account(), run.secondaries[0], currency, amount, metadata, b"", is_signed_by_payee=True)


def exchange_by_signers(
    run: Run, currency: str, amount: int, second_currency: str, second_amount: int, metadata: bytes
) -> None:
    """The sender pays `amount` to the second signer, who pays `second_amount` of another currency back: both or none.

    Each leg is a payment with all rules of one, the sender's first; attestation is not needed, since both sign.
    """
    check_metadata(metadata)
    if currency == second_currency:
        raise Abort(
            "MultiAgent", Category.INVALID_ARGUMENT, "ESAME_CURRENCY", f"both legs are in {currency[:32]}: pay the rest"
        )
    second = run.secondaries[0]
    transfer(run, run.own_account(), second, currency, amount, metadata, b"", is_signed_by_payee=True)
    transfer(run, _account(run, second), run.sender, second_currency, second_amount, metadata, b"",
             is_signed_by_payee=True)  # fmt: skip


def _account(run: Run, address: bytes) -> Account:
    """A signer's account, which the prologue has found."""
    account = run.state.account(address)
    assert account is not None
    return account
