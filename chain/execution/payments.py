"""Peer-to-peer payments: the check order of Libra (reference 3.7) and dual attestation (reference 1.7)."""

from chain.accounts import Account, Role
from chain.crypto.signing import Scheme, verify
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.limits import MAX_METADATA_BYTES
from chain.primitives import U64_MAX

ATTEST_SUFFIX = b"@@$$DIEM_ATTEST$$@@"
"""Libra's 19 bytes at the end of what a payee's provider signs."""

_VASPS = (Role.PARENT_VASP, Role.CHILD_VASP)


def peer_to_peer_with_metadata(
    run: Run, currency: str, payee: bytes, amount: int, metadata: bytes, metadata_signature: bytes
) -> None:
    """Pay `amount` micro-units of a currency. Raises Abort, first failed check first."""
    check_metadata(metadata)
    transfer(run, run.own_account(), payee, currency, amount, metadata, metadata_signature)


def check_metadata(metadata: bytes) -> None:
    """Metadata is bounded (N3)."""
    if len(metadata) > MAX_METADATA_BYTES:
        raise Abort("Limits", Category.INVALID_ARGUMENT, "ETOO_LONG", f"metadata is above {MAX_METADATA_BYTES} bytes")


def transfer(  # noqa: PLR0913 - one payment's parts
    run: Run, payer: Account, payee_address: bytes, currency: str, amount: int, metadata: bytes, signature: bytes, *,
    is_signed_by_payee: bool = False,
) -> None:  # fmt: skip
    """Move coins: payer's side first, then the payee's, then attestation; sentpayment before receivedpayment.

    A payee that signs the transaction needs no attestation.
    """
    state = run.state
    balance = payer.balance(currency)
    if balance is None:
        raise Abort(
            "DiemAccount",
            Category.NOT_PUBLISHED,
            "EPAYER_DOESNT_HOLD_CURRENCY",
            f"the payer holds no balance in {currency[:32]}",
        )
    check_not_frozen("payer", payer)
    if balance < amount:
        raise Abort(
            "DiemAccount",
            Category.LIMIT_EXCEEDED,
            "EINSUFFICIENT_BALANCE",
            f"the balance is {balance} micro-{currency}, the payment {amount}",
            balance=balance,
            amount=amount,
        )
    payee = payer if payee_address == payer.address else state.account(payee_address)
    if payee is not None:
        check_not_frozen("payee", payee)
    if amount == 0:
        raise Abort("DiemAccount", Category.INVALID_ARGUMENT, "ECOIN_DEPOSIT_IS_ZERO", "a payment of 0 is none")
    if payee is None:
        raise Abort(
            "DiemAccount", Category.NOT_PUBLISHED, "EPAYEE_DOES_NOT_EXIST", f"no account at {payee_address.hex()}"
        )
    received = payee.balance(currency)
    if received is None:
        raise Abort(
            "DiemAccount",
            Category.INVALID_ARGUMENT,
            "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE",
            f"the payee holds no balance in {currency}",
        )
    if not is_signed_by_payee:
        _check_attestation(run, payer, payee, currency, amount, metadata, signature)
    data = (amount, currency, payer.address, payee.address, metadata)
    if payee.address == payer.address:
        payer = run.emit_from(payer, "sentpayment", data)
        state.put_account(run.emit_from(payer, "receivedpayment", data))
        return
    if received + amount > U64_MAX:
        raise Abort(
            "DiemAccount", Category.LIMIT_EXCEEDED, "EBALANCE_OVERFLOW", f"{received} + {amount} is above 2^64-1"
        )
    state.put_account(payer.after_payment(currency, balance - amount, run.emit(payer, "sentpayment", data)))
    state.put_account(payee.after_payment(currency, received + amount, run.emit(payee, "receivedpayment", data)))


def check_not_frozen(who: str, account: Account) -> None:
    """A frozen account neither sends nor receives (reference 1.9)."""
    if account.is_frozen:
        raise Abort(
            "AccountFreezing",
            Category.INVALID_STATE,
            "EACCOUNT_FROZEN",
            f"the {who} {account.address.hex()} is frozen by the treasury",
            address=account.address.hex(),
        )


def provider(run: Run, account: Account) -> Account:
    """A child's parent, or the account itself."""
    if account.role != Role.CHILD_VASP:
        return account
    parent = run.state.account(account.parent)
    assert parent is not None
    return parent


def needs_attestation(run: Run, payer: Account, payee: Account, currency: str, amount: int) -> bool:
    """floor(amount x rate) >= limit, between two different VASPs."""
    if payer.role not in _VASPS or payee.role not in _VASPS or payer.address == payee.address:
        return False
    if amount * run.require_currency(currency).rate >> 32 < run.state.config().dual_attestation_limit:
        return False
    return provider(run, payer).address != provider(run, payee).address


def attestation_message(metadata: bytes, payer: bytes, amount: int) -> bytes:
    """What the payee's provider signs: metadata, payer (16), amount (8, little-endian), Libra's suffix."""
    return metadata + payer + amount.to_bytes(8, "little") + ATTEST_SUFFIX


def _check_attestation(
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
