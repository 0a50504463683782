"""Messages, each decoded once for all that read it: its receivers, the checkers, the rules of links, the liars.

The decoder is the chain's; it is a function of the bytes alone, and what it gives is never changed. Bytes that are no
message are refused anew by each reader.
"""

from functools import lru_cache

from chain.messages import decode_message

KEPT = 1_024
"""Messages that are kept: those on their way at one time."""

decoded = lru_cache(maxsize=KEPT)(decode_message)
"""As `chain.messages.decode_message`."""
