"""What an account does to itself: currencies, dual-attestation information."""

import json
from pathlib import Path

import pytest

from chain.accounts import Credential
from chain.limits import MAX_URL_BYTES
from tests.builders import ALICE, DEALER, NOW_SECS, ROOT, TC, US, World, event, key, small_world

EDGE_CASES = json.loads((Path(__file__).parents[2] / "vectors/ed25519_edge_cases.json").read_text())
BAD_KEY = ("DualAttestation", 7 + 256 * 2)
TOO_LONG = ("Limits", 7 + 256 * 100)
NO_CREDENTIAL = ("DualAttestation", 5 + 256 * 0)


@pytest.fixture
def world() -> World:
    return small_world()


@pytest.mark.parametrize("who", [ALICE, US, DEALER])
def test_a_further_currency_starts_at_0(world, who) -> None:
    """DD, parent and child may; balances stay sorted by code."""
    before = world.account(who)
    assert world.do(who, "add_currency_to_account", "XDX") == ()
    after = world.account(who)
    assert after == before._replace(balances=(("XDX", 0), *before.balances), sequence_number=1)
    assert world.fails(who, "add_currency_to_account", "XDX") == ("DiemAccount", 6 + 256 * 15)
    assert world.fails(who, "add_currency_to_account", "NOPE") == ("Diem", 5 + 256 * 1)


@pytest.mark.parametrize("who", [TC, ROOT])
def test_roles_that_hold_no_coins(world, who) -> None:
    """EROLE_CANT_STORE_BALANCE; an unknown currency is told first."""
    assert world.fails(who, "add_currency_to_account", "XUS") == ("DiemAccount", 7 + 256 * 4)
    assert world.fails(who, "add_currency_to_account", "INR") == ("Diem", 5 + 256 * 1)


@pytest.mark.parametrize(("who", "url", "rotation"), [(US, 1, 0), (DEALER, 2, 1)])
def test_dual_attestation_info(world, who, url, rotation) -> None:
    """'sets url then key and emits a base-url and a compliance-key event with the block time in seconds'."""
    world.context = world.context._replace(timestamp_us=NOW_SECS * 1_000_000 + 999_999)
    new, name = key(4244).public_key, (world.account(who).credential or Credential("", b"", b"")).human_name
    assert world.do(who, "rotate_dual_attestation_info", b"https://new", new) == (
        event(url, who.address, 0, "baseurlrotation", b"https://new", NOW_SECS),
        event(rotation, who.address, 0, "compliancekeyrotation", new, NOW_SECS),
    )
    assert world.account(who).credential == Credential(name, b"https://new", new)
    assert sum(world.account(who).streams) == 2


def test_who_has_no_credential_and_what_is_refused(world) -> None:
    """Credential, URL length, key: in this order."""
    good = key(4244).public_key
    for who in (ALICE, TC, ROOT):
        assert world.fails(who, "rotate_dual_attestation_info", bytes(MAX_URL_BYTES + 1), b"") == NO_CREDENTIAL
    assert world.fails(US, "rotate_dual_attestation_info", bytes(MAX_URL_BYTES + 1), b"") == TOO_LONG
    for bad in (b"", good[:31], good + b"\0", bytes(32), b"\xff" * 32):
        assert world.fails(US, "rotate_dual_attestation_info", bytes(MAX_URL_BYTES), bad) == BAD_KEY
    world.do(US, "rotate_dual_attestation_info", bytes(MAX_URL_BYTES), good)


@pytest.mark.parametrize("case", EDGE_CASES, ids=range(len(EDGE_CASES)))
def test_keys_of_small_order_are_never_registered(world, case) -> None:
    """K1 over the keys of the edge cases: all but two (6 and 7, whose fault is a large s) are refused."""
    public = bytes.fromhex(case["pub_key"])
    if EDGE_CASES.index(case) in (6, 7):
        world.do(US, "rotate_dual_attestation_info", b"", public)
    else:
        assert world.fails(US, "rotate_dual_attestation_info", b"", public) == BAD_KEY
