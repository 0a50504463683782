"""Who pays whom in a run: accounts of providers' children, made and funded before the first fault."""

from collections.abc import Sequence

from chain.crypto.signing import PrivateKey
from node.client.network import Network
from node.client.wallets.calls import Call, execute_calls
from node.keystore import new_secret
from node.lab.bench.accounts import read_accounts
from node.lab.chaos.journal import Opening
from node.lab.chaos.load import FEE, MAX_AMOUNT, Account
from node.lab.chaos.rules import CURRENCY, ChaosError
from node.localnet.bootstrap import FLOAT, PROVIDERS, bootstrap

MAX_ACCOUNTS = 400
PAYMENTS_S = 2
"""So many seconds of payments may be under way; above that the load waits."""


def make_accounts(network: Network, rate: int, seconds: float) -> tuple[list[Account], list[Opening]]:
    """Accounts for a load, each with coins for twice its share, and what the ledger says of them.

    ChaosError (`too_long`) if the providers cannot afford that; what `execute_calls` raises.
    """
    count = max(2, min(MAX_ACCOUNTS, rate * PAYMENTS_S))
    share = 2 * (MAX_AMOUNT + FEE) * (int(rate * seconds) // count + 1)
    if share * -(-count // len(PROVIDERS)) > FLOAT // 2:
        raise ChaosError(f"{rate} payments/s for {seconds:g} s cost more than the providers have", name="too_long")
    accounts = [_new_account() for _ in range(count)]
    wallet = bootstrap(network)
    try:
        execute_calls(wallet, _calls(accounts, share))
        found = read_accounts(wallet.client, [account.address for account in accounts])
    finally:
        wallet.close()
    openings = [
        Opening(
            account.address.hex(),
            sum(item["amount"] for item in found[account.address]["balances"] if item["currency"] == CURRENCY),
            found[account.address]["sequence_number"],
        )
        for account in accounts
    ]
    return accounts, openings


def _new_account() -> Account:
    """A fresh key."""
    key = PrivateKey(new_secret())
    return Account(key, bytes(key.authentication_key()[16:]))


def _calls(accounts: Sequence[Account], share: int) -> list[Call]:
    """The providers open the accounts in turn."""
    calls = []
    for place, (key, address) in enumerate(accounts):
        arguments = (CURRENCY, address, key.authentication_key()[:16], False, share)
        calls.append(Call(PROVIDERS[place % len(PROVIDERS)], "create_child_vasp_account", arguments, None))
    return calls
