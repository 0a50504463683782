"""SY3, SY7, SY8: what an offer is, what of it is believed, and what an adopted ledger can prove afterwards."""

import pytest

from chain.crypto.signing import RealSignatures
from chain.errors import MithqalError, ProofError
from chain.ledger import Ledger, read_block
from chain.prover import Prover, accumulator_root, certificate_of
from chain.snapshot_messages import SnapshotOffer
from chain.storage import Column
from chain.sync.snapshot import Snapshot, make_offer, verify_offer
from node.storage.memory import MemoryStore
from tests.chain.sync.pair import Taker, twin_of
from tests.chains import VALIDATORS, Chain, certify, small_chain

PAYMENTS, FIRST, LAST = 3, 6, 8
"""The block with two payments: its height, and its versions."""


def offered(chain: Chain) -> SnapshotOffer:
    """The newest."""
    offer = make_offer(chain.ledger, chain.ledger.tip_height, chain.ledger.tip_version)
    assert offer is not None
    return offer


def believe(chain: Chain, offer: SnapshotOffer) -> Snapshot:
    """As a validator does that knows genesis only."""
    return verify_offer(offer, Ledger(chain.ledger.document, MemoryStore()), RealSignatures())


def refused(chain: Chain, offer: SnapshotOffer) -> tuple[object, object]:
    """Step and rule of the ProofError."""
    with pytest.raises(ProofError) as caught:
        believe(chain, offer)
    return caught.value.details["step"], caught.value.details.get("rule")


def test_another_block_is_not_the_certified_one() -> None:
    """SY3: 'every field of it is checked': a block that its author signed, but that the certificate does not name."""
    chain = small_chain()
    offer = offered(chain)
    assert believe(chain, offer).version == chain.ledger.tip_version
    row = chain.store.row(Column.BLOCK, offer.block.height - 1)
    assert row is not None
    other, _, _ = read_block(row)
    assert other is not None
    assert refused(chain, offer._replace(block=other)) == ("block", "id")


def test_the_authors_signature_is_checked() -> None:
    """SY3: 'the author's signature of the block too', which the block's id does not fix."""
    chain = small_chain()
    offer = offered(chain)
    assert refused(chain, offer._replace(block=offer.block._replace(signature=bytes(64)))) == ("block", "signature")


def test_the_certified_version_names_the_states_root() -> None:
    """SY3: 'the version names the state's root': a quorum that certifies one within a block proves no state."""
    chain = small_chain()
    row, certificate = chain.store.row(Column.BLOCK, PAYMENTS), certificate_of(chain.store, PAYMENTS)
    assert row is not None
    assert certificate is not None
    assert certificate.commit is not None
    block, span, _ = read_block(row)
    assert block is not None
    assert span == (FIRST, LAST)
    found = {}
    for version in (LAST - 1, LAST):
        entry, prover = chain.store.row(Column.TRANSACTION, version), Prover(chain.ledger, version)
        assert entry is not None
        commit = certificate.commit._replace(version=version, root=accumulator_root(chain.store, version))
        whole = make_offer(chain.ledger, PAYMENTS, version)
        assert whole is not None
        found[version] = whole._replace(
            certificate=certify(certificate.data, commit, chain.signers, chain.genesis_hash),
            path=prover.path(version).siblings, subtrees=prover.consistency(0).subtrees,
        )  # fmt: skip
    assert believe(chain, found[LAST]).state_root == chain.prover.info(LAST).state_root
    assert refused(chain, found[LAST - 1]) == ("checkpoint", "no_state_root")


def test_what_is_not_there_is_not_offered() -> None:
    """SY3: a block without its last version, or a version without its block."""
    chain = small_chain()
    height, version = chain.ledger.tip_height, chain.ledger.tip_version
    assert make_offer(chain.ledger, height + 1, version) is None
    assert make_offer(chain.ledger, height, version + 1) is None


def test_an_offer_holds_the_ends_before_its_certificate() -> None:
    """SY3: 'the end of every epoch': the one that the offer's own certificate makes stands there once."""
    chain = small_chain()
    chain.end_epoch({0: VALIDATORS[0], 1: VALIDATORS[2], 2: VALIDATORS[3]})
    offer = offered(chain)
    assert offer.epochs == ()
    assert offer.certificate.commit is not None
    assert offer.certificate.commit.next_epoch == chain.ledger.validators
    end = offer.certificate
    for _ in range(2):
        chain.add()
    assert offered(chain).epochs == (end,)


@pytest.mark.parametrize("more", [*range(6), 11, 12, 13, 19, 20, 21])
def test_every_proof_from_the_base_on_is_made_as_elsewhere(more: int) -> None:
    """SY8, KE5: wherever the base lies in the accumulator: paths, and what extends genesis, the base and later ones."""
    chain = small_chain()
    for _ in range(more):
        chain.add()
    taker = Taker(chain)
    taker.begin()
    taker.run()
    base = taker.ledger.base.version
    assert base == 11 + more
    twin = twin_of(chain, taker)
    for _ in range(9):
        assert chain.add().id == twin.add().id
        assert twin.ledger.tip_root == chain.ledger.tip_root
        tip = chain.ledger.tip_version
        for version in (0, *range(base, tip + 1)):
            assert twin.prover.consistency(version) == chain.prover.consistency(version), version
            assert twin.prover.path(version) == chain.prover.path(version), version
            assert accumulator_root(twin.store, version) == accumulator_root(chain.store, version), version


def test_what_lies_before_the_base_is_named() -> None:
    """KE5: `version_pruned` with the oldest version that is kept here; genesis and the base are there."""
    taker = Taker(small_chain())
    taker.begin()
    taker.run()
    prover = Prover(taker.ledger, taker.ledger.tip_version)
    for version in (1, 10):
        with pytest.raises(MithqalError) as caught:
            prover.info(version)
        assert (caught.value.name, caught.value.details) == ("version_pruned", {"oldest": 11})
    assert [prover.transaction(version).entry.info for version in (0, 11)] == [prover.info(0), prover.info(11)]
