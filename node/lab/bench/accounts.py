"""Accounts for the bench: made and funded by their providers before anything is timed, and read afterwards."""

from collections.abc import Iterable, Sequence
from typing import Any

from chain.crypto.signing import PrivateKey
from node.client.rpc import RpcClient
from node.client.wallets.calls import Call, execute_calls
from node.client.wallets.wallet import Wallet
from node.lab.bench.crypto import CURRENCY
from node.localnet.bootstrap import FLOAT, PROVIDERS

PAGE = 20
"""Calls a request."""


def fund_senders(wallet: Wallet, keys: Sequence[PrivateKey]) -> int:
    """Give each key an account as a provider's child, with coins; gives the micro-units that each starts with."""
    share = FLOAT // (2 * -(-len(keys) // len(PROVIDERS)))
    calls = []
    for place, key in enumerate(keys):
        auth_key = key.authentication_key()
        arguments = (CURRENCY, auth_key[16:], auth_key[:16], False, share)
        calls.append(Call(PROVIDERS[place % len(PROVIDERS)], "create_child_vasp_account", arguments, None))
    execute_calls(wallet, calls)
    return share


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
