"""Transaction files: built, signed and submitted apart; people read what the bytes say, or nothing is signed."""

import json
import time
from pathlib import Path

import pytest

from chain.accounts import TREASURY
from chain.crypto.signing import RealSignatures, Scheme
from chain.errors import MithqalError
from chain.functions import FUNCTIONS
from chain.transaction import decode_transaction
from node.client.network import Member, Network
from node.client.operations.txfile import (
    DEFAULTS,
    MAX_FILE_BYTES,
    Json,
    Terms,
    TxFileError,
    build_file,
    check_network,
    parse_arguments,
    read_raw,
    read_signed,
    sign_file,
    write_file,
)
from node.client.wallets.wallet import Wallet, WalletError
from tests.builders import ALICE, BOB, TC, key

GENESIS = b"\x47" * 32
WRONG: tuple[object, ...] = (None, "x", 2, True, 7.0, [])
PAY = ("currency=XUS", "payee=bob", "amount=25000000")


@pytest.fixture
def wallet(tmp_path: Path) -> Wallet:
    """Names without a network: nobody answers."""
    member = Member("validator-0", None, ("127.0.0.1", 1), ("127.0.0.1", 2), tmp_path / "validator-0")
    found = Wallet(Network(tmp_path / "net", 4, GENESIS, "0:00", [member]))
    found.add_name("alice", ALICE.address)
    found.add_name("bob", BOB.address)
    found.add_name("treasury", TREASURY)
    return found


def resolve(name: str) -> bytes:
    """Names of these tests."""
    return {"bob": bytes(BOB.address)}[name]


def refused(name: str, function, *arguments, **options) -> TxFileError:
    """The refusal, which must have this name."""
    with pytest.raises(TxFileError) as caught:
        function(*arguments, **options)
    assert caught.value.name == name
    return caught.value


# --- arguments ---


def test_arguments_take_the_types_of_the_table() -> None:
    """'arguments typed by chain.functions.FUNCTIONS; names resolve for addresses; amounts in micro-units'."""
    assert parse_arguments("peer_to_peer_with_metadata", PAY, resolve) == ("XUS", BOB.address, 25_000_000, b"", b"")
    minted = parse_arguments(
        "tiered_mint",
        ["currency=XUS", "designated_dealer_address=bob", f"mint_amount={2**64 - 1}", f"receipt_id={'0a' * 32}",
         "receipt_signature=00ff"],
        resolve,
    )  # fmt: skip
    assert minted == ("XUS", 0, BOB.address, 2**64 - 1, 0, b"\x0a" * 32, b"\x00\xff")
    assert parse_arguments("update_minting_ability", ["allow_minting=false", "currency=XUS"], resolve) == ("XUS", False)
    created = parse_arguments(
        "create_parent_vasp_account",
        ["currency=XUS", "new_address=bob", "auth_key_prefix=", "human_name=a=b", "sliding_nonce=3"], resolve
    )  # fmt: skip
    assert created == ("XUS", 3, BOB.address, b"", "a=b", True)
    child = ["currency=XUS", "child_address=bob", "auth_key_prefix=00"]
    assert parse_arguments("create_child_vasp_account", child, resolve) == ("XUS", BOB.address, b"\0", True, 0)
    assert parse_arguments("preburn", ["currency=XUS", f"amount={'0' * 19}7"], resolve) == ("XUS", 7)


@pytest.mark.parametrize(
    "function",
    sorted(name for name, call in FUNCTIONS.items() if {parameter for parameter, _ in call.parameters} - set(DEFAULTS)),
)
def test_a_missing_argument_is_named_with_its_kind(function: str) -> None:
    """Nothing is guessed but the defaults; the refusal names all that the function takes."""
    error = refused("bad_argument", parse_arguments, function, [], resolve)
    for name, kind in FUNCTIONS[function].parameters:
        assert f"{name} ({kind.value})" in error.message


@pytest.mark.parametrize(
    ("function", "pairs", "argument"),
    [
        ("preburn", ["currency=XUS", f"amount={2**64}"], "amount"),
        ("preburn", ["currency=XUS", "amount=-1"], "amount"),
        ("preburn", ["currency=XUS", f"amount={'0' * 20}7"], "amount"),
        ("preburn", ["currency=XUS", "amount=1.5"], "amount"),
        ("preburn", ["currency=XUS", "amount=٣"], "amount"),
        ("preburn", ["currency=XUS", "amount="], "amount"),
        ("preburn", ["currency=XUS", "amount=1", "amount=1"], "amount"),
        ("preburn", ["currency=XUS", "amount=1", "tip=1"], "tip"),
        ("preburn", ["currency=XUS", "amount"], "amount"),
        ("update_minting_ability", ["currency=XUS", "allow_minting=True"], "allow_minting"),
        ("rotate_authentication_key", ["new_key=0"], "new_key"),
        ("rotate_authentication_key", ["new_key=0G"], "new_key"),
        ("rotate_authentication_key", ["new_key=AB"], "new_key"),
        ("tiered_mint", ["currency=X", "designated_dealer_address=bob", "mint_amount=1", f"receipt_id={'0a' * 31}",
                         "receipt_signature="], "receipt_id"),
    ],
)  # fmt: skip
def test_a_value_that_breaks_its_kind_is_named(function: str, pairs: list[str], argument: str) -> None:
    """Each kind has one way to be written."""
    assert refused("bad_argument", parse_arguments, function, pairs, resolve).details == {"argument": argument}


def test_an_unknown_function_lists_the_known_ones() -> None:
    """Exit 6: unknown name."""
    assert "peer_to_peer_with_metadata" in refused("unknown_function", parse_arguments, "pay", [], resolve).message


# --- files ---


def test_build_asks_nobody_when_it_is_told_the_number(wallet: Wallet) -> None:
    """'build never submits or signs': with a number it needs no network at all."""
    document = build_file(wallet, "peer_to_peer_with_metadata", "alice", PAY, Terms(number=7, lifetime_s=60))
    transaction = document["transaction"]
    assert isinstance(transaction.pop("expiration_timestamp_secs"), int)
    assert transaction == {
        "sender": ALICE.address.hex(), "sequence_number": 7, "function": "peer_to_peer_with_metadata",
        "arguments": {
            "currency": "XUS", "payee": BOB.address.hex(), "amount": 25_000_000, "metadata": "",
            "metadata_signature": "",
        },
        "max_gas_amount": 6_000, "gas_unit_price": 1, "gas_currency": "XUS", "chain_id": 4,
        "valid_from_timestamp_secs": 0, "fee_payer": "",
    }  # fmt: skip
    assert {name: document[name] for name in ("format", "kind", "unit", "genesis_hash")} == {
        "format": 1, "kind": "raw_transaction", "unit": "micro-units", "genesis_hash": GENESIS.hex()
    }  # fmt: skip
    assert sorted(document) == ["bytes", "format", "genesis_hash", "kind", "transaction", "unit"]
    assert list((wallet.network.directory / "outbox").glob("*.json")) == []


def test_terms_replace_what_wallets_take(wallet: Wallet) -> None:
    """The treasury pays nothing; a preburn pays in its own currency; every term can be fixed."""

    def built(function: str, sender: str, pairs: tuple[str, ...], terms: Terms) -> tuple[int, int, str]:
        found = build_file(wallet, function, sender, pairs, terms)["transaction"]
        return found["max_gas_amount"], found["gas_unit_price"], found["gas_currency"]

    freeze = ("to_freeze_account=bob",)
    assert built("freeze_account", "treasury", freeze, Terms(1)) == (6_000, 0, "XUS")
    assert built("preburn", "alice", ("currency=XEU", "amount=1"), Terms(1)) == (6_000, 1, "XEU")
    assert built("freeze_account", "alice", freeze, Terms(1, 600, 3, "XJP")) == (600, 3, "XJP")
    near, far = (
        build_file(wallet, "freeze_account", "alice", freeze, Terms(1, lifetime_s=seconds))["transaction"]
        for seconds in (60, 4_000)
    )
    assert 3_938 <= far["expiration_timestamp_secs"] - near["expiration_timestamp_secs"] <= 3_942
    assert 0 <= time.time() + 60 - near["expiration_timestamp_secs"] <= 30


def test_sign_and_read_back(wallet: Wallet, tmp_path: Path) -> None:
    """The signature is over exactly the bytes of the file, for exactly its network."""
    raw_file, signed_file = tmp_path / "raw.json", tmp_path / "signed.json"
    write_file(raw_file, build_file(wallet, "peer_to_peer_with_metadata", "alice", PAY, Terms(7)))
    signed = sign_file(raw_file, None, ALICE.key)
    tx = decode_transaction(bytes.fromhex(signed["bytes"]))
    assert RealSignatures().verify(tx.checks(GENESIS)[0])
    assert not RealSignatures().verify(tx.checks(bytes(32))[0])
    assert (signed["scheme"], signed["hash"]) == ("ed25519", tx.hash.hex())
    assert tx.raw_bytes.hex() == json.loads(raw_file.read_text())["bytes"]
    write_file(signed_file, signed)
    assert read_signed(signed_file) == (tx, GENESIS)
    other = sign_file(raw_file, None, key(5, Scheme.SECP256K1))
    assert other["scheme"] == "secp256k1"


def test_without_a_key_file_the_senders_own_key_signs(wallet: Wallet, tmp_path: Path) -> None:
    """The name of the sender's address says which key; a file of another network is refused."""
    path = tmp_path / "raw.json"
    kept = wallet.new_key("alice", secret=(50).to_bytes(32, "big"))
    write_file(path, build_file(wallet, "peer_to_peer_with_metadata", "alice", PAY, Terms(7)))
    assert sign_file(path, wallet, None)["public_key"] == kept.public_key.hex() == ALICE.key.public_key.hex()
    write_file(path, build_file(wallet, "peer_to_peer_with_metadata", TC.address.hex(), PAY, Terms(7)))
    with pytest.raises(MithqalError) as missing:
        sign_file(path, wallet, None)
    assert missing.value.name == "key_file_missing"
    write_file(path, build_file(wallet, "peer_to_peer_with_metadata", "ab" * 16, PAY, Terms(7)))
    with pytest.raises(WalletError) as caught:
        sign_file(path, wallet, None)
    assert caught.value.name == "unknown_account"
    document = json.loads(path.read_text())
    write_file(path, {**document, "genesis_hash": "00" * 32})
    refused("foreign_transaction", sign_file, path, wallet, None)
    refused("foreign_transaction", check_network, wallet, bytes(32))
    check_network(wallet, GENESIS)


def paths(value: Json, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every leaf of a document."""
    found: list[tuple[str, ...]] = []
    for name, item in value.items():
        found += paths(item, (*prefix, name)) if isinstance(item, dict) else [(*prefix, name)]
    return found


def changed(document: Json, path: tuple[str, ...], value: object) -> Json:
    """A copy with one leaf replaced, or taken away (None)."""
    copy: Json = json.loads(json.dumps(document))
    place = copy
    for name in path[:-1]:
        place = place[name]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copy


def test_a_file_whose_readable_part_is_not_its_bytes_is_refused(wallet: Wallet, tmp_path: Path) -> None:
    """'sign refuses a file whose readable fields do not match its bytes': each field changed, missing, retyped."""
    path = tmp_path / "file.json"
    raw = build_file(wallet, "peer_to_peer_with_metadata", "alice", PAY, Terms(7))
    write_file(path, raw)
    signed = sign_file(path, None, ALICE.key)
    checked = 0
    for document, read in ((raw, read_raw), (signed, read_signed)):
        for leaf in paths(document):
            if leaf[0] in ("format", "kind", "bytes", "genesis_hash"):
                continue
            for value in WRONG:
                path.write_text(json.dumps(changed(document, leaf, value)))
                error = refused("transaction_file_mismatch", read, path)
                assert error.details == {"field": ".".join(leaf)}
                checked += 1
        for extra in ({**document, "note": "pay twice"}, changed(document, ("transaction", "tip"), 5)):
            path.write_text(json.dumps(extra))
            assert refused("transaction_file_mismatch", read, path).details["field"] in ("note", "transaction.tip")
    assert checked == 6 * (16 + 20)


def test_a_malformed_file_is_one_clear_error(wallet: Wallet, tmp_path: Path) -> None:
    """No JSON, another kind, another format, bytes that are no transaction; a missing file."""
    path = tmp_path / "file.json"
    raw = build_file(wallet, "preburn", "alice", ["currency=XUS", "amount=1"], Terms(7))
    write_file(path, raw)
    signed = sign_file(path, None, ALICE.key)
    broken = ["", "{", "[]", "{}", '{"kind": "pay"}', "[" * 100_000, " " * 70_000]
    for value in ({"format": 2}, {"kind": "signed_transaction"}, {"bytes": "00"}, {"bytes": raw["bytes"] + "00"},
                  {"bytes": "0"}, {"bytes": 5}, {"bytes": raw["bytes"].upper()}, {"genesis_hash": "00"}):  # fmt: skip
        broken.append(json.dumps({**raw, **value}))
    for text in broken:
        path.write_text(text)
        refused("transaction_file_malformed", read_raw, path)
    text = json.dumps(raw)
    path.write_text(text + " " * (MAX_FILE_BYTES - len(text)))
    assert read_raw(path)[1] == GENESIS
    path.write_text(text + " " * (MAX_FILE_BYTES + 1 - len(text)))
    refused("transaction_file_malformed", read_raw, path)
    write_file(path, raw)
    assert "tx sign" in refused("transaction_file_malformed", read_signed, path).message
    write_file(path, signed)
    assert "tx submit" in refused("transaction_file_malformed", read_raw, path).message
    write_file(path, {**signed, "bytes": signed["bytes"][:-2]})
    refused("transaction_file_malformed", read_signed, path)
    refused("file_unreadable", read_raw, tmp_path / "nothing.json")
    refused("file_unwritable", write_file, tmp_path / "no" / "where.json", raw)


def test_a_flipped_byte_of_a_signed_file_never_passes_as_the_same(wallet: Wallet, tmp_path: Path) -> None:
    """The bytes alone say what is submitted: any change in them is seen in the readable part, or is no transaction."""
    path = tmp_path / "file.json"
    write_file(path, build_file(wallet, "preburn", "alice", ["currency=XUS", "amount=1"], Terms(7)))
    signed = sign_file(path, None, ALICE.key)
    data = bytes.fromhex(signed["bytes"])
    for place in range(len(data)):
        flipped = bytes([*data[:place], data[place] ^ 1, *data[place + 1 :]])
        path.write_text(json.dumps({**signed, "bytes": flipped.hex()}))
        with pytest.raises(TxFileError):
            read_signed(path)
