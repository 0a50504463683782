"""One account: balances, role, keys, latest transactions."""

from typing import Any

from chain.identifiers import encode_identifier, prefix_of
from node.client.amounts import format_amount
from node.view.briefs import briefs, briefs_table
from node.view.layout import Fields, Note, Page, Part
from node.view.names import Names
from node.view.source import Source, account_versions, transactions_at
from node.view.text import command, count, money, quoted

Json = Any

ROLES = {
    "association": "the association, root of the network",
    "treasury_compliance": "the treasury, which mints, burns and freezes",
    "designated_dealer": "a designated dealer, who buys coins from the treasury and sells them on",
    "parent_vasp": "a wallet provider",
    "child_vasp": "a child account",
    "validator": "a validator",
    "validator_operator": "a validator's operator",
}
"""Roles in words, by JSON-RPC's type."""


def account_page(source: Source, names: Names, account: Json, limit: int) -> Page:
    """One account with its newest `limit` transactions, own and received; `account` is the result of `get_account`."""
    address = account["address"]
    name = names.of(address)
    rows = briefs(source, names, transactions_at(source, account_versions(source, account, limit)))
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
    ]
    return Page(document, parts)


def _fields(account: Json, names: Names) -> list[tuple[str, str]]:
    """What there is to say of it."""
    role = account["role"]
    frozen = "frozen by the treasury: it neither sends nor receives"
    kind = ROLES.get(role["type"], str(role["type"]))
    if role["type"] == "child_vasp":
        kind += f" of {names.of(role['parent_vasp_address'])}"
    rows = [
        ("address", account["address"]),
        ("identifier", account["identifier"]),
        ("role", kind),
        ("state", frozen if account["is_frozen"] else "active"),
    ]
    rows += _balances(account)
    rows += [("next number", str(account["sequence_number"])), ("key", account["authentication_key"])]
    rows += _credential(role)
    for queue in role.get("preburn_queues", ()):
        amounts = ", ".join(money(item["preburn"]["amount"], queue["currency"]) for item in queue["preburns"])
        rows.append(("burn queue", f"{amounts} (oldest first)"))
    streams = (("sent", "sent_events_key"), ("received", "received_events_key"))
    rows += [(f"{what} events", account[key]) for what, key in streams if account[key]]
    rows.append(("as of", f"version {account['version']}"))
    return rows


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
    return rows
