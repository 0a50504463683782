"""Who was found to lie: evidence is believed once it verifies, kept for good, and told to everybody (EV10 to EV14).

What the witness of an epoch finds, and what others send, ends here. A piece that is new is stored, then sent to all
others once. Messages get lost, and a validator may have been away: while there is any evidence here, one other
validator in turn is told which, and who lacks some asks and is answered. A network in which nobody lies sends nothing.
"""

from collections.abc import Callable, Iterable

from chain.crypto.signing import Signatures
from chain.evidence import DEEDS, Evidence, EvidenceId, verify_evidence
from chain.interface import ALL_OTHERS, Output, Send, SetTimer
from chain.ledger import Ledger
from chain.limits import EVIDENCE_EACH, EVIDENCE_IDS, EVIDENCE_RETRY_US, GOSSIP_BYTES
from chain.messages import Accusation, EvidenceKnown, encode_message
from chain.storage import Column
from chain.validators import Validator

EVIDENCE = "evidence_"
"""Before the kind: the name of an alarm."""
TIMER = "evidence"
"""Time to tell somebody what is known."""


class Accountability:
    """The evidence of one validator; `number` is what the chain calls it."""

    def __init__(
        self, number: int, ledger: Ledger, signatures: Signatures, peers: Callable[[], tuple[int, ...]]
    ) -> None:
        """Read what an earlier life knew; `peers` gives the numbers of those who shall know it."""
        self._number, self._ledger, self._signatures, self._peers = number, ledger, signatures, peers
        found = [Evidence.from_bytes(data) for _, data in ledger.store.rows(Column.EVIDENCE, 0, 1 << 62)]
        self.known: dict[EvidenceId, Evidence] = {evidence.id: evidence for evidence in found}
        """What is known, oldest first; the place is the row of `Column.EVIDENCE`."""
        self._turn = 0
        self._answered_us: dict[int, int] = {}

    def start(self, now_us: int, out: Output) -> None:
        """What is known is told again from the start."""
        if self.known:
            out.timers.append(SetTimer(TIMER, now_us + EVIDENCE_RETRY_US, 0))

    def report(self, evidence: Evidence, now_us: int, out: Output) -> None:
        """Take evidence that was found here or sent; EvidenceError if it does not hold, whose sender is at fault."""
        if not self._is_wanted(evidence.id, self.known):
            return
        guilty = verify_evidence(
            evidence, self._ledger.set_of(evidence.epoch), self._ledger.genesis_hash, self._signatures
        )
        if not self.known:
            out.timers.append(SetTimer(TIMER, now_us + EVIDENCE_RETRY_US, 0))
        out.persist.rows.append((Column.EVIDENCE, len(self.known), evidence.to_bytes()))
        self.known[evidence.id] = evidence
        out.after_persist.append(Send(ALL_OTHERS, encode_message(Accusation(evidence))))
        out.alarm(EVIDENCE + evidence.id.name, describe(evidence, guilty), guilty.number)

    def on_message(self, sender: int, message: Accusation | EvidenceKnown, now_us: int, out: Output) -> None:
        """Evidence, or what somebody else knows of it."""
        if isinstance(message, Accusation):
            self.report(message.evidence, now_us, out)
        elif now_us - self._answered_us.get(sender, -EVIDENCE_RETRY_US) >= EVIDENCE_RETRY_US // 2:
            self._answered_us[sender] = now_us
            self._answer(sender, message.ids, out)

    def on_timer(self, now_us: int, out: Output) -> None:
        """EV13: tell the next one in turn what is known here."""
        others = [number for number in self._peers() if number != self._number]
        if others:
            self._turn += 1
            self._tell(others[self._turn % len(others)], out)
        out.timers.append(SetTimer(TIMER, now_us + EVIDENCE_RETRY_US, 0))

    def on_peer_up(self, peer: int, out: Output) -> None:
        """A validator is there again, and may have missed something."""
        if self.known:
            self._tell(peer, out)

    def _latest(self) -> tuple[EvidenceId, ...]:
        """What is told to others."""
        return tuple(self.known)[-EVIDENCE_IDS:]

    def _tell(self, peer: int, out: Output) -> None:
        """Which evidence is known here; it may be told before it is durable, since it binds nobody here."""
        out.send_now.append(Send(peer, encode_message(EvidenceKnown(self._latest()))))

    def _answer(self, peer: int, theirs: tuple[EvidenceId, ...], out: Output) -> None:
        """EV13: send what the peer lacks, and say what is known here if it knows more."""
        size, have = 0, dict.fromkeys(theirs)
        for evidence_id in self._latest():
            if self._is_wanted(evidence_id, have):
                have[evidence_id] = None
                data = encode_message(Accusation(self.known[evidence_id]))
                size += len(data)
                if size > GOSSIP_BYTES:
                    break
                out.send_now.append(Send(peer, data))
        if any(self._is_wanted(evidence_id, self.known) for evidence_id in theirs):
            self._tell(peer, out)

    def _is_wanted(self, evidence_id: EvidenceId, known: Iterable[EvidenceId]) -> bool:
        """EV12: whether somebody who knows these would take it: it is new, not one too many, and of no later epoch."""
        if evidence_id.epoch > self._ledger.epoch:
            return False
        same = [one for one in known if one[:3] == evidence_id[:3]]
        return len(same) < EVIDENCE_EACH and evidence_id not in same


def describe(evidence: Evidence, guilty: Validator) -> str:
    """One sentence for people."""
    first, second = evidence.rounds
    rounds = f"round {second}" if first == second else f"rounds {first} and {second}"
    return f"{guilty.name} (validator {guilty.number}) {DEEDS[evidence.kind]} in epoch {evidence.epoch}, {rounds}"
