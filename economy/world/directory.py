"""The directory of a simulated network: made beside what is there, and moved into place whole.

While a run goes on everything lies in `.unfinished`; `network.json` comes last. So a run that is killed leaves no half
network, and one that continues another leaves that one as it was. The result is an ordinary network directory:
`localnet up`, `explorer` and `audit` take it like any other.
"""

import datetime
import json
import os
import shutil
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from chain.crypto.signing import PrivateKey, Scheme
from chain.errors import MithqalError
from chain.genesis import GenesisDocument, genesis_hash
from chain.primitives import Address
from economy.basket import COIN_CURRENCY, xdx_rates
from economy.world.cast import Cast
from economy.world.rates import RateTable
from economy.world.scene import midnight_us
from economy.world.tally import tip_of
from node.client.files import locked, write_durably
from node.client.network import NETWORK_FILE, Network, load_network
from node.client.wallets.attestation import compliance_key_path
from node.client.wallets.book import Entry, entry_json
from node.client.wallets.names import key_path
from node.client.wallets.wallet import BOOK_FILE
from node.keystore import derive_secret, key_document, key_text, load_key
from node.localnet.build import build_network
from node.localnet.genesis import Rates
from node.localnet.supervisor import Supervisor
from node.runtime.signing_keys import FIRST_KEY
from node.storage.safety_file import SafetyFile, owner_of
from node.storage.signing_record import SAFETY_FILE, note_owner
from node.storage.sqlite import SqliteStore

VALIDATORS = 4
UNFINISHED = ".unfinished"
STATE_FILE = "simulation.json"
SCENARIO_FILE = "scenario.json"
LEDGER_FILE = "ledger.sqlite"
STATE_VERSION = 1
LOCK_FILE = ".simulate.lock"
BEFORE_US = 3_600 * 10**6
"""Genesis lies so long before the first day."""


class RunError(MithqalError):
    """A directory that a run cannot use."""

    name = "simulation_missing"


def make(directory: Path) -> None:
    """The directory itself; RunError `cannot_write` where there can be none."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        message = f"{directory} cannot be a directory: {error.strerror}"
        raise RunError(message, name="cannot_write", file=str(directory)) from error


def begin(directory: Path, table: RateTable, start: datetime.date, seed: int) -> Network:
    """A new network's keys and genesis in `directory`/.unfinished; RunError `network_exists`, `directory_not_empty`."""
    if (directory / NETWORK_FILE).exists():
        raise RunError(
            f"there is a network in {directory} already: name another directory, or go on with it by"
            f" mithqal simulate --continue {directory} --days 30",
            name="network_exists",
        )
    place = directory / UNFINISHED
    if directory.exists():
        strangers = sorted({item.name for item in directory.iterdir()} - {UNFINISHED, LOCK_FILE})
        if strangers:
            raise RunError(
                f"{directory} is not empty, there is {strangers[0]}: name another directory", name="directory_not_empty"
            )
    shutil.rmtree(place, ignore_errors=True)
    day = table.day(table.before(start))
    quotes = {item.code: item.raw for item in xdx_rates(day)}
    rates = Rates({code: quotes.pop(code) for code in COIN_CURRENCY}, quotes)
    return build_network(
        place, VALIDATORS, rates=rates, seed=seed, timestamp_us=midnight_us(start) - BEFORE_US, tells_addresses=False
    )


def resume(directory: Path) -> tuple[Network, dict[str, Any]]:
    """A finished run as a copy in .unfinished, and what it remembers.

    RunError `simulation_missing`, `simulation_malformed`; NetworkError as of `load_network`; RunError `network_runs`.
    """
    network = load_network(directory)
    state = read_state(directory)
    if len(Supervisor(directory).names_down()) < len(network.members):
        raise RunError(
            f"validators of {directory} run: stop them first, mithqal localnet down --network {directory}",
            name="network_runs",
        )
    place = directory / UNFINISHED
    shutil.rmtree(place, ignore_errors=True)
    for index in range(len(network.members) if state["network_sim"] else 1):
        source, target = ledger_of(network, index), place / network.members[index].name / "data" / LEDGER_FILE
        target.parent.mkdir(parents=True, mode=0o700)
        with closing(SqliteStore(source, network.genesis_hash, check_below_bytes=0)):  # its log is in the file then
            pass
        shutil.copyfile(source, target)
    return network, state


def read_state(directory: Path) -> dict[str, Any]:
    """What a finished run remembers; RunError `simulation_missing`, `simulation_malformed`."""
    path = directory / STATE_FILE
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["version"] != STATE_VERSION:
            raise ValueError(f"it has version {value['version']}, this program reads {STATE_VERSION}")
    except FileNotFoundError as error:
        raise RunError(
            f"there is no {STATE_FILE} in {directory}: it holds no network that `mithqal simulate` made"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} cannot be used: {error}", name="simulation_malformed") from error
    found: dict[str, Any] = value
    return found


def ledger_of(network: Network, index: int) -> Path:
    """Where a validator's ledger lies."""
    return network.members[index].directory / "data" / LEDGER_FILE


def consensus_keys(network: Network) -> list[PrivateKey]:
    """The validators' consensus keys, by number."""
    return [load_key(member.directory / "keys" / FIRST_KEY) for member in network.members]


def write_people(network: Network, cast: Cast, seed: int, known: Sequence[int]) -> None:
    """The address book and the keys of everybody who has an account."""
    entries: dict[str, Any] = {}
    accounts: dict[Path, str] = {}
    compliance: dict[Path, str] = {}
    for number in known:
        actor = cast.actors[number]
        role = {"dealer": "dealer", "parent": "parent", "root": None}.get(actor.role, "child")
        provider = cast.actors[actor.provider].name if actor.provider >= 0 else None
        entry = Entry(actor.name, Address(actor.address), Scheme.ED25519, role, provider)
        entries[actor.name] = entry_json(entry)
        if actor.role == "root":
            continue
        path = key_path(network.keys, actor.name)
        accounts[path] = _key_file(seed, actor.name, actor.key_label)
        if actor.role == "parent":
            text = _key_file(seed, f"{actor.name}/compliance", f"compliance/{actor.name}")
            compliance[compliance_key_path(network.keys, actor.name)] = text
    for path, text in (*accounts.items(), *compliance.items()):
        _write_key(path, text)
    write_durably(network.directory / BOOK_FILE, json.dumps(entries, indent=1, sort_keys=True) + "\n")


def old_records(network: Network) -> list[bytes | None]:
    """The signing records of a finished run, by validator."""
    found: list[bytes | None] = []
    for member, key in zip(network.members, consensus_keys(network), strict=True):
        path = member.directory / "data" / SAFETY_FILE
        with closing(SafetyFile(path, owner_of(network.genesis_hash, key.public_key), may_create=False)) as file:
            found.append(file.load())
    return found


def write_validators(network: Network, place: Path, records: Sequence[bytes], *, is_one_ledger: bool) -> None:
    """Every validator's data in `place`: its signing record, and a copy of the ledger if there is one only."""
    source = place / network.members[0].name / "data" / LEDGER_FILE
    keys = consensus_keys(network)
    for number, member in enumerate(network.members):
        data = place / member.name / "data"
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if number and is_one_ledger:
            shutil.copyfile(source, data / LEDGER_FILE)
    for member, key, record in zip(network.members, keys, records, strict=True):
        data = place / member.name / "data"
        owner = owner_of(network.genesis_hash, key.public_key)
        with closing(SafetyFile(data / SAFETY_FILE, owner)) as file:
            file.store(record)
        with closing(SqliteStore(data / LEDGER_FILE, network.genesis_hash, check_below_bytes=0)) as store:
            note_owner(store, owner)


def move_in(directory: Path) -> Network:
    """Everything of a new network from .unfinished into `directory`, `network.json` last."""
    place = directory / UNFINISHED
    for item in sorted(place.iterdir()):
        if item.name != NETWORK_FILE:
            item.replace(directory / item.name)
    network = load_network(place)
    for member in network.members:
        member.directory = directory / member.name
    moved = Network(directory, network.chain_id, network.genesis_hash, network.waypoint, network.members)
    moved.save()
    shutil.rmtree(place)
    return moved


def swap_in(directory: Path, network: Network) -> None:
    """A continued run's data in the place of the old one, validator by validator; the rest beside it."""
    place = directory / UNFINISHED
    for member in network.members:
        new, old = place / member.name / "data", directory / member.name / "data"
        aside = old.with_name("data.old")
        shutil.rmtree(aside, ignore_errors=True)
        old.replace(aside)
        new.replace(old)
        shutil.rmtree(aside)
    shutil.rmtree(place)


@contextmanager
def tidy(directory: Path) -> Generator[None]:
    """Leave nothing unfinished behind, whatever ends the run but a kill."""
    try:
        yield
    finally:
        shutil.rmtree(directory / UNFINISHED, ignore_errors=True)


def check_genesis(network: Network) -> GenesisDocument:
    """The genesis document of a directory, which is that of its `network.json`; RunError `genesis_mismatch`."""
    document = network.genesis
    if genesis_hash(document) != network.genesis_hash:
        raise RunError(f"{network.directory}: genesis.bin is not that of {NETWORK_FILE}", name="genesis_mismatch")
    return document


def only_one(directory: Path) -> Any:
    """A lock: one run at a time in a directory."""
    return locked(directory / LOCK_FILE)


def _write_key(path: Path, text: str) -> None:
    """A key file (0600) that is not there yet. It is not synced: the seed makes it again."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
            file.write(text)


def _key_file(seed: int, name: str, label: str) -> str:
    """The text of a key file."""
    secret = derive_secret(seed, label)
    return key_text(key_document(name, PrivateKey(secret), secret))


def write_state(directory: Path, state: dict[str, Any]) -> None:
    """Keep what a further run needs, durably."""
    write_durably(directory / STATE_FILE, json.dumps(state) + "\n")


def check_tip(state: dict[str, Any], meta: bytes | None) -> None:
    """RunError `simulation_moved` unless the ledger ends where the run ended."""
    found = None if meta is None else list(tip_of(meta))
    if found != state["tip"]:
        raise RunError(
            f"the run ended at version {state['tip'][0]}, the ledger is at version {found[0] if found else 'none'}: the"
            " network has run since, in today's time; begin a new one with mithqal simulate -o DIR",
            name="simulation_moved",
        )
