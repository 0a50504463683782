"""Every bound of the protocol in one place, each with its reason, and how they relate."""

from chain.primitives import SECOND_US

MAX_TRANSACTION_BYTES = 4_096
"""One signed transaction, envelope included (Diem: 4,096)."""
MAX_BATCH_PAYMENTS = 500
"""Payments of one batch: a payroll of 500, and a bound for what one transaction can do."""
MAX_BATCH_BYTES = 64 << 10
"""One signed batch of payments, or evidence against a validator, the only transactions above `MAX_TRANSACTION_BYTES`:
room for 500 payments with a memo's commitment each (some 75 bytes), or for 400 with the receiving provider's signature.
"""
MAX_BLOCK_TRANSACTIONS = 500
"""User transactions a block: bounds the time that one step holds the event loop."""
MAX_BLOCK_BYTES = 1 << 20
"""Sum of a block's transactions' bytes."""
MAX_BLOCK_GAS = 600_000
"""Gas that a block's transactions use together: bounds what one step executes, whatever its transactions hold (500
new accounts, or a few thousand payments in batches)."""
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
MAX_RECOVERABLE = 256
"""Accounts whose key one recovery account may change, itself included (Diem)."""
MAX_DOMAIN_BYTES = 63
"""A domain of a wallet provider (Diem)."""
MAX_DOMAINS = 64
"""Domains of one wallet provider."""
NONCE_MASK_BITS = 128
"""How many nonces from the lowest one on a sliding nonce remembers (Diem)."""
NONCE_JUMP = 10_000
"""How far above the lowest one a sliding nonce may be (Diem)."""
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
MAX_SCHEDULE_SECS = 30 * 86_400
"""How far ahead of the ledger's time a scheduled transaction may become valid; from then on it counts as any other."""
MEMPOOL_SCHEDULED = MEMPOOL_CAPACITY // 10
"""Scheduled transactions that wait for their time on one validator: they wait long, so they get a part of the pool."""
MEMPOOL_SCHEDULED_BYTES = MEMPOOL_MAX_BYTES // 8
"""Sum of their bytes."""
SUBMIT_QUEUE = 20_000
"""What it may cost to check the transactions of our own clients that wait for it, in verifications of Ed25519; as much
again for all other validators together, in equal parts."""
GOSSIP_BYTES = 1 << 20
"""Bytes of transactions that one message passes on to the other validators."""
VERIFY_BATCH = 256
"""Cost of the checks that one work item holds."""
SENDER_CHECKS = 4_000
"""What it may cost to check the waiting transactions of one sender: 100 signatures of P-256."""
SLOW_CHECK = 40
"""A transaction whose signatures cost this much goes by the slow lane: one of ECDSA does."""
SLOW_QUEUE = 20_000
"""Room of the slow lane, as `SUBMIT_QUEUE` is of the fast one: 500 signatures of P-256."""
SLOW_REST = 7
"""The slow lane rests this many times as long as its last item took, an eighth of one core at most, while anybody signs
with Ed25519 ..."""
SLOW_REST_ALONE = 1
"""... and this many times while nobody does."""
SLOW_REST_US = 1 * SECOND_US
"""It never rests longer than this."""
MUTE_US = 60 * SECOND_US
"""How long nothing is taken from a validator that brought a bad signature."""

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
WITNESSED_ROUNDS = 32
"""Rounds back in which two statements of one validator are held against each other."""
MAX_EVIDENCE_BYTES = 96 << 10
"""One piece of evidence: two votes that each name a next set of 256 validators with the longest names fit."""
EVIDENCE_EACH = 4
"""Pieces of evidence of one kind against one validator in one epoch: a liar makes as many as it likes."""
EVIDENCE_RETRY_US = 1 * SECOND_US
"""How often one other validator is told which evidence is known here, if there is any."""
EVIDENCE_IDS = 256
"""The latest pieces of evidence that it is told of."""
CONFIG_UPDATE_INTERVAL_US = 1 * SECOND_US
"""How often a member may change its own keys, as genesis sets it (Diem: five minutes)."""
MAX_REGISTERED_VALIDATORS = 1_024
"""Validators that one chain ever registers, members or not."""
MAX_MARKS = 16
"""Keys of one validator that the ledger marks as guilty; after so many it is not taken into the set again."""
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
assert GOSSIP_BYTES + MAX_BATCH_BYTES < MAX_FRAME_BYTES, "a message of transactions fits in a frame"
assert MAX_TRANSACTION_BYTES < MAX_BATCH_BYTES <= MAX_BLOCK_BYTES, "a batch fits in a block"
assert MAX_BLOCK_TRANSACTIONS * MIN_GAS_UNITS <= MAX_BLOCK_GAS, "gas does not keep a block of plain payments small"
assert MEMPOOL_SCHEDULED < MEMPOOL_CAPACITY, "what waits for its time leaves room for what can run"
