"""What the ledger says of an account, where one validator's word may be old: it may be catching up."""

from typing import Any

from node.client.network import Member
from node.client.rpc import ConnectionFailed, RpcClient
from node.client.wallets.book import WalletError
from node.client.wallets.wallet import ONE_VALIDATOR_S, Wallet

Json = Any


def account_at(wallet: Wallet, address: bytes) -> Json | None:
    """The account (a result of `get_account`), or None if no validator that answers knows it.

    Raises ConnectionFailed if none answers.
    """
    found = wallet.client.call("get_account", address.hex())
    return found if found is not None else freshest_account(wallet, address)[1]


def freshest_account(wallet: Wallet, address: bytes) -> tuple[Member, Json | None]:
    """Who knows the account's highest next number, and the account there. Raises ConnectionFailed if none answers."""
    best: tuple[Member, Json | None] | None = None
    for member in wallet.network.members:
        client = client_of(wallet, member)
        try:
            found = client.call("get_account", address.hex())
        except ConnectionFailed:
            continue
        finally:
            client.close()
        if best is None or _next_number(found) > _next_number(best[1]):
            best = (member, found)
    if best is None:
        raise ConnectionFailed("no validator answers: `mithqal localnet status` shows which run")
    return best


def transaction_at(wallet: Wallet, version: int, *, include_events: bool = False) -> Json | None:
    """The transaction at a version, or None if no validator that answers has one. ConnectionFailed if none answers."""
    rows = wallet.client.call("get_transactions", version, 1, include_events)
    for member in wallet.network.members if not rows else []:
        client = client_of(wallet, member)
        try:
            rows = rows or client.call("get_transactions", version, 1, include_events)
        except ConnectionFailed:
            continue
        finally:
            client.close()
    return rows[0] if rows else None


def check_currency(code: str, codes: list[str]) -> None:
    """WalletError (`unknown_currency`) unless the chain has a coin of this code."""
    if code not in codes:
        hint = f"; did you mean {code.upper()}?" if code.upper() in codes else ""
        raise WalletError(
            f"no currency is called {code[:32]!r}: this chain has {', '.join(codes)}{hint}", name="unknown_currency",
            currencies=codes,
        )  # fmt: skip


def client_of(wallet: Wallet, member: Member) -> RpcClient:
    """A client of one validator; close it."""
    return RpcClient([member.rpc], timeout_s=ONE_VALIDATOR_S, chain_id=wallet.network.chain_id)


def _next_number(account: Json | None) -> int:
    return -1 if account is None else int(account["sequence_number"])
