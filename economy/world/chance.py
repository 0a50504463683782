"""The one door to chance in the simulated world: a counter-based stream (Philox) a seed, a name and a day.

Each stream is a function of its label alone, so that neither the order of draws elsewhere nor the number of processes
changes what it gives, and a run that is continued draws what the whole run would have drawn.
"""

import hashlib

import numpy as np


def stream(seed: int, *label: str | int) -> np.random.Generator:
    """The numbers of a label, from their beginning."""
    text = "/".join(map(str, ("mithqal-world", seed, *label)))
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    return np.random.Generator(np.random.Philox(key=key))
