"""Entries and accounts on a believed ledger: what holds, and every lie about them (X7 to X14)."""

from typing import Any

import pytest

from chain.accounts import ASSOCIATION, account_key, leaf_key, value_hash
from chain.codec import decode, encode, fields
from chain.crypto.signing import RealSignatures
from chain.entries import KIND_BLOCK_METADATA, KIND_GENESIS, KIND_USER, Event, Status, TransactionInfo, info_hash
from chain.light_client import (
    AccountProof,
    BelievedLedger,
    TransactionProof,
    decode_proof,
    encode_proof,
    verify_account,
    verify_ledger,
    verify_transaction,
)
from chain.primitives import Address, Hash
from chain.state import tree
from chain.state.accumulator import PLACEHOLDER, LeafProof
from tests.builders import BOB, DEALER, US
from tests.chain.failures import failure
from tests.chains import small_chain

CHAIN = small_chain()
PROOF = CHAIN.proof()
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
    assert proof.kind == kinds.get(version, KIND_BLOCK_METADATA)


def test_what_a_payment_proves() -> None:
    """The result and both events."""
    paid, failed = CHAIN.transaction(PAYMENT), CHAIN.transaction(FAILED)
    assert (paid.info.status, paid.info.gas_used) == (Status("executed", "", 0), 600)
    assert [event.type for event in paid.events] == ["sentpayment", "receivedpayment"]
    assert paid.events[0].data == (1_500, "XUS", DEALER.address, US.address, b"rent")
    assert (failed.info.status, failed.events) == (Status("move_abort", "DiemAccount", 1288), ())


def test_present_and_absent_accounts_are_believed() -> None:
    """X11: an account with its balances, or nothing under its key."""
    provider = verify_account(BELIEVED, CHAIN.account(US.address))
    assert provider is not None
    assert (provider.address, provider.balances) == (US.address, (("XUS", 1_500),))
    assert verify_account(BELIEVED, CHAIN.account(BOB.address)) is None


# --- X7 to X9 ---


def transaction_failure(proof: TransactionProof) -> tuple[object, object]:
    return failure(verify_transaction, BELIEVED, proof)


def test_the_leaf_stands_at_its_version() -> None:
    """X7: not at another, not with another content, and not above the certified version."""
    proof = CHAIN.transaction(PAYMENT)
    for version in range(TIP + 1):
        if version != PAYMENT:
            assert transaction_failure(proof._replace(version=version))[0] == "transaction_info"
    assert transaction_failure(proof._replace(version=TIP + 1)) == ("transaction_info", "index")
    assert transaction_failure(proof._replace(version=2**64 - 1)) == ("transaction_info", "index")
    info = proof.info
    for changed in (
        info._replace(gas_used=601), info._replace(status=Status("out_of_gas", "", 0)), info._replace(state_root=OTHER),
        info._replace(event_root=OTHER), info._replace(transaction_hash=OTHER),
    ):  # fmt: skip
        assert transaction_failure(proof._replace(info=changed)) == ("transaction_info", "root")
    siblings = proof.path.siblings
    assert transaction_failure(proof._replace(path=LeafProof(siblings[1:]))) == ("transaction_info", "siblings")
    assert transaction_failure(proof._replace(path=LeafProof((*siblings, OTHER)))) == ("transaction_info", "siblings")
    assert transaction_failure(proof._replace(path=LeafProof((OTHER, *siblings[1:])))) == ("transaction_info", "root")


def test_the_bytes_are_those_of_the_leaf() -> None:
    """X8: hashed by kind, so that no entry passes for one of another kind."""
    proof = CHAIN.transaction(PAYMENT)
    assert transaction_failure(proof._replace(data=proof.data[:-1])) == ("transaction", "hash")
    assert transaction_failure(proof._replace(data=CHAIN.transaction(FAILED).data)) == ("transaction", "hash")
    assert transaction_failure(proof._replace(kind=KIND_GENESIS)) == ("transaction", "hash")
    assert transaction_failure(proof._replace(kind=KIND_BLOCK_METADATA)) == ("transaction", "hash")
    assert transaction_failure(proof._replace(kind=3)) == ("transaction", "unknown_kind")


def test_events_are_all_of_them_in_order() -> None:
    """X9: none left out, added, exchanged or changed."""
    proof = CHAIN.transaction(PAYMENT)
    sent, received = proof.events
    for events in (
        (), (sent,), (received,), (received, sent), (sent, received, received), (sent, sent),
        (sent._replace(sequence=1), received), (sent, received._replace(data=(1_501, *received.data[1:]))),
        (sent, received._replace(type="sentpayment")), (sent._replace(key=received.key), received),
    ):  # fmt: skip
        assert transaction_failure(proof._replace(events=events)) == ("events", "root")
    invented = CHAIN.transaction(FAILED)._replace(events=(Event(b"k" * 24, 0, "mint", ()),))
    assert transaction_failure(invented) == ("events", "root")


# --- X10 to X12 ---


def account_failure(proof: AccountProof, believed: BelievedLedger = BELIEVED) -> tuple[object, object]:
    return failure(verify_account, believed, proof)


def test_an_account_is_proved_at_the_end_of_a_block() -> None:
    """X10: the other entries of a block name no state root."""
    proof = CHAIN.account(US.address)
    middle = CHAIN.transaction(PAYMENT)
    inside = proof._replace(version=PAYMENT, info=middle.info, path=middle.path)
    assert account_failure(inside) == ("checkpoint", "no_state_root")
    end = CHAIN.transaction(FAILED)
    assert end.info.state_root is not None
    older = proof._replace(version=FAILED, info=end.info, path=end.path)
    assert account_failure(older)[0] == "state"


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
    assert account_failure(present._replace(address=DEALER.address)) == ("state", "leaf_key")
    assert account_failure(dealer._replace(record=None, address=DEALER.address)) == ("state", "leaf_key")
    assert account_failure(absent._replace(record=present.record)) in (("state", "leaf"), ("state", "leaf_key"))
    assert account_failure(absent._replace(state=present.state))[0] == "state"
    shorter = present.state._replace(siblings=present.state.siblings[1:])
    assert account_failure(present._replace(state=shorter)) == ("state", "root")
    assert account_failure(present._replace(version=TIP - 1))[0] == "transaction_info"


def invented(record: bytes, address: Address) -> tuple[BelievedLedger, AccountProof]:
    """A ledger of one entry whose state holds any bytes under an address: what an honest chain never has."""
    leaf = leaf_key(account_key(address))
    state = tree.build([(leaf, value_hash(record))])
    info = TransactionInfo(OTHER, PLACEHOLDER, 0, Status("executed", "", 0), tree.root_hash(state))
    commit = BELIEVED.commit._replace(version=0, root=info_hash(info.to_bytes()))
    return BELIEVED._replace(commit=commit), AccountProof(
        0, info, LeafProof(()), address, record, tree.prove(state, leaf)
    )


def test_the_record_is_an_account_of_that_address() -> None:
    """X12: even if a quorum put something else there."""
    good = CHAIN.account(US.address).record
    assert good is not None
    believed, proof = invented(good, US.address)
    assert verify_account(believed, proof) is not None
    believed, proof = invented(good, BOB.address)
    assert account_failure(proof, believed) == ("account", "another_address")
    believed, proof = invented(encode((1, 2)), US.address)
    assert account_failure(proof, believed) == ("account", "wrong_shape")
    believed, proof = invented(b"", US.address)
    assert account_failure(proof, believed)[0] == "account"


# --- bytes ---

FACTS: dict[str, TransactionProof | AccountProof] = {
    "transaction": CHAIN.transaction(PAYMENT),
    "failed": CHAIN.transaction(FAILED),
    "genesis": CHAIN.transaction(0),
    "present": CHAIN.account(US.address),
    "absent": CHAIN.account(BOB.address),
    "root": CHAIN.account(ASSOCIATION),
}


def check(data: bytes) -> None:
    """Decode and verify."""
    ledger, fact = decode_proof(data)
    believed = verify_ledger(CHAIN.waypoint, ledger, RealSignatures())
    if isinstance(fact, TransactionProof):
        verify_transaction(believed, fact)
    else:
        verify_account(believed, fact)


@pytest.mark.parametrize("name", FACTS)
def test_bytes_and_back(name: str) -> None:
    """One proof, one byte string."""
    data = encode_proof(PROOF, FACTS[name])
    check(data)
    assert encode_proof(*decode_proof(data)) == data
    assert decode_proof(data)[1] == FACTS[name]


@pytest.mark.parametrize("name", ["transaction", "present", "absent"])
def test_no_byte_of_a_proof_goes_unchecked(name: str) -> None:
    """X14: each byte turned in one bit is noticed, and so is each cut."""
    data = encode_proof(PROOF, FACTS[name])
    for at, byte in enumerate(data):
        changed = data[:at] + bytes([byte ^ 1 << at % 8]) + data[at + 1 :]
        failure(check, changed)
        assert failure(check, data[:at])[0] == "encoding"
    assert failure(check, data + b"\0")[0] == "encoding"


def test_shapes_that_are_no_proof() -> None:
    """X14: unknown kinds, missing and additional fields are refused while decoding."""
    number, ledger, fact = fields(decode(encode_proof(PROOF, FACTS["present"])), "proof", int, tuple, tuple)
    value: Any
    for value in (
        (0, ledger, fact), (2, ledger, fact), (True, ledger, fact), (number, ledger), (number, ledger, fact, None),
        (number, (*ledger, None), fact), (number, ledger[:-1], fact), (number, ledger, (*fact, b"")),
        (number, ledger, fact[:-1]), (number, ledger, (*fact[:3], fact[3][:-1], *fact[4:])),
        (number, ledger, (*fact[:4], 7, fact[5])), (number, ledger, (True, *fact[1:])), None, 7, (), b"",
    ):  # fmt: skip
        assert failure(decode_proof, encode(value))[0] == "encoding"
    assert failure(decode_proof, encode((2, ledger, fact))) == ("encoding", "unknown_kind")
