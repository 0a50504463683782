"""New accounts: who makes them, what is refused, and that a repeat finishes whatever was interrupted."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from chain.crypto.signing import Scheme
from chain.errors import MithqalError
from cli.exits import exit_code
from node.client.payments.pay import Order, pay
from node.client.wallets import accounts
from node.client.wallets.accounts import create_account
from node.client.wallets.book import AddressBook
from node.client.wallets.keys import list_keys, new_key, show_key
from node.client.wallets.wallet import Wallet
from node.keystore import load_key
from tests.in_process import Node, running

US = "us-wallet"


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Wallet, Node]]:
    """One network for the module: each test uses names of its own."""
    with running(tmp_path_factory.mktemp("accounts") / "net") as found:
        yield found


@pytest.fixture
def wallet(chain: tuple[Wallet, Node]) -> Wallet:
    """As a new command has it."""
    return Wallet(chain[0].network)


def refused(wallet: Wallet, name: str, **options: Any) -> MithqalError:
    with pytest.raises(MithqalError) as caught:
        create_account(wallet, name, **options)
    return caught.value


def on_ledger(wallet: Wallet, name: str) -> dict[str, Any]:
    found = wallet.client.call("get_account", wallet.find(name).address.hex())
    assert found is not None
    return dict(found)


def creations(wallet: Wallet, name: str) -> int:
    """How often the account was created: the root's stream of creations tells."""
    events = wallet.client.call("get_events", "0000000000000000" + "0" * 24 + "0a550c18", 0, 1000)
    return sum(event["data"]["created_address"] == wallet.find(name).address.hex() for event in events)


# --- who makes what ---


def test_a_child_at_the_provider_of_its_name(wallet: Wallet) -> None:
    """'`account create alice@br-wallet` picks the provider from the name'."""
    done = create_account(wallet, "ana@br-wallet")
    entry = wallet.find("ana@br-wallet")
    assert done["status"] == "executed"
    assert done["fee"] == 1200
    assert {key: done[key] for key in ("name", "address", "role", "provider", "scheme", "unfinished")} == {
        "name": "ana@br-wallet", "address": entry.address.hex(), "role": "child", "provider": "br-wallet",
        "scheme": "ed25519", "unfinished": False,
    }  # fmt: skip
    assert done["identifier"].startswith("tdm1")
    assert wallet.find(done["identifier"]) == entry
    account = on_ledger(wallet, "ana@br-wallet")
    parent = wallet.find("br-wallet").address.hex()
    assert account["role"] == {"type": "child_vasp", "parent_vasp_address": parent}
    assert [item["currency"] for item in account["balances"]] == ["XDX", "XEU", "XGB", "XJP", "XSG", "XUS"]
    assert account["authentication_key"] == wallet.key_of("ana@br-wallet").authentication_key().hex()


@pytest.mark.parametrize("scheme", [Scheme.ED25519, Scheme.SECP256K1, Scheme.P256])
def test_every_scheme_signs(wallet: Wallet, scheme: Scheme) -> None:
    """A key of each scheme makes an account that can pay; the receipt names the scheme."""
    name = f"signer-{scheme.name.lower()}"
    assert create_account(wallet, name, provider=US, scheme=scheme)["scheme"] == scheme.name.lower()
    pay(wallet, Order("dealer-one", name, 1_000_000, "XUS"))
    receipt = pay(wallet, Order(name, US, 10, "XUS"))
    assert (receipt["scheme"], receipt["fee"]) == (scheme.name.lower(), 600 if scheme == Scheme.ED25519 else 4_500)


def test_a_parent_publishes_how_it_attests(wallet: Wallet) -> None:
    """By the treasury, with a URL under a reserved domain and a compliance key kept in keys/compliance."""
    done = create_account(wallet, "new-wallet", role="parent")
    assert (done["role"], done["provider"]) == ("parent", None)
    role = on_ledger(wallet, "new-wallet")["role"]
    key = load_key(wallet.network.keys / "compliance" / "new-wallet.json")
    assert (role["type"], role["human_name"]) == ("parent_vasp", "new-wallet")
    assert (role["base_url"], role["compliance_key"]) == ("https://new-wallet.example/offchain", key.public_key.hex())
    pay(wallet, Order("dealer-one", "new-wallet", 1_000_000, "XUS"))
    assert create_account(wallet, "kid@new-wallet")["provider"] == "new-wallet"


def test_a_dealer(wallet: Wallet) -> None:
    """Dealers are made by the treasury; they publish nothing."""
    assert create_account(wallet, "new-dealer", role="dealer")["role"] == "dealer"
    role = on_ledger(wallet, "new-dealer")["role"]
    assert (role["type"], role["compliance_key"]) == ("designated_dealer", "")
    assert not (wallet.network.keys / "compliance" / "new-dealer.json").exists()


# --- what is refused, in this order, with nothing left behind ---


@pytest.mark.parametrize(
    ("name", "options", "rule", "code"),
    [
        ("../x", {"provider": US}, "bad_name", 2),
        ("treasury", {"provider": US}, "name_taken", 2),
        ("association", {"role": "parent"}, "name_taken", 2),
        ("us-wallet", {"role": "parent"}, "name_taken", 2),
        ("US-Wallet", {"role": "parent"}, "name_taken", 2),
        ("nobody", {}, "bad_provider", 2),
        ("nobody@br-wallet", {"provider": US}, "bad_provider", 2),
        ("nobody@br-wallet", {"role": "parent"}, "bad_name", 2),
        ("nobody@br-wallet", {"role": "dealer"}, "bad_name", 2),
        ("nobody@nowhere", {}, "unknown_account", 6),
        ("nobody", {"provider": "nowhere"}, "unknown_account", 6),
        ("nobody", {"provider": "dealer-one"}, "not_a_provider", 6),
        ("nobody", {"provider": "0" * 31 + "1"}, "key_file_missing", 6),
    ],
)
def test_what_is_refused(wallet: Wallet, name: str, options: dict[str, Any], rule: str, code: int) -> None:
    """Each with its rule and exit code; neither a key nor an entry is made."""
    before = (wallet.entries(), sorted(wallet.network.keys.rglob("*")), wallet.client.call("get_metadata")["version"])
    error = refused(wallet, name, **options)
    assert (error.name, exit_code(error)) == (rule, code)
    assert (wallet.entries(), sorted(wallet.network.keys.rglob("*"))) == before[:2]


def test_an_existing_name_is_taken(wallet: Wallet) -> None:
    """'`account create` of an existing name says `name_taken`', where, and what to do."""
    create_account(wallet, "taken", provider=US)
    error = refused(wallet, "taken", provider=US)
    assert error.name == "name_taken"
    assert wallet.find("taken").address.hex() in error.message
    assert "choose another name" in error.message
    assert refused(wallet, "Taken", provider=US).name == "name_taken"
    assert creations(wallet, "taken") == 1


def test_a_name_that_is_taken_by_a_key_leaves_nothing_behind(wallet: Wallet) -> None:
    """A1: an unfinished name too is not used again in another case; no key is made for it."""
    new_key(wallet, "half-made")
    assert refused(wallet, "Half-Made", provider=US).name == "name_taken"
    assert not (wallet.network.keys / "accounts" / "Half-Made.json").exists()


def test_a_child_is_no_provider(wallet: Wallet) -> None:
    """6: the sentence names those that are."""
    create_account(wallet, "child-one", provider=US)
    error = refused(wallet, "child-two", provider="child-one")
    assert error.name == "not_a_provider"
    assert "child vasp" in error.message
    assert "br-wallet" in error.message


def test_a_provider_without_coins_says_how_to_get_some(wallet: Wallet) -> None:
    """4: the fee cannot be paid; once it can, the same command finishes with the same key."""
    create_account(wallet, "poor-wallet", role="parent")
    error = refused(wallet, "kid@poor-wallet")
    assert (error.name, exit_code(error)) == ("insufficient_balance_for_transaction_fee", 4)
    assert "mithqal account fund poor-wallet 10 XUS" in error.message
    address = wallet.find("kid@poor-wallet").address
    assert wallet.find("kid@poor-wallet").is_unfinished
    pay(wallet, Order("dealer-one", "poor-wallet", 10_000_000, "XUS"))
    assert create_account(wallet, "kid@poor-wallet")["address"] == address.hex()
    assert not wallet.find("kid@poor-wallet").is_unfinished


# --- keys ---


def test_a_key_first_and_its_account_later(wallet: Wallet) -> None:
    """`keys new NAME` makes a key; `account create NAME` makes the account of just that key."""
    shown = new_key(wallet, "keyed", Scheme.P256)
    key = load_key(Path(shown["path"]))
    assert shown == {
        "name": "keyed", "scheme": "p256", "public_key": key.public_key.hex(), "path": shown["path"],
        "authentication_key": key.authentication_key().hex(), "address": key.authentication_key()[16:].hex(),
        "identifier": shown["identifier"], "compliance_key": None,
    }  # fmt: skip
    assert wallet.find("keyed").is_unfinished
    error = refused(wallet, "keyed", provider=US, scheme=Scheme.ED25519)
    assert (error.name, exit_code(error)) == ("scheme_mismatch", 2)
    assert "p256" in error.message
    done = create_account(wallet, "keyed", provider=US)
    assert (done["address"], done["scheme"]) == (shown["address"], "p256")
    assert show_key(wallet, "keyed") == shown


def test_a_key_is_never_overwritten(wallet: Wallet) -> None:
    """A name with a key or an entry is taken: `keys new` twice, of an account, of genesis."""
    new_key(wallet, "once")
    for name in ("once", "ONCE", "us-wallet", "treasury", "association"):
        with pytest.raises(MithqalError) as caught:
            new_key(wallet, name)
        assert (caught.value.name, exit_code(caught.value)) == ("name_taken", 2), name
    with pytest.raises(MithqalError) as caught:
        new_key(wallet, "../once")
    assert caught.value.name == "bad_name"


def test_keys_are_listed_without_secrets(wallet: Wallet) -> None:
    """Root keys, accounts, compliance keys; 0600 each; no secret in what is shown."""
    rows = list_keys(wallet)
    kinds = {(row["kind"], row["name"]) for row in rows}
    assert {("root", "treasury"), ("root", "custodian-XUS"), ("account", US), ("compliance", US)} <= kinds
    assert ("account", "treasury") not in kinds
    for row in rows:
        secret = load_key(Path(row["path"]))._secret.hex()
        assert secret not in repr(rows) + repr(show_key(wallet, row["name"]))
        assert Path(row["path"]).stat().st_mode & 0o777 == 0o600


def test_what_a_key_shows(wallet: Wallet) -> None:
    """The treasury's address is not its key's; a provider shows its compliance key; a custodian has a key only."""
    assert show_key(wallet, "treasury")["address"] == "0" * 24 + "0b1e55ed"
    compliance = load_key(wallet.network.keys / "compliance" / f"{US}.json").public_key.hex()
    assert show_key(wallet, US)["compliance_key"] == compliance
    custodian = load_key(wallet.network.keys / "custodian-XUS.json")
    assert show_key(wallet, "custodian-XUS")["public_key"] == custodian.public_key.hex()
    for name, rule in (("nobody", "key_file_missing"), ("../treasury", "bad_name")):
        with pytest.raises(MithqalError) as caught:
            show_key(wallet, name)
        assert caught.value.name == rule


def test_an_open_key_file_is_refused(wallet: Wallet) -> None:
    """'key file with open permissions': one clear error with the command that mends it; nothing is paid."""
    create_account(wallet, "open", provider=US)
    path = wallet.network.keys / "accounts" / "open.json"
    path.chmod(0o644)
    for act in (lambda: show_key(wallet, "open"), lambda: pay(wallet, Order("open", US, 5, "XUS"))):
        with pytest.raises(MithqalError) as caught:
            act()
        assert (caught.value.name, exit_code(caught.value)) == ("key_file_permissions", 2)
        assert f"chmod 600 {path}" in caught.value.message
    path.chmod(0o600)
    assert show_key(wallet, "open")["name"] == "open"


# --- interruptions (A2) ---


def die_before(*_: Any, **__: Any) -> Any:
    raise Killed


def die_after(real):
    """A function after which the process dies."""

    def call(*arguments: Any, **options: Any) -> Any:
        real(*arguments, **options)
        raise Killed

    return call


PLACES = {
    "before the book": (AddressBook, "put", die_before),
    "after the book": (AddressBook, "put", die_after(AddressBook.put)),
    "before the creation is signed": (accounts, "sign_creation", die_before),
    "when it is signed and kept": (Wallet, "execute", die_before),
    "when it is on the ledger": (Wallet, "execute", die_after(Wallet.execute)),
    "before the book says so": (accounts, "finish_account", die_before),
}


@pytest.mark.parametrize("role", ["child", "parent"])
@pytest.mark.parametrize("place", PLACES)
def test_a_repeat_finishes_what_was_interrupted(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch, place: str, role: str
) -> None:
    """'write the key and the book entry so that a repeat finishes the job (same key)': wherever the process dies."""
    name = f"{role}-{'-'.join(place.split())}"
    provider = US if role == "child" else None
    target, attribute, act = PLACES[place]
    with monkeypatch.context() as patch:
        patch.setattr(target, attribute, act)
        with pytest.raises(Killed):
            create_account(wallet, name, role=role, provider=provider)
    again = Wallet(wallet.network)
    path = again.network.keys / "accounts" / f"{name}.json"
    key = load_key(path)
    if place != "before the book":
        assert again.find(name).is_unfinished
    done = create_account(again, name, role=role, provider=provider)
    assert done["address"] == key.authentication_key()[16:].hex() == again.find(name).address.hex()
    assert load_key(path).public_key == key.public_key
    assert not again.find(name).is_unfinished
    assert creations(again, name) == 1
    if role == "parent":
        assert on_ledger(again, name)["role"]["compliance_key"]
    assert refused(again, name, role=role, provider=provider).name == "name_taken"


def test_a_creation_that_is_still_under_way_is_not_signed_again(
    wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its outcome is unknown: a repeat follows the same bytes, and tells what they meet."""
    with monkeypatch.context() as patch:
        patch.setattr(Wallet, "execute", die_before)
        with pytest.raises(Killed):
            create_account(wallet, "waiting", provider=US)
    kept = [entry.hash for entry in wallet.outbox.open_entries()]
    with monkeypatch.context() as patch:
        late = MithqalError("not final", name="timed_out")
        patch.setattr(Wallet, "resume", lambda *_, **__: (_ for _ in ()).throw(late))
        assert refused(wallet, "waiting", provider=US) is late
    assert [entry.hash for entry in wallet.outbox.open_entries()] == kept
    assert bytes.fromhex(create_account(wallet, "waiting", provider=US)["hash"]) in kept


def test_the_ledger_says_what_was_made(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeat with other wishes finds the account as the first attempt made it."""
    with monkeypatch.context() as patch:
        patch.setattr(Wallet, "execute", die_after(Wallet.execute))
        with pytest.raises(Killed):
            create_account(wallet, "moved", provider="br-wallet")
    done = create_account(wallet, "moved", provider=US)
    assert (done["provider"], done["role"]) == ("br-wallet", "child")
    entry = wallet.find("moved")
    assert (entry.provider, entry.role) == ("br-wallet", "child")


def test_a_creation_that_expired_unused_is_signed_again(wallet: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can never run does not stand in the way."""
    with monkeypatch.context() as patch:
        patch.setattr("node.client.wallets.wallet.LIFETIME_S", -100)
        patch.setattr(Wallet, "execute", die_before)
        with pytest.raises(Killed):
            create_account(wallet, "late", provider=US)
    assert create_account(wallet, "late", provider=US)["status"] == "executed"
    assert creations(wallet, "late") == 1
