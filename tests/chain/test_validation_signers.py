"""Several signers in the prologue: their number, schemes, doubles, accounts and keys, in Diem's order (DIP-169)."""

import pytest

from chain.crypto.signing import RealSignatures, Scheme
from chain.primitives import U64_MAX
from chain.transaction import decode_transaction
from chain.validation import Discard, DiscardStatus, check_prologue
from tests.builders import ALICE, BOB, CHAIN_ID, NOBODY, NOW_SECS, ONE, US, World, key, small_world
from tests.several import Several, mixed, party_of, plain

PAY_SECOND = ("peer_to_peer_by_signers", "XUS", 1, b"")


@pytest.fixture
def world() -> World:
    return small_world()


def prologue(world, tx):
    return check_prologue(
        world.overlay(), tx, chain_id=CHAIN_ID, now_secs=NOW_SECS, allow_future_sequence=False
    )  # fmt: skip


def refusal(world, tx) -> Discard:
    with pytest.raises(Discard) as caught:
        prologue(world, tx)
    return caught.value


def signatures_hold(world, tx) -> bool:
    return all(RealSignatures().verify(check) for check in tx.checks(world.context.genesis_hash))


def own_key(world, who, several: Several):
    """The account takes a K-of-N key; gives the party that signs with it."""
    world.change(who, authentication_key=several.authentication_key())
    return who._replace(key=several)


def test_signers_in_their_order_pass_and_the_sender_is_given(world) -> None:
    """DIP-169: each secondary signer's account exists and has its key."""
    tx = world.sign_together(ALICE, [BOB], *PAY_SECOND)
    assert prologue(world, tx) == world.account(ALICE)
    assert signatures_hold(world, tx)
    assert decode_transaction(tx.envelope) == tx


def test_nobody_signs_twice(world) -> None:
    """'distinct signers only (SIGNERS_CONTAIN_DUPLICATES)', 28; the sender counts too."""
    for others in ([ALICE], [BOB, ALICE], [BOB, US, BOB]):
        found = refusal(world, world.sign_together(ALICE, others, *PAY_SECOND))
        assert (found.status, int(found.status)) == (DiscardStatus.SIGNERS_CONTAIN_DUPLICATES, 28)
        double = others[-1].address.hex()
        assert found.details == {"address": double}
    prologue(world, world.sign_together(ALICE, [BOB, US], *PAY_SECOND))


def test_every_secondary_signer_has_an_account_and_its_key(world) -> None:
    """Diem's check_secondary_signers: first that the account exists, then its key, one signer after the other."""
    missing = refusal(world, world.sign_together(ALICE, [BOB, NOBODY], *PAY_SECOND))
    assert missing.status == DiscardStatus.SENDING_ACCOUNT_DOES_NOT_EXIST
    assert missing.details == {"sender": NOBODY.address.hex()}
    wrong = refusal(world, world.sign_together(ALICE, [BOB._replace(key=key(555)), NOBODY], *PAY_SECOND))
    assert wrong.status == DiscardStatus.INVALID_AUTH_KEY
    assert wrong.details == {"sender": BOB.address.hex()}
    first = refusal(world, world.sign_together(ALICE, [NOBODY, BOB._replace(key=key(555))], *PAY_SECOND))
    assert first.status == DiscardStatus.SENDING_ACCOUNT_DOES_NOT_EXIST


def test_a_frozen_secondary_signer_and_its_number_are_not_asked_about(world) -> None:
    """As in Diem only the sender's freeze and sequence number are checked before a transaction runs."""
    world.change(BOB, is_frozen=True, sequence_number=U64_MAX)
    prologue(world, world.sign_together(ALICE, [BOB], *PAY_SECOND))
    world.change(ALICE, is_frozen=True)
    found = refusal(world, world.sign_together(ALICE, [BOB], *PAY_SECOND))
    assert found.status == DiscardStatus.SENDING_ACCOUNT_FROZEN


def test_at_most_32_signatures_of_all_signers_together(world) -> None:
    """'at most 32 signatures in total': it is told as a bad signature, 1; what counts is signatures, not signers."""
    alice = own_key(world, ALICE, plain(31, 32, using=range(31)))
    prologue(world, world.sign_together(alice, [BOB], *PAY_SECOND))
    more = own_key(world, ALICE, plain(31, 32, using=range(32)))
    found = refusal(world, world.sign_together(more, [BOB], *PAY_SECOND))
    assert found.status == DiscardStatus.INVALID_SIGNATURE
    assert found.details == {"signatures": 33, "maximum": 32}
    prologue(world, world.sign(more, "rotate_authentication_key", bytes(32)))


@pytest.mark.parametrize("make", [plain, mixed])
def test_k_of_n_keys_pass(world, make) -> None:
    """Schemes 1 and 4 are keys like others: of the sender and of a secondary signer."""
    alice, bob = own_key(world, ALICE, make()), own_key(world, BOB, make(first=950))
    tx = world.sign_together(alice, [bob], *PAY_SECOND)
    prologue(world, tx)
    assert signatures_hold(world, tx)
    assert decode_transaction(tx.envelope) == tx
    other = party_of(make(first=970))
    assert refusal(world, world.sign_together(alice._replace(key=other.key), [bob], *PAY_SECOND)).status == (
        DiscardStatus.INVALID_AUTH_KEY
    )


ORDER = [
    DiscardStatus.INVALID_SIGNATURE,
    DiscardStatus.FEATURE_UNDER_GATING,
    DiscardStatus.SIGNERS_CONTAIN_DUPLICATES,
    DiscardStatus.CURRENCY_INFO_DOES_NOT_EXIST,
    DiscardStatus.MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND,
    DiscardStatus.SENDING_ACCOUNT_DOES_NOT_EXIST,
    DiscardStatus.BAD_CHAIN_ID,
]


@pytest.mark.parametrize("first", range(len(ORDER)), ids=[status.name for status in ORDER])
def test_the_first_fault_is_told(world, first) -> None:
    """3.6: 'signature -> payload gating -> duplicate signers -> gas currency ... -> gas bounds -> prologue'; in Diem's
    multi-agent prologue the secondary signers come before the chain id."""
    faults = set(ORDER[first:])
    alice = own_key(world, ALICE, plain(30, 32, using=range(32 if ORDER[0] in faults else 30)))
    others = [NOBODY] if DiscardStatus.SENDING_ACCOUNT_DOES_NOT_EXIST in faults else [BOB]
    others += [ALICE] if DiscardStatus.SIGNERS_CONTAIN_DUPLICATES in faults else []
    options: dict[str, int | str] = {}
    if DiscardStatus.CURRENCY_INFO_DOES_NOT_EXIST in faults:
        options["gas_currency"] = "NOPE"
    if DiscardStatus.MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND in faults:
        options["max_gas"] = 4_000_001
    if DiscardStatus.BAD_CHAIN_ID in faults:
        options["chain_id"] = 1
    tx = world.sign_together(alice, others, *PAY_SECOND, **options)
    last = tx.secondaries[-1]
    if DiscardStatus.FEATURE_UNDER_GATING in faults:
        tx = tx._replace(secondaries=(*tx.secondaries[:-1], last._replace(scheme=5)))
    assert refusal(world, tx).status == ORDER[first]


def test_a_signature_covers_the_other_signers(world) -> None:
    """T9: everybody signs the raw bytes with the secondary signers' addresses in order."""
    tx = world.sign_together(ALICE, [BOB, US], *PAY_SECOND)
    assert signatures_hold(world, tx)
    bob, us = tx.secondaries
    assert not signatures_hold(world, tx._replace(secondaries=(us, bob)))
    assert not signatures_hold(world, tx._replace(secondaries=(bob,)))
    assert not signatures_hold(world, tx._replace(secondaries=()))
    alone = world.sign(ALICE, *PAY_SECOND)
    assert signatures_hold(world, alone)
    assert not signatures_hold(world, alone._replace(secondaries=(bob,)))
    assert world.account(ALICE).balance("XUS") == 1_000 * ONE
    assert Scheme(tx.scheme) is Scheme.ED25519
