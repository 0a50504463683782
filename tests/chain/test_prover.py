"""Proofs are made from what is durable and the states of recent blocks; each of them verifies."""

import pytest

from chain import ledger as ledger_module
from chain.accounts import Account, account_key
from chain.certificates import QuorumCertificate
from chain.crypto.signing import RealSignatures
from chain.entries import info_hash
from chain.errors import ProofError
from chain.kept import KEPT_VERSIONS
from chain.ledger import Ledger
from chain.light_client import BelievedLedger, verify_ledger, verify_record, verify_transaction
from chain.prover import Prover, accumulator_root, certificate_of
from chain.state.accumulator import Frontier
from chain.state.proof import verify_consistency, verify_range
from chain.storage import Column, WriteBatch
from tests.builders import DEALER, TC, US
from tests.chains import Chain, small_chain


def test_every_past_root_is_that_of_its_block() -> None:
    """The root at a block's last version is what its certificate commits."""
    chain = small_chain()
    for height in range(1, chain.ledger.tip_height + 1):
        certificate = certificate_of(chain.store, height)
        assert certificate is not None
        assert certificate.commit is not None
        assert accumulator_root(chain.store, certificate.commit.version) == certificate.commit.root
    assert accumulator_root(chain.store, 0) == chain.ledger.genesis_info.root


def test_only_rows_from_level_4_on_are_stored() -> None:
    """One row for 16 leaves; lower nodes come from the leaves."""
    chain = Chain()
    for _ in range(34):
        chain.add()
    assert chain.ledger.tip_version == 33
    rows = [key for key, _ in chain.store.rows(Column.ACCUMULATOR, 0, 100)]
    assert rows == [15, 31, 47]
    for version in range(34):
        proof = chain.transaction(version)
        verify_transaction(chain.believed(), proof)


def believed_by(chain: Chain, prover: Prover, certificate: QuorumCertificate) -> BelievedLedger:
    """What a client with the genesis waypoint believes."""
    proof = prover.ledger(certificate)
    assert proof is not None
    return verify_ledger(chain.waypoint, proof, RealSignatures())


def test_blocks_that_commit_together_share_a_certificate() -> None:
    """The block row that holds a certificate: the last one of a path."""
    chain = Chain()
    chain.add()
    chain.add(commit=False)
    chain.add(commit=False)
    chain.add()
    assert chain.ledger.tip_height == 3
    certificates = [certificate_of(chain.store, height) for height in range(4)]
    assert certificates[0] is None
    assert certificates[1] is not None
    assert certificates[1] == certificates[2] == certificates[3]
    assert certificates[1].commit is not None
    assert certificates[1].commit.version == 3
    chain.add()
    later = certificate_of(chain.store, 4)
    assert later is not None
    assert later != certificates[3]


def test_an_account_is_proved_at_each_recent_block() -> None:
    """At a version inside a block the state is that of the end of the block before (record 0002)."""
    chain = small_chain()
    believed = chain.believed()
    seen = {}
    for version in range(chain.ledger.tip_version + 1):
        state = chain.ledger.history.at(version)
        assert state is not None
        proof = chain.prover.account(US.address, state)
        found = verify_record(believed, proof)
        seen[version] = (proof.checkpoint.version, found.balances if isinstance(found, Account) else None)
    before, empty, paid = None, (("XUS", 0),), (("XUS", 1_500),)
    assert seen == {
        0: (0, before), 1: (0, before), 2: (0, before), 3: (3, empty), 4: (3, empty), 5: (5, empty), 6: (5, empty),
        7: (5, empty), 8: (8, paid), 9: (9, paid), 10: (10, paid), 11: (11, paid),
    }  # fmt: skip


class Lagging(Chain):
    """A ledger whose commits become durable later."""

    def __init__(self, kept_versions: int = KEPT_VERSIONS) -> None:
        super().__init__(kept_versions=kept_versions)
        self.unsaved: list[WriteBatch] = []

    def write(self, batch: WriteBatch) -> None:
        self.unsaved.append(batch)

    def save(self) -> None:
        """Everything so far becomes durable."""
        for batch in self.unsaved:
            self.store.write(batch)
        self.unsaved.clear()


def test_a_proof_against_the_durable_tip_while_the_memory_is_ahead(monkeypatch) -> None:
    """What is durable can be proved however far the ledger in memory has gone on, also beyond the kept history."""
    monkeypatch.setattr(ledger_module, "RECENT_STATES", 2)
    chain = Lagging(kept_versions=0)
    prefix = DEALER.key.authentication_key()[:16]
    for _ in range(3):
        chain.add()
    chain.save()
    durable_version, durable_height = chain.ledger.tip_version, chain.ledger.tip_height
    chain.add(chain.sign(TC, "create_designated_dealer", "XUS", 0, DEALER.address, prefix, "dealer", False))
    for _ in range(5):
        chain.add()
    assert chain.ledger.tip_version == durable_version + 7
    assert chain.ledger.state.get(account_key(DEALER.address)) is not None
    certificate = certificate_of(chain.store, durable_height)
    assert certificate is not None
    prover = Prover(chain.ledger, durable_version)
    believed = believed_by(chain, prover, certificate)
    assert believed.commit.version == durable_version
    state = chain.ledger.history.at(durable_version)
    assert state is not None
    proof = prover.account(DEALER.address, state)
    assert proof.checkpoint.version == durable_version
    assert verify_record(believed, proof) is None
    verify_transaction(believed, prover.transaction(durable_version))
    chain.save()
    for _ in range(2):
        chain.add()
        chain.save()
    assert chain.ledger.history.at(durable_version) is None
    assert chain.ledger.history.oldest == chain.ledger.tip_version - 1


def test_after_a_restart_the_tip_is_provable() -> None:
    """Certificate, leaf and state come back from the disk; without a window older states are gone, older entries are
    not."""
    chain = small_chain(kept_versions=0)
    again = Ledger(chain.ledger.document, chain.store, 0)
    assert again.history.oldest == again.tip_version == chain.ledger.tip_version
    assert again.history.at(again.tip_version - 1) is None
    certificate = certificate_of(chain.store, again.tip_height)
    assert certificate is not None
    prover = Prover(again, again.tip_version)
    believed = believed_by(chain, prover, certificate)
    state = again.history.at(again.tip_version)
    assert state is not None
    assert prover.account(US.address, state) == chain.account(US.address)
    for version in range(again.tip_version + 1):
        verify_transaction(believed, prover.transaction(version))


def test_after_a_restart_old_states_are_provable_too() -> None:
    """KE1, KE4: the account at every version is proved after a restart exactly as it was before it."""
    chain = small_chain()
    again = Ledger(chain.ledger.document, chain.store)
    assert again.history.oldest == chain.ledger.history.oldest == 0
    believed = chain.believed()
    for version in range(chain.ledger.tip_version + 1):
        before, after = chain.ledger.history.at(version), again.history.at(version)
        assert before is not None
        assert after is not None
        proof = Prover(again, again.tip_version).account(US.address, after)
        assert proof == chain.prover.account(US.address, before)
        if version:
            verify_record(believed, proof)


@pytest.mark.parametrize("known", range(12))
def test_consistency_and_ranges(known: int) -> None:
    """A client that knows a frontier follows; a page of entries has one proof."""
    chain = small_chain()
    size, root = chain.ledger.tip_version + 1, chain.ledger.tip_root
    leaves = [chain.transaction(version).entry.info for version in range(size)]
    hashes = [info_hash(info.to_bytes()) for info in leaves]
    frontier = Frontier.empty().append(hashes[: known + 1])[0]
    proof = chain.prover.consistency(known)
    assert verify_consistency(frontier, size, root, proof).root() == root
    for count in range(1, size - known + 1):
        verify_range(root, known, size, hashes[known : known + count], chain.prover.paths(known, count))
    with pytest.raises(ProofError):
        verify_range(root, known, size, [hashes[known - 1]], chain.prover.paths(known, 1))
