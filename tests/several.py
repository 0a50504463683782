"""A K-of-N key of which a test holds every part, in the form of a single private key."""

from collections.abc import Sequence

from chain.crypto.multi import Member, multi_key, write_multi_signature
from chain.crypto.signing import PrivateKey, Scheme, address_of, authentication_key
from chain.primitives import Hash
from tests.builders import Party, key


class Several:
    """K of N private keys; the places of `using` sign, the first K if nothing is said."""

    def __init__(self, threshold: int, keys: Sequence[PrivateKey], using: Sequence[int] = ()) -> None:
        """The public key's scheme is 1 if all keys are of Ed25519, else 4."""
        self.keys = tuple(keys)
        self.using = tuple(using) or tuple(range(threshold))
        self.multi = multi_key(threshold, [Member(int(one.scheme), one.public_key) for one in keys])
        self.scheme = Scheme(self.multi.scheme)
        self.public_key = self.multi.to_bytes()

    def sign(self, message: bytes) -> bytes:
        """Signatures of the chosen keys and their bitmap."""
        return write_multi_signature({place: self.keys[place].sign(message) for place in self.using})

    def authentication_key(self) -> Hash:
        """SHA3-256(public key, scheme byte)."""
        return authentication_key(self.scheme, self.public_key)


def mixed(threshold: int = 2, using: Sequence[int] = (), first: int = 801) -> Several:
    """K of three keys of the three schemes."""
    schemes = (Scheme.ED25519, Scheme.SECP256K1, Scheme.P256)
    return Several(threshold, [key(first + place, scheme) for place, scheme in enumerate(schemes)], using)


def plain(threshold: int = 2, count: int = 3, using: Sequence[int] = (), first: int = 901) -> Several:
    """K of N keys of Ed25519."""
    return Several(threshold, [key(first + place) for place in range(count)], using)


def party_of(several: Several) -> Party:
    """At the address that its first key gives."""
    return Party(several, address_of(several.authentication_key()))  # type: ignore[arg-type]
