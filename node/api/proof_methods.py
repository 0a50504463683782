"""Methods that prove what they answer; the shapes are Libra's, the hex holds our canonical MessagePack.

A client that asks for several of them puts them into one batch, which is answered from one snapshot: then all are
against the ledger that `get_state_proof` certifies (docs/formats.md, "JSON-RPC").
"""

from collections.abc import Iterable, Iterator

from chain.accounts import account_key
from chain.codec import Value, decode, encode
from chain.facts import Fact, value_of
from chain.ledger import read_entry
from chain.primitives import U64_MAX
from chain.prover import Prover, certificate_of
from chain.storage import Index
from node.api.reads import (
    Context,
    Whole,
    check_first,
    check_kept,
    check_limit,
    check_version,
    count_events,
    read_page,
    state_at,
    used_numbers,
)
from node.api.schema import INVALID_PARAMS, Json, RpcError, Tip

_LAST = U64_MAX >> 1
"""Above every number of an event."""


def get_state_proof(context: Context, tip: Tip, version: int) -> Json:
    """StateProof from a version that the client knows; if an epoch ended there (0 is genesis), from its waypoint.

    `ledger_info_with_signatures` is None where the client's waypoint is the tip.
    """
    check_version(tip, version)
    certificate = certificate_of(context.store, tip.height)
    prover = Prover(context.ledger, tip.version)
    ledger = prover.ledger(certificate, version)
    ended = [] if certificate is None else prover.ended_epochs(certificate.data.epoch, version)
    epochs = [item.to_value() for item in ended]
    start: Value = None if ledger is None else value_of(ledger[:3])
    last = certificate if ledger is None else ledger.certificate
    return {
        "ledger_info_with_signatures": None if last is None else encode(last.to_value()).hex(),
        "epoch_change_proof": encode((start, tuple(epochs))).hex(),
        "ledger_consistency_proof": encode(prover.consistency(version).to_value()).hex(),
    }


def get_accumulator_consistency_proof(
    context: Context, tip: Tip, known: int | None, ledger_version: int | None
) -> Json:
    """{ledger_consistency_proof} from a known version (from no entry without one) to the ledger version."""
    size = _ledger_version(tip, ledger_version)
    if known is not None:
        _check_order(known, size)
    proof = Prover(context.ledger, size).consistency(-1 if known is None else known)
    return {"ledger_consistency_proof": encode(proof.to_value()).hex()}


def get_prefix_with_proof(context: Context, tip: Tip, earlier: int, later: int | None) -> Json:
    """Ours: that the ledger at one version begins with that at an earlier one; without a later one: the tip."""
    end = _ledger_version(tip, later)
    _check_order(earlier, end)
    return _proved(Prover(context.ledger, tip.version).prefix(earlier, end))


# --- entries and events ---


def get_transactions_with_proofs(context: Context, tip: Tip, start: int, limit: int, include_events: bool) -> Json:
    """Consecutive entries with one proof for all of them; None past the end, or for a limit of 0.

    A page of large ones is shorter than asked for, never empty, as that of `get_transactions`.
    """
    check_limit(limit)
    if start > tip.version or limit == 0:
        return None
    rows = read_page(context, tip, start, limit)
    return Whole(_transactions(Prover(context.ledger, tip.version), start, rows, include_events=include_events))


def _transactions(
    prover: Prover, start: int, rows: Iterable[tuple[int, bytes]], *, include_events: bool
) -> Iterator[Json]:  # fmt: skip
    """The steps of it: a row each."""
    entries = []
    for _, row in rows:
        entries.append(read_entry(row))
        yield None
    events: tuple[Value, ...] = tuple(tuple(map(tuple, events)) for _, _, _, events in entries)
    yield {
        "serialized_transactions": [encode((kind, data)).hex() for kind, data, _, _ in entries],
        "serialized_events": encode(events).hex() if include_events else None,
        "proofs": {
            "ledger_info_to_transaction_infos_proof": encode(prover.paths(start, len(entries)).to_value()).hex(),
            "transaction_infos": encode(tuple(decode(info) for _, _, info, _ in entries)).hex(),
        },
    }


def get_account_transactions_with_proofs(
    context: Context, tip: Tip, account: bytes, start: int, limit: int, _events: bool, ledger_version: int | None
) -> Json:  # fmt: skip
    """A sender's transactions by sequence number, each with its events and a proof of its own."""
    check_limit(limit)
    size = _ledger_version(tip, ledger_version)
    prover = Prover(context.ledger, size)
    found = context.store.postings(Index.TRANSACTION_BY_SENDER, account, start, limit)
    if limit and context.ledger.base.version:
        check_first(context, "transaction number", start, found, used_numbers(context, tip, account))
    return Whole(_each_proved(prover, [version for _, version in found if version <= size]))


def _each_proved(prover: Prover, versions: list[int]) -> Iterator[Json]:
    """The steps of it: a version each."""
    proofs = []
    for version in versions:
        proofs.append(value_of(prover.transaction(version)))
        yield None
    yield {"serialized_txns_with_proofs": encode(tuple(proofs)).hex()}


def get_events_with_proofs(context: Context, tip: Tip, key: bytes, start: int, limit: int) -> Json:
    """Events of a stream, each with its proof."""
    check_limit(limit)
    prover = Prover(context.ledger, tip.version)
    found = context.store.postings(Index.EVENT, key, start, limit)
    if limit and context.ledger.base.version:
        check_first(context, "event", start, found, count_events(context, tip, key))
    return (_event(prover, key, number, version) for number, version in found if version <= tip.version)


def get_event_by_version_with_proof(context: Context, tip: Tip, key: bytes, version: int | None) -> Json:
    """The last event of a stream up to a version, and the first one after it."""
    at = _ledger_version(tip, version)
    check_kept(context, at)
    prover = Prover(context.ledger, tip.version)
    last = context.store.postings(Index.EVENT, key, _LAST, 1, descending=True)
    low, high = 0, last[0][0] + 1 if last else 0
    while low < high:  # the first number whose event comes after the version
        middle = (low + high) // 2
        ((_, found),) = context.store.postings(Index.EVENT, key, middle, 1)
        low, high = (middle + 1, high) if found <= at else (low, middle)
    postings = context.store.postings(Index.EVENT, key, max(low - 1, 0), 2)
    if context.ledger.base.version:
        check_first(context, "event", max(low - 1, 0), postings, count_events(context, tip, key))
    near = dict(postings)
    names = {"lower_bound_incl": low - 1, "upper_bound_excl": low}
    return {
        name: _event(prover, key, number, near[number]) if number in near and near[number] <= tip.version else None
        for name, number in names.items()
    }


def _event(prover: Prover, key: bytes, number: int, version: int) -> Json:
    """EventWithProof of one event of a version."""
    events = prover.transaction(version).entry.events
    place = next(at for at, event in enumerate(events) if (event.key, event.sequence) == (key, number))
    return {"event_with_proof": encode(value_of(prover.event(version, place))).hex()}


# --- states ---


def get_account_state_with_proof(
    context: Context, tip: Tip, account: bytes, version: int | None, ledger_version: int | None
) -> Json:
    """AccountStateWithProof at the end of the last block up to `version`, against the ledger up to `ledger_version`.

    Without them both are the latest. `blob` is None where there is no account.
    """
    size = _ledger_version(tip, ledger_version)
    wanted = size if version is None else version
    _check_order(wanted, size)
    state = state_at(context, tip, wanted)
    prover = Prover(context.ledger, size)
    _, _, record, path = prover.record(account_key(account), state)
    return {
        "version": state.version,
        "blob": None if record is None else record.hex(),
        "proof": {
            "ledger_info_to_transaction_info_proof": encode(prover.path(state.version).to_value()).hex(),
            "transaction_info": prover.info(state.version).to_bytes().hex(),
            "transaction_info_to_account_proof": encode(path.to_value()).hex(),
        },
    }


def get_record_with_proof(context: Context, tip: Tip, key: bytes, version: int | None) -> Json:
    """Ours: what the state of a version (the latest without one) holds under a state key, or nothing."""
    at = _ledger_version(tip, version)
    return _proved(Prover(context.ledger, tip.version).record(key, state_at(context, tip, at), at))


def get_stream_with_proof(context: Context, tip: Tip, key: bytes, version: int | None) -> Json:
    """Ours: how many events a stream has in the state of a version (the latest without one)."""
    at = _ledger_version(tip, version)
    return _proved(Prover(context.ledger, tip.version).stream(key, state_at(context, tip, at), at))


def _proved(fact: Fact) -> Json:
    """A fact's bytes."""
    return {"proof": encode(value_of(fact)).hex()}


def _ledger_version(tip: Tip, version: int | None) -> int:
    """The version asked for, or the latest."""
    if version is None:
        return tip.version
    check_version(tip, version)
    return version


def _check_order(wanted: int, size: int) -> None:
    """A version is not above the ledger's that was asked for."""
    if wanted > size:
        raise RpcError(
            INVALID_PARAMS, f"version {wanted} is above the ledger version {size}", name="version_too_new",
            version=wanted, latest=size,
        )  # fmt: skip
