"""Calls about limits, policy, tiers, the basket and currencies as such, in a sentence each."""

from collections.abc import Callable

from chain.errors import DecodeError
from chain.primitives import U64_MAX
from chain.records.policy import Policy
from node.view.names import Names
from node.view.phrase import Arguments, Phrase
from node.view.text import clean, count, money, quoted, rate


def _code(arguments: Arguments) -> str:
    return clean(arguments["currency"])


def _amount(arguments: Arguments) -> str:
    return money(arguments["amount"], arguments["currency"])


def _compose(arguments: Arguments, _names: Names, _: str) -> Phrase:
    return Phrase("composed", "compose", f"{_amount(arguments)} of the coins that it stands on")


def _decompose(arguments: Arguments, _names: Names, _: str) -> Phrase:
    return Phrase("decomposed", "decompose", f"{_amount(arguments)} into the coins that it stands on")


def _burn_fees(arguments: Arguments, _names: Names, _: str) -> Phrase:
    return Phrase("burned", "burn", f"the fees collected in {_code(arguments)}; the custodian releases as much")


def _register(arguments: Arguments, names: Names, _: str) -> Phrase:
    above, below = arguments["exchange_rate_numerator"], arguments["exchange_rate_denominator"]
    value = f"{above}/0" if below == 0 else rate((above << 32) // below)
    others = arguments.get("secondary_signers") or []
    signer = f", {names.of(others[0])} signing too" if others else ""
    return Phrase("registered", "register", f"the currency {_code(arguments)} at {value} XDX{signer}")


def _tiers(arguments: Arguments, names: Names, _: str) -> Phrase:
    dealer = names.of(arguments["designated_dealer_address"])
    caps = [arguments[f"tier_{number}_cap"] for number in range(4)]
    given = [money(cap, arguments["currency"]) for cap in caps if cap]
    if not given:
        return Phrase("lifted", "lift", f"the caps on minting {_code(arguments)} to {dealer}")
    return Phrase("capped", "cap", f"minting to {dealer} within 24 hours at {', '.join(given)}")


def _publish_limits(arguments: Arguments, _names: Names, _: str) -> Phrase:
    return Phrase("published", "publish", f"a definition of account limits in {_code(arguments)}, without limits yet")


def _publish_window(arguments: Arguments, names: Names, _: str) -> Phrase:
    others = arguments.get("secondary_signers") or []
    whom = names.of(others[0]) if others else "nobody"
    return Phrase(
        "bound", "bind", f"{whom} to the account limits in {_code(arguments)} of {names.of(arguments['limit_address'])}"
    )


def _set_limits(arguments: Arguments, names: Names, _: str) -> Phrase:
    code = arguments["currency"]
    named = (
        ("inflow", "new_max_inflow"), ("outflow", "new_max_outflow"), ("holding", "new_max_holding_balance"),
    )  # fmt: skip
    parts = [
        f"{word} {'without limit' if arguments[name] == U64_MAX else money(arguments[name], code)}"
        for word, name in named
        if arguments[name]
    ]
    if arguments["new_time_period"]:
        parts.append(f"in {arguments['new_time_period']} us")
    what = ", ".join(parts) or "nothing"
    return Phrase(
        "set", "set", f"the account limits in {clean(code)} of {names.of(arguments['limit_address'])}: {what}"
    )


def _point_window(arguments: Arguments, names: Names, _: str) -> Phrase:
    held = money(arguments["aggregate_balance"], arguments["currency"])
    holding = f", holding {held}" if arguments["aggregate_balance"] else ""
    whom, whose = names.of(arguments["window_address"]), names.of(arguments["new_limit_address"])
    return Phrase("bound", "bind", f"{whom}{holding}, to the account limits in {_code(arguments)} of {whose}")


def _policy(arguments: Arguments, _names: Names, _: str) -> Phrase:
    try:
        policy = Policy.from_bytes(bytes.fromhex(arguments["policy"]))
    except DecodeError:
        return Phrase("set", "set", "a jurisdiction policy that cannot be read")
    called = f" {quoted(policy.name)}" if policy.name else ""
    rules = count(len(policy.rules), "rule")
    return Phrase("set", "set", f"version {policy.version} of the jurisdiction policy{called}, with {rules}")


def _country(arguments: Arguments, names: Names, _: str) -> Phrase:
    return Phrase(
        "set", "set", f"the country of {names.of(arguments['vasp_address'])} to {clean(arguments['country'])}"
    )


COMPLIANCE_PHRASES: dict[str, Callable[[Arguments, Names, str], Phrase]] = {
    "compose": _compose,
    "decompose": _decompose,
    "burn_txn_fees": _burn_fees,
    "register_scs_currency": _register,
    "update_dealer_tiers": _tiers,
    "publish_unrestricted_limits": _publish_limits,
    "publish_window": _publish_window,
    "update_limits_definition": _set_limits,
    "update_window_info": _point_window,
    "set_jurisdiction_policy": _policy,
    "set_vasp_country": _country,
}
"""What each of these functions does, in words; `node.view.sentences` has the others."""
