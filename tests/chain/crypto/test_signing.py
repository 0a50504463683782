"""Keys and signatures: K1 to K6."""

import json
from pathlib import Path

import ecdsa
import pytest

from chain.crypto.signing import (
    PrivateKey,
    RealSignatures,
    Scheme,
    SignatureCheck,
    address_of,
    authentication_key,
    is_valid_public_key,
    verify,
    verify_all,
)  # fmt: skip
from chain.errors import SignatureError

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "ed25519_edge_cases.json").read_text())
CURVES = {Scheme.SECP256K1: ecdsa.SECP256k1, Scheme.P256: ecdsa.NIST256p}
MESSAGE = b"message"


def test_identity_vector() -> None:
    """K4; reference 1.5: the seed 00 .. 1f."""
    private = PrivateKey(bytes(range(32)))
    auth_key = private.authentication_key()
    assert private.public_key.hex() == "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
    assert auth_key.hex() == "deb6bc1848ba9de44f8ebd4009dd666fe46ac921246500c18476dd1b96f1cb3a"
    assert address_of(auth_key).hex() == "e46ac921246500c18476dd1b96f1cb3a"


def test_multisig_identity_vector() -> None:
    """Reference 1.5: 2 of 3 over the seeds 01.., 02.., 03.., under scheme byte 1."""
    keys = b"".join(PrivateKey(bytes([i]) * 32).public_key for i in (1, 2, 3))
    got = authentication_key(Scheme.MULTI_ED25519, keys + b"\x02")
    assert got.hex() == "e103d0e6e67b017524bebf94ae151df6a70c6f354178a88a9a3865bcafabfdb4"


def test_scheme_numbers_and_their_keys_differ() -> None:
    """K4: 0 Ed25519, 1 multi, 2 secp256k1, 3 P-256, 4 mixed; the byte changes the authentication key."""
    assert [int(s) for s in (Scheme.ED25519, Scheme.MULTI_ED25519, Scheme.SECP256K1, Scheme.P256)] == [0, 1, 2, 3]
    assert int(Scheme.MIXED_MULTI) == 4
    assert len({authentication_key(s, bytes(33)) for s in Scheme}) == 5


@pytest.mark.parametrize("scheme", [Scheme.ED25519, Scheme.SECP256K1, Scheme.P256])
class TestEveryScheme:
    """What holds for each single-key scheme."""

    def test_sign_and_verify(self, scheme: Scheme) -> None:
        """Deterministic; another message, key, scheme or any flipped byte fails."""
        private, other = PrivateKey(bytes([7]) * 32, scheme), PrivateKey(bytes([8]) * 32, scheme)
        signature = private.sign(MESSAGE)
        assert len(signature) == 64
        assert signature == private.sign(MESSAGE)
        assert verify(scheme, private.public_key, MESSAGE, signature)
        assert not verify(scheme, private.public_key, MESSAGE + b"!", signature)
        assert not verify(scheme, other.public_key, MESSAGE, signature)
        for wrong in set(range(6)) - {int(scheme)}:
            assert not verify(wrong, private.public_key, MESSAGE, signature)
        for i in range(64):
            flipped = signature[:i] + bytes([signature[i] ^ 1]) + signature[i + 1 :]
            assert not verify(scheme, private.public_key, MESSAGE, flipped)

    def test_lengths(self, scheme: Scheme) -> None:
        """K6: malformed input is an invalid signature, never an exception."""
        private = PrivateKey(bytes([7]) * 32, scheme)
        good = private.sign(MESSAGE)
        for signature in (b"", good[:-1], good + b"\0", bytes(64), b"\xff" * 64):
            assert not verify(scheme, private.public_key, MESSAGE, signature)
        for public in (b"", private.public_key[:-1], private.public_key + b"\0", bytes(32), bytes(33), b"\xff" * 33):
            assert not verify(scheme, public, MESSAGE, good)
            assert not is_valid_public_key(scheme, public)
        assert is_valid_public_key(scheme, private.public_key)

    def test_the_text_form_shows_no_secret(self, scheme: Scheme) -> None:
        """repr holds the public key only."""
        private = PrivateKey(bytes([7]) * 32, scheme)
        assert repr(private) == f"PrivateKey({scheme.name}, public_key={private.public_key.hex()})"

    def test_secrets_have_32_bytes(self, scheme: Scheme) -> None:
        """bad_private_key."""
        for size in (0, 31, 33):
            with pytest.raises(SignatureError) as caught:
                PrivateKey(b"\1" * size, scheme)
            assert caught.value.name == "bad_private_key"


@pytest.mark.parametrize("scheme", list(CURVES))
class TestEcdsa:
    """K3."""

    def test_high_s_is_refused(self, scheme: Scheme) -> None:
        """Of s and n - s only the lower stands; the library itself would take both."""
        order = CURVES[scheme].order
        for number in range(1, 9):
            private = PrivateKey(number.to_bytes(32, "big"), scheme)
            signature = private.sign(MESSAGE)
            s = int.from_bytes(signature[32:], "big")
            assert 0 < s <= order // 2
            high = signature[:32] + (order - s).to_bytes(32, "big")
            assert not verify(scheme, private.public_key, MESSAGE, high)
            assert verify(scheme, private.public_key, MESSAGE, signature)

    def test_only_compressed_keys(self, scheme: Scheme) -> None:
        """K1: 33 bytes, starting with 2 or 3; uncompressed, hybrid and raw forms are refused."""
        private = PrivateKey(bytes([7]) * 32, scheme)
        signature = private.sign(MESSAGE)
        point = ecdsa.VerifyingKey.from_string(private.public_key, curve=CURVES[scheme])
        assert private.public_key[:1] in (b"\2", b"\3")
        for form in ("uncompressed", "hybrid", "raw"):
            public = point.to_string(form)
            assert not is_valid_public_key(scheme, public)
            assert not verify(scheme, public, MESSAGE, signature)
        for lead in (0, 1, 4, 5, 6, 7):
            assert not is_valid_public_key(scheme, bytes([lead]) + private.public_key[1:])

    def test_secrets_lie_below_the_order(self, scheme: Scheme) -> None:
        """0 and n are no keys; 1 and n - 1 are."""
        order = CURVES[scheme].order
        for bad in (0, order):
            with pytest.raises(SignatureError) as caught:
                PrivateKey(bad.to_bytes(32, "big"), scheme)
            assert caught.value.name == "bad_private_key"
        for good in (1, order - 1):
            assert is_valid_public_key(scheme, PrivateKey(good.to_bytes(32, "big"), scheme).public_key)

    def test_coordinates_beyond_the_field_are_refused(self, scheme: Scheme) -> None:
        """x >= p is not canonical."""
        prime = CURVES[scheme].curve.p()
        for x in (prime, prime + 1, 2**256 - 1):
            for lead in (b"\2", b"\3"):
                assert not is_valid_public_key(scheme, lead + x.to_bytes(32, "big"))


def test_reserved_schemes_have_no_private_keys() -> None:
    """1 and 4 are reserved."""
    for scheme in (Scheme.MULTI_ED25519, Scheme.MIXED_MULTI):
        with pytest.raises(SignatureError):
            PrivateKey(bytes([7]) * 32, scheme)
        assert not is_valid_public_key(scheme, PrivateKey(bytes([7]) * 32).public_key)


def test_rfc_8032_vector() -> None:
    """RFC 8032, 7.1, test 1: the empty message."""
    private = PrivateKey(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert private.public_key.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert private.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )


@pytest.mark.parametrize("place", range(len(VECTORS)))
def test_the_twelve_edge_cases_are_refused(place: int) -> None:
    """K1, K2: small-order and non-canonical keys, mixed-order points and large S, judged by libsodium."""
    case = {name: bytes.fromhex(text) for name, text in VECTORS[place].items()}
    assert not verify(Scheme.ED25519, case["pub_key"], case["message"], case["signature"])


def test_there_are_twelve() -> None:
    """Nobody shortened the file."""
    assert len(VECTORS) == 12


def test_the_port_judges_one_by_one() -> None:
    """K5: one verdict each, in order."""
    private = PrivateKey(bytes([7]) * 32)
    good = SignatureCheck(0, private.public_key, MESSAGE, private.sign(MESSAGE))
    bad = good._replace(message=b"other")
    port = RealSignatures()
    assert verify_all(port, [good, bad, good]) == [True, False, True]
    assert verify_all(port, []) == []
    assert port.is_valid_key(0, private.public_key)
    assert not port.is_valid_key(0, bytes(32))
