"""`mithqal lab mutants`: seeded bugs, and who finds them."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import INVARIANT, OK
from cli.progress import ProgressLine


@click.command()
@click.option("--only", metavar="NAME", multiple=True, help="Only this mutant; may be said again.")
@click.option(
    "--patch", type=click.Path(path_type=Path, dir_okay=False), help="Run this diff instead of the shipped mutants."
)
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--budget", type=click.IntRange(1), metavar="N", help="Scenarios each gets at most.  [default: all]")
@options.as_json
@output.reported
def mutants(only: tuple[str, ...], patch: Path | None, processes: int, budget: int | None, as_json: bool) -> int:
    """Run seeded bugs through the suite of scenarios. Exits 8 unless each is found and the unchanged tree passes."""
    from node.lab.mutants import hunt as lab

    if patch is not None and only:
        raise click.UsageError("--only names shipped mutants: it goes without --patch.")
    root = lab.checkout()
    chosen = lab.shipped(root, only) if patch is None else [lab.read(patch, str(patch))]
    with ProgressLine() as progress:
        document = lab.try_all(root, chosen, processes=processes, budget=budget, say=progress.say)
    control = document["control"]
    lines = [
        f"{'killed' if item['killed'] else 'LIVES':7} {item['name']:36} {item['by'] or '':26}"
        f" {item['scenario'] or '':28} after {item['after']}"
        for item in document["mutants"]
    ]
    lines += [
        f"control {'BROKEN' if control['violations'] else 'clean'} over {control['scenarios']} scenarios",
        *[f"  {item['by']} in {item['scenario']}: {item['detail']}" for item in control["violations"]],
        f"{document['killed']} of {document['total']} killed, after {document['median_after']} scenarios (median)",
    ]
    output.result(document, lines, as_json=as_json)
    return OK if document["ok"] else INVARIANT
