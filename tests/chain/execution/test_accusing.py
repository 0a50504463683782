"""Evidence on the ledger: who brings it, what it marks, what it costs, and that the key does not come back (EV15)."""

import pytest

from chain.accounts import read_record
from chain.entries import Status
from chain.evidence import Evidence, EvidenceKind
from chain.execution.outcome import EXECUTED
from chain.limits import MAX_MARKS, MIN_GAS_UNITS
from chain.records.validators import (
    VALIDATORS_KEY,
    Accusation,
    ActiveSet,
    Mark,
    RetiredKey,
    accusation_key,
    network_address,
    retired_key,
    validator_key,
)
from tests.accusations import Liar
from tests.builders import ALICE, BOB, ROOT, Party, World, event, key, party, small_world

SUBMIT, ADD, REMOVE = "submit_evidence", "add_validator_and_reconfigure", "remove_validator_and_reconfigure"
REGISTER, ROTATE = "register_validator_config", "set_validator_config_and_reconfigure"
OWNER, OPERATOR = party(201), party(301)
OTHER, OTHER_OPERATOR = party(202), party(302)
ARGUMENT, STATE, PUBLISHED = 7, 1, 6


@pytest.fixture
def world() -> World:
    return small_world()


def liar(world: World, number: int = 1, epoch: int = 1) -> Liar:
    """Validator 1's key; its author number does not matter to the chain."""
    return Liar(key(10 + number), world.context.genesis_hash, number, epoch)


def submit(world: World, evidence: Evidence | bytes, who: Party = ALICE, number: int = 11) -> Status:
    """Against the key with a number."""
    data = evidence if isinstance(evidence, bytes) else evidence.to_bytes()
    return world.run(world.sign(who, SUBMIT, key(number).public_key, data)).status


def abort(module: str, number: int, category: int) -> Status:
    return Status("move_abort", module, category + 256 * number)


def marks(world: World, owner: Party = OWNER) -> tuple[Mark, ...]:
    found = world.records.get(accusation_key(owner.address), Accusation(owner.address))
    assert isinstance(found, Accusation)
    assert found.account == owner.address
    return found.marks


def register(world: World, number: int, operator: Party = OPERATOR, owner: Party = OWNER, **how: str) -> Status:
    """A consensus key with a number, and a network key of its own, for validator 1."""
    keys = owner.address, key(number).public_key, network_address(key(number + 9_000).public_key, "127.0.0.1:1"), ""
    return world.run(world.sign(operator, how.get("function", REGISTER), *keys)).status


def rotate(world: World, number: int) -> None:
    """Validator 1 signs with another key from the next epoch on."""
    active = world.records[VALIDATORS_KEY]
    assert isinstance(active, ActiveSet)
    late_us = world.context.timestamp_us + 1_000_001
    world.context = world.context._replace(epoch=active.epoch, timestamp_us=late_us)
    assert register(world, number, function=ROTATE).kind == "executed"
    world.context = world.context._replace(epoch=active.epoch + 1)


@pytest.mark.parametrize("kind", list(EvidenceKind))
def test_anybody_may_show_it_and_it_marks_the_key(world: World, kind: EvidenceKind) -> None:
    """'The record `e` + account then holds the key, kind, epoch and rounds'; nothing else changes but the event."""
    evidence: Evidence = getattr(liar(world), kind.name.lower())()
    assert submit(world, evidence).kind == "executed"
    assert marks(world) == (Mark(key(11).public_key, kind, 1, *evidence.rounds),)
    assert world.records[validator_key(OWNER.address)] == small_world().records[validator_key(OWNER.address)]
    record = world.records[accusation_key(OWNER.address)]
    assert read_record(accusation_key(OWNER.address), record.to_bytes()) == record


def test_it_is_told_on_the_roots_stream(world: World) -> None:
    """'`validatoraccused` on the root's stream 1005': the validator's number, the key, kind, epoch, both rounds."""
    for at, (number, evidence) in enumerate(((1, liar(world).lock_lie()), (2, liar(world, 2).double_vote(4)))):
        found = world.do(ALICE, SUBMIT, key(10 + number).public_key, evidence.to_bytes())
        fields = number, key(10 + number).public_key, evidence.id.name, 1, *evidence.rounds
        assert found == (event(1_005, ROOT.address, at, "validatoraccused", *fields),)
    assert world.fails(ALICE, SUBMIT, key(11).public_key, liar(world).lock_lie().to_bytes())  # and emits nothing


def test_evidence_of_an_earlier_epoch_counts_while_the_key_does(world: World) -> None:
    """The state has no sets of earlier epochs, and needs none."""
    world.context = world.context._replace(epoch=9)
    assert submit(world, liar(world, epoch=4).lock_lie()).kind == "executed"


def test_what_does_not_hold_is_refused(world: World) -> None:
    """Malformed bytes, another validator's key, the same statement twice, another network. Asked in this order: whose
    the key is, what is known already, the evidence."""
    good = liar(world).double_vote()
    refused = abort("Evidence", 100, ARGUMENT)
    for number in (4_711, 301):
        assert submit(world, good, number=number) == abort("Evidence", 103, 5)
    for wrong in (b"", OWNER.address, bytes(32)):
        assert world.fails(ALICE, SUBMIT, wrong, good.to_bytes()) == ("Evidence", 103 * 256 + 5)
    elsewhere = Liar(key(11), b"\x00" * 32, 1).double_vote()
    for bad in (b"", b"\xc0", liar(world, 2).double_vote(), good._replace(second=good.first), elsewhere):
        assert submit(world, bad) == refused
        assert marks(world) == ()
    assert submit(world, good).kind == "executed"
    assert submit(world, b"") == abort("Evidence", 101, PUBLISHED)


def test_once_for_a_key(world: World) -> None:
    """The first piece is the mark; a second one is refused, whoever brings it. Another validator's key is another."""
    assert submit(world, liar(world).double_vote()).kind == "executed"
    first = marks(world)
    assert submit(world, liar(world).lock_lie(), BOB) == abort("Evidence", 101, PUBLISHED)
    assert marks(world) == first
    assert submit(world, liar(world, 2).lock_lie(), number=12).kind == "executed"
    assert marks(world) == first


def test_the_accused_key_does_not_come_back(world: World) -> None:
    """The association removes the validator; it is taken in again only under another key, which has no mark."""
    removal = world.run(world.sign(ROOT, REMOVE, 0, "validator-1", OWNER.address))
    assert removal.status.kind == "executed"
    world.context = world.context._replace(epoch=2)
    assert submit(world, liar(world).double_vote()).kind == "executed"
    again = (ADD, 0, "validator-1", OWNER.address)
    assert world.run(world.sign(ROOT, *again)).status == abort("Evidence", 102, STATE)
    assert register(world, 5_001).kind == "executed"
    assert world.run(world.sign(ROOT, *again)).status.kind == "executed"
    world.context = world.context._replace(epoch=3)
    fresh = Liar(key(5_001), world.context.genesis_hash, 1, 2)
    assert submit(world, fresh.double_proposal(), number=5_001).kind == "executed"
    assert [mark.consensus_key for mark in marks(world)] == [key(11).public_key, key(5_001).public_key]


def test_a_key_that_was_never_in_force_is_nobodys(world: World) -> None:
    """E3: what an operator has registered since is nothing yet; nor is it when it registers another one instead."""
    assert register(world, 5_001).kind == "executed"
    early = Liar(key(5_001), world.context.genesis_hash, 1).double_vote()
    assert submit(world, early, number=5_001) == abort("Evidence", 103, 5)
    rotate(world, 5_002)
    assert submit(world, early, number=5_001) == abort("Evidence", 103, 5)


def test_a_key_that_was_replaced_is_marked_too(world: World) -> None:
    """E13: 'A key that was in force stays its validator's for ever': rotation hides nothing, and the new key has no
    mark of it. Keys are marked one by one, and each keeps its mark."""
    rotate(world, 5_001)
    place = retired_key(key(11).public_key)
    assert world.records[place] == RetiredKey(key(11).public_key, OWNER.address)
    assert read_record(place, world.records[place].to_bytes()) == world.records[place]
    assert retired_key(key(5_001).public_key) not in world.records
    new = Liar(key(5_001), world.context.genesis_hash, 1, 2).double_vote()
    assert submit(world, new) == abort("Evidence", 100, ARGUMENT)  # the new key's statements prove nothing of the old
    assert submit(world, liar(world).double_vote(), number=5_001) == abort("Evidence", 100, ARGUMENT)
    assert submit(world, liar(world).double_vote()).kind == "executed"
    assert submit(world, liar(world).lock_lie()) == abort("Evidence", 101, PUBLISHED)
    assert submit(world, new, number=5_001).kind == "executed"
    assert submit(world, liar(world).lock_lie()) == abort("Evidence", 101, PUBLISHED)
    assert [mark[:3] for mark in marks(world)] == [(key(11).public_key, 2, 1), (key(5_001).public_key, 2, 2)]


def test_an_old_key_comes_back_to_its_owner_only(world: World) -> None:
    """'no other validator may register it': evidence against the old key must never name somebody else."""
    rotate(world, 5_001)
    assert register(world, 11, OTHER_OPERATOR, OTHER) == abort("ValidatorConfig", 102, ARGUMENT)
    assert register(world, 5_001, OTHER_OPERATOR, OTHER) == abort("ValidatorConfig", 102, ARGUMENT)
    rotate(world, 11)
    assert submit(world, liar(world).double_vote()).kind == "executed"
    assert marks(world, OTHER) == ()
    assert len(marks(world)) == 1
    assert register(world, 5_002, OTHER_OPERATOR, OTHER).kind == "executed"


def test_a_removed_validators_key_stays_its_own(world: World) -> None:
    """E13: also while it is no member, and whatever its operator registers since."""
    assert world.run(world.sign(ROOT, REMOVE, 0, "validator-1", OWNER.address)).status.kind == "executed"
    world.context = world.context._replace(epoch=2)
    assert register(world, 5_001).kind == "executed"
    assert register(world, 11, OTHER_OPERATOR, OTHER) == abort("ValidatorConfig", 102, ARGUMENT)
    assert submit(world, liar(world).double_vote()).kind == "executed"
    assert marks(world, OTHER) == ()


def come_back(world: World) -> Status:
    """The association puts validator 1 out, and tries to take it in again."""
    world.do(ROOT, REMOVE, 0, "validator-1", OWNER.address)
    world.context = world.context._replace(epoch=world.context.epoch + 1)
    status = world.run(world.sign(ROOT, ADD, 0, "validator-1", OWNER.address)).status
    world.context = world.context._replace(epoch=world.context.epoch + 1)
    return status


def test_sixteen_marks_are_the_most(world: World) -> None:
    """'At most 16'; 'nor does a validator with 16 of them': it is not taken in again under any key."""
    numbers = range(5_000, 5_000 + MAX_MARKS + 1)
    for number in numbers:
        rotate(world, number)
    for place, number in enumerate(numbers):
        guilty = Liar(key(number), world.context.genesis_hash, 1).double_vote()
        if place == MAX_MARKS - 1:
            assert come_back(world).kind == "executed"
        if place == MAX_MARKS:
            assert come_back(world) == abort("Evidence", 102, STATE)
        refused = abort("Evidence", 101, PUBLISHED)
        assert submit(world, guilty, number=number) == (EXECUTED if place < MAX_MARKS else refused)
        assert len(marks(world)) == min(place + 1, MAX_MARKS)


def test_its_gas_is_that_of_its_signatures(world: World) -> None:
    """Two more verifications than a payment, 100 each."""
    outcome = world.run(world.sign(ALICE, SUBMIT, key(11).public_key, liar(world).double_vote().to_bytes()))
    assert outcome.gas_used == MIN_GAS_UNITS + 200
