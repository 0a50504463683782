"""S10 in whole runs: liars of each kind are named at every honest validator, nobody else is; the checker can fail."""

from collections import Counter
from typing import Any

import pytest

from chain.accountability import Accountability
from chain.consensus.witness import Witness
from chain.crypto.signing import SignatureCheck
from chain.storage import Column, WriteBatch
from node.sim.accountability import Guilt, Life, Signed, contradict, stored
from node.sim.result import Result
from node.sim.scenario_file import from_document
from node.sim.world import World
from tests.accusations import Liar
from tests.builders import key

SHORT: dict[str, Any] = {
    "duration_ms": 10_500, "gst_ms": 5_000, "clients": {"accounts": 0},
    "link": {"delay_ms": 20, "jitter_ms": 15, "loss": 0.03},
}  # fmt: skip
NOISE = [
    {"do": "crash", "node": 1, "at_ms": 500, "for_ms": 400},
    {"do": "partition", "at_ms": 800, "for_ms": 600, "groups": [[0, 2], [1, 3]]},
]


DROPPED = [{"types": ["proposal"], "from_round": 4, "to_round": 4, "src": [0, 1, 2], "do": "drop"}]
"""A round without a proposal, which ends by time-outs."""


def played(**said: Any) -> tuple[World, Result]:
    """A short run with losses, a crash and a partition."""
    world = World(from_document({**SHORT, "faults": NOISE, **said}), 1)
    return world, world.run()


def named(world: World) -> list[set[tuple[str, int]]]:
    """Kind and author, at each process that is not faulty."""
    honest = [validator for validator in world.validators if validator.index not in world.watch.faulty]
    return [{(one.id.name, one.author) for one in stored(validator)} for validator in honest]


@pytest.mark.parametrize(
    ("strategy", "kinds"),
    [
        ("equivocate_proposal", {"double_proposal", "double_vote"}),
        ("double_vote", {"double_vote"}),
        ("stale_qc_in_timeout", {"lock_lie"}),
    ],
)
def test_a_liar_is_named_by_all(strategy: str, kinds: set[str]) -> None:
    """Though messages are lost, one validator is down and the network is cut when it lies."""
    world, result = played(byzantine=[{"node": 3, "strategy": strategy, "to_round": 12}], rules=DROPPED)
    assert result.violations == ()
    assert named(world) == [{(kind, 3) for kind in kinds}] * 3
    assert set(world.bystander._seen) == {3}, "the checker has seen it too, and asked for evidence"
    assert (result.guilt.observed, result.guilt.proved, result.guilt.against_honest) == (1, 1, 0)
    ids = {one.id for validator in world.validators[:3] for one in stored(validator)}
    assert dict(result.guilt.evidence) == Counter(one.name for one in ids)


def test_twins_are_named() -> None:
    """Two processes with one key are a liar, whoever runs them."""
    world, result = played(twins=[[2]], faults=[])
    assert result.violations == ()
    for found in named(world):
        assert found >= {("double_vote", 2), ("double_proposal", 2)}
        assert {author for _, author in found} == {2}


def test_forged_evidence_names_nobody_but_its_maker() -> None:
    """evidence_forgery: honest votes with a second one that the accused never signed; each is refused, and an alarm
    names whoever sent it."""
    world, result = played(byzantine=[{"node": 3, "strategy": "evidence_forgery", "to_round": 20}])
    assert result.violations == ()
    assert named(world) == [set()] * 3
    assert result.alarms["bad_signature"] > 20


@pytest.mark.parametrize("seed", range(2))
def test_crashes_and_repeats_make_no_evidence(seed: int) -> None:
    """Nobody lies: whatever crashes at whatever point of its votes, time-outs and proposals, and comes back."""
    faults = [
        {"at_point": f"{what}.{stage}", "nth": nth, "node": (nth + at) % 4, "do": "crash.at", "for_ms": 150}
        for at, what in enumerate(("vote", "timeout", "proposal"))
        for stage in ("computed", "written", "synced", "sent")
        for nth in (2 + seed, 7 + seed)
    ]
    world = World(from_document({**SHORT, "faults": faults}), seed)
    result = world.run()
    assert result.faults["crash.at"] > 4
    assert [item for item in result.violations if item.rule.startswith("S")] == []
    assert named(world) == [set()] * 4
    assert not [name for name in result.alarms if name.startswith("evidence")]
    assert result.guilt == Guilt()


# --- the checker can fail ---


def test_evidence_that_gets_lost_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: validators find lies, and neither store nor tell them."""
    monkeypatch.setattr(Accountability, "report", lambda *_: None)
    _, result = played(byzantine=[{"node": 3, "strategy": "double_vote", "to_round": 12}])
    assert {(item.rule, item.node) for item in result.violations} == {("S10_no_evidence", node) for node in range(3)}
    assert result.guilt == Guilt(observed=1)


def test_lies_that_nobody_looks_for_are_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the witness sleeps; the bystander does not."""
    monkeypatch.setattr(Witness, "_accuse", lambda *_: None)
    _, result = played(byzantine=[{"node": 3, "strategy": "equivocate_proposal", "to_round": 12}])
    assert "S10_no_evidence" in {item.rule for item in result.violations}


def test_gossip_that_stops_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: evidence stays with whoever found it; the liar lies to one validator alone."""

    def report(self: Any, evidence: Any, now_us: int, out: Any) -> None:
        if evidence.id not in self.known:
            out.persist.rows.append((Column.EVIDENCE, len(self.known), evidence.to_bytes()))
            self.known[evidence.id] = evidence

    monkeypatch.setattr(Accountability, "report", report)
    lie = {"on": "vote", "do": "send", "to": [0], "change": {"block": "other", "commit": "none"}}
    _, result = played(byzantine=[{"node": 3, "steps": [lie]}], faults=[])
    assert {(item.rule, item.node) for item in result.violations} == {("S10_no_evidence", node) for node in (1, 2)}


def test_evidence_against_an_honest_validator_is_a_violation() -> None:
    """Planted on a disk: made with that validator's key, which nobody but it has."""
    world = World(from_document({**SHORT, "duration_ms": 5_500}), 1)
    signer, genesis_hash = world.parties.consensus_keys[1][0], world.parties.chain[1]
    disk = world.validators[0].disk
    disk.store.write(WriteBatch(rows=[(Column.EVIDENCE, 0, Liar(signer, genesis_hash, 1).double_vote().to_bytes())]))
    forged = Liar(key(1), genesis_hash, 2).lock_lie()
    disk.store.write(WriteBatch(rows=[(Column.EVIDENCE, 1, forged.to_bytes())]))
    result = world.run()
    assert result.guilt == Guilt(evidence=(("double_vote", 1), ("lock_lie", 1)), against_honest=2)
    texts = [(item.node, item.detail) for item in _false(result)]
    assert (0, "double_vote of round 3, epoch 1 names validator 1") in texts
    assert (0, "lock_lie of round 9, epoch 1 names validator 2") in texts
    assert any("signature" in text for _, text in texts)


class _Told:
    """A violation of one rule."""

    def __init__(self, node: int, detail: str) -> None:
        self.node, self.detail = node, detail


def _false(result: Result) -> list[_Told]:
    return [_Told(item.node, item.text) for item in result.violations if item.rule == "S10_false_evidence"]


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        (("vote", 4, 3, "a"), ("vote", 4, 3, "b"), True),
        (("vote", 4, 3, "a"), ("vote", 4, 3, "a"), False),
        (("vote", 4, 3, "a"), ("vote", 5, 3, "b"), False),
        (("proposal", 4, 0, "a"), ("proposal", 4, 0, "b"), True),
        (("timeout", 4, 2, None), ("timeout", 4, 3, None), False),
        (("vote", 4, 3, "a"), ("timeout", 4, 2, None), True),
        (("vote", 4, 3, "a"), ("timeout", 6, 3, None), False),
        (("vote", 4, 3, "a"), ("timeout", 3, 2, None), False),
        (("proposal", 4, 0, "a"), ("vote", 4, 3, "b"), False),
    ],
)
def test_what_contradicts(one: tuple[Any, ...], other: tuple[Any, ...], wanted: bool) -> None:
    """E1 to E3, in either order, by the checker's own rule."""

    def signed(kind: str, round_: int, level: int, says: Any) -> Signed:
        return Signed(kind, 3, 1, round_, level, says, None)  # type: ignore[arg-type]

    assert contradict(signed(*one), signed(*other)) is wanted
    assert contradict(signed(*other), signed(*one)) is wanted


def test_what_was_heard_counts_from_a_round_on_in_one_epoch() -> None:
    """The first round counts, the one before it does not; neither does another epoch; each author has its own list."""

    def vote(epoch: int, round_: int) -> Signed:
        return Signed("vote", 3, epoch, round_, 0, None, SignatureCheck(0, b"", b"", b""))

    machine: Any = None
    life = Life(machine, 0)
    life.heard_since(1, 0, 3).extend([vote(1, 4), vote(1, 5), vote(1, 6)])
    life.heard_since(1, 0, 2).append(vote(1, 5))
    assert life.heard_since(1, 4, 3) == [vote(1, 4), vote(1, 5), vote(1, 6)]
    assert life.heard_since(1, 5, 3) == [vote(1, 5), vote(1, 6)]
    assert life.heard_since(1, 5, 2) == [vote(1, 5)]
    assert life.heard_since(1, 6, 2) == []
    life.heard_since(1, 6, 3).append(vote(2, 9))
    assert life.heard_since(2, 0, 3) == [vote(2, 9)]
