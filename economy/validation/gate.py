"""One line of the table that `mithqal reserve validate` prints."""

from typing import NamedTuple


class Gate(NamedTuple):
    """A published number beside ours.

    `number` is the gate's group, 1 to 10, and 11 for signs that are compared with a paper; `published` and `ours` are
    what is compared, in the digits of the source; `tolerance` says in words or numbers how far apart they may be
    ("exact", "3.3 bp"). `is_gated` is False for a line that is reported and cannot fail.
    """

    number: int
    name: str
    published: str
    ours: str
    tolerance: str
    passed: bool
    source: str
    is_gated: bool = True
