"""The real safety module as a table: each question is asked once, of a module started from its record, and remembered.

Blocks, votes, certificates and records are the real ones of `chain/`, numbered in the order in which they are first
seen. Signatures are believed: the search makes certificates only of statements that were made, so that what is asked is
what the module would say on a network on which nobody can forge. Every call starts a new module from the bytes of the
record, as after a crash: restarts are part of every step.
"""

from itertools import combinations, product
from typing import NamedTuple

from chain.block import Block, Header, header_id, payload_root
from chain.certificates import (
    CommitInfo,
    QuorumCertificate,
    TimeoutCertificate,
    VoteData,
    genesis_certificate,
)
from chain.consensus.leader import RoundRobin
from chain.consensus.safety import SafetyRules
from chain.crypto.signing import SignatureCheck
from chain.errors import CertificateError, SafetyError
from chain.primitives import Hash
from chain.validators import Validator, ValidatorSet

EPOCH = 1
GENESIS_HASH = bytes(32)
GENESIS_US = 1_000
NO_SIGNATURE = bytes(64)


class Believed:
    """Signs nothing, and believes every signature."""

    name = "believed"
    public_key = bytes(32)

    def sign(self, message: bytes) -> bytes:
        """A placeholder."""
        return NO_SIGNATURE

    def verify(self, check: SignatureCheck) -> bool:
        """Yes."""
        return True

    def is_valid_key(self, scheme: int, public_key: bytes) -> bool:
        """Yes."""
        return True


class Made(NamedTuple):
    """A block, and where it stands."""

    block: Block
    below: int
    """The certificate of its parent."""
    variant: int
    """Which of several that differ in their payload only."""


class Certificate(NamedTuple):
    """A certified block."""

    qc: QuorumCertificate
    made: int
    """The block; -1 for genesis."""


class Calls:
    """All questions to the module so far."""

    def __init__(self, validators: int, rules: type[SafetyRules] = SafetyRules) -> None:
        """`validators` members, of which a third less one may be faulty; `rules` is what is asked."""
        members = tuple(
            Validator(f"v{index}", bytes([1, index]) * 16, bytes([2, index]) * 16, index) for index in range(validators)
        )
        self.set = ValidatorSet(EPOCH, members)
        self.faulty = self.set.one_honest - 1
        self.honest = validators - self.faulty
        self.asked = 0
        """Calls of the module."""
        self._rules, self._leaders, self._signatures = rules, RoundRobin(validators), Believed()
        info = CommitInfo(0, 0, Hash(GENESIS_HASH), Hash(bytes(32)), 0, GENESIS_US, self.set)
        self._genesis = genesis_certificate(info, EPOCH)
        self.certificates = [Certificate(self._genesis, -1)]
        self.blocks: list[Made] = []
        self.tcs: list[TimeoutCertificate] = []
        self.records = [self._module(None).record_bytes()]
        self.statements: list[tuple[VoteData, CommitInfo | None]] = []
        self._numbers: dict[object, int] = {self.records[0]: 0}
        self._votes: dict[tuple[int, int], tuple[int, int] | None] = {}
        self._time_outs: dict[tuple[int, int, int, int], int | None] = {}
        self._backwards: dict[tuple[int, int], str] = {}
        self._quorums: dict[int, int | None] = {}
        self._tcs_of: dict[tuple[int, tuple[int, ...], tuple[int, ...]], tuple[int, ...]] = {}

    # --- what validators say ---

    def block(self, round_: int, below: int, tc: int, variant: int) -> int:
        """A proposal on a certificate, with a timeout certificate (-1: none)."""
        key = ("block", round_, below, tc, variant)
        if key not in self._numbers:
            qc = self.certificates[below].qc
            timeout, payload = None if tc < 0 else self.tcs[tc], (b"x",) * variant
            header = Header(
                EPOCH, round_, self._height(below) + 1, self._leaders.leader(round_), qc.data.timestamp_us + 1,
                qc.digest(), None if timeout is None else timeout.digest(), payload_root(payload),
            )  # fmt: skip
            block = Block(header, qc, timeout, payload, NO_SIGNATURE, header_id(header))
            block.check_shape()
            self._numbers[key] = len(self.blocks)
            self.blocks.append(Made(block, below, variant))
        return self._numbers[key]

    def vote(self, record: int, made: int) -> tuple[int, int] | None:
        """(record afterwards, statement) if the module votes for a block, None if it refuses."""
        key = (record, made)
        if key not in self._votes:
            block, module = self.blocks[made].block, self._module(self.records[record])
            data = block.parent_qc.data
            parent = CommitInfo(
                EPOCH, data.round, data.block_id, data.root, data.version, data.timestamp_us, None
            )  # fmt: skip
            try:
                signed = module.vote(block, block.id, block.round, parent)
            except (SafetyError, CertificateError):
                self._votes[key] = None
            else:
                said = (signed.data, signed.commit)
                statement = self._number(("vote", signed.data, signed.commit is None), said, self.statements)
                after = module.record_bytes()
                self._votes[key] = self._number(after, after, self.records), statement
        return self._votes[key]

    def time_out(self, record: int, round_: int, high: int, tc: int) -> int | None:
        """The record after giving a round up, showing a certificate and what leads into the round; None: refused."""
        key = (record, round_, high, tc)
        if key not in self._time_outs:
            module = self._module(self.records[record])
            try:
                module.timeout(round_, self.certificates[high].qc, None if tc < 0 else self.tcs[tc], b"")
            except (SafetyError, CertificateError):
                self._time_outs[key] = None
            else:
                after = module.record_bytes()
                self._time_outs[key] = self._number(after, after, self.records)
        return self._time_outs[key]

    def goes_back(self, record: int, spoke: int) -> str:
        """What the module would say about a round below one in which it spoke; nothing, if it is sound.

        That it says nothing is what lets a search go round by round.
        """
        key = (record, spoke)
        if key not in self._backwards:
            self._backwards[key] = self._look_back(record, spoke)
        return self._backwards[key]

    def _look_back(self, record: int, spoke: int) -> str:
        """See `goes_back`."""
        for number, made in enumerate(self.blocks):
            answer = self.vote(record, number) if made.block.round < spoke else None
            if answer is not None and answer[0] != record:  # its last vote may be sent again
                return f"would vote in round {made.block.round} after it spoke in {spoke}"
        for round_ in range(1, spoke):
            leading = (-1, *(number for number, tc in enumerate(self.tcs) if tc.round + 1 == round_))
            lower = [number for number, certificate in enumerate(self.certificates) if certificate.qc.round < round_]
            if any(self.time_out(record, round_, high, tc) is not None for high in lower for tc in leading):
                return f"would give up round {round_} after it spoke in {spoke}"
        return ""

    # --- certificates of it ---

    def certify(self, statement: int) -> int | None:
        """The certificate of a statement that enough have made; None if it is not valid."""
        if statement not in self._quorums:
            data, commit = self.statements[statement]
            qc = QuorumCertificate(data, commit, tuple((author, NO_SIGNATURE) for author in range(self.set.quorum)))
            made = next(number for number, item in enumerate(self.blocks) if item.block.id == data.block_id)
            try:
                qc.verify(self.set, GENESIS_HASH, self._signatures)
            except CertificateError:
                self._quorums[statement] = None
            else:
                self._quorums[statement] = self._number(("qc", statement), Certificate(qc, made), self.certificates)
        return self._quorums[statement]

    def certify_time_outs(self, round_: int, shown: tuple[int, ...], known: tuple[int, ...]) -> tuple[int, ...]:
        """All valid timeout certificates of a round, by the highest certificate in them.

        `shown` has the certificate that each honest validator showed, `known` all that the faulty ones may claim.
        """
        key = (round_, shown, known)
        if key not in self._tcs_of:
            found: dict[int, None] = {}
            least = self.set.quorum - self.faulty
            for size in range(least, len(shown) + 1):
                for honest in combinations(sorted(shown), size):
                    for claims in product(known, repeat=self.set.quorum - size):
                        for carried in known:
                            tc = self._valid_tc(round_, (*honest, *claims), carried)
                            if tc is not None:
                                found[tc] = None
            self._tcs_of[key] = tuple(sorted(found, key=lambda tc: self.tcs[tc].high_qc.round))
        return self._tcs_of[key]

    def _valid_tc(self, round_: int, shown: tuple[int, ...], carried: int) -> int | None:
        """A timeout certificate, if it is valid. Those that count alike are one."""
        entries = tuple(
            (author, self.certificates[high].qc.round, NO_SIGNATURE) for author, high in enumerate(shown)
        )  # fmt: skip
        tc = TimeoutCertificate(EPOCH, round_, self.certificates[carried].qc, entries)
        try:
            tc.verify(self.set, self._genesis, GENESIS_HASH, self._signatures)
        except CertificateError:
            return None
        return self._number(("tc", round_, carried), tc, self.tcs)

    # --- helpers ---

    def chain(self, certificate: int) -> tuple[int, ...]:
        """The certificates from one down to genesis."""
        path = [certificate]
        while path[-1]:
            path.append(self.blocks[self.certificates[path[-1]].made].below)
        return tuple(path)

    def _height(self, certificate: int) -> int:
        """Blocks below the certified one."""
        return len(self.chain(certificate)) - 1

    def _module(self, record: bytes | None) -> SafetyRules:
        """The module as it starts from its record."""
        self.asked += 1
        return self._rules(
            Believed(), self.set, self._leaders, self._genesis, GENESIS_HASH, self._signatures, record
        )  # fmt: skip

    def _number(self, key: object, item: object, items: list) -> int:  # type: ignore[type-arg] # any of the tables
        """The number of an item in its table."""
        if key not in self._numbers:
            self._numbers[key] = len(items)
            items.append(item)
        return self._numbers[key]
