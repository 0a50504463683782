"""New accounts (reference 1.2 to 1.5): what they hold, who may make them, every refusal in its order."""

import pytest

from chain.accounts import ASSOCIATION, CORE_CODE, TREASURY, VM_RESERVED, Account, Credential
from chain.execution.context import ACCOUNT_HANDLES
from chain.limits import MAX_CHILDREN, MAX_NAME_BYTES
from tests.builders import ALICE, BOB, DEALER, NOBODY, ONE, TC, US, World, event, small_world

PREFIX = NOBODY.key.authentication_key()[:16]
NO_CURRENCY = ("Diem", 5 + 256 * 1)
RESERVED = ("DiemAccount", 7 + 256 * 10)
CORE = ("DiemAccount", 7 + 256 * 24)
EXISTS = ("Roles", 6 + 256 * 0)
MALFORMED = ("DiemAccount", 7 + 256 * 8)
TOO_LONG = ("Limits", 7 + 256 * 100)


@pytest.fixture
def world() -> World:
    world = small_world()
    world.endow(US, 100)
    return world


def child(code="XUS", address=NOBODY.address, prefix=PREFIX, every=False, initial=0):
    return "create_child_vasp_account", code, address, prefix, every, initial


def parent(code="XUS", address=NOBODY.address, prefix=PREFIX, name="in-wallet", every=False):
    return "create_parent_vasp_account", code, 0, address, prefix, name, every


def dealer(code="XUS", address=NOBODY.address, prefix=PREFIX, name="jp-dealer", every=False):
    return "create_designated_dealer", code, 0, address, prefix, name, every


def test_a_parent_vasp(world) -> None:
    """Role 5, four streams, a credential with a name and neither URL nor key; createaccount on root's handle 0."""
    assert world.do(TC, *parent()) == (event(0, ASSOCIATION, 0, "createaccount", NOBODY.address, 5),)
    key = NOBODY.key.authentication_key()
    credential = Credential("in-wallet", b"", b"")
    expected = Account(NOBODY.address, 5, key, 0, False, (("XUS", 0),), (0, 0, 0, 0), b"", 0, credential, ())
    assert world.account(NOBODY) == expected
    assert type(world.account(NOBODY).role) is int


def test_a_dealer(world) -> None:
    """Role 2, five streams."""
    assert world.do(TC, *dealer(code="XEU")) == (event(0, ASSOCIATION, 0, "createaccount", NOBODY.address, 2),)
    key = NOBODY.key.authentication_key()
    credential = Credential("jp-dealer", b"", b"")
    expected = Account(NOBODY.address, 2, key, 0, False, (("XEU", 0),), (0, 0, 0, 0, 0), b"", 0, credential, ())
    assert world.account(NOBODY) == expected


def test_a_child_with_coins_from_its_parent(world) -> None:
    """Role 6, two streams, no credential; then a payment within the provider, which needs no attestation."""
    world.change_config(dual_attestation_limit=1)
    events = world.do(US, *child(initial=30))
    data = (30, "XUS", US.address, NOBODY.address, b"")
    assert events == (
        event(0, ASSOCIATION, 0, "createaccount", NOBODY.address, 6),
        event(3, US.address, 0, "sentpayment", *data),
        event(0, NOBODY.address, 0, "receivedpayment", *data),
    )
    key = NOBODY.key.authentication_key()
    assert world.account(NOBODY) == Account(
        NOBODY.address, 6, key, 0, False, (("XUS", 30),), (1, 0), US.address, 0, None, ()
    )
    assert (world.balance(US), world.account(US).num_children) == (70, 3)
    assert world.account(US).sequence_number == 1


def test_a_child_without_coins(world) -> None:
    """0 means no payment: no event of one, and the parent need not hold the currency."""
    assert [e.type for e in world.do(US, *child(code="XDX"))] == ["createaccount"]
    assert world.account(NOBODY).balances == (("XDX", 0),)
    assert world.account(NOBODY).streams == (0, 0)
    assert (world.balance(US), world.account(US).num_children) == (100, 3)


@pytest.mark.parametrize(("who", "call"), [(US, child), (TC, parent), (TC, dealer)])
def test_all_currencies(world, who, call) -> None:
    """`add_all_currencies` opens a balance in each registered one, sorted by code."""
    world.do(who, *call(every=True))
    assert world.account(NOBODY).balances == (("XDX", 0), ("XEU", 0), ("XUS", 0))


@pytest.mark.parametrize(("who", "call"), [(US, child), (TC, parent), (TC, dealer)])
def test_where_nothing_can_be_created(world, who, call) -> None:
    """Currency, 0x0, 0x1, an existing address, then prefix and address make 32 bytes."""
    assert world.fails(who, *call(code="NOPE", address=VM_RESERVED)) == NO_CURRENCY
    assert world.fails(who, *call(address=VM_RESERVED, prefix=b"")) == RESERVED
    assert world.fails(who, *call(address=CORE_CODE, prefix=b"")) == CORE
    for address in (ASSOCIATION, TREASURY, BOB.address, US.address):
        assert world.fails(who, *call(address=address, prefix=b"")) == EXISTS
    for prefix in (b"", PREFIX[:15], PREFIX + b"\0"):
        assert world.fails(who, *call(prefix=prefix)) == MALFORMED
    world.do(who, *call())
    assert world.fails(who, *call()) == EXISTS


@pytest.mark.parametrize("call", [parent, dealer])
def test_a_name_is_bounded_in_bytes(world, call) -> None:
    """64 bytes of UTF-8."""
    assert world.fails(TC, *call(name="é" * 32 + "x")) == TOO_LONG
    assert world.fails(TC, *call(name="é" * 32 + "x", prefix=b"")) == MALFORMED
    world.do(TC, *call(name="é" * (MAX_NAME_BYTES // 2)))


@pytest.mark.parametrize("who", [ALICE, DEALER, TC])
def test_only_a_parent_makes_children(world, who) -> None:
    """REQUIRES_ROLE / EPARENT_VASP, before anything else."""
    assert world.fails(who, *child(code="NOPE")) == ("Roles", 3 + 256 * 3)


def test_a_parent_has_at_most_65536_children(world) -> None:
    """'max 65,536 per parent'."""
    world.change(US, num_children=MAX_CHILDREN)
    assert world.fails(US, *child(code="NOPE")) == ("VASP", 8 + 256 * 1)
    world.change(US, num_children=MAX_CHILDREN - 1)
    world.do(US, *child())
    assert world.account(US).num_children == 65_536


def test_a_first_deposit_that_fails_makes_no_account(world) -> None:
    """'A child-creation script with an initial deposit ends in the same path'."""
    assert world.fails(US, *child(initial=101)) == ("DiemAccount", 8 + 256 * 5)
    assert world.fails(US, *child(code="XDX", initial=1)) == ("DiemAccount", 5 + 256 * 19)
    world.do(US, *child(initial=100))
    assert (world.balance(US), world.balance(NOBODY)) == (0, 100)


def test_the_new_account_works(world) -> None:
    """Its key is prefix and address."""
    world.do(US, *child(initial=30))
    world.pay(NOBODY, BOB, 30)
    assert world.balance(BOB) == 1_000 * ONE + 30


def test_handles_are_numbered_in_libras_order() -> None:
    """1.4: 'Handles: 0 compliance-key rotation, 1 base-url rotation, 2 received payments, 3 sent payments'."""
    assert {int(role): sorted(handles, key=handles.__getitem__) for role, handles in ACCOUNT_HANDLES.items()} == {
        5: ["compliancekeyrotation", "baseurlrotation", "receivedpayment", "sentpayment"],
        6: ["receivedpayment", "sentpayment"],
        3: ["receivedpayment", "sentpayment"],
        4: ["receivedpayment", "sentpayment"],
        2: ["receivedmint", "compliancekeyrotation", "baseurlrotation", "receivedpayment", "sentpayment"],
    }
    assert all(sorted(handles.values()) == list(range(len(handles))) for handles in ACCOUNT_HANDLES.values())
