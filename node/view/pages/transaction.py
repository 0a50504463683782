"""One transaction in full, and lists of them."""

from typing import Any

from node.view.briefs import briefs, briefs_table, signers_words
from node.view.changes import Change, balance_changes, sums_by_currency
from node.view.events import event_sentence
from node.view.layout import NOT_KEPT, Fields, Note, Page, Part, Table
from node.view.meanings import status_words
from node.view.metadata import metadata_words
from node.view.names import Names
from node.view.sentences import sentence
from node.view.signers import SCHEMES, signer_rows, signers_of
from node.view.source import Listing, Source, blocks_of
from node.view.text import clean, coins, count, money, signed, utc

Json = Any

SHOWN_BYTES = 64
"""Longer values are cut on the screen; the document holds them whole."""
SECOND_US = 1_000_000


def transaction_page(source: Source, names: Names, transaction: Json) -> Page:
    """Everything about one version; `transaction` was asked for with its events."""
    block = blocks_of(source, [transaction["version"]])[transaction["version"]]
    changes = balance_changes(transaction)
    status, advice = status_words(transaction["vm_status"])
    body = transaction["transaction"]
    is_user = body["type"] == "user"
    fee = transaction["gas_used"] * body["gas_unit_price"] if is_user else 0
    document = {
        **transaction,
        "sentence": sentence(transaction, names),
        "status_words": status,
        "advice": advice,
        "balance_changes": [change.to_json(names) for change in changes],
        "metadata_words": metadata_words(body["script"].get("metadata", "")) if is_user else None,
        "fee": {"amount": fee, "currency": body["gas_currency"]} if is_user else None,
        "scheme": SCHEMES.get(body["signature_scheme"], body["signature_scheme"]) if is_user else None,
        "signers": signers_of(body) if is_user else [],
        "height": block["height"],
        "epoch": block["epoch"],
        "timestamp_usecs": block["timestamp_usecs"],
        "signer_names": block["signer_names"],
    }
    parts: list[Part] = [Fields(f"Transaction {transaction['version']}", _summary(document, block, names))]
    if is_user:
        parts += [_changes_table(changes, names), _events_table(transaction, names), *_call(body["script"], names)]
    else:
        parts.append(_events_table(transaction, names))
    return Page(document, parts)


def _summary(document: Json, block: Json, names: Names) -> list[tuple[str, str]]:
    """The first part of the page."""
    body = document["transaction"]
    rows = [("what", document["sentence"]), ("status", f"{document['status_words']}; final")]
    if document["advice"]:
        rows.append(("to do", document["advice"]))
    round_ = f"round {block['round']}, epoch {block['epoch']}"
    rows += [
        ("block", f"{block['height']}, {round_}, proposed by {names.validator(block['proposer'])}"),
        ("signed by", signers_words(block, names)),
        ("time", utc(block["timestamp_usecs"])),
        ("hash", document["hash"]),
    ]
    if body["type"] == "user":
        rows += _user_rows(document, names)
    rows.append(("proof", f"mithqal proof get tx {document['version']} -o proof.json"))
    return rows


def _user_rows(document: Json, names: Names) -> list[tuple[str, str]]:
    """What a signed transaction says beside its call."""
    body, fee = document["transaction"], document["fee"]
    script = body["script"]
    price = f"{document['gas_used']} gas at {body['gas_unit_price']} micro-{clean(body['gas_currency'])}"
    rows = [
        ("sender", f"{_with_address(names, body['sender'])}, number {body['sequence_number']}"),
        *signer_rows(document["signers"], names),
        ("fee", f"{money(fee['amount'], fee['currency'])}: {price}, at most {body['max_gas_amount']} gas"),
        ("expires", utc(body["expiration_timestamp_secs"] * SECOND_US)),
    ]
    if body["fee_payer"]:
        rows.insert(3, ("fee paid by", _with_address(names, body["fee_payer"])))
    if body["valid_from_timestamp_secs"]:
        rows.append(("scheduled for", utc(body["valid_from_timestamp_secs"] * SECOND_US)))
    if document["metadata_words"]:
        rows.append(("metadata", document["metadata_words"]))
    if script.get("metadata_signature"):
        rows.append(("attested", f"signature of the receiving provider {script['metadata_signature']}"))
    return rows


def _with_address(names: Names, address: str) -> str:
    """`alice (6b5f...)`, or the address alone."""
    name = names.of(address)
    return address if name == address else f"{name} ({address})"


def _hex(text: str) -> str:
    """A hex value, cut if it is long."""
    shown = text[: 2 * SHOWN_BYTES]
    return shown if shown == text else f"{shown}... ({count(len(text) // 2, 'byte')}, whole with --json)"


def _changes_table(changes: list[Change], names: Names) -> Table:
    """Changes, and their sum for each currency."""
    rows = [(change.party(names), signed(change.amount), clean(change.currency)) for change in changes]
    rows += [("sum", signed(total), clean(code)) for code, total in sums_by_currency(changes).items()]
    return Table("Balance changes", ("", "", ""), rows, "nobody's balance changed", frozenset({1}))


def _events_table(transaction: Json, names: Names) -> Table:
    """Events in words, with the key and the number by which each is found again."""
    rows = [
        (event["data"]["type"], event_sentence(event, names), f"{event['key']} number {event['sequence_number']}")
        for event in transaction["events"]
    ]
    return Table("Events", ("type", "what it says", "stream"), rows)


def _call(script: Json, names: Names) -> list[Part]:
    """The function and its arguments as they were signed; a batch's payments one a line."""
    title = f"Call of {clean(script['module_name'])}::{clean(script['function_name'])}"
    if script["function_name"] != "pay_batch":
        return [Fields(title, [(name, _argument(value)) for name, value in script["named_arguments"].items()])]
    rows = [
        (
            str(place), names.of(payment["payee"]), coins(payment["amount"]), clean(payment["currency"]),
            metadata_words(payment["metadata"]) or "", "attested" if payment["metadata_signature"] else "",
        )
        for place, payment in enumerate(script["named_arguments"]["payments"])
    ]  # fmt: skip
    heads = ("payment", "payee", "amount", "currency", "metadata", "")
    return [Table(title, heads, rows, "none", frozenset({0, 2}))]


def _argument(value: Json) -> str:
    """An argument: text and hex cut if long, everything else as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _hex(clean(value)) or "(empty)" if isinstance(value, str) else str(value)


def transactions_page(source: Source, names: Names, listing: Listing, title: str, more: str) -> Page:
    """A list, newest first; `more` is the command that goes on, less its number."""
    rows = briefs(source, names, listing.rows)
    parts: list[Part] = [briefs_table(title, rows)]
    if listing.next_before is not None:
        parts.append(Note(f"older: {more} --before {listing.next_before}"))
    if listing.is_cut:
        parts.append(Note(NOT_KEPT))
    return Page({"transactions": rows, "next_before": listing.next_before}, parts)
