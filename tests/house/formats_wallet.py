"""The part of docs/formats.md that wallets need: account identifiers, metadata, memos, attestation, receipts."""

from chain.execution.attestation import attestation_message
from chain.identifiers import encode_identifier, encode_intent
from chain.metadata import (
    CoinTrade,
    General,
    Metadata,
    Payment,
    Refund,
    RefundReason,
    TravelRule,
    Undefined,
    UnstructuredBytes,
    commit_to_memo,
    encode_metadata,
)
from node.client.payments.receipts import FIELDS, FORMAT, KIND
from tests.house.formats_proofs import example

ADDRESS = bytes.fromhex("f72589b71ff4f8d139674a3f7369c69b")
SUBADDRESS = bytes.fromhex("cf64428bdeb62af2")
REFERENCE = "4185027f-0574-6f55-2668-3a38fdb5de98"
SALT = bytes(range(16))
MEMO = "rent, May"
KINDS: list[tuple[str, Metadata]] = [
    ("says nothing", Undefined()),
    ("to a subaddress, from another", General(SUBADDRESS, bytes.fromhex("8f8b82153010a1bd"))),
    ("the reference of an attested payment", TravelRule(REFERENCE)),
    ("a commitment to a memo", UnstructuredBytes(commit_to_memo(MEMO, SALT))),
    ("a refund in full of version 12343", Refund(12343, RefundReason.USER_FULL)),
    ("a trade with a dealer", CoinTrade(("order-1", "order-2"))),
    ("a payment under a reference of 16 bytes", Payment(bytes.fromhex(REFERENCE.replace("-", "")))),
]


def wallet() -> list[str]:
    """Everything below "Payments"."""
    with_sub, plain = encode_identifier(ADDRESS, SUBADDRESS), encode_identifier(ADDRESS)
    rows = [f"| {number} | {what} | `{encode_metadata(value).hex()}` |" for number, (what, value) in enumerate(KINDS)]
    reasons = ", ".join(f"{int(reason)} {reason.name.lower().replace('_', ' ')}" for reason in RefundReason)
    metadata = encode_metadata(TravelRule(REFERENCE))
    return [
        (
            "### Account identifiers\n\nBech32 (BIP-173, constant 1): prefix (`dm` mainnet, `tdm` test networks, `pdm`"
            " pre-mainnet), `1`, the version `p`,\n24 bytes (address, then subaddress or eight zero bytes) in groups of"
            f" 5 bits, 6 characters of checksum.\n\nAddress `{ADDRESS.hex()}`: `{plain}`; with subaddress"
            f" `{SUBADDRESS.hex()}`: `{with_sub}`; an intent: `{encode_intent(plain, 'XUS', 1_000_000)}`\n"
        ),
        (
            "### Metadata of a payment\n\nDiem's canonical binary form (BCS): a byte for the kind, a byte 0 for the"
            " version (kinds 1, 2, 4, 5, 6), the fields.\nA length is a ULEB128 number, a missing field `00`, a present"
            " one `01` in front, a 64-bit number little-endian.\n\n| kind | says | example |\n|---|---|---|\n"
            + "\n".join(rows)
            + f"\n\nReasons of a refund: {reasons}.\n"
        ),
        f'The commitment above is SHA-256(seed("Memo") + salt + text), salt `{SALT.hex()}`, text `{MEMO}`.\n',
        example(
            "What a receiving provider signs (raw Ed25519 by its compliance key): metadata, payer's address, amount of"
            ' 1,000,000 (8 bytes, little-endian), "@@$$DIEM_ATTEST$$@@"',
            attestation_message(metadata, ADDRESS, 1_000_000),
        ),
        (
            f'### Receipts\n\nA JSON object, `"receipt": "{KIND}"`, `"format": {FORMAT}`, with exactly these fields:'
            f" {', '.join(f'`{name}`' for name in FIELDS)}.\n\nAmounts are micro-units; `payer` and `payee` are"
            " `{name, address, identifier}`, the names being those of whoever paid;\n`final_s` is null where nobody"
            " measured it; `memo` is null or `{text, salt}`; `reference_id` and `refund_of` are what the metadata says,"
            " or null.\n"
        ),
    ]
