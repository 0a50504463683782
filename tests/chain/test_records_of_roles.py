"""Bytes and state keys of what stands beside accounts: nonces, recovery addresses, shared keys, domains."""

import pytest

from chain.accounts import account_key, read_record
from chain.codec import decode, encode
from chain.errors import DecodeError
from chain.records.roles import (
    Domain,
    Domains,
    RecoveryAddress,
    RoleRecord,
    SharedKey,
    SlidingNonce,
    domain_key,
    domains_key,
    nonce_key,
    recovery_key,
    shared_key_key,
)

ADDRESS = bytes(range(16))
RECORDS: list[tuple[bytes, RoleRecord, tuple[object, ...]]] = [
    (nonce_key(ADDRESS), SlidingNonce(7, 1 << 127 | 1), (7, b"\x80" + bytes(14) + b"\x01")),
    (recovery_key(ADDRESS), RecoveryAddress(ADDRESS, (ADDRESS, bytes(16))), (ADDRESS, (ADDRESS, bytes(16)))),
    (shared_key_key(ADDRESS), SharedKey(ADDRESS, b"k" * 32), (ADDRESS, b"k" * 32)),
    (domain_key("Us.Wallet"), Domain("Us.Wallet", ADDRESS), (0, "Us.Wallet", ADDRESS)),
    (domain_key("gone"), Domain("gone", b""), (0, "gone", b"")),
    (domains_key(ADDRESS), Domains(ADDRESS, ("Us.Wallet", "a")), (1, ADDRESS, ("Us.Wallet", "a"))),
]


@pytest.mark.parametrize(("key", "record", "value"), RECORDS)
def test_bytes(key: bytes, record: RoleRecord, value: tuple[object, ...]) -> None:
    """What is written under a key is read under it, as the same record."""
    data = record.to_bytes()
    assert decode(data) == value
    found = read_record(key, data)
    assert found == record
    assert type(found) is type(record)


def test_keys() -> None:
    """n, x, s and an address; d and a name in small letters; d@ and an address: no two are the same."""
    assert nonce_key(ADDRESS) == b"n" + ADDRESS
    assert recovery_key(ADDRESS) == b"x" + ADDRESS
    assert shared_key_key(ADDRESS) == b"s" + ADDRESS
    assert domain_key("Us.WALLET") == domain_key("us.wallet") == b"dus.wallet"
    assert domains_key(ADDRESS) == b"d@" + ADDRESS
    keys = [key for key, _, _ in RECORDS] + [account_key(ADDRESS)]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("value", [(2, "us", ADDRESS), (), (0,), (0, 5, ADDRESS), (1, ADDRESS, "us"), "us", 0, ((), 1)])
def test_what_is_neither_a_domain_nor_a_list(value: object) -> None:
    """Another kind, or another shape."""
    with pytest.raises(DecodeError) as caught:
        read_record(domain_key("us"), encode(value))  # type: ignore[arg-type]
    assert caught.value.name == "wrong_shape"
