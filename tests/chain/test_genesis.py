"""The genesis document: its bytes, its identity, its rules, and the state that it describes."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from chain.accounts import (
    ASSOCIATION,
    CONFIG_KEY,
    TREASURY,
    Account,
    Config,
    Currency,
    account_key,
    currency_key,
    read_record,
)
from chain.codec import decode, encode
from chain.crypto.hashing import seed
from chain.crypto.signing import RealSignatures
from chain.errors import GenesisError
from chain.execution.conservation import check
from chain.genesis import (
    GenesisCurrency,
    GenesisDocument,
    GenesisValidator,
    genesis_hash,
    initial_records,
)
from chain.records.coins import Basket, basket_key
from chain.records.limits import LimitsDefinition, limits_key
from chain.records.onchain import ONCHAIN_KEY, OnChainConfig
from chain.records.policy import POLICY_KEY, Policy
from chain.records.validators import (
    VALIDATORS_KEY,
    ActiveSet,
    OperatorConfig,
    SetMember,
    ValidatorConfig,
    validator_key,
)
from tests.builders import CHAIN_ID, CUSTODIAN, NOW_SECS, ONE, ROOT, TC, XDX_PARTS, document, key, party

EDGE_CASES = json.loads((Path(__file__).parents[1] / "vectors/ed25519_edge_cases.json").read_text())
LARGE_S = (6, 7)
"""Edge cases whose key is good and whose signature is at fault."""


def rule(whole: GenesisDocument) -> str:
    with pytest.raises(GenesisError) as caught:
        whole.check(RealSignatures())
    return caught.value.name


def coin(**changes: object) -> GenesisDocument:
    """A document whose only currency is XUS with changes."""
    return document(currencies=(document().currencies[0]._replace(**changes),))  # type: ignore[arg-type]


def member(index: int, **changes: object) -> GenesisDocument:
    """A document with one validator changed."""
    members = list(document().validators)
    members[index] = members[index]._replace(**changes)  # type: ignore[arg-type]
    return document(validators=tuple(members))


def test_bytes_and_back() -> None:
    """Canonical bytes: the same document, the same bytes, and nothing is lost."""
    whole = document()
    whole.check(RealSignatures())
    assert GenesisDocument.from_bytes(whole.to_bytes()) == whole
    values = decode(whole.to_bytes())
    assert isinstance(values, tuple)
    assert values[:3] == (4, CHAIN_ID, NOW_SECS * 1_000_000)
    assert values[7:] == ((("INR", 1 << 26),), 1_000_000_000)
    assert isinstance(GenesisDocument.from_bytes(whole.to_bytes()).validators[0], GenesisValidator)
    assert isinstance(GenesisDocument.from_bytes(whole.to_bytes()).currencies[0], GenesisCurrency)


def test_the_hash_is_the_networks_identity() -> None:
    """SHA-256(seed("Genesis") + canonical bytes); every field counts."""
    from hashlib import sha256

    whole = document()
    assert genesis_hash(whole) == sha256(seed("Genesis") + whole.to_bytes()).digest()
    others = [
        document(chain_id=5), document(timestamp_us=1), document(validators=whole.validators[:3]),
        document(association_key=bytes(32)), document(treasury_key=bytes(32)),
        document(currencies=whole.currencies[:1]), document(local_rates=()), document(dual_attestation_limit=1),
    ]  # fmt: skip
    assert len({genesis_hash(other) for other in [whole, *others]}) == 9


@pytest.mark.parametrize("position", range(9))
def test_foreign_bytes_are_refused(position) -> None:
    """Wrong type in any place, a missing field, bytes after the end."""
    values = list(decode(document().to_bytes()))  # type: ignore[arg-type]
    values[position] = None
    for bad in (encode(tuple(values)), encode(tuple(values[:-1])), document().to_bytes() + b"\0", b"", b"\xc1"):
        with pytest.raises(GenesisError) as caught:
            GenesisDocument.from_bytes(bad)
        assert caught.value.name == "malformed_genesis"


def test_another_format_says_so() -> None:
    """'a format version, refused or migrated with a sentence'."""
    values = decode(document().to_bytes())
    assert isinstance(values, tuple)
    with pytest.raises(GenesisError) as caught:
        GenesisDocument.from_bytes(encode((1, *values[1:])))
    assert caught.value.name == "genesis_format"


def test_rows_have_exact_shapes() -> None:
    """A validator with a field more, a rate as text."""
    for whole in (
        document(validators=((*document().validators[0], 1),)),
        document(local_rates=(("INR", "1"),)),
        document(currencies=(document().currencies[0]._replace(can_mint=1),)),  # type: ignore[arg-type]
        document(currencies=(document().currencies[0]._replace(basket=(("XUS",),)),)),  # type: ignore[arg-type]
        document(currencies=(document().currencies[0]._replace(basket=(("XUS", "1"),)),)),  # type: ignore[arg-type]
    ):
        with pytest.raises(GenesisError) as caught:
            GenesisDocument.from_bytes(whole.to_bytes())
        assert caught.value.name == "malformed_genesis"


def test_chain_ids() -> None:
    """'Chain ids ... 0 forbidden'; one byte."""
    assert rule(document(chain_id=0)) == "bad_chain_id"
    assert rule(document(chain_id=256)) == "bad_chain_id"
    for good in (1, 255):
        document(chain_id=good).check(RealSignatures())


def validators(count: int) -> tuple[GenesisValidator, ...]:
    def keys(number: int) -> tuple[Any, ...]:
        return tuple(key(base + number).public_key for base in (1_000, 2_000, 3_000, 4_000))

    return tuple(GenesisValidator(f"v{i}", *keys(i)) for i in range(count))


def test_1_to_256_validators() -> None:
    """V1."""
    assert rule(document(validators=())) == "wrong_size"
    assert rule(document(validators=validators(257))) == "wrong_size"
    for count in (1, 256):
        document(validators=validators(count)).check(RealSignatures())


def test_every_key_belongs_to_one() -> None:
    """No two validators, nor the association and the treasury, share a key; names differ."""
    first = document().validators[0]
    assert rule(member(1, consensus_key=first.consensus_key)) == "duplicate_key"
    assert rule(member(1, network_key=first.network_key)) == "shared_key"
    assert rule(member(1, network_key=first.consensus_key)) == "shared_key"
    assert rule(document(association_key=first.network_key)) == "shared_key"
    assert rule(document(treasury_key=ROOT.key.public_key)) == "shared_key"
    assert rule(member(1, name=first.name)) == "duplicate_name"
    assert rule(member(1, name="")) == "wrong_size"
    assert rule(member(1, name="x" * 65)) == "wrong_size"
    coin(custodian_key=TC.key.public_key).check(RealSignatures())


@pytest.mark.parametrize("case", EDGE_CASES, ids=range(len(EDGE_CASES)))
def test_edge_case_keys_enter_nowhere(case) -> None:
    """K1 wherever genesis takes a key."""
    public = bytes.fromhex(case["pub_key"])
    for whole in (
        member(2, consensus_key=public), member(3, network_key=public), document(association_key=public),
        document(treasury_key=public), coin(custodian_key=public),
    ):  # fmt: skip
        if EDGE_CASES.index(case) in LARGE_S:
            whole.check(RealSignatures())
        else:
            assert rule(whole) == "bad_key"


def test_keys_have_32_bytes() -> None:
    """Also where no size is checked while reading."""
    assert rule(document(association_key=b"")) == "bad_key"
    assert rule(coin(custodian_key=CUSTODIAN["XUS"].public_key[:31])) == "bad_key"
    assert rule(member(0, consensus_key=bytes(31))) == "wrong_size"


def test_the_port_judges_keys() -> None:
    """A simulation's port may accept other keys; each one is asked about, as Ed25519."""

    class Port:
        name = "port"
        asked: ClassVar[list[tuple[int, bytes]]] = []

        def verify(self, check: object) -> bool:
            raise AssertionError

        def is_valid_key(self, scheme: int, public_key: bytes) -> bool:
            self.asked.append((scheme, public_key))
            return True

    document(association_key=b"a", treasury_key=b"t").check(Port())
    assert len(Port.asked) == 2 + 16 + 3
    assert {scheme for scheme, _ in Port.asked} == {0}


def test_currencies_are_1_to_64_each_once() -> None:
    """Coins and local currencies share one name space."""
    one = document().currencies[0]

    def coins(count: int) -> tuple[GenesisCurrency, ...]:
        return tuple(one._replace(code=f"X{i}") for i in range(count))

    assert rule(document(currencies=())) == "bad_currencies"
    assert rule(document(currencies=coins(65))) == "bad_currencies"
    assert rule(document(currencies=(one, one))) == "bad_currencies"
    assert rule(document(local_rates=(("XUS", 1),))) == "bad_currencies"
    assert rule(document(local_rates=(("INR", 1), ("INR", 2)))) == "bad_currencies"
    document(currencies=coins(64)).check(RealSignatures())


@pytest.mark.parametrize(
    "basket",
    [
        (("XUS", 1), ("XUS", 1)), (("XDX", 1),), (("INR", 1),), (("NOP", 1),), (("XUS", 0),), (("XUS", 1), ("XEU", 0)),
    ],
)  # fmt: skip
def test_baskets_that_no_coin_stands_on(basket) -> None:
    """Coins of their own, each once, with an amount above 0."""
    xus, xeu, xdx = document().currencies
    assert rule(document(currencies=(xus, xeu, xdx._replace(basket=basket)))) == "bad_basket"


def test_baskets() -> None:
    """A synthetic coin may have one; another coin has none."""
    xus, xeu, xdx = document().currencies
    assert rule(document(currencies=(xus._replace(basket=(("XEU", 1),)), xeu, xdx))) == "bad_basket"
    document(currencies=(xus, xeu, xdx._replace(basket=()))).check(RealSignatures())
    document(currencies=(xus, xeu, xdx._replace(basket=(("XEU", 1), ("XUS", 1))))).check(RealSignatures())


@pytest.mark.parametrize("code", ["", "xus", "1US", "X US", "XÜS", "X-S", "X_S", "XUs"])
def test_malformed_codes(code) -> None:
    """'ASCII upper-case alphanumerics, not starting with a digit', for coins and local currencies."""
    assert rule(coin(code=code)) == "bad_currency_code"
    assert rule(document(local_rates=((code, 1),))) == "bad_currency_code"


def test_wellformed_codes() -> None:
    """Digits may follow."""
    for code in ("X", "X1", "A0B1C2"):
        coin(code=code).check(RealSignatures())


def test_scaling_and_synthetic() -> None:
    """'scaling_factor (1..10^10)'; XDX: 'can_mint no'."""
    assert rule(coin(scaling_factor=0)) == "bad_scaling"
    assert rule(coin(scaling_factor=10**10 + 1)) == "bad_scaling"
    for good in (1, 10**10):
        coin(scaling_factor=good).check(RealSignatures())
    assert rule(coin(is_synthetic=True)) == "synthetic_mint"
    coin(is_synthetic=True, can_mint=False).check(RealSignatures())
    coin(can_mint=False).check(RealSignatures())


def test_the_state_at_version_0() -> None:
    """Configuration, currencies in order, association and treasury; no coins, all counters at 0."""
    records = initial_records(document(dual_attestation_limit=7))
    assert records.pop(CONFIG_KEY) == Config(CHAIN_ID, ("XUS", "XEU", "XDX"), (("INR", 1 << 26),), 7, (0,) * 12, (), 0)
    none = (0, 0, 0, 0, 0)
    custodian = {code: private.public_key for code, private in CUSTODIAN.items()}
    assert records.pop(currency_key("XUS")) == Currency(
        "XUS", ONE, 100, 1 << 32, False, True, 0, 0, 0, custodian["XUS"], 0, 0, none
    )
    assert records.pop(currency_key("XEU")) == Currency(
        "XEU", ONE, 100, 3 << 31, False, True, 0, 0, 0, custodian["XEU"], 0, 0, none
    )
    assert records.pop(currency_key("XDX")) == Currency(
        "XDX", ONE, 1000, 1 << 32, True, False, 0, 0, 0, custodian["XDX"], 0, 0, none
    )
    for address, role, who, streams in ((ASSOCIATION, 0, ROOT, ()), (TREASURY, 1, TC, (0, 0, 0))):
        auth_key = who.key.authentication_key()
        expected = Account(address, role, auth_key, 0, False, (), streams, b"", 0, None, ())
        assert records.pop(account_key(address)) == expected
    for code in ("XUS", "XEU", "XDX"):
        assert records.pop(limits_key(ASSOCIATION, code)) == LimitsDefinition(
            ASSOCIATION, code, 2**64 - 1, 2**64 - 1, 2**64 - 1, 86_400_000_000
        )
    assert records.pop(basket_key("XDX")) == Basket("XDX", XDX_PARTS, (("XUS", 0), ("XEU", 0)))
    assert records.pop(POLICY_KEY) == Policy(0, "", ())
    for number in range(4):
        owner, operator = party(200 + number), party(300 + number)
        for who, role in ((owner, 3), (operator, 4)):
            auth_key = who.key.authentication_key()
            assert records.pop(account_key(who.address)) == Account(
                who.address, role, auth_key, 0, False, (), (0, 0), b"", 0, None, ()
            )
        keys = key(10 + number).public_key, key(20 + number).public_key
        assert records.pop(validator_key(owner.address)) == ValidatorConfig(
            owner.address, number, f"validator-{number}", operator.address, *keys, "", ""
        )
        name = f"validator-{number}-operator"
        assert records.pop(validator_key(operator.address)) == OperatorConfig(operator.address, name)
    members = tuple(
        SetMember(i, f"validator-{i}", key(10 + i).public_key, key(20 + i).public_key, NOW_SECS * 1_000_000)
        for i in range(4)
    )
    registered = tuple(party(200 + i).address for i in range(4))
    assert records.pop(VALIDATORS_KEY) == ActiveSet(1, NOW_SECS * 1_000_000, members, registered)
    assert records.pop(ONCHAIN_KEY) == OnChainConfig(
        (4, 9, 600, 600, 8, 4_000_000, 0, 10_000, 4_096, 1_000, 800),  # type: ignore[arg-type]
        ("round_robin", 1_000_000, 800_000, 1_000_000), 4, False,  # type: ignore[arg-type]
    )  # fmt: skip
    assert records == {}
    check(initial_records(document()).values())


def test_every_record_has_bytes() -> None:
    """What genesis describes can be stored."""
    for place, record in initial_records(document()).items():
        assert read_record(place, record.to_bytes()) == record
