"""The jurisdiction policy at work: who sets it, and what it lets pass (docs/protocol.md, Y1 to Y9; beyond Libra).

A payment between two providers falls under every rule for their countries that is in force; each must let it pass, and
leaves a `policypass` event. Inside one provider, and with a dealer, no rule applies.
"""

from typing import cast

from chain.accounts import CONFIG_KEY, Account, Role
from chain.civil import utc
from chain.crypto.hashing import Hasher
from chain.errors import DecodeError
from chain.execution.attestation import VASPS, provider, provider_address
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.primitives import U64_MAX
from chain.records.policy import POLICY_KEY, Policy, Rule, Usage, is_country, local_amount, unused, usage_key

_hash_policy = Hasher("JurisdictionPolicy")


def check_policy(run: Run, payer: Account, payee: Account, code: str, amount: int) -> None:
    """Let a payment pass by every rule that applies, and count it; Abort with the first rule that refuses."""
    if payer.role not in VASPS or payee.role not in VASPS or provider_address(payer) == provider_address(payee):
        return
    policy = cast("Policy", run.state.get(POLICY_KEY))
    countries = _country(run, payer), _country(run, payee)
    for rule in policy.rules:
        if rule.applies(*countries, run.context.timestamp_us):
            _pass(run, policy, rule, payer.address, countries, code, amount)


def _country(run: Run, account: Account) -> str:
    """The country of an account's provider; empty where none is set."""
    credential = provider(run, account).credential
    return "" if credential is None else credential.country


def _pass(
    run: Run, policy: Policy, rule: Rule, payer: bytes, countries: tuple[str, str], code: str, amount: int
) -> None:
    """Hold a payment against one rule; what passes is counted and says so on the root's stream."""
    if not rule.is_open:
        raise Abort(
            "Jurisdiction", Category.INVALID_STATE, "ECORRIDOR_HALTED",
            f"rule {rule.rule_id} of policy {policy.version} halts payments from {_place(countries[0])} to"
            f" {_place(countries[1])}" + (f" until {utc(rule.until_us)}" if rule.until_us else ""),
            rule=rule.rule_id,
        )  # fmt: skip
    local = local_amount(amount, coin_rate=rate_of(run, code), local_rate=rate_of(run, rule.currency))
    key = usage_key(payer, rule)
    usage = (cast("Usage | None", run.state.get(key)) or unused(payer, rule)).at(run.context.timestamp_us)
    admitted = admit(rule, usage, local)
    run.state.put(key, admitted)
    run.emit_root("policypass", (
        payer, rule.rule_id, policy.version, *countries, rule.currency, local, admitted.day_amount, admitted.day_count,
        admitted.month_amount,
    ))  # fmt: skip


def admit(rule: Rule, usage: Usage, local: int) -> Usage:
    """The counters with one more payment of `local` micro-units; Abort with the first cap that it breaks.

    The order: one payment, payments of the day, amount of the day, amount of the month. `usage` is as it is now.
    """
    money = rule.currency
    if local > (rule.per_payment or U64_MAX):
        raise Abort(
            "Jurisdiction", Category.LIMIT_EXCEEDED, "EPAYMENT_CAP",
            f"rule {rule.rule_id}: the payment is {local} micro-{money}, one payment at most {rule.per_payment}",
            rule=rule.rule_id, amount=local, maximum=rule.per_payment,
        )  # fmt: skip
    if rule.daily_count and usage.day_count >= rule.daily_count:
        raise Abort(
            "Jurisdiction", Category.LIMIT_EXCEEDED, "EDAILY_COUNT",
            f"rule {rule.rule_id}: {usage.day_count} of {rule.daily_count} payments of the day are used until"
            f" {utc(usage.day_ends_us)}",
            rule=rule.rule_id, used=usage.day_count, maximum=rule.daily_count, resets_us=usage.day_ends_us,
        )  # fmt: skip
    if rule.daily and usage.day_amount + local > rule.daily:
        raise Abort(
            "Jurisdiction", Category.LIMIT_EXCEEDED, "EDAILY_CAP",
            f"rule {rule.rule_id}: the payment is {local} micro-{money}, {usage.day_amount} of {rule.daily} are used"
            f" until {utc(usage.day_ends_us)}",
            rule=rule.rule_id, amount=local, used=usage.day_amount, maximum=rule.daily, resets_us=usage.day_ends_us,
        )  # fmt: skip
    if rule.monthly and usage.month_amount + local > rule.monthly:
        raise Abort(
            "Jurisdiction", Category.LIMIT_EXCEEDED, "EMONTHLY_CAP",
            f"rule {rule.rule_id}: the payment is {local} micro-{money}, {usage.month_amount} of {rule.monthly} are"
            f" used until {utc(usage.month_ends_us)}",
            rule=rule.rule_id, amount=local, used=usage.month_amount, maximum=rule.monthly,
            resets_us=usage.month_ends_us,
        )  # fmt: skip
    return usage._replace(
        day_amount=min(U64_MAX, usage.day_amount + local),
        day_count=usage.day_count + 1,
        month_amount=min(U64_MAX, usage.month_amount + local),
    )


def rate_of(run: Run, code: str) -> int:
    """XDX for one unit of a coin or a local currency, above 0; Abort ERATE_MISSING: what has no rate passes no cap."""
    currency = run.state.currency(code)
    rate = currency.rate if currency is not None else dict(run.state.config().rates).get(code, 0)
    if not rate:
        raise Abort(
            "Jurisdiction",
            Category.INVALID_STATE,
            "ERATE_MISSING",
            f"the treasury has published no rate of {code[:32]}",
        )
    return rate


def set_jurisdiction_policy(run: Run, nonce: int, data: bytes) -> None:
    """Replace the policy by one with a higher version. Counters of rules that stay are kept."""
    run.require_treasury()
    run.check_nonce(nonce)
    try:
        policy = Policy.from_bytes(data)
        policy.check()
    except DecodeError as error:
        raise Abort("Jurisdiction", Category.INVALID_ARGUMENT, "EPOLICY_MALFORMED", error.message) from error
    old = cast("Policy", run.state.get(POLICY_KEY))
    if policy.version <= old.version:
        raise Abort(
            "Jurisdiction", Category.INVALID_ARGUMENT, "EPOLICY_VERSION",
            f"version {policy.version} is not above the one in force, {old.version}",
            version=policy.version, in_force=old.version,
        )  # fmt: skip
    for rule in policy.rules:
        if rule.is_open:
            rate_of(run, rule.currency)
    run.state.put(POLICY_KEY, policy)
    run.state.put(CONFIG_KEY, run.state.config()._replace(policy_version=policy.version))
    run.emit_root("policyupdate", (policy.version, policy.name, len(policy.rules), _hash_policy(data)))


def set_vasp_country(run: Run, nonce: int, address: bytes, country: str) -> None:
    """Where a provider is established: the policy's rules go by it. Its children share it."""
    run.require_treasury()
    run.check_nonce(nonce)
    account = run.state.account(address)
    if account is None or account.role != Role.PARENT_VASP or account.credential is None:
        raise Abort(
            "VASP", Category.INVALID_ARGUMENT, "ENOT_A_PARENT_VASP", f"{address.hex()} is no wallet provider's address"
        )
    if not is_country(country):
        raise Abort(
            "Jurisdiction", Category.INVALID_ARGUMENT, "ECOUNTRY", f"{country[:8]!r} is no code of two capitals"
        )
    run.state.put_account(account._replace(credential=account.credential._replace(country=country)))


def _place(country: str) -> str:
    """A country in a sentence."""
    return country or "a provider without a country"
