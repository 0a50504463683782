"""Entries and accounts on a believed ledger: what holds, and every lie about them (X7 to X14)."""

from typing import Any

import pytest

from chain.accounts import (
    CONFIG_KEY,
    Account,
    Config,
    Currency,
    account_key,
    currency_key,
    leaf_key,
    receipt_key,
    value_hash,
)
from chain.codec import encode
from chain.entries import KIND_BLOCK_METADATA, KIND_GENESIS, KIND_USER, Event, Status, TransactionInfo, info_hash
from chain.facts import Checkpoint, RecordProof, TransactionProof
from chain.light_client import BelievedLedger, verify_record, verify_transaction
from chain.primitives import Hash
from chain.state import tree
from chain.state.accumulator import PLACEHOLDER, LeafProof, RangeProof
from tests.builders import BOB, DEALER, US
from tests.chain.failures import failure
from tests.chains import small_chain

CHAIN = small_chain()
BELIEVED = CHAIN.believed()
TIP = CHAIN.ledger.tip_version
PAYMENT, FAILED = 7, 8
"""Versions of a payment, and of one that fails."""
OTHER = Hash(b"\x55" * 32)


# --- what holds ---


@pytest.mark.parametrize("version", range(TIP + 1))
def test_every_entry_is_believed(version: int) -> None:
    """X7 to X9 hold for genesis, block metadata and transactions, failed ones too."""
    proof = CHAIN.transaction(version)
    verify_transaction(BELIEVED, proof)
    kinds = {0: KIND_GENESIS, **dict.fromkeys(CHAIN.versions(), KIND_USER)}
    assert proof.entry.kind == kinds.get(version, KIND_BLOCK_METADATA)


def test_what_a_payment_proves() -> None:
    """The result and both events."""
    paid, failed = CHAIN.transaction(PAYMENT).entry, CHAIN.transaction(FAILED).entry
    assert (paid.info.status, paid.info.gas_used) == (Status("executed", "", 0), 600)
    assert [event.type for event in paid.events] == ["sentpayment", "receivedpayment"]
    assert paid.events[0].data == (1_500, "XUS", DEALER.address, US.address, b"rent")
    assert (failed.info.status, failed.events) == (Status("move_abort", "DiemAccount", 1288), ())


def test_present_and_absent_accounts_are_believed() -> None:
    """X11: an account with its balances, or nothing under its key."""
    provider = verify_record(BELIEVED, CHAIN.account(US.address))
    assert isinstance(provider, Account)
    assert (provider.address, provider.balances) == (US.address, (("XUS", 1_500),))
    assert verify_record(BELIEVED, CHAIN.account(BOB.address)) is None


# --- X7 to X9 ---


def transaction_failure(proof: TransactionProof) -> tuple[object, object]:
    return failure(verify_transaction, BELIEVED, proof)


def with_entry(proof: TransactionProof, **fields: Any) -> TransactionProof:
    """The proof with fields of its entry changed."""
    return proof._replace(entry=proof.entry._replace(**fields))


def test_the_leaf_stands_at_its_version() -> None:
    """X7: not at another, not with another content, and not above the certified version."""
    proof = CHAIN.transaction(PAYMENT)
    for version in range(TIP + 1):
        if version != PAYMENT:
            assert transaction_failure(proof._replace(version=version))[0] == "transaction_info"
    assert transaction_failure(proof._replace(version=TIP + 1)) == ("transaction_info", "index")
    assert transaction_failure(proof._replace(version=2**64 - 1)) == ("transaction_info", "index")
    info = proof.entry.info
    for changed in (
        info._replace(gas_used=601), info._replace(status=Status("out_of_gas", "", 0)), info._replace(state_root=OTHER),
        info._replace(event_root=OTHER), info._replace(transaction_hash=OTHER),
    ):  # fmt: skip
        assert transaction_failure(with_entry(proof, info=changed)) == ("transaction_info", "root")
    siblings = proof.path.siblings
    assert transaction_failure(proof._replace(path=LeafProof(siblings[1:]))) == ("transaction_info", "siblings")
    assert transaction_failure(proof._replace(path=LeafProof((*siblings, OTHER)))) == ("transaction_info", "siblings")
    assert transaction_failure(proof._replace(path=LeafProof((OTHER, *siblings[1:])))) == ("transaction_info", "root")


def test_the_bytes_are_those_of_the_leaf() -> None:
    """X8: hashed by kind, so that no entry passes for one of another kind."""
    proof = CHAIN.transaction(PAYMENT)
    failed = CHAIN.transaction(FAILED).entry
    assert transaction_failure(with_entry(proof, data=proof.entry.data[:-1])) == ("transaction", "hash")
    assert transaction_failure(with_entry(proof, data=failed.data)) == ("transaction", "hash")
    assert transaction_failure(with_entry(proof, kind=KIND_GENESIS)) == ("transaction", "hash")
    assert transaction_failure(with_entry(proof, kind=KIND_BLOCK_METADATA)) == ("transaction", "hash")
    assert transaction_failure(with_entry(proof, kind=3)) == ("transaction", "unknown_kind")


def test_events_are_all_of_them_in_order() -> None:
    """X9: none left out, added, exchanged or changed."""
    proof = CHAIN.transaction(PAYMENT)
    sent, received = proof.entry.events
    for events in (
        (), (sent,), (received,), (received, sent), (sent, received, received), (sent, sent),
        (sent._replace(sequence=1), received), (sent, received._replace(data=(1_501, *received.data[1:]))),
        (sent, received._replace(type="sentpayment")), (sent._replace(key=received.key), received),
    ):  # fmt: skip
        assert transaction_failure(with_entry(proof, events=events)) == ("events", "root")
    invented = with_entry(CHAIN.transaction(FAILED), events=(Event(b"k" * 24, 0, "mint", ()),))
    assert transaction_failure(invented) == ("events", "root")


# --- X10 to X12 ---


def account_failure(proof: RecordProof, believed: BelievedLedger = BELIEVED) -> tuple[object, object]:
    return failure(verify_record, believed, proof)


def at(proof: RecordProof, **fields: Any) -> RecordProof:
    """The proof with fields of its checkpoint changed."""
    return proof._replace(checkpoint=proof.checkpoint._replace(**fields))


def test_an_account_is_proved_at_the_end_of_a_block() -> None:
    """X10: the other entries of a block name no state root."""
    proof = CHAIN.account(US.address)
    inside = at(proof, version=PAYMENT, infos=(CHAIN.prover.info(PAYMENT),), path=CHAIN.prover.paths(PAYMENT, 1))
    assert account_failure(inside) == ("checkpoint", "no_state_root")
    end = CHAIN.prover.info(FAILED)
    assert end.state_root is not None
    older = at(proof, version=FAILED, infos=(end,), path=CHAIN.prover.paths(FAILED, 1))
    assert account_failure(older)[0] == "state"


@pytest.mark.parametrize("version", range(TIP + 1))
def test_the_state_that_each_version_has(version: int) -> None:
    """X10: that at the end of the last block up to it; the leaves from there to it show that no later block ended."""
    state = CHAIN.ledger.history.at(version)
    assert state is not None
    proof = CHAIN.prover.account(US.address, state, version)
    ends = [0, 3, 5, 8, 9, 10, 11]
    assert (proof.checkpoint.version, proof.checkpoint.at) == (max(end for end in ends if end <= version), version)
    balances = {0: None, 3: 0, 5: 0, 8: 1_500, 9: 1_500, 10: 1_500, 11: 1_500}
    found = verify_record(BELIEVED, proof)
    expected = balances[proof.checkpoint.version]
    assert (found.balance("XUS") if isinstance(found, Account) else None) == expected


def test_an_older_state_passes_for_no_later_version() -> None:
    """X10: leaves after the state's that name a state root betray a state that was replaced meanwhile."""
    state = CHAIN.ledger.history.at(5)
    assert state is not None
    old = CHAIN.prover.account(US.address, state, 7)
    assert verify_record(BELIEVED, old) is not None
    stretched = CHAIN.prover.account(US.address, state, 8)
    assert account_failure(stretched) == ("checkpoint", "later_state")
    assert account_failure(CHAIN.prover.account(US.address, state, TIP)) == ("checkpoint", "later_state")
    infos = old.checkpoint.infos
    assert account_failure(at(old, infos=infos[:-1]))[0] == "transaction_info"
    assert account_failure(at(old, infos=())) == ("transaction_info", "range")
    assert account_failure(at(old, infos=(infos[0], infos[2], infos[1])))[0] == "transaction_info"
    assert account_failure(at(old, version=4))[0] == "transaction_info"


def test_nobody_can_lie_about_an_account() -> None:
    """X7, X11: not its bytes, not its absence, not its presence, not its address."""
    present, absent = CHAIN.account(US.address), CHAIN.account(BOB.address)
    dealer = CHAIN.account(DEALER.address)
    assert present.record is not None
    richer = present.record.replace(b"\xcd\x05\xdc", b"\xcd\x05\xdd")
    assert richer != present.record
    assert account_failure(present._replace(record=richer)) == ("state", "leaf_value")
    assert account_failure(present._replace(record=None)) == ("state", "leaf_key")
    assert account_failure(present._replace(record=dealer.record)) == ("state", "leaf_value")
    key = account_key(DEALER.address)
    assert account_failure(present._replace(key=key)) == ("state", "leaf_key")
    assert account_failure(dealer._replace(record=None, key=key)) == ("state", "leaf_key")
    assert account_failure(absent._replace(record=present.record)) in (("state", "leaf"), ("state", "leaf_key"))
    assert account_failure(absent._replace(path=present.path))[0] == "state"
    shorter = present.path._replace(siblings=present.path.siblings[1:])
    assert account_failure(present._replace(path=shorter)) == ("state", "root")
    assert account_failure(at(present, version=TIP - 1))[0] == "transaction_info"


def invented(record: bytes, key: bytes) -> tuple[BelievedLedger, RecordProof]:
    """A ledger of one entry whose state holds any bytes under a key: what an honest chain never has."""
    leaf = leaf_key(key)
    state = tree.build([(leaf, value_hash(record))])
    info = TransactionInfo(OTHER, PLACEHOLDER, 0, Status("executed", "", 0), tree.root_hash(state))
    commit = BELIEVED.commit._replace(version=0, root=info_hash(info.to_bytes()))
    checkpoint = Checkpoint(0, (info,), RangeProof((), ()))
    return BELIEVED._replace(commit=commit), RecordProof(checkpoint, key, record, tree.prove(state, leaf))


def test_the_record_is_of_its_keys_kind_and_address() -> None:
    """X12: even if a quorum put something else there."""
    good = CHAIN.account(US.address).record
    assert good is not None
    here, there = account_key(US.address), account_key(BOB.address)
    believed, proof = invented(good, here)
    assert verify_record(believed, proof) is not None
    believed, proof = invented(good, there)
    assert account_failure(proof, believed) == ("record", "another_address")
    believed, proof = invented(encode((1, 2)), here)
    assert account_failure(proof, believed) == ("record", "wrong_shape")
    believed, proof = invented(good, currency_key("XUS"))
    assert account_failure(proof, believed) == ("record", "wrong_shape")
    believed, proof = invented(b"", here)
    assert account_failure(proof, believed)[0] == "record"
    believed, proof = invented(good, b"?" + here)
    assert account_failure(proof, believed) == ("record", "unknown_key")
    believed, proof = invented(good, b"")
    assert account_failure(proof, believed) == ("record", "unknown_key")


def test_other_records_by_their_key() -> None:
    """X11, X12: a currency, the configuration and a receipt, or that there is none."""
    state = CHAIN.ledger.history.at(TIP)
    assert state is not None
    coin = verify_record(BELIEVED, CHAIN.prover.record(currency_key("XUS"), state))
    assert isinstance(coin, Currency)
    assert (coin.code, coin.total_value) == ("XUS", 5_000)
    config = verify_record(BELIEVED, CHAIN.prover.record(CONFIG_KEY, state))
    assert isinstance(config, Config)
    assert config.currencies == ("XUS", "XEU", "XDX")
    receipt = CHAIN.prover.record(receipt_key((1).to_bytes(32, "big")), state)
    assert verify_record(BELIEVED, receipt) == CHAIN.ledger.state.get(receipt.key)
    assert receipt.record is not None
    for nothing in (currency_key("XJP"), receipt_key(bytes(32)), b"", b"zzz"):
        assert verify_record(BELIEVED, CHAIN.prover.record(nothing, state)) is None
