"""Evidence on the ledger: who brings it, what it marks, what it costs, and that the key does not come back (EV15)."""

import pytest

from chain.accounts import read_record
from chain.entries import Status
from chain.evidence import Evidence, EvidenceKind
from chain.limits import MIN_GAS_UNITS
from chain.records.validators import Accusation, accusation_key, network_address, validator_key
from tests.accusations import Liar
from tests.builders import ALICE, BOB, ROOT, Party, World, key, party, small_world

SUBMIT, ADD, REMOVE = "submit_evidence", "add_validator_and_reconfigure", "remove_validator_and_reconfigure"
OWNER, OPERATOR = party(201), party(301)
ARGUMENT, STATE, PUBLISHED = 7, 1, 6


@pytest.fixture
def world() -> World:
    return small_world()


def liar(world: World, number: int = 1, epoch: int = 1) -> Liar:
    """Validator 1's key; its author number does not matter to the chain."""
    return Liar(key(10 + number), world.context.genesis_hash, number, epoch)


def submit(world: World, evidence: Evidence | bytes, who: Party = ALICE, owner: Party = OWNER) -> Status:
    data = evidence if isinstance(evidence, bytes) else evidence.to_bytes()
    return world.run(world.sign(who, SUBMIT, owner.address, data)).status


def abort(module: str, number: int, category: int) -> Status:
    return Status("move_abort", module, category + 256 * number)


def mark(world: World) -> Accusation | None:
    found = world.records.get(accusation_key(OWNER.address))
    assert found is None or isinstance(found, Accusation)
    return found


@pytest.mark.parametrize("kind", list(EvidenceKind))
def test_anybody_may_show_it_and_it_marks_the_key(world: World, kind: EvidenceKind) -> None:
    """Kind, epoch and rounds stand in the state, under a key of the validator's account; nothing else changes."""
    evidence: Evidence = getattr(liar(world), kind.name.lower())()
    assert submit(world, evidence).kind == "executed"
    assert mark(world) == Accusation(OWNER.address, key(11).public_key, kind, 1, *evidence.rounds)
    assert world.records[validator_key(OWNER.address)] == small_world().records[validator_key(OWNER.address)]
    found = mark(world)
    assert found is not None
    assert read_record(accusation_key(OWNER.address), found.to_bytes()) == found


def test_evidence_of_an_earlier_epoch_counts_while_the_key_does(world: World) -> None:
    """The state has no sets of earlier epochs, and needs none."""
    world.context = world.context._replace(epoch=9)
    assert submit(world, liar(world, epoch=4).lock_lie()).kind == "executed"


def test_what_does_not_hold_is_refused(world: World) -> None:
    """Malformed bytes, another validator's key, the same statement twice, another network. Asked in this order: the
    validator, what is known already, the evidence."""
    good = liar(world).double_vote()
    refused = abort("Evidence", 100, ARGUMENT)
    assert submit(world, good, owner=party(4_711)) == abort("ValidatorConfig", 0, 5)
    elsewhere = Liar(key(11), b"\x00" * 32, 1).double_vote()
    for bad in (b"", b"\xc0", liar(world, 2).double_vote(), good._replace(second=good.first), elsewhere):
        assert submit(world, bad) == refused
        assert mark(world) is None
    assert submit(world, good).kind == "executed"
    assert submit(world, b"") == abort("Evidence", 101, PUBLISHED)


def test_once_for_a_key(world: World) -> None:
    """The first piece is the mark; a second one is refused, whoever brings it."""
    assert submit(world, liar(world).double_vote()).kind == "executed"
    first = mark(world)
    assert submit(world, liar(world).lock_lie(), BOB) == abort("Evidence", 101, PUBLISHED)
    assert mark(world) == first


def test_the_accused_key_does_not_come_back(world: World) -> None:
    """The association removes the validator; it is taken in again only under another key, which has no mark."""
    removal = world.run(world.sign(ROOT, REMOVE, 0, "validator-1", OWNER.address))
    assert removal.status.kind == "executed"
    world.context = world.context._replace(epoch=2)
    assert submit(world, liar(world).double_vote()).kind == "executed"
    again = (ADD, 0, "validator-1", OWNER.address)
    assert world.run(world.sign(ROOT, *again)).status == abort("Evidence", 102, STATE)
    register = (OWNER.address, key(5_001).public_key, network_address(key(5_002).public_key, "127.0.0.1:1"), "")
    assert world.run(world.sign(OPERATOR, "register_validator_config", *register)).status.kind == "executed"
    assert world.run(world.sign(ROOT, *again)).status.kind == "executed"
    world.context = world.context._replace(epoch=3)
    fresh = Liar(key(5_001), world.context.genesis_hash, 1, 2)
    assert submit(world, fresh.double_proposal()).kind == "executed"
    found = mark(world)
    assert found is not None
    assert found.consensus_key == key(5_001).public_key


def test_a_member_is_judged_by_the_key_in_force(world: World) -> None:
    """E3: what its operator has registered since is nothing yet."""
    register = (OWNER.address, key(5_001).public_key, network_address(key(5_002).public_key, "127.0.0.1:1"), "")
    assert world.run(world.sign(OPERATOR, "register_validator_config", *register)).status.kind == "executed"
    assert submit(world, Liar(key(5_001), world.context.genesis_hash, 1).double_vote()).kind == "move_abort"
    assert submit(world, liar(world).double_vote()).kind == "executed"


def test_its_gas_is_that_of_its_signatures(world: World) -> None:
    """Two more verifications than a payment, 100 each."""
    outcome = world.run(world.sign(ALICE, SUBMIT, OWNER.address, liar(world).double_vote().to_bytes()))
    assert outcome.gas_used == MIN_GAS_UNITS + 200
