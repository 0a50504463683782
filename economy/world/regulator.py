"""What the world's authorities do: caps by country, a halt and its end, a limit on one provider, daily rates, fees.

The rules are the ledger's own: a jurisdiction policy with dates, and an account limit; the treasury signs them.
"""

from typing import TYPE_CHECKING

from chain.civil import DAY_US, day_number, day_start_us
from chain.limits import MIN_GAS_UNITS
from chain.primitives import U64_MAX
from chain.records.policy import Policy, Rule
from economy.policies import find_policy
from economy.world.cast import ROOT, TREASURER
from economy.world.orders import Order, free_call

if TYPE_CHECKING:
    import datetime

    from economy.world.world import World

HALT_RULE = "halt"


def midnight_us(date: "datetime.date") -> int:
    """When a day begins, in the ledger's time."""
    return day_start_us(day_number(date.year, date.month, date.day))


class Regulator:
    """The authorities of one world; they remember nothing: all follows from the date."""

    def __init__(self, world: "World") -> None:
        """Read the presets."""
        self._world = world
        self._rules = tuple(rule for name in world.scenario.policies for rule in find_policy(name).rules)

    def opening(self) -> list[list[Order]]:
        """Before the first day, act by act: the caps, and the limit on one provider."""
        acts = [[self._policy(1, halt=False)]] if self._rules else []
        return acts + [[order] for order in self._limit()]

    def plan(self) -> list[Order]:
        """One day's orders."""
        world, halt = self._world, self._world.scenario.halt
        orders = []
        if halt is not None and world.date == halt.announced:
            orders.append(self._policy(2, halt=True))
        if halt is not None and world.date == halt.returns:
            orders.append(self._policy(3, halt=False))
        if world.is_business_day:
            for quote in world.rates.quotes(world.date, world.local_currencies):
                arguments = (quote.code, 0, quote.numerator, quote.denominator)
                orders.append(free_call("rate", world.last_slot, TREASURER, "update_exchange_rate", *arguments))
            if world.day > 35 and world.is_first_business_day(1):
                orders += [free_call("fees", 0, TREASURER, "burn_txn_fees", coin) for coin in world.coins]
        return orders

    def _policy(self, version: int, *, halt: bool) -> Order:
        """Every preset's rules, and the halted corridors before them."""
        rules = self._rules
        found = self._world.scenario.halt
        if halt and found is not None:
            span = midnight_us(found.first), midnight_us(found.returns)
            closed = [
                Rule(f"{HALT_RULE}-{code.lower()}", code, found.to_country, *span, False, "", 0, 0, 0, 0)
                for code in found.from_countries
            ]
            rules = (*closed, *rules)
        policy = Policy(version, self._world.scenario.name, rules)
        policy.check()
        return free_call("policy", 0, TREASURER, "set_jurisdiction_policy", 0, policy.to_bytes())

    def _limit(self) -> list[Order]:
        """A provider agrees to a window; the treasury sets how much may leave."""
        world = self._world
        if world.limit is None:
            return []
        cast = world.cast
        provider, coin, outflow = world.limit
        address = cast.actors[provider].address
        window = free_call("limits", 0, ROOT, "publish_window", coin, address)
        numbers = (coin, 0, address, U64_MAX, outflow, U64_MAX, DAY_US)
        return [
            free_call("limits", 0, provider, "publish_unrestricted_limits", coin),
            window._replace(others=(provider,), gas=MIN_GAS_UNITS + 100),
            free_call("limits", 0, TREASURER, "update_limits_definition", *numbers),
        ]
