"""Who listens to a run judges every honest validator, nobody else, and excuses exactly what was planted."""

from typing import Any

import pytest

from chain.errors import MithqalError
from chain.interface import Committed
from chain.messages import Vote, encode_message
from chain.primitives import SECOND_US, Hash
from node.sim.parties import START_US
from node.sim.scenario import Scenario
from node.sim.scenario_file import from_document
from node.sim.watch import ABSENCE_US, LINK_US
from node.sim.world import World
from tests.node.sim.said import R, Tip, certificate

PEACE = Scenario(duration_us=2 * SECOND_US, invalid_ppm=0)


@pytest.fixture
def world() -> World:
    """Four validators, none of which has started."""
    return World(PEACE, 1)


@pytest.fixture
def liars() -> World:
    """The same with a liar, validator 3."""
    return World(from_document({"byzantine": [{"node": 3, "strategy": "double_vote"}]}), 1)


def rules(world: World) -> list[tuple[str, int]]:
    """What was noticed since the last call."""
    found = [(item.rule, item.node) for item in world.violations]
    world.violations.clear()
    return found


def block(height: int, fill: int = 1) -> Committed:
    """An announcement without transactions."""
    return Committed(height, 10 + height, R[1], Hash(bytes([fill]) * 32), START_US + height, ())


# --- what a process says of itself ---


def test_a_refused_start_is_excused_only_where_the_disk_is_damaged(world: World, liars: World) -> None:
    """S6: 'a process that finds its disk damaged or old must not start; no other one may refuse'."""
    error = MithqalError("it does not start", name="wrong_epoch")
    world.watch.on_refused(0, error)
    assert rules(world) == [("S6_refused_start", 0)]
    assert world.faults["refused.wrong_epoch"] == 1
    world.watch.lost_records.add(0)
    world.watch.lost_disks.add(1)
    world.validators[2].disk.refuses = "corrupt_row"
    for node in range(4):
        world.watch.on_refused(node, error)
    assert rules(world) == [("S6_refused_start", 3)]
    liars.watch.on_refused(2, error)
    liars.watch.on_refused(3, error)
    assert rules(liars) == [("S6_refused_start", 2)]


def test_only_one_with_another_program_may_halt(world: World) -> None:
    """S7: 'only one whose results are not the others' halts by itself'."""
    world.validators[1].diverges = True
    for node in (0, 1):
        world.watch.on_halt(node, MithqalError("another root", name="execution_divergence"))
    assert rules(world) == [("S7_halt", 0)]
    assert world.faults["halted.execution_divergence"] == 2


@pytest.mark.parametrize("keeps_record", [True, False])
def test_a_lost_disk_binds_to_nothing_that_was_announced(world: World, keeps_record: bool) -> None:
    """S6 after a lost ledger asks nothing of it; its signing record is lost only if it was on that disk."""
    world.watch.ledgers.announced = {0: 9, 1: 9}
    world.watch.on_disk_lost(0, keeps_record=keeps_record)
    assert world.watch.lost_disks == {0}
    assert world.watch.lost_records == (set() if keeps_record else {0})
    for node in (0, 1):
        world.watch.on_start(node, Tip(5))
    assert rules(world) == [("S6_durability", 1)]


# --- S10 ---


@pytest.mark.parametrize(
    ("node", "name", "peer"),
    [(0, "bad_signature", 1), (0, "bad_signature", None), (0, "signing_record_new", None),
     (0, "execution_divergence", None), (0, "snapshot_refused", 1), (0, "conservation", None)],
)  # fmt: skip
def test_any_alarm_is_false_where_nobody_lies(world: World, node: int, name: str, peer: int | None) -> None:
    """S10: 'where nobody lies, no alarm at all'."""
    world.watch.on_alarm(node, name, peer)
    assert rules(world) == [("S10_false_alarm", node)]
    assert world.watch.alarms[name] == 1


@pytest.mark.parametrize(
    ("node", "name", "peer", "is_false"),
    [
        (0, "double_vote", 3, False),
        (0, "double_vote", 1, True),
        (0, "bad_header", None, False),
        (3, "double_vote", 1, False),
        (0, "safety_record_old", None, True),
        (0, "signing_record_new", None, True),
        (0, "signing_record_new", 3, False),
    ],
)
def test_where_one_lies_an_alarm_may_name_it_or_nobody(
    liars: World, node: int, name: str, peer: int | None, is_false: bool
) -> None:
    """S10: 'no alarm about an honest validator'; what one says of its own record names nobody, and is judged."""
    liars.watch.on_alarm(node, name, peer)
    assert rules(liars) == [("S10_false_alarm", node)] * is_false


def test_alarms_that_a_planted_fault_explains(world: World) -> None:
    """A lost record, a program that diverges: each excuses its own alarm, there, and nothing else."""
    world.watch.lost_records.add(2)
    world.faults["diverge"] = 1
    for node, name, peer in (
        (2, "signing_record_new", None), (2, "safety_record_old", None), (1, "execution_divergence", None),
    ):  # fmt: skip
        world.watch.on_alarm(node, name, peer)
    assert rules(world) == []
    for node, name, peer in ((1, "safety_record_old", None), (2, "bad_header", 1), (1, "execution_divergence", 0)):
        world.watch.on_alarm(node, name, peer)
        assert rules(world) == [("S10_false_alarm", node)], name


def test_a_bent_snapshot_excuses_alarms_about_who_gave_it() -> None:
    """S10: the liar about snapshots may be named for that, once it has lied; nobody else, and for nothing else."""
    world = World(Scenario(liar=2), 1)
    for lies, name, peer, is_false in (
        (0, "snapshot_refused", 2, True), (1, "snapshot_refused", 2, False),
        (1, "snapshot_refused", 1, True), (1, "bad_header", 2, True),
    ):  # fmt: skip
        world.faults["snapshot_lie"] = lies
        world.watch.on_alarm(0, name, peer)
        assert rules(world) == [("S10_false_alarm", 0)] * is_false, (lies, name, peer)


# --- who is judged ---


def vote(author: int, round_: int, fill: int) -> bytes:
    """A message."""
    return encode_message(Vote(certificate(round_, R[fill]).data, None, author, b"s" * 64))


def test_what_an_honest_validator_sends_is_judged_and_a_liar_is_not(liars: World) -> None:
    """S5 and S6 at once: the record on disk knows of neither vote."""
    for node in (0, 3):
        for fill in (1, 2):
            liars.watch.on_send(node, vote(node, 1, fill))
    found = [item for item in rules(liars) if item[0].startswith("S")]
    assert found == [("S6_unsynced_vote", 0), ("S5_double_vote", 0), ("S6_unsynced_vote", 0)]


def test_what_is_said_is_held_against_the_specification(world: World) -> None:
    """R: a vote for a block that nobody has seen is one thing, a second one of the round another."""
    for fill in (1, 2):
        world.watch.on_send(0, vote(0, 1, fill))
    world.watch.on_committed(1, block(1, 9))
    assert ("R_refinement", 1) in rules(world)


def test_announcements_of_the_honest_are_held_against_each_other(liars: World) -> None:
    """S1: two blocks of one height; of a liar's nothing is asked."""
    for node, fill in ((3, 3), (0, 1), (1, 1), (2, 2)):
        liars.watch.on_committed(node, block(1, fill))
    assert [item for item in rules(liars) if item[0].startswith("S")] == [("S1_agreement", 2)]
    assert liars.watch.ledgers.announced == {0: 1, 1: 1, 2: 1}


def test_a_start_from_an_older_disk_is_judged(liars: World) -> None:
    """S6: a height that was announced is never lost; a liar may lose what it likes."""
    liars.watch.ledgers.announced = {0: 7, 1: 7, 3: 7}
    for node, height in ((0, 7), (1, 6), (3, 6)):
        liars.watch.on_start(node, Tip(height))
    assert rules(liars) == [("S6_durability", 1)]


# --- the calm ---


def test_the_faults_stop_once(liars: World) -> None:
    """L1 counts from the highest height and the furthest round of that moment; of liars nothing is asked."""
    watch = liars.watch
    watch.ledgers.announced = {0: 4, 1: 9, 2: 5}
    watch.on_calm()
    assert (watch.is_calm, watch.calm_height) == (True, 9)
    watch.ledgers.announced[0] = 12
    watch.on_calm()
    assert watch.calm_height == 9
    watch.recovery.on_committed(0, 9, 3)
    watch.recovery.on_committed(1, 10, 3)
    watch.recovery.finish()
    assert rules(liars) == [("L1_liveness", 0), ("L1_liveness", 2)]


@pytest.mark.parametrize("gst_round", [None, 4])
def test_faults_by_round_stop_with_the_round(gst_round: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """`gst_round`: what waits for a round or a point does not happen any more; without it that lies before the calm."""
    world, calmed = World(from_document({} if gst_round is None else {"gst_round": gst_round}), 1), []
    monkeypatch.setattr(world.script, "calm", lambda: calmed.append(1))
    world.watch.on_calm()
    world.watch.on_calm()
    assert len(calmed) == (gst_round is not None)


def test_clients_break_the_rules_that_they_are_asked_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which kinds, and how often."""
    asked: list[Any] = []
    monkeypatch.setattr(world.workload, "break_rules", lambda kinds, count: asked.append((kinds, count)))
    world.watch.break_rules(("duplicate",), 7)
    assert asked == [(("duplicate",), 7)]


def test_rounds_are_not_asked_of_who_lost_its_ledger(world: World) -> None:
    """L1: 'one that lost its ledger at some time': a round above the bound is fine there, and nowhere else."""
    late = PEACE.max_rounds_to_recover + 1
    world.watch.lost_disks.add(1)
    world.watch.on_calm()
    for node in range(4):
        world.watch.recovery.on_committed(node, 1, late - (node > 1))
    assert rules(world) == [("L1_liveness", 0)]


# --- links ---


def test_links_come_and_go_with_their_processes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start and a crash are seen by all others LINK_US later; who is not there, by one that starts, ABSENCE_US."""
    assert (LINK_US, ABSENCE_US) == (1_500, 2 * SECOND_US)
    seen: list[tuple[int, int, int, bool]] = []
    start_us = world.scheduler.now_us
    for validator in world.validators:

        def note(peer: int, is_up: bool, index: int = validator.index) -> None:
            seen.append((world.scheduler.now_us - start_us, index, peer, is_up))

        monkeypatch.setattr(validator, "note_link", note)
    machine: Any = object()
    for index in (0, 1, 2):
        world.validators[index].machine = machine
    world.watch.on_start(0, Tip(0))
    world.scheduler.run_until(start_us + ABSENCE_US)
    assert seen == [(LINK_US, other, 0, True) for other in (1, 2, 3)] + [(ABSENCE_US, 0, 3, False)]
    seen.clear()
    world.watch.on_crash(2)
    world.scheduler.run_until(start_us + 2 * ABSENCE_US)
    assert seen == [(ABSENCE_US + LINK_US, other, 2, False) for other in (0, 1, 3)]
