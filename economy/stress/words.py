"""The result of a study in sentences and plain tables, and as rows of a CSV file."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
Rows = tuple[tuple[str, ...], ...]

CHANCES = (("shortfall", "a shortfall"), ("stay", "a stay"), ("broken_peg", "a broken peg"),
           ("late_payment", "late payment"))  # fmt: skip
CAUSES = ("interest_and_prices", "exchange_rates", "sales_in_a_hurry", "gone_dark", "haircuts_and_fees", "paid_out")


def percent(share: float | None, digits: int = 3) -> str:
    """A share as a percentage; a dash for none."""
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def basis_points(share: float | None) -> str:
    """A share in basis points."""
    return "–" if share is None else f"{10_000 * share:.2f} bp"


def chances(document: Json) -> Rows:
    """A row each: what, how likely, its standard error, the 95 % interval, how bad when it happens."""
    rows = []
    for key, name in CHANCES:
        part = document[key]
        if key == "shortfall":
            bad = "–" if part["mean_when"] is None else f"{percent(part['mean_when'])} of the coins"
        else:
            bad = "–" if part["mean_days_when"] is None else f"{part['mean_days_when']:.1f} days"
        interval = f"{percent(part['low95'], 4)} to {percent(part['high95'], 4)}"
        rows.append((name, percent(part["probability"], 4), percent(part["standard_error"], 4), interval, bad))
    return tuple(rows)


CHANCES_HEADER = ("in a year of the model", "probability", "standard error", "95 % interval", "mean size when")


def waterfall(document: Json) -> Rows:
    """A row each: the capital at the start, what changed it by cause, what is left, what holders lack."""
    everybody, short = document["waterfall"]["all"], document["waterfall"]["with_shortfall"]
    names = ("capital_at_start", *CAUSES, "capital_at_end", "holders_lack_at_end")
    return tuple(
        (name.replace("_", " "), basis_points(everybody[name]), basis_points(None if short is None else short[name]))
        for name in names
    )


WATERFALL_HEADER = ("share of the coins", "mean of all years", "mean with a shortfall")


def sensitivity(document: Json) -> Rows:
    """A row for each changed parameter."""
    return tuple(
        (
            changed(line, " "), percent(line["shortfall"]), percent(line["stay"]),
            percent(line["broken_peg"]), basis_points(line["loss_p99"]),
        )
        for line in document["sensitivity"]
    )  # fmt: skip


def changed(line: Json, mark: str) -> str:
    """What a line of the table changes: name and value, or the one word for nothing."""
    return str(line["parameter"]) if line["value"] is None else f"{line['parameter']}{mark}{line['value']:g}"


SENSITIVITY_HEADER = ("with", "shortfall", "stay", "broken peg", "loss, 99th percentile")


def lead(document: Json) -> str:
    """What was simulated, in a sentence or two."""
    said = (
        f"{document['paths']:,} years of {document['days']} business days of a reserve by {document['preset']}: market"
        f" model {document['model']}, runs by {document['run']}, seed {document['seed']}."
    )
    if document["partial"]:
        said += f" PARTIAL: it was interrupted before {document['paths_asked']:,} paths."
    return said


def lines(document: Json) -> list[str]:
    """For a terminal."""
    if not document["paths"]:
        return ["interrupted before the first block was finished: no result"]
    found = [lead(document), "", *table(CHANCES_HEADER, chances(document))]
    loss, peg = document["loss"], document["broken_peg"]
    found += [
        "",
        (
            f"capital below its target at worst: mean {basis_points(loss['mean'])}, 95 % {basis_points(loss['p95'])},"
            f" 99 % {basis_points(loss['p99'])}, 99.9 % {basis_points(loss['p999'])} of the coins"
        ),
        f"lowest price: median {peg['price_p50']:.4f}, 1 % {peg['price_p01']:.4f}, lowest {peg['lowest_price']:.4f}",
        "",
        *table(WATERFALL_HEADER, waterfall(document)),
    ]
    if document["sensitivity"]:
        paths = document["sensitivity"][0]["paths"]
        found += ["", f"one parameter at a time, {paths:,} paths with the same random numbers:"]
        found += table(SENSITIVITY_HEADER, sensitivity(document))
    data = document["data"]
    found += [
        "",
        f"assets - debts - capital: at most {document['accounting']['worst_residual']:.1e} of the reserve",
        (
            f"rates: {data['source']}, sha256 {data['sha256'][:16]}…, {data['first_fixing']} to {data['last_fixing']},"
            f" {data['filled_count']} filled, synthetic: {', '.join(data['synthetic']) or 'none'}"
        ),
        f"Model output; {document['disclaimer']}. Assumptions: docs/economy.md",
    ]
    return found


def table(header: Sequence[str], rows: Rows) -> list[str]:
    """Columns as wide as they must be; the first to the left, the others to the right."""
    cells = [tuple(header), *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in cells
    ]


CSV_HEADER = ("quantity", "key", "value")


def csv_rows(document: Json) -> list[tuple[str, str, str]]:
    """Every number of the result: what, which one, how much."""
    found: list[tuple[str, str, str]] = []
    for key in ("preset", "model", "run", "seed", "days", "paths_asked", "paths", "partial"):
        found.append(("study", key, str(document[key])))
    for key in ("shortfall", "stay", "broken_peg", "late_payment", "redeemed", "left_at_a_haircut", "loss",
                "accounting", "parameters"):  # fmt: skip
        for name, value in document.get(key, {}).items():
            found.append((key, name, "" if value is None else str(value)))
    for group, part in document.get("waterfall", {}).items():
        for name, value in (part or {}).items():
            found.append((f"waterfall {group}", name, str(value)))
    for name, part in document.get("fans", {}).items():
        for rank, values in part["percentiles"].items():
            found += [(f"fan {name} p{rank}", f"day {day}", str(value)) for day, value in zip(part["days"], values)]
    for line in document["sensitivity"]:
        key = changed(line, "=")
        found += [(f"sensitivity {name}", key, str(line[name]))
                  for name in ("shortfall", "stay", "broken_peg", "loss_p99")]  # fmt: skip
    return found


def buffer_lines(document: Json) -> list[str]:
    """The smallest buffer, for a terminal."""
    target = percent(document["target"], 4)
    study = (
        f"{document['paths']:,} years of {document['days']} business days by {document['preset']}, market model"
        f" {document['model']}, runs by {document['run']}, seed {document['seed']}"
    )
    if document["buffer"] is not None:
        said = (
            f"{percent(document['buffer'], 2)} of the coins is the smallest capital with a shortfall in fewer than"
            f" {target} of the years (standard error {basis_points(document['standard_error'])})"
        )
    elif document["partial"]:
        below, above = document["too_small_bp"], document["enough_bp"]
        said = (
            f"PARTIAL: interrupted; {'nothing' if below is None else f'{below} bp'} was too small,"
            f" {'nothing' if above is None else f'{above} bp'} was enough so far"
        )
    else:
        said = f"not even {percent(document['too_small_bp'] / 10_000, 0)} of the coins keeps shortfalls below {target}"
    rows = tuple(
        (f"{trial['capital_bp']} bp", percent(trial["probability"], 4), percent(trial["standard_error"], 4))
        for trial in sorted(document["trials"], key=lambda trial: trial["capital_bp"])
    )
    return [said, study, "", *table(("capital", "shortfall", "standard error"), rows), "",
            "Model output; assumptions: docs/economy.md"]  # fmt: skip
