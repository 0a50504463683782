"""S3: every committed block is certified, judged anew from the bytes on disk by a reader of its own.

Two rules of the protocol are repeated here on purpose, and nothing of the consensus code is called: a certificate
needs distinct signers, more than two thirds of them; it commits the parent of a block one round above.
"""

from typing import NamedTuple

from chain.block import Block
from chain.certificates import QuorumCertificate, genesis_certificate, vote_message
from chain.codec import decode
from chain.crypto.signing import SignatureCheck, Signatures
from chain.kept import read_base
from chain.prover import accumulator_root
from chain.storage import Column, Store
from node.sim.checkers import Violation
from node.sim.decoded import read_block


def check_proofs(
    node: int, store: Store, keys: list[bytes], genesis_hash: bytes, signatures: Signatures, tip_height: int
) -> list[Violation]:
    """Heights 1 .. tip follow each other by hash, and each lies below a block with a valid certificate of its own.

    After a snapshot they begin with its block. `keys` are the consensus keys of the first members in order; each later
    set is named by what ended an epoch.
    """
    found: list[Violation] = []

    def fail(text: str) -> None:
        found.append(Violation("S3_certified", node, text))

    base = read_base(store).height
    parent_id, proven, first, epoch = genesis_hash, 0, base or 1, 1
    rows = store.rows(Column.BLOCK, first, max(tip_height + 1 - first, 0))
    if [height for height, _ in rows] != list(range(first, tip_height + 1)):
        fail(f"heights {first} to {tip_height} are not all on disk")
    if base and rows:
        try:
            parent_id, keys, epoch = at_snapshot(store, read_block(rows[0][1])[0], keys, genesis_hash, signatures)
        except LookupError as error:
            fail(str(error))
            return found
    for height, data in rows:
        block, (_, version), proof = read_block(data)
        if block is None or block.header.epoch != epoch or block.parent_id != parent_id or block.height != height:
            fail(f"height {height} does not follow the block below")
            break
        parent_id = block.id
        if proof is not None:
            proven = height
            certified = Certified(block, version, accumulator_root(store, version))
            reason = wrong_with(certified, proof, keys, genesis_hash, signatures)
            if reason is not None:
                fail(f"height {height}: {reason}")
            if proof.commit is not None and proof.commit.next_epoch is not None:
                following = proof.commit.next_epoch
                keys, epoch = [member.consensus_key for member in following.members], epoch + 1
                if following.epoch != epoch or store.row(Column.EPOCH, epoch - 1) is None:
                    fail(f"height {height} ends epoch {epoch - 1} for {following.epoch}, or its end is not on disk")
                parent_id = genesis_certificate(proof.commit, epoch).block_id
    if proven != tip_height and base <= tip_height:
        fail(f"the highest certificate on disk commits height {proven}, the tip is {tip_height}")
    return found


def at_snapshot(
    store: Store, block: Block | None, keys: list[bytes], genesis_hash: bytes, signatures: Signatures
) -> tuple[bytes, list[bytes], int]:
    """What a snapshot's block follows, its set's keys and its epoch, by the ends of epochs on disk; LookupError."""
    if block is None:
        raise LookupError("a snapshot of genesis")
    for epoch in range(1, block.header.epoch):
        row = store.row(Column.EPOCH, epoch)
        if row is None:
            raise LookupError(f"the end of epoch {epoch}, before a snapshot, is not on disk")
        end = QuorumCertificate.from_value(decode(row))
        reason = unsigned(end, keys, genesis_hash, signatures)
        following = None if end.commit is None else end.commit.next_epoch
        if reason is not None or following is None or following.epoch != epoch + 1:
            raise LookupError(f"the end of epoch {epoch}, before a snapshot: {reason or 'it names no next set'}")
        keys = [member.consensus_key for member in following.members]
    return block.parent_id, keys, block.header.epoch


class Certified(NamedTuple):
    """A block on disk, its last version and the root of the accumulator there."""

    block: Block
    version: int
    root: bytes


def wrong_with(
    found: Certified, proof: QuorumCertificate, keys: list[bytes], genesis_hash: bytes, signatures: Signatures
) -> str | None:
    """Why this certificate does not commit this block; None if it does.

    One that ends an epoch may name an empty block above it, with the same result.
    """
    data, commit, block = proof.data, proof.commit, found.block
    if commit is None or data.parent_id != commit.block_id:
        return "the certificate names another block"
    if commit.block_id != block.id and (commit.next_epoch is None or commit.round <= block.round):
        return "the certificate names another block"
    if data.round != commit.round + 1 or data.parent_round != commit.round:
        return "the certified child is not one round above"
    if (commit.version, commit.root) != (found.version, found.root):
        return "the certificate has another result"
    return unsigned(proof, keys, genesis_hash, signatures)


def unsigned(proof: QuorumCertificate, keys: list[bytes], genesis_hash: bytes, signatures: Signatures) -> str | None:
    """Why the set with these keys did not sign this certificate; None if it did."""
    authors = {author for author, _ in proof.signatures}
    if len(authors) != len(proof.signatures) or 3 * len(authors) <= 2 * len(keys):
        return f"{len(authors)} signers of {len(keys)}"
    if proof.commit is None:
        return "it commits nothing"
    message = vote_message(proof.data, proof.commit, genesis_hash)
    for author, signature in proof.signatures:
        if author >= len(keys) or not signatures.verify(SignatureCheck(0, keys[author], message, signature)):
            return f"the signature of validator {author} does not verify"
    return None
