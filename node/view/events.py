"""An event in a sentence: every type of `chain.execution.outcome.EVENT_FIELDS`."""

from collections.abc import Callable, Mapping
from typing import Any

from chain.evidence import DEEDS
from chain.roles import role_words
from node.view.names import NOBODY, Names
from node.view.text import clean, count, money, quoted, rate, utc

Json = Any
Data = Mapping[str, Json]
SECOND_US = 1_000_000
_DEEDS = {kind.name.lower(): words for kind, words in DEEDS.items()}


def _sum(data: Data) -> str:
    return money(data["amount"]["amount"], data["amount"]["currency"])


def _sent(data: Data, names: Names) -> str:
    sender, receiver = data["sender"], data["receiver"]
    goal = "itself" if sender == receiver else names.of(receiver)
    return f"{names.of(sender)} sent {_sum(data)} to {goal}"


def _received(data: Data, names: Names) -> str:
    sender, receiver = data["sender"], data["receiver"]
    if sender == NOBODY:
        return f"{names.of(receiver)} received {_sum(data)}, newly minted"
    source = "itself" if sender == receiver else names.of(sender)
    return f"{names.of(receiver)} received {_sum(data)} from {source}"


def _mint(data: Data, _names: Names) -> str:
    return f"{_sum(data)} minted against receipt {data['receipt_id']}"


def _received_mint(data: Data, names: Names) -> str:
    return f"{names.of(data['destination_address'])} bought {_sum(data)} from the treasury"


def _queue(words: str) -> Callable[[Data, Names], str]:
    def text(data: Data, names: Names) -> str:
        return words.format(amount=_sum(data), dealer=names.of(data["preburn_address"]))

    return text


def _rate_set(data: Data, _names: Names) -> str:
    return f"1 {clean(data['currency'])} is {rate(data['new_to_xdx_exchange_rate'])} XDX"


def _key_set(data: Data, _names: Names) -> str:
    when = utc(data["time_rotated_seconds"] * SECOND_US)
    return f"the key that attests is {data['new_compliance_public_key']} since {when}"


def _url_set(data: Data, _names: Names) -> str:
    url = bytes.fromhex(data["new_base_url"]).decode("utf-8", "replace")
    return f"attests at {quoted(url)} since {utc(data['time_rotated_seconds'] * SECOND_US)}"


def _created(data: Data, names: Names) -> str:
    return f"{names.of(data['created_address'])} became {role_words(data['role_id'])}"


def _admin(data: Data, _names: Names) -> str:
    return f"the association acted for another account at {utc(data['committed_timestamp_secs'] * SECOND_US)}"


def _domain(data: Data, names: Names) -> str:
    provider, domain = names.of(data["address"]), quoted(data["domain"])
    return f"{provider} {'no longer has' if data['removed'] else 'has'} the domain {domain}"


def _frozen(data: Data, names: Names) -> str:
    return f"{names.of(data['frozen_address'])} is frozen"


def _unfrozen(data: Data, names: Names) -> str:
    return f"{names.of(data['unfrozen_address'])} is no longer frozen"


def _new_block(data: Data, names: Names) -> str:
    proposer = names.validator(data["proposer"])
    return f"round {data['round']}, proposed by {proposer} at {utc(data['proposed_time_us'])}"


def _accused(data: Data, names: Names) -> str:
    first, second = data["first_round"], data["second_round"]
    rounds = f"round {second}" if first == second else f"rounds {first} and {second}"
    deed = _DEEDS.get(data["kind"], "lied")
    whose = names.validator(data["validator"])
    return f"{whose} {deed} in epoch {data['epoch']}, {rounds}: its key {data['consensus_key']} is accused"


def _passed(data: Data, names: Names) -> str:
    code = data["local_currency"]
    where = f"{data['sender_country'] or 'any country'} to {data['receiver_country'] or 'any country'}"
    return (
        f"a payment of {names.of(data['payer'])} from {where} passed rule {clean(data['rule'])} of policy"
        f" {data['policy_version']} as {money(data['local_amount'], code)}: with it {money(data['day_used'], code)} and"
        f" {count(data['day_count'], 'payment')} today, {money(data['month_used'], code)} this month"
    )


def _policy_set(data: Data, _names: Names) -> str:
    called = f" {quoted(data['name'])}" if data["name"] else ""
    rules = count(data["rules"], "rule")
    return f"version {data['policy_version']} of the jurisdiction policy{called} is in force, with {rules}"


def _basket(words: str) -> Callable[[Data, Names], str]:
    def text(data: Data, names: Names) -> str:
        parts = ", ".join(money(part["amount"], part["currency"]) for part in data["parts"])
        return words.format(dealer=names.of(data["dealer_address"]), amount=_sum(data), parts=parts)

    return text


WORDS: dict[str, Callable[[Data, Names], str]] = {
    "sentpayment": _sent,
    "receivedpayment": _received,
    "mint": _mint,
    "receivedmint": _received_mint,
    "preburn": _queue("{amount} of {dealer} wait to be burned"),
    "burn": _queue("{amount} of {dealer} burned"),
    "cancelburn": _queue("{amount} given back to {dealer}"),
    "to_xdx_exchange_rate_update": _rate_set,
    "compliancekeyrotation": _key_set,
    "baseurlrotation": _url_set,
    "createaccount": _created,
    "admintransaction": _admin,
    "vaspdomain": _domain,
    "freeze": _frozen,
    "unfreeze": _unfrozen,
    "receiptreleased": _queue("the custodian releases {amount}, burned for {dealer}"),
    "newepoch": lambda data, _names: f"epoch {data['epoch']} begins after this block",
    "policypass": _passed,
    "policyupdate": _policy_set,
    "compose": _basket("{dealer} gave {parts} for {amount}"),
    "decompose": _basket("{dealer} gave {amount} for {parts}"),
    "newblock": _new_block,
    "validatoraccused": _accused,
}
"""What each type of event says; a test holds that none is missing."""


def event_sentence(event: Json, names: Names) -> str:
    """An Event of JSON-RPC in words."""
    data = event["data"]
    words = WORDS.get(data["type"])
    return clean(str(data["type"])) if words is None else words(data, names)
