"""Methods about what is now: accounts, currencies, validators, what waits in the pool."""

from chain.accounts import Account, Currency, account_key, currency_key
from chain.evidence import EvidenceKind
from chain.execution.reconfiguration import validator_set
from chain.records.coins import Basket, basket_key
from chain.records.validators import Accusation, Mark, ValidatorConfig, accusation_key, validator_key
from node.api.reads import Context, active_set_of, check_limit, config_of, onchain_of, state_at
from node.api.results import account_json, currency_json, with_records
from node.api.schema import Json, Tip


def get_account(context: Context, tip: Tip, account: bytes, version: int | None) -> Json:
    """Account, or None; also as it was at a recent version."""
    state = state_at(context, tip, version)
    found = state.get(account_key(account))
    if found is None:
        return None
    assert isinstance(found, Account)
    return with_records(found, account_json(found, state.version), state.get)


def get_currencies(context: Context, tip: Tip) -> Json:
    """Every registered currency, in order of registration."""
    state = state_at(context, tip, None)
    found: list[Currency] = []
    for code in config_of(state).currencies:
        currency = state.get(currency_key(code))
        assert isinstance(currency, Currency)
        found.append(currency)
    records = [state.get(basket_key(currency.code)) for currency in found if currency.is_synthetic]
    baskets = [record for record in records if isinstance(record, Basket)]
    return [currency_json(currency, place, baskets) for place, currency in enumerate(found)]


def get_rates(context: Context, tip: Tip) -> Json:
    """Local currencies without a coin: value of one unit in XDX, 32-bit fixed point."""
    rates = config_of(state_at(context, tip, None)).rates
    return [{"currency": code, "rate_fixed_point32": rate} for code, rate in rates]


def get_validators(context: Context, tip: Tip) -> Json:
    """Every registered validator by its number: member or not, and whether this validator has a link to it.

    A member's keys are those in force; the others' are those that it has registered, empty before that. `is_accused`
    says whether evidence on the ledger has proved this consensus key guilty, `accusations` which of its keys ever.
    """
    connected = context.peers.connected()
    state = state_at(context, tip, None)
    active = active_set_of(state)
    rows: list[Json] = []
    for number, account in enumerate(active.registered):
        config = state.get(validator_key(account))
        assert isinstance(config, ValidatorConfig)
        member = active.member(number)
        keys = config if member is None else member
        found = state.get(accusation_key(account))
        accused = found if isinstance(found, Accusation) else Accusation(account)
        rows.append({
            "index": number, "name": config.human_name, "account": account.hex(), "operator": config.operator.hex(),
            "consensus_key": keys.consensus_key.hex(), "network_key": keys.network_key.hex(),
            "network_address": config.network_address, "fullnode_address": config.fullnode_address,
            "state": "member" if member is not None else "registered" if config.is_valid else "no_keys",
            "is_accused": accused.names(keys.consensus_key),
            "accusations": [_mark(mark) for mark in accused.marks],
            "power": 0 if member is None else 1, "is_self": number == context.index,
            "is_connected": number == context.index or number in connected,
        })  # fmt: skip
    return rows


def _mark(mark: Mark) -> Json:
    """A key that evidence on the ledger has proved guilty."""
    return {
        "consensus_key": mark.consensus_key.hex(), "kind": EvidenceKind(mark.kind).name.lower(), "epoch": mark.epoch,
        "rounds": [mark.first_round, mark.second_round],
    }  # fmt: skip


def get_epoch(context: Context, tip: Tip) -> Json:
    """The epoch in force, and what governance has set for it."""
    state = state_at(context, tip, None)
    active, config = active_set_of(state), onchain_of(state)
    return {
        "epoch": active.epoch, "began_usecs": active.changed_us,
        "members": [member.number for member in active.members],
        "quorum": validator_set(active).quorum, "is_halted": config.is_halted, "diem_version": config.version,
        "gas_constants": config.gas._asdict(), "consensus": config.consensus._asdict(),
    }  # fmt: skip


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


def get_signing_status(context: Context, _tip: Tip) -> Json:
    """Whether the validator that answers signs; if its signing record cannot be used, why, and what to type."""
    return context.signing()._asdict()
