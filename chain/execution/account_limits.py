"""Account limits (reference 1.8; Libra's AccountLimits): windows over what a provider receives, sends and holds.

Only payments across providers count, and only in a currency in which the provider has a window. A provider's own
account and all its children share it.
"""

from typing import cast

from chain.accounts import CONFIG_KEY, Account, Role
from chain.civil import utc
from chain.execution.attestation import provider, provider_address
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.records.limits import LimitsDefinition, Window, limits_key, unrestricted, window_key


def check_outflow(
    run: Run, payer: Account, payee_address: bytes, payee: Account | None, code: str, amount: int
) -> None:
    """Count a withdrawal against the payer's window; Abort EWITHDRAWAL_EXCEEDS_LIMITS above it."""
    found = _window(run, payer, payee_address, payee, code)
    if found is None:
        return
    window, limits = found
    if window.outflow + amount > limits.max_outflow:
        raise Abort(
            "DiemAccount",
            Category.LIMIT_EXCEEDED,
            "EWITHDRAWAL_EXCEEDS_LIMITS",
            f"the provider has sent {window.outflow} of {limits.max_outflow} micro-{code} since {utc(window.start_us)},"
            f" {amount} more are too many until after {utc(window.start_us + limits.period_us)}",
            outflow=window.outflow, max_outflow=limits.max_outflow, amount=amount,
            resets_us=window.start_us + limits.period_us,
        )  # fmt: skip
    tracked = max(0, window.tracked_balance - amount)
    run.state.put(
        window_key(window.provider, code), window._replace(outflow=window.outflow + amount, tracked_balance=tracked)
    )


def check_inflow(run: Run, payer: Account, payee: Account, code: str, amount: int) -> None:
    """Count a deposit against the payee's window; Abort EDEPOSIT_EXCEEDS_LIMITS above what it may receive or hold."""
    found = _window(run, payee, payer.address, payer, code)
    if found is None:
        return
    window, limits = found
    if window.inflow + amount > limits.max_inflow or window.tracked_balance + amount > limits.max_holding:
        raise Abort(
            "DiemAccount",
            Category.LIMIT_EXCEEDED,
            "EDEPOSIT_EXCEEDS_LIMITS",
            f"the receiving provider has received {window.inflow} of {limits.max_inflow} micro-{code} since"
            f" {utc(window.start_us)} and holds {window.tracked_balance} of {limits.max_holding}, {amount} more are too"
            f" many; what it received counts from 0 again after {utc(window.start_us + limits.period_us)}",
            inflow=window.inflow, max_inflow=limits.max_inflow, holding=window.tracked_balance,
            max_holding=limits.max_holding, amount=amount, resets_us=window.start_us + limits.period_us,
        )  # fmt: skip
    run.state.put(
        window_key(window.provider, code),
        window._replace(inflow=window.inflow + amount, tracked_balance=window.tracked_balance + amount),
    )


def _window(
    run: Run, account: Account, other_address: bytes, other: Account | None, code: str
) -> tuple[Window, LimitsDefinition] | None:
    """The window that binds an account for a payment with another one, as it is now; None where nothing is limited."""
    credential = provider(run, account).credential
    if credential is None or code not in credential.windows:
        return None
    address = provider_address(account)
    if address == (other_address if other is None else provider_address(other)):
        return None
    window = cast("Window", run.state.get(window_key(address, code)))
    limits = cast("LimitsDefinition", run.state.get(limits_key(window.limit_address, code)))
    if limits.is_unrestricted:
        return None
    return window.at(run.context.timestamp_us, limits), limits


def publish_unrestricted_limits(run: Run, code: str) -> None:
    """A definition without limits under the sender's own address; the treasury then sets its numbers."""
    run.require_currency(code)
    key = limits_key(run.sender, code)
    if run.state.get(key) is not None:
        raise Abort(
            "AccountLimits", Category.ALREADY_PUBLISHED, "ELIMITS_DEFINITION_PUBLISHED",
            f"{run.sender.hex()} has a limits definition in {code} already",
        )  # fmt: skip
    run.state.put(key, unrestricted(run.sender, code))


def publish_window(run: Run, code: str, limit_address: bytes) -> None:
    """Limits begin to bind a provider: the association's transaction, which the provider signs too."""
    run.require_association()
    run.require_currency(code)
    vasp = run.state.account(run.secondaries[0]) if run.secondaries else None
    if vasp is None or vasp.role != Role.PARENT_VASP or vasp.credential is None:
        raise Abort(
            "VASP", Category.INVALID_ARGUMENT, "ENOT_A_PARENT_VASP",
            "the second signer must be the wallet provider (parent VASP) that the limits shall bind",
        )  # fmt: skip
    _require_definition(run, limit_address, code)
    if code in vasp.credential.windows:
        raise Abort(
            "AccountLimits", Category.ALREADY_PUBLISHED, "EWINDOW_PUBLISHED",
            f"{vasp.address.hex()} has a window in {code} already",
        )  # fmt: skip
    now_us = run.context.timestamp_us
    run.state.put(window_key(vasp.address, code), Window(vasp.address, code, now_us, 0, 0, 0, limit_address))
    credential = vasp.credential._replace(windows=(*vasp.credential.windows, code))
    run.state.put_account(vasp._replace(credential=credential))
    config = run.state.config()
    if code not in config.limited:
        run.state.put(CONFIG_KEY, config._replace(limited=(*config.limited, code)))


def update_limits_definition(  # noqa: PLR0913 - Libra's parameters
    run: Run, code: str, nonce: int, limit_address: bytes, max_inflow: int, max_outflow: int, max_holding: int,
    period_us: int,
) -> None:  # fmt: skip
    """Set the numbers of a definition; 0 leaves one as it is (Libra). They bind every window that points to it."""
    run.require_treasury()
    run.check_nonce(nonce)
    limits = _require_definition(run, limit_address, code)
    run.state.put(
        limits_key(limit_address, code),
        limits._replace(
            max_inflow=max_inflow or limits.max_inflow,
            max_outflow=max_outflow or limits.max_outflow,
            max_holding=max_holding or limits.max_holding,
            period_us=period_us or limits.period_us,
        ),
    )


def update_window_info(
    run: Run, code: str, window_address: bytes, aggregate_balance: int, limit_address: bytes
) -> None:
    """Point a provider's window to a definition, and say what the provider holds; 0 leaves that as it is (Libra)."""
    run.require_treasury()
    key = window_key(window_address, code)
    window = cast("Window | None", run.state.get(key))
    if window is None:
        raise Abort(
            "AccountLimits", Category.NOT_PUBLISHED, "EWINDOW",
            f"{window_address.hex()} has no window in {code[:32]}",
        )  # fmt: skip
    _require_definition(run, limit_address, code)
    tracked = aggregate_balance or window.tracked_balance
    run.state.put(key, window._replace(tracked_balance=tracked, limit_address=limit_address))


def _require_definition(run: Run, address: bytes, code: str) -> LimitsDefinition:
    """The definition under an address."""
    limits = cast("LimitsDefinition | None", run.state.get(limits_key(address, code)))
    if limits is None:
        raise Abort(
            "AccountLimits", Category.NOT_PUBLISHED, "ELIMITS_DEFINITION",
            f"{address.hex()} has no limits definition in {code[:32]}",
        )  # fmt: skip
    return limits
