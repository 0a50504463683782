"""The methods with proofs: Libra's shapes, hex of our canonical bytes, each checked as a client would."""

from typing import Any

import pytest

from chain.accounts import ASSOCIATION, account_key, currency_key, event_key, leaf_key, value_hash
from chain.certificates import QuorumCertificate
from chain.codec import decode, encode, fields
from chain.crypto.signing import RealSignatures
from chain.entries import TransactionInfo, entry_hash, event_hash, info_hash
from chain.facts import EventProof, LedgerProof, PrefixProof, RecordProof, StreamProof, TransactionProof, read
from chain.light_client import (
    verify_event,
    verify_ledger,
    verify_prefix,
    verify_record,
    verify_stream,
    verify_transaction,
)
from chain.state.accumulator import ConsistencyProof, Frontier, LeafProof, RangeProof, event_root
from chain.state.proof import verify_consistency, verify_leaf, verify_range, verify_state
from chain.state.tree import StateProof
from chain.storage import Column
from node.api.reads import read_tip
from tests.builders import BOB, DEALER, US
from tests.builders import key as secret
from tests.chains import small_chain
from tests.node.api.test_snapshots import ask, context_of, refused

CHAIN = small_chain()
TIP = read_tip(context_of(CHAIN))
SIZE = TIP.version + 1
ROOT = CHAIN.ledger.tip_root
BELIEVED = CHAIN.believed()


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


@pytest.mark.parametrize("more", [0, 1])
def test_a_page_ends_where_it_is_large(monkeypatch: pytest.MonkeyPatch, more: int) -> None:
    """'A page of large ones is shorter than asked for, never empty': it ends with the version that reaches the limit;
    one more byte lets one more in. Its proof is of what it holds."""
    sizes = [len(row) for _, row in CHAIN.store.rows(Column.TRANSACTION, 3, 3)]
    monkeypatch.setattr("node.api.reads.MAX_PAGE_BYTES", sum(sizes[:2]) + more)
    found = call("get_transactions_with_proofs", 3, 1_000, True)
    infos = [TransactionInfo.from_value(item) for item in value(found["proofs"]["transaction_infos"])]
    assert len(infos) == len(found["serialized_transactions"]) == len(value(found["serialized_events"])) == 2 + more
    path = RangeProof.from_value(value(found["proofs"]["ledger_info_to_transaction_infos_proof"]))
    verify_range(ROOT, 3, SIZE, [info_hash(info.to_bytes()) for info in infos], path)
    assert [item["version"] for item in call("get_transactions", 3, 1_000)] == [3, 4, 5][: 2 + more]
    monkeypatch.setattr("node.api.reads.MAX_PAGE_BYTES", 1)
    assert len(call("get_transactions_with_proofs", 3, 1_000)["serialized_transactions"]) == 1


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


# --- events ---

SENT = event_key(4, DEALER.address)
BLOCKS = event_key(17, ASSOCIATION)
"""The root's stream of new blocks: versions 1, 4, 6, 9, 10, 11."""
STARTS = [1, 4, 6, 9, 10, 11]


def event(found: Any) -> EventProof:
    """An EventWithProof, verified."""
    assert list(found) == ["event_with_proof"]
    proof: EventProof = read(EventProof, value(found["event_with_proof"]))
    verify_event(BELIEVED, proof)
    return proof


@pytest.mark.parametrize(("start", "limit"), [(0, 6), (0, 1000), (2, 2), (5, 1), (6, 1), (99, 1), (0, 0)])
def test_events_with_proofs(start: int, limit: int) -> None:
    """get_events_with_proofs(key, start, limit): [{event_with_proof}]; [] past the end."""
    proofs = [event(item) for item in call("get_events_with_proofs", BLOCKS.hex(), start, limit)]
    assert [proof.version for proof in proofs] == STARTS[start : start + limit]
    assert [(proof.event.key, proof.event.sequence) for proof in proofs] == [(BLOCKS, number) for number in range(6)][
        start : start + limit
    ]


def test_a_page_of_events_has_at_most_1000() -> None:
    """A page's limit, of both methods with pages of proofs."""
    assert refused(CHAIN, "get_events_with_proofs", BLOCKS.hex(), 0, 1_001).name == "page_too_large"
    name = "get_account_transactions_with_proofs"
    assert refused(CHAIN, name, US.address.hex(), 0, 1_001, True).name == "page_too_large"


@pytest.mark.parametrize("version", [None, *range(SIZE)])
def test_the_events_around_a_version(version: int | None) -> None:
    """4.6: the events just at-or-below and just above a version, so absence shows in consecutive numbers."""
    for key, starts in ((BLOCKS, STARTS), (SENT, [7]), (event_key(9, US.address), [])):
        found = call("get_event_by_version_with_proof", key.hex(), version)
        assert list(found) == ["lower_bound_incl", "upper_bound_excl"]
        at = TIP.version if version is None else version
        below, above = [start for start in starts if start <= at], [start for start in starts if start > at]
        for item, expected, number in (
            (found["lower_bound_incl"], below[-1:], len(below) - 1), (found["upper_bound_excl"], above[:1], len(below)),
        ):  # fmt: skip
            proof = None if item is None else event(item)
            assert ([] if proof is None else [proof.version]) == expected
            assert proof is None or (proof.event.key, proof.event.sequence) == (key, number)


def test_an_accounts_transactions_with_proofs() -> None:
    """{serialized_txns_with_proofs}: each with its events and a proof of its own, against a ledger version."""
    for ledger_version, versions in ((None, [7, 8]), (7, [7]), (6, [])):
        found = call("get_account_transactions_with_proofs", DEALER.address.hex(), 0, 10, True, ledger_version)
        assert list(found) == ["serialized_txns_with_proofs"]
        proofs = [read(TransactionProof, item) for item in value(found["serialized_txns_with_proofs"])]
        assert [proof.version for proof in proofs] == versions
        for proof in proofs:
            if ledger_version is None:
                verify_transaction(BELIEVED, proof)
    some = call("get_account_transactions_with_proofs", DEALER.address.hex(), 1, 1)
    assert [read(TransactionProof, item).version for item in value(some["serialized_txns_with_proofs"])] == [8]
    none = call("get_account_transactions_with_proofs", BOB.address.hex(), 0, 10)
    assert value(none["serialized_txns_with_proofs"]) == ()


# --- ours ---


@pytest.mark.parametrize("version", [None, *range(SIZE)])
def test_a_record_with_proof(version: int | None) -> None:
    """get_record_with_proof(key, version): the state that the version has, with the leaves up to it."""
    for key in (account_key(US.address), account_key(BOB.address), currency_key("XUS"), b"g", b"zz"):
        found = call("get_record_with_proof", key.hex(), version)
        assert list(found) == ["proof"]
        proof: RecordProof = read(RecordProof, value(found["proof"]))
        assert (proof.key, proof.checkpoint.at) == (key, TIP.version if version is None else version)
        record = verify_record(BELIEVED, proof)
        state = CHAIN.ledger.history.at(proof.checkpoint.at)
        assert state is not None
        assert record == state.get(key)


@pytest.mark.parametrize("version", [None, *range(SIZE)])
def test_a_stream_with_proof(version: int | None) -> None:
    """get_stream_with_proof(key, version): how many events the stream has in the state of the version."""
    at = TIP.version if version is None else version
    for key in (BLOCKS, SENT, event_key(0, ASSOCIATION), event_key(5, ASSOCIATION), event_key(1, BOB.address)):
        proof: StreamProof = read(StreamProof, value(call("get_stream_with_proof", key.hex(), version)["proof"]))
        count = verify_stream(BELIEVED, proof)
        made_at = proof.checkpoint.version
        found = call("get_events", key.hex(), 0, 1000)
        assert count == len([item for item in found if item["transaction_version"] <= made_at])
        assert proof.checkpoint.at == at


@pytest.mark.parametrize("earlier", range(SIZE))
def test_prefixes_and_consistency(earlier: int) -> None:
    """get_prefix_with_proof and get_accumulator_consistency_proof: up to the tip without a later version."""
    for later in (None, *range(earlier, SIZE)):
        proof: PrefixProof = read(PrefixProof, value(call("get_prefix_with_proof", earlier, later)["proof"]))
        end = TIP.version if later is None else later
        assert (proof.earlier.size, proof.later) == (earlier + 1, end)
        roots = verify_prefix(BELIEVED, proof)
        assert roots[1].hex() == call("get_metadata", end)["accumulator_root_hash"] or end == 0
        found = call("get_accumulator_consistency_proof", earlier, later)
        assert list(found) == ["ledger_consistency_proof"]
        consistency = ConsistencyProof.from_value(value(found["ledger_consistency_proof"]))
        assert verify_consistency(proof.earlier, end + 1, roots[1], consistency).size == end + 1
    whole = ConsistencyProof.from_value(
        value(call("get_accumulator_consistency_proof", None, earlier)["ledger_consistency_proof"])
    )
    root = verify_prefix(BELIEVED, read(PrefixProof, value(call("get_prefix_with_proof", 0, earlier)["proof"])))[1]
    assert verify_consistency(Frontier.empty(), earlier + 1, root, whole).size == earlier + 1


def test_versions_in_a_wrong_order() -> None:
    """A version above the latest, or above the later one, is an invalid parameter."""
    for name, params in (
        ("get_prefix_with_proof", [SIZE]), ("get_prefix_with_proof", [0, SIZE]), ("get_prefix_with_proof", [5, 4]),
        ("get_accumulator_consistency_proof", [5, 4]), ("get_accumulator_consistency_proof", [None, SIZE]),
        ("get_record_with_proof", ["67", SIZE]), ("get_stream_with_proof", [SENT.hex(), SIZE]),
        ("get_event_by_version_with_proof", [SENT.hex(), SIZE]),
        ("get_account_transactions_with_proofs", [US.address.hex(), 0, 1, True, SIZE]),
    ):  # fmt: skip
        assert refused(CHAIN, name, *params).name == "version_too_new", name


# --- epochs ---


def test_the_state_proof_from_each_end_of_an_epoch() -> None:
    """From a version where an epoch ended the proof starts there; from others it holds what follows only."""
    chain = small_chain()
    ends = [0, int(chain.end_epoch({0: secret(600)}).partition(":")[0])]
    for _ in range(3):
        chain.add()
    ends.append(int(chain.end_epoch({0: secret(601), 1: secret(602)}).partition(":")[0]))
    for _ in range(2):
        chain.add()
    tip = read_tip(context_of(chain))
    for version in range(tip.version + 1):
        found = ask(chain, tip, "get_state_proof", version)
        start, epochs = fields(value(found["epoch_change_proof"]), "epoch change proof", None, tuple)
        assert len(epochs) == len([end for end in ends[1:] if end > version])
        assert (start is not None) == (version in ends)
        if start is not None:
            proof = read(LedgerProof, (*start, epochs, value(found["ledger_info_with_signatures"])))
            believed = verify_ledger(proof.anchor.waypoint(), proof, RealSignatures())
            assert (proof.anchor.version, believed.commit.version) == (version, tip.version)
