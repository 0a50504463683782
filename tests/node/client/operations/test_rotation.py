"""New keys by the wallet: own, through a recovery account, published; what breaks off is finished with the same key."""

from collections.abc import Generator
from typing import Any

import pytest

from chain.crypto.signing import Scheme
from chain.errors import MithqalError
from cli.exits import exit_code
from node.client.operations import rotation
from node.client.operations.rotation import add_recovery, change_key, create_recovery
from node.client.payments.pay import Order, pay
from node.client.wallets.accounts import create_account
from node.client.wallets.keys import new_key
from node.client.wallets.wallet import Wallet
from node.keystore import load_key
from tests.in_process import Node, running

US = "us-wallet"


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Wallet, Node]]:
    """One network for the module: each test uses names of its own."""
    with running(tmp_path_factory.mktemp("rotation") / "net") as found:
        yield found


@pytest.fixture
def wallet(chain: tuple[Wallet, Node]) -> Wallet:
    """As a new command has it."""
    return Wallet(chain[0].network)


def child(wallet: Wallet, name: str, provider: str = US) -> None:
    create_account(wallet, name, provider=provider)
    pay(wallet, Order("dealer-one", name, 1_000_000, "XUS"))


def on_ledger(wallet: Wallet, name: str) -> dict[str, Any]:
    found = wallet.client.call("get_account", wallet.find(name).address.hex())
    assert found is not None
    return dict(found)


def refused(code: int, function: Any, *arguments: Any, **options: Any) -> MithqalError:
    with pytest.raises(MithqalError) as caught:
        function(*arguments, **options)
    assert exit_code(caught.value) == code
    return caught.value


def signs(wallet: Wallet, name: str) -> None:
    """The key in its file is the ledger's, and pays."""
    assert on_ledger(wallet, name)["authentication_key"] == wallet.key_of(name).authentication_key().hex()
    pay(wallet, Order(name, US, 10, "XUS"))


def test_an_account_changes_its_own_key(wallet: Wallet) -> None:
    """The address stays, the old key is kept aside, the next payment is signed by the new one."""
    child(wallet, "own")
    before, address = wallet.key_of("own"), wallet.find("own").address
    done = change_key(wallet, "own")
    after = wallet.key_of("own")
    assert (done["signed_by"], done["status"], done["scheme"]) == ("own", "executed", "ed25519")
    assert done["public_key"] == after.public_key.hex() != before.public_key.hex()
    assert done["authentication_key"] == after.authentication_key().hex()
    assert wallet.find("own").address == address
    keys = wallet.network.keys
    assert load_key(keys / "old" / f"own-{before.public_key.hex()[:16]}.json").public_key == before.public_key
    assert not (keys / "next" / "own.json").exists()
    signs(wallet, "own")


def test_another_scheme(wallet: Wallet) -> None:
    """'Rotation never changes the address', nor does the scheme; the book knows the new one."""
    child(wallet, "schemer")
    assert change_key(wallet, "schemer", scheme=Scheme.P256)["scheme"] == "p256"
    assert wallet.find("schemer").scheme == Scheme.P256
    signs(wallet, "schemer")
    assert change_key(wallet, "schemer")["scheme"] == "p256"


def test_through_a_recovery_account(wallet: Wallet) -> None:
    """The provider gives a customer who lost the key a new one; the customer may go on changing it too."""
    child(wallet, "helper")
    child(wallet, "forgetful")
    create_recovery(wallet, "helper")
    assert on_ledger(wallet, "helper")["key_rotation"]["type"] == "recovery_address"
    done = add_recovery(wallet, "forgetful", "helper")
    assert (done["name"], done["recovery"], done["status"]) == ("forgetful", "helper", "executed")
    found = on_ledger(wallet, "forgetful")
    assert found["delegated_key_rotation_capability"] is True
    helper = wallet.find("helper").address.hex()
    assert found["key_rotation"] == {"type": "recovery_address", "address": helper}
    assert on_ledger(wallet, "helper")["recovers"] == [helper, wallet.find("forgetful").address.hex()]
    (wallet.network.keys / "accounts" / "forgetful.json").unlink()
    assert change_key(wallet, "forgetful", by="helper")["signed_by"] == "helper"
    signs(wallet, "forgetful")
    assert change_key(wallet, "forgetful")["signed_by"] == "forgetful"
    signs(wallet, "forgetful")
    error = refused(6, change_key, wallet, "forgetful", by=US)
    assert error.name == "not_recoverable"
    assert error.message == f"{US} cannot change the key of forgetful: its recovery account is helper"
    again = refused(5, create_recovery, wallet, "helper")
    assert again.details["reason"] == "EKEY_ROTATION_CAPABILITY_ALREADY_EXTRACTED"
    assert again.message.endswith("its recovery account is helper")


def test_what_cannot_be_handed_over(wallet: Wallet) -> None:
    """The error says what to do: no recovery account, another provider's, nothing handed over."""
    child(wallet, "lonely")
    create_account(wallet, "elsewhere", provider="br-wallet")
    error = refused(5, add_recovery, wallet, "lonely", "elsewhere")
    assert error.message.endswith("to make it one: mithqal account recovery create elsewhere")
    create_recovery(wallet, "elsewhere")
    error = refused(5, add_recovery, wallet, "lonely", "elsewhere")
    assert error.message.endswith("lonely and elsewhere must be of one wallet provider")
    error = refused(6, change_key, wallet, "lonely", by="elsewhere")
    assert error.message == (
        "elsewhere cannot change the key of lonely: lonely has not handed its right to change it to anybody"
    )


def test_a_published_key_is_changed_by_publishing(wallet: Wallet) -> None:
    """W14: only rotate_shared_ed25519_public_key changes it, so the new key is of Ed25519."""
    child(wallet, "public")
    key = wallet.key_of("public")
    tx = wallet.sign("public", "publish_shared_ed25519_public_key", key.public_key, fee_currency=None)
    wallet.execute(tx)
    change_key(wallet, "public")
    signs(wallet, "public")
    found = on_ledger(wallet, "public")
    assert found["shared_ed25519_public_key"] == wallet.key_of("public").public_key.hex()
    assert found["key_rotation"]["type"] == "shared_ed25519_public_key"
    assert refused(2, change_key, wallet, "public", scheme=Scheme.P256).name == "scheme_mismatch"
    (wallet.network.keys / "next" / "public.json").unlink()
    error = refused(6, change_key, wallet, "public", by=US)
    assert error.message.endswith("public changes it by publishing another one")


@pytest.mark.parametrize("moment", ["execute", "_adopt"])
def test_a_repeat_finishes_with_the_same_key(wallet: Wallet, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """Killed before the transaction leaves, or between the ledger's word and the change of files."""
    name = f"killed-{moment.strip('_')}"
    child(wallet, name)

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(rotation, moment, die)
        with pytest.raises(Killed):
            change_key(wallet, name)
    waiting = load_key(wallet.network.keys / "next" / f"{name}.json")
    assert waiting.public_key != wallet.key_of(name).public_key
    assert refused(2, change_key, wallet, name, scheme=Scheme.P256).message == (
        f"a new key of {name} waits already, of the scheme ed25519: repeat with --scheme ed25519"
    )
    done = change_key(wallet, name)
    assert done["public_key"] == waiting.public_key.hex() == wallet.key_of(name).public_key.hex()
    assert (done["version"] is None) == (moment == "_adopt")
    signs(wallet, name)


def test_who_has_no_account(wallet: Wallet) -> None:
    """A name whose account was never made."""
    new_key(wallet, "planned")
    error = refused(6, change_key, wallet, "planned")
    assert error.name == "unknown_account"
    assert not (wallet.network.keys / "next" / "planned.json").exists()


def test_whose_recovery_account_it_is_already(wallet: Wallet) -> None:
    """W10: who handed the right over cannot hand it over again; the refusal says where it is."""
    name = "rec@jp-wallet"
    create_account(wallet, name)
    create_recovery(wallet, name)
    error = refused(5, create_recovery, wallet, name)
    assert error.details["reason"] == "EKEY_ROTATION_CAPABILITY_ALREADY_EXTRACTED"
    assert error.message.endswith(f": its recovery account is {name}")
