"""What the association sets for everybody: version, gas, consensus, halt (G10 to G14)."""

from typing import Any, cast

import pytest

from chain.codec import encode
from chain.entries import Status
from chain.execution.outcome import Outcome
from chain.records.onchain import ONCHAIN_KEY, ConsensusConfig, GasConstants, OnChainConfig
from chain.records.validators import VALIDATORS_KEY, ActiveSet
from chain.transaction import SignedTransaction
from chain.validation import Discard, DiscardStatus
from tests.builders import ALICE, BOB, PAYMENT, ROOT, TC, World, event, party, small_world

OWNER, OPERATOR = party(200), party(300)
"""Of the first validator of genesis."""
GAS, CONSENSUS = "set_gas_constants", "update_diem_consensus_config"


@pytest.fixture
def world() -> World:
    return small_world()


def onchain(world: World) -> OnChainConfig:
    return cast(OnChainConfig, world.records[ONCHAIN_KEY])


def decided(world: World, function: str, *arguments: Any) -> None:
    """Execute, look at the event, and go on in the next epoch."""
    epoch = cast(ActiveSet, world.records[VALIDATORS_KEY]).epoch + 1
    assert world.do(ROOT, function, 0, *arguments) == (event(4, ROOT.address, epoch - 2, "newepoch", epoch),)
    world.context = world.context._replace(epoch=epoch)


def refused(world: World, *, who: Any = ALICE, **options: Any) -> DiscardStatus:
    """The status by which a payment is discarded."""
    (outcome,) = world.block(world.sign(who, PAYMENT, "XUS", BOB.address, 1, b"", b"", **options))
    assert isinstance(outcome, Discard)
    return outcome.status


def test_only_the_association(world) -> None:
    """REQUIRES_ADDRESS before anything else."""
    calls: dict[str, tuple[Any, ...]] = {
        "update_diem_version": (0,), GAS: (0,) * 11, "initialize_diem_consensus_config": (), CONSENSUS: (b"",),
        "halt_transactions": (), "resume_transactions": (),
    }  # fmt: skip
    for function, arguments in calls.items():
        for who in (ALICE, TC):
            assert world.fails(who, function, 0, *arguments) == ("CoreAddresses", 2)


def test_the_version_only_rises(world) -> None:
    """'update_diem_version: major (must rise)'."""
    assert onchain(world).version == 4
    for major in (0, 3, 4):
        assert world.fails(ROOT, "update_diem_version", 0, major) == ("DiemVersion", 7)
    decided(world, "update_diem_version", 5)
    assert onchain(world).version == 5
    decided(world, "update_diem_version", 2**64 - 1)


def test_gas_constants_are_consistent(world) -> None:
    """No minimum above its maximum; equal is allowed."""
    good = GasConstants()
    for bad in (
        good._replace(min_price_per_gas_unit=10_001), good._replace(min_transaction_gas_units=4_000_001),
    ):  # fmt: skip
        assert world.fails(ROOT, GAS, 0, *bad) == ("DiemVMConfig", 7)
    for bad in (
        good._replace(max_transaction_size_in_bytes=good.max_transaction_size_in_bytes + 1),
        good._replace(max_price_per_gas_unit=2**32 + 1),
    ):
        assert world.fails(ROOT, GAS, 0, *bad) == ("DiemVMConfig", 25607)
    equal = good._replace(min_price_per_gas_unit=10_000, min_transaction_gas_units=4_000_000)
    decided(world, GAS, *equal)
    assert onchain(world).gas == equal


def test_prologue_and_gas_read_the_constants_on_chain(world) -> None:
    """G11: bounds of limit, price and size, and the least that a transaction costs, both sides of each."""
    decided(
        world, GAS, *GasConstants(
            min_transaction_gas_units=700, maximum_number_of_gas_units=5_000, min_price_per_gas_unit=2,
            max_price_per_gas_unit=9, max_transaction_size_in_bytes=400,
        ),
    )  # fmt: skip
    assert refused(world, max_gas=699, price=2) == DiscardStatus.MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS
    assert refused(world, max_gas=5_001, price=2) == DiscardStatus.MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND
    assert refused(world, max_gas=700, price=1) == DiscardStatus.GAS_UNIT_PRICE_BELOW_MIN_BOUND
    assert refused(world, max_gas=700, price=10) == DiscardStatus.GAS_UNIT_PRICE_ABOVE_MAX_BOUND
    for max_gas, price in ((700, 2), (5_000, 9)):
        outcome = world.run(world.sign(ALICE, PAYMENT, "XUS", BOB.address, 1, b"", b"", max_gas=max_gas, price=price))
        assert (outcome.status, outcome.gas_used) == (Status("executed", "", 0), 700)

    def sized(size: int) -> SignedTransaction:
        tx: SignedTransaction = world.sign(
            ALICE, PAYMENT, "XUS", BOB.address, 1, b"x" * size, b"", max_gas=700, price=2
        )
        return tx

    for wanted, fits in ((401, False), (400, True)):
        tx = next(tx for tx in map(sized, range(60, 300)) if len(tx.envelope) == wanted)
        (outcome,) = world.block(tx)
        assert isinstance(outcome, Outcome) is fits
        if isinstance(outcome, Discard):
            assert outcome.status == DiscardStatus.EXCEEDED_MAX_TRANSACTION_SIZE


LOCKING = [
    GasConstants(min_price_per_gas_unit=1), GasConstants(max_transaction_size_in_bytes=0),
    GasConstants(maximum_number_of_gas_units=1, min_transaction_gas_units=1),
    GasConstants(min_transaction_gas_units=3_999_999),
]  # fmt: skip


@pytest.mark.parametrize("who", [ROOT, TC, OWNER, OPERATOR])
@pytest.mark.parametrize("constants", LOCKING)
def test_no_constant_locks_out_who_holds_no_coins(world, constants, who) -> None:
    """G11: 'Who holds no coins (association, treasury, validators, operators) is bound by those of genesis whatever is
    set': the bounds of the limit are genesis' own, both sides, and so is what the call costs."""
    decided(world, GAS, *constants)
    call = ("rotate_authentication_key", who.key.authentication_key())
    outcome = world.run(world.sign(who, *call, max_gas=600))
    assert (outcome.status, outcome.gas_used) == (Status("executed", "", 0), 600)
    for max_gas, status in (
        (599, DiscardStatus.MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS),
        (4_000_001, DiscardStatus.MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND),
    ):
        (discard,) = world.block(world.sign(who, *call, max_gas=max_gas))
        assert isinstance(discard, Discard)
        assert discard.status == status


def test_the_association_sets_back_what_locked_everybody_out(world) -> None:
    """G11: 'the association must be able to set everything back'; a payer is bound by what is set."""
    decided(world, GAS, *GasConstants(min_price_per_gas_unit=2))
    assert refused(world, price=1) == DiscardStatus.GAS_UNIT_PRICE_BELOW_MIN_BOUND
    decided(world, GAS, *GasConstants())
    assert world.pay(ALICE, BOB, 1)


def test_the_consensus_configuration_exists_since_genesis(world) -> None:
    """DiemConfig: ALREADY_PUBLISHED / EDIEM_CONFIG(1)."""
    assert world.fails(ROOT, "initialize_diem_consensus_config", 0) == ("DiemConfig", 262)


@pytest.mark.parametrize(
    "config",
    [
        b"", encode(("round_robin", 1)), encode(("round_robin", 1_000_000, 800_000, 1, 1)),
        ConsensusConfig(leader_election="reputatio").to_bytes(), ConsensusConfig(round_timeout_us=19_999).to_bytes(),
        ConsensusConfig(round_timeout_us=60_000_001).to_bytes(), ConsensusConfig(idle_proposal_us=19_999).to_bytes(),
        ConsensusConfig(idle_proposal_us=60_000_001).to_bytes(),
        ConsensusConfig(config_update_interval_us=86_400_000_001).to_bytes(), ConsensusConfig().to_bytes() + b"\0",
    ],
)  # fmt: skip
def test_a_configuration_that_nobody_could_run(world, config) -> None:
    """Ours: INVALID_ARGUMENT / EINVALID_CONSENSUS_CONFIG."""
    assert world.fails(ROOT, CONSENSUS, 0, config) == ("DiemConsensusConfig", 25607)


@pytest.mark.parametrize("leaders", ["round_robin", "reputation"])
@pytest.mark.parametrize("edge", [(20_000, 20_000, 0), (60_000_000, 60_000_000, 86_400_000_000)])
def test_the_edges_of_a_configuration(world, edge, leaders) -> None:
    """Both ends are allowed, and both elections."""
    config = ConsensusConfig(leaders, *edge)
    decided(world, CONSENSUS, config.to_bytes())
    assert onchain(world).consensus == config


def test_halted_only_association_and_treasury_send(world) -> None:
    """Discarded as UNKNOWN_SCRIPT (11) before anything else is looked at; resumed, everybody sends again."""
    assert world.fails(ROOT, "resume_transactions", 0) == ("DiemTransactionPublishingOption", 25857)
    decided(world, "halt_transactions")
    assert world.fails(ROOT, "halt_transactions", 0) == ("DiemTransactionPublishingOption", 25601)
    assert refused(world) == refused(world, max_gas=0) == DiscardStatus.UNKNOWN_SCRIPT
    world.do(TC, "freeze_account", 0, BOB.address)
    decided(world, "resume_transactions")
    world.do(TC, "unfreeze_account", 0, BOB.address)
    world.pay(ALICE, BOB, 1)
