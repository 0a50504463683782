"""Ledger values as JSON: Libra's shapes (hex without 0x, u64 as numbers), and ours where Libra has none.

Libra's own fields keep their names and types; what we add stands beside them (docs/formats.md, "JSON-RPC").
"""

from typing import Any

from chain.accounts import ASSOCIATION, Account, Currency, Role, event_key
from chain.codec import decode, fields
from chain.entries import KIND_BLOCK_METADATA, KIND_GENESIS, Event, Status, TransactionInfo
from chain.execution.context import ACCOUNT_HANDLES, CURRENCY_HANDLES, currency_handles_from
from chain.execution.outcome import EVENT_FIELDS, explain_abort
from chain.functions import FUNCTIONS, Kind
from chain.ledger import read_entry
from chain.transaction import SignedTransaction, decode_transaction

Json = Any
SCHEME_NAMES = {
    0: "Scheme::Ed25519", 1: "Scheme::MultiEd25519", 2: "Scheme::Secp256k1", 3: "Scheme::P256", 4: "Scheme::MixedMulti",
}  # fmt: skip
ONE = 1 << 32
"""1 in 32-bit fixed point."""
ROLE_NAMES = {
    Role.ASSOCIATION: "association",
    Role.TREASURY: "treasury_compliance",
    Role.DESIGNATED_DEALER: "designated_dealer",
    Role.VALIDATOR: "validator",
    Role.VALIDATOR_OPERATOR: "validator_operator",
    Role.PARENT_VASP: "parent_vasp",
    Role.CHILD_VASP: "child_vasp",
}


def amount(currency: str, value: int) -> Json:
    """Amount {amount, currency} in micro-units."""
    return {"amount": value, "currency": currency}


def _handle(account: Account, name: str) -> str:
    """Hex event key of one of an account's streams; empty where the role has none."""
    number = ACCOUNT_HANDLES.get(account.role, {}).get(name)
    return "" if number is None else event_key(number, account.address).hex()


def account_json(account: Account, version: int) -> Json:
    """Account, as of `version`."""
    return {
        "address": account.address.hex(),
        "balances": [amount(code, value) for code, value in account.balances],
        "sequence_number": account.sequence_number,
        "authentication_key": account.authentication_key.hex(),
        "sent_events_key": _handle(account, "sentpayment"),
        "received_events_key": _handle(account, "receivedpayment"),
        "delegated_key_rotation_capability": False,
        "delegated_withdrawal_capability": False,
        "is_frozen": account.is_frozen,
        "role": _role_json(account),
        "version": version,
    }


def _role_json(account: Account) -> Json:
    """The role object of an account."""
    role: dict[str, Json] = {"type": ROLE_NAMES[Role(account.role)]}
    if account.role == Role.CHILD_VASP:
        role["parent_vasp_address"] = account.parent.hex()
    if account.credential is not None:
        role["human_name"] = account.credential.human_name
        role["base_url"] = account.credential.base_url.decode("utf-8", "replace")
        role["expiration_time"] = 2**64 - 1
        role["compliance_key"] = account.credential.compliance_key.hex()
        role["compliance_key_rotation_events_key"] = _handle(account, "compliancekeyrotation")
        role["base_url_rotation_events_key"] = _handle(account, "baseurlrotation")
    if account.role == Role.PARENT_VASP:
        role.update(num_children=account.num_children, vasp_domains=[], diem_id_domains=[])
    if account.role == Role.DESIGNATED_DEALER:
        totals: dict[str, int] = {}
        queues: dict[str, list[Json]] = {}
        for code, value in account.preburns:
            totals[code] = totals.get(code, 0) + value
            queues.setdefault(code, []).append({"preburn": amount(code, value), "metadata": ""})
        role["preburn_balances"] = [amount(code, totals[code]) for code in sorted(totals)]
        role["preburn_queues"] = [{"currency": code, "preburns": queues[code]} for code in sorted(queues)]
        role["received_mint_events_key"] = _handle(account, "receivedmint")
    return role


def currency_json(currency: Currency, place: int) -> Json:
    """CurrencyInfo; `place` is its order of registration. Supply, fees and receipts are ours."""
    first = currency_handles_from(place)
    keys = {name: event_key(first + offset, ASSOCIATION).hex() for name, offset in CURRENCY_HANDLES.items()}
    return {
        "code": currency.code,
        "scaling_factor": currency.scaling_factor,
        "fractional_part": currency.fractional_part,
        "to_xdx_exchange_rate": currency.rate / ONE,
        "mint_events_key": keys["mint"],
        "burn_events_key": keys["burn"],
        "preburn_events_key": keys["preburn"],
        "cancel_burn_events_key": keys["cancelburn"],
        "exchange_rate_update_events_key": keys["to_xdx_exchange_rate_update"],
        "rate_fixed_point32": currency.rate,
        "is_synthetic": currency.is_synthetic,
        "can_mint": currency.can_mint,
        "total_value": currency.total_value,
        "preburn_value": currency.preburn_value,
        "fees": currency.fees,
        "custodian_key": currency.custodian_key.hex(),
        "receipts_deposited": currency.receipts_deposited,
        "receipts_released": currency.receipts_released,
    }


def event_json(event: Event, version: int) -> Json:
    """Event {key, sequence_number, transaction_version, data}; amounts as {amount, currency}."""
    data: dict[str, Json] = {"type": event.type}
    for name, value in zip(EVENT_FIELDS.get(event.type, ()), event.data, strict=False):
        data[name] = value.hex() if isinstance(value, bytes) else value
    if "amount" in data and "currency" in data:
        data["amount"] = amount(data.pop("currency"), data["amount"])
    return {
        "key": event.key.hex(),
        "sequence_number": event.sequence,
        "transaction_version": version,
        "data": data,
    }


def status_json(status: Status) -> Json:
    """vm_status {type, ...}; an abort names its module, category and reason."""
    if status.kind != "move_abort":
        return {"type": status.kind}
    category, reason = explain_abort(status.module, status.code)
    return {
        "type": "move_abort",
        "location": f"00000000000000000000000000000001::{status.module}",
        "abort_code": status.code,
        "explanation": {
            "category": category, "category_description": "", "reason": reason, "reason_description": "",
            "module": status.module,
        },
    }  # fmt: skip


def transaction_json(version: int, row: bytes, *, include_events: bool) -> Json:
    """Transaction of a stored version."""
    kind, data, info_bytes, events = read_entry(row)
    info = TransactionInfo.from_bytes(info_bytes)
    return {
        "version": version,
        "transaction": body_json(kind, data),
        "hash": info.transaction_hash.hex(),
        "bytes": data.hex(),
        "events": [event_json(event, version) for event in events] if include_events else [],
        "vm_status": status_json(info.status),
        "gas_used": info.gas_used,
    }


def body_json(kind: int, data: bytes) -> Json:
    """What an entry says, by its kind."""
    if kind == KIND_GENESIS:
        return {"type": "writeset"}
    if kind == KIND_BLOCK_METADATA:
        block_id, epoch, round_, height, author, time_us = fields(
            decode(data), "block metadata", bytes, int, int, int, int, int
        )
        return {
            "type": "blockmetadata", "timestamp_usecs": time_us, "block_id": block_id.hex(), "epoch": epoch,
            "round": round_, "height": height, "proposer": author,
        }  # fmt: skip
    return user_json(decode_transaction(data))


def user_json(tx: SignedTransaction) -> Json:
    """A user transaction."""
    raw = tx.raw
    return {
        "type": "user",
        "sender": raw.sender.hex(),
        "signature_scheme": _scheme_name(tx.scheme),
        "signature": tx.signature.hex(),
        "public_key": tx.public_key.hex(),
        "secondary_signers": [other.address.hex() for other in tx.secondaries],
        "secondary_signature_schemes": [_scheme_name(other.scheme) for other in tx.secondaries],
        "secondary_signatures": [other.signature.hex() for other in tx.secondaries],
        "secondary_public_keys": [other.public_key.hex() for other in tx.secondaries],
        "sequence_number": raw.sequence_number,
        "chain_id": raw.chain_id,
        "max_gas_amount": raw.max_gas_amount,
        "gas_unit_price": raw.gas_unit_price,
        "gas_currency": raw.gas_currency,
        "expiration_timestamp_secs": raw.expiration_secs,
        "script_hash": "",
        "script_bytes": "",
        "script": _script_json(tx),
    }


def _scheme_name(scheme: int) -> str:
    """Libra's word for a scheme, or ours in its form."""
    return SCHEME_NAMES.get(scheme, f"Scheme::{scheme}")


def _script_json(tx: SignedTransaction) -> Json:
    """The call: Libra's text arguments, and each argument by name."""
    payload = tx.raw.payload
    function = FUNCTIONS[payload.function]
    texts: list[str] = []
    types: list[Json] = []
    named: dict[str, Json] = {}
    for (name, kind), value in zip(function.parameters, payload.arguments, strict=True):
        named[name] = value.hex() if isinstance(value, bytes) else value
        if kind is Kind.CURRENCY:
            types.append(value)
        elif kind is Kind.ADDRESS:
            texts.append(f"{{ADDRESS: {named[name]}}}")
        elif kind is Kind.U64:
            texts.append(f"{{U64: {named[name]}}}")
        elif kind is Kind.BOOL:
            texts.append(f"{{BOOL: {str(value).lower()}}}")
        else:
            raw = value.encode() if isinstance(value, str) else value
            texts.append(f"{{U8Vector: 0x{raw.hex() if isinstance(raw, bytes) else ''}}}")
    script: dict[str, Json] = {
        "type": "script_function",
        "module_address": "00000000000000000000000000000001",
        "module_name": function.module,
        "function_name": payload.function,
        "arguments": texts,
        "type_arguments": types,
        "named_arguments": named,
    }
    if payload.function == "peer_to_peer_with_metadata":
        script.update(
            receiver=named["payee"], amount=named["amount"], currency=named["currency"],
            metadata=named["metadata"], metadata_signature=named["metadata_signature"],
        )  # fmt: skip
    if payload.function == "peer_to_peer_by_signers" and tx.secondaries:
        script.update(
            receiver=tx.secondaries[0].address.hex(), amount=named["amount"], currency=named["currency"],
            metadata=named["metadata"], metadata_signature="",
        )  # fmt: skip
    return script
