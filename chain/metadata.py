"""What a payment says beside its amount (DIP-4): metadata to bytes and back, and commitments to memos.

The bytes are Diem's own (BCS), so that foreign wallets read them; the chain never looks into them. Decoding refuses
whatever would not encode to the same bytes (docs/protocol.md, N1 to N6).
"""

from enum import IntEnum
from typing import NamedTuple, assert_never

from chain.crypto.hashing import Hasher
from chain.errors import MithqalError
from chain.identifiers import SUBADDRESS_BYTES
from chain.limits import MAX_METADATA_BYTES
from chain.primitives import U64_MAX, Hash

SALT_BYTES = 16
MAX_MEMO_BYTES = 1_024
"""A memo in UTF-8. It never goes on the chain, but it travels in receipts and lists."""
_V0 = b"\x00"
_hash_memo = Hasher("Memo")


class MetadataError(MithqalError):
    """Bytes that are no metadata, or metadata that cannot be."""

    name = "bad_metadata"


class RefundReason(IntEnum):
    """Why a payment is sent back."""

    OTHER = 0
    INVALID_SUBADDRESS = 1
    USER_PARTIAL = 2
    USER_FULL = 3
    INVALID_REFERENCE_ID = 4


class Undefined(NamedTuple):
    """Says nothing."""


class General(NamedTuple):
    """Between which subaddresses (8 bytes each), and which event it refers to."""

    to_subaddress: bytes | None = None
    from_subaddress: bytes | None = None
    referenced_event: int | None = None


class TravelRule(NamedTuple):
    """The name under which two providers keep what the travel rule asks."""

    off_chain_reference_id: str | None


class UnstructuredBytes(NamedTuple):
    """Any bytes; a commitment to a memo is one."""

    data: bytes | None


class Refund(NamedTuple):
    """Money sent back: the version of the payment that it came by, and why."""

    transaction_version: int
    reason: RefundReason


class CoinTrade(NamedTuple):
    """A trade with a dealer, by the ids of its orders."""

    trade_ids: tuple[str, ...]


class Payment(NamedTuple):
    """A payment that was agreed on under a reference id of 16 bytes."""

    reference_id: bytes


Metadata = Undefined | General | TravelRule | UnstructuredBytes | Refund | CoinTrade | Payment


def commit_to_memo(text: str, salt: bytes) -> Hash:
    """SHA-256 over (seed of "Memo", salt, text in UTF-8): says nothing of the text to those who lack the salt.

    MetadataError: `bad_memo` for a text that cannot be one, `bad_salt` unless the salt has 16 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise MetadataError(f"a memo's salt has {SALT_BYTES} bytes, got {len(salt)}", name="bad_salt")
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise MetadataError("a memo is text: these bytes are not UTF-8", name="bad_memo") from error
    if not 1 <= len(data) <= MAX_MEMO_BYTES:
        raise MetadataError(
            f"a memo has 1 to {MAX_MEMO_BYTES} bytes of UTF-8, this one {len(data)}", name="bad_memo", size=len(data)
        )
    return _hash_memo(salt + data)


def encode_metadata(value: Metadata) -> bytes:
    """The bytes of metadata; MetadataError if a field has no encoding or the whole is above 1,024 bytes."""
    match value:
        case Undefined():
            data = b"\x00"
        case General(to, from_, event):
            data = b"\x01" + _V0 + _option(_subaddress(to)) + _option(_subaddress(from_)) + _option(_u64(event))
        case TravelRule(reference):
            data = b"\x02" + _V0 + _option(None if reference is None else _sized(_utf8(reference)))
        case UnstructuredBytes(content):
            data = b"\x03" + _option(None if content is None else _sized(content))
        case Refund(version, reason):
            data = b"\x04" + _V0 + (_u64(version) or b"") + bytes([RefundReason(reason)])
        case CoinTrade(ids):
            data = b"\x05" + _V0 + _uleb(len(ids)) + b"".join(_sized(_utf8(item)) for item in ids)
        case Payment(reference_id):
            data = b"\x06" + _V0 + _exact(reference_id, 16, "a reference id")
        case other:
            assert_never(other)
    if len(data) > MAX_METADATA_BYTES:
        raise MetadataError(f"metadata has at most {MAX_METADATA_BYTES} bytes, this has {len(data)}")
    return data


def decode_metadata(data: bytes) -> Metadata:
    """Read metadata; MetadataError for anything that `encode_metadata` does not write, the empty string included."""
    if len(data) > MAX_METADATA_BYTES:
        raise MetadataError(f"metadata has at most {MAX_METADATA_BYTES} bytes, this has {len(data)}")
    reader = _Reader(data)
    kind = reader.byte()
    if kind not in (0, 3) and reader.byte() != 0:
        raise MetadataError("metadata of an unknown version")
    value: Metadata
    match kind:
        case 0:
            value = Undefined()
        case 1:
            value = General(reader.subaddress(), reader.subaddress(), reader.u64() if reader.is_some() else None)
        case 2:
            value = TravelRule(reader.text() if reader.is_some() else None)
        case 3:
            value = UnstructuredBytes(reader.sized() if reader.is_some() else None)
        case 4:
            value = Refund(reader.u64(), reader.reason())
        case 5:
            value = CoinTrade(tuple(reader.text() for _ in range(reader.uleb())))
        case 6:
            value = Payment(reader.take(16))
        case _:
            raise MetadataError(f"metadata of an unknown kind, {kind}")
    reader.end()
    return value


# --- Diem's canonical binary form (BCS), as much of it as metadata needs ---


def _uleb(number: int) -> bytes:
    """An unsigned number in groups of 7 bits, the lowest first; the high bit says that more follow."""
    groups = []
    while number > 127:
        groups.append(number & 127 | 128)
        number >>= 7
    return bytes([*groups, number])


def _sized(data: bytes) -> bytes:
    return _uleb(len(data)) + data


def _option(data: bytes | None) -> bytes:
    return b"\x00" if data is None else b"\x01" + data


def _u64(number: int | None) -> bytes | None:
    if number is None:
        return None
    if not 0 <= number <= U64_MAX:
        raise MetadataError(f"{number} is outside of 0 .. 2^64-1")
    return number.to_bytes(8, "little")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise MetadataError("a text that is not UTF-8") from error


def _exact(data: bytes, size: int, what: str) -> bytes:
    if len(data) != size:
        raise MetadataError(f"{what} has {size} bytes, got {len(data)}")
    return data


def _subaddress(data: bytes | None) -> bytes | None:
    return None if data is None else _sized(_exact(data, SUBADDRESS_BYTES, "a subaddress"))


class _Reader:
    """Takes a byte string apart from the front; MetadataError where it does not fit."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        if size > len(self._data) - self._at:
            raise MetadataError(f"metadata ends at byte {len(self._data)}, in the middle of a field")
        self._at += size
        return self._data[self._at - size : self._at]

    def byte(self) -> int:
        return self.take(1)[0]

    def uleb(self) -> int:
        number, shift = 0, 0
        while True:
            group = self.byte()
            number |= (group & 127) << shift
            shift += 7
            if group < 128:
                break
        if (group == 0 and shift > 7) or number >= 1 << 32:
            raise MetadataError("a length that is not in its shortest form, or above 2^32-1")
        return number

    def is_some(self) -> bool:
        flag = self.byte()
        if flag > 1:
            raise MetadataError(f"{flag} is neither 0 (none) nor 1 (some)")
        return flag == 1

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def sized(self) -> bytes:
        return self.take(self.uleb())

    def text(self) -> str:
        try:
            return self.sized().decode()
        except UnicodeDecodeError as error:
            raise MetadataError("a text that is not UTF-8") from error

    def subaddress(self) -> bytes | None:
        return _exact(self.sized(), SUBADDRESS_BYTES, "a subaddress") if self.is_some() else None

    def reason(self) -> RefundReason:
        number = self.byte()
        if number not in RefundReason.__members__.values():
            raise MetadataError(f"{number} is no reason of a refund")
        return RefundReason(number)

    def end(self) -> None:
        if self._at != len(self._data):
            raise MetadataError(f"{len(self._data) - self._at} bytes after the metadata")
