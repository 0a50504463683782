"""Metadata of payments and commitments to memos: Diem's vectors, strict decoding, every refusal."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.limits import MAX_METADATA_BYTES
from chain.metadata import (
    MAX_MEMO_BYTES,
    CoinTrade,
    General,
    Metadata,
    MetadataError,
    Payment,
    Refund,
    RefundReason,
    TravelRule,
    Undefined,
    UnstructuredBytes,
    commit_to_memo,
    decode_metadata,
    encode_metadata,
)
from chain.primitives import U64_MAX

FROM, TO = bytes.fromhex("8f8b82153010a1bd"), bytes.fromhex("111153010a111101")
REFERENCE = "4185027f-0574-6f55-2668-3a38fdb5de98"
VECTORS: list[tuple[Metadata, str]] = [
    (Undefined(), "00"),
    (General(TO, FROM), "01000108111153010a11110101088f8b82153010a1bd00"),
    (General(FROM), "010001088f8b82153010a1bd0000"),
    (General(None, FROM), "01000001088f8b82153010a1bd00"),
    (General(None, None, 324), "01000000014401000000000000"),
    (TravelRule("off chain reference id"), "020001166f666620636861696e207265666572656e6365206964"),
    (TravelRule(REFERENCE), "02000124" + REFERENCE.encode().hex()),
    (TravelRule(None), "020000"),
    (UnstructuredBytes(b"abcd"), "03010461626364"),
    (UnstructuredBytes(None), "0300"),
    (Refund(12343, RefundReason.USER_FULL), "0400373000000000000003"),
    (CoinTrade(()), "050000"),
    (CoinTrade(("a", "bc")), "050002" + "0161" + "026263"),
    (Payment(bytes.fromhex(REFERENCE.replace("-", ""))), "06004185027f05746f5526683a38fdb5de98"),
]
sub = st.none() | st.binary(min_size=8, max_size=8)
u64 = st.integers(0, U64_MAX)
values = st.one_of(
    st.just(Undefined()), st.builds(General, sub, sub, st.none() | u64),
    st.builds(TravelRule, st.none() | st.text(max_size=200)),
    st.builds(UnstructuredBytes, st.none() | st.binary(max_size=1000)),
    st.builds(Refund, u64, st.sampled_from(RefundReason)),
    st.builds(CoinTrade, st.lists(st.text(max_size=20), max_size=9).map(tuple)),
    st.builds(Payment, st.binary(min_size=16, max_size=16)),
)  # fmt: skip


@pytest.mark.parametrize(("value", "data"), VECTORS)
def test_vectors(value: Metadata, data: str) -> None:
    """N1; reference 3.5: kind, then version 0 (not for kinds 0 and 3), then the fields as BCS has them."""
    assert encode_metadata(value).hex() == data
    assert decode_metadata(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    ("size", "prefix"),
    [(0, "00"), (127, "7f"), (128, "8001"), (129, "8101"), (255, "ff01"), (300, "ac02"), (1000, "e807")],
)
def test_lengths(size: int, prefix: str) -> None:
    """BCS: a length in groups of 7 bits, the lowest first."""
    text = "x" * size
    data = bytes.fromhex("020001" + prefix) + text.encode()
    assert encode_metadata(TravelRule(text)) == data
    assert decode_metadata(data) == TravelRule(text)


def test_reasons_of_a_refund() -> None:
    """N1: 'reason enum: 0 other, 1 invalid subaddress, 2 user partial, 3 user full, 4 invalid reference id'."""
    assert [(int(reason), reason.name) for reason in RefundReason] == [
        (0, "OTHER"), (1, "INVALID_SUBADDRESS"), (2, "USER_PARTIAL"), (3, "USER_FULL"), (4, "INVALID_REFERENCE_ID"),
    ]  # fmt: skip


@given(values)
def test_what_is_written_is_read(value: Metadata) -> None:
    """N1: one value, one byte string."""
    assert decode_metadata(encode_metadata(value)) == value


@given(
    st.binary(max_size=60)
    | values.map(encode_metadata).flatmap(lambda data: st.integers(0, len(data)).map(lambda n: data[:n]))
)
def test_what_is_read_is_written_the_same(data: bytes) -> None:
    """N2: decoding refuses whatever would not encode to the same bytes; never anything but MetadataError."""
    try:
        value = decode_metadata(data)
    except MetadataError:
        return
    assert encode_metadata(value) == data


@given(values, st.data())
def test_a_changed_byte_is_refused_or_means_something_else(value: Metadata, data: st.DataObject) -> None:
    """N2: no two byte strings mean the same."""
    whole = encode_metadata(value)
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    try:
        assert decode_metadata(changed) != value
    except MetadataError:
        pass


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "ends"), ("07", "unknown version|ends"), ("0700", "unknown kind"), ("0001", "after"),
        ("0101000000", "unknown version"), ("010002", "neither"), ("01000107" + "11" * 7 + "0000", "8 bytes"),
        ("010001880011", "shortest"), ("0100000000aa", "after"), ("020001028000", "UTF-8"), ("03018000", "shortest"),
        ("0301818080808000", "shortest"), ("0301ffffffff7f00", "2.32"), ("0301ffffffff0f", "middle"),
        ("040037300000000000", "middle"), ("0400373000000000000005", "no reason"), ("0500ffffffff0f", "ends"),
        ("0600" + "11" * 15, "middle"), ("0600" + "11" * 17, "after"), ("80000000", "version|kind"),
    ],
)  # fmt: skip
def test_other_bytes_are_refused(data: str, why: str) -> None:
    """N2: unknown kinds and versions, missing and left-over bytes, long forms, wrong sizes, bad text."""
    with pytest.raises(MetadataError, match=why) as caught:
        decode_metadata(bytes.fromhex(data))
    assert caught.value.name == "bad_metadata"


@pytest.mark.parametrize(
    "value",
    [General(bytes(7)), General(None, bytes(9)), General(None, None, -1), General(None, None, U64_MAX + 1),
     Payment(bytes(15)), Refund(U64_MAX + 1, RefundReason.OTHER), TravelRule("\udc80"), CoinTrade(("\udc80",))],
)  # fmt: skip
def test_values_without_an_encoding_are_refused(value: Metadata) -> None:
    """N1."""
    with pytest.raises(MetadataError):
        encode_metadata(value)


def test_metadata_has_at_most_1024_bytes() -> None:
    """N3: the chain's limit, both sides."""
    assert MAX_METADATA_BYTES == 1024
    fits = UnstructuredBytes(bytes(1020))
    assert len(encode_metadata(fits)) == 1024
    assert decode_metadata(encode_metadata(fits)) == fits
    with pytest.raises(MetadataError, match="1025"):
        encode_metadata(UnstructuredBytes(bytes(1021)))
    with pytest.raises(MetadataError, match="1025"):
        decode_metadata(b"\x03\x01\xfd\x07" + bytes(1021))


def test_the_commitment_to_a_memo() -> None:
    """N4: 'SHA-256(tag || 16-byte salt || text)', the tag being SHA-256("MITHQAL::Memo")."""
    salt = bytes(range(16))
    tag = hashlib.sha256(b"MITHQAL::Memo").digest()
    expected = hashlib.sha256(tag + salt + "rent, May ☂".encode()).digest()
    assert commit_to_memo("rent, May ☂", salt) == expected
    assert commit_to_memo("rent, May ☂", bytes(16)) != expected
    assert commit_to_memo("rent, June", salt) != expected
    assert commit_to_memo("rent", salt).hex() == "3d0c012ba94f256fcde983e30f0c7ddb0e3aef933d55e7a7716eb7850abebd67"


@pytest.mark.parametrize("size", [0, 1, 1024, 1025])
def test_a_memo_has_1_to_1024_bytes(size: int) -> None:
    """N4: both sides of both limits, in bytes of UTF-8."""
    assert MAX_MEMO_BYTES == 1024
    if size in (1, 1024):
        assert len(commit_to_memo("x" * size, bytes(16))) == 32
        return
    with pytest.raises(MetadataError, match="1024 bytes") as caught:
        commit_to_memo("x" * size, bytes(16))
    assert caught.value.name == "bad_memo"
    with pytest.raises(MetadataError):
        commit_to_memo("é" * 513, bytes(16))


def test_memos_that_are_no_text_and_short_salts() -> None:
    """N4: a lone surrogate, as the command line makes of bytes that are not UTF-8; a salt has 16 bytes."""
    with pytest.raises(MetadataError) as caught:
        commit_to_memo("\udcff", bytes(16))
    assert caught.value.name == "bad_memo"
    for salt in (b"", bytes(15), bytes(17)):
        with pytest.raises(MetadataError) as caught:
            commit_to_memo("x", salt)
        assert caught.value.name == "bad_salt"
