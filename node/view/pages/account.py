"""One account: balances, role, keys, latest transactions."""

from typing import Any

from chain.accounts import Role
from chain.identifiers import encode_identifier, prefix_of
from chain.limits import NONCE_JUMP
from chain.roles import ROLES
from node.client.amounts import format_amount
from node.view.briefs import briefs, briefs_table
from node.view.layout import NOT_KEPT, Fields, Note, Page, Part
from node.view.names import Names
from node.view.source import Source, account_history, transactions_at
from node.view.text import command, count, money, quoted

Json = Any


def account_page(source: Source, names: Names, account: Json, limit: int) -> Page:
    """One account with its newest `limit` transactions, own and received; `account` is the result of `get_account`."""
    address = account["address"]
    name = names.of(address)
    versions, is_cut = account_history(source, account, limit)
    rows = briefs(source, names, transactions_at(source, versions))
    prefix = prefix_of(source.call("get_metadata")["chain_id"])
    document = {
        "name": None if name == address else name,
        "identifier": encode_identifier(bytes.fromhex(address), prefix=prefix),
        **account,
        "transactions": rows,
    }
    parts: list[Part] = [
        Fields(f"Account {name}", _fields(document, names)),
        briefs_table("Latest transactions", rows),
        Note(f"all of them: {command('tx', 'list', '--account', name)}"),
        *([Note(NOT_KEPT)] if is_cut else []),
    ]
    return Page(document, parts)


def _fields(account: Json, names: Names) -> list[tuple[str, str]]:
    """What there is to say of it."""
    role = account["role"]
    frozen = "frozen by the treasury: it neither sends nor receives"
    rows = [
        ("address", account["address"]),
        ("identifier", account["identifier"]),
        ("role", _role(account, names)),
        ("state", frozen if account["is_frozen"] else "active"),
    ]
    rows += _balances(account)
    rows += [("next number", str(account["sequence_number"])), ("key", account["authentication_key"])]
    rows += _rotation(account, names)
    rows += _credential(role)
    for queue in role.get("preburn_queues", ()):
        amounts = ", ".join(money(item["preburn"]["amount"], queue["currency"]) for item in queue["preburns"])
        if amounts:
            rows.append(("burn queue", f"{amounts} (oldest first)"))
    streams = (("sent", account["sent_events_key"]), ("received", account["received_events_key"]))
    rows += [(f"{what} events", key) for what, key in streams if key and _has_coins(account)]
    rows.append(("as of", f"version {account['version']}"))
    return rows


def _has_coins(account: Json) -> bool:
    """Whether its role holds coins, so that something can come into its streams of payments."""
    return ROLES[Role(account["role_id"])].holds_coins


def _role(account: Json, names: Names) -> str:
    """What it is, whose child, and what for."""
    rule = ROLES[Role(account["role_id"])]
    parent = account["role"].get("parent_vasp_address")
    return rule.words + (f" of {names.of(parent)}" if parent else "") + (f", {rule.purpose}" if rule.purpose else "")


def _rotation(account: Json, names: Names) -> list[tuple[str, str]]:
    """Who may change its key, whose keys it may change, and its sliding nonces."""
    rows = []
    handed = account["key_rotation"]
    if handed and handed["type"] == "shared_ed25519_public_key":
        rows.append(("key changed by", "itself, by publishing another public key"))
        rows.append(("public key", account.get("shared_ed25519_public_key", "")))
    elif handed:
        is_own = handed["address"] == account["address"]
        recovery = "" if is_own else f" and the recovery account {names.of(handed['address'])}"
        rows.append(("key changed by", f"itself{recovery}"))
    recovers = [names.of(address) for address in account.get("recovers", ())]
    if recovers:
        rows.append(("recovers", ", ".join(recovers)))
    if "sliding_nonce" in account:
        lowest = account["sliding_nonce"]["min_nonce"]
        rows.append(("nonces", f"from {lowest} to {lowest + NONCE_JUMP - 1}, each once; 0 is none"))
    return [(name, text) for name, text in rows if text]


def _balances(account: Json) -> list[tuple[str, str]]:
    """One line a currency, flush right."""
    texts = [(format_amount(item["amount"]), item["currency"]) for item in account["balances"]]
    width = max((len(text) for text, _ in texts), default=0)
    lines = [f"{text:>{width}} {code}" for text, code in texts] or ["holds no coins"]
    return [("balance" if place == 0 else "", line) for place, line in enumerate(lines)]


def _credential(role: Json) -> list[tuple[str, str]]:
    """What a provider or dealer says of itself."""
    if "human_name" not in role:
        return []
    rows = [("calls itself", quoted(role["human_name"]))]
    if role["base_url"]:
        rows.append(("attests at", quoted(role["base_url"])))
    if role["compliance_key"]:
        rows.append(("attests by", role["compliance_key"]))
    if "num_children" in role:
        rows.append(("children", count(role["num_children"], "account")))
        rows.append(("country", role["country"] or "none set"))
        if role["limited_currencies"]:
            rows.append(
                ("limits", f"account limits in {', '.join(role['limited_currencies'])} (mithqal account limits)")
            )
    if role.get("vasp_domains"):
        rows.append(("domains", ", ".join(quoted(name) for name in role["vasp_domains"])))
    return rows
