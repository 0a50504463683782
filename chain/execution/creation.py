"""New accounts: parent VASPs and dealers by the treasury, children by their parent (reference 1.2 to 1.5).

The order of checks is that of Libra's modules: role, what the role brings with it, place and key, currencies. Who may
create is asked before, from the table in `chain.roles` (docs/protocol.md, W2 to W8).
"""

from chain.accounts import (
    CORE_CODE,
    VM_RESERVED,
    Account,
    Credential,
    Role,
)
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.execution.payments import transfer
from chain.limits import MAX_CHILDREN, MAX_NAME_BYTES
from chain.primitives import Address
from chain.records.roles import Domains, domains_key
from chain.roles import ROLES


def create_parent_vasp_account(
    run: Run, currency: str, nonce: int, address: bytes, prefix: bytes, human_name: str, all_currencies: bool
) -> None:
    """A wallet provider, with an empty list of domains."""
    run.check_nonce(nonce)
    check_role(run, address)
    run.state.put(domains_key(address), Domains(address, ()))
    account = new_account(run, Role.PARENT_VASP, address, prefix)
    account = account._replace(credential=_credential(human_name))
    _publish(run, account, currency, all_currencies=all_currencies)


def create_designated_dealer(
    run: Run, currency: str, nonce: int, address: bytes, prefix: bytes, human_name: str, all_currencies: bool
) -> None:
    """A dealer, the only one who buys coins from the treasury."""
    run.check_nonce(nonce)
    check_role(run, address)
    coin = run.state.currency(currency)
    if coin is not None and coin.is_synthetic and not all_currencies:
        raise Abort(
            "Diem", Category.INVALID_ARGUMENT, "EIS_SYNTHETIC_CURRENCY", f"{currency} is never burned: it has no queue"
        )
    account = new_account(run, Role.DESIGNATED_DEALER, address, prefix)
    account = account._replace(credential=_credential(human_name))
    _publish(run, account, currency, all_currencies=all_currencies)


def create_child_vasp_account(
    run: Run, currency: str, address: bytes, prefix: bytes, all_currencies: bool, initial_balance: int
) -> None:
    """A provider's further account, with coins of its parent if `initial_balance` is not 0."""
    check_role(run, address)
    parent = run.own_account()
    if parent.num_children >= MAX_CHILDREN:
        raise Abort(
            "VASP", Category.LIMIT_EXCEEDED, "ETOO_MANY_CHILDREN", f"a parent has at most {MAX_CHILDREN} children"
        )
    account = new_account(run, Role.CHILD_VASP, address, prefix)._replace(parent=parent.address)
    _publish(run, account, currency, all_currencies=all_currencies)
    parent = parent._replace(num_children=parent.num_children + 1)
    run.state.put_account(parent)
    if initial_balance:
        transfer(run, parent, address, currency, initial_balance, b"", b"")


def check_role(run: Run, address: bytes) -> None:
    """Abort where there is an account already: nobody gets a second role."""
    if run.state.account(address) is not None:
        raise Abort("Roles", Category.ALREADY_PUBLISHED, "EROLE_ID", f"there is an account at {address.hex()} already")


def new_account(run: Run, role: Role, address: bytes, prefix: bytes) -> Account:
    """An account without coins and credential, whose key is prefix and address; announced, but not written yet."""
    if address == VM_RESERVED:
        raise Abort(
            "DiemAccount", Category.INVALID_ARGUMENT, "ECANNOT_CREATE_AT_VM_RESERVED", "address 0x0 is reserved"
        )
    if address == CORE_CODE:
        raise Abort("DiemAccount", Category.INVALID_ARGUMENT, "ECANNOT_CREATE_AT_CORE_CODE", "address 0x1 is reserved")
    if len(prefix) != 16:
        raise Abort(
            "DiemAccount",
            Category.INVALID_ARGUMENT,
            "EMALFORMED_AUTHENTICATION_KEY",
            f"prefix and address make 32 bytes, got {len(prefix) + 16}",
        )
    run.emit_root("createaccount", (address, int(role)))
    streams = (0,) * ROLES[role].counters
    return Account(Address(address), int(role), prefix + address, 0, False, (), streams, b"", 0, None, ())


def publish_account(run: Run, role: Role, address: bytes, prefix: bytes) -> None:
    """Write a new account that never holds coins, and announce it."""
    check_role(run, address)
    run.state.put_account(new_account(run, role, address, prefix))


def _credential(human_name: str) -> Credential:
    """A credential with a name only."""
    if len(human_name.encode()) > MAX_NAME_BYTES:
        raise Abort("Limits", Category.INVALID_ARGUMENT, "ETOO_LONG", f"a name has at most {MAX_NAME_BYTES} bytes")
    return Credential(human_name, b"", b"")


def _publish(run: Run, account: Account, currency: str, *, all_currencies: bool) -> None:
    """Write a new account with empty balances: in the named currency, or in every one that is registered now (W8)."""
    run.require_currency(currency)
    codes = run.state.config().currencies if all_currencies else (currency,)
    run.state.put_account(account._replace(balances=tuple(sorted((code, 0) for code in codes))))
