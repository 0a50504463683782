"""Dual attestation, Libra's travel rule on chain (reference 1.7): the receiving provider signs large payments."""

from chain.accounts import Account, Role
from chain.crypto.signing import Scheme, verify
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category

ATTEST_SUFFIX = b"@@$$DIEM_ATTEST$$@@"
"""Libra's 19 bytes at the end of what a payee's provider signs."""

VASPS = (Role.PARENT_VASP, Role.CHILD_VASP)


def provider(run: Run, account: Account) -> Account:
    """A child's parent, or the account itself."""
    if account.role != Role.CHILD_VASP:
        return account
    parent = run.state.account(account.parent)
    assert parent is not None
    return parent


def provider_address(account: Account) -> bytes:
    """The address of a child's parent, or the account's own."""
    return account.parent or account.address


def needs_attestation(run: Run, payer: Account, payee: Account, currency: str, amount: int) -> bool:
    """floor(amount x rate) >= limit, between two different VASPs."""
    if payer.role not in VASPS or payee.role not in VASPS or payer.address == payee.address:
        return False
    if amount * run.require_currency(currency).rate >> 32 < run.state.config().dual_attestation_limit:
        return False
    return provider_address(payer) != provider_address(payee)


def attestation_message(metadata: bytes, payer: bytes, amount: int) -> bytes:
    """What the payee's provider signs: metadata, payer (16), amount (8, little-endian), Libra's suffix."""
    return metadata + payer + amount.to_bytes(8, "little") + ATTEST_SUFFIX


def check_attestation(
    run: Run, payer: Account, payee: Account, currency: str, amount: int, metadata: bytes, signature: bytes
) -> None:
    """A supplied signature is always checked; one is needed at the limit."""
    if not signature and not needs_attestation(run, payer, payee, currency, amount):
        return
    if len(signature) != 64:
        raise Abort(
            "DualAttestation",
            Category.INVALID_ARGUMENT,
            "EMALFORMED_METADATA_SIGNATURE",
            f"{amount} micro-{currency} between two providers needs the receiving provider's signature of 64 bytes,"
            f" got {len(signature)}",
            amount=amount,
        )
    credential = provider(run, payee).credential
    if credential is None or not credential.compliance_key:
        raise Abort(
            "DualAttestation",
            Category.INVALID_STATE,
            "EPAYEE_COMPLIANCE_KEY_NOT_SET",
            "the receiving provider has published no compliance key",
        )
    if not credential.base_url:
        raise Abort(
            "DualAttestation",
            Category.INVALID_STATE,
            "EPAYEE_BASE_URL_NOT_SET",
            "the receiving provider has published no base URL",
        )
    message = attestation_message(metadata, payer.address, amount)
    if not verify(Scheme.ED25519, credential.compliance_key, message, signature):
        raise Abort(
            "DualAttestation",
            Category.INVALID_ARGUMENT,
            "EINVALID_METADATA_SIGNATURE",
            "the receiving provider's signature does not verify",
        )
