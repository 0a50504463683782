"""A validator process from its directory: `python -m node.runtime.process DIR`, and `mithqal node run --dir DIR`.

Opens genesis, keys, store and safety record, refuses what does not belong together, then runs links, driver and
JSON-RPC in one event loop until SIGTERM, SIGINT, a failure, or the end of a watched parent.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from chain.crypto.signing import PrivateKey, RealSignatures, Signatures
from chain.errors import GenesisError, MithqalError, SafetyError
from chain.genesis import GenesisDocument, genesis_hash
from chain.interface import Committed
from chain.kept import read_base
from chain.limits import MAX_FRAME_BYTES
from chain.replica import Replica
from chain.sync.state_sync import SyncPlan
from node.api.reads import Context
from node.config import ConfigError, Endpoint, NodeConfig, load_config
from node.keystore import load_key
from node.logs import BoundedFile, LogHandler, NodeLog
from node.runtime import exits, loop
from node.runtime.clock import Clock
from node.runtime.contacts import Contacts
from node.runtime.driver import Driver
from node.runtime.http_server import HttpServer, Rpc
from node.runtime.links import Links
from node.runtime.message_trace import MAX_BYTES, TRACE_FILE, MessageTrace
from node.runtime.metrics import Metrics
from node.runtime.observer import ABOUT_THE_RECORD, Observer
from node.runtime.signing_keys import SigningKeys
from node.storage.rules import StorageError
from node.storage.sqlite import SqliteStore

PARENT_POLL_S = 0.5
ABSENCE_S = 2.0
"""After the start, who has no link by then counts as unreachable; earlier, everybody may still be starting."""
FATAL_ALARMS = ("conservation",)
"""Alarms of the machine that end the process."""
KEY_USED_TWICE = ("two_processes", "key_in_use")
"""Refusals of links that an operator must see: said by who refuses, and by who is refused."""
GC_THRESHOLDS = (100_000, 50, 1_000)
"""Hardly anything here is a cycle: with the usual thresholds the collector took 7 % of a payment's time."""


class _Peers:
    """Links that are up."""

    def __init__(self) -> None:
        """None yet; `tell` is set once there is somebody to tell."""
        self.up: set[int] = set()
        self.tell: Callable[[int, bool], None] = lambda _peer, _up: None

    def on_link(self, peer: int, up: bool) -> None:
        """A link came up or went down."""
        if up:
            self.up.add(peer)
        else:
            self.up.discard(peer)
        self.tell(peer, up)

    def tell_absent(self, others: Iterable[int]) -> None:
        """Say of each of these that has no link that there is none."""
        for peer in others:
            if peer not in self.up:
                self.tell(peer, False)

    def connected(self) -> list[int]:
        """Validators with a link up, ascending."""
        return sorted(self.up)


class _Watcher:
    """Tells clients, metrics and the log what happened."""

    def __init__(self, metrics: Metrics, log: NodeLog) -> None:
        """`rpc`, `end` and `refresh` are set once there is what they stand for."""
        self.rpc: Rpc | None = None
        self.end: Callable[[MithqalError], None] = lambda _error: None
        self.refresh: Callable[[], None] = lambda: None
        self.on_record: Callable[[], None] = lambda: None
        self._metrics, self._log = metrics, log

    def on_committed(self, committed: Committed) -> None:
        """A block is durable."""
        self._metrics.on_committed(committed)
        self.refresh()
        if self.rpc is not None:
            self.rpc.on_committed(committed)

    def on_refused(self, name: str, message: str) -> None:
        """A connection was refused; that a key is used twice is more than a refusal."""
        if name in KEY_USED_TWICE:
            self._metrics.on_alarm(name)
        self._log.write(name, message)

    def on_alarm(self, name: str, message: str, peer: int | None) -> None:
        """Log it."""
        self._metrics.on_alarm(name, peer)
        self._log.write(name, message, peer=peer)
        if name in FATAL_ALARMS:
            self.end(MithqalError(message, name=name))
        elif name in ABOUT_THE_RECORD:
            self.on_record()


def run_node(
    directory: Path, parent_pid: int | None = None, *, replay: bool = False, trace_messages: bool = False
) -> int:  # fmt: skip
    """Run the validator of `directory` until it is told to stop; gives the exit code (node.runtime.exits).

    With `parent_pid` it also stops when that process is no longer its parent. With `replay` it catches up by executing
    every block from genesis on, never by a snapshot. With `trace_messages` it notes all that it says and hears.
    """
    log: NodeLog | None = None
    try:
        config = load_config(directory)
        log = _open_log(config.log)
        document, secrets = open_identity(config)
        plan = SyncPlan(None) if replay else SyncPlan()
        with _trace(directory / TRACE_FILE if trace_messages else None) as trace:
            return loop.run(_Process(config, document, secrets, log, plan, trace).run(parent_pid))
    except MithqalError as error:
        return _give_up(error, log)
    finally:
        if log is not None:
            for handler in [item for item in logging.getLogger().handlers if isinstance(item, LogHandler)]:
                logging.getLogger().removeHandler(handler)
            log.close()


def _open_log(path: Path) -> NodeLog:
    """The node's log, which gets what libraries have to say too; ConfigError (`log_unwritable`)."""
    try:
        log = NodeLog(path)
    except OSError as error:
        raise ConfigError(f"the log {path} cannot be written: {error.strerror}", name="log_unwritable") from error
    logging.getLogger().addHandler(LogHandler(log))
    return log


@contextmanager
def _trace(path: Path | None) -> Iterator[MessageTrace | None]:
    """The trace of messages, if there is to be one; ConfigError (`log_unwritable`)."""
    if path is None:
        yield None
        return
    try:
        file = BoundedFile(path, MAX_BYTES)
    except OSError as error:
        raise ConfigError(f"the trace {path} cannot be written: {error.strerror}", name="log_unwritable") from error
    try:
        yield MessageTrace(file)
    finally:
        file.close()


def _give_up(error: MithqalError, log: NodeLog | None) -> int:
    """One sentence to stderr and the log; gives the exit code."""
    try:
        sys.stderr.write(f"mithqal node: {error.name}: {error.message}\n")
    except OSError:
        pass  # on a full disk the code has to do
    if log is not None:
        log.write(error.name, error.message)
    return exits.exit_code(error)


def open_identity(config: NodeConfig) -> tuple[GenesisDocument, tuple[PrivateKey, bytes]]:
    """The genesis, the first consensus key, and the network key's 32 secret bytes.

    ConfigError if they do not belong together (`wrong_endpoints`, `foreign_keys`, and see `_read_genesis`). The keys of
    a validator that came after genesis are known to the chain only.
    """
    document = _read_genesis(config)
    if len(config.endpoints) < len(document.validators):
        raise ConfigError(
            f"node.json names {len(config.endpoints)} endpoints, genesis has {len(document.validators)} validators",
            name="wrong_endpoints",
        )
    keys = load_key(config.keys / "consensus.json"), load_key(config.keys / "network.json")
    members = document.validators[config.index : config.index + 1]
    member = members[0] if members else None
    expected = () if member is None else (("consensus", member.consensus_key), ("network", member.network_key))
    for key, (what, wanted) in zip(keys, expected, strict=False):
        assert member is not None
        if key.public_key != wanted:
            raise ConfigError(
                f"the {what} key {key.public_key.hex()[:16]} is not that of validator {config.index} ({member.name}),"
                f" {wanted.hex()[:16]}",
                name="foreign_keys", index=config.index,
            )  # fmt: skip
    secret = json.loads((config.keys / "network.json").read_text(encoding="utf-8"))["secret"]
    return document, (keys[0], bytes.fromhex(secret))


def _read_genesis(config: NodeConfig) -> GenesisDocument:
    """The genesis that `node.json` names.

    ConfigError (`genesis_unreadable`, `genesis_mismatch`), GenesisError (`malformed_genesis`, `genesis_format`,
    `bad_genesis` with the broken rule in its details).
    """
    try:
        document = GenesisDocument.from_bytes(config.genesis.read_bytes())
    except OSError as error:
        raise ConfigError(f"genesis {config.genesis} cannot be read: {error}", name="genesis_unreadable") from error
    try:
        document.check(RealSignatures())
    except GenesisError as error:
        raise GenesisError(f"{config.genesis}: {error.message}", rule=error.name) from error
    found = genesis_hash(document)
    if config.genesis_hash not in (None, found):
        raise ConfigError(
            f"{config.genesis} is the genesis of network {found.hex()[:16]}, node.json names"
            f" {(config.genesis_hash or b'').hex()[:16]}: put back the network's own genesis",
            name="genesis_mismatch", found=found.hex(),
        )  # fmt: skip
    return document


def listen(endpoint: Endpoint) -> socket.socket:
    """A bound TCP socket; ConfigError (`port_in_use`) names a port that is taken."""
    listener = socket.socket(socket.AF_INET6 if ":" in endpoint[0] else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(endpoint)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"port {endpoint[1]} on {endpoint[0]} cannot be used: {error.strerror}", name="port_in_use",
            port=endpoint[1],
        ) from error  # fmt: skip
    return listener


class _Process:
    """Everything that lives as long as the process."""

    def __init__(
        self, config: NodeConfig, document: GenesisDocument, keys: tuple[PrivateKey, bytes], log: NodeLog,
        plan: SyncPlan, trace: MessageTrace | None,
    ) -> None:  # fmt: skip
        """Nothing opened yet."""
        self._plan, self._trace = plan, trace
        self._config, self._document, self._keys, self._log = config, document, keys, log
        self._genesis_hash = genesis_hash(document)

    async def run(self, parent_pid: int | None) -> int:
        """Open, serve, wait for the end, close. What was opened is closed whatever happens."""
        config = self._config
        with ExitStack() as opened:
            listener = opened.enter_context(listen(config.rpc))
            store = SqliteStore(config.data / "ledger.sqlite", self._genesis_hash)
            opened.callback(store.close)
            self._check_replay(store)
            keys = SigningKeys(store, config.data, config.keys, self._genesis_hash, self._log.write)
            opened.callback(keys.close)
            return await self._serve(listener, store, keys, parent_pid)

    def _replica(self, store: SqliteStore, keys: SigningKeys, signatures: Signatures) -> Replica:
        """The machine. A key that has signed more than its record knows is barred (D6)."""
        config = self._config
        while True:
            try:
                return Replica(
                    self._document, config.index, self._keys[0], store, None, signatures, keys,
                    kept_versions=config.kept_versions, plan=self._plan,
                )  # fmt: skip
            except SafetyError as error:
                key = error.details.get("key")
                if error.name not in ABOUT_THE_RECORD or not isinstance(key, str):
                    raise
                keys.bar(bytes.fromhex(key), error)

    def _check_replay(self, store: SqliteStore) -> None:
        """A ledger that began with a snapshot cannot be replayed from genesis: StorageError (`begins_at_snapshot`)."""
        base = read_base(store)
        if self._plan.snapshot_behind is None and base.version:
            raise StorageError(
                f"{store.path} began with a snapshot at version {base.version}, the blocks before it are not there:"
                " move ledger.sqlite* away and keep the signing record, then --replay fetches and executes them all",
                name="begins_at_snapshot",
            )

    def _note_lost_ledger(self) -> None:
        """Blocks that this validator voted for are gone: StorageError (`ledger_lost`) if nobody else has them."""
        path = self._config.data / "ledger.sqlite"
        if len(self._document.validators) == 1 and self._config.index == 0:
            raise StorageError(
                f"{path} has lost the blocks that this validator voted for, and no other has them: put the ledger back,"
                " or begin a new network (docs/operations.md)",
                name="ledger_lost",
            )
        how = "blocks" if self._plan.snapshot_behind is None else "state or the blocks"
        self._log.write("ledger_lost", f"{path} is new: the {how} are fetched again from the other validators")

    async def _serve(
        self, listener: socket.socket, store: SqliteStore, keys: SigningKeys, parent_pid: int | None
    ) -> int:
        """Wire the replica to links, clients and disk, and run it."""
        config, signatures = self._config, RealSignatures()
        replica = self._replica(store, keys, signatures)
        if replica.is_ledger_lost:
            self._note_lost_ledger()
        contacts = Contacts(replica.ledger.state, config.index, config.endpoints)
        metrics, clock, peers = Metrics(), Clock(replica.ledger.tip_timestamp_us), _Peers()
        for known in replica.accountability.known:
            metrics.on_evidence(known.name, replica.ledger.set_of(known.epoch).members[known.author].number)
        watcher = _Watcher(metrics, self._log)
        driver_box: list[Driver] = []
        receive = lambda sender, data: driver_box[0].receive(sender, data)  # noqa: E731, PLW0108 - it is filled below
        trace = self._trace
        links = self._links(peers, contacts, watcher, receive if trace is None else trace.around_receive(receive))
        wires = links if trace is None else trace.around_wires(links)
        told = watcher if trace is None else trace.around_watcher(watcher)
        driver = Driver(replica, config.index, store, keys, signatures, wires, clock.now_us, told)
        driver_box.append(driver)
        peers.tell = driver.note_link
        watcher.end = driver.fail
        watcher.refresh = partial(_follow, contacts, links, peers)
        observer = Observer(config, replica, keys.barred, self._log.write)
        watcher.on_record = observer.notice
        context = Context(replica.ledger, config.index, replica.mempool, peers, observer.signing)
        rpc = watcher.rpc = Rpc(context, driver.submit)
        http = HttpServer(rpc, metrics.registry, clock.now_us, listener)
        metrics.watch("mithqal_peers", "Links up", lambda: len(peers.up))
        metrics.watch("mithqal_links_refused", "Connections refused", lambda: links.counters.refused)
        metrics.watch("mithqal_signing", "1: it signs; 0: not", lambda: observer.signing().state == "signs")
        metrics.watch("mithqal_requests_refused", "Requests above a budget", lambda: http.budget.refused)
        metrics.watch("mithqal_mempool", "Transactions that wait", lambda: len(replica.mempool))
        metrics.watch("mithqal_round", "Round of consensus", lambda: replica.current_round)
        metrics.watch("mithqal_events_queued", "Events that wait", lambda: driver.queued)
        metrics.watch("mithqal_signature_checks", "Transactions' signatures judged", lambda: driver.signature_checks)
        metrics.watch("mithqal_outputs_unsaved", "Outputs that wait for the disk", lambda: driver.unsaved)
        gc.set_threshold(*GC_THRESHOLDS)
        gc.collect()
        gc.freeze()
        try:
            await links.start()
            http.start()
            driver.start()
            self._log.write("started", f"validator {config.index} at height {replica.ledger.tip_height}")
            observer.notice()
            asyncio.get_running_loop().call_later(ABSENCE_S, peers.tell_absent, links.numbers())
            return await self._until_end(driver, parent_pid)
        finally:
            await http.stop()
            await links.stop()
            await driver.stop()

    def _links(
        self, peers: _Peers, contacts: Contacts, watcher: _Watcher, receive: Callable[[int, bytes], None]
    ) -> Links:
        """Links to the other validators that the ledger knows."""
        return Links(
            own_index=self._config.index,
            network_secret=self._keys[1],
            listen_at=self._config.listen_at,
            contacts=contacts.changed() or {},
            chain_id=self._document.chain_id,
            genesis_hash=self._genesis_hash,
            on_frame=receive,
            max_frame=MAX_FRAME_BYTES,
            on_link=peers.on_link,
            on_refused=watcher.on_refused,
        )

    async def _until_end(self, driver: Driver, parent_pid: int | None) -> int:
        """Wait for a signal, the parent's end or a failure."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        tasks: set[asyncio.Future[Any]] = {asyncio.create_task(stop.wait())}
        if parent_pid is not None:
            tasks.add(asyncio.create_task(_until_orphaned(parent_pid)))
        done, _ = await asyncio.wait([*tasks, driver.failed], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        if driver.failed in done:
            error = driver.failed.exception()
            if isinstance(error, MithqalError):
                return _give_up(error, self._log)
            assert error is not None
            self._log.write("broken", repr(error))
            raise error
        self._log.write("stopped", "stopped on request")
        return exits.OK


def _follow(contacts: Contacts, links: Links, peers: _Peers) -> None:
    """After a block: link whom the chain has registered since."""
    changed = contacts.changed()
    if changed is not None:
        before = set(links.numbers())
        links.update(changed)
        new = [number for number in links.numbers() if number not in before]
        if new:
            asyncio.get_running_loop().call_later(ABSENCE_S, peers.tell_absent, new)


async def _until_orphaned(parent_pid: int) -> None:
    """Return when the parent is gone."""
    while os.getppid() == parent_pid:  # noqa: ASYNC110 - nothing tells us but asking
        await asyncio.sleep(PARENT_POLL_S)


def main() -> None:
    """Command line of the process."""
    if not __debug__:
        sys.stderr.write("mithqal node: not under python -O: its assertions are part of the protocol's safety\n")
        raise SystemExit(exits.USAGE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the keys
    parser = argparse.ArgumentParser(prog="node.runtime.process")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--parent", type=int, default=None, help="stop when this process is no longer the parent")
    parser.add_argument("--replay", action="store_true", help="catch up by every block from genesis on, by no snapshot")
    parser.add_argument("--trace-messages", action="store_true", help="note all that it says and hears in messages.log")
    said = parser.parse_args()
    code = run_node(said.directory, said.parent, replay=said.replay, trace_messages=said.trace_messages)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
