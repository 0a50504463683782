"""What somebody does, in words: the shape that all sentences about transactions share."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Arguments = Mapping[str, Any]
"""Arguments of a call by name, as JSON-RPC shows them."""


class Phrase(NamedTuple):
    """What somebody does: "paid", "pay", "bruno@br-wallet 25 XUS"."""

    past: str
    infinitive: str
    rest: str
