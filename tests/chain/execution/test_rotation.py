"""Keys: rotation, sliding nonces with it, recovery addresses, shared public keys (reference 1.10)."""

import json
from pathlib import Path

import pytest

from chain.accounts import Account, Role
from chain.crypto.signing import Scheme, authentication_key
from chain.limits import MAX_RECOVERABLE
from chain.records.roles import RecoveryAddress, SharedKey, SlidingNonce, nonce_key, recovery_key, shared_key_key
from chain.validation import Discard, DiscardStatus
from tests.builders import (
    ALICE,
    ANNA,
    BOB,
    BR,
    DEALER,
    NOBODY,
    NOW_SECS,
    ROOT,
    TC,
    US,
    Party,
    World,
    event,
    key,
    party,
    small_world,
)  # fmt: skip

EDGE_CASES = json.loads((Path(__file__).parents[2] / "vectors/ed25519_edge_cases.json").read_text())
NEW = key(4242)
NEW_KEY = NEW.authentication_key()
ROTATE = "rotate_authentication_key"
WITH_NONCE = "rotate_authentication_key_with_nonce"
ADMIN = "rotate_authentication_key_with_nonce_admin"
RECOVER = "rotate_authentication_key_with_recovery_address"
HAND_OVER = "add_recovery_rotation_capability"
PUBLISH, REPUBLISH = "publish_shared_ed25519_public_key", "rotate_shared_ed25519_public_key"

EXTRACTED = ("DiemAccount", 1 + 256 * 9)
MALFORMED = ("DiemAccount", 7 + 256 * 8)
NO_ACCOUNT = ("DiemAccount", 5 + 256 * 0)
NOT_ROOT = ("CoreAddresses", 2 + 256 * 0)
NO_NONCES = ("SlidingNonce", 5 + 256 * 0)
TOO_NEW = ("SlidingNonce", 7 + 256 * 2)
NOT_A_VASP = ("RecoveryAddress", 7 + 256 * 0)
CANNOT_ROTATE = ("RecoveryAddress", 7 + 256 * 2)
OTHER_VASP = ("RecoveryAddress", 7 + 256 * 3)
NOT_RECOVERABLE = ("RecoveryAddress", 7 + 256 * 4)
NO_RECOVERY = ("RecoveryAddress", 5 + 256 * 5)
FULL = ("RecoveryAddress", 8 + 256 * 6)
BAD_SHARED_KEY = ("SharedEd25519PublicKey", 7 + 256 * 0)
NO_SHARED_KEY = ("SharedEd25519PublicKey", 5 + 256 * 1)


@pytest.fixture
def world() -> World:
    return small_world()


def with_new_key(who: Party) -> Party:
    """The same party, who signs by the new key."""
    return who._replace(key=NEW)


def auth_key(world: World, who: Party) -> bytes:
    return world.account(who).authentication_key


class TestOwnKey:
    """rotate_authentication_key and the same under a nonce."""

    @pytest.mark.parametrize("who", [ALICE, US, DEALER, TC, ROOT])
    def test_a_new_key_signs_from_then_on(self, world: World, who: Party) -> None:
        """'Rotation changes the stored auth key, never the address.'"""
        world.do(who, ROTATE, NEW_KEY)
        (old,) = world.block(world.sign(who, ROTATE, bytes(32)))
        assert isinstance(old, Discard)
        assert old.status == DiscardStatus.INVALID_AUTH_KEY
        world.do(with_new_key(who), ROTATE, who.key.authentication_key())
        assert world.account(who).address == who.address
        assert world.account(who).sequence_number == 2

    def test_the_new_key_may_be_of_another_scheme(self, world: World) -> None:
        """The authentication key hashes the scheme byte."""
        new = party(4243, Scheme.SECP256K1)
        world.do(ALICE, ROTATE, new.key.authentication_key())
        world.pay(ALICE._replace(key=new.key), US, 1)

    @pytest.mark.parametrize("size", [0, 31, 33])
    def test_an_authentication_key_has_32_bytes(self, world: World, size: int) -> None:
        """EMALFORMED_AUTHENTICATION_KEY, after the capability."""
        assert world.fails(ALICE, ROTATE, bytes(size)) == MALFORMED
        assert world.fails(TC, WITH_NONCE, 0, bytes(size)) == MALFORMED
        world.do(ALICE, "create_recovery_address")
        assert world.fails(ALICE, ROTATE, bytes(size)) == EXTRACTED

    @pytest.mark.parametrize("who", [TC, ROOT])
    def test_under_a_nonce(self, world: World, who: Party) -> None:
        """'rotate_authentication_key_with_nonce uses the SlidingNonce (only Root and TC have one)'; the nonce comes
        first, and is recorded with the rotation only."""
        assert world.fails(who, WITH_NONCE, 10_000, b"") == TOO_NEW
        assert world.fails(who, WITH_NONCE, 3, b"") == MALFORMED
        assert world.get(nonce_key(who.address)) is None
        assert world.do(who, WITH_NONCE, 3, NEW_KEY) == ()
        assert world.get(nonce_key(who.address)) == SlidingNonce(0, 1 << 3)
        assert auth_key(world, who) == NEW_KEY
        world.do(with_new_key(who), WITH_NONCE, 0, who.key.authentication_key())
        assert world.get(nonce_key(who.address)) == SlidingNonce(0, 1 << 3)

    @pytest.mark.parametrize("who", [ALICE, US, DEALER])
    @pytest.mark.parametrize("nonce", [0, 1])
    def test_who_has_no_nonces(self, world: World, who: Party, nonce: int) -> None:
        """3.8: 'Root, TC'; the others use rotate_authentication_key."""
        assert world.fails(who, WITH_NONCE, nonce, NEW_KEY) == NO_NONCES


class TestLostKey:
    """rotate_authentication_key_with_nonce_admin: the association signs and names the account."""

    @pytest.mark.parametrize("who", [ALICE, US, DEALER, TC, ROOT])
    def test_root_changes_any_key(self, world: World, who: Party) -> None:
        """1.3: 'Admin scripts let Root act for a lost key'; an admintransaction on root's handle 1, in seconds."""
        world.context = world.context._replace(timestamp_us=NOW_SECS * 1_000_000 + 999_999)
        assert world.do(ROOT, ADMIN, 7, who.address, NEW_KEY) == (
            event(1, ROOT.address, 0, "admintransaction", NOW_SECS),
        )
        assert auth_key(world, who) == NEW_KEY
        assert world.get(nonce_key(ROOT.address)) == SlidingNonce(0, 1 << 7)
        world.do(with_new_key(who), ROTATE, who.key.authentication_key())

    @pytest.mark.parametrize("who", [ALICE, US, DEALER, TC])
    def test_nobody_else_does(self, world: World, who: Party) -> None:
        """REQUIRES_ADDRESS, EDIEM_ROOT: before the nonce and the account."""
        assert world.fails(who, ADMIN, 10_000, NOBODY.address, b"") == NOT_ROOT

    def test_order_of_checks(self, world: World) -> None:
        """Nonce, account, capability, key."""
        world.do(ANNA, "create_recovery_address")
        assert world.fails(ROOT, ADMIN, 10_000, NOBODY.address, b"") == TOO_NEW
        assert world.fails(ROOT, ADMIN, 1, NOBODY.address, b"") == NO_ACCOUNT
        assert world.fails(ROOT, ADMIN, 1, ANNA.address, b"") == EXTRACTED
        assert world.fails(ROOT, ADMIN, 1, ALICE.address, b"") == MALFORMED
        assert world.get(nonce_key(ROOT.address)) is None


class TestRecovery:
    """create_recovery_address, add_recovery_rotation_capability, and the rotation through them."""

    @pytest.mark.parametrize("who", [US, ALICE])
    def test_a_recovery_account_holds_its_own_capability(self, world: World, who: Party) -> None:
        """'a VASP account stores its own rotation capability in a RecoveryAddress'."""
        assert world.do(who, "create_recovery_address") == ()
        record = recovery_key(who.address)
        assert world.get(record) == RecoveryAddress(who.address, (who.address,))
        assert world.account(who).rotation_capability == record
        assert world.fails(who, "create_recovery_address") == EXTRACTED
        assert world.fails(who, ROTATE, NEW_KEY) == EXTRACTED
        world.do(who, RECOVER, who.address, who.address, NEW_KEY)
        assert auth_key(world, who) == NEW_KEY

    @pytest.mark.parametrize("who", [DEALER, TC, ROOT])
    def test_only_a_vasp_is_one(self, world: World, who: Party) -> None:
        """ENOT_A_VASP, INVALID_ARGUMENT; the capability is asked before."""
        assert world.fails(who, "create_recovery_address") == NOT_A_VASP
        world.do(who, PUBLISH, NEW.public_key)
        assert world.fails(with_new_key(who), "create_recovery_address") == EXTRACTED

    @pytest.mark.parametrize(("who", "recovery"), [(ALICE, US), (ALICE, ANNA), (US, ALICE)])
    def test_handing_over(self, world: World, who: Party, recovery: Party) -> None:
        """'After that only the recovery account or the account itself may rotate that key, through the recovery
        script', in whatever way parent and children of one VASP serve each other."""
        world.do(recovery, "create_recovery_address")
        assert world.do(who, HAND_OVER, recovery.address) == ()
        record = recovery_key(recovery.address)
        assert world.get(record) == RecoveryAddress(recovery.address, (recovery.address, who.address))
        assert world.account(who).rotation_capability == record
        assert world.fails(who, ROTATE, NEW_KEY) == EXTRACTED
        assert world.fails(ROOT, ADMIN, 0, who.address, NEW_KEY) == EXTRACTED
        assert world.fails(who, HAND_OVER, recovery.address) == EXTRACTED
        assert world.fails(who, PUBLISH, NEW.public_key) == EXTRACTED
        assert world.do(recovery, RECOVER, recovery.address, who.address, NEW_KEY) == ()
        assert auth_key(world, who) == NEW_KEY
        assert auth_key(world, recovery) == recovery.key.authentication_key()
        world.do(with_new_key(who), RECOVER, recovery.address, who.address, who.key.authentication_key())
        world.pay(who, BOB, 1) if who is ALICE else world.do(who, "add_currency_to_account", "XDX")

    def test_order_of_checks_when_handing_over(self, world: World) -> None:
        """Capability, recovery address, same VASP, at most 256 keys."""
        world.do(US, "create_recovery_address")
        world.do(BR, "create_recovery_address")
        assert world.fails(US, HAND_OVER, NOBODY.address) == EXTRACTED
        assert world.fails(ALICE, HAND_OVER, NOBODY.address) == NO_RECOVERY
        assert world.fails(ALICE, HAND_OVER, ANNA.address) == NO_RECOVERY
        for recovery in (US, BR):
            full = RecoveryAddress(recovery.address, (recovery.address,) * MAX_RECOVERABLE)
            world.records[recovery_key(recovery.address)] = full
        assert world.fails(BOB, HAND_OVER, US.address) == OTHER_VASP
        assert world.fails(DEALER, HAND_OVER, US.address) == OTHER_VASP
        assert world.fails(TC, HAND_OVER, US.address) == OTHER_VASP
        assert world.fails(ALICE, HAND_OVER, US.address) == FULL

    def test_a_recovery_account_serves_256(self, world: World) -> None:
        """'max 256': its own is the first of them."""
        world.do(US, "create_recovery_address")
        record = recovery_key(US.address)
        almost = RecoveryAddress(US.address, (US.address,) * 255)
        world.records[record] = almost
        world.do(ALICE, HAND_OVER, US.address)
        assert world.get(record) == RecoveryAddress(US.address, (*almost.recoverable, ALICE.address))
        assert world.fails(ANNA, HAND_OVER, US.address) == FULL
        assert world.account(ANNA).rotation_capability == b""

    def test_order_of_checks_when_rotating(self, world: World) -> None:
        """Recovery address, who signs, whose key it is, 32 bytes."""
        world.do(US, "create_recovery_address")
        world.do(ALICE, HAND_OVER, US.address)
        assert world.fails(DEALER, RECOVER, ANNA.address, BOB.address, b"") == NO_RECOVERY
        for who in (ANNA, BOB, DEALER, TC, ROOT):
            assert world.fails(who, RECOVER, US.address, ALICE.address, b"") == CANNOT_ROTATE
        assert world.fails(ANNA, RECOVER, US.address, BOB.address, b"") == CANNOT_ROTATE
        assert world.fails(ANNA, RECOVER, US.address, ANNA.address, b"") == NOT_RECOVERABLE
        assert world.fails(US, RECOVER, US.address, ANNA.address, b"") == NOT_RECOVERABLE
        assert world.fails(US, RECOVER, US.address, NOBODY.address, b"") == NOT_RECOVERABLE
        assert world.fails(US, RECOVER, US.address, ALICE.address, bytes(31)) == MALFORMED
        assert world.fails(ALICE, RECOVER, US.address, ALICE.address, bytes(33)) == MALFORMED


class TestSharedKey:
    """publish_shared_ed25519_public_key and rotate_shared_ed25519_public_key."""

    @pytest.mark.parametrize("who", [ALICE, US, DEALER, TC, ROOT])
    def test_a_published_key_becomes_the_accounts(self, world: World, who: Party) -> None:
        """'publishes the raw key on chain and ties rotation to it'."""
        assert world.do(who, PUBLISH, NEW.public_key) == ()
        record = shared_key_key(who.address)
        assert world.get(record) == SharedKey(who.address, NEW.public_key)
        assert auth_key(world, who) == authentication_key(Scheme.ED25519, NEW.public_key)
        assert world.account(who).rotation_capability == record
        again = with_new_key(who)
        assert world.fails(again, ROTATE, bytes(32)) == EXTRACTED
        assert world.fails(again, PUBLISH, NEW.public_key) == EXTRACTED
        assert world.do(again, REPUBLISH, who.key.public_key) == ()
        assert world.get(record) == SharedKey(who.address, who.key.public_key)
        assert world.fails(who, ROTATE, bytes(32)) == EXTRACTED

    def test_what_is_refused(self, world: World) -> None:
        """Capability or published key first, then the key itself."""
        bad = bytes(32)
        assert world.fails(ALICE, PUBLISH, bad) == BAD_SHARED_KEY
        assert world.fails(ALICE, REPUBLISH, bad) == NO_SHARED_KEY
        world.do(US, "create_recovery_address")
        assert world.fails(US, PUBLISH, bad) == EXTRACTED
        assert world.fails(US, REPUBLISH, bad) == NO_SHARED_KEY
        world.do(ALICE, PUBLISH, NEW.public_key)
        for wrong in (b"", NEW.public_key[:31], NEW.public_key + b"\0", bad):
            assert world.fails(with_new_key(ALICE), REPUBLISH, wrong) == BAD_SHARED_KEY

    @pytest.mark.parametrize("case", EDGE_CASES, ids=range(len(EDGE_CASES)))
    def test_keys_of_small_order_are_never_published(self, world: World, case: dict[str, str]) -> None:
        """K1 over the keys of the edge cases: all but two (6 and 7, whose fault is a large s) are refused."""
        public = bytes.fromhex(case["pub_key"])
        if EDGE_CASES.index(case) in (6, 7):
            world.do(ALICE, PUBLISH, public)
        else:
            assert world.fails(ALICE, PUBLISH, public) == BAD_SHARED_KEY


def test_an_accounts_bytes_tell_where_its_capability_is(world: World) -> None:
    """The field is the last of the record, empty at first."""
    world.do(ALICE, "create_recovery_address")
    for who, expected in ((ALICE, b"x" + ALICE.address), (ANNA, b"")):
        account = world.account(who)
        assert account.rotation_capability == account[-1] == expected
        assert Account.from_bytes(account.to_bytes()) == account
    assert world.account(ALICE).role == Role.CHILD_VASP
