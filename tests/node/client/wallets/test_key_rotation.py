"""Another key for an account: durable before it leaves, old ones kept, a repeat finishes what broke off."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from chain.crypto.multi import Member, multi_key
from chain.crypto.signing import Scheme
from chain.errors import MithqalError
from cli.exits import exit_code
from node.client.payments.pay import Order, pay
from node.client.wallets import rotation
from node.client.wallets.accounts import create_account
from node.client.wallets.attestation import has_credential
from node.client.wallets.holders import HeldKey, authentication_key_of
from node.client.wallets.rotation import rotate_key
from node.client.wallets.wallet import Wallet
from node.keystore import load_any, load_key, save_multi_key
from tests.builders import key
from tests.in_process import running
from tests.several import mixed

COIN = 1_000_000


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Generator[Wallet]:
    """One network for the module."""
    with running(tmp_path_factory.mktemp("rotation") / "net") as (wallet, _):
        yield wallet


@pytest.fixture
def wallet(network: Wallet) -> Wallet:
    """As a new command has it."""
    return Wallet(network.network)


def on_ledger(wallet: Wallet, name: str) -> dict[str, Any]:
    found = wallet.client.call("get_account", wallet.find(name).address.hex())
    assert isinstance(found, dict)
    return found


def paths(wallet: Wallet, name: str) -> tuple[Path, Path]:
    """The account's key, and the one that it is to have."""
    keys = wallet.network.keys
    return keys / "accounts" / f"{name}.json", keys / "next" / f"{name}.json"


def person(wallet: Wallet, name: str, micro: int = 10 * COIN) -> str:
    """A child account with so many micro-XUS."""
    name = f"{name}@us-wallet"
    create_account(wallet, name)
    if micro:
        pay(wallet, Order("dealer-one", name, micro, "XUS"))
    return name


def refused(function: Any, *arguments: Any, **options: Any) -> MithqalError:
    with pytest.raises(MithqalError) as caught:
        function(*arguments, **options)
    return caught.value


def test_the_new_key_takes_the_old_ones_place(wallet: Wallet) -> None:
    """'Rotation never changes the address'; old keys stay below `retired`, which only their owner reads."""
    name = person(wallet, "rita")
    current, following = paths(wallet, name)
    old, address = load_key(current), wallet.find(name).address
    done = rotate_key(wallet, name, scheme=Scheme.P256)
    new = load_key(current)
    assert (new.scheme, done["scheme"], done["address"]) == (Scheme.P256, "p256", address.hex())
    assert done["authentication_key"] == new.authentication_key().hex() == on_ledger(wallet, name)["authentication_key"]
    assert not following.exists()
    retired = Path(done["retired"])
    assert load_key(retired).public_key == old.public_key
    assert retired.name == f"rita@us-wallet-{old.authentication_key().hex()[:8]}.json"
    assert retired.parent.stat().st_mode & 0o777 == 0o700
    wallet = Wallet(wallet.network)
    assert (wallet.find(name).address, wallet.find(name).scheme) == (address, Scheme.P256)
    assert pay(wallet, Order(name, "dealer-one", COIN, "XUS"))["status"] == "executed"


@pytest.mark.parametrize("broken", ["wallet.sign", "_take_its_place"])
def test_a_repeat_finishes_with_the_same_key(wallet: Wallet, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """'A repeat finishes what was interrupted, with the same new key': before the transaction, and after it."""
    name = person(wallet, f"repeat{len(broken)}")
    current, following = paths(wallet, name)
    old = load_key(current).public_key

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Wallet if broken == "wallet.sign" else rotation, broken.rpartition(".")[2], dies)
        with pytest.raises(KeyboardInterrupt):
            rotate_key(wallet, name)
    waiting = load_key(following)
    assert load_key(current).public_key == old
    for scheme in (Scheme.P256, Scheme.SECP256K1):
        error = refused(rotate_key, wallet, name, scheme=scheme)
        assert error.name == "rotation_unfinished"
    done = rotate_key(wallet, name, scheme=Scheme.ED25519)
    assert load_key(current).public_key == waiting.public_key
    assert on_ledger(wallet, name)["authentication_key"] == done["authentication_key"]
    assert on_ledger(wallet, name)["sequence_number"] == 1
    assert "version" in done if broken == "wallet.sign" else "version" not in done


def test_a_key_from_a_file_that_waits_is_the_one_or_another(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeat with the same file goes on; one with another file is refused and changes nothing."""
    name, other = person(wallet, "file"), person(wallet, "other", 0)
    wallet.new_key("mine")
    source = wallet.network.keys / "accounts" / "mine.json"
    with monkeypatch.context() as patch:
        patch.setattr(Wallet, "sign", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            rotate_key(wallet, name, source=source)
    error = refused(rotate_key, wallet, name, source=paths(wallet, other)[0])
    assert error.name == "rotation_unfinished"
    done = rotate_key(wallet, name, source=source)
    assert done["authentication_key"] == authentication_key_of(load_any(source)).hex()


@pytest.mark.parametrize(("micro", "fee"), [(11_999, 0), (12_000, 600)])
def test_who_holds_too_little_pays_nothing(wallet: Wallet, micro: int, fee: int) -> None:
    """Twice what the fee may reach, 6,000, or a price of 0: a poor account can still be saved."""
    name = person(wallet, f"poor{micro}", micro)
    assert rotate_key(wallet, name)["fee"] == fee
    assert {held["currency"]: held["amount"] for held in on_ledger(wallet, name)["balances"]}["XUS"] == micro - fee


@pytest.mark.parametrize(("micro", "fee"), [(28_199, 0), (28_200, 8_600)])
def test_the_fee_of_several_keys(wallet: Wallet, micro: int, fee: int) -> None:
    """K11: two signatures of ECDSA and one of Ed25519 may cost 8,100 beside the 6,000."""
    name = person(wallet, f"several{micro}", micro + 600)
    several = mixed(3)
    keys = wallet.network.keys
    if not (keys / "accounts" / "holder0.json").exists():
        for place, private in enumerate(several.keys):
            wallet.new_key(f"holder{place}", private.scheme, (801 + place).to_bytes(32, "big"))
        save_multi_key(keys / "accounts" / "board.json", "board", several.multi)
    rotate_key(wallet, name, source=keys / "accounts" / "board.json")
    done = rotate_key(Wallet(wallet.network), name)
    assert done["fee"] == fee


def test_no_account_no_rotation(wallet: Wallet) -> None:
    """Exit 6."""
    created = wallet.new_key("nobody")
    wallet.add_name("nobody", created.authentication_key()[16:])
    error = refused(rotate_key, wallet, "nobody")
    assert (error.name, exit_code(error)) == ("unknown_account", 6)


def test_k_signatures_and_no_more_the_cheapest() -> None:
    """Of more holders' keys than K those sign that cost least to verify, and the lower place of equal ones."""
    private = [key(801, Scheme.P256), key(802), key(803, Scheme.SECP256K1), key(804), key(805)]
    several = multi_key(2, [Member(int(one.scheme), one.public_key) for one in private])
    held = HeldKey(several, dict(enumerate(private)))
    assert held.sign(b"m") == private[1].sign(b"m") + private[3].sign(b"m") + bytes([0b0101_0000, 0, 0, 0])
    poor = HeldKey(several, {0: private[0], 2: private[2]})
    assert poor.sign(b"m")[-4:] == bytes([0b1010_0000, 0, 0, 0])


@pytest.mark.parametrize(
    ("role", "has"),
    [({}, False), ({"compliance_key": "ab"}, False), ({"base_url": "https://x"}, False),
     ({"compliance_key": "", "base_url": "https://x"}, False), ({"compliance_key": "ab", "base_url": "x"}, True)],
)  # fmt: skip
def test_a_credential_is_a_key_and_a_url(role: dict[str, str], has: bool) -> None:
    """1.7: an attested payment needs both (EPAYEE_COMPLIANCE_KEY_NOT_SET, EPAYEE_BASE_URL_NOT_SET)."""
    assert has_credential({"role": role}) is has
