"""Pinned TLS in memory: who is let in, and what the handshake proves. No socket."""

import json
import os
import ssl
import tempfile
from pathlib import Path

import pytest

from chain.crypto.signing import ed25519_public_key, ed25519_sign
from node.runtime import tls, x509

SECRETS = [bytes([number + 1]) * 32 for number in range(3)]
KEYS = [ed25519_public_key(secret) for secret in SECRETS]


class Side:
    """One end of a TLS connection whose bytes are moved by hand."""

    def __init__(self, context: ssl.SSLContext, *, server: bool) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=server)

    def push(self) -> bool:
        """Go on with the handshake; whether it is done."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True


def shake(client_context: ssl.SSLContext, server_context: ssl.SSLContext) -> tuple[Side, Side]:
    """Run the handshake to its end on both sides, or raise what either side raises."""
    client, server = Side(client_context, server=False), Side(server_context, server=True)
    for _ in range(6):
        done = client.push()
        server.incoming.write(client.outgoing.read())
        done = server.push() and done
        client.incoming.write(server.outgoing.read())
        if done:
            return client, server
    raise AssertionError("the handshake does not end")


def client(index: int, pinned: list[int]) -> ssl.SSLContext:
    return tls.context(SECRETS[index], [KEYS[peer] for peer in pinned], server=False)


def server(index: int, pinned: list[int]) -> ssl.SSLContext:
    return tls.context(SECRETS[index], [KEYS[peer] for peer in pinned], server=True)


def test_both_sides_learn_the_other_s_key():
    """Both sides authenticated by keys alone, TLS 1.3, ALPN mithqal/1."""
    ours, theirs = shake(client(0, [1, 2]), server(1, [0, 2]))
    assert tls.peer_key(ours.tls) == KEYS[1]
    assert tls.peer_key(theirs.tls) == KEYS[0]
    assert ours.tls.version() == theirs.tls.version() == "TLSv1.3"
    assert ours.tls.selected_alpn_protocol() == "mithqal/1"


def test_a_server_with_an_unpinned_key_is_refused():
    """Wrong key refused, as client."""
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(client(0, [2]), server(1, [0]))


def test_a_client_with_an_unpinned_key_is_refused():
    """Wrong key refused, as server."""
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(client(0, [1]), server(1, [2]))


def test_nobody_pinned_means_nobody_gets_in():
    """No anchor is no default trust."""
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(client(0, [1]), server(1, []))


def test_a_client_without_a_certificate_is_refused():
    """CERT_REQUIRED on the server's side."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols([tls.ALPN])
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        shake(context, server(1, [0]))


def identity(tmp_path: Path, certificate: bytes, secret: bytes, pinned: bytes) -> ssl.SSLContext:
    """A client that shows a certificate of its own making."""
    context = tls.context(secret, [pinned], server=False)
    path = tmp_path / "identity.pem"
    path.write_text(x509.pem("PRIVATE KEY", x509.private_key(secret)) + x509.pem("CERTIFICATE", certificate))
    context.load_cert_chain(path)
    return context


def test_a_certificate_that_only_borrows_a_pinned_name_is_refused(tmp_path):
    """The issuer's name is not enough: its signature must be that of the pinned key."""
    names = x509._name("mithqal anchor", KEYS[0]), x509._name("mithqal validator", KEYS[0])
    body = x509._body(*names, KEYS[2], x509._LEAF_EXTENSIONS)
    forged = x509._certificate(body, ed25519_sign(SECRETS[2], body))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(identity(tmp_path, forged, SECRETS[2], KEYS[1]), server(1, [0]))


def test_a_pinned_key_cannot_vouch_for_another_key(tmp_path):
    """What a pinned key issues to another key passes the chain; the comparison after the handshake stops it."""
    names = x509._name("mithqal anchor", KEYS[0]), x509._name("mithqal validator", KEYS[0])
    body = x509._body(*names, KEYS[2], x509._LEAF_EXTENSIONS)
    lent = x509._certificate(body, ed25519_sign(SECRETS[0], body))
    _, theirs = shake(identity(tmp_path, lent, SECRETS[2], KEYS[1]), server(1, [0]))
    with pytest.raises(tls.TlsError) as caught:
        tls.peer_key(theirs.tls)
    assert caught.value.name == "wrong_certificate"


def test_another_protocol_over_the_right_key_is_refused():
    """ALPN mithqal/1 or nothing."""
    speaker = client(0, [1])
    speaker.set_alpn_protocols(["h2"])
    ours, theirs = shake(speaker, server(1, [0]))
    for side in (ours, theirs):
        with pytest.raises(tls.TlsError) as caught:
            tls.peer_key(side.tls)
        assert caught.value.name == "wrong_protocol"


@pytest.mark.parametrize("is_server", [True, False])
def test_only_tls_1_3(is_server):
    """Minimum and maximum version TLS 1.3, certificates required, no session tickets, no names looked at."""
    context = tls.context(SECRETS[0], [KEYS[1], KEYS[2]], server=is_server)
    assert context.minimum_version == context.maximum_version == ssl.TLSVersion.TLSv1_3
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert not context.check_hostname
    assert context.cert_store_stats()["x509_ca"] == 2
    if is_server:
        assert context.num_tickets == 0


def test_the_private_key_s_file_is_private_and_gone(tmp_path, monkeypatch):
    """Written into a 0600 file in a 0700 directory, removed directly after loading."""
    seen = []

    load = ssl.SSLContext.load_cert_chain

    def spy(context, certfile):
        path = Path(certfile)
        seen.append((path, path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777))
        load(context, certfile)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", spy)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = os.umask(0)
    try:
        tls.context(SECRETS[0], [KEYS[1]], server=True)
    finally:
        os.umask(before)
    [(path, mode, folder_mode)] = seen
    assert (mode, folder_mode) == (0o600, 0o700)
    assert path.is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == []


EDGE_CASES = json.loads((Path(__file__).parents[2] / "vectors/ed25519_edge_cases.json").read_text())


@pytest.mark.parametrize("number", [at for at in range(len(EDGE_CASES)) if at not in (6, 7)])
def test_no_key_of_an_edge_case_is_ever_pinned(number: int) -> None:
    """K1 once more at the door of OpenSSL, whose verdicts on such keys differ from libsodium's (security 4.4)."""
    key = bytes.fromhex(EDGE_CASES[number]["pub_key"])
    for server in (True, False):
        with pytest.raises(AssertionError, match="genesis admits only good keys"):
            tls.context(SECRETS[0], [KEYS[1], key], server=server)
