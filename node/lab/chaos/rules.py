"""What all of chaos shares: its error, the kinds of fault, and the time of this machine."""

import time

from chain.errors import MithqalError

KINDS = ("kill", "pause", "partition", "delay", "loss", "disk_full", "clock")
"""Faults of a run, by the names that `--faults` takes."""
ON_LINKS = ("partition", "delay", "loss")
"""Faults that need the proxy between validators."""
MILLISECOND_US = 1_000
CURRENCY = "XUS"


class ChaosError(MithqalError):
    """A run that cannot be made; `name` is the rule: `foreign_target`, `network_runs`, `not_ours`, `unknown_fault`,
    `cannot_recover`."""

    name = "chaos"


def now_us() -> int:
    """The monotonic clock, which all processes of this machine share."""
    return time.monotonic_ns() // 1000
