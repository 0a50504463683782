"""Blocks that cannot be executed yet: their parent, their transactions' signatures or the clock is missing."""

from collections.abc import Iterable

from chain.block import Block
from chain.certificates import QuorumCertificate
from chain.consensus.block_tree import BlockTree
from chain.consensus.ports import Application, BlockResult
from chain.errors import BlockError, MithqalError
from chain.interface import Output, SetTimer, Work
from chain.limits import MAX_CLOCK_LEAD_US, MAX_HELD_PROPOSALS, MAX_LEDGER_LEAD_US
from chain.primitives import Hash

CLOCK_TIMER = "clock"


def _due_us(time_us: int, parent_us: int) -> int:
    """R4: what our clock must show before a block of this time may pass; 0 if it need not wait."""
    if time_us == parent_us + 1:
        return 0
    lead_us = MAX_LEDGER_LEAD_US if time_us <= parent_us + MAX_CLOCK_LEAD_US else 0
    return time_us - MAX_CLOCK_LEAD_US - lead_us


class HeldBlocks:
    """A bounded waiting room; the block of the lowest round leaves first."""

    def __init__(self, app: Application, work_id: int = 0) -> None:
        """`app` tells which signatures are unchecked; numbers of work are above `work_id`."""
        self._app = app
        self._blocks: dict[Hash, Block] = {}
        self._checked: dict[Hash, None] = {}
        self._checking: dict[int, Hash] = {}
        self._work_id = work_id

    def __contains__(self, block_id: Hash) -> bool:
        """Whether the block waits here."""
        return block_id in self._blocks

    def __len__(self) -> int:
        """How many wait."""
        return len(self._blocks)

    def all(self) -> list[Block]:
        """The waiting blocks, by round."""
        blocks = list(self._blocks.values())
        return sorted(blocks, key=lambda block: block.round) if len(blocks) > 1 else blocks

    def has(self, round_: int, author: int) -> bool:
        """Whether a block of that round and author waits."""
        return any((block.round, block.header.author) == (round_, author) for block in self._blocks.values())

    def is_second(self, block: Block, tree: BlockTree, certificates: Iterable[QuorumCertificate]) -> bool:
        """R1: whether another block of its round and author is here already, and no certificate that we know names it.

        A leader could fill our memory with blocks of one round, until there is no room for those of others.
        """
        if block.id in self._blocks or self.is_named(block, certificates):
            return False
        return self.has(block.round, block.header.author) or tree.has(block.round, block.header.author)

    def is_named(self, block: Block, certificates: Iterable[QuorumCertificate]) -> bool:
        """Whether one of these certificates names a block, or that of a waiting child."""
        if any(block.id in (qc.block_id, qc.data.parent_id) for qc in certificates):
            return True
        return any(child.parent_id == block.id for child in self._blocks.values())

    def add(self, block: Block) -> None:
        """Hold a block."""
        if block.id not in self._blocks and len(self._blocks) >= MAX_HELD_PROPOSALS:
            self.remove(self.all()[0].id)
        self._blocks[block.id] = block

    def remove(self, block_id: Hash) -> None:
        """Let a block go."""
        self._blocks.pop(block_id, None)
        self._checked.pop(block_id, None)

    def trust(self, block_id: Hash) -> None:
        """The block's transactions are known to be good: it is our own, or was stored before a restart."""
        self._checked[block_id] = None

    def is_ready(self, block: Block, parent: BlockResult, now_us: int, out: Output) -> bool:
        """R3 to R5: height and time fit the parent, the clock has come near, signatures are checked.

        Emits the work or timer that is missing. A block that can never be good is let go, with an alarm that names its
        author, who signed it: another's message may have brought the parent, and the block up again (S10).
        """
        try:
            return self._is_ready(block, parent, now_us, out)
        except MithqalError as error:
            self.remove(block.id)
            out.alarm(error.name, error.message, block.header.author)
            return False

    def _is_ready(self, block: Block, parent: BlockResult, now_us: int, out: Output) -> bool:
        """BlockError or DecodeError if the block can never be good."""
        time_us, is_over = block.header.timestamp_us, parent.next_epoch is not None
        follows = time_us == parent.timestamp_us and not block.payload if is_over else time_us > parent.timestamp_us
        if block.height != parent.height + 1 or not follows:
            raise BlockError(f"round {block.round}: height or time does not follow the parent", name="bad_header")
        due_us = 0 if is_over else _due_us(time_us, parent.timestamp_us)
        if due_us > now_us:
            out.timers.append(SetTimer(CLOCK_TIMER, due_us, 0))
            return False
        if block.id in self._checked:
            return True
        if block.id in self._checking.values():
            return False
        checks = self._app.signature_checks(block)
        if not checks:
            return True
        self._work_id += 1
        self._checking[self._work_id] = block.id
        out.work.append(Work(self._work_id, checks))
        return False

    def on_verdicts(self, work_id: int, verdicts: tuple[bool, ...]) -> Block | None:
        """The block whose signatures were judged good, if it still waits; BlockError if one is bad."""
        block_id = self._checking.pop(work_id, None)
        block = None if block_id is None else self._blocks.get(block_id)
        if block is None:
            return None
        if not all(verdicts):
            self.remove(block.id)
            raise BlockError(f"round {block.round}: a transaction has a bad signature", name="invalid_tx_in_block")
        self._checked[block.id] = None
        return block

    def drop_up_to(self, round_: int) -> None:
        """Let go of blocks whose round has been committed or passed."""
        for block in self.all():
            if block.round <= round_:
                self.remove(block.id)
