"""Links delay, keep order, and do only the harm that a fault asks for; each fault that fires is counted."""

from collections import Counter

from chain.messages import MESSAGE_TYPES
from node.sim.entropy import Entropy
from node.sim.network import Links, Network
from node.sim.scheduler import Scheduler

VOTE, PROPOSAL = bytes([0x92, 1]), bytes([0x92, 0])


class Rig:
    """A network whose arrivals are recorded as (time, sender, receiver, data)."""

    def __init__(self, **knobs: int) -> None:
        self.scheduler = Scheduler(0)
        self.faults: Counter[str] = Counter()
        self.arrived: list[tuple[int, int, int, bytes]] = []
        links = Links(**{"delay_us": 100, "jitter_us": 0, **knobs})
        self.network = Network(self.scheduler, Entropy(1).stream("network"), links, self.deliver, self.faults)

    def deliver(self, sender: int, receiver: int, data: bytes) -> None:
        self.arrived.append((self.scheduler.now_us, sender, receiver, data))


def test_delay_is_exact_without_jitter() -> None:
    """Arrival = sending + delay."""
    rig = Rig()
    rig.network.send(0, 1, b"x")
    rig.scheduler.run_until(1_000)
    assert rig.arrived == [(100, 0, 1, b"x")]
    assert rig.faults == Counter()


def test_jitter_keeps_the_order_of_a_link() -> None:
    """A link keeps order, as TCP does, and stays within delay .. delay + jitter."""
    rig = Rig(jitter_us=50)
    for number in range(200):
        rig.network.send(0, 1, bytes([number]))
    rig.scheduler.run_until(1_000)
    assert [data[0] for _, _, _, data in rig.arrived] == list(range(200))
    assert {100 <= time_us <= 150 for time_us, _, _, _ in rig.arrived} == {True}
    assert rig.arrived[0][0] < rig.arrived[-1][0]


def test_reorder_breaks_the_order() -> None:
    """The fault `reorder` lets messages overtake each other, and counts each that it picked."""
    rig = Rig(jitter_us=50, reorder_ppm=500_000)
    for number in range(200):
        rig.scheduler.at(number, rig.network.send, 0, 1, bytes([number]))
    rig.scheduler.run_until(10_000)
    order = [data[0] for _, _, _, data in rig.arrived]
    assert sorted(order) == list(range(200))
    assert order != sorted(order)
    assert 60 < rig.faults["reorder"] < 140


def test_loss_and_duplicates_are_counted_exactly() -> None:
    """Arrivals = sent - loss + duplicate."""
    rig = Rig(loss_ppm=200_000, duplicate_ppm=100_000)
    for _ in range(1_000):
        rig.network.send(0, 1, b"x")
    rig.scheduler.run_until(1_000)
    assert len(rig.arrived) == 1_000 - rig.faults["loss"] + rig.faults["duplicate"]
    assert rig.faults["loss"] > 100
    assert rig.faults["duplicate"] > 50
    assert rig.network.sent == 1_000


def test_a_spike_delays_by_at_most_its_length() -> None:
    """The fault `delay` adds 1 .. spike_us."""
    rig = Rig(spike_ppm=1_000_000, spike_us=10)
    rig.network.send(0, 1, b"x")
    rig.scheduler.run_until(1_000)
    assert 101 <= rig.arrived[0][0] <= 110
    assert rig.faults["delay"] == 1


def test_partition_separates_groups_only() -> None:
    """Only members of one group hear each other; unnamed nodes form a group of their own."""
    rig = Rig()
    rig.network.partition([[0, 1], [2]])
    for sender, receiver in ((0, 1), (0, 2), (2, 0), (3, 4), (3, 2)):
        rig.network.send(sender, receiver, b"x")
    rig.network.partition([])
    rig.network.send(0, 2, b"healed")
    rig.scheduler.run_until(1_000)
    assert sorted(item[1:] for item in rig.arrived) == [(0, 1, b"x"), (0, 2, b"healed"), (3, 4, b"x")]
    assert rig.faults == Counter(partition=3)


def test_hold_keeps_one_kind_until_its_time() -> None:
    """Messages of a held kind arrive no earlier than asked; other kinds are free on other links."""
    assert [name for name, _ in MESSAGE_TYPES[:2]] == ["proposal", "vote"]
    rig = Rig()
    rig.network.hold("vote", 700)
    rig.network.send(0, 1, VOTE)
    rig.network.send(0, 2, PROPOSAL)
    rig.scheduler.run_until(1_000)
    assert rig.arrived == [(100, 0, 2, PROPOSAL), (700, 0, 1, VOTE)]
    assert rig.faults == Counter(hold=1)


def test_calm_ends_every_fault() -> None:
    """Faults stop: only delay and jitter remain."""
    rig = Rig(loss_ppm=1_000_000, duplicate_ppm=1_000_000, reorder_ppm=1_000_000, spike_ppm=1_000_000)
    rig.network.partition([[0], [1]])
    rig.network.hold("vote", 900)
    rig.network.calm()
    rig.network.send(0, 1, VOTE)
    rig.scheduler.run_until(1_000)
    assert rig.arrived == [(100, 0, 1, VOTE)]
    assert rig.faults == Counter()
