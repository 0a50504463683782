"""A number as a row of choices: mixed radix, after a shuffle of the numbers that repeats none."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")
WIDE = 1 << 192
"""Numbers to choose from where a generator's choices cannot be counted."""
TURNS = 4
"""Of the shuffle: two halves of a number change each other so often."""


class Digits:
    """Choices, taken from a number one after the other; two numbers below the product of all choices differ in one."""

    __slots__ = ("left", "product")

    def __init__(self, number: int) -> None:
        """0 or more."""
        self.left = number
        """What no choice has used yet."""
        self.product = 1
        """Of the numbers of options so far."""

    def pick(self, options: Sequence[Item]) -> Item:
        """One of the options."""
        self.left, digit = divmod(self.left, len(options))
        self.product *= len(options)
        return options[digit]

    def below(self, bound: int) -> int:
        """From 0 to bound - 1."""
        return self.pick(range(bound))

    def one_in(self, bound: int) -> bool:
        """Once in so many."""
        return self.below(bound) == 0


def shuffled(index: int, size: int, label: str) -> int:
    """Where a number below `size` goes: a permutation that the label chooses (a Feistel network that walks on until it
    is below `size` again). Numbers from `size` on start over, a lap each."""
    half = max((size - 1).bit_length() + 1, 2) // 2
    mask = (1 << half) - 1
    number = index % size
    while True:
        left, right = number >> half, number & mask
        for turn in range(TURNS):
            digest = hashlib.blake2b(b"%d:%d" % (turn, right), key=label.encode()).digest()
            left, right = right, left ^ int.from_bytes(digest, "big") & mask
        number = left << half | right
        if number < size:
            return number


def digits_of(index: int, label: str, size: int = WIDE) -> Digits:
    """The choices of an index."""
    return Digits(shuffled(index, size, label))
