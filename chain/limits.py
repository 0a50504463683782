"""Every bound of the protocol in one place, each with its reason, and how they relate."""

from chain.primitives import SECOND_US

MAX_TRANSACTION_BYTES = 4_096
"""One signed transaction, envelope included (Diem: 4,096)."""
MAX_BLOCK_TRANSACTIONS = 500
"""User transactions a block: bounds the time that one step holds the event loop."""
MAX_BLOCK_BYTES = 1 << 20
"""Sum of a block's transactions' bytes."""
MAX_FRAME_BYTES = 4 << 20
"""One message between validators; refused before any allocation above it."""
MAX_DECODE_DEPTH = 16
"""Nesting of encoded values."""
MAX_VALIDATORS = 256
"""Size of a validator set (Diem: 256)."""
BROADCAST_VOTES_UP_TO = 20
"""Votes are broadcast up to this many validators, sent to the next leader above."""

MAX_GAS_UNITS = 4_000_000
"""Upper bound of a transaction's max_gas_amount (Diem's genesis value)."""
MIN_GAS_UNITS = 600
"""Lower bound of a transaction's max_gas_amount, and what a payment costs (Diem's genesis value)."""
MAX_GAS_PRICE = 10_000
"""Micro-units a gas unit (Diem's genesis value)."""
DEFAULT_GAS_PRICE = 1
"""Micro-units a gas unit that wallets offer: a payment costs 0.0006."""

MAX_METADATA_BYTES = 1_024
"""Metadata of one payment."""
MAX_NAME_BYTES = 64
"""human_name of a parent VASP, dealer or validator."""
MAX_URL_BYTES = 256
"""base_url of a dual-attestation credential."""
MAX_CHILDREN = 65_536
"""Child accounts of one parent VASP (Diem)."""
MAX_PREBURN_REQUESTS = 256
"""Outstanding preburn requests of one dealer in one currency (Diem)."""
MAX_CURRENCIES = 64
"""Registered currencies."""
MAX_SCALING_FACTOR = 10**10
"""Scaling factor of a currency (Diem)."""
DUAL_ATTESTATION_LIMIT_AT_GENESIS = 1_000_000_000
"""Micro-XDX at and above which two providers must attest (Diem: 1,000 XDX)."""

MEMPOOL_CAPACITY = 100_000
"""Transactions waiting on one validator."""
MEMPOOL_PER_ACCOUNT = 100
"""Transactions of one sender waiting on one validator (Diem: 100)."""
MEMPOOL_MAX_BYTES = 64 << 20
"""Sum of the waiting transactions' bytes on one validator."""
MAX_EXPIRATION_SECS = 86_400
"""How far ahead of the ledger's time a waiting transaction may expire."""
SUBMIT_QUEUE = 20_000
"""Submitted transactions whose signatures are not checked yet, on one validator."""
VERIFY_BATCH = 256
"""Signatures a work item."""

ROUND_TIMEOUT_US = 1 * SECOND_US
"""First time-out of a round that has work."""
ABSENT_LEADER_US = 20_000
"""First time-out of a round whose leader has no link to us: time for a proposal or vote that is under way."""
ROUND_TIMEOUT_STEPS = 4
"""How often the time-out grows without a commit."""
IDLE_PROPOSAL_US = 800_000
"""How long a leader without any payment waits before an empty block: the ledger ticks at least once a second."""
MAX_CLOCK_LEAD_US = 2 * SECOND_US
"""How far a block's time may lie ahead of a voter's clock."""
MAX_LEDGER_LEAD_US = 60 * SECOND_US
"""How far ahead of a voter's clock the ledger's time may be driven: a faulty leader would else win two seconds a turn,
and payments would expire before they could run."""
FUTURE_ROUNDS = 64
"""Votes and time-outs for rounds further ahead than this are dropped."""
MAX_PENDING_BLOCKS = 128
"""Uncommitted blocks kept."""
MAX_HELD_PROPOSALS = 16
"""Proposals that wait for blocks, signatures or the clock."""
CONFIG_UPDATE_INTERVAL_US = 1 * SECOND_US
"""How often a member may change its own keys, as genesis sets it (Diem: five minutes)."""
MAX_REGISTERED_VALIDATORS = 1_024
"""Validators that one chain ever registers, members or not."""
MAX_ADDRESS_BYTES = 256
"""One network address of a validator."""
EPOCH_PROOFS = 16
"""Certificates of ended epochs in one answer."""
SYNC_BLOCKS = 64
"""Committed blocks in one answer to a node that catches up."""
SYNC_BYTES = 1 << 20
"""Bytes after which an answer to a node that catches up takes no further block."""
SYNC_RETRY_US = 300_000
"""Wait before an unanswered request goes to another peer."""
RECENT_STATES = 256
"""Recent blocks whose state is kept in memory for readers and proofs: about four minutes of an idle network."""
RECENT_RECORDS = 65_536
"""Records that those blocks replaced, together: bounds the memory on a busy network, to some seconds of history."""

assert MAX_BLOCK_BYTES + SYNC_BYTES < MAX_FRAME_BYTES, "a block with its certificates fits in a frame"
assert MAX_BLOCK_TRANSACTIONS * MIN_GAS_UNITS <= 2**63, "a block's gas fits in 64 bits"
