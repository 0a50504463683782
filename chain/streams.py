"""Event streams of the root and of currencies: their numbers, and which record of the state counts their events."""

from collections.abc import Sequence

from chain.accounts import CONFIG_KEY, currency_key

ROOT_HANDLES = {
    "createaccount": 0,
    "admintransaction": 1,
    "newepoch": 4,
    "freeze": 15,
    "unfreeze": 16,
    "newblock": 17,
    "receiptreleased": 1_000,
    "policypass": 1_001,
    "policyupdate": 1_002,
    "compose": 1_003,
    "decompose": 1_004,
    "validatoraccused": 1_005,
}
"""Event handles of the root: Libra's numbers after its genesis (reference 1.4), ours from 1,000 on."""
ROOT_COUNTERS = {type_: place for place, type_ in enumerate(ROOT_HANDLES)}
"""Where each stream's counter stands in `Config.streams`."""
CURRENCY_HANDLES = {"mint": 0, "burn": 1, "preburn": 2, "cancelburn": 3, "to_xdx_exchange_rate_update": 4}
"""Place of each of a currency's five streams, also in `Currency.streams`."""


def currency_handles_from(place: int) -> int:
    """The first of the five handles of the currency that was registered `place`-th (from 0): mint, burn, preburn,
    cancel_burn, rate. XUS and XDX come first in Libra's genesis and have its numbers, 5 to 14."""
    return 5 + 5 * place if place < 2 else 18 + 5 * (place - 2)


def root_counter(handle: int, currencies: Sequence[str]) -> tuple[bytes, int] | None:
    """Which record counts a stream of the root: its state key, and the counter's place in `streams`.

    `currencies` are the registered codes in order. None for a handle that no stream has.
    """
    for type_, number in ROOT_HANDLES.items():
        if number == handle:
            return CONFIG_KEY, ROOT_COUNTERS[type_]
    for place, code in enumerate(currencies):
        offset = handle - currency_handles_from(place)
        if 0 <= offset < len(CURRENCY_HANDLES):
            return currency_key(code), offset
    return None
