"""Blocks that are executed but not yet final, above the last committed one."""

from typing import NamedTuple

from chain.block import Block
from chain.consensus.ports import BlockResult
from chain.errors import BlockError
from chain.limits import MAX_PENDING_BLOCKS
from chain.primitives import Hash


class Node(NamedTuple):
    """A block with its result; the committed root of the tree has no block. `row` numbers its stored copy."""

    block: Block | None
    result: BlockResult
    parent_id: Hash
    row: int


class BlockTree:
    """A tree by parent links; its root is the last committed block."""

    def __init__(self, root: BlockResult) -> None:
        """Start from a committed block's result."""
        self.root_id = root.block_id
        self.nodes: dict[Hash, Node] = {root.block_id: Node(None, root, root.block_id, -1)}
        self.next_row = 0

    @property
    def root(self) -> BlockResult:
        """The last committed result."""
        return self.nodes[self.root_id].result

    def result(self, block_id: Hash) -> BlockResult | None:
        """A block's result, or None."""
        node = self.nodes.get(block_id)
        return None if node is None else node.result

    def blocks_of(self, round_: int) -> list[Block]:
        """The blocks of a round that are here."""
        blocks = [node.block for node in self.nodes.values() if node.block is not None]
        return [block for block in blocks if block.round == round_]

    def check_room(self) -> None:
        """BlockError if as many blocks wait as may."""
        if len(self.nodes) >= MAX_PENDING_BLOCKS:
            raise BlockError(f"more than {MAX_PENDING_BLOCKS} uncommitted blocks", name="too_many_blocks")

    def insert(self, block: Block, result: BlockResult) -> int:
        """Add a block whose parent is in the tree; gives the number of its stored copy."""
        assert block.parent_id in self.nodes
        row = self.next_row
        self.next_row += 1
        self.nodes[block.id] = Node(block, result, block.parent_id, row)
        return row

    def path(self, block_id: Hash) -> list[Node] | None:
        """From the root's child to the block, oldest first; None if the block is not in the tree."""
        path: list[Node] = []
        while block_id != self.root_id:
            node = self.nodes.get(block_id)
            if node is None:
                return None
            path.append(node)
            block_id = node.parent_id
        path.reverse()
        return path

    def has_payload(self, block_id: Hash) -> bool:
        """Whether an uncommitted block up to this one carries transactions."""
        return any(node.block is not None and node.block.payload for node in self.path(block_id) or ())

    def has(self, round_: int, author: int) -> bool:
        """Whether an uncommitted block of that round and author is here."""
        return any(block.header.author == author for block in self.blocks_of(round_))

    def set_root(self, root: BlockResult) -> list[int]:
        """Make a block the root; everything that does not descend from it goes. Gives the freed row numbers."""
        old = self.nodes
        self.root_id = root.block_id
        self.nodes = {root.block_id: Node(None, root, root.block_id, -1)}
        for block_id, node in old.items():  # parents stand before their children
            if node.parent_id in self.nodes and block_id != self.root_id and node.block is not None:
                self.nodes[block_id] = node
        return [node.row for block_id, node in old.items() if node.row >= 0 and (
            block_id not in self.nodes or block_id == self.root_id)]  # fmt: skip
