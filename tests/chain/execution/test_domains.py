"""Domains of wallet providers (reference 1.11): alphabet, uniqueness, order of checks, events, both spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import Role
from chain.limits import MAX_DOMAINS
from chain.records.roles import Domain, Domains, domain_key, domains_key
from tests.builders import ALICE, BOB, BR, DEALER, NOBODY, ROOT, TC, US, Party, World, event, party, small_world

ADD, REMOVE, CREATE = "add_vasp_domain", "remove_vasp_domain", "create_vasp_domains"
NOT_TREASURY = ("CoreAddresses", 2 + 256 * 1)
NOT_PARENT = ("Roles", 3 + 256 * 3)
HAS_LIST = ("VASPDomain", 6 + 256 * 0)
NOT_FOUND = ("VASPDomain", 7 + 256 * 2)
TAKEN = ("VASPDomain", 7 + 256 * 3)
NO_LIST = ("VASPDomain", 5 + 256 * 4)
INVALID = ("VASPDomain", 7 + 256 * 5)
TOO_MANY = ("VASPDomain", 8 + 256 * 100)


@pytest.fixture
def world() -> World:
    return small_world()


def names(world: World, who: Party) -> tuple[str, ...]:
    """The domains of a provider."""
    found = world.get(domains_key(who.address))
    assert isinstance(found, Domains)
    assert found.address == who.address
    return found.names


def test_a_domain_is_given_and_taken_away(world: World) -> None:
    """'each change emits {removed, domain, address} on TC's handle 0'."""
    assert world.do(TC, ADD, US.address, b"Us.Wallet") == (
        event(0, TC.address, 0, "vaspdomain", False, "Us.Wallet", US.address),
    )
    assert world.do(TC, ADD, US.address, b"pay2") == (event(0, TC.address, 1, "vaspdomain", False, "pay2", US.address),)
    assert names(world, US) == ("Us.Wallet", "pay2")
    assert world.get(domain_key("uS.wALLET")) == Domain("Us.Wallet", US.address)
    assert world.do(TC, REMOVE, US.address, b"us.WALLET") == (
        event(0, TC.address, 2, "vaspdomain", True, "Us.Wallet", US.address),
    )
    assert names(world, US) == ("pay2",)
    assert world.get(domain_key("us.wallet")) == Domain("Us.Wallet", b"")
    assert world.account(TC).streams == (3, 0, 0)


def test_nobody_has_it_twice(world: World) -> None:
    """Beyond Libra, where uniqueness holds within one VASP: no two providers have the same one, in any case."""
    world.do(TC, ADD, US.address, b"wallet")
    for who in (US, BR):
        for spelling in (b"wallet", b"WALLET", b"wAllet"):
            assert world.fails(TC, ADD, who.address, spelling) == TAKEN
    assert world.fails(TC, REMOVE, BR.address, b"wallet") == NOT_FOUND
    world.do(TC, REMOVE, US.address, b"wallet")
    assert world.fails(TC, REMOVE, US.address, b"wallet") == NOT_FOUND
    world.do(TC, ADD, BR.address, b"WALLET")
    assert (names(world, US), names(world, BR)) == ((), ("WALLET",))
    assert world.get(domain_key("wallet")) == Domain("WALLET", BR.address)


@pytest.mark.parametrize("good", [b"a", b"0", b"A.", b"a..b", b"x" * 63, b"9.Z" + b"." * 60])
def test_what_a_domain_is(world: World, good: bytes) -> None:
    """'<= 63 characters, ^[a-zA-Z0-9][a-zA-Z0-9.]*$'."""
    world.do(TC, ADD, US.address, good)
    assert names(world, US) == (good.decode(),)


@pytest.mark.parametrize(
    "bad", [b"", b".", b".a", b"x" * 64, b"a-b", b"a_b", b"a b", b"a\n", b"\n", b"a@b", "é".encode(), b"a\xff", b"\0"]
)
def test_what_is_none(world: World, bad: bytes) -> None:
    """EINVALID_VASP_DOMAIN, INVALID_ARGUMENT, when it is given and when it is taken away."""
    assert world.fails(TC, ADD, US.address, bad) == INVALID
    assert world.fails(TC, REMOVE, US.address, bad) == INVALID


@pytest.mark.parametrize("function", [ADD, REMOVE])
def test_order_of_checks(world: World, function: str) -> None:
    """Address of the treasury, list of the provider, name, then whether somebody has it."""
    world.do(TC, ADD, BR.address, b"taken")
    for who in (ROOT, US, ALICE, DEALER):
        assert world.fails(who, function, NOBODY.address, b"") == NOT_TREASURY
    for address in (NOBODY.address, ALICE.address, DEALER.address, TC.address, ROOT.address):
        assert world.fails(TC, function, address, b"") == NO_LIST
    assert world.fails(TC, function, US.address, b"") == INVALID
    assert world.fails(TC, function, US.address, b"taken") == (TAKEN if function == ADD else NOT_FOUND)


def test_a_provider_has_at_most_64(world: World) -> None:
    """Ours: LIMIT_EXCEEDED, EVASP_DOMAINS_FULL; told after a name that is taken."""
    world.do(TC, ADD, BR.address, b"taken")
    for number in range(MAX_DOMAINS):
        world.do(TC, ADD, US.address, b"d%d" % number)
    assert len(names(world, US)) == 64
    assert world.fails(TC, ADD, US.address, b"taken") == TAKEN
    assert world.fails(TC, ADD, US.address, b"d64") == TOO_MANY
    world.do(TC, REMOVE, US.address, b"d7")
    world.do(TC, ADD, US.address, b"d64")


@pytest.mark.parametrize("function", [CREATE, "create_diem_id_domains"])
def test_a_list_for_a_provider_that_lacks_it(world: World, function: str) -> None:
    """3.8: 'ParentVASP lacking the resource'; every provider is made with one, so that it has one already."""
    assert world.fails(US, function) == HAS_LIST
    for who in (TC, ROOT, DEALER, ALICE):
        assert world.fails(who, function) == NOT_PARENT
    other = party(777)
    world.add(other, Role.PARENT_VASP, "XUS")
    del world.records[domains_key(other.address)]
    assert world.fails(TC, ADD, other.address, b"late") == NO_LIST
    assert world.do(other, function) == ()
    assert names(world, other) == ()
    world.do(TC, ADD, other.address, b"late")


def test_the_older_spelling_does_the_same(world: World) -> None:
    """Trap 1: 'A node must serve both spellings'."""
    world.do(TC, "add_diem_id_domain", US.address, b"us")
    assert names(world, US) == ("us",)
    assert world.do(TC, "remove_diem_id_domain", US.address, b"us") == (
        event(0, TC.address, 1, "vaspdomain", True, "us", US.address),
    )
    for function in ("add_diem_id_domain", "remove_diem_id_domain"):
        assert world.fails(BOB, function, US.address, b"us") == NOT_TREASURY


STEPS = st.lists(
    st.tuples(
        st.sampled_from([ADD, REMOVE]), st.sampled_from([US, BR]), st.sampled_from(["a", "A", "b.c", "B.c", "0", "-"])
    ),
    max_size=25,
)


@given(STEPS)
def test_against_a_dictionary(steps: list[tuple[str, Party, str]]) -> None:
    """A model: name in small letters to (spelling, owner). The events, replayed, give the same map."""
    world = small_world()
    model: dict[str, tuple[str, bytes]] = {}
    replayed: dict[str, bytes] = {}
    for function, who, name in steps:
        held = model.get(name.lower())
        if name == "-":
            expected = INVALID
        elif function == ADD and held is not None:
            expected = TAKEN
        elif function == REMOVE and (held is None or held[1] != who.address):
            expected = NOT_FOUND
        else:
            (happened,) = world.do(TC, function, who.address, name.encode())
            removed, spelled, owner = happened.data
            if removed:
                del model[name.lower()]
                del replayed[str(spelled)]
            else:
                model[name.lower()] = name, who.address
                replayed[str(spelled)] = bytes(owner)  # type: ignore[arg-type]
            continue
        assert world.fails(TC, function, who.address, name.encode()) == expected
    assert replayed == dict(model.values())
    for who in (US, BR):
        assert set(names(world, who)) == {spelled for spelled, owner in model.values() if owner == who.address}
