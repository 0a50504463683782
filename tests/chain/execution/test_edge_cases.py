"""The twelve signatures on which Ed25519 libraries disagree enter neither by attestation nor by a custodian receipt.

Source: novifinancial/ed25519-speccheck (Apache-2.0). Here even the key stands on chain already.
"""

import json
from pathlib import Path

import pytest

from chain.accounts import Credential
from tests.builders import ALICE, BOB, BR, DEALER, PAYMENT, TC, small_world

EDGE_CASES = json.loads((Path(__file__).parents[2] / "vectors/ed25519_edge_cases.json").read_text())


@pytest.mark.parametrize("case", EDGE_CASES, ids=range(len(EDGE_CASES)))
def test_none_attests(case) -> None:
    """EINVALID_METADATA_SIGNATURE; the metadata begins with the case's message, so that most of it is signed."""
    world = small_world()
    world.change(BR, credential=Credential("w", b"u", bytes.fromhex(case["pub_key"])))
    message, signature = bytes.fromhex(case["message"]), bytes.fromhex(case["signature"])
    code = ("DualAttestation", 7 + 256 * 4)
    assert world.fails(ALICE, PAYMENT, "XUS", BOB.address, 1, message, signature) == code


@pytest.mark.parametrize("case", EDGE_CASES, ids=range(len(EDGE_CASES)))
def test_none_is_a_custodians_word(case) -> None:
    """ERECEIPT_SIGNATURE."""
    world = small_world()
    world.change_currency("XUS", custodian_key=bytes.fromhex(case["pub_key"]))
    receipt, signature = bytes.fromhex(case["message"])[:32].ljust(32, b"\0"), bytes.fromhex(case["signature"])
    code = ("Diem", 7 + 256 * 101)
    assert world.fails(TC, "tiered_mint", "XUS", 0, DEALER.address, 5, 0, receipt, signature) == code
