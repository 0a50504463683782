"""The eight seeded bugs that a generator must find, planted into the running program: a line of a function is changed.

Nothing in `chain/` knows of this. Functions are compiled again from their changed source, and put back at the end.
"""

import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from chain import certificates, validators
from chain.consensus import held_blocks, machine, safety, verifier, vote_collector


class Edit(NamedTuple):
    """In a function of a class, one text for another."""

    owner: Any
    name: str
    old: str
    new: str


QUORUM = Edit(validators.ValidatorSet, "quorum", "2 * len(self.members) // 3 + 1", "2 * len(self.members) // 3")
PLANTED: dict[str, tuple[Edit, ...]] = {
    "quorum of 2f": (QUORUM,),
    "double vote": (
        Edit(safety.SafetyRules, "vote", "header.round <= record.voted_round",
             "header.round < record.voted_round or (header.round == record.voted_round and (record.last_vote is None "
             "or read_vote(record.last_vote).data.round != header.round))"),
        Edit(held_blocks.HeldBlocks, "is_second", "return self.has(block.round, block.header.author) or",
             "return False and"),
    ),
    "amnesia": (Edit(safety.SafetyRules, "__init__", "SafetyRecord(0) if record is None else read_record(record)",
                     "SafetyRecord(0)"),),
    "stale certificate in a time-out": (
        Edit(safety.SafetyRules, "timeout", "high_qc.round < record.locked_round or high_qc", "high_qc"),
        Edit(machine.ConsensusMachine, "_time_out", "sync = self.sync_info()",
             "sync = self.sync_info()._replace(high_qc=self.high_commit)"),
        Edit(machine.ConsensusMachine, "_time_out", "self.round, self.high_qc, self.high_tc",
             "self.round, self.high_commit, self.high_tc"),
        Edit(safety.SafetyRules, "timeout", "if round_ != high_qc.round + 1 and not", "if False and not"),
    ),
    "highest certificate of a timeout certificate ignored": (
        Edit(safety.SafetyRules, "vote", " and qc.round >= block.tc.high_qc.round", ""),
        Edit(verifier.Verifier, "block", " or qc.round < tc.high_qc.round", ""),
    ),
    "timeout certificate of the lowest": (
        Edit(vote_collector.VoteCollector, "timeout_certificate", "high = max(", "high = min("),
        Edit(certificates.TimeoutCertificate, "verify", "highest = max(", "highest = min("),
    ),
    "commit without consecutive rounds": (
        Edit(safety.SafetyRules, "vote", "parent if consecutive and qc.round > 0", "parent if qc.round > 0"),
        Edit(certificates.QuorumCertificate, "verify", "data.parent_round + 1 == data.round\n", "True\n"),
    ),
    "vote after own time-out": (
        Edit(safety.SafetyRules, "vote", "header.round <= record.voted_round",
             "header.round < record.voted_round or (record.last_vote is not None "
             "and read_vote(record.last_vote).data.round == header.round)"),
    ),
}  # fmt: skip
"""Name -> edits."""


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The program with that bug."""
    before = [(edit.owner, edit.name, inspect.getattr_static(edit.owner, edit.name)) for edit in PLANTED[name]]
    sources: dict[tuple[Any, str], str] = {}
    for edit in PLANTED[name]:
        where = (edit.owner, edit.name)
        source = sources.get(where) or _source(*where)
        assert source.count(edit.old) == 1, f"{edit.old!r} stands {source.count(edit.old)} times in {edit.name}"
        sources[where] = source.replace(edit.old, edit.new)
    try:
        for (owner, function), source in sources.items():
            room: dict[str, Any] = {}
            exec(source, inspect.getmodule(owner).__dict__, room)  # its own module's names, one more function
            made = room[function]
            if hasattr(made, "__set_name__"):
                made.__set_name__(owner, function)
            setattr(owner, function, made)
        yield
    finally:
        for owner, function, was in before:
            setattr(owner, function, was)


def _source(owner: Any, name: str) -> str:
    """Of a method or a cached property."""
    found = inspect.getattr_static(owner, name)
    function: Any = found.fget if isinstance(found, property) else getattr(found, "func", found)
    return textwrap.dedent(inspect.getsource(function))
