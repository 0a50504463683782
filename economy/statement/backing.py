"""What stands behind each coin: supply and receipts, proved from the waypoint, beside what custodians hold.

Covered means held >= supply in every coin, to the micro-unit. The basket has no custodian: it stands on coins, of which
it must hold at least supply x ratio each (docs/protocol.md, Z1 to Z5).
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from chain.accounts import BASKET, currency_key
from chain.light_client import refuse
from chain.records.coins import basket_key
from economy.basket import COIN_CURRENCY
from economy.corridors.quotes import cut_off
from node.client.proof_file import Verified
from node.client.proofs import Client, fetch_record

Json = dict[str, Any]
DIGITS = 4
"""Decimals of a coverage in percent, cut off: 99.99999 is not 100."""


class Backing(NamedTuple):
    """One coin, in micro-units."""

    coin: str
    supply: int
    receipts: int
    """Deposited less released, by the ledger."""
    waiting: int
    """Of the supply, what dealers have given back and the treasury has not burned."""
    held: int
    """By the custodian's books."""
    custodian_key: str

    @property
    def shortfall(self) -> int:
        """What is missing for one to one."""
        return max(0, self.supply - self.held)

    @property
    def coverage_pct(self) -> str:
        """held / supply in percent; "" without any supply."""
        if not self.supply:
            return ""
        if self.held < 0:
            return f"-{cut_off(Fraction(-100 * self.held, self.supply), DIGITS)}"
        return str(cut_off(Fraction(100 * self.held, self.supply), DIGITS))

    def to_json(self) -> Json:
        """All of it."""
        return {**self._asdict(), "shortfall": self.shortfall, "coverage_pct": self.coverage_pct}


class Reserve(NamedTuple):
    """Every coin of one version, with the files that prove it."""

    version: int
    timestamp_us: int
    genesis_hash: str
    waypoint: str
    signers: list[str]
    coins: tuple[Backing, ...]
    basket: Json
    """The synthetic coin: supply, and of each part what is held and needed."""
    proofs: tuple[str, ...]
    """Texts of proof files: the currency records of the coins, of the basket's coin, and of the basket."""

    @property
    def is_covered(self) -> bool:
        """Whether nothing is missing anywhere."""
        return not any(coin.shortfall for coin in self.coins) and not self.basket["shortfall"]

    def to_json(self) -> Json:
        """For a command."""
        return {
            "version": self.version, "timestamp_usecs": self.timestamp_us, "waypoint": self.waypoint,
            "signers": self.signers, "coins": [coin.to_json() for coin in self.coins], "basket": self.basket,
            "covered": self.is_covered,
        }  # fmt: skip


def read_reserve(client: Client, waypoint: str, entries: Mapping[str, int]) -> Reserve:
    """Ask for the records of all coins at one version, each proved; `entries` are custodians' sums beside receipts.

    ProofError if the validator's answers prove nothing, and what the client raises.
    """
    first, text = fetch_record(client, currency_key(next(iter(COIN_CURRENCY))), waypoint)
    version = first.claim["ledger"]["version"]
    keys = [*(currency_key(coin) for coin in COIN_CURRENCY), currency_key(BASKET), basket_key(BASKET)]
    found = [(first, text), *(fetch_record(client, key, waypoint, version) for key in keys[1:])]
    return reserve_of([item for item, _ in found], tuple(item for _, item in found), entries)


def reserve_of(proved: list[Verified], texts: tuple[str, ...], entries: Mapping[str, int]) -> Reserve:
    """What verified records show, in the order of `read_reserve`; ProofError (`claim`) if they are of other things."""
    records = [_record(item) for item in proved]
    version = proved[0].claim["version"]
    if any(item.claim["version"] != version for item in proved):
        refuse("claim", "the records are of different versions", "another_version")
    coins = []
    for coin, record in zip(COIN_CURRENCY, records, strict=False):
        if record.get("code") != coin:
            refuse("claim", f"a record is not that of {coin}", "another_record")
        receipts = record["receipts_deposited"] - record["receipts_released"]
        held = receipts + entries.get(coin, 0)
        key = record["custodian_key"]
        coins.append(Backing(coin, record["total_value"], receipts, record["preburn_value"], held, key))
    ledger = proved[-1].claim["ledger"]
    return Reserve(
        version, ledger["timestamp_usecs"], ledger["genesis_hash"], proved[0].waypoint, ledger["signers"], tuple(coins),
        _basket(records[-2], records[-1]), texts,
    )  # fmt: skip


def _record(item: Verified) -> Json:
    """The record that a proof shows."""
    if item.kind != "record" or not item.claim["exists"]:
        refuse("claim", "a proof shows no record", "another_record")
    found: Json = item.claim["record"]
    return found


def _basket(currency: Json, basket: Json) -> Json:
    """What the synthetic coin stands on."""
    if currency.get("code") != BASKET or basket.get("currency") != BASKET:
        refuse("claim", f"a record is not that of {BASKET}", "another_record")
    supply, held = currency["total_value"], dict(basket["held"])
    parts = [
        {"currency": code, "held": held[code], "needed": -(-supply * ratio >> 32)} for code, ratio in basket["parts"]
    ]
    shortfall = sum(max(0, part["needed"] - part["held"]) for part in parts)
    return {"currency": BASKET, "supply": supply, "parts": parts, "shortfall": shortfall}
