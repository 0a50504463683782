"""The flood's bench: what it sends is what it says, and a short run on a real network has the figures that it names."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from chain.crypto.signing import PrivateKey, RealSignatures, Scheme
from chain.transaction import decode_transaction
from cli.main import root
from node.lab.bench.figures import BenchError, Report, Window
from node.lab.bench.flood import FLOOD_GAS, GOOD, FloodPlan, _finality, _word, as_lines, sign_flood

KEY = PrivateKey(bytes([7]) * 32, Scheme.P256)
GENESIS = bytes(32)


def transactions(requests: list[bytes]) -> list[Any]:
    found = []
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        assert head.startswith(b"POST / HTTP/1.1\r\n")
        calls = json.loads(body)
        assert 1 <= len(calls) <= 20
        found += [decode_transaction(bytes.fromhex(call["params"][0])) for call in calls]
    return found


def holds(tx: Any) -> bool:
    return all(RealSignatures().verify(check) for check in tx.checks(GENESIS))


def test_what_floods() -> None:
    """Good ones in order with what one P-256 signature costs; bad ones look the same and do not verify."""
    good, bad = (transactions(requests) for requests in sign_flood(KEY, bytes(16), 30, GENESIS, 4, 2_000_000_000))
    assert [tx.raw.sequence_number for tx in good] == list(range(30))
    assert all(holds(tx) and tx.raw.max_gas_amount == FLOOD_GAS == 600 + 39 * 100 for tx in good)
    assert len(bad) == 200
    assert not any(holds(tx) for tx in bad)
    assert {(tx.scheme, tx.public_key, len(tx.signature)) for tx in good + bad} == {(3, KEY.public_key, 64)}
    assert {tx.verification_cost for tx in good + bad} == {40}


def test_percentiles_over_all_turns() -> None:
    """Nearest rank over the waits of every turn of a kind; nothing is no figure."""
    window = Window(0, 1_000_000)
    rows = [(window, [Report(at, at + at * 1_000, 1) for at in range(first, 100, 2)]) for first in (1, 2)]
    assert _finality(rows) == {"p50_ms": 50.0, "p99_ms": 99.0, "samples": 99}
    with pytest.raises(BenchError) as caught:
        _finality([(window, [])])
    assert caught.value.name == "no_measurements"


def test_answers_by_their_words() -> None:
    """The rule that refused, or the status; whatever else came is unknown."""
    refused = {"error": {"code": -32009, "data": {"name": "too_many_checks"}}}
    assert _word(refused) == "too_many_checks"
    assert _word({"error": {"code": -32600}}) == "-32600"
    assert _word({"result": {"status": "parked"}}) == "parked"
    assert _word("?") == "unknown"


def test_a_short_run() -> None:
    """`mithqal bench flood --json`: p50 and p99 with and without, their ratio, what the flooder was told."""
    options = ("--validators", "1", "--seconds", "1", "--turns", "1", "--rate", "20", "--signed", GOOD)
    done = CliRunner().invoke(root, ["bench", "flood", *options, "--json", "--quiet"], standalone_mode=False)
    assert done.return_value == 0, done.stderr
    document = json.loads(done.stdout)
    for kind in ("quiet", "flood"):
        assert set(document[kind]) == {"p50_ms", "p99_ms", "samples"}
        assert document[kind]["samples"] > 0
        assert 0 < document[kind]["p50_ms"] <= document[kind]["p99_ms"]
    assert document["ratio"] == {
        name: round(document["flood"][name] / document["quiet"][name], 2) for name in ("p50_ms", "p99_ms")
    }
    assert document["flood_committed"] > 0
    assert sum(document["flood_answers"].values()) <= document["flood_sent"]
    assert (document["validators"], document["rate"], document["signed"]) == (1, 20, "good")
    lines = as_lines(document)
    assert lines[0].startswith("without  the flood: p50 ")
    assert len(lines) == 4
    assert FloodPlan() == FloodPlan(4, 8, 2, 100, 1, "both")
