"""The economy on a live network: one real validator, real transactions, books that agree to the micro-unit."""

import json
from importlib import resources
from typing import Any

import pytest

from economy.errors import ScenarioError
from economy.statement.backing import read_reserve
from economy.world import live as module
from economy.world.live import BooksDiffer, Live, find_live, read_live, run_live
from tests.in_process import running


def preset(**fields: Any) -> str:
    text = resources.files("economy").joinpath("data", "live", "usd-shock.json").read_text(encoding="utf-8")
    return json.dumps({**json.loads(text), **fields})


SMALL: dict[str, Any] = {"days": 5, "run_from": 2, "run_days": 2, "run_share": 0.5, "stay": 0.01}


def small() -> Live:
    return read_live(preset(**SMALL))


def test_the_preset():
    live = find_live("usd-shock")
    assert (live.coin, live.days, live.run_from, live.run_days) == ("XUS", 9, 3, 4)


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("days", 60, 61), ("run_share", 1, 1.1), ("stay", 0.0001, 0), ("coin", "XJP", "XDX"), ("version", 1, 2),
        ("minted_a_day", "0.000001", "0"), ("run_from", 5, 6), ("run_days", 6, 7),
    ],
)  # fmt: skip
def test_both_sides_of_each_bound(field, good, bad):
    read_live(preset(**{field: good}))
    with pytest.raises(ScenarioError) as caught:
        read_live(preset(**{field: bad}))
    assert field in caught.value.message


def test_a_shock_on_a_live_network(tmp_path, monkeypatch):
    """Rates day by day, dealers mint and redeem, a run with a stay; then the reserve's books and the ledger's supply
    agree to the micro-unit."""
    with running(tmp_path / "network") as (wallet, _):
        said: list[str] = []
        done = run_live(wallet, small(), lambda day: said.append(day.date))
        assert said == ["2025-04-01", "2025-04-02", "2025-04-03", "2025-04-04", "2025-04-07"]
        assert done["minted"] == 2 * 2 * 50_000 * 10**6
        assert done["supply"] == done["supply_before"] + done["minted"] - done["burned"]
        days = done["days"]
        assert all(day["rates"] == 6 for day in days), "the five coins, and the rupee that the chain knows"
        assert [day["minted"] > 0 for day in days] == [True, True, False, False, False]
        assert [day["redeemed"] > 0 for day in days] == [False, False, True, True, False]
        assert days[3]["burned"] <= days[2]["supply"] * 0.01, "the stay"
        assert days[3]["waiting"] > 0
        assert days[4]["waiting"] == 0
        assert done["most_waiting"] == days[3]["waiting"]
        reserve = read_reserve(wallet.client, wallet.network.waypoint, {})
        coin = next(row for row in reserve.coins if row.coin == "XUS")
        assert (coin.supply, coin.receipts, coin.waiting) == (done["supply"], done["supply"], 0)
        again = run_live(wallet, small())
        assert again["supply_before"] == done["supply"]

        def silent(*_arguments: object, **_named: object) -> int:
            return 1

        monkeypatch.setattr(module, "_mint", silent)
        monkeypatch.setattr(module._Books, "waiting", property(lambda _: 5))
        with pytest.raises(BooksDiffer) as caught:
            run_live(wallet, small())
        assert caught.value.name == "books_differ"
