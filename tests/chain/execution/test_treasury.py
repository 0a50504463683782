"""The treasury's functions: mint, preburn, burn, cancel, freeze, rates, limits (reference 1.9, 2.2, 2.3)."""

import pytest

from chain.accounts import CONFIG_KEY, Receipt, Role, receipt_key
from chain.codec import Value
from chain.execution.treasury import receipt_message
from chain.limits import MAX_PREBURN_REQUESTS
from chain.primitives import U64_MAX
from tests.builders import (
    ALICE,
    BOB,
    CUSTODIAN,
    DEALER,
    NOBODY,
    ONE,
    PAYMENT,
    ROOT,
    TC,
    US,
    World,
    event,
    new_world,
    small_world,
)  # fmt: skip

NOT_TREASURY = ("CoreAddresses", 2 | 1 << 8)
NONCE = ("SlidingNonce", 7 | 2 << 8)
NO_CURRENCY = ("Diem", 5 | 1 << 8)
NOT_FOUND = ("Diem", 1 | 12 << 8)


@pytest.fixture
def world() -> World:
    return small_world()


def funded(amount: int = 100) -> World:
    """A dealer with coins that were really minted."""
    world = new_world()
    world.add(DEALER, Role.DESIGNATED_DEALER, "XUS", "XEU")
    world.do(TC, "tiered_mint", *world.mint_arguments(amount))
    return world


CALLS: dict[str, tuple[tuple[Value, ...], int | None]] = {
    "create_parent_vasp_account": (("NOP", 1, NOBODY.address, b"", "n", False), 1),
    "create_designated_dealer": (("NOP", 1, NOBODY.address, b"", "n", False), 1),
    "tiered_mint": (("NOP", 1, NOBODY.address, 0, 0, bytes(32), b""), 1),
    "burn_with_amount": (("NOP", 1, NOBODY.address, 1), 1),
    "cancel_burn_with_amount": (("NOP", NOBODY.address, 1), None),
    "freeze_account": ((1, ROOT.address), 0),
    "unfreeze_account": ((1, NOBODY.address), 0),
    "update_dual_attestation_limit": ((1, 5), 0),
    "update_exchange_rate": (("NOP", 1, 1, 0), 1),
    "update_minting_ability": (("NOP", True), None),
}


@pytest.mark.parametrize("function", list(CALLS))
@pytest.mark.parametrize("who", [ALICE, US, DEALER, ROOT])
def test_only_the_treasury(world: World, function: str, who: object) -> None:
    """Reference 3.7: the address is checked first: REQUIRES_ADDRESS, ETREASURY_COMPLIANCE."""
    assert world.fails(who, function, *CALLS[function][0]) == NOT_TREASURY  # type: ignore[arg-type]


@pytest.mark.parametrize("function", [name for name, (_, place) in CALLS.items() if place is not None])
def test_a_sliding_nonce_is_asked_first(world: World, function: str) -> None:
    """The nonce is checked before everything but the sender: 'too new if >= min + 10,000'."""
    arguments, place = CALLS[function]
    assert place is not None
    assert world.fails(TC, function, *arguments[:place], 10_000, *arguments[place + 1 :]) == NONCE


class TestMint:
    """tiered_mint."""

    def test_effects_and_events(self) -> None:
        """2.3: supply and balance rise; receivedmint, mint, receivedpayment from 0x0."""
        world = new_world()
        world.add(DEALER, Role.DESIGNATED_DEALER, "XUS", "XEU")
        for number, (amount, code) in enumerate(((100, "XUS"), (7, "XEU"))):
            receipt = (number + 1).to_bytes(32, "big")
            arguments = world.mint_arguments(amount, currency=code, receipt=number + 1)
            assert world.do(TC, "tiered_mint", *arguments) == (
                event(0, DEALER.address, number, "receivedmint", amount, code, DEALER.address),
                event(5 + 5 * number, ROOT.address, 0, "mint", amount, code, receipt),
                event(3, DEALER.address, number, "receivedpayment", amount, code, bytes(16), DEALER.address, b""),
            )
            assert world.balance(DEALER, code) == amount
            coin = world.currency(code)
            assert (coin.total_value, coin.receipts_deposited, coin.receipts_released) == (amount, amount, 0)
            assert world.get(receipt_key(receipt)) == Receipt(receipt, code, amount, world.context.height)
        assert world.currency("XUS").streams == (1, 0, 0, 0, 0)
        assert world.account(DEALER).streams == (2, 0, 0, 2, 0)

    def test_order_of_checks(self) -> None:
        """Amount, dealer, currency, minting allowed, frozen, balance, used receipt, signature, overflow."""
        world = funded()
        good = list(world.mint_arguments(5, receipt=2))
        zero = ["NOP", 0, NOBODY.address, 0, *good[4:]]
        assert world.fails(TC, "tiered_mint", *zero) == ("DesignatedDealer", 7 | 4 << 8)
        assert world.fails(TC, "tiered_mint", "NOP", 0, NOBODY.address, 5, *good[4:]) == ("DesignatedDealer", 5)
        assert world.fails(TC, "tiered_mint", "NOP", 0, TC.address, 5, *good[4:]) == ("DesignatedDealer", 5)
        assert world.fails(TC, "tiered_mint", "NOP", 0, DEALER.address, 5, *good[4:]) == NO_CURRENCY
        world.change(DEALER, is_frozen=True)
        world.change_currency("XUS", can_mint=False)
        assert world.fails(TC, "tiered_mint", *good) == ("Diem", 1 | 5 << 8)
        world.change_currency("XUS", can_mint=True)
        assert world.fails(TC, "tiered_mint", *good) == ("AccountFreezing", 1 | 5 << 8)
        world.change(DEALER, balances=(("XUS", 100),), is_frozen=False)
        used = (1).to_bytes(32, "big")
        assert world.fails(TC, "tiered_mint", "XEU", 0, DEALER.address, 5, 0, used, b"") == (
            "DiemAccount",
            7 | 18 << 8,
        )
        assert world.fails(TC, "tiered_mint", "XUS", 0, DEALER.address, 5, 0, used, b"") == ("Diem", 6 | 100 << 8)
        assert world.fails(TC, "tiered_mint", *good[:6], b"") == ("Diem", 7 | 101 << 8)
        world.do(TC, "tiered_mint", *good)
        assert world.fails(TC, "tiered_mint", *good) == ("Diem", 6 | 100 << 8)

    def test_the_custodian_signs_this_receipt(self) -> None:
        """Id, currency, amount and chain are signed, by the currency's own custodian."""
        world = funded()
        chain, receipt = world.context.genesis_hash, bytes(32)
        for signature in (
            CUSTODIAN["XUS"].sign(receipt_message(chain, receipt, "XUS", 6)),
            CUSTODIAN["XUS"].sign(receipt_message(chain, receipt, "XEU", 5)),
            CUSTODIAN["XUS"].sign(receipt_message(chain, bytes(31) + b"\1", "XUS", 5)),
            CUSTODIAN["XUS"].sign(receipt_message(bytes(32), receipt, "XUS", 5)),
            CUSTODIAN["XEU"].sign(receipt_message(chain, receipt, "XUS", 5)),
        ):
            arguments = ("XUS", 0, DEALER.address, 5, 0, receipt, signature)
            assert world.fails(TC, "tiered_mint", *arguments) == ("Diem", 7 | 101 << 8)

    def test_supply_stays_below_2_to_64(self) -> None:
        """Deposited receipts reach 2^64-1 and no more."""
        world = funded(1)
        assert world.fails(TC, "tiered_mint", *world.mint_arguments(U64_MAX, receipt=2)) == (
            "DiemAccount",
            8 | 100 << 8,
        )
        world.do(TC, "tiered_mint", *world.mint_arguments(U64_MAX - 1, receipt=2))
        assert world.currency().total_value == U64_MAX

    def test_any_tier_is_ignored(self) -> None:
        """Reference 2.3: tier_index is ignored."""
        world = funded()
        arguments = list(world.mint_arguments(5, receipt=2))
        arguments[4] = 99
        assert len(world.do(TC, "tiered_mint", *arguments)) == 3

    def test_the_synthetic_currency_is_never_minted(self) -> None:
        """XDX: EMINTING_NOT_ALLOWED."""
        world = funded()
        assert world.fails(TC, "tiered_mint", *world.mint_arguments(5, currency="XDX", receipt=2)) == (
            "Diem",
            1 | 5 << 8,
        )


class TestBurn:
    """preburn, burn_with_amount, cancel_burn_with_amount."""

    def test_preburn_and_burn(self) -> None:
        """2.3: balance to queue to nothing; events preburn after sentpayment; burn after it, with the release."""
        world = funded()
        own = (60, "XUS", DEALER.address)
        assert world.do(DEALER, "preburn", "XUS", 60) == (
            event(4, DEALER.address, 0, "sentpayment", 60, "XUS", DEALER.address, DEALER.address, b""),
            event(7, ROOT.address, 0, "preburn", *own),
        )
        coin = world.currency()
        assert (world.balance(DEALER), coin.preburn_value, coin.total_value) == (40, 60, 100)
        assert world.do(TC, "burn_with_amount", "XUS", 0, DEALER.address, 60) == (
            event(6, ROOT.address, 0, "burn", *own),
            event(1_000, ROOT.address, 0, "receiptreleased", *own),
        )
        coin = world.currency()
        assert (world.balance(DEALER), coin.preburn_value, coin.total_value) == (40, 0, 40)
        assert (coin.receipts_deposited, coin.receipts_released) == (100, 60)
        assert world.account(DEALER).preburns == ()
        world.do(DEALER, "preburn", "XUS", 40)
        assert world.balance(DEALER) == 0

    def test_cancel_gives_back(self) -> None:
        """2.3: back to the balance; cancelburn, receivedpayment from itself."""
        world = funded()
        world.do(DEALER, "preburn", "XUS", 60)
        assert world.do(TC, "cancel_burn_with_amount", "XUS", DEALER.address, 60) == (
            event(8, ROOT.address, 0, "cancelburn", 60, "XUS", DEALER.address),
            event(3, DEALER.address, 1, "receivedpayment", 60, "XUS", DEALER.address, DEALER.address, b""),
        )
        coin = world.currency()
        assert (world.balance(DEALER), coin.preburn_value, coin.total_value) == (100, 0, 100)
        assert coin.receipts_released == 0
        assert coin.streams == (1, 0, 1, 1, 0)

    @pytest.mark.parametrize("function", ["burn", "cancel"])
    def test_the_oldest_equal_request_is_taken(self, function: str) -> None:
        """FIFO among equal amounts of the currency; others stay in their order."""
        world = funded()
        world.do(TC, "tiered_mint", *world.mint_arguments(9, currency="XEU", receipt=2))
        for code, amount in (("XEU", 5), ("XUS", 3), ("XUS", 5), ("XUS", 4), ("XUS", 5)):
            world.do(DEALER, "preburn", code, amount)
        if function == "burn":
            world.do(TC, "burn_with_amount", "XUS", 0, DEALER.address, 5)
        else:
            world.do(TC, "cancel_burn_with_amount", "XUS", DEALER.address, 5)
        assert world.account(DEALER).preburns == (("XEU", 5), ("XUS", 3), ("XUS", 4), ("XUS", 5))

    def test_preburn_order_of_checks(self, world: World) -> None:
        """Role (3.7: before all else), currency, balance in it, amount > 0, balance >= amount, queue."""
        assert world.fails(DEALER, "preburn", "NOP", 0) == NO_CURRENCY
        assert world.fails(ALICE, "preburn", "NOP", 0) == ("Roles", 3 | 6 << 8)
        assert world.fails(TC, "preburn", "XUS", 1) == ("Roles", 3 | 6 << 8)
        assert world.fails(DEALER, "preburn", "XDX", 0) == ("DiemAccount", 5 | 19 << 8)
        assert world.fails(DEALER, "preburn", "XUS", 0) == ("DiemAccount", 7 | 2 << 8)
        assert world.fails(DEALER, "preburn", "XUS", 1) == ("DiemAccount", 1288)

    def test_the_queue_holds_256_in_each_currency(self) -> None:
        """EPREBURN_QUEUE, LIMIT_EXCEEDED; balance is checked before; another currency has a queue of its own."""
        world = funded(300)
        world.do(TC, "tiered_mint", *world.mint_arguments(9, currency="XEU", receipt=2))
        queue = (("XUS", 1),) * (MAX_PREBURN_REQUESTS - 1)
        world.change(DEALER, preburns=queue, balances=(("XEU", 9), ("XUS", 300 - len(queue))))
        world.change_currency("XUS", preburn_value=len(queue))
        world.do(DEALER, "preburn", "XUS", 1)
        assert len(world.account(DEALER).preburns) == 256
        assert world.fails(DEALER, "preburn", "XUS", 45) == ("DiemAccount", 1288)
        assert world.fails(DEALER, "preburn", "XUS", 44) == ("Diem", 8 | 11 << 8)
        world.do(DEALER, "preburn", "XEU", 1)

    @pytest.mark.parametrize("function", ["burn", "cancel"])
    def test_no_matching_request(self, function: str) -> None:
        """EPREBURN_NOT_FOUND, INVALID_STATE: amount, currency and dealer must match; the currency comes first."""
        world = funded()
        world.do(DEALER, "preburn", "XUS", 60)

        def attempt(code: str, address: bytes, amount: int) -> tuple[str, int]:
            if function == "burn":
                return world.fails(TC, "burn_with_amount", code, 0, address, amount)
            return world.fails(TC, "cancel_burn_with_amount", code, address, amount)

        assert attempt("NOP", NOBODY.address, 60) == NO_CURRENCY
        assert attempt("XUS", NOBODY.address, 60) == NOT_FOUND
        assert attempt("XUS", TC.address, 60) == NOT_FOUND
        assert attempt("XEU", DEALER.address, 60) == NOT_FOUND
        for amount in (59, 61):
            assert attempt("XUS", DEALER.address, amount) == NOT_FOUND

    def test_a_frozen_dealer_is_burned_but_gets_nothing_back(self) -> None:
        """A frozen account cannot receive (1.9); the request is looked for first."""
        world = funded()
        world.do(DEALER, "preburn", "XUS", 60)
        world.do(TC, "freeze_account", 0, DEALER.address)
        assert world.fails(TC, "cancel_burn_with_amount", "XUS", DEALER.address, 61) == NOT_FOUND
        frozen = world.fails(TC, "cancel_burn_with_amount", "XUS", DEALER.address, 60)
        assert frozen == ("AccountFreezing", 1 | 5 << 8)
        world.do(TC, "burn_with_amount", "XUS", 0, DEALER.address, 60)


class TestFreezing:
    """freeze_account, unfreeze_account."""

    def test_freeze_and_unfreeze(self, world: World) -> None:
        """Root streams 15 and 16; a frozen parent's child still pays."""
        assert world.do(TC, "freeze_account", 0, US.address) == (event(15, ROOT.address, 0, "freeze", US.address),)
        assert world.account(US).is_frozen
        assert not world.account(ALICE).is_frozen
        world.pay(ALICE, BOB, 1)
        assert world.cannot_pay(ALICE, US, 1) == ("AccountFreezing", 1 | 5 << 8)
        assert world.do(TC, "unfreeze_account", 0, US.address) == (event(16, ROOT.address, 0, "unfreeze", US.address),)
        assert not world.account(US).is_frozen
        world.pay(ALICE, US, 1)
        assert world.do(TC, "freeze_account", 0, US.address)[0].sequence == 1

    def test_who_cannot_be_frozen(self, world: World) -> None:
        """Root 3, treasury 4, no account 2."""
        for who, code in ((ROOT, 7 | 3 << 8), (TC, 7 | 4 << 8), (NOBODY, 5 | 2 << 8)):
            assert world.fails(TC, "freeze_account", 0, who.address) == ("AccountFreezing", code)
        assert world.fails(TC, "unfreeze_account", 0, NOBODY.address) == ("AccountFreezing", 5 | 2 << 8)


class TestParameters:
    """Rates, limit, minting ability."""

    def test_dual_attestation_limit(self, world: World) -> None:
        """The new limit holds from the next payment on."""
        assert world.do(TC, "update_dual_attestation_limit", 0, 10) == ()
        assert world.config().dual_attestation_limit == 10
        assert world.cannot_pay(ALICE, BOB, 10)[0] == "DualAttestation"
        world.pay(ALICE, BOB, 9)

    @pytest.mark.parametrize(
        ("numerator", "denominator", "rate"),
        [(3, 2, 3 << 31), (1, 3, 1431655765), (0, 5, 0), (1, 1 << 32, 1), (U64_MAX, 1 << 32, U64_MAX)],
    )
    def test_rates_are_truncated(self, world: World, numerator: int, denominator: int, rate: int) -> None:
        """2.2: 32-bit fixed point; event on the currency's fifth handle."""
        events = world.do(TC, "update_exchange_rate", "XEU", 0, numerator, denominator)
        assert events == (event(14, ROOT.address, 0, "to_xdx_exchange_rate_update", "XEU", rate),)
        assert world.currency("XEU").rate == rate
        assert world.currency("XUS").rate == 1 << 32

    def test_bad_ratios(self, world: World) -> None:
        """EDENOMINATOR, ERATIO_OUT_OF_RANGE (too large or rounded to 0), then the currency."""
        for numerator, denominator, code in (
            (0, 0, 7), (1, 0, 7), (1, (1 << 32) + 1, 7 | 4 << 8), (1 << 32, 1, 7 | 4 << 8), (U64_MAX, 1, 7 | 4 << 8),
        ):  # fmt: skip
            got = world.fails(TC, "update_exchange_rate", "NOP", 0, numerator, denominator)
            assert got == ("FixedPoint32", code)
        assert world.fails(TC, "update_exchange_rate", "NOP", 0, 1, 1) == NO_CURRENCY
        world.do(TC, "update_exchange_rate", "XUS", 0, (1 << 32) - 1, 1)

    def test_a_local_currency_without_a_coin(self, world: World) -> None:
        """Kept in the configuration, without an event; the other rates stay."""
        world.change_config(rates=(("BRL", 5), ("INR", 6)))
        assert world.do(TC, "update_exchange_rate", "INR", 0, 1, 2) == ()
        assert world.config().rates == (("BRL", 5), ("INR", 1 << 31))

    def test_minting_ability(self, world: World) -> None:
        """Off and on; unknown currency, then EIS_SYNTHETIC_CURRENCY."""
        assert world.do(TC, "update_minting_ability", "XUS", False) == ()
        assert not world.currency("XUS").can_mint
        assert world.currency("XEU").can_mint
        world.do(TC, "update_minting_ability", "XUS", True)
        assert world.currency("XUS").can_mint
        assert world.fails(TC, "update_minting_ability", "NOP", True) == NO_CURRENCY
        assert world.fails(TC, "update_minting_ability", "XDX", True) == ("Diem", 7 | 6 << 8)


def test_coins_go_all_the_way_round() -> None:
    """2.3: mint, pay, pay back, preburn, burn leaves nothing; the configuration's creation stream is untouched."""
    world = funded(ONE)
    world.add(US, Role.PARENT_VASP, "XUS")
    world.pay(DEALER, US, ONE)
    world.do(US, PAYMENT, "XUS", DEALER.address, ONE, b"", b"")
    world.do(DEALER, "preburn", "XUS", ONE)
    world.do(TC, "burn_with_amount", "XUS", 0, DEALER.address, ONE)
    assert world.currency().total_value == 0
    assert world.records[CONFIG_KEY] == world.config()
    assert world.config().streams[0] == 0
