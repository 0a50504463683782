"""Watch a running network: after each block, whether custodians hold what is in circulation."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from chain.errors import MithqalError
from economy.statement.backing import Reserve, read_reserve
from economy.statement.books import read_books, sums_of
from node.client.proofs import Client

POLL_S = 0.1
"""Between two looks at the tip: blocks come a second apart at most."""
Json = dict[str, Any]


class Shortfall(MithqalError):
    """Custodians hold less than is in circulation."""

    name = "reserve_shortfall"


class Watched(NamedTuple):
    """What was seen."""

    blocks: int
    """Heights that were looked at."""
    reserve: Reserve


def check_reserve(reserve: Reserve) -> None:
    """Shortfall, naming each coin and what is missing, unless everything is covered."""
    missing = {coin.coin: coin.shortfall for coin in reserve.coins if coin.shortfall}
    if reserve.basket["shortfall"]:
        missing[reserve.basket["currency"]] = reserve.basket["shortfall"]
    if missing:
        words = ", ".join(f"{amount} micro-{coin}" for coin, amount in sorted(missing.items()))
        raise Shortfall(
            f"at version {reserve.version} custodians hold less than is in circulation: {words} are missing",
            version=reserve.version, missing=missing,
        )  # fmt: skip


def watch(
    client: Client, waypoint: str, directory: Path, seconds: float, say: Callable[[Reserve, int], None],
    clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
) -> Watched:  # fmt: skip
    """Look at every height, and at custodians' books as they change, until the time is over.

    Raises Shortfall at the first look that finds one, ProofError, BooksFileError, and what the client raises.
    """
    end, seen, blocks = clock() + seconds, (-1, ""), 0
    reserve: Reserve | None = None
    while True:
        height = int(client.call("get_metadata")["height"])
        entries = read_books(directory)
        look = height, repr(entries)
        if look != seen:
            blocks += look[0] != seen[0]
            seen = look
            reserve = read_reserve(client, waypoint, sums_of(entries))
            check_reserve(reserve)
            say(reserve, height)
        if clock() >= end:
            assert reserve is not None, "the first look is always one"
            return Watched(blocks, reserve)
        sleep(POLL_S)
