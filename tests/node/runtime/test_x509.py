"""Certificates as DER, held against `ssl`'s own reading and against fixed bytes."""

import base64
import ssl

import pytest

from chain.crypto.signing import Scheme, ed25519_public_key, verify
from node.runtime import x509

SECRET = bytes(range(32))
KEY = ed25519_public_key(SECRET)
NAME_OF_ANCHOR = ((("organizationName", "mithqal anchor"),), (("commonName", KEY.hex()),))
NAME_OF_LEAF = ((("organizationName", "mithqal validator"),), (("commonName", KEY.hex()),))


def read(der: bytes, tmp_path):
    path = tmp_path / "certificate.pem"
    path.write_text(x509.pem("CERTIFICATE", der))
    return ssl._ssl._test_decode_cert(str(path))  # type: ignore[attr-defined]  # only here does Python parse a file


def test_a_leaf_is_issued_by_a_subject_named_after_its_key(tmp_path):
    """Each leaf is issued by a subject named after its anchor's key; subjects are unique."""
    seen = read(x509.leaf(SECRET), tmp_path)
    assert seen["issuer"] == NAME_OF_ANCHOR
    assert seen["subject"] == NAME_OF_LEAF
    assert seen["version"] == 3
    assert seen["notBefore"] == "Jan  1 00:00:00 1970 GMT"
    assert seen["notAfter"] == "Dec 31 23:59:59 9999 GMT"


def test_an_anchor_is_built_from_the_key_alone(tmp_path):
    """The verifier builds the anchor certificate from the 32-byte key alone: throw-away signature, CA:TRUE."""
    der = x509.anchor(KEY)
    seen = read(der, tmp_path)
    assert seen["issuer"] == seen["subject"] == NAME_OF_ANCHOR
    assert der.endswith(bytes(64))
    assert bytes.fromhex("0603551d130101ff040530030101ff") in der
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=der)
    assert context.cert_store_stats() == {"x509": 1, "crl": 0, "x509_ca": 1}


def test_a_leaf_is_no_authority():
    """A validator's leaf cannot issue another one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=x509.leaf(SECRET))
    assert context.cert_store_stats()["x509_ca"] == 0


def test_a_leaf_is_signed_by_its_own_key():
    """RFC 8410: the signature is Ed25519 over the certificate's body."""
    der = x509.leaf(SECRET)
    body_size = int.from_bytes(der[6:8], "big")
    assert der[4:6] == b"\x30\x82"
    assert verify(Scheme.ED25519, KEY, der[4 : 8 + body_size], der[-64:])


def test_key_of_a_leaf():
    """The key comes back, whatever it is."""
    for number in range(8):
        secret = bytes([number]) * 32
        assert x509.public_key_of(x509.leaf(secret)) == ed25519_public_key(secret)


def test_every_other_certificate_has_no_key():
    """A leaf is built again and compared: any byte changed before the signature, a cut or an addition is refused."""
    der = x509.leaf(SECRET)
    assert x509.public_key_of(x509.anchor(KEY)) is None
    for place in range(len(der) - 64):
        assert x509.public_key_of(der[:place] + bytes([der[place] ^ 1]) + der[place + 1 :]) is None
    for other in (b"", der[:200], der[:-1], der + b"\0"):
        assert x509.public_key_of(other) is None


def test_private_key_is_rfc_8410():
    """PKCS #8 of RFC 8410, section 7, with its example key."""
    example = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC"
    assert base64.b64encode(x509.private_key(base64.b64decode(example)[16:])).decode() == example


def test_pem_lines():
    """64 characters a line between the two marks."""
    text = x509.pem("THING", bytes(60))
    assert text == f"-----BEGIN THING-----\n{'A' * 64}\n{'A' * 16}\n-----END THING-----\n"


@pytest.mark.parametrize(("size", "head"), [(127, "047f"), (128, "048180"), (255, "0481ff"), (256, "04820100")])
def test_lengths_are_in_their_shortest_form(size, head):
    """DER: definite length, shortest form."""
    assert x509._tlv(0x04, bytes(size)) == bytes.fromhex(head) + bytes(size)
