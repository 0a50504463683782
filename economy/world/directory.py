"""What lies in the directory of a simulated network: made in .unfinished, moved into place whole (`moving`).

So a run that is killed leaves no half network, and one that continues another leaves that one as it was. The result is
an ordinary network directory: `localnet up`, `explorer` and `audit` take it like any other.
"""

import datetime
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from chain.crypto.signing import PrivateKey, Scheme
from chain.errors import MithqalError
from chain.genesis import GenesisDocument, genesis_hash
from chain.primitives import Address
from economy.basket import COIN_CURRENCY, xdx_rates
from economy.world.cast import Cast
from economy.world.moving import DATA, LOCK_FILE, UNFINISHED, copy_file, settle
from economy.world.rates import RateTable
from economy.world.scene import midnight_us
from economy.world.tally import tip_of
from node.client.files import write_durably
from node.client.network import FINISHED, NETWORK_FILE, Network, load_network
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
STATE_FILE = "simulation.json"
SCENARIO_FILE = "scenario.json"
LEDGER_FILE = "ledger.sqlite"
STATE_VERSION = 1
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


def check_free(directory: Path) -> None:
    """RunError `network_exists`, `directory_not_empty` unless a new network may come here."""
    if (directory / NETWORK_FILE).exists() or (directory / FINISHED).exists():
        raise RunError(
            f"there is a network in {directory} already: name another directory, or go on with it by"
            f" mithqal simulate --continue {directory} --days 30",
            name="network_exists",
        )
    if directory.is_dir():
        strangers = sorted({item.name for item in directory.iterdir()} - {UNFINISHED, LOCK_FILE})
        if strangers:
            raise RunError(
                f"{directory} is not empty, there is {strangers[0]}: name another directory", name="directory_not_empty"
            )


def begin(directory: Path, table: RateTable, start: datetime.date, seed: int) -> Network:
    """A new network's keys and genesis in `directory`/.unfinished; RunError as of `check_free`."""
    check_free(directory)
    place = directory / UNFINISHED
    shutil.rmtree(place, ignore_errors=True)
    day = table.day(table.before(start))
    quotes = {item.code: item.raw for item in xdx_rates(day)}
    rates = Rates({code: quotes.pop(code) for code in COIN_CURRENCY}, quotes)
    return build_network(
        place, VALIDATORS, rates=rates, seed=seed, timestamp_us=midnight_us(start) - BEFORE_US, tells_addresses=False
    )


def check_there(directory: Path) -> None:
    """RunError `simulation_missing`, `simulation_malformed`, NetworkError unless there is a run to go on with."""
    if not (directory / FINISHED).exists():
        load_network(directory)
        read_state(directory)


def resume(directory: Path) -> tuple[Network, dict[str, Any]]:
    """A finished run as a copy in .unfinished, and what it remembers. Raises as `check_there`, and `check_down`."""
    settle(directory)
    network = load_network(directory)
    state = read_state(directory)
    check_down(network)
    place = directory / UNFINISHED
    shutil.rmtree(place, ignore_errors=True)
    for index in range(len(network.members) if state["network_sim"] else 1):
        source, target = ledger_of(network, index), place / network.members[index].name / DATA / LEDGER_FILE
        target.parent.mkdir(parents=True, mode=0o700)
        with closing(SqliteStore(source, network.genesis_hash, check_below_bytes=0)):  # its log is in the file then
            pass
        copy_file(source, target)
    return network, state


def check_down(network: Network) -> None:
    """RunError `network_runs` while one of its validators does."""
    if len(Supervisor(network.directory).names_down()) < len(network.members):
        raise RunError(
            f"validators of {network.directory} run: stop them first, mithqal localnet down --network"
            f" {network.directory}",
            name="network_runs",
        )


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
    return network.members[index].directory / DATA / LEDGER_FILE


def consensus_keys(network: Network) -> list[PrivateKey]:
    """The validators' consensus keys, by number."""
    return [load_key(member.directory / "keys" / FIRST_KEY) for member in network.members]


def write_people(network: Network, place: Path, cast: Cast, seed: int, known: Sequence[int]) -> None:
    """The address book, and the keys that `network` does not have yet, of everybody who has an account; into `place`.

    Whom the book named before stays in it.
    """
    book = network.directory / BOOK_FILE
    entries: dict[str, Any] = json.loads(book.read_text(encoding="utf-8")) if book.exists() else {}
    keys, old = place / network.keys.name, network.keys
    for number in known:
        actor = cast.actors[number]
        role = {"dealer": "dealer", "parent": "parent", "root": None}.get(actor.role, "child")
        provider = cast.actors[actor.provider].name if actor.provider >= 0 else None
        entry = Entry(actor.name, Address(actor.address), Scheme.ED25519, role, provider)
        entries[actor.name] = entry_json(entry)
        if actor.role == "root":
            continue
        if not key_path(old, actor.name).exists():
            _write_key(key_path(keys, actor.name), _key_file(seed, actor.name, actor.key_label))
        if actor.role == "parent" and not compliance_key_path(old, actor.name).exists():
            text = _key_file(seed, f"{actor.name}/compliance", f"compliance/{actor.name}")
            _write_key(compliance_key_path(keys, actor.name), text)
    write_durably(place / BOOK_FILE, json.dumps(entries, indent=1, sort_keys=True) + "\n")


def old_records(network: Network) -> list[bytes | None]:
    """The signing records of a finished run, by validator."""
    found: list[bytes | None] = []
    for member, key in zip(network.members, consensus_keys(network), strict=True):
        path = member.directory / DATA / SAFETY_FILE
        with closing(SafetyFile(path, owner_of(network.genesis_hash, key.public_key), may_create=False)) as file:
            found.append(file.load())
    return found


def write_validators(network: Network, place: Path, records: Sequence[bytes], *, is_one_ledger: bool) -> None:
    """Every validator's data in `place`: its signing record, and a copy of the ledger if there is one only."""
    source = place / network.members[0].name / DATA / LEDGER_FILE
    keys = consensus_keys(network)
    for number, member in enumerate(network.members):
        data = place / member.name / DATA
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if number and is_one_ledger:
            copy_file(source, data / LEDGER_FILE)
    for member, key, record in zip(network.members, keys, records, strict=True):
        data = place / member.name / DATA
        owner = owner_of(network.genesis_hash, key.public_key)
        with closing(SafetyFile(data / SAFETY_FILE, owner)) as file:
            file.store(record)
        with closing(SqliteStore(data / LEDGER_FILE, network.genesis_hash, check_below_bytes=0)) as store:
            note_owner(store, owner)


def check_genesis(network: Network) -> GenesisDocument:
    """The genesis document of a directory, which is that of its `network.json`; RunError `genesis_mismatch`."""
    document = network.genesis
    if genesis_hash(document) != network.genesis_hash:
        raise RunError(f"{network.directory}: genesis.bin is not that of {NETWORK_FILE}", name="genesis_mismatch")
    return document


def _write_key(path: Path, text: str) -> None:
    """A new key file (0600). It is not synced: the seed makes it again."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
        file.write(text)


def _key_file(seed: int, name: str, label: str) -> str:
    """The text of a key file."""
    secret = derive_secret(seed, label)
    return key_text(key_document(name, PrivateKey(secret), secret))


def write_network(network: Network, place: Path, directory: Path) -> None:
    """The `network.json` of a network that will lie in `directory`; none of its validators runs."""
    members = [replace(member, directory=directory / member.name, pid=None) for member in network.members]
    Network(place, network.chain_id, network.genesis_hash, network.waypoint, members).save()


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
