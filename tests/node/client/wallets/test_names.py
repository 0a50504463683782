"""Names: never a path, never mistaken for something else; and the address book that holds them."""

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.crypto.signing import Scheme
from chain.errors import MithqalError
from chain.identifiers import encode_identifier
from chain.primitives import Address
from cli.exits import exit_code
from node.client.files import locked, write_durably
from node.client.wallets.book import AddressBook, Entry
from node.client.wallets.names import BadName, check_name, key_path, provider_in

ALICE = Address(bytes.fromhex("e46ac921246500c18476dd1b96f1cb3a"))
BOB = Address(bytes.fromhex("f72589b71ff4f8d139674a3f7369c69b"))


# --- the rule (A1) ---


@pytest.mark.parametrize(
    "name",
    ["a", "7up", "alice", "Alice", "alice@us-wallet", "a.b_c-d", "x" * 64, "x" * 31 + "@" + "y" * 32, "0x12",
     "custodian-XUS", "e" * 31, "e" * 33, "1e5"],
)  # fmt: skip
def test_good_names(name: str) -> None:
    """A1: 1 to 64 ASCII letters, digits, '.', '_' and '-', a letter or digit first, one @ at most."""
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "../x", "..", ".", "/etc/passwd", "a/b", "a\\b", ".hidden", "-5", "_x", "@us-wallet", "alice@", "a@b@c", "a@.b",
        "al ice", " alice", "alice\n", "al\0ice", "ali\tce", "élise", "\N{CYRILLIC SMALL LETTER A}lice",
        "\N{FULLWIDTH DIGIT ONE}", "علي",
        "a,b", "a:b", "~", "a*", "$HOME", "\udcff",
    ],
)  # fmt: skip
def test_what_is_no_name(name: str) -> None:
    """A1: 'so that a name is never a path'; unicode and blanks are refused: two names must not look alike."""
    with pytest.raises(BadName) as caught:
        check_name(name)
    assert (caught.value.name, exit_code(caught.value)) == ("bad_name", 2)
    assert "alice@us-wallet" in caught.value.message


@pytest.mark.parametrize("name", ["", "x" * 65, "y" * 1000])
def test_a_name_has_1_to_64_characters(name: str) -> None:
    """A1: both sides of both limits (1 and 64 above)."""
    with pytest.raises(BadName, match=f"1 to 64 characters, this one {len(name)}$"):
        check_name(name)


@pytest.mark.parametrize(
    "name", ["7", "1234567890", ALICE.hex(), ALICE.hex().upper(), "a" * 64, encode_identifier(ALICE)]
)
def test_a_name_is_not_what_means_something_else(name: str) -> None:
    """A1: no version or height, no address, no hash, no account identifier."""
    with pytest.raises(BadName, match="would be taken for"):
        check_name(name)


@given(st.text(max_size=70) | st.text("abAB01.-_@/\\ ", max_size=70))
def test_a_good_name_is_one_file_in_its_folder(name: str) -> None:
    """A1: whatever is accepted stays where keys are kept."""
    try:
        check_name(name)
    except BadName:
        return
    path = key_path(Path("/keys"), name)
    assert path.parts in (("/", "keys", "accounts", f"{name}.json"), ("/", "keys", f"{name}.json"))
    assert (path.parent == Path("/keys")) == (name in ("treasury", "association"))


def test_the_provider_in_a_name() -> None:
    """A1: what stands after the @."""
    assert [provider_in(name) for name in ("alice", "alice@br-wallet")] == [None, "br-wallet"]


# --- the book (A2) ---


@pytest.fixture
def book(tmp_path: Path) -> AddressBook:
    """Alice, who is finished, and bob, whose account is not."""
    found = AddressBook(tmp_path / "addresses.json")
    found.put(Entry("alice@us-wallet", ALICE, Scheme.ED25519, "child", "us-wallet"))
    found.put(Entry("bob", BOB, Scheme.P256, is_unfinished=True))
    return found


def refused(name: str, function, *arguments) -> MithqalError:
    with pytest.raises(MithqalError) as caught:
        function(*arguments)
    assert caught.value.name == name
    return caught.value


def test_the_file(book: AddressBook, tmp_path: Path) -> None:
    """One JSON object by name, what is not known left out; 0600; an older file without roles is read."""
    path = tmp_path / "addresses.json"
    assert json.loads(path.read_text()) == {
        "alice@us-wallet": {"address": ALICE.hex(), "scheme": "ed25519", "role": "child", "provider": "us-wallet"},
        "bob": {"address": BOB.hex(), "scheme": "p256", "unfinished": True},
    }
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in AddressBook(path).entries()] == ["alice@us-wallet", "bob"]
    path.write_text(json.dumps({"carol": {"address": BOB.hex(), "scheme": "secp256k1"}}))
    assert AddressBook(path).entries() == [Entry("carol", BOB, Scheme.SECP256K1, None, None, is_unfinished=False)]
    assert AddressBook(tmp_path / "none.json").entries() == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"a": 1}', '{"a": {}}', '{"a": {"address": "00", "scheme": "ed25519"}}',
             '{"a": {"address": "zz", "scheme": "ed25519"}}',
             f'{{"a": {{"address": "{ALICE.hex()}", "scheme": "rsa"}}}}']
)  # fmt: skip
def test_a_corrupt_book_is_one_clear_error(text: str, tmp_path: Path) -> None:
    """3 not ready: the file is named, and nothing overwrites it."""
    path = tmp_path / "addresses.json"
    path.write_text(text)
    for act in (AddressBook(path).entries, lambda: AddressBook(path).put(Entry("x", ALICE, Scheme.ED25519))):
        error = refused("address_book_malformed", act)
        assert str(path) in error.message
        assert exit_code(error) == 3
    assert path.read_text() == text


def test_a_name_belongs_to_one_address(book: AddressBook) -> None:
    """A2: another address, or a name that differs in case only, is `name_taken`; the same entry may change."""
    assert exit_code(refused("name_taken", book.put, Entry("bob", ALICE, Scheme.P256))) == 2
    assert ALICE.hex() in refused("name_taken", book.put, Entry("Alice@US-wallet", ALICE, Scheme.ED25519)).message
    done = Entry("bob", BOB, Scheme.P256, "child", "br-wallet")
    assert book.put(done) == done == book.get("bob")
    assert len(book.entries()) == 2


def test_whom_a_text_means(book: AddressBook) -> None:
    """A name, 32 hex digits (0x and capitals too), or an account identifier; a known address has its name."""
    sub = bytes(range(8))
    alice = book.get("alice@us-wallet")
    for text in ("alice@us-wallet", ALICE.hex(), ALICE.hex().upper(), "0x" + ALICE.hex(), encode_identifier(ALICE)):
        assert book.resolve(text, "tdm") == (alice, None)
    assert book.resolve(encode_identifier(ALICE, sub), "tdm") == (alice, sub)
    stranger = Address(bytes(15) + b"\x07")
    expected = Entry(stranger.hex(), stranger, Scheme.ED25519)
    assert book.resolve(stranger.hex(), "tdm") == book.resolve(encode_identifier(stranger), "tdm") == (expected, None)


def test_an_identifier_of_another_network_or_a_mistyped_one(book: AddressBook) -> None:
    """'wrong hrp is refused with a sentence'; what looks like an identifier is not called an unknown name."""
    error = refused("wrong_prefix", book.resolve, encode_identifier(ALICE, None, "dm"), "tdm")
    assert "another network" in error.message
    assert exit_code(error) == 6
    error = refused("bad_identifier", book.resolve, encode_identifier(ALICE)[:-1] + "q", "tdm")
    assert "mistyped" in error.message
    assert exit_code(error) == 2
    refused("bad_identifier", book.resolve, encode_identifier(ALICE)[:-1], "tdm")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("alice", "did you mean alice@us-wallet"), ("bbo", "did you mean bob"), ("zzz", "account list"),
        ("", "account list"),
        (ALICE.hex()[:-1], "account list"), ("diem://" + encode_identifier(ALICE), "pay the identifier after diem://"),
    ],
)  # fmt: skip
def test_an_unknown_name_says_what_to_type(book: AddressBook, text: str, hint: str) -> None:
    """6 unknown name, with names that are close."""
    error = refused("unknown_account", book.resolve, text, "tdm")
    assert hint in error.message
    assert exit_code(error) == 6


def test_two_writers_lose_no_name(tmp_path: Path) -> None:
    """The book is changed under a lock: every one of 40 names put at the same time is there."""
    path = tmp_path / "addresses.json"

    def put(number: int) -> None:
        AddressBook(path).put(Entry(f"name-{number}", Address(number.to_bytes(16, "big")), Scheme.ED25519))

    threads = [threading.Thread(target=put, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(AddressBook(path).entries()) == 40
    assert {item.name for item in tmp_path.iterdir()} == {"addresses.json", ".addresses.lock"}


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails leaves the old file and nothing beside it."""
    path = tmp_path / "deep" / "file.json"
    write_durably(path, "old")
    assert path.parent.stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write_durably(path, "new")
    assert [(item.name, item.read_text()) for item in path.parent.iterdir()] == [("file.json", "old")]


def test_a_lock_excludes(tmp_path: Path) -> None:
    """`locked`: the second waits for the first."""
    order: list[str] = []
    entered = threading.Event()

    def second() -> None:
        entered.wait(10)
        with locked(tmp_path / "x.lock"):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with locked(tmp_path / "x.lock"):
        entered.set()
        thread.join(0.2)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
