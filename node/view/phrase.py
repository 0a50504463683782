"""What somebody does, in the two forms that a sentence needs."""

from collections.abc import Mapping
from typing import Any, NamedTuple

Arguments = Mapping[str, Any]
"""Named arguments of a function, as JSON-RPC gives them."""


class Phrase(NamedTuple):
    """What somebody does: "paid", "pay", "bruno@br-wallet 25 XUS"."""

    past: str
    infinitive: str
    rest: str
