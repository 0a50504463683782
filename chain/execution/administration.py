"""What an account does to itself: a further currency, dual-attestation information (keys: `rotation`)."""

from chain.accounts import Role
from chain.crypto.signing import Scheme, is_valid_public_key
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.limits import MAX_URL_BYTES
from chain.primitives import SECOND_US
from chain.roles import ROLES


def add_currency_to_account(run: Run, currency: str) -> None:
    """Open a balance of 0 in another currency."""
    run.require_currency(currency)
    account = run.own_account()
    if not ROLES[Role(account.role)].holds_coins:
        raise Abort(
            "DiemAccount", Category.INVALID_ARGUMENT, "EROLE_CANT_STORE_BALANCE", "accounts of this role hold no coins"
        )
    if account.balance(currency) is not None:
        raise Abort("DiemAccount", Category.ALREADY_PUBLISHED, "EADD_EXISTING_CURRENCY", f"it holds {currency} already")
    run.state.put_account(account.with_balance(currency, 0))


def rotate_dual_attestation_info(run: Run, new_url: bytes, new_key: bytes) -> None:
    """Publish where a provider answers, and the key by which it attests."""
    account = run.own_account()
    if account.credential is None:
        raise Abort(
            "DualAttestation", Category.NOT_PUBLISHED, "ECREDENTIAL", "only a parent VASP or dealer has a credential"
        )
    if len(new_url) > MAX_URL_BYTES:
        raise Abort("Limits", Category.INVALID_ARGUMENT, "ETOO_LONG", f"a URL has at most {MAX_URL_BYTES} bytes")
    if not is_valid_public_key(Scheme.ED25519, new_key):
        raise Abort(
            "DualAttestation", Category.INVALID_ARGUMENT, "EINVALID_PUBLIC_KEY", "not a valid Ed25519 public key"
        )
    seconds = run.context.timestamp_us // SECOND_US
    account = account._replace(credential=account.credential._replace(base_url=new_url, compliance_key=new_key))
    account = run.emit_from(account, "baseurlrotation", (new_url, seconds))
    run.state.put_account(run.emit_from(account, "compliancekeyrotation", (new_key, seconds)))
