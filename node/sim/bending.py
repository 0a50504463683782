"""What a liar may change in a message before it signs and sends it, by name; see `CHANGES` and docs/simulation.md.

The liar has its own key and everything that it heard, nothing more: it can sign whatever it likes, and can forge no
other signature. A change that makes no sense for a kind of message leaves it alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chain.block import Block, Header, header_id, payload_root, proposal_message
from chain.certificates import (
    CommitInfo,
    QuorumCertificate,
    TimeoutCertificate,
    VoteData,
    timeout_message,
    vote_message,
)
from chain.codec import encode
from chain.crypto.signing import Signer
from chain.evidence import Evidence, EvidenceKind, Statement
from chain.messages import (
    Accusation,
    BlockResponse,
    CommittedResponse,
    EpochChange,
    Message,
    Proposal,
    SyncInfo,
    Timeout,
    Vote,
    encode_message,
)
from chain.primitives import Hash
from chain.validators import Validator, ValidatorSet

ORDER_OF_ED25519 = 2**252 + 27742317777372353535851937790883648493
KEPT_CERTIFICATES = 256
GARBAGE = b"\x93\x00\xa7garbage\xc0"
FRAMES: dict[str, tuple[int | None, bytes]] = {
    "trailing": (None, b"\x00"),
    "garbage": (0, GARBAGE),
    "huge_length": (2, b"\xc6\xff\xff\xff\xff"),
    "deep": (2, b"\x91" * 10_000 + b"\xc0"),
    "huge_int": (0, b"\x92\x02\x95\xcf" + b"\xff" * 8 + b"\xcf" + b"\xff" * 8 + b"\x00\xc4\x00\xc0"),
    "map": (2, b"\x82\xa1b\x01\xa1a\x02"),
    "oversize": (None, bytes(5 << 20)),
    "unknown_type": (0, b"\x92\x7f\x90"),
}
"""What is left of a message's bytes, None: all, and what follows them."""
CHANGES: dict[str, str] = {
    "as": "sign a statement that was heard with one's own key, or build another kind: `vote`, `timeout`, `tc`, `end`"
    " (an epoch's), `accusation` (of who was heard, with a second vote that it never signed)",
    "author": "the number of whom it pretends to be from, as a distance from one's own",
    "epoch": "so many epochs later",
    "round": "so many rounds later",
    "time_ms": "the block's time, so much later (or earlier)",
    "root": "`flip`: another result of execution",
    "block": "`other`: a block that nobody knows",
    "commit": "`none`: a vote that commits nothing",
    "qc": "the certificate shown: `genesis`, `lowest`, `older` (the second highest) or `highest` that was heard; `tc`: "
    "of a proposal, the one of its timeout certificate",
    "claim_round": "a certificate of this round that nobody signed; with `as` `tc` and a `qc`: the number alone",
    "signers": "the signatures of the certificate shown (with `as` `tc`: of that one): `duplicate` one, or `fewer` than"
    " a quorum",
    "tc": "the timeout certificate: `none`, `lowest` (of the lowest time-outs heard), `highest`, or `older` (of a round"
    " before)",
    "payload": "the block's transactions: `empty`, `garbage`, `twice`, `reversed`, or `flip` (a bit of each)",
    "height": "so much higher",
    "blocks": "of an answer: `none`, `first` or `again`",
    "signature": "`flip` a bit, `malleate` (s + order), `other_chain`, `other_type`",
    "bytes": "the frame's content: `truncated`, `trailing`, `garbage`, `huge_length`, `deep`, `huge_int`, `map`, "
    "`nonminimal`, `oversize`, `unknown_type`",
}
"""Name -> what it changes."""


@dataclass(slots=True)
class Memory:
    """What one liar heard."""

    certificates: dict[tuple[int, int], QuorumCertificate] = field(default_factory=dict)
    """(epoch, round) -> certificate."""
    commits: dict[int, QuorumCertificate] = field(default_factory=dict)
    """epoch -> highest certificate that commits."""
    timeouts: dict[tuple[int, int], dict[int, Timeout]] = field(default_factory=dict)
    heights: dict[Hash, int] = field(default_factory=dict)
    """block -> its height, so that a block on an older one has the right height."""

    def note(self, message: object) -> None:
        """Remember the certificates and time-outs of a message."""
        match message:
            case Proposal(block, high_commit):
                self.heights[block.id] = block.height
                self.heights[block.parent_id] = block.height - 1
                if len(self.heights) > KEPT_CERTIFICATES:
                    del self.heights[next(iter(self.heights))]
                self._keep(block.parent_qc)
                self._keep(high_commit)
            case Timeout(epoch, round_, author, _, sync):
                self.timeouts.setdefault((epoch, round_), {})[author] = message
                self._keep(sync.high_qc)
                if len(self.timeouts) > KEPT_CERTIFICATES:
                    del self.timeouts[min(self.timeouts)]
            case SyncInfo(high_qc, high_commit, _):
                self._keep(high_qc)
                self._keep(high_commit)
            case _:
                pass

    def _keep(self, qc: QuorumCertificate) -> None:
        """One certificate a round, the oldest go."""
        self.certificates.setdefault((qc.data.epoch, qc.round), qc)
        known = self.commits.get(qc.data.epoch)
        if qc.commit is not None and (known is None or known.round < qc.round):
            self.commits[qc.data.epoch] = qc
        if len(self.certificates) > KEPT_CERTIFICATES:
            del self.certificates[sorted(self.certificates)[1]]  # the oldest stays: it is the lowest to lie with

    def certificate(self, which: str, epoch: int, below: int) -> QuorumCertificate | None:
        """The lowest or highest known one of an epoch below a round; `genesis` is the lowest where round 0 was seen."""
        rounds = sorted(round_ for known, round_ in self.certificates if known == epoch and round_ < below)
        if not rounds:
            return None
        place = {"highest": len(rounds) - 1, "older": max(len(rounds) - 2, 0)}.get(which, 0)
        return self.certificates[epoch, rounds[place]]


class Bender:
    """One liar's hand: its key, its seat, its chain."""

    def __init__(self, author: int, signer: Signer, genesis_hash: bytes, quorum: int, memory: Memory) -> None:
        """`author` is its number among the members, `quorum` what a certificate needs."""
        self._author, self._signer, self._genesis_hash = author, signer, genesis_hash
        self._quorum, self._memory = quorum, memory

    def bend(self, message: Message, change: dict[str, Any], number: int = 0) -> bytes | None:
        """The changed message, signed and encoded; None if there is nothing to make it from.

        `number` counts the copies of one step: each is one round above the other.
        """
        if number:
            change = {**change, "round": change.get("round", 0) + number}
        made = self._made(message, change.get("as", ""), is_claimed="claim_round" in change)
        if made is None:
            return None
        match made:
            case Vote():
                made = self._vote(made, change)
            case Timeout():
                made = self._timeout(made, change)
            case Proposal():
                made = self._proposal(made, change)
            case SyncInfo():
                made = self._sync_info(made, change)
            case BlockResponse():
                made = _blocks(made, change.get("blocks", ""))
            case CommittedResponse(_, _, proof):
                made = made._replace(proof=None if proof is None else self._shown(proof, 1 << 62, change))
                made = _blocks(made, change.get("blocks", ""))
            case _:
                pass
        return made if isinstance(made, bytes) else frame(encode_message(made), change.get("bytes", ""))

    def _made(self, message: Message, kind: str, *, is_claimed: bool) -> Message | None:
        """A message of another kind about the same round, from what was heard; the same one if no kind is named."""
        if kind == "vote" and isinstance(message, Vote):
            return message._replace(author=self._author)
        if kind == "accusation" and isinstance(message, Vote):
            return self._accusation(message)
        epoch, round_ = place_of(message)
        high = self._memory.certificate("highest", epoch, round_)
        commit = self._memory.commits.get(epoch, high)
        if kind == "timeout" and high is not None and commit is not None:
            return Timeout(epoch, round_, self._author, b"", SyncInfo(high, commit, None))
        if kind == "tc" and high is not None and commit is not None:
            tc = self._certificate_of_timeouts(epoch, round_, lowest=True, own=is_claimed)
            return None if tc is None else SyncInfo(tc.high_qc, commit, tc)
        if kind == "end" and commit is not None and commit.commit is not None:
            return self._end(commit, commit.commit, round_)
        return message if kind == "" else None

    def _accusation(self, vote: Vote) -> Accusation:
        """An honest vote, and beside it another one that only the liar signed."""
        data = vote.data._replace(block_id=_flip(vote.data.block_id))
        forged = self._signer.sign(vote_message(data, None, self._genesis_hash))
        commit = None if vote.commit is None else vote.commit.to_value()
        both = [Statement((tuple(vote.data), commit), vote.signature), Statement((tuple(data), None), forged)]
        first, second = sorted(both, key=lambda one: encode(one.body))
        return Accusation(Evidence(EvidenceKind.DOUBLE_VOTE, data.epoch, vote.author, first, second))

    def _sign(self, message: Callable[[bytes], bytes], other_type: Callable[[bytes], bytes], how: str) -> bytes:
        """A signature over `message(genesis hash)`, maybe a wrong one."""
        genesis_hash = self._genesis_hash
        if how == "other_chain":
            return self._signer.sign(message(bytes(32)))
        signature = self._signer.sign((other_type if how == "other_type" else message)(genesis_hash))
        if how == "flip":
            return bytes([signature[0] ^ 1]) + signature[1:]
        if how == "malleate":
            scalar = int.from_bytes(signature[32:], "little") + ORDER_OF_ED25519
            return signature[:32] + (scalar % 2**256).to_bytes(32, "little")
        return signature

    def _vote(self, vote: Vote, change: dict[str, Any]) -> Vote:
        """Another statement about a block."""
        data: VoteData = vote.data
        data = data._replace(epoch=data.epoch + change.get("epoch", 0), round=data.round + change.get("round", 0))
        if change.get("root") == "flip":
            data = data._replace(root=_flip(data.root))
        if change.get("block") == "other":
            data = data._replace(block_id=_flip(data.block_id))
        commit = None if change.get("commit") == "none" or data.round != vote.data.round else vote.commit
        signature = self._sign(
            lambda genesis: vote_message(data, commit, genesis),
            lambda genesis: timeout_message(data.epoch, data.round, data.parent_round, genesis),
            change.get("signature", ""),
        )
        return Vote(data, commit, self._author + change.get("author", 0), signature)

    def _timeout(self, timeout: Timeout, change: dict[str, Any]) -> Timeout:
        """Another round, or another certificate shown."""
        epoch, round_ = timeout.epoch + change.get("epoch", 0), timeout.round + change.get("round", 0)
        sync = timeout.sync._replace(high_qc=self._shown(timeout.sync.high_qc, round_, change))
        if sync.high_qc.round < timeout.sync.high_qc.round:
            sync = sync._replace(high_commit=min(sync.high_commit, sync.high_qc, key=lambda qc: qc.round))
        signature = self._sign(
            lambda genesis: timeout_message(epoch, round_, sync.high_qc.round, genesis),
            lambda genesis: vote_message(sync.high_qc.data, sync.high_qc.commit, genesis),
            change.get("signature", ""),
        )
        return Timeout(epoch, round_, self._author + change.get("author", 0), signature, sync)

    def _proposal(self, proposal: Proposal, change: dict[str, Any]) -> Proposal:
        """Another block of the same leader."""
        block, header = proposal.block, proposal.block.header
        qc = self._shown(block.parent_qc, header.round + change.get("round", 0), change)
        tc = block.tc
        if "tc" in change:
            given_up = header.round - (2 if change["tc"] == "older" else 1)
            tc = None if change["tc"] == "none" else self._certificate_of_timeouts(
                header.epoch, given_up, lowest=change["tc"] == "lowest"
            )  # fmt: skip
        if change.get("qc") == "tc" and tc is not None:
            qc = tc.high_qc
        payload = _payload(block.payload, change.get("payload", ""))
        height = self._memory.heights.get(qc.block_id, block.height - 1) + 1
        header = Header(
            header.epoch + change.get("epoch", 0), header.round + change.get("round", 0),
            height + change.get("height", 0), self._author + change.get("author", 0),
            max(header.timestamp_us + int(change.get("time_ms", 0) * 1_000), 0),
            qc.digest(), None if tc is None else tc.digest(), payload_root(payload),
        )  # fmt: skip
        signature = self._sign(
            lambda genesis: proposal_message(header, genesis),
            lambda genesis: timeout_message(header.epoch, header.round, qc.round, genesis),
            change.get("signature", ""),
        )
        return Proposal(Block(header, qc, tc, payload, signature, header_id(header)), proposal.high_commit)

    def _sync_info(self, sync: SyncInfo, change: dict[str, Any]) -> SyncInfo:
        """Another highest certificate."""
        if change.get("as") == "tc":
            return sync if sync.tc is None else sync._replace(tc=self._thinned(sync.tc, change))
        high = self._shown(sync.high_qc, 1 << 62, change)
        return SyncInfo(high, high if "claim_round" in change else sync.high_commit, sync.tc)

    def _shown(self, qc: QuorumCertificate, below: int, change: dict[str, Any]) -> QuorumCertificate:
        """The certificate that the message shows."""
        if change.get("qc", "tc") != "tc":
            qc = self._memory.certificate(change["qc"], qc.data.epoch, below) or qc
        if "claim_round" in change:
            qc = qc._replace(data=qc.data._replace(round=change["claim_round"]))
        if change.get("signers") == "duplicate" and qc.signatures:
            qc = qc._replace(signatures=(*qc.signatures[:-1], qc.signatures[0]))
        elif change.get("signers") == "fewer":
            qc = qc._replace(signatures=qc.signatures[: self._quorum - 1])
        return qc

    def _certificate_of_timeouts(
        self, epoch: int, round_: int, *, lowest: bool, own: bool = False
    ) -> TimeoutCertificate | None:
        """A quorum of the time-outs of a round: those with the lowest certificates, or with the highest. One's own is
        added later with `own`, and counts."""
        heard = self._memory.timeouts.get((epoch, round_), {})
        need = self._quorum - own
        known = sorted((item for author, item in heard.items() if author != self._author or not own), key=_shown_round)
        chosen = known[:need] if lowest else known[-need:]
        if len(chosen) < need:
            return None
        high = max((timeout.sync.high_qc for timeout in chosen), key=lambda qc: qc.round)
        rows = sorted((timeout.author, timeout.sync.high_qc.round, timeout.signature) for timeout in chosen)
        return TimeoutCertificate(epoch, round_, high, tuple(rows))

    def _end(self, known: QuorumCertificate, commit: CommitInfo, round_: int) -> EpochChange:
        """The end of this epoch a little later, for a set of one's own, signed by oneself alone."""
        key, block_id = self._signer.public_key, _flip(commit.block_id)
        own = ValidatorSet(commit.epoch + 1, (Validator("liar", key, key, self._author),))
        commit = commit._replace(round=round_ + 4, block_id=block_id, next_epoch=own)
        data = known.data._replace(
            round=round_ + 5, parent_round=round_ + 4, parent_id=block_id, next_validators=own.hash
        )  # fmt: skip
        signature = self._signer.sign(vote_message(data, commit, self._genesis_hash))
        return EpochChange((QuorumCertificate(data, commit, ((self._author, signature),)),))

    def _thinned(self, tc: TimeoutCertificate, change: dict[str, Any]) -> TimeoutCertificate:
        """A timeout certificate that claims more than was signed: another round, a certificate, or signers."""
        tc = tc._replace(round=tc.round + change.get("round", 0))
        if change.get("claim_round"):
            return self._claimed(tc, change["claim_round"], keeps="qc" in change)
        if change.get("signers") == "duplicate":
            return tc._replace(entries=(*tc.entries[:-1], tc.entries[-2]))
        if change.get("signers") == "fewer":
            return tc._replace(entries=tc.entries[: self._quorum - 1])
        return tc

    def _claimed(self, tc: TimeoutCertificate, claim: int, *, keeps: bool) -> TimeoutCertificate:
        """T11: one's own entry names a round that no certificate has; the one shown `keeps` its own round, or not."""
        signature = self._signer.sign(timeout_message(tc.epoch, tc.round, claim, self._genesis_hash))
        others = [entry for entry in tc.entries if entry[0] != self._author][: self._quorum - 1]
        high = tc.high_qc if keeps else tc.high_qc._replace(data=tc.high_qc.data._replace(round=claim))
        return tc._replace(high_qc=high, entries=tuple(sorted([*others, (self._author, claim, signature)])))


def place_of(message: object) -> tuple[int, int]:
    """Epoch and round of a message; (0, 0) for one that has none."""
    match message:
        case Proposal(block, _):
            return block.header.epoch, block.round
        case Vote(data, _, _, _):
            return data.epoch, data.round
        case Timeout(epoch, round_, _, _, _):
            return epoch, round_
        case SyncInfo(high_qc, _, tc):
            return high_qc.data.epoch, max(high_qc.round, 0 if tc is None else tc.round)
        case _:
            return 0, 0


def frame(data: bytes, how: str) -> bytes:
    """What a liar writes on its link in the place of a message's bytes."""
    if how == "truncated":
        return data[: len(data) // 2]
    if how == "nonminimal":
        return data[:1] + b"\xcc" + data[1:]
    kept, added = FRAMES.get(how, (None, b""))
    return data[:kept] + added


def _payload(payload: tuple[bytes, ...], how: str) -> tuple[bytes, ...]:
    """A block's transactions, changed."""
    match how:
        case "empty":
            return ()
        case "garbage":
            return (*payload, GARBAGE)
        case "twice":
            return (*payload, *payload)
        case "reversed":
            return payload[::-1]
        case "flip":
            return tuple(item[:-1] + bytes([item[-1] ^ 1]) for item in payload)
        case _:
            return payload


def _blocks(answer: BlockResponse | CommittedResponse, how: str) -> Message:
    """The blocks of an answer, changed."""
    made = {"none": (), "first": answer.blocks[:1], "again": answer.blocks + answer.blocks}
    return answer._replace(blocks=made.get(how, answer.blocks))


def _flip(data: Hash) -> Hash:
    """Another hash."""
    return Hash(bytes([data[0] ^ 1]) + data[1:])


def _shown_round(timeout: Timeout) -> int:
    """Round of the certificate that a time-out shows."""
    return timeout.sync.high_qc.round
