"""Signatures of a day's orders, in processes of their own: the same bytes whoever makes them.

Each worker signs by the real keys and then judges each signature as a validator does before it executes anything. What
comes back are envelopes, which the ledger's side parses again.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

from chain.crypto.signing import PrivateKey, RealSignatures, verify_all
from chain.errors import MithqalError
from chain.transaction import Payload, RawTransaction, sign_transaction
from economy.processes import start_pool, submit
from economy.world.cast import Cast
from economy.world.orders import Order
from node.keystore import derive_secret

PART = 400
"""Orders that one piece of work holds."""


class Draft(NamedTuple):
    """All of a transaction but its signatures."""

    label: str
    raw: tuple[Any, ...]
    """The fields of a `RawTransaction`, the payload as (function, arguments)."""
    others: tuple[tuple[bytes, str], ...]
    """Address and key of each further signer."""


class SigningError(MithqalError):
    """A signature that does not verify: this program or its libraries are broken."""

    name = "bad_signature_made"


@lru_cache(maxsize=1 << 17)
def _key(seed: int, label: str) -> PrivateKey:
    """A key, derived once."""
    return PrivateKey(derive_secret(seed, label))


def sign_all(seed: int, genesis_hash: bytes, drafts: Sequence[Draft]) -> list[bytes]:
    """Sign and judge; envelopes in order. SigningError if one does not verify."""
    signatures, envelopes = RealSignatures(), []
    for label, fields, others in drafts:
        sender, number, payload, *rest = fields
        raw = RawTransaction(sender, number, Payload(*payload), *rest)
        key = _key(seed, label)
        also = [(address, _key(seed, other)) for address, other in others]
        tx = sign_transaction(raw, key, int(key.scheme), genesis_hash, also)  # type: ignore[arg-type]
        if not all(verify_all(signatures, tx.checks(genesis_hash))):
            raise SigningError(f"the signature of {label} does not verify", sender=label)
        envelopes.append(tx.envelope)
    return envelopes


class Signers:
    """Signs drafts in `workers` processes beside this one; with 0 in this one."""

    def __init__(self, seed: int, genesis_hash: bytes, workers: int) -> None:
        """Start the processes with the first work."""
        self._seed, self._genesis_hash = seed, genesis_hash
        self._pool: ProcessPoolExecutor | None = None
        if workers:
            self._pool = start_pool(workers)

    def begin(self, drafts: list[Draft]) -> "Signed":
        """Hand drafts out."""
        parts = [drafts[start : start + PART] for start in range(0, len(drafts), PART)]
        if self._pool is None:
            return Signed(lambda: [sign_all(self._seed, self._genesis_hash, part) for part in parts])
        futures = [submit(self._pool, sign_all, self._seed, self._genesis_hash, part) for part in parts]
        return Signed(lambda: [future.result() for future in futures], futures)

    def close(self) -> None:
        """End the processes; what they have not begun is not done."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


class Signed:
    """Work that was handed out."""

    def __init__(self, wait: Any, futures: Sequence[Future[list[bytes]]] = ()) -> None:
        """`wait` gives the parts."""
        self._wait, self._futures = wait, futures

    def envelopes(self) -> list[bytes]:
        """Wait for all of it, in order."""
        return [envelope for part in self._wait() for envelope in part]


def drafts_of(
    cast: Cast, orders: Sequence[Order], numbers: Sequence[int], expirations: Sequence[int], *, chain_id: int
) -> list[Draft]:
    """What has to be signed; `expirations` are seconds."""
    actors = cast.actors
    return [
        Draft(
            actors[order.sender].key_label,
            (
                actors[order.sender].address, number, (order.function, order.arguments), order.gas, order.price,
                order.coin, expiration_secs, chain_id,
            ),
            tuple((actors[other].address, actors[other].key_label) for other in order.others),
        )
        for order, number, expiration_secs in zip(orders, numbers, expirations, strict=True)
    ]  # fmt: skip
