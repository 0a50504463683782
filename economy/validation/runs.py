"""Gate 5: the algebra of four runs, from the tables of facts through the reserve's own books."""

from collections.abc import Iterator

from economy.replay.runs import BN, primary_oracles, terra_path, tether_run, tether_supply, usdc_oracles
from economy.validation.gate import Gate

GATE = 5
USDC = ("0.92162", "0.96081", "0.91749", "0.91232")
PRIMARY = ("0.96511", "0.98744")
USDC_SOURCE = "issuer's update of 2023-03-11 (32.4 bn bills, 9.7 bn cash, of which 3.3 bn stuck): arithmetic on it"
PRIMARY_SOURCE = "Journal of Financial Crises 7/2 (2025) on the fund of 62.5 bn, 0.785 bn lost, 40 bn asked: arithmetic"
TETHER_SOURCE = (
    "market capitalisation by CoinGecko, reported by Forkast: 84.15 bn on 2022-05-12, 73.35 bn on 2022-05-23"
)
TERRA_SOURCE = "prices of May 2022 by CoinDesk, Glassnode and CoinGecko; the floor is the model's"


def gates() -> Iterator[Gate]:
    """USDC's and the fund's values to five digits, Tether's redemptions met at par, TerraUSD's path refused."""
    for published, oracle in zip(USDC, usdc_oracles(), strict=True):
        yield _exact(f"USDC: a coin's worth, {oracle.name}", published, oracle.text, USDC_SOURCE)
    for published, oracle in zip(PRIMARY, primary_oracles(), strict=True):
        yield _exact(f"Reserve Primary: a share's worth, {oracle.name}", published, oracle.text, PRIMARY_SOURCE)
    before, after = tether_supply()
    met = tether_run()
    asked = f"{(before - after) / BN:.1f}"
    ours = f"{met.paid / BN:.1f} bn, {met.latest_business_days} days late, {met.haircuts} haircut"
    yield _exact("Tether: redeemed at par by an 80/20 book", f"{asked} bn, 0 days late, 0 haircut", ours, TETHER_SOURCE)
    path = terra_path()
    refused = sum(step.is_impossible for step in path)
    yield _exact(
        "TerraUSD: prices that a fully reserved coin cannot have", f"{len(path)} of {len(path)}",
        f"{refused} of {len(path)}", TERRA_SOURCE,
    )  # fmt: skip


def _exact(name: str, published: str, ours: str, source: str) -> Gate:
    return Gate(GATE, name, published, ours, "exact", published == ours, source)
