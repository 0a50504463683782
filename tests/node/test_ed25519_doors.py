"""The twelve signatures on which Ed25519 libraries disagree, at every door by which a key or a signature can enter.

Source: novifinancial/ed25519-speccheck (Apache-2.0). Design decision 6: libsodium alone decides, and keys are registered
only if they are canonical and not of small order. In the cases 6 and 7 the key is good and the signature's s too large.
A new door belongs into one of the two tables.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from chain.accounts import Credential
from chain.certificates import verify_qc
from chain.crypto.multi import Member, MultiKey, write_multi_signature
from chain.crypto.signing import PrivateKey, RealSignatures, Scheme, SignatureCheck, is_valid_public_key, verify
from chain.errors import GenesisError, MithqalError
from chain.genesis import GenesisDocument
from chain.transaction import Authenticator, Secondary, SignedTransaction, assemble
from node.runtime import tls
from tests.builders import ALICE, BOB, BR, DEALER, PAYMENT, TC, US, document, key, small_world
from tests.chain.consensus.conftest import GENESIS_HASH
from tests.chain.consensus.test_edge_cases import ODD, Place

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/ed25519_edge_cases.json").read_text())
GOOD_KEYS = (6, 7)
"""Cases whose key may be registered: only the signature is at fault."""


class Case(NamedTuple):
    """One of the twelve."""

    public_key: bytes
    message: bytes
    signature: bytes


CASES = [Case(*(bytes.fromhex(one[name]) for name in ("pub_key", "message", "signature"))) for one in VECTORS]


def several(case: Case, scheme: Scheme) -> MultiKey:
    """1 of 2: the case's key beside a good one."""
    members = (Member(Scheme.ED25519, case.public_key), Member(Scheme.ED25519, key(77).public_key))
    return MultiKey(scheme, 1, members)


# --- doors by which a signature enters; each says whether it was let in ---


def as_it_is(case: Case) -> bool:
    return verify(Scheme.ED25519, case.public_key, case.message, case.signature)


def inside_of_k_of_n(case: Case) -> bool:
    found = []
    for scheme in (Scheme.MULTI_ED25519, Scheme.MIXED_MULTI):
        signature = write_multi_signature({0: case.signature})
        check = SignatureCheck(scheme, several(case, scheme).to_bytes(), case.message, signature)
        found.append(RealSignatures().verify(check))
    return any(found)


def beside_a_good_one_in_k_of_n(case: Case) -> bool:
    signature = write_multi_signature({0: case.signature, 1: key(77).sign(case.message)})
    return verify(Scheme.MULTI_ED25519, several(case, Scheme.MULTI_ED25519).to_bytes(), case.message, signature)


def holds(tx: SignedTransaction) -> bool:
    return all(RealSignatures().verify(check) for check in tx.checks(GENESIS_HASH))


def of_a_sender(case: Case) -> bool:
    raw = small_world().sign(ALICE, PAYMENT, "XUS", BOB.address, 1, b"", b"").raw
    return holds(assemble(raw, Authenticator(0, case.public_key, case.signature)))


def of_a_secondary_signer(case: Case) -> bool:
    world = small_world()
    good = world.sign_together(ALICE, [BOB], "peer_to_peer_by_signers", "XUS", 1, b"")
    sender = Authenticator(good.scheme, good.public_key, good.signature)
    return holds(assemble(good.raw, sender, [Secondary(BOB.address, 0, case.public_key, case.signature)]))


def as_an_attestation(case: Case) -> bool:
    world = small_world()
    world.change(BR, credential=Credential("w", b"u", case.public_key))
    tx = world.sign(ALICE, PAYMENT, "XUS", BOB.address, 1, case.message, case.signature)
    return world.run(tx).status.kind == "executed"


def as_a_custodians_receipt(case: Case) -> bool:
    world = small_world()
    world.change_currency("XUS", custodian_key=case.public_key)
    receipt = case.message[:32].ljust(32, b"\0")
    tx = world.sign(TC, "tiered_mint", "XUS", 0, DEALER.address, 5, 0, receipt, case.signature)
    return world.run(tx).status.kind == "executed"


def taken(call: Callable[[], object]) -> bool:
    """Whether consensus takes it; it says why if it does not."""
    try:
        call()
    except MithqalError as error:
        return error.name != "bad_signature"
    return True


def place(case: Case) -> Place:
    return Place({"pub_key": case.public_key.hex(), "signature": case.signature.hex()})


def in_a_proposal(case: Case) -> bool:
    at = place(case)
    block = at.four.block(1, at.four.genesis_qc)._replace(signature=at.signature)
    return taken(lambda: at.verifier.block(block))


def in_a_certificate(case: Case) -> bool:
    at = place(case)
    qc = at.four.qc(at.four.block(1, at.four.genesis_qc), authors=(0, 2, 3))
    odd = qc._replace(signatures=((0, qc.signatures[0][1]), (ODD, at.signature), *qc.signatures[1:]))
    return taken(lambda: at.verifier.qc(odd)) or taken(
        lambda: verify_qc(odd, at.four.set, at.four.genesis_qc, GENESIS_HASH, RealSignatures())
    )


SIGNATURES: dict[str, Callable[[Case], bool]] = {
    door.__name__: door
    for door in (
        as_it_is, inside_of_k_of_n, beside_a_good_one_in_k_of_n, of_a_sender, of_a_secondary_signer, as_an_attestation,
        as_a_custodians_receipt, in_a_proposal, in_a_certificate,
    )
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
@pytest.mark.parametrize("door", SIGNATURES.values(), ids=SIGNATURES)
def test_no_edge_case_signature_is_let_in(door, case) -> None:
    """'The twelve edge-case signatures are refused wherever a key or signature can enter.'"""
    assert door(case) is False


# --- doors by which a public key enters ---


def registered(case: Case) -> bool:
    return is_valid_public_key(Scheme.ED25519, case.public_key)


def registered_in_k_of_n(case: Case) -> bool:
    found = {is_valid_public_key(scheme, several(case, scheme).to_bytes()) for scheme in (1, 4)}  # type: ignore[arg-type]
    assert len(found) == 1
    return found.pop()


def as_a_compliance_key(case: Case) -> bool:
    world = small_world()
    status = world.run(world.sign(US, "rotate_dual_attestation_info", b"https://w", case.public_key)).status
    return status.kind == "executed"


def accepted(whole: GenesisDocument) -> bool:
    try:
        whole.check(RealSignatures())
    except GenesisError as error:
        return error.name != "bad_key"
    return True


def validator(**keys: bytes) -> GenesisDocument:
    members = list(document().validators)
    members[2] = members[2]._replace(**keys)
    return document(validators=tuple(members))


def in_genesis_as_a_consensus_key(case: Case) -> bool:
    return accepted(validator(consensus_key=case.public_key))


def in_genesis_as_a_network_key(case: Case) -> bool:
    return accepted(validator(network_key=case.public_key))


def in_genesis_as_the_associations_key(case: Case) -> bool:
    return accepted(document(association_key=case.public_key))


def in_genesis_as_the_treasurys_key(case: Case) -> bool:
    return accepted(document(treasury_key=case.public_key))


def in_genesis_as_a_custodians_key(case: Case) -> bool:
    coin = document().currencies[0]._replace(custodian_key=case.public_key)
    return accepted(document(currencies=(coin,)))


def as_a_pinned_tls_key(case: Case) -> bool:
    try:
        tls.context(bytes(31) + b"\x01", [case.public_key], server=True)
    except AssertionError:
        return False
    return True


KEYS: dict[str, Callable[[Case], bool]] = {
    door.__name__: door
    for door in (
        registered, registered_in_k_of_n, as_a_compliance_key, in_genesis_as_a_consensus_key,
        in_genesis_as_a_network_key, in_genesis_as_the_associations_key, in_genesis_as_the_treasurys_key,
        in_genesis_as_a_custodians_key, as_a_pinned_tls_key,
    )
}  # fmt: skip


@pytest.mark.parametrize("number", range(len(CASES)))
@pytest.mark.parametrize("door", KEYS.values(), ids=KEYS)
def test_no_edge_case_key_is_let_in(door, number) -> None:
    """K1: canonical, on the curve, not of small order; both sides of the door: the good keys of 6 and 7 are let in."""
    assert door(CASES[number]) is (number in GOOD_KEYS)


def test_the_doors_let_honest_people_in() -> None:
    """A door that lets nobody in would prove nothing."""
    honest = PrivateKey(bytes([5]) * 32)
    world = small_world()
    raw = world.sign(ALICE, PAYMENT, "XUS", BOB.address, 1, b"", b"").raw
    message = raw.to_bytes()
    case = Case(honest.public_key, message, honest.sign(message))
    assert as_it_is(case)
    assert inside_of_k_of_n(case)
    assert beside_a_good_one_in_k_of_n(case)
    assert all(door(case) for door in KEYS.values())
