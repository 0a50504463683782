"""What a code, a rule's name, a function or a role means."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from chain.execution.outcome import POLICY_REASONS, REASONS
from chain.functions import FUNCTIONS
from chain.roles import EVERYBODY, PRIVILEGE_OF, PRIVILEGES, ROLES
from chain.validation import DiscardStatus
from node.view.layout import Fields, Page, Part
from node.view.meanings import POOL, STATUSES, Meaning, meanings_of
from node.view.source import NotFoundError
from node.view.text import clean

Json = Any
SUGGESTIONS = 3
CLOSE = 0.85
"""How much a function's or a role's name must resemble what was typed."""


def meaning_page(
    query: str, module: str | None, exits: Mapping[str, int], exit_words: Mapping[int, str]
) -> Page:  # fmt: skip
    """All that `query` may mean, the likeliest first; NotFoundError (`unknown_code`) if it means nothing.

    `exits` gives the exit code of each rule of the command line, `exit_words` what each exit code says.
    """
    query = query.strip()
    meanings = meanings_of(query, module)
    rows = [_row(meaning, exits) for meaning in meanings]
    if not rows and module is None and query.lower() in exits:
        rows = [_command_rule(query.lower(), exits, exit_words)]
    rows = rows or ([] if module else [*_functions(query), *_roles(query)])
    if not rows:
        raise _unknown(query, module, exits)
    number = int(query) if _is_number(query) else rows[0]["code"]
    parts: list[Part] = [Fields(_heading(query, row), _fields(row, exit_words)) for row in rows]
    return Page({"query": query, "code": number, "meanings": rows}, parts)


def _is_number(query: str) -> bool:
    """Whether it is a code and no name."""
    return query.isascii() and query.isdigit() and len(query) <= 20


def _row(meaning: Meaning, exits: Mapping[str, int]) -> dict[str, Json]:
    """A meaning as an entry of `meanings`."""
    exit_name = meaning.name.lower()
    if meaning.kind in ("move_abort", "kept"):
        exit_name = POLICY_REASONS.get(meaning.name, "failed_on_chain")
    code = 0 if meaning.name == "executed" else exits[exit_name]
    return {**meaning._asdict(), "rule": meaning.rule, "protocol": meaning.protocol, "exit": code}


def _command_rule(name: str, exits: Mapping[str, int], exit_words: Mapping[int, str]) -> dict[str, Json]:
    """A rule of the command line, which the chain does not know."""
    return {
        "kind": "command", "code": None, "module": None, "category": None, "name": name,
        "sentence": exit_words[exits[name]], "consequence": "the command stopped, with what to do in its message",
        "advice": None, "rule": name, "protocol": None, "exit": exits[name],
    }  # fmt: skip


def _functions(query: str) -> list[dict[str, Json]]:
    """A function of transactions: who may call it, and how everybody else is refused."""
    name = query.lower()
    if name not in FUNCTIONS:
        return []
    privilege = PRIVILEGE_OF[name]
    refusal = privilege.refusal
    others = "nobody is refused for its role"
    if refusal is not None:
        code = REASONS[refusal.module][refusal.reason].code
        others = f"everybody else is refused with {refusal.module}::{refusal.reason}, code {code}"
    who = "everybody" if privilege.roles == EVERYBODY else ", ".join(ROLES[role].words for role in privilege.roles)
    note = f" ({privilege.note})" if privilege.note else ""
    parameters = ", ".join(f"{parameter}: {kind.value}" for parameter, kind in FUNCTIONS[name].parameters)
    return [_told("function", name, FUNCTIONS[name].module, f"{name}({parameters})",
                  f"{who} may {privilege.words}{note}", others, "W3")]  # fmt: skip


def _roles(query: str) -> list[dict[str, Json]]:
    """A role: what it is made by and with, and all that it may do."""
    rule = next((rule for rule in ROLES.values() if query.lower() in (rule.name, rule.role.name.lower())), None)
    if rule is None:
        return []
    maker = "genesis" if rule.created_by is None else ROLES[rule.created_by].words
    coins = "holds coins" if rule.holds_coins else "holds no coins"
    purpose = f", {rule.purpose}" if rule.purpose else ""
    may = "; ".join(row.words for row in PRIVILEGES if rule.role in row.roles)
    words = f"{rule.words}{purpose}: role {int(rule.role)}, made by {maker}, {rule.how_many}; it {coins}"
    return [_told("role", rule.name, None, f"role {rule.name}", words, f"it may {may}", "W1")]


def _told(
    kind: str, name: str, module: str | None, rule: str, sentence: str, consequence: str, protocol: str
) -> dict[str, Json]:
    """An entry of `meanings` that is no failure: it has no code and no exit."""
    return {
        "kind": kind, "code": None, "module": module, "category": None, "name": name, "sentence": sentence,
        "consequence": consequence, "advice": None, "rule": rule, "protocol": protocol, "exit": None,
    }  # fmt: skip


def _heading(query: str, row: Json) -> str:
    """`1288 is DiemAccount::EINSUFFICIENT_BALANCE (LIMIT_EXCEEDED)`."""
    if query.upper() == row["name"].upper():
        return str(row["rule"]) + ("" if row["code"] is None else f", code {row['code']}")
    return f"{query} is {row['rule']}"


def _fields(row: Json, exit_words: Mapping[int, str]) -> list[tuple[str, str]]:
    """What happened, what follows, what to do."""
    if row["exit"] is None:
        told = [("who", row["sentence"]), ("and", row["consequence"])]
        return [*told, ("rule", f"{row['protocol']} of docs/protocol.md; docs/accounts.md has the whole table")]
    rows = [("what happened", row["sentence"]), ("consequence", row["consequence"])]
    if row["protocol"]:
        rows.append(("rule", f"{row['protocol']} of docs/protocol.md"))
    if row["advice"]:
        rows.append(("what to do", row["advice"]))
    return [*rows, ("exit code", f"{row['exit']}: {exit_words[row['exit']]}")]


def _unknown(query: str, module: str | None, exits: Mapping[str, int]) -> NotFoundError:
    """The error for what means nothing, with names that resemble it."""
    where = f" in {module}" if module else ""
    if _is_number(query):
        return NotFoundError(f"no status or abort has the code {query}{where}", name="unknown_code", code=int(query))
    reasons = [name for reasons in REASONS.values() for name in reasons]
    names = [
        *reasons,
        *(status.name for status in DiscardStatus),
        *POOL,
        *STATUSES,
        *exits,
    ]
    called = [*FUNCTIONS, *(rule.name for rule in ROLES.values())] if module is None else []
    near = get_close_matches(query.lower(), called, SUGGESTIONS, CLOSE)
    near += get_close_matches(query, names) + get_close_matches(query.upper(), names)
    near = list(dict.fromkeys(near))[:SUGGESTIONS]
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return NotFoundError(
        f"no status, abort or rule is called {clean(query)[:80]!r}{where}{hint}", name="unknown_code", near=near
    )
