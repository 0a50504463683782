"""The synthetic coin: dealers compose it of other coins and take it apart again (docs/protocol.md, Z1 to Z5).

Libra's LBR, whose integer rules these are: composing takes one micro-unit of each coin more than its share, decomposing
pays the share cut off. So what lies in the reserve is at every moment at least supply x ratio of each coin.
"""

from typing import cast

from chain.accounts import Account, Role
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.primitives import U64_MAX
from chain.records.coins import Basket, basket_key


def compose(run: Run, code: str, amount: int) -> None:
    """A dealer gives the coins that `amount` micro-units of the synthetic coin stand on, and gets those."""
    dealer, basket, balance = _begin(run, code, amount)
    currency = run.require_currency(code)
    parts = basket.composing(amount)
    for part, needed in parts:
        held = dealer.balance(part)
        if held is None:
            raise Abort(
                "DiemAccount", Category.NOT_PUBLISHED, "EPAYER_DOESNT_HOLD_CURRENCY",
                f"the dealer holds no balance in {part}, of which {code} consists",
            )  # fmt: skip
        if held < needed:
            most = basket.most_composable(dict(dealer.balances))
            raise Abort(
                "DiemAccount", Category.LIMIT_EXCEEDED, "EINSUFFICIENT_BALANCE",
                f"{amount} micro-{code} need {needed} micro-{part}, the balance is {held}; {most} can be composed",
                balance=held, amount=needed, most=most,
            )  # fmt: skip
        dealer = dealer.with_balance(part, held - needed)
    if currency.total_value + amount > U64_MAX:
        raise Abort("DiemAccount", Category.LIMIT_EXCEEDED, "EBALANCE_OVERFLOW", "supply would pass 2^64-1")
    run.state.put_account(dealer.with_balance(code, balance + amount))
    run.state.put_currency(currency._replace(total_value=currency.total_value + amount))
    run.state.put(basket_key(code), basket.with_more(parts))
    run.emit_root("compose", (amount, code, dealer.address, parts))


def decompose(run: Run, code: str, amount: int) -> None:
    """A dealer gives the synthetic coin back, and gets trunc(amount x ratio) of each coin in its basket."""
    dealer, basket, balance = _begin(run, code, amount)
    currency = run.require_currency(code)
    if balance < amount:
        raise Abort(
            "DiemAccount", Category.LIMIT_EXCEEDED, "EINSUFFICIENT_BALANCE",
            f"the balance is {balance} micro-{code}, to be decomposed are {amount}", balance=balance, amount=amount,
        )  # fmt: skip
    parts = basket.decomposing(amount)
    dealer = dealer.with_balance(code, balance - amount)
    for part, paid in parts:
        held = dealer.balance(part)
        if held is None:
            raise Abort(
                "DiemAccount", Category.INVALID_ARGUMENT, "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE",
                f"the dealer holds no balance in {part}, of which {code} consists",
            )  # fmt: skip
        dealer = dealer.with_balance(part, held + paid)
    run.state.put_account(dealer)
    run.state.put_currency(currency._replace(total_value=currency.total_value - amount))
    run.state.put(basket_key(code), basket.with_less(parts))
    run.emit_root("decompose", (amount, code, dealer.address, parts))


def _begin(run: Run, code: str, amount: int) -> tuple[Account, Basket, int]:
    """The dealer, the basket, and the dealer's balance of the synthetic coin."""
    run.require_currency(code)
    dealer = run.own_account()
    if dealer.role != Role.DESIGNATED_DEALER:
        raise Abort(
            "Roles", Category.REQUIRES_ROLE, "EDESIGNATED_DEALER", "only a designated dealer composes and decomposes"
        )
    basket = require_basket(run, code)
    if amount == 0:
        raise Abort("DiemAccount", Category.INVALID_ARGUMENT, "ECOIN_DEPOSIT_IS_ZERO", "an amount of 0 moves nothing")
    balance = dealer.balance(code)
    if balance is None:
        raise Abort(
            "DiemAccount", Category.INVALID_ARGUMENT, "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE",
            f"the dealer holds no balance in {code}",
        )  # fmt: skip
    return dealer, basket, balance


def require_basket(run: Run, code: str) -> Basket:
    """The basket of a synthetic coin."""
    basket = cast("Basket | None", run.state.get(basket_key(code)))
    if basket is None:
        raise Abort("Diem", Category.NOT_PUBLISHED, "EBASKET", f"{code[:32]} is no basket of other coins")
    return basket
