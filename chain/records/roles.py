"""What stands beside accounts: sliding nonces, recovery addresses, shared public keys, domains (docs/protocol.md, W).

Keys: `n`, `x` and `s` with an address; `d` with a domain's name in small letters, and `d@` with the address of the
provider whose domains are listed.
"""

from typing import Any, NamedTuple

from chain.codec import decode, encode, fields
from chain.errors import DecodeError
from chain.limits import NONCE_MASK_BITS

_MASK_BYTES = NONCE_MASK_BITS // 8
_DOMAIN, _DOMAINS = 0, 1


class SlidingNonce(NamedTuple):
    """Which nonces were used lately: bit `n - min_nonce` of the mask is set for a used n; none below is valid."""

    min_nonce: int = 0
    mask: int = 0

    def recorded(self, nonce: int) -> "SlidingNonce | None":
        """The window after a nonce that is neither too old nor too new (ask first); None if it was recorded already.

        The window moves up by as little as holds the nonce at its upper end.
        """
        shift = max(0, nonce - self.min_nonce - NONCE_MASK_BITS + 1)
        moved = SlidingNonce(self.min_nonce + shift, self.mask >> shift)
        bit = 1 << nonce - moved.min_nonce
        return None if moved.mask & bit else SlidingNonce(moved.min_nonce, moved.mask | bit)

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode((self.min_nonce, self.mask.to_bytes(_MASK_BYTES, "big")))

    @staticmethod
    def from_bytes(data: bytes) -> "SlidingNonce":
        """Read what `to_bytes` wrote."""
        min_nonce, mask = fields(decode(data), "sliding nonce", int, bytes)
        return SlidingNonce(min_nonce, int.from_bytes(mask, "big"))


class RecoveryAddress(NamedTuple):
    """The accounts whose rotation capability an account holds; its own comes first."""

    address: bytes
    recoverable: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode(tuple(self))

    @staticmethod
    def from_bytes(data: bytes) -> "RecoveryAddress":
        """Read what `to_bytes` wrote."""
        return RecoveryAddress(*fields(decode(data), "recovery address", bytes, tuple))


class SharedKey(NamedTuple):
    """An Ed25519 public key that its owner published; its authentication key follows from it."""

    address: bytes
    public_key: bytes

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode(tuple(self))

    @staticmethod
    def from_bytes(data: bytes) -> "SharedKey":
        """Read what `to_bytes` wrote."""
        return SharedKey(*fields(decode(data), "shared public key", bytes, bytes))


class Domain(NamedTuple):
    """Whose a domain is, as it was spelled when it was given; nobody's once it was taken away (records stay, S4)."""

    name: str
    owner: bytes

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode((_DOMAIN, *self))


class Domains(NamedTuple):
    """The domains of a provider, oldest first."""

    address: bytes
    names: tuple[str, ...]

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode((_DOMAINS, *self))


RoleRecord = SlidingNonce | RecoveryAddress | SharedKey | Domain | Domains


def nonce_key(address: bytes) -> bytes:
    """State key of a sliding nonce."""
    return b"n" + address


def recovery_key(address: bytes) -> bytes:
    """State key of a recovery address."""
    return b"x" + address


def shared_key_key(address: bytes) -> bytes:
    """State key of a published public key."""
    return b"s" + address


def domain_key(name: str) -> bytes:
    """State key of a domain: capitals and small letters are the same."""
    return b"d" + name.lower().encode("ascii")


def domains_key(address: bytes) -> bytes:
    """State key of a provider's list of domains; no name begins with @."""
    return b"d@" + address


def read_domain_record(data: bytes) -> Domain | Domains:
    """The record under a `domain_key` or a `domains_key`."""
    value: Any = decode(data)
    kind = value[0] if type(value) is tuple and value else None
    if kind == _DOMAIN:
        return Domain(*fields(value, "domain", int, str, bytes)[1:])
    if kind == _DOMAINS:
        return Domains(*fields(value, "domains", int, bytes, tuple)[1:])
    raise DecodeError("neither a domain nor a list of domains", name="wrong_shape")
