"""The genesis document: round trip, every refusal by name, and the state that it gives."""

import json
from pathlib import Path

import pytest

from chain.accounts import ASSOCIATION, CONFIG_KEY, TREASURY, Account, Config, Currency, account_key, currency_key
from chain.codec import decode, encode
from chain.crypto.signing import RealSignatures, Scheme, authentication_key
from chain.errors import GenesisError
from chain.genesis import GenesisDocument, genesis_hash, initial_records
from chain.limits import MAX_CURRENCIES, MAX_SCALING_FACTOR
from chain.validators import Validator
from tests.builders import CUSTODIAN, ROOT, TC, document, key

GOOD = document()
XUS, XEU, XDX = GOOD.currencies
FIRST, *REST = GOOD.validators


def refusal(**changes: object) -> str:
    """The rule that a changed document breaks."""
    with pytest.raises(GenesisError) as caught:
        document(**changes).check(RealSignatures())
    return caught.value.name


def test_round_trip() -> None:
    """The bytes give the document back; its hash depends on each field."""
    GOOD.check(RealSignatures())
    assert GenesisDocument.from_bytes(GOOD.to_bytes()) == GOOD
    changes: list[dict[str, object]] = [
        {"chain_id": 5}, {"timestamp_us": 1}, {"validators": (FIRST,)}, {"association_key": key(90).public_key},
        {"treasury_key": key(90).public_key}, {"currencies": (XUS,)}, {"local_rates": ()}, {"dual_attestation_limit": 1},
    ]  # fmt: skip
    assert len({genesis_hash(GOOD)} | {genesis_hash(document(**change)) for change in changes}) == 9
    assert GOOD.dual_attestation_limit == 1_000_000_000


def test_malformed_bytes() -> None:
    """genesis_format for another version; malformed_genesis for all other bytes."""
    value = decode(GOOD.to_bytes())
    assert isinstance(value, tuple)
    assert value[0] == 1
    cases = [(encode((2, *value[1:])), "genesis_format"), (b"", "malformed_genesis")]
    cases += [(GOOD.to_bytes() + b"\0", "malformed_genesis"), (encode(value[:-1]), "malformed_genesis")]
    for place in range(1, len(value)):
        cases.append((encode((*value[:place], None, *value[place + 1 :])), "malformed_genesis"))
    for place in (4, 7, 8):
        cases.append((encode((*value[:place], ((1,),), *value[place + 1 :])), "malformed_genesis"))
    for data, name in cases:
        with pytest.raises(GenesisError) as caught:
            GenesisDocument.from_bytes(data)
        assert caught.value.name == name


def test_chain_ids() -> None:
    """1 to 255 (0 is forbidden)."""
    for good in (1, 255):
        document(chain_id=good).check(RealSignatures())
    for bad in (0, 256):
        assert refusal(chain_id=bad) == "bad_chain_id"


def test_validators() -> None:
    """V1: 1 to 256, with names and keys of their own."""
    document(validators=(FIRST,)).check(RealSignatures())
    assert refusal(validators=()) == "wrong_size"
    assert refusal(validators=(FIRST, REST[0]._replace(consensus_key=FIRST.consensus_key))) == "duplicate_key"
    assert refusal(validators=(FIRST, REST[0]._replace(name=FIRST.name))) == "duplicate_name"
    assert refusal(validators=(FIRST._replace(name=""),)) == "wrong_size"
    assert refusal(validators=(FIRST._replace(consensus_key=bytes(31)),)) == "wrong_size"
    many = tuple(Validator(f"v{i}", key(1000 + i).public_key, key(2000 + i).public_key) for i in range(257))
    document(validators=many[:256]).check(RealSignatures())
    assert refusal(validators=many) == "wrong_size"


def test_no_key_has_two_uses() -> None:
    """Association, treasury, consensus and network keys are all different."""
    assert refusal(association_key=TC.key.public_key) == "shared_key"
    assert refusal(treasury_key=FIRST.consensus_key) == "shared_key"
    assert refusal(treasury_key=FIRST.network_key) == "shared_key"
    assert refusal(validators=(FIRST._replace(network_key=FIRST.consensus_key),)) == "shared_key"
    assert refusal(validators=(FIRST, REST[0]._replace(network_key=FIRST.network_key))) == "shared_key"


VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "ed25519_edge_cases.json").read_text())
BAD_KEYS = sorted({case["pub_key"] for case in VECTORS})


@pytest.mark.parametrize("text", [bytes(32).hex(), *BAD_KEYS])
def test_edge_case_keys_are_refused_everywhere(text: str) -> None:
    """K1: small-order, mixed-order and non-canonical keys enter at no place."""
    bad = bytes.fromhex(text)
    assert refusal(association_key=bad) == "bad_key"
    assert refusal(treasury_key=bad) == "bad_key"
    assert refusal(validators=(FIRST._replace(consensus_key=bad), *REST)) == "bad_key"
    assert refusal(validators=(FIRST._replace(network_key=bad), *REST)) == "bad_key"
    assert refusal(currencies=(XUS._replace(custodian_key=bad),)) == "bad_key"


def test_currencies() -> None:
    """1 to 64, each code once, coins and local rates together."""
    assert refusal(currencies=()) == "bad_currencies"
    assert refusal(currencies=(XUS, XUS)) == "bad_currencies"
    assert refusal(local_rates=(("XUS", 1),)) == "bad_currencies"
    many = tuple(XUS._replace(code=f"X{i}") for i in range(MAX_CURRENCIES + 1))
    document(currencies=many[:-1]).check(RealSignatures())
    assert refusal(currencies=many) == "bad_currencies"


@pytest.mark.parametrize("code", ["xus", "X-S", "1US", "ÉUR", "XU S", "٣X"])
def test_codes(code: str) -> None:
    """ASCII upper-case letters and digits, not a digit first."""
    assert refusal(currencies=(XUS._replace(code=code),)) == "bad_currency_code"
    assert refusal(local_rates=((code, 1),)) == "bad_currency_code"


def test_an_empty_code() -> None:
    """The empty code is refused by name as well."""
    assert refusal(currencies=(XUS._replace(code=""),)) == "bad_currency_code"


def test_scaling_and_synthetic() -> None:
    """Scaling 1 to 10^10; a synthetic coin is never minted."""
    for good in (1, MAX_SCALING_FACTOR):
        document(currencies=(XUS._replace(scaling_factor=good),)).check(RealSignatures())
    for bad in (0, MAX_SCALING_FACTOR + 1):
        assert refusal(currencies=(XUS._replace(scaling_factor=bad),)) == "bad_scaling"
    assert refusal(currencies=(XUS, XDX._replace(can_mint=True))) == "synthetic_mint"


def test_the_first_state() -> None:
    """Version 0: configuration, currencies without a coin, association and treasury under their keys."""
    records = initial_records(GOOD)
    assert set(records) == {
        CONFIG_KEY, account_key(ASSOCIATION), account_key(TREASURY), *(currency_key(c) for c in ("XUS", "XEU", "XDX"))
    }  # fmt: skip
    assert records[CONFIG_KEY] == Config(4, ("XUS", "XEU", "XDX"), (("INR", 1 << 26),), 1_000_000_000, (0, 0, 0, 0, 0))
    assert records[currency_key("XEU")] == Currency(
        "XEU", 1_000_000, 100, 3 << 31, False, True, 0, 0, 0, CUSTODIAN["XEU"].public_key, 0, 0, (0, 0, 0, 0, 0)
    )
    for address, role, who in ((ASSOCIATION, 0, ROOT), (TREASURY, 1, TC)):
        auth_key = authentication_key(Scheme.ED25519, who.key.public_key)
        expected = Account(address, role, auth_key, 0, False, (), (), b"", 0, None, ())
        assert records[account_key(address)] == expected
