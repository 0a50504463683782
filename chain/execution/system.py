"""What governance changes of the system itself (Libra's SystemAdministrationScripts; docs/protocol.md, G10 to G14).

Each change is an epoch change: it is in force from the first block of the next epoch on.
"""

from chain.errors import DecodeError
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.execution.reconfiguration import reconfigure
from chain.limits import MAX_TRANSACTION_BYTES
from chain.primitives import SECOND_US
from chain.records.onchain import LEADER_ELECTIONS, ONCHAIN_KEY, ConsensusConfig, GasConstants, OnChainConfig

SHORTEST_US, LONGEST_US = 20_000, 60 * SECOND_US
"""Bounds of what a round may wait: below, no message gets through; above, nobody would see that the network lives."""
LONGEST_INTERVAL_US = 86_400 * SECOND_US
"""Longest pause between two changes of a member's keys."""


def update_diem_version(run: Run, nonce: int, major: int) -> None:
    """A higher protocol version."""
    run.require_association()
    run.check_nonce(nonce)
    config = run.state.onchain()
    if major <= config.version:
        raise Abort(
            "DiemVersion", Category.INVALID_ARGUMENT, "EINVALID_MAJOR_VERSION_NUMBER",
            f"version {config.version} is in force, {major} is not above it",
        )  # fmt: skip
    _put(run, config._replace(version=major))


def set_gas_constants(run: Run, nonce: int, *values: int) -> None:
    """All eleven constants."""
    run.require_association()
    run.check_nonce(nonce)
    gas = GasConstants(*values)
    if (
        gas.min_price_per_gas_unit > gas.max_price_per_gas_unit
        or gas.min_transaction_gas_units > gas.maximum_number_of_gas_units
    ):
        raise Abort("DiemVMConfig", Category.INVALID_ARGUMENT, "EGAS_CONSTANT_INCONSISTENCY", "a minimum is too high")
    if gas.max_transaction_size_in_bytes > MAX_TRANSACTION_BYTES or gas.max_price_per_gas_unit > _MAX_PRICE:
        raise Abort(
            "DiemVMConfig", Category.INVALID_ARGUMENT, "EGAS_CONSTANT_TOO_LARGE",
            f"a transaction has at most {MAX_TRANSACTION_BYTES} bytes, a price at most {_MAX_PRICE}",
        )  # fmt: skip
    _put(run, run.state.onchain()._replace(gas=gas))


def initialize_diem_consensus_config(run: Run, nonce: int) -> None:
    """Genesis has published the configuration: it can only be updated."""
    run.require_association()
    run.check_nonce(nonce)
    raise Abort("DiemConfig", Category.ALREADY_PUBLISHED, "EDIEM_CONFIG", "there is a consensus configuration already")


def update_diem_consensus_config(run: Run, nonce: int, config: bytes) -> None:
    """A `ConsensusConfig` that every validator can run."""
    run.require_association()
    run.check_nonce(nonce)
    try:
        new = ConsensusConfig.from_bytes(config)
    except DecodeError as error:
        raise _bad_consensus(error.message) from error
    if new.leader_election not in LEADER_ELECTIONS:
        raise _bad_consensus(f"no leader election is called {new.leader_election[:32]}")
    for name in ("round_timeout_us", "idle_proposal_us"):
        if not SHORTEST_US <= getattr(new, name) <= LONGEST_US:
            raise _bad_consensus(f"{name} is {SHORTEST_US} to {LONGEST_US}, not {getattr(new, name)}")
    if new.config_update_interval_us > LONGEST_INTERVAL_US:
        raise _bad_consensus(f"config_update_interval_us is at most {LONGEST_INTERVAL_US}")
    _put(run, run.state.onchain()._replace(consensus=new))


def halt_transactions(run: Run, nonce: int) -> None:
    """From the next epoch on only the association and the treasury may send."""
    _set_halt(run, nonce, halt=True)


def resume_transactions(run: Run, nonce: int) -> None:
    """Everybody may send again."""
    _set_halt(run, nonce, halt=False)


def _set_halt(run: Run, nonce: int, *, halt: bool) -> None:
    """Both of them; what is so already is refused, since it would end an epoch for nothing."""
    run.require_association()
    run.check_nonce(nonce)
    config = run.state.onchain()
    if halt and config.is_halted:
        raise Abort(
            "DiemTransactionPublishingOption", Category.INVALID_STATE, "EALREADY_HALTED", "transactions are halted"
        )
    if not halt and not config.is_halted:
        raise Abort(
            "DiemTransactionPublishingOption", Category.INVALID_STATE, "ENOT_HALTED", "transactions are not halted"
        )
    _put(run, config._replace(is_halted=halt))


_MAX_PRICE = 1 << 32
"""A fee, price x gas, stays far below 2^64."""


def _put(run: Run, config: OnChainConfig) -> None:
    """Write and reconfigure."""
    run.state.put(ONCHAIN_KEY, config)
    reconfigure(run)


def _bad_consensus(message: str) -> Abort:
    """A configuration that no validator could run."""
    return Abort("DiemConsensusConfig", Category.INVALID_ARGUMENT, "EINVALID_CONSENSUS_CONFIG", message)
