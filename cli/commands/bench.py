"""`mithqal bench`: how much a network of processes on this machine carries, and how fast it is final."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cli import options, output
from cli.exits import INVARIANT, OK
from node.lab.bench.epochs import EpochPlan, run_epochs
from node.lab.bench.flood import BAD, BOTH, GOOD, FloodPlan, as_lines, run_flood
from node.lab.bench.stages import EXECUTE, measure_stages
from node.lab.bench.sync import SyncPlan, run_sync
from node.lab.bench.sync import as_lines as as_lines_of_sync
from node.lab.bench.throughput import Plan, run_bench


@click.group()
def bench() -> None:
    """Measure a network of its own: payments a second, and time to finality."""


def _measure(command: Callable[..., int]) -> Callable[..., int]:
    """The options of both commands."""
    for option in (
        click.option("--validators", type=click.IntRange(1, 16), default=4, show_default=True),
        click.option("--seconds", type=click.IntRange(1, 3600), default=20, show_default=True, help="Timed part."),
        click.option("--ramp", type=click.IntRange(0, 600), default=3, show_default=True, help="Seconds before it."),
        click.option(
            "--keep", type=click.Path(path_type=Path), help="Leave the stopped network in this new directory."
        ),
    ):
        command = option(command)
    return command


@bench.command()
@_measure
@click.option("--rate", type=click.IntRange(1, 100_000), help="Offer so many payments/s instead of all that fit.")
@options.as_json
@output.reported
def throughput(validators: int, seconds: int, ramp: int, keep: Path | None, rate: int | None, as_json: bool) -> int:
    """Load all validators through their RPC, and count what another validator reports committed.

    Exits 8 unless afterwards every balance, every root and the sum of all coins are exact.
    """
    _show(run_bench(Plan(validators, seconds, ramp, rate, keep), output.talk), as_json=as_json)
    return OK


@bench.command()
@_measure
@click.option("--rate", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Payments/s offered.")
@options.as_json
@output.reported
def latency(validators: int, seconds: int, ramp: int, keep: Path | None, rate: int, as_json: bool) -> int:
    """Time from submission to finality at a fixed rate, by the client's clock."""
    _show(run_bench(Plan(validators, seconds, ramp, rate, keep), output.talk), as_json=as_json)
    return OK


@bench.command()
@click.option("--validators", type=click.IntRange(1, 16), default=4, show_default=True)
@click.option("--seconds", type=click.IntRange(1, 600), default=8, show_default=True, help="Of each turn.")
@click.option("--turns", type=click.IntRange(1, 100), default=2, show_default=True, help="Without and with the flood.")
@click.option("--rate", type=click.IntRange(1, 1_000), default=100, show_default=True, help="Honest payments/s.")
@click.option("--flooders", type=click.IntRange(1, 50), default=1, show_default=True, help="Accounts that flood.")
@click.option("--signed", type=click.Choice([GOOD, BAD, BOTH]), default=BOTH, show_default=True,
              help="What floods: one account with good signatures, one with bad ones, or one of each.")  # fmt: skip
@options.as_json
@output.reported
def flood(validators: int, seconds: int, turns: int, rate: int, flooders: int, signed: str, as_json: bool) -> int:
    """Finality of honest payers while a P-256 account floods all validators, and without."""
    document = run_flood(FloodPlan(validators, seconds, turns, rate, flooders, signed), output.talk)
    output.result(document, as_lines(document), as_json=as_json)
    return OK


@bench.command()
@click.option("--validators", type=click.IntRange(1, 16), default=4, show_default=True, help="Share the clients' work.")
@options.as_json
@output.reported
def stages(validators: int, as_json: bool) -> int:
    """What each stage of a payment costs a validator's processor, without sockets and waiting.

    A stage that a part of the validators does counts with that part in the sum.
    """
    rows = measure_stages(validators)
    total = sum(row.us * row.share for row in rows if row.name != EXECUTE)
    lines = [f"{row.us * row.share:8.2f} us  {row.name}" for row in rows if row.name != EXECUTE]
    of_it = next(row.us for row in rows if row.name == EXECUTE)
    lines += [f"{total:8.2f} us  sum", f"{of_it:8.2f} us  of it, within execute: {EXECUTE}"]
    stages_json = [{"stage": row.name, "us": row.us, "share": row.share} for row in rows]
    output.result({"stages": stages_json, "sum_us": round(total, 2)}, lines, as_json=as_json)
    return OK


@bench.command()
@click.option("--rate", type=click.IntRange(1, 1_000), default=100, show_default=True, help="Payments/s offered.")
@click.option("--seconds", type=click.IntRange(10, 600), default=25, show_default=True, help="How long they leave.")
@click.option("--keep", type=click.Path(path_type=Path), help="Leave the stopped network in this new directory.")
@options.as_json
@output.reported
def epochs(rate: int, seconds: int, keep: Path | None, as_json: bool) -> int:
    """Change the validator set under load: 4 to 5 to 4, then a new key.

    Exits 8 if a payment is lost or doubled, if a balance is not exact, or if no proof holds from genesis.
    """
    document = run_epochs(EpochPlan(rate, seconds, keep=keep), output.talk)
    lines = [f"{item['change']:10}  {item['seconds']:6.3f} s  epoch {item['epoch']}" for item in document["changes"]]
    payments, final = document["payments"], document["finality_ms"]
    holds = "holds" if document["proof_from_genesis"]["holds"] else "fails"
    ends = f"{payments['lost']} lost, {payments['doubled']} doubled"
    lines += [
        f"payments    {payments['sent']} sent, {payments['final']} final, {ends}",
        f"finality    p50 {final['p50']:.0f} ms, p99 {final['p99']:.0f} ms",
        f"pause       {document['longest_pause_s']} s at most without a final payment",
        f"proof       {holds} from the genesis waypoint over {document['epochs']} epochs",
    ]
    output.result(document, lines, as_json=as_json)
    return OK if document["proof_from_genesis"]["holds"] else INVARIANT


@bench.command()
@click.option("--transactions", "sizes", type=click.IntRange(12_000, 10_000_000), multiple=True, show_default=True,
              default=(50_000, 500_000), help="Of a ledger; may stand several times.")  # fmt: skip
@click.option("--accounts", type=click.IntRange(2, 60_000), default=1_000, show_default=True, help="That pay.")
@click.option("--runs", type=click.IntRange(1, 20), default=3, show_default=True, help="How often each is wiped.")
@click.option("--replay", is_flag=True, help="Without a snapshot: every block from genesis on.")
@options.as_json
@output.reported
def sync(sizes: tuple[int, ...], accounts: int, runs: int, replay: bool, as_json: bool) -> int:
    """Wipe one of four validators, and time it until it votes again, with a short and a long ledger."""
    plan = SyncPlan(tuple(sorted(sizes)), accounts, runs, replay)
    document = run_sync(plan, output.talk)
    output.result(document, as_lines_of_sync(document), as_json=as_json)
    return OK


def _show(document: dict[str, Any], *, as_json: bool) -> None:
    """The document, or its figures in words."""
    final, blocks, audit = document["finality_ms"], document["blocks"], document["audit"]
    cpu = document["cpu_us_a_payment"]
    offered = "as many as fit" if document["offered_per_s"] is None else f"{document['offered_per_s']}/s"
    rows = {
        "committed": f"{document['committed_per_s']:.0f} payments/s over {document['seconds']:g} s, offered {offered}",
        "bound": f"{document['bound_per_s']:.0f} payments/s by signatures; ratio {document['ratio_to_bound']:.3f}",
        "finality": f"p50 {final['p50']:.0f} ms, p99 {final['p99']:.0f} ms, of {document['finality_samples']} batches",
        "blocks": f"{blocks['count']} of {blocks['payments_mean']:g} payments, at most {blocks['payments_max']}",
        "processor": f"{cpu['validator']:g} us a payment and validator, {cpu['load_generator']:g} us for the load:"
        f" ratio {document['ratio_by_cpu']:.3f}",
        "memory": f"at most {document['peak_rss_mb']:g} MB a validator, {document['validators']} validators",
        "signatures": f"{document['signature_checks']} checked, on every validator",
        "audit": f"{audit['accounts']} balances and the sum of coins exact",
        "roots": f"{audit['validators_agreeing']} equal at version {audit['version']}, and still there after SIGKILL",
    }
    if document["ledger"] is not None:
        rows["ledger"] = f"mithqal localnet up --network {document['ledger']}"
    lines = [f"{name:10} {words}" for name, words in rows.items()]
    output.result(document, lines, as_json=as_json)


@bench.command()
@click.option("--turns", type=click.IntRange(1, 100), default=3, show_default=True, help="Blocks for each model.")
@click.option("--paths", type=click.IntRange(0, 100_000_000), default=0, show_default=True,
              help="Then one study of so many paths.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Processes for that study.")
@click.option("--model", default="jump", show_default=True, help="Market model of that study.")
@options.as_json
@output.reported
def economy(turns: int, paths: int, workers: int, model: str, as_json: bool) -> int:
    """Simulated years of a reserve a second, on one core for each market model, then on several for one study."""
    from economy.stress.measure import DAYS, PRESET, as_lines, measure_many, measure_models

    rows = measure_models(output.talk, turns=turns)
    many = measure_many(paths, workers, model) if paths else None
    document = {"preset": PRESET, "days": DAYS, "models": [row.document() for row in rows], "study": many}
    output.result(document, as_lines(rows, many), as_json=as_json)
    return OK
