"""KE5, KE6: a validator that began with a snapshot answers for what it has, and names the oldest version it keeps."""

from typing import Any

import pytest

from chain.accounts import ASSOCIATION, event_key
from chain.kept import Base
from chain.mempool import Mempool
from chain.prover import Prover, certificate_of
from chain.streams import ROOT_HANDLES
from node.api.handlers import answer
from node.api.reads import Context, read_tip
from node.api.schema import Request, RpcError
from tests.builders import DEALER, TC, US
from tests.chain.sync.pair import Taker
from tests.chains import Chain, small_chain
from tests.node.api.test_snapshots import NoPeers

BASE = Base(11, 6)
PAY = "peer_to_peer_with_metadata"


class Behind:
    """A chain, and a validator that took a snapshot at version 11 and then two blocks with a payment each."""

    def __init__(self) -> None:
        self.chain = small_chain()
        taker = Taker(self.chain)
        taker.begin()
        taker.run()
        self.twin = Chain()
        self.twin.ledger, self.twin.store = taker.ledger, taker.store
        self.twin.qc, self.twin.numbers = self.chain.qc, dict(self.chain.numbers)
        self.twin.pending = [
            (block, self.twin.ledger.execute(self.twin.ledger.tip, block, [])) for block, _ in self.chain.pending
        ]
        for chain in (self.chain, self.twin):
            for amount in (7, 8):
                chain.add(chain.sign(DEALER, PAY, "XUS", US.address, amount, b"", b""))
            chain.add()
        assert self.twin.ledger.base == BASE
        self.full, self.short = (
            Context(chain.ledger, 0, Mempool(), NoPeers()) for chain in (self.chain, self.twin)
        )  # fmt: skip

    def ask(self, context: Context, method: str, *params: Any) -> Any:
        """A method's result at the tip."""
        return answer(context, read_tip(context), Request(1, method, list(params)))

    def same(self, method: str, *params: Any) -> Any:
        """Both answer the same."""
        found = self.ask(self.short, method, *params)
        assert found == self.ask(self.full, method, *params)
        return found

    def gone(self, method: str, *params: Any) -> dict[str, Any]:
        """The full one answers, the other names the oldest version that it keeps; gives the details."""
        self.ask(self.full, method, *params)
        with pytest.raises(RpcError) as caught:
            self.ask(self.short, method, *params)
        assert (caught.value.code, caught.value.name) == (-32602, "version_pruned")
        assert "kept" in caught.value.message
        return caught.value.details


@pytest.fixture(scope="module")
def behind() -> Behind:
    """One for all tests: nothing changes it."""
    return Behind()


def test_versions(behind: Behind) -> None:
    """Genesis, the base and all after it are here; 1 to the one below the base are refused by name."""
    assert behind.same("get_transactions", 0, 1, True)[0]["version"] == 0
    assert [row["version"] for row in behind.same("get_transactions", 11, 9, True)] == [11, 12, 13, 14, 15, 16]
    assert behind.gone("get_transactions", 1, 1, True) == {"oldest": 11, "version": 1}
    assert behind.gone("get_transactions", 10, 1, True) == {"oldest": 11, "version": 10}
    for limit in (2, 5, 20):
        assert behind.gone("get_transactions", 0, limit, True) == {"oldest": 11, "version": 1}
        assert behind.gone("get_transactions_with_proofs", 0, limit, True) == {"oldest": 11, "version": 1}
    behind.same("get_transactions_with_proofs", 0, 1, True)
    assert behind.same("get_transactions", 17, 5, True) == []
    assert behind.ask(behind.short, "get_transactions", 5, 0, True) == []


def test_metadata_and_blocks(behind: Behind) -> None:
    """The base's block is here with its time; what lies before is refused, genesis is not."""
    for version in (None, 0, 11, 12, 16):
        behind.same("get_metadata", version)
    assert behind.gone("get_metadata", 10) == {"oldest": 11, "version": 10}
    assert behind.same("get_block", 6, None, None)["height"] == 6
    for version in (0, 11, 12, 16):
        behind.same("get_block", None, None, version)
    behind.same("get_block", 0, None, None)
    assert behind.gone("get_block", 5, None, None) == {"oldest": 11, "height": 5}
    assert behind.gone("get_block", None, None, 10)["oldest"] == 11
    assert behind.gone("get_blocks", 1, 2)["oldest"] == 11
    assert [row["height"] for row in behind.ask(behind.short, "get_blocks", None, 100)] == [9, 8, 7, 6]
    assert behind.ask(behind.full, "get_blocks", None, 4) == behind.ask(behind.short, "get_blocks", None, 4)


def test_transactions_of_an_account(behind: Behind) -> None:
    """A number that is used and not here is not told as unused."""
    dealer = DEALER.address.hex()
    assert behind.gone("get_account_transaction", dealer, 0, True)["oldest"] == 11
    assert behind.same("get_account_transaction", dealer, 2, True)["version"] == 14
    assert behind.same("get_account_transaction", dealer, 4, True) is None
    assert behind.gone("get_account_transactions", dealer, 1, 5, True)["oldest"] == 11
    assert len(behind.same("get_account_transactions", dealer, 2, 5, True)) == 2
    assert behind.same("get_account_transactions", dealer, 4, 5, True) == []
    assert behind.gone("get_account_transactions_with_proofs", dealer, 1, 5, True, None)["oldest"] == 11
    behind.same("get_account_transactions_with_proofs", dealer, 2, 5, True, None)
    assert behind.gone("get_account_transactions", TC.address.hex(), 0, 5, True)["oldest"] == 11


def test_events_of_a_stream(behind: Behind) -> None:
    """Events before the base are refused, those after it are here; no stream looks emptier than it is."""
    received = event_key(2, US.address).hex()
    assert behind.gone("get_events", received, 0, 5)["oldest"] == 11
    assert [row["sequence_number"] for row in behind.same("get_events", received, 1, 5)] == [1, 2]
    assert behind.same("get_events", received, 3, 5) == []
    assert behind.gone("get_events_with_proofs", received, 0, 5)["oldest"] == 11
    assert len(behind.same("get_events_with_proofs", received, 1, 5)) == 2
    created = event_key(ROOT_HANDLES["createaccount"], ASSOCIATION).hex()
    assert behind.gone("get_events", created, 0, 5)["oldest"] == 11
    minted = event_key(5, ASSOCIATION).hex()
    assert behind.gone("get_events", minted, 0, 5)["oldest"] == 11
    assert behind.same("get_events", event_key(999, ASSOCIATION).hex(), 0, 5) == []
    assert behind.gone("get_event_by_version_with_proof", received, 11)["oldest"] == 11
    behind.same("get_event_by_version_with_proof", received, 14)
    behind.same("get_event_by_version_with_proof", received, None)


def test_states_and_proofs(behind: Behind) -> None:
    """States since the base are read and proved, as the full ledger proves them; the chain from genesis holds."""
    us = US.address.hex()
    assert behind.gone("get_account", us, 10)["oldest"] == 11
    behind.same("get_account", us, 11)
    behind.same("get_account_state_with_proof", us, 12, None)
    behind.same("get_state_proof", 0)
    assert behind.gone("get_state_proof", 5)["oldest"] == 11
    assert behind.gone("get_accumulator_consistency_proof", 5, None)["oldest"] == 11
    behind.same("get_accumulator_consistency_proof", 11, None)
    assert behind.gone("get_prefix_with_proof", 4, 12)["oldest"] == 11
    behind.same("get_prefix_with_proof", 11, 13)
    assert behind.gone("get_transactions_with_proofs", 10, 1, True)["oldest"] == 11
    behind.same("get_transactions_with_proofs", 11, 4, True)


def test_the_light_client_believes_it(behind: Behind) -> None:
    """X1 to X16: certificate, entries and events after the base are proved from the genesis waypoint."""
    assert behind.twin.believed() == behind.chain.believed()
    prover = Prover(behind.twin.ledger, behind.twin.ledger.tip_version)
    for version in (0, 11, 14, 16):
        assert prover.transaction(version) == behind.chain.transaction(version)
    assert prover.event(14, 0) == behind.chain.prover.event(14, 0)
    assert certificate_of(behind.twin.store, 6) == certificate_of(behind.chain.store, 6)


def test_what_is_unknown_stays_unknown(behind: Behind) -> None:
    """A hash that is not here is null: nothing tells an old transaction from one that never was."""
    assert behind.same("get_transaction_by_hash", "ab" * 32, True) is None
    assert behind.same("get_account", "ab" * 16, None) is None
