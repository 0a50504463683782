"""Role x function: every function by an account of every role, and by nobody, allowed or refused with Libra's code.

The table is the reference's (1.3, 3.7, 3.8) and not read from `chain.roles`, which it checks. A function without a row
here fails `test_every_function_has_a_row`.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from chain.accounts import Role
from chain.codec import Value
from chain.entries import Status
from chain.execution.executor import HANDLERS
from chain.execution.outcome import EXECUTED, REASONS, Outcome
from chain.functions import FUNCTIONS
from chain.primitives import Address
from chain.records.limits import limits_key
from chain.records.onchain import ConsensusConfig, GasConstants
from chain.records.policy import Policy
from chain.records.roles import domains_key
from chain.records.validators import network_address
from chain.roles import PRIVILEGE_OF, PRIVILEGES
from chain.transaction import SignedTransaction
from chain.validation import Discard, DiscardStatus
from tests.accusations import Liar
from tests.builders import (
    ALICE,
    ANNA,
    BOB,
    DEALER,
    NOBODY,
    ONE,
    ROOT,
    TC,
    US,
    Party,
    World,
    key,
    party,
    small_world,
)  # fmt: skip

OWNER, OPERATOR = party(200), party(300)
"""Of validator-0, as genesis made them (`tests.builders.document`)."""
CAST: dict[Role, Party] = {
    Role.ASSOCIATION: ROOT,
    Role.TREASURY: TC,
    Role.DESIGNATED_DEALER: DEALER,
    Role.VALIDATOR: OWNER,
    Role.VALIDATOR_OPERATOR: OPERATOR,
    Role.PARENT_VASP: US,
    Role.CHILD_VASP: ALICE,
}
LETTERS = dict(zip("RTDVOPC", CAST, strict=True))
"""Root, treasury, dealer, validator's owner, operator, parent, child: the columns of reference 1.3."""

NEW_KEY = key(4242).authentication_key()
NEW_ADDRESS, PREFIX = NOBODY.address, NOBODY.key.authentication_key()[:16]

NOT_ROOT = ("CoreAddresses", 2)
NOT_TREASURY = ("CoreAddresses", 258)
NOT_PARENT = ("Roles", 771)
NOT_DEALER = ("Roles", 1539)
NO_COINS = ("DiemAccount", 5 + 256 * 19)
NO_BALANCES = ("DiemAccount", 7 + 256 * 4)
NO_NONCES = ("SlidingNonce", 5)
NO_CREDENTIAL = ("DualAttestation", 5)
NOT_OWNER = ("Roles", 3 + 256 * 7)
NOT_ITS_OPERATOR = ("ValidatorConfig", 7 + 256 * 1)

Arguments = tuple[Value, ...]


class Row(NamedTuple):
    """Who may call a function, how the others are refused, and a call that succeeds for whoever may."""

    allowed: str
    refused: tuple[str, int] | None
    arguments: Arguments | Callable[[World, Party], Arguments]
    """The second form may prepare the world."""
    second: Party | None = None
    """Who signs too."""
    always: tuple[str, int] | None = None
    """What whoever may is told nevertheless."""


def recovering(world: World, who: Party) -> Arguments:
    """A recovery account changes its own key; strangers try it with alice's, which she handed to the provider."""
    if who in (US, ALICE):
        world.do(who, "create_recovery_address")
        return who.address, who.address, NEW_KEY
    world.do(US, "create_recovery_address")
    world.do(ALICE, "add_recovery_rotation_capability", US.address)
    return US.address, ALICE.address, NEW_KEY


def handing_over(world: World, _: Party) -> Arguments:
    """anna is a recovery account of the provider."""
    world.do(ANNA, "create_recovery_address")
    return (ANNA.address,)


def published(world: World, who: Party) -> Arguments:
    """It has published its key before."""
    world.do(who, "publish_shared_ed25519_public_key", who.key.public_key)
    return (key(4242).public_key,)


def without_list(world: World, _: Party) -> Arguments:
    """The provider lacks its list of domains."""
    del world.records[domains_key(US.address)]
    return ()


def with_domain(world: World, _: Party) -> Arguments:
    """The provider has a domain."""
    world.do(TC, "add_vasp_domain", US.address, b"us.wallet")
    return US.address, b"us.wallet"


def minting(world: World, _: Party) -> Arguments:
    """A new receipt."""
    return world.mint_arguments(5)


def with_coins(world: World, _: Party) -> Arguments:
    """The dealer has coins."""
    world.endow(DEALER, 5)
    return "XUS", 5


def queued(*before: Value) -> Callable[[World, Party], Arguments]:
    """The dealer gave coins back."""

    def arguments(world: World, _: Party) -> Arguments:
        world.endow(DEALER, 5)
        world.do(DEALER, "preburn", "XUS", 5)
        return "XUS", *before, DEALER.address, 5

    return arguments


def with_fees(world: World, _: Party) -> Arguments:
    """Somebody paid a fee."""
    world.run(world.sign(ALICE, "peer_to_peer_with_metadata", "XUS", BOB.address, 1, b"", b"", price=1))
    return ("XUS",)


def basket(world: World, _: Party) -> Arguments:
    """The dealer has the coins of the basket."""
    world.do(DEALER, "add_currency_to_account", "XDX")
    for code in ("XUS", "XEU"):
        world.endow(DEALER, ONE, code)
    return "XDX", 5


def composed(world: World, who: Party) -> Arguments:
    """The dealer has made some of the basket's coin."""
    arguments = basket(world, who)
    world.do(DEALER, "compose", *arguments)
    return arguments


def without_limits(world: World, _: Party) -> Arguments:
    """Genesis published some under the association's address."""
    del world.records[limits_key(ROOT.address, "XUS")]
    return ("XUS",)


def window(world: World, _: Party) -> Arguments:
    """Limits bind the provider."""
    world.together(ROOT, US, "publish_window", "XUS", ROOT.address)
    return "XUS", US.address, 0, ROOT.address


def removed(world: World, _: Party) -> Arguments:
    """One of the four validators is a member no longer; the epoch is over."""
    world.do(ROOT, "remove_validator_and_reconfigure", 0, "validator-3", party(203).address)
    world.context = world.context._replace(epoch=2)
    return 1, "validator-3", party(203).address


def rekeyed(world: World, _: Party) -> Arguments:
    """Later than a member may change its keys again."""
    world.at(world.context.timestamp_us + 10_000_000)
    keys = key(4243).public_key, network_address(key(4244).public_key, "127.0.0.1:1")
    return OWNER.address, *keys, "127.0.0.1:2"


def evidence(world: World, _: Party) -> Arguments:
    """Validator 1 voted twice."""
    return key(11).public_key, Liar(key(11), world.context.genesis_hash, 1).double_vote().to_bytes()


def halted(world: World, who: Party) -> Arguments:
    """The association resumes what it halted; the others, who could send nothing then, try it at another time."""
    if who is ROOT:
        world.do(ROOT, "halt_transactions", 0)
        world.context = world.context._replace(epoch=2)
    return (1,)


ACCOUNT = (NEW_ADDRESS, PREFIX, "name", False)
DOMAIN = (US.address, b"us.wallet")
TABLE: dict[str, Row] = {
    "peer_to_peer_with_metadata": Row("DPC", NO_COINS, ("XUS", BOB.address, 1, b"", b"")),
    "create_child_vasp_account": Row("P", NOT_PARENT, ("XUS", NEW_ADDRESS, PREFIX, False, 0)),
    "create_parent_vasp_account": Row("T", NOT_TREASURY, ("XUS", 0, *ACCOUNT)),
    "create_designated_dealer": Row("T", NOT_TREASURY, ("XUS", 0, *ACCOUNT)),
    "add_currency_to_account": Row("DPC", NO_BALANCES, ("XDX",)),
    "rotate_authentication_key": Row("RTDVOPC", None, (NEW_KEY,)),
    "rotate_authentication_key_with_nonce": Row("RT", NO_NONCES, (1, NEW_KEY)),
    "rotate_authentication_key_with_nonce_admin": Row("R", NOT_ROOT, (1, BOB.address, NEW_KEY)),
    "rotate_authentication_key_with_recovery_address": Row("PC", ("RecoveryAddress", 7 + 256 * 2), recovering),
    "create_recovery_address": Row("PC", ("RecoveryAddress", 7), ()),
    "add_recovery_rotation_capability": Row("PC", ("RecoveryAddress", 7 + 256 * 3), handing_over),
    "publish_shared_ed25519_public_key": Row("RTDVOPC", None, (key(4242).public_key,)),
    "rotate_shared_ed25519_public_key": Row("RTDVOPC", None, published),
    "rotate_dual_attestation_info": Row("DP", NO_CREDENTIAL, (b"https://new", key(4242).public_key)),
    "create_vasp_domains": Row("P", NOT_PARENT, without_list),
    "create_diem_id_domains": Row("P", NOT_PARENT, without_list),
    "add_vasp_domain": Row("T", NOT_TREASURY, DOMAIN),
    "add_diem_id_domain": Row("T", NOT_TREASURY, DOMAIN),
    "remove_vasp_domain": Row("T", NOT_TREASURY, with_domain),
    "remove_diem_id_domain": Row("T", NOT_TREASURY, with_domain),
    "tiered_mint": Row("T", NOT_TREASURY, minting),
    "preburn": Row("D", NOT_DEALER, with_coins),
    "burn_with_amount": Row("T", NOT_TREASURY, queued(0)),
    "cancel_burn_with_amount": Row("T", NOT_TREASURY, queued()),
    "freeze_account": Row("T", NOT_TREASURY, (1, BOB.address)),
    "unfreeze_account": Row("T", NOT_TREASURY, (1, BOB.address)),
    "update_dual_attestation_limit": Row("T", NOT_TREASURY, (1, 5)),
    "update_exchange_rate": Row("T", NOT_TREASURY, ("XUS", 1, 1, 2)),
    "update_minting_ability": Row("T", NOT_TREASURY, ("XUS", False)),
    "pay_batch": Row("DPC", NO_COINS, ((("XUS", BOB.address, 1, b"", b""),),)),
    "peer_to_peer_by_signers": Row("DPC", NO_COINS, ("XUS", 1, b""), second=BOB),
    "exchange_by_signers": Row("DPC", NO_COINS, ("XUS", 1, "XEU", 1, b""), second=BOB),
    "burn_txn_fees": Row("T", NOT_TREASURY, with_fees),
    "update_dealer_tiers": Row("T", NOT_TREASURY, ("XUS", 1, DEALER.address, 5, 0, 0, 0)),
    "register_scs_currency": Row("R", NOT_ROOT, ("XGB", 1, 1, ONE, 100, key(6).public_key), second=TC),
    "compose": Row("D", NOT_DEALER, basket),
    "decompose": Row("D", NOT_DEALER, composed),
    "publish_unrestricted_limits": Row("RTDVOPC", None, without_limits),
    "publish_window": Row("R", NOT_ROOT, ("XUS", ROOT.address), second=US),
    "update_limits_definition": Row("T", NOT_TREASURY, ("XUS", 1, ROOT.address, 5, 0, 0, 0)),
    "update_window_info": Row("T", NOT_TREASURY, window),
    "set_jurisdiction_policy": Row("T", NOT_TREASURY, (1, Policy(1, "test", ()).to_bytes())),
    "set_vasp_country": Row("T", NOT_TREASURY, (1, US.address, "US")),
    "create_validator_account": Row("R", NOT_ROOT, (1, NEW_ADDRESS, PREFIX, "name")),
    "create_validator_operator_account": Row("R", NOT_ROOT, (1, NEW_ADDRESS, PREFIX, "name")),
    "add_validator_and_reconfigure": Row("R", NOT_ROOT, removed),
    "remove_validator_and_reconfigure": Row("R", NOT_ROOT, (1, "validator-3", party(203).address)),
    "register_validator_config": Row("O", NOT_ITS_OPERATOR, rekeyed),
    "set_validator_config_and_reconfigure": Row("O", NOT_ITS_OPERATOR, rekeyed),
    "set_validator_operator": Row("V", NOT_OWNER, ("validator-1-operator", party(301).address)),
    "set_validator_operator_with_nonce_admin": Row(
        "R", NOT_ROOT, (1, "validator-1-operator", party(301).address), second=OWNER
    ),
    "submit_evidence": Row("RTDVOPC", None, evidence),
    "update_diem_version": Row("R", NOT_ROOT, (1, 99)),
    "set_gas_constants": Row("R", NOT_ROOT, (1, *GasConstants(min_price_per_gas_unit=1))),
    "initialize_diem_consensus_config": Row("R", NOT_ROOT, (1,), always=("DiemConfig", 6 + 256 * 1)),
    "update_diem_consensus_config": Row("R", NOT_ROOT, (1, ConsensusConfig(round_timeout_us=2_000_000).to_bytes())),
    "halt_transactions": Row("R", NOT_ROOT, (1,)),
    "resume_transactions": Row("R", NOT_ROOT, halted),
}


def populated() -> World:
    """An account of every role; whoever can hold coins has some."""
    world = small_world()
    for who in (DEALER, US):
        world.endow(who, ONE)
    return world


def prepare(world: World, who: Party, function: str) -> Arguments:
    """The arguments of a call that succeeds for whoever may."""
    arguments = TABLE[function].arguments
    return arguments(world, who) if callable(arguments) else arguments


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("letter", "RTDVOPC")
def test_role_by_function(function: str, letter: str) -> None:
    """'A table-driven test walks role x transaction and finds each allowed or refused with the code that
    ledger.md gives'."""
    row, who, world = TABLE[function], CAST[LETTERS[letter]], populated()
    arguments = prepare(world, who, function)
    before = world.account(who).sequence_number
    status = run(world, who, function, arguments).status
    expected = row.always if letter in row.allowed else row.refused
    assert status == (EXECUTED if expected is None else Status("move_abort", *expected))
    assert world.account(who).sequence_number == before + 1


def run(world: World, who: Party, function: str, arguments: Arguments) -> Outcome:
    """Run a call, signed by whoever else must sign it."""
    second = TABLE[function].second
    if second is None:
        return world.run(world.sign(who, function, *arguments))
    other = second if second.address != who.address else ANNA
    return world.run(world.sign_together(who, [other], function, *arguments))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_who_has_no_account(function: str) -> None:
    """SENDING_ACCOUNT_DOES_NOT_EXIST: discarded, whatever it calls."""
    world = populated()
    arguments = prepare(world, US if TABLE[function].allowed == "P" else TC, function)
    stranger = party(4711)
    (outcome,) = world.block(signed(world, stranger, function, arguments))
    assert isinstance(outcome, Discard)
    assert (outcome.status, int(outcome.status)) == (DiscardStatus.SENDING_ACCOUNT_DOES_NOT_EXIST, 7)


def signed(world: World, who: Party, function: str, arguments: Arguments) -> SignedTransaction:
    """Signed under number 0."""
    return world.sign(who, function, *arguments, number=0)


def test_every_function_has_a_row() -> None:
    """A function that is added must say who may call it: here, in `chain.roles.PRIVILEGES`, and in the executor."""
    assert set(TABLE) == set(FUNCTIONS)
    assert set(PRIVILEGE_OF) == set(FUNCTIONS)
    assert set(HANDLERS) == set(FUNCTIONS)
    assert sum(len(row.functions) for row in PRIVILEGES) == len(PRIVILEGE_OF), "each function stands in one row"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_table_of_the_code_says_the_same(function: str) -> None:
    """What the documents and the explorer show of a function is what this table found."""
    row, privilege = TABLE[function], PRIVILEGE_OF[function]
    assert set(privilege.roles) == {LETTERS[letter] for letter in row.allowed}
    refusal = privilege.refusal
    assert (refusal is None) == (row.refused is None) == (len(row.allowed) == len(CAST))
    if refusal is not None:
        assert (refusal.module, REASONS[refusal.module][refusal.reason].code) == row.refused


@pytest.mark.parametrize("function", [name for name, row in TABLE.items() if row.refused in (NOT_ROOT, NOT_TREASURY)])
def test_the_address_first_then_the_role(function: str) -> None:
    """3.7: 'TC/Root scripts check the address first, so an ordinary sender gets REQUIRES_ADDRESS, not
    REQUIRES_ROLE'. The account at the address has the role from genesis on; should it not, REQUIRES_ROLE."""
    seat, code = (ROOT, 3 + 256 * 1) if TABLE[function].refused == NOT_ROOT else (TC, 3 + 256 * 2)
    world = populated()
    arguments = prepare(world, NOBODY, function)
    world.change(seat, role=int(Role.VALIDATOR))
    assert run(world, seat, function, arguments).status == Status("move_abort", "Roles", code)
    impostor = party(4712)
    world.add(impostor, LETTERS[TABLE[function].allowed])
    refused = TABLE[function].refused
    assert refused is not None
    assert run(world, impostor, function, arguments).status == Status("move_abort", *refused)


def test_a_refusal_says_who_it_is() -> None:
    """The sentence of the reason, the address and the role."""
    from chain.execution.context import Run
    from chain.execution.outcome import Abort
    from chain.execution.permission import check_sender

    world = populated()
    with pytest.raises(Abort) as caught:
        check_sender(Run(world.context, Address(ALICE.address), world.overlay()), "freeze_account")
    assert caught.value.message == f"only the treasury may do this; {ALICE.address.hex()} is a child account"
    assert caught.value.details == {"role": "child_vasp"}
