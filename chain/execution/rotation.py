"""Who may change whose key: rotation, recovery addresses, shared public keys (reference 1.10; W10 to W15).

Each account begins with the one capability to change its key. It is taken out for a change and put back, or handed over
for good to a recovery address or to a shared key: from then on the account itself cannot change its key alone.
"""

from typing import cast

from chain.accounts import Account, Role
from chain.crypto.signing import Scheme, authentication_key, is_valid_public_key
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.limits import MAX_RECOVERABLE
from chain.primitives import SECOND_US
from chain.records.roles import RecoveryAddress, SharedKey, recovery_key, shared_key_key
from chain.roles import VASPS

KEY_BYTES = 32


def rotate_authentication_key(run: Run, new_key: bytes) -> None:
    """Replace the own authentication key; the address stays."""
    account = run.own_account()
    require_capability(account)
    run.state.put_account(with_key(account, new_key))


def rotate_authentication_key_with_nonce(run: Run, nonce: int, new_key: bytes) -> None:
    """The same under a sliding nonce, for the accounts that have one."""
    run.check_nonce(nonce)
    rotate_authentication_key(run, new_key)


def rotate_authentication_key_with_nonce_admin(run: Run, nonce: int, address: bytes, new_key: bytes) -> None:
    """The association replaces the key of an account that still has its capability, and says that it did."""
    run.check_nonce(nonce)
    account = run.state.account(address)
    if account is None:
        raise Abort(
            "DiemAccount", Category.NOT_PUBLISHED, "EACCOUNT", f"there is no account at {address.hex()}",
            address=address.hex(),
        )  # fmt: skip
    require_capability(account)
    run.state.put_account(with_key(account, new_key))
    run.emit_root("admintransaction", (run.context.timestamp_us // SECOND_US,))


def require_capability(account: Account) -> None:
    """Abort if an account handed its rotation capability over."""
    if account.rotation_capability:
        raise Abort(
            "DiemAccount", Category.INVALID_STATE, "EKEY_ROTATION_CAPABILITY_ALREADY_EXTRACTED",
            f"the right to change the key of {account.address.hex()} was handed over", address=account.address.hex(),
        )  # fmt: skip


def with_key(account: Account, new_key: bytes) -> Account:
    """The account with another authentication key, of 32 bytes."""
    if len(new_key) != KEY_BYTES:
        raise Abort(
            "DiemAccount", Category.INVALID_ARGUMENT, "EMALFORMED_AUTHENTICATION_KEY",
            f"an authentication key has {KEY_BYTES} bytes, got {len(new_key)}", size=len(new_key),
        )  # fmt: skip
    return account._replace(authentication_key=new_key)


def create_recovery_address(run: Run) -> None:
    """Become a recovery account, which holds its own capability first; for wallet providers and their children."""
    account = run.own_account()
    require_capability(account)
    if account.role not in VASPS:
        raise Abort(
            "RecoveryAddress", Category.INVALID_ARGUMENT, "ENOT_A_VASP",
            "only a wallet provider or one of its children is a recovery account",
        )  # fmt: skip
    key = recovery_key(account.address)
    run.state.put(key, RecoveryAddress(account.address, (account.address,)))
    run.state.put_account(account._replace(rotation_capability=key))


def add_recovery_rotation_capability(run: Run, recovery_address: bytes) -> None:
    """Hand the own capability over to a recovery account of the same provider."""
    account = run.own_account()
    require_capability(account)
    recovery = _recovery(run, recovery_address)
    holder = run.state.account(recovery_address)
    assert holder is not None
    if provider_address(account) != provider_address(holder):
        raise Abort(
            "RecoveryAddress", Category.INVALID_ARGUMENT, "EINVALID_KEY_ROTATION_DELEGATION",
            f"{recovery_address.hex()} is no account of the same wallet provider",
        )  # fmt: skip
    if len(recovery.recoverable) >= MAX_RECOVERABLE:
        raise Abort(
            "RecoveryAddress", Category.LIMIT_EXCEEDED, "EMAX_KEYS_REGISTERED",
            f"a recovery account serves at most {MAX_RECOVERABLE} accounts", limit=MAX_RECOVERABLE,
        )  # fmt: skip
    key = recovery_key(recovery_address)
    run.state.put(key, recovery._replace(recoverable=(*recovery.recoverable, account.address)))
    run.state.put_account(account._replace(rotation_capability=key))


def rotate_authentication_key_with_recovery_address(
    run: Run, recovery_address: bytes, to_recover: bytes, new_key: bytes
) -> None:
    """Replace the key of an account that handed its capability over: by itself, or by the recovery account."""
    recovery = _recovery(run, recovery_address)
    if run.sender not in (to_recover, recovery_address):
        raise Abort(
            "RecoveryAddress", Category.INVALID_ARGUMENT, "ECANNOT_ROTATE_KEY",
            f"only {recovery_address.hex()} or {to_recover.hex()} itself may do this",
        )  # fmt: skip
    if to_recover not in recovery.recoverable:
        raise Abort(
            "RecoveryAddress", Category.INVALID_ARGUMENT, "EACCOUNT_NOT_RECOVERABLE",
            f"{to_recover.hex()} has not handed its right to change its key over to {recovery_address.hex()}",
        )  # fmt: skip
    account = run.state.account(to_recover)
    assert account is not None
    run.state.put_account(with_key(account, new_key))


def _recovery(run: Run, address: bytes) -> RecoveryAddress:
    """What a recovery account holds."""
    found = cast("RecoveryAddress | None", run.state.get(recovery_key(address)))
    if found is None:
        raise Abort(
            "RecoveryAddress", Category.NOT_PUBLISHED, "ERECOVERY_ADDRESS",
            f"{address.hex()} is no recovery account", address=address.hex(),
        )  # fmt: skip
    return found


def provider_address(account: Account) -> bytes | None:
    """The address of the wallet provider that an account belongs to; None for other accounts."""
    if account.role not in VASPS:
        return None
    return account.parent if account.role == Role.CHILD_VASP else account.address


def publish_shared_ed25519_public_key(run: Run, public_key: bytes) -> None:
    """Publish an Ed25519 key; it becomes the account's key, and later changes are published in the same way."""
    account = run.own_account()
    require_capability(account)
    _share(run, account._replace(rotation_capability=shared_key_key(account.address)), public_key)


def rotate_shared_ed25519_public_key(run: Run, public_key: bytes) -> None:
    """Replace a published key, and with it the account's."""
    account = run.own_account()
    if account.rotation_capability != shared_key_key(account.address):
        raise Abort(
            "SharedEd25519PublicKey", Category.NOT_PUBLISHED, "ESHARED_KEY",
            f"{account.address.hex()} has published no public key",
        )  # fmt: skip
    _share(run, account, public_key)


def _share(run: Run, account: Account, public_key: bytes) -> None:
    """Write the published key, and the authentication key that follows from it."""
    if not is_valid_public_key(Scheme.ED25519, public_key):
        raise Abort(
            "SharedEd25519PublicKey", Category.INVALID_ARGUMENT, "EMALFORMED_PUBLIC_KEY",
            "not a valid Ed25519 public key",
        )  # fmt: skip
    run.state.put(shared_key_key(account.address), SharedKey(account.address, public_key))
    run.state.put_account(account._replace(authentication_key=authentication_key(Scheme.ED25519, public_key)))
