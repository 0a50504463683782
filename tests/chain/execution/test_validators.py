"""Validators, operators and the set: order of checks, codes, both sides of each limit (3.7, 3.8; G3 to G9)."""

from typing import Any, cast

import pytest

from chain.accounts import Role
from chain.entries import Status
from chain.execution.executor import execute_block
from chain.execution.outcome import Outcome
from chain.execution.reconfiguration import validator_set
from chain.records.validators import (
    VALIDATORS_KEY,
    ActiveSet,
    OperatorConfig,
    ValidatorConfig,
    network_address,
    validator_key,
)
from chain.validation import Discard, DiscardStatus
from tests.builders import (
    ALICE,
    BOB,
    PAYMENT,
    ROOT,
    TC,
    World,
    event,
    key,
    party,
    signed_together,
    small_world,
)

ADD, REMOVE = "add_validator_and_reconfigure", "remove_validator_and_reconfigure"
REGISTER, SET = "register_validator_config", "set_validator_config_and_reconfigure"
OWNERS = [party(200 + number) for number in range(4)]
OPERATORS = [party(300 + number) for number in range(4)]
NEW_OWNER, NEW_OPERATOR = party(204), party(304)
NAME = "validator-4"
EDGE = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")
"""A point of small order: no key."""


@pytest.fixture
def world() -> World:
    return small_world()


def active(world: World) -> ActiveSet:
    return cast(ActiveSet, world.records[VALIDATORS_KEY])


def config(world: World, owner: Any) -> ValidatorConfig:
    return cast(ValidatorConfig, world.records[validator_key(owner.address)])


def identity(who: Any) -> tuple[bytes, bytes]:
    return who.address, who.key.authentication_key()[:16]


def keys(consensus: int, network: int, at: str = "127.0.0.1:9", rpc: str = "127.0.0.1:8") -> tuple[Any, ...]:
    return key(consensus).public_key, network_address(key(network).public_key, at), rpc


def registered(world: World) -> World:
    """A fifth validator with keys, no member yet."""
    world.do(ROOT, "create_validator_account", 0, *identity(NEW_OWNER), NAME)
    world.do(ROOT, "create_validator_operator_account", 0, *identity(NEW_OPERATOR), "op")
    world.do(NEW_OWNER, "set_validator_operator", "op", NEW_OPERATOR.address)
    world.do(NEW_OPERATOR, REGISTER, NEW_OWNER.address, *keys(14, 24))
    return world


def next_epoch(world: World) -> None:
    """The blocks that follow are of the epoch in force, and later."""
    world.context = world.context._replace(
        epoch=active(world).epoch, timestamp_us=world.context.timestamp_us + 1_000_001
    )


def test_a_validator_from_its_accounts_to_its_membership(world) -> None:
    """1.4: 'Every creation emits one createaccount event'; 'Add validator ... newepoch' on the root's handle 4."""
    assert world.do(ROOT, "create_validator_account", 0, *identity(NEW_OWNER), NAME) == (
        event(0, ROOT.address, 0, "createaccount", NEW_OWNER.address, 3),
    )
    account = world.account(NEW_OWNER)
    assert (account.role, account.balances, account.streams) == (Role.VALIDATOR, (), (0, 0))
    assert config(world, NEW_OWNER) == ValidatorConfig(NEW_OWNER.address, 4, NAME, b"", b"", b"", "", "")
    assert active(world).registered == (*(owner.address for owner in OWNERS), NEW_OWNER.address)
    assert world.do(ROOT, "create_validator_operator_account", 0, *identity(NEW_OPERATOR), "op") == (
        event(0, ROOT.address, 1, "createaccount", NEW_OPERATOR.address, 4),
    )
    assert world.records[validator_key(NEW_OPERATOR.address)] == OperatorConfig(NEW_OPERATOR.address, "op")
    assert world.do(NEW_OWNER, "set_validator_operator", "op", NEW_OPERATOR.address) == ()
    assert config(world, NEW_OWNER).operator == NEW_OPERATOR.address
    assert not config(world, NEW_OWNER).is_valid
    assert world.do(NEW_OPERATOR, REGISTER, NEW_OWNER.address, *keys(14, 24)) == ()
    assert config(world, NEW_OWNER)[4:] == (
        key(14).public_key, key(24).public_key, "127.0.0.1:9", "127.0.0.1:8",
    )  # fmt: skip
    assert active(world).epoch == 1
    began_us = active(world).changed_us
    world.at(began_us + 7)
    assert world.do(ROOT, ADD, 0, NAME, NEW_OWNER.address) == (event(4, ROOT.address, 0, "newepoch", 2),)
    assert (active(world).epoch, active(world).changed_us) == (2, began_us + 7)
    found = validator_set(active(world))
    assert [(member.number, member.name) for member in found.members] == [(i, f"validator-{i}") for i in range(5)]
    assert found.members[4].consensus_key == key(14).public_key


def test_only_the_association_makes_and_chooses_validators(world) -> None:
    """'TC/Root scripts check the address first, so an ordinary sender gets REQUIRES_ADDRESS'."""
    for who in (ALICE, TC, OWNERS[0], OPERATORS[0]):
        for function, arguments in (
            ("create_validator_account", (0, b"", b"", "")), (ADD, (0, "", b"")), (REMOVE, (0, "", b"")),
            ("create_validator_operator_account", (0, b"", b"", "")),
        ):  # fmt: skip
            padded = tuple(bytes(16) if item == b"" else item for item in arguments)
            assert world.fails(who, function, *padded) == ("CoreAddresses", 2)


def test_creating_an_account_checks_the_place_then_the_name(world) -> None:
    """EROLE_ID at a taken address; a name has 1 to 64 bytes and is nobody else's (ours)."""
    create = "create_validator_account"
    prefix = NEW_OWNER.key.authentication_key()[:16]
    assert world.fails(ROOT, create, 0, bytes(16), prefix, NAME) == ("DiemAccount", 2567)
    assert world.fails(ROOT, create, 0, ALICE.address, prefix, "") == ("Roles", 6)
    assert world.fails(ROOT, create, 0, NEW_OWNER.address, prefix[:15], "") == ("DiemAccount", 2055)
    assert world.fails(ROOT, create, 0, NEW_OWNER.address, prefix, "") == ("Limits", 25863)
    assert world.fails(ROOT, create, 0, NEW_OWNER.address, prefix, "x" * 65) == ("Limits", 25607)
    assert world.fails(ROOT, create, 0, NEW_OWNER.address, prefix, "validator-0") == ("ValidatorConfig", 26374)
    world.do(ROOT, create, 0, NEW_OWNER.address, prefix, "x" * 64)
    assert world.fails(ROOT, "create_validator_operator_account", 0, *identity(NEW_OPERATOR), "") == ("Limits", 25863)


def test_at_most_1024_validators_are_registered(world) -> None:
    """Ours: a number is for ever."""
    before = active(world)
    many = tuple(number.to_bytes(16, "big") for number in range(1_023 - len(before.registered)))
    world.records[VALIDATORS_KEY] = before._replace(registered=(*before.registered, *many))
    world.do(ROOT, "create_validator_account", 0, *identity(NEW_OWNER), NAME)
    assert config(world, NEW_OWNER).number == 1_023
    assert world.fails(ROOT, "create_validator_account", 0, *identity(party(205)), "v5") == ("ValidatorConfig", 26632)


def test_choosing_an_operator(world) -> None:
    """set_validator_operator: the operator's name first (bare code 0), then the sender's role."""
    operator = OPERATORS[1].address
    assert world.fails(ALICE, "set_validator_operator", "x", BOB.address) == ("ValidatorOperatorConfig", 5)
    assert world.fails(ALICE, "set_validator_operator", "x", operator) == ("ValidatorAdministrationScripts", 0)
    assert world.fails(ALICE, "set_validator_operator", "validator-1-operator", operator) == ("Roles", 1795)
    world.do(OWNERS[0], "set_validator_operator", "validator-1-operator", operator)
    assert config(world, OWNERS[0]).operator == operator
    assert config(world, OWNERS[0])._replace(operator=OPERATORS[0].address) == config(small_world(), OWNERS[0])


def test_the_association_chooses_an_operator_for_an_owner_who_signs_too(world) -> None:
    """G5, 3.8: '(Root + validator signers) n, operator_name, operator_account'; it leaves an `admintransaction`. The
    nonce is looked at first, then the operator and its name, then the owner."""
    function, operator = "set_validator_operator_with_nonce_admin", OPERATORS[1].address
    name, seconds = "validator-1-operator", world.context.timestamp_us // 1_000_000
    assert world.together_fails(ROOT, OWNERS[0], function, 10_000, "x", BOB.address) == ("SlidingNonce", 519)
    assert world.together_fails(ROOT, OWNERS[0], function, 1, name, BOB.address) == ("ValidatorOperatorConfig", 5)
    assert world.together_fails(ROOT, ALICE, function, 1, "x", operator) == ("ValidatorAdministrationScripts", 0)
    assert world.together_fails(ROOT, ALICE, function, 1, name, operator) == ("Roles", 1795)
    assert world.together(ROOT, OWNERS[0], function, 1, name, operator) == (
        event(1, ROOT.address, 0, "admintransaction", seconds),
    )
    assert config(world, OWNERS[0]).operator == operator
    assert world.together_fails(ROOT, OWNERS[0], function, 1, name, operator) == ("SlidingNonce", 775)


def test_a_sponsor_may_stand_behind_the_owner(world) -> None:
    """T11: 'a function takes exactly the secondary signers that its table entry names, and after them at most the fee
    payer'."""
    call = ("set_validator_operator_with_nonce_admin", 0, "validator-1-operator", OPERATORS[1].address)
    raw = world.sign(ROOT, *call, price=1, max_gas=1_000)
    raw = raw.raw._replace(fee_payer=ALICE.address)
    outcome = world.run(signed_together(raw, ROOT, [OWNERS[0], ALICE], world.context.genesis_hash))
    assert (outcome.status, outcome.gas_used) == (Status("executed", "", 0), 800)
    assert config(world, OWNERS[0]).operator == OPERATORS[1].address
    assert world.balance(ALICE) == 1_000_000_000 - 800


def test_registering_a_configuration(world) -> None:
    """ValidatorConfig: no validator 5, wrong sender 263, consensus key 519; then address, network key, keys in use."""
    owner, operator = OWNERS[0].address, OPERATORS[0]
    consensus, network, rpc = keys(99, 98)
    assert world.fails(operator, REGISTER, ALICE.address, b"", "", "x") == ("ValidatorConfig", 5)
    assert world.fails(OPERATORS[1], REGISTER, owner, b"", "", "x") == ("ValidatorConfig", 263)
    assert world.fails(OWNERS[0], REGISTER, owner, consensus, network, rpc) == ("ValidatorConfig", 263)
    for bad in (b"", bytes(31), EDGE):
        assert world.fails(operator, REGISTER, owner, bad, "", "x") == ("ValidatorConfig", 519)
    for text in ("", "127.0.0.1:9", key(98).public_key.hex(), f"{key(98).public_key.hex()}@127.0.0.1",
                 f"{key(98).public_key.hex()}@h:0", f"{key(98).public_key.hex()}@h:65536", network + "\n"):  # fmt: skip
        assert world.fails(operator, REGISTER, owner, consensus, text, rpc) == ("ValidatorConfig", 25607)
    assert world.fails(operator, REGISTER, owner, consensus, network, "nowhere") == ("ValidatorConfig", 25607)
    assert world.fails(operator, REGISTER, owner, consensus, f"{EDGE.hex()}@h:1", rpc) == ("ValidatorConfig", 25863)
    world.do(operator, REGISTER, owner, consensus, f"{key(98).public_key.hex()}@", "")
    assert config(world, OWNERS[0])[4:] == (consensus, key(98).public_key, "", "")
    world.do(operator, REGISTER, owner, consensus, f"{key(98).public_key.hex()}@[::1]:65535", "h.example:1")
    assert config(world, OWNERS[0]).network_address == "[::1]:65535"
    assert active(world).epoch == 1, "a member's keys take effect only when the set changes"
    assert active(world).members[0].consensus_key == key(10).public_key


def test_keys_are_a_validators_own(world) -> None:
    """A member's keys are unique: no other validator's registered key, none in force, and two different ones."""
    registered(world)
    operator, owner = NEW_OPERATOR, NEW_OWNER.address
    for consensus, network in ((10, 24), (14, 20), (20, 24), (14, 10), (14, 14)):
        assert world.fails(operator, REGISTER, owner, *keys(consensus, network)) == ("ValidatorConfig", 26119)
    world.do(OPERATORS[0], REGISTER, OWNERS[0].address, *keys(99, 98))
    assert world.fails(operator, REGISTER, owner, *keys(99, 24)) == ("ValidatorConfig", 26119), "registered by another"
    assert world.fails(operator, REGISTER, owner, *keys(10, 24)) == ("ValidatorConfig", 26119), "still in force"
    world.do(operator, REGISTER, owner, *keys(14, 24))


def test_adding_a_member(world) -> None:
    """Name (bare 0), then DiemSystem: no keys 263, full 1800, member already 519."""
    world.do(ROOT, "create_validator_account", 0, *identity(NEW_OWNER), NAME)
    assert world.fails(ROOT, ADD, 0, NAME, ALICE.address) == ("ValidatorConfig", 5)
    assert world.fails(ROOT, ADD, 0, "x", NEW_OWNER.address) == ("ValidatorAdministrationScripts", 0)
    assert world.fails(ROOT, ADD, 0, NAME, NEW_OWNER.address) == ("DiemSystem", 263)
    assert world.fails(ROOT, ADD, 0, "validator-0", OWNERS[0].address) == ("DiemSystem", 519)
    assert active(world).epoch == 1


def test_a_set_has_at_most_256_members(world) -> None:
    """'max 256'."""
    registered(world)
    before = active(world)
    last = before.members[3]
    many = tuple(last._replace(number=number) for number in range(1_000, 1_252))
    world.records[VALIDATORS_KEY] = before._replace(members=(*before.members, *many))
    assert len(active(world).members) == 256
    assert world.fails(ROOT, ADD, 0, NAME, NEW_OWNER.address) == ("DiemSystem", 1800)
    world.records[VALIDATORS_KEY] = before._replace(members=(*before.members, *many[:-1]))
    world.do(ROOT, ADD, 0, NAME, NEW_OWNER.address)
    assert len(active(world).members) == 256
    assert [member.number for member in active(world).members[:5]] == [0, 1, 2, 3, 4], "by ascending number"


def test_removing_a_member(world) -> None:
    """Not a member: 775. The last one stays (ours: 25601)."""
    registered(world)
    assert world.fails(ROOT, REMOVE, 0, "x", OWNERS[0].address) == ("ValidatorAdministrationScripts", 0)
    assert world.fails(ROOT, REMOVE, 0, NAME, NEW_OWNER.address) == ("DiemSystem", 775)
    for number in range(3):
        world.do(ROOT, REMOVE, 0, f"validator-{number}", OWNERS[number].address)
        next_epoch(world)
        assert [member.number for member in active(world).members] == list(range(number + 1, 4))
    assert world.fails(ROOT, REMOVE, 0, "validator-3", OWNERS[3].address) == ("DiemSystem", 25601)
    assert world.fails(ROOT, REMOVE, 0, "validator-0", OWNERS[0].address) == ("DiemSystem", 775)


def test_a_member_changes_its_keys(world) -> None:
    """set_validator_config_and_reconfigure: in force from the next epoch on; nothing new ends no epoch."""
    owner, operator = OWNERS[2].address, OPERATORS[2]
    world.context = world.context._replace(timestamp_us=world.context.timestamp_us + 1_000_001)
    events = world.do(operator, SET, owner, *keys(99, 22))
    assert events == (event(4, ROOT.address, 0, "newepoch", 2),)
    member = active(world).member(2)
    assert member is not None
    assert (member.consensus_key, member.network_key) == (key(99).public_key, key(22).public_key)
    assert member.updated_us == world.context.timestamp_us
    next_epoch(world)
    assert world.do(operator, SET, owner, *keys(99, 22, at="127.0.0.1:77")) == (), "an address ends no epoch"
    assert config(world, OWNERS[2]).network_address == "127.0.0.1:77"
    assert active(world).epoch == 2


def test_keys_change_at_most_once_in_an_interval(world) -> None:
    """'DiemSystem: 6 rate-limited (raw code 6, no category)'; the interval is governance's, one second at genesis."""
    owner, operator = OWNERS[2].address, OPERATORS[2]
    start_us = world.context.timestamp_us
    world.context = world.context._replace(timestamp_us=start_us + 1_000_000)
    assert world.fails(operator, SET, owner, *keys(99, 22)) == ("DiemSystem", 6)
    world.context = world.context._replace(timestamp_us=start_us + 1_000_001)
    world.do(operator, SET, owner, *keys(99, 22))


def test_only_a_member_reconfigures(world) -> None:
    """Its operator alone (263 of ValidatorConfig); one that is no member: 775 of DiemSystem."""
    registered(world)
    assert world.fails(ALICE, SET, NEW_OWNER.address, *keys(14, 24)) == ("ValidatorConfig", 263)
    assert world.fails(NEW_OPERATOR, SET, NEW_OWNER.address, *keys(15, 24)) == ("DiemSystem", 775)
    assert config(world, NEW_OWNER).consensus_key == key(14).public_key


def test_nothing_runs_after_the_end_of_an_epoch(world) -> None:
    """E4: the transaction that reconfigures is the last of its block; the others wait, none is lost or charged."""
    first = world.sign(ALICE, PAYMENT, "XUS", BOB.address, 1, b"", b"")
    end = world.sign(ROOT, REMOVE, 0, "validator-0", OWNERS[0].address)
    second = world.sign(ROOT, REMOVE, 0, "validator-1", OWNERS[1].address, number=1)
    later = world.sign(ALICE, PAYMENT, "XUS", BOB.address, 1, b"", b"", number=1)
    outcomes = world.block(first, end, second, later)
    assert [isinstance(item, Outcome) for item in outcomes] == [True, True, False, False]
    for item in outcomes[2:]:
        assert isinstance(item, Discard)
        assert item.status == DiscardStatus.SEQUENCE_NUMBER_TOO_NEW
        assert item.message == "epoch 1 ends before it, it runs in the next one"
    assert (world.account(ALICE).sequence_number, world.account(ROOT).sequence_number) == (1, 1)
    next_epoch(world)
    assert all(isinstance(item, Outcome) for item in world.block(later, second))
    assert active(world).epoch == 3


def test_a_failed_reconfiguration_ends_nothing(world) -> None:
    """What aborts leaves no effect: the block goes on."""
    bad = world.sign(ROOT, REMOVE, 0, "x", OWNERS[0].address)
    paid = world.sign(ALICE, PAYMENT, "XUS", BOB.address, 1, b"", b"")
    _, _, outcomes = execute_block(world, world.context, (bad, paid))
    assert [item.status for item in outcomes if isinstance(item, Outcome)] == [
        Status("move_abort", "ValidatorAdministrationScripts", 0), Status("executed", "", 0),
    ]  # fmt: skip
