"""A payment's metadata in words (docs/protocol.md, N1 to N6): a memo's commitment, a refund, what wallets refer to."""

from typing import assert_never

from chain.metadata import (
    CoinTrade,
    General,
    Metadata,
    MetadataError,
    Payment,
    Refund,
    TravelRule,
    Undefined,
    UnstructuredBytes,
    decode_metadata,
)
from node.view.text import quoted

COMMITMENT_BYTES = 32


def read_metadata(text: str) -> Metadata | None:
    """Metadata from hex; None for none at all and for bytes that are no metadata."""
    try:
        return decode_metadata(bytes.fromhex(text))
    except MetadataError:
        return None


def metadata_words(text: str) -> str | None:
    """What the metadata (hex) of a payment says; None where there is none."""
    if not text:
        return None
    value = read_metadata(text)
    match value:
        case None:
            return "bytes that are no metadata"
        case Undefined():
            return "says nothing"
        case General():
            return _general(value)
        case TravelRule(None):
            return "the providers exchanged what the travel rule asks"
        case TravelRule(reference):
            return f"the providers exchanged what the travel rule asks, under {quoted(str(reference))}"
        case UnstructuredBytes(data) if data is not None and len(data) == COMMITMENT_BYTES:
            return f"a memo's commitment {data.hex()}; its text is with payer and payee"
        case UnstructuredBytes(data):
            return f"{len(data or b'')} bytes without a known meaning"
        case Refund(version, reason):
            return f"a refund of version {version}, {reason.name}"
        case CoinTrade(ids):
            return "a trade with a dealer: " + (", ".join(map(quoted, ids)) or "no ids")
        case Payment(reference_id):
            return f"a payment agreed on as {reference_id.hex()}"
        case other:
            assert_never(other)


def _general(value: General) -> str:
    """Subaddresses, and the event that it refers to."""
    said = [
        f"{where} subaddress {part.hex()}"
        for where, part in (("from", value.from_subaddress), ("to", value.to_subaddress))
        if part is not None
    ]
    if value.referenced_event is not None:
        said.append(f"referring to event {value.referenced_event}")
    return ", ".join(said) or "says nothing"
