"""`mithqal reserve presets`: the regimes that a reserve can be run under."""

import click

from cli import options, output
from cli.exits import OK
from economy.reserve.presets import DISCLAIMER, PPM, PRESETS, Preset, describe, find_preset


@click.command()
@click.argument("name", required=False)
@options.as_json
@output.reported
def presets(name: str | None, as_json: bool) -> int:
    """List the shipped regimes, or show the one called NAME with its source and what is uncertain."""
    if name is None:
        document = {"disclaimer": DISCLAIMER, "presets": [describe(preset) for preset in PRESETS.values()]}
        output.result(document, _table(), as_json=as_json)
    else:
        preset = find_preset(name)
        output.result(describe(preset), _page(preset), as_json=as_json)
    return OK


def _percent(ppm: int) -> str:
    """Parts per million as a percentage without needless digits."""
    return f"{ppm / (PPM // 100):g} %"


def _table() -> list[str]:
    """A line a regime."""
    lines = [f"{'preset':<18} {'date':<10} {'cash':>5} {'bills':>6} {'capital':>8}  what"]
    for preset in PRESETS.values():
        lines.append(
            f"{preset.name:<18} {preset.date} {_percent(preset.cash_ppm):>5} {_percent(PPM - preset.cash_ppm):>6}"
            f" {_percent(preset.capital_ppm):>8}  {preset.title}"
        )
    return [*lines, f"({DISCLAIMER})"]


def _page(preset: Preset) -> list[str]:
    """Everything about one regime."""
    floors, terms = preset.floors, preset.terms
    return [
        f"{preset.name}: {preset.title} ({preset.date})",
        f"  source     {preset.source}",
        f"  uncertain  {preset.uncertain}",
        f"  assumed    {'; '.join(preset.assumed)}",
        f"  currency   {', '.join(f'{code} {_percent(share)}' for code, share in preset.weights.items())}",
        f"  cash       {_percent(preset.cash_ppm)} of the reserve, {_percent(preset.deposit_ppm)} of it in banks",
        f"  bills      {_percent(PPM - preset.cash_ppm)}, due after {', '.join(map(str, preset.ladder_days))} days",
        f"  capital    {_percent(preset.capital_ppm)} on top of full backing",
        f"  one bank   {'no limit' if preset.bank_cap_ppm == PPM else 'at most ' + _percent(preset.bank_cap_ppm)}",
        f"  floors     {_floors(preset)} ({floors.mode})",
        f"  redeemed   {terms.settle_days} business days ({terms.calendar}), fee {_percent(terms.fee_ppm)}",
        f"  stay       {_stay(preset)}",
        f"  gate       {'none' if not terms.gate_ppm else f'{_percent(terms.gate_ppm)} of the coins a day'}",
        f"  haircut    {'the cost of the sale is passed on in a stay' if terms.passes_cost else 'none'}",
        f"({DISCLAIMER})",
    ]


def _floors(preset: Preset) -> str:
    """The liquidity floors, in words."""
    floors = preset.floors
    return f"{_percent(floors.at_once_ppm)} at once, {_percent(floors.five_days_ppm)} within five business days"


def _stay(preset: Preset) -> str:
    """When payments may be put off, in words."""
    terms = preset.terms
    if not terms.stay_days:
        return "none"
    return f"{terms.stay_days} days, when more than {_percent(terms.stay_trigger_ppm)} is asked for on one day"
