"""Asking a validator: whoever answers JSON-RPC calls, and reads that need several of them.

Streams and the ledger are read newest first; JSON-RPC pages ascend, so that the end is found first.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from chain.errors import MithqalError

Json = Any
Item = TypeVar("Item")

PROBES = 20
"""Calls a batch."""
FIRST_PAGE, LAST_PAGE = 200, 1_000
MAX_SCAN = 100_000
"""Versions that one listing reads at most; the answer says where it stopped."""


class Source(Protocol):
    """A client of one network's JSON-RPC."""

    def call(self, method: str, *params: Json) -> Json:
        """The result of one call; raises MithqalError."""

    def batch(self, calls: Sequence[tuple[str, Json]]) -> list[Json]:
        """Results of up to 20 calls in order; an error stands where a call failed."""


class NotFoundError(MithqalError):
    """Nothing has this name or id; `details["tried"]` says what was looked for."""

    name = "unknown_id"


def ask(source: Source, *calls: tuple[str, Json]) -> list[Json]:
    """Results of any number of calls in order; raises the first failure."""
    results: list[Json] = []
    for start in range(0, len(calls), PROBES):
        results += source.batch(calls[start : start + PROBES])
    for result in results:
        if isinstance(result, MithqalError):
            raise result
    return results


class Listing(NamedTuple):
    """Transactions, newest first, and where a further listing goes on (None at the ledger's beginning)."""

    rows: list[Json]
    next_before: int | None
    is_cut: bool = False
    """Whether there are older ones that this validator does not keep (KE5)."""


def kept_part(fetch: Callable[[int, int], list[Item]], start: int, end: int) -> list[Item]:
    """What `fetch(start, count)` gives up to `end`, as far back as this validator keeps it: its ledger may begin with
    a snapshot (KE5). Shorter than `end - start` where it does not keep all."""
    if start >= end:
        return []
    found = _if_kept(fetch, start, end - start)
    if found is not None:
        return found
    low, high = start + 1, end
    while low < high:
        middle = (low + high) // 2
        if _if_kept(fetch, middle, 1) is None:
            low = middle + 1
        else:
            high = middle
    return fetch(low, end - low) if low < end else []


def _if_kept(fetch: Callable[[int, int], list[Item]], start: int, count: int) -> list[Item] | None:
    """The items, or None if the validator does not keep the first of them."""
    try:
        return fetch(start, count)
    except MithqalError as error:
        if not is_pruned(error):
            raise
        return None


def is_pruned(answer: object) -> bool:
    """Whether a validator says that it does not keep what was asked for, which therefore exists."""
    return isinstance(answer, MithqalError) and answer.name == "version_pruned"


def is_user(transaction: Json) -> bool:
    """Whether somebody signed it."""
    return bool(transaction["transaction"]["type"] == "user")


def newest_transactions(
    source: Source,
    limit: int,
    *,
    before: int | None = None,
    wanted: Callable[[Json], bool] = is_user,
    max_scan: int = MAX_SCAN,
) -> Listing:
    """The newest `limit` wanted transactions with a version below `before`, with their events."""
    tip: int = source.call("get_metadata")["version"]
    end = tip + 1 if before is None else min(before, tip + 1)
    last, page = max(0, end - max_scan), FIRST_PAGE
    rows: list[Json] = []
    while end > last and len(rows) < limit:
        start = max(last, end - page)
        found = kept_part(lambda at, number: transactions_between(source, at, at + number), start, end)
        for row in reversed(found):
            if wanted(row) and len(rows) < limit:
                rows.append(row)
        if len(found) < end - start and len(rows) < limit:
            return Listing(rows, None, is_cut=True)
        end, page = start, min(2 * page, LAST_PAGE)
    reached: int = rows[-1]["version"] if len(rows) == limit and rows else end
    return Listing(rows, reached or None)


def transactions_between(source: Source, start: int, end: int) -> list[Json]:
    """Transactions with their events, ascending, from a version up to another (exclusive): a page of large ones may be
    shorter than asked for, and is gone on from."""
    found: list[Json] = []
    while start < end and (page := source.call("get_transactions", start, end - start, True)):
        found += page
        start = page[-1]["version"] + 1
    return found


@runtime_checkable
class Counting(Protocol):
    """A source that knows how long a stream is."""

    def stream_count(self, key: str) -> int:
        """How many events a stream has."""


def stream_length(source: Source, key: str) -> int:
    """How many events a stream has: told by the source, else found by probes at powers of two, then between the last
    hit and the first miss."""
    if isinstance(source, Counting):
        return source.stream_count(key)
    low, high, power = 0, None, 0
    while high is None or high - low > 1:
        if high is None:
            points = [1 << power + step for step in range(PROBES)]
            power += PROBES
        else:
            width = max(1, (high - low) // (PROBES + 1))
            points = [low + width * step for step in range(1, PROBES + 1) if low + width * step < high]
        hits = source.batch([("get_events", [key, point - 1, 1]) for point in points])
        for point, hit in zip(points, hits):
            if isinstance(hit, MithqalError) and not is_pruned(hit):
                raise hit
            if hit:
                low = max(low, point)
            elif high is None or point < high:
                high = point
    return low


def newest_events(source: Source, key: str, limit: int, before: int | None = None) -> list[Json]:
    """The newest events of a stream with a number below `before`, newest first."""
    end = stream_length(source, key)
    if before is not None:
        end = min(end, before)
    start = max(0, end - limit)
    return kept_part(lambda at, number: list(source.call("get_events", key, at, number)), start, end)[::-1]


def account_versions(source: Source, account: Json, limit: int, before: int | None = None) -> list[int]:
    """Newest versions that an account signed, or in which it was paid, below `before`, as far as they are kept."""
    return account_history(source, account, limit, before)[0]


def account_history(source: Source, account: Json, limit: int, before: int | None = None) -> tuple[list[int], bool]:
    """`account_versions`, and whether there are further ones below that this validator does not keep."""
    address, key = account["address"], account["received_events_key"]

    def sent(start: int, number: int) -> list[int]:
        rows = source.call("get_account_transactions", address, start, number, False)
        return [row["version"] for row in rows]

    def received(start: int, number: int) -> list[int]:
        return [row["transaction_version"] for row in source.call("get_events", key, start, number)]

    own, is_own_cut = _newest(sent, account["sequence_number"], limit, before)
    paid, is_paid_cut = _newest(received, stream_length(source, key), limit, before)
    versions = sorted({*own, *paid}, reverse=True)
    return versions[:limit], (is_own_cut or is_paid_cut) and len(versions) < limit


def account_listing(source: Source, account: Json, limit: int, before: int | None = None) -> Listing:
    """What an account signed or was paid, newest first."""
    versions, is_cut = account_history(source, account, limit + 1, before)
    more = versions[limit - 1] if len(versions) > limit else None
    return Listing(transactions_at(source, versions[:limit]), more, is_cut)


def _newest(
    fetch: Callable[[int, int], list[int]], length: int, limit: int, before: int | None
) -> tuple[list[int], bool]:  # fmt: skip
    """The last `limit` versions of an ascending list, those below `before`; and whether some are not kept."""
    if before is not None:
        low, high = 0, length
        while low < high:
            middle = (low + high) // 2
            found = _if_kept(fetch, middle, 1)
            if found is None or found[0] < before:
                low = middle + 1
            else:
                high = middle
        length = low
    start = max(0, length - limit)
    kept = kept_part(fetch, start, length)
    return kept, len(kept) < length - start


def transactions_at(source: Source, versions: Sequence[int]) -> list[Json]:
    """Transactions by version, with their events, in the order asked for."""
    return [rows[0] for rows in ask(source, *[("get_transactions", [version, 1, True]) for version in versions])]


def blocks_of(source: Source, versions: Sequence[int]) -> dict[int, Json]:
    """The block of each version: one call a block."""
    blocks: dict[int, Json] = {}
    for version in versions:
        if version not in blocks:
            block = source.call("get_block", None, None, version)
            blocks.update({at: block for at in versions if block["first_version"] <= at <= block["last_version"]})
    return blocks
