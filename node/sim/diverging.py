"""A validator whose program computes something else than the others' (fault `diverge`)."""

from chain.block import Block
from chain.executed import ExecutedBlock
from chain.primitives import Hash
from chain.replica import Replica


class Diverging(Replica):
    """Its blocks with transactions give another root."""

    def execute(self, parent: ExecutedBlock, block: Block) -> ExecutedBlock:
        """Run the block, wrongly."""
        result = super().execute(parent, block)
        if block.payload:
            result.root = Hash(bytes([result.root[0] ^ 1]) + result.root[1:])
        return result
