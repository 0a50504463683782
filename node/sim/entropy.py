"""The only door to chance: named streams of pseudo-random numbers, each derived from the seed by its label.

One stream a subsystem, so that a new draw in one place changes nothing elsewhere. The label goes through SHA-256, never
through `hash()`, so that PYTHONHASHSEED has no say.
"""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Stream:
    """One stream. Probabilities are in parts per million, so that no float takes part."""

    __slots__ = ("_random",)

    def __init__(self, seed: bytes) -> None:
        """Start a stream from any bytes."""
        self._random = random.Random(int.from_bytes(hashlib.sha256(seed).digest(), "big"))

    def below(self, bound: int) -> int:
        """An integer in 0 .. bound - 1; `bound` >= 1. What `randrange` draws, at half its cost."""
        bits = bound.bit_length()
        drawn = self._random.getrandbits(bits)
        while drawn >= bound:
            drawn = self._random.getrandbits(bits)
        return drawn

    def between(self, low: int, high: int) -> int:
        """An integer in low .. high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, ppm: int) -> bool:
        """True in `ppm` of a million draws. Draws nothing at 0, so that a fault that is off costs nothing."""
        return ppm > 0 and self.below(1_000_000) < ppm

    def choice(self, items: Sequence[Item]) -> Item:
        """One of the items, which may not be empty."""
        return items[self.below(len(items))]

    def sample(self, items: Sequence[Item], count: int) -> list[Item]:
        """`count` different items in random order."""
        return self._random.sample(items, count)

    def octets(self, count: int) -> bytes:
        """That many bytes."""
        return self._random.randbytes(count)


class Entropy:
    """All streams of one seed."""

    __slots__ = ("_seed",)

    def __init__(self, seed: int) -> None:
        """`seed` is any integer, 0 or more."""
        self._seed = seed

    def stream(self, label: str) -> Stream:
        """A fresh stream of that label; the same label gives the same numbers again."""
        return Stream(f"mithqal-sim:{self._seed}:{label}".encode())
