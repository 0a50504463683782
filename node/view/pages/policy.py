"""The jurisdiction policy, and account limits, as pages."""

from typing import Any

from chain.primitives import U64_MAX
from node.view.layout import Fields, Note, Page, Part, Table
from node.view.text import clean, coins, count, money, quoted, utc

Json = Any


def policy_page(policy: Json) -> Page:
    """A policy, with what an account has used of it where `usage` is there."""
    usage = {row["rule"]: row for row in policy.get("usage", ())}
    cells = [
        (
            rule["id"], f"{rule['sender_country'] or 'any'} to {rule['receiver_country'] or 'any'}", _when(rule),
            _caps(rule), *([_used(rule, usage.get(rule["id"]))] if usage else []),
        )
        for rule in policy["rules"]
    ]  # fmt: skip
    heads = ["rule", "payments from", "in force", "allows", *([f"used by {policy['account']}"] if usage else [])]
    called = quoted(policy["name"]) if policy["name"] else "none"
    parts: list[Part] = [
        Fields("Jurisdiction policy", [("version", str(policy["version"])), ("name", called)]),
        Table("Rules, each of which must let a payment pass", heads, cells, "none: every payment passes"),
        Note("Days and months are those of UTC. Payments inside one provider and with dealers are exempt."),
    ]
    return Page(policy, parts)


def _when(rule: Json) -> str:
    """When a rule holds."""
    begins = f"from {utc(rule['from_us'])}" if rule["from_us"] else ""
    ends = f"until {utc(rule['until_us'])}" if rule["until_us"] else ""
    return " ".join(filter(None, (begins, ends))) or "always"


def _caps(rule: Json) -> str:
    """What a rule lets pass."""
    if not rule["is_open"]:
        return "nothing: halted"
    words = (("per_payment", "a payment"), ("daily", "a day"), ("monthly", "a month"))
    caps = [f"{money(rule[name], rule['currency'])} {word}" for name, word in words if rule[name]]
    caps += [f"{count(rule['daily_count'], 'payment')} a day"] if rule["daily_count"] else []
    return ", ".join(caps) or f"everything, counted in {clean(rule['currency'])}"


def _used(rule: Json, usage: Json | None) -> str:
    """What of it is used now."""
    if usage is None:
        return ""
    today, month = (money(usage[name], rule["currency"]) for name in ("day_amount", "month_amount"))
    return f"{today} and {count(usage['day_count'], 'payment')} today, {month} this month"


def limits_page(found: Json) -> Page:
    """What binds a provider, one currency a line."""
    cells = [
        (
            row["currency"], _limit(row["window_inflow"], row["max_inflow"]),
            _limit(row["window_outflow"], row["max_outflow"]), _limit(row["tracked_balance"], row["max_holding"]),
            f"{row['period_us'] // 1_000_000} s", utc(row["resets_after_us"]),
        )
        for row in found["limits"]
    ]  # fmt: skip
    heads = ("currency", "received", "sent", "holds", "period", "counts anew after")
    parts: list[Part] = [
        Table(f"Account limits of {found['provider']} and all its children", heads, cells, "none: nothing is limited"),
        Note("Payments inside the provider do not count."),
    ]
    if found["tiers"]:
        parts.append(_tiers_table(found))
    return Page(found, parts)


def _tiers_table(found: Json) -> Table:
    """What may be minted to a dealer, one currency a line."""
    cells = [
        (
            row["currency"], coins(row["minted"]), ", ".join(map(coins, row["caps"])), utc(row["resets_us"]),
        )
        for row in found["tiers"]
    ]  # fmt: skip
    return Table(
        f"Minted to {found['account']} within 24 hours", ("currency", "minted", "tiers", "counts anew at"), cells
    )


def _limit(used: int, maximum: int) -> str:
    """`12.5 of 1000`."""
    return f"{coins(used)} of {'no limit' if maximum == U64_MAX else coins(maximum)}"
