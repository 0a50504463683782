"""Small worlds: a scenario whose events all lie within the first weeks."""

import json
from importlib import resources
from typing import Any

from economy.world.scenario import Scenario, read_scenario

EVENTS: dict[str, Any] = {
    "halt": {"from": ["US", "GB", "JP", "IN"], "to": "BR", "announced": "2021-01-05", "first": "2021-01-06",
             "returns": "2021-01-20"},
    "wave": {"first": "2021-01-25", "days": 4, "countries": ["US", "GB", "JP", "IN", "BR"], "share": 0.8,
             "stay": 0.02, "calm_days": 3},
    "limit": {"provider": "in-pay-wallet", "coin": "XUS", "daily_outflow_a_person": "1"},
    "adopted_at_first": 0.7,
    "adopted_by_day": 20,
}  # fmt: skip


def small(**fields: Any) -> Scenario:
    """The default scenario with its events within five weeks."""
    text = resources.files("economy").joinpath("data", "scenarios", "year-2021.json").read_text(encoding="utf-8")
    return read_scenario(json.dumps({**json.loads(text), **EVENTS, **fields}))
