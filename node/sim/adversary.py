"""The liars of a run: each follows its steps, whose language is data (node.sim.directives.Step).

A liar is an honest process whose messages pass through here on their way out and in: hidden, held, replaced by a lie,
or followed by something more that it signs. A new attack is a new list of steps.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from chain.messages import Message
from node.sim.bending import Bender, Memory, frame, place_of
from node.sim.directives import Liar, Step
from node.sim.wire import Parcel, is_of, parsed

HEARD = "heard."


class Hand(NamedTuple):
    """What the world lends a liar."""

    bender: Callable[[int, int, Memory], Bender | None]
    """(process, epoch, memory) -> its hand in that epoch; None for a non-member."""
    round_of: Callable[[int], int]
    post: Callable[[int, int, Parcel], None]
    """Send to a validator's number."""
    peers: Sequence[int]
    """Numbers of all validators."""


class Adversary:
    """All liars."""

    def __init__(self, liars: Sequence[Liar], hand: Hand, counts: Counter[str]) -> None:
        """`counts` counts by strategy."""
        self._liars: dict[int, list[Liar]] = {}
        for liar in liars:
            self._liars.setdefault(liar.node, []).append(liar)
        self._hand, self._counts = hand, counts
        self._memory = {node: Memory() for node in self._liars}
        self._answers: set[tuple[int, int, bytes]] = set()
        """(liar, another liar, digest): what one has answered to the other. Twice would be an echo without end."""

    def is_liar(self, process: int) -> bool:
        """Whether it lies."""
        return process in self._liars

    def outgoing(self, sender: int, receiver: int, data: bytes) -> list[Parcel]:
        """What leaves a liar in the place of its own message."""
        message = parsed(data)
        self._memory[sender].note(message)
        parcels, own = [], Parcel(data)
        is_hidden = False
        for liar in self._liars[sender]:
            for step in liar.steps:
                if step.on.startswith(HEARD) or not self._applies(step, sender, receiver, data, message):
                    continue
                made = self._made(step, sender, message, data) if step.do in ("lie", "send") else []
                if step.do in ("lie", "send") and not made:
                    continue
                self._counts[liar.strategy] += 1
                if step.do == "hold":
                    own = _timed(step, self._hand.round_of(sender), data)
                elif step.do != "send":
                    is_hidden = True
                parcels += [_timed(step, self._hand.round_of(sender), lie) for lie in made]
        return parcels if is_hidden else [own, *parcels]

    def on_heard(self, receiver: int, sender: int, data: bytes) -> bool:
        """A message reached a liar: whether it goes on to its honest part."""
        message = parsed(data)
        memory = self._memory[receiver]
        memory.note(message)
        is_hidden = False
        for liar in self._liars[receiver]:
            for step in liar.steps:
                if not step.on.startswith(HEARD) or not self._applies(step, receiver, sender, data, message, to=False):
                    continue
                if step.do == "hide":
                    self._counts[liar.strategy] += 1
                    is_hidden = True
                    continue
                for lie in self._made(step, receiver, message, data):
                    if self._is_echo(receiver, sender, lie):
                        continue
                    self._counts[liar.strategy] += 1
                    for peer in self._hand.peers:
                        if peer != receiver and (step.to is None or peer in step.to):
                            self._hand.post(receiver, peer, _timed(step, self._hand.round_of(receiver), lie))
        return not is_hidden

    def _is_echo(self, node: int, sender: int, lie: bytes) -> bool:
        """Whether it has answered just that to this liar before."""
        if not self.is_liar(sender):
            return False
        answer = (node, sender, sha256(lie).digest())
        is_known = answer in self._answers
        self._answers.add(answer)
        return is_known

    def _applies(
        self, step: Step, node: int, peer: int, data: bytes, message: object, *, to: bool = True
    ) -> bool:  # fmt: skip
        """Whether a step is for this message."""
        if to and step.to is not None and peer not in step.to:
            return False
        kind = step.on.removeprefix(HEARD)
        if kind != "any" and not is_of(data, (kind,)):
            return False
        if step.rounds is None and step.from_round is None and step.to_round is None:
            return True
        round_ = place_of(message)[1] or self._hand.round_of(node)
        return (
            (step.rounds is None or round_ in step.rounds)
            and (step.from_round or 0) <= round_
            and (step.to_round is None or round_ <= step.to_round)
        )

    def _made(self, step: Step, node: int, message: object, data: bytes) -> list[bytes]:
        """The lies that a step makes of a message."""
        change = dict(step.change)
        if message is None:
            return []
        bender = self._hand.bender(node, place_of(message)[0], self._memory[node])
        if bender is None or set(change) <= {"bytes"}:
            return [frame(data, str(change.get("bytes", "")))] * step.times
        known: Message = message  # type: ignore[assignment] # what `parsed` reads is a message
        lies = [bender.bend(known, change, number) for number in range(step.times)]
        return [lie for lie in lies if lie is not None and lie != data]


def _timed(step: Step, round_: int, data: bytes) -> Parcel:
    """When a message leaves."""
    release_round = step.release_at_round
    if step.after_rounds:
        release_round = round_ + step.after_rounds
    return Parcel(data, step.us, step.release_at_us, release_round)
