"""Fuzzing: it finds planted bugs, a seed is the same bytes again, and a short run with fixed seeds finds nothing."""

import json
from collections import Counter

import pytest
from click.testing import CliRunner

from chain.codec import encode
from chain.errors import DecodeError
from chain.messages import MESSAGE_TYPES, message_name
from cli.main import root
from node.lab.fuzz.corpus import make_corpus
from node.lab.fuzz.decoders import Decoder, decoders
from node.lab.fuzz.mutate import mutate
from node.lab.fuzz.stateful import Session
from node.lab.fuzz.stateless import Found, try_decoders, try_one
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
    assert found.tried >= 500


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


def test_a_seed_is_the_same_bytes_again() -> None:
    """What a finding's seed is for; another seed brings others, and hardly any mutation is none."""
    seeds = make_corpus().messages[:20]

    def run(seed: int) -> list[bytes]:
        stream = Entropy(seed).stream("fuzz")
        return [mutate(stream, data, seeds) for data in seeds * 10]

    assert run(1) == run(1) != run(2)
    same = Counter(new == old for new, old in zip(run(1), seeds * 10, strict=True))
    assert same[True] < 20


def test_the_command() -> None:
    """The keys of the document, and exit 0 when nothing was found."""
    done = CliRunner().invoke(root, ["lab", "fuzz", "--seconds", "1", "--json"], standalone_mode=False)
    document = json.loads(done.stdout)
    assert {"decodes", "sessions", "crashes", "slowest_ms"} <= set(document)
    assert document["crashes"] == 0
    assert done.return_value == (0 if document["ok"] else 8)
