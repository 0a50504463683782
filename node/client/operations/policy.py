"""The treasury's jurisdiction policy: read it, replace it, halt and open corridors, say where a provider is."""

from collections.abc import Sequence

from chain.records.policy import Policy, Rule
from node.client.operations.treasury import Result, execute, sign_as_treasury
from node.client.wallets.book import WalletError
from node.client.wallets.wallet import Wallet

HALT = "halt"
"""How the ids of rules begin that `halt` adds: halt-us-in."""


def show_policy(wallet: Wallet, name: str | None = None) -> Result:
    """The policy in force: {version, name, rules}; with an account's name also its `usage` by rule."""
    found: Result = wallet.client.call("get_policy")
    if name is None:
        return found
    entry = wallet.find(name)
    return {**found, "account": name, "usage": wallet.client.call("get_policy_usage", entry.address.hex())}


def set_policy(wallet: Wallet, name: str, rules: Sequence[Rule], *, timeout_s: float = 30.0) -> Result:
    """Put a policy of these rules in force, under the version after the one in force."""
    version = wallet.client.call("get_policy")["version"] + 1
    policy = Policy(version, name, tuple(rules))
    policy.check()
    tx = sign_as_treasury(wallet, "set_jurisdiction_policy", 0, policy.to_bytes())
    hints = {
        "ERATE_MISSING": lambda: "publish one first: mithqal treasury rates",
        "EPOLICY_VERSION": lambda: "another change came first: look at it with mithqal treasury policy show",
    }
    done = execute(wallet, tx, hints, timeout_s)
    return {**done, "policy_version": version, "name": name, "rules": len(rules)}


def halt(wallet: Wallet, sender: str, receiver: str, *, timeout_s: float = 30.0) -> Result:
    """Let no payment pass from one country to another (empty: any). Changes nothing where that is so already."""
    policy = wallet.client.call("get_policy")
    rules = [Rule(*row.values()) for row in policy["rules"]]
    rule_id = "-".join((HALT, *(country.lower() or "any" for country in (sender, receiver))))
    if any(rule.rule_id == rule_id for rule in rules):
        return {"policy_version": policy["version"], "halted": True, "changed": False}
    rules.append(Rule(rule_id, sender, receiver, 0, 0, False, "", 0, 0, 0, 0))
    return {**set_policy(wallet, policy["name"], rules, timeout_s=timeout_s), "halted": True, "changed": True}


def open_corridor(wallet: Wallet, sender: str, receiver: str, *, timeout_s: float = 30.0) -> Result:
    """Lift what halts payments of exactly this pair. WalletError (`still_halted`) where a wider rule halts them too."""
    policy = wallet.client.call("get_policy")
    rules = [Rule(*row.values()) for row in policy["rules"]]
    pair = sender, receiver
    kept = [rule for rule in rules if rule.is_open or (rule.sender_country, rule.receiver_country) != pair]
    wider = [
        rule.rule_id for rule in kept if not rule.is_open and rule.applies(*pair, wallet.client.timestamp_us)
    ]  # fmt: skip
    if wider:
        raise WalletError(
            f"{_pair(*pair)} would still be halted by {', '.join(wider)}: open what that rule names, or set another"
            " policy",
            name="still_halted", rules=wider,
        )  # fmt: skip
    if len(kept) == len(rules):
        return {"policy_version": policy["version"], "halted": False, "changed": False}
    return {**set_policy(wallet, policy["name"], kept, timeout_s=timeout_s), "halted": False, "changed": True}


def _pair(sender: str, receiver: str) -> str:
    """A pair of countries in words."""
    return f"{sender or 'any country'} to {receiver or 'any country'}"


def set_country(wallet: Wallet, name: str, country: str, *, timeout_s: float = 30.0) -> Result:
    """Say in which country a provider is; the rules of its and its children's payments go by it."""
    entry = wallet.find(name)
    tx = sign_as_treasury(wallet, "set_vasp_country", 0, entry.address, country)
    hints = {"ENOT_A_PARENT_VASP": lambda: f"{name} is no wallet provider; its provider has the country"}
    done = execute(wallet, tx, hints, timeout_s)
    return {**done, "name": name, "address": entry.address.hex(), "country": country}
