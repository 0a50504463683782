"""Tiers of dealers: how much of a currency the treasury may mint to one within 24 hours (reference 2.3, reserve 1.4).

Off for a dealer until the treasury sets caps. Of Libra's two resets this is the later one: a new window begins when
`now >= start + 24 h` (an earlier module had a strict `>`).
"""

from typing import cast

from chain.accounts import Role
from chain.civil import DAY_US, utc
from chain.execution.context import Run
from chain.execution.outcome import Abort, Category
from chain.records.coins import Tiers, tiers_key


def count_mint(run: Run, dealer: bytes, code: str, amount: int, tier: int) -> None:
    """Count a mint against the cap of its tier; nothing where the dealer has no tiers: `tier` is then ignored."""
    tiers = cast("Tiers | None", run.state.get(tiers_key(dealer, code)))
    if tiers is None or not tiers.caps:
        return
    if tier >= len(tiers.caps):
        raise Abort(
            "DesignatedDealer", Category.INVALID_ARGUMENT, "EINVALID_TIER_INDEX",
            f"tier {tier} is none of the dealer's {len(tiers.caps)} tiers, which count from 0",
        )  # fmt: skip
    tiers = tiers.at(run.context.timestamp_us, DAY_US)
    if tiers.minted + amount > tiers.caps[tier]:
        raise Abort(
            "DesignatedDealer", Category.INVALID_ARGUMENT, "EINVALID_AMOUNT_FOR_TIER",
            f"{tiers.minted} of {tiers.caps[tier]} micro-{code} of tier {tier} are minted, {amount} more are too many"
            f" until {utc(tiers.start_us + DAY_US)}",
            minted=tiers.minted, maximum=tiers.caps[tier], amount=amount, resets_us=tiers.start_us + DAY_US,
        )  # fmt: skip
    run.state.put(tiers_key(dealer, code), tiers._replace(minted=tiers.minted + amount))


def update_dealer_tiers(  # noqa: PLR0913 - four caps
    run: Run, code: str, nonce: int, address: bytes, first: int, second: int, third: int, fourth: int
) -> None:
    """Set a dealer's caps, strictly rising; zeros at the end are no tiers, four of them switch the rule off.

    What was minted in the running window stays counted.
    """
    run.require_treasury()
    run.check_nonce(nonce)
    dealer = run.state.account(address)
    if dealer is None or dealer.role != Role.DESIGNATED_DEALER:
        raise Abort("DesignatedDealer", Category.NOT_PUBLISHED, "EDEALER", f"{address.hex()} is no dealer")
    run.require_currency(code)
    given = (first, second, third, fourth)
    caps = given[: next((place for place, cap in enumerate(given) if cap == 0), len(given))]
    if any(given[len(caps) :]) or any(low >= high for low, high in zip(caps, caps[1:], strict=False)):
        raise Abort(
            "DesignatedDealer", Category.INVALID_ARGUMENT, "EINVALID_TIER_START",
            f"the caps of tiers rise strictly, got {', '.join(map(str, given))}",
        )  # fmt: skip
    key = tiers_key(address, code)
    old = cast("Tiers | None", run.state.get(key))
    new = Tiers(address, code, caps, run.context.timestamp_us, 0) if old is None else old._replace(caps=caps)
    run.state.put(key, new)
