"""Everything that a simulated year assumes, in one place, checked: shares of the coins at the start unless said.

A rule of a regime comes from its preset (`economy.reserve.presets`); everything else is an assumption with a default,
listed in docs/economy.md, and can be set (`--set NAME=VALUE`). The three dealers' room is in `dealer_room`.
"""

import math
from dataclasses import dataclass, fields, replace

from economy.errors import ParameterError

RUNGS = 13
"""Bills in the ladder, one due each week, unless a regime has a shorter one."""
DEALERS = 3
FACTORS = 4


@dataclass(frozen=True, slots=True)
class Parameters:
    """One reserve and its surroundings; see `BOUNDS` for what each may be, docs/economy.md for why it is so."""

    # The regime.
    capital: float = 0.01
    cash: float = 0.2
    swept: float = 1.0
    rungs: int = RUNGS
    floor: float = 0.0
    floor_is_hard: bool = False
    settle_days: int = 1
    stay_trigger: float = 0.1
    stay_days: int = 5
    gate: float = 0.0
    fee: float = 0.0
    passes_cost: bool = True
    # The assets.
    size_bn: float = 20.0
    sale_cost: float = 0.0
    sale_move_bp: float = 1.607
    payout: float = 1.0
    rate: float = 0.04
    rate_vol: float = 0.01
    unhedged: float = 0.0
    # The dealers and the price.
    dealer_room: tuple[float, float, float] = (0.06, 0.04, 0.02)
    band: float = 0.0005
    waiting_rate: float = 0.2
    price_slope: float = 0.25
    peg_tolerance: float = 0.005
    # The holders.
    flow_vol: float = 0.01
    flow_mean: float = 0.0
    fx_sensitivity: float = 0.5
    whales: float = 0.2
    run_price: float = 0.995
    whale_price: float = 0.9975
    run_speed: float = 0.2
    exit_cost: float = 0.0025
    noise: float = 0.001
    sunspot: float = 0.0005
    impatient: float = 0.05
    haircut: float = 0.005
    # The market models.
    volatility: float = 1.0
    jump_rate: float = 2.0
    jump_flow: float = 0.05
    jump_rate_move: float = 0.005
    stress_rate: float = 1.0
    stress_days: float = 20.0
    stress_factor: float = 3.0
    stress_outflow: float = 0.01
    dark_rate: float = 0.1
    dark_share: float = 0.0667
    dark_loss: float = 0.5
    dark_days: int = 30

    def __post_init__(self) -> None:
        """Raises ParameterError `bad_parameter`, naming the bounds."""
        for name, (low, high) in BOUNDS.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                message = f"{name} is {value:g}, but must be from {low:g} to {high:g}: {MEANINGS[name]}"
                raise ParameterError(message, parameter=name, value=str(value), lowest=low, highest=high)
        if len(self.dealer_room) != DEALERS or not all(0 <= room <= 1 for room in self.dealer_room):
            raise ParameterError(
                f"dealer_room needs {DEALERS} shares of the coins, each from 0 to 1", parameter="dealer_room"
            )

    @property
    def sale_slope(self) -> float:
        """Rise of the yield for each share of the first reserve that is sold within five days."""
        return self.sale_move_bp / 10_000 * self.size_bn

    @property
    def cost_slope(self) -> float:
        """What that costs on a bill of the ladder's middle, a part of the sale for each share sold."""
        return self.sale_slope * 3.5 * (self.rungs + 1) / 365


_SHARE = (0.0, 1.0)
_TABLE: tuple[tuple[str, float, float, str], ...] = (
    ("capital", 0.0, 1.0, "loss-absorbing capital on top of full backing, a share of the coins"),
    ("cash", 0.0, 1.0, "the part of the reserve that is cash"),
    ("swept", 0.0, 1.0, "the part of the cash that earns the yield overnight; the rest lies in banks"),
    ("rungs", 1, 52, "bills in the ladder, one due each week"),
    ("floor", 0.0, 1.0, "the part of the reserve that is to stay cash"),
    ("settle_days", 0, 20, "business days from a request to its payment"),
    ("stay_trigger", 0.0, 1.0, "the share of the coins asked for on one day that brings a stay"),
    ("stay_days", 0, 60, "business days of a stay, 0 for no such tool"),
    ("gate", 0.0, 1.0, "the most that is paid on one day, 0 for no gate"),
    ("fee", 0.0, 1.0, "taken from each redemption"),
    ("size_bn", 0.001, 100_000.0, "dollars of the reserve in billions: what a sale of a part of it costs"),
    ("sale_cost", 0.0, 1.0, "what any sale of bills costs besides, a part of it"),
    ("sale_move_bp", 0.0, 10_000.0, "basis points by which the yield rises for each billion sold within five days"),
    ("payout", 0.0, 1.0, "the part of the capital over its target that is paid out each week"),
    ("rate", -0.05, 1.0, "yield of bills and cash in a year"),
    ("rate_vol", 0.0, 1.0, "standard deviation of the yield's move in a year"),
    ("unhedged", 0.0, 1.0, "the part of the reserve in another currency than the coin promises"),
    ("band", 0.0, 1.0, "what dealers ask for redeeming"),
    ("waiting_rate", 0.0, 10.0, "what dealers ask for waiting a year"),
    ("price_slope", 0.0, 100.0, "fall of the price for each share of the coins that no dealer takes"),
    ("peg_tolerance", 0.0, 1.0, "a price this far below par is a broken peg"),
    ("flow_vol", 0.0, 1.0, "standard deviation of a day's net redemption"),
    ("flow_mean", -1.0, 1.0, "mean of a day's net redemption"),
    ("fx_sensitivity", 0.0, 100.0, "redemption for each loss of the coin in the holders' currencies"),
    ("whales", 0.0, 1.0, "the part of the coins held by large holders, who leave at once"),
    ("run_price", 0.0, 1.0, "the price below which the crowd leaves"),
    ("whale_price", 0.0, 1.0, "the price below which large holders leave"),
    ("run_speed", 0.0, 1.0, "the part of the crowd that leaves on a day of a run"),
    ("exit_cost", 0.0, 1.0, "what leaving costs a holder"),
    ("noise", 1e-9, 1.0, "half-width of the holders' errors about what they would be paid"),
    ("sunspot", 0.0, 1.0, "chance in a day that everybody expects everybody to leave"),
    ("impatient", 0.0, 1.0, "the part of the queue that insists on payment in a stay, each day"),
    ("haircut", 0.0, 1.0, "the least that they are charged for it"),
    ("volatility", 0.0, 20.0, "multiplies the volatilities of the exchange rates"),
    ("jump_rate", 0.0, 250.0, "shocks in a year"),
    ("jump_flow", 0.0, 1.0, "mean redemption that a shock brings"),
    ("jump_rate_move", 0.0, 1.0, "mean rise of the yield that a shock brings"),
    ("stress_rate", 0.0, 250.0, "how often in a year a stressed time begins"),
    ("stress_days", 1.0, 250.0, "how many business days it lasts on average"),
    ("stress_factor", 0.0, 100.0, "multiplies all volatilities in it"),
    ("stress_outflow", 0.0, 1.0, "mean of a day's net redemption in it"),
    ("dark_rate", 0.0, 250.0, "how often in a year a part of the reserve goes dark"),
    ("dark_share", 0.0, 1.0, "the part of the reserve that does"),
    ("dark_loss", 0.0, 1.0, "the part of it that is lost"),
    ("dark_days", 1, 10_000, "business days until the rest is back"),
)
BOUNDS: dict[str, tuple[float, float]] = {name: (low, high) for name, low, high, _ in _TABLE}
MEANINGS: dict[str, str] = {name: words for name, _, _, words in _TABLE}


def change(parameters: Parameters, name: str, value: float) -> Parameters:
    """The same with one other number; ParameterError `bad_parameter` for an unknown name or a value out of bounds."""
    kinds = {field.name: field.type for field in fields(Parameters)}
    if name not in BOUNDS:
        message = f"there is no parameter {name[:40]!r}; there are {', '.join(BOUNDS)}"
        raise ParameterError(message, parameter=name[:40], available=list(BOUNDS))
    if kinds[name] in (int, "int"):
        if not math.isfinite(value) or value != int(value):
            raise ParameterError(f"{name} is a whole number, not {value:g}", parameter=name, value=str(value))
        value = int(value)
    changed: Parameters = replace(parameters, **{name: value})  # type: ignore[arg-type]  # an int where it must be
    return changed
