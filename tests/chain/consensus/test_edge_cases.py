"""The twelve signatures on which Ed25519 libraries disagree: none is a vote, a time-out, a proposal or part of a
certificate, even if its key stood in the validator set. Source: novifinancial/ed25519-speccheck (Apache-2.0)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chain.consensus.safety import SafetyRules
from chain.consensus.verifier import Verifier
from chain.errors import MithqalError
from chain.messages import SyncInfo, Timeout, Vote
from chain.primitives import Hash
from chain.validators import ValidatorSet
from tests.chain.consensus.conftest import GENESIS_HASH, Committee

EDGE_CASES = json.loads((Path(__file__).parents[2] / "vectors/ed25519_edge_cases.json").read_text())
ODD = 1
"""The validator whose key is a case's; it leads round 1."""


@dataclass
class Place:
    """A committee of four, one of whom has the key of an edge case."""

    case: dict[str, str]

    def __post_init__(self) -> None:
        self.four = Committee(4)
        members = list(self.four.set.members)
        members[ODD] = members[ODD]._replace(consensus_key=bytes.fromhex(self.case["pub_key"]))
        self.four.set = ValidatorSet(1, tuple(members))
        self.signature = bytes.fromhex(self.case["signature"])
        self.verifier = Verifier(
            self.four.set, self.four.leaders, self.four.genesis_qc, GENESIS_HASH, self.four.signatures
        )

    def refuses(self, call: Any, *arguments: Any) -> None:
        with pytest.raises(MithqalError) as caught:
            call(*arguments)
        assert caught.value.name == "bad_signature"


@pytest.fixture(params=EDGE_CASES, ids=range(len(EDGE_CASES)))
def place(request: pytest.FixtureRequest) -> Place:
    return Place(request.param)


def test_a_vote(place: Place) -> None:
    data = place.four.qc(place.four.block(1, place.four.genesis_qc)).data
    place.refuses(place.verifier.vote, ODD, Vote(data, None, ODD, place.signature))


def test_a_time_out(place: Place) -> None:
    sync = SyncInfo(place.four.genesis_qc, place.four.genesis_qc, None)
    place.refuses(place.verifier.timeout, ODD, Timeout(1, 1, ODD, place.signature, sync))


def test_a_proposal(place: Place) -> None:
    """At the door, and again in the trusted core before a vote."""
    block = place.four.block(1, place.four.genesis_qc)._replace(signature=place.signature)
    place.refuses(place.verifier.block, block)
    safety: SafetyRules = place.four.safety(0)
    place.refuses(safety.vote, block, Hash(bytes(32)), 1, place.four.genesis_info)


def test_a_share_of_a_quorum_certificate(place: Place) -> None:
    qc = place.four.qc(place.four.block(1, place.four.genesis_qc), authors=(0, 2, 3))
    place.verifier.qc(qc)
    odd = ((0, qc.signatures[0][1]), (ODD, place.signature), *qc.signatures[1:])
    place.refuses(place.verifier.qc, qc._replace(signatures=odd))
    place.refuses(place.verifier.qc, qc._replace(signatures=odd[:3]))


def test_a_share_of_a_timeout_certificate(place: Place) -> None:
    tc = place.four.tc(1, [place.four.genesis_qc] * 3)
    entries = (tc.entries[0], (ODD, 0, place.signature), tc.entries[2])
    place.refuses(place.verifier.tc, tc._replace(entries=entries))
