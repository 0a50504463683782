"""Every way to change a proof's bytes and hashes that a verifier must notice."""

from collections.abc import Iterator
from typing import Any

from chain.primitives import Hash
from chain.state.accumulator import PLACEHOLDER

A = Hash(b"a" * 32)


def bits_turned(data: bytes) -> Iterator[bytes]:
    """Every byte of the data changed, each in one bit."""
    for at, byte in enumerate(data):
        yield data[:at] + bytes([byte ^ 1 << at % 8]) + data[at + 1 :]


def hashes_changed(hashes: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The same number of hashes: each byte changed, each pair of neighbours that differ exchanged."""
    for at, item in enumerate(hashes):
        for other in bits_turned(item):
            yield (*hashes[:at], Hash(other), *hashes[at + 1 :])
        if at and hashes[at - 1] != item:
            yield (*hashes[: at - 1], item, hashes[at - 1], *hashes[at + 1 :])


def hashes_miscounted(hashes: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """One hash left out, one too many at either end or in the middle."""
    for at in range(len(hashes)):
        yield hashes[:at] + hashes[at + 1 :]
        yield hashes[:at] + hashes[at:][:1] + hashes[at:]
    yield (*hashes, A)
    yield (*hashes, PLACEHOLDER)
    yield (PLACEHOLDER, *hashes)


# --- one leaf ---
