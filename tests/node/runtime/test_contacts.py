"""Who may be linked: every registered validator, by the keys that the chain has for it."""

import pytest

from chain.records.validators import (
    VALIDATORS_KEY,
    Accusation,
    ActiveSet,
    Mark,
    ValidatorConfig,
    accusation_key,
    validator_key,
)
from node.runtime.contacts import Contacts, read_endpoint
from node.runtime.links import Contact
from tests.builders import World, key, new_world, party
from tests.node.runtime.peers import KEYS, Node, pair, play, stop, until


@pytest.fixture
def world() -> World:
    return new_world()


def change(world: World, number: int, **fields: object) -> None:
    place = validator_key(party(200 + number).address)
    world.records[place] = world.records[place]._replace(**fields)  # type: ignore[arg-type]


def test_the_first_ones_and_nobody_twice(world) -> None:
    """By number, with the registered key; None until a record changes."""
    contacts = Contacts(world, 0, (("127.0.0.1", 1), ("127.0.0.1", 2)))
    found = contacts.changed()
    assert found == {
        number: Contact((key(20 + number).public_key,), ("127.0.0.1", number + 1) if number < 2 else None)
        for number in range(4)
    }
    assert contacts.changed() is None
    change(world, 2, network_address="127.0.0.1:77")
    found = contacts.changed()
    assert found is not None
    assert found[2].endpoint == ("127.0.0.1", 77)


def test_what_node_json_says_goes_first(world) -> None:
    """A known endpoint is not replaced by the chain's."""
    change(world, 1, network_address="10.0.0.1:5")
    assert (Contacts(world, 0, (None, ("127.0.0.1", 2))).changed() or {})[1].endpoint == ("127.0.0.1", 2)
    assert (Contacts(world, 0, (None, None)).changed() or {})[1].endpoint == ("10.0.0.1", 5)


def test_a_registered_one_counts_before_it_is_a_member(world) -> None:
    """'validators accept links from any registered validator config'; without keys it has nothing to show."""
    active = world.records[VALIDATORS_KEY]
    assert isinstance(active, ActiveSet)
    account = bytes(15) + b"\x04"
    world.records[VALIDATORS_KEY] = active._replace(registered=(*active.registered, account))
    config = ValidatorConfig(account, 4, "v4", b"", b"", b"", "", "")
    world.records[validator_key(account)] = config
    contacts = Contacts(world, 0, ())
    assert set(contacts.changed() or {}) == {0, 1, 2, 3}
    world.records[validator_key(account)] = config._replace(network_key=key(99).public_key)
    assert (contacts.changed() or {})[4] == Contact((key(99).public_key,), None)


def test_members_that_the_ledger_accuses(world) -> None:
    """EV15: by the key in force; a mark of an earlier key, and one of a validator that is no member, counts nothing."""
    contacts = Contacts(world, 0, ())
    assert contacts.accused() == []
    for number, marked in ((1, 11), (2, 4_711)):
        account = party(200 + number).address
        mark = Mark(key(marked).public_key, 2, 1, 3, 3)
        world.records[accusation_key(account)] = Accusation(account, (mark,))
    assert contacts.accused() == [1]
    active = world.records[VALIDATORS_KEY]
    assert isinstance(active, ActiveSet)
    world.records[VALIDATORS_KEY] = active._replace(members=(active.members[0], *active.members[2:]))
    assert contacts.accused() == []


def test_a_changed_network_key_overlaps(world) -> None:
    """The registered key, that of the current set, and for one epoch more that of the previous one."""
    contacts = Contacts(world, 0, ())
    contacts.changed()
    old, new = key(21).public_key, key(88).public_key
    change(world, 1, network_key=new)
    assert (contacts.changed() or {})[1].keys == (new, old)
    active = world.records[VALIDATORS_KEY]
    assert isinstance(active, ActiveSet)
    members = tuple(m._replace(network_key=new) if m.number == 1 else m for m in active.members)
    world.records[VALIDATORS_KEY] = active._replace(epoch=2, members=members)
    assert (contacts.changed() or {})[1].keys == (new, old)
    world.records[VALIDATORS_KEY] = active._replace(epoch=3, members=members)
    assert (contacts.changed() or {})[1].keys == (new,)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("", None),
        ("127.0.0.1:9", ("127.0.0.1", 9)),
        ("[::1]:65535", ("::1", 65_535)),
        ("host.example:1", ("host.example", 1)),
    ],
)
def test_addresses(text, endpoint) -> None:
    """As the chain writes them."""
    assert read_endpoint(text) == endpoint


@pytest.mark.network
def test_links_follow() -> None:
    """A newcomer gets a link once it is known; a link ends when its key is retired."""

    async def story() -> None:
        zero, one = await pair()
        two = Node(2, [zero.links.port, one.links.port, 0], size=3)
        await two.links.start()
        await until(lambda: zero.refusals)
        known = {number: Contact((KEYS[number],), ("127.0.0.1", 1)) for number in (0, 1, 2)}
        assert zero.links.numbers() == [1]
        zero.links.update(known)
        assert zero.links.numbers() == [1, 2]
        await until(lambda: zero.links.connected() == [1, 2])
        assert zero.links.send(2, b"welcome") is True
        await until(lambda: two.frames == [(0, b"welcome")])
        zero.links.update({**known, 2: Contact((KEYS[3],), None)})
        await until(lambda: zero.links.connected() == [1])
        await stop(zero, one, two)

    play(story)


@pytest.mark.network
def test_who_comes_later_is_dialled() -> None:
    """The higher number dials, also whom it learns of while it runs; without an endpoint it waits."""

    async def story() -> None:
        zero = Node(0, [0, 0])
        port = await zero.links.start()
        one = Node(1, [0, 0], contacts={})
        await one.links.start()
        one.links.update({0: Contact((KEYS[0],), None)})
        assert one.links.connected() == []
        one.links.update({0: Contact((KEYS[0],), ("127.0.0.1", port))})
        await until(lambda: one.links.connected() == [0])
        await stop(zero, one)

    play(story)
