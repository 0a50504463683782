"""TLS 1.3 between validators, both sides authenticated, keys pinned on chain (design decision 9)."""

import ssl
import tempfile
from pathlib import Path

from node.runtime import x509

ALPN = "mithqal/1"


def context(secret: bytes, pinned_keys: list[bytes], *, server: bool) -> ssl.SSLContext:
    """A context that shows `secret`'s certificate and accepts only holders of `pinned_keys` (32 bytes each).

    The caller still compares the peer's key after the handshake, see `peer_key`.
    """
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    result.minimum_version = ssl.TLSVersion.TLSv1_3
    result.check_hostname = False
    result.verify_mode = ssl.CERT_REQUIRED
    if server:
        result.num_tickets = 0
    result.set_alpn_protocols([ALPN])
    anchors = "".join(x509.pem("CERTIFICATE", x509.anchor(key)) for key in pinned_keys)
    result.load_verify_locations(cadata=anchors)
    with tempfile.TemporaryDirectory() as folder:  # ssl reads a private key from a file only; the folder is 0700
        path = Path(folder) / "identity.pem"
        path.touch(mode=0o600)
        path.write_text(
            x509.pem("PRIVATE KEY", x509.private_key_der(secret)) + x509.pem("CERTIFICATE", x509.leaf(secret))
        )
        result.load_cert_chain(path)
    return result


def peer_key(connection: ssl.SSLObject) -> bytes | None:
    """The public key that the peer proved to hold in the handshake."""
    certificate = connection.getpeercert(binary_form=True)
    return None if certificate is None else x509.public_key_of(certificate)
