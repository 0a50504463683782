"""What any one of the validators proves: a liar, or one that is down, is gone around."""

from collections.abc import Callable
from typing import Any, TypeVar

from chain.errors import MithqalError, ProofError
from node.client.proof_file import Verified
from node.client.proofs import fetch_transaction
from node.client.rpc import BadAnswer, ConnectionFailed, RpcClient, RpcFailed
from node.client.sending.views import Query, Seen
from node.client.wallets.lookups import client_of
from node.client.wallets.wallet import Wallet

T = TypeVar("T")
Json = Any


def prove(wallet: Wallet, fetch: Callable[[RpcClient], T]) -> T:
    """The first proof that a validator gives, the one in use first; raises what the last of them raised."""
    last: MithqalError = ConnectionFailed("no validator is known")
    for client in (wallet.client, *(client_of(wallet, member) for member in wallet.network.members)):
        try:
            return fetch(client)
        except (ProofError, RpcFailed, ConnectionFailed, BadAnswer) as error:
            last = last if isinstance(last, ProofError) else error
        finally:
            if client is not wallet.client:
                client.close()
    raise last


def proved_transaction(wallet: Wallet, which: str) -> Verified | None:
    """The transaction of a hash or version, proved; None if no validator shows one."""
    try:
        return prove(wallet, lambda client: fetch_transaction(client, which, wallet.network.waypoint))[0]
    except MithqalError as error:
        if error.name != "unknown_transaction":
            raise
        return None


def used_number(wallet: Wallet, sender: bytes, number: int) -> Seen | None:
    """What has used an account's number, proved; None if nothing has, or if nobody proves anything now."""
    (view,) = wallet.gateway().look([Query(sender, number, 1)])
    return view.transactions[0] if view is not None and view.transactions else None


def verified_summary(verified: Verified) -> dict[str, Json]:
    """Against what a proof was verified: the waypoint, and the certified ledger."""
    names = ("version", "timestamp_usecs", "accumulator_root_hash", "epoch", "signers", "validators", "quorum")
    return {"waypoint": verified.waypoint, **{name: verified.claim["ledger"][name] for name in names}, "on_trust": []}
