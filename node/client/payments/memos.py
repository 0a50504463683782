"""Memos: on the chain a salted commitment, here the text and the salt, beside the keys (docs/protocol.md, N4 to N6).

A memo is kept before the payment is signed, so that no commitment is ever on the chain whose text is lost.
"""

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from chain.errors import MithqalError
from chain.metadata import (
    SALT_BYTES,
    MetadataError,
    TravelRule,
    UnstructuredBytes,
    commit_to_memo,
    decode_metadata,
    encode_metadata,
)
from chain.primitives import Hash
from node.client.files import write_all_durably

FOLDER = "memos"
"""Below the keys: one file a memo, named by its commitment."""


class Memo(NamedTuple):
    """A text and what hides it."""

    text: str
    salt: bytes

    @property
    def commitment(self) -> Hash:
        """What goes on the chain: 32 bytes."""
        return commit_to_memo(self.text, self.salt)


def new_memo(text: str) -> Memo:
    """A memo with a fresh salt; MetadataError (`bad_memo`)."""
    memo = Memo(text, secrets.token_bytes(SALT_BYTES))
    commit_to_memo(*memo)
    return memo


def seal_memo(text: str) -> tuple[bytes, str]:
    """The metadata of a payment with this memo, and the salt (hex) that opens it; MetadataError (`bad_memo`)."""
    memo = new_memo(text)
    return encode_metadata(UnstructuredBytes(memo.commitment)), memo.salt.hex()


def commitment_in(metadata: bytes) -> bytes | None:
    """The commitment that metadata may hold: 32 unstructured bytes, or a reference id of 64 hex digits (N5)."""
    try:
        value = decode_metadata(metadata)
    except MetadataError:
        return None
    if isinstance(value, UnstructuredBytes) and value.data is not None and len(value.data) == 32:
        return value.data
    if isinstance(value, TravelRule) and value.off_chain_reference_id is not None:
        return _hash_from(value.off_chain_reference_id)
    return None


def is_opened_by(metadata: bytes, memo: Memo) -> bool:
    """Whether this text and salt are what the metadata commits to."""
    try:
        return commitment_in(metadata) == memo.commitment
    except MithqalError:
        return False


def keep_memo(keys: Path, memo: Memo) -> None:
    """Write a memo beside the keys, durably. Raises OSError."""
    keep_memos(keys, [memo])


def keep_memos(keys: Path, memos: Iterable[Memo]) -> None:
    """Write memos beside the keys, durably. Raises OSError."""
    write_all_durably({
        keys / FOLDER / f"{memo.commitment.hex()}.json":
        json.dumps({"text": memo.text, "salt": memo.salt.hex()}, indent=1) + "\n"
        for memo in memos
    })  # fmt: skip


def memo_of(keys: Path, metadata: bytes) -> Memo | None:
    """The memo that metadata commits to, if it is kept here and fits."""
    commitment = commitment_in(metadata)
    if commitment is None:
        return None
    try:
        value = json.loads((keys / FOLDER / f"{commitment.hex()}.json").read_text(encoding="utf-8"))
        memo = Memo(value["text"], bytes.fromhex(value["salt"]))
        return memo if memo.commitment == commitment else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, MithqalError):
        return None


def _hash_from(text: str) -> bytes | None:
    """32 bytes of exactly 64 small hex digits."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        return None
    return data if len(data) == 32 and data.hex() == text else None
