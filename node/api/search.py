"""What a text may name."""

from chain.accounts import account_key
from node.api.history_methods import get_block
from node.api.reads import Context, config_of, find_hash, state_at
from node.api.schema import Json, Tip
from node.api.state_methods import get_validators


def search(context: Context, tip: Tip, text: str) -> Json:
    """What a text may name: version, height, hash, block id, address, validator, currency."""
    found: list[Json] = []
    state = state_at(context, tip, None)
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= 20:
        number = int(text)
        if number <= tip.version:
            found.append({"kind": "transaction", "version": number})
        if number <= tip.height:
            found.append({"kind": "block", "height": number})
    try:
        data = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        data = b""
    if len(data) == 32:
        version = find_hash(context, tip, data)
        if version is not None:
            found.append({"kind": "transaction", "version": version})
        block = get_block(context, tip, None, data, None)
        if block is not None:
            found.append({"kind": "block", "height": block["height"]})
        if data in context.mempool.by_hash:
            found.append({"kind": "pending", "hash": data.hex()})
    if len(data) == 16 and state.get(account_key(data)) is not None:
        found.append({"kind": "account", "address": data.hex()})
    found += [
        {"kind": "validator", "index": row["index"], "name": row["name"]}
        for row in get_validators(context, tip)
        if text and text.lower() in (row["name"].lower(), row["consensus_key"], row["network_key"])
    ]
    found += [{"kind": "currency", "code": code} for code in config_of(state).currencies if code == text.upper()]
    return found
