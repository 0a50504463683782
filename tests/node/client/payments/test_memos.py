"""Memos: a commitment on the chain, text and salt beside the keys."""

import json
from pathlib import Path

import pytest

from chain.metadata import (
    MetadataError,
    Refund,
    RefundReason,
    TravelRule,
    UnstructuredBytes,
    commit_to_memo,
    decode_metadata,
    encode_metadata,
)
from cli.exits import exit_code
from node.client.payments.memos import Memo, commitment_in, is_opened_by, keep_memo, memo_of, new_memo, seal_memo

MEMO = Memo("rent, May", bytes(range(16)))
SEALED = encode_metadata(UnstructuredBytes(MEMO.commitment))


def test_every_memo_has_its_own_salt() -> None:
    """N4: 16 fresh bytes, so that the same text is another commitment each time."""
    first, second = new_memo("rent"), new_memo("rent")
    assert len(first.salt) == 16
    assert first.salt != second.salt
    assert first.commitment == commit_to_memo("rent", first.salt) != second.commitment


@pytest.mark.parametrize("text", ["", "x" * 1025, "\udcff"])
def test_a_text_that_is_no_memo(text: str) -> None:
    """N4: 2 usage."""
    with pytest.raises(MetadataError) as caught:
        new_memo(text)
    assert (caught.value.name, exit_code(caught.value)) == ("bad_memo", 2)


def test_sealed_for_a_payment() -> None:
    """N5: the metadata says nothing but the commitment; the salt opens it."""
    metadata, salt = seal_memo("rent")
    value = decode_metadata(metadata)
    assert value == UnstructuredBytes(commit_to_memo("rent", bytes.fromhex(salt)))
    assert b"rent" not in metadata
    assert is_opened_by(metadata, Memo("rent", bytes.fromhex(salt)))
    assert not is_opened_by(metadata, Memo("Rent", bytes.fromhex(salt)))
    assert not is_opened_by(metadata, Memo("rent", bytes(16)))
    assert not is_opened_by(metadata, Memo("rent", b""))


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (SEALED, MEMO.commitment),
        (encode_metadata(TravelRule(MEMO.commitment.hex())), MEMO.commitment),
        (encode_metadata(TravelRule(MEMO.commitment.hex().upper())), None),
        (encode_metadata(TravelRule("4185027f-0574-6f55-2668-3a38fdb5de98")), None),
        (encode_metadata(TravelRule(None)), None),
        (encode_metadata(UnstructuredBytes(bytes(31))), None),
        (encode_metadata(UnstructuredBytes(None)), None),
        (encode_metadata(Refund(7, RefundReason.OTHER)), None),
        (b"", None),
        (b"\xff", None),
    ],
)
def test_where_a_commitment_may_be(metadata: bytes, expected: bytes | None) -> None:
    """N5: 32 unstructured bytes, or a reference id of 64 small hex digits."""
    assert commitment_in(metadata) == expected


def test_kept_beside_the_keys(tmp_path: Path) -> None:
    """N4: one file by its commitment, 0600 in 0700; found by the metadata of a payment."""
    assert memo_of(tmp_path, SEALED) is None
    keep_memo(tmp_path, MEMO)
    path = tmp_path / "memos" / f"{MEMO.commitment.hex()}.json"
    assert json.loads(path.read_text()) == {"text": "rent, May", "salt": bytes(range(16)).hex()}
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert memo_of(tmp_path, SEALED) == memo_of(tmp_path, encode_metadata(TravelRule(MEMO.commitment.hex()))) == MEMO
    assert memo_of(tmp_path, b"") is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"text": "rent, May", "salt": "00"}', f'{{"text": 7, "salt": "{bytes(16).hex()}"}}']
)
def test_a_spoilt_file_is_no_memo(text: str, tmp_path: Path) -> None:
    """N4: only what the commitment fits is shown as the memo."""
    keep_memo(tmp_path, MEMO)
    (tmp_path / "memos" / f"{MEMO.commitment.hex()}.json").write_text(text)
    assert memo_of(tmp_path, SEALED) is None
