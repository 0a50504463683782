"""Fuzzing: it finds planted bugs, a seed is the same bytes again, and a short run with fixed seeds finds nothing."""

import json
import time
from collections import Counter

import pytest
from click.testing import CliRunner

from chain.codec import encode
from chain.errors import DecodeError
from chain.messages import MESSAGE_TYPES, message_name
from cli.main import root
from node.lab.fuzz import run, stateful, stateless
from node.lab.fuzz.corpus import make_corpus
from node.lab.fuzz.decoders import Decoder, decoders
from node.lab.fuzz.mutate import mutate
from node.lab.fuzz.stateful import Session
from node.lab.fuzz.stateless import Found, try_decoders, try_group, try_one
from node.sim.entropy import Entropy
from node.sim.validator import Validator

SECOND_US = 1_000_000


def test_valid_bytes_are_accepted_and_come_back() -> None:
    """decode and encode are each other's inverse on every seed of the corpus, which has most kinds of messages."""
    corpus = make_corpus()
    found = Found()
    for decoder in decoders(corpus):
        assert decoder.seeds, decoder.name
        for data in decoder.seeds:
            try_one(decoder, 0, data, found)
    assert (found.accepted, found.crashes) == (found.tried, [])
    assert len({message_name(data) for data in corpus.messages}) >= len(MESSAGE_TYPES) - 1
    assert corpus.proofs
    assert corpus.transactions


def test_a_short_run_finds_nothing() -> None:
    """'0 uncaught exception, decode-encode identity': fixed seeds, each decoder thousands of times."""
    found = Found()
    for seed in (1, 2):
        try_decoders(decoders(make_corpus()), seed, 8_000, found)
    assert found.crashes == []
    assert found.tried == 16_000
    assert 1_000 < found.accepted < 15_000


def test_a_session_goes_on_under_mutated_messages() -> None:
    """Legal prefix, then small-scope mutations, with the safety checkers on."""
    found = Found()
    Session(3, 2 * SECOND_US, found).play()
    assert found.crashes == []
    assert found.prefixes == 500_000 // 2_000, "from 1.5 s to 2 s, every 2 ms"
    assert found.tried == 4 * found.prefixes


def test_planted_bugs_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder that raises what is not ours, one that is not canonical, a validator that breaks on odd bytes."""

    def careless(data: bytes) -> bytes:
        if data[:1] == b"\x00":
            raise KeyError(data)
        if not data:
            raise DecodeError("empty")
        return data.rstrip(b"\xff")

    found = Found()
    try_decoders([Decoder("careless", [encode((1, b"abc"))], careless)], 1, 4_000, found)
    assert {item["error"].partition("(")[0] for item in found.crashes} == {
        "KeyError", "accepted, and encodes to other bytes"
    }  # fmt: skip
    receive = Validator.receive

    def breaks(self: Validator, sender: int, data: bytes) -> None:
        if len(data) == 3:
            raise IndexError(data)
        receive(self, sender, data)

    monkeypatch.setattr(Validator, "receive", breaks)
    found = Found()
    Session(3, 2 * SECOND_US, found).play()
    assert found.crashed > 0
    assert all(item["seed"] == 3 for item in found.crashes)


def test_what_hangs_is_cut_and_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """'0 hang >100 ms': a decoder that never comes back is a finding, and the others go on."""
    monkeypatch.setattr(stateless, "HANG_S", 0.05)

    def hangs(data: bytes) -> None:
        while data == b"x":
            try:
                sum(range(100))
            except Exception:  # noqa: BLE001 - it takes every error for its own
                pass

    found = Found()
    decoder = Decoder("hangs", [b"x"], hangs)
    try_group([(decoder, b"a"), (decoder, b"x"), (decoder, b"b"), (decoder, b"x")], 7, found)
    assert found.tried == 4
    assert [(item["error"], item["data"], item["seed"]) for item in found.crashes] == [("Hang()", "78", 7)] * 2
    assert found.slowest_ns > 40_000_000
    receive = Validator.receive

    def endless(self: Validator, sender: int, data: bytes) -> None:
        while len(data) == 3:
            pass
        receive(self, sender, data)

    monkeypatch.setattr(Validator, "receive", endless)
    monkeypatch.setattr(stateful, "HANG_S", 3.0)
    found = Found()
    Session(3, 2 * SECOND_US, found).play()
    assert [item["error"] for item in found.crashes] == ["Hang()"]


def test_the_slowest_input_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """No input takes longer than `slowest_ns`: of a group that is suspect each is timed alone, and named."""
    now = [0]
    monkeypatch.setattr(time, "thread_time_ns", lambda: now[0])

    def slow(data: bytes) -> bytes:
        now[0] += data[0] * 1_000_000
        return data

    found, quick, group = Found(), Decoder("quick", [], slow), Decoder("slow", [], slow)
    try_group([(quick, bytes([9])), (quick, bytes([10]))], 1, found)
    assert (found.slowest_ns, found.slowest) == (19_000_000, "2 inputs together")
    try_group([(quick, bytes([1])), (group, bytes([20])), (quick, bytes([2]))], 1, found)
    assert (found.slowest_ns, found.slowest, found.tried, found.accepted) == (20_000_000, "slow", 5, 5)


def test_findings_of_all_processes_are_one() -> None:
    """Counts add up, the slowest is the slowest, ten findings are told."""
    total, other = Found(), Found()
    for found, count in ((total, 6), (other, 7)):
        found.tried, found.accepted, found.prefixes = count, 1, 2
        found.note_time(f"of {count}", count)
        for _ in range(count):
            found.note_crash("a", count, b"", "no")
    total.add(other)
    assert (total.tried, total.accepted, total.prefixes, total.crashed) == (13, 2, 4, 13)
    assert (total.slowest, total.slowest_ns, len(total.crashes)) == ("of 7", 7, 10)


def test_a_seed_is_the_same_bytes_again() -> None:
    """What a finding's seed is for; another seed brings others, and hardly any mutation is none."""
    seeds = make_corpus().messages[:20]

    def bent(seed: int) -> list[bytes]:
        stream = Entropy(seed).stream("fuzz")
        return [mutate(stream, data, seeds) for data in seeds * 10]

    assert bent(1) == bent(1) != bent(2)
    same = Counter(new == old for new, old in zip(bent(1), seeds * 10, strict=True))
    assert same[True] < 20


@pytest.mark.parametrize("processes", ["1", "2"])
def test_the_command(processes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of the document, and exit 0 when nothing was found; on several processes too."""
    monkeypatch.setattr(run, "SESSION_US", 2 * SECOND_US)
    done = CliRunner().invoke(
        root,
        ["lab", "fuzz", "--seconds", "1", "--seed", "5", "--processes", processes, "--json"],
        standalone_mode=False,
    )
    document = json.loads(done.stdout)
    assert {"decodes", "sessions", "prefixes", "crashes", "slowest_ms"} <= set(document)
    assert document["crashes"] == 0
    assert document["decodes"] % run.BATCH == 0 < document["decodes"]
    assert document["session_messages"] == 4 * document["prefixes"] > 0
    assert document["seeds"] == [5, 4 + max(document["decodes"] // run.BATCH, document["sessions"])]
    assert done.return_value == (0 if document["ok"] else 8)
