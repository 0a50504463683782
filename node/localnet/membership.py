"""Validators of a local network come, go and get new keys while it runs.

Each step looks first at what the ledger and the directory have, so that a command that broke off is simply given again.
A new validator's process gets the genesis and the address of one peer; whatever else it needs it reads from the chain.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chain.crypto.signing import PrivateKey
from chain.errors import MithqalError
from node.client.network import GENESIS_FILE, Member, Network, NetworkError
from node.client.operations import validators as operations
from node.client.operations.governance import propose_call
from node.client.rpc import ask_one
from node.client.wallets.calls import Call, execute_calls
from node.client.wallets.lookups import account_at
from node.client.wallets.names import check_name
from node.client.wallets.wallet import Wallet
from node.config import CONFIG_FILE, Endpoint, NodeConfig, load_config
from node.keystore import load_key, mark_unused, new_secret, save_key
from node.localnet.build import MAX_LOCAL_VALIDATORS, address_text, validator_ports
from node.localnet.genesis import CONSENSUS_KEY, VALIDATOR_KEYS
from node.localnet.supervisor import POLL_S, START_TIMEOUT_S, Supervisor
from node.runtime.signing_keys import begin_record, later_key_file

Json = dict[str, Any]
Say = Callable[[str], object]
LONGEST_WAIT_US = 30_000_000
"""A longer interval between two changes of a member's keys is not waited for."""


class Change:
    """One change of the validator set of a local network, from the command to the first block of the new epoch."""

    def __init__(self, supervisor: Supervisor, wallet: Wallet, say: Say, timeout_s: float = START_TIMEOUT_S) -> None:
        """`say` gets one line a step."""
        self._supervisor, self._wallet, self._say = supervisor, wallet, say
        self._timeout_s = timeout_s
        operations.association(wallet)

    def add(self, name: str) -> Json:
        """A new validator, or one that is registered already: keys, accounts, process, membership.

        WalletError, NetworkError (`bad_validator_count`, `validator_died`, `not_ready`).
        """
        member = self._member(check_name(name))
        keys = self._keys(member)
        row = self._register(member, keys)
        if row["state"] == "member":
            raise NetworkError(f"{name} is a member already", name="already_a_member")
        self._start(member, int(row["index"]))
        self._catch_up(member)
        return self._change(operations.add_member_call(row), name, is_member=True)

    def remove(self, name: str) -> Json:
        """A member leaves the set; its process goes on, follows and serves."""
        row = operations.find_row(operations.validators(self._wallet), name)
        return self._change(operations.remove_member_call(row), row["name"], is_member=False)

    def propose_addition(self, name: str) -> Json:
        """As `add`, up to the association's next decision, whose file this gives: it is submitted, and this repeated.

        Raises as `add` and `propose_call`.
        """
        member = self._member(check_name(name))
        keys = self._keys(member)
        for call in self._account_calls(name, keys):
            return propose_call(self._wallet, call)
        row = self._register(member, keys)
        if row["state"] == "member":
            raise NetworkError(f"{name} is a member already", name="already_a_member")
        self._start(member, int(row["index"]))
        self._catch_up(member)
        return propose_call(self._wallet, operations.add_member_call(row))

    def propose_removal(self, name: str) -> Json:
        """The association's decision to remove a member, as a file."""
        row = operations.find_row(operations.validators(self._wallet), name)
        return propose_call(self._wallet, operations.remove_member_call(row))

    def propose_key(self, name: str) -> Json:
        """A new consensus key, and its operator's call to register it as a file: the process takes it when it is in
        force."""
        row = operations.find_row(operations.validators(self._wallet), name)
        self._name_accounts(row["name"], row)
        key, _ = self._new_key(row["name"])
        return propose_call(self._wallet, operations.rotate_call(row, key.public_key))

    def rotate(self, name: str) -> Json:
        """A member gets a new consensus key; a process that does not run is started when the key is in force."""
        row = operations.find_row(operations.validators(self._wallet), name)
        self._name_accounts(row["name"], row)
        key, file = self._new_key(row["name"])
        done = self._rotate(row, key.public_key)
        if not self._supervisor.is_alive(self._find(row["name"])):
            self._supervisor.restart(row["name"], timeout_s=self._timeout_s)
            done["restarted"] = True
        return {**done, "consensus_key": key.public_key.hex(), "key_file": str(file)}

    def _new_key(self, name: str) -> tuple[PrivateKey, Path]:
        """A consensus key with its own signing record, and its file."""
        member = self._find(name)
        key = PrivateKey(secret := new_secret())
        file = member.directory / "keys" / later_key_file(key.public_key)
        data = load_config(member.directory).data
        begin_record(data, self._supervisor.network.genesis_hash, key.public_key)
        save_key(file, f"{name}/consensus", secret)
        self._say(f"made a new consensus key for {name}: {file}")
        return key, file

    def _rotate(self, row: Json, public_key: bytes) -> Json:
        """Ask for the new key; if the last change of this member's keys is too fresh, once more when it is not."""
        call = operations.rotate_call(row, public_key)
        try:
            return self._change(call, row["name"], is_member=None)
        except MithqalError as error:
            interval_us = self._wallet.client.call("get_epoch")["consensus"]["config_update_interval_us"]
            if error.details.get("reason") != "ECONFIG_UPDATE_RATE_LIMITED" or interval_us > LONGEST_WAIT_US:
                raise
            self._say(f"the keys of {row['name']} changed a moment ago: waiting {interval_us / 10**6:g} s")
            time.sleep(interval_us / 10**6)
        return self._change(call, row["name"], is_member=None)

    # --- one step each ---

    def _find(self, name: str) -> Member:
        """A process of this directory; NetworkError (`unknown_validator`)."""
        for member in self._supervisor.network.members:
            if member.name == name:
                return member
        raise NetworkError(f"{name} has no process in this directory", name="unknown_validator")

    def _member(self, name: str) -> Member:
        """The process of a name, with free ports if it is new; NetworkError (`bad_validator_count`)."""
        network = self._supervisor.network
        for member in network.members:
            if member.name == name:
                return member
        if len(network.members) >= MAX_LOCAL_VALIDATORS:
            raise NetworkError(
                f"this directory has {MAX_LOCAL_VALIDATORS} validators, the most of one machine",
                name="bad_validator_count",
            )
        directory = network.directory / name
        if directory.exists() and not (directory / "keys").is_dir():
            raise NetworkError(f"{directory} is in the way: choose another name", name="name_taken")
        ((rpc, p2p),) = validator_ports(1, 0)
        return Member(name, None, rpc, p2p, directory, is_member=False)

    def _keys(self, member: Member) -> dict[str, PrivateKey]:
        """The four keys of a validator, made where they are missing."""
        folder = member.directory / "keys"
        found = {}
        for what in VALIDATOR_KEYS:
            path = folder / f"{what}.json"
            if path.exists():
                found[what] = load_key(path)
                continue
            secret = new_secret()
            if path.name == CONSENSUS_KEY:
                mark_unused(path, PrivateKey(secret).public_key)
            found[what] = save_key(path, f"{member.name}/{what}", secret)
        return found

    def _register(self, member: Member, keys: dict[str, PrivateKey]) -> Json:
        """Accounts, operator and configuration on the ledger, as far as they are missing; its row."""
        name, wallet = member.name, self._wallet
        owner, operator = keys["owner"].authentication_key(), keys["operator"].authentication_key()
        for what, auth_key in (("owner", owner), ("operator", operator)):
            operations.ensure_name(wallet, f"{name}.{what}", auth_key[16:])
        row = self._row(name)
        missing = self._account_calls(name, keys)
        if missing:
            self._say(f"creating the accounts of {name} and its operator")
            self._execute(*missing)
        if row is None or row["operator"] != operator[16:].hex():
            self._execute(operations.choose_operator_call(name, operator[16:]))
        if row is None or row["state"] == "no_keys":
            self._say(f"registering the keys of {name}")
            addresses = address_text(member.p2p), address_text(member.rpc)
            self._execute(
                operations.register_call(
                    name, owner[16:], keys["consensus"].public_key, keys["network"].public_key, addresses
                )
            )
        row = self._row(name)
        assert row is not None, "its account was created"
        return row

    def _account_calls(self, name: str, keys: dict[str, PrivateKey]) -> list[Call]:
        """What the association must decide before a validator can be registered: the accounts that are missing."""
        owner, operator = keys["owner"].authentication_key(), keys["operator"].authentication_key()
        calls = {
            owner: operations.create_owner_call(name, owner), operator: operations.create_operator_call(name, operator),
        }  # fmt: skip
        return [call for key, call in calls.items() if account_at(self._wallet, key[16:]) is None]

    def _row(self, name: str) -> Json | None:
        """A registered validator, or None."""
        return next((row for row in operations.validators(self._wallet) if row["name"] == name), None)

    def _name_accounts(self, name: str, row: Json) -> None:
        """Owner and operator get their names in the address book."""
        operations.ensure_name(self._wallet, f"{name}.owner", bytes.fromhex(row["account"]))
        operations.ensure_name(self._wallet, f"{name}.operator", bytes.fromhex(row["operator"]))

    def _execute(self, *calls: Call) -> list[Json]:
        """Sign, submit, wait."""
        return execute_calls(self._wallet, calls, timeout_s=self._timeout_s)

    def _start(self, member: Member, number: int) -> None:
        """Write its configuration and start its process."""
        network = self._supervisor.network
        if not (member.directory / CONFIG_FILE).exists():
            known = next(other for other in network.members if self._supervisor.is_alive(other))
            write_joining_config(network, member, number, known)
        self._say(f"starting {member.name}")
        self._supervisor.enlist(member)
        self._supervisor.restart(member.name, timeout_s=self._timeout_s)

    def _catch_up(self, member: Member) -> None:
        """Wait until it has what the others have now; NetworkError (`not_ready`)."""
        wanted = max(tip for tip in (_height(other.rpc) for other in self._running()) if tip is not None)
        deadline = time.monotonic() + self._timeout_s
        while (_height(member.rpc) or 0) < wanted:
            if time.monotonic() > deadline:
                raise NetworkError(
                    f"{member.name} is at height {_height(member.rpc)} after {self._timeout_s:g} s, the others at"
                    f" {wanted}: the same command goes on",
                    name="not_ready",
                )
            time.sleep(POLL_S)
        self._say(f"{member.name} has caught up at height {wanted}")

    def _change(self, call: Call, name: str, *, is_member: bool | None) -> Json:
        """The transaction that ends the epoch, and the wait for the next one; {validator, epoch, version, seconds}."""
        began = time.monotonic()
        (done,) = self._execute(call)
        epoch = self._epoch_after(done["version"])
        if is_member is not None:
            self._supervisor.enlist(self._find(name), is_member=is_member)
        self._wait_for_epoch(epoch)
        return {
            "validator": name, "epoch": epoch, "version": done["version"], "hash": done["hash"],
            "final_s": done["final_s"], "seconds": round(time.monotonic() - began, 3),
        }  # fmt: skip

    def _epoch_after(self, version: int) -> int:
        """The epoch that a transaction began."""
        rows = self._wallet.client.call("get_transactions", version, 1, True)
        for event in rows[0]["events"]:
            if event["data"]["type"] == "newepoch":
                return int(event["data"]["epoch"])
        raise NetworkError("the transaction ended no epoch: what it sets is in force already", name="no_new_epoch")

    def _wait_for_epoch(self, epoch: int) -> None:
        """Until every process that runs has a block of the epoch; NetworkError (`not_ready`)."""
        deadline = time.monotonic() + self._timeout_s
        waiting = self._running()
        while waiting:
            waiting = [member for member in waiting if (_epoch(member.rpc) or 0) < epoch]
            if waiting and time.monotonic() > deadline:
                names = ", ".join(member.name for member in waiting)
                after = f"after {self._timeout_s:g} s"
                raise NetworkError(f"no block of epoch {epoch} on {names} {after}", name="not_ready")
            if waiting:
                time.sleep(POLL_S)

    def _running(self) -> list[Member]:
        """Processes that live and are not paused."""
        return [member for member in self._supervisor.network.members if self._supervisor.is_active(member)]


def write_joining_config(network: Network, member: Member, number: int, known: Member) -> NodeConfig:
    """The `node.json` of a validator that joins: the genesis with its hash, and where one other validator listens."""
    root = member.directory
    genesis = network.genesis.validators
    endpoints: list[Endpoint | None] = [None] * max(number + 1, len(genesis))
    endpoints[network.members.index(known)] = known.p2p
    endpoints[number] = member.p2p
    config = NodeConfig(
        directory=root, index=number, endpoints=tuple(endpoints), rpc=member.rpc,
        genesis=network.directory / GENESIS_FILE, data=root / "data", keys=root / "keys", log=root / "node.log",
        allow_remote=False, genesis_hash=network.genesis_hash,
    )  # fmt: skip
    (root / CONFIG_FILE).write_text(json.dumps(config.to_json(), indent=1), encoding="utf-8")
    return config


def _height(endpoint: Endpoint) -> int | None:
    """Of a validator's durable tip, or None."""
    found = ask_one(endpoint, "get_metadata")
    return None if found is None else int(found["height"])


def _epoch(endpoint: Endpoint) -> int | None:
    """Of a validator's last block, or None."""
    blocks = ask_one(endpoint, "get_blocks", None, 1)
    return None if not blocks else int(blocks[0]["epoch"])
