"""New accounts: parent VASPs and dealers by the treasury, children by their parent (reference 1.2 to 1.5)."""

from chain.accounts import (
    CORE_CODE,
    VM_RESERVED,
    Account,
    Credential,
    Role,
)
from chain.execution.context import ACCOUNT_HANDLES, Run
from chain.execution.outcome import Abort, Category
from chain.execution.payments import transfer
from chain.limits import MAX_CHILDREN, MAX_NAME_BYTES
from chain.primitives import Address


def create_parent_vasp_account(
    run: Run, currency: str, nonce: int, address: bytes, prefix: bytes, human_name: str, all_currencies: bool
) -> None:
    """A wallet provider."""
    run.require_treasury()
    run.check_nonce(nonce)
    _publish(run, Role.PARENT_VASP, currency, address, prefix, all_currencies=all_currencies, human_name=human_name)


def create_designated_dealer(
    run: Run, currency: str, nonce: int, address: bytes, prefix: bytes, human_name: str, all_currencies: bool
) -> None:
    """A dealer, the only one who buys coins from the treasury."""
    run.require_treasury()
    run.check_nonce(nonce)
    _publish(
        run, Role.DESIGNATED_DEALER, currency, address, prefix, all_currencies=all_currencies, human_name=human_name
    )


def create_child_vasp_account(
    run: Run, currency: str, address: bytes, prefix: bytes, all_currencies: bool, initial_balance: int
) -> None:
    """A provider's further account, with coins of its parent if `initial_balance` is not 0."""
    parent = run.own_account()
    if parent.role != Role.PARENT_VASP:
        raise Abort("Roles", Category.REQUIRES_ROLE, "EPARENT_VASP", "only a parent VASP creates child accounts")
    if parent.num_children >= MAX_CHILDREN:
        raise Abort(
            "VASP", Category.LIMIT_EXCEEDED, "ETOO_MANY_CHILDREN", f"a parent has at most {MAX_CHILDREN} children"
        )
    _publish(run, Role.CHILD_VASP, currency, address, prefix, all_currencies=all_currencies, parent=parent.address)
    parent = parent._replace(num_children=parent.num_children + 1)
    run.state.put_account(parent)
    if initial_balance:
        transfer(run, parent, address, currency, initial_balance, b"", b"")


def _publish(  # noqa: PLR0913 - every argument is a field of the new account
    run: Run,
    role: Role,
    currency: str,
    address: bytes,
    prefix: bytes,
    *,
    all_currencies: bool,
    human_name: str | None = None,
    parent: bytes = b"",
) -> None:
    """Write a new account and announce it on the root's creation stream."""
    run.require_currency(currency)
    _check_place(run, address, prefix)
    credential = None
    if human_name is not None:
        if len(human_name.encode()) > MAX_NAME_BYTES:
            raise Abort("Limits", Category.INVALID_ARGUMENT, "ETOO_LONG", f"a name has at most {MAX_NAME_BYTES} bytes")
        credential = Credential(human_name, b"", b"")
    codes = run.state.config().currencies if all_currencies else (currency,)
    balances = tuple(sorted((code, 0) for code in codes))
    streams = (0,) * len(ACCOUNT_HANDLES[role])
    run.state.put_account(
        Account(Address(address), int(role), prefix + address, 0, False, balances, streams, parent, 0, credential, ())
    )
    run.emit_root("createaccount", (address, int(role)))


def publish_account(run: Run, role: Role, address: bytes, prefix: bytes) -> None:
    """Write a new account that never holds coins, and announce it."""
    _check_place(run, address, prefix)
    streams = (0,) * len(ACCOUNT_HANDLES[role])
    run.state.put_account(
        Account(Address(address), int(role), prefix + address, 0, False, (), streams, b"", 0, None, ())
    )
    run.emit_root("createaccount", (address, int(role)))


def _check_place(run: Run, address: bytes, prefix: bytes) -> None:
    """An account may be created here."""
    if address == VM_RESERVED:
        raise Abort(
            "DiemAccount", Category.INVALID_ARGUMENT, "ECANNOT_CREATE_AT_VM_RESERVED", "address 0x0 is reserved"
        )
    if address == CORE_CODE:
        raise Abort("DiemAccount", Category.INVALID_ARGUMENT, "ECANNOT_CREATE_AT_CORE_CODE", "address 0x1 is reserved")
    if run.state.account(address) is not None:
        raise Abort("Roles", Category.ALREADY_PUBLISHED, "EROLE_ID", f"there is an account at {address.hex()} already")
    if len(prefix) != 16:
        raise Abort(
            "DiemAccount",
            Category.INVALID_ARGUMENT,
            "EMALFORMED_AUTHENTICATION_KEY",
            f"prefix and address make 32 bytes, got {len(prefix) + 16}",
        )
