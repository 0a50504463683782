"""What the documents of the commands say about each figure of docs/reliability.md: the goal, and what was printed."""

from collections.abc import Callable
from typing import Any, NamedTuple

Json = dict[str, Any]


class Row(NamedTuple):
    """One line of the table."""

    figure: str
    goal: str
    printed: str
    is_reached: bool | None = None
    """None where there is no goal."""


def _campaign(found: Json) -> list[Row]:
    share = found["committing_share"]
    distinct = f"of them {found['distinct']:,} distinct, {found['states']:,} abstract states"
    scenarios = f"{found['scenarios']:,} in {found['wall_s']:,.0f} s, {distinct}"
    return [
        Row("small scenarios in six minutes, two cores", "50,000, aim 250,000", scenarios,
            found["scenarios"] >= 50_000),
        Row("that break a rule", "none", f"{found['violating']:,}", not found["violating"]),
        Row("that commit", "90 %", f"{share:.1%}", share >= 0.9),
        Row("events a second of a core, checkers and refinement on", "10,000, aim 50,000",
            f"{found['events_per_cpu_s']:,}", found["events_per_cpu_s"] >= 10_000),
        _hours(found),
        _named(found),
    ]  # fmt: skip


def _named(found: Json) -> Row:
    guilt = found["accountability"]
    text = f"{guilt['proved']:,} of {guilt['observed']:,}; honest ones: {guilt['against_honest']}"
    reached = guilt["proved"] == guilt["observed"] and not guilt["against_honest"]
    return Row("liars seen to contradict themselves that evidence names", "all, and nobody honest", text, reached)


def _crashes(found: Json) -> list[Row]:
    guilt = found["accountability"]
    text = f"{guilt['against_honest']} in {guilt['crash_runs']:,} runs"
    reached = not guilt["against_honest"] and guilt["crash_runs"] >= 10_000
    broken = Row("crash points that break a rule", "none", f"{found['violating']:,}", not found["violating"])
    return [broken, Row("evidence against honest validators, in runs with crashes", "none in 10,000", text, reached)]


def _hours(found: Json) -> Row:
    hours = found["validator_hours"]
    return Row("validator-hours of virtual time under faults", "100, aim 1,000", f"{hours:,.0f}", hours >= 100)


def _seeds(found: Json) -> list[Row]:
    missing = ", ".join(found["faults_missing"]) or "every kind of fault fired"
    text = f"{found['violating']} of {found['scenarios']} break a rule; {missing}"
    return [Row("seeds of 20 s with clients and governance", "none breaks a rule", text, found["ok"]), _hours(found)]


def _mutants(found: Json) -> list[Row]:
    control = found["control"]
    text = f"{found['killed']} of {found['total']}, after {found['median_after']} scenarios (median)"
    clean = f"{len(control['violations'])} violations in {control['scenarios']:,} scenarios"
    return [
        Row("seeded bugs found", "all of at least 30", text, found["killed"] == found["total"] >= 30),
        Row("the unchanged tree in the same suite", "clean", clean, not control["violations"]),
    ]


def _exhaustive(found: Json) -> list[Row]:
    broken = len(found["violations"])
    text = f"{found['states']:,} states, {found['transitions']:,} transitions, {broken or 'no'} violation"
    figure = f"signing module, {found['rounds']} rounds, one liar of {found['validators']}"
    return [Row(figure, "no violation", text, not broken)]


def _scale(found: Json) -> list[Row]:
    text = f"{found['cpu_s']:g} s of a core, {found['events']:,} events"
    figure = f"{found['validators']} validators, {found['rounds']} rounds"
    return [Row(figure, "60 s of a core", text, found["ok"] and found["cpu_s"] <= 60)]


def _latency(found: Json) -> list[Row]:
    hops = ", ".join(f"{row['others']['median']:g} (n = {row['validators']})" for row in found["hops"])
    rows = [Row("hops to a commit", "", hops)]
    for row in found["liveness"]:
        silent = f", {row['silent']} of them silent for good" if row["silent"] else ""
        text = (
            f"at most {row['max']}, p99 {row['p99']}, median {row['median']} in {row['seeds']} seeds;"
            f" {row['recovered']} of {row['asked']} validators"
        )
        reached = row["max"] <= row["bound"] and row["recovered"] == row["asked"]
        rows.append(
            Row(
                f"rounds to a block after the faults, n = {row['validators']}{silent}", f"{row['bound']}", text, reached
            )
        )
    none, some, split = found["loss"]["none"], found["loss"]["one_percent"], found["partition"]
    text = f"{some['per_s']:g} and {some['p99_ms']:.0f} ms, without {none['per_s']:g} and {none['p99_ms']:.0f} ms"
    after = (
        f"backlog of {split['backlog']} final after {split['drained_ms']} ms, p99 normal after {split['normal_ms']} ms"
    )
    soon = all(took is not None and took <= 5_000 for took in (split["drained_ms"], split["normal_ms"]))
    return [
        *rows,
        Row("payments/s and p99 at 1 % message loss", "", text),
        Row(f"after a partition of {split['seconds']} s", "normal within 5 s", after, soon),
    ]


def _sensitivity(found: Json) -> list[Row]:
    return [
        Row(f"{row['fault']}, n = {row['validators']}, f = {row['f']}: score, p99", "all payments final",
            f"{row['score_s']:.3f} s, {row['p99_ms']:.0f} ms, {row['unfinished']} not final", not row["unfinished"])
        for row in found["faults"]
    ]  # fmt: skip


def _fidelity(found: Json) -> list[Row]:
    ratios = found["measured_to_predicted"]
    text = f"{ratios['p50'] - 1:+.1%} (p50), {ratios['p95'] - 1:+.1%} (p95)"
    figure = f"real against predicted finality, {2 * found['one_way_ms']:g} ms round trips"
    return [Row(figure, f"{found['goal']:.0%}", text, found["goal_met"])]


def _nothing_lost(found: Json, figure: str) -> Row:
    bad = ", ".join(f"{name} {found[name]}" for name in ("lost", "doubled", "wrong"))
    text = f"{found['acknowledged']:,} of {found['sent']:,} final; {bad}"
    return Row(
        figure, "nothing lost, doubled or wrong", text, not any(found[name] for name in ("lost", "doubled", "wrong"))
    )


def _chaos(found: Json) -> list[Row]:
    faults = ", ".join(f"{count} {name}" for name, count in found["faults"].items())
    length = f"{found['seconds'] / 60:g} minutes at {found['rate']} payments/s, {found['mode']}: {faults}"
    stall, votes = found["longest_stall_ms"], found["revote_ms"]
    rows = [_nothing_lost(found, length), Row("longest stall of the same", "", f"{stall / 1_000:.2f} s")]
    if votes["max"] is not None:
        is_paced = found["mode"] == "paced"
        text = f"{votes['median'] / 1_000:.2f} s (median), {votes['max'] / 1_000:.2f} s at most"
        reached = votes["max"] <= 1_500 if is_paced else None
        rows.append(Row("votes again after a kill", "1.5 s" if is_paced else "", text, reached))
    return rows


def _quorum_loss(found: Json) -> list[Row]:
    first = found["first_commit_ms"]
    text = (
        "none"
        if first["max"] is None
        else f"{first['median'] / 1_000:.2f} s (median), {first['max'] / 1_000:.2f} s at most"
    )
    return [
        _nothing_lost(found, f"all {found['validators']} killed at once, {found['rounds']} times"),
        Row("first new block after it", f"{found['goal_ms'] / 1_000:g} s", text, found["goal_met"]),
    ]


def _door(found: Json) -> list[Row]:
    phases, goals = found["phases"], found["goals"]
    worst = max(phases, key=lambda row: row["ratio"])
    most = f"at most {worst['ratio']:.2f} x (`{worst['name']}`)"
    return [
        Row("honest rounds under attack on the open ports", "2 x", most, goals["round_ratio"]),
        Row("memory under attack", "100 MB more", f"{max(row['rss_growth_mb'] for row in phases):.1f} MB",
            goals["rss_growth"]),
        Row("exceptions under attack", "none", f"{sum(row['unhandled'] for row in phases)}", goals["unhandled"]),
    ]  # fmt: skip


def _fuzz(found: Json) -> list[Row]:
    crashes = f"{found['crashes']} crashes, at most {found['slowest_ms']:g} ms"
    return [
        Row("mutated inputs decoded in two minutes, two cores", "1,000,000", f"{found['decodes']:,}",
            found["decodes"] >= 1_000_000),
        Row("legal prefixes followed by mutated messages", "100,000", f"{found['prefixes']:,}",
            found["prefixes"] >= 100_000),
        Row("crashes, other bytes, and processor time of an input", "none, 100 ms", crashes, found["ok"]),
    ]  # fmt: skip


ROWS: dict[str, Callable[[Json], list[Row]]] = {
    "campaign": _campaign, "seeds": _seeds, "crashes": _crashes, "mutants": _mutants,
    "exhaustive": _exhaustive, "scale": _scale,
    "latency": _latency, "sensitivity": _sensitivity, "fidelity": _fidelity, "chaos-paced": _chaos,
    "chaos-overlap": _chaos, "chaos-all": _chaos, "quorum-loss": _quorum_loss, "door": _door, "fuzz": _fuzz,
}  # fmt: skip
"""By the name of the command."""
