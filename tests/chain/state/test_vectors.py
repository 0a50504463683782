"""The bytes of both trees: `tests/vectors/trees.json`, from the definition in `naive`, may never change."""

import json
from pathlib import Path
from typing import Any

import pytest

from chain.codec import encode
from chain.primitives import Hash
from chain.state.accumulator import Frontier, event_root, prove_consistency, prove_leaf, prove_range
from chain.state.tree import build, prove, root_hash
from tests.chain.state import naive

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "trees.json").read_text(encoding="utf-8"))
LEAVES = [Hash(leaf) for leaf in naive.byte_leaves(17)]


def read(level: int, index: int) -> Hash:
    return Hash(naive.node(LEAVES, level, index))


def test_the_file_is_what_the_definition_gives() -> None:
    """Nobody edits the file by hand."""
    assert json.loads(json.dumps(naive.vectors())) == VECTORS


@pytest.mark.parametrize("vector", VECTORS["states"], ids=lambda vector: vector["name"])
def test_state_roots(vector) -> None:
    """S1 to S3 in bytes."""
    items = [(bytes.fromhex(key), bytes.fromhex(value)) for key, value in naive.STATES[vector["name"]]]
    assert root_hash(build(items)).hex() == vector["root"]


@pytest.mark.parametrize("size", range(18))
def test_accumulator_roots(size: int) -> None:
    """L2 in bytes: leaves 01*32, 02*32, ... for transactions and for events."""
    assert Frontier.empty().append(LEAVES[:size])[0].root().hex() == VECTORS["transactions"][size]
    assert event_root(LEAVES[:size]).hex() == VECTORS["events"][size]


def test_proofs_in_bytes() -> None:
    """docs/formats: a proof is the list of its fields; what sizes imply is left out."""
    items = [(bytes.fromhex(key), bytes.fromhex(value)) for key, value in naive.STATES["a fork on the right"]]
    proofs: dict[str, Any] = {
        "state of a0*32": prove(build(items), b"\xa0" * 32),
        "state of a1*32, absent": prove(build(items), b"\xa1" * 32),
        "state of c0*32, absent": prove(build(items), b"\xc0" * 32),
        "leaf 5 of 13": prove_leaf(5, 13, read),
        "leaf 12 of 13": prove_leaf(12, 13, read),
        "leaves 3 to 5 of 13": prove_range(3, 3, 13, read),
        "growth from 3 to 13": prove_consistency(3, 13, read),
    }
    assert {name: encode(proof.to_value()).hex() for name, proof in proofs.items()} == VECTORS["proofs"]


def test_literal_roots() -> None:
    """The same rule once more, in this file, so that the vectors cannot be made anew without notice."""
    assert VECTORS["transactions"][3] == "a3de521288ee75117faef587be09e34a6411e8111718b577fb5cf26e8ce48300"
    assert VECTORS["states"][1]["root"] == "c388f2f0de6b05843b1403a9a5fc83a1acfe22bddbcf6babe4f715ff8fb50bae"
    assert VECTORS["proofs"]["growth from 3 to 13"].startswith("9194c420" + "04" * 32 + "c420")
    assert VECTORS["states"][-1]["root"] == "4362481164a149a6b02d2db0fda9c34bf51cfe6a77a783021f9365d9dcc3bd73"
