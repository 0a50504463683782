"""The keyed hash stands in for signatures: same interface, same public keys, unforgeable inside a run."""

from chain.crypto.signing import PrivateKey, Scheme, SignatureCheck
from node.sim.signatures import KeyedHashSignatures

SECRET = bytes(range(32))


def test_signs_and_verifies() -> None:
    """A registered key's signature holds over its message, and over no other; it is 64 bytes."""
    port = KeyedHashSignatures(b"world")
    signer = port.signer(SECRET)
    signature = signer.sign(b"pay")
    assert len(signature) == 64
    assert port.verify(SignatureCheck(Scheme.ED25519, signer.public_key, b"pay", signature))
    assert not port.verify(SignatureCheck(Scheme.ED25519, signer.public_key, b"pay!", signature))
    assert not port.verify(SignatureCheck(Scheme.ED25519, signer.public_key, b"pay", signature[:-1] + b"?"))
    assert not port.verify(SignatureCheck(Scheme.ED25519, signer.public_key, b"pay", b""))
    assert port.name == "keyed-hash"


def test_the_public_key_is_the_real_one() -> None:
    """Addresses and validator sets do not depend on the port."""
    assert KeyedHashSignatures(b"world").signer(SECRET).public_key == PrivateKey(SECRET).public_key


def test_a_key_binds_its_signatures() -> None:
    """Another key's, another scheme's, another run's or an unknown key's signature does not hold."""
    port, other_world = KeyedHashSignatures(b"world"), KeyedHashSignatures(b"elsewhere")
    one, two = port.signer(SECRET), port.signer(bytes(32))
    signature = one.sign(b"pay")
    assert not port.verify(SignatureCheck(Scheme.ED25519, two.public_key, b"pay", signature))
    assert not port.verify(SignatureCheck(Scheme.SECP256K1, one.public_key, b"pay", signature))
    assert not port.verify(SignatureCheck(Scheme.ED25519, b"unknown", b"pay", signature))
    assert other_world.signer(SECRET).sign(b"pay") != signature
    assert not KeyedHashSignatures(b"world").verify(SignatureCheck(0, one.public_key, b"pay", signature))


def test_keys_are_judged_by_length() -> None:
    """32 bytes for Ed25519, 33 for the curves, nothing for unknown schemes."""
    port = KeyedHashSignatures(b"world")
    assert port.is_valid_key(Scheme.ED25519, bytes(32))
    assert not port.is_valid_key(Scheme.ED25519, bytes(33))
    assert port.is_valid_key(Scheme.P256, bytes(33))
    assert not port.is_valid_key(9, bytes(32))
