"""S3: every committed block is certified, judged anew from the bytes on disk by a reader of its own.

Two rules of the protocol are repeated here on purpose, and nothing of the consensus code is called: a certificate
needs distinct signers, more than two thirds of them; it commits the parent of a block one round above.
"""

from chain.block import Block
from chain.certificates import QuorumCertificate, vote_message
from chain.crypto.signing import SignatureCheck, Signatures
from chain.kept import read_base
from chain.ledger import read_block
from chain.storage import Column, Store
from node.sim.checkers import Violation


def check_proofs(
    node: int, store: Store, keys: list[bytes], genesis_hash: bytes, signatures: Signatures, tip_height: int
) -> list[Violation]:
    """Heights 1 .. tip follow each other by hash, and each lies below a block with a valid certificate of its own.

    After a snapshot they begin with its block. `keys` are the validators' consensus keys in order.
    """
    found: list[Violation] = []

    def fail(text: str) -> None:
        found.append(Violation("S3_certified", node, text))

    base = read_base(store).height
    parent_id, proven, first = genesis_hash, 0, base or 1
    rows = store.rows(Column.BLOCK, first, max(tip_height + 1 - first, 0))
    if [height for height, _ in rows] != list(range(first, tip_height + 1)):
        fail(f"heights {first} to {tip_height} are not all on disk")
    for height, data in rows:
        block, _, proof = read_block(data)
        is_base = block is not None and height == base
        if block is None or not (is_base or block.parent_id == parent_id) or block.height != height:
            fail(f"height {height} does not follow the block below")
            break
        parent_id = block.id
        if proof is not None:
            proven = height
            reason = wrong_with(block, proof, keys, genesis_hash, signatures)
            if reason is not None:
                fail(f"height {height}: {reason}")
    if proven != tip_height and base <= tip_height:
        fail(f"the highest certificate on disk commits height {proven}, the tip is {tip_height}")
    return found


def wrong_with(
    block: Block, proof: QuorumCertificate, keys: list[bytes], genesis_hash: bytes, signatures: Signatures
) -> str | None:
    """Why this certificate does not commit this block; None if it does."""
    data, commit = proof.data, proof.commit
    if commit is None or commit.block_id != block.id or data.parent_id != block.id:
        return "the certificate names another block"
    if data.round != block.round + 1 or data.parent_round != block.round:
        return "the certified child is not one round above"
    authors = {author for author, _ in proof.signatures}
    if len(authors) != len(proof.signatures) or 3 * len(authors) <= 2 * len(keys):
        return f"{len(authors)} signers of {len(keys)}"
    message = vote_message(data, commit, genesis_hash)
    for author, signature in proof.signatures:
        if not signatures.verify(SignatureCheck(0, keys[author], message, signature)):
            return f"the signature of validator {author} does not verify"
    return None
