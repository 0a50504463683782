"""Renders docs/formats.md from the code: `python -m tests.house.formats > docs/formats.md`."""

import json
import sys

from chain.block import payload_root
from chain.certificates import CommitInfo, VoteData, timeout_message, vote_message
from chain.codec import encode
from chain.crypto.hashing import seed, signing_message
from chain.crypto.signing import PrivateKey, Scheme
from chain.functions import FUNCTIONS
from chain.messages import MESSAGE_TYPES
from chain.primitives import Address, Hash
from chain.records.policy import Policy, Rule
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from chain.validators import Validator, ValidatorSet
from node.client.operations.txfile import raw_document, signed_document
from tests.house.formats_proofs import example, json_rpc, proofs
from tests.house.formats_signers import several_signers
from tests.house.formats_wallet import wallet

KEY = PrivateKey(bytes(range(32)))
GENESIS = Hash(b"\x47" * 32)


def transaction() -> list[str]:
    """The payment that serves as example."""
    auth_key = KEY.authentication_key()
    arguments = ("XUS", bytes.fromhex("f72589b71ff4f8d139674a3f7369c69b"), 1_000_000, b"", b"")
    raw = RawTransaction(
        Address(auth_key[16:]), 7, Payload("peer_to_peer_with_metadata", arguments), 600, 1, "XUS", 1_700_000_000, 4
    )
    tx = sign_transaction(raw, KEY, Scheme.ED25519, GENESIS)
    return [
        (f"Key: secret `{bytes(range(32)).hex()}`, public key `{KEY.public_key.hex()}`, authentication key"
        f" `{auth_key.hex()}`, address `{auth_key[16:].hex()}`; genesis hash `47` 32 times.\n"),
        example("Raw transaction: (sender, number, (function, arguments), max gas, gas price, gas currency,"
                " expiration in seconds, chain id)", tx.raw_bytes),
        example("Signed message", signing_message("RawTransaction", GENESIS, tx.raw_bytes)),
        example("Signature", tx.signature),
        example("Envelope: (0, bytes of (raw bytes, scheme, public key, signature))", tx.envelope),
        example("Transaction hash", tx.hash),
        *transaction_files(tx),
        policy_bytes(),
    ]  # fmt: skip


def policy_bytes() -> str:
    """The argument of `set_jurisdiction_policy`."""
    rule = Rule("br-2021", "BR", "", 1_620_086_400_000_000, 0, True, "BRL", 10**9, 0, 5 * 10**9, 20)
    title = (
        "Jurisdiction policy: (version, name, ((rule id, sender's country, receiver's country, in force from, until, is"
        " open, currency, cap a payment, a day, a month, payments a day), ...))"
    )
    return example(title, Policy(1, "br-2021", (rule,)).to_bytes())


def transaction_files(tx: SignedTransaction) -> list[str]:
    """The same payment as `mithqal tx build` and `tx sign` write it."""
    raw, signed = raw_document(tx.raw, GENESIS), signed_document(tx, GENESIS)
    assert (raw.pop("bytes"), signed.pop("bytes")) == (tx.raw_bytes.hex(), tx.envelope.hex())
    return [
        (
            "### Transaction files\n\nJSON, amounts in micro-units. `bytes` is what counts, in lower-case hex: of a"
            " `raw_transaction` the raw transaction,\nof a `signed_transaction` the envelope. All else is derived from"
            " it and must be exactly that, with nothing besides,\nor the file is refused; only `genesis_hash` is the"
            " file's own word, which the signature covers. Without their `bytes`:\n"
        ),
        *[f"```json\n{json.dumps(document, indent=1)}\n```\n" for document in (raw, signed)],
    ]


def consensus() -> list[str]:
    """What validators sign."""
    data = VoteData(1, 2, Hash(b"\x02" * 32), 1, Hash(b"\x01" * 32), Hash(b"\x0a" * 32), 5, 1_000_002, None)
    commit = CommitInfo(1, 1, Hash(b"\x01" * 32), Hash(b"\x0b" * 32), 3, 1_000_001, None)
    members = ValidatorSet(1, (Validator("v0", b"\x03" * 32, b"\x04" * 32, 0),))
    return [
        example("Vote message: seed, genesis hash, ((epoch, round, block id, parent round, parent id, root, version,"
                " time in microseconds, None), commit info or None)", vote_message(data, commit, GENESIS)),
        example("Time-out message: seed, genesis hash, (epoch, round, round of the highest certificate)",
                timeout_message(1, 2, 1, GENESIS)),
        example("Payload root of no transactions", payload_root(())),
        example("Validator set: (epoch, ((name, consensus key, network key, number), ...))",
                encode(members.to_value())),
        f"Waypoint of the commit info above: `{commit.waypoint()}`\n",
    ]  # fmt: skip


def render() -> str:
    """The whole page."""
    values = encode((0, 127, 128, 2**64 - 1, b"ab", "ab", None, True, False, ()))
    functions = [
        f"| `{name}` | {function.module} | {', '.join(f'{n}: {kind.value}' for n, kind in function.parameters)} |"
        for name, function in FUNCTIONS.items()
    ]
    messages = [f"| {number} | `{name}` | {kind.__doc__} |" for number, (name, kind) in enumerate(MESSAGE_TYPES)]
    parts = [
        (
            "# Formats\n\nGenerated by `python -m tests.house.formats`; a test compares it with the code."
            " The rules are in [protocol.md](protocol.md).\n"
        ),
        "## Values\n\nCanonical MessagePack (C1 to C5).\n",
        example('(0, 127, 128, 2^64-1, bytes "ab", text "ab", None, true, false, ())', values),
        f'seed("Transaction") = `{seed("Transaction").hex()}`\n',
        "## Transactions\n",
        *transaction(),
        *several_signers(),
        "### Functions\n\n| function | module | parameters |\n|---|---|---|\n" + "\n".join(functions) + "\n",
        "`payments` is a list of 1 to 500 (currency, payee, amount, metadata, metadata signature).\n",
        "## Payments\n",
        *wallet(),
        "## Consensus\n",
        *consensus(),
        *json_rpc(),
        *proofs(),
        "## Messages between validators\n\nA frame is a length (4 bytes, big-endian) and (number, content).\n\n"
        "| number | name | what |\n|---|---|---|\n" + "\n".join(messages) + "\n",
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(render())
