"""Runs are held against the specification: a faithful run refines it, and each way to leave it is noticed."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from chain.block import Block
from chain.certificates import QuorumCertificate
from chain.consensus.leader import elect
from chain.consensus.machine import ConsensusMachine
from chain.consensus.safety import SafetyRules
from chain.interface import Committed
from chain.messages import Message, Proposal, Timeout, Vote
from chain.primitives import Hash
from chain.validators import ValidatorSet
from node.sim import refinement, spec
from node.sim.checkers import Violation
from node.sim.coverage import digest
from node.sim.refinement import RULE, Refinement, signed_check
from node.sim.result import Result
from node.sim.scenario_file import read_scenario
from node.sim.world import World
from node.storage.memory import MemoryStore

EVENTFUL = {
    "duration_ms": 7_000,
    "gst_ms": 5_000,
    "clients": {"accounts": 4, "payments_per_s": 20},
    "epochs": [{"at_ms": 2_500, "add": [4]}],
    "faults": [{"do": "crash", "node": 1, "at_ms": 1_800, "for_ms": 700}],
    "rules": [{"do": "drop", "types": ["vote", "proposal"], "from_ms": 3_500, "to_ms": 4_800, "chance": 0.4}],
}
"""A crash, failed rounds and a new epoch."""


class Heard(NamedTuple):
    """One call: its name and what came with it."""

    name: str
    node: int
    what: Any = None


class Recording(NamedTuple):
    """A run as the refinement was told of it."""

    events: list[Heard]
    world: World
    result: Result

    def replay(
        self, bend: Callable[[Heard], Iterator[Heard]] | None = None, faulty: tuple[int, ...] = (),
        is_signed: Callable[[ValidatorSet, Block], bool] | None = None,
    ) -> Refinement:  # fmt: skip
        """Tell another one, each event replaced by what `bend` makes of it."""
        found: list[Violation] = []
        watched = self.world.watch.refinement
        fresh = Refinement(found, watched._sets, faulty, elect, is_signed or watched._is_signed)
        for event in self.events:
            for heard in (event,) if bend is None else bend(event):
                tell(fresh, heard, self.world)
        return fresh

    def first(self, kind: type[Message], wanted: Callable[[Any], bool] = lambda _: True) -> Heard:
        """The first message of a kind."""
        return next(event for event in self.events if isinstance(event.what, kind) and wanted(event.what))

    def rules(self, old: Heard, *new: Heard) -> list[str]:
        """The rules that are broken if the new events stand in the place of the old one."""
        return rules(self.replay(lambda event: iter(new if event is old else (event,))))


def tell(fresh: Refinement, heard: Heard, world: World) -> None:
    """One event."""
    if heard.name == "on_message":
        fresh.on_message(heard.node, heard.what, world.validators[heard.node].disk.store)
    elif heard.name == "on_committed":
        fresh.on_committed(heard.node, heard.what)
    else:
        getattr(fresh, heard.name)(heard.node)


def rules(fresh: Refinement) -> list[str]:
    """What it found: the text after the action, up to the rule's number."""
    assert all(violation.rule == RULE for violation in fresh._violations)
    return [rule_of(violation) for violation in fresh._violations]


def rule_of(violation: Violation) -> str:
    """The first number that it cites, or all of its text."""
    cited = re.search(r"(?:^|: )([A-Z]\d+)[:,]", violation.text)
    return violation.text if cited is None else cited[1]


@pytest.fixture(scope="module")
def run() -> Recording:
    """One eventful run."""
    world, events = World(read_scenario(json.dumps(EVENTFUL)), 3), []
    watched = world.watch.refinement

    def watch(name: str) -> None:
        original = getattr(watched, name)

        def call(node: int, *args: Any) -> None:
            if not args or args[0] is not None:
                events.append(Heard(name, node, *args[:1]))
            original(node, *args)

        setattr(watched, name, call)

    for name in ("on_message", "on_committed", "on_crash", "on_start"):
        watch(name)
    return Recording(events, world, world.run())


def test_a_run_refines_the_specification(run: Recording) -> None:
    """A crash, failed rounds and an epoch's end: every message is an enabled action."""
    assert run.result.violations == ()
    told = run.replay()
    assert rules(told) == []
    assert told.states == run.result.states
    assert len(told.states) > 100
    old, new = told._epochs[1], told._epochs[2]
    assert old is not None
    assert new is not None
    assert (old.is_over, new.is_over, len(new.validators)) == (True, False, 5)
    assert all(validator.has_left for validator in old.validators)
    assert any(here.tcs for here in new.rounds)


def test_states_are_the_same_in_every_process(run: Recording) -> None:
    """A state's name is a digest of what it is, never Python's hash(): a value that was computed once."""
    again = World(read_scenario(json.dumps(EVENTFUL)), 3).run()
    assert again.states == run.result.states
    assert digest((4, 0, False, (), (512, 512))) == 13872486479334403675


def test_every_signer_has_made_the_statement(run: Recording) -> None:
    """'A certificate of statements nobody made' (Q3): a vote that its signer did not send is missed."""
    shown = run.first(Proposal, lambda proposal: proposal.block.round == 9)
    signer = shown.what.block.parent_qc.signatures[1][0]
    vote = run.first(Vote, lambda vote: vote.data.round == 8 and vote.author == signer)
    assert "Q3" in run.rules(vote)


def test_a_vote_commits_by_the_rule_only(run: Recording) -> None:
    """P3: a vote that commits across a gap, or forgets to commit."""
    vote = run.first(Vote, lambda vote: vote.commit is not None)
    assert run.rules(vote, vote._replace(what=vote.what._replace(commit=None)))[0] == "P3"
    info = vote.what.commit
    gap = run.first(Vote, lambda vote: vote.data.parent_round + 1 < vote.data.round)
    assert run.rules(gap, gap._replace(what=gap.what._replace(commit=info)))[0] == "P3"


def test_one_vote_a_round(run: Recording) -> None:
    """P1: another result for the same block in the same round."""
    vote = run.first(Vote)
    second = vote.what._replace(data=vote.what.data._replace(root=bytes(32)))
    assert run.rules(vote, vote, vote._replace(what=second)) == ["P1"]


def test_a_time_out_shows_the_lock(run: Recording) -> None:
    """P5: a time-out under its lock; and one that shows a certificate nobody signed."""
    timeout = run.first(Timeout, lambda timeout: timeout.sync.high_qc.round > 3)
    low = run.first(Proposal, lambda proposal: proposal.block.parent_qc.round == 2).what.block.parent_qc
    stale = timeout.what._replace(sync=timeout.what.sync._replace(high_qc=low))
    assert run.rules(timeout, timeout._replace(what=stale))[0] == "P5"
    high: QuorumCertificate = timeout.what.sync.high_qc
    forged = high._replace(data=high.data._replace(round=high.round + 1, block_id=Hash(bytes(32))))
    claim = timeout.what._replace(round=high.round + 2, sync=timeout.what.sync._replace(high_qc=forged))
    assert run.rules(timeout, timeout._replace(what=claim))[:2] == ["Q3", "P5"]


def test_a_timeout_certificate_counts_for_its_highest(run: Recording) -> None:
    """Q7, Q3: a lower certificate in it, or a round that a signer did not show."""
    shown = run.first(Timeout, lambda timeout: timeout.sync.tc is not None)
    sync, tc = shown.what.sync, shown.what.sync.tc
    low = run.first(Proposal, lambda proposal: proposal.block.round == 3 and proposal.block.header.epoch == tc.epoch)
    lower = tc._replace(high_qc=low.what.block.parent_qc)
    assert "Q7" in run.rules(shown, shown._replace(what=shown.what._replace(sync=sync._replace(tc=lower))))
    others = tc._replace(entries=tuple((author, max(high - 1, 0), sig) for author, high, sig in tc.entries))
    assert "Q3" in run.rules(shown, shown._replace(what=shown.what._replace(sync=sync._replace(tc=others))))


def test_proposals(run: Recording) -> None:
    """P8, R1: two proposals a round; a vote for a block that its leader never proposed."""
    shown = run.first(Proposal)
    rival = shown.what._replace(block=shown.what.block._replace(id=bytes(32)))
    assert run.rules(shown, shown, shown._replace(what=rival)) == ["P8"]
    assert "R1" in run.rules(shown)


def test_only_what_is_decided_is_announced(run: Recording) -> None:
    """R13: a block that is announced before its child's certificate can exist; one that nobody voted for."""
    event = next(event for event in run.events if event.name == "on_committed")
    early = run.first(Vote, lambda vote: vote.data.block_id == event.what.block_id)
    assert run.rules(early, early, event) == ["R13"]
    unknown = event._replace(what=event.what._replace(block_id=bytes(32)))
    found = run.replay(lambda other: iter((other, unknown) if other is event else (other,)))
    assert [violation.text for violation in found._violations] == [
        f"announced height {event.what.height}: nobody honest has voted for that block"
    ]


def test_followers_are_asked_too(run: Recording) -> None:
    """R13 holds for one that is no member of the epoch: the spare."""
    event = next(event for event in run.events if event.name == "on_committed" and event.node == 4)
    early = run.first(Vote, lambda vote: vote.data.block_id == event.what.block_id)
    found = run.replay(lambda other: iter((other, event) if other is early else (other,)))
    assert [violation.node for violation in found._violations] == [4]
    spoken = run.first(Vote, lambda vote: vote.data.epoch == 1)
    found = run.replay(lambda other: iter((other, other._replace(node=4)) if other is spoken else (other,)))
    assert "it is no member" in found._violations[0].text


def test_epochs_follow_each_other(run: Recording) -> None:
    """E5, E8: nobody speaks in an epoch before the one below is over, or in one that it has left."""
    later = run.first(Vote, lambda vote: vote.data.epoch == 2)
    start = run.first(Vote, lambda vote: vote.data.round == 3)
    assert run.rules(start, later._replace(node=start.node), start)[0] == "E5"
    last = [event for event in run.events if isinstance(event.what, Timeout | Vote) and event.node == later.node][-1]
    old = run.first(Vote, lambda vote: vote.data.epoch == 1 and vote.author == 2)
    changed = old.what._replace(data=old.what.data._replace(root=bytes(32)))
    assert run.rules(last, last, old._replace(node=2, what=changed))[-1] == "E8"


def test_the_dead_are_silent(run: Recording) -> None:
    """A crash that the validator does not notice."""
    vote = run.first(Vote, lambda vote: vote.data.round == 5)
    found = run.replay(lambda event: iter((Heard("on_crash", vote.node), event) if event is vote else (event,)))
    assert found._violations[0].text == "vote of round 5: a process that is down says nothing"


def liar_of(run: Recording) -> int:
    """Whose blocks are on disks at the end of the run: not the author of the last one of epoch 1."""
    proposals = [event for event in run.events if isinstance(event.what, Proposal)]
    last = max(
        (event for event in proposals if event.what.block.header.epoch == 1), key=lambda one: one.what.block.round
    )
    return next(node for node in (2, 3) if node != last.node)


def test_nothing_is_asked_of_the_faulty(run: Recording) -> None:
    """A liar's words are no violation, its signatures count; with a third of them nothing is judged."""
    liar = liar_of(run)
    vote = run.first(Vote, lambda vote: vote.author == liar)
    second = vote._replace(what=vote.what._replace(data=vote.what.data._replace(root=bytes(32))))
    bend = lambda event: iter((event, second) if event is vote else (event,))  # noqa: E731
    assert rules(run.replay(bend)) == ["P1"]
    others = [event for event in run.events if not (isinstance(event.what, Vote | Timeout) and event.node == liar)]
    assert rules(run._replace(events=others).replay(faulty=(liar,))) == []
    many = run.replay(bend, faulty=(1, liar))
    assert rules(many) == []
    assert many._epochs[1] is None


def test_a_vote_needs_the_leaders_signature(run: Recording) -> None:
    """R1: 'a vote is for a block that its leader signed': what nobody heard its author propose is looked at on the
    voter's disk, signature included."""
    liar = liar_of(run)
    votes = [event.what.data.block_id for event in run.events if isinstance(event.what, Vote)]
    block = run.first(Proposal, lambda said: said.block.header.author == liar and votes.count(said.block.id) == 4)[
        2
    ].block
    assert rules(run.replay(faulty=(liar,))) == []
    unsigned = run.replay(faulty=(liar,), is_signed=lambda _, other: other.id != block.id)
    first = unsigned._violations[0]
    assert first.text.startswith(f"vote of round {block.round}: R1: a vote is for a block that its leader signed")
    assert first.node != liar


def test_whose_signature_a_block_carries(run: Recording) -> None:
    """One bit of it, of the header, or another member's key is another signature."""
    block = run.first(Proposal).what.block
    members, author = run.world.watch.refinement._sets[1], block.header.author
    is_signed = signed_check(run.world.parties.chain[1], run.world.signatures)
    assert is_signed(members, block)
    flipped = bytes([block.signature[0] ^ 1, *block.signature[1:]])
    other = block.header._replace(author=(author + 1) % 4)
    later = block.header._replace(timestamp_us=block.header.timestamp_us + 1)
    for bad in (block._replace(signature=flipped), block._replace(header=other), block._replace(header=later)):
        assert not is_signed(members, bad)
    assert not signed_check(bytes(32), run.world.signatures)(members, block)


def test_memory_is_bounded(run: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old rounds and epochs are forgotten, and what is said about them is not judged."""
    monkeypatch.setattr(refinement, "WINDOW", 8)
    monkeypatch.setattr(refinement, "EPOCHS", 1)
    told = run.replay()
    assert rules(told) == []
    state = told._epochs[2]
    assert list(told._epochs) == [2]
    assert state is not None
    assert told._floors[2] > 20
    assert sum(bool(here.votes) for here in state.rounds) <= 24
    assert len(told._blocks[2]) <= 24
    for event in run.events:
        tell(told, event, run.world)
    assert {violation.text.partition(" ")[0] for violation in told._violations} <= {"vote", "time-out", "proposal"}


def test_genesis_is_one(run: Recording) -> None:
    """Q1: whoever shows another certificate of round 0 is named; what was said before genesis was seen stays."""
    early = run.first(Timeout, lambda timeout: timeout.sync.high_qc.round > 0)
    first = run.first(Proposal).what.block.parent_qc
    assert first.round == 0
    other = first._replace(data=first.data._replace(block_id=Hash(bytes(32))))
    shown = early._replace(what=early.what._replace(sync=early.what.sync._replace(high_commit=other)))
    found = run.replay(lambda event: iter((shown, event) if event is early else (event,)))
    assert [(item.node, item.text) for item in found._violations] == [
        (early.node, "Q1: two certificates of round 0")
    ]  # fmt: skip
    violations: list[Violation] = []
    fresh = Refinement(violations, run.world.watch.refinement._sets, (), elect, lambda *_: True)
    vote = run.first(Vote, lambda vote: vote.data.round == 3)
    fresh.on_message(vote.node, vote.what, MemoryStore())
    fresh._see_qc(0, first)
    state = fresh._epochs[1]
    assert state is not None
    assert state.rounds[0].certified is not None
    assert {said.block for _, said in state.rounds[3].votes} == {vote.what.data.block_id}


def test_old_certificates_are_not_judged(run: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the window nothing is known: what shows a certificate of an old round is no violation."""
    monkeypatch.setattr(refinement, "WINDOW", 8)
    old = run.first(Proposal, lambda one: one.block.header.epoch == 2 and one.block.parent_qc.round == 3)
    told = run.replay()
    assert told._floors[2] > 4
    late = [event for event in run.events if isinstance(event.what, Proposal)][-1]
    shown = late.what._replace(high_commit=old.what.block.parent_qc)
    tell(told, late._replace(what=shown), run.world)
    assert rules(told) == []


def test_a_view_without_its_block_counts_as_said() -> None:
    """A vote for a block that nobody can look at any more: those beside it, and the rounds above, stay."""
    state = spec.begin(1, 4, (), int, "genesis")
    said = spec.Statement(2, "b", 1, "a", commits=True)
    for who, round_ in ((0, 2), (1, 4), (2, 2)):
        state = refinement._heard(state, who, said._replace(round=round_))
    assert [len(here.votes) for here in state.rounds] == [0, 0, 2, 0, 1]
    assert state.rounds[2].votes == {(0, said), (2, said)}


def test_reports_are_few(run: Recording) -> None:
    """After so many violations the rest is left out."""
    found = run.replay(lambda event: iter(() if event.node == 2 and event.name == "on_message" else (event,)))
    assert len(found._violations) == refinement.MOST_REPORTS < found._reports


# --- planted bugs in the real code ---

LOSSY = {
    "duration_ms": 9_000,
    "gst_ms": 8_000,
    "clients": {"accounts": 4, "payments_per_s": 20},
    "rules": [
        {"do": "drop", "types": ["proposal"], "from_ms": 1_500, "to_ms": 7_500, "chance": 0.3},
        {"do": "delay", "ms": 1_500, "types": ["proposal"], "from_ms": 1_500, "to_ms": 7_500, "chance": 0.2},
        {"do": "drop", "types": ["vote"], "from_ms": 1_500, "to_ms": 7_500, "chance": 0.3},
        {"do": "drop", "types": ["timeout"], "from_ms": 1_500, "to_ms": 7_500, "chance": 0.7},
    ],
}


def broken(seed: int = 1) -> set[str]:
    """The rules of the specification that a run with the bug breaks."""
    world = World(read_scenario(json.dumps(LOSSY)), seed)
    world.run()
    return {rule_of(violation) for violation in world.watch.refinement._violations if violation.rule == RULE}


def test_the_lossy_run_is_sound() -> None:
    """The control: without a bug nothing is broken."""
    assert broken() == set()


def test_a_vote_after_a_time_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap T9 in the real safety module."""
    original = SafetyRules.timeout

    def timeout(self: SafetyRules, *args: Any) -> bytes:
        before = self.record.voted_round
        signature = original(self, *args)
        self.record = self.record._replace(voted_round=before)
        return signature

    monkeypatch.setattr(SafetyRules, "timeout", timeout)
    assert "P1" in broken()


def test_a_commit_across_a_gap_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trap T8: the machine commits whatever has a certified child."""
    original = ConsensusMachine._commit

    def commit(self: ConsensusMachine, out: Any) -> None:
        original(self, out)
        if self.high_commit.round < self.high_qc.round and not self.ended:
            path = self.tree.path(self.high_qc.block_id)
            if path:
                blocks = [(node.block, node.result) for node in path if node.block is not None]
                self._make_final(blocks, self.high_qc, out)

    monkeypatch.setattr(ConsensusMachine, "_commit", commit)
    assert "R13" in broken()


def test_an_announcement_is_a_value() -> None:
    """An empty refinement knows nothing that could be final."""
    found: list[Violation] = []
    Refinement(found, {}, (), elect, lambda *_: True).on_committed(0, Committed(1, 1, b"", b"x", 1, ()))
    assert [violation.rule for violation in found] == [RULE]
    assert refinement.find_block(MemoryStore(), b"x" * 32) is None
