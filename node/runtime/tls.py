"""TLS 1.3 between validators, both sides authenticated, keys pinned on chain (docs/links.md, design decision 9)."""

import os
import ssl
import tempfile
from pathlib import Path

from chain.crypto.signing import RealSignatures, Scheme
from chain.errors import MithqalError
from node.runtime import x509

ALPN = "mithqal/1"


class TlsError(MithqalError):
    """The peer passed TLS and is still not whom we want to talk to."""

    name = "wrong_peer"


def context(secret: bytes, pinned_keys: list[bytes], *, server: bool) -> ssl.SSLContext:
    """A context that shows `secret`'s certificate and accepts only holders of `pinned_keys` (32 bytes each).

    No pinned key means that nobody is accepted. The caller still asks `peer_key` after the handshake.
    """
    port = RealSignatures()
    assert all(port.is_valid_key(Scheme.ED25519, key) for key in pinned_keys), "genesis admits only good keys (K1)"
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    result.minimum_version = result.maximum_version = ssl.TLSVersion.TLSv1_3
    result.check_hostname = False
    result.verify_mode = ssl.CERT_REQUIRED
    if server:
        result.num_tickets = 0
    result.set_alpn_protocols([ALPN])
    anchors = b"".join(x509.anchor(key) for key in pinned_keys)
    if anchors:
        result.load_verify_locations(cadata=anchors)
    _load_identity(result, secret)
    return result


def peer_key(connection: ssl.SSLObject) -> bytes:
    """The 32-byte key that the peer proved to hold; TlsError `wrong_protocol` or `wrong_certificate`."""
    if connection.selected_alpn_protocol() != ALPN:
        raise TlsError(f"the peer does not speak {ALPN}", name="wrong_protocol")
    certificate = connection.getpeercert(binary_form=True)
    key = None if certificate is None else x509.public_key_of(certificate)
    if key is None:
        raise TlsError("the peer's certificate is not a validator's", name="wrong_certificate")
    return key


def _load_identity(target: ssl.SSLContext, secret: bytes) -> None:
    """`ssl` reads a private key from a file only: 0600, in a 0700 directory, gone when this returns."""
    text = x509.pem("PRIVATE KEY", x509.private_key(secret)) + x509.pem("CERTIFICATE", x509.leaf(secret))
    with tempfile.TemporaryDirectory(prefix="mithqal-") as folder:
        path = Path(folder) / "identity.pem"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        target.load_cert_chain(path)
