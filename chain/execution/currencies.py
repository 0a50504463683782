"""Currencies as such: registration while the network runs, and the end of the fees that were collected in one."""

from chain.accounts import CONFIG_KEY, TREASURY, Currency
from chain.crypto.signing import Scheme, is_valid_public_key
from chain.execution.basket import require_basket
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.limits import MAX_CURRENCIES, MAX_SCALING_FACTOR
from chain.primitives import U64_MAX
from chain.records.coins import basket_key
from chain.records.limits import limits_key, unrestricted


def fixed_point(numerator: int, denominator: int) -> int:
    """A ratio as 32-bit fixed point, cut off; Abort for one that has none (Libra's FixedPoint32)."""
    if denominator == 0:
        raise Abort("FixedPoint32", Category.INVALID_ARGUMENT, "EDENOMINATOR", "the denominator is 0")
    ratio = (numerator << 32) // denominator
    if ratio > U64_MAX or (ratio == 0 and numerator != 0):
        raise Abort(
            "FixedPoint32",
            Category.INVALID_ARGUMENT,
            "ERATIO_OUT_OF_RANGE",
            f"{numerator}/{denominator} has no 32-bit fixed point",
        )
    return ratio


def register_scs_currency(
    run: Run, code: str, numerator: int, denominator: int, scaling_factor: int, fractional_part: int, custodian: bytes
) -> None:
    """A further coin of one currency: the association's transaction, which the treasury signs too.

    It takes the next five event handles, can be minted at once, and has a limits definition without limits.
    """
    run.require_association()
    if TREASURY not in run.secondaries:
        raise Abort(
            "CoreAddresses", Category.REQUIRES_ADDRESS, "ETREASURY_COMPLIANCE",
            "a currency is registered by the association and the treasury: the treasury must sign too",
        )  # fmt: skip
    config = run.state.config()
    _check_new(code, scaling_factor, fractional_part, custodian)
    if code in config.currencies or code in dict(config.rates):
        raise Abort(
            "RegisteredCurrencies", Category.INVALID_ARGUMENT, "ECURRENCY_CODE_ALREADY_TAKEN",
            f"{code} is registered already",
        )  # fmt: skip
    if len(config.currencies) >= MAX_CURRENCIES:
        raise Abort(
            "RegisteredCurrencies", Category.LIMIT_EXCEEDED, "ETOO_MANY_CURRENCIES",
            f"{MAX_CURRENCIES} currencies are registered, the most that there can be",
        )  # fmt: skip
    rate = fixed_point(numerator, denominator)
    run.state.put(CONFIG_KEY, config._replace(currencies=(*config.currencies, code)))
    run.state.put_currency(
        Currency(code, scaling_factor, fractional_part, rate, False, True, 0, 0, 0, custodian, 0, 0, (0,) * 5)
    )
    run.state.put(limits_key(run.sender, code), unrestricted(run.sender, code))


def _check_new(code: str, scaling_factor: int, fractional_part: int, custodian: bytes) -> None:
    """Code, scale and key are such as genesis would take."""
    is_code = code.isascii() and code.isalnum() and code.upper() == code and not code[0].isdigit()
    if not is_code or len(code) > MAX_CODE:
        raise Abort(
            "RegisteredCurrencies", Category.INVALID_ARGUMENT, "EBAD_CURRENCY",
            f"{code[:32]!r} is no code of 1 to {MAX_CODE} capitals and digits, a capital first",
        )  # fmt: skip
    if not 1 <= scaling_factor <= MAX_SCALING_FACTOR or not 1 <= fractional_part <= scaling_factor:
        raise Abort(
            "RegisteredCurrencies", Category.INVALID_ARGUMENT, "EBAD_CURRENCY",
            f"a scaling factor is 1 to {MAX_SCALING_FACTOR}, a fractional part 1 to the scaling factor",
        )  # fmt: skip
    if not is_valid_public_key(Scheme.ED25519, custodian):
        raise Abort(
            "RegisteredCurrencies", Category.INVALID_ARGUMENT, "EBAD_CURRENCY",
            "the custodian's key is no valid Ed25519 key",
        )  # fmt: skip


MAX_CODE = 16
"""Characters of a code."""


def burn_txn_fees(run: Run, code: str) -> None:
    """Destroy the collected fees of a currency; the custodian releases as much.

    Fees in a synthetic coin are decomposed first: what its basket pays for them is burned, coin by coin.
    """
    run.require_treasury()
    currency = run.require_currency(code)
    if currency.fees == 0:
        raise Abort("Diem", Category.INVALID_ARGUMENT, "ECOIN", f"no fees in {code} have been collected")
    if not currency.is_synthetic:
        _burn_now(run, currency._replace(fees=0), currency.fees)
        return
    basket = require_basket(run, code)
    parts = basket.decomposing(currency.fees)
    run.state.put(basket_key(code), basket.with_less(parts))
    run.state.put_currency(currency._replace(fees=0, total_value=currency.total_value - currency.fees))
    run.emit_root("decompose", (currency.fees, code, TREASURY, parts))
    for part, amount in parts:
        if amount:
            _burn_now(run, run.require_currency(part), amount)


def _burn_now(run: Run, currency: Currency, amount: int) -> None:
    """Burn coins that are in nobody's balance: preburn and burn in one step, under the treasury's address (Libra)."""
    data = (amount, currency.code, TREASURY)
    currency = run.emit_currency(run.emit_currency(currency, "preburn", data), "burn", data)
    run.emit_root("receiptreleased", data)
    run.state.put_currency(
        currency._replace(
            total_value=currency.total_value - amount, receipts_released=currency.receipts_released + amount
        )
    )
