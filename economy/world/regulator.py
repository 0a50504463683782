"""What the world's authorities do: caps by country, a halt and its end, a limit on one provider, daily rates, fees.

The rules are the ledger's own: a jurisdiction policy with dates, and an account limit; the treasury signs them.
"""

from chain.civil import DAY_US
from chain.limits import MIN_GAS_UNITS
from chain.primitives import U64_MAX
from chain.records.policy import Policy, Rule
from economy.policies import find_policy
from economy.world.cast import ROOT, TREASURER
from economy.world.orders import Order, free_call
from economy.world.scene import Scene, midnight_us

HALT_RULE = "halt"


class Regulator:
    """The authorities of one world; they remember nothing: all follows from the date."""

    def __init__(self, scene: Scene) -> None:
        """Read the presets."""
        self._scene = scene
        self._rules = tuple(rule for name in scene.scenario.policies for rule in find_policy(name).rules)

    def opening(self) -> list[list[Order]]:
        """Before the first day, act by act: the caps, and the limit on one provider."""
        acts = [[self._policy(1, halt=False)]] if self._rules else []
        return acts + [[order] for order in self._limit()]

    def plan(self) -> list[Order]:
        """One day's orders."""
        scene, halt = self._scene, self._scene.scenario.halt
        orders = []
        if halt is not None and scene.date == halt.announced:
            orders.append(self._policy(2, halt=True))
        if halt is not None and scene.date == halt.returns:
            orders.append(self._policy(3, halt=False))
        if scene.is_business_day:
            for quote in scene.rates.quotes(scene.date, scene.local_currencies):
                arguments = (quote.code, 0, quote.numerator, quote.denominator)
                orders.append(free_call("rate", scene.last_slot, TREASURER, "update_exchange_rate", *arguments))
            if scene.day > 35 and scene.is_first_business_day(1):
                orders += [free_call("fees", 0, TREASURER, "burn_txn_fees", coin) for coin in scene.coins]
        return orders

    def _policy(self, version: int, *, halt: bool) -> Order:
        """Every preset's rules, and the halted corridors before them."""
        rules = self._rules
        found = self._scene.scenario.halt
        if halt and found is not None:
            span = midnight_us(found.first), midnight_us(found.returns)
            closed = [
                Rule(f"{HALT_RULE}-{code.lower()}", code, found.to_country, *span, False, "", 0, 0, 0, 0)
                for code in found.from_countries
            ]
            rules = (*closed, *rules)
        policy = Policy(version, self._scene.scenario.name, rules)
        policy.check()
        return free_call("policy", 0, TREASURER, "set_jurisdiction_policy", 0, policy.to_bytes())

    def _limit(self) -> list[Order]:
        """A provider agrees to a window; the treasury sets how much may leave."""
        scene = self._scene
        if scene.limit is None:
            return []
        cast = scene.cast
        provider, coin, outflow = scene.limit
        address = cast.actors[provider].address
        window = free_call("limits", 0, ROOT, "publish_window", coin, address)
        numbers = (coin, 0, address, U64_MAX, outflow, U64_MAX, DAY_US)
        return [
            free_call("limits", 0, provider, "publish_unrestricted_limits", coin),
            window._replace(others=(provider,), gas=MIN_GAS_UNITS + 100),
            free_call("limits", 0, TREASURER, "update_limits_definition", *numbers),
        ]
