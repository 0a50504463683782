"""What an abort says beside its name: docs/style.md, 'a sentence with the numbers, and `details`'.

Clients show the details and decide by them, so a number that is missing there is missed.
"""

import pytest

from chain.execution.accusing import submit_evidence
from chain.execution.basket import decompose
from chain.execution.context import Run
from chain.execution.domains import add_vasp_domain
from chain.execution.executor import HANDLERS
from chain.execution.multi_agent import check_signer_count
from chain.execution.outcome import Abort
from chain.limits import MAX_RECOVERABLE, NONCE_JUMP
from chain.records.roles import RecoveryAddress, SlidingNonce, nonce_key, recovery_key
from tests.builders import ALICE, ANNA, BOB, NOBODY, ONE, PAYMENT, ROOT, TC, US, Party, World, key, party, small_world

ADMIN = "rotate_authentication_key_with_nonce_admin"


@pytest.fixture
def world() -> World:
    return small_world()


def details(world: World, who: Party, function: str, *arguments: object) -> dict[str, object]:
    """Of the abort that a function raises when nobody looked at the sender before."""
    with pytest.raises(Abort) as caught:
        HANDLERS[function](Run(world.context, who.address, world.overlay()), *arguments)
    return caught.value.details


def test_a_balance_that_is_too_small(world: World) -> None:
    """The balance, and what was asked for."""
    assert details(world, ALICE, PAYMENT, "XUS", BOB.address, 1_000 * ONE + 1, b"", b"") == {
        "balance": 1_000 * ONE, "amount": 1_000 * ONE + 1,
    }  # fmt: skip


def test_a_frozen_account(world: World) -> None:
    """Which one: of two accounts either may be frozen."""
    world.do(TC, "freeze_account", 0, BOB.address)
    assert details(world, ALICE, PAYMENT, "XUS", BOB.address, 1, b"", b"") == {"address": BOB.address.hex()}


def test_an_attestation_that_is_missing(world: World) -> None:
    """The amount that needs it."""
    assert details(world, ALICE, PAYMENT, "XUS", BOB.address, 1, b"", b"\0") == {"amount": 1}


def test_more_of_a_basket_than_there_is(world: World) -> None:
    """The balance, and what was to be decomposed."""
    world.endow(ALICE, 5, "XDX")
    with pytest.raises(Abort) as caught:
        decompose(Run(world.context, ALICE.address, world.overlay()), "XDX", 6)
    assert (caught.value.name, caught.value.details) == ("EINSUFFICIENT_BALANCE", {"balance": 5, "amount": 6})


@pytest.mark.parametrize(
    ("nonce", "name"), [(2, "ENONCE_TOO_OLD"), (3, "ENONCE_ALREADY_RECORDED"), (3 + NONCE_JUMP, "ENONCE_TOO_NEW")]
)
def test_a_nonce_that_does_not_count(world: World, nonce: int, name: str) -> None:
    """The nonce, and the lowest that counts."""
    world.records[nonce_key(ROOT.address)] = SlidingNonce(3, 1)
    with pytest.raises(Abort) as caught:
        Run(world.context, ROOT.address, world.overlay()).check_nonce(nonce)
    assert (caught.value.name, caught.value.details) == (name, {"nonce": nonce, "min_nonce": 3})


def test_keys_and_recovery_accounts(world: World) -> None:
    """The account in question, the size, the limit."""
    new_key = bytes(32)
    assert details(world, ROOT, ADMIN, 0, NOBODY.address, new_key) == {"address": NOBODY.address.hex()}
    assert details(world, ALICE, "rotate_authentication_key", bytes(31)) == {"size": 31}
    assert details(world, ALICE, "add_recovery_rotation_capability", US.address) == {"address": US.address.hex()}
    others = tuple(party(5_000 + number).address for number in range(MAX_RECOVERABLE))
    world.records[recovery_key(US.address)] = RecoveryAddress(US.address, others)
    assert details(world, ALICE, "add_recovery_rotation_capability", US.address) == {"limit": MAX_RECOVERABLE}
    world.do(US, "create_recovery_address")
    assert details(world, US, "rotate_authentication_key", new_key) == {"address": US.address.hex()}


def test_domains(world: World) -> None:
    """Who has no list; how long a name is."""
    run = Run(world.context, TC.address, world.overlay())
    with pytest.raises(Abort) as caught:
        add_vasp_domain(run, ALICE.address, b"pay.example")
    assert (caught.value.name, caught.value.details) == (
        "EVASP_DOMAINS_NOT_PUBLISHED", {"address": ALICE.address.hex()},
    )  # fmt: skip
    with pytest.raises(Abort) as caught:
        add_vasp_domain(run, US.address, b".example")
    assert (caught.value.name, caught.value.details) == ("EINVALID_VASP_DOMAIN", {"size": 8})


def test_signers(world: World) -> None:
    """How many are needed, and how many signed."""
    tx = world.sign_together(ALICE, [ANNA, BOB], "exchange_by_signers", "XUS", 1, "XEU", 1, b"")
    with pytest.raises(Abort) as caught:
        check_signer_count(tx)
    assert caught.value.details == {"needed": 1, "found": 2}


def test_evidence(world: World) -> None:
    """The rule of docs/protocol.md that it does not meet."""
    run, unknown = Run(world.context, ALICE.address, world.overlay()), party(201).key.public_key
    with pytest.raises(Abort) as caught:
        submit_evidence(run, unknown, b"")
    assert (caught.value.name, caught.value.message) == (
        "EUNKNOWN_KEY",
        f"no validator ever signed with {unknown.hex()}",
    )
    with pytest.raises(Abort) as caught:
        submit_evidence(run, key(11).public_key, b"")
    assert caught.value.name == "EEVIDENCE"
    assert caught.value.details == {"rule": caught.value.__cause__.name}  # type: ignore[union-attr]
