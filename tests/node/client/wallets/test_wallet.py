"""Signing: which number is next, what is kept, and how one transaction's outcome is told."""

from pathlib import Path
from typing import Any

import pytest

from node.client.rpc import ConnectionFailed
from node.client.sending.gateway import AccountView, Gateway
from node.client.sending.outbox import OutboxError
from node.client.wallets.book import WalletError
from node.client.wallets.wallet import Wallet
from node.keystore import save_key
from node.localnet.build import build_network
from tests.builders import ALICE, ANNA, BOB, NOW_SECS, ONE, PAYMENT, small_world
from tests.node.client.fake_chain import FakeChain

LATER = NOW_SECS + 100_000


class Scene:
    """A wallet whose validators are a chain in memory, and what each of them says of alice."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.chain = FakeChain(small_world())
        self.views: list[AccountView] = []
        self.wallet = Wallet(build_network(directory, 1, seed=1))
        for name, who in (("alice", ALICE), ("bob", BOB)):
            self.wallet.add_name(name, who.address)
        save_key(self.wallet.network.keys / "accounts/alice.json", "alice", (50).to_bytes(32, "big"))
        monkeypatch.setattr(Gateway, "accounts", lambda _, __: self.views)
        monkeypatch.setattr(Wallet, "_chain", lambda _: self)
        for name in ("submit", "look", "wait", "now_s"):
            setattr(self, name, getattr(self.chain, name))
        self.says(0)

    def start(self) -> None:
        """Everybody answers."""

    def accounts(self, _: bytes) -> list[AccountView]:
        """As the validators were told to say."""
        if not self.views:
            raise ConnectionFailed("no validator answers")
        return self.views

    def says(self, *numbers: int | None, time_s: int = NOW_SECS) -> None:
        """What each validator has as alice's next number; None where it does not know her."""
        self.views = [AccountView(number is not None, number or 0, {}, time_s * 1_000_000, ()) for number in numbers]

    def sign(self, micro: int = 1, **options: Any) -> Any:
        """A payment from alice to bob."""
        return self.wallet.sign("alice", PAYMENT, "XUS", BOB.address, micro, b"", b"", fee_currency="XUS", **options)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Alice has a key here, bob an address."""
    return Scene(tmp_path / "net", monkeypatch)


def test_the_furthest_validator_tells_the_number(scene: Scene) -> None:
    """ "A validator that catches up knows an old one; signing under it would only be refused"."""
    scene.says(3, 7, None, 5)
    assert scene.wallet.next_number(scene.wallet.find("alice")) == 7


def test_an_account_that_no_validator_knows(scene: Scene) -> None:
    """One clear error, and nothing is signed."""
    scene.says(None, None)
    with pytest.raises(WalletError, match="alice has no account on the ledger yet") as caught:
        scene.sign()
    assert caught.value.name == "unknown_account"
    scene.says()
    with pytest.raises(ConnectionFailed):
        scene.sign()
    assert scene.wallet.outbox.entries() == []


def test_numbers_under_way_are_not_signed_again(scene: Scene) -> None:
    """O2: "the lowest from the ledger's next on under which nothing of this outbox is open or committed"."""
    scene.says(5)
    first, second, third = (scene.sign(micro) for micro in (1, 2, 3))
    assert [tx.raw.sequence_number for tx in (first, second, third)] == [5, 6, 7]
    scene.wallet.discard(second)
    assert scene.sign(4).raw.sequence_number == 6
    scene.wallet.outbox.mark(first.hash, "committed")
    assert scene.sign(5).raw.sequence_number == 8, "the ledger's answer was old: 5 is used"
    scene.says(20)
    assert scene.sign(6).raw.sequence_number == 20


@pytest.mark.parametrize(("next_number", "ahead_s", "is_expired"), [(0, 0, True), (0, -1, False), (1, 0, False)])
def test_what_expired_unused_frees_its_number(scene: Scene, next_number: int, ahead_s: int, is_expired: bool) -> None:
    """O3: "unused when the ledger's time has passed the expiration": both, as one validator has them."""
    tx = scene.sign()
    scene.says(next_number, time_s=tx.raw.expiration_secs + ahead_s)
    again = scene.sign(2)
    assert scene.wallet.outbox.get(tx.hash).status == ("expired" if is_expired else "stored")
    assert again.raw.sequence_number == (0 if is_expired else 1)


def test_two_validators_together_prove_nothing(scene: Scene) -> None:
    """The number of one and the time of another are not one state of the ledger."""
    tx = scene.sign()
    scene.views = [
        AccountView(True, 0, {}, NOW_SECS * 1_000_000, ()),
        AccountView(True, 1, {}, (tx.raw.expiration_secs + 5) * 1_000_000, ()),
    ]
    scene.sign(2)
    assert scene.wallet.outbox.get(tx.hash).status == "stored"


def test_signing_keeps_the_bytes_and_the_callers_name(scene: Scene) -> None:
    """O1: "signed bytes are durable in the outbox before they may leave", with the caller's own id from the start."""
    tx = scene.sign(key="rent")
    entry = scene.wallet.outbox.by_key("rent")
    assert entry is not None
    assert (entry.hash, entry.status) == (tx.hash, "stored")
    with pytest.raises(OutboxError) as caught:
        scene.sign(2, key="rent")
    assert caught.value.name == "id_used"
    assert len(scene.wallet.outbox.entries()) == 1


def test_a_given_number_is_signed_as_it_is(scene: Scene) -> None:
    """`sign_numbered` asks nobody and keeps nothing."""
    scene.says()
    call = (PAYMENT, "XUS", BOB.address, 1, b"", b"")
    tx = scene.wallet.sign_numbered("alice", 77, *call, fee_currency="XUS", expiration_secs=LATER)
    assert (tx.raw.sequence_number, tx.raw.expiration_secs, tx.raw.sender) == (77, LATER, ALICE.address)
    assert (tx.raw.max_gas_amount, tx.raw.gas_unit_price, tx.raw.gas_currency) == (6_000, 1, "XUS")
    free = scene.wallet.sign_numbered("alice", 78, *call, fee_currency=None)
    assert free.raw.gas_unit_price == 0
    assert scene.wallet.outbox.entries() == []


def signed(scene: Scene, micro: int = 1, number: int = 0, who: Any = ALICE, expires: int = NOW_SECS + 5_000) -> Any:
    """A payment whose time the chain in memory has not passed."""
    return scene.chain.world.sign(
        who, PAYMENT, "XUS", BOB.address, micro, b"", b"", number=number, max_gas=6_000, price=1, expires=expires
    )


def error_of(scene: Scene, tx: Any, **options: Any) -> WalletError:
    """What `execute` raises."""
    with pytest.raises(WalletError) as caught:
        scene.wallet.execute(tx, **options)
    return caught.value


def test_an_executed_one(scene: Scene) -> None:
    """version, hash, status, final_s, fee, fee_currency; a repeat by its hash is the same."""
    tx = signed(scene, ONE)
    done = scene.wallet.execute(tx)
    assert done == {
        "version": 0, "hash": tx.hash.hex(), "status": "executed", "final_s": 0.1, "fee": 600, "fee_currency": "XUS"
    }  # fmt: skip
    assert scene.wallet.outbox.get(tx.hash).status == "committed"
    assert scene.wallet.resume(tx.hash)["version"] == 0
    assert len(scene.chain.ledger) == 1


def test_how_each_other_outcome_is_told(scene: Scene) -> None:
    """The rule's name, the numbers, the chain's code, and the hash that can be asked about."""
    tx = signed(scene, 5_000 * ONE)
    failed = error_of(scene, tx)
    assert (failed.name, failed.details["code"], failed.details["version"]) == ("failed_on_chain", 1288, 0)
    assert failed.message.startswith("it ran at version 0 and failed: EINSUFFICIENT_BALANCE")
    assert failed.message.endswith("; the fee was charged")
    displaced = error_of(scene, signed(scene, 2))
    assert displaced.name == "sequence_number_too_old"
    assert displaced.message == "another transaction used number 0, at version 0; it can never run"
    scene.chain.world.change(BOB, is_frozen=True)
    frozen = error_of(scene, signed(scene, 3, number=1))
    assert (frozen.name, frozen.details["reason"]) == ("account_frozen", "EACCOUNT_FROZEN")
    scene.chain.world.change(ALICE, is_frozen=True)
    refused = error_of(scene, signed(scene, 4, number=2))
    assert (refused.name, refused.details["code"]) == ("sending_account_frozen", 18)
    scene.chain.is_halted = True
    scene.chain.world.change(BOB, is_frozen=False)
    late = signed(scene, 5, number=0, who=ANNA)
    unknown = error_of(scene, late, timeout_s=3)
    assert unknown.name == "timed_out"
    assert unknown.message == f"not final after 3 s, it may still become so: mithqal tx wait {late.hash.hex()}"
    for error in (failed, displaced, frozen, refused, unknown):
        assert len(str(error.details["hash"])) == 64
    scene.chain.is_halted = False
    assert scene.wallet.resume(late.hash)["status"] == "executed"


def test_a_failure_at_price_0_charged_nothing(scene: Scene) -> None:
    """T7: 'the fee is charged': gas x price, which is nothing for the treasury and the association."""
    free = scene.chain.world.sign(ALICE, PAYMENT, "XUS", BOB.address, 5_000 * ONE, b"", b"", expires=NOW_SECS + 5_000)
    before = scene.chain.world.balance(ALICE)
    failed = error_of(scene, free)
    assert failed.message.endswith("; its price was 0, so that no fee was charged")
    assert scene.chain.world.balance(ALICE) == before


def test_an_expired_one(scene: Scene) -> None:
    """It can never run: 4, not 7."""
    scene.chain.is_halted = True
    tx = signed(scene, 1, expires=NOW_SECS + 1_100)
    assert error_of(scene, tx, timeout_s=1).name == "timed_out"
    scene.chain.kill_all()
    scene.chain.restart_all()
    scene.chain.is_halted = False
    scene.chain.advance(500)
    scene.chain.commit()
    expired = error_of(scene, tx, timeout_s=30)
    assert expired.name == "transaction_expired"
    assert scene.wallet.outbox.get(tx.hash).status == "expired"


def test_a_second_try_of_what_may_have_left_is_not_refused_for_good(scene: Scene) -> None:
    """O4: after a time-out it may wait in a pool: a refusal then leaves it open, with the validator's word."""
    scene.chain.is_halted = True
    tx = signed(scene)
    assert error_of(scene, tx, timeout_s=2).name == "timed_out"
    held, scene.chain.pools = scene.chain.pools, type(scene.chain)(scene.chain.world).pools
    scene.chain.world.change(ALICE, is_frozen=True)
    again = error_of(scene, tx, timeout_s=2)
    assert again.name == "timed_out"
    assert "frozen" in again.message
    scene.chain.world.change(ALICE, is_frozen=False)
    scene.chain.pools = held
    scene.chain.is_halted = False
    assert scene.wallet.resume(tx.hash)["status"] == "executed"
