"""Accounts for the bench: made and funded by their providers before anything is timed, and counted afterwards."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from chain.crypto.signing import PrivateKey, Scheme
from chain.limits import DEFAULT_GAS_PRICE, MIN_GAS_UNITS
from chain.primitives import Address
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from node.client.network import Network
from node.client.rpc import RpcClient, RpcFailed
from node.client.wallet import Wallet
from node.keystore import load_key
from node.lab.bench_crypto import CURRENCY
from node.lab.bench_figures import BenchError
from node.localnet.bootstrap import FLOAT, PROVIDERS

LIFETIME_S = 6 * 3600
PAGE = 20
WAIT_S = 30.0


def fund_senders(network: Network, wallet: Wallet, keys: Sequence[PrivateKey]) -> int:
    """Give each key an account as a provider's child, with coins; gives the micro-units that each starts with."""
    share = FLOAT // (2 * -(-len(keys) // len(PROVIDERS)))
    for place, name in enumerate(PROVIDERS):
        children = keys[place :: len(PROVIDERS)]
        provider = load_key(network.keys / "accounts" / f"{name}.json")
        address = wallet.find(name).address
        start = wallet.client.call("get_account", address.hex())["sequence_number"]
        txs = [
            _creation(network, provider, address, start + at, child.authentication_key(), share)
            for at, child in enumerate(children)
        ]
        for first in range(0, len(txs), PAGE):
            _execute(wallet.client, txs[first : first + PAGE])
    return share


def _creation(
    network: Network, provider: PrivateKey, sender: bytes, number: int, auth_key: bytes, share: int
) -> SignedTransaction:
    """A child account with coins of its provider."""
    call = Payload("create_child_vasp_account", (CURRENCY, auth_key[16:], auth_key[:16], False, share))
    raw = RawTransaction(
        Address(sender), number, call, 10 * MIN_GAS_UNITS, DEFAULT_GAS_PRICE, CURRENCY, int(time.time()) + LIFETIME_S,
        network.chain_id,
    )  # fmt: skip
    return sign_transaction(raw, provider, Scheme.ED25519, network.genesis_hash)


def _execute(client: RpcClient, txs: Sequence[SignedTransaction]) -> None:
    """Submit one sender's transactions and wait for the last."""
    for answer in client.batch([("submit", [tx.envelope.hex()]) for tx in txs]):
        if isinstance(answer, RpcFailed):
            raise answer
    raw = txs[-1].raw
    found = client.wait(raw.sender, raw.sequence_number, txs[-1].hash, WAIT_S)
    if found is None or found["vm_status"] != {"type": "executed"}:
        raise BenchError("an account for the bench was not created", name="not_committed")


def read_accounts(client: RpcClient, addresses: Iterable[bytes]) -> dict[bytes, Any]:
    """The accounts at those addresses that exist."""
    wanted = list(addresses)
    found: dict[bytes, Any] = {}
    for first in range(0, len(wanted), PAGE):
        page = wanted[first : first + PAGE]
        answers = client.batch([("get_account", [address.hex()]) for address in page])
        found.update({address: item for address, item in zip(page, answers, strict=True) if isinstance(item, dict)})
    return found


def balance(account: Any) -> int:
    """Micro-units of the bench's currency."""
    return sum(item["amount"] for item in account["balances"] if item["currency"] == CURRENCY)
