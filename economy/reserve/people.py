"""Who holds the coins: a crowd, whales, and the designated dealers who alone redeem.

All amounts are micro-coins. Whoever leaves sells to a dealer; a dealer pays from credit, hands the coins in, and has
the credit back when the reserve pays. What dealers cannot pay for stays on offer until they can. Whoever comes buys
from the dealers' inventory, which they fill up again by minting when money moves.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from economy.reserve.presets import PPM


class Whale(NamedTuple):
    """One large holder: leaves with everything on a day, counted from 0."""

    name: str
    coins: int
    day: int


class Crowd(NamedTuple):
    """The many: the share that leaves each day, in ppm of what they hold; more while the price is below `alarm`."""

    calm_ppm: int = 0
    alarm_ppm: int = 0
    alarm: float = 0.99
    buy_ppm: int = 0
    insists: bool = False


@dataclass(frozen=True, slots=True)
class Dealer:
    """A designated dealer: coins in stock, the stock aimed at, money free to buy more, and coins at the desk."""

    name: str
    inventory: int
    target: int
    credit: int


@dataclass(frozen=True, slots=True)
class Holders:
    """Everybody's coins; `unsold` are on offer and no dealer has the money."""

    crowd: int
    whales: tuple[Whale, ...]
    dealers: tuple[Dealer, ...]
    unsold: int = 0

    @property
    def coins(self) -> int:
        """All coins outstanding."""
        held = self.crowd + sum(whale.coins for whale in self.whales)
        return held + self.unsold + sum(dealer.inventory for dealer in self.dealers)


def found(coins: int, *, whales: tuple[Whale, ...], dealers: int, inventory_ppm: int, credit_ppm: int) -> Holders:
    """Holders of all `coins`: whales as given, dealers each with these shares of the coins, the crowd with the rest."""
    stock = coins * inventory_ppm // PPM
    desks = tuple(Dealer(f"dealer-{n}", stock, stock, coins * credit_ppm // PPM) for n in range(1, dealers + 1))
    crowd = coins - sum(whale.coins for whale in whales) - stock * dealers
    assert crowd >= 0, "more coins held than issued"
    return Holders(crowd, whales, desks)


def offer(holders: Holders, crowd: Crowd, *, day: int, price: float) -> Holders:
    """Those who leave today put their coins on offer."""
    share = max(crowd.calm_ppm, crowd.alarm_ppm) if price < crowd.alarm else crowd.calm_ppm
    leaving = holders.crowd * share // PPM
    going = tuple(whale for whale in holders.whales if whale.day == day)
    return replace(
        holders,
        crowd=holders.crowd - leaving,
        whales=tuple(whale for whale in holders.whales if whale.day != day),
        unsold=holders.unsold + leaving + sum(whale.coins for whale in going),
    )


def deal(holders: Holders) -> Holders:
    """Dealers buy what is on offer, each in turn while credit lasts; a coin takes one unit of credit."""
    left, desks = holders.unsold, []
    for dealer in holders.dealers:
        bought = min(left, dealer.credit)
        desks.append(replace(dealer, inventory=dealer.inventory + bought, credit=dealer.credit - bought))
        left -= bought
    return replace(holders, dealers=tuple(desks), unsold=left)


def hand_in(holders: Holders) -> tuple[Holders, tuple[tuple[str, int], ...]]:
    """Dealers take coins above their target to the reserve: the holders without them, and who brings how many."""
    brought = tuple((dealer.name, max(0, dealer.inventory - dealer.target)) for dealer in holders.dealers)
    desks = tuple(
        replace(dealer, inventory=dealer.inventory - coins)
        for dealer, (_, coins) in zip(holders.dealers, brought, strict=True)
    )
    return replace(holders, dealers=desks), tuple((name, coins) for name, coins in brought if coins)


def repay(holders: Holders, name: str, amount: int) -> Holders:
    """The reserve paid a dealer: the credit is free again."""
    desks = tuple(
        replace(dealer, credit=dealer.credit + amount) if dealer.name == name else dealer for dealer in holders.dealers
    )
    return replace(holders, dealers=desks)


def purchase(holders: Holders, crowd: Crowd, *, is_open: bool) -> tuple[Holders, int]:
    """The crowd buys from stock, first what is on offer; dealers mint back to their target when money moves.

    Gives the holders and the coins to issue.
    """
    wanted = holders.crowd * crowd.buy_ppm // PPM
    second_hand = min(wanted, holders.unsold)
    left, desks, minted = wanted - second_hand, [], 0
    for dealer in holders.dealers:
        sold = min(left, dealer.inventory)
        left -= sold
        lacking = max(0, dealer.target - dealer.inventory + sold) if is_open else 0
        desks.append(replace(dealer, inventory=dealer.inventory - sold + lacking))
        minted += lacking
    bought = wanted - left
    return replace(
        holders, crowd=holders.crowd + bought, unsold=holders.unsold - second_hand, dealers=tuple(desks)
    ), minted
