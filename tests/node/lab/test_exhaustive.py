"""The exhaustive search: nothing breaks in the real module, planted bugs do, and going round by round loses nothing."""

import inspect
import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from click.testing import CliRunner

from chain.certificates import QuorumCertificate, TimeoutCertificate, check_quorum
from chain.consensus import safety
from chain.consensus.safety import SafetyRules
from chain.errors import CertificateError
from cli.main import root
from node.lab.exhaustive import search as exhaustive
from node.lab.exhaustive.calls import Calls
from node.lab.exhaustive.search import AGREEMENT, CERTIFICATES, CHECKS, DISCIPLINE, Search, document, search


def mutant(old: str, new: str) -> type[SafetyRules]:
    """The real module with one piece of its text replaced."""
    source = inspect.getsource(safety)
    assert source.count(old) == 1
    names: dict[str, Any] = {"__name__": "mutant"}
    exec(source.replace(old, new), names)
    rules: type[SafetyRules] = names["SafetyRules"]
    return rules


def found(checks: tuple[str, ...], rounds: int, rules: type[SafetyRules] = SafetyRules) -> tuple[str, int] | None:
    """(check, round) of the first violation; and that fewer rounds do not show it."""
    if rounds > 1:
        assert search(rounds - 1, checks=checks, rules=rules).violation is None
    violation = search(rounds, checks=checks, rules=rules).violation
    return None if violation is None else (violation.check, violation.round)


def test_three_rounds_hold() -> None:
    """'n=4, one Byzantine, all interleavings modulo symmetry: states visited, no violation'; the counts repeat."""
    came: Search = search(3)
    assert came.violation is None
    assert [len(layer) for layer in came.layers] == [1, 34, 949, 16_059]
    assert came.transitions == 116_269
    text = document(came)
    assert (text["states"], text["depth"], text["faulty"], text["violations"]) == (17_043, 3, 1, [])


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_four_rounds_hold() -> None:
    """The issue's bound."""
    assert search(4).violation is None


@pytest.mark.parametrize(("validators", "faulty"), [(1, 0), (2, 0), (3, 0), (7, 2)])
def test_other_sizes(validators: int, faulty: int) -> None:
    """Two rounds of one, two, three and seven validators."""
    came = search(2, validators, rules=SafetyRules) if validators < 7 else search(1, validators)
    assert (came.violation, came.calls.faulty) == (None, faulty)


# --- teeth: each planted bug, and the fewest rounds that show it ---

LOCK = "locked_round=max(record.locked_round, qc.round)"
VOTED = "record._replace(voted_round=round_, justification"
BELOW_TC = "and block.tc.round + 1 == header.round and qc.round >= block.tc.high_qc.round"
COMMIT = "commit = parent if consecutive and qc.round > 0"


@pytest.mark.parametrize(
    ("old", "new", "check", "rounds"),
    [
        (VOTED, "record._replace(justification", DISCIPLINE, 1),  # a vote after an own time-out
        ("header.round <= record.voted_round", "header.round < record.voted_round", DISCIPLINE, 1),  # a double vote
        (LOCK, "locked_round=record.locked_round", DISCIPLINE, 2),  # the lock is not raised
        (LOCK, "locked_round=qc.round", DISCIPLINE, 3),  # the lock falls
        ("high_qc.round < record.locked_round or ", "", DISCIPLINE, 2),  # a time-out hides the lock
        ("if round_ < record.voted_round:", "if False:", DISCIPLINE, 2),  # time-outs go back
    ],
)
def test_broken_discipline_is_found(old: str, new: str, check: str, rounds: int) -> None:
    """Each at the first round in which it is possible."""
    assert found(CHECKS, rounds, mutant(old, new)) == (check, rounds)


def test_two_certificates_in_a_round_are_found() -> None:
    """What a double vote leads to, with nobody looking at single validators: round 1 suffices."""
    rules = mutant("header.round <= record.voted_round", "header.round < record.voted_round")
    assert found((CERTIFICATES, AGREEMENT), 1, rules) == (CERTIFICATES, 1)


def believe(self: QuorumCertificate, validators: Any, *_: Any) -> None:
    """A certificate is judged by its signers alone."""
    check_quorum(self.signatures, validators)


def lowest(self: TimeoutCertificate, validators: Any, *_: Any) -> None:
    """A timeout certificate counts for the lowest certificate in it."""
    check_quorum(self.entries, validators)
    if self.high_qc.round != min(entry[1] for entry in self.entries):
        raise CertificateError("not the lowest", name="wrong_high_qc")


@pytest.mark.parametrize(
    ("old", "new", "patched", "rounds"),
    [
        (VOTED, "record._replace(justification", "", 4),  # what neither Twins nor an active adversary found
        (BELOW_TC, "and block.tc.round + 1 == header.round", "", 4),  # the TC's high certificate is ignored
        ("block.tc.round + 1 == header.round", "block.tc.round < header.round", "", 4),  # a TC of any round
        ("", "", "lowest", 4),  # it counts for its lowest
        (LOCK, "locked_round=record.locked_round", "", 4),
        ("high_qc.round < record.locked_round or ", "", "", 4),
        (COMMIT, "commit = parent if qc.round > 0", "believe", 4),
        (
            "        if not consecutive and not (\n",
            "        if False and not (\n",
            "",
            4,
        ),  # no timeout certificate needed
    ],
)
def test_two_branches_are_found(old: str, new: str, patched: str, rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each bug ends in a fork; looking at nothing but commits finds it, at the fewest rounds that can show it."""
    if patched == "lowest":
        monkeypatch.setattr(TimeoutCertificate, "verify", lowest)
    elif patched == "believe":
        monkeypatch.setattr(QuorumCertificate, "verify", believe)
    rules = mutant(old, new) if old else SafetyRules
    assert search(rounds - 1, checks=(AGREEMENT,), rules=rules, variants=1).violation is None
    violation = search(rounds, checks=(AGREEMENT,), rules=rules, variants=1).violation
    assert violation is not None
    assert (violation.check, violation.round) == (AGREEMENT, rounds)
    assert "committed on two branches" in violation.text
    assert len(violation.path) == rounds


# --- one statement after the other, in any order: the search loses nothing by going round by round ---


Said = tuple[int, frozenset[int], frozenset[tuple[int, int]]]
"""One validator in the naive search: its record, the statements of its votes, (round, certificate) that it showed."""


def facts(calls: Calls, said: tuple[Said, ...], rounds: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Certificates of both kinds that exist after these statements."""
    counts: dict[int, int] = {}
    for _, votes, _ in said:
        for statement in votes:
            counts[statement] = counts.get(statement, 0) + 1
    enough = calls.set.quorum - calls.faulty
    certified = [calls.certify(statement) for statement, count in counts.items() if count >= enough]
    known = (0, *sorted(number for number in certified if number is not None))
    tcs: set[int] = set()
    for round_ in range(1, rounds + 1):
        lower = tuple(number for number in known if calls.certificates[number].qc.round < round_)
        choices: list[list[int | None]] = [
            [high for at, high in shown if at == round_] or [None] for _, _, shown in said
        ]
        for chosen in product(*choices):
            shown = tuple(sorted(high for high in chosen if high is not None))
            tcs.update(calls.certify_time_outs(round_, shown, lower))
    return known, tuple(sorted(tcs))


def next_words(calls: Calls, one: Said, known: tuple[int, ...], tcs: tuple[int, ...], rounds: int) -> Iterator[Said]:
    """Whatever a validator may say next, whichever certificates it is shown."""
    record, votes, shown = one
    for round_ in range(1, rounds + 1):
        for below in known:
            if calls.certificates[below].qc.round >= round_:
                continue
            for tc in (-1, *tcs):
                if tc < 0 or calls.tcs[tc].round < round_:
                    answer = calls.vote(record, calls.block(round_, below, tc, 0))
                    if answer is not None:
                        yield answer[0], votes | {answer[1]}, shown
                after = calls.time_out(record, round_, below, tc)
                if after is not None:
                    yield after, votes, shown | {(round_, below)}


def seen(calls: Calls, said: tuple[Said, ...], known: tuple[int, ...]) -> object:
    """What both searches know of a state."""
    minds = []
    for _, votes, shown in said:
        data = [calls.statements[statement][0] for statement in votes]
        voted = max((item.round for item in data), default=0)
        lock = max((item.parent_round for item in data), default=0)
        minds.append((voted, max((round_ for round_, _ in shown), default=0), lock))
    return tuple(sorted(minds)), places(calls, known)


def places(calls: Calls, known: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Round and parent's round of what is certified."""
    data = [calls.certificates[number].qc.data for number in known]
    return tuple(sorted((item.round, item.parent_round) for item in data))


def test_every_order_leads_where_the_rounds_lead() -> None:
    """Two rounds, each statement a step, in any order, whichever certificate is shown: nothing that the search lacks.

    Blocks that differ in their timeout certificate only are what `variants` stands for there.
    """
    rounds, calls = 2, Calls(4)
    nothing: Said = (0, frozenset(), frozenset())
    start = (nothing,) * calls.honest
    known, waiting = {start}, [start]
    naive: set[object] = set()
    while waiting:
        said = waiting.pop()
        certified, tcs = facts(calls, said, rounds)
        naive.add(seen(calls, said, certified))
        for at, one in enumerate(said):
            for word in next_words(calls, one, certified, tcs, rounds):
                after = tuple(sorted((*said[:at], word, *said[at + 1 :]), key=repr))
                if after not in known:
                    known.add(after)
                    waiting.append(after)
    assert situations(1) <= naive <= situations(3)
    assert len(known) > 5_000


def situations(variants: int) -> set[object]:
    """What `search` reaches in two rounds, in the same words."""
    came = search(2, variants=variants)
    return {
        (tuple(sorted(mind[1:] for mind in state.minds)), places(came.calls, state.certified))
        for state in came.layers[-1]
    }


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 0 and one document when all holds; 8, with the way that leads there, on a violation."""
    done = CliRunner().invoke(root, ["lab", "exhaustive", "--rounds", "2", "--json"], standalone_mode=False)
    text = json.loads(done.stdout)
    keys = "validators faulty rounds variants states states_by_round transitions depth module_calls violations cpu_s"
    assert set(keys.split()) <= set(text)
    assert (done.return_value, text["states"], text["violations"]) == (0, 984, [])
    bug = mutant("header.round <= record.voted_round", "header.round < record.voted_round")
    monkeypatch.setattr(exhaustive, "Calls", lambda validators, _: Calls(validators, bug))
    done = CliRunner().invoke(root, ["lab", "exhaustive", "--rounds", "1"], standalone_mode=False)
    assert done.return_value == 8
    assert "BROKEN       discipline: a vote in round 1 after giving up 1" in done.stdout
    assert "round 1: says nothing; says nothing; votes for" in done.stdout
