"""Messages, each decoded once for all that read it: its receivers, the checkers, the rules of links, the liars.

And records and blocks, which lie on each disk alike. The decoders are the chain's; they are functions of the bytes
alone, and what they give is never changed. Bytes that are no message are refused anew by each reader.
"""

from functools import lru_cache

from chain.accounts import read_record
from chain.ledger import read_block as chain_read_block
from chain.messages import decode_message

KEPT = 1_024
"""Messages that are kept: those on their way at one time."""

decoded = lru_cache(maxsize=KEPT)(decode_message)
"""As `chain.messages.decode_message`."""
read_state = lru_cache(maxsize=KEPT)(read_record)
"""As `chain.accounts.read_record`."""
read_block = lru_cache(maxsize=KEPT)(chain_read_block)
"""As `chain.ledger.read_block`."""
