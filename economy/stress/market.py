"""From a regime and the history of exchange rates to what a simulated year needs: `Parameters` and a `Market`.

The five currencies of Libra's first basket are the world of the model: one of them, the heaviest in the regime's
reserve, is the base; the other four are the factors. A basket's coin promises all five; capital lies in the base.
The holders' own currencies are the four, in equal parts. Volatilities and correlations are those of the fixings from
`FIRST_DAY` to `LAST_DAY`, by log returns.
"""

import datetime

import numpy as np

from economy.errors import ParameterError
from economy.market.history import History
from economy.reserve.presets import HARD, PPM, Preset
from economy.stress.factors import STEPS_A_YEAR, Market
from economy.stress.parameters import FACTORS, Parameters

CURRENCIES = ("USD", "EUR", "JPY", "GBP", "SGD")
FIRST_DAY = datetime.date(2010, 1, 4)
LAST_DAY = datetime.date(2025, 12, 31)
BANKS = 3
"""Where the cash in banks lies, in equal parts, unless a regime says how much one may have."""


def market_of(preset: Preset, history: History) -> Market:
    """The market of a regime; ParameterError `currency_not_modelled` for a reserve of other currencies."""
    strangers = [code for code in preset.weights if code not in CURRENCIES]
    if strangers:
        raise ParameterError(
            f"the stress model knows {', '.join(CURRENCIES)}, not {strangers[0]}",
            name="currency_not_modelled",
            available=list(CURRENCIES),
        )
    base = max(preset.weights, key=lambda code: preset.weights[code])
    codes = tuple(code for code in CURRENCIES if code != base)
    window = history.window([base, *codes], FIRST_DAY, LAST_DAY)
    logs = np.array([np.diff(np.log(window.value(code, base))) for code in codes])
    weights = [preset.weights.get(code, 0) / PPM for code in codes]
    is_basket = len(preset.weights) > 1
    mismatch = [-weight if is_basket else 1 / FACTORS for weight in weights]
    return Market(
        base=base,
        codes=codes,
        returns=np.expm1(logs),
        vols=tuple(float(vol) for vol in logs.std(axis=1, ddof=1) * np.sqrt(STEPS_A_YEAR)),
        correlations=tuple(tuple(float(cell) for cell in row) for row in np.corrcoef(logs)),
        exposures=tuple(mismatch),
        capital_exposures=tuple(-weight for weight in weights),
        holders=(1 / FACTORS,) * FACTORS,
        provenance=window.provenance(),
    )


def parameters_of(preset: Preset) -> Parameters:
    """The rules of a regime as parameters; everything else has its default."""
    deposits = preset.cash_ppm * preset.deposit_ppm / PPM**2
    largest = min(deposits / BANKS, preset.bank_cap_ppm / PPM) if deposits else preset.cash_ppm / PPM / BANKS
    foreign = [share / PPM for share in preset.weights.values()]
    return Parameters(
        capital=preset.capital_ppm / PPM,
        cash=preset.cash_ppm / PPM,
        swept=1 - preset.deposit_ppm / PPM,
        rungs=len(preset.ladder_days),
        floor=preset.floors.at_once_ppm / PPM,
        floor_is_hard=preset.floors.mode == HARD,
        settle_days=preset.terms.settle_days,
        stay_trigger=preset.terms.stay_trigger_ppm / PPM,
        stay_days=preset.terms.stay_days,
        gate=preset.terms.gate_ppm / PPM,
        fee=preset.terms.fee_ppm / PPM,
        passes_cost=preset.terms.passes_cost,
        haircut=preset.terms.haircut_ppm / PPM,
        dark_share=min(foreign) if len(foreign) > 1 else largest,
    )
