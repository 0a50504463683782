"""No coin from nothing: the checker sees each way to break the sums; random days conserve money (L6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import BASKET, Account, Record, Role, account_key
from chain.execution import executor
from chain.execution.conservation import ConservationError, Totals, check, check_block, check_stored, totals
from chain.execution.executor import HANDLERS
from chain.execution.outcome import Outcome
from chain.functions import FUNCTIONS
from chain.records.coins import Basket, basket_key
from tests.builders import ALICE, ANNA, BOB, BR, DEALER, NOBODY, ONE, PAYMENT, TC, US, XDX_PARTS, World, small_world
from tests.driven_ledger import Draft, DrivenLedger, opening

BALANCES = {"XUS": 3_000 * ONE, "XEU": 300 * ONE, "XDX": 0}


def broken(world: World) -> str:
    with pytest.raises(ConservationError) as caught:
        check(world.records.values())
    assert caught.value.name == "conservation"
    return f"{caught.value.details['currency']}: {caught.value.message}"


def test_totals_of_the_small_world() -> None:
    """Every registered currency has its five sums."""
    world = small_world()
    expected = {code: Totals(supply, supply, 0, 0, supply) for code, supply in BALANCES.items()}
    assert totals(world.records.values()) == expected
    assert check(iter(world.records.values())) == expected


def test_a_coin_too_many_or_too_few() -> None:
    """balances + preburn + fees = supply, named with its numbers."""
    for change in (1, -1):
        world = small_world()
        world.change(ALICE, balances=(("XEU", 100 * ONE), ("XUS", 1_000 * ONE + change)))
        message = broken(world)
        assert message.startswith("XUS: ")
        assert str(3_000 * ONE + change) in message
        assert str(3_000 * ONE) in message


def test_fees_and_preburns_count() -> None:
    """A pot or a queue that holds one unit too much."""
    world = small_world()
    world.change_currency("XEU", fees=1)
    assert "fees 1 " in broken(world)
    world = small_world()
    world.change(DEALER, preburns=(("XUS", 2),))
    world.change_currency("XUS", preburn_value=2)
    assert "preburn 2 " in broken(world)


def test_the_preburn_value_is_the_sum_of_the_requests() -> None:
    """Reference 2.3: 'sum of preburn requests = preburn_value'."""
    world = small_world()
    world.change_currency("XUS", preburn_value=1)
    assert "preburn_value 1 " in broken(world)


def test_receipts_cover_the_supply_of_what_is_backed() -> None:
    """receipts deposited - released = supply; a synthetic currency stands on others."""
    for deposited, released in ((BALANCES["XUS"] + 1, 0), (BALANCES["XUS"], 1)):
        world = small_world()
        world.change_currency("XUS", receipts_deposited=deposited, receipts_released=released)
        assert "receipts" in broken(world)
    world = small_world()
    world.add(NOBODY, Role.PARENT_VASP, BASKET)
    world.endow(NOBODY, 5, BASKET)
    assert "the reserve holds 0 micro-XUS, 5 micro-XDX stand on 3" in broken(world)


def test_the_reserve_of_a_basket() -> None:
    """Coins in a reserve count towards their supply; the basket's supply x ratio is covered exactly (L6, Z4)."""
    world = small_world()
    world.add(NOBODY, Role.DESIGNATED_DEALER, BASKET, "XUS", "XEU")
    world.endow(NOBODY, 100)
    world.endow(NOBODY, 100, "XEU")
    world.do(NOBODY, "compose", BASKET, 6)
    assert check(world.records.values()) == {
        "XUS": Totals(3_000 * ONE + 100, 3_000 * ONE + 96, 0, 0, 3_000 * ONE + 100, 4),
        "XEU": Totals(300 * ONE + 100, 300 * ONE + 98, 0, 0, 300 * ONE + 100, 2),
        BASKET: Totals(6, 6, 0, 0, 0, 0),
    }
    kept = world.records

    def with_reserve(xus: int, xeu: int) -> None:
        world.records = {**kept, basket_key(BASKET): Basket(BASKET, XDX_PARTS, (("XUS", xus), ("XEU", xeu)))}

    with_reserve(2, 2)
    world.change_currency("XUS", total_value=3_000 * ONE + 98, receipts_released=2)
    assert "the reserve holds 2 micro-XUS, 6 micro-XDX stand on 3" in broken(world)
    with_reserve(4, 1)
    world.change_currency("XEU", total_value=300 * ONE + 99, receipts_released=1)
    assert "the reserve holds 1 micro-XEU, 6 micro-XDX stand on 2" in broken(world)
    with_reserve(5, 2)
    assert "in baskets 5 is not the supply" in broken(world)


def test_a_block_that_makes_coins_beside_their_reserve() -> None:
    """Z4 of each block: 'of each coin in a basket at least supply x ratio', also where the reserve is not touched."""
    world = small_world()
    world.add(NOBODY, Role.DESIGNATED_DEALER, BASKET, "XUS", "XEU")
    world.endow(NOBODY, 100)
    world.endow(NOBODY, 100, "XEU")
    world.do(NOBODY, "compose", BASKET, 6)
    before = World(dict(world.records), bytes(32))
    kept = world.account(NOBODY)
    for supply, says in ((7, "2 micro-XEU, 7 micro-XDX stand on 3"), (9, "4 micro-XUS, 9 micro-XDX stand on 5")):
        world.change(NOBODY, balances=((BASKET, supply), *[pair for pair in kept.balances if pair[0] != BASKET]))
        world.change_currency(BASKET, total_value=supply)
        made = {key: record for key, record in world.records.items() if record is not before.records.get(key)}
        with pytest.raises(ConservationError, match=f"the reserve holds {says}"):
            check_block(before, made)


def test_all_places_at_once() -> None:
    """balances + preburn + fees + in baskets: each of them above 0, and each counted once."""
    world = small_world()
    world.change(DEALER, balances=((BASKET, 0), ("XEU", 0), ("XUS", 0)))
    world.endow(DEALER, 1_000)
    world.endow(DEALER, 1_000, "XEU")
    world.do(DEALER, "preburn", "XUS", 7)
    world.run(world.sign(DEALER, "compose", BASKET, 20, price=1, max_gas=600))
    supply = 3_000 * ONE + 1_000
    assert check(world.records.values())["XUS"] == Totals(supply, supply - 7 - 600 - 11, 7, 600, supply, 11)


PEOPLE = [ALICE, ANNA, BOB, US, BR, DEALER]
person = st.sampled_from(PEOPLE)
amount = st.one_of(st.integers(0, 20), st.integers(0, 2_000 * ONE), st.just(2**64 - 1))
code = st.sampled_from(["XUS", "XEU", "XDX"])
step = st.one_of(
    st.tuples(st.just("pay"), person, person, code, amount),
    st.tuples(st.just("mint"), code, st.integers(0, 5_000), st.integers(0, 5)),
    st.tuples(st.just("preburn"), person, code, st.integers(0, 50)),
    st.tuples(st.just("burn"), code, st.integers(0, 50)),
    st.tuples(st.just("cancel"), code, st.integers(0, 50)),
    st.tuples(st.just("freeze"), person, st.booleans()),
    st.tuples(st.just("child"), st.sampled_from([US, BR, ALICE]), st.integers(0, 3), amount),
    st.tuples(st.just("currency"), person, code),
    st.tuples(st.just("basket"), st.sampled_from(["compose", "decompose"]), person, st.integers(0, 2_000)),
    st.tuples(st.just("burn_fees"), code),
)


def signed(world: World, number: int, price: int, what):
    """The transaction of one random step."""
    kind, *rest = what
    if kind == "pay":
        payer, payee, currency, value = rest
        return world.sign(payer, PAYMENT, currency, payee.address, value, b"", b"", price=price, max_gas=600)
    if kind == "mint":
        currency, value, receipt = rest
        return world.sign(TC, "tiered_mint", *world.mint_arguments(value, currency=currency, receipt=receipt))
    if kind == "preburn":
        who, currency, value = rest
        return world.sign(who, "preburn", currency, value, price=price, max_gas=600)
    if kind == "burn":
        return world.sign(TC, "burn_with_amount", rest[0], 0, DEALER.address, rest[1])
    if kind == "cancel":
        return world.sign(TC, "cancel_burn_with_amount", rest[0], DEALER.address, rest[1])
    if kind == "freeze":
        return world.sign(TC, "freeze_account" if rest[1] else "unfreeze_account", 0, rest[0].address)
    if kind == "basket":
        return world.sign(rest[1], rest[0], BASKET, rest[2], price=price, max_gas=600)
    if kind == "burn_fees":
        return world.sign(TC, "burn_txn_fees", rest[0])
    if kind == "child":
        parent, which, value = rest
        address = (1_000 + which).to_bytes(16, "big")
        call = ("create_child_vasp_account", "XUS", address, bytes(16), False, value)
        return world.sign(parent, *call, price=price, max_gas=700 + 500 * (number % 2))
    return world.sign(rest[0], "add_currency_to_account", rest[1], price=price, max_gas=600)


@given(st.lists(st.tuples(st.integers(0, 2), step), max_size=25))
def test_whatever_happens_money_is_conserved(steps) -> None:
    """After every block of a random day: `World.block` checks the sums, and supply is minted minus burned."""
    world = small_world()
    world.change(DEALER, balances=((BASKET, 0), ("XEU", 0), ("XUS", 0)))
    world.endow(DEALER, 5_000)
    world.endow(DEALER, 5_000, "XEU")
    minted = {**BALANCES, "XUS": BALANCES["XUS"] + 5_000, "XEU": BALANCES["XEU"] + 5_000}
    for number, (price, what) in enumerate(steps):
        (outcome,) = world.block(signed(world, number, price, what))
        if not isinstance(outcome, Outcome):
            continue
        for event in outcome.events:
            if event.type in ("mint", "burn", "compose", "decompose"):
                value, currency = event.data[:2]
                grows = event.type in ("mint", "compose")
                minted[currency] += value if grows else -value  # type: ignore[index,operator]
    assert {currency: sums.supply for currency, sums in totals(world.records.values()).items()} == minted
    assert all(value >= 0 for who in PEOPLE for _, value in world.account(who).balances)


# --- by a block's writes alone ---


def written(world: World, **changes) -> dict[bytes, Record]:
    """What a block wrote that changed these records."""
    before = dict(world.records)
    for what, fields in changes.items():
        if what in ("XUS", "XEU", "XDX"):
            world.change_currency(what, **fields)
        else:
            world.change({"alice": ALICE, "bob": BOB, "dealer": DEALER}[what], **fields)
    return {key: record for key, record in world.records.items() if before[key] is not record}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"alice": {"balances": (("XEU", 100 * ONE), ("XUS", 1_000 * ONE + 1))}}, "balances 1 + preburn 0"),
        ({"alice": {"balances": (("XEU", 100 * ONE), ("XUS", 1_000 * ONE - 1))}}, "balances -1"),
        ({"alice": {"balances": (("XEU", 100 * ONE),)}}, "balances -1000000000"),
        ({"XUS": {"fees": 1}}, "fees 1"),
        ({"XUS": {"total_value": 3_000 * ONE + 1}}, "is not the supply 1"),
        ({"XUS": {"receipts_deposited": 3_000 * ONE + 1}}, "receipts 1, supply 0"),
        ({"XUS": {"receipts_released": 1}}, "receipts -1, supply 0"),
        ({"XUS": {"preburn_value": 1}}, "preburn_value 1"),
        ({"dealer": {"preburns": (("XUS", 2),)}}, "preburn 2"),
        ({"alice": {"balances": (("XEU", 101 * ONE), ("XUS", 999 * ONE))}}, "XEU: balances 1000000"),
    ],
)
def test_the_writes_of_a_block_show_what_appeared(changes, says) -> None:
    """L6, before anybody votes: a change on one side only, in either direction, of any of the sums."""
    world = small_world()
    fresh = small_world()
    with pytest.raises(ConservationError) as caught:
        check_block(fresh, written(world, **changes))
    assert says in caught.value.message


def test_writes_that_move_coins_are_silent() -> None:
    """L6: what one has less another has more, or the pot, or the supply with its receipts."""
    fresh = small_world()
    for changes in (
        {"alice": {"balances": (("XEU", 100 * ONE), ("XUS", 1_000 * ONE - 5))},
         "bob": {"balances": (("XEU", 100 * ONE), ("XUS", 1_000 * ONE + 5))}},
        {"alice": {"balances": (("XEU", 100 * ONE), ("XUS", 1_000 * ONE - 5))}, "XUS": {"fees": 5}},
        {"dealer": {"balances": (("XEU", 0), ("XUS", 7))},
         "XUS": {"total_value": 3_000 * ONE + 7, "receipts_deposited": 3_000 * ONE + 7}},
        {"alice": {"is_frozen": True}},
    ):  # fmt: skip
        check_block(fresh, written(small_world(), **changes))
    check_block(fresh, {})


def test_a_new_account_with_coins_is_seen() -> None:
    """L6: an account that was not there before counts as having had nothing."""
    world = small_world()
    world.add(NOBODY, Role.CHILD_VASP, "XUS", parent=US)
    world.change(NOBODY, balances=(("XUS", 3),))
    key = account_key(NOBODY.address)
    with pytest.raises(ConservationError, match="balances 3"):
        check_block(small_world(), {key: world.records[key]})


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_coin_that_any_function_makes_is_caught_before_a_vote(function, monkeypatch) -> None:
    """L6: 'a block whose writes do not add up is voted for by nobody': one micro-unit planted in each handler."""

    def plant(run, *_arguments) -> None:
        alice = run.state.account(ALICE.address)
        run.state.put_account(alice.with_balance("XUS", alice.balance("XUS") + 1))

    ledger = DrivenLedger()
    numbers: dict[bytes, int] = {}
    for draft in opening():
        ledger.step([ledger.signed(draft, numbers)])
        numbers[draft.sender.address] = numbers.get(draft.sender.address, 0) + 1
    monkeypatch.setitem(HANDLERS, function, plant)
    monkeypatch.setattr(executor, "check_sender", lambda _run, _function: None)
    values = {"address": bytes(16), "u64": 0, "bytes": b"", "text": "", "bool": False, "hash": bytes(32),
              "currency": "XUS", "payments": (("XUS", bytes(16), 0, b"", b""),)}  # fmt: skip
    arguments = tuple(values[kind.value] for _, kind in FUNCTIONS[function].parameters)
    draft = Draft(ALICE, function, arguments, (BOB,) * FUNCTIONS[function].secondaries)
    before = ledger.ledger.tip_root
    with pytest.raises(ConservationError) as caught:
        ledger.step([ledger.signed(draft, numbers)])
    assert caught.value.details["currency"] == "XUS"
    assert ledger.ledger.tip_root == before


def test_a_stored_state_gives_the_same_sums() -> None:
    """`check_stored` reads only what it sums, and sees what `check` sees: balances, queues, pots, baskets."""
    ledger = DrivenLedger()
    numbers: dict[bytes, int] = {}
    for draft in opening():
        ledger.step([ledger.signed(draft, numbers)])
        numbers[draft.sender.address] = numbers.get(draft.sender.address, 0) + 1
    stored = dict(ledger.store.states())
    found = check_stored(stored.items())
    assert found == check(ledger.records.values())
    assert all(value > 0 for value in found["XUS"]._replace(fees=1))
    key = account_key(ALICE.address)
    alice = Account.from_bytes(stored[key])
    stored[key] = alice.with_balance("XUS", 1).to_bytes()
    with pytest.raises(ConservationError):
        check_stored(stored.items())
