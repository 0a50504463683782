"""Where an audit's versions come from: a ledger's file, or a validator that need not be trusted; and what proves them.

Every version's bytes and events are hashed into its leaf, and the leaves of all versions from 0 on into the
accumulator, whose root must be the one that a quorum signed (docs/protocol.md, AU1).
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from chain.certificates import CommitInfo, QuorumCertificate
from chain.codec import decode, fields
from chain.crypto.signing import RealSignatures
from chain.entries import Event, TransactionInfo, entry_hash, event_hash, info_hash
from chain.errors import CertificateError, DecodeError, ProofError
from chain.genesis import GenesisDocument, first_validators, genesis_hash
from chain.ledger import read_entry
from chain.primitives import Hash
from chain.state.accumulator import Frontier, event_root
from chain.storage import Column, Store
from node.client.audit.books import Entry
from node.client.rpc import RpcClient

FILE_PAGE = 500
RPC_PAGE = 100
"""Versions that are asked for at once: a version may be a batch of 500 payments."""


class Versions(Protocol):
    """A ledger's versions."""

    def page(self, first: int, last: int) -> list[Entry]:
        """Versions from `first` on, in order, none above `last`; at least one. ProofError if they are unreadable."""


class Leaves:
    """The accumulator of the versions that were added, from 0 on."""

    def __init__(self) -> None:
        """None yet."""
        self._frontier = Frontier.empty()

    def add(self, entry: Entry) -> None:
        """Add a version; ProofError if its bytes or events are not those of its leaf."""
        found = entry_hash(entry.kind, entry.data)
        if found != entry.info.transaction_hash:
            raise ProofError(
                f"version {entry.version}: the bytes hash to {found.hex()}, not to its leaf's"
                f" {entry.info.transaction_hash.hex()}",
                step="transaction", version=entry.version,
            )  # fmt: skip
        root = event_root([event_hash(event) for event in entry.events])
        if root != entry.info.event_root:
            raise ProofError(
                f"version {entry.version}: its events are not those of its leaf", step="events", version=entry.version
            )
        self._frontier, _ = self._frontier.append([info_hash(entry.info.to_bytes())])

    @property
    def root(self) -> Hash:
        """The accumulator's root."""
        return self._frontier.root()


def certified(document: GenesisDocument, ends: Sequence[QuorumCertificate], last: QuorumCertificate) -> CommitInfo:
    """What the last of these certificates commits: each epoch's end and it are signed by the epoch's own quorum, the
    first by the members of genesis. ProofError otherwise."""
    genesis, validators = genesis_hash(document), first_validators(document)
    try:
        for end in ends:
            end.verify(validators, genesis, RealSignatures())
            following = None if end.commit is None else end.commit.next_epoch
            if following is None or following.epoch != validators.epoch + 1:
                raise ProofError(f"a certificate does not end epoch {validators.epoch}", step="epochs")
            validators = following
        last.verify(validators, genesis, RealSignatures())
    except CertificateError as error:
        raise ProofError(f"epoch {validators.epoch}: {error.message}", step="certificate") from error
    if last.commit is None:
        raise ProofError("the last certificate commits nothing", step="certificate")
    return last.commit


def check_root(leaves: Leaves, commit: CommitInfo) -> None:
    """ProofError unless the leaves are those that a quorum signed."""
    if leaves.root != commit.root:
        raise ProofError(
            f"the versions up to {commit.version} hash to {leaves.root.hex()}, a quorum signed {commit.root.hex()}:"
            " they are not this ledger's",
            step="accumulator", version=commit.version,
        )  # fmt: skip


def entries_of(source: Versions, last: int) -> Iterator[Entry]:
    """All versions from 0 to `last`."""
    first = 0
    while first <= last:
        page = source.page(first, last)
        if not page or page[0].version != first:
            raise ProofError(f"version {first} is missing", step="version", version=first)
        yield from page
        first = page[-1].version + 1


class FileVersions:
    """Versions of a ledger's file."""

    def __init__(self, store: Store) -> None:
        """Nothing is read yet."""
        self._store = store

    def page(self, first: int, last: int) -> list[Entry]:
        """As `Versions` says."""
        found = []
        for version, row in self._store.rows(Column.TRANSACTION, first, min(FILE_PAGE, last - first + 1)):
            try:
                kind, data, info, events = read_entry(row)
                found.append(Entry(version, kind, data, TransactionInfo.from_bytes(info), events))
            except DecodeError as error:
                raise ProofError(
                    f"version {version} is no entry: {error.message}", step="version", version=version
                ) from error  # fmt: skip
        return found


class RpcVersions:
    """Versions as a validator tells them."""

    def __init__(self, client: RpcClient) -> None:
        """Nothing is asked yet."""
        self._client = client

    def page(self, first: int, last: int) -> list[Entry]:
        """As `Versions` says."""
        count = min(RPC_PAGE, last - first + 1)
        answer = self._client.call("get_transactions_with_proofs", first, count, True)
        try:
            infos = decode(bytes.fromhex(answer["proofs"]["transaction_infos"]))
            events = decode(bytes.fromhex(answer["serialized_events"]))
            bodies = [decode(bytes.fromhex(body)) for body in answer["serialized_transactions"]]
            rows = zip(bodies, _rows(infos), _rows(events), strict=True)
            return [_entry(version, *row) for version, row in enumerate(rows, first)]
        except (DecodeError, KeyError, TypeError, ValueError) as error:
            raise ProofError(
                f"the validator's answer for version {first} is no proof: {error!s:.120}", step="answer", version=first
            ) from error  # fmt: skip


def _entry(version: int, body: object, info: object, events: object) -> Entry:
    """A version of a validator's answer; DecodeError on a wrong shape."""
    kind, data = fields(body, "entry", int, bytes)
    return Entry(
        version, kind, data, TransactionInfo.from_value(info), tuple([Event.from_value(row) for row in _rows(events)])
    )  # fmt: skip


def _rows(value: object) -> tuple[object, ...]:
    """A list; DecodeError for anything else."""
    if not isinstance(value, tuple):
        raise DecodeError("a list is expected", name="wrong_shape")
    return value
