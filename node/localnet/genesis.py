"""A network's beginning: the keys of its roots and validators, and the genesis document that names them.

`build_genesis` writes both; `load_genesis` and `describe` read a document for people.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chain.accounts import BASKET
from chain.crypto.signing import PrivateKey, RealSignatures
from chain.errors import GenesisError
from chain.genesis import GenesisCurrency, GenesisDocument, GenesisValidator, genesis_hash
from chain.ledger import Ledger
from node.client.network import GENESIS_FILE
from node.keystore import derive_secret, load_key, mark_unused, new_secret, save_key
from node.storage.memory import MemoryStore

COINS = ("XUS", "XEU", "XJP", "XGB", "XSG")
CODES = (COINS[0], BASKET, *COINS[1:])
"""In order of registration: XUS then XDX, as in Libra."""
SCALING = 1_000_000
BASKET_MICRO = {"XUS": 500_000, "XEU": 160_901, "XJP": 15_152_588, "XGB": 87_909, "XSG": 95_974}
"""Micro-units of each coin in one XDX: weights of 50/18/14/11/7 % on 2019-06-18 (`economy.basket` has the same)."""
BASKET_PARTS = tuple((code, (micro << 32) // SCALING) for code, micro in BASKET_MICRO.items())
"""The same as the chain keeps it: 32-bit fixed point, cut off."""
FRACTIONAL_PART = 100
ONE_XDX = 1 << 32
"""1 XDX in 32-bit fixed point."""
TEST_CHAIN_IDS = {2: "testnet", 3: "devnet", 4: "testing"}
"""Libra's numbers of test chains. 1 and 5 mean real money, and this is a simulator."""
CHAIN_ID = 4
CONSENSUS_KEY = "consensus.json"
"""The key file of a validator whose key must not sign anything twice."""
VALIDATOR_KEYS = ("consensus", "network", "owner", "operator")
"""Key files of a validator, in the order of the genesis document."""
MAX_GENESIS_BYTES = 1 << 20


class Rates(NamedTuple):
    """What money is worth in XDX at genesis, as 32-bit fixed point: each coin, and currencies without a coin."""

    coins: Mapping[str, int]
    local: Mapping[str, int]


NO_RATES = Rates({}, {})
"""Every coin is worth one XDX, and there is no other currency."""


def build_genesis(
    directory: Path,
    validators: int,
    rates: Rates = NO_RATES,
    *,
    seed: int | None = None,
    chain_id: int = CHAIN_ID,
    timestamp_us: int | None = None,
    addresses: Sequence[tuple[str, str]] | None = None,
) -> GenesisDocument:
    """Make every key below `directory` and give the checked document, which is not written.

    Keys: `keys/association.json`, `keys/treasury.json`, `keys/custodian-CODE.json`, and for each validator
    `validator-N/keys/{consensus,network,owner,operator}.json`. `addresses` says where each validator listens for
    validators and for clients (`host:port`). With a seed keys are the same each time: for demonstrations
    only. A key that is there already stays. GenesisError (`not_a_test_chain`), KeyFileError (`key_file_exists`: a seed
    that gives another key).
    """
    if chain_id not in TEST_CHAIN_IDS:
        known = ", ".join(f"{number} ({name})" for number, name in TEST_CHAIN_IDS.items())
        raise GenesisError(f"chain id {chain_id} is not one of a test chain: {known}", name="not_a_test_chain")
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def key(path: Path, name: str) -> bytes:
        """Make one key file, or read the one that an interrupted start left; its public key."""
        if path.exists():
            found = load_key(path)
            if seed is None or found.public_key == PrivateKey(derive_secret(seed, name)).public_key:
                return found.public_key
        secret = new_secret() if seed is None else derive_secret(seed, name)
        if path.name == CONSENSUS_KEY and not path.exists():
            mark_unused(path, PrivateKey(secret).public_key)
        return save_key(path, name, secret).public_key

    roots = directory / "keys"
    names = [f"validator-{index}" for index in range(validators)]
    places = [("", "")] * validators if addresses is None else addresses
    members = tuple(_member(directory, name, key, *place) for name, place in zip(names, places, strict=True))
    currencies = tuple(
        GenesisCurrency(
            code, SCALING, FRACTIONAL_PART, rates.coins.get(code, ONE_XDX), code == BASKET, code != BASKET,
            key(roots / f"custodian-{code}.json", f"custodian-{code}"), BASKET_PARTS if code == BASKET else (),
        )
        for code in CODES
    )  # fmt: skip
    document = GenesisDocument(
        chain_id,
        time.time_ns() // 1000 if timestamp_us is None else timestamp_us,
        members,
        key(roots / "association.json", "association"),
        key(roots / "treasury.json", "treasury"),
        currencies,
        tuple(sorted(rates.local.items())),
    )
    document.check(RealSignatures())
    return document


def _member(
    directory: Path, name: str, key: Callable[[Path, str], bytes], network_address: str, fullnode_address: str
) -> GenesisValidator:
    """One of the first validators, with its four keys."""
    consensus, network, owner, operator = (
        key(directory / name / "keys" / f"{what}.json", f"{name}/{what}") for what in VALIDATOR_KEYS
    )
    return GenesisValidator(name, consensus, network, owner, operator, network_address, fullnode_address)


def write_genesis(target: Path, validators: int, rates: Rates = NO_RATES, **options: Any) -> tuple[Path, Path]:
    """Build a genesis and write it; gives its file and the directory with the keys. `options` as of `build_genesis`.

    A target with a suffix is the file, its keys lie in `TARGET.keys`; another one is a directory with both. Nothing is
    overwritten: GenesisError (`genesis_exists`).
    """
    is_file = bool(target.suffix) and not target.is_dir()
    file = target if is_file else target / GENESIS_FILE
    directory = target.with_name(target.name + ".keys") if is_file else target
    if file.exists():
        raise GenesisError(f"there is a genesis in {file} already, it stays as it is", name="genesis_exists")
    document = build_genesis(directory, validators, rates, **options)
    file.write_bytes(document.to_bytes())
    return file, directory


def load_genesis(path: Path) -> GenesisDocument:
    """Read and check a genesis file; GenesisError: `genesis_unreadable`, `malformed_genesis`, `genesis_format`,
    `bad_genesis` with the broken rule in its details."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_GENESIS_BYTES + 1)
    except OSError as error:
        raise GenesisError(f"genesis {path} cannot be read: {error.strerror}", name="genesis_unreadable") from error
    if len(data) > MAX_GENESIS_BYTES:
        raise GenesisError(f"{path} is above {MAX_GENESIS_BYTES} bytes", name="malformed_genesis")
    try:
        document = GenesisDocument.from_bytes(data)
    except GenesisError as error:
        raise GenesisError(f"{path}: {error.message}", name=error.name) from error
    try:
        document.check(RealSignatures())
    except GenesisError as error:
        raise GenesisError(f"{path}: {error.message}", rule=error.name) from error
    return document


def waypoint_of(document: GenesisDocument) -> str:
    """The waypoint that a light client starts from."""
    return Ledger(document, MemoryStore()).genesis_info.waypoint()


def describe(document: GenesisDocument) -> dict[str, Any]:
    """A genesis document as JSON; rates are 32-bit fixed point, the limit is in micro-XDX."""
    return {
        "chain_id": document.chain_id,
        "genesis_hash": genesis_hash(document).hex(),
        "waypoint": waypoint_of(document),
        "timestamp_us": document.timestamp_us,
        "association_key": document.association_key.hex(),
        "treasury_key": document.treasury_key.hex(),
        "validators": [
            {
                "index": index, "name": member.name, "consensus_key": member.consensus_key.hex(),
                "network_key": member.network_key.hex(), "owner_key": member.owner_key.hex(),
                "operator_key": member.operator_key.hex(), "network_address": member.network_address,
                "fullnode_address": member.fullnode_address,
            }
            for index, member in enumerate(document.validators)
        ],
        "currencies": [
            {
                "code": item.code, "scaling_factor": item.scaling_factor, "fractional_part": item.fractional_part,
                "rate_fixed_point32": item.rate, "is_synthetic": item.is_synthetic, "can_mint": item.can_mint,
                "custodian_key": item.custodian_key.hex(),
                "basket": [{"currency": code, "ratio_fixed_point32": ratio} for code, ratio in item.basket],
            }
            for item in document.currencies
        ],
        "local_rates": [{"currency": code, "rate_fixed_point32": rate} for code, rate in document.local_rates],
        "dual_attestation_limit": document.dual_attestation_limit,
    }  # fmt: skip
