"""The methods with proofs: Libra's shapes, hex of our canonical bytes, each checked as a client would."""

from typing import Any

import pytest

from chain.accounts import account_key, leaf_key, value_hash
from chain.certificates import QuorumCertificate
from chain.codec import decode, encode, fields
from chain.crypto.signing import RealSignatures
from chain.entries import TransactionInfo, entry_hash, event_hash, info_hash
from chain.facts import LedgerProof, read
from chain.light_client import verify_ledger
from chain.state.accumulator import ConsistencyProof, Frontier, LeafProof, RangeProof, event_root
from chain.state.proof import verify_consistency, verify_leaf, verify_range, verify_state
from chain.state.tree import StateProof
from node.api.reads import read_tip
from tests.builders import BOB, US
from tests.chains import small_chain
from tests.node.api.test_snapshots import ask, context_of, refused

CHAIN = small_chain()
TIP = read_tip(context_of(CHAIN))
SIZE = TIP.version + 1
ROOT = CHAIN.ledger.tip_root


def call(method: str, *params: Any) -> Any:
    return ask(CHAIN, TIP, method, *params)


def value(text: str) -> Any:
    """The value in a hex field."""
    assert text == text.lower()
    return decode(bytes.fromhex(text))


def test_the_state_proof_from_genesis() -> None:
    """StateProof {ledger_info_with_signatures, epoch_change_proof, ledger_consistency_proof}, from a waypoint."""
    found = call("get_state_proof", 0)
    assert list(found) == ["ledger_info_with_signatures", "epoch_change_proof", "ledger_consistency_proof"]
    genesis, epochs = fields(value(found["epoch_change_proof"]), "epochs", tuple, tuple)
    assert epochs == ()
    proof = read(LedgerProof, (*genesis, epochs, value(found["ledger_info_with_signatures"])))
    believed = verify_ledger(CHAIN.waypoint, proof, RealSignatures())
    assert (believed.commit.version, believed.commit.root) == (TIP.version, ROOT)
    frontier = Frontier.empty().append([believed_leaf(proof)])[0]
    consistency = ConsistencyProof.from_value(value(found["ledger_consistency_proof"]))
    assert verify_consistency(frontier, SIZE, ROOT, consistency).size == SIZE


def believed_leaf(proof: LedgerProof) -> Any:
    return info_hash(proof.genesis_info.to_bytes())


@pytest.mark.parametrize("known", range(1, SIZE))
def test_the_state_proof_from_a_later_version(known: int) -> None:
    """A client that knows a version needs no genesis, and follows by consistency."""
    found = call("get_state_proof", known)
    assert value(found["epoch_change_proof"]) == (None, ())
    certificate = QuorumCertificate.from_value(value(found["ledger_info_with_signatures"]))
    assert certificate.commit is not None
    assert certificate.commit.root == ROOT
    leaves = [info_hash(CHAIN.transaction(version).entry.info.to_bytes()) for version in range(known + 1)]
    consistency = ConsistencyProof.from_value(value(found["ledger_consistency_proof"]))
    assert verify_consistency(Frontier.empty().append(leaves)[0], SIZE, ROOT, consistency).root() == ROOT


@pytest.mark.parametrize(("start", "limit"), [(0, 12), (0, 1), (7, 2), (11, 1), (11, 1000), (3, 1000)])
def test_transactions_with_proofs(start: int, limit: int) -> None:
    """Entries, their events, one range proof for their leaves, and the leaves."""
    found = call("get_transactions_with_proofs", start, limit, True)
    assert list(found) == ["serialized_transactions", "serialized_events", "proofs"]
    assert list(found["proofs"]) == ["ledger_info_to_transaction_infos_proof", "transaction_infos"]
    infos = [TransactionInfo.from_value(item) for item in value(found["proofs"]["transaction_infos"])]
    count = min(limit, SIZE - start)
    assert len(infos) == len(found["serialized_transactions"]) == count
    leaves = [info_hash(info.to_bytes()) for info in infos]
    path = RangeProof.from_value(value(found["proofs"]["ledger_info_to_transaction_infos_proof"]))
    verify_range(ROOT, start, SIZE, leaves, path)
    events = value(found["serialized_events"])
    for at, (info, text) in enumerate(zip(infos, found["serialized_transactions"], strict=True)):
        kind, data = fields(value(text), "entry", int, bytes)
        assert entry_hash(kind, data) == info.transaction_hash
        proof = CHAIN.transaction(start + at).entry
        assert (kind, data) == (proof.kind, proof.data)
        assert events[at] == tuple(map(tuple, proof.events))
        assert event_root([event_hash(event) for event in proof.events]) == info.event_root


def test_transactions_with_proofs_at_the_edges() -> None:
    """Null past the end and for a limit of 0; events only if asked for; a page of at most 1,000."""
    assert call("get_transactions_with_proofs", SIZE, 1, True) is None
    assert call("get_transactions_with_proofs", 2**64 - 1, 1, True) is None
    assert call("get_transactions_with_proofs", 0, 0, True) is None
    with_events = call("get_transactions_with_proofs", 7, 1, True)
    assert call("get_transactions_with_proofs", 7, 1, False) == {**with_events, "serialized_events": None}
    assert call("get_transactions_with_proofs", 7, 1) == {**with_events, "serialized_events": None}
    assert refused(CHAIN, "get_transactions_with_proofs", 0, 1_001).name == "page_too_large"


@pytest.mark.parametrize(
    ("version", "ledger_version", "end", "balance"),
    [
        (None, None, 11, 1_500), (None, 9, 9, 1_500), (8, None, 8, 1_500), (7, None, 5, 0), (3, 3, 3, 0), (5, 6, 5, 0),
        (2, 2, 0, None), (11, 11, 11, 1_500),
    ],
)  # fmt: skip
def test_an_account_state_with_proof(
    version: int | None, ledger_version: int | None, end: int, balance: int | None
) -> None:
    """AccountStateWithProof at the end of the last block up to `version`, against the ledger of `ledger_version`."""
    found = call("get_account_state_with_proof", US.address.hex(), version, ledger_version)
    assert list(found) == ["version", "blob", "proof"]
    assert found["version"] == end
    size = SIZE if ledger_version is None else ledger_version + 1
    root = bytes.fromhex(call("get_metadata", ledger_version)["accumulator_root_hash"])
    proof = found["proof"]
    assert list(proof) == [
        "ledger_info_to_transaction_info_proof", "transaction_info", "transaction_info_to_account_proof",
    ]  # fmt: skip
    info = TransactionInfo.from_value(value(proof["transaction_info"]))
    path = LeafProof.from_value(value(proof["ledger_info_to_transaction_info_proof"]))
    verify_leaf(root, end, size, info_hash(info.to_bytes()), path)
    assert info.state_root is not None
    blob = None if found["blob"] is None else bytes.fromhex(found["blob"])
    state = StateProof.from_value(value(proof["transaction_info_to_account_proof"]))
    held = None if blob is None else value_hash(blob)
    verify_state(info.state_root, leaf_key(account_key(US.address)), held, state)
    account = call("get_account", US.address.hex(), end)
    assert (None if account is None else account["balances"][0]["amount"]) == balance
    assert (blob is None) == (balance is None)


def test_an_absent_account_has_no_blob() -> None:
    """Absence is proved too."""
    found = call("get_account_state_with_proof", BOB.address.hex())
    assert found["blob"] is None
    assert len(encode(value(found["proof"]["transaction_info_to_account_proof"]))) > 40


def test_versions_above_the_ledger() -> None:
    """A version above the latest, or above the ledger version asked for, is an invalid parameter."""
    address = US.address.hex()
    assert refused(CHAIN, "get_state_proof", SIZE).details == {"version": SIZE, "latest": TIP.version}
    assert refused(CHAIN, "get_account_state_with_proof", address, SIZE).name == "version_too_new"
    assert refused(CHAIN, "get_account_state_with_proof", address, None, SIZE).name == "version_too_new"
    assert refused(CHAIN, "get_account_state_with_proof", address, 5, SIZE).name == "version_too_new"
    error = refused(CHAIN, "get_account_state_with_proof", address, 9, 8)
    assert (error.name, error.details) == ("version_too_new", {"version": 9, "latest": 8})
    assert refused(CHAIN, "get_state_proof").name == "invalid_params"
