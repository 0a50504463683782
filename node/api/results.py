"""Ledger values as JSON: Libra's shapes (hex without 0x, u64 as numbers), and ours where Libra has none.

Libra's own fields keep their names and types; what we add stands beside them (docs/formats.md, "JSON-RPC").
"""

from collections.abc import Callable, Sequence
from typing import Any

from chain.accounts import ASSOCIATION, Account, Currency, Record, Role, event_key
from chain.civil import DAY_US
from chain.codec import decode, fields
from chain.entries import KIND_BLOCK_METADATA, KIND_GENESIS, KIND_USER, Event, Status, TransactionInfo
from chain.execution.gas import BATCH, failed_payment
from chain.execution.outcome import EVENT_FIELDS, explain_abort
from chain.functions import FUNCTIONS, BatchPayment, Kind
from chain.ledger import read_entry
from chain.limits import NONCE_MASK_BITS
from chain.records.coins import Basket, Tiers
from chain.records.limits import LimitsDefinition, Window
from chain.records.policy import Rule, Usage
from chain.records.roles import (
    Domains,
    RecoveryAddress,
    SharedKey,
    SlidingNonce,
    domains_key,
    nonce_key,
    recovery_key,
    shared_key_key,
)
from chain.roles import ACCOUNT_HANDLES, ROLES
from chain.streams import CURRENCY_HANDLES, currency_handles_from
from chain.transaction import SignedTransaction, decode_transaction

Json = Any
SCHEME_NAMES = {
    0: "Scheme::Ed25519", 1: "Scheme::MultiEd25519", 2: "Scheme::Secp256k1", 3: "Scheme::P256", 4: "Scheme::MixedMulti",
}  # fmt: skip
ONE = 1 << 32
"""1 in 32-bit fixed point."""
ROTATION_KINDS = {b"x": "recovery_address", b"s": "shared_ed25519_public_key"}
"""What an account handed its rotation capability to, by the state key's first byte."""
Reader = Callable[[bytes], Record | None]
"""Gives the record of a state key."""


def amount(currency: str, value: int) -> Json:
    """Amount {amount, currency} in micro-units."""
    return {"amount": value, "currency": currency}


def _handle(account: Account, name: str) -> str:
    """Hex event key of one of an account's streams; empty where the role has none."""
    number = ACCOUNT_HANDLES.get(account.role, {}).get(name)
    return "" if number is None else event_key(number, account.address).hex()


def account_json(account: Account, version: int) -> Json:
    """Account, as of `version`: what its own record says."""
    return {
        "address": account.address.hex(),
        "balances": [amount(code, value) for code, value in account.balances],
        "sequence_number": account.sequence_number,
        "authentication_key": account.authentication_key.hex(),
        "sent_events_key": _handle(account, "sentpayment"),
        "received_events_key": _handle(account, "receivedpayment"),
        "delegated_key_rotation_capability": bool(account.rotation_capability),
        "delegated_withdrawal_capability": False,
        "is_frozen": account.is_frozen,
        "role": _role_json(account),
        "version": version,
        "role_id": account.role,
        "role_name": ROLES[Role(account.role)].name,
        "key_rotation": _rotation_json(account),
    }


def with_records(account: Account, document: Json, read: Reader) -> Json:
    """The same with what stands beside the account in the state: domains, recoverable keys, public key, nonces."""
    role = document["role"]
    domains = read(domains_key(account.address))
    if isinstance(domains, Domains):
        role["vasp_domains"] = role["diem_id_domains"] = list(domains.names)
    recovery = read(recovery_key(account.address))
    if isinstance(recovery, RecoveryAddress):
        document["recovers"] = [address.hex() for address in recovery.recoverable]
    shared = read(shared_key_key(account.address))
    if isinstance(shared, SharedKey):
        document["shared_ed25519_public_key"] = shared.public_key.hex()
    if account.role in (Role.ASSOCIATION, Role.TREASURY):
        nonces = read(nonce_key(account.address)) or SlidingNonce()
        assert isinstance(nonces, SlidingNonce)
        mask = nonces.mask.to_bytes(NONCE_MASK_BITS // 8, "big")
        document["sliding_nonce"] = {"min_nonce": nonces.min_nonce, "nonce_mask": mask.hex()}
    return document


def _rotation_json(account: Account) -> Json:
    """Who may change the account's key: null if it does so itself."""
    kind = ROTATION_KINDS.get(account.rotation_capability[:1])
    return None if kind is None else {"type": kind, "address": account.rotation_capability[1:].hex()}


def _role_json(account: Account) -> Json:
    """The role object of an account, with Libra's fields and no others."""
    role: dict[str, Json] = {"type": ROLES[Role(account.role)].json_type}
    if account.role == Role.CHILD_VASP:
        role["parent_vasp_address"] = account.parent.hex()
    if account.role == Role.TREASURY:
        role["vasp_domain_events_key"] = role["diem_id_domain_events_key"] = _handle(account, "vaspdomain")
    if account.credential is not None:
        role["human_name"] = account.credential.human_name
        role["base_url"] = account.credential.base_url.decode("utf-8", "replace")
        role["expiration_time"] = 2**64 - 1
        role["compliance_key"] = account.credential.compliance_key.hex()
        role["compliance_key_rotation_events_key"] = _handle(account, "compliancekeyrotation")
        role["base_url_rotation_events_key"] = _handle(account, "baseurlrotation")
    if account.role == Role.PARENT_VASP:
        role["num_children"] = account.num_children
        if account.credential is not None:
            role.update(country=account.credential.country, limited_currencies=list(account.credential.windows))
    if account.role == Role.DESIGNATED_DEALER:
        role.update(_queues_json(account))
        role["received_mint_events_key"] = _handle(account, "receivedmint")
    return role


def _queues_json(account: Account) -> Json:
    """What waits to be burned, by currency, the oldest request first."""
    queues: dict[str, list[int]] = {code: [] for code in sorted({code for code, _ in account.preburns})}
    for code, value in account.preburns:
        queues[code].append(value)
    return {
        "preburn_balances": [amount(code, sum(values)) for code, values in queues.items()],
        "preburn_queues": [
            {"currency": code, "preburns": [{"preburn": amount(code, value), "metadata": ""} for value in values]}
            for code, values in queues.items()
        ],
    }


def currency_json(currency: Currency, place: int, baskets: Sequence[Basket]) -> Json:
    """CurrencyInfo; `place` is its order of registration. Supply, fees, receipts and baskets are ours.

    `baskets` are all that there are: what lies in their reserves of this coin, and what the coin itself stands on.
    """
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
        "in_baskets": sum(dict(basket.held).get(currency.code, 0) for basket in baskets),
        "backing": [
            {"currency": code, "ratio_fixed_point32": ratio, "amount": dict(basket.held)[code]}
            for basket in baskets
            if basket.currency == currency.code
            for code, ratio in basket.parts
        ],
    }


def limits_json(window: Window, limits: LimitsDefinition, now_us: int) -> Json:
    """What binds a provider in one currency, and what of it is used now, in micro-units."""
    now = window.at(now_us, limits)
    return {
        "currency": window.currency, "provider": window.provider.hex(), "limit_address": window.limit_address.hex(),
        "is_unrestricted": limits.is_unrestricted, "max_inflow": limits.max_inflow, "max_outflow": limits.max_outflow,
        "max_holding": limits.max_holding, "period_us": limits.period_us, "window_start_us": now.start_us,
        "window_inflow": now.inflow, "window_outflow": now.outflow, "tracked_balance": now.tracked_balance,
        "resets_after_us": now.start_us + limits.period_us,
    }  # fmt: skip


def tiers_json(tiers: Tiers, now_us: int) -> Json:
    """Caps of a dealer's tiers in micro-units, and what is minted in the running window."""
    now = tiers.at(now_us, DAY_US)
    return {
        "currency": tiers.currency, "caps": list(tiers.caps), "minted": now.minted, "window_start_us": now.start_us,
        "resets_us": now.start_us + DAY_US,
    }  # fmt: skip


def rule_json(rule: Rule) -> Json:
    """A rule of the jurisdiction policy; caps in micro-units of its currency, 0 for none, times in microseconds."""
    return {
        "id": rule.rule_id, "sender_country": rule.sender_country, "receiver_country": rule.receiver_country,
        "from_us": rule.from_us, "until_us": rule.until_us, "is_open": rule.is_open, "currency": rule.currency,
        "per_payment": rule.per_payment, "daily": rule.daily, "monthly": rule.monthly,
        "daily_count": rule.daily_count,
    }  # fmt: skip


def usage_json(usage: Usage) -> Json:
    """What an account has used of a rule in the running day and month, and when these end."""
    return {
        "rule": usage.rule_id, "currency": usage.currency, "day_amount": usage.day_amount,
        "day_count": usage.day_count, "month_amount": usage.month_amount, "day_ends_us": usage.day_ends_us,
        "month_ends_us": usage.month_ends_us,
    }  # fmt: skip


def event_json(event: Event, version: int) -> Json:
    """Event {key, sequence_number, transaction_version, data}; amounts as {amount, currency}."""
    data: dict[str, Json] = {"type": event.type}
    for name, value in zip(EVENT_FIELDS.get(event.type, ()), event.data, strict=False):
        data[name] = value.hex() if isinstance(value, bytes) else value
    if "amount" in data and "currency" in data:
        data["amount"] = amount(data.pop("currency"), data["amount"])
    if "parts" in data:
        data["parts"] = [amount(code, value) for code, value in data["parts"]]
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
    kind, data, info, events = read_entry(row)
    return entry_json(version, kind, data, TransactionInfo.from_bytes(info), events if include_events else ())


def entry_json(version: int, kind: int, data: bytes, info: TransactionInfo, events: tuple[Event, ...]) -> Json:
    """Transaction of an entry, with these of its events."""
    tx = decode_transaction(data) if kind == KIND_USER else None
    status = status_json(info.status)
    if tx is not None and info.status.kind == "move_abort" and tx.raw.payload.function == BATCH:
        status["payment"] = failed_payment(tx, info.gas_used)
    return {
        "version": version,
        "transaction": body_json(kind, data) if tx is None else user_json(tx),
        "hash": info.transaction_hash.hex(),
        "bytes": data.hex(),
        "events": [event_json(event, version) for event in events],
        "vm_status": status,
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


NO_SCRIPT = bytes(32).hex()
"""Hash of the script of a script function: none, which Libra writes as zeros."""


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
        "valid_from_timestamp_secs": raw.valid_from_secs,
        "fee_payer": raw.fee_payer.hex(),
        "script_hash": NO_SCRIPT,
        "script_bytes": "",
        "script": _script_json(tx),
    }


def payment_json(payment: BatchPayment) -> Json:
    """One payment of a batch, by the names of a single one's arguments."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in payment._asdict().items()}


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
        if kind is Kind.PAYMENTS and isinstance(value, tuple):
            named[name] = [payment_json(BatchPayment(*row)) for row in value]  # type: ignore[misc]
            texts.append(f"{{Payments: {len(value)}}}")
            continue
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
