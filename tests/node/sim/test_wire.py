"""Rules of links: which messages they take, from when on, and that none is asked for longer than it stands."""

from collections import Counter

import pytest

from chain.messages import BlockRequest, encode_message
from chain.primitives import Hash
from node.sim.directives import Rule
from node.sim.entropy import Entropy
from node.sim.scheduler import Scheduler
from node.sim.wire import Wire

DATA = encode_message(BlockRequest(Hash(bytes(32)), 7))
"""A message without a round: it counts for the one that its sender is in."""


class Rig:
    """Three validators, of whom the last has a twin, and what arrives on links below the rules."""

    def __init__(self, *rules: Rule) -> None:
        self.scheduler, self.counts = Scheduler(0), Counter[str]()
        self.arrived: list[tuple[int, int]] = []
        self.rounds = [1, 1, 1, 1]
        stream = Entropy(1).stream("rules")
        self.wire = Wire(self.scheduler, self, stream, self.counts, [0, 1, 2, 2], lambda process: self.rounds[process])
        for rule in rules:
            self.wire.add(rule)

    def send(self, sender: int, receiver: int, data: bytes) -> None:
        """As links do."""
        assert data == DATA
        self.arrived.append((sender, receiver))

    def sent(self, *links: tuple[int, int]) -> list[tuple[int, int]]:
        """What arrives at once when each sends to a number."""
        self.arrived.clear()
        for sender, receiver in links:
            self.wire.send(sender, receiver, DATA)
        return list(self.arrived)


def test_a_number_is_all_its_other_processes() -> None:
    """A twin hears what its number hears, and what the other one sends to the number; beyond the last is nobody."""
    rig = Rig()
    assert rig.sent((0, 1), (0, 2), (2, 2), (3, 2), (1, 4)) == [(0, 1), (0, 2), (0, 3), (2, 3), (3, 2)]


@pytest.mark.parametrize(
    ("rule", "passed"),
    [
        (Rule("drop"), []),
        (Rule("drop", src=(0,)), [(1, 0), (2, 1)]),
        (Rule("drop", dst=(0,)), [(0, 1), (2, 1)]),
        (Rule("drop", src=(0, 2), dst=(1,)), [(1, 0)]),
        (Rule("drop", types=("vote",)), [(0, 1), (1, 0), (2, 1)]),
        (Rule("drop", types=("block_request",)), []),
    ],
)
def test_a_rule_is_for_the_messages_that_it_names(rule: Rule, passed: list[tuple[int, int]]) -> None:
    """Sender, receiver and kind; what is not said matches all."""
    rig = Rig(rule)
    for _ in range(2):  # the second time the link's rules are known
        assert rig.sent((0, 1), (1, 0), (2, 1)) == passed
    assert rig.counts == Counter({"rule.drop": 2 * (3 - len(passed))} if len(passed) < 3 else {})


def test_a_rule_that_comes_later_holds_from_then_on() -> None:
    """Also for a link that was in use before; and no rule holds after `heal`."""
    rig = Rig(Rule("drop", src=(1,)))
    assert rig.sent((0, 1), (1, 0)) == [(0, 1)]
    rig.wire.add(Rule("drop", src=(0,)))
    assert rig.sent((0, 1), (1, 0)) == []
    rig.wire.heal()
    assert rig.sent((0, 1), (1, 0)) == [(0, 1), (1, 0)]


def test_a_rule_has_a_beginning_and_an_end() -> None:
    """From the first microsecond on, until the last, which is excluded."""
    rig = Rig(Rule("drop", from_us=10, to_us=20))
    passed = []
    for at_us in (9, 10, 19, 20):
        rig.scheduler.run_until(at_us)
        passed.append(len(rig.sent((0, 1))))
    assert passed == [1, 0, 0, 1]


def test_a_rule_of_a_round_ends_so_long_after_the_round_began() -> None:
    """`for_us` counts from when somebody honest entered `from_round`; both rounds are included."""
    rig = Rig(Rule("drop", from_round=2, to_round=3, for_us=100))
    assert len(rig.sent((0, 1))) == 1
    rig.rounds[0] = 2
    rig.scheduler.run_until(1_000)
    assert rig.sent((0, 1)) == []  # nobody honest is there yet: no end is set
    rig.wire.on_round(2)
    rig.rounds[0] = 3
    rig.scheduler.run_until(1_099)
    assert rig.sent((0, 1)) == []
    rig.wire.on_round(3)  # the end stays where it is
    rig.scheduler.run_until(1_100)
    assert len(rig.sent((0, 1))) == 1
    rig.rounds[0] = 4
    assert len(rig.sent((0, 1))) == 1
