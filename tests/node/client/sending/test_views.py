"""What a sender acts on is proved from the waypoint: a lie about it is no view at all (O3)."""

from typing import Any

import pytest

from chain.errors import MithqalError, ProofError
from node.client.sending.views import AccountView, Query, Seen, proved_views
from tests.builders import BOB, DEALER, TC, US, key
from tests.chains import small_chain
from tests.liars import (
    Liar,
    Lie,
    forged_balance,
    hidden_transactions,
    honest,
    newest_hidden,
    old_state,
    truncated_epochs,
)

CHAIN = small_chain()
CHAIN.end_epoch({index: key(300 + index) for index in range(4)})
for _ in range(3):
    CHAIN.add()
TIME = CHAIN.ledger.tip_timestamp_us
PAID, FAILED = (CHAIN.prover.info(version).transaction_hash for version in (7, 8))
BOTH = (Seen(0, PAID, 7, None, None, 600), Seen(1, FAILED, 8, "EINSUFFICIENT_BALANCE", 1288, 600))


def views(lie: Lie, *queries: Query) -> list[AccountView]:
    return proved_views(Liar(CHAIN, lie), queries, CHAIN.waypoint)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "limit", "seen"),
    [(0, 2, BOTH), (0, 1, BOTH[:1]), (1, 1, BOTH[1:]), (1, 64, BOTH[1:]), (2, 5, ()), (0, 0, ()), (0, 1_000, BOTH)],
)
def test_an_account_and_its_transactions(start: int, limit: int, seen: tuple[Seen, ...]) -> None:
    """Number, balances, the certified time, and each transaction with its result; of the range that was asked for."""
    (view,) = views(honest, Query(DEALER.address, start, limit))
    assert view == AccountView(True, 2, {"XUS": 3_500}, TIME, seen)


def test_several_accounts_by_one_request() -> None:
    """In the order of the queries; also one that is not there."""
    liar = Liar(CHAIN, honest)
    queries = [Query(BOB.address, 0, 5), Query(US.address, 0, 0), Query(TC.address, 2, 1), Query(DEALER.address, 1, 1)]
    nobody, us, treasury, dealer = proved_views(liar, queries, CHAIN.waypoint)  # type: ignore[arg-type]
    assert nobody == AccountView(False, 0, {}, TIME, ())
    assert us == AccountView(True, 0, {"XUS": 1_500}, TIME, ())
    assert (treasury.next_number, [seen.number for seen in treasury.transactions]) == (3, [2])
    assert dealer.transactions == BOTH[1:]
    assert liar.round_trips == 1


def mixed_up(method: str, params: list[Any], result: Any, ask: Any) -> Any:
    """Another account's transactions."""
    return ask(method, [TC.address.hex(), *params[1:]]) if method == "get_account_transactions_with_proofs" else result


def wrong_number(method: str, params: list[Any], result: Any, ask: Any) -> Any:
    """Another number's transaction, as if it had displaced the one that was asked for."""
    return ask(method, [params[0], 0, 1]) if method == "get_account_transactions_with_proofs" else result


@pytest.mark.parametrize(
    ("lie", "step", "rule"),
    [
        (forged_balance, "state", "leaf_value"),
        (old_state(5), "answer", "another_record"),
        (truncated_epochs, "certificate", "wrong_epoch"),
        (mixed_up, "answer", "another_transaction"),
        (wrong_number, "answer", "another_transaction"),
    ],
)
def test_a_lie_is_no_view(lie: Lie, step: str, rule: str) -> None:
    """O3: neither a number nor a time nor a transaction is believed without its proof."""
    with pytest.raises(ProofError) as caught:
        views(lie, Query(DEALER.address, 1, 1))
    assert (caught.value.details["step"], caught.value.details["rule"]) == (step, rule)


@pytest.mark.parametrize("lie", [hidden_transactions, newest_hidden])
def test_what_is_kept_back_only_stays_open(lie: Lie) -> None:
    """O3: a hidden transaction is neither executed nor displaced nor expired: its number is used, so that it waits."""
    (view,) = views(lie, Query(DEALER.address, 1, 1))
    assert (view.transactions, view.next_number) == ((), 2)


def test_another_waypoint() -> None:
    """O3: trust comes from network.json, not from the validator."""
    with pytest.raises(ProofError) as caught:
        proved_views(Liar(CHAIN, honest), [Query(US.address, 0, 0)], "0:" + "0" * 64)  # type: ignore[arg-type]
    assert caught.value.details["step"] == "waypoint"
    with pytest.raises(MithqalError) as refused:
        proved_views(Liar(CHAIN, honest), [Query(US.address, 0, 0)], "0")  # type: ignore[arg-type]
    assert refused.value.name == "bad_waypoint"
