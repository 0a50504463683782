"""The part of docs/formats.md about several signers: K-of-N keys, multi-agent transactions, files that travel."""

import json

from chain.crypto.hashing import signing_message
from chain.crypto.multi import Member, multi_key, write_multi_signature
from chain.crypto.signing import PrivateKey, Scheme, authentication_key
from chain.primitives import Address, Hash
from chain.transaction import Authenticator, Payload, RawTransaction, Secondary, assemble, message_to_sign
from node.client.operations.partial import add_signature, open_partial
from tests.house.formats_proofs import example

GENESIS = Hash(b"\x47" * 32)
ED = [PrivateKey(bytes([number]) * 32) for number in (1, 2, 3)]
MIXED = [PrivateKey(bytes([number]) * 32, scheme) for number, scheme in ((1, Scheme.ED25519), (2, Scheme.P256))]


def several_signers() -> list[str]:
    """K-of-N by vectors, an exchange that two sign, and the file of one that waits for a signature."""
    plain = multi_key(2, [Member(0, key.public_key) for key in ED])
    mixed = multi_key(1, [Member(int(key.scheme), key.public_key) for key in MIXED])
    message = b"message"
    signature = write_multi_signature({place: ED[place].sign(message) for place in (0, 2)})
    return [
        (
            "### Keys of several\n\nRules K7 to K11. Scheme 1 has Libra's bytes: keys, then K; signatures in the order"
            " of their keys, then a bitmap\n(bit `0x80 >> (i mod 8)` of byte `i div 8` for key i). In scheme 4 the"
            " scheme's byte stands before each key.\n"
            "The Ed25519 keys of the secrets 01, 02 and 03 (32 times each), 2 of 3:\n"
        ),
        example("Public key, scheme 1", plain.to_bytes()),
        example("Authentication key: SHA3-256(public key, 01)", authentication_key(1, plain.to_bytes())),
        example('Signature of "message" by keys 0 and 2', signature),
        example("1 of 2: Ed25519 of secret 01, P-256 of secret 02; public key, scheme 4", mixed.to_bytes()),
        example("Authentication key: SHA3-256(public key, 04)", authentication_key(4, mixed.to_bytes())),
        *_exchange(),
        _key_file(),
    ]


def _exchange() -> list[str]:
    """A transaction that two sign."""
    sender, second = (Address(key.authentication_key()[16:]) for key in ED[:2])
    call = Payload("exchange_by_signers", ("XUS", 30, "XEU", 20, b""))
    raw = RawTransaction(sender, 7, call, 1_000, 1, "XUS", 1_700_000_000, 4)
    message = message_to_sign(raw.to_bytes(), [second], GENESIS)
    assert message.startswith(signing_message("RawTransactionWithData", GENESIS, b""))
    signed = assemble(
        raw,
        Authenticator(0, ED[0].public_key, ED[0].sign(message)),
        [Secondary(second, 0, ED[1].public_key, ED[1].sign(message))],
    )
    partial = open_partial(raw, GENESIS, [second], {bytes(sender): ED[0], bytes(second): ED[1]})
    document = add_signature(partial, ED[1]).partial_json()
    assert document.pop("bytes") == raw.to_bytes().hex()
    return [
        (
            "### Multi-agent transactions\n\nRules T9, T11 and T12. Secret 01 gives 30 micro-XUS for 20 micro-XEU of"
            " secret 02; both sign.\n"
        ),
        example("Signed message: seed, genesis hash, (raw bytes, (address of each secondary signer))", message),
        example("Envelope: the fifth field is ((address, scheme, public key, signature), ...)", signed.envelope),
        example("Transaction hash", signed.hash),
        (
            "A `partial_transaction` is the file of a transaction that somebody has still to sign: `bytes` is the raw"
            " transaction, `signers`\nthe sender and then each secondary signer with its keys and what it has given"
            " (`key` is the place of the key). `scheme` is null\nand `keys` empty while a signer's key is not known."
            " Whoever reads it verifies every signature in it and derives the rest.\nThe exchange, signed by the second"
            " signer only, without its `bytes`:\n"
        ),
        f"```json\n{json.dumps(document, indent=1)}\n```\n",
    ]


def _key_file() -> str:
    """The file of a K-of-N key."""
    return (
        "The file of a K-of-N key is a JSON object of `name`, `scheme` (`multi_ed25519`, `mixed_multi`), `threshold`,"
        " `keys`\n(each `scheme` and `public_key`) and `public_key`, the bytes of all of it; it holds no secret.\n"
    )
