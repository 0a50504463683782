"""Methods about what is now: accounts, currencies, validators, what waits in the pool."""

from chain.accounts import Account, Currency, account_key, currency_key
from node.api.reads import Context, check_limit, config_of, state_at
from node.api.results import account_json, currency_json
from node.api.schema import Json, Tip


def get_account(context: Context, tip: Tip, account: bytes, version: int | None) -> Json:
    """Account, or None; also as it was at a recent version."""
    state = state_at(context, tip, version)
    found = state.get(account_key(account))
    if found is None:
        return None
    assert isinstance(found, Account)
    return account_json(found, state.version)


def get_currencies(context: Context, tip: Tip) -> Json:
    """Every registered currency, in order of registration."""
    state = state_at(context, tip, None)
    result = []
    for place, code in enumerate(config_of(state).currencies):
        currency = state.get(currency_key(code))
        assert isinstance(currency, Currency)
        result.append(currency_json(currency, place))
    return result


def get_rates(context: Context, tip: Tip) -> Json:
    """Local currencies without a coin: value of one unit in XDX, 32-bit fixed point."""
    rates = config_of(state_at(context, tip, None)).rates
    return [{"currency": code, "rate_fixed_point32": rate} for code, rate in rates]


def get_validators(context: Context, _tip: Tip) -> Json:
    """The validator set, and which of them this validator has a link to."""
    connected = context.peers.connected()
    return [
        {
            "index": index, "name": member.name, "consensus_key": member.consensus_key.hex(),
            "network_key": member.network_key.hex(), "power": 1, "is_self": index == context.index,
            "is_connected": index == context.index or index in connected,
        }
        for index, member in enumerate(context.document.validators)
    ]  # fmt: skip


def get_mempool(context: Context, _tip: Tip, limit: int) -> Json:
    """What waits on this validator, oldest first."""
    check_limit(limit)
    pool = context.mempool
    waiting = [
        {
            "hash": tx_hash.hex(), "sender": tx.raw.sender.hex(), "sequence_number": tx.raw.sequence_number,
            "expiration_timestamp_secs": tx.raw.expiration_secs, "function_name": tx.raw.payload.function,
            "valid_from_timestamp_secs": tx.raw.valid_from_secs, "bytes": len(tx.envelope),
        }
        for tx_hash, tx in list(pool.by_hash.items())[:limit]
    ]  # fmt: skip
    return {"count": len(pool), "bytes": pool.total_bytes, "transactions": waiting}


def get_network_status(context: Context, _tip: Tip) -> Json:
    """Connected peers."""
    return len(context.peers.connected())
