"""get_evidence: what a validator knows of liars, page by page, whatever the epoch; and what a reader checks of it."""

from typing import Any

import pytest

from chain.errors import MithqalError, ProofError
from chain.evidence import Evidence
from chain.storage import Column, WriteBatch
from node.api import evidence_methods
from node.api.handlers import answer
from node.api.reads import read_tip
from node.api.schema import Request, RpcError
from node.client.evidence import evidence_rows, save_evidence, verify_evidence_file
from tests.accusations import LIAR, Liar
from tests.builders import key
from tests.chains import Chain, small_chain
from tests.liars import Liar as LyingValidator
from tests.liars import honest
from tests.node.api.test_snapshots import context_of
from tests.views import Local

NEXT_KEYS = {index: key(2_000 + index) for index in range(4)}


def chain() -> Chain:
    """Two epochs, each with a liar."""
    made = small_chain()
    made.end_epoch(NEXT_KEYS)
    for _ in range(3):
        made.add()
    first, second = Liar(key(10 + LIAR), made.genesis_hash), Liar(NEXT_KEYS[1], made.genesis_hash, 1, epoch=2)
    pieces = [first.double_vote(), first.lock_lie(), second.double_proposal(7)]
    rows = [(Column.EVIDENCE, number, piece.to_bytes()) for number, piece in enumerate(pieces)]
    made.store.write(WriteBatch(rows=rows))  # type: ignore[arg-type]
    return made


CHAIN = chain()


def ask(*params: Any) -> Any:
    """One call."""
    context = context_of(CHAIN)
    return answer(context, read_tip(context), Request(1, "get_evidence", list(params)))


def test_each_piece_with_whom_it_names_in_its_epoch() -> None:
    """Kind, epoch, rounds, the validator's number and name, and the bytes that anybody can judge."""
    rows = ask()
    shown = [(row["number"], row["kind"], row["epoch"], row["rounds"], row["validator"], row["name"]) for row in rows]
    assert shown == [
        (0, "double_vote", 1, [3, 3], 2, "validator-2"),
        (1, "lock_lie", 1, [6, 9], 2, "validator-2"),
        (2, "double_proposal", 2, [7, 7], 1, "e2-1"),
    ]
    assert Evidence.from_bytes(bytes.fromhex(rows[1]["evidence"])).id.round == 9


def test_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """By number, at most so many, and at most so many bytes; a page is never empty while there is more."""
    assert [row["number"] for row in ask(1, 1)] == [1]
    assert ask(3, 5) == []
    with pytest.raises(RpcError) as caught:
        ask(0, 1_001)
    assert caught.value.name == "page_too_large"
    monkeypatch.setattr(evidence_methods, "MAX_PAGE_BYTES", 1)
    assert [row["number"] for row in ask(1, 5)] == [1]


def test_a_reader_verifies_each_piece_from_the_waypoint(tmp_path: Any) -> None:
    """X21: files that anybody verifies offline, by the same waypoint."""
    rows = evidence_rows(Local(context_of(CHAIN)), CHAIN.waypoint)
    assert [row.line() for row in rows] == [
        "double-vote-v2-e1-r3  validator-2 (validator 2) voted twice in epoch 1, round 3; not on the ledger",
        (
            "lock-lie-v2-e1-r9  validator-2 (validator 2) hid a certificate that it had voted on in epoch 1, round 6"
            " and 9; not on the ledger"
        ),
        "double-proposal-v1-e2-r7  e2-1 (validator 1) proposed two blocks in epoch 2, round 7; not on the ledger",
    ]
    save_evidence(rows, tmp_path / "pieces")
    names = ["double-proposal-v1-e2-r7.json", "double-vote-v2-e1-r3.json", "lock-lie-v2-e1-r9.json"]
    assert sorted(path.name for path in (tmp_path / "pieces").iterdir()) == names
    for row in rows:
        data = (tmp_path / "pieces" / row.file_name).read_bytes()
        verified = verify_evidence_file(data, CHAIN.waypoint)
        assert {name: verified.claim[name] for name in ("kind", "epoch", "rounds", "validator")} == {
            name: value for name, value in row.to_json().items() if name not in ("id", "is_accused", "file")
        }
    said = "\n".join(verify_evidence_file(rows[1].text.encode(), CHAIN.waypoint).lines())
    assert "vote of round 6 on the certificate of round 5" in said
    assert "timeout of round 9, shows the certificate of round 0" in said


def test_what_is_no_file_of_evidence_and_what_does_not_hold() -> None:
    """`bad_evidence_file` for another file, a failed step for forged evidence."""
    text = evidence_rows(Local(context_of(CHAIN)), CHAIN.waypoint)[0].text
    for data in (b"", b"{}", b"[]", text.replace("mithqal-proof-2", "mithqal-proof-9").encode(), b"\xff"):
        with pytest.raises(MithqalError) as caught:
            verify_evidence_file(data, CHAIN.waypoint)
        assert caught.value.name == "bad_evidence_file"
    with pytest.raises(ProofError) as failed:
        verify_evidence_file(text.replace('"rounds":[3,3]', '"rounds":[3,4]').encode(), CHAIN.waypoint)
    assert failed.value.details["step"] == "claim"
    with pytest.raises(ProofError) as failed:
        verify_evidence_file(text.encode(), "0:" + "ab" * 32)
    assert failed.value.details["step"] == "waypoint"


def test_a_validator_that_forges_evidence_is_not_believed() -> None:
    """X21: it accuses validator 1 by what validator 2 signed; and a page that goes backwards is refused."""

    def forged(method: str, _params: Any, result: Any, _ask: Any) -> Any:
        if method != "get_evidence" or not result:
            return result
        bent = Evidence.from_bytes(bytes.fromhex(result[0]["evidence"]))._replace(author=1).to_bytes().hex()
        return [{**result[0], "evidence": bent}]

    def endless(method: str, params: Any, _result: Any, ask: Any) -> Any:
        return ask(method, [0, 1]) if method == "get_evidence" else ask(method, params)

    for lie, step in ((forged, "evidence"), (endless, "answer")):
        with pytest.raises(ProofError) as caught:
            evidence_rows(LyingValidator(CHAIN, lie), CHAIN.waypoint)
        assert caught.value.details["step"] == step
    assert len(evidence_rows(LyingValidator(CHAIN, honest), CHAIN.waypoint)) == 3
