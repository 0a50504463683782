"""Records: their bytes, keys and places in the tree; Libra's identity rules (reference 1.1, 1.2, 1.5, 2.6, 4.4)."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import (
    ASSOCIATION,
    CONFIG_KEY,
    CORE_CODE,
    TREASURY,
    VM_RESERVED,
    Account,
    Config,
    Credential,
    Currency,
    Receipt,
    Record,
    Role,
    account_key,
    currency_key,
    event_key,
    is_record_key,
    leaf_key,
    read_record,
    receipt_key,
    tuple_add,
    value_hash,
)  # fmt: skip
from chain.crypto.hashing import seed, sha3
from chain.crypto.signing import PrivateKey, Scheme, address_of, authentication_key
from chain.errors import DecodeError
from chain.primitives import U64_MAX
from chain.records.coins import basket_key, tiers_key
from chain.records.limits import limits_key, window_key
from chain.records.onchain import ONCHAIN_KEY
from chain.records.policy import POLICY_KEY, Rule, usage_key
from chain.records.roles import domain_key, nonce_key, recovery_key, shared_key_key
from chain.records.validators import accusation_key, retired_key, validator_key

ACCOUNT = Account(
    ASSOCIATION, 5, bytes(32), 3, True, (("XEU", 1), ("XUS", 2)), (0, 1, 2, 3), b"", 4,
    Credential("us-wallet", b"https://us", bytes(32)), (("XUS", 9), ("XUS", 8)),
)  # fmt: skip
CURRENCY = Currency("XUS", 10**6, 100, 1 << 32, False, True, 9, 8, 7, bytes(32), 6, 5, (1, 2, 3, 4, 5))
CONFIG = Config(4, ("XUS", "XEU"), (("INR", 7),), 10**9, (1, 2, 3, 4, 5))
RECEIPT = Receipt(bytes(32), "XUS", 5, 77)
RECORDS: dict[bytes, Record] = {
    account_key(ASSOCIATION): ACCOUNT, currency_key("XUS"): CURRENCY, CONFIG_KEY: CONFIG,
    receipt_key(bytes(32)): RECEIPT,
}  # fmt: skip


def test_identity_vector() -> None:
    """1.5: seed = bytes 00..1f; 'auth_key = SHA3-256(public_key_32 || 0x00)', address = last 16 bytes."""
    private = PrivateKey(bytes(range(32)))
    assert private.public_key.hex() == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    auth_key = private.authentication_key()
    assert auth_key.hex() == "deb6bc1848ba9de44f8ebd4009dd666fe46ac921246500c18476dd1b96f1cb3a"
    assert auth_key[:16].hex() == "deb6bc1848ba9de44f8ebd4009dd666f"
    assert address_of(auth_key).hex() == "e46ac921246500c18476dd1b96f1cb3a"


def test_multisignature_vector() -> None:
    """1.5: 2-of-3 over seeds 0x01*32, 0x02*32, 0x03*32: keys, then K, then the scheme byte 1."""
    keys = b"".join(PrivateKey(bytes([i]) * 32).public_key for i in (1, 2, 3))
    expected = "e103d0e6e67b017524bebf94ae151df6a70c6f354178a88a9a3865bcafabfdb4"
    assert authentication_key(Scheme.MULTI_ED25519, keys + b"\x02").hex() == expected


@pytest.mark.parametrize("scheme", [Scheme.SECP256K1, Scheme.P256])
def test_the_scheme_byte_is_hashed(scheme) -> None:
    """K4: the same rule with 33-byte keys."""
    private = PrivateKey(bytes([7]) * 32, scheme)
    assert private.authentication_key() == sha3(private.public_key + bytes([scheme]))
    assert len(private.public_key) == 33


def test_reserved_addresses_and_roles() -> None:
    """1.1 and 1.2."""
    assert ASSOCIATION.hex() == "0000000000000000000000000a550c18"
    assert TREASURY.hex() == "0000000000000000000000000b1e55ed"
    assert bytes(16) == VM_RESERVED
    assert (1).to_bytes(16, "big") == CORE_CODE
    assert {role.name: int(role) for role in Role} == {
        "ASSOCIATION": 0, "TREASURY": 1, "DESIGNATED_DEALER": 2, "VALIDATOR": 3, "VALIDATOR_OPERATOR": 4,
        "PARENT_VASP": 5, "CHILD_VASP": 6,
    }  # fmt: skip


def test_event_keys() -> None:
    """2.6: 'XUS mint = `0500000000000000` + `...0a550c18`'; 24 bytes."""
    assert event_key(5, ASSOCIATION).hex() == "0500000000000000" + "0000000000000000000000000a550c18"
    assert event_key(256, bytes(16))[:2] == b"\0\x01"


def test_leaf_keys() -> None:
    """S1: an account under H("AccountAddress", address), every other record under H("StateKey", key)."""
    assert leaf_key(account_key(TREASURY)) == sha256(seed("AccountAddress") + TREASURY).digest()
    for key in (CONFIG_KEY, currency_key("XUS"), receipt_key(bytes(32))):
        assert leaf_key(key) == sha256(seed("StateKey") + key).digest()
    assert value_hash(b"v") == sha256(seed("StateValue") + b"v").digest()


def test_state_keys_never_meet() -> None:
    """One letter in front; a foreign code cannot take the place of another record."""
    assert account_key(TREASURY) == b"a" + TREASURY
    assert currency_key("XUS") == b"cXUS"
    assert currency_key("XÜS") == b"cX?S"
    assert receipt_key(bytes(32)) == b"r" + bytes(32)
    assert CONFIG_KEY == b"g"


@pytest.mark.parametrize("key", RECORDS, ids=[type(record).__name__ for record in RECORDS.values()])
def test_records_come_back_from_their_bytes(key) -> None:
    """S2: canonical records, read by the first letter of their key."""
    record = RECORDS[key]
    back = read_record(key, record.to_bytes())
    assert back == record
    assert type(back) is type(record)
    assert back.to_bytes() == record.to_bytes()


def test_an_account_without_credential() -> None:
    """A child has none."""
    child = ACCOUNT._replace(credential=None, parent=TREASURY)
    assert Account.from_bytes(child.to_bytes()) == child
    restored = Account.from_bytes(ACCOUNT.to_bytes())
    assert isinstance(restored.credential, Credential)
    assert restored.credential.base_url == b"https://us"


@pytest.mark.parametrize("key", RECORDS, ids=[type(record).__name__ for record in RECORDS.values()])
def test_bytes_of_another_shape_are_refused(key) -> None:
    """C5: a record is a list with a fixed number of fields of fixed types."""
    for other, record in RECORDS.items():
        if other != key:
            with pytest.raises(DecodeError):
                read_record(key, record.to_bytes())
    with pytest.raises(DecodeError):
        read_record(key, RECORDS[key].to_bytes() + b"\0")


def test_balances() -> None:
    """None where no balance is held, which differs from 0; setting keeps the order by code."""
    account = ACCOUNT._replace(balances=(("XEU", 0), ("XUS", 2)))
    assert (account.balance("XEU"), account.balance("XUS"), account.balance("XDX")) == (0, 2, None)
    assert account.with_balance("XUS", 5).balances == (("XEU", 0), ("XUS", 5))
    assert account.with_balance("XEU", 5).balances == (("XEU", 5), ("XUS", 2))
    assert account.with_balance("XGB", 1).balances == (("XEU", 0), ("XGB", 1), ("XUS", 2))
    assert account.with_balance("AAA", 1).balances == (("AAA", 1), ("XEU", 0), ("XUS", 2))
    assert account.with_balance("XUS", 5)._replace(balances=()) == account._replace(balances=())


@given(
    st.dictionaries(st.sampled_from(["XDX", "XEU", "XGB", "XJP", "XUS"]), st.integers(0, U64_MAX)),
    st.sampled_from(["XDX", "XEU", "XGB", "XJP", "XUS"]),
    st.integers(0, U64_MAX),
)
def test_with_balance_is_a_sorted_dictionary(held, code, amount) -> None:
    """Against a model."""
    account = ACCOUNT._replace(balances=tuple(sorted(held.items())))
    assert account.with_balance(code, amount).balances == tuple(sorted({**held, code: amount}.items()))
    assert account.balance(code) == held.get(code)


def test_copies_of_the_hot_path_change_nothing_else() -> None:
    """One balance and one counter after a payment; the next number after a transaction."""
    paid = ACCOUNT.after_payment("XUS", 7, 3)
    assert paid == ACCOUNT._replace(balances=(("XEU", 1), ("XUS", 7)), streams=(0, 1, 2, 4))
    assert type(paid) is Account
    assert ACCOUNT.after_transaction(9) == ACCOUNT._replace(sequence_number=9)
    assert ACCOUNT.with_balance("XEU", 8) == ACCOUNT._replace(balances=(("XEU", 8), ("XUS", 2)))


def test_counters() -> None:
    """One of them raised by 1."""
    assert tuple_add((4, 5, 6), 0) == (5, 5, 6)
    assert tuple_add((4, 5, 6), 1) == (4, 6, 6)
    assert tuple_add((4, 5, 6), 2) == (4, 5, 7)


def test_each_kind_of_record_has_a_first_byte_of_its_own() -> None:
    """S5: a state key's first byte says what is read there: two kinds under one would be read as each other."""
    rule = Rule("us", "US", "", 0, 0, True, "INR", 0, 0, 0, 0)
    keys = [
        account_key(bytes(16)), currency_key("XUS"), receipt_key(bytes(32)), CONFIG_KEY, nonce_key(bytes(16)),
        recovery_key(bytes(16)), shared_key_key(bytes(16)), domain_key("a"), basket_key("XDX"),
        tiers_key(bytes(16), "XUS"), limits_key(bytes(16), "XUS"), window_key(bytes(16), "XUS"), POLICY_KEY,
        usage_key(bytes(16), rule), validator_key(bytes(16)),
        accusation_key(bytes(16)), retired_key(bytes(32)), ONCHAIN_KEY,
    ]  # fmt: skip
    firsts = [key[:1] for key in keys]
    assert len(set(firsts)) == len(firsts)
    assert all(is_record_key(key) for key in keys)
