"""S3: the reader of certificates accepts an honest ledger, and names each planted fault."""

from collections.abc import Callable

import pytest

from chain.certificates import QuorumCertificate, vote_message
from chain.codec import encode
from chain.ledger import read_block
from chain.primitives import SECOND_US, ZERO_HASH
from chain.prover import accumulator_root
from chain.storage import Column, WriteBatch
from node.sim.proofs import Certified, check_proofs, wrong_with
from node.sim.scenario import Scenario
from node.sim.world import World


@pytest.fixture(scope="module")
def world() -> World:
    """Two peaceful seconds."""
    world = World(Scenario(duration_us=2 * SECOND_US), 4)
    assert world.run().violations == ()
    return world


def keys(world: World) -> list[bytes]:
    """Consensus keys in order."""
    return [own[0].public_key for own in world.parties.consensus_keys]


def verdicts(world: World, tip: int) -> list[str]:
    """Texts of the violations of validator 0, of rule S3."""
    store = world.validators[0].disk.store
    found = check_proofs(0, store, keys(world), world.parties.chain[1], world.signatures, tip)
    assert {violation.rule for violation in found} <= {"S3_certified"}
    return [violation.text for violation in found]


def proven(world: World) -> tuple[int, Certified, QuorumCertificate]:
    """Some height above 10 with what is on disk, and its certificate."""
    store = world.validators[0].disk.store
    for height, data in store.rows(Column.BLOCK, 10, 20):
        block, (_, last), proof = read_block(data)
        if block is not None and proof is not None:
            return height, Certified(block, last, accumulator_root(store, last)), proof
    raise AssertionError


def test_an_honest_ledger_is_certified(world: World) -> None:
    """All heights to the tip; a tip that is not there is missed."""
    tip = world.ledgers.announced[0]
    assert tip > 20
    assert verdicts(world, tip) == []
    assert verdicts(world, tip + 5)[0] == f"heights 1 to {tip + 5} are not all on disk"


Change = Callable[[World, QuorumCertificate], QuorumCertificate]


def resigned(world: World, proof: QuorumCertificate, **changes: object) -> QuorumCertificate:
    """The certificate with other vote data, properly signed by the same validators."""
    data = proof.data._replace(**changes)  # type: ignore[arg-type]
    message = vote_message(data, proof.commit, world.parties.chain[1])
    signed = tuple((author, world.parties.consensus_keys[author][0].sign(message)) for author, _ in proof.signatures)
    return QuorumCertificate(data, proof.commit, signed)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda world, proof: proof._replace(commit=None), "the certificate names another block"),
        (lambda world, proof: resigned(world, proof, parent_id=ZERO_HASH), "the certificate names another block"),
        (
            lambda world, proof: resigned(world, proof, round=proof.data.round + 1),
            "the certified child is not one round above",
        ),
        (lambda world, proof: proof._replace(signatures=proof.signatures[:2]), "2 signers of 4"),
        (lambda world, proof: proof._replace(signatures=proof.signatures[:1] * 3), "1 signers of 4"),
        (
            lambda world, proof: proof._replace(data=proof.data._replace(root=ZERO_HASH)),
            "the signature of validator",
        ),
        (
            lambda world, proof: proof._replace(signatures=(*proof.signatures[:2], (3, bytes(64)))),
            "the signature of validator 3 does not verify",
        ),
    ],
)
def test_each_planted_fault_has_its_reason(world: World, change: Change, reason: str) -> None:
    """Another block, a gap in rounds, too few or repeated signers, changed contents, a bad signature."""
    _, found, proof = proven(world)
    genesis = world.parties.chain[1]
    assert wrong_with(found, proof, keys(world), genesis, world.signatures) is None
    text = wrong_with(found, change(world, proof), keys(world), genesis, world.signatures)
    assert text is not None
    assert text.startswith(reason)


def test_a_broken_chain_on_disk_is_named() -> None:
    """A block that does not follow the one below; a tip without a certificate."""
    world = World(Scenario(duration_us=2 * SECOND_US), 4)
    world.run()
    tip = world.ledgers.announced[0]
    store = world.validators[0].disk.store
    rows = dict(store.rows(Column.BLOCK, 1, tip))
    store.write(WriteBatch(rows=[(Column.BLOCK, 9, rows[8])]))
    assert verdicts(world, tip)[0] == "height 9 does not follow the block below"
    store.write(WriteBatch(rows=[(Column.BLOCK, 9, rows[9])]))
    block, (first, last), proof = read_block(rows[tip])
    assert block is not None
    assert proof is not None
    store.write(WriteBatch(rows=[(Column.BLOCK, tip, encode((block.to_value(), first, last, None)))]))
    assert verdicts(world, tip)[-1].endswith(f"the tip is {tip}")
