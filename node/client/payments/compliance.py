"""Why limits or the jurisdiction policy refuse a payment: the rule, what is used, what is left, and until when.

The ledger keeps only a reason; the numbers are looked up and counted again by the chain's own arithmetic.
"""

from typing import Any, NamedTuple

from chain.civil import utc
from chain.primitives import U64_MAX
from chain.records.policy import Rule, local_amount
from node.client.amounts import format_amount
from node.client.wallets.attestation import provider_of
from node.client.wallets.lookups import account_at
from node.client.wallets.wallet import Wallet

Json = Any
SHOW_POLICY = "mithqal treasury policy show --account"


class Payment(NamedTuple):
    """What was to be paid, in micro-units, between two addresses."""

    payer: bytes
    payee: bytes
    amount: int
    currency: str


class Verdict(NamedTuple):
    """One rule that applies to a payment, and what the payer has used of it."""

    rule: Json
    usage: Json | None
    local: int
    """The payment in micro-units of the rule's currency."""
    most: int
    """Micro-units of the coin that the rule lets pass now."""
    version: int
    countries: tuple[str, str]


def limits_in_words(wallet: Wallet, payment: Payment, *, is_inflow: bool) -> str | None:
    """What a provider has used of its account limits; None if nothing binds it any more."""
    address = payment.payee if is_inflow else payment.payer
    rows = wallet.client.call("get_account_limits", address.hex())
    row = next((item for item in rows if item["currency"] == payment.currency), None)
    if row is None:
        return None
    name, code = wallet.find(row["provider"]).name, payment.currency
    after = utc(row["resets_after_us"])
    if not is_inflow:
        return _left(f"{name} may send", row["max_outflow"], row["window_outflow"], code, after)
    words = _left(f"{name} may receive", row["max_inflow"], row["window_inflow"], code, after)
    held, most = row["tracked_balance"], row["max_holding"]
    if most == U64_MAX:
        return words
    holding = f"{name} may hold {format_amount(most)} {code} and holds {format_amount(held)}"
    return holding if row["max_inflow"] == U64_MAX else f"{words}; {holding}"


def _left(who: str, maximum: int, used: int, code: str, after: str) -> str:
    """A limit, what is used of it and what is left."""
    left = format_amount(max(0, maximum - used))
    return f"{who} {format_amount(maximum)} {code} in a period, {left} are left, until it counts anew after {after}"


def verdicts(wallet: Wallet, payment: Payment) -> list[Verdict]:
    """The rules that apply to a payment now, in the policy's order."""
    policy = wallet.client.call("get_policy")
    if not policy["rules"]:
        return []
    accounts = [account_at(wallet, address) for address in (payment.payer, payment.payee)]
    providers = [provider_of(account) for account in accounts if account is not None]
    if len(set(providers)) < len(accounts):
        return []
    sender, receiver = (_country(wallet, provider) for provider in providers)
    usage = {row["rule"]: row for row in wallet.client.call("get_policy_usage", payment.payer.hex())}
    rates = _rates(wallet)
    found = []
    for row in policy["rules"]:
        rule = Rule(*row.values())
        if rule.applies(sender, receiver, wallet.client.timestamp_us):
            coin, money = rates.get(payment.currency, 0), rates.get(rule.currency, 0)
            local = local_amount(payment.amount, coin_rate=coin, local_rate=money) if money else 0
            used = usage.get(rule.rule_id)
            room = _room(rule, used) if used else 0
            most = room * money // coin if coin else 0
            found.append(Verdict(row, used, local, most, policy["version"], (sender, receiver)))
    return found


def _room(rule: Rule, used: Json) -> int:
    """The most that one payment may be now, in the rule's currency."""
    rooms = [U64_MAX]
    if rule.per_payment:
        rooms.append(rule.per_payment)
    if rule.daily:
        rooms.append(max(0, rule.daily - used["day_amount"]))
    if rule.monthly:
        rooms.append(max(0, rule.monthly - used["month_amount"]))
    if rule.daily_count and used["day_count"] >= rule.daily_count:
        rooms.append(0)
    return min(rooms)


def policy_in_words(wallet: Wallet, payment: Payment, reason: str) -> str | None:
    """The rule that refuses, its numbers, and when it counts anew; None if none refuses any more."""
    for verdict in verdicts(wallet, payment):
        why = _why(verdict, reason, payment.currency)
        if why is not None:
            place = " to ".join(country or "any country" for country in verdict.countries)
            words = f"rule {verdict.rule['id']} of policy {verdict.version} for payments from {place} {why}"
            return f"{words}; {SHOW_POLICY} {wallet.find(payment.payer.hex()).name}"
    return None


def _why(verdict: Verdict, reason: str, coin: str) -> str | None:
    """What one rule says, if it is the one that refuses for this reason."""
    rule, used, code = verdict.rule, verdict.usage, verdict.rule["currency"]
    if reason == "ECORRIDOR_HALTED":
        if rule["is_open"]:
            return None
        return "lets none pass" + (f" until {utc(rule['until_us'])}" if rule["until_us"] else "")
    if used is None:
        return None
    worth = f"this payment is {format_amount(verdict.local)} {code}"
    most = f"at most {format_amount(verdict.most)} {coin} can be sent now"
    if reason == "EPAYMENT_CAP" and rule["per_payment"] and verdict.local > rule["per_payment"]:
        return f"allows {format_amount(rule['per_payment'])} {code} a payment, {worth}: {most}"
    if reason == "EDAILY_COUNT" and rule["daily_count"] and used["day_count"] >= rule["daily_count"]:
        again = utc(used["day_ends_us"])
        return f"allows {rule['daily_count']} payments a day and {used['day_count']} are made: the next from {again} on"
    for name, field, word, end in (
        ("EDAILY_CAP", "daily", "day", "day_ends_us"), ("EMONTHLY_CAP", "monthly", "month", "month_ends_us"),
    ):  # fmt: skip
        if reason == name and rule[field] and used[f"{word}_amount"] + verdict.local > rule[field]:
            sums = f"{format_amount(rule[field])} {code} a {word}, {format_amount(used[f'{word}_amount'])} are used"
            return f"allows {sums} and {worth}: {most}, and all of it from {utc(used[end])} on"
    return None


def _country(wallet: Wallet, provider: bytes) -> str:
    """A provider's country; empty where none is set, or for a dealer."""
    account = account_at(wallet, provider)
    return "" if account is None else str(account["role"].get("country", ""))


def _rates(wallet: Wallet) -> dict[str, int]:
    """XDX for one unit, as 32-bit fixed point, of coins and local currencies."""
    rates = {row["currency"]: row["rate_fixed_point32"] for row in wallet.client.call("get_rates")}
    return {**rates, **{row["code"]: row["rate_fixed_point32"] for row in wallet.client.call("get_currencies")}}
