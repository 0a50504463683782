"""Every crisis by name, and its replay as one document: facts with sources, then model output by regime.

names()     replay_document("usdc-2023", policies("all"))     replay_lines(document)
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from economy.errors import UnknownNameError
from economy.market.reading import load_history
from economy.replay import fx, hours, runs
from economy.replay.tables import Event, load_events, load_fx
from economy.reserve.book import ONE
from economy.reserve.presets import DISCLAIMER, PRESETS, Preset, find_preset

ALL = "all"
Json = dict[str, Any]

EVENT_CRISES: Mapping[str, str] = {
    "usdc-2023": "USDC when a bank with 8 % of its reserve closed, by the hour",
    "reserve-primary-2008": "Reserve Primary Fund: par for those who were first",
    "tether-2022": "Tether redeems 10.8 bn at par in eleven days",
    "terrausd-2022": "TerraUSD, a negative control: a path that no fully reserved coin can take",
}
"""Crises that need a table of facts."""


class Entry(NamedTuple):
    """A crisis in the list: its name, title, what kind of data replay it, and its first day."""

    name: str
    title: str
    kind: str
    first_day: str


def catalogue() -> tuple[Entry, ...]:
    """All crises in the order of time."""
    entries = [
        Entry(crisis.name, crisis.title, "rates", crisis.moves[0].start.isoformat()) for crisis in load_fx().values()
    ]
    entries += [
        Entry(name, title, "events", load_events(name)[0].time.date().isoformat())
        for name, title in EVENT_CRISES.items()
    ]
    return tuple(sorted(entries, key=lambda entry: entry.first_day))


def policies(text: str) -> tuple[Preset, ...]:
    """The presets of `--policy`: one by name, or all; UnknownNameError `unknown_preset`."""
    return tuple(PRESETS.values()) if text == ALL else (find_preset(text),)


def check_name(name: str) -> str:
    """The name itself; UnknownNameError `unknown_crisis` names those there are."""
    known = [entry.name for entry in catalogue()]
    if name not in known:
        raise UnknownNameError(
            f"no crisis {name[:40]!r}; there are {', '.join(known)}", name="unknown_crisis", crises=known
        )  # fmt: skip
    return name


def replay_document(name: str, presets: tuple[Preset, ...]) -> Json:
    """The replay of a crisis under these regimes; errors as in `check_name` and of the rates."""
    check_name(name)
    if name in load_fx():
        return dict(fx.document(load_history(), load_fx()[name], presets))
    document: Json = {
        "crisis": name,
        "title": EVENT_CRISES[name],
        "kind": "events",
        "facts": [_fact(event) for event in load_events(name)],
        "disclaimer": DISCLAIMER,
    }
    document |= {
        "usdc-2023": _usdc, "reserve-primary-2008": _primary, "tether-2022": _tether, "terrausd-2022": _terra,
    }[name](presets)  # fmt: skip
    return document


def _fact(event: Event) -> Json:
    """A sourced fact as JSON."""
    return {
        "time": f"{event.time:%Y-%m-%dT%H:%MZ}", "kind": event.kind, "what": event.what,
        "value": None if event.value is None else str(event.value), "hour_is_exact": event.is_exact,
        "source": event.source, "note": event.note,
    }  # fmt: skip


def _oracles(oracles: tuple[runs.Oracle, ...]) -> Json:
    """Figures by name, five digits, as text."""
    return {oracle.name: oracle.text for oracle in oracles}


def _usdc(presets: tuple[Preset, ...]) -> Json:
    """Hour by hour: the issuer's own books first, then each regime."""
    rows = [hours.replay(hours.ACTUAL), *(hours.replay(preset.name) for preset in presets)]
    return {
        "worth": _oracles(runs.usdc_oracles()),
        "price_of_queueing": round(hours.fitted_peg().queue, 4),
        "model_note": (
            "model output, not history: a dollar book of each regime with the same coins; it has as much of its bank"
            " deposits in the closed bank as the issuer had, at most its limit; the same redemptions are asked for;"
            " low and high bound the price, and the low is fitted to one price of 11 March"
        ),
        "model_output": [
            {
                "preset": row.policy, "stuck_micro": row.stuck, "stuck_pct": 100 * row.stuck / row.reserve,
                "capital_micro": row.capital, "worst_worth": row.worst_worth, "lowest_price": row.lowest,
                "lowest_at": f"{row.lowest_at:%Y-%m-%dT%H:%MZ}", "asked_micro": row.asked, "paid_micro": row.paid,
                "late_micro": row.late, "last_paid": row.last_paid and f"{row.last_paid:%Y-%m-%dT%H:%MZ}",
                "sale_cost_micro": row.sale_cost, "stay": row.stay,
                "hours": [
                    {
                        "time": f"{hour.time:%Y-%m-%dT%H:%MZ}", "is_open": hour.is_open, "asked_micro": hour.asked,
                        "paid_micro": hour.paid, "owed_micro": hour.owed, "coins_micro": hour.coins,
                        "worst": hour.worst, "low": hour.low, "high": hour.high, "fact": hour.fact,
                    }
                    for hour in row.hours
                ],
            }
            for row in rows
        ],
    }  # fmt: skip


def _primary(presets: tuple[Preset, ...]) -> Json:
    """The run's algebra, and whom a stay or a buffer would have helped with the same hole."""
    return {
        "worth": _oracles(runs.primary_oracles()),
        "model_note": (
            "model output, not history: the same part of the reserve is lost and the same is asked for in one day,"
            " though none of these regimes may hold such paper. Where a stay begins nobody is paid at par first and"
            " everybody shares; a gate lets that part be paid; elsewhere those who asked first are paid at par"
        ),
        "model_output": [
            {
                "preset": row.preset, "capital_pct": 100 * row.capital / row.coins, "stay": row.stay,
                "paid_at_par_first_micro": row.paid, "worth_of_those_who_stay": float(row.stayers),
            }
            for row in (runs.primary_under(preset) for preset in presets)
        ],
    }  # fmt: skip


def _tether(presets: tuple[Preset, ...]) -> Json:
    """The redemptions met by each regime's book."""
    before, after = runs.tether_supply()
    return {
        "redeemed_micro": before - after,
        "redeemed_pct": round(100 * (before - after) / before, 1),
        "model_note": (
            "model output, not history: a dollar book of each regime with the same coins, redeemed in equal parts on"
            " eleven days; watched for two more weeks"
        ),
        "model_output": [
            {
                "preset": preset.name, "asked_micro": met.asked, "paid_micro": met.paid,
                "last_paid": met.last_day.isoformat(), "latest_business_days": met.latest_business_days,
                "sale_cost_micro": met.sale_cost, "haircuts_micro": met.haircuts, "stay": met.stay,
            }
            for preset, met in ((preset, runs.tether_run(preset)) for preset in presets)
        ],
    }  # fmt: skip


def _terra(_presets: tuple[Preset, ...]) -> Json:
    """The path beside the floor of a fully reserved coin."""
    return {
        "sentence": runs.TERRA_SENTENCE,
        "model_note": "model output, not history: the floor is the same for every regime that pays within five days",
        "model_output": [
            {
                "time": f"{step.time:%Y-%m-%dT%H:%MZ}", "price": str(step.price), "floor": step.floor,
                "is_impossible": step.is_impossible,
            }
            for step in runs.terra_path()
        ],
    }  # fmt: skip


def replay_lines(document: Json) -> list[str]:
    """A replay for people: facts first, then the model's output, called that."""
    lines = [f"{document['crisis']}: {document['title']}", "facts"]
    lines += [_fact_line(fact) for fact in document["facts"]]
    if document.get("dark"):
        dark = document["dark"]
        again = dark["quoted_again"] or "not again in the data"
        lines.append(f"  {dark['currency']} goes dark after {dark['last_quoted']}; quoted again: {again}")
    for name, value in document.get("worth", {}).items():
        lines.append(f"  worth of a coin, {name}: {value}")
    if "sentence" in document:
        lines.append(f"  {document['sentence']}")
    lines.append(f"model ({document['model_note']})")
    lines += [_model_line(row) for row in document["model_output"]]
    if "data" in document:
        lines.append(f"{document['data']['source']}, sha256 {document['data']['sha256'][:16]}...")
    return [*lines, f"({document['disclaimer']})"]


def _fact_line(fact: Json) -> str:
    """A fact with its source, or a published figure beside ours."""
    if "published_pct" in fact:
        what = "worst day" if fact["measure"] == "worst_day" else "move"
        verdict = "same" if fact["matches"] else "DIFFERS"
        days = f"{fact['from']} to {fact['to']}"
        return (
            f"  {fact['of']} in {fact['in']}, {what} {days}: published {fact['published_pct']} %,"
            f" ours {fact['ours_pct']} % ({verdict})"
        )
    about = "" if fact["hour_is_exact"] else " (about)"
    value = "" if fact["value"] is None else f" {fact['value']}"
    note = f" ({fact['note']})" if fact["note"] else ""
    return f"  {fact['time']}{about} {fact['kind'].replace('_', ' ')} {fact['what']}{value}{note} [{fact['source']}]"


def _model_line(row: Json) -> str:
    """One regime in one line."""
    if "matched_coverage_pct" in row:
        return (
            f"  {row['preset']:<17} coin {row['coin_pct']:+.2f} % in {row['holder']}; coverage"
            f" {row['matched_coverage_pct']:+.2f} % in its own currencies,"
            f" {row['all_dollar_coverage_pct']:+.2f} % if all in dollars"
        )
    if "worst_worth" in row:
        return (
            f"  {row['preset']:<17} stuck {row['stuck_pct']:5.2f} %, a coin worth at least {row['worst_worth']:.5f},"
            f" price down to {row['lowest_price']:.4f} on {row['lowest_at']}; paid {_bn(row['paid_micro'])} of"
            f" {_bn(row['asked_micro'])} bn by the end, {_bn(row['late_micro'])} late"
        )
    if "worth_of_those_who_stay" in row:
        how = "a stay begins, all share" if row["stay"] else f"{_bn(row['paid_at_par_first_micro'])} bn at par first"
        return f"  {row['preset']:<17} {how}: those who stay have {row['worth_of_those_who_stay']:.5f}"
    if "floor" in row:
        verdict = "impossible" if row["is_impossible"] else "possible"
        return f"  {row['time']} price {row['price']}, floor {row['floor']:.4f}: {verdict} for a fully reserved coin"
    return (
        f"  {row['preset']:<17} paid {_bn(row['paid_micro'])} of {_bn(row['asked_micro'])} bn, the last on"
        f" {row['last_paid']}, {row['latest_business_days']} business days late at most, sale cost"
        f" {row['sale_cost_micro'] / ONE:,.0f} dollars, stay: {'yes' if row['stay'] else 'no'}"
    )


def _bn(micro: int) -> str:
    """Billions with two digits."""
    return f"{micro / runs.BN:.2f}"
