"""The configuration that governance changes: gas constants, consensus, version, halt (docs/protocol.md, G1)."""

from typing import NamedTuple

from chain.codec import decode, encode, fields
from chain.limits import (
    CONFIG_UPDATE_INTERVAL_US,
    IDLE_PROPOSAL_US,
    MAX_GAS_PRICE,
    MAX_GAS_UNITS,
    MAX_TRANSACTION_BYTES,
    MIN_GAS_UNITS,
    ROUND_TIMEOUT_US,
)

ONCHAIN_KEY = b"k"
"""State key of the one record."""
ROUND_ROBIN, REPUTATION = "round_robin", "reputation"
LEADER_ELECTIONS = (ROUND_ROBIN, REPUTATION)
"""Leader elections that this program knows: in turn, or who took part lately (R22)."""
VERSION_AT_GENESIS = 4
"""Diem's version whose rules these are: script functions and multi-agent transactions are in."""


class GasConstants(NamedTuple):
    """Libra's eleven, in the order of `set_gas_constants`; the values are those of Libra's genesis.

    Used here: the bounds of limit and price, the minimum, and the size of a transaction. The others stand for Libra's
    virtual machine, which does not run here.
    """

    global_memory_per_byte_cost: int = 4
    global_memory_per_byte_write_cost: int = 9
    min_transaction_gas_units: int = MIN_GAS_UNITS
    large_transaction_cutoff: int = 600
    intrinsic_gas_per_byte: int = 8
    maximum_number_of_gas_units: int = MAX_GAS_UNITS
    min_price_per_gas_unit: int = 0
    max_price_per_gas_unit: int = MAX_GAS_PRICE
    max_transaction_size_in_bytes: int = MAX_TRANSACTION_BYTES
    gas_unit_scaling_factor: int = 1_000
    default_account_size: int = 800


GAS_AT_GENESIS = GasConstants()


class ConsensusConfig(NamedTuple):
    """How the next epoch is run."""

    leader_election: str = ROUND_ROBIN
    round_timeout_us: int = ROUND_TIMEOUT_US
    """First time-out of a round that has work."""
    idle_proposal_us: int = IDLE_PROPOSAL_US
    """How long a leader without any payment waits before an empty block."""
    config_update_interval_us: int = CONFIG_UPDATE_INTERVAL_US
    """How often a member may change its own keys."""

    def to_bytes(self) -> bytes:
        """Canonical bytes: the argument of `update_diem_consensus_config`."""
        return encode(tuple(self))

    @staticmethod
    def from_bytes(data: bytes) -> "ConsensusConfig":
        """Read `to_bytes`; DecodeError on anything else. Its values are not judged here."""
        return ConsensusConfig(*fields(decode(data), "consensus config", str, int, int, int))


CONSENSUS_AT_GENESIS = ConsensusConfig()


class OnChainConfig(NamedTuple):
    """What is in force."""

    gas: GasConstants = GasConstants()
    consensus: ConsensusConfig = CONSENSUS_AT_GENESIS
    version: int = VERSION_AT_GENESIS
    is_halted: bool = False
    """Whether only the association and the treasury may send transactions."""

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode((tuple(self.gas), tuple(self.consensus), self.version, self.is_halted))

    @staticmethod
    def from_bytes(data: bytes) -> "OnChainConfig":
        """Read what `to_bytes` wrote."""
        gas, consensus, version, is_halted = fields(decode(data), "on-chain config", tuple, tuple, int, bool)
        return OnChainConfig(
            GasConstants(*fields(gas, "gas constants", *(int,) * 11)),
            ConsensusConfig(*fields(consensus, "consensus config", str, int, int, int)), version, is_halted,
        )  # fmt: skip
