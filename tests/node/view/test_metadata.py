"""Metadata of payments in words: each kind, what strangers wrote in it, and what is none."""

import pytest

from chain.metadata import (
    CoinTrade,
    General,
    Metadata,
    Payment,
    Refund,
    RefundReason,
    TravelRule,
    Undefined,
    UnstructuredBytes,
    commit_to_memo,
    encode_metadata,
)
from node.view.metadata import metadata_words, read_metadata
from tests.builders import ONE, PAYMENT
from tests.views import ALICE, BRUNO, peopled

COMMITMENT = commit_to_memo("rent", bytes(16))
EVIL = "\x1b[2J\u202eref"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Undefined(), "says nothing"),
        (General(), "says nothing"),
        (General(b"\x01" * 8, b"\x02" * 8, 7),
         f"from subaddress {'02' * 8}, to subaddress {'01' * 8}, referring to event 7"),
        (General(referenced_event=0), "referring to event 0"),
        (TravelRule(None), "the providers exchanged what the travel rule asks"),
        (TravelRule(EVIL), "the providers exchanged what the travel rule asks, under “[2Jref”"),
        (UnstructuredBytes(COMMITMENT), f"a memo's commitment {COMMITMENT.hex()}; its text is with payer and payee"),
        (UnstructuredBytes(b"\x01" * 31), "31 bytes without a known meaning"),
        (UnstructuredBytes(b"\x01" * 33), "33 bytes without a known meaning"),
        (UnstructuredBytes(None), "0 bytes without a known meaning"),
        (Refund(1042, RefundReason.USER_PARTIAL), "a refund of version 1042, USER_PARTIAL"),
        (CoinTrade(("a", EVIL)), "a trade with a dealer: “a”, “[2Jref”"),
        (CoinTrade(()), "a trade with a dealer: no ids"),
        (Payment(b"\x09" * 16), f"a payment agreed on as {'09' * 16}"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_each_kind_of_metadata(value: Metadata, words: str) -> None:
    """DIP-4's kinds, with the words of strangers cleaned and quoted."""
    assert metadata_words(encode_metadata(value).hex()) == words
    assert read_metadata(encode_metadata(value).hex()) == value


def test_what_is_no_metadata() -> None:
    """None at all is null; other bytes are said to be none."""
    assert metadata_words("") is None
    assert metadata_words("ff") == "bytes that are no metadata"
    assert metadata_words("0000") == "bytes that are no metadata"
    assert read_metadata("") is None


def test_a_refund_in_a_sentence() -> None:
    """A refund names the version of the payment that it sends back."""
    story = peopled()
    paid = story.pay(ALICE, BRUNO, 25 * ONE)
    back = encode_metadata(Refund(paid["version"], RefundReason.USER_PARTIAL))
    assert story.said(BRUNO, PAYMENT, "XUS", ALICE.address, 12_500_000, back, b"") == (
        "bruno@br-wallet refunded alice@us-wallet 12.5 XUS of version 22"
    )
    assert story.said(BRUNO, PAYMENT, "XUS", ALICE.address, 100 * ONE, back, b"") == (
        "bruno@br-wallet tried to refund alice@us-wallet 100 XUS of version 22, and failed: the balance is below the"
        " amount, or what is left does not cover the fee"
    )
