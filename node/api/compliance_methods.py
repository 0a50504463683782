"""Methods about what binds payments: account limits, and the jurisdiction policy with what was used of it."""

from chain.accounts import Account, account_key
from chain.records.coins import Tiers, tiers_key
from chain.records.limits import LimitsDefinition, Window, limits_key, window_key
from chain.records.policy import POLICY_KEY, Policy, Usage, unused, usage_key
from chain.state.history import PastState
from node.api.reads import Context, config_of, state_at
from node.api.results import limits_json, rule_json, tiers_json, usage_json
from node.api.schema import Json, Tip


def get_account_limits(context: Context, tip: Tip, account: bytes) -> Json:
    """Limits that bind an account's provider: one entry a currency, none where it is free of them."""
    state = state_at(context, tip, None)
    provider = _provider(state, account)
    if provider is None or provider.credential is None:
        return []
    result = []
    for code in provider.credential.windows:
        window = state.get(window_key(provider.address, code))
        assert isinstance(window, Window)
        limits = state.get(limits_key(window.limit_address, code))
        assert isinstance(limits, LimitsDefinition)
        result.append(limits_json(window, limits, tip.timestamp_us))
    return result


def get_dealer_tiers(context: Context, tip: Tip, account: bytes) -> Json:
    """Caps on what is minted to a dealer within 24 hours: one entry a currency, none where it is free of them."""
    state = state_at(context, tip, None)
    result = []
    for code in config_of(state).currencies:
        tiers = state.get(tiers_key(account, code))
        if isinstance(tiers, Tiers) and tiers.caps:
            result.append(tiers_json(tiers, tip.timestamp_us))
    return result


def get_policy(context: Context, tip: Tip) -> Json:
    """The jurisdiction policy: version (0: none was ever set), name, rules in their order."""
    policy = _policy(state_at(context, tip, None))
    return {"version": policy.version, "name": policy.name, "rules": [rule_json(rule) for rule in policy.rules]}


def get_policy_usage(context: Context, tip: Tip, account: bytes) -> Json:
    """What an account has used of each open rule, as of the ledger's time."""
    state = state_at(context, tip, None)
    result = []
    for rule in _policy(state).rules:
        if rule.is_open:
            usage = state.get(usage_key(account, rule))
            assert usage is None or isinstance(usage, Usage)
            result.append(usage_json((usage or unused(account, rule)).at(tip.timestamp_us)))
    return result


def _policy(state: PastState) -> Policy:
    """The one policy, there from genesis on."""
    policy = state.get(POLICY_KEY)
    assert isinstance(policy, Policy)
    return policy


def _provider(state: PastState, address: bytes) -> Account | None:
    """The account, or a child's parent."""
    account = state.get(account_key(address))
    if isinstance(account, Account) and account.parent:
        account = state.get(account_key(account.parent))
    return account if isinstance(account, Account) else None
