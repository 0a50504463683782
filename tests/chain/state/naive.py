"""Both trees by their definitions, slow and independent of the code under test: only `hashlib`, no shared constant.

`python -m tests.chain.state.naive` prints the vectors of `tests/vectors/trees.json`.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256


def seed(tag: str) -> bytes:
    """H1."""
    return sha256(b"MITHQAL::" + tag.encode()).digest()


def named(text: bytes) -> bytes:
    """A placeholder: the name and zeros."""
    return text + bytes(32 - len(text))


STATE_EMPTY = named(b"SPARSE_MERKLE_PLACEHOLDER_HASH")
HISTORY_EMPTY = named(b"ACCUMULATOR_PLACEHOLDER_HASH")


def path(key: bytes) -> str:
    """The key as 256 characters 0 and 1, most significant bit first."""
    return "".join(format(byte, "08b") for byte in key)


def state_root(items: Mapping[bytes, bytes], depth: int = 0) -> bytes:
    """Root of the state (sub)tree that holds just these keys, all with the same first `depth` bits."""
    if not items:
        return STATE_EMPTY
    if len(items) == 1:
        [(key, value)] = items.items()
        return sha256(seed("SparseMerkleLeaf") + key + value).digest()
    sides = [{key: items[key] for key in items if path(key)[depth] == side} for side in "01"]
    left, right = (state_root(side, depth + 1) for side in sides)
    return sha256(seed("SparseMerkleInternal") + left + right).digest()


def state_proof(items: Mapping[bytes, bytes], key: bytes) -> tuple[tuple[bytes, bytes] | None, tuple[bytes, ...]]:
    """The leaf at the end of the key's path, or None, and the siblings from the bottom to the top."""
    siblings: list[bytes] = []
    here = dict(items)
    while len(here) > 1:
        depth = len(siblings)
        beside = {other: here[other] for other in here if path(other)[depth] != path(key)[depth]}
        siblings.append(state_root(beside, depth + 1))
        here = {other: here[other] for other in here if other not in beside}
    return next(iter(here.items()), None), tuple(reversed(siblings))


def history_root(leaves: Sequence[bytes], prefix: bytes = seed("TransactionAccumulator")) -> bytes:
    """Root of an accumulator: leaves padded to the next power of two."""
    width = 1
    while width < len(leaves):
        width *= 2
    return padded_root(leaves, width, prefix)


def padded_root(leaves: Sequence[bytes], width: int, prefix: bytes = seed("TransactionAccumulator")) -> bytes:
    """Root of a subtree `width` leaves wide, of which these are there; one placeholder for all padding."""
    if not leaves:
        return HISTORY_EMPTY
    if width == 1:
        return leaves[0]
    half = width // 2
    left, right = padded_root(leaves[:half], half, prefix), padded_root(leaves[half:], half, prefix)
    return sha256(prefix + left + right).digest()


def node(leaves: Sequence[bytes], level: int, index: int) -> bytes:
    """Root of the subtree of 2^level leaves from index * 2^level on."""
    width = 2**level
    return padded_root(leaves[index * width : (index + 1) * width], width)


def byte_leaves(count: int) -> list[bytes]:
    """Leaves 0x01 * 32, 0x02 * 32, ... as the reference's vectors have them."""
    return [bytes([number + 1]) * 32 for number in range(count)]


def pack(value: object) -> bytes:
    """MessagePack of what a proof consists of: None, 32 bytes, lists of up to 15 values."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bytes):
        return b"\xc4" + bytes([len(value)]) + value
    assert isinstance(value, tuple)
    assert len(value) < 16
    return bytes([0x90 + len(value)]) + b"".join(map(pack, value))


STATES: dict[str, list[tuple[str, str]]] = {
    "empty": [],
    "one key": [("00" * 32, "11" * 32)],
    "two sides": [("00" * 32, "11" * 32), ("80" + "00" * 31, "22" * 32)],
    "one shared bit": [("00" * 32, "11" * 32), ("40" + "00" * 31, "22" * 32)],
    "only the last bit differs": [("aa" * 32, "11" * 32), ("aa" * 31 + "ab", "22" * 32)],
    "a fork on the right": [("10" * 32, "01" * 32), ("a0" * 32, "02" * 32), ("b0" * 32, "03" * 32)],
    "all first bytes": [(f"{byte:02x}" + "5a" * 31, f"{byte ^ 255:02x}" * 32) for byte in range(256)],
}


def vectors() -> dict[str, object]:
    """Everything in the vectors' file."""
    states = []
    for name, pairs in STATES.items():
        items = {bytes.fromhex(key): bytes.fromhex(value) for key, value in pairs}
        shown = pairs if len(pairs) <= 3 else "byte b then 5a*31 -> (b xor ff)*32, for b from 0 to 255"
        states.append({"name": name, "items": shown, "root": state_root(items).hex()})
    leaves = byte_leaves(17)
    three = {bytes.fromhex(key): bytes.fromhex(value) for key, value in STATES["a fork on the right"]}
    return {
        "states": states,
        "transactions": [history_root(leaves[:size]).hex() for size in range(18)],
        "events": [history_root(leaves[:size], seed("EventAccumulator")).hex() for size in range(18)],
        "proofs": {
            "state of a0*32": pack(state_proof(three, b"\xa0" * 32)).hex(),
            "state of a1*32, absent": pack(state_proof(three, b"\xa1" * 32)).hex(),
            "state of c0*32, absent": pack(state_proof(three, b"\xc0" * 32)).hex(),
            "leaf 5 of 13": pack(((leaves[4], node(leaves, 1, 3), node(leaves, 2, 0), node(leaves[:13], 3, 1)),)).hex(),
            "leaf 12 of 13": pack(((node(leaves, 2, 2), node(leaves, 3, 0)),)).hex(),
            "leaves 3 to 5 of 13": pack(
                ((leaves[2], node(leaves, 1, 0)), (node(leaves, 1, 3), node(leaves[:13], 3, 1)))
            ).hex(),
            "growth from 3 to 13": pack(((leaves[3], node(leaves, 2, 1), node(leaves, 2, 2), leaves[12]),)).hex(),
        },
    }


if __name__ == "__main__":
    print(json.dumps(vectors(), indent=1))
