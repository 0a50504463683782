"""The rules of eight reserve regimes as data: what must be held, how quickly it is paid, what may be done in a run.

Every preset is our reading of a public text, simplified; not legal, investment or compliance advice. Figures that a
text does not give are assumptions, and `assumed` names each of them. Shares are integers in parts per million (ppm)
of the coins in circulation, or of the reserve where the field says so; days are calendar days unless "business".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from economy.errors import ParameterError, UnknownNameError

PPM = 1_000_000
DISCLAIMER = "our reading, simplified; not legal, investment or compliance advice"
HARD = "hard"
USABLE = "usable"
MODES = (HARD, USABLE)
FIVE_BUSINESS_DAYS = 7
"""Calendar days that always hold five business days of a week without holidays."""


@dataclass(frozen=True, slots=True)
class Floors:
    """Liquidity thresholds, in ppm of the reserve: cash at once, and cash with bills due within five business days.

    `mode` is HARD: the floor may never be used, so that bills are sold while the cash below it is idle; or USABLE: the
    floor is a buffer that redemptions may use up, to be refilled afterwards.
    """

    at_once_ppm: int
    five_days_ppm: int
    mode: str = USABLE


@dataclass(frozen=True, slots=True)
class Terms:
    """How coins are redeemed.

    `settle_days` business days pass between a request and its payment (0: the same day) on the days of `calendar`, a
    country or "TARGET". Above `stay_trigger_ppm` of the coins asked for on one day payments may be put off for
    `stay_days` calendar days (0: no such tool). `gate_ppm` is the most that is paid on one day (0: no gate).
    `fee_ppm` is always taken from the payment. `passes_cost` is whether somebody who insists on leaving during a stay
    may, and bears the cost of the sale ("early-redemption haircut"), at least `haircut_ppm` of the payment.
    """

    calendar: str
    settle_days: int
    stay_trigger_ppm: int = 0
    stay_days: int = 0
    gate_ppm: int = 0
    fee_ppm: int = 0
    passes_cost: bool = False
    haircut_ppm: int = 0


@dataclass(frozen=True, slots=True)
class Preset:
    """One regime.

    `weights` are the currencies of the reserve in ppm; `cash_ppm` of the reserve is cash, `deposit_ppm` of that cash
    lies in banks and the rest is swept overnight into government money-market funds; the rest of the reserve is bills
    in equal parts due after each of `ladder_days`, none later than `max_days`. `capital_ppm` is the loss-absorbing
    capital on top of full backing; `bank_cap_ppm` the most of the reserve that one bank may hold (PPM: no limit).
    """

    name: str
    title: str
    date: str
    source: str
    uncertain: str
    assumed: tuple[str, ...]
    weights: Mapping[str, int]
    cash_ppm: int
    deposit_ppm: int
    ladder_days: tuple[int, ...]
    max_days: int
    capital_ppm: int
    bank_cap_ppm: int
    floors: Floors
    terms: Terms


_QUARTER = tuple(range(7, 92, 7))
"""A bill a week for thirteen weeks."""

_DOLLAR = MappingProxyType({"USD": PPM})
_EURO = MappingProxyType({"EUR": PPM})
_SINGAPORE = MappingProxyType({"SGD": PPM})
_LIBRA = MappingProxyType({"USD": 500_000, "EUR": 180_000, "JPY": 140_000, "GBP": 110_000, "SGD": 70_000})

_ALL = (
    Preset(
        "libra-v1", "Libra, first white paper", "2019-06-18",
        "white paper of June 2019; weights: letter to a member of parliament, reported by Der Spiegel and Reuters, "
        "2019-09-20",
        "The paper gives no shares of deposits and paper, no maturities and no buffer; weights were disclosed later.",
        ("cash 20 %", "half of the cash in banks", "a bill a week for thirteen weeks", "no capital",
         "paid after one day"),
        _LIBRA, 200_000, 500_000, _QUARTER, 91, 0, PPM,
        Floors(0, 0), Terms("US", 1),
    ),
    Preset(
        "libra-v2", "Libra, second white paper: a single-currency coin", "2020-04-16",
        "white paper 2.0 of April 2020 (at least 80 % government paper of up to three months, at most 20 % cash swept "
        "overnight into government money-market funds, capital buffer, redemption stays, early-redemption haircuts)",
        "The 80/20 split is from secondary reports; three months, the sweep, stays and haircuts are quoted from memory "
        "of the paper. It gave no size of the buffer and no length of a stay.",
        ("capital 1 %", "a stay of 5 days above 10 % asked for on one day", "a bill a week for thirteen weeks",
         "paid after one day", "no cash in banks overnight"),
        _DOLLAR, 200_000, 0, _QUARTER, 91, 10_000, PPM,
        Floors(0, 0), Terms("US", 1, stay_trigger_ppm=100_000, stay_days=5, passes_cost=True),
    ),
    Preset(
        "diem-usd", "Diem dollar, issued by a bank", "2021-05-12",
        "announcement of 2021-05-12 (one bank as issuer and manager of the reserve); its reserve by white paper 2.0",
        "The dollar coin was never issued; its reserve rules were not published apart from white paper 2.0.",
        ("as libra-v2", "half of the cash at the issuing bank"),
        _DOLLAR, 200_000, 500_000, _QUARTER, 91, 10_000, PPM,
        Floors(0, 0), Terms("US", 1, stay_trigger_ppm=100_000, stay_days=5, passes_cost=True),
    ),
    Preset(
        "mica-emt", "European Union, e-money token", "2024-06-30",
        "Regulation (EU) 2023/1114, Articles 49, 54 and 55; own funds: 2 % of outstanding e-money (Directive "
        "2009/110/EC, Article 5); liquidity: EBA/RTS/2024/10, final draft of 2024-06-13",
        "The EBA's draft shares (20 % due in one working day, 30 % in five) bind a token that is not significant only "
        "where the authority says so, the Commission has proposed changes, and its limits for one bank are left out.",
        ("the rest in bills, one a week for thirteen weeks", "paid on the same day",
         "recovery plan: a gate of 10 % of the coins a day"),
        _EURO, 300_000, PPM, _QUARTER, 91, 20_000, PPM,
        Floors(200_000, 300_000), Terms("TARGET", 0, gate_ppm=100_000),
    ),
    Preset(
        "mica-significant", "European Union, significant e-money token", "2024-06-30",
        "Regulation (EU) 2023/1114, Articles 45 and 58 (60 % deposits, own funds 3 % of the reserve); liquidity: "
        "EBA/RTS/2024/10, final draft of 2024-06-13",
        "The EBA's draft shares (40 % due in one working day, 60 % in five) were not final; its limits for one bank "
        "are left out.",
        ("the rest in bills, one a week for thirteen weeks", "paid on the same day",
         "recovery plan: a gate of 10 % of the coins a day"),
        _EURO, 600_000, PPM, _QUARTER, 91, 30_000, PPM,
        Floors(400_000, 600_000), Terms("TARGET", 0, gate_ppm=100_000),
    ),
    Preset(
        "mas", "Singapore, single-currency stablecoin", "2023-08-15",
        "Monetary Authority of Singapore, response of 2023-08-15: reserve of at least 100 %, residual maturity up to "
        "three months, par value within five business days",
        "Base capital is SGD 1 million or half of the yearly expenses, not a share of the coins: none here. The "
        "framework awaits legislation.",
        ("cash 20 %, in banks", "a bill a week for thirteen weeks", "no capital"),
        _SINGAPORE, 200_000, PPM, _QUARTER, 91, 0, PPM,
        Floors(0, 0), Terms("SG", 5),
    ),
    Preset(
        "genius", "United States, GENIUS Act with the OCC's draft", "2026-02-25",
        "Public Law of 2025-07-18 (bills of up to 93 days); OCC, notice of proposed rulemaking of 2026-02-25, 91 FR "
        "10202: 10 % at once, 30 % within five business days, average maturity up to 20 days, at most 40 % at one "
        "institution, redemption within two business days",
        "A draft: the figures are a safe harbour in one option and binding in the other; the longer time (seven days "
        "when more than 10 % is asked for within a day) is quoted from memory; capital is set case by case.",
        ("cash 15 %, in banks", "a bill a week for five weeks", "no capital"),
        _DOLLAR, 150_000, PPM, (7, 14, 21, 28, 35), 93, 0, 400_000,
        Floors(100_000, 300_000, HARD), Terms("US", 2, stay_trigger_ppm=100_000, stay_days=7),
    ),
    Preset(
        "circle-2023", "Circle's USDC in early 2023", "2023-03-28",
        "the issuer's statement of 2023-03-28 (about 80 % bills of up to three months, about 20 % cash) and its update "
        "of 2023-03-11 (32.4 bn bills, 9.7 bn cash)",
        "A practice, not a rule. The issuer's own equity stood behind the reserve without being part of it.",
        ("a bill a week for thirteen weeks", "all cash in banks", "no capital within the reserve"),
        _DOLLAR, 200_000, PPM, _QUARTER, 91, 0, PPM,
        Floors(0, 0), Terms("US", 0),
    ),
)  # fmt: skip

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in _ALL})
"""The shipped regimes by name, oldest idea first."""


def find_preset(name: str) -> Preset:
    """The preset of this name; UnknownNameError `unknown_preset` names those there are."""
    if name not in PRESETS:
        raise UnknownNameError(
            f"{name!r} is no preset; there are {', '.join(PRESETS)}", name="unknown_preset", presets=list(PRESETS)
        )
    return PRESETS[name]


def with_floors(preset: Preset, mode: str) -> Preset:
    """The same regime with its liquidity floors as hard minima (HARD) or as usable buffers (USABLE).

    Raises ParameterError `bad_parameter` for another mode.
    """
    if mode not in MODES:
        raise ParameterError(f"a floor is {' or '.join(MODES)}, not {mode!r}", name="bad_parameter", modes=list(MODES))
    return replace(preset, floors=replace(preset.floors, mode=mode))


def average_days(preset: Preset) -> int:
    """Average calendar days until the reserve is cash, cash counting 0; cut off to whole days."""
    return (PPM - preset.cash_ppm) * sum(preset.ladder_days) // (len(preset.ladder_days) * PPM)


def due_within(preset: Preset, days: int) -> int:
    """The share of a new reserve, in ppm, that is cash or a bill due within so many calendar days; cut off."""
    due = sum(1 for rung in preset.ladder_days if rung <= days)
    return preset.cash_ppm + (PPM - preset.cash_ppm) * due // len(preset.ladder_days)


def describe(preset: Preset) -> dict[str, object]:
    """A preset as one JSON object, shares in ppm."""
    floors, terms = preset.floors, preset.terms
    return {
        "name": preset.name, "title": preset.title, "date": preset.date, "source": preset.source,
        "uncertain": preset.uncertain, "assumed": list(preset.assumed), "disclaimer": DISCLAIMER,
        "weights_ppm": dict(preset.weights), "cash_ppm": preset.cash_ppm, "deposit_ppm_of_cash": preset.deposit_ppm,
        "ladder_days": list(preset.ladder_days), "max_days": preset.max_days, "average_days": average_days(preset),
        "capital_ppm": preset.capital_ppm, "bank_cap_ppm": preset.bank_cap_ppm,
        "floors": {
            "at_once_ppm": floors.at_once_ppm, "five_business_days_ppm": floors.five_days_ppm, "mode": floors.mode
        },
        "redemption": {
            "calendar": terms.calendar, "settle_business_days": terms.settle_days, "fee_ppm": terms.fee_ppm,
            "stay_trigger_ppm": terms.stay_trigger_ppm, "stay_days": terms.stay_days, "gate_ppm": terms.gate_ppm,
            "passes_cost": terms.passes_cost, "haircut_ppm": terms.haircut_ppm,
        },
    }  # fmt: skip
