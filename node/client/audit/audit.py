"""Audit a ledger: all versions proved, the books kept from them, and compared with the state where that is at hand."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from chain.accounts import Record, read_record
from chain.certificates import CommitInfo, QuorumCertificate
from chain.codec import decode, fields
from chain.errors import DecodeError, MithqalError, ProofError
from chain.execution.conservation import check
from chain.genesis import GenesisDocument, genesis_hash
from chain.ledger import read_block
from chain.storage import Column, Store
from node.client.audit.books import Books, BooksError
from node.client.audit.entries import FileVersions, Leaves, RpcVersions, Versions, certified, check_root, entries_of
from node.client.network import Network
from node.client.rpc import RpcClient
from node.storage.sqlite import SqliteStore

LEDGER_FILE = "ledger.sqlite"
MAX_EPOCHS = 1 << 20
Json = dict[str, Any]
Say = Callable[[int, int], None]
"""Hears the version that was reached, and the last one."""


class AuditError(MithqalError):
    """Nothing can be audited; `name` is the rule."""

    name = "unknown_ledger"


class _Subject(NamedTuple):
    """A ledger to audit."""

    document: GenesisDocument
    versions: Versions
    commit: CommitInfo
    """What a quorum signed last."""
    state: Iterable[Record] | None
    """The state that it must have, if that is at hand."""


def audit_directory(directory: Path, say: Say = lambda *_: None) -> Json:
    """Audit the ledger of a validator's directory (or of its `data`), which no process uses; {currencies, ...}.

    Raises AuditError (`unknown_ledger`), StorageError (`directory_in_use`, `storage_corrupt`, ...), ProofError for a
    version that is not what a quorum signed, and BooksError with the first version that breaks a sum.
    """
    path = _ledger_in(directory)
    with closing(SqliteStore(path, _network_of(path))) as store:
        return {"source": str(path), **_audit(_of_store(store), say)}


def audit_network(network: Network, client: RpcClient, say: Say = lambda *_: None) -> Json:
    """Audit a running network through one validator, which need not be trusted; its state is not compared.

    Raises ConnectionFailed, RpcFailed, ProofError and BooksError as `audit_directory`.
    """
    answer = client.call("get_state_proof", 0)
    try:
        epochs = fields(decode(bytes.fromhex(answer["epoch_change_proof"])), "epochs", None, tuple)[1]
        ends = [QuorumCertificate.from_value(end) for end in epochs]
        last = QuorumCertificate.from_value(decode(bytes.fromhex(answer["ledger_info_with_signatures"])))
    except (DecodeError, KeyError, TypeError, ValueError) as error:
        raise ProofError(f"the validator's answer is no proof: {error!s:.120}", step="answer") from error
    document = network.genesis
    subject = _Subject(document, RpcVersions(client), certified(document, ends, last), None)
    return {"source": "rpc", **_audit(subject, say)}


def _audit(subject: _Subject, say: Say) -> Json:
    """Read everything once: the leaves to the end, the books until they break. What is not proved is told first."""
    books, leaves, last = Books(), Leaves(), subject.commit.version
    broken: BooksError | None = None
    for entry in entries_of(subject.versions, last):
        leaves.add(entry)
        if broken is None:
            try:
                books.apply(entry)
            except BooksError as error:
                broken = error
        if entry.version % 1_000 == 0:
            say(entry.version, last)
    check_root(leaves, subject.commit)
    if broken is not None:
        raise broken
    if subject.state is not None:
        records = list(subject.state)
        check(records)
        books.check_state(records)
    return {
        "genesis_hash": genesis_hash(subject.document).hex(), "version": last, "epoch": subject.commit.epoch,
        "root": subject.commit.root.hex(), "transactions": books.transactions,
        "state_compared": subject.state is not None, "currencies": [sums._asdict() for sums in books.sums()],
    }  # fmt: skip


def _of_store(store: Store) -> _Subject:
    """The ledger of a file; ProofError if it lacks what proves it."""
    versions = FileVersions(store)
    try:
        document = GenesisDocument.from_bytes(versions.page(0, 0)[0].data)
    except (IndexError, MithqalError) as error:
        raise AuditError(f"the ledger has no version 0 with a genesis document: {error}") from error
    ends = [QuorumCertificate.from_value(decode(data)) for _, data in store.rows(Column.EPOCH, 0, MAX_EPOCHS)]
    last = _last_certificate(store)
    if last is None:
        raise AuditError("the ledger holds genesis only: there is nothing to audit")
    commit = certified(document, ends if last.data.epoch > len(ends) else ends[: last.data.epoch - 1], last)
    return _Subject(document, versions, commit, (read_record(key, data) for key, data in store.states()))


def _last_certificate(store: Store) -> QuorumCertificate | None:
    """The certificate that commits the newest block, which is stored with it."""
    height, step = 0, 1 << 40
    while step:  # heights have no gaps
        if store.row(Column.BLOCK, height + step) is not None:
            height += step
        step //= 2
    row = store.row(Column.BLOCK, height)
    return None if row is None else read_block(row)[2]


def _ledger_in(directory: Path) -> Path:
    """The ledger's file of a validator's directory, or of its data directory; AuditError (`unknown_ledger`)."""
    for path in (directory / LEDGER_FILE, directory / "data" / LEDGER_FILE):
        if path.is_file():
            return path
    raise AuditError(f"there is no {LEDGER_FILE} in {directory} or in its data: name a validator's directory")


def _network_of(path: Path) -> bytes:
    """The genesis hash that stands in a ledger's file; AuditError (`unknown_ledger`)."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT genesis FROM network").fetchone()
    except sqlite3.Error as error:
        raise AuditError(f"{path} is no ledger: {error}") from error
    if found is None or not isinstance(found[0], bytes):
        raise AuditError(f"{path} is no ledger: it names no network")
    return found[0]
