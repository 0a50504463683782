"""Mint, preburn, burn, rates, limits and freezing (reference 2.3 and 1.9), with a custodian receipt for each mint."""

from chain.accounts import ASSOCIATION, CONFIG_KEY, TREASURY, Account, Receipt, Role, receipt_key
from chain.codec import encode
from chain.crypto.hashing import signing_message
from chain.crypto.signing import Scheme, verify
from chain.execution.context import Run
from chain.execution.currencies import fixed_point
from chain.execution.outcome import Abort, Category
from chain.execution.payments import check_not_frozen
from chain.execution.tiers import count_mint
from chain.limits import MAX_PREBURN_REQUESTS
from chain.primitives import U64_MAX


def receipt_message(genesis_hash: bytes, receipt_id: bytes, currency: str, amount: int) -> bytes:
    """What a custodian signs when money has come in."""
    return signing_message("CustodianReceipt", genesis_hash, encode((receipt_id, currency, amount)))


def tiered_mint(
    run: Run, code: str, nonce: int, dealer_address: bytes, amount: int, tier: int, receipt_id: bytes, signature: bytes
) -> None:
    """New coins for a dealer against a custodian's receipt; a receipt counts once."""
    run.require_treasury()
    run.check_nonce(nonce)
    if amount == 0:
        raise Abort("DesignatedDealer", Category.INVALID_ARGUMENT, "EINVALID_MINT_AMOUNT", "a mint of 0 is none")
    dealer = run.state.account(dealer_address)
    if dealer is None or dealer.role != Role.DESIGNATED_DEALER:
        raise Abort("DesignatedDealer", Category.NOT_PUBLISHED, "EDEALER", f"{dealer_address.hex()} is no dealer")
    currency = run.require_currency(code)
    if not currency.can_mint:
        raise Abort("Diem", Category.INVALID_STATE, "EMINTING_NOT_ALLOWED", f"minting of {code} is off")
    check_not_frozen("dealer", dealer)
    balance = dealer.balance(code)
    if balance is None:
        raise Abort(
            "DiemAccount",
            Category.INVALID_ARGUMENT,
            "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE",
            f"the dealer holds no balance in {code}",
        )
    count_mint(run, dealer_address, code, amount, tier)
    if run.state.get(receipt_key(receipt_id)) is not None:
        raise Abort("Diem", Category.ALREADY_PUBLISHED, "ERECEIPT_USED", f"receipt {receipt_id.hex()} was used")
    message = receipt_message(run.context.genesis_hash, receipt_id, code, amount)
    if not verify(Scheme.ED25519, currency.custodian_key, message, signature):
        raise Abort(
            "Diem", Category.INVALID_ARGUMENT, "ERECEIPT_SIGNATURE", "the custodian's signature does not verify"
        )
    if currency.receipts_deposited + amount > U64_MAX:
        raise Abort("DiemAccount", Category.LIMIT_EXCEEDED, "EBALANCE_OVERFLOW", "supply would pass 2^64-1")
    run.state.put(receipt_key(receipt_id), Receipt(receipt_id, code, amount, run.context.height))
    dealer = run.emit_from(dealer, "receivedmint", (amount, code, dealer_address))
    currency = run.emit_currency(currency, "mint", (amount, code, receipt_id))
    dealer = run.emit_from(dealer, "receivedpayment", (amount, code, bytes(16), dealer_address, b""))
    run.state.put_account(dealer.with_balance(code, balance + amount))
    run.state.put_currency(
        currency._replace(
            total_value=currency.total_value + amount, receipts_deposited=currency.receipts_deposited + amount
        )
    )


def preburn(run: Run, code: str, amount: int) -> None:
    """A dealer puts coins in the queue to be burned; the oldest request is burned first."""
    currency = run.require_currency(code)
    dealer = run.own_account()
    if dealer.role != Role.DESIGNATED_DEALER:
        raise Abort("Roles", Category.REQUIRES_ROLE, "EDESIGNATED_DEALER", "only a designated dealer preburns")
    balance = dealer.balance(code)
    if balance is None:
        raise Abort(
            "DiemAccount",
            Category.NOT_PUBLISHED,
            "EPAYER_DOESNT_HOLD_CURRENCY",
            f"the dealer holds no balance in {code}",
        )
    if currency.is_synthetic:
        raise Abort(
            "Diem", Category.INVALID_ARGUMENT, "EIS_SYNTHETIC_CURRENCY", f"{code} is never burned: decompose it instead"
        )
    if amount == 0:
        raise Abort("DiemAccount", Category.INVALID_ARGUMENT, "ECOIN_DEPOSIT_IS_ZERO", "a preburn of 0 is none")
    if balance < amount:
        raise Abort(
            "DiemAccount",
            Category.LIMIT_EXCEEDED,
            "EINSUFFICIENT_BALANCE",
            f"the balance is {balance} micro-{code}, the preburn {amount}",
        )
    if sum(1 for other, _ in dealer.preburns if other == code) >= MAX_PREBURN_REQUESTS:
        raise Abort("Diem", Category.LIMIT_EXCEEDED, "EPREBURN_QUEUE", f"{MAX_PREBURN_REQUESTS} requests wait already")
    dealer = dealer._replace(preburns=(*dealer.preburns, (code, amount)))
    dealer = run.emit_from(dealer, "sentpayment", (amount, code, dealer.address, dealer.address, b""))
    currency = run.emit_currency(currency, "preburn", (amount, code, dealer.address))
    run.state.put_account(dealer.with_balance(code, balance - amount))
    run.state.put_currency(currency._replace(preburn_value=currency.preburn_value + amount))


def _take_request(run: Run, code: str, address: bytes, amount: int) -> Account:
    """The dealer without its oldest request of exactly this amount."""
    dealer = run.state.account(address)
    if dealer is None or (code, amount) not in dealer.preburns:
        raise Abort(
            "Diem", Category.INVALID_STATE, "EPREBURN_NOT_FOUND", f"no preburn request of {amount} micro-{code[:32]}"
        )
    place = dealer.preburns.index((code, amount))
    return dealer._replace(preburns=(*dealer.preburns[:place], *dealer.preburns[place + 1 :]))


def burn_with_amount(run: Run, code: str, nonce: int, preburn_address: bytes, amount: int) -> None:
    """Destroy queued coins; the custodian releases as much."""
    run.require_treasury()
    run.check_nonce(nonce)
    currency = run.require_currency(code)
    run.state.put_account(_take_request(run, code, preburn_address, amount))
    currency = run.emit_currency(currency, "burn", (amount, code, preburn_address))
    run.emit_root("receiptreleased", (amount, code, preburn_address))
    run.state.put_currency(
        currency._replace(
            total_value=currency.total_value - amount,
            preburn_value=currency.preburn_value - amount,
            receipts_released=currency.receipts_released + amount,
        )
    )


def cancel_burn_with_amount(run: Run, code: str, preburn_address: bytes, amount: int) -> None:
    """Give queued coins back to the dealer."""
    run.require_treasury()
    currency = run.require_currency(code)
    dealer = _take_request(run, code, preburn_address, amount)
    check_not_frozen("dealer", dealer)
    balance = dealer.balance(code)
    assert balance is not None
    currency = run.emit_currency(currency, "cancelburn", (amount, code, preburn_address))
    dealer = run.emit_from(dealer, "receivedpayment", (amount, code, preburn_address, preburn_address, b""))
    run.state.put_account(dealer.with_balance(code, balance + amount))
    run.state.put_currency(currency._replace(preburn_value=currency.preburn_value - amount))


def freeze_account(run: Run, nonce: int, address: bytes) -> None:
    """Neither send nor receive; not for the association and the treasury."""
    run.require_treasury()
    run.check_nonce(nonce)
    if address == ASSOCIATION:
        raise Abort(
            "AccountFreezing",
            Category.INVALID_ARGUMENT,
            "ECANNOT_FREEZE_DIEM_ROOT",
            "the association cannot be frozen",
        )
    if address == TREASURY:
        raise Abort("AccountFreezing", Category.INVALID_ARGUMENT, "ECANNOT_FREEZE_TC", "the treasury cannot be frozen")
    _set_frozen(run, address, frozen=True)


def unfreeze_account(run: Run, nonce: int, address: bytes) -> None:
    """Undo a freeze."""
    run.require_treasury()
    run.check_nonce(nonce)
    _set_frozen(run, address, frozen=False)


def _set_frozen(run: Run, address: bytes, *, frozen: bool) -> None:
    """Write the flag and announce it."""
    account = run.state.account(address)
    if account is None:
        raise Abort("AccountFreezing", Category.NOT_PUBLISHED, "EFREEZING_BIT", f"no account at {address.hex()}")
    run.state.put_account(account._replace(is_frozen=frozen))
    run.emit_root("freeze" if frozen else "unfreeze", (address,))


def update_dual_attestation_limit(run: Run, nonce: int, limit: int) -> None:
    """Micro-XDX from which two providers must attest."""
    run.require_treasury()
    run.check_nonce(nonce)
    run.state.put(CONFIG_KEY, run.state.config()._replace(dual_attestation_limit=limit))


def update_exchange_rate(run: Run, code: str, nonce: int, numerator: int, denominator: int) -> None:
    """XDX per coin as 32-bit fixed point, truncated; local currencies without a coin are kept in the config."""
    run.require_treasury()
    run.check_nonce(nonce)
    rate = fixed_point(numerator, denominator)
    currency = run.state.currency(code)
    if currency is not None:
        currency = run.emit_currency(currency, "to_xdx_exchange_rate_update", (code, rate))
        run.state.put_currency(currency._replace(rate=rate))
        return
    config = run.state.config()
    if code not in dict(config.rates):
        raise Abort("Diem", Category.NOT_PUBLISHED, "ECURRENCY_INFO", f"no currency is called {code[:32]}")
    rates = tuple((other, rate if other == code else value) for other, value in config.rates)
    run.state.put(CONFIG_KEY, config._replace(rates=rates))


def update_minting_ability(run: Run, code: str, allow: bool) -> None:
    """Switch minting of a currency on or off."""
    run.require_treasury()
    currency = run.require_currency(code)
    if currency.is_synthetic:
        raise Abort("Diem", Category.INVALID_ARGUMENT, "EIS_SYNTHETIC_CURRENCY", f"{code} is never minted")
    run.state.put_currency(currency._replace(can_mint=allow))
