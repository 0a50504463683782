"""Blocks, certificates and votes made by hand, signed by real keys of four (or more) validators."""

from dataclasses import dataclass

import pytest

from chain.block import Block, Header, header_id, payload_root, proposal_message
from chain.certificates import (
    CommitInfo,
    QuorumCertificate,
    TimeoutCertificate,
    VoteData,
    genesis_certificate,
    timeout_message,
    vote_message,
)
from chain.consensus.leader import RoundRobin
from chain.consensus.safety import SafetyRules
from chain.crypto.signing import PrivateKey, RealSignatures
from chain.primitives import Hash
from chain.validators import Validator, ValidatorSet

GENESIS_HASH = Hash(b"\x47" * 32)


@dataclass
class Committee:
    """Validators with their keys, and short ways to make what they sign."""

    count: int

    def __post_init__(self) -> None:
        self.keys = [PrivateKey(bytes([index + 1]) * 32) for index in range(self.count)]
        self.set = ValidatorSet(
            1,
            tuple(
                Validator(f"v{index}", key.public_key, PrivateKey(bytes([index + 101]) * 32).public_key, index)
                for index, key in enumerate(self.keys)
            ),
        )
        self.leaders = RoundRobin(self.count)
        self.genesis_info = CommitInfo(0, 0, GENESIS_HASH, Hash(b"\x01" * 32), 0, 1_000, self.set)
        self.genesis_qc = genesis_certificate(self.genesis_info, 1)
        self.signatures = RealSignatures()

    def safety(self, index: int = 0, record: bytes | None = None) -> SafetyRules:
        return SafetyRules(
            self.keys[index], self.set, self.leaders, self.genesis_qc, GENESIS_HASH, self.signatures, record
        )

    def block(
        self, round_, parent_qc, tc=None, *, height=None, payload=(), author=None, time_us=None, epoch=1
    ) -> Block:
        author = self.leaders.leader(round_) if author is None else author
        header = Header(
            epoch,
            round_,
            parent_qc.round + 1 if height is None else height,
            author,
            parent_qc.data.timestamp_us + 1 if time_us is None else time_us,
            parent_qc.digest(),
            None if tc is None else tc.digest(),
            payload_root(payload),
        )
        signature = self.keys[author].sign(proposal_message(header, GENESIS_HASH))
        return Block(header, parent_qc, tc, payload, signature, header_id(header))

    def info(self, block_or_genesis) -> CommitInfo:
        if block_or_genesis is None:
            return self.genesis_info
        block = block_or_genesis
        return CommitInfo(1, block.round, block.id, self.root(block), block.round, block.header.timestamp_us, None)

    @staticmethod
    def root(block) -> Hash:
        return Hash(bytes([block.round % 256]) * 32)

    def qc(self, block, parent=None, authors=None) -> QuorumCertificate:
        """A certificate for a block; it commits the parent block if that is given and one round below."""
        qc = block.parent_qc
        data = VoteData(
            1, block.round, block.id, qc.round, qc.block_id, self.root(block), block.round,
            block.header.timestamp_us, None,
        )  # fmt: skip
        commit = self.info(parent) if parent is not None and parent.round + 1 == block.round else None
        authors = range(self.set.quorum) if authors is None else authors
        message = vote_message(data, commit, GENESIS_HASH)
        return QuorumCertificate(data, commit, tuple((a, self.keys[a].sign(message)) for a in authors))

    def tc(self, round_, qcs) -> TimeoutCertificate:
        """A timeout certificate from one high certificate each of validators 0, 1, ..."""
        entries = tuple(
            (author, qc.round, self.keys[author].sign(timeout_message(1, round_, qc.round, GENESIS_HASH)))
            for author, qc in enumerate(qcs)
        )
        return TimeoutCertificate(1, round_, max(qcs, key=lambda qc: qc.round), entries)


@pytest.fixture
def four() -> Committee:
    return Committee(4)
