"""K-of-N keys whose holders' key files lie in this directory: signed with as one key; and how keys are named in words.

With fewer than K of them here nothing can be signed in one go: `mithqal governance propose` and `mithqal tx build` make
a file that travels from holder to holder.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from chain.crypto.multi import Member, MultiKey, write_multi_signature
from chain.crypto.schemes import VERIFY_COST, Scheme
from chain.crypto.signing import PrivateKey, address_of, authentication_key
from chain.errors import MithqalError
from chain.primitives import Address, Hash
from node.keystore import SCHEMES, KeyFileError, load_any, load_key


class AccountKey(Protocol):
    """What signs for an account: one private key, or enough of a K-of-N key."""

    scheme: Scheme
    public_key: bytes

    def sign(self, message: bytes) -> bytes:
        """A signature by the rules of the scheme."""

    def authentication_key(self) -> Hash:
        """SHA3-256(public key, scheme byte)."""


class HeldKey:
    """A K-of-N key with at least K private keys at hand: signs with K of them, the cheapest to verify."""

    def __init__(self, key: MultiKey, held: dict[int, PrivateKey]) -> None:
        """`held` by the place of their public key."""
        assert len(held) >= key.threshold
        by_cost = sorted(held, key=lambda place: (VERIFY_COST[held[place].scheme], place))
        self._held = {place: held[place] for place in by_cost[: key.threshold]}
        self.scheme = Scheme(key.scheme)
        self.public_key = key.to_bytes()

    def sign(self, message: bytes) -> bytes:
        """K signatures and their bitmap."""
        return write_multi_signature({place: key.sign(message) for place, key in self._held.items()})

    def authentication_key(self) -> Hash:
        """SHA3-256(public key, scheme byte)."""
        return authentication_key(self.scheme, self.public_key)


def threshold_cost(key: PrivateKey | MultiKey | None) -> int:
    """What the signatures of a key cost to verify at most, in verifications of Ed25519 (K11); of none that is known,
    what a single one may."""
    if key is None:
        return max(VERIFY_COST.values())
    if isinstance(key, PrivateKey):
        return VERIFY_COST[key.scheme]
    return sum(sorted([VERIFY_COST[member.scheme] for member in key.members], reverse=True)[: key.threshold])


def public_parts(key: PrivateKey | MultiKey) -> tuple[Scheme, bytes]:
    """Scheme and public key of either kind."""
    if isinstance(key, MultiKey):
        return Scheme(key.scheme), key.to_bytes()
    return key.scheme, key.public_key


def authentication_key_of(key: PrivateKey | MultiKey) -> Hash:
    """SHA3-256(public key, scheme byte) of either kind."""
    return authentication_key(*public_parts(key))


def address_from(key: PrivateKey | MultiKey) -> Address:
    """The address that a first key gives."""
    return address_of(authentication_key_of(key))


def signing_key(path: Path, keys: Path) -> AccountKey:
    """The key of a file; of a K-of-N key with the holders' files anywhere below `keys`.

    KeyFileError as `load_any`, and `not_enough_keys` if fewer than K are there.
    """
    key = load_any(path)
    if isinstance(key, PrivateKey):
        return key
    held = {
        place: private
        for private in private_keys(keys)
        for place, member in enumerate(key.members)
        if member == Member(int(private.scheme), private.public_key)
    }
    if len(held) < key.threshold:
        raise KeyFileError(
            f"{path} is {key.threshold} of {len(key.members)} keys, and {len(held)} of them are kept here: let the"
            " others sign a file (--propose FILE where the command has it, mithqal governance propose, or mithqal tx"
            " build and sign)",
            name="not_enough_keys", threshold=key.threshold, held=len(held),
        )  # fmt: skip
    return HeldKey(key, held)


def private_keys(keys: Path) -> Iterator[PrivateKey]:
    """Every private key below a directory, whatever account it stands for."""
    for path in sorted(keys.rglob("[!.]*.json")):
        try:
            key = load_any(path)
        except MithqalError:
            continue
        if isinstance(key, PrivateKey):
            yield key


def named_member(text: str, keys: Path, paths: Sequence[Path]) -> Member:
    """The public key that a text means: SCHEME:HEX, a key file, or a name whose key lies at one of `paths`.

    KeyFileError as `load_key`; `key_file_malformed` for SCHEME:HEX that is none.
    """
    scheme, colon, digits = text.partition(":")
    if colon and scheme in SCHEMES:
        try:
            return Member(int(SCHEMES[scheme]), bytes.fromhex(digits))
        except ValueError as error:
            raise KeyFileError(f"{text[:80]!r} is no {scheme} key in hex", name="key_file_malformed") from error
    path = next((path for path in paths if path.exists()), None)
    if path is None:
        path = Path(text)
    if not path.exists():
        raise KeyFileError(
            f"{text[:80]!r} is no name of a key in {keys}, no key file and no SCHEME:HEX", name="key_file_missing"
        )
    key = load_key(path)
    return Member(int(key.scheme), key.public_key)
